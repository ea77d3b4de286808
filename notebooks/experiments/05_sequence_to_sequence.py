"""Chapter 05's experiments: what needs several seeds. Run by `coursekit experiment 05`; the notebooks plot the ledger.

A seed draws the pairs, the first weights and the batches. English is read, French is written. The pairs are the easier
ones of the world (the commoner words, each language's usual wording): a fixed context shall get somewhere with them.
Scores are of greedy translations of pairs that no model was trained on, with BLEU in per cent.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import lru_cache, partial
from itertools import chain
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from coursekit.data.pairs import Pair, PairConfig, Pairs
from coursekit.data.scenes import COLOURS, SHAPES, Scene, Scenes
from coursekit.decode import best, greedy
from coursekit.metrics import bleu
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.models.captioner import CaptionBatch, Captioner, CaptionerConfig, caption_loss
from coursekit.models.glove import cooccurrence, ppmi, svd_vectors
from coursekit.text import Vocab
from coursekit.train import fit

SEEDS = [0, 1, 2]
#: Pairs to train on, hidden units, training steps.
SIZES = {"tiny": (20_000, 128, 800), "colab": (100_000, 512, 8_000), "full": (500_000, 1_000, 50_000)}
EASY = {"clauses": (1, 2), "zipf": 3.0, "variety": 0.0}
A_BATCH, LONGEST = 32, 60
#: Bins of source length, in words: the first and the last of each.
LENGTHS = ((3, 6), (7, 9), (10, 12), (13, 15), (16, 20), (21, 30))
IN_A_BIN = 100  # test sentences
#: Places of the target that are looked at one by one, and how few pairs embeddings are to help with.
EARLY, FEW = 8, 500


class Coded(NamedTuple):
    """A batch of pairs as ids: source B T, its lengths, what the decoder reads and what it is to write, B S each."""

    source: Tensor
    lengths: Tensor
    target_in: Tensor
    target_out: Tensor


class Corpus:
    """Pairs to train on, their vocabularies, and test pairs in bins of source length."""

    def __init__(self, n: int, seed: int, clauses: Any = (1, 2)) -> None:
        config = PairConfig(**(EASY | {"clauses": clauses}))  # type: ignore[arg-type]
        train = Pairs(config, seed, "train", ("en", "fr")).take(n)
        self.train = sorted(([pair.text[name].split() for name in ("en", "fr")] for pair in train), key=source_length)
        self.words = [Vocab.build(side) for side in zip(*self.train, strict=True)]
        self.pad, self.bos, self.eos = Vocab.pad, Vocab.bos, Vocab.eos
        seen = {pair.text["en"] for pair in train}
        self.test = binned(Pairs(config, seed, "validation", ("en", "fr"), references=4), seen, clauses == 1)

    @property
    def tested(self) -> list[Pair]:
        """All test pairs."""
        return list(chain(*self.test))

    def smaller(self, n: int, seed: int) -> "Corpus":
        """The same with n of the pairs to train on."""
        other, draw = copy(self), torch.Generator().manual_seed(seed)
        other.train = [self.train[i] for i in sorted(torch.randperm(len(self.train), generator=draw)[:n].tolist())]
        return other

    def coded(self, pairs: Sequence[Any], backwards: bool = False) -> Coded:
        """The pairs as one batch; the source's last word first if `backwards`."""
        source = [self.words[0].encode(reversed(x) if backwards else x) for x, _ in pairs]
        target = [self.words[1].encode(y) for _, y in pairs]
        return Coded(
            padded(source), torch.tensor([len(x) for x in source]),
            padded([[self.bos, *y] for y in target]), padded([[*y, self.eos] for y in target]),
        )  # fmt: skip

    def batch(self, step: int, seed: int, backwards: bool = False) -> Coded:
        """Neighbours in the order of length: little padding. A pure function of step and seed."""
        draw = torch.Generator().manual_seed(1_000_003 * seed + step)
        at = int(torch.randint(len(self.train) - A_BATCH, (), generator=draw))
        return self.coded(self.train[at : at + A_BATCH], backwards)


def source_length(pair: Sequence[Any]) -> int:
    return len(pair[0])


def binned(pairs: Pairs, seen: set[str], short: bool = False) -> list[list[Pair]]:
    """IN_A_BIN pairs of each bin, none of which was trained on; of the first two bins alone if `short`."""
    bins: list[list[Pair]] = [[] for _ in LENGTHS[: 2 if short else None]]
    for pair in pairs:
        at = next((i for i, (_, most) in enumerate(LENGTHS) if len(pair.text["en"].split()) <= most), None)
        if at is not None and at < len(bins) and len(bins[at]) < IN_A_BIN and pair.text["en"] not in seen:
            bins[at].append(pair)
        if all(len(found) == IN_A_BIN for found in bins):
            return bins
    return bins


