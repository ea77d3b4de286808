"""Hard attention: one position a step is looked at, drawn from the weights or the largest; and REINFORCE to train it.

Soft attention hands on the mean of the values under its weights a; hard attention hands on one value. Which one is a
choice, and no gradient flows through a choice. Xu et al. 2015, "Show, attend and tell", arXiv:1502.03044, section 4.1,
raise a lower bound of log p(y) instead, the expected log-likelihood over the choices s,

    L = sum over s of p(s) log p(y | s) <= log p(y),    p(s) = product over the steps t of a_t(s_t)

whose gradient is an expectation as well, so that one draw of s estimates it without bias (REINFORCE, Williams 1992):

    grad L = E[ grad log p(y | s) + (log p(y | s) - b) grad log p(s) ]

for any baseline b that does not depend on s: it takes nothing from the mean (E[grad log p(s)] = 0) and much from the
variance. A choice is written as weights too, 1 at the position and 0 elsewhere, so that `choice @ values` is the value.

Letters: B batch, S steps, T positions.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def largest(weights: Float[Tensor, "*B T"]) -> Float[Tensor, "*B T"]:
    """The choice of the position with the largest weight, the first of equals; of no position where all are 0."""
    return _chosen(weights, weights.argmax(-1))


def drawn_position(weights: Float[Tensor, "*B T"], generator: torch.Generator) -> Float[Tensor, "*B T"]:
    """The choice of one position drawn from `weights`, which sum to 1 (a row of zeros chooses none).

    Inverts the cumulated weights in float64 at one uniform number a row, which `generator`, on the CPU, draws: so equal
    weights give equal choices on every machine. A position of weight 0 is never drawn. Raises ValueError for NaN.
    """
    below = weights.detach().cpu().double().cumsum(-1)  # P(position <= i)
    total = below[..., -1:]  # 1 but for rounding
    if total.isnan().any():
        raise ValueError("the weights hold NaN: look at the model's weights and at the learning rate.")
    u = torch.rand(weights.shape[:-1], generator=generator, dtype=torch.float64)[..., None] * total
    position = (below <= u).sum(-1).clamp(max=weights.size(-1) - 1)  # the clamp: of rows of zeros
    return _chosen(weights, position.to(weights.device))


def log_prob(weights: Float[Tensor, "*B T"], choice: Float[Tensor, "*B T"]) -> Float[Tensor, "*B"]:
    """log a(s) of the position s that `choice` chose; 0 where it chose none."""
    taken = (weights * choice).sum(-1)
    return taken.where(taken > 0, 1).log()


def entropy(weights: Float[Tensor, "*B T"]) -> Float[Tensor, "*B"]:
    """- sum of a log a in nats: log T if nothing stands out, 0 if one position has it all."""
    return -(weights * weights.clamp(min=torch.finfo(weights.dtype).tiny).log()).sum(-1)  # no inf in the gradient


def reinforce(
    log_p: Float[Tensor, "B S"], reward: Float[Tensor, "B #S"], baseline: Float[Tensor, "*#S"] | float | int = 0.0
) -> Float[Tensor, "B S"]:
    """(reward - baseline) log p(choice): its gradient estimates, without bias, that of the expected reward.

    `log_p` is the log probability of each of S choices; `reward` what they earned together (B 1), or what each of
    them could still earn (B S, see `rest`). Only its gradient has a meaning: add it to what is to grow.
    """
    if reward.shape not in (log_p.shape, (len(log_p), 1)):
        raise ValueError(
            f"the reward has the shape {tuple(reward.shape)}, the choices {tuple(log_p.shape)}: "
            "give one reward for each choice, or one for each row (B 1)."
        )
    return (reward - baseline).detach() * log_p


def bound(
    log_p: Float[Tensor, "B S"],
    alpha: Float[Tensor, "B S T"],
    choice: Float[Tensor, "B S T"],
    mask: Bool[Tensor, "B S"],
    drawn: Bool[Tensor, "B 1"],
    reward: Float[Tensor, "B #S"],
    baseline: Float[Tensor, "... #S"],
    lambda_r: float | int = 1.0,
    lambda_e: float | int = 0.0,
) -> Float[Tensor, "B S"]:
    """Word by word, what hard attention is to raise: log p(y | s) + lambda_r (R - b) log p(s) + lambda_e H[alpha].

    `log_p` is log p(y_j | s), and `mask` True at the words that count. Its gradient estimates that of the bound L, as
    in Xu et al. 2015, section 4.1: without bias if lambda_r is 1 and lambda_e, which keeps the weights from settling
    too early, is 0. Rows that are not `drawn` looked under alpha itself: their gradient goes through it.
    """
    log_s = log_prob(alpha, choice.detach()) * (mask & drawn)
    return log_p + lambda_r * reinforce(log_s, reward, baseline) + lambda_e * entropy(alpha) * mask


def earned(log_p: Float[Tensor, "B S"], credit: str) -> Float[Tensor, "B _"]:
    """The reward of each look: "caption", log p of the whole caption, as in the paper (B 1); or its `rest` (B S)."""
    return rest(log_p) if credit == "rest" else log_p.sum(1, keepdim=True)


def rest(rewards: Float[Tensor, "B S"]) -> Float[Tensor, "B S"]:
    """The sum of the rewards from each step on.

    A choice has no part in what was earned before it; without that part the estimate has the same mean, and varies
    less (Williams 1992; "reward to go" in Sutton, McAllester, Singh & Mansour 2000).
    """
    return rewards.flip(1).cumsum(1).flip(1)


def others(reward: Float[Tensor, "N S"], draws: int) -> Float[Tensor, "N S"]:
    """A baseline for each of several draws of one caption, which stand one below the other: the mean of the others.

    It knows how hard this picture and these words are, which a moving average does not. Kool, van Hoof & Welling 2019,
    "Buy 4 REINFORCE samples, get a baseline for free!".
    """
    if draws < 2 or len(reward) % draws:
        raise ValueError(f"{len(reward)} rewards of {draws} draws each: give 2 draws or more of every caption.")
    each = reward.unflatten(0, (-1, draws))  # captions, draws, S
    return ((each.sum(1, keepdim=True) - each) / (draws - 1)).flatten(0, 1)


class Baseline(nn.Module):
    """A moving average of the reward, b <- .9 b + .1 mean reward of the batch: Xu et al. 2015, section 4.1.

    One number for each of `steps` columns of the reward. It begins with the first batch's mean. Being a buffer it is
    saved with the model, so that a resumed training goes on with it.
    """

    value: Tensor

    def __init__(self, steps: int = 1, keep: float = 0.9) -> None:
        super().__init__()
        if steps < 1 or not 0 <= keep < 1:
            raise ValueError(f"steps must be 1 or more and keep at least 0 and below 1; got {steps} and {keep}.")
        self.keep = keep
        self.register_buffer("value", torch.full((steps,), torch.nan))

    @torch.no_grad()
    def update(self, reward: Float[Tensor, "B S"], mask: Bool[Tensor, "B S"]) -> None:
        """Take in a batch: the mean of each column over the rows that `mask` keeps (a column without one stays)."""
        S, rows = reward.size(1), mask.sum(0)
        if len(self.value) < S:
            raise ValueError(f"the reward has {S} steps, but this baseline has {len(self.value)}: build a longer one.")
        mean = reward.masked_fill(~mask, 0).sum(0) / rows.clamp(min=1)  # S
        old = self.value[:S]
        new = torch.where(old.isnan(), mean, self.keep * old + (1 - self.keep) * mean)
        self.value[:S] = torch.where(rows > 0, new, old)

    def forward(self, steps: int) -> Float[Tensor, " S"]:
        """b of the first `steps` columns; 0 where nothing has been seen."""
        return self.value[:steps].nan_to_num(0)


def _chosen(weights: Tensor, position: Tensor) -> Tensor:
    choice = torch.zeros_like(weights).scatter(-1, position[..., None], 1)
    return choice.masked_fill((weights.detach() <= 0).all(-1, keepdim=True), 0)
