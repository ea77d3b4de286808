"""Where to compute: the fastest device that computes what the CPU computes."""

import warnings

import torch
from torch import nn

TOLERANCE = 1e-2  # reduced-precision matrix units (TF32) stay within 1e-3; a broken kernel is off by much more


def pick_device(name: str | None = None) -> torch.device:
    """`name`, or else cuda, then mps, then cpu: the first that passes `self_check`; one that fails is warned of."""
    for candidate in [name] if name else available():
        trouble = self_check(candidate)
        if trouble is None:
            return torch.device(candidate)
        warnings.warn(f"{trouble}; computing on the CPU instead.", stacklevel=2)
    return torch.device("cpu")


def available() -> list[str]:
    """The kinds of device that torch sees here, the fastest first."""
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


def self_check(device: str) -> str | None:
    """Compare one small forward and backward on `device` with the CPU: None if they agree, else what is wrong."""
    try:
        here, there = _forward_backward("cpu"), _forward_backward(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return f"the device {device!r} fails on a small computation ({reason})"
    # torch's maximum is NaN if one value is; Python's passes over a NaN that is not the first.
    off = float(torch.stack([(a - b).abs().max() for a, b in zip(here, there, strict=True)]).max())
    if off <= TOLERANCE:
        return None
    return f"the device {device!r} disagrees with the CPU by {off:.2g} on a small computation"


def _forward_backward(device: str) -> list[torch.Tensor]:
    """Output and gradients of a small network (embedding, matrix product, layer norm, softmax) with fixed weights."""
    draw = torch.Generator().manual_seed(0)
    weight = torch.randn(16, 16, generator=draw, dtype=torch.float64).float().to(device).requires_grad_()
    table = torch.randn(8, 16, generator=draw, dtype=torch.float64).float().to(device).requires_grad_()
    ids = torch.arange(8, device=device)
    hidden = nn.functional.layer_norm(nn.functional.embedding(ids, table) @ weight, (16,))
    out = nn.functional.cross_entropy(torch.tanh(hidden) @ table.t(), ids)
    out.backward()
    return [tensor.detach().cpu() for tensor in (out, weight.grad, table.grad) if tensor is not None]
