"""What is minimised: the next word's cross-entropy, with smoothed labels and with a weight for each target.

    l_t   = -sum_v q_t(v) log p_t(v),   q_t = (1 - s) [the target] + s / V     label smoothing (Szegedy 2016, section 7)
    loss  = sum_t w_t l_t / sum_t w_t                                          the mean over the targets that count

With s = 0 and all weights 1 it is the plain mean of -log p. A smoothed loss cannot reach 0: its least value is the
entropy of q. So it is for training; what a model has learnt is told by the plain one.
Letters: B rows, T words of the longest, V vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.causal import CausalLM
from coursekit.nn.linear_cross_entropy import NO_TARGET, refuse_smoothing


@dataclass(frozen=True)
class Mean:
    """A loss for `fit` that can say how much a batch counts: `loss(model, batch)` is a mean over `count(batch)`.

    `fit` asks for the count where it takes a batch in parts (`accumulate`, several processes): the parts differ in
    their number of words, and the mean of their means is not the mean over the batch.
    """

    loss: Callable[[nn.Module, Any], Tensor]
    count: Callable[[Any], Tensor]

    def __call__(self, model: nn.Module, batch: Any) -> Float[Tensor, ""]:
        return self.loss(model, batch)


class Weighted(NamedTuple):
    """One batch of texts: `ids` B T, and the weight of each as a *target*; the first of a row is never one."""

    ids: Tensor
    weights: Tensor


def cross_entropy(
    logits: Float[Tensor, "*shape V"],
    targets: Int[Tensor, "*shape"],
    weights: Float[Tensor, "*shape"] | None = None,
    smoothing: float | int = 0.0,
) -> Float[Tensor, ""]:
    """The weighted mean of the smoothed cross-entropy in nats, in float32 at least; 0 where nothing has a weight.

    A target of weight 0 (or NO_TARGET) may be anything, even no id.
    """
    refuse_smoothing(smoothing)
    weights = torch.ones(targets.shape, device=logits.device) if weights is None else weights
    targets = targets.masked_fill(weights == 0, NO_TARGET)
    weights = weights.masked_fill(targets == NO_TARGET, 0)
    wide = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    each = F.cross_entropy(
        wide.flatten(0, -2), targets.flatten(), ignore_index=NO_TARGET, reduction="none", label_smoothing=smoothing
    )
    total = weights.sum().to(each.dtype)
    return (each * weights.flatten()).sum() / torch.where(total == 0, 1, total)


def weighted_loss(smoothing: float | int = 0.0) -> Mean:
    """loss(model, batch) for `fit` and batches of `Weighted`: the weighted mean of -log p of each next word, in nats.

    `model(ids)` gives logits B T V; it reads all words but the last of a row. A CausalLM never holds all of them.
    """
    refuse_smoothing(smoothing)

    def loss(model: nn.Module, batch: Weighted) -> Tensor:
        if isinstance(model, CausalLM):
            return model.loss(batch.ids, batch.weights, smoothing)
        logits = model(batch.ids[:, :-1])  # B, T - 1, V
        return cross_entropy(logits, batch.ids[:, 1:], batch.weights[:, 1:], smoothing)

    return Mean(loss, lambda batch: batch.weights[:, 1:].sum())
