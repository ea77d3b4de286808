"""Chapter 08's experiments: heads that find what "it" stands for; positions beyond the trained length; training.

A seed draws the data, the first weights and the batches.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from coursekit import load
from coursekit.data import Antecedent, World, antecedents
from coursekit.decode import best, greedy
from coursekit.metrics import alignment_scores, bleu
from coursekit.models.transformer import Transformer, TransformerConfig
from coursekit.nn.drawing import linear
from coursekit.nn.masks import padding
from coursekit.nn.position import RelativeBias, alibi, rotary, sinusoidal
from coursekit.nn.transformer import BlockConfig, EncoderBlock
from coursekit.text import Vocab
from coursekit.train import fit, next_word_loss, pick_device
from coursekit.train.teaching import Taught

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
        T, D = ids.size(1), self.embed.embedding_dim
        x = self.embed(ids) * D**0.5 + sinusoidal(torch.arange(T, device=ids.device), D)
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


def coded(rows: list[Antecedent], vocab: Vocab) -> tuple[Tensor, ...]:
    """Ids B T, lengths, places of "it" and of its noun, genders."""
    ids = pad_sequence([torch.tensor(vocab.encode(row.words)) for row in rows], batch_first=True)
    columns = zip(*((len(r.words), r.pronoun, r.noun, int(r.gender == "f")) for r in rows), strict=True)
    return ids, *map(torch.tensor, columns)


def it(name: str, preset: str, seed: int) -> dict[str, float]:
    """Share of right genders; and of the test sentences, where the head that points best at the noun points at it."""
    n, width, layers, size, steps = IT_SIZES[preset]
    train, validation, test = sentences(n, seed)
    vocab = Vocab.build(row.words for row in train)
    model = Encoder(len(vocab), width, layers, seed, **IT_MODELS[name]).to(pick_device())
    data = coded(train, vocab)

    def batch(step: int) -> tuple[Tensor, ...]:
        rows = torch.randint(len(train), (size,), generator=seeded(seed, 1, step))
        ids, *columns = (column[rows] for column in data)
        return ids[:, : columns[0].max()], *columns

    def loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        ids, lengths, pronoun, _, gender = batch
        return F.cross_entropy(model(ids, lengths)[torch.arange(len(ids)), pronoun], gender)

    history = fit(model, batch, loss, steps=steps, lr=2e-3)
    model.eval().cpu()
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
        t = torch.arange(T, device=ids.device)
        if self.scheme == "sinusoidal":
            x = x + sinusoidal(t, D)
        elif self.scheme == "learned":
            x = x + self.places(t) * D**0.5
        elif self.scheme == "rotary":
            options["rotary"] = rotary(t, D // self.heads)
        elif self.scheme == "T5 relative":
            options["bias"] = self.bias(T)
        elif self.scheme == "ALiBi":
            options["bias"] = alibi(self.heads, T, device=ids.device)
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
    model = Reader(V, width, layers, TIMES * T, scheme, seed).to(pick_device())

    def batch(step: int) -> Tensor:
        starts = torch.randint(len(train) - T - 1, (size,), generator=seeded(seed, 1, step))
        return train[starts[:, None] + torch.arange(T + 1)]

    def loss(model: nn.Module, rows: Tensor) -> Tensor:
        return F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())

    fit(model, batch, loss, steps=steps, lr=3e-3)
    return above(model.eval().cpu(), test, truth, T)


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


# The encoder-decoder: chapter 07's pairs, and warm-up before post- and pre-norm. -------------------------------------

#: Pairs, sentences in a batch and steps: those of chapter 07. Then width, blocks of each stack, heads.
TRAINING_SIZES = {
    "tiny": (8_000, 48, 700, 128, 3, 4),
    "colab": (20_000, 64, 3_000, 256, 4, 8),
    "full": (20_000, 64, 20_000, 512, 6, 8),
}
TRAINING_LR = 2e-3
#: Blocks of each stack, width, steps, learning rate: a deep model, and one of two blocks. Both read short sentences.
TRAINING_DEEP = {"tiny": (6, 64, 240, 2e-3), "colab": (6, 128, 1_000, 2e-3), "full": (6, 512, 4_000, 1e-3)}
TRAINING_SMALL = {"tiny": (2, 64, 400, 3e-3), "colab": (4, 128, 2_000, 2e-3), "full": (6, 512, 8_000, 1e-3)}
SHORT = 10


def training_padded(rows: list[list[int]]) -> Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


@lru_cache(maxsize=1)
def training_pairs(pairs: int, seed: int) -> tuple[Any, Vocab, Vocab]:
    """The splits, and the vocabularies of both languages, as in chapter 07."""
    data = load("pairs", n=pairs, seed=seed, languages=("en", "fr"))
    en, fr = (Vocab.build([text.split() for text in data["train"][language]]) for language in ("en", "fr"))
    return data, en, fr


def training_batches(data: Any, en: Vocab, fr: Vocab, size: int, seed: int, most: int = 99) -> Callable[[int], Taught]:
    """Chapter 07's batches: neighbours in the order of source lengths, of `most` words."""
    train = [(en.encode(row["en"].split()), fr.encode(row["fr"].split())) for row in data["train"]]
    train = [pair for pair in train if len(pair[0]) <= most]
    train.sort(key=lambda pair: len(pair[0]))

    def batch(step: int) -> Taught:
        at = int(torch.randint(len(train) - size, (), generator=seeded(seed, 1, step)))
        sources, targets = zip(*train[at : at + size], strict=True)
        read, write = ([[fr.bos, *t] for t in targets], [[*t, fr.eos] for t in targets])
        lengths = torch.tensor([len(s) for s in sources])
        return Taught(training_padded(list(sources)), lengths, training_padded(read), training_padded(write))

    return batch


