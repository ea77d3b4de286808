"""n-gram models: a worked example, sums to 1, and two ways of computing one thing."""

import math
import warnings
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.models import AddK, Interpolated, KneserNey, counts
from coursekit.models.ngram import ney_discount

V = 6
SEQUENCE = st.lists(st.integers(0, V - 1), max_size=9)
CORPUS = st.lists(SEQUENCE, min_size=1, max_size=5).filter(any)
MODELS = {
    "add-k": lambda order: AddK(order, V, k=0.3),
    "witten-bell": lambda order: Interpolated(order, V),
    "jelinek-mercer": lambda order: Interpolated(order, V, weights=[0.7] * order),
    "kneser-ney": lambda order: KneserNey(order, V),
    "kneser-ney, D = 1": lambda order: KneserNey(order, V, discount=1.0),
}
EVERY_MODEL = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())
X, Y, Z = 0, 1, 2


@pytest.fixture(params=["dense", "sparse"])
def table(request, monkeypatch):
    """Both ways of numbering keys."""
    if request.param == "sparse":
        monkeypatch.setattr(counts, "CELLS_PER_KEY", 0)


# By hand, on x y x y x z with three words. After x: y twice, z once. Single words: x 3, y 2, z 1.
@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("model", "after_x"),
    [
        (AddK(2, 3, k=1.0, bos=3), [1 / 6, 3 / 6, 2 / 6]),
        # a = 1/2 mixes (0, 2/3, 1/3) with the relative frequencies (1/2, 1/3, 1/6)
        (Interpolated(2, 3, weights=[1.0, 0.5], bos=3), [1 / 4, 1 / 2, 1 / 4]),
        # single words: a = 6 / (6 + 3), so (4/9, 3/9, 2/9); after x: a = 3 / (3 + 2)
        (Interpolated(2, 3, bos=3), [8 / 45, 24 / 45, 13 / 45]),
        # before x stood <bos> and y, before y and z only x: (2, 1, 1) less 1/2 each, plus 3/2 x 1/3, over 4 is
        # (1/2, 1/4, 1/4); after x: (0, 2 - 1/2, 1 - 1/2) plus 1/2 x 2 x that, over 3
        (KneserNey(2, 3, discount=0.5, bos=3), [2 / 12, 7 / 12, 3 / 12]),
    ],
    ids=["add-k", "jelinek-mercer", "witten-bell", "kneser-ney"],
)
def test_by_hand(model, after_x):
    model.fit([[X, Y, X, Y, X, Z]])
    np.testing.assert_allclose(model.distribution([Y, X]), after_x, rtol=1e-14)


@EVERY_MODEL
@settings(deadline=None, max_examples=40)
@given(corpus=CORPUS, context=SEQUENCE, order=st.integers(1, 5))
def test_sums_to_one_after_any_history(make, corpus, context, order):
    p = make(order).fit(corpus).distribution(context)
    assert p.shape == (V,)
    assert p.min() >= 0
    assert p.sum() == pytest.approx(1, abs=1e-12)


@EVERY_MODEL
@settings(deadline=None, max_examples=20)
@given(corpus=CORPUS, sequence=SEQUENCE, order=st.integers(1, 4))
def test_scores_are_the_distribution_word_by_word(make, corpus, sequence, order):
    model = make(order).fit(corpus)
    one_by_one = [model.distribution(sequence[:t])[word] for t, word in enumerate(sequence)]
    np.testing.assert_allclose(np.exp(model.log_prob(sequence)), one_by_one, rtol=1e-12)
    for together, row in zip(model.log_probs([*corpus, sequence]), [*corpus, sequence], strict=True):
        np.testing.assert_array_equal(together, model.log_prob(row))


