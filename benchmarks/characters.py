"""Character models on tiny shakespeare, in bits per character, beside what gzip and xz make of the same held-out text.

The first nine tenths are learnt, the last tenth is scored. k of add-k is the best of KS *on the held-out text itself*,
which favours add-k; Jelinek-Mercer's weights are fitted on the last twentieth of the training text.
Run: python benchmarks/characters.py [--full]   (--full adds the window model, trained for some minutes)
"""

import gzip
import lzma
import sys
from collections.abc import Callable

import numpy as np
from _compare import arguments
from _text import split, text

from coursekit.metrics import bits_per_character
from coursekit.models import AddK, Interpolated, KneserNey
from coursekit.text import Vocab

ORDERS = range(1, 7)
KS = (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
Score = Callable[[np.ndarray], float]


def compressed(held_out: str) -> dict[str, float]:
    """Bits per character of the held-out text alone under gzip -9 and xz -9, which learn from nothing else."""
    raw = held_out.encode("utf-8")
    sizes = {"gzip -9": len(gzip.compress(raw, 9)), "xz -9": len(lzma.compress(raw, preset=9))}
    return {name: 8 * size / len(held_out) for name, size in sizes.items()}


def counted(train: np.ndarray, held_out: np.ndarray, size: int) -> dict[str, list[float]]:
    """Bits per character of the count-based models, by order."""

    def bits(model: AddK | Interpolated | KneserNey) -> float:
        return bits_per_character(model.log_prob(held_out), len(held_out))

    cut = len(train) * 19 // 20
    table: dict[str, list[float]] = {"add-k": [], "k": [], "Jelinek-Mercer": [], "Witten-Bell": [], "Kneser-Ney": []}
    for order in ORDERS:
        model = AddK(order, size).fit([train])  # the counts do not depend on k
        scores = []
        for k in KS:
            model.k = k
            scores.append(bits(model))
        table["add-k"].append(min(scores))
        table["k"].append(KS[int(np.argmin(scores))])
        weights = Interpolated(order, size).fit([train[:cut]]).fit_weights([train[cut:]]).weights
        table["Jelinek-Mercer"].append(bits(Interpolated(order, size, weights).fit([train])))
        table["Witten-Bell"].append(bits(Interpolated(order, size).fit([train])))
        table["Kneser-Ney"].append(bits(KneserNey(order, size).fit([train])))
    return table


def window(train: np.ndarray, held_out: np.ndarray, size: int, steps: int) -> float:
    """Bits per character of the window model with 8 characters of context."""
    import torch

    from coursekit.models import WindowLM, WindowLMConfig
    from coursekit.train import fit

    model = WindowLM(WindowLMConfig(size, context=8, width=24, hidden=256))
    context, word = model.windows([train])

    def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        rows = torch.randint(len(word), (256,), generator=torch.Generator().manual_seed(step))
        return context[rows], word[rows]

    def loss(m: torch.nn.Module, data: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(m(data[0]), data[1])

    fit(model, batch, loss, steps=steps, lr=3e-3)
    return bits_per_character(model.log_prob(held_out), len(held_out))


def main() -> int:
    options = arguments(__doc__ or "")
    whole, name = text()
    vocab = Vocab.build([list(whole)])
    train, held_out = (np.array(vocab.encode(part)) for part in split(whole))
    print(f"{name}: {len(train):,} characters learnt, {len(held_out):,} scored, {len(vocab)} in the vocabulary")
    print("\nbits per character   " + "".join(f"{order:>9}-gram" for order in ORDERS))
    for row, values in counted(train, held_out, len(vocab)).items():
        print(f"{row:<21}" + "".join(f"{value:>14.4f}" for value in values))
    for row, value in compressed(split(whole)[1]).items():
        print(f"{row:<21}{value:>14.4f}")
    if options.full:
        for steps in (2_000, 10_000):
            print(f"{f'window of 8, {steps}':<21}{window(train, held_out, len(vocab), steps):>14.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
