"""The forward pass and its loss through torch.compile, or without it where it fails: slower, but the same numbers."""

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Objective(nn.Module):
    """A model and its loss as one module: `objective(data)` is the loss.

    So whatever way the loss uses the model (its methods, its parts), all of it is compiled, and all of it runs inside
    the module that DistributedDataParallel watches.
    """

    def __init__(self, model: nn.Module, loss: Callable[[nn.Module, Any], Tensor]) -> None:
        super().__init__()
        self.model, self.loss = model, loss

    def forward(self, data: Any) -> Tensor:
        return self.loss(self.model, data)


class Fallback:
    """Calls a function that may use what torch.compile made of `objective`; if it raises, compiles no more.

    Whatever went wrong is tried again without the compiler, from the same random state: if it fails as well, the
    compiler was not to blame, and that error is raised; else there is one warning.
    """

    def __init__(self, objective: nn.Module, wanted: bool) -> None:
        self.objective, self.active = objective, wanted
        try:
            if wanted:
                objective.compile()
        except Exception as error:  # this Python, or this system, has no compiler at all
            self._give_up(error)

    def __call__(self, function: Callable[[], Any]) -> Any:
        if not self.active:
            return function()
        cpu, cuda = torch.get_rng_state(), torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        try:
            return function()
        except Exception as error:
            self.objective._compiled_call_impl = None
            torch.set_rng_state(cpu)
            if cuda:
                torch.cuda.set_rng_state_all(cuda)
            result = function()
            self._give_up(error)
            return result

    def _give_up(self, error: Exception) -> None:
        self.active = False
        lines = str(error).strip().splitlines() or [type(error).__name__]
        warnings.warn(f"torch.compile failed ({lines[0]}); training goes on without it.", stacklevel=2)
