"""n-grams of a line: counted, matched against references, and how many of them are new.

The n-gram precision of a candidate is the share of its n-grams that occur in a reference. Clipped, an n-gram counts no
more often than it occurs in the reference that has it most (Papineni, Roukos, Ward & Zhu 2002, section 2.1).
"""

from collections import Counter
from collections.abc import Sequence
from functools import reduce
from numbers import Integral
from operator import or_
from typing import TypeAlias

from coursekit.metrics.lines import check_pair, check_strings
from coursekit.metrics.tokenise import tokenise

Counts: TypeAlias = Counter[tuple[str, ...]]


def ngrams(tokens: Sequence[str], n: int) -> Counts:
    """How often each run of `n` tokens occurs; empty where there are fewer than `n`."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def overlap(a: Counter, b: Counter) -> int:
    """Size of the intersection of two multisets: the sum of min(a[g], b[g])."""
    return sum(min(a[g], b[g]) for g in a.keys() & b.keys())


def largest(counts: Sequence[Counter]) -> Counter:
    """The count of each n-gram in the reference that has it most often."""
    return counts[0] if len(counts) == 1 else reduce(or_, counts)


def check_order(n: int) -> None:
    if not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n = {n!r}: an n-gram has 1 token or more, a whole number.")


def ngram_precision(
    candidate: str,
    references: Sequence[str],
    n: int = 1,
    clipped: bool = True,
    tokeniser: str = "none",
    lowercase: bool = False,
) -> float:
    """Share of the candidate's n-grams found in the references, 0 to 1 (0 for a candidate without n-grams).

    With `clipped=False` every occurrence counts, so that repeating one right word is perfect.
    """
    check_pair(candidate, references)
    check_order(n)
    count, *known = (ngrams(tokenise(line, tokeniser, lowercase), n) for line in [candidate, *references])
    most = largest(known)
    found = overlap(count, most) if clipped else sum(c for g, c in count.items() if g in most)
    return found / max(sum(count.values()), 1)


def distinct_n(texts: Sequence[str], n: int = 1, tokeniser: str = "none", lowercase: bool = False) -> float:
    """Number of different n-grams in all texts together over the number of n-grams, 0 to 1 (Li et al. 2016).

    It falls with the amount of text, so compare equal amounts. 0 where there is no n-gram.
    """
    check_strings("texts", texts)
    check_order(n)
    total: Counts = Counter()
    for text in texts:
        total.update(ngrams(tokenise(text, tokeniser, lowercase), n))
    return len(total) / max(sum(total.values()), 1)
