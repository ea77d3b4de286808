"""Chapter 08's experiments. A seed draws the data, the first weights and the batches.

training_*: the encoder-decoder on chapter 07's pairs and in chapter 07's training; warm-up before post- and pre-norm.
"""

import functools
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from coursekit import load
from coursekit.decode import best, greedy
from coursekit.metrics import alignment_scores, bleu
from coursekit.models.transformer import Transformer, TransformerConfig
from coursekit.text import Vocab
from coursekit.train import fit, next_word_loss, pick_device
from coursekit.train.teaching import Taught

SEEDS = [0, 1, 2]
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


def training_seeded(*numbers: int) -> torch.Generator:
    """A generator for these numbers; different ones do not meet."""
    return torch.Generator().manual_seed(sum(1_000_003**i * number for i, number in enumerate(numbers)))


def training_padded(rows: list[list[int]]) -> Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


@functools.lru_cache(maxsize=1)
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
        at = int(torch.randint(len(train) - size, (), generator=training_seeded(seed, 1, step)))
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
    model = Transformer(config, training_seeded(seed)).to(pick_device())
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
    model = Transformer(config, training_seeded(seed)).to(pick_device())
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
    model = Transformer(config, training_seeded(seed)).to(pick_device())
    batch = training_batches(data, en, fr, 32, seed, SHORT)
    history = fit(model, batch, next_word_loss(fr.pad), steps=steps, lr=lr, warmup=steps // 3 if warmup else 0)
    each = steps // 20
    curve = [sum(history.loss[k * each : (k + 1) * each]) / each for k in range(20)]
    return {"loss": curve[-1], **{f"loss/{(k + 1) * each}": loss for k, loss in enumerate(curve)}}


EXPERIMENTS: dict[str, Callable[[str, int], dict[str, float]]] = {
    "training: translation": training_translation,
    **{f"training: smoothing {share}": partial(training_smoothing, share) for share in (0.0, 0.1)},
    **{
        f"training: {'pre' if pre else 'post'}-norm, {'' if warm else 'no '}warm-up": partial(training_norms, pre, warm)
        for pre in (False, True)
        for warm in (True, False)
    },
}
