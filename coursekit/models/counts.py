"""Counting n-grams with arrays: the tables under every model of ngram.py.

A context is known by an integer. The empty context is 0, and each longer context is numbered by the pair
(context that is one word shorter, word before it), packed into one integer `context * base + word`. Numbered so,
order by order, no key outgrows (distinct contexts) x (vocabulary), so that 50,000 words at order 8 fit 64 bits.

Letters: T predicted words in all sequences together, N words of context.
"""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Int

from coursekit.errors import CourseError

Tokens: TypeAlias = Sequence[int] | Int[np.ndarray, " _"]  # `_`: lists of them differ in length
# For each order, shortest first: count(context word), count(context .), number of different words after the context.
Found: TypeAlias = list[tuple[np.ndarray, np.ndarray, np.ndarray]]

# A table with one cell for every possible key is several times faster than a sorted one, but only worth its memory
# while the cells are not many more than the keys that were seen.
CELLS_PER_KEY = 16


def flatten(sequences: Iterable[Tokens], vocab_size: int) -> tuple[Int[np.ndarray, " T"], Int[np.ndarray, " S"]]:
    """All tokens in one array, and the length of each of the S sequences.

    Raises ValueError for what is no id (words, fractions) and for an id outside 0 .. vocab_size - 1.
    """
    rows = [np.asarray(row) for row in sequences]
    if any(row.ndim == 0 and row.dtype.kind in "iu" for row in rows):
        raise ValueError("a list of sequences is needed, not one sequence: write [sequence].")
    if any(row.ndim != 1 or (row.size and row.dtype.kind not in "iu") for row in rows):
        raise ValueError("a sequence is a list of ids (integers): encode the text with a Vocab first.")
    lengths = np.array([row.size for row in rows], dtype=np.int64)
    whole = [row for row in rows if row.size]  # numpy takes an empty list for an array of fractions
    tokens = np.concatenate(whole).astype(np.int64, copy=False) if whole else np.empty(0, dtype=np.int64)
    if tokens.size and not (tokens.min() >= 0 and tokens.max() < vocab_size):
        wrong = tokens[(tokens < 0) | (tokens >= vocab_size)][0]
        raise ValueError(
            f"id {wrong} lies outside the vocabulary, whose ids are 0 to {vocab_size - 1}: "
            "encode the text with the vocabulary of this model."
        )
    return tokens, lengths


def windows(
    sequences: Iterable[Tokens], context: int, vocab_size: int, bos: int = 2
) -> tuple[Int[np.ndarray, "T N"], Int[np.ndarray, " T"]]:
    """Every word of every sequence, and the `context` words before it in reading order.

    Before the first word of a sequence stand `context` times `bos`. The columns of the first array are contiguous.
    """
    tokens, lengths = flatten(sequences, vocab_size)
    starts = np.cumsum(lengths) - lengths
    before = np.full((context, tokens.size), bos, dtype=np.int64)
    for lag in range(1, context + 1):
        column = before[context - lag]
        column[lag:] = tokens[:-lag]
        for offset in range(lag):  # here the word `lag` back belongs to the sequence before
            column[starts[lengths > offset] + offset] = bos
    return before.T, tokens


class Index:
    """Numbers distinct pairs (context, word) 0, 1, 2 ...; the number `size` stands for every pair that was never seen.

    An unseen context is given as the number `contexts`, and every pair with it is unseen.
    """

    def __init__(self, context: np.ndarray, word: np.ndarray, contexts: int, base: int) -> None:
        """`context` lies in 0 .. contexts - 1, `word` in 0 .. base - 1; `ids` are then the numbers of the pairs."""
        self.base = base
        keys, cells = self._key(context, word), (contexts + 1) * base
        self.table: np.ndarray
        self.ids: np.ndarray
        self.dense = cells <= CELLS_PER_KEY * max(keys.size, 1 << 12)
        if self.dense:
            seen = np.zeros(cells, dtype=bool)
            seen[keys] = True
            found = np.flatnonzero(seen)
            self.table = np.full(cells, found.size, dtype=np.int32)
            self.table[found] = np.arange(found.size)
            self.ids = self.table.take(keys)
        else:
            found, self.ids = np.unique(keys, return_inverse=True)
            self.table = found
        self.size = int(found.size)

    def find(self, context: np.ndarray, word: np.ndarray) -> Int[np.ndarray, " T"]:
        """The number of each pair."""
        keys = self._key(context, word)
        if self.dense:
            return self.table.take(keys)
        place = np.searchsorted(self.table, keys)
        return np.where(self.table.take(place, mode="clip") == keys, place, self.size)

    def first(self) -> Int[np.ndarray, " K"]:
        """One position at which each of the K pairs stands."""
        position = np.empty(self.size, dtype=np.int64)
        position[self.ids] = np.arange(self.ids.size)
        return position

    def _key(self, context: np.ndarray, word: np.ndarray) -> Int[np.ndarray, " T"]:
        return np.multiply(context, self.base, dtype=np.int64) + word


