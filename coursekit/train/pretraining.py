"""A small GPT-2 of our own, trained on stories of the small world that it never meets twice.

    card = pretrain("gpt", "my-gpt")                          what `coursekit pretrain gpt` does
    model, vocab = models.with_vocabulary("my-gpt")

The folder is in the published format (config.json, model.safetensors), with two files beside it: vocabulary.json, all
words of the world, and card.json (card.md for people), which says what the model was trained on, for how long, and what
it pays a word beside the floor: the entropy of the process, below which no model comes but by luck. As every story is
new, nothing can be learnt by heart, and the loss in training is the loss on new text.

The model reads <bos> and no date. The floor is that of a reader who knows the date, which is worth 0.010 nats a word.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from json import dumps
from operator import index
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import nn

from coursekit.data.automaton import EOS
from coursekit.data.world import Story, World
from coursekit.errors import CourseError
from coursekit.models.checkpoint import WEIGHTS, save_pretrained
from coursekit.models.gpt import GPT, GPTConfig
from coursekit.models.vocabulary import FILE
from coursekit.text.vocab import SPECIALS, Vocab
from coursekit.train.batching import weighted
from coursekit.train.checkpoint import require_writable, write
from coursekit.train.fitting import fit
from coursekit.train.objectives import Weighted, weighted_loss
from coursekit.train.presets import preset as checked_preset

#: Batches that are drawn together and put together by length.
POOL = 32
#: The seed of stories that no training sees (theirs are below it), and their number.
HELD_OUT, STORIES = 2**62, 1_000
RUN = "training.safetensors"


@dataclass(frozen=True)
class Recipe:
    """Sizes of the model and of its training: `batch` stories a step, none of them twice."""

    steps: int
    batch: int
    lr: float
    width: int
    layers: int
    heads: int
    context: int = 128
    weight_decay: float = 0.01
    seed: int = 0


#: tiny is what comes with the course: a few minutes of two cores. The others want a GPU.
RECIPES = {
    "tiny": Recipe(steps=6_000, batch=16, lr=3e-3, width=96, layers=3, heads=4),
    "colab": Recipe(steps=20_000, batch=256, lr=3e-3, width=128, layers=4, heads=4),
    "full": Recipe(steps=100_000, batch=512, lr=2e-3, width=256, layers=6, heads=8),
}


@dataclass(frozen=True)
class Card:
    """What a pre-trained model is. Losses are in nats a word, on `stories` held-out stories."""

    model: str
    parameters: int
    recipe: dict[str, Any]
    data: str
    read: int  # stories
    stories: int
    loss: float
    floor: float
    gap: float
    sha256: str  # of model.safetensors
    license: str = "MIT"
    history: list[dict[str, Any]] = field(default_factory=list)  # step, gap

    def text(self) -> str:
        """For people."""
        r = self.recipe
        read = f"{r['steps']:,} steps of {r['batch']} stories, {self.read:,} in all, none twice"
        size = f"{r['layers']} layers of width {r['width']}, {r['heads']} heads, context {r['context']}"
        return f"""# A small GPT-2 of the course's world

| | |
|---|---|
| model | {self.model}: {size}; {self.parameters:,} parameters |
| data | {self.data} |
| training | {read}; AdamW, largest rate {r["lr"]:g} |
| seed | {r["seed"]} |
| loss on {self.stories:,} held-out stories | {self.loss:.4f} nats a word |
| floor | {self.floor:.4f} nats a word, exact, of a reader who knows the date |
| gap | {self.gap:.4f} nats a word |
| sha256 of {WEIGHTS} | {self.sha256} |
| license | {self.license} |

