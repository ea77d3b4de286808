"""ROUGE-N, ROUGE-L and ROUGE-Lsum between 0 and 1, as rouge-score counts them.

Lin 2004, "ROUGE: a package for automatic evaluation of summaries". A candidate and a reference share

    rouge1, rouge2 ...   n-grams, each as often as both have it
    rougeL               the words of a longest common subsequence
    rougeLsum            for texts of several lines: the words of the reference that lie on a longest common subsequence
                         of their line with any line of the candidate, each as often as both texts have it

and recall is that number over the length of the reference, precision over the length of the candidate. Of several
references the one with the highest F counts.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from coursekit.metrics.lines import check_corpus, check_pair, check_strings
from coursekit.metrics.ngrams import ngrams, overlap
from coursekit.metrics.tokenise import rouge_words


class RougeScore(NamedTuple):
    """Each between 0 and 1; `f1` is the harmonic mean of the other two."""

    precision: float
    recall: float
    f1: float

    def __str__(self) -> str:
        return f"precision {self.precision:.3f}, recall {self.recall:.3f}, F1 {self.f1:.3f}"


def rouge(candidate: str, references: Sequence[str], kind: str = "rouge1", stem: bool = False) -> RougeScore:
    """`kind` is rouge1 to rouge9, rougeL or rougeLsum; `stem` compares Porter stems instead of words."""
    check_pair(candidate, references)
    _check_kind(kind)
    return max((_score(candidate, reference, kind, stem) for reference in references), key=lambda score: score.f1)


def corpus_rouge(
    candidates: Sequence[str], references: Sequence[Sequence[str]], kind: str = "rouge1", stem: bool = False
) -> RougeScore:
    """Mean over the lines of `rouge`, each figure for itself; `references[i]` are those of `candidates[i]`."""
    check_corpus(candidates, references)
    scores = [rouge(candidate, known, kind, stem) for candidate, known in zip(candidates, references, strict=True)]
    return RougeScore(*np.mean(scores, axis=0).tolist())


def rouge_matrix(
    candidates: Sequence[str], references: Sequence[str] | None = None, kind: str = "rouge1", stem: bool = False
) -> Float[np.ndarray, "C R"]:
    """F1 of every candidate (row) against every reference (column); by default the references are the candidates.

    n-grams are matched in one matrix product: the k-th occurrence of an n-gram in a text is a feature, 0 or 1, so that
    the dot product of two texts is the sum of min(count, count).
    """
    check_strings("candidates", candidates)
    others = candidates if references is None else references
    check_strings("references", others)
    _check_kind(kind)
    if not kind[5:].isdigit():
        return np.array([[_score(c, r, kind, stem).f1 for r in others] for c in candidates])
    index: dict[tuple[tuple[str, ...], int], int] = {}
    texts = [*candidates] if references is None else [*candidates, *references]
    rows = [_occurrences(rouge_words(text, stem), int(kind[5:]), index) for text in texts]
    features = np.zeros((len(rows), len(index)), np.float32)  # float32 holds whole numbers up to 2^24
    lengths = np.array([len(row) for row in rows])
    features[np.repeat(np.arange(len(rows)), lengths), [i for row in rows for i in row]] = 1
    ours, theirs = slice(len(candidates)), slice(-len(others), None)
    common = (features[ours] @ features[theirs].T).astype(np.float64)  # C R
    return 2 * common / np.maximum(lengths[ours, None] + lengths[theirs], 1)


def _occurrences(words: Sequence[str], n: int, index: dict[tuple[tuple[str, ...], int], int]) -> list[int]:
    """A number for each n-gram of `words` with the times that it occurred before; `index` grows by the new ones."""
    seen: Counter[tuple[str, ...]] = Counter()
    row = []
    for ngram in zip(*(words[i:] for i in range(n)), strict=False):
        row.append(index.setdefault((ngram, seen[ngram]), len(index)))
        seen[ngram] += 1
    return row


def _check_kind(kind: str) -> None:
    if not isinstance(kind, str) or not re.fullmatch("rouge([1-9]|L|Lsum)", kind):
        raise ValueError(f"there is no ROUGE {kind!r}: take 'rouge1' to 'rouge9', 'rougeL' or 'rougeLsum'.")


def _score(candidate: str, reference: str, kind: str, stem: bool) -> RougeScore:
    if kind == "rougeLsum":
        return _lsum(*([rouge_words(line, stem) for line in text.split("\n")] for text in (candidate, reference)))
    ours, theirs = rouge_words(candidate, stem), rouge_words(reference, stem)
    if kind == "rougeL":
        return _shares(lcs_length(ours, theirs), len(ours), len(theirs))
    a, b = (ngrams(words, int(kind[5:])) for words in (ours, theirs))
    return _shares(overlap(a, b), a.total(), b.total())


def _shares(common: int, candidate: int, reference: int) -> RougeScore:
    """Precision, recall and F1 from three lengths; 0 where there is nothing to share."""
    precision, recall = common / max(candidate, 1), common / max(reference, 1)
    f1 = 2 * precision * recall / (precision + recall) if common else 0.0  # rounded as rouge-score's: ties depend on it
    return RougeScore(precision, recall, f1)


def lcs_length(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of a longest common subsequence.

    The table of the usual recursion, row by row, each row as the bits of one integer: bit i is 0 where the row grows by
    1 at column i (Crochemore, Iliopoulos, Pinzon & Reid 2001; Hyyrö 2004).
    """
    where: dict[str, int] = {}
    for i, word in enumerate(a):
        where[word] = where.get(word, 0) | 1 << i
    row = every = (1 << len(a)) - 1
    for word in b:
        matches = row & where.get(word, 0)
        row = (row + matches | row - matches) & every
    return len(a) - row.bit_count()


def lcs_positions(a: Sequence[str], b: Sequence[str]) -> list[int]:
    """Where in `a` a longest common subsequence lies; read back from the end, `a` gives way first on a tie."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, word in enumerate(a):
        for j, other in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if word == other else max(table[i][j + 1], table[i + 1][j])
    found, i, j = [], len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1]:
            i, j = i - 1, j - 1
            found.append(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return found[::-1]


def _lsum(candidate: list[tuple[str, ...]], reference: list[tuple[str, ...]]) -> RougeScore:
    """Union of the subsequences of each reference line with all candidate lines, clipped by the candidate's words."""
    matched: Counter[str] = Counter()
    for line in reference:
        positions = {i for other in candidate for i in lcs_positions(line, other)}
        matched.update(line[i] for i in positions)
    words = Counter(word for line in candidate for word in line)
    return _shares(overlap(matched, words), words.total(), sum(map(len, reference)))


def diversity(candidates: Sequence[str], kind: str = "rouge1", stem: bool = False) -> float:
    """1 minus the mean F1 of two different candidates: 0 if all say the same words, 1 if no two share one.

    Candidates without a word share none, so that they look diverse: leave them out.
    """
    check_strings("candidates", candidates)
    if len(candidates) < 2:
        raise ValueError("one candidate has no diversity: give two or more.")
    matrix, n = rouge_matrix(candidates, None, kind, stem), len(candidates)
    return float(1 - (matrix.sum() - np.trace(matrix)) / (n * (n - 1)))
