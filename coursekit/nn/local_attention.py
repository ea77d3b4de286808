"""Local attention: a query looks at a window of the source only.

Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation", section 3.2. Positions
of source and target count from 0. Query t looks at the positions s of [p_t - D, p_t + D] that the source has:

    local-m (monotonic)     p_t = t
    local-p (predictive)    p_t = T sigmoid(v' tanh(W q_t)),  T the length of that row's source: a real number in (0, T)

    align(s) = softmax of the scores over the window alone
    a_t(s)   = align(s)                                           local-m
    a_t(s)   = align(s) exp(-(s - p_t)^2 / (2 sigma^2))           local-p, sigma = D / 2

A whole centre has 2 D + 1 positions in its window. The Gaussian is centred on the real p_t; at the window's edge it is
e^-2. Its product is not renormalised: the weights of local-p sum to less than 1, and p_t learns through it alone. Where
the window holds no position of the source (local-m, t > T - 1 + D), weights and context are zeros.

All T scores are computed in one product, and those outside the window masked.
Letters as in `coursekit.nn.attention`; D half the window.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.nn.attention import Attention, Memory, masked_softmax
from coursekit.nn.drawing import drawn


class LocalAttention(Attention):
    """`window` is D; `predictive` True is local-p, False local-m; `gaussian` None is the paper's choice for each."""

    def __init__(
        self,
        score: str,
        query_size: int,
        key_size: int,
        *,
        window: int,
        predictive: bool = True,
        gaussian: bool | None = None,
        units: int | None = None,
        max_length: int | None = None,
        generator: torch.Generator | None = None,
    ) -> None:
        """`units` is also the size of the hidden layer that predicts p_t; the others as in `Attention`."""
        if not window >= 1:
            raise ValueError(f"window = {window} is no window: take 1 or more positions on each side of the centre.")
        generator = generator or torch.Generator().manual_seed(0)
        super().__init__(score, query_size, key_size, units=units, max_length=max_length, generator=generator)
        self.window, self.predictive = window, predictive
        self.gaussian = predictive if gaussian is None else gaussian
        if predictive:
            units = query_size if units is None else units
            self.hidden = nn.Parameter(drawn(generator, units, query_size))  # W
            self.centre = nn.Parameter(drawn(generator, units))  # v

    def centres(
        self, queries: Float[Tensor, "B S Q"], memory: Memory, first: Int[Tensor, " B"] | None = None
    ) -> Float[Tensor, "B S"]:
        """p_t of each query, in source positions from 0; at least float32, in which positions are exact."""
        dtype = torch.promote_types(queries.dtype, torch.float32)
        if self.predictive:
            share = torch.sigmoid(torch.tanh(queries @ self.hidden.t()) @ self.centre)  # B, S
            return source_lengths(memory.mask)[:, None] * share.to(dtype)
        t = torch.arange(queries.size(1), device=queries.device)
        start = t.new_zeros(len(queries)) if first is None else first
        return (start[:, None] + t).to(dtype)

    def weigh(
        self, queries: Float[Tensor, "B S Q"], memory: Memory, first: Int[Tensor, " B"] | None
    ) -> Float[Tensor, "B S T"]:
        s = torch.arange(memory.mask.size(1), device=queries.device)
        distance = s - self.centres(queries, memory, first)[..., None]  # B, S, T
        near = memory.mask[:, None] & (distance.abs() <= self.window)
        weights = masked_softmax(self.score(queries, memory.keys), near)
        if not self.gaussian:
            return weights
        sigma = self.window / 2
        return weights * torch.exp(-((distance / sigma) ** 2) / 2).to(weights.dtype)

    def extra_repr(self) -> str:
        kind = "local-p" if self.predictive else "local-m"
        return f"{super().extra_repr()}, {kind}, window={self.window}, gaussian={self.gaussian}"


def source_lengths(mask: Tensor) -> Tensor:
    """Positions of each row up to the last that may be seen: B."""
    return (mask * torch.arange(1, mask.size(1) + 1, device=mask.device)).amax(1)
