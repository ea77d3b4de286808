"""Transformer-XL: a language model that reads a text segment by segment and remembers the segments before.

Dai, Yang, Yang, Carbonell, Le & Salakhutdinov 2019, "Transformer-XL: attentive language models beyond a fixed-length
context". In each layer the words of a segment ask the memory and their own segment, h~ = [SG(m); h]. The memory m is
what entered this layer before, the last M positions of it; SG stops the gradient there, so a training step costs one
segment, though what is known reaches back M words a layer.

A place within the segment says nothing then: what counts is how far a key stands before its query. The score of query
i and key j, section 3.3, over sqrt(d):

    q_i k_j          what is asked, what is there
    q_i W_r R_{i-j}  what is asked, how far it is
    u k_j            what is there, whoever asks
    v W_r R_{i-j}    how far it is, whoever asks

    the equation   here                 shape
    E              embed.weight         V, D      also the output
    W_q            attention.q          H d, D
    W_k, W_v       attention.kv         2 H d, D  packed: the keys' rows first
    W_r            attention.r          H d, D    reads R, sines and cosines of a distance (halves)
    u, v           attention.u, .v      H, d

The first and the third are (q_i + u) k_j, the others (q_i + v) W_r R_{i-j}: one product with each distance, and
`shifted` puts every distance to its key (appendix B). The rest of a block is post-norm, as in
`coursekit.models.transformer`.
The published model of characters (the defaults, V 204) has 41 million parameters.

    logits, memory = model(ids, memory)              training: coursekit.train.Carried hands the memory on
    state, last = model.start(prompts, lengths)      then any decoder of coursekit.decode

Letters: B batch, S words of a segment, M of the memory, T = M + S, V vocabulary, D width, H heads, d = D / H, L layers.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from coursekit.models.causal import pushed
from coursekit.models.inputs import check_ids, check_sizes, embedded
from coursekit.models.rnn_lm import evaluating
from coursekit.nn.drawing import drawn, linear
from coursekit.nn.masks import padding
from coursekit.nn.position import sinusoidal
from coursekit.nn.scaled_dot import attend
from coursekit.nn.transformer import BlockConfig, FeedForward, norm


@dataclass(frozen=True)
class TransformerXLConfig:
    """`memory` M, the positions that are kept of each layer (0: none); `inner` width of the feed-forward layers."""

    vocab_size: int
    width: int = 512
    layers: int = 12
    heads: int = 8
    inner: int = 2048
    memory: int = 512
    dropout: float | int = 0.1
    eps: float | int = 1e-5

    def __post_init__(self) -> None:
        check_sizes(self, "vocab_size", "width", "layers")
        if self.width % 2:
            raise ValueError(f"width = {self.width} makes no pairs of sine and cosine: take an even number.")
        if self.memory != 0:
            check_sizes(self, "memory")
        self.block()

    def block(self) -> BlockConfig:
        """What its blocks are made of."""
        sizes = {"dropout": self.dropout, "eps": self.eps}
        return BlockConfig(self.width, self.heads, self.inner, pre=False, activation="relu", **sizes)  # type: ignore[arg-type]


class TransformerXLState(NamedTuple):
    """Where a decoder stands: the memory L B M D, and where it holds words, B M (None: everywhere)."""

    memory: Tensor
    words: Tensor | None


class RelativeAttention(nn.Module):
    """Attention whose scores know distances, not places."""

    def __init__(self, config: BlockConfig, generator: torch.Generator) -> None:
        super().__init__()
        D, self.heads, self.dropout = config.width, config.heads, config.dropout
        self.q, self.kv, self.r, self.out = (linear(D, n * D, generator, bias=False) for n in (1, 2, 1, 1))
        self.u, self.v = (nn.Parameter(drawn(generator, config.heads, config.d)) for _ in range(2))

    def forward(
        self,
        x: Float[Tensor, "B S D"],
        memory: Float[Tensor, "B M D"],
        distances: Float[Tensor, "T D"],
        mask: Bool[Tensor, "B 1 1 T"] | None = None,
    ) -> Float[Tensor, "B S D"]:
        """`distances` holds R of the distances T - 1 .. 0, the furthest first as the keys stand."""
        q = self.q(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)  # B, H, S, d
        both = torch.cat([memory, x], 1)  # B, T, D
        k, v = self.kv(both).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)  # B, H, T, d
        r = self.r(distances).unflatten(-1, (self.heads, -1)).transpose(0, 1)  # H, T, d
        u, v_ = self.u[:, None], self.v[:, None]  # H, 1, d
        far = shifted((q + v_) @ r.mT) * q.size(-1) ** -0.5  # B, H, S, T
        seen = attend(q + u, k, v, mask, far, self.dropout if self.training else 0.0, causal=True)
        return self.out(seen.transpose(1, 2).flatten(2))


def shifted(x: Float[Tensor, "B H S T"]) -> Float[Tensor, "B H S T"]:
    """Row i moved S - 1 - i places to the left: from "column c is distance T - 1 - c" to "column j is key j".

    Query i stands at T - S + i, so that key j is T - S + i - j before it. The rows lie one behind the other in memory:
    put one more number before each, read the S (T + 1) numbers as rows of S, leave out the first of these, and read
    the rest as rows of T. What comes in from the right belongs to keys after the query, and is masked.

        x of S = 2, T = 3      with a 0 before each      read as rows of 2      without the first, as rows of 3
        a b c                  0 a b c                   0 a, b c, 0 d, e f     b c 0
        d e f                  0 d e f                                          d e f
    """
    B, H, S, T = x.shape
    return F.pad(x, (1, 0)).view(B, H, T + 1, S)[:, :, 1:].reshape(B, H, S, T)


class Block(nn.Module):
    """Attention and feed-forward layer, each with a residual and then a norm."""

    def __init__(self, config: BlockConfig, generator: torch.Generator) -> None:
        super().__init__()
        self.attention, self.attention_norm = RelativeAttention(config, generator), norm(config)
        self.feed, self.feed_norm = FeedForward(config, generator), norm(config)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, memory: Tensor, distances: Tensor, mask: Tensor | None) -> Float[Tensor, "B S D"]:
        x = self.attention_norm(x + self.drop(self.attention(x, memory, distances, mask)))
        return self.feed_norm(x + self.drop(self.feed(x)))


class TransformerXL(nn.Module):
    """Predicts the next word from its segment and from a memory of the segments before."""

    def __init__(self, config: TransformerXLConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.embed = nn.Embedding(c.vocab_size, c.width, _weight=drawn(generator, c.vocab_size, c.width))
        self.blocks = nn.ModuleList(Block(c.block(), generator) for _ in range(c.layers))
        self.drop = nn.Dropout(c.dropout)

    def initial_state(self, batch: int) -> Float[Tensor, "L B 0 D"]:
        """The memory before the first word: nothing."""
        return self.embed.weight.new_zeros(self.config.layers, batch, 0, self.config.width)

    def forward(
        self,
        ids: Int[Tensor, "B S"],
        memory: Float[Tensor, "L B M D"] | None = None,
        words: Bool[Tensor, "B T"] | None = None,
    ) -> tuple[Float[Tensor, "B S V"], Float[Tensor, "L B N D"]]:
        """The logits of the word after each of `ids`, and the memory for the next segment, without its gradient.

        `words` is False where memory and segment hold padding. Raises ValueError for an empty sequence, ids outside
        the vocabulary and the memory of another batch.
        """
        check_ids(ids)
        memory = self.initial_state(len(ids)) if memory is None else memory
        self.check(ids, memory)
        T = memory.size(2) + ids.size(1)
        x = self.drop(embedded(self.embed, ids) * self.config.width**0.5)  # B, S, D
        far = torch.arange(T - 1, -1, -1, device=x.device)
        distances = self.drop(sinusoidal(far, self.config.width, "halves", dtype=x.dtype))  # T, D
        mask, entered = None if words is None else words[:, None, None], []
        for block, before in zip(self.blocks, memory, strict=True):
            entered.append(x)
            x = block(x, before, distances, mask)
        kept = torch.cat([memory, torch.stack(entered)], 2)[:, :, max(0, T - self.config.memory) :]  # L, B, N, D
        return F.linear(x, self.embed.weight), kept.detach()

    @torch.no_grad()
    def start(
        self, ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"] | None = None
    ) -> tuple[TransformerXLState, Int[Tensor, " B"]]:
        """Read all but the last word of each prompt; the state after it, and these last words, which `step` reads next.

        Prompts of unequal `lengths` stand at the left of `ids`; here they move to the right, and what stands before
        them is masked.
        """
        check_ids(ids)
        state = TransformerXLState(self.initial_state(len(ids)), None)
        self.check(ids, state.memory)
        if lengths is not None:
            ids = pushed(ids, lengths)
            words = padding(lengths.to(ids.device), ids.size(1), left=True)
            state = state._replace(words=words[:, :0])
        if ids.size(1) > 1:
            with evaluating(self):
                state = self.read(ids[:, :-1], state, None if lengths is None else words[:, :-1])[1]
        return state, ids[:, -1]

    @torch.no_grad()
    def step(
        self, ids: Int[Tensor, " B"], state: TransformerXLState
    ) -> tuple[Float[Tensor, "B V"], TransformerXLState]:
        """One word further: the logits of the next word and the new state, which looks M words back."""
        new = None if state.words is None else torch.ones_like(ids, dtype=torch.bool)[:, None]
        logits, state = self.read(ids[:, None], state, new)
        return logits[:, 0], state

    def select(self, state: TransformerXLState, rows: Int[Tensor, " R"]) -> TransformerXLState:
        """The state whose row i is row `rows[i]` of `state`: rows reordered, repeated or left out, as beams need it."""
        words = None if state.words is None else state.words.index_select(0, rows)
        return TransformerXLState(state.memory.index_select(1, rows), words)

    def read(
        self, ids: Tensor, state: TransformerXLState, new: Tensor | None
    ) -> tuple[Float[Tensor, "B S V"], TransformerXLState]:
        """One segment further, of which `new` says what is no padding."""
        words = None if state.words is None or new is None else torch.cat([state.words, new], 1)
        logits, memory = self(ids, state.memory, words)
        return logits, TransformerXLState(memory, None if words is None else words[:, words.size(1) - memory.size(2) :])

    def check(self, ids: Tensor, memory: Tensor) -> None:
        if not ids.numel():
            raise ValueError("there is no word to read: begin the sequence with the first word or an end token.")
        c, shape = self.config, tuple(memory.shape)
        if shape[:2] + shape[3:] != (c.layers, len(ids), c.width):
            raise ValueError(
                f"the memory has the shape {shape}, and must be {c.layers} layers, {len(ids)} rows, any number of "
                f"positions, width {c.width}: begin each batch with initial_state({len(ids)})."
            )
