"""Smoothed and weighted cross-entropy: the equations written out, torch's own, and nothing without a weight."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.train import cross_entropy, fit, next_word_loss, summaries, taught, weighted, weighted_loss

SHAPE = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(2, 7))


def drawn(shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    b, t, v = shape
    logits = torch.randn(b, t, v, generator=generator, dtype=torch.float64).requires_grad_()
    targets = torch.randint(0, v, (b, t), generator=generator)
    return logits, targets, torch.rand(b, t, generator=generator, dtype=torch.float64)


@given(SHAPE, st.floats(0, 0.9))
def test_it_is_the_equation_written_out(shape, smoothing):
    logits, targets, weights = drawn(shape)
    log_p = logits.log_softmax(-1)
    q = (1 - smoothing) * F.one_hot(targets, shape[-1]) + smoothing / shape[-1]
    wanted = (weights * -(q * log_p).sum(-1)).sum() / weights.sum()
    got = cross_entropy(logits, targets, weights, smoothing)
    torch.testing.assert_close(got, wanted)
    torch.testing.assert_close(*(torch.autograd.grad(x, logits, retain_graph=True)[0] for x in (got, wanted)))


@given(SHAPE, st.floats(0, 0.9))
def test_without_weights_it_is_torch(shape, smoothing):
    logits, targets, _ = drawn(shape)
    wanted = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), label_smoothing=smoothing)
    torch.testing.assert_close(cross_entropy(logits, targets, smoothing=smoothing), wanted)


def test_a_smoothed_loss_is_least_at_the_smoothed_labels_and_there_it_is_their_entropy():
    q = 0.9 * F.one_hot(torch.tensor([[2]]), 5) + 0.1 / 5
    least = cross_entropy(q.log(), torch.tensor([[2]]), smoothing=0.1)
    assert least.item() == pytest.approx(-(q * q.log()).sum().item())
    assert cross_entropy(torch.tensor([[[0.0, 0, 99, 0, 0]]]), torch.tensor([[2]]), smoothing=0.1) > least


def test_a_target_without_weight_may_be_anything():
    logits, targets, weights = drawn((2, 3, 5))
    weights = (weights > 0.5).double().index_fill(1, torch.tensor([0]), 0)
    loss = cross_entropy(logits, targets.masked_fill(weights == 0, 10**6), weights, 0.1)
    torch.testing.assert_close(loss, cross_entropy(logits, targets, weights, 0.1))
    unmarked = cross_entropy(logits, targets.masked_fill(weights == 0, -100), smoothing=0.1)
    torch.testing.assert_close(loss, unmarked)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert gradient[weights > 0].any() and not gradient[weights == 0].any()


def test_nothing_to_learn_is_a_loss_of_0_with_a_gradient_of_0():
    logits, targets, weights = drawn((2, 3, 5))
    loss = cross_entropy(logits, targets, weights * 0)
    assert loss == 0 and not torch.autograd.grad(loss, logits)[0].any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_floats_are_summed_in_long_ones(dtype):
    logits = torch.full((1, 1, 4096), 10.0, dtype=dtype)
    loss = cross_entropy(logits, torch.zeros(1, 1, dtype=torch.int64))
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(math.log(4096))


def test_a_summary_is_asked_for_and_the_article_is_not():
    batch = summaries([[5, 6, 7], [8]], [[9], [10, 11]])
    assert batch.ids.tolist() == [[5, 6, 7, 3, 9, 3], [8, 3, 10, 11, 3, 0]]
    assert batch.weights.tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0]]


class Table(nn.Module):
    """A bigram model: logits of the next word by the last."""

    def __init__(self, size=12):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(size, size, dtype=torch.float64))

    def forward(self, ids):
        return self.table[ids]


def test_the_language_models_loss_is_the_mean_over_the_words_with_weight():
    model = Table()
    nn.init.normal_(model.table, generator=torch.Generator().manual_seed(0))
    batch = summaries([[5, 6, 7], [8]], [[9], [10, 11]])
    log_p = model.table.log_softmax(-1)
    asked = [(3, 9), (9, 3), (3, 10), (10, 11), (11, 3)]
    wanted = -sum(log_p[a, b] for a, b in asked) / len(asked)
    torch.testing.assert_close(weighted_loss()(model, batch), wanted)
    assert weighted_loss().count(batch) == len(asked)


def test_a_model_learns_the_summary_and_nothing_of_the_article():
    model = Table()
    batch = summaries([[5, 6, 7]], [[9, 10]])
    fit(model, lambda step: batch, weighted_loss(), steps=60, lr=0.3)
    assert weighted_loss()(model, batch) < 0.05
    assert model.table[[3, 9, 10]].argmax(-1).tolist() == [9, 10, 3]
    assert not model.table[[5, 6, 7]].any()  # no gradient has reached what the article's words predict


def test_the_next_words_smoothing_is_torchs_and_padding_is_left_out():
    model = Seq2Seq(Seq2SeqConfig(12, 12, width=4, hidden=6)).double()
    batch = taught([[5, 6, 7], [8]], [[9], [10, 11]])
    logits = model(batch.source, batch.target_in, batch.lengths)
    wanted = cross_entropy(logits, batch.target_out, (batch.target_out != 0).double(), 0.1)
    torch.testing.assert_close(next_word_loss(smoothing=0.1)(model, batch), wanted)
    assert next_word_loss().count(batch) == 5


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("smoothing", [-0.1, 1, math.nan])
def test_a_wrong_smoothing_is_one_sentence(smoothing):
    logits, targets, _ = drawn((1, 1, 3))
    for make in (next_word_loss, weighted_loss, lambda smoothing: cross_entropy(logits, targets, smoothing=smoothing)):
        with pytest.raises(ValueError, match=r"smoothing = .* is no share of the probability"):
            make(smoothing=smoothing)


@pytest.mark.parametrize(
    ("rows", "weights", "says"),
    [
        ([], None, "two words at least"),
        ([[5]], None, "two words at least"),
        ([[5, 6]], [[1]], "not as many as the words"),
        ([[5, 6]], [[1, 1], [1, 1]], "not as many as the words"),
        ([[5, 6]], [[1, -1]], "0 or a finite number above"),
        ([[5, 6]], [[1, math.nan]], "0 or a finite number above"),
    ],
)
def test_wrong_weights_are_one_sentence(rows, weights, says):
    with pytest.raises(ValueError, match=says):
        weighted(rows, weights)
