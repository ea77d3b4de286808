"""First weights that are the same on every CPU: drawn in float64 from a generator of the CPU, and then rounded.

torch's own initialisers draw float32, whose last bits differ between CPUs, and from the global random numbers.
"""

import torch
from torch import Tensor, nn


def drawn(generator: torch.Generator, *shape: int) -> Tensor:
    """Normal weights of variance 1 / fan-in, the size of the last axis."""
    return (torch.randn(shape, generator=generator, dtype=torch.float64) * shape[-1] ** -0.5).float()


def linear(inputs: int, outputs: int, generator: torch.Generator, bias: bool = True) -> nn.Linear:
    """Weights of variance 1 / fan-in, a zero bias. Draws nothing but them (torch.nn.Linear alone would)."""
    layer = nn.Linear(inputs, outputs, bias, device="meta")
    layer.weight = nn.Parameter(drawn(generator, outputs, inputs))
    if bias:
        layer.bias = nn.Parameter(torch.zeros(outputs))
    return layer


def table(rows: int, width: int) -> nn.Embedding:
    """An embedding that draws nothing: its weights are still to be filled."""
    layer = nn.Embedding(rows, width, device="meta")
    layer.weight = nn.Parameter(torch.empty(rows, width))
    return layer
