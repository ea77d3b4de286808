"""The hierarchical attention network: words make sentences, sentences make a document, and each has an attention.

Yang, Yang, Dyer, He, Smola & Hovy 2016, "Hierarchical attention networks for document classification", NAACL.

    h_it = BiGRU(E w_it),   u_it = tanh(W_w h_it + b_w),   a_it = softmax over t of u_it' u_w,   s_i = sum_t a_it h_it
    h_i  = BiGRU(s_i),      u_i  = tanh(W_s h_i + b_s),    a_i  = softmax over i of u_i' u_s,    v   = sum_i a_i h_i
    p(class) = softmax(W_c v + b_c)                                                              eq. 5 to 11

The question (u_w, u_s: "which word, which sentence matters?") is learnt and is the same for every document.

    the paper            here
    E                    embed.weight                         V, D
    BiGRU over words     words.encoder                        H = both directions together
    W_w, b_w; u_w        words.keys; words.question           A, H and A; A
    the same, sentences  sentences.encoder, .keys, .question
    W_c, b_c             output                               C, H

Letters: B documents, S sentences, W words, V vocabulary, D width of an embedding, H hidden units, A units of a key,
C classes.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from coursekit.models.inputs import check_sizes, embedded, embedding
from coursekit.nn import GRU
from coursekit.nn.attention import masked_softmax
from coursekit.nn.drawing import drawn, linear
from coursekit.nn.masks import padding


@dataclass(frozen=True)
class HierarchicalConfig:
    """`hidden` units of both directions together; `units` of a key."""

    vocab_size: int
    classes: int
    width: int = 32
    hidden: int = 64
    units: int = 32

    def __post_init__(self) -> None:
        check_sizes(self, "vocab_size", "width", "hidden", "units")
        if self.classes < 2:
            raise ValueError(f"classes = {self.classes} leaves nothing to decide: it needs at least 2.")
        if self.hidden % 2:
            raise ValueError(f"hidden = {self.hidden} cannot be halved for two directions: take an even number.")


class Summary(nn.Module):
    """A sequence to one vector: a bidirectional GRU, then the mean of its states under the weights of an attention."""

    def __init__(self, inputs: int, hidden: int, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.encoder = GRU(inputs, hidden // 2, bidirectional=True, generator=generator)
        self.keys = linear(hidden, units, generator)
        self.question = nn.Parameter(drawn(generator, units))

    def forward(
        self, x: Float[Tensor, "N T I"], lengths: Int[Tensor, " N"]
    ) -> tuple[Float[Tensor, "N H"], Float[Tensor, "N T"]]:
        """The vector and the weights, of sequences whose first `lengths` steps count (1 or more)."""
        h, _ = self.encoder(x, None, lengths)  # N, T, H
        scores = torch.tanh(self.keys(h)) @ self.question  # N, T
        weights = masked_softmax(scores[:, None], padding(lengths, x.size(1))[:, None])[:, 0]
        return (weights[:, None] @ h)[:, 0], weights


class Hierarchical(nn.Module):
    """Classifies documents, and says which sentences and which words of them it looked at."""

    def __init__(self, config: HierarchicalConfig, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first weights (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.config = c = config
        generator = generator or torch.Generator().manual_seed(0)
        self.embed = embedding("document", c.vocab_size, c.width, None, False, generator)
        self.words = Summary(c.width, c.hidden, c.units, generator)
        self.sentences = Summary(c.hidden, c.hidden, c.units, generator)
        self.output = linear(c.hidden, c.classes, generator)

    def forward(self, documents: Int[Tensor, "B S W"], lengths: Int[Tensor, "B S"]) -> Float[Tensor, "B C"]:
        """The logits of each class. `lengths`: words of each sentence; 0 for sentences that a document does not have.

        Raises ValueError for a document without a sentence, a sentence without words before one that has some, and
        lengths beyond W.
        """
        return self.with_weights(documents, lengths)[0]

    def with_weights(
        self, documents: Int[Tensor, "B S W"], lengths: Int[Tensor, "B S"]
    ) -> tuple[Float[Tensor, "B C"], Float[Tensor, "B S"], Float[Tensor, "B S W"]]:
        """`forward`, and both attentions: of the sentences in each document, and of the words in each sentence.

        The words of a sentence that does not exist have weight 0. A word's weight in the document is the product.
        """
        self._check(documents, lengths)
        real = lengths > 0  # B, S
        vectors, weights = self.words(embedded(self.embed, documents[real], "document"), lengths[real])  # N, H; N, W
        sentences = vectors.new_zeros(*real.shape, vectors.size(-1)).masked_scatter(real[..., None], vectors)  # B, S, H
        words = weights.new_zeros(documents.shape).masked_scatter(real[..., None], weights)  # B, S, W
        document, over_sentences = self.sentences(sentences, real.sum(1))  # B, H and B, S
        return self.output(document), over_sentences, words

    def _check(self, documents: Tensor, lengths: Tensor) -> None:
        if not isinstance(documents, Tensor) or not isinstance(lengths, Tensor):
            raise ValueError(
                "documents and lengths must be tensors of whole numbers, B S W and B S: pad the documents."
            )
        shape = tuple(documents.shape)
        if len(shape) != 3 or documents.dtype not in (torch.int64, torch.int32):
            got = f"{str(documents.dtype).removeprefix('torch.')} of shape {shape}"
            raise ValueError(f"documents must be ids of shape B S W, but are {got}.")
        if not documents.numel():
            raise ValueError(f"there is no document: the shape B S W is {shape}, and each must be 1 or more.")
        if lengths.shape != shape[:2]:
            raise ValueError(
                f"lengths must hold a number for each of {shape[0]} x {shape[1]} sentences; "
                f"got a tensor of shape {tuple(lengths.shape)}."
            )
        if lengths.is_floating_point() or lengths.dtype == torch.bool:
            raise ValueError(f"lengths must hold whole numbers; got {str(lengths.dtype).removeprefix('torch.')}.")
        wrong = lengths[(lengths < 0) | (lengths > shape[2])]
        if len(wrong):
            raise ValueError(f"lengths holds {int(wrong[0])}, but a sentence here has 0 to {shape[2]} words.")
        self._check_gaps(lengths > 0)

    def _check_gaps(self, real: Bool[Tensor, "B S"]) -> None:
        """Sentences come first and padding after them; nothing to read in a sentence that is there is a mistake."""
        last = real.flip(1).cummax(1).values.flip(1)  # True up to the last sentence that has words
        last[:, 0] = True
        gaps = (last & ~real).nonzero()
        if len(gaps):
            row, sentence = gaps[0].tolist()
            raise ValueError(
                f"sentence {sentence} of document {row} is padding alone (its length is 0): leave it out, and let the "
                "sentences that are missing stand at the end."
            )
