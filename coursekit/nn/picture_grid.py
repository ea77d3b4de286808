"""Pictures as a grid of cells: a convolutional network gives one annotation vector for each of them.

For the captioner (coursekit.models.captioner). Letters: B batch, T = grid x grid cells, row after row, Z channels of an
annotation vector, A channels of a key.
"""

from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.nn.drawing import drawn

SIDE = 32  # pixels
GRIDS = (16, 8, 4)  # after 1, 2, 3 halvings


class PictureGrid(nn.Module):
    """A picture to a grid of annotation vectors, row after row, and to the keys by which attention finds them.

    Each halving is a convolution of 4 x 4 pixels with stride 2, so a cell's field of vision lies evenly around the
    cell. Then each cell is told where it is (its x and y, from -1 to 1) and a layer, which sees one cell alone, mixes.
    The keys are the annotation vectors, or with `own_keys` what a convolution sees in the pixels of each cell alone,
    and its place.
    """

    def __init__(self, grid: int, channels: int, own_keys: bool, generator: torch.Generator) -> None:
        super().__init__()
        sizes = [3, *(channels for _ in range(GRIDS.index(grid) + 1))]
        self.halvings = nn.ModuleList(convolution(a, b, 4, 2, generator) for a, b in pairwise(sizes))
        self.mix = convolution(channels + 2, channels, 1, 1, generator)
        self.own = convolution(3, channels, SIDE // grid, SIDE // grid, generator) if own_keys else None
        across = (torch.arange(grid) + 0.5) * 2 / grid - 1
        self.register_buffer("place", torch.stack(torch.meshgrid(across, across, indexing="xy")), persistent=False)

    place: Tensor  # 2, grid, grid

    def forward(self, pictures: Float[Tensor, "B 3 32 32"]) -> tuple[Float[Tensor, "B T Z"], Float[Tensor, "B T A"]]:
        """The annotation vectors, and the keys."""
        x = pictures
        for layer in self.halvings:
            x = torch.relu(layer(x))  # B, Z, side, side
        values = torch.relu(self.mix(self._placed(x))).flatten(2).mT
        return values, values if self.own is None else self._placed(torch.relu(self.own(pictures))).flatten(2).mT

    def _placed(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.place.to(x.dtype).expand(len(x), -1, -1, -1)], 1)


def grid_boxes(grid: int) -> Int[Tensor, "T 4"]:
    """The pixels of each position: left, top, right, bottom (the last two just outside), y downwards."""
    size = SIDE // grid
    left, top = (torch.arange(grid**2) % grid) * size, (torch.arange(grid**2) // grid) * size
    return torch.stack([left, top, left + size, top + size], 1)


def as_floats(pictures: Tensor, like: Tensor) -> Tensor:
    """Pictures from -1 to 1, in the precision of `like`."""
    if not isinstance(pictures, Tensor) or pictures.shape[1:] != (3, SIDE, SIDE) or not len(pictures):
        got = tuple(pictures.shape) if isinstance(pictures, Tensor) else type(pictures).__name__
        hint = "; channels come first: .permute(0, 3, 1, 2)" if got[1:] == (SIDE, SIDE, 3) else ""
        raise ValueError(f"pictures must be a tensor of shape B 3 {SIDE} {SIDE}; got {got}{hint}.")
    if pictures.dtype == torch.uint8:
        return pictures.to(like.dtype) * (2 / 255) - 1
    if not pictures.is_floating_point():
        kind = str(pictures.dtype).removeprefix("torch.")
        raise ValueError(f"pictures must be uint8 from 0 to 255 or floating point from 0 to 1; got {kind}.")
    low, high = pictures.min().item(), pictures.max().item()
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"pictures of floating point go from 0 to 1, these from {low:.3g} to {high:.3g}: divide first."
        )
    return pictures.to(like.dtype) * 2 - 1


def convolution(inputs: int, outputs: int, size: int, step: int, generator: torch.Generator) -> nn.Conv2d:
    """`size` x `size` pixels, evenly around each `step` x `step` of them; variance 2 / fan-in (He et al. 2015)."""
    layer = nn.Conv2d(inputs, outputs, size, stride=step, padding=(size - step) // 2)
    with torch.no_grad():
        layer.weight.copy_(drawn(generator, outputs, inputs * size**2).view_as(layer.weight) * 2**0.5)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer
