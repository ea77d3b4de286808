"""RNN, GRU and LSTM equal torch.nn's on the same weights: outputs, states and every gradient, by both ways.

What torch does not have (the GRU as Cho wrote it, the logistic RNN) equals its equations, written out in numpy.
"""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from coursekit.nn import GRU, LSTM, RNN
from coursekit.nn.cells import gru_cell, lstm_cell, rnn_cell

KINDS = {
    "RNN tanh": (RNN, nn.RNN, {}),
    "RNN relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
    "GRU": (GRU, nn.GRU, {}),
    "LSTM": (LSTM, nn.LSTM, {}),
}
B, T, D, H = 4, 5, 3, 2
LENGTHS = [2, 4, 1, 4]  # not sorted, one tie, one step alone, and none as long as x
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pair(kind, *sizes, fused, **options):
    """Our layer and torch's with the same weights."""
    ours, theirs, extra = KINDS[kind]
    mine = ours(*sizes, fused=fused, **options, **extra).double()
    peer = theirs(*sizes, batch_first=True, **options, **extra).double()
    peer.load_state_dict(mine.state_dict())
    return mine, peer


def tensors(state):
    return list(state) if isinstance(state, tuple) else [state]


def call_theirs(peer, x, state, lengths):
    if lengths is None:
        return peer(x, state)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    out, last = peer(packed, state)
    return pad_packed_sequence(out, batch_first=True, total_length=x.size(1))[0], last


def everything(call, layer, x, state, lengths):
    """Outputs, last states, and the gradients of x, of the first state and of all weights.

    The loss weighs each number of the outputs and states differently, so that every path is on it.
    """
    x = x.clone().requires_grad_()
    first = None if state is None else [s.clone().requires_grad_() for s in state]
    handed = first if first is None else tuple(first) if len(first) > 1 else first[0]
    out, last = call(x, handed, lengths)
    results = [out, *tensors(last)]
    loss = sum((r * normal(*r.shape, seed=i)).sum() for i, r in enumerate(results))
    return [*results, *torch.autograd.grad(loss, [x, *(first or []), *layer.parameters()])]


def same(mine, peer, x, state, lengths):
    ours = everything(mine, mine, x, state, lengths)
    theirs = everything(lambda *given: call_theirs(peer, *given), peer, x, state, lengths)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, **EXACT)


