"""Distributions reshaped before a word is drawn from them: temperature, top-k and nucleus.

Each takes logits (or log-probabilities, which are logits too) "... V" and gives logits, -inf where no word may be
drawn; a softmax makes them a distribution again.
"""

import math
from numbers import Real

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit.decode.interface import check_count


def with_temperature(logits: Float[Tensor, "*B V"], temperature: float | int) -> Float[Tensor, "*B V"]:
    """logits / T: p_i^T' with T' = 1 / T, renormalised. T < 1 sharpens, T > 1 flattens, 0 keeps the best word alone.

    T = 0 is the limit: greedy decoding; of several best words the first stays. Below T = 1 the best word is put at 0,
    which no softmax sees, so that nothing grows beyond its type. Source: Ackley, Hinton & Sejnowski 1985, "A learning
    algorithm for Boltzmann machines", Cognitive Science 9. Raises ValueError for T < 0 and for T beyond 1e-30, 1e30.
    """
    if not isinstance(temperature, Real) or not (temperature == 0 or 1e-30 <= temperature <= 1e30):
        raise ValueError(f"temperature = {temperature!r} is none: take 0 (greedy), or a number from 1e-30 to 1e30.")
    if temperature >= 1:
        return logits / temperature
    if temperature > 0:
        return (logits - logits.amax(-1, keepdim=True)) / temperature
    top = logits.argmax(-1, keepdim=True)
    return torch.full_like(logits, -math.inf).scatter(-1, top, 0.0)


def top_k(logits: Float[Tensor, "*B V"], k: int) -> Float[Tensor, "*B V"]:
    """Only the k most probable words; those as probable as the k-th all stay.

    Source: Fan, Lewis & Dauphin 2018, "Hierarchical neural story generation", section 5.4.
    """
    check_count("top_k", k, "leaves no word to draw: take a whole number of 1 or more, or None for all.")
    smallest = logits.topk(min(k, logits.size(-1)), -1).values[..., -1:]
    return logits.masked_fill(logits < smallest, -math.inf)


def top_p(logits: Float[Tensor, "*B V"], p: float | int) -> Float[Tensor, "*B V"]:
    """Only the nucleus: the smallest set of the most probable words that has probability p or more.

    A word stays if those before it, the most probable first, have less than p together; so one stays always.
    Source: Holtzman, Buys, Du, Forbes & Choi 2020, "The curious case of neural text degeneration", equations 2 and 3.
    """
    if not isinstance(p, Real) or not 0 < p <= 1:
        raise ValueError(f"top_p = {p!r} is no share of the probability: take more than 0, and at most 1.")
    if p == 1:
        return logits
    ordered, order = logits.sort(dim=-1, descending=True, stable=True)
    probability = ordered.softmax(-1, dtype=torch.promote_types(logits.dtype, torch.float32))  # half would lose the sum
    before = probability.cumsum(-1) - probability
    outside = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, order, before >= p)
    return logits.masked_fill(outside, -math.inf)


def filtered(
    logits: Float[Tensor, "*B V"],
    temperature: float | int = 1.0,
    k: int | None = None,
    p: float | int | None = None,
) -> Float[Tensor, "*B V"]:
    """All three, in this order: temperature, top-k, nucleus; the later ones see what the earlier ones left."""
    logits = with_temperature(logits, temperature)
    logits = logits if k is None else top_k(logits, k)
    return logits if p is None else top_p(logits, p)
