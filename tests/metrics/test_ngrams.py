"""Plain and clipped precision by hand and against nltk; distinct n-grams."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import FEW

from coursekit.metrics.ngrams import distinct_n, ngram_precision, ngrams

HUNGRY = ["Younes said I am hungry", "He said I am hungry"]


def test_one_repeated_word_by_hand():
    assert ngram_precision("I I am I", HUNGRY, clipped=False) == 1
    assert ngram_precision("I I am I", HUNGRY) == 0.5
    assert ngram_precision("I I am I", HUNGRY, n=2) == pytest.approx(1 / 3)


def test_the_right_words_in_the_wrong_order_are_perfect():
    precision = ngram_precision(
        "Ate I was hungry because!", ["I ate because I was hungry!"], tokeniser="13a", lowercase=True
    )
    assert precision == 1


@settings(deadline=None)
@given(FEW, st.lists(FEW, min_size=1, max_size=3), st.integers(1, 4))
def test_clipped_equals_nltk(candidate, references, n):
    modified_precision = pytest.importorskip("nltk.translate.bleu_score").modified_precision
    peer = Fraction(modified_precision([line.split() for line in references], candidate.split(), n))
    assert ngram_precision(candidate, references, n) == pytest.approx(float(peer))
    assert ngram_precision(candidate, references, n, clipped=False) >= float(peer)


def test_counts_and_distinct_ngrams_by_hand():
    assert ngrams("abab", 2) == {("a", "b"): 2, ("b", "a"): 1}
    assert ngrams(["a"], 2) == {}
    assert distinct_n(["a b a b", "a c"]) == 3 / 6
    assert distinct_n(["a b a b", "a c"], n=2) == 3 / 4  # none runs from one text into the next
    assert distinct_n(["", "a"], n=2) == 0


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ngram_precision("a", []), "references is empty"),
        (lambda: ngram_precision("a", ["a"], n=0), "n = 0"),
        (lambda: distinct_n(["a"], n=None), "n = None"),
        (lambda: distinct_n("a b"), "texts is one string"),
        (lambda: distinct_n([]), "texts is empty"),
        (lambda: distinct_n(["a"], n=-1), "n = -1"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
