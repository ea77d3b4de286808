"""Count-based language models: add-k, interpolated and Kneser-Ney smoothing.

All three estimate p(w | h), the probability of the word w after the history h of n - 1 words, from counts:

    c(h w)     how often w stood after h                    `count`
    c(h .)     how often h was followed by any word          `total`
    N1+(h .)   how many different words stood after h        `types`

Every model gives each word of the vocabulary its share (the four special words of a Vocab too), sums to 1, and looks
at <bos> as context before the first word. Numbers are natural logarithms in float64.

Sources: Chen & Goodman 1999, "An empirical study of smoothing techniques for language modeling"; Jelinek & Mercer 1980;
Witten & Bell 1991; Ney, Essen & Kneser 1994; Kneser & Ney 1995. nltk.lm is the reference in the tests.
Letters: T words to predict, N = n - 1 words of context, V words in the vocabulary.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

import numpy as np
from jaxtyping import Float

from coursekit.errors import CourseError
from coursekit.models.counts import Counts, Found, Tokens, windows

Model = TypeVar("Model", bound="NGram")  # what fit returns: beartype cannot check typing.Self in a method


class NGram:
    """What the three models share: counting, looking up, and turning a look-up into log-probabilities.

    `order` n is the number of words in the longest n-gram, so n - 1 are seen of the past; `vocab_size` is V;
    `bos` is the id that stands before the first word. Raises ValueError for an order below 1, a vocabulary below 2 or a
    negative `bos`.
    """

    continuation: ClassVar[bool] = False

    def __init__(self, order: int, vocab_size: int, bos: int = 2) -> None:
        if order < 1:
            raise ValueError(f"order {order} makes no n-gram: take 1 (single words) or more.")
        if vocab_size < 2:
            raise ValueError(f"a vocabulary of {vocab_size} leaves nothing to predict: it needs at least 2 words.")
        if bos < 0:
            raise ValueError(f"bos = {bos} is no id: take 0 or more.")
        self.order, self.vocab_size, self.bos = order, vocab_size, bos
        self._counts: Counts | None = None

    @property
    def counts(self) -> Counts:
        if self._counts is None:
            raise ValueError(f"this {type(self).__name__} has counted nothing yet: call fit(sequences) first.")
        return self._counts

    def fit(self: Model, sequences: Iterable[Tokens]) -> Model:
        """Count `sequences`, lists of ids (each from its own beginning). Raises CourseError if they hold no word."""
        self._counts = Counts(sequences, self._orders(), self.vocab_size, self.bos, self.continuation)
        return self

    def log_prob(self, sequence: Tokens) -> Float[np.ndarray, " T"]:
        """log p(w_t | w_<t) for each word of one sequence."""
        return self.log_probs([sequence])[0]

    def log_probs(self, sequences: Iterable[Tokens]) -> list[Float[np.ndarray, " _"]]:
        """`log_prob` of many sequences, all looked up together; log 0 is -inf."""
        rows = list(sequences)
        before, word = windows(rows, self.order - 1, self.vocab_size, self.bos)
        with np.errstate(divide="ignore"):
            log_p = np.log(self._prob(self.counts.look_up(before, word)))
        return np.split(log_p, np.cumsum([len(row) for row in rows])[:-1]) if rows else []

    def distribution(self, context: Tokens) -> Float[np.ndarray, " V"]:
        """p(. | context) over the vocabulary; `context` is everything so far, and only its last n - 1 words count."""
        before, _ = windows([[*context, 0]], self.order - 1, self.vocab_size, self.bos)
        every = np.broadcast_to(before[-1], (self.vocab_size, self.order - 1))
        return self._prob(self.counts.look_up(every, np.arange(self.vocab_size)))

    def _orders(self) -> Sequence[int]:
        return range(1, self.order + 1)

    def _prob(self, found: Found) -> Float[np.ndarray, " T"]:
        raise NotImplementedError


class AddK(NGram):
    """Add-k (Lidstone) smoothing: every word is counted k times more than it was seen.

        p(w | h) = (c(h w) + k) / (c(h .) + k V)

    An unseen history gives 1 / V. k = 1 is Laplace's rule. Equal to nltk.lm.Lidstone.
    """

    def __init__(self, order: int, vocab_size: int, k: float = 1.0, bos: int = 2) -> None:
        super().__init__(order, vocab_size, bos)
        if not 0 < k < float("inf"):
            raise ValueError(f"k = {k} leaves unseen histories without a probability: take a number above 0.")
        self.k = k

    def _orders(self) -> Sequence[int]:
        return [self.order]

    def _prob(self, found: Found) -> Float[np.ndarray, " T"]:
        count, total, _ = found[-1]
        return (count + self.k) / (total + self.k * self.vocab_size)


class Interpolated(NGram):
    """Each order mixes its own relative frequency with the next shorter order, down to 1 / V:

        p_n(w | h) = a c(h w) / c(h .) + (1 - a) p_{n-1}(w | h'),    h' = h without its first word

    Without `weights`, a is Witten & Bell's c(h .) / (c(h .) + N1+(h .)): the more different words followed h, the
    likelier another new one. With `weights` a is one number for each order, shortest first (Jelinek & Mercer);
    `fit_weights` finds the best ones on held-out text. An unseen h has a = 0.

    The Witten-Bell form equals nltk.lm.WittenBellInterpolated above the single words, which nltk leaves unmixed
    (an unseen word has probability 0 there).
    """

    def __init__(self, order: int, vocab_size: int, weights: Sequence[float] | None = None, bos: int = 2) -> None:
        super().__init__(order, vocab_size, bos)
        if weights is not None and (len(weights) != order or not all(0 <= a <= 1 for a in weights)):
            raise ValueError(f"order {order} needs {order} weights between 0 and 1; got {list(weights)}.")
        self.weights = None if weights is None else [float(a) for a in weights]

    def _prob(self, found: Found) -> Float[np.ndarray, " T"]:
        p = np.full(found[0][0].shape, 1 / self.vocab_size)
        for (count, total, _), a in zip(found, self._mixing(found), strict=True):
            p = a * count / np.maximum(total, 1) + (1 - a) * p
        return p

    def _mixing(self, found: Found) -> list[Float[np.ndarray, " T"]]:
        """a of every order at each place."""
        if self.weights is None:
            return [total / np.maximum(total + types, 1) for _, total, types in found]
        return [np.where(total > 0, a, 0.0) for (_, total, _), a in zip(found, self.weights, strict=True)]

    def fit_weights(self, held_out: Iterable[Tokens], iterations: int = 50) -> "Interpolated":
        """One weight for each order by expectation-maximisation on text that was *not* counted.

        Think of each word as drawn by walking down from the longest order and stopping at order m with probability
        a_m. E-step: the chance that the walk reached m, and that it stopped there. M-step: a_m = stopped / reached.
        No step lowers the likelihood of `held_out`. Raises CourseError if it holds no word.
        """
        before, word = windows(held_out, self.order - 1, self.vocab_size, self.bos)
        if not word.size:
            raise CourseError("the held-out text is empty: give at least one word to fit the weights on.")
        found = self.counts.look_up(before, word)
        self.weights = [0.5] * self.order
        for _ in range(iterations):
            mixing = self._mixing(found)
            p = [np.full(word.size, 1 / self.vocab_size)]  # p[m]: the mixture of orders 1 .. m
            for (count, total, _), a in zip(found, mixing, strict=True):
                p.append(a * count / np.maximum(total, 1) + (1 - a) * p[-1])
            reached = np.ones(word.size)
            for m in reversed(range(self.order)):
                passed_on = reached * (1 - mixing[m]) * p[m] / p[m + 1]
                known = found[m][1] > 0  # an unseen history is passed on by rule, which says nothing about a
                if reached[known].sum() > 0:
                    self.weights[m] = float(1 - passed_on[known].sum() / reached[known].sum())
                reached = passed_on
        return self


class KneserNey(NGram):
    """Interpolated Kneser-Ney smoothing: take D from every count, and give what that frees to the shorter history:

        p_n(w | h) = (max(c(h w) - D, 0) + D N1+(h .) p_{n-1}(w | h')) / c(h .),    down to p_0 = 1 / V

    Below the longest order c(h w) is the *continuation count* N1+(. h w), how many different words stood before h w,
    and c(h .) is their sum. An unseen h gives p_{n-1}(w | h') unchanged.

    `discount` is one D for all orders, or one for each, shortest first; without it each order has Ney's estimate
    D = n1 / (n1 + 2 n2), where n1 and n2 n-grams of that order were counted once and twice.

    Equal to nltk.lm.KneserNeyInterpolated with the single words' discount 0 (nltk does not discount them: a word that
    it never saw has probability 0) and the n-grams that end in real words. KenLM and SRILM count n-grams that begin
    with <bos> by occurrences, and KenLM keeps three discounts for each order (Chen & Goodman's modified form).
    """

    continuation: ClassVar[bool] = True

    def __init__(
        self, order: int, vocab_size: int, discount: float | Sequence[float] | None = None, bos: int = 2
    ) -> None:
        super().__init__(order, vocab_size, bos)
        if isinstance(discount, int | float):
            discount = [discount] * order
        if discount is not None and (len(discount) != order or not all(0 <= d <= 1 for d in discount)):
            raise ValueError(f"order {order} needs {order} discounts between 0 and 1; got {list(discount)}.")
        self._given = None if discount is None else [float(d) for d in discount]
        self.discount = self._given or []

    def fit(self, sequences: Iterable[Tokens]) -> "KneserNey":
        """Count `sequences` and, where no discount was given, estimate one for each order."""
        super().fit(sequences)
        self.discount = self._given or [ney_discount(level.count) for level in self.counts.levels.values()]
        return self

    def _prob(self, found: Found) -> Float[np.ndarray, " T"]:
        p = np.full(found[0][0].shape, 1 / self.vocab_size)
        for (count, total, types), d in zip(found, self.discount, strict=True):
            seen = np.maximum(total, 1)  # never 0 below the fraction; where total is 0 the fraction is not taken
            p = np.where(total > 0, (np.maximum(count - d, 0) + d * types * p) / seen, p)
        return p


def ney_discount(count: Float[np.ndarray, " K"]) -> float:
    """D = n1 / (n1 + 2 n2) (Ney, Essen & Kneser 1994); 0.75 where nothing was counted once, so that D is not 0."""
    n1, n2 = float((count == 1).sum()), float((count == 2).sum())
    return n1 / (n1 + 2 * n2) if n1 else 0.75
