"""A batch in parts whose gradients add up to the batch's own: for several processes, or for less memory.

Where the loss is a mean over n things, of which part k holds n_k,

    loss(batch) = sum_k n_k / n  loss(part k)

so each part's loss is scaled by its share n_k / n before the backward pass, and the gradients are added. The things are
the rows of the batch, or what the loss counts (`objectives.Mean`): words, of which some rows hold more than others.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from torch import Tensor

Part = tuple[Any, float]  # the data and its share of the loss


def parts(data: Any, number: int, loss: Callable[..., Tensor], within: tuple[int, int] = (0, 1)) -> list[Part]:
    """The rows of a batch in `number` parts of like size, each with its share of the whole loss.

    Of a batch that is shared among processes, `within` = (rank, processes) takes only this process's parts. A part that
    would be empty is the first row with the share 0. What is no tensor, and a tensor without dimensions, goes whole
    into each part. Raises ValueError where the tensors' first dimensions differ.
    """
    rank, processes = within
    if number * processes == 1:
        return [(data, 1.0)]
    rows = _rows(data)
    count = getattr(loss, "count", None)
    whole = float(count(data)) if count else rows
    first, last = _bounds(rows, processes)[rank]
    found: list[Part] = []
    for start, stop in _bounds(last - first, number):
        if stop > start:
            piece = _cut(data, first + start, first + stop)
            found.append((piece, (float(count(piece)) if count else stop - start) / (whole or 1)))
    return found or [(_cut(data, 0, 1), 0.0)]


def tensors(data: Any, name: str = "batch") -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a batch with a name: batch, batch.0, batch.mask ..."""
    if isinstance(data, Tensor):
        yield name, data
    elif isinstance(data, dict | list | tuple):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from tensors(value, f"{name}.{key}")


def mapped(data: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """`data` with every tensor in it changed."""
    if isinstance(data, Tensor):
        return change(data)
    if isinstance(data, dict):
        return {key: mapped(value, change) for key, value in data.items()}
    if hasattr(data, "_fields"):  # a named tuple, which takes its values one by one
        return type(data)(*(mapped(value, change) for value in data))
    if isinstance(data, list | tuple):
        return type(data)(mapped(value, change) for value in data)
    return data


def _rows(data: Any) -> int:
    sizes = {name: tensor.size(0) for name, tensor in tensors(data) if tensor.dim()}
    if not sizes:
        raise ValueError("a batch without a tensor cannot be taken in parts: leave accumulate at 1, and torchrun out.")
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(f"the batch's tensors differ in their number of rows ({told}): it cannot be taken in parts.")
    return next(iter(sizes.values()))


def _cut(data: Any, start: int, stop: int) -> Any:
    return mapped(data, lambda tensor: tensor[start:stop] if tensor.dim() else tensor)


def _bounds(rows: int, number: int) -> list[tuple[int, int]]:
    """Where each of `number` parts of like size begins and ends."""
    cuts = [rows * k // number for k in range(number + 1)]
    return list(pairwise(cuts))
