"""Minimum Bayes risk: of several outputs the one that is, in expectation, most like what else might have been said.

Kumar & Byrne 2004, "Minimum Bayes-risk decoding for statistical machine translation"; Eikema & Aziz 2020, "Is MAP
decoding all you need?":

    y* = argmax over c of  U(c),    U(c) = mean over r of u(c, r)

u(candidate, reference) in this order: many scores are not symmetric. The candidates are samples of the model, and so
are the references: the other samples, unless others are given. A sample drawn twice counts twice.
Letters: N candidates, M references.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float

C = TypeVar("C")
Utility = Callable[[C, C], float]


@dataclass(frozen=True)
class Choice:
    """The chosen candidate, its position, and `expected`: U of every candidate."""

    candidate: Any
    index: int
    expected: Float[np.ndarray, " N"]


def utility_matrix(candidates: Sequence[C], references: Sequence[C], utility: Utility[C]) -> Float[np.ndarray, "N M"]:
    """utility(candidate, reference) of every pair; row i is candidate i. Raises ValueError if it is not one number."""
    values = [utility(c, r) for c in candidates for r in references]
    for value in values:
        if not hasattr(value, "__float__"):
            raise ValueError(f"the utility gave a {type(value).__name__}: it must give one number, its f1 or score.")
    return np.array([float(value) for value in values]).reshape(len(candidates), len(references))


def expected_utility(
    matrix: Float[np.ndarray, "N M"],
    weights: Sequence[float | int] | None = None,
    others: bool = False,
) -> Float[np.ndarray, " N"]:
    """The mean of each row of a utility matrix, references weighted by `weights` (equally without them).

    `others=True`: the references are the candidates themselves, and none counts as its own (the diagonal is left out).
    One candidate alone has no others: its expected utility is NaN.
    """
    n, m = matrix.shape
    if others and n != m:
        raise ValueError(f"a matrix of {n} candidates and {m} references has no candidate to leave out: others=False.")
    if np.isnan(matrix).any():
        i, j = np.argwhere(np.isnan(matrix))[0]
        raise ValueError(f"the utility of candidate {i} against reference {j} is NaN: it must be a number.")
    weight = np.ones(m) if weights is None else np.asarray(weights, dtype=float)
    if weight.shape != (m,) or not (weight >= 0).all() or not np.isfinite(weight).all() or not weight.sum() > 0:
        raise ValueError(f"weights must be {m} numbers, one a reference, none negative and not all 0; got {weights}.")
    each = np.tile(weight, (n, 1))  # N, M
    if others:
        np.fill_diagonal(each, 0.0)
    with np.errstate(invalid="ignore"):
        return (each * np.where(each > 0, matrix, 0.0)).sum(1) / each.sum(1)


def mbr(
    candidates: Sequence[C],
    utility: Utility[C] | Float[np.ndarray, "N M"],
    references: Sequence[C] | None = None,
    weights: Sequence[float | int] | None = None,
    larger_is_better: bool = True,
) -> Choice:
    """The candidate of highest expected utility against the other candidates, or against `references`.

    `utility`: a function of (candidate, reference), or the matrix of its values (row = candidate). A distance or error
    rate is minimised by `larger_is_better=False`. The first of equals is chosen; one candidate alone is chosen as it
    is. Raises ValueError for no candidates, no references, a matrix of another shape, a utility of NaN, or weights that
    leave a candidate nothing to be compared with.
    """
    against = candidates if references is None else references
    for name, side in (("candidates", candidates), ("references", against)):
        if isinstance(side, str | bytes | dict) or not (hasattr(side, "__len__") and hasattr(side, "__getitem__")):
            raise ValueError(f"{name} is of type {type(side).__name__}: give a list.")
    if not callable(utility) and np.ndim(utility) != 2:
        raise ValueError("utility must be a function of (candidate, reference), or the matrix of its values.")
    if not len(candidates) or not len(against):
        raise ValueError("there is nothing to choose from: give one candidate and one reference or more.")
    matrix = utility_matrix(candidates, against, utility) if callable(utility) else np.asarray(utility, dtype=float)
    if matrix.shape != (len(candidates), len(against)):
        raise ValueError(
            f"a utility matrix of shape {matrix.shape} does not fit {len(candidates)} candidates (rows) and "
            f"{len(against)} references (columns)."
        )
    expected = expected_utility(matrix, weights, others=references is None)
    unknown = np.flatnonzero(np.isnan(expected))
    if unknown.size and len(candidates) > 1:
        raise ValueError(
            f"the expected utility of candidate {unknown[0]} is undefined: its references have no weight, or its "
            "utilities are both infinite and minus infinite."
        )
    index = int(np.argmax(expected if larger_is_better else -expected))
    return Choice(candidates[index], index, expected)
