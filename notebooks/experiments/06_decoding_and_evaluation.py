"""Chapter 06's experiments: one model under every decoder, in translation and in stories, and its scores as it learns.

A seed draws the sentences and the first weights. Translations are scored against all wordings that the world licenses
(up to four of each test sentence), stories by the world itself, which knows whether it could have told them.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from coursekit.data import World, load
from coursekit.data.pairs import Pair, PairConfig, Pairs
from coursekit.decode import Hypothesis, beam_search, greedy, mbr, sample
from coursekit.errors import CourseError
from coursekit.metrics import bleu, chrf, distinct_n, diversity, sentence_bleu
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.text import Vocab
from coursekit.train import fit

SEEDS = [0, 1, 2]
#: Pairs to learn from, hidden units, steps; test sentences.
SIZES = {
    "tiny": (8_000, 64, 600, 200),
    "colab": (50_000, 256, 4_000, 1_000),
    "full": (200_000, 512, 20_000, 1_000),
}
#: Stories in all, hidden units, steps; test stories.
TOLD_TO = {
    "tiny": (8_000, 128, 400, 300),
    "colab": (50_000, 256, 5_000, 1_000),
    "full": (200_000, 512, 50_000, 1_000),
}
#: Clauses of a sentence.
CLAUSES = {"tiny": (1, 2), "colab": (1, 3), "full": (1, 3)}
PAIRS_A_STEP, MOST_WORDS, NO_TARGET = 32, 50, -100
SAMPLES = 16
#: Words of a test story that a decoder is given, and how many it may add.
PROMPT, TOLD = 10, 120

Stories: Any = run_path(str(Path(__file__).with_name("01_language_models.py")))["Stories"]
on_stories: Any = run_path(str(Path(__file__).with_name("03_recurrent_networks.py")))["on_stories"]


def bleu_of(candidates: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    return bleu(candidates, references, tokeniser="none").score


class Translation:
    """English to French: pairs, a model with Luong's attention, and what it scored as it learnt."""

    def __init__(self, preset: str, seed: int) -> None:
        n, hidden, self.steps, tested = SIZES[preset]
        take = partial(Pairs, PairConfig(clauses=CLAUSES[preset]), seed, languages=("en", "fr"))
        self.train = take(split="train").take(n)
        seen = {pair.text["en"] for pair in self.train}
        self.valid, self.test = (take(split=s, references=4).take(tested, seen) for s in ("validation", "test"))
        self.words = {
            language: Vocab.build(pair.text[language].split() for pair in self.train) for language in ("en", "fr")
        }
        self.references = [pair.references["fr"] for pair in self.test]
        config = Seq2SeqConfig(*map(len, self.words.values()), width=hidden // 2, hidden=hidden, attention="luong")
        self.model = Seq2Seq(config, torch.Generator().manual_seed(seed))
        rows, seed_of = [self.coded(pair) for pair in self.train], 1_000_003 * seed

        def batch(step: int) -> tuple[Tensor, Tensor, Tensor]:
            draw = torch.Generator().manual_seed(seed_of + step)
            chosen = torch.randint(len(rows), (PAIRS_A_STEP,), generator=draw).tolist()
            return self.together([rows[i] for i in chosen])

        evaluate = {"evaluate": self.progress, "every": self.steps // 12}
        self.history = fit(self.model, batch, nats, steps=self.steps, lr=1e-2, **evaluate)
        self.model.eval()

    def coded(self, pair: Pair) -> tuple[Tensor, Tensor]:
        """The ids of source and target, the target with its end."""
        en, fr = (words.encode(pair.text[language].split()) for language, words in self.words.items())
        return torch.tensor(en), torch.tensor([*fr, Vocab.eos])

    def together(self, rows: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        """Sources B T, their lengths B, targets B S with NO_TARGET behind them."""
        source = pad_sequence([en for en, _ in rows], batch_first=True, padding_value=Vocab.pad)
        target = pad_sequence([fr for _, fr in rows], batch_first=True, padding_value=NO_TARGET)
        return source, torch.tensor([len(en) for en, _ in rows]), target

    def decoded(self, pairs: Sequence[Pair], decoder: Callable[..., Any], **options: Any) -> list[list[Hypothesis]]:
        source, lengths, _ = self.together([self.coded(pair) for pair in pairs])
        with torch.inference_mode():
            state = self.model.start(source, lengths)
        ends = {"bos": Vocab.bos, "eos": Vocab.eos, "max_length": MOST_WORDS, "batch": len(pairs)}
        return decoder(self.model, state, **ends, **options)

    def text(self, hypothesis: Hypothesis) -> str:
        return " ".join(self.words["fr"].decode(hypothesis.ids))

    def progress(self, model: Any) -> dict[str, float]:
        """Loss a word and greedy BLEU on validation sentences."""
        loss = nats(model, self.together([self.coded(pair) for pair in self.valid])).item()
        said = [self.text(row[0]) for row in self.decoded(self.valid, greedy)]
        return {"nats": loss, "BLEU": bleu_of(said, [pair.references["fr"] for pair in self.valid])}


def nats(model: Seq2Seq, data: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """Mean cross-entropy of the target words, <eos> among them."""
    source, lengths, target = data
    words = F.pad(target[:, :-1], (1, 0), value=Vocab.bos).clamp(min=0)
    return F.cross_entropy(model(source, words, lengths).flatten(0, 1), target.flatten(), ignore_index=NO_TARGET)


@lru_cache(maxsize=2 * len(SEEDS))
def translation(preset: str, seed: int) -> Translation:
    return Translation(preset, seed)


def learning(preset: str, seed: int) -> dict[str, float]:
    """Loss a word and greedy BLEU on validation sentences as training goes on."""
    rows = translation(preset, seed).history.evaluations
    return {f"{name} at {row['step']}": row[name] for row in rows for name in ("nats", "BLEU")}


def scored(task: Translation, outputs: list[list[Hypothesis]]) -> dict[str, float]:
    """The first hypothesis of each sentence against the references; all of a sentence against each other."""
    first = [row[0] for row in outputs]
    said, known = [task.text(hypothesis) for hypothesis in first], task.references
    score = bleu(said, known, tokeniser="none")
    several = [[task.text(hypothesis) for hypothesis in row] for row in outputs if len(row) > 1]
    return {
        "log p": statistics.fmean(hypothesis.log_prob for hypothesis in first),
        "BLEU": score.score,
        "BLEU, one reference": bleu_of(said, [row[:1] for row in known]),
        "chrF": chrf(said, known).score,
        "licensed": statistics.fmean(text in row for text, row in zip(said, known, strict=True)),
        "length": score.length / score.reference_length,
        "words": score.length / len(said),
        "finished": statistics.fmean(hypothesis.finished for hypothesis in first),
        "distinct-2": distinct_n(said, 2),
        **({"diversity": statistics.fmean(map(diversity, several))} if several else {}),
    }


def timed(task: Translation, values: dict[str, float], name: str, decode: Callable[[], Any]) -> list[list[Hypothesis]]:
    """Put what a decoder did, and its seconds, under its name."""
    began = time.perf_counter()
    outputs = decode()
    values |= {f"{name}/seconds": time.perf_counter() - began}
    values |= {f"{name}/{key}": value for key, value in scored(task, outputs).items()}
    return outputs


WAYS: dict[str, dict[str, Any]] = {
    "sampling": {},
    "temperature 0.5": {"temperature": 0.5},
    "temperature 1.5": {"temperature": 1.5},
    "top-k 5": {"top_k": 5},
    "nucleus 0.9": {"top_p": 0.9},
}


def decoders(preset: str, seed: int) -> dict[str, float]:
    """One model, every decoder: model score, BLEU, length, diversity of four outputs a sentence, seconds."""
    task, values = translation(preset, seed), dict[str, float]()
    decode = partial(task.decoded, task.test)
    walked = timed(task, values, "greedy", lambda: decode(greedy))
    values["greedy/diversity"] = 0.0
    for name, options in WAYS.items():
        draw = torch.Generator().manual_seed(seed)
        timed(task, values, name, lambda o=options, g=draw: decode(sample, n=4, generator=g, **o))
    beams = timed(task, values, "beam 4", lambda: decode(beam_search, width=4, n_best=4))
    values |= {f"won by beam 4/{k}": v for k, v in compared(task, walked, beams).items()}
    drawn: list[list[Hypothesis]] = []

    def least_risk() -> list[list[Hypothesis]]:
        draw = torch.Generator().manual_seed(100 + seed)
        drawn.extend(decode(sample, n=SAMPLES, generator=draw))
        return [[row[chosen(task, row)]] for row in drawn]

    timed(task, values, f"MBR {SAMPLES}", least_risk)
    pool = [max(row, key=lambda hypothesis: hypothesis.log_prob) for row in drawn]
    values |= {f"best of {SAMPLES}/{k}": v for k, v in scored(task, [[h] for h in pool]).items()}
    values["floor/log p"] = statistics.fmean(reference_scores(task))
    return values


def chosen(task: Translation, row: list[Hypothesis]) -> int:
    """Which of the samples agrees best with the others, by sentence BLEU."""
    texts = [task.text(hypothesis) for hypothesis in row]
    once = sorted(set(texts))  # a text drawn twice is scored once
    known = {(a, b): sentence_bleu(a, [b], tokeniser="none").score for a in once for b in once}
    return mbr(texts, lambda a, b: known[a, b]).index


def reference_scores(task: Translation) -> list[float]:
    """log p that the model gives to the first reference of each test sentence."""
    source, lengths, target = task.together([task.coded(pair) for pair in task.test])
    with torch.inference_mode():
        words = F.pad(target[:, :-1], (1, 0), value=Vocab.bos).clamp(min=0)
        log_p = task.model(source, words, lengths).double().log_softmax(-1)
    each = log_p.gather(2, target.clamp(min=0)[:, :, None])[:, :, 0]
    return (each * (target != NO_TARGET)).sum(1).tolist()


def compared(task: Translation, one: list[list[Hypothesis]], other: list[list[Hypothesis]]) -> dict[str, float]:
    """In which share of 1,000 draws of so many test sentences (Koehn 2004) the corpus BLEU of `other` is higher."""
    counts = [np.array([parts(task, row[0], known) for row, known in zip(rows, task.references, strict=True)])
              for rows in (one, other)]  # fmt: skip
    random, shares = np.random.default_rng(0), {}
    for size in (25, 50, 100, 200):
        draws = random.integers(len(counts[0]), size=(1_000, size))
        a, b = (together(rows[draws].sum(1)) for rows in counts)
        shares[str(size)] = float((b > a).mean())
    return shares


def parts(task: Translation, hypothesis: Hypothesis, references: Sequence[str]) -> list[int]:
    """What BLEU adds up over a corpus: matches and n-grams for n = 1 to 4, and both lengths."""
    score = bleu([task.text(hypothesis)], [references], tokeniser="none")
    return [*score.counts, *score.totals, score.length, score.reference_length]


def together(sums: np.ndarray) -> np.ndarray:
    """BLEU from sums of `parts`, one row a corpus; no smoothing."""
    with np.errstate(divide="ignore"):
        precision = np.log(sums[:, :4] / sums[:, 4:8]).mean(1)
    return 100 * np.exp(precision + np.minimum(0, 1 - sums[:, 9] / sums[:, 8]))


TALES: dict[str, dict[str, Any]] = {
    "temperature 0.5": {"temperature": 0.5},
    "temperature 0.75": {"temperature": 0.75},
    "sampling": {},
    "temperature 1.25": {"temperature": 1.25},
    "temperature 1.5": {"temperature": 1.5},
    "top-k 2": {"top_k": 2},
    "top-k 5": {"top_k": 5},
    "top-k 20": {"top_k": 20},
    "nucleus 0.5": {"top_p": 0.5},
    "nucleus 0.75": {"top_p": 0.75},
    "nucleus 0.9": {"top_p": 0.9},
    "nucleus 0.98": {"top_p": 0.98},
}


def stories(preset: str, seed: int) -> dict[str, float]:
    """A recurrent language model ends test stories: is what each decoder tells possible, and is it always the same?"""
    told, hidden, steps, tested = TOLD_TO[preset]
    data = Stories(told, seed)
    model = on_stories(data, "gru", hidden, steps, seed)
    dates = load("stories", n=told, seed=seed)["test"]["date"]
    opened = [(row, date) for row, date in zip(data.test, dates, strict=True) if Vocab.unk not in row]
    opened = opened[:tested]
    values = {f"the world/{k}": v for k, v in judged(data, [row for row, _ in opened], opened).items()}
    ids = torch.tensor([[Vocab.bos, *row[:PROMPT]] for row, _ in opened])
    with torch.inference_mode():
        state = model(ids[:, :-1])[1]
    ends = {"bos": ids[:, -1], "eos": data.vocab.encode(["<eos>"])[0], "max_length": TOLD}
    ways: dict[str, Callable[[], Any]] = {"greedy": lambda: greedy(model, state, **ends)}
    for width in (4, 16):
        plain = {"width": width, "length_penalty": 0.0}
        ways[f"beam {width}"] = lambda o=plain: beam_search(model, state, **ends, **o)
    for name, options in TALES.items():
        draw = torch.Generator().manual_seed(seed)
        ways[name] = lambda o=options, g=draw: sample(model, state, generator=g, **ends, **o)
    for name, decode in ways.items():
        first = [row[0] for row in decode()]
        end = ends["eos"]
        texts = [
            [*row[:PROMPT], *h.ids, *([end] if h.finished else [])] for (row, _), h in zip(opened, first, strict=True)
        ]
        values |= {f"{name}/{k}": v for k, v in judged(data, texts, opened).items()}
        values[f"{name}/log p a word"] = sum(h.log_prob for h in first) / sum(len(h.log_probs) for h in first)
    return values


def judged(data: Any, texts: list[list[int]], opened: list[tuple[list[int], int]]) -> dict[str, float]:
    """Stories as the world sees them: how far they are possible, and how they repeat each other."""
    world, shares, whole = World(), list[float](), list[bool]()
    for ids, (_, date) in zip(texts, opened, strict=True):
        words = data.vocab.decode(ids)
        good = possible(world, words, date)
        shares.append((good - PROMPT) / max(len(words) - PROMPT, 1))
        whole.append(good == len(words) and words[-1] == "<eos>")
    told = [" ".join(data.vocab.decode(ids[PROMPT:])) for ids in texts]
    return {
        "possible": statistics.fmean(whole),
        "possible so far": statistics.fmean(shares),
        "words": statistics.fmean(len(ids) - PROMPT for ids in texts),
        "distinct-4": distinct_n(told, 4),
        "different": len(set(chain.from_iterable(text.split(" . ") for text in told)))
        / sum(len(text.split(" . ")) for text in told),
    }


def possible(world: World, words: list[str], date: int) -> int:
    """How many words from the beginning the world can say on this date."""
    low, high = 0, len(words)  # a beginning of a possible text is possible
    while low < high:
        middle = (low + high + 1) // 2
        try:
            world.score(words[:middle], date)
            low = middle
        except CourseError:
            high = middle - 1
    return low


EXPERIMENTS = {"learning": learning, "decoders": decoders, "stories": stories}
