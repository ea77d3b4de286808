"""Chapter 08's experiments: heads that find what "it" stands for, and positions beyond the trained length.

A seed draws the data, the first weights and the batches.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from coursekit.data import World
from coursekit.data.antecedents import Antecedent, antecedents
from coursekit.nn.drawing import linear
from coursekit.nn.masks import padding
from coursekit.nn.position import RelativeBias, alibi, rotary, sinusoidal
from coursekit.nn.transformer import BlockConfig, EncoderBlock
from coursekit.text import Vocab
from coursekit.train import fit

SEEDS = [0, 1, 2]


def seeded(*numbers: int) -> torch.Generator:
    """A generator for these numbers; different ones do not meet."""
    return torch.Generator().manual_seed(sum(1_000_003**i * number for i, number in enumerate(numbers)))


def embedding(rows: int, width: int, generator: torch.Generator) -> nn.Embedding:
    """Drawn in float64, deviation 1 / sqrt(D)."""
    weights = torch.randn(rows, width, generator=generator, dtype=torch.float64) * width**-0.5
    return nn.Embedding.from_pretrained(weights.float(), freeze=False)


# What "it" stands for. -----------------------------------------------------------------------------------------------

#: Sentences, width, layers, sentences in a batch, steps.
IT_SIZES = {
    "tiny": (4_000, 64, 2, 48, 250),
    "colab": (50_000, 128, 3, 128, 4_000),
    "full": (200_000, 256, 6, 128, 20_000),
}
#: Heads; and what else differs from a block as it is.
IT_MODELS: dict[str, dict[str, Any]] = {
    "1 head": {"heads": 1},
    "4 heads": {"heads": 4},
    "1 head, not scaled": {"heads": 1, "scale": 1.0},
    "4 heads, batch norm": {"heads": 4, "norm": "batch"},
}


class OverBatch(nn.BatchNorm1d):
    """Batch norm of B T D: each feature over all places of the batch, padding as well."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)


class Encoder(nn.Module):
    """Reads a sentence, and says at each place: is the noun that is meant here masculine or feminine in French?"""

    def __init__(self, vocab: int, width: int, layers: int, seed: int, norm: str = "layer", **options: Any) -> None:
        super().__init__()
        generator = seeded(seed)
        self.embed = embedding(vocab, width, generator)
        config = BlockConfig(width, inner=4 * width, **options)
        self.blocks = nn.ModuleList(EncoderBlock(config, generator) for _ in range(layers))
        self.last, self.out = nn.LayerNorm(width), linear(width, 2, generator)
        if norm == "batch":
            for block in self.blocks:
                block.attention_norm, block.feed_norm = OverBatch(width), OverBatch(width)

    def forward(self, ids: Tensor, lengths: Tensor, weights: bool = False) -> Any:
        T = ids.size(1)
        x = self.embed(ids) * self.embed.embedding_dim**0.5 + sinusoidal(torch.arange(T), self.embed.embedding_dim)
        mask, maps = padding(lengths, T)[:, None, None], []
        for block in self.blocks:
            if weights:
                x, seen = block(x, mask, weights=True)
                maps.append(seen.own)
            else:
                x = block(x, mask)
        logits = self.out(self.last(x))  # B, T, 2
        return (logits, torch.stack(maps, 1)) if weights else logits  # B, L, H, T, T


@lru_cache(maxsize=3)
def sentences(n: int, seed: int) -> tuple[list[Antecedent], list[Antecedent], list[Antecedent]]:
    return antecedents(n, seed), antecedents(400, seed, "validation"), antecedents(400, seed, "test")


