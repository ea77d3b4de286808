"""ROUGE equals rouge-score's; a matrix of scores equals its entries; the worked numbers come out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import CORPORA, FEW, PAIRS

from coursekit.metrics.rouge import corpus_rouge, diversity, lcs_length, lcs_positions, rouge, rouge_matrix

RougeScorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer
KINDS = ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"]


def assert_equal(candidate, references, stem):
    theirs = RougeScorer(KINDS, use_stemmer=stem).score_multi(references, candidate)
    for kind in KINDS:
        peer = (theirs[kind].precision, theirs[kind].recall, theirs[kind].fmeasure)
        assert tuple(rouge(candidate, references, kind, stem)) == pytest.approx(peer, abs=1e-9)


@pytest.mark.parametrize("stem", [False, True])
@settings(deadline=None, max_examples=150)
@given(line=PAIRS)
def test_equals_rouge_score_on_edge_cases(stem, line):
    assert_equal(*line, stem)


@settings(deadline=None, max_examples=200)
@given(*[st.lists(FEW, max_size=3).map("\n".join)] * 2)
def test_lines_equal_rouge_score(candidate, reference):
    assert_equal(candidate, [reference], False)


@pytest.mark.parametrize("stem", [False, True])
def test_equals_rouge_score_on_captions(captions, stem):
    for candidate, references in zip(*captions, strict=True):
        assert_equal(candidate, references, stem)
        assert_equal("\n".join(references[:2]), ["\n".join([candidate, references[2]]), references[3]], stem)


def test_equals_rouge_score_on_wmt17(wmt17):
    systems, references = wmt17
    for candidate, known in list(zip(next(iter(systems.values())), references, strict=True))[:100]:
        assert_equal(candidate, known, False)


def test_one_repeated_word_by_hand():
    """2 of 4 words are right, 2 of 5 are found: F1 is 4/9 for each reference."""
    for reference in ("Younes said I am hungry", "He said I am hungry"):
        assert tuple(rouge("I I am I", [reference])) == pytest.approx((2 / 4, 2 / 5, 4 / 9))
    assert str(rouge("I I am I", [reference])) == "precision 0.500, recall 0.400, F1 0.444"


def test_the_best_of_several_references_by_hand():
    """By F1, not recall; equal ones as rouge-score's rounding has it."""
    assert rouge("a b c d", ["a", "a b c x"]) == (3 / 4, 3 / 4, 3 / 4)
    assert_equal("a b c d", ["a", "a b x y z w"], False)
    assert_equal("a b c d", ["a b x y z w", "a"], False)


def test_subsequences_by_hand():
    """Police killed the gunman: of two answers with the same words, one keeps the order (Lin 2004, section 3.1)."""
    reference, kept, turned = "police killed the gunman", "police kill the gunman", "the gunman kill police"
    assert rouge(kept, [reference], "rougeL").f1 == 0.75
    assert rouge(turned, [reference], "rougeL").f1 == 0.5
    assert rouge(kept, [reference], "rouge1").f1 == rouge(turned, [reference], "rouge1").f1


def test_a_union_of_subsequences_by_hand():
    """w1 w2 of the first line and w1 w3 w5 of the second: 4 of 5 words (Lin 2004, section 3.2)."""
    assert rouge("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", ["w1 w2 w3 w4 w5"], "rougeLsum").recall == 4 / 5


@given(*[st.lists(st.sampled_from("abcd"), max_size=10)] * 2)
def test_longest_common_subsequences_two_ways(a, b):
    positions = lcs_positions(a, b)
    assert len(positions) == lcs_length(a, b) == lcs_length(b, a)
    assert positions == sorted(set(positions))
    rest = iter(b)
    assert all(any(word == other for other in rest) for word in (a[i] for i in positions))  # in b in this order


@settings(deadline=None, max_examples=60)
@given(CORPORA, st.sampled_from(KINDS), st.booleans())
def test_a_matrix_holds_the_scores_of_all_pairs(corpus, kind, stem):
    candidates, (references, *_) = corpus
    expected = [[rouge(c, [r], kind, stem).f1 for r in references] for c in candidates]
    np.testing.assert_allclose(rouge_matrix(candidates, references, kind, stem), expected, atol=1e-12)


@pytest.mark.parametrize("kind", ["rouge1", "rouge2", "rougeL"])
def test_a_matrix_equals_rouge_score_on_captions(captions, kind):
    lines, scorer = captions[0][:20], RougeScorer([kind])
    expected = [[scorer.score(r, c)[kind].fmeasure for r in lines] for c in lines]
    np.testing.assert_allclose(rouge_matrix(lines, kind=kind), expected, atol=1e-9)


@pytest.mark.usefixtures("unchecked")
def test_a_matrix_of_numpy_texts():
    texts, known = np.array(["a b", "a"]), np.array(["a", "b", "c"])
    for kind in ("rouge1", "rougeL"):
        np.testing.assert_array_equal(rouge_matrix(texts, known, kind), rouge_matrix(list(texts), list(known), kind))
        np.testing.assert_array_equal(rouge_matrix(texts, kind=kind), rouge_matrix(list(texts), list(texts), kind))


def test_a_corpus_is_the_mean_of_its_lines(captions):
    lines = [rouge(c, r, "rouge2") for c, r in zip(*captions, strict=True)]
    np.testing.assert_allclose(corpus_rouge(*captions, "rouge2"), np.mean(lines, axis=0), atol=1e-12)


def test_diversity_by_hand():
    assert diversity(["a b", "a b"]) == 0
    assert diversity(["a b", "c d", "e f"]) == 1
    assert diversity(["a b", "a c"]) == pytest.approx(0.5)
    assert diversity(["", ""]) == 1  # nothing is shared
    assert diversity(["a b", "a b", "c d"]) == pytest.approx(2 / 3)  # one pair of three is alike


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rouge("a", []), "references is empty"),
        (lambda: rouge("a", "a"), "references is one string"),
        (lambda: rouge("a", ["a"], "rouge0"), "no ROUGE 'rouge0'"),
        (lambda: rouge("a", ["a"], None), "no ROUGE None"),
        (lambda: rouge_matrix(["a"], kind="bleu"), "no ROUGE 'bleu'"),
        (lambda: rouge_matrix([]), "candidates is empty"),
        (lambda: rouge_matrix(["a"], []), "references is empty"),
        (lambda: rouge_matrix("a"), "candidates is one string"),
        (lambda: corpus_rouge([], []), "candidates is empty"),
        (lambda: corpus_rouge(["a", "b"], [["a"]]), "2 candidates"),
        (lambda: diversity(["a"]), "two or more"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