It says stories of a world of {r["words"]} words, lower case, and nothing else. Made by `coursekit pretrain gpt`.
"""


def pretrain(
    kind: str,
    folder: str | Path,
    *,
    preset: str | None = None,
    steps: int | None = None,
    seed: int | None = None,
    device: torch.device | str = "cpu",
    progress: Callable[[int, float], None] | None = None,
) -> Card:
    """Train a model by its recipe, write it to `folder`, and say what became of it.

    A run that was broken off goes on where it stood: until it is done the folder holds it as `training.safetensors`.
    Raises CourseError for an unknown kind or preset and a folder that cannot be written, ValueError for no steps.
    """
    if kind != "gpt":
        raise CourseError(f"there is no recipe for {kind!r}: coursekit pre-trains gpt.")
    given = {"steps": steps, "seed": seed}
    recipe = replace(RECIPES[checked_preset(preset)], **{k: index(v) for k, v in given.items() if v is not None})
    folder = Path(folder)
    require_writable(folder / RUN)
    world, vocab = the_world()
    held_out = Stories(world, seed=HELD_OUT, n=STORIES)
    model = untrained(recipe, len(vocab)).to(device)
    history = fit(
        model,
        Fresh(world, vocab, recipe),
        weighted_loss(),
        steps=recipe.steps,
        lr=recipe.lr,
        weight_decay=recipe.weight_decay,
        evaluate=lambda m: {"gap": held_out.loss(m, vocab) - held_out.floor},
        every=max(1, recipe.steps // 6),
        progress=progress,
        checkpoint=folder / RUN,
        save_every=500,
    )
    card = _saved(folder, model.cpu(), vocab, recipe, held_out, history.evaluations)
    (folder / RUN).unlink()
    return card


def untrained(recipe: Recipe, words: int) -> GPT:
    """The model before its first step."""
    r = recipe
    config = GPTConfig(words, context=r.context, width=r.width, layers=r.layers, heads=r.heads, dropout=0.0)
    return GPT(config, torch.Generator().manual_seed(r.seed))


@lru_cache(maxsize=1)
def the_world() -> tuple[World, Vocab]:
    """The default world, and the vocabulary of all that it says."""
    world = World()
    return world, Vocab([*SPECIALS, *words_of(world)])


def words_of(world: World) -> list[str]:
    """All words that the world can say, in alphabetical order; the end is none of them. A walk over all its states."""
    machine, words = world.automaton, set()
    open_, seen = [(machine.start, machine.empty)], {(machine.start, machine.empty)}
    while open_:
        node, context = open_.pop()
        words.update(node.words)
        for i in range(len(node.words)):
            after, then = machine.follow(node, i, context)
            if after is not None and (after, then) not in seen:
                seen.add((after, then))
                open_.append((after, then))
    return sorted(words - {EOS})


class Fresh:
    """`batch(step)` for `fit`: new stories for each step, of like length."""

    def __init__(self, world: World, vocab: Vocab, recipe: Recipe) -> None:
        self.world, self.vocab, self.recipe = world, vocab, recipe
        self.kept: tuple[int, list[list[list[int]]]] = (-1, [])

    def __call__(self, step: int) -> Weighted:
        pool, at = divmod(step, POOL)
        if pool != self.kept[0]:
            self.kept = pool, self._drawn(pool)
        return weighted(self.kept[1][at])

    def _drawn(self, pool: int) -> list[list[list[int]]]:
        size = self.recipe.batch
        stories = self.world.sample(POOL * size, seed=self.recipe.seed * 1_000_003 + pool)
        rows = sorted(coded(self.vocab, stories), key=len)
        batches = [rows[i : i + size] for i in range(0, len(rows), size)]
        Random(pool).shuffle(batches)
        return batches


class Stories:
    """Stories to test on, with their exact floor."""

    def __init__(self, world: World, seed: int, n: int) -> None:
        self.stories = sorted(world.sample(n, seed), key=lambda story: len(story.tokens))
        self.floor = float(world.floor(self.stories))  # type: ignore[arg-type]

    @torch.no_grad()
    def loss(self, model: nn.Module, vocab: Vocab) -> float:
        """Mean of -log p over all words, in nats."""
        device, loss = next(model.parameters()).device, weighted_loss()
        total, words = 0.0, 0.0
        for at in range(0, len(self.stories), 50):
            ids, weights = weighted(coded(vocab, self.stories[at : at + 50]))
            batch = Weighted(ids.to(device), weights.to(device))
            n = float(loss.count(batch))
            total, words = total + n * float(loss(model, batch)), words + n
        return total / words


def coded(vocab: Vocab, stories: Sequence[Story]) -> list[list[int]]:
    """<bos> and the ids of each story; its last word is <eos>."""
    return [[vocab.bos, *vocab.encode(story.tokens)] for story in stories]


def _saved(
    folder: Path, model: GPT, vocab: Vocab, recipe: Recipe, held_out: Stories, history: list[dict[str, Any]]
) -> Card:
    """Write the folder; the card speaks of the weights as they stand in the file."""
    save_pretrained(model, folder)
    vocab.save(folder / FILE)
    loss = held_out.loss(model.eval(), vocab)
    card = Card(
        model=f"GPT-2, by coursekit.models.gpt, {model.embed.weight.dtype}".replace("torch.", ""),
        parameters=sum(p.numel() for p in model.parameters()),
        recipe=asdict(recipe) | {"words": len(vocab)},
        data="stories of coursekit.data.World() (its default Config), dates spread evenly",
        read=recipe.steps * recipe.batch,
        stories=len(held_out.stories),
        loss=round(loss, 5),
        floor=round(held_out.floor, 5),
        gap=round(loss - held_out.floor, 5),
        sha256=hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        history=[{"step": int(e["step"]), "gap": round(e["gap"], 4)} for e in history],
    )
    write(folder / "card.json", (dumps(asdict(card), indent=1) + "\n").encode())
    write(folder / "card.md", card.text().encode())
    return card
