"""A recurrent language model on tiny shakespeare, by character: nats (and bits) per character of the last tenth.

Two LSTM layers, trained on the first nine tenths with truncated backpropagation through time, the state carried from
window to window; the n-grams of characters.py stand beside it.
Run: python benchmarks/shakespeare.py [--preset tiny]   (without a preset, one core and about a minute)
"""

import argparse
import math
import sys
import time
from dataclasses import dataclass

import numpy as np
import torch
from _text import split, text

from coursekit.metrics import bits_per_character, cross_entropy
from coursekit.models import RNNLM, KneserNey, RNNLMConfig
from coursekit.text import Vocab
from coursekit.train import Carried, fit, pick_device, streams


@dataclass(frozen=True)
class Recipe:
    """One training run; the learning rate rises for a tenth of the steps and falls to 0 along a cosine."""

    hidden: int
    batch: int
    window: int
    passes: float
    lr: float = 4e-3
    layers: int = 2
    dropout: float | int = 0.0


#: tiny: one core and about ten minutes. colab: one GPU and minutes. Dropout where the model could learn it by heart.
RECIPES = {
    "short": Recipe(hidden=128, batch=32, window=64, passes=1.5, lr=1e-2),
    "tiny": Recipe(hidden=128, batch=32, window=64, passes=16),
    "colab": Recipe(hidden=512, batch=128, window=128, passes=40, lr=2e-3, dropout=0.4),
    "full": Recipe(hidden=1024, batch=128, window=256, passes=60, lr=1e-3, layers=3, dropout=0.5),
}


def trained(
    train: np.ndarray, size: int, recipe: Recipe, device: torch.device | str = "cpu", report: bool = False
) -> RNNLM:
    """A language model of `size` characters that has read `train` as the recipe says."""
    r = recipe
    config = RNNLMConfig(size, width=r.hidden, hidden=r.hidden, layers=r.layers, tied=True, dropout=r.dropout)
    carried = Carried(RNNLM(config), r.batch).to(device)
    windows = streams(train, r.batch, r.window)
    steps = max(1, round(r.passes * len(windows)))

    def progress(done: int, nats: float) -> None:
        if report and done % max(1, steps // 20) == 0:
            print(f"  step {done} of {steps}: {nats:.3f} nats", flush=True)

    fit(carried, windows, lambda model, window: model(window), steps=steps, lr=r.lr, progress=progress)
    return carried.model.eval()


def characters() -> tuple[np.ndarray, np.ndarray, int]:
    """The text to learn, the text to predict, and the number of different characters (and special words)."""
    whole, _ = text()
    vocab = Vocab.build([list(whole)])
    train, held_out = (np.array(vocab.encode(part)) for part in split(whole))
    return train, held_out, len(vocab)


def measure(preset: str, report: bool = False) -> dict[str, float]:
    """Nats and bits per character of the held-out text under the preset's recipe, and what the training took."""
    train, held_out, size = characters()
    start = time.perf_counter()
    model = trained(train, size, RECIPES[preset], pick_device(), report)
    seconds = time.perf_counter() - start
    scores = model.log_prob(held_out)
    return {
        "nats": cross_entropy(scores),
        "bits": bits_per_character(scores, len(held_out)),
        "parameters": sum(p.numel() for p in model.parameters()),
        "seconds": seconds,
    }


def counted(order: int) -> float:
    """Nats per character of Kneser-Ney on the same text."""
    train, held_out, size = characters()
    return cross_entropy(KneserNey(order, size).fit([train]).log_prob(held_out))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=sorted(RECIPES), default="short")
    found = measure(parser.parse_args().preset, report=True)
    print(f"LSTM     {found['nats']:.4f} nats, {found['bits']:.4f} bits per character "
          f"({found['parameters']:,.0f} parameters, {found['seconds']:.0f} s)")  # fmt: skip
    for order in (2, 3, 4, 5, 6):
        nats = counted(order)
        print(f"{order}-gram   {nats:.4f} nats, {nats / math.log(2):.4f} bits per character (Kneser-Ney)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
