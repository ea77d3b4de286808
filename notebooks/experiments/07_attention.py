"""Chapter 07's experiments: what attention buys by length, whether its weights are alignments, where it points.

A seed draws the data, the first weights and the batches. Translation: English to French, one to three clauses, the same
training for every model. An attention's links are the source word of the largest weight for each target word.
"""

import functools
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from coursekit import load
from coursekit.data.scenes import SHAPES, Scenes
from coursekit.decode import best, greedy
from coursekit.metrics import alignment_scores, bleu
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.models.captioner import CaptionBatch, Captioner, CaptionerConfig, caption_loss, points_at
from coursekit.nn.picture_grid import grid_boxes
from coursekit.text import Vocab
from coursekit.train import fit, pick_device

SEEDS = [0, 1, 2]
#: Pairs, width of an embedding, hidden units, sentences in a batch, steps.
SIZES = {
    "tiny": (8_000, 64, 128, 48, 700),
    "colab": (20_000, 128, 256, 64, 3_000),
    "full": (20_000, 256, 512, 64, 20_000),
}
#: The longest source of each bin: about a quarter of the sentences in each.
BINS = {"4 to 10": 10, "11 to 16": 16, "17 to 23": 23, "24 and more": 999}
#: How the decoder learns of the source.
MODELS: dict[str, dict[str, Any]] = {
    "fixed": {"context": "output"},
    "Bahdanau": {"context": "output", "attention": "bahdanau", "score": "additive"},
    "Luong general": {"attention": "luong", "score": "general"},
    "Luong local-p": {"attention": "luong", "score": "general", "span": "local-p", "window": 4},
}
#: A curriculum, chosen on Scenes("validation"): the mean over all looks first, then looks that are drawn, four of each
#: caption, the others' mean being the baseline. An entropy term in the soft steps would keep the weights diffuse.
SOFT, HARD = {"expected": 1.0, "lambda_e": 0.0}, {"expected": 0.0, "credit": "rest", "draws": 4, "lambda_e": 0.01}
#: Channels of the captioner (its other sizes go with them); then steps, captions in a batch and learning rate.
LOOKS: dict[str, tuple[int, dict[str, tuple[int, int, float, dict[str, Any]]]]] = {
    "tiny": (64, {"soft": (700, 32, 3e-3, SOFT), "hard": (300, 16, 2e-3, HARD)}),
    "colab": (64, {"soft": (4_000, 64, 3e-3, SOFT), "hard": (2_000, 64, 1e-3, HARD)}),
    "full": (128, {"soft": (20_000, 64, 1e-3, SOFT), "hard": (20_000, 64, 5e-4, HARD)}),
}


def seeded(*numbers: int) -> torch.Generator:
    """A generator for these numbers; different ones do not meet."""
    return torch.Generator().manual_seed(sum(1_000_003**i * number for i, number in enumerate(numbers)))


def padded(rows: list[list[int]]) -> Tensor:
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


@functools.lru_cache(maxsize=1)
def language_pairs(pairs: int, seed: int) -> tuple[Any, Vocab, Vocab]:
    """The splits, and the vocabularies of both languages."""
    data = load("pairs", n=pairs, seed=seed, languages=("en", "fr"))
    en, fr = (Vocab.build([text.split() for text in data["train"][language]]) for language in ("en", "fr"))
    return data, en, fr


