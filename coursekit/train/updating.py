"""One step of training: the gradient of a batch, in parts if asked for, its norm cut, and the optimiser's update."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from coursekit.train.compiling import Fallback, Objective
from coursekit.train.distributed import Group
from coursekit.train.precision import Precision
from coursekit.train.splitting import mapped, parts


class Updated(NamedTuple):
    """The loss of a step and the norm of its gradient before clipping; if they are not `sound`, nothing was updated."""

    loss: float
    norm: float
    sound: bool


class Update:
    """`update(step, data, rate)`: one step, on this process's share of the batch."""

    def __init__(
        self,
        model: nn.Module,
        loss: Callable[[nn.Module, Any], Tensor],
        optimizer: torch.optim.Optimizer,
        *,
        clip: float | None,
        amp: Precision,
        group: Group,
        accumulate: int,
        compile: bool,
    ) -> None:
        objective = Objective(model, loss)
        self.attempt = Fallback(objective, compile)
        self.run = group.wrap(objective)
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.clip, self.amp, self.group, self.accumulate = clip, amp, group, accumulate

    def __call__(self, step: int, data: Any, rate: float) -> Updated:
        for options in self.optimizer.param_groups:
            options["lr"] = rate
        self.model.train()
        self.group.start_step(step)
        value = self.group.total(self.attempt(partial(self._backward, data))).item()
        self.group.all_used(self.model)
        self.amp.scaler.unscale_(self.optimizer)
        trained = [p for options in self.optimizer.param_groups for p in options["params"]]
        norm = torch.nn.utils.clip_grad_norm_(trained, math.inf if self.clip is None else self.clip).item()
        sound = math.isfinite(value) and (math.isfinite(norm) or self.amp.overflowed())
        if sound:
            self.amp.scaler.step(self.optimizer)  # unless it overflowed
            self.amp.scaler.update()
        return Updated(value, norm, sound)

    def _backward(self, data: Any) -> Tensor:
        """This process's part of the loss; its gradient, added over the processes, is in the parameters."""
        self.optimizer.zero_grad()
        device = next(self.model.parameters()).device
        pieces = parts(data, self.accumulate, self.loss, (self.group.rank, self.group.size))
        values = []
        for number, (piece, share) in enumerate(pieces, start=1):
            moved = mapped(piece, lambda tensor: tensor.to(device, non_blocking=True))
            with self.group.apart(self.run, last=number == len(pieces)):
                with self.amp.autocast():
                    value = self.run(moved)
                value = value if share == 1 else value * share
                # DistributedDataParallel gives the mean over the processes; what is wanted is the sum.
                self.amp.scaler.scale(value if self.group.size == 1 else value * self.group.size).backward()
            values.append(value.detach())
        return values[0] if len(values) == 1 else torch.stack(values).sum()
