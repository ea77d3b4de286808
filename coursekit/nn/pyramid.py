"""The pyramidal encoder: a stack of bidirectional layers, each with half as many steps as the one below.

Chan, Jaitly, Le & Vinyals 2016, "Listen, attend and spell", section 3.1, eq. 5. A layer reads two neighbours of the one
below, side by side:

    h_i^j = BLSTM(h_{i-1}^j, [h_{2i}^{j-1}; h_{2i+1}^{j-1}])

so after n such layers a memory of ceil(T / 2^n) positions is left to look at, and each of them looks at 2^n steps. The
layer at the bottom reads every step. A sequence of odd length gets a vector of zeros as the last neighbour.

Letters: B batch, T steps, U = ceil(T / 2^n) steps of the top, I input size, H hidden size (both directions together).
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.nn.recurrent import check_input, check_lengths
from coursekit.nn.rnn import GRU, LSTM

CELLS: dict[str, Any] = {"gru": GRU, "lstm": LSTM}


class Pyramid(nn.Module):
    """One bidirectional layer, then `halvings` pyramidal ones (the paper has 3); `cell` "lstm" or "gru"."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        halvings: int = 3,
        *,
        cell: str = "lstm",
        fused: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        """`hidden_size` is that of both directions together. Without a `generator` the seed is 0."""
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"there is no cell {cell!r}: take one of {', '.join(CELLS)}.")
        if halvings < 0:
            raise ValueError(f"halvings = {halvings} is no number of layers: take 0 or more.")
        if hidden_size < 2 or hidden_size % 2:
            raise ValueError(f"hidden_size = {hidden_size} cannot be halved for two directions: take an even number.")
        generator = generator or torch.Generator().manual_seed(0)
        self.input_size, self.hidden_size, self.halvings = input_size, hidden_size, halvings
        options: dict[str, Any] = {"bidirectional": True, "fused": fused, "generator": generator}
        inputs = [input_size, *(2 * hidden_size for _ in range(halvings))]
        self.layers = nn.ModuleList(CELLS[cell](size, hidden_size // 2, **options) for size in inputs)

    def forward(
        self, x: Float[Tensor, "B T I"], lengths: Int[Tensor, " B"] | None = None
    ) -> tuple[Float[Tensor, "B U H"], Int[Tensor, " B"]]:
        """What the top layer says of every 2^n steps, and how many of these each row has: ceil(lengths / 2^n).

        Only the first `lengths` steps of a row count (all, if None); outputs beyond are 0. Raises ValueError for an
        empty sequence and lengths that are not 1 to T.
        """
        check_input(x, self.input_size, "B T I")
        if lengths is None:
            lengths = torch.full((len(x),), x.size(1), device=x.device)
        check_lengths(lengths, len(x), x.size(1))
        for i, layer in enumerate(self.layers):
            if i:
                x, lengths = halved(x, lengths)
            x, _ = layer(x, None, lengths)  # zeros beyond a row's length: the neighbour of its last step, if odd
        return x, lengths


def halved(x: Float[Tensor, "B T H"], lengths: Int[Tensor, " B"]) -> tuple[Float[Tensor, "B U G"], Int[Tensor, " B"]]:
    """Neighbours side by side, [x_0; x_1], [x_2; x_3] ...: half the steps of twice the size, G = 2 H."""
    x = F.pad(x, (0, 0, 0, x.size(1) % 2))  # an even number of steps
    return x.unflatten(1, (-1, 2)).flatten(2), (lengths + 1) // 2