def looked_up(corpus, queries, order, bos):
    """c(h w), c(h .) and N1+(h .) from dictionaries, with continuation counts below the longest order."""
    seen = Counter()
    for row in corpus:
        padded = (bos,) * (order - 1) + tuple(row)
        seen.update(padded[end - order : end] for end in range(order, len(padded) + 1))
    tables = {order: seen}
    for n in range(order - 1, 0, -1):
        tables[n] = Counter(ngram[1:] for ngram in tables[n + 1])  # each type that is one word longer counts once
    for row in queries:
        padded = (bos,) * (order - 1) + tuple(row)
        for end in range(order, len(padded) + 1):
            for n in range(1, order + 1):
                after = {g[-1]: c for g, c in tables[n].items() if g[:-1] == padded[end - n : end - 1]}
                yield after.get(padded[end - 1], 0), sum(after.values()), len(after)


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(("order", "size", "bos"), [(1, 5, 2), (2, 5, 2), (3, 4, 4), (4, 3, 5), (8, 50_000, 2)])
def test_arrays_count_what_dictionaries_count(order, size, bos):
    """Also with a <bos> beyond the vocabulary, and for 50,000 words at order 8 (125 bits for one packed 8-gram)."""
    draw = np.random.default_rng(order)
    few = draw.integers(0, size, 6)  # a few far-apart ids, so that long n-grams repeat
    corpus = [draw.choice(few, n).tolist() for n in (9, 1, 14, 0, 20)]
    queries = [draw.choice(few, 7).tolist(), corpus[2]]
    table = counts.Counts(corpus, range(1, order + 1), size, bos, continuation=True)
    before, word = counts.windows(queries, order - 1, size, bos)
    ours = np.stack([np.stack(level, 1) for level in table.look_up(before, word)], 1).reshape(-1, 3)
    np.testing.assert_array_equal(ours, list(looked_up(corpus, queries, order, bos)))


def test_windows_show_each_word_and_its_past():
    before, word = counts.windows([[5, 4, 3], [], [1]], context=2, vocab_size=6, bos=2)
    assert before.tolist() == [[2, 2], [2, 5], [5, 4], [2, 2]]
    assert word.tolist() == [5, 4, 3, 1]


def test_expectation_maximisation_finds_the_best_weight():
    """With one order the likelihood of the held-out text has its peak where a grid finds it."""
    corpus, held_out = [[0, 0, 0, 0, 1]], [[0, 0, 1, 5]]
    best = Interpolated(1, V).fit(corpus).fit_weights(held_out, iterations=200).weights[0]
    grid = np.linspace(0, 1, 1001)[1:-1]
    scores = [Interpolated(1, V, weights=[a]).fit(corpus).log_prob(held_out[0]).sum() for a in grid]
    assert best == pytest.approx(grid[int(np.argmax(scores))], abs=1e-3)


@settings(deadline=None, max_examples=30)
@given(CORPUS, CORPUS, st.integers(1, 4))
def test_expectation_maximisation_never_lowers_the_likelihood(corpus, held_out, order):
    model = Interpolated(order, V).fit(corpus)
    fitted = (model.fit_weights(held_out, iterations=i).log_probs(held_out) for i in (0, 1, 2, 5, 20))
    scores = [sum(row.sum() for row in rows) for rows in fitted]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(scores))


def test_estimated_discount():
    assert ney_discount(np.array([1.0, 1, 1, 2, 5])) == 3 / 5
    assert ney_discount(np.array([2.0, 5])) == 0.75
    model = KneserNey(2, 3, bos=3).fit([[X, Y, X, Y, X, Z]])
    assert model.discount == [2 / 4, 2 / 6]  # continuation counts 2, 1, 1; bigrams 1, 2, 2, 1
    assert model.fit([[X, X, X, X, Y]]).discount == [1 / 3, 2 / 2]  # the new text's own: 2, 1; bigrams 1, 3, 1
    assert KneserNey(1, 3, discount=0.5, bos=3).fit([[X, Y]]).discount == [0.5]


def test_kneser_ney_prefers_the_word_that_follows_many():
    """ "Francisco" (1) is commoner than "glasses" (3), but stands after "San" (0) only."""
    corpus = [[0, 1]] * 5 + [[4, 3], [5, 3], [0, 3]]
    known = Interpolated(1, V).fit(corpus).distribution([])
    assert known[1] > known[3]
    after_new_word = KneserNey(2, V).fit(corpus).distribution([1])
    assert after_new_word[3] > after_new_word[1]