@pytest.mark.parametrize("fused", [True, False], ids=["kernels", "loop"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["whole rows", "lengths"])
def test_outputs_states_and_all_gradients_equal_torchs(kind, bidirectional, lengths, fused):
    lengths = None if lengths is None else torch.tensor(lengths)
    for layers, bias, given in itertools.product([1, 3], [True, False], [True, False]):
        mine, peer = pair(kind, D, H, layers, bias=bias, bidirectional=bidirectional, fused=fused)
        shape = (layers * (1 + bidirectional), B, H)
        state = [normal(*shape, seed=9 + i) for i in range(mine.states)] if given else None
        same(mine, peer, normal(B, T, D), state, lengths)


@pytest.mark.parametrize("fused", [True, False], ids=["kernels", "loop"])
@pytest.mark.parametrize("kind", KINDS)
def test_sizes_of_one(kind, fused):
    for batch, steps, width, hidden in [(1, 1, 1, 1), (1, 4, 2, 3), (5, 1, 2, 3), (2, 3, 1, 5), (2, 3, 7, 1)]:
        mine, peer = pair(kind, width, hidden, 2, bidirectional=True, fused=fused)
        x = normal(batch, steps, width)
        same(mine, peer, x, None, None)
        same(mine, peer, x, None, torch.full((batch,), steps))


@pytest.mark.parametrize("kind", KINDS)
def test_state_dicts_go_both_ways(kind):
    mine, peer = pair(kind, D, H, 2, bidirectional=True, fused=True)
    assert [(n, p.shape) for n, p in mine.named_parameters()] == [(n, p.shape) for n, p in peer.named_parameters()]
    fresh = KINDS[kind][1](D, H, 2, bidirectional=True).double()
    mine.load_state_dict(fresh.state_dict())
    for name, p in mine.state_dict().items():
        assert torch.equal(p, fresh.state_dict()[name])


@pytest.mark.parametrize("kind", KINDS)
def test_everything_dropped_between_layers_is_the_same_as_in_torch(kind):
    """With dropout 1 chance has no part: the second layer reads zeros, and the last one's outputs are not dropped."""
    for fused in (True, False):
        mine, peer = pair(kind, D, H, 2, dropout=1, fused=fused)
        x = normal(B, T, D)
        torch.testing.assert_close(mine(x), peer(x), **EXACT)
        assert not torch.equal(mine(x)[0], mine.eval()(x)[0])
        torch.testing.assert_close(mine(x), peer.eval()(x), **EXACT)


def test_cells_equal_torchs_cells():
    x, h, c = normal(B, D), normal(B, H, seed=1), normal(B, H, seed=2)
    for kind, given in (("RNN", h), ("GRU", h), ("LSTM", (h, c))):
        peer = getattr(nn, f"{kind}Cell")(D, H).double()
        a, weight = x @ peer.weight_ih.T + peer.bias_ih, peer.weight_hh.T
        both = a + peer.bias_hh
        ours = {
            "RNN": lambda both=both, weight=weight: rnn_cell(both, h, weight),
            "GRU": lambda a=a, weight=weight, peer=peer: gru_cell(a, h, weight, peer.bias_hh),
            "LSTM": lambda both=both, weight=weight: lstm_cell(both, h, c, weight),
        }[kind]()
        torch.testing.assert_close(ours, peer(x, given), **EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_and_a_size_of_use(kind):
    """float32, where the LSTM's kernel is another one."""
    x = normal(8, 20, 32).float()
    for fused in (True, False):
        mine, peer = pair(kind, 32, 48, fused=fused)
        mine, peer = mine.float(), peer.float()
        torch.testing.assert_close(mine(x), peer(x), rtol=1e-4, atol=1e-5)


def sigma(z):
    return 1 / (1 + np.exp(-z))


def chos_step(x, h, p):
    """Cho et al. 2014, equations 5 to 8, with biases: the reset gate acts on h, before U."""
    w, u = (np.split(p[f"weight_{k}_l0"], 3) for k in ("ih", "hh"))
    b = np.split(p.get("bias_ih_l0", np.zeros(3 * H)) + p.get("bias_hh_l0", np.zeros(3 * H)), 3)
    r = sigma(w[0] @ x + u[0] @ h + b[0])
    z = sigma(w[1] @ x + u[1] @ h + b[1])
    return z * h + (1 - z) * np.tanh(w[2] @ x + u[2] @ (r * h) + b[2])


def logistic_step(x, h, p):
    bias = p.get("bias_ih_l0", 0) + p.get("bias_hh_l0", 0)
    return sigma(p["weight_ih_l0"] @ x + p["weight_hh_l0"] @ h + bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("kind", "option", "step"),
    [(GRU, {"reset": "before"}, chos_step), (RNN, {"nonlinearity": "logistic"}, logistic_step)],
)
def test_what_torch_lacks_equals_the_equations_written_out(kind, option, step, bias):
    layer = kind(D, H, bias=bias, **option).double()
    p = {name: value.detach().numpy() for name, value in layer.named_parameters()}
    x, first = normal(B, T, D), normal(1, B, H, seed=1)
    out, last = layer(x, first, torch.tensor(LENGTHS))
    for row, length in enumerate(LENGTHS):
        h = first[0, row].numpy()
        for t in range(length):
            h = step(x[row, t].numpy(), h, p)
            np.testing.assert_allclose(out[row, t].detach().numpy(), h, **EXACT)
        np.testing.assert_allclose(last[0, row].detach().numpy(), h, **EXACT)
        assert not out[row, length:].any()


def test_the_two_reset_gates_differ():
    before, after = GRU(D, H, reset="before").double(), GRU(D, H).double()
    before.load_state_dict(after.state_dict())
    x = normal(B, T, D)
    assert (before(x)[0] - after(x)[0]).abs().max() > 1e-3
