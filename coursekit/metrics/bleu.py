"""BLEU of a corpus or a sentence, in per cent, as sacrebleu counts it.

Papineni, Roukos, Ward & Zhu 2002, "BLEU: a method for automatic evaluation of machine translation", ACL:

    BLEU = BP exp(1/N sum_n log p_n),    BP = min(1, exp(1 - r/c))

where p_n is the clipped n-gram precision, c the length of all candidates together and r that of the references (of each
line the one closest in length, the shorter of two equally close). Counts and lengths are summed over the corpus before
anything is divided: corpus BLEU is not the mean of its sentences' BLEU. Smoothing: Chen & Cherry 2014.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real

from coursekit.metrics.lines import check_corpus, check_pair
from coursekit.metrics.ngrams import check_order, largest, ngrams, overlap
from coursekit.metrics.tokenise import tokenise

SMOOTHINGS = {"none": 0.0, "floor": 0.1, "add-k": 1.0, "exp": 0.0}  # with the value that each takes if none is given


@dataclass(frozen=True)
class BleuScore:
    """`score` and (smoothed) `precisions` in per cent; `counts` of matched n-grams out of `totals`, for n = 1 ... N."""

    score: float
    precisions: tuple[float, ...]
    counts: tuple[int, ...]
    totals: tuple[int, ...]
    brevity_penalty: float
    length: int
    reference_length: int

    def __str__(self) -> str:
        precisions = " / ".join(f"{p:.1f}" for p in self.precisions)
        lengths = f"length {self.length} against {self.reference_length}"
        return f"BLEU {self.score:.2f}: precisions {precisions}, brevity penalty {self.brevity_penalty:.3f}, {lengths}"


def bleu(
    candidates: Sequence[str],
    references: Sequence[Sequence[str]],
    n: int = 4,
    tokeniser: str = "13a",
    lowercase: bool = False,
    smoothing: str = "exp",
    smoothing_value: float | int | None = None,
    effective_order: bool = False,
) -> BleuScore:
    """BLEU of a corpus: `references[i]` are those of `candidates[i]`, one or more.

    `smoothing` of a precision 0: "none" leaves it (and BLEU is 0), "floor" puts `smoothing_value` (0.1) in place of the
    count 0, "add-k" adds it (1) to count and total for n > 1, "exp" takes 1/2, 1/4 ... for the first, second ... count
    of 0. `effective_order` averages only over the orders that the candidates are long enough for: for sentences.
    With the defaults the score equals sacrebleu's. Raises ValueError for lines without references and wrong settings.
    """
    check_corpus(candidates, references)
    check_order(n)
    value = _smoothing_value(smoothing, smoothing_value)
    counts, totals, length, reference_length = [0] * n, [0] * n, 0, 0
    for candidate, known in zip(candidates, references, strict=True):
        tokens, *others = (tokenise(line, tokeniser, lowercase) for line in [candidate, *known])
        length += len(tokens)
        reference_length += closest(len(tokens), map(len, others))
        totals = [total + max(len(tokens) - i, 0) for i, total in enumerate(totals)]
        for i in range(n):
            found = overlap(ngrams(tokens, i + 1), largest([ngrams(other, i + 1) for other in others]))
            if not found:  # then no longer run is found either
                break
            counts[i] += found
    precisions = smoothed(counts, totals, smoothing, value)
    short = effective_order and smoothing != "add-k"  # which gives every order a total
    used = sum(map(bool, totals)) if short and totals[0] else n
    penalty = brevity_penalty(length, reference_length)
    score = penalty * _geometric_mean(precisions[:used])
    return BleuScore(score, tuple(precisions), tuple(counts), tuple(totals), penalty, length, reference_length)


def sentence_bleu(
    candidate: str,
    references: Sequence[str],
    n: int = 4,
    tokeniser: str = "13a",
    lowercase: bool = False,
    smoothing: str = "exp",
    smoothing_value: float | int | None = None,
    effective_order: bool = True,
) -> BleuScore:
    """`bleu` of one sentence, by default over the orders that it is long enough for (as sacrebleu's)."""
    check_pair(candidate, references)
    return bleu([candidate], [references], n, tokeniser, lowercase, smoothing, smoothing_value, effective_order)


def closest(length: int, others: Iterable[int]) -> int:
    """The length among `others` that lies closest to `length`; the shorter one of two."""
    return min(others, key=lambda other: (abs(other - length), other))


def brevity_penalty(length: int, reference_length: int) -> float:
    """1 for candidates as long as the references or longer, else exp(1 - r/c); 0 for empty candidates."""
    if length >= reference_length:
        return 1.0
    return math.exp(1 - reference_length / length) if length else 0.0


def smoothed(counts: Sequence[int], totals: Sequence[int], smoothing: str, value: float | int) -> list[float]:
    """The precisions p_n in per cent; all 0 if not one n-gram matches, whatever the smoothing."""
    precisions, zeros = [0.0] * len(counts), 0
    if not any(counts):
        return precisions
    for i, (count, total) in enumerate(zip(counts, totals, strict=True)):
        found, out_of = float(count), float(total)
        if smoothing == "add-k" and i:
            found, out_of = count + value, total + value
        elif smoothing == "floor" and not count:
            found = value
        elif smoothing == "exp" and not count:
            zeros += 1
            found = 0.5**zeros
        precisions[i] = 100 * found / out_of if out_of else 0.0
    return precisions


def _geometric_mean(precisions: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, precisions)) / len(precisions)) if all(precisions) else 0.0


def _smoothing_value(smoothing: str, value: float | int | None) -> float | int:
    if smoothing not in SMOOTHINGS:
        raise ValueError(f"there is no smoothing {smoothing!r}: take one of {', '.join(map(repr, SMOOTHINGS))}.")
    if value is None:
        return SMOOTHINGS[smoothing]
    if smoothing in ("none", "exp"):
        raise ValueError(f"smoothing {smoothing!r} takes no smoothing_value: it is for 'floor' and 'add-k'.")
    if not isinstance(value, Real) or not 0 < value < math.inf:
        raise ValueError(f"smoothing_value = {value!r} must be above 0 and finite; smoothing='none' leaves zeros.")
    return value
