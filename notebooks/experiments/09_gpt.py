"""Chapter 09's experiments: what needs several seeds. Run by `coursekit experiment 09`; the notebooks plot the ledger.

A seed draws texts and first weights. `stories` and `summaries` use the tiny GPT that comes with the course, whose own
weights are of one seed; losses are in nats.
"""

from functools import lru_cache
from random import Random
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from coursekit.data import World
from coursekit.data.facts import Facts, Table
from coursekit.data.prompts import Prompt, Prompts
from coursekit.data.summaries import articles
from coursekit.decode import best, greedy
from coursekit.metrics import gap, rouge
from coursekit.models import GPT, GPTConfig, KneserNey
from coursekit.models.vocabulary import with_vocabulary
from coursekit.text import Vocab
from coursekit.train import fit, pick_device, weighted, weighted_loss
from coursekit.train import summaries as summary_batch
from coursekit.train.pretraining import coded

SEEDS = [0, 1, 2]
#: Steps of few-shot training; of scaling; of summarising.
SIZES = {"tiny": (1_000, 700, 200), "colab": (20_000, 10_000, 2_000), "full": (100_000, 50_000, 10_000)}
#: Examples in a prompt of each family that is trained on.
TASKS = {"later": 4, "sort": 8, "code": 8}
WIDTHS = (4, 6, 10, 16, 24)
READ = (250, 1_000, 4_000, 16_000)


def gpt(words: int, context: int, width: int, layers: int, heads: int, seed: int) -> GPT:
    """A new model on the device that trains."""
    sizes = {"context": context, "width": width, "layers": layers, "heads": heads, "dropout": 0.0}
    return GPT(GPTConfig(words, **sizes), torch.Generator().manual_seed(seed)).to(pick_device())


# -- few-shot prompts


@lru_cache(maxsize=len(TASKS))
def prompt_words(family: str) -> Vocab:
    """All words that a prompt of a family can hold."""
    splits = ("train", "test")
    return Vocab.build(p.sequence for split in splits for p in Prompts(split, families=[family]).take(2_000))


def prompted(preset: str, seed: int, family: str, split: str) -> tuple[GPT, list[float]]:
    """A model that has read prompts of a split's rules, and its losses; only answers count, the first too."""
    steps, vocab, examples = SIZES[preset][0], prompt_words(family), TASKS[family]

    def batch(step: int) -> Any:
        rows = Prompts(split, examples=examples, families=[family], seed=f"{seed} {step}").take(32)
        weights = [[float(i in prompt.places) for i in range(len(prompt.sequence))] for prompt in rows]
        return weighted([vocab.encode(prompt.sequence) for prompt in rows], weights)

    model = gpt(len(vocab), 48, 48, 2, 4, seed)
    history = fit(model, batch, weighted_loss(), steps=steps, lr=5e-3)
    return model.eval().cpu(), history.loss


@torch.no_grad()
def answered(model: GPT, vocab: Vocab, prompts: list[Prompt]) -> tuple[float, float]:
    """Share of right answers, and -log p of them."""
    right, nats = [], []
    for prompt in prompts:
        log_p = model(torch.tensor([vocab.encode(prompt.tokens)]))[0, -1].log_softmax(-1)
        (answer,) = vocab.encode([prompt.answer])
        right.append(int(log_p.argmax()) == answer)
        nats.append(-float(log_p[answer]))
    return sum(right) / len(right), sum(nats) / len(nats)


