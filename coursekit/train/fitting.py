"""One training loop for every model of the course. It returns a history and draws nothing."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import index
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor, nn

from coursekit.errors import CourseError
from coursekit.train.checkpoint import Checkpoint, write
from coursekit.train.distributed import Group, join
from coursekit.train.history import History
from coursekit.train.precision import Precision
from coursekit.train.schedule import Schedule, named_schedule
from coursekit.train.splitting import mapped, tensors
from coursekit.train.updating import Update


def fit(
    model: nn.Module,
    batch: Callable[[int], Any],
    loss: Callable[[nn.Module, Any], Tensor],
    *,
    steps: int,
    lr: float = 1e-3,
    warmup: int | None = None,
    schedule: str | Schedule = "cosine",
    clip: float | None = 1.0,
    weight_decay: float = 0.0,
    precision: str = "fp32",
    accumulate: int = 1,
    compile: bool = False,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    every: int = 100,
    progress: Callable[[int, float], None] | None = None,
    checkpoint: str | Path | None = None,
    save_every: int = 100,
) -> History:
    """Train `model` with AdamW where it stands (its device), and return what happened.

    batch(step)         the data of a step: tensors, or tuples, lists and dictionaries of them. A pure function of the
                        step, which is what makes a resumed run end with the same weights as an unbroken one.
    loss(model, batch)  a scalar: the mean over the rows of the batch, or over what `loss.count(batch)` counts.
    steps, lr, warmup   linear warm-up (a tenth of the steps, if None), then down as the schedule says.
    schedule            "cosine" or "linear" to zero, "inverse_root", "constant", or a function (step, steps, warmup)
                        that gives the factor of lr.
    clip                largest norm of the gradient; None leaves it alone.
    weight_decay        on matrices only, never on biases and gains.
    precision           "fp32", or "bf16" or "fp16" for autocast; evaluation stays as the model is.
    accumulate          parts in which a batch passes through the model, one after the other: the same gradient (dropout
                        apart) from less memory.
    compile             torch.compile for model and loss; where it fails there is a warning, and training goes on.
    evaluate(model)     named numbers, asked for every `every` steps and at the end, in evaluation mode, no gradients.
    progress(step, x)   called after each step with the number of steps done and the loss.
    checkpoint          a file, written every `save_every` steps and at the end; if it exists, training goes on from it.

    Under `torchrun` the processes share each batch (`coursekit.train.distributed`).
    Stops with a CourseError, and the batch in a file, if the loss or the gradient is not finite. In fp16 a step whose
    gradient overflows is left out (its norm is inf) and the loss scaled less, until that no longer helps.
    """
    # Plain numbers, whatever kind they came as: they go into the checkpoint.
    steps, every, save_every, accumulate = index(steps), index(every), index(save_every), index(accumulate)
    lr, warmup, weight_decay = float(lr), steps // 10 if warmup is None else index(warmup), float(weight_decay)
    clip = None if clip is None else float(clip)
    _check(steps, every, save_every, accumulate, lr, warmup, clip, weight_decay)
    name, factor = named_schedule(schedule)
    settings: dict[str, Any] = {"steps": steps, "lr": lr, "warmup": warmup, "clip": clip, "weight_decay": weight_decay}
    settings |= {"schedule": name, "precision": precision}
    group = join(model)
    amp = Precision(precision, model)
    optimizer = adamw(model, lr, weight_decay)
    store = Checkpoint(checkpoint, settings, writes=group.first) if checkpoint is not None else None
    with flushed_denormals(), mode_kept(model), group.watched(checkpoint):
        history = store.resume(model, optimizer, amp) if store else History()
        group.agree(history.steps, checkpoint)
        update = Update(model, loss, optimizer, clip=clip, amp=amp, group=group, accumulate=accumulate, compile=compile)
        for step in range(history.steps, steps):
            rate = lr * _checked(factor(step, steps, warmup), step)
            data = batch(step)
            done = update(step, data, rate)
            if not done.sound:
                raise _not_finite(step, done.loss, rate, data, checkpoint, group)
            history.add(done.loss, rate, done.norm)
            _report(model, history, steps, every, group, evaluate, progress)
            if store and group.first and (history.steps % save_every == 0 or history.steps == steps):
                store.save(model, optimizer, history, amp)
        group.told(None)  # nobody goes on before the last checkpoint is there
    return history


def adamw(model: nn.Module, lr: float, weight_decay: float) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter 2019), in one fused kernel where the device has one; matrices alone decay."""
    trained = [p for p in model.parameters() if p.requires_grad]
    if not trained:
        raise ValueError("the model has no parameter to train: unfreeze one.")
    groups = [
        {"params": [p for p in trained if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    try:
        return torch.optim.AdamW(groups, lr=lr, fused=True)
    except RuntimeError:  # this device has no fused kernel
        return torch.optim.AdamW(groups, lr=lr)


def to_device(data: Any, device: torch.device) -> Any:
    """`data` with every tensor in it moved to `device`."""
    return mapped(data, lambda tensor: tensor.to(device, non_blocking=True))


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Take numbers below 1e-38 as 0, as GPUs do: a saturated model makes many, and CPUs handle them 10 times slower.

    The switch belongs to a thread: it acts on this one and leaves the other threads of a large operation as they are.
    """
    before = bool(torch.tensor(1e-40) * 1.0 == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextmanager
def mode_kept(model: nn.Module) -> Iterator[None]:
    """Leave each part of `model` in the mode (training or evaluation) in which it came, also if it is interrupted."""
    before = {part: part.training for part in model.modules()}
    try:
        yield
    finally:
        for part, training in before.items():
            part.training = training


def _check(
    steps: int,
    every: int,
    save_every: int,
    accumulate: int,
    lr: float,
    warmup: int,
    clip: float | None,
    weight_decay: float,
) -> None:
    """Refuse what would train nothing, or uphill."""
    if min(steps, every, save_every) < 1:
        raise ValueError(f"steps, every and save_every must be 1 or more; got {steps}, {every}, {save_every}.")
    if accumulate < 1:
        raise ValueError(f"accumulate = {accumulate} takes a batch in no part: take 1 or more.")
    if not (lr > 0 and math.isfinite(lr)):
        raise ValueError(f"lr = {lr} trains nothing: take a number above 0.")
    if warmup < 0:
        raise ValueError(f"warmup = {warmup} is no number of steps: take 0 or more.")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip = {clip} leaves no gradient: take a number above 0, or None not to clip.")
    if not (weight_decay >= 0 and math.isfinite(weight_decay)):
        raise ValueError(f"weight_decay = {weight_decay} does not decay: take 0 or more.")


def _checked(factor: float | int, step: int) -> float | int:
    if not (math.isfinite(factor) and factor >= 0):
        raise ValueError(f"the schedule gives {factor} at step {step}: a factor of lr is a finite number, 0 or more.")
    return factor


def _report(
    model: nn.Module,
    history: History,
    steps: int,
    every: int,
    group: Group,
    evaluate: Callable[[nn.Module], dict[str, float]] | None,
    progress: Callable[[int, float], None] | None,
) -> None:
    """Tell of the step just done, and evaluate if it is time: the first process does, and all know the numbers."""
    done = history.steps
    if progress and group.first:
        progress(done, history.loss[-1])
    if evaluate and (done % every == 0 or done == steps):
        numbers = _evaluated(model, evaluate) if group.first else {}
        history.evaluations.append({"step": done, **group.told(numbers)})


def _evaluated(model: nn.Module, evaluate: Callable[[nn.Module], dict[str, float]]) -> dict[str, float]:
    model.eval()
    with torch.no_grad():
        return {name: float(value) for name, value in evaluate(model).items()}


def _not_finite(
    step: int, value: float, rate: float, data: Any, checkpoint: str | Path | None, group: Group
) -> CourseError:
    """Save the batch, and say what happened."""
    path = Path(checkpoint or "fit").with_suffix(".nan-batch.safetensors")
    what = f"the loss is {value}" if not math.isfinite(value) else "the gradient is not finite"
    found = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors(data)}
    try:
        if group.first:
            write(path, safetensors.torch.save(found, metadata={"step": json.dumps(step)}))
        where = f"its batch is saved in {path}"
    except CourseError as error:
        where = f"its batch is lost: {error}"
    return CourseError(f"training stopped at step {step}: {what} ({where}); lower lr ({rate:.2g}) or mend the data.")
