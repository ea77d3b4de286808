"""Multi30k, German to English: BLEU on the test set of 2016, of encoder-decoders with and without attention.

Words of the lower-cased, tokenised files that occur twice at least; greedy and beam outputs against one reference,
words as they stand. Published tutorial scores on this set: LSTM 13.8, GRU 20.6, Bahdanau's attention 28.3,
transformer 36.5. Measured with `--preset tiny` on one core (87 minutes beside other work): transformer 33.5 greedy,
34.5 with a beam of 5.
Run: python benchmarks/multi30k.py [--preset tiny] [--model gru bahdanau luong transformer]
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from coursekit.data import load
from coursekit.decode import beam_search, best, greedy
from coursekit.metrics import bleu
from coursekit.models import Seq2Seq, Seq2SeqConfig, Transformer, TransformerConfig
from coursekit.text import Vocab
from coursekit.train import fit, next_word_loss, pair_batches, pick_device
from coursekit.train.teaching import padded

FOLDER = Path(__file__).resolve().parents[1] / "../shared/data/multi30k/tok"
MODELS: dict[str, dict[str, Any]] = {
    "gru": {"context": "output"},
    "bahdanau": {"context": "output", "attention": "bahdanau", "score": "additive"},
    "luong": {"attention": "luong"},
    "transformer": {"layers": 3, "heads": 8, "dropout": 0.1, "pre": True},
}
Model = Seq2Seq | Transformer


@dataclass(frozen=True)
class Recipe:
    """One training run; the learning rate rises for a tenth of the steps and falls to 0 along a cosine.

    `hidden` is the inner width of a transformer; its own dropout, rate and smoothing stand in `MODELS` and `trained`.
    """

    width: int
    hidden: int
    batch: int
    rounds: float
    lr: float
    dropout: float


#: short: that it runs. tiny: one core, about an hour for all three. colab: one GPU and minutes.
RECIPES = {
    "short": Recipe(width=64, hidden=128, batch=64, rounds=0.5, lr=5e-3, dropout=0.0),
    "tiny": Recipe(width=128, hidden=256, batch=64, rounds=6, lr=3e-3, dropout=0.3),
    "colab": Recipe(width=256, hidden=512, batch=128, rounds=12, lr=1e-3, dropout=0.5),
}
Ids = list[list[int]]


def words() -> tuple[dict[str, dict[str, list[list[str]]]], dict[str, Vocab]]:
    """The splits as words, and the vocabularies of German and English."""
    data = load("pairs", source=FOLDER, languages=("de", "en"))
    text = {
        split: {side: [line.split() for line in rows[side]] for side in ("de", "en")} for split, rows in data.items()
    }
    return text, {side: Vocab.build(text["train"][side], min_count=2) for side in ("de", "en")}


def built(name: str, recipe: Recipe, vocab: dict[str, Vocab]) -> Model:
    """An untrained model of that name."""
    sizes = len(vocab["de"]), len(vocab["en"])
    if name == "transformer":
        return Transformer(TransformerConfig(*sizes, width=recipe.width, inner=recipe.hidden, **MODELS[name]))
    options = {"width": recipe.width, "hidden": recipe.hidden, "dropout": recipe.dropout}
    return Seq2Seq(Seq2SeqConfig(*sizes, **options, **MODELS[name]))


def trained(model: Model, source: Ids, target: Ids, held_out: tuple[Ids, Ids], recipe: Recipe) -> Model:
    """The model after the recipe's rounds; the curve is printed."""
    attends = isinstance(model, Transformer)
    lr = min(recipe.lr, 1e-3) if attends else recipe.lr
    taught, loss = next_word_loss(smoothing=0.1 if attends else 0.0), next_word_loss()
    steps = max(1, round(recipe.rounds * len(source) / recipe.batch))
    batch = pair_batches(source, target, recipe.batch)
    check = pair_batches(*held_out, 128)

    def evaluate(m: torch.nn.Module) -> dict[str, float]:
        on = next(m.parameters()).device
        nats = [loss(m, type(b)(*(part.to(on) for part in b))).item() for b in map(check, range(8))]
        print(f"  validation {sum(nats) / len(nats):.3f} nats per word", flush=True)
        return {"nats": sum(nats) / len(nats)}

    fit(model, batch, taught, steps=steps, lr=lr, evaluate=evaluate, every=max(1, steps // 6))
    return model.eval()


def translated(model: Model, sources: Ids, width: int) -> Ids:
    """The model's outputs, by beam search of that width (1: greedy)."""
    out, device = [], next(model.parameters()).device
    for i in range(0, len(sources), 100):
        ids, lengths = padded(sources[i : i + 100])
        with torch.inference_mode():
            state = model.start(ids.to(device), lengths.to(device))
        options: dict[str, Any] = {"bos": Vocab.bos, "eos": Vocab.eos, "max_length": 50, "batch": len(ids)}
        search = greedy(model, state, **options) if width == 1 else beam_search(model, state, width=width, **options)
        out += best(search)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=sorted(RECIPES), default="short")
    parser.add_argument("--model", choices=list(MODELS), nargs="*", default=list(MODELS))
    options = parser.parse_args()
    if not FOLDER.exists():
        print("skipped: the data (../shared/data/multi30k) is not here")
        return 0
    text, vocab = words()
    ids = {s: {side: [vocab[side].encode(line) for line in lines] for side, lines in sides.items()}
           for s, sides in text.items()}  # fmt: skip
    recipe = RECIPES[options.preset]
    for name in options.model:
        start = time.perf_counter()
        model = built(name, recipe, vocab).to(pick_device())
        validation = ids["validation"]["de"], ids["validation"]["en"]
        trained(model, ids["train"]["de"], ids["train"]["en"], validation, recipe)
        seconds = time.perf_counter() - start
        for width in (1, 5):
            lines = [" ".join(vocab["en"].decode(row)) for row in translated(model, ids["test"]["de"], width)]
            references = [[" ".join(line)] for line in text["test"]["en"]]
            score = bleu(lines, references, tokeniser="none").score
            print(f"{name:10} beam {width}: BLEU {score:.1f} ({seconds:.0f} s of training)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
