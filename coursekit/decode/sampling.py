"""Word by word: the most probable one each time (greedy), or one drawn at random (ancestral sampling).

Both walk from left to right and never look back; they differ in how a word is chosen. Letters: B rows, n samples a
row, V vocabulary.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit.decode.filters import filtered
from coursekit.decode.interface import (
    Hypothesis,
    Stepper,
    check_count,
    check_distributions,
    check_length,
    first_ids,
    log_probabilities,
    without_dropout,
)


def greedy(
    model: Stepper, state: Any, *, bos: int | Int[Tensor, " B"], eos: int | None, max_length: int, batch: int = 1
) -> list[list[Hypothesis]]:
    """The most probable word each time (the first of equals), until the end token or `max_length` words.

    `bos`: the id that every row of the state reads first (then `batch` says how many rows), or one for each row: a
    prompt's last word. `eos` counts as one of the `max_length` words; None: outputs end only there. Gives one
    hypothesis for each row, its score the log-probability.
    """
    return _walk(model, state, first_ids(model, bos, batch), eos, max_length, lambda log_p: log_p.argmax(-1))


def sample(
    model: Stepper,
    state: Any,
    *,
    bos: int | Int[Tensor, " B"],
    eos: int | None,
    max_length: int,
    generator: torch.Generator,
    batch: int = 1,
    n: int = 1,
    temperature: float | int = 1.0,
    top_k: int | None = None,
    top_p: float | int | None = None,
) -> list[list[Hypothesis]]:
    """`n` outputs for each row, each word drawn from the model's distribution after `filters.filtered`.

    `generator` is a CPU generator: the draws are the same on every CPU. Temperature 0 is greedy. Log-probabilities
    and scores are the model's own, before the filters. Everything else as `greedy`.
    """
    check_count("n", n, "samples are none: take a whole number of 1 or more.")

    def choose(log_p: Tensor) -> Tensor:
        return draw(filtered(log_p, temperature, top_k, top_p), generator)

    return _walk(model, state, first_ids(model, bos, batch), eos, max_length, choose, n)


def draw(logits: Float[Tensor, "B V"], generator: torch.Generator) -> Int[Tensor, " B"]:
    """One id of each row, id i with probability softmax(logits)_i: the inverse of the cumulative distribution.

    One uniform number u a row; the id is the first whose cumulative probability exceeds u. All in float64 on the CPU,
    where a last bit that differs between CPUs moves a draw about once in 10^15 times. Raises ValueError for a row that
    makes no distribution, and without a CPU generator.
    """
    if not isinstance(generator, torch.Generator) or generator.device.type != "cpu":
        raise ValueError("generator must be a torch.Generator of the CPU, such as torch.Generator().manual_seed(0).")
    cumulative = logits.cpu().double().softmax(-1).cumsum(-1)
    whole = cumulative[:, -1:]  # 1 but for rounding; u < 1 by more than that, so u whole < whole and an id is found
    check_distributions(whole)
    u = torch.rand(len(logits), 1, generator=generator, dtype=torch.float64)
    return torch.searchsorted(cumulative, u * whole, right=True)[:, 0].to(logits.device)


@torch.inference_mode()
def _walk(
    model: Stepper,
    state: Any,
    ids: Int[Tensor, " B"],
    eos: int | None,
    max_length: int,
    choose: Callable[[Tensor], Tensor],
    n: int = 1,
) -> list[list[Hypothesis]]:
    """From left to right; a row that has ended goes on unread until all have."""
    check_length(max_length)
    chosen: list[Tensor] = []
    scores: list[Tensor] = []
    running = torch.ones(len(ids) * n, dtype=torch.bool)
    with without_dropout(model):
        while len(chosen) < max_length and running.any():
            logits, state = model.step(ids, state)
            log_p = log_probabilities(logits, len(ids), eos)  # B, V
            if not chosen and n > 1:  # the first step is the same for all samples of a row
                rows = torch.arange(len(ids), device=ids.device).repeat_interleave(n)
                log_p, state = log_p[rows.to(log_p.device)], model.select(state, rows)  # B n, V
            word = choose(log_p)  # B n
            chosen.append(word)
            scores.append(log_p.gather(1, word[:, None])[:, 0])
            ids = word.to(ids.device)
            if eos is not None:
                running &= word.cpu() != eos
    outputs = zip(torch.stack(chosen, 1).tolist(), torch.stack(scores, 1).tolist(), strict=True)
    made = [_cut(words, log_probs, eos) for words, log_probs in outputs]
    return [made[i : i + n] for i in range(0, len(made), n)]


def _cut(words: list[int], log_probs: list[float], eos: int | None) -> Hypothesis:
    finished = eos in words
    length = words.index(eos) if eos is not None and finished else len(words)
    log_probs = log_probs[: length + finished]
    return Hypothesis(words[:length], log_probs, finished, sum(log_probs))
