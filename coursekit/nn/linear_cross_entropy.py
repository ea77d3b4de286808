"""The cross-entropy of an output layer, a few rows at a time, so that not all logits need to be held.

With V words the logits and their gradient are the largest thing in a small model's step: N V numbers, written and read
several times over. Here a block of rows goes through the output layer, and as the gradient of its loss,

    d loss / d logits = w (softmax(logits) - q),    q = (1 - s) [the target] + s / V

is known at once, it is multiplied into the gradients of x and W and forgotten. Letters: N rows, D width, V vocabulary.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

BLOCK = 512  # rows
NO_TARGET = -100  # of a row that has none, as in F.cross_entropy


def linear_cross_entropy(
    x: Float[Tensor, "N D"],
    weight: Float[Tensor, "V D"],
    targets: Int[Tensor, " N"],
    weights: Float[Tensor, " N"] | None = None,
    smoothing: float | int = 0.0,
) -> Float[Tensor, ""]:
    """The weighted mean of -sum_v q(v) log softmax(x W^T)(v) in nats, in float32 at least; 0 if all weights are 0.

    The same as `coursekit.train.cross_entropy` of F.linear(x, weight), gradients too. A target of weight 0 (or
    NO_TARGET) may be anything. The weights get no gradient, and the gradient is not differentiable again. Raises
    ValueError for other targets that are no ids (on a CPU; a GPU says so itself).
    """
    refuse_smoothing(smoothing)
    wide = torch.promote_types(x.dtype, torch.float32)
    weights = torch.ones(len(x), dtype=wide, device=x.device) if weights is None else weights.detach().to(wide)
    weights = weights.masked_fill(targets == NO_TARGET, 0)
    targets = targets.where(weights != 0, 0).long()
    check_targets(targets, len(weight))
    if not torch.is_grad_enabled():
        x, weight = x.detach(), weight.detach()  # no gradient is computed for nothing
    # Divided after the sum: d loss / d logits of a mean over many rows would be too small for float16.
    value: Tensor = Blocks.apply(x, weight, targets, weights, float(smoothing))
    total = weights.sum()
    return value / torch.where(total == 0, 1, total)


class Blocks(torch.autograd.Function):
    """sum_n w_n l_n, with its gradient for x and W ready when the value is."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
        value, (for_x, for_weight) = weights.new_zeros(()), ctx.needs_input_grad[:2]
        dx = torch.empty_like(x) if for_x else None
        dw = torch.zeros_like(weight, dtype=weights.dtype) if for_weight else None  # many blocks add up
        for first in range(0, len(x), BLOCK):
            some = slice(first, first + BLOCK)
            log_p = F.log_softmax(F.linear(x[some], weight).to(weights.dtype), -1)
            value = value + summed(log_p, targets[some], weights[some], smoothing)
            if dx is None and dw is None:
                continue
            d = slope(log_p, targets[some], weights[some], smoothing).to(weight.dtype)
            if dx is not None:
                dx[some] = d @ weight
            if dw is not None and dw.dtype == weight.dtype:
                dw.addmm_(d.t(), x[some].to(weight.dtype))
            elif dw is not None:
                dw += d.t() @ x[some].to(weight.dtype)
        ctx.save_for_backward(dx, dw)
        ctx.dtype = weight.dtype
        return value

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled() and not torch.compiler.is_compiling():  # create_graph: a part would be missing
            raise ValueError("the gradient of this loss is not differentiable again: use cross_entropy of all logits.")
        dx, dw = ctx.saved_tensors
        return None if dx is None else dx * g, None if dw is None else (dw * g).to(ctx.dtype), None, None, None


def refuse_smoothing(smoothing: float | int) -> None:
    if not 0 <= smoothing < 1:
        raise ValueError(f"smoothing = {smoothing} is no share of the probability: take 0 or more, and less than 1.")


def check_targets(targets: Tensor, words: int) -> None:
    if targets.device.type != "cpu" or torch.compiler.is_compiling() or not len(targets):
        return
    if int(targets.min()) < 0 or int(targets.max()) >= words:
        wrong = targets[(targets < 0) | (targets >= words)][0].item()
        raise ValueError(
            f"target {wrong} lies outside the vocabulary, whose ids are 0 to {words - 1}: encode the text with the "
            "vocabulary of this model."
        )


def summed(log_p: Tensor, targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """sum_n w_n l_n of one block."""
    hit = log_p.gather(1, targets[:, None])[:, 0]
    value = (1 - smoothing) * hit + smoothing * log_p.mean(1) if smoothing else hit
    return -(weights * value).sum()


def slope(log_p: Tensor, targets: Tensor, weights: Tensor, smoothing: float) -> Tensor:
    """Its gradient for the logits, in the memory of `log_p`."""
    d = log_p.exp_()
    if smoothing:
        d -= smoothing / d.size(1)
    d.scatter_add_(1, targets[:, None], torch.full_like(targets, smoothing - 1, dtype=d.dtype)[:, None])
    return d.mul_(weights[:, None])
