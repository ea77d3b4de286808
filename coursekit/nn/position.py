"""Where a word stands: attention by itself does not know, it gives shuffled words shuffled answers.

    sinusoidal         P(t) = sin and cos of t base^(-2i/D), added to the embedding     Vaswani et al. 2017, section 3.5
    rotary             the same angles turn pairs of numbers of each query and key      Su et al. 2021, RoFormer, eq. 34
    relative buckets   a learnt number per head and bucket of distances, on the scores  Raffel et al. 2020, section 2.1
    ALiBi              minus a slope per head times the distance, on the scores         Press, Smith & Lewis 2022

(A learned table of positions is torch.nn.Embedding.) Sinusoidal and rotary know two layouts, a fixed permutation apart:

    interleaved   sin, cos, sin, cos ...       the paper's; rotary: RoFormer, GPT-J
    halves        all sines, then all cosines  tensor2tensor; rotary: LLaMA, GPT-NeoX

Angles are computed in float64 and then rounded to `dtype`. Positions are whole numbers of any shape that ends in T: one
row for all sentences, or B T where each has its own (left padding). In the biases query i of S stands at T - S + i, as
everywhere (`coursekit.nn.masks`).

Letters: B batch, S queries, T keys or positions, D width, H heads, d size of a head, half the pairs d / 2 of it.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.nn.drawing import drawn
from coursekit.nn.masks import distances

LAYOUTS = ("interleaved", "halves")


def sinusoidal(
    positions: Int[Tensor, "*B T"],
    width: int,
    layout: str = "interleaved",
    base: float | int = 1e4,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "*B T D"]:
    """sin(t base^(-2i/D)) and cos of the same, i = 0 .. D/2 - 1: bounded by 1, and another vector for each position."""
    check_layout(layout, width)
    angle = angles(positions, width, base)
    pair = angle.sin(), angle.cos()
    both = torch.stack(pair, -1).flatten(-2) if layout == "interleaved" else torch.cat(pair, -1)
    return both.to(positions.device, dtype)


def shift(
    k: int, width: int, layout: str = "interleaved", base: float | int = 1e4, dtype: torch.dtype = torch.float64
) -> Float[Tensor, "D D"]:
    """M^k, the one matrix with P(t + k) = M^k P(t) for every t: a rotation of each pair, which keeps every norm."""
    check_layout(layout, width)
    angle = angles(torch.tensor([k]), width, base)[0]
    n, i = width // 2, torch.arange(width // 2)
    sin, cos = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, i + n)
    matrix = torch.zeros(width, width, dtype=torch.float64)
    matrix[sin, sin], matrix[sin, cos] = angle.cos(), angle.sin()  # sin(a + b) = sin a cos b + cos a sin b
    matrix[cos, sin], matrix[cos, cos] = -angle.sin(), angle.cos()  # cos(a + b) = cos a cos b - sin a sin b
    return matrix.to(dtype)


def rotary(
    positions: Int[Tensor, "*B T"], size: int, base: float | int = 1e4, dtype: torch.dtype = torch.float32
) -> tuple[Float[Tensor, "*B T half"], Float[Tensor, "*B T half"]]:
    """cos and sin of t base^(-2i/d), i = 0 .. d/2 - 1, for `rotate`. `size` is d, of a head."""
    check_layout("halves", size)
    angle = angles(positions, size, base)
    return angle.cos().to(positions.device, dtype), angle.sin().to(positions.device, dtype)


def rotate(
    x: Float[Tensor, "*B T d"], cos: Float[Tensor, "*C T half"], sin: Float[Tensor, "*C T half"], layout: str = "halves"
) -> Float[Tensor, "*B T d"]:
    """Turn each pair of numbers (a, b) to (a cos - b sin, b cos + a sin): the product of a query and a key so turned
    depends on their distance alone.

    x is B H T d where cos and sin are B T d/2, of each sentence's own positions.
    """
    if cos.dim() == 3 and x.dim() == 4:
        cos, sin = cos[:, None], sin[:, None]  # all heads alike
    if layout == "halves":
        a, b = x.chunk(2, -1)
        return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)
    check_layout(layout, x.size(-1))
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, b * cos + a * sin), -1).flatten(-2)


def relative_buckets(
    queries: int,
    keys: int | None = None,
    buckets: int = 32,
    most: int = 128,
    both: bool = True,
    device: torch.device | str | None = None,
) -> Int[Tensor, "S T"]:
    """T5's bucket of each distance: half of the buckets hold one distance each, the others grow with its logarithm up
    to `most`, and the last holds all that is further. `both` keeps half of them all for the keys after the query;
    otherwise (a decoder) those keys share bucket 0 with the query's own position.
    """
    if both and buckets % 2:
        raise ValueError(
            f"buckets = {buckets} cannot be halved for the keys before and after a query: take an even one."
        )
    back = distances(queries, keys, "cpu")
    each = buckets // 2 if both else buckets
    exact = each // 2
    if not 1 <= exact < most:
        raise ValueError(
            f"buckets = {buckets} and most = {most}: {exact} distances of their own must be 1 to most - 1."
        )
    far = back.abs() if both else back.clamp(min=0)
    growth = (far.clamp(min=1).double() / exact).log() / math.log(most / exact)
    # A logarithm that falls short of a whole number by its rounding must not change the bucket.
    logarithmic = (exact + (growth * (each - exact) + 1e-9).floor().long()).clamp(max=each - 1)
    bucket = torch.where(far < exact, far, logarithmic)
    return (bucket + each * (back < 0) if both else bucket).to(device)


class RelativeBias(nn.Module):
    """T5's learnt bias: one number for each bucket and head. `weight` is buckets H, as in the published checkpoints."""

    def __init__(
        self,
        heads: int,
        buckets: int = 32,
        most: int = 128,
        both: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.buckets, self.most, self.both = buckets, most, both
        self.weight = nn.Parameter(drawn(generator or torch.Generator().manual_seed(0), buckets, heads))

    def forward(self, queries: int, keys: int | None = None) -> Float[Tensor, "H S T"]:
        where = relative_buckets(queries, keys, self.buckets, self.most, self.both, self.weight.device)
        return self.weight[where].permute(2, 0, 1)

    def extra_repr(self) -> str:
        return f"heads={self.weight.size(1)}, buckets={self.buckets}, most={self.most}, both={self.both}"


def alibi(
    heads: int,
    queries: int,
    keys: int | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
) -> Float[Tensor, "H S T"]:
    """-slope times the distance between query and key, to either side (a causal mask hides the one)."""
    slope = torch.tensor(alibi_slopes(heads), dtype=torch.float64)
    return (-slope[:, None, None] * distances(queries, keys, "cpu").abs()).to(device, dtype)


def alibi_slopes(heads: int) -> list[float]:
    """2^(-8/H), 2^(-16/H) ... 2^-8 where H is a power of 2; else those of the power of 2 below, and after them every
    second slope of twice as many heads, as the authors' code has it.
    """
    if heads < 1:
        raise ValueError(f"heads = {heads} must be 1 or more.")
    n = 2 ** (heads.bit_length() - 1)  # the power of 2 at or below
    extra = [2 ** (-8 * (i + 1) / (2 * n)) for i in range(0, 2 * (heads - n), 2)]
    return [2 ** (-8 * (i + 1) / n) for i in range(n)] + extra


def angles(positions: Tensor, width: int, base: float | int) -> Tensor:
    """t base^(-2i/D) in float64: "*B T D/2"."""
    t = positions.cpu() if positions.device.type == "mps" else positions  # which has no float64
    i = torch.arange(width // 2, dtype=torch.float64, device=t.device)
    return t[..., None].double() * base ** (-2 * i / width)


def check_layout(layout: str, width: int) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"there is no layout {layout!r}: take one of {', '.join(LAYOUTS)}.")
    if width < 2 or width % 2:
        raise ValueError(f"{width} numbers make no pairs of sine and cosine: the width must be even.")
