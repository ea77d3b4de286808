"""Masks: which keys a query may look at. Boolean, True where it may.

    causal(S)             S T      itself and what stands before it
    sliding(S, window)    S T      the same, and no further back than the window
    padding(lengths, T)   B T      the words of a row, not its padding
    prefix(lengths, T)    B T T    all of the prefix, and then causal (T5's "prefix LM")

Attention takes them as they broadcast to B H S T: S T as it is, B T as `mask[:, None, None]`, B T T as `mask[:, None]`.
Two conditions at once are joined by &: a padded and causal batch is `causal(T) & padding(lengths, T)[:, None, None]`.

With fewer queries than keys the queries are the last of the positions, as when a cache holds those before: query i of S
stands at T - S + i. Letters: B batch, S queries, T keys.
"""

import torch
from jaxtyping import Bool, Int
from torch import Tensor


def causal(queries: int, keys: int | None = None, device: torch.device | str | None = None) -> Bool[Tensor, "S T"]:
    """True where the key stands at the query's own position or before it. `keys` is `queries` if None."""
    return distances(queries, keys, device) >= 0


def sliding(
    queries: int, window: int, keys: int | None = None, device: torch.device | str | None = None
) -> Bool[Tensor, "S T"]:
    """Causal, and at most window - 1 positions back: `window` keys, the query's own among them.

    Child et al. 2019, "Generating long sequences with sparse transformers"; Jiang et al. 2023, "Mistral 7B".
    """
    if window < 1:
        raise ValueError(f"window = {window} leaves a query nothing to look at: take 1 (itself alone) or more.")
    back = distances(queries, keys, device)
    return (back >= 0) & (back < window)


def padding(lengths: Int[Tensor, " B"], keys: int, left: bool = False) -> Bool[Tensor, "B T"]:
    """True where row b holds one of its `lengths[b]` words; with `left` the padding stands before them."""
    check_lengths(lengths, keys)
    t = torch.arange(keys, device=lengths.device)
    return t >= keys - lengths[:, None] if left else t < lengths[:, None]


def prefix(lengths: Int[Tensor, " B"], keys: int) -> Bool[Tensor, "B T T"]:
    """True where the key stands in the prefix of `lengths[b]` positions, or not after the query.

    Raffel et al. 2020, "Exploring the limits of transfer learning", section 3.2.1.
    """
    return padding(lengths, keys)[:, None] | causal(keys, device=lengths.device)


def distances(queries: int, keys: int | None = None, device: torch.device | str | None = None) -> Int[Tensor, "S T"]:
    """How many positions a key stands before the query; negative after it."""
    keys = queries if keys is None else keys
    if not 1 <= queries <= keys:
        raise ValueError(
            f"{queries} queries and {keys} keys: there must be 1 query or more, and a key at the place of each."
        )
    s = torch.arange(keys - queries, keys, device=device)
    return s[:, None] - torch.arange(keys, device=device)


def check_lengths(lengths: Tensor, keys: int) -> None:
    """Raises ValueError unless `lengths` are whole numbers " B"; those on a CPU must lie between 0 and `keys`."""
    if not isinstance(lengths, Tensor) or lengths.dim() != 1 or lengths.dtype not in (torch.int64, torch.int32):
        got = f"{lengths.dtype} of shape {tuple(lengths.shape)}" if isinstance(lengths, Tensor) else repr(lengths)
        raise ValueError(f"lengths must be a tensor with one whole number a row; got {got}.")
    if lengths.device.type != "cpu" or not len(lengths):  # to look at a GPU's numbers is to wait for it
        return
    if int(lengths.min()) < 0 or int(lengths.max()) > keys:
        raise ValueError(
            f"lengths go from {int(lengths.min())} to {int(lengths.max())}, but a row has {keys} positions: "
            f"each length must lie between 0 and {keys}."
        )
