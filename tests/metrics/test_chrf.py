"""chrF and chrF++ equal sacrebleu's; by hand where it is small."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import CORPORA, streams

from coursekit.metrics.chrf import chrf, chrf_words, sentence_chrf

CHRF = pytest.importorskip("sacrebleu").metrics.CHRF

OPTIONS = st.fixed_dictionaries(
    {
        "char_order": st.integers(0, 6),
        "word_order": st.integers(0, 2),
        "beta": st.sampled_from([0, 1, 2, 3]),
        "whitespace": st.booleans(),
        "lowercase": st.booleans(),
    }
)


@settings(deadline=None, max_examples=200)
@given(CORPORA, OPTIONS.filter(lambda options: options["char_order"] + options["word_order"]))
def test_equals_sacrebleu_on_edge_cases(corpus, options):
    candidates, references = corpus
    peer = CHRF(**options).corpus_score(candidates, streams(references))
    assert chrf(candidates, references, **options).score == pytest.approx(peer.score, abs=1e-9)


@pytest.mark.parametrize("word_order", [0, 2])
@pytest.mark.parametrize("whitespace", [False, True])
def test_equals_sacrebleu_on_captions(captions, word_order, whitespace):
    candidates, references = captions
    metric = CHRF(word_order=word_order, whitespace=whitespace)
    peer = metric.corpus_score(candidates, streams(references)).score
    assert peer > 10
    assert chrf(candidates, references, word_order=word_order, whitespace=whitespace).score == pytest.approx(
        peer, abs=1e-9
    )
    for candidate, known in list(zip(candidates, references, strict=True))[:50]:
        ours = sentence_chrf(candidate, known, word_order=word_order, whitespace=whitespace).score
        assert ours == pytest.approx(metric.sentence_score(candidate, known).score, abs=1e-9)


@pytest.mark.parametrize("word_order", [0, 2])
def test_equals_sacrebleu_on_wmt17(wmt17, word_order):
    systems, references = wmt17
    lines = next(iter(systems.values()))[:600]
    peer = CHRF(word_order=word_order).corpus_score(lines, streams(references[:600])).score
    assert chrf(lines, references[:600], word_order=word_order).score == pytest.approx(peer, abs=1e-9)


@pytest.mark.full
@pytest.mark.parametrize("word_order", [0, 2])
def test_equals_sacrebleu_on_every_system_of_wmt17(wmt17, word_order):
    systems, references = wmt17
    metric = CHRF(word_order=word_order, references=streams(references))
    for lines in systems.values():
        peer = metric.corpus_score(lines, None).score
        assert chrf(lines, references, word_order=word_order).score == pytest.approx(peer, abs=1e-9)


def test_by_hand():
    """Characters 2 of 3 and 2 of 4, pairs 1 of 2 and 1 of 3: P = 7/12, R = 5/12, and F2 lies close to R."""
    score = chrf(["abx"], [["abcd"]], char_order=2)
    p, r = 7 / 12, 5 / 12
    assert (score.precision, score.recall) == pytest.approx((100 * p, 100 * r))
    assert score.score == pytest.approx(100 * 5 * p * r / (4 * p + r))
    assert str(score) == "chrF 44.19: precision 58.3, recall 41.7"
    assert chrf(["abx"], [["abcd"]], char_order=2, beta=0).score == pytest.approx(100 * p)
    assert sentence_chrf("ab cd", ["abcd"]).score == pytest.approx(100)  # white space does not count
    assert sentence_chrf("ab cd", ["abcd"], whitespace=True).score < 100


def test_a_wrong_ending_costs_less_than_a_wrong_word():
    known = ["the cats were sleeping"]
    assert sentence_chrf("the cat was sleeping", known).score > sentence_chrf("the dogs ran off", known).score + 20


def test_words_of_chrf():
    """One mark a word is cut off, and the end goes first."""
    assert chrf_words('"Well, (yes "no" ! ..') == ['"Well', ",", "(", "yes", '"no', '"', "!", ".", "."]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: chrf([], []), "candidates is empty"),
        (lambda: chrf(["a", "b"], [["a"]]), "2 candidates"),
        (lambda: chrf(["a"], ["a"]), r"references\[0\] is one string"),
        (lambda: chrf(["a"], [[]]), "missing"),
        (lambda: sentence_chrf("a", "a"), "references is one string"),
        (lambda: chrf(["a"], [["a"]], char_order=0), "not both 0"),
        (lambda: chrf(["a"], [["a"]], word_order=-1), "0 or more"),
        (lambda: chrf(["a"], [["a"]], char_order=6.0), "whole numbers"),
        *[
            (lambda beta=beta: chrf(["ab"], [["ac"]], beta=beta), "beta = ")
            for beta in (-1, math.nan, math.inf, 1e200, 10**400, "2", None)
        ],
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