def test_a_word_of_probability_zero_is_minus_infinity():
    model = KneserNey(1, V, discount=0.0).fit([[1, 2]])
    with warnings.catch_warnings(action="error"):  # it is an answer, not an accident
        assert model.log_prob([1, 3]).tolist() == [math.log(0.5), -math.inf]


@EVERY_MODEL
def test_empty_input(make):
    model = make(3).fit([[1, 2, 3], []])
    assert model.log_prob([]).shape == (0,)
    assert model.log_probs([]) == []
    assert [len(row) for row in model.log_probs([[], [1], []])] == [0, 1, 0]
    for empty in ([], [[]]):
        with pytest.raises(CourseError, match="text is empty"):
            make(3).fit(empty)


def test_weights_need_held_out_text():
    with pytest.raises(CourseError, match="held-out text is empty"):
        Interpolated(2, V).fit([[1, 2]]).fit_weights([[]])


@EVERY_MODEL
def test_sequences_of_every_kind_count_the_same(make):
    """Lists, arrays of any integer type, rows of one array, tensors, a generator."""
    rows = [[1, 2, 3], [4, 5, 1]]
    expected = make(2).fit(rows).distribution([1])
    kinds = [np.array(rows, dtype=np.uint8), [np.array(r, dtype=np.int32) for r in rows], torch.tensor(rows)]
    for kind in [*kinds, [rows[0], np.array(rows[1])], (row for row in rows)]:
        np.testing.assert_array_equal(make(2).fit(iter(kind)).distribution([1]), expected)


def test_keys_outgrow_32_bits():
    """With 2^17 words, a key cut to 32 bits would be the same for the contexts 5 and 5 + 2^15."""
    counted = counts.Counts([np.arange(2**17)], [2], 2**17, bos=2)
    for context, expected in ((5, [1, 1, 1]), (5 + 2**15, [0, 1, 1])):
        (found,) = counted.look_up(np.array([[context]]), np.array([6]))
        assert [int(column[0]) for column in found] == expected


@pytest.mark.parametrize("wrong", [-1, V])
@EVERY_MODEL
def test_ids_outside_the_vocabulary_are_named(make, wrong):
    with pytest.raises(ValueError, match=f"id {wrong} lies outside the vocabulary"):
        make(2).fit([[1, wrong]])
    model = make(2).fit([[1, 2]])
    for call in (lambda: model.log_prob([wrong]), lambda: model.distribution([wrong])):
        with pytest.raises(ValueError, match=f"id {wrong} lies outside the vocabulary"):
            call()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: KneserNey(0, V), "order 0"),
        (lambda: AddK(2, 1), "vocabulary of 1"),
        (lambda: AddK(2, V, k=0.0), "k = 0.0"),
        (lambda: Interpolated(2, V, weights=[0.5]), "needs 2 weights"),
        (lambda: Interpolated(1, V, weights=[1.5]), "between 0 and 1"),
        (lambda: KneserNey(2, V, discount=[0.5]), "needs 2 discounts"),
        (lambda: KneserNey(2, V, discount=-0.5), "between 0 and 1"),
        (lambda: KneserNey(2, V).log_prob([1]), "call fit"),
        (lambda: AddK(2, V).fit(iter([1, 2, 3])), "not one sequence"),
        (lambda: AddK(2, V).fit(iter([["the", "cat"], ["sat"]])), "encode the text"),
        (lambda: AddK(2, V).fit(iter([["1", "2"]])), "encode the text"),
        (lambda: AddK(2, V).fit(iter(["the cat"])), "encode the text"),
        (lambda: AddK(2, V).fit(iter([[1.7], [2]])), "list of ids"),
        (lambda: AddK(2, V).fit(iter([[[1, 2]]])), "list of ids"),
        (lambda: AddK(2, V).fit(iter([[2**70]])), "list of ids"),
        (lambda: AddK(2, V, bos=-1), "bos = -1"),
    ],
)
def test_wrong_arguments_are_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