def translation(name: str, preset: str, seed: int) -> dict[str, float]:
    """BLEU against all references by length, and the alignment error rate of the weights."""
    pairs, width, hidden, size, steps = SIZES[preset]
    data, en, fr = language_pairs(pairs, seed)
    config = Seq2SeqConfig(len(en), len(fr), width=width, hidden=hidden, **MODELS[name])
    model = Seq2Seq(config, seeded(seed)).to(pick_device())
    train = [(en.encode(row["en"].split()), fr.encode(row["fr"].split())) for row in data["train"]]
    train.sort(key=lambda pair: len(pair[0]))  # a batch holds sentences of like length: little padding

    def batch(step: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        at = int(torch.randint(len(train) - size, (), generator=seeded(seed, 1, step)))
        sources, targets = zip(*train[at : at + size], strict=True)
        read, write = ([[fr.bos, *t] for t in targets], [[*t, fr.eos] for t in targets])
        return padded(list(sources)), padded(read), padded(write), torch.tensor([len(s) for s in sources])

    def loss(model: nn.Module, data: Any) -> Tensor:
        source, read, write, lengths = data
        return F.cross_entropy(model(source, read, lengths).flatten(0, 1), write.flatten(), ignore_index=fr.pad)

    history = fit(model, batch, loss, steps=steps, lr=3e-3)
    model.eval()
    rows = list(data["test"])[:400]
    values = {"train loss": sum(history.loss[-50:]) / 50, **by_length(model, rows, en, fr)}
    return values | (alignment(model, rows, en, fr) if name != "fixed" else {})


@torch.no_grad()
def by_length(model: Seq2Seq, rows: list[dict[str, Any]], en: Vocab, fr: Vocab) -> dict[str, float]:
    """BLEU of greedy translations, of all and of each bin of lengths."""
    sources = [en.encode(row["en"].split()) for row in rows]
    lengths, device = torch.tensor([len(s) for s in sources]), next(model.parameters()).device
    state = model.start(padded(sources).to(device), lengths)
    said = best(greedy(model, state, bos=fr.bos, eos=fr.eos, max_length=60, batch=len(rows)))
    texts, known = [" ".join(fr.decode(ids)) for ids in said], [row["references"]["fr"] for row in rows]
    values, low = {"bleu/all": bleu(texts, known, tokeniser="none").score}, 0
    for name, high in BINS.items():
        chosen = [i for i, n in enumerate(lengths.tolist()) if low < n <= high]
        values[f"bleu/{name}"] = bleu([texts[i] for i in chosen], [known[i] for i in chosen], tokeniser="none").score
        low = high
    return values


@torch.no_grad()
def alignment(model: Seq2Seq, rows: list[dict[str, Any]], en: Vocab, fr: Vocab) -> dict[str, float]:
    """Error rate of the arg-max links, their share that is right for some sorts of words, and what else they say.

    moved: the word whose translation follows does not stand directly before, or after, in both languages alike.
    beside: of the wrong links, those one source word beside a right one. right word: of the wrong links, those whose
    target word was nevertheless predicted.
    """
    device, found, gold = next(model.parameters()).device, [], []
    counts = dict.fromkeys(("words", "hit", "moved", "moved hit", "still", "still hit", "wrong", "beside", "said"), 0)
    for row in rows:
        source, target = en.encode(row["en"].split()), fr.encode(row["fr"].split())
        ids = (torch.tensor([part], device=device) for part in (source, [fr.bos, *target]))
        logits, weights = (out[0, : len(target)].cpu() for out in model.with_weights(*ids))
        links, known = weights.argmax(-1).tolist(), row["alignment"]["fr"]
        found.append([(i, j) for j, i in enumerate(links)])
        gold.append(known)
        for j, i in enumerate(links):
            right = {s for s, t in known if t == j}
            if not right:
                continue
            before = {s for s, t in known if t == j - 1} or {-1}
            kind = "still" if min(right) - max(before) in (0, 1) else "moved"
            counts["words"] += 1
            counts[kind] += 1
            counts["hit"] += i in right
            counts[f"{kind} hit"] += i in right
            if i not in right:
                counts["wrong"] += 1
                counts["beside"] += bool({i - 1, i + 1} & right)
                counts["said"] += int(logits[j].argmax()) == target[j]
    score = alignment_scores(found, gold)
    diagonal = [[(round(j * len(r["en"].split()) / len(r["fr"].split())), j) for j in range(len(r["fr"].split()))]
                for r in rows]  # fmt: skip
    return {
        "aer": score.error_rate, "precision": score.precision, "recall": score.recall,
        "aer of the diagonal": alignment_scores(diagonal, gold).error_rate,
        "aer of gold with one link a word": alignment_scores([one_each(g) for g in gold], gold).error_rate,
        "hit": counts["hit"] / counts["words"],
        "hit/moved": counts["moved hit"] / counts["moved"], "hit/still": counts["still hit"] / counts["still"],
        "beside": counts["beside"] / max(counts["wrong"], 1), "right word": counts["said"] / max(counts["wrong"], 1),
    }  # fmt: skip


def one_each(links: list[list[int]]) -> list[list[int]]:
    """The first link of each target word: the most that an arg-max can find."""
    return [[min(s for s, t in links if t == j), j] for j in sorted({t for _, t in links})]


def pointing(preset: str, seed: int) -> dict[str, float]:
    """Share of the nouns at which a captioner looks at a cell that touches the named thing, after soft and hard steps.

    Pictures of one to four things, five captions each, 8 x 8 cells. The test pictures are the same for all seeds.
    """
    channels, phases = LOOKS[preset]
    train, test = Scenes(seed, (1, 4), 5).take(3_200), Scenes("test", (1, 4), 5).take(200)
    words = Vocab.build(caption.split() for scene in train for caption in scene.captions)
    sizes = {"channels": channels, "width": channels, "hidden": channels}
    config = CaptionerConfig(len(words), "hard", **sizes, remembers=False, own_keys=True)
    model = Captioner(config, seeded(seed)).to(pick_device())
    pictures = images(train)
    coded = [[words.encode(caption.split()) for caption in scene.captions] for scene in train]

    def batch(size: int, step: int) -> CaptionBatch:
        draw = seeded(seed, 2, step)
        rows, which = (torch.randint(n, (size,), generator=draw) for n in (len(train), 5))
        said = [coded[i][j] for i, j in zip(rows.tolist(), which.tolist(), strict=True)]
        read, write = ([[words.bos, *ids] for ids in said], [[*ids, words.eos] for ids in said])
        return CaptionBatch(pictures[rows], padded(read), padded(write), seed * 1_000_003 + step)

    values, done = {}, 0
    for name, (steps, size, lr, options) in phases.items():
        fit(model, lambda step, a=size, b=done: batch(a, b + step), caption_loss(**options), steps=steps, lr=lr)
        done += steps
        values |= {f"{name}/{key}": value for key, value in pointed(model.eval(), test, words).items()}
    return values


@torch.no_grad()
def pointed(model: Captioner, scenes: list[Any], words: Vocab) -> dict[str, float]:
    """Hits at nouns: all, and by the number of things in the picture; and what a cell chosen by chance would hit."""
    pictures, cells, hits = images(scenes), grid_boxes(8), list[tuple[int, bool, float]]()
    for which in range(5):
        ids = padded([[words.bos, *words.encode(scene.captions[which].split())] for scene in scenes])
        device = next(model.parameters()).device
        alpha = model.with_weights(pictures.to(device), ids[:, :-1].to(device))[1].cpu()
        for scene, looks in zip(scenes, alpha, strict=True):
            for word, thing, look in zip(scene.captions[which].split(), scene.words[which], looks, strict=False):
                if thing >= 0 and word in SHAPES:
                    box = torch.tensor(scene.objects[thing].box)
                    hit = bool(points_at(look[None, None], box[None, None]))
                    chance = ((cells[:, :2] < box[2:]) & (box[:2] < cells[:, 2:])).all(-1).double().mean().item()
                    hits.append((len(scene.objects), hit, chance))
    share = {f"nouns, {n} in the picture": [hit for k, hit, _ in hits if k == n] for n in (1, 2, 3, 4)}
    share |= {"nouns": [hit for _, hit, _ in hits], "chance": [chance for *_, chance in hits]}
    return {name: sum(column) / len(column) for name, column in share.items()}


def images(scenes: list[Any]) -> Tensor:
    return torch.stack([torch.from_numpy(scene.image).permute(2, 0, 1) for scene in scenes])


EXPERIMENTS: dict[str, Callable[[str, int], dict[str, float]]] = {
    **{f"translation, {name}": partial(translation, name) for name in MODELS},
    "pointing": pointing,
}
