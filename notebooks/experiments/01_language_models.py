"""Chapter 01's experiments: what needs several seeds. Run by `coursekit experiment 01`; the notebooks plot the ledger.

A seed draws the stories and the first weights. Gaps are in nats per word on the test split, by kind of word; a word
that the vocabulary lacks counts as the kind "new word".
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from coursekit.data import World, load
from coursekit.metrics import gap
from coursekit.models import AddK, Interpolated, KneserNey, WindowLM, WindowLMConfig
from coursekit.text import Vocab
from coursekit.train import fit

SEEDS = [0, 1, 2]
#: Stories in all, and training steps of a window model.
SIZES = {"tiny": (20_000, 1_000), "colab": (100_000, 10_000), "full": (500_000, 50_000)}
WINDOWS = (4, 8, 16)
SEEN = (1, 2, 4, 8, 16, 32)
#: Upper ends of the distances that are counted together; they fall on the ends of the windows.
BINS = (8, 12, 16, 20, 24, 99)
FORMS = [("she", "he", "they"), ("her", "his", "their")]


class Stories:
    """The splits of one seed as ids, and what the process says about the test split."""

    def __init__(self, n: int, seed: int, split: str = "time", use: int | None = None) -> None:
        data = load("stories", n=n, seed=seed, split=split)
        tokens = {name: list(data[name]["tokens"]) for name in ("train", "test")}
        if use is not None:  # spread over the whole training time, so that only the amount changes
            tokens["train"] = tokens["train"][:: max(1, len(tokens["train"]) // use)][:use]
        self.vocab = Vocab.build(tokens["train"])
        self.train, self.test = ([self.vocab.encode(story) for story in tokens[name]] for name in ("train", "test"))
        self.tokens, self.truth, self.kind = (
            tokens["test"],
            list(data["test"]["logprob"]),
            list(data["test"]["kind"]),
        )

    def gap(self, model: Any, new_words_apart: bool = True) -> dict[str, float]:
        """The gap over all words and by kind; unknown words are a kind of their own, or keep the process's kind."""
        kinds = (
            self.kind
            if not new_words_apart
            else [
                [kind if word in self.vocab else "new word" for word, kind in zip(words, kinds, strict=True)]
                for words, kinds in zip(self.tokens, self.kind, strict=True)
            ]
        )
        return gap(model.log_probs(self.test), self.truth, kinds)

    def agreement(self, model: Any) -> dict[str, float]:
        """Share of stories whose first pronoun the model would choose rightly, by distance to the name."""
        right: dict[int, list[bool]] = {end: [] for end in BINS}
        for words, kinds in zip(self.tokens, self.kind, strict=True):
            at = kinds.index("pronoun")
            distance = at - max(i for i in range(at) if kinds[i] == "name")
            forms = next(forms for forms in FORMS if words[at] in forms)
            p = model.distribution(self.vocab.encode(words[:at]))[self.vocab.encode(forms)]
            right[next(end for end in BINS if distance <= end)].append(forms[int(np.argmax(p))] == words[at])
        return {f"distance {end}": float(np.mean(hits)) for end, hits in right.items() if hits}


@lru_cache(maxsize=1)
def stories(n: int, seed: int) -> Stories:
    return Stories(n, seed)


def window(data: Stories, context: int, steps: int, seed: int) -> WindowLM:
    """A fixed-window model, trained tamely."""
    generator = torch.Generator().manual_seed(seed)
    model = WindowLM(WindowLMConfig(len(data.vocab), context=context), generator)
    before, word = model.windows(data.train)

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        draw = torch.Generator().manual_seed(1_000_003 * seed + step)
        chosen = torch.randint(len(word), (512,), generator=draw)
        return before[chosen], word[chosen]

    fit(model, batch, lambda m, b: F.cross_entropy(m(b[0]), b[1]), steps=steps, lr=1e-2)
    return model.eval()


def counting(preset: str, seed: int) -> dict[str, float]:
    """Every way of counting at orders 2 to 6: the gap, by kind at order 4."""
    data = stories(SIZES[preset][0], seed)
    v = len(data.vocab)
    makers: dict[str, Callable[[int], Any]] = {
        "add-k": lambda n: AddK(n, v, k=0.01),
        "interpolated": lambda n: Interpolated(n, v),
        "Kneser-Ney": lambda n: KneserNey(n, v),
    }
    values = {}
    for name, make in makers.items():
        for order in range(2, 7):
            gaps = data.gap(make(order).fit(data.train))
            values |= {f"{name} {order}-gram/{kind}": g for kind, g in gaps.items() if kind == "all" or order == 4}
    return values


def windows(preset: str, seed: int) -> dict[str, float]:
    """Window models of several lengths: the gap by kind, and agreement by distance."""
    n, steps = SIZES[preset]
    data, values = stories(n, seed), {}
    for context in WINDOWS:
        model = window(data, context, steps, seed)
        values |= {f"window {context}/{kind}": g for kind, g in data.gap(model).items()}
        values |= {f"window {context}/{key}": share for key, share in data.agreement(model).items()}
    return values


def distance(preset: str, seed: int) -> dict[str, float]:
    """Kneser-Ney models: agreement by distance."""
    data = stories(SIZES[preset][0], seed)
    return {
        f"Kneser-Ney {order}-gram/{key}": share
        for order in (3, 5)
        for key, share in data.agreement(KneserNey(order, len(data.vocab)).fit(data.train)).items()
    }


def size(preset: str, seed: int) -> dict[str, float]:
    """The gap against the number of training stories."""
    n, steps = SIZES[preset]
    values = {}
    for use in (n // 40, n // 10, 4 * n // 10, 8 * n // 10):
        data = Stories(n, seed, use=use)
        models = {f"Kneser-Ney {order}-gram": KneserNey(order, len(data.vocab)).fit(data.train) for order in (3, 5)}
        models["window 8"] = window(data, 8, steps, seed)
        values |= {f"{name}/{use}": data.gap(model)["all"] for name, model in models.items()}
    return values


def leak(preset: str, seed: int) -> dict[str, float]:
    """One model, tested on stories drawn at random from the whole time, and on the time after its training."""
    values = {}
    for split in ("random", "time"):
        data = Stories(SIZES[preset][0], seed, split)
        gaps = data.gap(KneserNey(4, len(data.vocab)).fit(data.train), new_words_apart=False)
        values |= {f"{split}/{kind}": gaps[kind] for kind in ("all", "place", "thing", "name")}
        values[f"{split}/new words"] = float(np.mean([word not in data.vocab for row in data.tokens for word in row]))
    return values


def context(preset: str, seed: int) -> dict[str, float]:
    """The best model that sees the last words only, in nats a word, on a date of the test split."""
    samples = {"tiny": 40, "colab": 200, "full": 1_000}[preset]
    world = World()  # kept over all lengths: it remembers what may stand before a word
    floors = {n: world.context_floor(n, date=95, samples=samples, seed=seed) for n in SEEN}
    values = {f"{n} words": nats for n, (nats, _) in floors.items()}
    return values | {f"{n} words, error": error for n, (_, error) in floors.items()}


EXPERIMENTS = {
    "context": context,
    "counting": counting,
    "windows": windows,
    "distance": distance,
    "size": size,
    "leak": leak,
}