def few_shot(preset: str, seed: int) -> dict[str, float]:
    """A model for each family: right answers by the number of examples, on rules of training and on held-out ones.

    `later, 2 rules` has read the two rules that are held out from `later`, and is asked about the other four.
    """
    values: dict[str, float] = {}
    runs = [(family, family, "train", "test") for family in TASKS]
    for name, family, split, other in [*runs, ("later, 2 rules", "later", "test", "train")]:
        model, losses = prompted(preset, seed, family, split)
        for rules, which in (("known", split), ("held out", other)):
            for shots in range(TASKS[family] + 1):
                some = Prompts(which, examples=shots, families=[family], seed=f"{seed} test").take(200)
                share, nats = answered(model, prompt_words(family), some)
                values[f"{name}/{rules}/{shots} shots"], values[f"{name}/{rules}/{shots} nats"] = share, nats
        for step in range(0, len(losses), len(losses) // 10):
            some_losses = losses[step : step + len(losses) // 10]
            values[f"{name}/loss {step}"] = sum(some_losses) / len(some_losses)
    return values


# -- scaling on facts

FACTS = {"n": 4_000, "exponent": 1.5, "answers": 16}


@lru_cache(maxsize=1)
def facts(seed: int) -> tuple[Facts, Vocab, Tensor, Tensor]:
    """The facts, their words, each question with its answer as ids, and the share of each."""
    made = Facts(**FACTS, seed=seed)
    rows = [[*question, answer] for question, answer in map(made.fact, range(len(made)))]
    vocab = Vocab.build(rows)
    width = max(map(len, rows))  # questions differ in length: all end together
    ids = torch.tensor([[vocab.pad] * (width - len(row)) + vocab.encode(row) for row in rows])
    return made, vocab, ids, torch.tensor(made.p, dtype=torch.float64)


def answer_loss(model: GPT, ids: Tensor) -> Tensor:
    """-log p of each answer."""
    return F.cross_entropy(model(ids[:, :-1])[:, -1], ids[:, -1], reduction="none")


def learnt(preset: str, seed: int, width: int, draws: list[int] | None) -> tuple[float, float, int]:
    """(loss at the end, least loss on the way, parameters): exact over all facts. `draws` None: new ones each step."""
    made, vocab, ids, p = facts(seed)
    model, steps = gpt(len(vocab), ids.size(1), width, 1, 2, seed), SIZES[preset][1]

    def batch(step: int) -> Tensor:
        if draws is None:
            return ids[torch.tensor(made.draw(128, seed=f"{seed} {step}"))]
        chosen = torch.randint(len(draws), (128,), generator=torch.Generator().manual_seed(step))
        return ids[torch.tensor(draws)[chosen]]

    def evaluate(m: Any) -> dict[str, float]:
        nats = torch.cat([answer_loss(m, part.to(pick_device())).cpu() for part in ids.split(1_000)])
        return {"loss": float(p @ nats.double())}

    history = fit(
        model, batch, lambda m, b: answer_loss(m, b).mean(), steps=steps, lr=1e-2, evaluate=evaluate, every=steps // 10
    )
    losses = [evaluation["loss"] for evaluation in history.evaluations]
    return losses[-1], min(losses), sum(q.numel() for q in model.parameters())


def size(preset: str, seed: int) -> dict[str, float]:
    """Loss on an answer against the number of parameters; every step reads new draws."""
    values = {}
    for width in WIDTHS:
        loss, _, parameters = learnt(preset, seed, width, None)
        values |= {f"width {width}/loss": loss, f"width {width}/parameters": parameters}
    return values


def data(preset: str, seed: int) -> dict[str, float]:
    """Loss against the number of facts read, again and again: at its least and at the end; a table's beside it."""
    values, made = {}, facts(seed)[0]
    for read in READ:
        draws = made.draw(read, seed=f"{seed} read")
        last, least, _ = learnt(preset, seed, 32, draws)
        table = Table(made)
        table.read(draws)
        values |= {f"{read}/least": least, f"{read}/last": last, f"{read}/table": table.loss}
    return values


# -- the tiny GPT


def stories(preset: str, seed: int) -> dict[str, float]:
    """The gap to the floor by kind of word: the tiny GPT, and Kneser-Ney on stories as new."""
    world, (model, vocab) = World(), with_vocabulary("tiny-gpt")
    n = {"tiny": 20_000, "colab": 100_000, "full": 200_000}[preset]
    test = world.sample(500, seed=2**61 + seed)
    truth, kinds = [story.logprob for story in test], [story.kind for story in test]
    train = [vocab.encode(story.tokens) for story in world.sample(n, seed=2**60 + seed)]
    rows = coded(vocab, test)
    values = {f"tiny GPT/{kind}": g for kind, g in gap([scored(model, row) for row in rows], truth, kinds).items()}
    for order in (3, 5):
        counted = KneserNey(order, len(vocab)).fit(train).log_probs([row[1:] for row in rows])
        values |= {f"Kneser-Ney {order}-gram/{kind}": g for kind, g in gap(counted, truth, kinds).items()}
    return values


@torch.no_grad()
def scored(model: Any, row: list[int]) -> list[float]:
    """log p of each word after the first."""
    log_p = model(torch.tensor([row[:-1]]))[0].double().log_softmax(-1)
    return log_p[range(len(row) - 1), row[1:]].tolist()


def summaries(preset: str, seed: int) -> dict[str, float]:
    """Summaries of articles of one story: from the tiny GPT or from scratch, with the loss on summaries or on all."""
    tiny, vocab = with_vocabulary("tiny-gpt")
    steps, world, values = SIZES[preset][2], World(), {}
    read, test = articles(world, 16 * steps, seed=seed, stories=1), articles(world, 200, seed=1_000 + seed, stories=1)
    Random(seed).shuffle(read)
    for name, fresh, all_words in (
        ("tiny GPT, summary", False, False),
        ("tiny GPT, all words", False, True),
        ("from scratch, summary", True, False),
    ):
        model = GPT(tiny.config, torch.Generator().manual_seed(seed))
        if not fresh:
            model.load_state_dict(tiny.state_dict())
        model.to(pick_device())

        def batch(step: int, all_words: bool = all_words) -> Any:
            rows = read[16 * step : 16 * step + 16]
            made = summary_batch(*sides(vocab, rows))
            return made._replace(weights=(made.ids != vocab.pad).float()) if all_words else made

        fit(model, batch, weighted_loss(), steps=steps, lr=3e-3)
        values |= {f"{name}/{key}": value for key, value in judged(model.eval().cpu(), vocab, test).items()}
    return values


def sides(vocab: Vocab, rows: list[Any]) -> tuple[list[list[int]], list[list[int]]]:
    return [vocab.encode(row.article_tokens) for row in rows], [vocab.encode(row.highlight_tokens) for row in rows]


@torch.no_grad()
def judged(model: Any, vocab: Vocab, test: list[Any]) -> dict[str, float]:
    """Share of summaries that are right word for word, ROUGE-L, and the loss on a word of a right summary."""
    sources, targets = sides(vocab, test)
    loss = float(weighted_loss()(model, summary_batch(sources, targets)))
    prompts = [torch.tensor([*source, vocab.eos]) for source in sources]
    ids = torch.nn.utils.rnn.pad_sequence(prompts, batch_first=True)
    state, last = model.start(ids, torch.tensor(list(map(len, prompts))))
    written = best(greedy(model, state, bos=last, eos=vocab.eos, max_length=20))
    words = [" ".join(vocab.decode(row)) for row in written]
    right = [" ".join(row.highlight_tokens) for row in test]
    return {
        "right": sum(map(str.__eq__, words, right)) / len(right),
        "rouge": sum(rouge(w, [r], "rougeL").f1 for w, r in zip(words, right, strict=True)) / len(right),
        "loss": loss,
    }


EXPERIMENTS = {"few_shot": few_shot, "size": size, "data": data, "stories": stories, "summaries": summaries}
