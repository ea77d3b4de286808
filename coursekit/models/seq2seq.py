"""The recurrent encoder-decoder, with and without attention.

An encoder reads the source x_1 .. x_T into states h_1 .. h_T; a decoder, which starts from the last of them, writes the
target: it reads <bos> y_1 .. y_{S-1} and predicts y_1 .. y_S (with <eos> at its end).

    s_j = cell([E y_{j-1}; c], s_{j-1}),    p(y_j | y_<j, x) = softmax(W [s_j; E y_{j-1}; c] + b)

`context` says where the fixed context c, the encoder's last state in its last layer, is read:

    "state"     nowhere: the decoder only starts from it        Sutskever, Vinyals & Le 2014, arXiv:1409.3215
    "step"      in the input of every step
    "output"    there and in the output layer (E y_{j-1} too)   Cho et al. 2014, arXiv:1406.1078 (without its maxout)

`attention` gives step j a context c_j of its own (`coursekit.nn.attention`):

    "bahdanau"  before the step: s_{j-1} asks, and c_j stands where c stood.    Bahdanau, Cho & Bengio 2015
    "luong"     after it: s_j asks, and s~_j = tanh(W_c [c_j; s_j]) takes its place in the output layer.
                The pre-attention decoder: no step waits for attention, so under teacher forcing all steps are one call
                of the fused layer and one batched attention. Luong, Pham & Manning 2015, without input feeding (which
                would make the steps wait).

The bridge: a decoder starts from the encoder's last state, layer by layer. That of a bidirectional encoder (hidden / 2
units each way) is [forward; backward] and goes through tanh(W h), an LSTM's cell through a matrix alone. Reversing the
source (Sutskever) is done to the data. Letters: B batch, T source, S target, V target vocabulary, D width of an
embedding, H hidden units of encoder states and decoder, L layers.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.inputs import check_sizes, check_source, check_target, embedded, embedding, one_of
from coursekit.nn import GRU, LSTM
from coursekit.nn.attention import SCORES, Attention, Memory
from coursekit.nn.drawing import linear
from coursekit.nn.local_attention import LocalAttention
from coursekit.nn.masks import padding

CELLS: dict[str, Any] = {"gru": GRU, "lstm": LSTM}
CONTEXTS = ("state", "step", "output")
SPANS = ("global", "local-m", "local-p")


@dataclass(frozen=True)
class Seq2SeqConfig:
    """`span` "global", "local-m" or "local-p" with `window` positions on each side; `max_length` of source and target.

    `context`, `attention` and `score` as at the top of this file and in `coursekit.nn.attention`.
    """

    source_size: int
    target_size: int
    cell: str = "gru"
    width: int = 64
    hidden: int = 128
    layers: int = 1
    bidirectional: bool = True
    context: str = "state"
    attention: str | None = None
    score: str = "general"
    span: str = "global"
    window: int = 5
    dropout: float | int = 0.0
    max_length: int = 200

    def __post_init__(self) -> None:
        check_sizes(self, "source_size", "target_size", "width", "hidden", "layers", "window", "max_length")
        one_of("cell", self.cell, tuple(CELLS))
        one_of("context", self.context, CONTEXTS)
        one_of("attention", self.attention, (None, "bahdanau", "luong"))
        one_of("score", self.score, SCORES)
        one_of("span", self.span, SPANS)
        if self.bidirectional and self.hidden % 2:
            raise ValueError(f"hidden = {self.hidden} cannot be halved for two directions: take an even number.")
        if self.attention == "bahdanau" and self.context == "state":
            raise ValueError("Bahdanau's attention hands each step its context: take context='step' or 'output'.")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout = {self.dropout} is no share of the units: take 0 or more, and less than 1.")


class Seq2SeqState(NamedTuple):
    """Where a decoder stands, row by row: all that `step` needs to go on.

    hidden, cell    the decoder's state, L B H each (a GRU's cell: 0 B H)
    context         the fixed context c, B H
    memory          what attention looks at, of T positions (0 without attention)
    steps           words read so far, B
    weights         of the last step, B T
    """

    hidden: Tensor
    cell: Tensor
    context: Tensor
    memory: Memory
    steps: Tensor
    weights: Tensor


class Seq2Seq(nn.Module):
    """Translates a sequence of any length into another, through states of fixed size."""

    def __init__(
        self,
        config: Seq2SeqConfig,
        generator: torch.Generator | None = None,
        *,
        source_vectors: Float[Tensor, "_ _"] | None = None,
        target_vectors: Float[Tensor, "_ _"] | None = None,
        frozen: bool = False,
    ) -> None:
        """`source_vectors` and `target_vectors` (V D) are pre-trained embeddings, left as they are if `frozen`.

        `generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0.
        """
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.source_embed = embedding("source", c.source_size, c.width, source_vectors, frozen, generator)
        self.target_embed = embedding("target", c.target_size, c.width, target_vectors, frozen, generator)
        cell, ways = CELLS[c.cell], 2 if c.bidirectional else 1
        options: dict[str, Any] = {"dropout": c.dropout if c.layers > 1 else 0.0, "generator": generator}
        self.encoder = cell(c.width, c.hidden // ways, c.layers, bidirectional=c.bidirectional, **options)
        self.bridge = nn.ModuleList(
            linear(c.hidden, c.hidden, generator) for _ in range(self.encoder.states if c.bidirectional else 0)
        )
        fed = c.width + (c.hidden if c.context != "state" else 0)  # E y and, but for "state", c
        self.decoder = cell(fed, c.hidden, c.layers, **options)
        self.attention = attention(c, generator) if c.attention else None
        self.combine = linear(2 * c.hidden, c.hidden, generator, bias=False) if c.attention == "luong" else None
        self.output = linear(c.hidden + (fed if c.context == "output" else 0), c.target_size, generator)
        self.drop = nn.Dropout(c.dropout)  # before and after the layers; never on the way from step to step

    def start(self, source: Int[Tensor, "B T"], lengths: Int[Tensor, " B"] | None = None) -> Seq2SeqState:
        """Read the source, of which the first `lengths` words of a row count (all, if None); write nothing yet.

        Raises ValueError for an empty source, a row of padding alone, more than max_length words, and unknown ids.
        """
        check_source(source, lengths, self.config.max_length)
        c, B, T = self.config, *source.shape
        h, state = self.encoder(self.drop(embedded(self.source_embed, source, "source")), None, lengths)  # B, T, H
        hidden, *cell = self._bridged(state if isinstance(state, tuple) else (state,))
        context = self._joined(state[0] if isinstance(state, tuple) else state)[-1]  # B, H
        if self.attention is None:
            memory = Memory(h[:, :0], h[:, :0], h.new_zeros(B, 0, dtype=torch.bool))
        else:
            mask = None if lengths is None else padding(lengths.to(h.device), T)
            memory = self.attention.prepare(h, mask)
        weights = h.new_zeros(memory.mask.shape)
        steps = torch.zeros(B, dtype=torch.long, device=h.device)
        return Seq2SeqState(hidden, cell[0] if cell else h.new_zeros(0, B, c.hidden), context, memory, steps, weights)

    def forward(
        self,
        source: Int[Tensor, "B T"],
        target_in: Int[Tensor, "B S"],
        lengths: Int[Tensor, " B"] | None = None,
        *,
        own: float | int = 0.0,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "B S V"]:
        """The logits of the word after each of `target_in`, which begins with <bos>: teacher forcing.

        With `own` > 0, scheduled sampling (Bengio, Vinyals, Jaitly & Shazeer 2015): each word after the first is with
        that probability the model's own most probable one instead. `generator`, on the CPU, tosses the coins. No
        gradient flows through the choice.
        """
        if not own:
            return self.with_weights(source, target_in, lengths)[0]
        if not 0 < own <= 1 or generator is None:
            raise ValueError(f"own = {own} is the share of own words: it needs 0 to 1, and a generator for its coins.")
        check_target(source, target_in, self.config.max_length)
        coins = torch.rand(target_in.shape, generator=generator, dtype=torch.float64) < own
        coins, state, logits = coins.to(target_in.device), self.start(source, lengths), list[Tensor]()
        for t in range(target_in.size(1)):
            ids = torch.where(coins[:, t], logits[-1].argmax(-1), target_in[:, t]) if t else target_in[:, 0]
            y, state = self.step(ids, state)
            logits.append(y)
        return torch.stack(logits, 1)

    def with_weights(
        self, source: Int[Tensor, "B T"], target_in: Int[Tensor, "B S"], lengths: Int[Tensor, " B"] | None = None
    ) -> tuple[Float[Tensor, "B S V"], Float[Tensor, "B S T2"]]:
        """`forward`, and the attention weights: row j is what was looked at to predict the word after target_in[j].

        T2 is T, or 0 in a model without attention.
        """
        check_target(source, target_in, self.config.max_length)
        logits, weights, _ = self.advance(target_in, self.start(source, lengths))
        return logits, weights

    def step(self, ids: Int[Tensor, " B"], state: Seq2SeqState) -> tuple[Float[Tensor, "B V"], Seq2SeqState]:
        """One word further: the logits of the next word and the new state. `forward` is this, word by word."""
        logits, _, state = self.advance(ids[:, None], state)
        return logits[:, 0], state

    def select(self, state: Seq2SeqState, rows: Int[Tensor, " N"]) -> Seq2SeqState:
        """The state whose row i is row `rows[i]` of `state`: rows reordered, repeated or left out, as beams need it."""
        hidden, cell, context, memory, steps, weights = state
        return Seq2SeqState(
            hidden.index_select(1, rows),
            cell.index_select(1, rows),
            context.index_select(0, rows),
            memory.select(rows),
            steps.index_select(0, rows),
            weights.index_select(0, rows),
        )

    def advance(
        self, ids: Int[Tensor, "B S"], state: Seq2SeqState
    ) -> tuple[Float[Tensor, "B S V"], Float[Tensor, "B S T"], Seq2SeqState]:
        """S words further at once: logits, attention weights, and the state after the last word."""
        words = self.drop(embedded(self.target_embed, ids, "target"))  # B, S, D
        S, weights = ids.size(1), state.weights[:, None].expand(-1, ids.size(1), -1)  # of a model without attention
        if self.config.attention == "bahdanau":
            out, context, weights, last = self._asking_first(words, state)
        else:
            context = state.context[:, None].expand(-1, S, -1)  # B, S, H
            fed = words if self.config.context == "state" else torch.cat([words, context], -1)
            out, last = self.decoder(fed, self._cell_state(state))
        if self.attention is not None and self.combine is not None:
            seen, weights = self.attention(out, state.memory, state.steps)
            out = torch.tanh(self.combine(torch.cat([seen, out], -1)))  # s~, B, S, H
        if self.config.context == "output":
            out = torch.cat([out, words, context], -1)
        hidden, cell = last if isinstance(last, tuple) else (last, state.cell)
        state = state._replace(hidden=hidden, cell=cell, steps=state.steps + S, weights=weights[:, -1])
        return self.output(self.drop(out)), weights, state

    def _asking_first(self, words: Tensor, state: Seq2SeqState) -> tuple[Tensor, Tensor, Tensor, Any]:
        """Bahdanau's steps: outputs B S H, contexts B S H, weights B S T and the last state of the cell."""
        assert self.attention is not None
        last, query, rows = self._cell_state(state), state.hidden[-1], list[tuple[Tensor, Tensor, Tensor]]()
        for t, word in enumerate(words.unbind(1)):
            seen, weights = self.attention(query[:, None], state.memory, state.steps + t)  # B, 1, H and B, 1, T
            query, last = self.decoder.step(torch.cat([word, seen[:, 0]], -1), last)
            rows.append((query, seen[:, 0], weights[:, 0]))
        out, context, weights = (torch.stack(column, 1) for column in zip(*rows, strict=True))
        return out, context, weights, last

    def _cell_state(self, state: Seq2SeqState) -> Tensor | tuple[Tensor, Tensor]:
        return (state.hidden, state.cell) if self.config.cell == "lstm" else state.hidden

    def _joined(self, last: Tensor) -> Tensor:
        """The encoder's last state, both directions side by side: L B H."""
        return last.unflatten(0, (self.config.layers, -1)).transpose(1, 2).flatten(2)

    def _bridged(self, last: tuple[Tensor, ...]) -> list[Tensor]:
        """The decoder's first state."""
        if not self.bridge:
            return list(last)
        hidden, *cell = (layer(self._joined(part)) for layer, part in zip(self.bridge, last, strict=True))
        return [torch.tanh(hidden), *cell]


def attention(c: Seq2SeqConfig, generator: torch.Generator) -> Attention:
    """The attention that the config names; keys are the encoder's states, queries the decoder's."""
    options: dict[str, Any] = {"max_length": c.max_length, "generator": generator}
    if c.span == "global":
        return Attention(c.score, c.hidden, c.hidden, **options)
    return LocalAttention(c.score, c.hidden, c.hidden, window=c.window, predictive=c.span == "local-p", **options)
