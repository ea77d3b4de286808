"""Tokens equal those of sacrebleu and rouge-score; what is missing is said in one sentence."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_texts import LINES

from coursekit.errors import CourseError
from coursekit.metrics.tokenise import TOKENISERS, porter, rouge_words, tokenise


@pytest.mark.parametrize("name", TOKENISERS)
@settings(deadline=None, max_examples=200)
@given(line=LINES | st.text("a1.,-&;<> \n_'", max_size=15))
def test_equals_sacrebleu(name, line):
    peer = pytest.importorskip("sacrebleu").metrics.BLEU(tokenize=name)._preprocess_segment(line).split()
    assert list(tokenise(line, name)) == peer


@pytest.mark.parametrize(
    "line", ["a..5", "a.5", "5.a", "1..2", "a,.,5", "..,5", "5-5-a", "5--5", "-5", "&amp;lt;", "_a_"]
)
def test_runs_of_marks_equal_sacrebleu(line):
    peer = pytest.importorskip("sacrebleu").metrics.BLEU()._preprocess_segment(line).split()
    assert list(tokenise(line)) == peer


@pytest.mark.parametrize("stem", [False, True])
@settings(deadline=None, max_examples=200)
@given(line=LINES)
def test_equals_rouge_score(stem, line):
    peer = pytest.importorskip("rouge_score.tokenizers").DefaultTokenizer(stem)
    assert list(rouge_words(line, stem)) == peer.tokenize(line)


def test_by_hand():
    line = 'It\'s 3.5-4.0 "km", e.g. &lt;far&gt;'
    assert " ".join(tokenise(line)) == 'It\'s 3.5 - 4.0 " km " , e . g . < far >'
    assert tokenise("A b", "char", lowercase=True) == ("a", "b")
    assert tokenise("A  b.", "none") == ("A", "b.")
    assert rouge_words("Running, naïve cats!", stem=True) == ("run", "na", "ve", "cat")
    assert rouge_words("was his", stem=True) == ("was", "his")  # the stems are "wa" and "hi"


def test_without_nltk_stemming_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "nltk.stem.porter", None)
    porter.cache_clear()
    with pytest.raises(CourseError, match="pip install nltk"):
        rouge_words("running out of words", stem=True)


def test_an_unknown_tokeniser_is_refused():
    with pytest.raises(ValueError, match="no tokeniser 'intl'"):
        tokenise("a", "intl")