def coded(rows: list[Antecedent], vocab: Vocab) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Ids B T, lengths, places of "it" and of its noun, genders."""
    ids = pad_sequence([torch.tensor(vocab.encode(row.words)) for row in rows], batch_first=True)
    columns = zip(*((len(r.words), r.pronoun, r.noun, int(r.gender == "f")) for r in rows), strict=True)
    return ids, *map(torch.tensor, columns)


def it(name: str, preset: str, seed: int) -> dict[str, float]:
    """Share of right genders; and of the test sentences, where the head that points best at the noun points at it."""
    n, width, layers, size, steps = IT_SIZES[preset]
    train, validation, test = sentences(n, seed)
    vocab = Vocab.build(row.words for row in train)
    model = Encoder(len(vocab), width, layers, seed, **IT_MODELS[name])
    data = coded(train, vocab)

    def batch(step: int) -> tuple[Tensor, ...]:
        rows = torch.randint(len(train), (size,), generator=seeded(seed, 1, step))
        ids, *columns = (column[rows] for column in data)
        return ids[:, : columns[0].max()], *columns

    def loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        ids, lengths, pronoun, _, gender = batch
        return F.cross_entropy(model(ids, lengths)[torch.arange(len(ids)), pronoun], gender)

    history = fit(model, batch, loss, steps=steps, lr=2e-3)
    model.eval()
    values = {"train loss": sum(history.loss[-25:]) / 25, "masculine": 1 - coded(test, vocab)[4].double().mean().item()}
    values |= rights(model, coded(test, vocab))
    chosen = pointing(model, coded(validation, vocab)).flatten().argmax()
    return values | points(model, coded(test, vocab), int(chosen))


@torch.no_grad()
def rights(model: Encoder, data: tuple[Tensor, ...]) -> dict[str, float]:
    """Share of right genders: with the statistics that training kept, and with those of the batch at hand, of 50
    sentences and of one. Only batch norm knows the difference.
    """
    ids, lengths, pronoun, _, gender = data

    def share(size: int, kept: bool) -> float:
        model.train(not kept)
        right = 0.0
        for rows in torch.arange(len(ids)).split(size):
            T = int(lengths[rows].max())
            logits = model(ids[rows, :T], lengths[rows])[torch.arange(len(rows)), pronoun[rows]]
            right += (logits.argmax(-1) == gender[rows]).sum().item()
        model.eval()
        return right / len(ids)

    values = {"right": share(50, True)}
    if any(isinstance(part, OverBatch) for part in model.modules()):
        values |= {"right, batches of 50 by themselves": share(50, False), "right, one by one": share(1, False)}
    return values


@torch.no_grad()
def pointing(model: Encoder, data: tuple[Tensor, ...]) -> Tensor:
    """Share of sentences where the largest weight of "it" lies on its noun, L H."""
    ids, lengths, pronoun, noun, _ = data
    maps = model(ids, lengths, weights=True)[1]  # B, L, H, T, T
    top = maps[torch.arange(len(ids)), :, :, pronoun].argmax(-1)  # B, L, H
    return (top == noun[:, None, None]).double().mean(0)


def points(model: Encoder, data: tuple[Tensor, ...], chosen: int) -> dict[str, float]:
    shares = pointing(model, data)
    values = {"points at the noun": shares.flatten()[chosen].item(), "mean head": shares.mean().item()}
    values["by chance"] = (1 / data[1].double()).mean().item()
    return values | {"chosen layer": float(chosen // shares.size(1) + 1)}


# Positions beyond the trained length. ---------------------------------------------------------------------------------

#: Stories, width, layers, trained length, rows in a batch, steps.
FAR_SIZES = {
    "tiny": (6_000, 64, 2, 32, 32, 400),
    "colab": (100_000, 128, 4, 64, 64, 8_000),
    "full": (500_000, 256, 6, 128, 64, 40_000),
}
SCHEMES = ("none", "sinusoidal", "learned", "rotary", "T5 relative", "ALiBi")
TIMES = 8  # how many times the trained length is tested


class Reader(nn.Module):
    """A causal language model with one of the position schemes."""

    def __init__(self, vocab: int, width: int, layers: int, longest: int, scheme: str, seed: int) -> None:
        super().__init__()
        generator, self.scheme, self.heads = seeded(seed), scheme, 4
        self.embed = embedding(vocab, width, generator)
        config = BlockConfig(width, self.heads, 4 * width)
        self.blocks = nn.ModuleList(EncoderBlock(config, generator) for _ in range(layers))
        self.last = nn.LayerNorm(width)
        if scheme == "learned":
            self.places = embedding(longest, width, generator)
        if scheme == "T5 relative":
            self.bias = RelativeBias(self.heads, both=False, generator=generator)

    def forward(self, ids: Tensor) -> Tensor:
        T, D = ids.size(1), self.embed.embedding_dim
        x, options = self.embed(ids) * D**0.5, dict[str, Any]()
        t = torch.arange(T)
        if self.scheme == "sinusoidal":
            x = x + sinusoidal(t, D)
        elif self.scheme == "learned":
            x = x + self.places(t) * D**0.5
        elif self.scheme == "rotary":
            options["rotary"] = rotary(t, D // self.heads)
        elif self.scheme == "T5 relative":
            options["bias"] = self.bias(T)
        elif self.scheme == "ALiBi":
            options["bias"] = alibi(self.heads, T)
        for block in self.blocks:
            x = block(x, causal=True, **options)
        return F.linear(self.last(x), self.embed.weight)  # B, T, V


@lru_cache(maxsize=3)
def stream(n: int, seed: int) -> tuple[Tensor, Tensor, Tensor, int]:
    """Stories one after the other, as ids: to train on, to test on; and -log p of each word that is tested."""
    world = World()
    train, test = (world.sample(k, s, dates=0) for k, s in ((n, seed), (2_000, seed + 1_000)))
    vocab = Vocab.build(story.tokens for story in train)
    ids = [
        torch.tensor([i for story in stories for i in vocab.encode(list(story.tokens))]) for stories in (train, test)
    ]
    truth = torch.tensor([-p for story in test for p in story.logprob], dtype=torch.float64)
    return ids[0], ids[1], truth, len(vocab)


def far(scheme: str, preset: str, seed: int) -> dict[str, float]:
    """Loss by position, up to 8 times the trained length, in nats above what the process itself cannot know."""
    n, width, layers, T, size, steps = FAR_SIZES[preset]
    train, test, truth, V = stream(n, seed)
    model = Reader(V, width, layers, TIMES * T, scheme, seed)

    def batch(step: int) -> Tensor:
        starts = torch.randint(len(train) - T - 1, (size,), generator=seeded(seed, 1, step))
        return train[starts[:, None] + torch.arange(T + 1)]

    def loss(model: nn.Module, rows: Tensor) -> Tensor:
        return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

    fit(model, batch, loss, steps=steps, lr=3e-3)
    return above(model.eval(), test, truth, T)


@torch.no_grad()
def above(model: Reader, test: Tensor, truth: Tensor, T: int) -> dict[str, float]:
    """Mean gap of the places of each eighth (the first in four parts), over 128 windows of 8 T words."""
    starts = torch.randint(len(test) - TIMES * T - 1, (128,), generator=seeded(7))
    at = starts[:, None] + torch.arange(TIMES * T + 1)
    gaps = []
    for rows in at.split(16):
        losses = F.cross_entropy(model(test[rows[:, :-1]]).mT, test[rows[:, 1:]], reduction="none").double()
        gaps.append(losses - truth[rows[:, 1:]])
    gap = torch.cat(gaps).mean(0)  # 8 T
    ends = [T // 4, T // 2, 3 * T // 4, *(T * k // 2 for k in range(2, 2 * TIMES + 1))]
    parts = zip([0, *ends], ends, strict=False)
    values = {f"gap/{low + 1} to {high}": gap[low:high].mean().item() for low, high in parts}
    inside, beyond = gap[T // 2 : T].mean().item(), gap[T:].mean().item()
    return values | {"inside": inside, "beyond": beyond, "lost": beyond - inside}


EXPERIMENTS: dict[str, Callable[[str, int], dict[str, float]]] = {
    "it, 1 head": partial(it, "1 head"),
    "it, 4 heads": partial(it, "4 heads"),
    **{f"positions, {scheme}": partial(far, scheme) for scheme in SCHEMES},
    **{f"it, {name}": partial(it, name) for name in IT_MODELS},
}
