"""Chapter 02's experiments: what needs several seeds. Run by `coursekit experiment 02`; the notebooks plot the ledger.

Embeddings: a seed draws the stories, the first vectors and every batch. Numbers are shares of right answers to the
world's own analogies, by category; a word is known if it occurs 5 times in the training stories. "only b" and "only c"
answer with the neighbours of one word, without any analogy; "chance" draws the answer from all words.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from coursekit.data import load
from coursekit.data.analogies import analogies
from coursekit.models import CBOW, GloVe, SkipGram, WordVectors
from coursekit.models.glove import cells, cooccurrence, ppmi, svd_vectors
from coursekit.models.word2vec import context_windows, drawn, noise_distribution, subsample, word_counts
from coursekit.text import Vocab
from coursekit.train import fit

SEEDS = [0, 1, 2]
#: Stories in all, and training steps of a word2vec or GloVe model.
SIZES = {"tiny": (20_000, 2_000), "colab": (100_000, 20_000), "full": (500_000, 100_000)}
WIDTH = 32
#: Name -> (words seen to each side, share above which words are thinned out).
VIEWS: dict[str, tuple[int, float | None]] = {
    "window 5": (5, None),
    "window 5, thinned": (5, 1e-3),
    "window 10, thinned": (10, 1e-3),
}
#: So wide that a place and its things are simply neighbours: only counted, to see what "only c" then scores.
WIDE: dict[str, tuple[int, float | None]] = {"window 20, thinned": (20, 1e-3)}


class Text:
    """The training stories of one seed as ids, and the questions that their words allow."""

    def __init__(self, n: int, seed: int) -> None:
        stories = list(load("stories", n=n, seed=seed)["train"]["tokens"])
        self.vocab = Vocab.build(stories, min_count=5)
        self.ids = [self.vocab.encode(story) for story in stories]
        self.questions = analogies(vocab=self.vocab)

    def seen(self, thinned: float | None, seed: int) -> list[list[int]]:
        if thinned is None:
            return self.ids
        return subsample(self.ids, len(self.vocab), torch.Generator().manual_seed(seed), thinned)

    def marks(self, vectors: torch.Tensor, name: str, *methods: str) -> dict[str, float]:
        """Accuracy by category, of each method; questions with a word of several lives are counted apart too."""
        table = WordVectors(vectors, self.vocab)
        clear = {a: [q for q in self.questions if q.ambiguous is a] for a in (True, False)}
        values = {}
        for method in methods:
            shares = table.accuracy(self.questions, method)
            values |= {f"{name}, {method}/{category}": share for category, share in shares.items()}
        for key, asked in (("ambiguous", clear[True]), ("clear", clear[False])):
            values[f"{name}, add, {key} words/place : thing"] = table.accuracy(asked)["place : thing"]
        return values


@lru_cache(maxsize=1)
def text(n: int, seed: int) -> Text:
    return Text(n, seed)


def word2vec(make: type[SkipGram] | type[CBOW], view: str, data: Text, steps: int, seed: int) -> SkipGram | CBOW:
    """One of the two models, trained tamely."""
    window, thinned = VIEWS[view]
    ids, v = data.seen(thinned, seed), len(data.vocab)
    windows = context_windows(ids, window, v)
    rows = windows.pairs() if make is SkipGram else windows
    model = make(v, WIDTH, torch.Generator().manual_seed(seed))
    batch = drawn(rows, noise_distribution(word_counts(ids, v)), 2048 if make is SkipGram else 1024, 5, seed)
    fit(model, batch, lambda m, b: m.loss(*b), steps=steps, lr=1e-2)
    return model


def predicting(make: type[SkipGram] | type[CBOW]) -> Callable[[str, int], dict[str, float]]:
    def experiment(preset: str, seed: int) -> dict[str, float]:
        n, steps = SIZES[preset]
        data, values = text(n, seed), {}
        for view in VIEWS:
            vectors = word2vec(make, view, data, steps, seed).vectors
            values |= data.marks(vectors, view, "add", "mul", "only b", "only c")
        return values

    return experiment


def glove(preset: str, seed: int) -> dict[str, float]:
    """GloVe, which weighs words by distance and thins nothing out."""
    n, steps = SIZES[preset]
    data, values = text(n, seed), {}
    for window in (5, 20):
        X = cooccurrence(data.ids, window, len(data.vocab))
        model = GloVe(len(data.vocab), WIDTH, generator=torch.Generator().manual_seed(seed))
        fit(model, cells(X, 8192, seed), lambda m, b: m.loss(*b), steps=steps, lr=1e-2)
        values |= data.marks(model.vectors, f"window {window}", "add", "mul", "only b", "only c")
    return values


def counts(preset: str, seed: int) -> dict[str, float]:
    """PPMI and singular vectors under the same views, and chance."""
    data = text(SIZES[preset][0], seed)
    values: dict[str, float] = {}
    for view, (window, thinned) in (VIEWS | WIDE).items():
        X = cooccurrence(data.seen(thinned, seed), window, len(data.vocab), by_distance=False)
        values |= data.marks(svd_vectors(ppmi(X), WIDTH), view, "add", "mul", "only b", "only c")
    table = WordVectors(torch.zeros(len(data.vocab), 1), data.vocab)
    return values | {f"chance/{category}": share for category, share in table.chance(data.questions).items()}


def blind(preset: str, seed: int) -> dict[str, float]:
    """Of words with a full window: the share whose very window also stands round another word, and of pronouns.

    It falls with the window also because long windows hardly recur in a text of this size: a lower bound.
    """
    data = text(SIZES[preset][0], seed)
    pronouns = data.vocab.encode(["she", "he", "they"])
    values = {}
    for window in (1, 2, 3, 4, 5):
        centre, context, inside = (x.numpy() for x in context_windows(data.ids, window, len(data.vocab)))
        whole = inside.all(1)
        _, group = np.unique(context[whole], axis=0, return_inverse=True)
        group, word = group.ravel(), centre[whole]
        lowest = np.full(group.max() + 1, len(data.vocab))
        highest = np.zeros_like(lowest)
        np.minimum.at(lowest, group, word)
        np.maximum.at(highest, group, word)
        unsure = (lowest != highest)[group]
        values[f"window {window}/all"] = float(unsure.mean())
        values[f"window {window}/pronoun"] = float(unsure[np.isin(word, pronouns)].mean())
    return values


EXPERIMENTS: dict[str, Callable[[str, int], dict[str, Any]]] = {
    "skip-gram": predicting(SkipGram),
    "CBOW": predicting(CBOW),
    "GloVe": glove,
    "counts": counts,
    "blind": blind,
}
