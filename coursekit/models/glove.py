"""Word vectors from counts of co-occurrence: GloVe, and the factorised PPMI matrix it is compared with.

Pennington, Socher & Manning 2014, "GloVe: global vectors for word representation", EMNLP, equation 8:

    J = sum over x_ij > 0 of f(x_ij) (w_i . w~_j + b_i + b~_j - log x_ij)^2,      f(x) = min(1, (x / x_max)^alpha)

    the paper   here                       shape
    X           cooccurrence(...)          V, V (sparse)
    w, w~       centre, context            V, D
    b, b~       centre_bias, context_bias  V, 1

Letters: B batch, E cells of X that are not 0, D width, V vocabulary.
"""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.errors import CourseError
from coursekit.models.counts import Tokens, flatten
from coursekit.models.word2vec import draw_vectors, tables


def cooccurrence(
    sequences: Iterable[Tokens], window: int, vocab_size: int, by_distance: bool = True
) -> Float[Tensor, "V V"]:
    """X, sparse and in float64: x_ij = sum of 1 / distance over the places where i and j stand within `window` words.

    X is symmetric; a word next to itself counts from both sides. With `by_distance=False` each place counts 1. Raises
    ValueError for a window below 1, CourseError if no word has a neighbour.
    """
    if window < 1:
        raise ValueError(f"a window of {window} words sees nothing: take 1 or more.")
    tokens, lengths = flatten(sequences, vocab_size)
    owner = np.repeat(np.arange(lengths.size), lengths)
    keys, weights = [], []
    for lag in range(1, min(window, int(lengths.max(initial=1))) + 1):  # a longer lag joins nothing
        together = owner[lag:] == owner[:-lag]
        left, right = tokens[:-lag][together], tokens[lag:][together]
        for one, other in ((left, right), (right, left)):
            key, count = np.unique(one * vocab_size + other, return_counts=True)
            keys.append(key)
            weights.append(count / (lag if by_distance else 1))
    cells, number = np.unique(np.concatenate(keys), return_inverse=True)
    if not cells.size:
        raise CourseError("no word has a neighbour: give sequences of at least two words.")
    values = torch.from_numpy(np.bincount(number.ravel(), weights=np.concatenate(weights)))
    places = torch.from_numpy(np.stack(np.divmod(cells, vocab_size)))
    return torch.sparse_coo_tensor(places, values, (vocab_size, vocab_size), check_invariants=False).coalesce()


def cells(X: Float[Tensor, "V V"], size: int | None = None, seed: int = 0) -> Callable[[int], tuple[Tensor, ...]]:
    """batch(step) for `fit`: (i, j, x_ij) of `size` cells by chance, or of all of them. A pure function of the step.

    Raises ValueError for a count that is negative or not finite and for a size below 1, CourseError if all are 0.
    """
    if size is not None and size < 1:
        raise ValueError(f"size = {size} draws no cell: take 1 or more.")
    X = X.to_sparse().coalesce()
    (i, j), x = X.indices(), X.values()
    check_counts(i, j, x)
    i, j, x = i[x > 0], j[x > 0], x[x > 0]
    if not len(x):
        raise CourseError("the counts are all 0: count a text in which some words have neighbours.")

    def batch(step: int) -> tuple[Tensor, ...]:
        if size is None:
            return i, j, x
        chosen = torch.randint(len(x), (size,), generator=torch.Generator().manual_seed(1_000_003 * seed + step))
        return i[chosen], j[chosen], x[chosen]

    return batch


def check_counts(i: Int[Tensor, " E"], j: Int[Tensor, " E"], x: Float[Tensor, " E"]) -> None:
    """Raise ValueError at the first cell whose count is negative or not finite."""
    wrong = ~((x >= 0) & x.isfinite())
    if wrong.any():
        at = int(wrong.nonzero()[0])
        raise ValueError(f"words {int(i[at])} and {int(j[at])} have the count {x[at].item()}: a count is 0 or more.")


