"""What decoder-only models share: reading a prompt, keeping their state, and one sentence for each bad input.

    logits = model(ids)                                     training, scoring
    state, last = model.start(prompts, lengths)             a prompt, read in one pass
    greedy(model, state, bos=last, eos=eos, ...)            any decoder of coursekit.decode

Letters: B batch, T words, V vocabulary, D width.
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.inputs import check_ids, embedded
from coursekit.models.rnn_lm import evaluating
from coursekit.nn.cache import KeyValues
from coursekit.nn.linear_cross_entropy import linear_cross_entropy
from coursekit.nn.masks import padding


class CausalState(NamedTuple):
    """Where a decoder stands: keys and values of the words read so far, and the weights of all blocks for `step`."""

    cache: KeyValues
    layers: tuple[Any, ...]


class Everything(NamedTuple):
    """What `everything` gives.

    logits   B T V
    hidden   h_0 to h_L, B T D each; the last one with its norm, as transformers' hidden_states
    maps     attention weights of each layer, B H T T each
    """

    logits: Tensor
    hidden: list[Tensor]
    maps: list[Tensor]


class CausalLM(nn.Module):
    """A language model whose words see those before them. A model adds what is its own: `begin`, `finish`,
    `memory`, `layer` and `step`.
    """

    config: Any  # has vocab_size and context
    embed: nn.Embedding
    blocks: nn.ModuleList
    head: nn.Linear | None  # None: the embeddings are the output layer too
    drop: nn.Module  # on h_0; the blocks have their own

    def begin(self, ids: Int[Tensor, "B T"], cache: KeyValues | None = None) -> tuple[Tensor, dict[str, Any]]:
        """h_0, B T D, and options that every block is called with."""
        raise NotImplementedError

    def finish(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """The last norm, if there is one."""
        raise NotImplementedError

    def output(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B V"]:
        """Logits."""
        return F.linear(x, self.vectors())

    def vectors(self) -> Float[Tensor, "V D"]:
        """The weights of the output layer: the embeddings again, unless the model has a head of its own."""
        return self.embed.weight if self.head is None else self.head.weight

    def memory(self, batch: int, room: int, pad: Int[Tensor, " B"] | None) -> KeyValues:
        """An empty cache."""
        raise NotImplementedError

    @staticmethod
    def layer(block: Any) -> Any:
        """The weights of a block, as `step` reads them: no module is asked again for each word."""
        raise NotImplementedError

    def forward(self, ids: Int[Tensor, "B T"]) -> Float[Tensor, "B T V"]:
        """The logits of the word after each of `ids`.

        Causal: padding behind the words of a row reaches none of them, so no mask is needed. Raises ValueError for an
        empty sequence, one longer than the context, and ids outside the vocabulary.
        """
        return self.output(self.hidden(ids))

    def loss(
        self, ids: Int[Tensor, "B T"], weights: Float[Tensor, "B T"] | None = None, smoothing: float | int = 0.0
    ) -> Float[Tensor, ""]:
        """The mean of -log p of each word but the first of a row in nats, each counted with its weight.

        The same as `coursekit.train.weighted_loss`, without holding all logits.
        """
        check_ids(ids)
        if weights is not None and weights.shape != ids.shape:
            raise ValueError(f"weights must have the shape of ids, {tuple(ids.shape)}; got {tuple(weights.shape)}.")
        x = self.hidden(ids[:, :-1]).flatten(0, 1)
        weights = None if weights is None else weights[:, 1:].flatten()
        return linear_cross_entropy(x, self.vectors(), ids[:, 1:].flatten(), weights, smoothing)

    def hidden(self, ids: Int[Tensor, "B T"], cache: KeyValues | None = None) -> Float[Tensor, "B T D"]:
        """What the output layer reads; a `cache` is extended by these words."""
        x, options = self.begin(ids, cache)
        x = self.drop(x)
        for i, block in enumerate(self.blocks):
            x = block(x, causal=True, cache=cache, layer=i, **options)
        return self.finish(x)

    def everything(self, ids: Int[Tensor, "B T"]) -> Everything:
        """Logits, hidden states and attention weights, by the way that is written out."""
        x, options = self.begin(ids)
        x = self.drop(x)
        hidden, maps = [x], []
        for block in self.blocks:
            x, weights = block(x, causal=True, weights=True, **options)
            hidden.append(x)
            maps.append(weights.own)
        hidden[-1] = self.finish(x)
        return Everything(self.output(hidden[-1]), hidden, maps)

    @torch.no_grad()
    def start(
        self, ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"] | None = None, room: int = 64
    ) -> tuple[CausalState, Int[Tensor, " B"]]:
        """Read all but the last word of each prompt; the state after it, and these last words, which `step` reads next.

        Prompts of unequal `lengths` stand at the left of `ids`, as in training; here they move to the right, so that
        all end together, and the cache masks what stands before them. `room` words can be added before memory grows.
        There is no dropout, whatever the mode.
        """
        self.check(ids, 0)
        if lengths is not None:
            ids, lengths = pushed(ids, lengths), lengths.to(ids.device)
        B, T = ids.shape
        cache = self.memory(B, T - 1 + room, None if lengths is None else T - lengths)
        if T > 1:
            with evaluating(self):
                self.hidden(ids[:, :-1], cache)
            cache = cache.advance(T - 1)
        return CausalState(cache, tuple(map(self.layer, self.blocks))), ids[:, -1]

    def select(self, state: CausalState, rows: Int[Tensor, " R"]) -> CausalState:
        """The state whose row i is row `rows[i]` of `state`: rows reordered, repeated or left out, as beams need it."""
        return state._replace(cache=state.cache.select(rows))

    def words(self, ids: Tensor, cache: KeyValues | None) -> Float[Tensor, "B T D"]:
        """The embeddings of `ids`, after a look at them."""
        self.check(ids, 0 if cache is None else cache.length)
        return embedded(self.embed, ids)

    def check(self, ids: Tensor, before: int) -> None:
        """Raises ValueError for ids that are no rows of words, or too many of them."""
        check_ids(ids)
        if not ids.numel():
            raise ValueError("there is no word to read: begin the sequence with the first word or an end token.")
        if before + ids.size(1) > self.config.context:
            raise ValueError(
                f"{before + ids.size(1)} words exceed the context of this model, {self.config.context}: shorten the "
                "text, or build a model with a longer one."
            )


def pushed(ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"]) -> Int[Tensor, "B T"]:
    """Rows whose `lengths[b]` words stand at the left, moved to the right end; the rest is 0."""
    T = ids.size(1)
    if not isinstance(lengths, Tensor) or lengths.shape != (len(ids),):
        got = f"shape {tuple(lengths.shape)}" if isinstance(lengths, Tensor) else type(lengths).__name__
        raise ValueError(f"lengths must be a tensor with one whole number for each of {len(ids)} rows; got {got}.")
    if int(lengths.min()) < 1 or int(lengths.max()) > T:
        raise ValueError(f"lengths must give 1 to {T} words for each of {len(ids)} rows.")
    right, lengths = torch.zeros_like(ids), lengths.to(ids.device)
    right[padding(lengths, T, left=True)] = ids[padding(lengths, T)]
    return right