def padded(rows: list[list[int]]) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True)


@lru_cache(maxsize=1)
def corpus(n: int, seed: int, clauses: Any = (1, 2)) -> Corpus:
    return Corpus(n, seed, clauses)


def masked_loss(model: Any, batch: Coded) -> Tensor:
    logits = model(batch.source, batch.target_in, batch.lengths)
    return F.cross_entropy(logits.flatten(0, 1), batch.target_out.flatten(), ignore_index=Vocab.pad)


#: What sets one model apart from a GRU that reads forwards and only starts from the fixed context.
MODELS: dict[str, dict[str, Any]] = {
    "state": {},
    "state, source reversed": {"backwards": True},
    "step": {"context": "step"},
    "output": {"context": "output"},
    "attention": {"attention": "luong"},
}


def built(data: Corpus, hidden: int, seed: int, tables: dict[str, Any] | None = None, **options: Any) -> Seq2Seq:
    """One direction, so that it matters where the reading starts."""
    sizes = {"width": hidden // 2, "hidden": hidden, "bidirectional": False, "max_length": LONGEST}
    config = Seq2SeqConfig(len(data.words[0]), len(data.words[1]), **(sizes | options))  # type: ignore[arg-type]
    return Seq2Seq(config, torch.Generator().manual_seed(seed), **(tables or {}))


def trained(data: Corpus, hidden: int, steps: int, seed: int, backwards: bool = False, **options: Any) -> Seq2Seq:
    model = built(data, hidden, seed, **options)
    fit(model, partial(data.batch, seed=seed, backwards=backwards), masked_loss, steps=steps, lr=5e-3)
    return model.eval()


@torch.no_grad()
def translations(model: Seq2Seq, data: Corpus, pairs: Sequence[Pair], backwards: bool = False) -> list[list[str]]:
    """Greedy, in one batch."""
    x = data.coded([[p.text["en"].split(), p.text["fr"].split()] for p in pairs], backwards)
    state = model.start(x.source, x.lengths)
    found = best(greedy(model, state, bos=data.bos, eos=data.eos, max_length=LONGEST, batch=len(pairs)))
    return [data.words[1].decode(ids) for ids in found]


def length(name: str, preset: str, seed: int) -> dict[str, float]:
    """BLEU and the share of sentences that are right to the last word, by source length and in all."""
    n, hidden, steps = SIZES[preset]
    data, options = corpus(n, seed), dict(MODELS[name])
    backwards = bool(options.pop("backwards", False))
    model = trained(data, hidden, steps, seed, backwards, **options)
    written = [[" ".join(y) for y in translations(model, data, pairs, backwards)] for pairs in data.test]
    values: dict[str, float] = {"parameters": sum(p.numel() for p in model.parameters())}
    for (low, high), said, pairs in zip(LENGTHS, written, data.test, strict=True):
        values[f"bleu, {low} to {high}"] = score(said, pairs)
        values[f"exact, {low} to {high}"] = share_right(said, pairs)
    said, pairs = list(chain(*written)), data.tested
    values |= {"bleu": score(said, pairs), "exact": share_right(said, pairs)}
    return values | ends(model, data, backwards)


@torch.no_grad()
def ends(model: Seq2Seq, data: Corpus, backwards: bool) -> dict[str, float]:
    """Nats per word of the first three places of the target and of the last three, the right words being read."""
    x = data.coded(sources_and_targets(data.tested), backwards)
    logits = model(x.source, x.target_in, x.lengths)
    nats = F.cross_entropy(logits.mT, x.target_out, reduction="none", ignore_index=Vocab.pad)  # B, S
    left = (x.target_out != Vocab.pad).flip(1).cumsum(1).flip(1)  # words from here to the end, this one included
    return {"first three": nats[:, :3].mean().item(), "last three": nats[(left > 0) & (left <= 3)].mean().item()}


def score(said: list[str], pairs: list[Pair]) -> float:
    return bleu(said, [pair.references["fr"] for pair in pairs], tokeniser="none").score


def share_right(said: list[str], pairs: list[Pair]) -> float:
    return sum(y in pair.references["fr"] for y, pair in zip(said, pairs, strict=True)) / len(pairs)


# Who hands the decoder its words


class Stepped(NamedTuple):
    """A batch that knows its step: the share of own words and the coins depend on it."""

    pairs: Coded
    step: int


def own_loss(model: Seq2Seq, batch: Stepped, share: Callable[[int], float], seed: int) -> Tensor:
    """`masked_loss`, the decoder fed with a share of its own words that may change from step to step."""
    x, coins = batch.pairs, torch.Generator().manual_seed(1_000_003 * seed + batch.step)
    logits = model(x.source, x.target_in, x.lengths, own=share(batch.step), generator=coins)
    return F.cross_entropy(logits.flatten(0, 1), x.target_out.flatten(), ignore_index=Vocab.pad)


def teacher(preset: str, seed: int) -> dict[str, float]:
    """The same model taught with the right words, with ever more of its own, and with nothing but its own.

    Sentences of one clause. `taught`: share of words that are right after the right words; `alone`: at the same place
    of the model's own translation; both also by place. The rest as in `length`.
    """
    n, hidden, steps = SIZES[preset]
    data, steps, values = corpus(n, seed, 1), steps // 2, dict[str, float]()
    shares: dict[str, Callable[[int], float]] = {
        "teacher": lambda step: 0.0,
        "scheduled": lambda step: 0.5 * step / steps,
        "own": lambda step: 1.0,
    }
    for name, share in shares.items():
        model = built(data, hidden, seed, context="output")
        loss = partial(own_loss, share=share, seed=seed)
        fit(model, lambda step: Stepped(data.batch(step, seed), step), loss, steps=steps, lr=5e-3)
        values |= {f"{name}/{key}": value for key, value in both_ways(model.eval(), data).items()}
        if name == "teacher":
            values |= slips(model, data)
    return values


@torch.no_grad()
def both_ways(model: Seq2Seq, data: Corpus) -> dict[str, float]:
    """How right the model is when it reads the right words and when it reads its own."""
    pairs = data.tested
    x = data.coded(sources_and_targets(pairs))
    logits = model(x.source, x.target_in, x.lengths)
    alone, real = written_at(model, x), x.target_out != Vocab.pad
    said = [" ".join(y) for y in translations(model, data, pairs)]
    hits = {"taught": logits.argmax(-1) == x.target_out, "alone": alone == x.target_out}
    loss = F.cross_entropy(logits.flatten(0, 1), x.target_out.flatten(), ignore_index=Vocab.pad)
    values = {"loss": loss.item(), "bleu": score(said, pairs), "exact": share_right(said, pairs)}
    for name, hit in hits.items():
        values[name] = hit[real].double().mean().item()
        values |= {f"{name} at {j + 1}": hit[:, j][real[:, j]].double().mean().item() for j in range(EARLY)}
    return values


def sources_and_targets(pairs: Sequence[Pair]) -> list[list[list[str]]]:
    return [[pair.text["en"].split(), pair.text["fr"].split()] for pair in pairs]


def written_at(model: Seq2Seq, x: Coded) -> Tensor:
    """The model's own greedy words, as many as the target has places: B S."""
    state, ids, written = model.start(x.source, x.lengths), x.target_in[:, 0], list[Tensor]()
    for _ in range(x.target_out.size(1)):
        logits, state = model.step(ids, state)
        ids = logits.argmax(-1)
        written.append(ids)
    return torch.stack(written, 1)


@torch.no_grad()
def slips(model: Seq2Seq, data: Corpus) -> dict[str, float]:
    """The right words up to place j; there the right word, or the most probable wrong one; then the model alone.

    The share of the places after j, up to EARLY, that come out wrong, for both; sentences that long only.
    """
    pairs = [pair for pair in data.tested if len(pair.text["fr"].split()) >= EARLY]
    x, values = data.coded(sources_and_targets(pairs)), dict[str, float]()
    for j in range(EARLY - 2):
        for name in ("slip", "no slip"):
            state, wrong = model.start(x.source, x.lengths), list[Tensor]()
            ids = x.target_in[:, 0]
            for at in range(EARLY):
                logits, state = model.step(ids, state)
                right = x.target_out[:, at]
                if at > j:
                    ids = logits.argmax(-1)
                    wrong.append(ids != right)
                elif at == j and name == "slip":
                    ids = logits.scatter(1, right[:, None], -torch.inf).argmax(-1)
                else:
                    ids = right
            values[f"{name} at {j + 1}"] = torch.stack(wrong).double().mean().item()
    return values


# Embeddings


def embeddings(preset: str, seed: int) -> dict[str, float]:
    """Few pairs and much English: source embeddings learnt with the task, or taken from counts and kept or trained on.

    The counts are of all English sentences (PPMI, then SVD: chapter 02); the pairs to train on are FEW of them.
    """
    n, hidden, steps = SIZES[preset]
    data, values = corpus(n // 4, seed, 1), dict[str, float]()
    ids = [data.words[0].encode(x) for x, _ in data.train]
    V = len(data.words[0])
    vectors = svd_vectors(ppmi(cooccurrence(ids, 2, V, by_distance=False)), hidden // 2)
    vectors = vectors / vectors[vectors.norm(dim=1) > 0].std()  # variance 1, as the learnt ones begin
    few = data.smaller(FEW, seed)
    for name in ("learnt", "pre-trained", "frozen"):
        given: dict[str, Any] = {"source_vectors": vectors, "frozen": name == "frozen"}
        model = built(data, hidden, seed, tables={} if name == "learnt" else given, context="output")
        fit(model, partial(few.batch, seed=seed), masked_loss, steps=steps // 4, lr=5e-3)
        values |= {f"{name}/{key}": value for key, value in both_ways(model.eval(), data).items()}
    return values


# Captions


def captions(attention: str | None, preset: str, seed: int) -> dict[str, float]:
    """By the number of things in the picture: of the things that a caption names, the share that are really there."""
    n, hidden, steps = SIZES[preset]
    scenes = Scenes(f"{seed} train", (1, 3)).take(n // 4)
    vocab = Vocab.build(caption.split() for scene in scenes for caption in scene.captions)
    config = CaptionerConfig(len(vocab), attention=attention, hidden=hidden // 2, width=hidden // 4, channels=32)
    model = Captioner(config, torch.Generator().manual_seed(seed))
    loss: Any = caption_loss()
    fit(model, partial(caption_batch, scenes, vocab, seed=seed), loss, steps=3 * steps // 2, lr=1e-2)
    values = dict[str, float]()
    for objects in (1, 2, 3):
        found = described(model.eval(), vocab, Scenes(f"{seed} test", objects).take(300))
        values |= {f"{key}, {objects}": value for key, value in found.items()}
    return values


def caption_batch(scenes: Sequence[Scene], vocab: Vocab, step: int, seed: int) -> CaptionBatch:
    """32 pictures, one of the captions of each."""
    draw = torch.Generator().manual_seed(1_000_003 * seed + step)
    chosen = torch.randint(len(scenes), (32,), generator=draw).tolist()
    which = torch.randint(len(scenes[0].captions), (32,), generator=draw).tolist()
    words = [vocab.encode(scenes[i].captions[k].split()) for i, k in zip(chosen, which, strict=True)]
    target_in, target_out = padded([[vocab.bos, *y] for y in words]), padded([[*y, vocab.eos] for y in words])
    return CaptionBatch(pictures([scenes[i] for i in chosen]), target_in, target_out, step)


def pictures(scenes: Sequence[Scene]) -> Tensor:
    return torch.stack([torch.from_numpy(scene.image).permute(2, 0, 1) for scene in scenes])


@torch.no_grad()
def described(model: Captioner, vocab: Vocab, scenes: Sequence[Scene]) -> dict[str, float]:
    state = model.start(pictures(scenes))
    found = best(greedy(model, state, bos=vocab.bos, eos=vocab.eos, max_length=40, batch=len(scenes)))
    named = [(things(vocab.decode(ids)), scene) for ids, scene in zip(found, scenes, strict=True)]
    marks = [thing_marks(look, scene) for looks, scene in named for look in looks]
    return {name: sum(mark[name] for mark in marks) / len(marks) for name in ("shape", "colour", "there")}


def things(words: Sequence[str]) -> list[list[str]]:
    """The things that a caption names: each shape with the words since its article."""
    found, looks = list[list[str]](), list[str]()
    for word in words:
        looks = [] if word in ("a", "an", "the") else [*looks, word]
        if word in SHAPES:
            found.append(looks)
    return found


def thing_marks(look: Sequence[str], scene: Scene) -> dict[str, float]:
    """Is there such a shape; such a colour on anything (if one is named); one thing that has all that was said?"""
    colours = [word for word in look if word in COLOURS]
    shown = {thing.colour for thing in scene.objects}
    whole = [{thing.shape, thing.colour, thing.size} for thing in scene.objects]
    return {
        "shape": float(look[-1] in {thing.shape for thing in scene.objects}),
        "colour": float(set(colours) <= shown),
        "there": float(any(set(look) <= looks for looks in whole)),
    }


EXPERIMENTS: dict[str, Callable[[str, int], dict[str, float]]] = {
    **{f"length, {name}": partial(length, name) for name in MODELS},
    "teacher": teacher,
    "captions, mean": partial(captions, None),
    "embeddings": embeddings,
}