class Level:
    """The n-grams of one order: `count[ngram]`, `total[context]` (their sum) and `types[context]` (how many differ).

    Each table ends in a 0, for what was never seen.
    """

    def __init__(self, ngrams: Index, context: np.ndarray, contexts: int, longer: Index | None = None) -> None:
        """`ngrams.ids` and `context` number the n-gram and its context at each position of the text.

        An n-gram counts its occurrences or, where `longer` is given, the n-grams of `longer` that end in it.
        """
        self.ngrams = ngrams
        ends = ngrams.ids if longer is None else ngrams.ids[longer.first()]
        owner = context[ngrams.first()]
        self.count = np.bincount(ends, minlength=ngrams.size + 1).astype(np.float64)
        self.total = np.bincount(owner, weights=self.count[:-1], minlength=contexts + 1)
        self.types = np.bincount(owner, minlength=contexts + 1).astype(np.float64)

    def look_up(self, context: np.ndarray, word: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """count(context word), count(context .) and the number of different words after it."""
        return self.count.take(self.ngrams.find(context, word)), self.total.take(context), self.types.take(context)


class Counts:
    """Counts of all n-grams of the given `orders` (1 = single words), from sequences padded with `bos`.

    With `continuation=True` an n-gram below the highest order counts the *different words* seen before it instead of
    its occurrences (Kneser & Ney 1995): "Francisco" is frequent, but follows one word only.
    """

    def __init__(
        self, sequences: Iterable[Tokens], orders: Sequence[int], vocab_size: int, bos: int, continuation: bool = False
    ) -> None:
        """Raises CourseError if the sequences hold no word."""
        self.order, base = max(orders), max(vocab_size, bos + 1)
        before, word = windows(sequences, self.order - 1, vocab_size, bos)
        if not word.size:
            raise CourseError("the text is empty: give the model at least one word to count.")
        self.contexts: list[Index] = []
        tables: list[tuple[Index, np.ndarray, int]] = []
        context, contexts = np.zeros(word.size, dtype=np.int32), 1
        for order in range(1, self.order + 1):
            if order in orders:
                tables.append((Index(context, word, contexts, base), context, contexts))
            if order < self.order:
                index = Index(context, before[:, -order], contexts, base)
                self.contexts.append(index)
                context, contexts = index.ids, index.size
        self.levels: dict[int, Level] = {}
        for i, (ngrams, context, contexts) in enumerate(tables):
            longer = tables[i + 1][0] if continuation and i + 1 < len(tables) else None
            self.levels[orders[i]] = Level(ngrams, context, contexts, longer)
        for index in [*self.contexts, *(ngrams for ngrams, _, _ in tables)]:
            del index.ids  # one number for each word of the text, needed no more

    def look_up(self, before: Int[np.ndarray, "T N"], word: Int[np.ndarray, " T"]) -> Found:
        """The counts of each word after its context, in each order."""
        found: Found = []
        context = np.zeros(word.size, dtype=np.int64)
        for order in range(1, self.order + 1):
            if order in self.levels:
                found.append(self.levels[order].look_up(context, word))
            if order < self.order:
                context = self.contexts[order - 1].find(context, before[:, -order])
        return found
