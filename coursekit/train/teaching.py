"""Teacher forcing: batches of source and target sentences, and the loss of the next target word.

The decoder reads <bos> y_1 .. y_S and is asked for y_1 .. y_S <eos>: at each place it has the teacher's words before,
not its own. Letters: B sentence pairs, T words of the longest source, S words of the longest target with its end.
"""

from collections.abc import Callable, Sequence
from operator import index
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor, nn

from coursekit.train.objectives import Mean, refuse_smoothing


class Taught(NamedTuple):
    """One batch: `source` B T with the `lengths` B that count, what the decoder reads and what it has to say, B S."""

    source: Tensor
    lengths: Tensor
    target_in: Tensor
    target_out: Tensor


def padded(rows: Sequence[Sequence[int]], pad: int = 0) -> tuple[Int[Tensor, "B T"], Int[Tensor, " B"]]:
    """Sentences of ids as one matrix, `pad` behind the shorter ones, and their lengths. Refuses words and fractions."""
    lengths = torch.tensor([len(row) for row in rows])
    ids = torch.full((len(rows), int(lengths.max())), pad)
    for i, (line, row) in enumerate(zip(ids, rows, strict=True)):
        try:
            line[: len(row)] = torch.tensor([index(k) for k in row])
        except TypeError as error:
            raise ValueError(f"sentence {i} of the batch is not all ids ({error}): encode the words first.") from None
    return ids, lengths


def taught(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, pad: int = 0, bos: int = 2, eos: int = 3
) -> Taught:
    """The batch of these sentence pairs, given as ids without <bos> and <eos>.

    Raises ValueError if the numbers of sentences differ, for no sentence at all, and for an empty source.
    """
    check(sources, targets)
    source, lengths = padded(sources, pad)
    target_in, _ = padded([[bos, *row] for row in targets], pad)
    target_out, _ = padded([[*row, eos] for row in targets], pad)
    return Taught(source, lengths, target_in, target_out)


def pair_batches(
    sources: Sequence[Sequence[int]],
    targets: Sequence[Sequence[int]],
    size: int,
    *,
    seed: int = 0,
    pad: int = 0,
    bos: int = 2,
    eos: int = 3,
) -> Callable[[int], Taught]:
    """batch(step) for `fit`: `size` pairs, all pairs once in an order of their own before any comes again.

    A pure function of the step, so that a resumed run sees the same batches; a batch may reach over the end of a round.
    """
    check(sources, targets)
    if index(size) < 1:
        raise ValueError(f"a batch of {size} pairs teaches nothing: take 1 or more.")
    orders: dict[int, list[int]] = {}

    def row(k: int) -> int:
        round_, place = divmod(k, len(sources))
        if round_ not in orders:
            orders.clear()  # the rounds before are over
            generator = torch.Generator().manual_seed(seed * 1_000_003 + round_)
            orders[round_] = torch.randperm(len(sources), generator=generator).tolist()
        return orders[round_][place]

    def batch(step: int) -> Taught:
        rows = [row(k) for k in range(step * size, (step + 1) * size)]
        return taught([sources[i] for i in rows], [targets[i] for i in rows], pad=pad, bos=bos, eos=eos)

    return batch


def next_word_loss(pad: int = 0, smoothing: float | int = 0.0) -> Mean:
    """loss(model, batch) for `fit`: the mean of -log p over the target's words and ends, in nats, padding left out.

    `model` is called as (source, target_in, lengths) and gives logits B S V. `smoothing` of each target's probability
    is spread evenly over all V words (Szegedy 2016; Vaswani et al. 2017 take 0.1).
    """
    refuse_smoothing(smoothing)

    def loss(model: nn.Module, batch: Taught) -> Tensor:
        logits = model(batch.source, batch.target_in, batch.lengths)  # B, S, V
        return F.cross_entropy(
            logits.flatten(0, 1), batch.target_out.flatten(), ignore_index=pad, label_smoothing=smoothing
        )

    return Mean(loss, lambda batch: (batch.target_out != pad).sum())


def check(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> None:
    if len(sources) != len(targets):
        raise ValueError(f"{len(sources)} sources and {len(targets)} targets are no pairs: give one target to each.")
    if not len(sources):
        raise ValueError("there is no sentence pair: give at least one.")
    if not all(len(row) for row in sources):
        empty = next(i for i, row in enumerate(sources) if not len(row))
        raise ValueError(f"source {empty} is empty: leave the pair out.")
