"""GPT and GPT-2: blocks of causal attention that predict the next word from all before it.

Radford, Narasimhan, Salimans & Sutskever 2018, "Improving language understanding by generative pre-training"; Radford,
Wu, Child, Luan, Amodei & Sutskever 2019, "Language models are unsupervised multitask learners":

    h_0 = E x + P,    h_l = block(h_{l-1}),    p(x_{n+1} | x_1 .. x_n) = softmax(E h_L)

    the equation   here              shape
    E              embed.weight      V, D        also the output, unless tied=False: then head.weight, V, D
    P              position.weight   C, D        one vector for each of C places
    block          blocks[l]         coursekit.nn.transformer.EncoderBlock, causal

kind="gpt": post-norm, h_L as it is. kind="gpt2": pre-norm, and a last layer norm `norm` before the output. The
published sizes: GPT has V 40,478, C 512 and 116,534,784 parameters; GPT-2 (small) V 50,257, C 1,024 and 124,439,808;
both D 768, 12 layers, 12 heads, inner width 4 D, GELU by its tanh form. How to use it: `coursekit.models.causal`.

Letters: B batch, T words, C longest context, V vocabulary, D width, H heads, d = D / H, L layers.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.causal import CausalLM, CausalState
from coursekit.models.inputs import check_sizes, check_switches, one_of
from coursekit.nn.cache import KeyValues
from coursekit.nn.drawing import linear, table
from coursekit.nn.few_rows import few_rows
from coursekit.nn.transformer import ACTIVATIONS, BlockConfig, EncoderBlock

KINDS = ("gpt", "gpt2")


@dataclass(frozen=True)
class GPTConfig:
    """`context` C; `inner` width of the feed-forward layers, 4 D if None; the rest as at the top of this file."""

    vocab_size: int
    context: int = 1024
    width: int = 768
    layers: int = 12
    heads: int = 12
    inner: int | None = None
    kind: str = "gpt2"
    activation: str = "gelu_tanh"
    dropout: float | int = 0.1
    eps: float | int = 1e-5
    tied: bool = True

    def __post_init__(self) -> None:
        check_sizes(self, "vocab_size", "context", "layers")
        one_of("kind of GPT", self.kind, KINDS)
        check_switches(self, "tied")
        self.block()

    def block(self) -> BlockConfig:
        """What its blocks are made of."""
        return BlockConfig(
            self.width,
            self.heads,
            4 * self.width if self.inner is None else self.inner,
            pre=self.kind == "gpt2",
            activation=self.activation,
            dropout=self.dropout,
            eps=self.eps,
        )


class Layer(NamedTuple):
    """The weights of a block, as `step` reads them: no module is asked again for each word."""

    attention_norm: tuple[Tensor, Tensor]
    qkv: tuple[Tensor, Tensor]
    out: tuple[Tensor, Tensor]
    feed_norm: tuple[Tensor, Tensor]
    up: tuple[Tensor, Tensor]
    down: tuple[Tensor, Tensor]


class GPT(CausalLM):
    """A language model of causal attention."""

    def __init__(self, config: GPTConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.embed, self.position = (table(n, c.width) for n in (c.vocab_size, c.context))
        self.blocks = nn.ModuleList(EncoderBlock(c.block(), generator) for _ in range(c.layers))
        self.norm = nn.LayerNorm(c.width, c.eps) if c.kind == "gpt2" else None
        self.head = None if c.tied else linear(c.width, c.vocab_size, generator, bias=False)
        self.drop = nn.Dropout(c.dropout)
        self.initialise(generator)

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Normal weights of deviation 0.02, and 0.02 / sqrt(2 L) where GPT-2 adds to the residual; zero biases.

        Drawn in float64 and then rounded: float32 draws differ in the last bit between CPUs.
        """
        small = (2 * self.config.layers) ** -0.5 if self.config.kind == "gpt2" else 1.0
        for name, p in self.named_parameters():
            if p.dim() == 2:
                std = 0.02 * (small if name.endswith(("attention.out.weight", "feed.down.weight")) else 1.0)
                p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64) * std)

    def begin(self, ids: Int[Tensor, "B T"], cache: KeyValues | None = None) -> tuple[Tensor, dict[str, Any]]:
        """E x + P."""
        x, before = self.words(ids, cache), 0 if cache is None else cache.length
        if cache is not None and cache.pad is not None:  # rows stand at places of their own
            return x + self.position(cache.positions(ids.size(1))), {}
        return x + self.position.weight[before : before + ids.size(1)], {}

    def finish(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        return x if self.norm is None else self.norm(x)

    @torch.no_grad()
    def step(self, ids: Int[Tensor, " B"], state: CausalState) -> tuple[Float[Tensor, "B V"], CausalState]:
        """One word further: the logits of the next word and the new state. `forward` is this, word by word.

        The same sums as in the blocks, written flat: with one word at a time Python itself is a third of the work.
        """
        c, cache = self.config, state.cache
        pre, activation, shape = c.kind == "gpt2", ACTIVATIONS[c.activation], (len(ids), 3, c.heads, 1, -1)
        x, mask = self.begin(ids[:, None], cache)[0][:, 0], cache.seen(1)  # B, D
        for i, w in enumerate(state.layers):
            y = F.layer_norm(x, (c.width,), w.attention_norm[0], w.attention_norm[1], c.eps) if pre else x
            q, k, v = few_rows(y, *w.qkv).view(shape).unbind(1)  # B, H, 1, d
            k, v = cache.extend(i, k, v)  # B, H, T, d
            y = F.scaled_dot_product_attention(q, k, v, mask)
            x = x + few_rows(y.view(len(ids), c.width), *w.out)
            x = x if pre else F.layer_norm(x, (c.width,), w.attention_norm[0], w.attention_norm[1], c.eps)
            y = F.layer_norm(x, (c.width,), w.feed_norm[0], w.feed_norm[1], c.eps) if pre else x
            x = x + few_rows(activation(few_rows(y, *w.up)), *w.down)
            x = x if pre else F.layer_norm(x, (c.width,), w.feed_norm[0], w.feed_norm[1], c.eps)
        return few_rows(self.finish(x), self.vectors()), state._replace(cache=cache.advance(1))

    def memory(self, batch: int, room: int, pad: Int[Tensor, " B"] | None) -> KeyValues:
        c = self.config
        return KeyValues(c.layers, batch, c.heads, c.width // c.heads, room, self.embed.weight, pad)

    @staticmethod
    def layer(block: Any) -> Layer:
        """Its weights, one after the other."""
        attention, feed = block.attention, block.feed
        parts = (block.attention_norm, attention.qkv, attention.out, block.feed_norm, feed.up, feed.down)
        return Layer(*((part.weight, part.bias) for part in parts))
