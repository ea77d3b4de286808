"""In how many bits a step computes: the weights and the optimiser stay in float32, the layers between may be cheaper.

    fp32   as the model is
    bf16   autocast to bfloat16: the range of float32, 8 bits of precision
    fp16   autocast to float16: 11 bits, but a gradient below 6e-8 is 0, so the loss is scaled up first
           (Micikevicius et al. 2018); a scale too large overflows: the step is left out, and the scale halved

Autocast runs matrix products in the short type, and sums, norms and losses in float32 (torch keeps the lists).
"""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn

from coursekit.errors import CourseError

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """How `fit` computes a model where it stands: autocast, and the loss's scale."""

    def __init__(self, name: str, model: nn.Module) -> None:
        if name not in PRECISIONS:
            raise ValueError(f"precision = {name!r} is none: choose one of {', '.join(PRECISIONS)}.")
        kinds = {str(p.dtype).removeprefix("torch.") for p in model.parameters()}
        if name != "fp32" and kinds != {"float32"}:
            raise ValueError(
                f"precision = {name!r} wants weights in float32, and these are in {', '.join(sorted(kinds))}: "
                "call model.float() first."
            )
        device = next(model.parameters()).device
        if name == "bf16" and device.type == "cuda" and torch.cuda.get_device_capability(device) < (8, 0):
            raise CourseError(
                f"{torch.cuda.get_device_name(device)} does not compute in bf16: take precision='fp16', or 'fp32'."
            )
        self.name, self.device = name, device
        self.scaler = torch.amp.GradScaler(device.type, enabled=name == "fp16")  # type: ignore[attr-defined]

    def autocast(self) -> AbstractContextManager[None]:
        """For the forward pass and the loss; the backward pass follows it by itself."""
        if self.name == "fp32":
            return nullcontext()  # not even switched off: the caller may have his own
        return torch.autocast(self.device.type, dtype=PRECISIONS[self.name])

    def overflowed(self) -> bool:
        """Whether a gradient that is not finite may be the scale's fault (fp16), so that a smaller one can mend it."""
        return self.scaler.is_enabled() and self.scaler.get_scale() > 1

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps: the scale, and the steps since it was changed; nothing without a scale."""
        if not self.scaler.is_enabled():
            return {}
        state = self.scaler.state_dict()
        return {"scale": torch.tensor(state["scale"]), "good": torch.tensor(state["_growth_tracker"])}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Take up what `state()` gave."""
        if self.scaler.is_enabled():
            kept = {"scale": state["scale"].item(), "_growth_tracker": int(state["good"])}
            self.scaler.load_state_dict({**self.scaler.state_dict(), **kept})
