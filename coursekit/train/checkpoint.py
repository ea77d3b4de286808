"""A training run in one file that a power cut cannot spoil.

safetensors holds weights, optimiser state and random state; its JSON header holds settings and history. No pickle: a
checkpoint from a stranger runs no code. The file is written beside the old one and takes its place in one step
(os.replace), so a reader sees the old run or the new one, never half of either.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.train.history import History
from coursekit.train.precision import Precision


def write(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, or leave it as it was. Raises CourseError if the folder cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise CourseError(
            f"cannot write {path} ({error.strerror}): choose a folder that you may write to and that has room."
        ) from error


def require_writable(path: Path) -> None:
    """Fail before the training, not after its first hour, if `path` cannot be written."""
    if path.is_dir():
        raise CourseError(f"the checkpoint {path} is a folder: name a file in it, such as {path / 'run.safetensors'}.")
    probe = path.with_name(path.name + ".tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CourseError(
            f"cannot write checkpoints to {path.parent} ({error.strerror}): choose a folder that you may write to."
        ) from error


#: Settings that came later, and what they were before there was a choice; so they stand in no file unless they differ,
#: and a run of an older version goes on.
USUAL = {"schedule": "cosine", "precision": "fp32"}


class Checkpoint:
    """The file `path` for a run with these `settings` (a flat dictionary: steps, lr ...)."""

    def __init__(self, path: str | Path, settings: dict[str, Any], writes: bool = True) -> None:
        """`writes` is false in a process that only reads it."""
        self.path = Path(path)
        self.settings = {name: value for name, value in settings.items() if USUAL.get(name, ...) != value}
        if writes:
            require_writable(self.path)

    def save(self, model: nn.Module, optimizer: torch.optim.Optimizer, history: History, amp: Precision) -> None:
        """Write the run as it stands after `history.steps` steps."""
        tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
        tensors |= {f"precision.{name}": value for name, value in amp.state().items()}
        tensors["random.cpu"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        # A copy of each: safetensors refuses tensors that share memory (tied weights).
        copies = {name: value.detach().cpu().clone().contiguous() for name, value in tensors.items()}
        about = {"settings": json.dumps(self.settings), "history": json.dumps(asdict(history))}
        write(self.path, safetensors.torch.save(copies, metadata=about))

    def resume(self, model: nn.Module, optimizer: torch.optim.Optimizer, amp: Precision) -> History:
        """Put the saved run into `model`, `optimizer` and `amp`; a fresh History if there is none.

        Raises CourseError if the file is damaged, or belongs to another model or to other settings.
        """
        if not self.path.exists():
            return History()
        tensors, settings, history = self._read()
        if settings != self.settings:
            differ = [
                f"{k} = {settings.get(k, USUAL.get(k))}"
                for k in self.settings | settings
                if settings.get(k) != self.settings.get(k)
            ]
            raise CourseError(
                f"the checkpoint {self.path} was made with {', '.join(differ)}: use that, or name another file."
            )
        try:
            self._restore(model, optimizer, tensors)
            amp.restore({n.removeprefix("precision."): t for n, t in tensors.items() if n.startswith("precision.")})
        except (RuntimeError, KeyError, ValueError) as error:
            raise CourseError(
                f"the checkpoint {self.path} belongs to another model: build the model that it was saved from, "
                "or name another file."
            ) from error
        return history

    def _read(self) -> tuple[dict[str, Tensor], dict[str, Any], History]:
        try:
            with safe_open(self.path, framework="pt") as file:
                about = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dictionary)
            return tensors, json.loads(about["settings"]), History(**json.loads(about["history"]))
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise CourseError(
                f"the checkpoint {self.path} is damaged or no checkpoint of fit: delete it to start again."
            ) from error

    @staticmethod
    def _restore(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
        own = {name: value for name, value in tensors.items() if name.startswith("model.")}
        model.load_state_dict({name.removeprefix("model."): value for name, value in own.items()})
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, key = name.split(".")
                state.setdefault(int(index), {})[key] = value
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
        torch.set_rng_state(tensors["random.cpu"])
        if torch.cuda.is_available() and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
