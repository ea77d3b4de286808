"""The same `fit` on several processes: under `torchrun` each takes its share of a batch, and the gradients are added.

    torchrun --nproc-per-node=2 train.py

Each process runs the whole script, builds the same model and makes the same batches (a batch is a function of the
step); `fit` finds the others by the environment that torchrun sets, gives the model the device of its process, and
wraps it in DistributedDataParallel, which adds up the gradients while the backward pass still runs (Li et al. 2020).
Processes on CPUs talk through gloo, on GPUs through nccl. The first process (rank 0) alone evaluates, reports and
writes; if any of them dies, the others end with a sentence, and the same command goes on from the last checkpoint.
"""

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from coursekit.errors import CourseError


class Group:
    """The processes that train one model together: this is number `rank` of `size`. One process is a group too."""

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size
        self.seed = 0  # of the random numbers of the processes after the first
        self.checked = size == 1

    @property
    def first(self) -> bool:
        """Whether this process evaluates, reports and writes."""
        return self.rank == 0

    def wrap(self, objective: nn.Module) -> nn.Module:
        """The objective with gradients that are averaged over the processes; all take the first one's weights."""
        if self.size == 1:
            return objective
        self.seed = self.told(torch.initial_seed())
        return DistributedDataParallel(objective)

    def start_step(self, step: int) -> None:
        """Other dropout in each process: the first goes on with its random numbers, which the checkpoint keeps, and the
        others draw from those of the step."""
        if self.rank:
            torch.manual_seed((self.seed + 1_000_003 * (step * self.size + self.rank)) % 2**63)

    def apart(self, run: nn.Module, last: bool) -> AbstractContextManager[Any]:
        """Of several backward passes only the last one's gradients are sent: the others are added where they are."""
        return nullcontext() if last or not isinstance(run, DistributedDataParallel) else run.no_sync()

    def total(self, value: Tensor) -> Tensor:
        """The sum of a number over the processes."""
        if self.size > 1:
            dist.all_reduce(value)
        return value

    def told(self, value: Any) -> Any:
        """What the first process has, in every process."""
        box = [value]
        if self.size > 1:
            dist.broadcast_object_list(box)
        return box[0]

    def agree(self, steps: int, checkpoint: str | Path | None) -> None:
        """Refuse to start from different checkpoints: the others read the file that the first one writes."""
        if self.told(steps) != steps:
            raise CourseError(
                f"process {self.rank} does not see the checkpoint {checkpoint} as process 0 does: "
                "put it on a disk that all the machines share."
            )

    def all_used(self, model: nn.Module) -> None:
        """Gradients are sent in bundles: one that never comes would hold up the others of its bundle."""
        if self.checked:
            return
        self.checked = True
        unused = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
        if unused:
            raise CourseError(
                f"the loss does not use {', '.join(unused)}, so several processes cannot train the model: "
                "call requires_grad_(False) on what is not trained."
            )

    @contextmanager
    def watched(self, checkpoint: str | Path | None) -> Iterator[None]:
        """Say in one sentence that another process has gone, and how to go on."""
        try:
            with _ended_by_torchrun(self.size > 1):
                yield
        except (RuntimeError, Ended) as error:
            if self.size == 1 or not (isinstance(error, Ended) or _from_network(error)):
                raise
            if checkpoint is None:
                remedy = "give fit a checkpoint= to be able to go on next time"
            elif not Path(checkpoint).exists():
                remedy = "no checkpoint had been written yet, so start the same command again"
            else:
                remedy = f"start the same command again, and it goes on from {checkpoint}"
            cause = "torchrun has ended it" if isinstance(error, Ended) else "another process has ended"
            raise CourseError(
                f"training stopped in process {self.rank} of {self.size}, for {cause}: {remedy}."
            ) from None  # where in the step it was is of no use


class Ended(Exception):
    """SIGTERM came: so torchrun ends the other processes where one has died, and all where it is stopped itself."""


@contextmanager
def _ended_by_torchrun(wanted: bool) -> Iterator[None]:
    """Turn SIGTERM into an exception, so that it is not the one way of ending that says nothing."""
    if not wanted or threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may ask for signals
        return

    def ended(number: int, frame: Any) -> None:
        raise Ended

    before = signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def join(model: nn.Module) -> Group:
    """The group that torchrun has started, this process among it, with the model moved to its own device; or one alone.

    Raises CourseError where the machine has fewer GPUs than processes, and where the others cannot be reached.
    """
    size = int(os.environ.get("WORLD_SIZE", 1)) if "LOCAL_RANK" in os.environ else 1
    if dist.is_available() and dist.is_initialized():  # by an earlier fit, or by the caller
        size = dist.get_world_size()
    if size == 1:
        return Group()
    if next(model.parameters()).is_cuda:
        local, cards = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if local >= cards:
            raise CourseError(f"there is no GPU for process {local} here: torchrun --nproc-per-node={cards}.")
        torch.cuda.set_device(local)
        model.to(torch.device("cuda", local))
    if not dist.is_initialized():
        _meet()
    return Group(dist.get_rank(), dist.get_world_size())


def _meet() -> None:
    """Wait for the others. The group stays until the program ends: a script may call fit again."""
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    except (RuntimeError, ValueError) as error:
        raise CourseError(
            f"the {os.environ['WORLD_SIZE']} processes do not find each other ({str(error).splitlines()[0]}): "
            "start them with torchrun, or one alone with python."
        ) from error
    atexit.register(lambda: dist.destroy_process_group() if dist.is_initialized() else None)


def _from_network(error: RuntimeError) -> bool:
    """Whether it is a broken connection that speaks: neither library has a type of its own for that in all versions."""
    return isinstance(error, getattr(dist, "DistError", ())) or any(
        word in str(error) for word in ("gloo", "Connection closed", "Connection reset", "NCCL")
    )