def training_translation(preset: str, seed: int) -> dict[str, float]:
    """BLEU against all references; the loss of the test pairs; what each head of the decoder points at."""
    pairs, size, steps, width, layers, heads = TRAINING_SIZES[preset]
    data, en, fr = training_pairs(pairs, seed)
    config = TransformerConfig(len(en), len(fr), width, layers, heads, 2 * width, dropout=0, pre=True)
    model = Transformer(config, seeded(seed)).to(pick_device())
    batch = training_batches(data, en, fr, size, seed)
    history = fit(model, batch, next_word_loss(fr.pad), steps=steps, lr=TRAINING_LR)
    model.eval()
    held, test = list(data["validation"])[:100], list(data["test"])[:400]
    values = {"train loss": sum(history.loss[-50:]) / 50, **training_held_out(model, test, en, fr)}
    return values | training_heads(model, held, test, en, fr)


def training_smoothing(smoothing: float, preset: str, seed: int) -> dict[str, float]:
    """A smaller model on short sentences, its labels smoothed or not: how sure it is, how often right, its BLEU."""
    layers, width, steps, lr = TRAINING_SMALL[preset]
    data, en, fr = training_pairs(8_000, seed)
    config = TransformerConfig(len(en), len(fr), width, layers, 4, 2 * width, dropout=0, pre=True)
    model = Transformer(config, seeded(seed)).to(pick_device())
    batch = training_batches(data, en, fr, 32, seed, SHORT)
    fit(model, batch, next_word_loss(fr.pad, smoothing), steps=steps, lr=lr)
    test = [row for row in data["test"] if len(row["en"].split()) <= SHORT][:300]
    return training_held_out(model.eval(), test, en, fr)


@torch.no_grad()
def training_held_out(model: Transformer, rows: list[Any], en: Vocab, fr: Vocab) -> dict[str, float]:
    """BLEU of greedy translations; the loss; and the mean probability of the most probable word where it is right,
    beside the share of the places where it is: a model that says 0.9 should be right 9 times of 10.
    """
    device = next(model.parameters()).device
    coded = [(en.encode(row["en"].split()), fr.encode(row["fr"].split())) for row in rows]
    source, lengths = training_padded([s for s, _ in coded]).to(device), torch.tensor([len(s) for s, _ in coded])
    state = model.start(source, lengths)
    said = best(greedy(model, state, bos=fr.bos, eos=fr.eos, max_length=60, batch=len(rows)))
    known = [row["references"]["fr"] for row in rows]
    score = bleu([" ".join(fr.decode(ids)) for ids in said], known, tokeniser="none").score
    read, write = ([[fr.bos, *t] for _, t in coded], [[*t, fr.eos] for _, t in coded])
    logits, write = model(source, training_padded(read).to(device), lengths).cpu(), training_padded(write)
    sure, word = logits.softmax(-1).max(-1)
    there = write != fr.pad
    loss = F.cross_entropy(logits[there].double(), write[there]).item()
    right = (word == write)[there].double().mean().item()
    return {"bleu": score, "loss": loss, "sure": sure[there].double().mean().item(), "right": right}


