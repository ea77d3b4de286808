"""All cuts of a text into pieces at once: the best of them, their sums, and a drawn one.

Kudo 2018, "Subword regularization", section 3.2: a cut x = x1 .. xM has P(x) = prod p(xi). Nodes are the places between
the characters, arcs the pieces; so every sum over cuts is a walk from the left or from the right.
"""

import math
from collections.abc import Callable, Mapping
from random import Random

#: The pieces that end at each place of a text, as (start, piece, log p): all cuts of the text at once.
Lattice = list[list[tuple[int, str, float]]]


def viterbi(lattice: Lattice, rounded: Callable[[float], float] = float) -> list[tuple[int, str, float]]:
    """The cut of highest log p; of two equally good ones, the one whose last piece is longer.

    `rounded` stores each sum: SentencePiece keeps float32, which decides its ties.
    """
    best, back = [0.0], [(0, "", 0.0)]
    for arcs in lattice[1:]:
        score, last = -math.inf, (-1, "", -math.inf)
        for arc in arcs:
            total = rounded(best[arc[0]] + arc[2])
            if last[0] < 0 or total > score:
                score, last = total, arc
        best.append(score)
        back.append(last)
    cut, end = [], len(lattice) - 1
    while end > 0:
        cut.append(back[end])
        end = back[end][0]
    return cut[::-1]


def log_sum(values: list[float]) -> float:
    """log of the sum of exp; -inf of nothing."""
    if len(values) == 1:
        return values[0]
    top = max(values, default=-math.inf)
    return top if top == -math.inf else top + math.log(sum(math.exp(v - top) for v in values))


def forward(lattice: Lattice, temperature: float | int = 1.0) -> list[float]:
    """alpha[t] = log of the sum over all cuts of the first t characters of exp(log p / temperature)."""
    alpha = [0.0]
    for arcs in lattice[1:]:
        alpha.append(log_sum([alpha[start] + score / temperature for start, _, score in arcs]))
    return alpha


def backward(lattice: Lattice) -> list[float]:
    """beta[t] = log of the sum over all cuts of what follows character t."""
    after: list[list[float]] = [[] for _ in lattice]
    beta = [0.0] * len(lattice)
    for end in range(len(lattice) - 1, -1, -1):
        beta[end] = log_sum(after[end]) if end < len(lattice) - 1 else 0.0
        for start, _, score in lattice[end]:
            after[start].append(score + beta[end])
    return beta


def sample(lattice: Lattice, generator: Random, temperature: float | int = 1.0) -> list[tuple[int, str, float]]:
    """A cut drawn with probability proportional to P(x)^(1/temperature): sums forward, draws backward.

    The last piece is drawn from exp(alpha[start] + score / temperature - alpha[end]), then the one before it.
    """
    if not temperature > 0:
        raise ValueError(f"temperature = {temperature} must be above 0: small is close to the best cut, large is even.")
    alpha, end, cut = forward(lattice, temperature), len(lattice) - 1, []
    while end > 0:
        weights = [math.exp(alpha[start] + score / temperature - alpha[end]) for start, _, score in lattice[end]]
        cut.append(generator.choices(lattice[end], weights)[0])
        end = cut[-1][0]
    return cut[::-1]


def prefixes(scores: Mapping[str, float]) -> dict[str, float | None]:
    """A trie as one dictionary: every beginning of a piece, with the log p of those that are pieces."""
    table: dict[str, float | None] = {piece[:n]: None for piece in scores for n in range(1, len(piece))}
    return table | dict(scores)


def build(text: str, table: Mapping[str, float | None], unknown: float = -math.inf) -> Lattice:
    """All pieces of `table` (from `prefixes`) in `text`; a character that is no piece is one of log p `unknown`."""
    lattice: Lattice = [[] for _ in range(len(text) + 1)]
    for start in range(len(text)):
        if table.get(text[start]) is None:
            lattice[start + 1].append((start, text[start], unknown))
        for end in range(start + 1, len(text) + 1):
            piece = text[start:end]
            if piece not in table:  # no piece begins like this
                break
            if (score := table[piece]) is not None:
                lattice[end].append((start, piece, score))
    return lattice
