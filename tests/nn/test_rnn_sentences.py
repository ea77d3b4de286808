"""What is handed in wrong is answered by one sentence."""

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

from coursekit.nn import GRU, LSTM, RNN

pytestmark = pytest.mark.usefixtures("unchecked")

B, T, D, H = 2, 5, 3, 4
X = torch.zeros(B, T, D)
STATE = torch.zeros(1, B, H)


def after(lengths):
    return lambda layer: layer(X, lengths=torch.tensor(lengths))


@pytest.mark.parametrize("fused", [True, False], ids=["kernels", "loop"])
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (after([3, -1]), "lengths holds -1: a sequence has at least one step; leave the empty ones out"),
        (after([0, 3]), "lengths holds 0: a sequence has at least one step"),
        (after([3, 6]), "lengths holds 6, but x has only 5 steps"),
        (after([3]), r"one whole number for each of the 2 sequences; got int64 of shape \(1,\)"),
        (after([[3, 3]]), r"each of the 2 sequences; got int64 of shape \(1, 2\)"),
        (after([3.0, 2.0]), r"one whole number for each of the 2 sequences; got float32 of shape \(2,\)"),
        (lambda layer: layer(X, lengths=[3, 2]), "lengths must be a tensor of whole numbers; got list"),
        (after([True, True]), r"one whole number for each of the 2 sequences; got bool of shape \(2,\)"),
        (lambda layer: layer(X.numpy()), "x must be a tensor of shape B T I, but is a ndarray"),
        (
            lambda layer: layer(pack_padded_sequence(X, torch.tensor([5, 2]), True)),
            "a PackedSequence: .* their lengths",
        ),
        (lambda layer: layer.step([0.0, 0, 0]), "x must be a tensor of shape B I, but is a list"),
        (
            lambda layer: layer(X.double()),
            r"x is float64, but this layer's weights are float32: .*\.to\(torch.float32\)",
        ),
        (lambda layer: layer.step(X[:, 0].half()), "x is float16, but this layer's weights are float32"),
        (lambda layer: layer.half()(X), "x is float32, but this layer's weights are float16"),
        (lambda layer: layer(torch.zeros(B, T, 7)), "have 7 numbers each, but this layer's input_size is 3"),
        (lambda layer: layer(X[0]), r"of shape B T I, but is float32 of shape \(5, 3\)"),
        (lambda layer: layer(torch.zeros(B, T, D).long()), "is int64 of shape .* ids need an embedding first"),
        (lambda layer: layer(X[:0]), r"x is empty: its shape B T I is \(0, 5, 3\)"),
        (lambda layer: layer(X[:, :0]), r"x is empty: its shape B T I is \(2, 0, 3\)"),
        (lambda layer: layer.step(X), r"of shape B I, but is float32 of shape \(2, 5, 3\)"),
        (lambda layer: layer.step(X[:, 0, :2]), "have 2 numbers each, but this layer's input_size is 3"),
        (lambda layer: layer.step(X[:0, 0]), r"x is empty: its shape B I is \(0, 3\)"),
    ],
)
def test_wrong_sequences_are_one_sentence(call, says, fused):
    for kind in (RNN, GRU, LSTM):
        with pytest.raises(ValueError, match=says):
            call(kind(D, H, fused=fused))


@pytest.mark.parametrize("way", [lambda layer, s: layer(X, s), lambda layer, s: layer.step(X[:, 0], s)])
@pytest.mark.parametrize(
    ("kind", "state", "says"),
    [
        (GRU, STATE[:, :1], r"one tensor h of shape \(1, 2, 4\) \(layers times directions, B, H\); got \(1, 1, 4\)"),
        (GRU, STATE[0], r"shape \(1, 2, 4\) .*; got \(2, 4\)"),
        (GRU, (STATE, STATE), "one tensor h of shape .*; got tuple"),
        (LSTM, STATE, r"a pair h, c, both of shape \(1, 2, 4\) .*; got \(1, 2, 4\)"),
        (LSTM, [STATE, STATE], "a pair h, c, both of shape .*; got list"),
        (LSTM, (STATE,), r"a pair h, c, both of shape .*; got \(1, 2, 4\)\."),
        (GRU, STATE.double(), "the state is float64, but this layer's weights are float32"),
        (LSTM, (STATE, STATE.long()), "the state is int64, but this layer's weights are float32"),
        (LSTM, (STATE, STATE[..., :3]), r"both of shape \(1, 2, 4\) .*; got \(1, 2, 4\), \(1, 2, 3\)"),
    ],
)
def test_a_wrong_state_is_one_sentence(kind, state, says, way):
    with pytest.raises(ValueError, match=says):
        way(kind(D, H), state)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: LSTM(0, 4), "must be 1 or more; got 0, 4 and 1"),
        (lambda: LSTM(3, -4), "must be 1 or more; got 3, -4 and 1"),
        (lambda: LSTM(3, 4, 0), "must be 1 or more; got 3, 4 and 0"),
        (lambda: GRU(3, 4, 2, dropout=1.5), "between 0 and 1; got 1.5"),
        (
            lambda: LSTM(3, 4, init="xavier"),
            r"init = 'xavier' is unknown to LSTM: take one of \('torch', 'orthogonal'\)",
        ),
        (lambda: GRU(3, 4, init="identity"), "init = 'identity' is unknown to GRU"),
        (
            lambda: RNN(3, 4, nonlinearity="sine"),
            r"nonlinearity = 'sine' is unknown: take one of \('tanh', 'relu', 'lo",
        ),
        (lambda: GRU(3, 4, reset="never"), "reset = 'never' is unknown: take 'after'"),
        (lambda: LSTM(3, 4, bias=False, forget_bias=1), "forget_bias = 1 needs a bias"),
        (lambda: GRU(3, 4, bidirectional=True).step(X[:, 0]), "take bidirectional=False"),
    ],
)
def test_wrong_arguments_are_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
