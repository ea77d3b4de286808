"""Word vectors by predicting neighbours: skip-gram and CBOW with negative sampling.

Mikolov, Chen, Corrado & Dean 2013a, "Efficient estimation of word representations in vector space", brings the two
models; Mikolov, Sutskever, Chen, Corrado & Dean 2013b, "Distributed representations of words and phrases and their
compositionality", NeurIPS, brings the loss (equation 4), the noise (section 2.2) and subsampling (equation 5):

    loss = - log s(u_O . v_I) - sum over k noise words of log s(- u_k . v_I),      s(x) = 1 / (1 + exp(-x))

                            skip-gram                    CBOW
    v_I, the input          the centre word              the mean of the words around it
    u_O, the output         one word around it           the centre word
    input table             centre.weight     V, D       context.weight    V, D
    output table            context.weight    V, D       centre.weight     V, D

The input table is what one keeps as word vectors (`vectors`). A noise word may be the right word by chance, as in the
equation; word2vec's program leaves such draws out.
Letters: B batch, T words of text, P pairs, C = 2 N places in a window of N words to each side, K noise words, D width,
V vocabulary.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from coursekit.errors import CourseError
from coursekit.models.counts import Tokens, flatten

# The text, seen through a window


class Windows(NamedTuple):
    """Every word of a text with the words around it: what CBOW trains on."""

    centre: Int[Tensor, " T"]
    context: Int[Tensor, "T C"]  # in reading order; 0 where `inside` is False
    inside: Bool[Tensor, "T C"]  # False beyond the ends of the word's own sequence

    def pairs(self) -> tuple[Int[Tensor, " P"], Int[Tensor, " P"]]:
        """(centre, context): each word with each word around it, in reading order: what skip-gram trains on."""
        return self.centre.repeat_interleave(self.inside.sum(1)), self.context[self.inside]


def context_windows(
    sequences: Iterable[Tokens], window: int, vocab_size: int, generator: torch.Generator | None = None
) -> Windows:
    """Up to `window` words to each side of every word, never from another sequence.

    With a `generator` each word draws its own reach from 1 .. window, so that near words count more (2013a, section
    3.2). Raises ValueError for a window below 1, CourseError if no word has a neighbour.
    """
    if window < 1:
        raise ValueError(f"a window of {window} words sees nothing: take 1 or more.")
    tokens, lengths = (torch.from_numpy(array) for array in flatten(sequences, vocab_size))
    owner = torch.repeat_interleave(torch.arange(len(lengths)), lengths)
    context = torch.zeros(len(tokens), 2 * window, dtype=torch.int64)
    inside = torch.zeros(len(tokens), 2 * window, dtype=torch.bool)
    for lag in range(1, window + 1):  # one shift of the text for each distance fills two columns
        together = owner[lag:] == owner[:-lag]
        left, right = window - lag, window + lag - 1
        context[lag:, left], inside[lag:, left] = tokens[:-lag] * together, together
        context[:-lag, right], inside[:-lag, right] = tokens[lag:] * together, together
    if generator is not None:
        reach = torch.randint(1, window + 1, (len(tokens), 1), generator=generator)
        inside &= torch.tensor([*range(window, 0, -1), *range(1, window + 1)]) <= reach
        context *= inside
    if not inside.any():
        raise CourseError("no word has a neighbour: give sequences of at least two words.")
    return Windows(tokens, context, inside)


def twins(
    sequences: Iterable[Tokens], window: int, vocab_size: int
) -> tuple[Int[np.ndarray, "P 2"], Int[np.ndarray, "P 2"]]:
    """Pairs of places whose windows are equal though their words differ: what a fixed window cannot tell apart.

    Returns (sequence, place in it) of the one and of the other, one pair for each such window, in reading order. Only
    full windows count.
    """
    rows = list(sequences)
    centre, context, inside = (tensor.numpy() for tensor in context_windows(rows, window, vocab_size))
    whole = np.flatnonzero(inside.all(1))
    _, group = np.unique(context[whole], axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    place, group = whole[order], group.ravel()[order]
    head = np.r_[True, group[1:] != group[:-1]][: len(group)]
    first = place[head][group]  # the first place with the same window
    other = np.flatnonzero(centre[place] != centre[first])
    _, one_each = np.unique(group[other], return_index=True)
    pairs = np.stack([first[other[one_each]], place[other[one_each]]])
    pairs = pairs[:, np.argsort(pairs[0], kind="stable")]
    ends = np.cumsum([len(row) for row in rows])
    sequence = np.searchsorted(ends, pairs, side="right")
    at = pairs - (ends - [len(row) for row in rows])[sequence]
    return np.stack([sequence[0], at[0]], 1), np.stack([sequence[1], at[1]], 1)


def word_counts(sequences: Iterable[Tokens], vocab_size: int) -> Int[Tensor, " V"]:
    """How often each word occurs. Raises CourseError if there is none."""
    tokens, _ = flatten(sequences, vocab_size)
    if not tokens.size:
        raise CourseError("the text is empty: give at least two words to learn vectors from.")
    return torch.from_numpy(np.bincount(tokens, minlength=vocab_size))


def subsample(
    sequences: Iterable[Tokens], vocab_size: int, generator: torch.Generator, threshold: float = 1e-3
) -> list[list[int]]:
    """The sequences without each occurrence of w that a coin of probability 1 - sqrt(threshold / f(w)) throws out.

    f(w) is the word's share of the text; rarer words than `threshold` all stay (2013b, equation 5).
    """
    if not threshold > 0:
        raise ValueError(f"threshold = {threshold} throws every word out: take a share above 0, such as 1e-3.")
    rows = list(sequences)
    count = word_counts(rows, vocab_size).double()
    keep = (threshold * count.sum() / count).sqrt()  # infinite for a word that never occurs
    token = torch.tensor([word for row in rows for word in row])
    stays = iter((torch.rand(len(token), generator=generator, dtype=torch.float64) < keep[token]).tolist())
    return [[int(word) for word in row if next(stays)] for row in rows]


# Noise


def noise_distribution(counts: Int[Tensor, " V"] | Float[Tensor, " V"], power: float = 0.75) -> Float[Tensor, " V"]:
    """P(w) in proportion to count(w)^power, in float64 (2013b, section 2.2). A word that never occurs has 0."""
    wrong = ~((counts >= 0) & counts.isfinite())
    if wrong.any():
        worst = int(wrong.nonzero()[0])
        raise ValueError(f"word {worst} has the count {counts[worst].item()}: a count is 0 or more.")
    if not counts.sum() > 0:
        raise ValueError("all counts are 0: noise needs at least one word that occurs.")
    if not math.isfinite(power):
        raise ValueError(f"power = {power} is no exponent: the paper takes 0.75.")
    weight = torch.where(counts > 0, counts.double() ** power, 0.0)  # 0 ** 0 would be 1
    return weight / weight.sum()


def drawn(
    rows: Sequence[Tensor], noise: Float[Tensor, " V"], size: int = 512, negatives: int = 5, seed: int = 0
) -> Callable[[int], tuple[Tensor, ...]]:
    """batch(step) for `fit`: `size` of the rows by chance and `negatives` noise words for each, B K.

    `rows` is a `Windows` (for CBOW) or its `pairs()` (for skip-gram). A pure function of the step.
    """
    if min(size, negatives) < 1:
        raise ValueError(f"size and negatives must be 1 or more; got {size}, {negatives}.")
    if not len(rows[0]):
        raise ValueError("there is no row to draw from: give at least one word with a neighbour.")
    if not (noise >= 0).all() or not 0 < noise.sum() < torch.inf:
        raise ValueError("the noise is a probability for each word: make it by noise_distribution.")

    def batch(step: int) -> tuple[Tensor, ...]:
        draw = torch.Generator().manual_seed(1_000_003 * seed + step)
        chosen = torch.randint(len(rows[0]), (size,), generator=draw)
        negative = torch.multinomial(noise, size * negatives, replacement=True, generator=draw)
        return (*(row[chosen] for row in rows), negative.view(size, negatives))

    return batch


# The two models


def negative_sampling_loss(positive: Float[Tensor, " B"], negative: Float[Tensor, "B K"]) -> Float[Tensor, ""]:
    """The mean over the batch of - log s(positive) - sum over K of log s(- negative), in nats (2013b, equation 4)."""
    return -(F.logsigmoid(positive) + F.logsigmoid(-negative).sum(1)).mean()


class SkipGram(nn.Module):
    """From a word, each word around it."""

    def __init__(self, vocab_size: int, width: int = 64, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first vectors (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.centre, self.context = tables(vocab_size, width)
        draw_vectors(self.centre.weight, generator or torch.Generator().manual_seed(0))

    def forward(self, centre: Int[Tensor, " B"], context: Int[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        """u_k . v for each of K words that may stand around the centre word."""
        v, u = self.centre(centre), self.context(context)  # B, D and B, K, D
        return (u * v[:, None]).sum(2)  # faster than a batch of tiny matrix products

    def loss(
        self, centre: Int[Tensor, " B"], context: Int[Tensor, " B"], negative: Int[Tensor, "B K"]
    ) -> Float[Tensor, ""]:
        """Negative sampling: the word that stood there against K noise words."""
        scores = self(centre, torch.cat([context[:, None], negative], 1))
        return negative_sampling_loss(scores[:, 0], scores[:, 1:])

    @property
    def vectors(self) -> Float[Tensor, "V D"]:
        """The word vectors: the input table."""
        return self.centre.weight.detach()


class CBOW(nn.Module):
    """From the words around it ("continuous bag of words": their order is lost), the word in the middle."""

    def __init__(self, vocab_size: int, width: int = 64, generator: torch.Generator | None = None) -> None:
        """`generator` draws the first vectors (on the CPU, the same on every CPU); without it the seed is 0."""
        super().__init__()
        self.centre, self.context = tables(vocab_size, width)
        draw_vectors(self.context.weight, generator or torch.Generator().manual_seed(0))

    def forward(
        self, context: Int[Tensor, "B C"], inside: Bool[Tensor, "B C"], centre: Int[Tensor, "B K"]
    ) -> Float[Tensor, "B K"]:
        """u_k . (mean of the context vectors) for each of K words that may stand in the middle.

        Places that are not `inside` do not count; a word with nothing around it has the mean 0.
        """
        v = (self.context(context) * inside[:, :, None]).sum(1) / inside.sum(1, keepdim=True).clamp(min=1)  # B, D
        return (self.centre(centre) * v[:, None]).sum(2)

    def loss(
        self,
        centre: Int[Tensor, " B"],
        context: Int[Tensor, "B C"],
        inside: Bool[Tensor, "B C"],
        negative: Int[Tensor, "B K"],
    ) -> Float[Tensor, ""]:
        """Negative sampling: the word that stood there against K noise words."""
        scores = self(context, inside, torch.cat([centre[:, None], negative], 1))
        return negative_sampling_loss(scores[:, 0], scores[:, 1:])

    @property
    def vectors(self) -> Float[Tensor, "V D"]:
        """The word vectors: the input table."""
        return self.context.weight.detach()


def tables(vocab_size: int, width: int) -> tuple[nn.Embedding, nn.Embedding]:
    """Two tables of zeros, V x D."""
    if vocab_size < 2:
        raise ValueError(f"a vocabulary of {vocab_size} leaves nothing to predict: it needs at least 2 words.")
    if width < 1:
        raise ValueError(f"width = {width} is no vector: take 1 or more.")
    one, other = (nn.Embedding.from_pretrained(torch.zeros(vocab_size, width), freeze=False) for _ in range(2))
    return one, other


@torch.no_grad()
def draw_vectors(weight: Tensor, generator: torch.Generator) -> None:
    """Uniform in +- 1 / (2 D), as word2vec's program starts its input table (the output table starts at 0).

    Drawn in float64 and then rounded: float32 draws differ in the last bit between CPUs.
    """
    draws = torch.rand(weight.shape, generator=generator, dtype=torch.float64)
    weight.copy_((draws - 0.5) / weight.size(1))
