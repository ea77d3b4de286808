"""Gradient clipping, written out: a step may go where the gradient points, but not farther than it can be trusted.

    by norm     g <- g most / max(||g||, most)     the direction stays: Pascanu, Mikolov & Bengio 2013, algorithm 1
    by value    g_i <- min(max(g_i, -most), most)  each entry for itself: the direction changes

Both act in place between `loss.backward()` and the optimiser's step, and give back the norm that they met, which is
the curve to look at. `fit(clip=...)` clips by norm.
"""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit.errors import CourseError

#: torch's clip_grad_norm_ adds this to the norm; so does `clip_by_norm`, whose result falls short of `most` by as much.
EPSILON = 1e-6


def clip_by_norm(parameters: Tensor | Iterable[Tensor], most: float | int) -> Float[Tensor, ""]:
    """Scale all gradients by one factor so that their joint norm is at most `most`; returns the norm before.

    Parameters without a gradient are left out. Raises CourseError where the norm is not finite, for no factor mends a
    NaN; then all gradients stay as they were. Equals torch.nn.utils.clip_grad_norm_, except where only the squares
    overflow (in float32 above 1e19): torch takes the norm for infinite and makes every entry 0.
    """
    gradients, norm = _gradients(parameters, most)
    factor = most / (norm + EPSILON)
    if factor < 1:
        for gradient in gradients:
            gradient.mul_(factor)
    return norm


def clip_by_value(parameters: Tensor | Iterable[Tensor], most: float | int) -> Float[Tensor, ""]:
    """Cut each entry of each gradient to [-most, most]; returns the joint norm before.

    Parameters without a gradient are left out; a norm that is not finite raises CourseError. Equals
    torch.nn.utils.clip_grad_value_.
    """
    gradients, norm = _gradients(parameters, most)
    for gradient in gradients:
        gradient.clamp_(-most, most)
    return norm


@torch.no_grad()
def _gradients(parameters: Tensor | Iterable[Tensor], most: float | int) -> tuple[list[Tensor], Float[Tensor, ""]]:
    """The gradients that are there, and their joint norm: the root of the sum of all squares."""
    if not most > 0:
        raise ValueError(f"most = {most} leaves no gradient: take a number above 0.")
    if isinstance(parameters, nn.Module) or not isinstance(parameters, Iterable):
        raise ValueError(f"parameters must be tensors, not a {type(parameters).__name__}: give model.parameters().")
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not given:
        raise ValueError("there are no parameters: was model.parameters(), an iterator, used up before?")
    if other := [type(p).__name__ for p in given if not isinstance(p, Tensor)]:
        raise ValueError(f"parameters must be tensors, not each a {other[0]}: give model.parameters().")
    gradients = [p.grad for p in given if p.grad is not None]
    if not gradients:
        raise ValueError("no parameter has a gradient: call loss.backward() first, on parameters that require one.")
    if any(g.layout != torch.strided for g in gradients):
        raise ValueError("a sparse gradient is not clipped here: make the embedding with sparse=False.")
    norm = _joint(gradients)
    if not math.isfinite(norm):
        norm = _joint([g.abs().double() for g in gradients])  # perhaps only the squares overflowed
    if not math.isfinite(norm):
        raise CourseError(f"The gradient's norm is {norm.item()}, which no clipping mends: lower the learning rate.")
    return gradients, norm


def _joint(gradients: list[Tensor]) -> Float[Tensor, ""]:
    each = [torch.linalg.vector_norm(g).to(gradients[0].device) for g in gradients]
    return torch.linalg.vector_norm(torch.stack(each))
