"""Batches of texts: padded, weighted, and put together by length, so that little of a batch is padding.

A batch is as long as its longest row. Of rows drawn at random, most of it is padding; of rows of like length, almost
nothing. So a round's rows come in a random order, as in `pair_batches`; a *pool* of many batches of them is sorted by
length and cut into batches; and the batches come in a random order again, or the model would meet the short rows first.

    bucketed(lengths, size=64)      batches of 64 rows at most
    bucketed(lengths, tokens=4096)  batches whose rows x longest is at most 4096 (Vaswani et al. 2017, section 5.1)

Letters: N rows in all, B rows of a batch, T words of its longest.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import index

import torch

from coursekit.train.objectives import Weighted
from coursekit.train.teaching import Taught, check, padded, taught


class Buckets:
    """`buckets(step)`: the rows of a step's batch, as numbers. A pure function of the step, as `fit` wants it.

    Every row comes once in a round before any comes again, and no batch reaches over the end of a round.
    """

    def __init__(self, lengths: Sequence[int], size: int | None, tokens: int | None, seed: int, pool: int) -> None:
        self.lengths = torch.tensor(lengths)
        self.size, self.tokens, self.seed = size, tokens or 0, seed
        each = size or max(1, round(self.tokens / float(self.lengths.double().mean())))
        self.pool = pool * each  # rows
        self.starts = [0]  # the first step of each round; by tokens, rounds differ in their number of batches
        self.kept: tuple[int, list[list[int]]] = (-1, [])  # the last round asked for

    def __call__(self, step: int) -> list[int]:
        while step >= self.starts[-1]:
            self.starts.append(self.starts[-1] + len(self.round(len(self.starts) - 1)))
        at = bisect_right(self.starts, step) - 1
        return self.round(at)[step - self.starts[at]]

    def round(self, number: int) -> list[list[int]]:
        """The batches of a round, in order."""
        if self.kept[0] != number:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
            order = torch.randperm(len(self.lengths), generator=generator)
            pools = -(-len(order) // self.pool)  # of like size, so that no batch is a small rest
            batches = [batch for rows in order.tensor_split(pools) for batch in self._cut(rows)]
            self.kept = number, [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]
        return self.kept[1]

    def _cut(self, rows: torch.Tensor) -> list[list[int]]:
        """A pool as batches of like length."""
        lengths, by_length = self.lengths[rows].sort(stable=True)
        rows = rows[by_length]
        if self.size:
            return [part.tolist() for part in rows.tensor_split(-(-len(rows) // self.size))]
        batches: list[list[int]] = []
        for row, length in zip(rows.tolist(), lengths.tolist(), strict=True):
            if not batches or (len(batches[-1]) + 1) * length > self.tokens:
                batches.append([])
            batches[-1].append(row)
        return batches


def bucketed(
    lengths: Sequence[int], *, size: int | None = None, tokens: int | None = None, seed: int = 0, pool: int = 64
) -> Buckets:
    """rows(step): which rows make the batch of a step, for rows of these `lengths`.

    `size` is the most rows of a batch, or else `tokens` the most places (rows x longest, padding too); `pool` is the
    number of batches that are sorted together: 1 sorts next to nothing, and a whole round leaves the least padding.
    Raises ValueError for no row, for sizes below 1, and for a row that is longer than `tokens`.
    """
    if not len(lengths):
        raise ValueError("there is no row to make a batch of: give at least one.")
    if (size is None) == (tokens is None):
        raise ValueError("give the size of a batch either in rows (size=) or in places (tokens=).")
    if index(pool) < 1 or index(size if size is not None else tokens or 0) < 1:
        raise ValueError(
            f"size or tokens, and pool, must be 1 or more; got {tokens if size is None else size} and {pool}."
        )
    if min(lengths) < 1:
        raise ValueError(f"row {list(lengths).index(min(lengths))} is empty: leave it out.")
    if tokens is not None and max(lengths) > tokens:
        raise ValueError(f"a row of {max(lengths)} words does not fit in {tokens} tokens: cut it, or take more.")
    return Buckets(lengths, size, tokens, seed, pool)


def bucketed_pairs(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    *,
    size: int | None = None,
    tokens: int | None = None,
    seed: int = 0,
    pool: int = 64,
    pad: int = 0,
    bos: int = 2,
    eos: int = 3,
) -> Callable[[int], Taught]:
    """batch(step) for `fit`, as `pair_batches`, of pairs of like length: the longer of the source and the target's end.

    Every pair once in each round; batches of `size` at most, and of like size.
    """
    check(sources, targets)
    lengths = [max(len(source), len(target) + 1) for source, target in zip(sources, targets, strict=True)]
    rows = bucketed(lengths, size=size, tokens=tokens, seed=seed, pool=pool)

    def batch(step: int) -> Taught:
        chosen = rows(step)
        return taught([sources[i] for i in chosen], [targets[i] for i in chosen], pad=pad, bos=bos, eos=eos)

    return batch


def bucketed_texts(
    texts: Sequence[Sequence[int]],
    *,
    size: int | None = None,
    tokens: int | None = None,
    seed: int = 0,
    pool: int = 64,
    pad: int = 0,
) -> Callable[[int], Weighted]:
    """batch(step) for `fit` and `weighted_loss`: texts of like length, each word but the first of a text a target."""
    rows = bucketed([len(text) for text in texts], size=size, tokens=tokens, seed=seed, pool=pool)
    return lambda step: weighted([texts[i] for i in rows(step)], pad=pad)


def weighted(
    rows: Sequence[Sequence[int]], weights: Sequence[Sequence[float | int]] | None = None, *, pad: int = 0
) -> Weighted:
    """Texts of ids as one batch: `pad` of weight 0 behind the shorter ones; a weight for each id, or all 1.

    Raises ValueError for no text, for a text of fewer than two words (it has no next word), for weights that are not
    as many as the words, and for those below 0.
    """
    if not len(rows) or min(map(len, rows)) < 2:
        raise ValueError("a text needs two words at least, as each is predicted from those before: leave the text out.")
    ids, lengths = padded(rows, pad)
    given = [[1.0] * len(row) for row in rows] if weights is None else weights
    if list(map(len, given)) != lengths.tolist():
        raise ValueError("the weights are not as many as the words: give each word of each text one.")
    table = torch.zeros(ids.shape)
    for line, row in zip(table, given, strict=True):
        line[: len(row)] = torch.tensor([float(w) for w in row])
    if not bool((table >= 0).all() and table.isfinite().all()):
        raise ValueError("a weight is 0 or a finite number above: 1 for a target that counts, 0 for one that does not.")
    return Weighted(ids, table)


def summaries(
    articles: Sequence[Sequence[int]], abstracts: Sequence[Sequence[int]], *, pad: int = 0, eos: int = 3
) -> Weighted:
    """A language model's lesson in summarising: ARTICLE <eos> SUMMARY <eos> <pad>, weight 1 on SUMMARY <eos> alone.

    The article's own <eos> separates the two; like the article and the padding it is given, not asked for, and so has
    the weight 0. Raises ValueError if the numbers differ, for none at all and for an empty article.
    """
    check(articles, abstracts)
    rows = [[*article, eos, *summary, eos] for article, summary in zip(articles, abstracts, strict=True)]
    known = [len(article) + 1 for article in articles]
    return weighted(rows, [[0] * n + [1] * (len(row) - n) for n, row in zip(known, rows, strict=True)], pad=pad)
