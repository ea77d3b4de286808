"""Skip-gram and CBOW equal their equations, and at the optimum they are shifted PMI."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.models import CBOW, SkipGram
from coursekit.models.word2vec import (
    context_windows,
    drawn,
    negative_sampling_loss,
    noise_distribution,
    subsample,
    twins,
    word_counts,
)
from coursekit.train import fit

V = 6
CORPUS = st.lists(st.lists(st.integers(0, V - 1), max_size=9), min_size=1, max_size=5)


def seed(n):
    return torch.Generator().manual_seed(n)


def filled(model):
    """In double precision, and no table at zero."""
    with torch.no_grad():
        for n, p in enumerate(model.double().parameters()):
            p.copy_(torch.randn(p.shape, generator=seed(n), dtype=torch.float64))
    return model


# Windows


@settings(deadline=None, max_examples=60)
@given(CORPUS, st.integers(1, 4))
def test_pairs_equal_the_written_out_loops(sequences, window):
    loop = [
        (row[t], row[s])
        for row in sequences
        for t in range(len(row))
        for s in range(max(0, t - window), min(len(row), t + window + 1))
        if s != t
    ]
    if not loop:
        with pytest.raises(CourseError, match="no word has a neighbour"):
            context_windows(sequences, window, V)
        return
    centre, context = context_windows(sequences, window, V).pairs()
    assert list(zip(centre.tolist(), context.tolist(), strict=True)) == loop


def test_windows_keep_the_text_and_its_order():
    found = context_windows([[1, 2, 3], [4, 5]], 2, V)
    assert found.centre.tolist() == [1, 2, 3, 4, 5]
    around = [row[keep].tolist() for row, keep in zip(found.context, found.inside, strict=True)]
    assert around == [[2, 3], [1, 3], [1, 2], [5], [4]]
    assert not found.context[~found.inside].any()


def test_a_drawn_reach_is_uniform_and_the_same_to_both_sides():
    text, window = [[1] * 4000], 4
    inside = context_windows(text, window, V, seed(0)).inside[window:-window]
    assert torch.equal(inside, inside.flip(1))
    reach = inside.sum(1) // 2
    assert torch.bincount(reach, minlength=5)[1:].double().div(len(reach)).tolist() == pytest.approx(
        [1 / 4] * 4, abs=0.03
    )
    assert all((row == row.sort(descending=True).values).all() for row in inside[:, window:])  # near words first


@settings(deadline=None, max_examples=60)
@given(CORPUS, st.integers(1, 2))
def test_twins_are_all_windows_that_stand_round_two_words(sequences, window):
    places = [
        ((s, t), tuple(row[t - window : t] + row[t + 1 : t + window + 1]), row[t])
        for s, row in enumerate(sequences)
        for t in range(window, len(row) - window)
    ]
    groups = {}
    for place, around, word in places:
        groups.setdefault(around, []).append((place, word))
    expected = sorted(
        (found[0][0], next(place for place, word in found if word != found[0][1]))
        for found in groups.values()
        if len({word for _, word in found}) > 1
    )
    if all(len(row) < 2 for row in sequences):
        return
    one, other = twins(sequences, window, V)
    assert [(tuple(a), tuple(b)) for a, b in zip(one.tolist(), other.tolist(), strict=True)] == expected


def test_cbow_cannot_tell_twins_apart_whatever_its_weights():
    """Two stories that agree in the window and differ outside it: the same scores for both."""
    she, he, there, built, alice, tom = range(6)
    stories = [[alice, there, she, built], [tom, there, he, built]]
    one, other = twins(stories, 1, V)
    assert (one.tolist(), other.tolist()) == ([[0, 2]], [[1, 2]])
    _, context, inside = context_windows(stories, 1, V)
    words = torch.tensor([[she, he]])
    model = filled(CBOW(V, 4))
    assert torch.equal(model(context[2:3], inside[2:3], words), model(context[6:7], inside[6:7], words))
    _, context, inside = context_windows(stories, 2, V)  # a wider window sees who it was
    assert not torch.equal(model(context[2:3], inside[2:3], words), model(context[6:7], inside[6:7], words))


# Noise and subsampling


def test_noise_is_the_three_quarters_power():
    assert noise_distribution(torch.tensor([16, 0, 1, 81])).tolist() == pytest.approx([8 / 36, 0, 1 / 36, 27 / 36])
    assert noise_distribution(torch.tensor([3, 0, 1]), power=0.0).tolist() == pytest.approx([0.5, 0, 0.5])


def test_batches_are_drawn_as_promised_and_depend_on_the_step_alone():
    pairs = context_windows([[0, 1, 2, 3]], 1, V).pairs()
    noise = noise_distribution(torch.tensor([16, 1, 81, 0, 0, 0]))
    batch = drawn(pairs, noise, size=2000, negatives=3, seed=5)
    centre, context, negative = batch(7)
    assert all(torch.equal(a, b) for a, b in zip(batch(7), (centre, context, negative), strict=True))
    assert not torch.equal(batch(8)[2], negative)
    assert negative.shape == (2000, 3)
    assert torch.bincount(negative.flatten(), minlength=V).div(6000).tolist() == pytest.approx(noise.tolist(), abs=0.02)
    seen = set(zip(centre.tolist(), context.tolist(), strict=True))
    assert seen == {(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 2)}


def test_subsampling_keeps_the_stated_share_and_the_order():
    common, rare = [0] * 9000, [1, 2] * 500
    text = [common[:4500] + rare, common[4500:], []]
    kept = subsample(text, V, seed(0), threshold=0.05)
    counts = word_counts(kept, V).tolist()
    assert counts[0] / 9000 == pytest.approx(math.sqrt(0.05 / 0.9), abs=0.02)
    assert counts[1:3] == [500, 500]  # each is exactly the threshold: none goes
    assert [len(kept), kept[0][-1000:], kept[2]] == [3, rare, []]


# The loss


def test_the_loss_equals_the_written_out_loop():
    model = filled(SkipGram(V, 3))
    centre, context, negative = torch.tensor([1, 4]), torch.tensor([2, 2]), torch.tensor([[0, 5, 2], [3, 3, 1]])
    v, u = model.centre.weight.tolist(), model.context.weight.tolist()

    def log_s(x):
        return -math.log1p(math.exp(-x))

    def dot(x, y):
        return sum(a * b for a, b in zip(x, y, strict=True))

    loop = 0.0
    for w, o, noise in zip(centre.tolist(), context.tolist(), negative.tolist(), strict=True):
        loop -= log_s(dot(u[o], v[w])) + sum(log_s(-dot(u[k], v[w])) for k in noise)
    assert model.loss(centre, context, negative).item() == pytest.approx(loop / 2, rel=1e-12)


def test_cbow_scores_against_the_mean_of_what_is_inside():
    model = filled(CBOW(V, 3))
    context, inside = torch.tensor([[1, 2, 0], [3, 0, 0], [0, 0, 0]]), torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    scores = model(context, inside.bool(), torch.tensor([[4, 5], [0, 1], [2, 2]]))
    v, u = model.context.weight, model.centre.weight
    means = torch.stack([(v[1] + v[2]) / 2, v[3], 0 * v[0]])
    for row, words in enumerate([[4, 5], [0, 1], [2, 2]]):
        torch.testing.assert_close(scores[row], u[words] @ means[row])
    loss = model.loss(torch.tensor([4, 0, 2]), context, inside.bool(), torch.tensor([[5], [1], [2]]))
    torch.testing.assert_close(loss, negative_sampling_loss(scores[:, 0], scores[:, 1:]))


def test_the_gradient_equals_the_closed_form():
    """d loss / d v = (s(u_o . v) - 1) u_o + sum over k of s(u_k . v) u_k; towards each u likewise, times v."""
    model = filled(SkipGram(V, 3))
    w, o, noise = 1, 2, [0, 5, 5]
    model.loss(torch.tensor([w]), torch.tensor([o]), torch.tensor([noise])).backward()
    v, u = model.centre.weight.detach()[w], model.context.weight.detach()
    by_v, by_u = torch.zeros(3, dtype=torch.float64), torch.zeros_like(u)
    for word, label in [(o, 1.0), *((k, 0.0) for k in noise)]:
        slope = torch.sigmoid(u[word] @ v) - label
        by_v += slope * u[word]
        by_u[word] += slope * v
    torch.testing.assert_close(model.centre.weight.grad[w], by_v)
    torch.testing.assert_close(model.context.weight.grad, by_u)
    assert not model.centre.weight.grad[[0, 2, 3, 4, 5]].any()


def test_the_loss_stays_finite_at_large_scores():
    far = torch.tensor([1e4, -1e4])
    assert negative_sampling_loss(far, -far[:, None]).item() == pytest.approx(1e4)


def test_full_rank_skip_gram_ends_at_shifted_pmi():
    """Levy & Goldberg 2014: with K noise words from P, the optimum of u_c . v_w is log #(w,c) / (#(w) P(c)) - log K.

    Every pair is in the batch, and its noise words are a list in which c stands K P(c) times: the expectation itself.
    """
    generator, size = seed(1), 5
    sequences = torch.multinomial(torch.tensor([5.0, 4, 3, 2, 2]), 120, True, generator=generator).view(20, 6).tolist()
    centre, context = context_windows(sequences, 2, size).pairs()
    count = torch.zeros(size, size, dtype=torch.float64)
    count.index_put_((centre, context), torch.ones(len(centre), dtype=torch.float64), accumulate=True)
    assert (count > 0).all()  # else the optimum lies at minus infinity
    noise = torch.tensor([0, 0, 1, 2, 3, 4])  # P = 1/3, 1/6, 1/6, 1/6, 1/6 and K = 6
    negative = noise.expand(len(centre), -1)
    model = SkipGram(size, size, seed(0)).double()
    fit(model, lambda step: (centre, context, negative), lambda m, b: m.loss(*b), steps=1500, lr=0.05, clip=None)
    scores = (model.centre.weight @ model.context.weight.T).detach()
    p = torch.bincount(noise, minlength=size) / len(noise)
    shifted = (count / (count.sum(1, keepdim=True) * p)).log() - math.log(len(noise))
    torch.testing.assert_close(scores, shifted, atol=2e-3, rtol=0)


def test_sampled_training_approaches_shifted_pmi_too():
    """The same with noise drawn from the unigrams to the power of 3/4, K = 5, in batches."""
    generator, size, k = seed(2), 5, 5
    text = torch.multinomial(torch.tensor([5.0, 4, 3, 2, 2]), 600, True, generator=generator).tolist()
    windows = context_windows([text], 2, size)
    centre, context = windows.pairs()
    count = torch.zeros(size, size, dtype=torch.float64)
    count.index_put_((centre, context), torch.ones(len(centre), dtype=torch.float64), accumulate=True)
    noise = noise_distribution(word_counts([text], size))
    model = SkipGram(size, size, seed(0))
    fit(model, drawn((centre, context), noise, 1024, k), lambda m, b: m.loss(*b), steps=1000, lr=0.03)
    scores = (model.centre.weight @ model.context.weight.T).detach().double()
    shifted = (count / (count.sum(1, keepdim=True) * noise)).log() - math.log(k)
    torch.testing.assert_close(scores, shifted, atol=0.08, rtol=0)
    assert shifted.std() > 0.1  # there was something to learn


@pytest.mark.parametrize("make", [SkipGram, CBOW])
def test_the_first_vectors(make):
    """Input uniform in +- 1 / (2 D), drawn in double precision from the generator; output zero."""
    model = make(V, 50, seed(3))
    expected = (torch.rand(V, 50, generator=seed(3), dtype=torch.float64).float() - 0.5) / 50
    torch.testing.assert_close(model.vectors, expected, atol=1e-8, rtol=0)
    assert not (model.context if make is SkipGram else model.centre).weight.any()
    assert torch.equal(make(V).vectors, make(V, generator=seed(0)).vectors)
    assert all(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: context_windows([[1, 2]], 0, V), ValueError, "window of 0 words"),
        (lambda: context_windows([], 2, V), CourseError, "no word has a neighbour"),
        (lambda: context_windows([[1, V]], 2, V), ValueError, f"id {V} lies outside"),
        (lambda: twins([[1, 2]], 0, V), ValueError, "window of 0 words"),
        (lambda: word_counts([[]], V), CourseError, "text is empty"),
        (lambda: subsample([[1]], V, seed(0), 0.0), ValueError, "throws every word out"),
        (lambda: noise_distribution(torch.tensor([1, -2])), ValueError, "word 1 has the count -2"),
        (lambda: noise_distribution(torch.tensor([0, 0])), ValueError, "all counts are 0"),
        (lambda: noise_distribution(torch.tensor([1.0, math.nan])), ValueError, "word 1 has the count nan"),
        (lambda: noise_distribution(torch.tensor([math.inf, 1])), ValueError, "word 0 has the count inf"),
        (lambda: noise_distribution(torch.tensor([1, 2]), power=math.nan), ValueError, "power = nan"),
        (lambda: drawn((torch.tensor([1]),), torch.tensor([math.nan, 1.0])), ValueError, "noise is a probability"),
        (lambda: drawn((torch.tensor([1]),), torch.zeros(2)), ValueError, "noise is a probability"),
        (lambda: drawn((torch.zeros(0).long(),), torch.tensor([1.0])), ValueError, "no row"),
        (lambda: drawn((torch.tensor([1]),), torch.tensor([1.0]), size=0), ValueError, "size and negatives"),
        (lambda: SkipGram(1), ValueError, "vocabulary of 1"),
        (lambda: CBOW(V, 0), ValueError, "width = 0"),
    ],
)
def test_wrong_input_is_one_sentence(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_no_full_window_means_no_twins():
    one, other = twins([[1, 2], [3, 4]], 1, V)
    assert one.shape == other.shape == (0, 2)
    assert one.dtype == np.int64
