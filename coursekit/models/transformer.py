"""The transformer: an encoder-decoder of attention alone.

Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser & Polosukhin 2017, "Attention is all you need". An encoder
reads the source x_1 .. x_T into h_1 .. h_T, every word looking at every other; a decoder reads <bos> y_1 .. y_{S-1},
each word looking at those before it and at all h, and predicts y_1 .. y_S (with <eos> at its end):

    h = encoder(E x sqrt(D) + P),    p(y_j | y_<j, x) = softmax(E' decoder(E' y_<j sqrt(D) + P, h))

    the equation   here                      shape
    E              source_embed.weight       V, D
    E'             target_embed.weight       V', D      E itself with `shared=True`: one vocabulary for both languages
    output         E', or head.weight        V', D      a matrix of its own with `tied=False`
    P              coursekit.nn.position     T, D       sines and cosines: nothing to learn
    encoder        encoder[l]                coursekit.nn.transformer.EncoderBlock
    decoder        decoder[l]                coursekit.nn.transformer.DecoderBlock, with cross-attention

The base model of the paper (the defaults): 6 + 6 blocks, D 512, 8 heads of 64, inner width 2,048, post-norm, ReLU, one
vocabulary of 37,000: 63,082,496 parameters. `pre=True` is the pre-norm of later models, with a norm at the end of each
stack. Dropout falls in three places: on E x sqrt(D) + P, on what each layer adds to the residual, and on the attention
weights (as in the authors' code).

    logits = model(source, target_in, lengths)            teacher forcing: all words of the target at once
    state = model.start(source, lengths)                  reads the source, once
    greedy(model, state, bos=bos, eos=eos, ...)           any decoder of coursekit.decode, with a key-value cache

Letters: B batch, T source, S target, V target vocabulary, D width, H heads, d = D / H, L blocks of each stack.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from coursekit.models.inputs import check_sizes, check_source, check_switches, check_target, embedded
from coursekit.models.rnn_lm import evaluating
from coursekit.nn.cache import KeyValues
from coursekit.nn.drawing import drawn, linear
from coursekit.nn.masks import padding
from coursekit.nn.position import sinusoidal
from coursekit.nn.transformer import BlockConfig, DecoderBlock, EncoderBlock, norm


@dataclass(frozen=True)
class TransformerConfig:
    """`layers` of each stack; `inner` width of the feed-forward layers, 4 D if None; `max_length` of source and target.

    `pre`, `tied` and `shared` as at the top of this file.
    """

    source_size: int
    target_size: int
    width: int = 512
    layers: int = 6
    heads: int = 8
    inner: int | None = None
    dropout: float | int = 0.1
    pre: bool = False
    tied: bool = True
    shared: bool = False
    activation: str = "relu"
    eps: float | int = 1e-5
    max_length: int = 512

    def __post_init__(self) -> None:
        check_sizes(self, "source_size", "target_size", "width", "layers", "max_length")
        check_switches(self, "pre", "tied", "shared")
        if self.width % 2:
            raise ValueError(f"width = {self.width} makes no pairs of sine and cosine: take an even number.")
        if self.shared and self.source_size != self.target_size:
            raise ValueError(
                f"shared embeddings need one vocabulary, but the sizes are {self.source_size} and {self.target_size}: "
                "build it from both languages, or take shared=False."
            )
        self.block()

    def block(self) -> BlockConfig:
        """What its blocks are made of."""
        return BlockConfig(
            self.width,
            self.heads,
            4 * self.width if self.inner is None else self.inner,
            pre=self.pre,
            activation=self.activation,
            dropout=self.dropout,
            eps=self.eps,
        )


class TransformerState(NamedTuple):
    """Where a decoder stands, row by row: all that `step` needs to go on.

    cache      own keys and values of the words written so far
    memory     keys and values of the source, B H T d each, of every decoder block: projected once
    mask       where the source has words, B 1 1 T; None: everywhere
    sentence   which source a row translates, B
    """

    cache: KeyValues
    memory: tuple[tuple[Tensor, Tensor], ...]
    mask: Tensor | None
    sentence: Tensor


class Everything(NamedTuple):
    """What `everything` gives.

    logits          B S V
    source_hidden   what enters the encoder and leaves each of its blocks (the last one with its norm), B T D each
    target_hidden   the same of the decoder, B S D each
    encoder         attention weights of each block, B H T T each
    own             of the decoder's self-attention, B H S S each
    cross           of its cross-attention, B H S T each: row j is where it looks to predict the word after target_in[j]
    """

    logits: Tensor
    source_hidden: list[Tensor]
    target_hidden: list[Tensor]
    encoder: list[Tensor]
    own: list[Tensor]
    cross: list[Tensor]


class Transformer(nn.Module):
    """Translates a sequence into another; every word sees all others that it may see, however far."""

    def __init__(self, config: TransformerConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0.

        All matrices have variance 1 / fan-in, and so have the embeddings: times sqrt(D) they are of size 1, like P.
        """
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.source_embed = nn.Embedding(c.source_size, c.width, _weight=drawn(generator, c.source_size, c.width))
        self.target_embed = (
            None if c.shared else nn.Embedding(c.target_size, c.width, _weight=drawn(generator, c.target_size, c.width))
        )
        self.encoder = nn.ModuleList(EncoderBlock(c.block(), generator) for _ in range(c.layers))
        self.decoder = nn.ModuleList(DecoderBlock(c.block(), cross=True, generator=generator) for _ in range(c.layers))
        self.source_norm, self.target_norm = (norm(c.block()) if c.pre else nn.Identity() for _ in range(2))
        self.head = None if c.tied else linear(c.width, c.target_size, generator, bias=False)
        self.drop = nn.Dropout(c.dropout)

    def forward(
        self, source: Int[Tensor, "B T"], target_in: Int[Tensor, "B S"], source_lengths: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B S V"]:
        """The logits of the word after each of `target_in`, which begins with <bos>: teacher forcing.

        Of a row of the source the first `source_lengths` words count (all, if None). The decoder is causal: padding
        behind the words of a target reaches none of them. Raises ValueError for an empty side, a row of padding alone,
        more than max_length words, and unknown ids.
        """
        check_target(source, target_in, self.config.max_length)
        memory, mask = self.encode(source, source_lengths)
        x = self.placed(target_in, "target")
        for block in self.decoder:
            x = block(x, causal=True, memory=memory, memory_mask=mask)
        return self.output(x)

    def encode(
        self, source: Int[Tensor, "B T"], lengths: Int[Tensor, " B"] | None = None
    ) -> tuple[Float[Tensor, "B T D"], Bool[Tensor, "B 1 1 T"] | None]:
        """h_1 .. h_T, and where they stand for words: None where no `lengths` are given."""
        mask = self.words(source, lengths)
        x = self.placed(source, "source")
        for block in self.encoder:
            x = block(x, mask)
        return self.source_norm(x), mask

    def everything(
        self, source: Int[Tensor, "B T"], target_in: Int[Tensor, "B S"], lengths: Int[Tensor, " B"] | None = None
    ) -> Everything:
        """Logits, hidden states and attention weights, by the way that is written out."""
        check_target(source, target_in, self.config.max_length)
        mask = self.words(source, lengths)
        h, x = [self.placed(source, "source")], [self.placed(target_in, "target")]
        encoder, decoder = [], []
        for block in self.encoder:
            out, maps = block(h[-1], mask, weights=True)
            h.append(out)
            encoder.append(maps.own)
        h[-1] = self.source_norm(h[-1])
        for block in self.decoder:
            out, maps = block(x[-1], causal=True, memory=h[-1], memory_mask=mask, weights=True)
            x.append(out)
            decoder.append(maps)
        logits = self.output(x[-1])
        x[-1] = self.target_norm(x[-1])
        return Everything(logits, h, x, encoder, [m.own for m in decoder], [m.cross for m in decoder])

    @torch.no_grad()
    def start(
        self, source: Int[Tensor, "B T"], lengths: Int[Tensor, " B"] | None = None, room: int = 64
    ) -> TransformerState:
        """Read the source; write nothing yet. `room` words can be written before memory grows. No dropout."""
        with evaluating(self):
            memory, mask = self.encode(source, lengths)
        c, B = self.config, len(source)
        cache = KeyValues(c.layers, B, c.heads, c.width // c.heads, room, memory)
        prepared = tuple(block.cross.prepare(memory) for block in self.decoder)  # type: ignore[operator,union-attr]
        return TransformerState(cache, prepared, mask, torch.arange(B, device=memory.device))

    @torch.no_grad()
    def step(self, ids: Int[Tensor, " B"], state: TransformerState) -> tuple[Float[Tensor, "B V"], TransformerState]:
        """One word further: the logits of the next word and the new state. `forward` is this, word by word."""
        cache = state.cache
        if cache.length >= self.config.max_length:
            raise ValueError(
                f"the target has {cache.length} words, the limit of this model: decode with a smaller max_length."
            )
        x = self.placed(ids[:, None], "target", cache.length)
        for i, (block, memory) in enumerate(zip(self.decoder, state.memory, strict=True)):
            x = block(x, memory=memory, memory_mask=state.mask, causal=True, cache=cache, layer=i)
        return self.output(x)[:, 0], state._replace(cache=cache.advance(1))

    def select(self, state: TransformerState, rows: Int[Tensor, " R"]) -> TransformerState:
        """The state whose row i is row `rows[i]` of `state`: rows reordered, repeated or left out, as beams need it.

        What was read of the source is copied only where a row changes its source: beams change places in a sentence.
        """
        cache, sentence = state.cache.select(rows), state.sentence.index_select(0, rows)
        if torch.equal(sentence, state.sentence):
            return state._replace(cache=cache)
        memory = tuple((k.index_select(0, rows), v.index_select(0, rows)) for k, v in state.memory)
        mask = None if state.mask is None else state.mask.index_select(0, rows)
        return TransformerState(cache, memory, mask, sentence)

    def placed(self, ids: Int[Tensor, "B N"], side: str, first: int = 0) -> Float[Tensor, "B N D"]:
        """E x sqrt(D) + P of words that stand at `first` and behind it."""
        embed = self.source_embed if side == "source" or self.target_embed is None else self.target_embed
        x = embedded(embed, ids, side) * self.config.width**0.5
        places = torch.arange(first, first + ids.size(1), device=x.device)
        return self.drop(x + sinusoidal(places, self.config.width, dtype=x.dtype))

    def output(self, x: Float[Tensor, "B S D"]) -> Float[Tensor, "B S V"]:
        """Logits, by the target's embeddings again unless the model has a head of its own."""
        last = self.head or self.target_embed or self.source_embed
        return F.linear(self.target_norm(x), last.weight)

    def words(self, source: Tensor, lengths: Tensor | None) -> Bool[Tensor, "B 1 1 T"] | None:
        """Where the source has words, after a look at it."""
        check_source(source, lengths, self.config.max_length)
        return None if lengths is None else padding(lengths.to(source.device), source.size(1))[:, None, None]
