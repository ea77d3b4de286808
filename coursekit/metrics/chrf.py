"""chrF and chrF++: F-scores of character n-grams, in per cent, as sacrebleu counts them.

Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation", WMT; chrF++ (word_order=2): Popović 2017.

    chrF = (1 + beta^2) P R / (beta^2 P + R)

where P and R are the means, over the orders of n-grams, of precision and recall; an order counts if both sides have
n-grams of it. Counts are summed over the corpus before they are divided; of several references each line takes the one
that fits it best. No words are needed, so that a wrong ending costs little, and any language can be scored.
"""

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from coursekit.metrics.lines import check_corpus, check_pair
from coursekit.metrics.ngrams import overlap


@dataclass(frozen=True)
class ChrfScore:
    """`score`, and mean `precision` and `recall` over the orders of n-grams, all in per cent."""

    score: float
    precision: float
    recall: float

    def __str__(self) -> str:
        return f"chrF {self.score:.2f}: precision {self.precision:.1f}, recall {self.recall:.1f}"


def chrf(
    candidates: Sequence[str],
    references: Sequence[Sequence[str]],
    char_order: int = 6,
    word_order: int = 0,
    beta: float | int = 2,
    whitespace: bool = False,
    lowercase: bool = False,
) -> ChrfScore:
    """chrF of a corpus: `references[i]` are those of `candidates[i]`; `word_order=2` is chrF++.

    Recall weighs `beta` times as much as precision. `whitespace` keeps spaces in the character n-grams.
    """
    check_corpus(candidates, references)
    orders = (char_order, word_order)
    if not all(isinstance(order, Integral) and order >= 0 for order in orders) or not any(orders):
        raise ValueError(f"char_order and word_order {orders} must be whole numbers of 0 or more, and not both 0.")
    if not isinstance(beta, Real) or not 0 <= beta <= 1e6:
        raise ValueError(f"beta = {beta!r} must be 0 to 1e6: it says how many times recall weighs against precision.")
    totals = [(0, 0, 0)] * (char_order + word_order)
    for candidate, known in zip(candidates, references, strict=True):
        count, *others = (
            _all_ngrams(line.lower() if lowercase else line, char_order, word_order, whitespace)
            for line in [candidate, *known]
        )
        statistics = [_statistics(count, other) for other in others]
        best = max(statistics, key=lambda found: _f_score(found, beta).score)  # the first of several
        totals = [(a + d, b + e, c + f) for (a, b, c), (d, e, f) in zip(totals, best, strict=True)]
    return _f_score(totals, beta)


def sentence_chrf(
    candidate: str,
    references: Sequence[str],
    char_order: int = 6,
    word_order: int = 0,
    beta: float | int = 2,
    whitespace: bool = False,
    lowercase: bool = False,
) -> ChrfScore:
    """`chrf` of one sentence."""
    check_pair(candidate, references)
    return chrf([candidate], [references], char_order, word_order, beta, whitespace, lowercase)


def _all_ngrams(line: str, char_order: int, word_order: int, whitespace: bool) -> list[Counter[str]]:
    """The n-grams of characters and then of words, one count for each order."""
    text, words = line if whitespace else "".join(line.split()), chrf_words(line) if word_order else []
    characters = [Counter([text[i : i + n] for i in range(len(text) - n + 1)]) for n in range(1, char_order + 1)]
    runs = [[" ".join(words[i : i + n]) for i in range(len(words) - n + 1)] for n in range(1, word_order + 1)]
    return characters + [Counter(run) for run in runs]


def chrf_words(line: str) -> list[str]:
    """Words with one punctuation mark cut off, at the end or else at the start, as chrF++ has it."""
    words = []
    for word in line.split():
        if len(word) > 1 and word[-1] in string.punctuation:
            words += [word[:-1], word[-1]]
        elif len(word) > 1 and word[0] in string.punctuation:
            words += [word[0], word[1:]]
        else:
            words.append(word)
    return words


def _statistics(candidate: list[Counter[str]], reference: list[Counter[str]]) -> list[tuple[int, int, int]]:
    """For each order: n-grams of the candidate (0 if the reference has none), of the reference, and common ones."""
    return [(c.total() if r else 0, r.total(), overlap(c, r)) for c, r in zip(candidate, reference, strict=True)]


def _f_score(statistics: Sequence[tuple[int, int, int]], beta: float | int) -> ChrfScore:
    shares = [(match / c, match / r) for c, r, match in statistics if c and r]
    if not any(map(sum, shares)):
        return ChrfScore(0.0, 0.0, 0.0)
    precision, recall = (sum(side) / len(shares) for side in zip(*shares, strict=True))
    score = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
    return ChrfScore(100 * score, 100 * precision, 100 * recall)