def training_heads(model: Transformer, held: list[Any], test: list[Any], en: Vocab, fr: Vocab) -> dict[str, float]:
    """Alignment error on the test pairs of every head of the cross-attention, of the mean of a layer's heads, and of
    the head and the mean that are best on the validation pairs. A word's link is where it was looked at to say it;
    "late" is where the best head looks a step later, when it reads the word.
    """
    chosen, errors = (training_errors(model, rows, en, fr) for rows in (held, test))
    values = {f"aer/{name}": error for name, error in errors.items()}
    for kind, best_of in (("head", "."), ("mean", "mean")):
        name = min((key for key in chosen if best_of in key and "late" not in key), key=lambda key: chosen[key])
        values[f"best {kind}/aer"] = errors[name]
        values[f"best {kind}/layer"] = float(name.split(".")[0].split()[-1])
        if kind == "head":
            values |= {"best head/head": float(name.split(".")[1]), "best head/late": errors[f"late {name}"]}
    return {name: value for name, value in values.items() if "aer/late" not in name}


@torch.no_grad()
def training_errors(model: Transformer, rows: list[Any], en: Vocab, fr: Vocab) -> dict[str, float]:
    """Error rate of the links of each head, "layer.head", of "mean layer", and a step later, "late layer.head"."""
    device, found = next(model.parameters()).device, dict[str, list[Any]]()
    for row in rows:
        source, target = en.encode(row["en"].split()), fr.encode(row["fr"].split())
        ids = (torch.tensor([part], device=device) for part in (source, [fr.bos, *target]))
        for i, maps in enumerate(model.everything(*ids).cross, 1):  # 1, H, S + 1, T
            looks = {f"{i}.{h}": head for h, head in enumerate(maps[0], 1)} | {f"mean {i}": maps[0].mean(0)}
            for name, look in looks.items():
                links = look.argmax(-1).tolist()
                found.setdefault(name, []).append([(s, t) for t, s in enumerate(links[:-1])])
                if "." in name:
                    found.setdefault(f"late {name}", []).append([(s, t) for t, s in enumerate(links[1:])])
    gold = [row["alignment"]["fr"] for row in rows]
    return {name: alignment_scores(links, gold).error_rate for name, links in found.items()}


def training_norms(pre: bool, warmup: bool, preset: str, seed: int) -> dict[str, float]:
    """A deep model with warm-up for a third of the steps, or with the full rate from the first; then a cosine to 0.

    The loss of each twentieth of the steps, in nats a word.
    """
    layers, width, steps, lr = TRAINING_DEEP[preset]
    data, en, fr = training_pairs(8_000, seed)
    config = TransformerConfig(len(en), len(fr), width, layers, 4, 2 * width, dropout=0, pre=pre)
    model = Transformer(config, seeded(seed)).to(pick_device())
    batch = training_batches(data, en, fr, 32, seed, SHORT)
    history = fit(model, batch, next_word_loss(fr.pad), steps=steps, lr=lr, warmup=steps // 3 if warmup else 0)
    each = steps // 20
    curve = [sum(history.loss[k * each : (k + 1) * each]) / each for k in range(20)]
    return {"loss": curve[-1], **{f"loss/{(k + 1) * each}": loss for k, loss in enumerate(curve)}}


EXPERIMENTS: dict[str, Callable[[str, int], dict[str, float]]] = {
    **{f"it, {name}": partial(it, name) for name in IT_MODELS},
    **{f"positions, {scheme}": partial(far, scheme) for scheme in SCHEMES},
    "training: translation": training_translation,
    **{f"training: smoothing {share}": partial(training_smoothing, share) for share in (0.0, 0.1)},
    **{
        f"training: {'pre' if pre else 'post'}-norm, {'' if warm else 'no '}warm-up": partial(training_norms, pre, warm)
        for pre in (False, True)
        for warm in (True, False)
    },
}
