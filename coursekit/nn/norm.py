"""Layer norm and RMS norm: each vector on its own, over its D features; no batch, no running mean.

    layer norm   (x - mean) / sqrt(variance + eps) * gain + bias      Ba, Kiros & Hinton 2016
    RMS norm     x / sqrt(mean of x^2 + eps) * gain                   Zhang & Sennrich 2019

The variance is the biased one (divided by D, not D - 1), and eps stands inside the root. Half precision is computed in
float32: the square of 300 is no float16. Letter: D width.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


def layer_norm(
    x: Float[Tensor, "*B D"],
    gain: Float[Tensor, " D"],
    bias: Float[Tensor, " D"] | None = None,
    eps: float | int = 1e-5,
) -> Float[Tensor, "*B D"]:
    """Written out; equal to torch.nn.functional.layer_norm."""
    wide = at_least_float32(x)
    centred = wide - wide.mean(-1, keepdim=True)
    normal = centred * torch.rsqrt(centred.square().mean(-1, keepdim=True) + eps)
    scaled = normal * gain if bias is None else normal * gain + bias
    return scaled.to(x.dtype)


def rms_norm(x: Float[Tensor, "*B D"], gain: Float[Tensor, " D"], eps: float | int = 1e-5) -> Float[Tensor, "*B D"]:
    """Written out; equal to torch.nn.functional.rms_norm."""
    wide = at_least_float32(x)
    return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps) * gain).to(x.dtype)


class RMSNorm(nn.Module):
    """RMS norm by torch's kernel, with a gain that starts at 1."""

    def __init__(self, width: int, eps: float | int = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        return F.rms_norm(x, self.weight.shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}"


def at_least_float32(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
