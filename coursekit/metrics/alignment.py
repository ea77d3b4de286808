"""Word alignments against a gold standard: alignment error rate, precision and recall.

Och & Ney 2003, "A systematic comparison of various statistical alignment models", section 6: an annotator marks sure
links S and possible links P, S inside P. For the links A of a system

    recall = |A ∩ S| / |S|,    precision = |A ∩ P| / |A|,    AER = 1 - (|A ∩ S| + |A ∩ P|) / (|A| + |S|)

summed over all sentence pairs. With sure links only, AER is 1 - F1. A link is a pair (source, target) of positions.
"""

from collections.abc import Collection, Sequence
from operator import index
from typing import Any, NamedTuple, TypeAlias

Links: TypeAlias = Collection[Sequence[int]]  # of one sentence pair


class AlignmentScore(NamedTuple):
    """Each between 0 and 1; a low `error_rate` is good."""

    error_rate: float
    precision: float
    recall: float

    def __str__(self) -> str:
        return f"AER {self.error_rate:.3f}: precision {self.precision:.3f}, recall {self.recall:.3f}"


def alignment_scores(
    predicted: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links] | None = None
) -> AlignmentScore:
    """Scores of a corpus; each argument holds one collection of links for each sentence pair.

    A sure link is possible too, whether or not `possible` repeats it. Precision is 0 if nothing was predicted, recall 0
    if nothing was sure. Raises ValueError for unequal numbers of sentences, and if no sentence has a link at all.
    """
    possible = sure if possible is None else possible
    for name, side in (("predicted", predicted), ("sure", sure), ("possible", possible)):
        if not hasattr(side, "__len__"):
            raise ValueError(f"{name} is of type {type(side).__name__}: give a list, one entry a sentence pair.")
    if not len(predicted) == len(sure) == len(possible):
        raise ValueError(
            f"links for {len(predicted)} predicted, {len(sure)} sure and {len(possible)} possible sentence pairs: "
            "give each the same number."
        )
    a = _numbered("predicted", predicted)
    s = _numbered("sure", sure)
    p = _numbered("possible", possible) | s
    if not a and not s:
        raise ValueError("there is neither a predicted nor a sure link: an error rate needs at least one.")
    error = 1 - (len(a & s) + len(a & p)) / (len(a) + len(s))
    return AlignmentScore(error, len(a & p) / max(len(a), 1), len(a & s) / max(len(s), 1))


def alignment_error_rate(
    predicted: Sequence[Links], sure: Sequence[Links], possible: Sequence[Links] | None = None
) -> float:
    """The error rate alone; see `alignment_scores`."""
    return alignment_scores(predicted, sure, possible).error_rate


def _numbered(name: str, corpus: Any) -> set[tuple[int, int, int]]:
    """All links as (sentence, source, target)."""
    links = set()
    for i, sentence in enumerate(corpus):
        try:
            pairs = [(index(source), index(target)) for source, target in sentence]
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{name}[{i}] must hold pairs (source, target) of whole numbers, one list for each sentence pair."
            ) from error
        for source, target in pairs:
            if source < 0 or target < 0:
                raise ValueError(f"{name}[{i}] has the link {(source, target)}: positions count from 0.")
            links.add((i, source, target))
    return links
