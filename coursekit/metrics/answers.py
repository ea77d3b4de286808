"""Exact match and F1 of short answers, as the evaluation script of SQuAD 1.1 counts them.

Rajpurkar, Zhang, Lopyrev & Liang 2016, "SQuAD: 100,000+ questions for machine comprehension of text", section 6.1.
Both compare answers without case, punctuation and articles, and take the reference that fits best. Answers of which
nothing is left, such as "a" against "the", match exactly and have F1 0.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from coursekit.metrics.lines import check_corpus, check_pair
from coursekit.metrics.ngrams import overlap

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(a|an|the)\b")


class SquadScore(NamedTuple):
    """Means over all answers, in per cent."""

    exact_match: float
    f1: float

    def __str__(self) -> str:
        return f"exact match {self.exact_match:.2f}, F1 {self.f1:.2f}"


def normalise_answer(text: str) -> str:
    """Lower case; without ASCII punctuation, then without a, an, the; words one space apart."""
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(answer: str, references: Sequence[str]) -> float:
    """1.0 if the answer equals one of the references after normalisation, else 0.0."""
    check_pair(answer, references, "answer")
    return float(normalise_answer(answer) in map(normalise_answer, references))


def answer_f1(answer: str, references: Sequence[str]) -> float:
    """F1 of the words, each as often as both have it, with the best reference; between 0 and 1."""
    check_pair(answer, references, "answer")
    return max(_f1(normalise_answer(answer).split(), normalise_answer(known).split()) for known in references)


def squad(answers: Sequence[str], references: Sequence[Sequence[str]]) -> SquadScore:
    """Mean exact match and F1 in per cent; `references[i]` are the right answers to question i."""
    check_corpus(answers, references, "answers")
    pairs = list(zip(answers, references, strict=True))
    match, f1 = (100 * sum(score(*pair) for pair in pairs) / len(pairs) for score in (exact_match, answer_f1))
    return SquadScore(match, f1)


def _f1(answer: list[str], reference: list[str]) -> float:
    common = overlap(Counter(answer), Counter(reference))
    return 2 * common / (len(answer) + len(reference)) if common else 0.0
