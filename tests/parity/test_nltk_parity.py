"""Our n-grams equal nltk.lm's wherever the two define the same thing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.lm import KneserNeyInterpolated, Lidstone, NgramCounter, Vocabulary, WittenBellInterpolated

from coursekit.models import AddK, Interpolated, KneserNey

# nltk adds "<UNK>" to every vocabulary, so id 1 is that word and both vocabularies are equally large.
WORDS = ["<pad>", "<UNK>", "<s>", "</s>", "a", "b", "c"]
BOS, V = 2, len(WORDS)
CORPUS = st.lists(st.lists(st.sampled_from([1, 3, 4, 5, 6]), min_size=1, max_size=10), min_size=1, max_size=5)
UNSEEN = st.lists(st.integers(0, V - 1), max_size=5)


def count(corpus, order):
    """nltk's counts of all n-grams that end in a real word, and its vocabulary."""
    counter = NgramCounter()
    for sequence in corpus:
        padded = [WORDS[i] for i in [BOS] * (order - 1) + sequence]
        ends = range(order, len(padded) + 1)
        counter.update([[tuple(padded[end - n : end]) for end in ends for n in range(1, order + 1)]])
    return {"vocabulary": Vocabulary([word for word in WORDS if word != "<UNK>"]), "counter": counter}


def nltk_distribution(model, context):
    padded = [WORDS[i] for i in [BOS] * (model.order - 1) + context]
    history = tuple(padded[len(padded) - model.order + 1 :])
    return [model.score(word, history) for word in WORDS]


def assert_equal(ours, theirs, corpus, unseen):
    """On histories that were seen (every beginning of the first sequence) and on one that likely was not."""
    for context in [corpus[0][:t] for t in range(len(corpus[0]) + 1)] + [unseen]:
        np.testing.assert_allclose(ours.distribution(context), nltk_distribution(theirs, context), rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(CORPUS, UNSEEN, st.integers(1, 4), st.floats(0.01, 2))
def test_add_k_is_lidstone(corpus, unseen, order, k):
    theirs = Lidstone(k, order, **count(corpus, order))
    assert_equal(AddK(order, V, k=k).fit(corpus), theirs, corpus, unseen)


@settings(deadline=None, max_examples=60)
@given(CORPUS, UNSEEN, st.integers(2, 4), st.floats(0.05, 1))
def test_kneser_ney(corpus, unseen, order, discount):
    """nltk leaves single words undiscounted; for order 1 it has no continuation counts and divides by zero."""
    theirs = KneserNeyInterpolated(order, discount, **count(corpus, order))
    ours = KneserNey(order, V, discount=[0.0] + [discount] * (order - 1)).fit(corpus)
    assert_equal(ours, theirs, corpus, unseen)


@settings(deadline=None, max_examples=60)
@given(CORPUS, UNSEEN, st.integers(2, 4))
def test_witten_bell_above_the_single_words(corpus, unseen, order):
    """nltk's single words are relative frequencies; given ours (mixed with 1 / V), all longer orders are equal."""
    theirs = WittenBellInterpolated(order, **count(corpus, order))
    single = Interpolated(1, V).fit(corpus).distribution([])
    theirs.estimator.unigram_score = lambda word: single[WORDS.index(word)]
    assert_equal(Interpolated(order, V).fit(corpus), theirs, corpus, unseen)


def test_witten_bell_single_words_do_differ():
    """The stated difference is real: nltk gives an unseen word nothing, we give it a share of 1 / V."""
    corpus = [[4, 5, 4]]
    theirs = WittenBellInterpolated(1, **count(corpus, 1))
    assert theirs.score("c") == 0
    assert Interpolated(1, V).fit(corpus).distribution([])[6] == pytest.approx((2 / 5) / V)
