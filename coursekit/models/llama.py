"""LLaMA: a decoder of rotary positions, RMS norms, gated feed-forward layers and grouped queries.

Touvron et al. 2023, "LLaMA: open and efficient foundation language models", arXiv:2302.13971, section 2.2; "Llama 2",
arXiv:2307.09288 (grouped queries, of Ainslie et al. 2023). Beside GPT-2 (`coursekit.models.gpt`):

    GPT-2                         here
    learnt places, added to E x   queries and keys turned by their place, in every layer (Su et al. 2021)
    layer norm                    RMS norm: no mean, no bias (Zhang & Sennrich 2019)
    down(gelu(up x))              down(silu(gate x) * up x) (Shazeer 2020)
    H heads of keys and values    G, each shared by H / G heads of queries: a smaller cache
    biases, tied output           none of either (`tied=True` as in the smallest Llama 3.2)

    the model   here            shape
    E           embed.weight    V, D
    block       blocks[l]       coursekit.nn.transformer.EncoderBlock, causal
    output      head.weight     V, D

How to use it: `coursekit.models.causal`. Letters: B batch, T words, C longest context, V vocabulary, D width, H heads,
G heads of keys and values, d size of a head, F inner width, L layers.
"""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.causal import CausalLM, CausalState
from coursekit.models.inputs import check_sizes, check_switches
from coursekit.nn.cache import KeyValues
from coursekit.nn.drawing import linear, table
from coursekit.nn.few_rows import few_rows
from coursekit.nn.position import rotary, rotate
from coursekit.nn.scaled_dot import attend
from coursekit.nn.transformer import ACTIVATIONS, BlockConfig, EncoderBlock, norm


@dataclass(frozen=True)
class LlamaConfig:
    """Defaults: the first model of 7 B. `inner` F, `kv_heads` G (`heads` if None), `head_size` d (D / H if None)."""

    vocab_size: int
    context: int = 2048
    width: int = 4096
    layers: int = 32
    heads: int = 32
    kv_heads: int | None = None
    head_size: int | None = None
    inner: int = 11008
    activation: str = "silu"
    eps: float | int = 1e-6
    base: float | int = 10_000.0
    tied: bool = False

    def __post_init__(self) -> None:
        check_sizes(self, "vocab_size", "context", "layers")
        check_switches(self, "tied")
        if not isinstance(self.base, Real) or not 1 < self.base < math.inf:
            raise ValueError(f"base = {self.base!r} turns nothing: take a number above 1, such as 10,000.")
        if self.block().d % 2:
            raise ValueError(f"a head of {self.block().d} numbers cannot be turned in pairs: make its size even.")

    def block(self) -> BlockConfig:
        """What its blocks are made of."""
        return BlockConfig(
            self.width,
            self.heads,
            self.inner,
            self.kv_heads,
            self.head_size,
            norm="rms",
            activation=self.activation,
            gated=True,
            bias=False,
            eps=self.eps,
        )


class Layer(NamedTuple):
    """The weights of a block, as `step` reads them."""

    attention_norm: Tensor
    qkv: Tensor
    out: Tensor
    feed_norm: Tensor
    up: Tensor
    down: Tensor


class Llama(CausalLM):
    """A language model of causal attention that is turned by distance."""

    def __init__(self, config: LlamaConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.embed = table(c.vocab_size, c.width)
        self.blocks = nn.ModuleList(EncoderBlock(c.block(), generator) for _ in range(c.layers))
        self.norm, self.drop = norm(c.block()), nn.Identity()
        self.head = None if c.tied else linear(c.width, c.vocab_size, generator, bias=False)
        with torch.no_grad():
            for p in self.parameters():
                if p.dim() == 2:
                    p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * 0.02)

    def begin(self, ids: Int[Tensor, "B T"], cache: KeyValues | None = None) -> tuple[Tensor, dict[str, Any]]:
        """E x, and the angles by which queries and keys are turned."""
        x = self.words(ids, cache)
        places = torch.arange(ids.size(1), device=x.device) if cache is None else cache.positions(ids.size(1))
        return x, {"rotary": rotary(places, self.config.block().d, self.config.base, x.dtype)}

    def finish(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        return self.norm(x)

    @torch.no_grad()
    def step(self, ids: Int[Tensor, " B"], state: CausalState) -> tuple[Float[Tensor, "B V"], CausalState]:
        """One word further: the logits of the next word and the new state. `forward` is this, word by word.

        The same sums as in the blocks, written flat, as in GPT.
        """
        c, cache, block = self.config, state.cache, self.config.block()
        B, activation, parts = len(ids), ACTIVATIONS[c.activation], (c.heads, block.G, block.G)
        x, options = self.begin(ids[:, None], cache)
        x, turn, mask = x[:, 0], options["rotary"], cache.seen(1)  # x: B, D
        for i, w in enumerate(state.layers):
            y = F.rms_norm(x, (c.width,), w.attention_norm, c.eps)
            q, k, v = few_rows(y, w.qkv).view(B, -1, 1, block.d).split(parts, 1)  # B, H, 1, d and B, G, 1, d
            k, v = cache.extend(i, rotate(k, *turn), v)  # B, G, T, d
            x = x + few_rows(attend(rotate(q, *turn), k, v, mask).view(B, -1), w.out)
            gate, up = few_rows(F.rms_norm(x, (c.width,), w.feed_norm, c.eps), w.up).chunk(2, -1)
            x = x + few_rows(activation(gate) * up, w.down)
        return few_rows(self.finish(x), self.vectors()), state._replace(cache=cache.advance(1))

    def memory(self, batch: int, room: int, pad: Int[Tensor, " B"] | None) -> KeyValues:
        block = self.config.block()
        return KeyValues(self.config.layers, batch, block.G, block.d, room, self.embed.weight, pad)

    @staticmethod
    def layer(block: Any) -> Layer:
        """Its weights, one after the other."""
        attention, feed = block.attention, block.feed
        parts = (block.attention_norm, attention.qkv, attention.out, block.feed_norm, feed.up, feed.down)
        return Layer(*(part.weight for part in parts))
