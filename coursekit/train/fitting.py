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
from coursekit.train.history import History
from coursekit.train.schedule import warmup_cosine


def fit(
    model: nn.Module,
    batch: Callable[[int], Any],
    loss: Callable[[nn.Module, Any], Tensor],
    *,
    steps: int,
    lr: float = 1e-3,
    warmup: int | None = None,
    clip: float | None = 1.0,
    weight_decay: float = 0.0,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    every: int = 100,
    progress: Callable[[int, float], None] | None = None,
    checkpoint: str | Path | None = None,
    save_every: int = 100,
) -> History:
    """Train `model` with AdamW where it stands (its device), and return what happened.

    batch(step)         the data of a step: tensors, or tuples, lists and dictionaries of them. A pure function of the
                        step, which is what makes a resumed run end with the same weights as an unbroken one.
    loss(model, batch)  a scalar.
    steps, lr, warmup   linear warm-up (a tenth of the steps, if None), then a cosine to zero.
    clip                largest norm of the gradient; None leaves it alone.
    weight_decay        on matrices only, never on biases and gains.
    evaluate(model)     named numbers, asked for every `every` steps and at the end, in evaluation mode, no gradients.
    progress(step, x)   called after each step with the number of steps done and the loss.
    checkpoint          a file, written every `save_every` steps and at the end; if it exists, training goes on from it.

    Stops with a CourseError, and the batch in a file, if the loss or the gradient is not finite.
    """
    # Plain numbers, whatever kind they came as: they go into the checkpoint.
    steps, every, save_every = index(steps), index(every), index(save_every)
    lr, warmup, weight_decay = float(lr), steps // 10 if warmup is None else index(warmup), float(weight_decay)
    clip = None if clip is None else float(clip)
    _check(steps, every, save_every, lr, warmup, clip, weight_decay)
    optimizer = adamw(model, lr, weight_decay)
    settings = {"steps": steps, "lr": lr, "warmup": warmup, "clip": clip, "weight_decay": weight_decay}
    store = Checkpoint(checkpoint, settings) if checkpoint is not None else None
    history = store.resume(model, optimizer) if store else History()
    with flushed_denormals(), mode_kept(model):
        for step in range(history.steps, steps):
            rate = lr * warmup_cosine(step, steps, warmup)
            data = to_device(batch(step), _device(model))
            value, norm = _step(model, optimizer, loss, data, rate, clip)
            if not (math.isfinite(value) and math.isfinite(norm)):
                raise _not_finite(step, value, rate, data, checkpoint)
            history.add(value, rate, norm)
            done = step + 1
            if progress:
                progress(done, value)
            if evaluate and (done % every == 0 or done == steps):
                history.evaluations.append({"step": done, **_evaluated(model, evaluate)})
            if store and (done % save_every == 0 or done == steps):
                store.save(model, optimizer, history)
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
    if isinstance(data, Tensor):
        return data.to(device, non_blocking=True)
    if isinstance(data, dict):
        return {key: to_device(value, device) for key, value in data.items()}
    if hasattr(data, "_fields"):  # a named tuple, which takes its values one by one
        return type(data)(*(to_device(value, device) for value in data))
    if isinstance(data, list | tuple):
        return type(data)(to_device(value, device) for value in data)
    return data


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
    steps: int, every: int, save_every: int, lr: float, warmup: int, clip: float | None, weight_decay: float
) -> None:
    """Refuse what would train nothing, or uphill."""
    if min(steps, every, save_every) < 1:
        raise ValueError(f"steps, every and save_every must be 1 or more; got {steps}, {every}, {save_every}.")
    if not (lr > 0 and math.isfinite(lr)):
        raise ValueError(f"lr = {lr} trains nothing: take a number above 0.")
    if warmup < 0:
        raise ValueError(f"warmup = {warmup} is no number of steps: take 0 or more.")
    if clip is not None and not clip > 0:
        raise ValueError(f"clip = {clip} leaves no gradient: take a number above 0, or None not to clip.")
    if not (weight_decay >= 0 and math.isfinite(weight_decay)):
        raise ValueError(f"weight_decay = {weight_decay} does not decay: take 0 or more.")


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable[[nn.Module, Any], Tensor],
    data: Any,
    rate: float,
    clip: float | None,
) -> tuple[float, float]:
    """One update; the loss and the norm of its gradient. If either is not finite the weights stay as they were."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    model.train()
    optimizer.zero_grad()
    value = loss(model, data)
    value.backward()
    trained = [p for group in optimizer.param_groups for p in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(trained, math.inf if clip is None else clip)
    numbers = value.item(), norm.item()
    if all(map(math.isfinite, numbers)):
        optimizer.step()
    return numbers


def _evaluated(model: nn.Module, evaluate: Callable[[nn.Module], dict[str, float]]) -> dict[str, float]:
    model.eval()
    with torch.no_grad():
        return {name: float(value) for name, value in evaluate(model).items()}


def _not_finite(step: int, value: float, rate: float, data: Any, checkpoint: str | Path | None) -> CourseError:
    """Save the batch, and say what happened."""
    path = Path(checkpoint or "fit").with_suffix(".nan-batch.safetensors")
    what = f"the loss is {value}" if not math.isfinite(value) else "the gradient is not finite"
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in _tensors(data, "batch")}
    try:
        write(path, safetensors.torch.save(tensors, metadata={"step": json.dumps(step)}))
        where = f"its batch is saved in {path}"
    except CourseError as error:
        where = f"its batch is lost: {error}"
    return CourseError(f"training stopped at step {step}: {what} ({where}); lower lr ({rate:.2g}) or mend the data.")


def _tensors(data: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a batch with a name: batch, batch.0, batch.mask ..."""
    if isinstance(data, Tensor):
        yield name, data
    elif isinstance(data, dict | list | tuple):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _tensors(value, f"{name}.{key}")
