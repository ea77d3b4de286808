"""Scaled dot-product attention: softmax(Q K' / sqrt(d)) V for many heads. Vaswani et al. 2017, section 3.2.1.

Two ways to compute one thing. `written_out` is the equation and gives the weights too; `attend` hands the same to
torch's fused kernel, which never holds the S times T weights of all heads. Contexts and gradients are equal.

    mask    boolean, True where a query may look; it broadcasts to B H S T (`coursekit.nn.masks`)
    causal  the mask `causal(S, T)`, without a matrix where the kernel can do without
    bias    numbers added to the scores before the softmax (T5, ALiBi); they broadcast to B H S T as well
    scale   factor of the scores: 1 / sqrt(d), the root of the dimension, unless given (T5: 1)
    dropout share of the weights that is dropped; the others grow by 1 / (1 - share)

Masked weights are exactly 0 in every dtype. A row whose keys are all masked gives zeros: not NaN (torch's softmax), and
not the mean over what it must not see (a mask of -1e9). Grouped queries (Ainslie et al. 2023, "GQA"): heads h n to
h n + n - 1 share keys and values h, where n = H / G; nothing is repeated in memory.

Letters: B batch, H heads of the queries, G heads of keys and values (G divides H), S queries, T keys, d size of a head.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from coursekit.nn.masks import causal as causal_mask


def written_out(
    q: Float[Tensor, "B H S d"],
    k: Float[Tensor, "B G T d"],
    v: Float[Tensor, "B G T e"],
    mask: Bool[Tensor, "..."] | None = None,
    bias: Float[Tensor, "..."] | None = None,
    dropout: float | int = 0.0,
    *,
    causal: bool = False,
    scale: float | int | None = None,
) -> tuple[Float[Tensor, "B H S e"], Float[Tensor, "B H S T"]]:
    """Contexts and weights, by the equation. The weights are those after dropout."""
    mask = checked(q, k, v, mask, bias, causal)
    scores = grouped(q * (q.size(-1) ** -0.5 if scale is None else scale), k.mT)  # B H S T; scaled first: float16
    if bias is not None:
        scores = scores + bias
        finite = bias != -torch.inf  # a bias of -inf masks, too; one of NaN stays NaN
        mask = finite if mask is None else mask & finite
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    if mask is not None:
        weights = weights * mask  # a row that may look nowhere has the same score everywhere: now zeros
    if dropout:
        weights = F.dropout(weights, dropout)
    return grouped(weights, v), weights


def attend(
    q: Float[Tensor, "B H S d"],
    k: Float[Tensor, "B G T d"],
    v: Float[Tensor, "B G T e"],
    mask: Bool[Tensor, "..."] | None = None,
    bias: Float[Tensor, "..."] | None = None,
    dropout: float | int = 0.0,
    *,
    causal: bool = False,
    scale: float | int | None = None,
) -> Float[Tensor, "B H S e"]:
    """The same contexts by torch's fused kernel."""
    H, S, G, T = q.size(1), q.size(2), k.size(1), k.size(2)
    whole = causal and mask is None and bias is None and S == T > 1  # the kernel counts from the first key, we the last
    mask = checked(q, k, v, mask, bias, causal and not whole)
    added = mask if bias is None else biased(bias, mask, q.dtype)
    if added is not None:  # with three axes the kernel would leave its fast path
        added = added.view((1,) * (4 - added.dim()) + added.shape)
    if H == G or S > 1 or not (added is None or added.size(1) == 1):
        return F.scaled_dot_product_attention(q, k, v, added, dropout, whole, scale=scale, enable_gqa=H != G)
    rows = q.reshape(
        len(q), G, H // G, q.size(-1)
    )  # one query a head: those of a group are rows before the keys they share
    return F.scaled_dot_product_attention(rows, k, v, added, dropout, scale=scale).reshape(len(q), H, 1, v.size(-1))


def grouped(a: Float[Tensor, "B H S x"], b: Float[Tensor, "B G x y"]) -> Float[Tensor, "B H S y"]:
    """a @ b, where the H / G heads of a group stand one below the other before the one matrix that they share."""
    H, G = a.size(1), b.size(1)
    if H == G:
        return a @ b
    return (a.reshape(len(a), G, H // G * a.size(2), a.size(3)) @ b).view(len(a), H, a.size(2), b.size(3))


def biased(bias: Tensor, mask: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Bias and mask as the kernel takes them: one tensor of numbers."""
    bias = bias.to(dtype)
    return bias if mask is None else bias.masked_fill(~mask, -torch.inf)


def checked(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, bias: Tensor | None, causal: bool) -> Tensor | None:
    """The mask joined with the causal one, after a look at all shapes; raises ValueError if two do not go together."""
    H, S, G, T = q.size(1), q.size(2), k.size(1), k.size(2)
    if H % G or v.shape[:3] != k.shape[:3] or len(q) != len(k) or q.size(-1) != k.size(-1):
        raise ValueError(
            f"queries {tuple(q.shape)}, keys {tuple(k.shape)} and values {tuple(v.shape)} do not go together: they "
            "must be B H S d, B G T d and B G T e, where G divides H."
        )
    if mask is not None and mask.dtype != torch.bool:
        raise ValueError(
            f"a mask must be boolean, True where a query may look, but is {mask.dtype}; numbers are a bias."
        )
    for name, given in (("mask", mask), ("bias", bias)):
        if given is not None:
            check_broadcast(name, given, (len(q), H, S, T))
    if not causal or S == 1:  # a single query stands last and sees all
        return mask
    below = causal_mask(S, T, device=q.device)
    return below if mask is None else mask & below


def check_broadcast(name: str, given: Tensor, shape: tuple[int, int, int, int]) -> None:
    """Raises ValueError unless the tensor broadcasts to B H S T and has all T keys."""
    here = (1,) * (4 - given.dim()) + tuple(given.shape)
    if len(here) != 4 or here[-1] != shape[-1] or any(n not in (1, m) for n, m in zip(here, shape, strict=True)):
        raise ValueError(
            f"the {name} has the shape {tuple(given.shape)} and does not broadcast to B H S T, here {shape}: a {name} "
            f"of keys B T is {name}[:, None, None], one of B S T is {name}[:, None]."
        )