class GloVe(nn.Module):
    """Vectors whose products, with a bias for each word, are the logarithms of the counts."""

    def __init__(
        self,
        vocab_size: int,
        width: int = 64,
        x_max: float | int = 100.0,
        alpha: float | int = 0.75,
        generator: torch.Generator | None = None,
    ) -> None:
        """Counts of `x_max` and more have full weight. `generator` draws the first vectors; else the seed is 0."""
        super().__init__()
        if not (x_max > 0 and alpha > 0):
            raise ValueError(f"x_max and alpha must be above 0; got {x_max}, {alpha}.")
        self.x_max, self.alpha = x_max, alpha
        self.centre, self.context = tables(vocab_size, width)
        self.centre_bias, self.context_bias = tables(vocab_size, 1)
        generator = generator or torch.Generator().manual_seed(0)
        draw_vectors(self.centre.weight, generator)
        draw_vectors(self.context.weight, generator)

    def forward(self, i: Int[Tensor, " B"], j: Int[Tensor, " B"]) -> Float[Tensor, " B"]:
        """w_i . w~_j + b_i + b~_j, which is to be log x_ij."""
        product = (self.centre(i) * self.context(j)).sum(-1)
        return product + self.centre_bias(i)[:, 0] + self.context_bias(j)[:, 0]

    def weight(self, x: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
        """f(x) (equation 9): rare pairs count less, frequent ones not ever more."""
        return (x / self.x_max).pow(self.alpha).clamp(max=1)

    def loss(self, i: Int[Tensor, " B"], j: Int[Tensor, " B"], x: Float[Tensor, " B"]) -> Float[Tensor, ""]:
        """J divided by the number of cells given; every x is above 0."""
        scores = self(i, j)
        return (self.weight(x) * (scores - x.log()) ** 2).mean().to(scores.dtype)

    @property
    def vectors(self) -> Float[Tensor, "V D"]:
        """The word vectors: the sum of the two tables, which the paper finds a little better than either (4.2)."""
        return (self.centre.weight + self.context.weight).detach()


def ppmi(X: Float[Tensor, "V V"], smooth: float | int = 0.75, shift: float | int = 1) -> Float[Tensor, "V V"]:
    """max(0, log p(i, j) / (p(i) p(j)) - log shift), dense and in float64.

    p(j) is taken in proportion to count(j)^smooth, as word2vec draws its noise; `shift` stands for the number of noise
    words (Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization"; Levy, Goldberg & Dagan 2015,
    "Improving distributional similarity with lessons learned from word embeddings"). Needs memory for V x V numbers.
    """
    X = (X.to_dense() if X.is_sparse else X).double()
    i, j = X.nonzero().unbind(1)
    check_counts(i, j, X[i, j])
    if not (shift > 0 and smooth >= 0):
        raise ValueError(f"shift = {shift} must be above 0, and smooth = {smooth} not below.")
    row, column = X.sum(1), torch.where(X.sum(0) > 0, X.sum(0) ** smooth, 0.0)
    expected = row[:, None] * column / column.sum().clamp(min=torch.finfo(X.dtype).tiny)
    return torch.where(X > 0, (X / (shift * expected)).log(), 0.0).clamp(min=0)


def svd_vectors(M: Float[Tensor, "V V"], width: int) -> Float[Tensor, "V D"]:
    """U sqrt(S) of the `width` largest singular values of M = U S V': the same vectors from counts, without training.

    Half of the singular values' weight goes to each side (Levy, Goldberg & Dagan 2015, section 3.3).
    """
    if not 1 <= width <= len(M):
        raise ValueError(f"width = {width}: a matrix of {len(M)} words gives vectors of 1 to {len(M)} numbers.")
    if not M.isfinite().all():
        raise ValueError("the matrix holds a number that is not finite: mend the counts first.")
    U, S, _ = torch.linalg.svd(M)
    return (U[:, :width] * S[:width].sqrt()).float()
