"""The key-value cache: what each layer has computed of the words read so far, so that a step reads one word only.

    state = KeyValues(layers, batch, kv_heads, head_size, room, like=weight, pad=None)
    for layer in ...:
        keys, values = state.extend(layer, k, v)     those of n new words: all so far, in one piece of memory
    state = state.advance(n)                         the state after them

A state never changes, as `coursekit.decode` asks: two different steps may be taken from one. It is a length and a view
on a block of memory, which later states share: extending writes behind the length. The block knows how far it is
written. A state that is extended and is not the newest (a fork) gets a block of its own, with a copy of the first
`length` positions; so does one that needs more room: twice as much, so that all copies together cost no more than the
words themselves.

Left padding: with `pad[b]` positions of padding before the words of row b, all rows end at the same place. `seen` masks
them, and `positions` counts words.

Letters: L layers, B rows, G heads of keys and values, T positions, n new ones, d size of a head.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from coursekit.nn.masks import check_lengths


class Block:
    """The memory: `numbers` L 2 B G room d, of which the first `written` positions are taken."""

    def __init__(self, numbers: Tensor, written: int = 0) -> None:
        self.numbers, self.written = numbers, written

    @property
    def room(self) -> int:
        return self.numbers.size(4)

    def copy(self, length: int, room: int, rows: Tensor | None = None) -> "Block":
        """The first `length` positions, of all rows or of `rows`, in a new block."""
        layers, two, batch, heads, _, size = self.numbers.shape
        new = self.numbers.new_empty(layers, two, batch if rows is None else len(rows), heads, room, size)
        old, into = self.numbers[..., :length, :], new[..., :length, :]
        if rows is None:
            into.copy_(old)
        else:
            torch.index_select(old, 2, rows, out=into)
        return Block(new, length)


class KeyValues:
    """Keys and values of every layer for the `length` positions read so far. See the top of this file."""

    def __init__(
        self,
        layers: int,
        batch: int,
        kv_heads: int,
        head_size: int,
        room: int,
        like: Tensor,
        pad: Int[Tensor, " B"] | None = None,
    ) -> None:
        """`room` positions to begin with, on the device and in the dtype of `like`; the first `pad` of them padding."""
        if min(layers, batch, kv_heads, head_size, room) < 1:
            sizes = f"{layers}, {batch}, {kv_heads}, {head_size}, {room}"
            raise ValueError(f"layers, batch, kv_heads, head_size and room must be 1 or more; got {sizes}.")
        if pad is not None:
            check_lengths(pad, room)
            if len(pad) != batch:
                raise ValueError(f"pad holds {len(pad)} numbers for {batch} rows: give one for each.")
            pad = pad.to(like.device) if pad.any() else None
        self.length, self.pad = 0, pad
        self.block = Block(like.new_empty(layers, 2, batch, kv_heads, room, head_size))
        self.masks: dict[int, Tensor] = {}  # those already made

    def extend(
        self, layer: int, k: Float[Tensor, "B G n d"], v: Float[Tensor, "B G n d"]
    ) -> tuple[Float[Tensor, "B G T d"], Float[Tensor, "B G T d"]]:
        """All keys and values of a layer, with those of n new words at the end, T = length + n.

        They are views: of use until the state is extended again. Layer 0 comes first, as in a forward pass. Raises
        ValueError if gradients are wanted, which do not pass through a cache.
        """
        if k.requires_grad or v.requires_grad:
            raise ValueError("no gradient passes through a cache: decode under torch.no_grad() or inference_mode().")
        if len(k) != self.block.numbers.size(2):
            raise ValueError(
                f"there are {len(k)} rows for a state of {self.block.numbers.size(2)}: select its rows first."
            )
        if layer == 0:
            self.claim(k.size(2))
        end = self.length + k.size(2)
        if end > self.block.written:
            raise ValueError(
                f"layer {layer} was extended by {k.size(2)} positions, and layer 0 was not: begin with it."
            )
        keys, values = self.block.numbers[layer, :, :, :, :end].unbind()
        keys[:, :, self.length :], values[:, :, self.length :] = k, v
        return keys, values

    def claim(self, n: int) -> None:
        """Take the n positions behind `length`; a copy of the block where they are another's or not there."""
        end, block = self.length + n, self.block
        foreign = block.numbers.is_inference() and not torch.is_inference_mode_enabled()  # torch would not write there
        if block.written > self.length or end > block.room or foreign:
            self.block = block = block.copy(self.length, block.room if end <= block.room else max(2 * block.room, end))
        block.written = end

    def advance(self, n: int) -> "KeyValues":
        """The state after the n words by which every layer was extended."""
        if self.length + n > self.block.written:
            raise ValueError(
                f"a state of {self.length} positions cannot advance by {n}: extend its layers by them first."
            )
        return self._view(self.block, self.length + n, self.pad)

    def select(self, rows: Int[Tensor, " R"]) -> "KeyValues":
        """The state whose row i is row `rows[i]` of this one: itself, where that picks each row in turn."""
        if len(rows) == self.block.numbers.size(2) and rows.device.type == "cpu" and in_turn(rows):
            return self
        pad = None if self.pad is None else self.pad.index_select(0, rows)
        return self._view(self.block.copy(self.length, self.block.room, rows), self.length, pad)

    def seen(self, n: int = 0) -> Bool[Tensor, "B 1 1 T"] | None:
        """True where a key is a word, T = length + n; None while no row is padded."""
        if self.pad is None:
            return None
        if n not in self.masks:
            t = torch.arange(self.length + n, device=self.pad.device)
            self.masks[n] = (t >= self.pad[:, None])[:, None, None]
        return self.masks[n]

    @property
    def mask(self) -> Bool[Tensor, "B T"] | None:
        """True where a key read so far is a word; None while no row is padded."""
        seen = self.seen()
        return None if seen is None else seen[:, 0, 0]

    def positions(self, n: int) -> Int[Tensor, "..."]:
        """Where the next n words stand, counted from 0 without the padding: n numbers, or B n where a row is padded."""
        t = torch.arange(self.length, self.length + n, device=self.block.numbers.device)
        return t if self.pad is None else (t - self.pad[:, None]).clamp(min=0)

    @staticmethod
    def _view(block: Block, length: int, pad: Tensor | None) -> "KeyValues":
        new = KeyValues.__new__(KeyValues)
        new.block, new.length, new.pad, new.masks = block, length, pad, {}
        return new


def in_turn(rows: Tensor) -> bool:
    return torch.equal(rows, torch.arange(len(rows), dtype=rows.dtype))
