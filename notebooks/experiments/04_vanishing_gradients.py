"""Chapter 04's experiments: how far back a network learns, where its gradient goes, and what clipping saves.

A seed draws the sequences and the first weights. The task is the temporal order problem (coursekit.data.tasks): four
classes, so who remembers nothing is right one time in four and has a loss of log 4 nats. Its length is the lag that is
asked for: the farther of the two signals stands at least eight tenths of it before the end, where the answer is due.
"""

import math
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from coursekit.data import temporal_order
from coursekit.errors import CourseError
from coursekit.nn import GRU, LSTM, RNN
from coursekit.probe import (
    gradient_norms,
    jacobians,
    lyapunov_exponents,
    predicted_norms,
    singular_values,
    spectral_radius,
)
from coursekit.probe.gradient_flow import step_of
from coursekit.train import clip_by_norm, fit, pick_device
from coursekit.train.fitting import flushed_denormals

SEEDS = [0, 1, 2]
#: Hidden units, sequences in a batch, most training steps.
SIZES = {"tiny": (32, 32, 1_500), "colab": (64, 64, 10_000), "full": (128, 64, 50_000)}
#: Lengths of the sequences, from short to long; an architecture goes on to the next as long as it solves them.
LENGTHS = {
    "tiny": (10, 20, 40, 80, 160, 320),
    "colab": (10, 20, 40, 80, 160, 320, 500),
    "full": (10, 20, 40, 80, 160, 320, 500, 1_000),
}
#: Solved: of 500 fresh sequences this share is put in its class, at one of the looks that are taken every 100 steps,
#: with one of the learning rates.
SOLVED, RATES = 0.99, (1e-3, 3e-3)
#: How far from the end the flow of the gradient is read, in sequences of 100 steps.
DISTANCES = (0, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


def seeded(*numbers: int) -> torch.Generator:
    """A generator for these numbers; different ones do not meet."""
    return torch.Generator().manual_seed(sum(1_000_003**i * number for i, number in enumerate(numbers)))


@torch.no_grad()
def recurrent(kind: str, hidden: int, length: int, draw: torch.Generator) -> nn.Module:
    """A layer with the first weights that go by this name."""
    if kind == "GRU":
        return GRU(6, hidden, generator=draw)
    if kind.startswith("LSTM"):
        layer = LSTM(6, hidden, forget_bias=1.0, generator=draw)
        if kind == "LSTM, forget bias by lag":  # half-lives spread over 1 to T steps: Tallec & Ollivier 2018
            spans = 1 + torch.rand(hidden, generator=draw, dtype=torch.float64) * (length - 2)
            layer.bias_ih_l0[hidden : 2 * hidden] = spans.log().float()
            layer.bias_hh_l0[hidden : 2 * hidden] = 0.0
        return layer
    if kind == "ReLU, identity":
        return RNN(6, hidden, nonlinearity="relu", init="identity", generator=draw)
    if kind == "tanh, orthogonal":
        return RNN(6, hidden, init="orthogonal", generator=draw)
    layer = RNN(6, hidden, generator=draw)
    if kind.startswith("tanh, radius"):  # normal recurrent weights, scaled to have the radius exactly
        weight = torch.randn(hidden, hidden, generator=draw, dtype=torch.float64)
        layer.weight_hh_l0.copy_(weight * float(kind.split()[-1]) / spectral_radius(weight))
    return layer


class Classifier(nn.Module):
    """One recurrent layer, and a linear read-out of its last output."""

    def __init__(self, layer: nn.Module, hidden: int, draw: torch.Generator) -> None:
        super().__init__()
        self.layer, self.output = layer, nn.Linear(hidden, 4)
        with torch.no_grad():
            self.output.bias.zero_()
            weight = torch.randn(4, hidden, generator=draw, dtype=torch.float64) * hidden**-0.5
            self.output.weight.copy_(weight)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.output(self.layer(inputs)[0][:, -1])


class Solved(Exception):
    """Ends a training that has reached its goal."""


def train(kind: str, length: int, lr: float, clip: float | None, preset: str, seed: int) -> tuple[float, int]:
    """The best accuracy on fresh sequences, and the steps it took."""
    hidden, batch, steps = SIZES[preset]
    model = Classifier(recurrent(kind, hidden, length, seeded(seed)), hidden, seeded(seed, 1)).to(pick_device())
    inputs, targets, _ = temporal_order(500, length, seeded(seed, 2))
    inputs, targets = inputs.to(model.output.bias.device), targets.to(model.output.bias.device)
    seen: list[float] = []

    def look(model: nn.Module) -> dict[str, float]:
        seen.append((model(inputs).argmax(1) == targets).double().mean().item())
        if seen[-1] >= SOLVED:
            raise Solved
        return {"accuracy": seen[-1]}

    def sequences(step: int) -> tuple[Tensor, Tensor]:
        return temporal_order(batch, length, seeded(seed, 3, step))[:2]

    with tempfile.TemporaryDirectory() as folder:  # the batch of a loss that is not finite would be left in it
        spare = Path(folder) / "model.safetensors"
        with suppress(Solved, CourseError):  # the goal is reached, or the loss has burst: what was seen counts
            fit(
                model, sequences, lambda m, b: F.cross_entropy(m(b[0]), b[1]), steps=steps, lr=lr, clip=clip,
                evaluate=look, every=100, checkpoint=spare, save_every=steps,
            )  # fmt: skip
    return max(seen, default=0.0), 100 * len(seen)


def longest(kind: str, clip: float | None, preset: str, seed: int) -> dict[str, float]:
    """The longest sequences that an architecture learns to solve, from short ones on until it fails."""
    values: dict[str, float] = {"longest": 0, **{f"solved at {length}": 0 for length in LENGTHS[preset]}}
    for length in LENGTHS[preset]:
        best, taken = 0.0, 0
        for lr in RATES:
            accuracy, steps = train(kind, length, lr, clip, preset, seed)
            best, taken = max(best, accuracy), taken + steps
            if best >= SOLVED:
                break
        if best < SOLVED:
            return values | {"failed at": length, "accuracy there": best}
        values |= {"longest": length, f"solved at {length}": 1, f"steps at {length}": taken}
    return values | {"failed at": 0, "accuracy there": best}


FLOWS = [
    "tanh, radius 0.5", "tanh, radius 1.0", "tanh, radius 2.0", "tanh, radius 4.0", "tanh, orthogonal",
    "ReLU, identity", "GRU", "LSTM, forget bias 1", "LSTM, forget bias by lag",
]  # fmt: skip


def flow(preset: str, seed: int) -> dict[str, float]:
    """log10 of the gradient's norm by distance at the first weights, in double precision, averaged over 8 sequences.

    Measured, predicted from the Jacobians, and bounded by the product of their largest singular values; the largest
    Lyapunov exponent (nats a step) and, where there is one matrix to have it, log of the spectral radius beside it.
    """
    hidden, length, values = SIZES[preset][0], DISTANCES[-1], {}
    sequences = temporal_order(8, length, seeded(seed, 4)).inputs.double()
    for kind in FLOWS:
        layer = recurrent(kind, hidden, length, seeded(seed)).double()
        rows = [flow_of(layer, hidden, x, seeded(seed, 5)) for x in sequences]
        for name in rows[0]:
            values[f"{kind}/{name}"] = sum(row[name] for row in rows) / len(rows)
        values[f"{kind}/error"] = max(row["error"] for row in rows)
        if kind.startswith(("tanh", "ReLU")):
            values[f"{kind}/log radius"] = spectral_radius(layer.weight_hh_l0.detach()).log().item()
    return values


def flow_of(layer: nn.Module, hidden: int, x: Tensor, draw: torch.Generator) -> dict[str, float]:
    """One sequence: the norms of the gradient of a random linear read-out of the last h."""
    step, size = step_of(layer), hidden * (2 if isinstance(layer, LSTM) else 1)
    readout = torch.zeros(size, dtype=torch.float64)
    readout[:hidden] = torch.randn(hidden, generator=draw, dtype=torch.float64)
    readout /= readout.norm()
    start = torch.zeros(size, dtype=torch.float64)
    steps = jacobians(step, x, start)
    measured = gradient_norms(step, x, start, lambda h: h @ readout)
    predicted = predicted_norms(readout, steps)
    bound = torch.cat([torch.zeros(1), singular_values(steps)[:, 0].flip(0).log10().cumsum(0)])
    curves = {"measured": measured.log10(), "predicted": predicted.log10(), "bound": bound}
    return {
        **{f"{name} at {k}": curve[k].item() for name, curve in curves.items() for k in DISTANCES},
        "error": (predicted / measured - 1).abs().max().item(),
        "exponent": lyapunov_exponents(steps)[0].item(),
    }


def clipping(preset: str, seed: int) -> dict[str, float]:
    """Plain gradient descent on sequences of 20 steps, recurrent radius 1.2, with the norm clipped at 1 and without.

    Two learning rates; for each the largest loss of every 25 steps, the largest gradient norm, the largest loss after
    the first 100 steps, and the median loss of the last 100. log 4 is what who learns nothing has.
    """
    values = {}
    for lr in (0.03, 0.1):
        for name, most in (("clipped", 1.0), ("free", math.inf)):
            losses, norms = descend(lr, most, SIZES["tiny"][0], seed, steps=1_000)
            run = f"lr {lr}, {name}"
            values |= {f"{run}/loss at {i + 25}": max(losses[i : i + 25]) for i in range(0, len(losses), 25)}
            values[f"{run}/largest norm"] = max(norms)
            values[f"{run}/peak"] = max(losses[100:])
            values[f"{run}/end"] = torch.tensor(losses[-100:]).median().item()
    return values


def descend(lr: float, most: float, hidden: int, seed: int, steps: int) -> tuple[list[float], list[float]]:
    """Losses and gradient norms (before clipping) of every step."""
    model = Classifier(recurrent("tanh, radius 1.2", hidden, 20, seeded(seed)), hidden, seeded(seed, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses, norms = [], []
    with flushed_denormals():
        for step in range(steps):
            batch = temporal_order(32, 20, seeded(seed, 3, step))
            loss = F.cross_entropy(model(batch.inputs), batch.targets)
            optimizer.zero_grad()
            loss.backward()
            norms.append(clip_by_norm(model.parameters(), most).item())
            losses.append(loss.item())
            optimizer.step()
    return losses, norms


#: The architectures, by their first weights, and the largest norm of their gradient.
ARCHITECTURES: dict[str, float | None] = {
    "tanh": None,
    "tanh, orthogonal": 1.0,
    "ReLU, identity": 1.0,
    "GRU": 1.0,
    "LSTM, forget bias 1": 1.0,
    "LSTM, forget bias by lag": 1.0,
}
EXPERIMENTS: dict[str, Callable[[str, int], dict[str, float]]] = {
    "flow": flow,
    "clipping": clipping,
    **{f"longest, {kind}": partial(longest, kind, clip) for kind, clip in ARCHITECTURES.items()},
}
