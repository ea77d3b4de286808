"""The blocks of a transformer: attention, then a feed-forward layer, each with a residual and a norm.

    post-norm   x = norm(x + f(x))     Vaswani et al. 2017, section 3.1; GPT-1, BERT
    pre-norm    x = x + f(norm(x))     GPT-2 and later; Xiong et al. 2020, "On layer normalization"

Weights, as torch.nn.Linear lays them out (outputs, inputs). A packed matrix holds the queries' rows first, then the
keys', then the values'; heads stand one after the other:

    attention.qkv        (H + 2 G) d, D     self-attention, of every block
    attention.out        D, H d
    attention_norm       D                  gain (and bias, for layer norm)
    cross.q              H d, D             only where `cross` is asked for: queries of the decoder ...
    cross.kv             2 G d, M           ... keys and values of the encoder
    cross.out            D, H d
    cross_norm           D
    feed.up              F, D               gated: 2 F, D, the gate's rows first (Shazeer 2020, "GLU variants")
    feed.down            D, F
    feed_norm            D

Dropout falls on attention weights and on what each of the layers adds to the residual. Attention maps are had by
`weights=True`: the layer then goes the written-out way (`coursekit.nn.scaled_dot`).

Letters: B batch, S positions of x, T of what it looks at, D width, H heads, G heads of keys and values, d size of a
head, F inner width, M width of the memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Integral, Real
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from coursekit.nn.cache import KeyValues
from coursekit.nn.drawing import linear
from coursekit.nn.norm import RMSNorm
from coursekit.nn.position import rotate
from coursekit.nn.scaled_dot import attend, written_out

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu_tanh": partial(F.gelu, approximate="tanh"),  # GPT's approximation
    "gelu": F.gelu,
    "relu": F.relu,
    "silu": F.silu,
}
NORMS = ("layer", "rms")
Rotary = tuple[Any, ...]  # cos, sin, and the layout if it is not "halves" (coursekit.nn.position)
Mask = Bool[Tensor, "..."] | None
Bias = Float[Tensor, "..."] | None


@dataclass(frozen=True)
class BlockConfig:
    """What a block is made of. `kv_heads` G (`heads` if None), `head_size` d (`width` / `heads` if None).

    `norm` "layer" or "rms"; `pre` pre-norm, else post-norm; `activation` of `ACTIVATIONS`; `gated`: its output
    multiplies a second projection; `bias` of linear layers and layer norm; `scale` of the scores, 1 / sqrt(d) if None.
    """

    width: int
    heads: int
    inner: int
    kv_heads: int | None = None
    head_size: int | None = None
    norm: str = "layer"
    pre: bool = True
    activation: str = "gelu_tanh"
    gated: bool = False
    bias: bool = True
    dropout: float | int = 0.0
    eps: float | int = 1e-5
    scale: float | int | None = None

    def __post_init__(self) -> None:
        for name in ("width", "heads", "inner", "kv_heads", "head_size"):
            size = getattr(self, name)
            if (size is not None or name in ("width", "heads", "inner")) and (
                not isinstance(size, Integral) or size < 1
            ):
                raise ValueError(f"{name} must be a whole number, 1 or more; got {size!r}.")
        if self.head_size is None and self.width % self.heads:
            raise ValueError(
                f"width {self.width} is not divided by {self.heads} heads: take another number, or give head_size."
            )
        if self.heads % self.G:
            raise ValueError(f"{self.heads} heads cannot share {self.G} kv_heads: the second must divide the first.")
        for what, value, known in (("norm", self.norm, NORMS), ("activation", self.activation, tuple(ACTIVATIONS))):
            if value not in known:
                raise ValueError(f"there is no {what} {value!r}: take one of {', '.join(known)}.")
        if not isinstance(self.eps, Real) or not 0 <= self.eps < float("inf"):
            raise ValueError(f"eps = {self.eps!r} cannot stand under the root: take a small number, such as 1e-5.")
        if not isinstance(self.dropout, Real) or not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout} is no share of the units: take 0 or more, and less than 1.")

    @property
    def d(self) -> int:
        """Size of a head."""
        return self.head_size or self.width // self.heads

    @property
    def G(self) -> int:
        """Heads of keys and values."""
        return self.kv_heads or self.heads


class Maps(NamedTuple):
    """Attention weights of a block: its own B H S S (keys of the cache too), and those of its cross-attention."""

    own: Tensor
    cross: Tensor | None = None


class SelfAttention(nn.Module):
    """Every position asks all others (that the mask lets it see)."""

    def __init__(self, config: BlockConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        c, generator = config, generator or torch.Generator().manual_seed(0)
        self.config = config
        self.qkv = linear(c.width, (c.heads + 2 * c.G) * c.d, generator, c.bias)
        self.out = linear(c.heads * c.d, c.width, generator, c.bias)

    def forward(
        self,
        x: Float[Tensor, "B S D"],
        mask: Mask = None,
        *,
        causal: bool = False,
        bias: Bias = None,
        rotary: Rotary | None = None,
        cache: KeyValues | None = None,
        layer: int = 0,
        weights: bool = False,
    ) -> Float[Tensor, "B S D"] | tuple[Float[Tensor, "B S D"], Float[Tensor, "B H S T"]]:
        """`mask`, `causal` and `bias` as in `coursekit.nn.scaled_dot`. A `cache` is extended at `layer` by these S
        words, and its padding is masked; the mask and bias given then reach over all T = cache.length + S keys.
        """
        c = self.config
        check_width("x", x, c.width)
        heads = self.qkv(x).view(*x.shape[:2], c.heads + 2 * c.G, c.d).transpose(1, 2)
        q, k, v = heads.split((c.heads, c.G, c.G), 1)  # B H S d, B G S d, B G S d
        if rotary is not None:
            q, k = rotate(q, *rotary), rotate(k, *rotary)
        if cache is not None:
            k, v = cache.extend(layer, k, v)  # B G T d
            words = cache.seen(x.size(1))
            mask = words if mask is None else mask if words is None else mask & words
        return looked(self, q, k, v, mask, bias, causal, weights)


class CrossAttention(nn.Module):
    """The decoder asks the encoder. `memory_width` M is `width` if None."""

    def __init__(
        self, config: BlockConfig, memory_width: int | None = None, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        c, generator = config, generator or torch.Generator().manual_seed(0)
        self.config, self.memory_width = config, memory_width or config.width
        self.q = linear(c.width, c.heads * c.d, generator, c.bias)
        self.kv = linear(self.memory_width, 2 * c.G * c.d, generator, c.bias)
        self.out = linear(c.heads * c.d, c.width, generator, c.bias)

    def prepare(self, memory: Float[Tensor, "B T M"]) -> tuple[Float[Tensor, "B G T d"], Float[Tensor, "B G T d"]]:
        """Keys and values: the same for every query, so a decoder projects them once for each sentence."""
        check_width("the memory", memory, self.memory_width)
        k, v = self.kv(memory).view(*memory.shape[:2], 2, self.config.G, self.config.d).permute(2, 0, 3, 1, 4)
        return k, v

    def forward(
        self,
        x: Float[Tensor, "B S D"],
        memory: Float[Tensor, "B T M"] | tuple[Float[Tensor, "B G T d"], Float[Tensor, "B G T d"]],
        mask: Mask = None,
        *,
        bias: Bias = None,
        weights: bool = False,
    ) -> Float[Tensor, "B S D"] | tuple[Float[Tensor, "B S D"], Float[Tensor, "B H S T"]]:
        """`memory` is what the encoder gave, or what `prepare` made of it; `mask` says where it holds words."""
        check_width("x", x, self.config.width)
        k, v = self.prepare(memory) if isinstance(memory, Tensor) else memory
        q = self.q(x).view(*x.shape[:2], self.config.heads, self.config.d).transpose(1, 2)  # B H S d
        return looked(self, q, k, v, mask, bias, False, weights)


class FeedForward(nn.Module):
    """down(f(up(x))), or gated down(f(gate(x)) * up(x)): at each position by itself."""

    def __init__(self, config: BlockConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        c, generator = config, generator or torch.Generator().manual_seed(0)
        self.gated, self.activation = c.gated, ACTIVATIONS[c.activation]
        self.up = linear(c.width, c.inner * (2 if c.gated else 1), generator, c.bias)
        self.down = linear(c.inner, c.width, generator, c.bias)

    def forward(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        if not self.gated:
            return self.down(self.activation(self.up(x)))
        gate, up = self.up(x).chunk(2, -1)
        return self.down(self.activation(gate) * up)


class EncoderBlock(nn.Module):
    """Self-attention and feed-forward layer. With `causal=True` it is the block of a GPT as well."""

    def __init__(self, config: BlockConfig, generator: torch.Generator | None = None) -> None:
        super().__init__()
        generator = generator or torch.Generator().manual_seed(0)
        self.config, self.pre = config, config.pre
        self.attention_norm, self.attention = norm(config), SelfAttention(config, generator)
        self.feed_norm, self.feed = norm(config), FeedForward(config, generator)
        self.drop = nn.Dropout(config.dropout)

    def forward(
        self, x: Float[Tensor, "B S D"], mask: Mask = None, *, weights: bool = False, **options: Any
    ) -> Float[Tensor, "B S D"] | tuple[Float[Tensor, "B S D"], Maps]:
        """`options` are those of `SelfAttention`: causal, bias, rotary, cache and layer."""
        check_width("x", x, self.config.width)
        x, own = self.around(self.attention_norm, self.attention, x, mask, weights=weights, **options)
        x, _ = self.around(self.feed_norm, self.feed, x)
        return (x, Maps(own)) if weights else x

    def around(self, norm: nn.Module, part: nn.Module, x: Tensor, *args: Any, **options: Any) -> tuple[Tensor, Any]:
        """Norm and residual around a part of the block; and the attention weights, if it gives them."""
        out = part(norm(x) if self.pre else x, *args, **options)
        out, maps = out if isinstance(out, tuple) else (out, None)
        x = x + self.drop(out)
        return x if self.pre else norm(x), maps


class DecoderBlock(EncoderBlock):
    """Self-attention (say `causal=True`), cross-attention if `cross`, and feed-forward layer."""

    def __init__(
        self,
        config: BlockConfig,
        cross: bool = False,
        memory_width: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        generator = generator or torch.Generator().manual_seed(0)
        super().__init__(config, generator)
        if cross:
            self.cross_norm, self.cross = norm(config), CrossAttention(config, memory_width, generator)

    def forward(
        self,
        x: Float[Tensor, "B S D"],
        mask: Mask = None,
        *,
        memory: Any = None,
        memory_mask: Mask = None,
        weights: bool = False,
        **options: Any,
    ) -> Float[Tensor, "B S D"] | tuple[Float[Tensor, "B S D"], Maps]:
        """`memory` and `memory_mask` are those of `CrossAttention`, the other options those of `SelfAttention`."""
        has_cross = hasattr(self, "cross")
        if has_cross != (memory is not None):
            raise ValueError(
                "a memory goes with cross=True: this block was made " + ("so." if has_cross else "without.")
            )
        x, own = self.around(self.attention_norm, self.attention, x, mask, weights=weights, **options)
        there = None
        if has_cross:
            x, there = self.around(self.cross_norm, self.cross, x, memory, memory_mask, weights=weights)
        x, _ = self.around(self.feed_norm, self.feed, x)
        return (x, Maps(own, there)) if weights else x


def looked(layer: Any, q: Tensor, k: Tensor, v: Tensor, mask: Mask, bias: Bias, causal: bool, weights: bool) -> Any:
    """Attention and output projection, with the attention weights if they are asked for."""
    dropout = layer.config.dropout if layer.training else 0.0
    given = q, k, v, mask, bias, dropout
    if not weights:
        context = attend(*given, causal=causal, scale=layer.config.scale)
        return layer.out(context.transpose(1, 2).flatten(2))
    context, maps = written_out(*given, causal=causal, scale=layer.config.scale)
    return layer.out(context.transpose(1, 2).flatten(2)), maps


def norm(config: BlockConfig) -> nn.Module:
    if config.norm == "rms":
        return RMSNorm(config.width, config.eps)
    return nn.LayerNorm(config.width, config.eps, bias=config.bias)


def check_width(what: str, x: Tensor, width: int) -> None:
    if x.dim() != 3 or x.size(-1) != width:
        raise ValueError(f"{what} must have the shape B T {width}, but has {tuple(x.shape)}.")
