"""How well a language model predicts: cross-entropy and its other spellings, and the gap to the best possible.

Everything starts from log p(w_t | w_<t) in nats, one number for each token: one list or array, or a list of them (one
for each sequence). Source: Shannon 1948; Jelinek et al. 1977 for perplexity.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float

LogProbs: TypeAlias = Any  # list or array of floats, or a list of such


def _array(values: LogProbs) -> Float[np.ndarray, "*T"]:
    """In float64; a torch tensor may have a gradient, lie on a GPU or be of a type that numpy has not."""
    return np.asarray(values.detach().cpu().double() if hasattr(values, "detach") else values, dtype=np.float64)


def _flat(log_probs: LogProbs) -> Float[np.ndarray, " T"]:
    """All numbers in one float64 array. Raises ValueError for none, for NaN and for a probability above 1."""
    try:
        rows = log_probs if hasattr(log_probs, "__array__") else list(log_probs)
        if isinstance(rows, list) and rows and hasattr(rows[0], "__len__"):
            rows = np.concatenate([np.ravel(_array(row)) for row in rows])  # they may differ in length
        flat = _array(rows).reshape(-1)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"log-probabilities of type {type(log_probs).__name__} cannot be read: give numbers, in one list or array "
            "or in a list of those."
        ) from error
    if not flat.size:
        raise ValueError("there is no token to score: give at least one log-probability.")
    if np.isnan(flat).any() or flat.max() > 1e-6:
        raise ValueError("log-probabilities are at most 0 and never NaN: pass log p in nats, neither p nor -log p.")
    return flat


def cross_entropy(log_probs: LogProbs) -> float:
    """Mean of -log p over all tokens, in nats; infinite if one token had probability 0."""
    return float(-_flat(log_probs).mean())


def perplexity(log_probs: LogProbs) -> float:
    """exp(cross-entropy): the number of equally likely words that would be as hard to guess."""
    mean = cross_entropy(log_probs)
    return math.exp(mean) if mean < 709 else math.inf


def bits_per_token(log_probs: LogProbs) -> float:
    """Cross-entropy in bits: what an ideal compressor driven by the model spends on a token."""
    return cross_entropy(log_probs) / math.log(2)


def bits_per_character(log_probs: LogProbs, characters: int) -> float:
    """Bits for the whole text over its length in `characters`, which compares models that cut the text differently."""
    if not isinstance(characters, Integral) or characters < 1:
        raise ValueError(f"a text of {characters!r} characters has no bits per character: give the length of the text.")
    return float(-_flat(log_probs).sum()) / math.log(2) / characters


def gap(
    model_log_probs: LogProbs,
    true_log_probs: LogProbs,
    kinds: Iterable[str] | Iterable[Sequence[str]] | None = None,
) -> dict[str, float]:
    """Mean of log p_true - log p_model in nats, over "all" tokens and over those of each kind of word.

    On text drawn from p_true this estimates KL(p_true || p_model), the loss that a better model could still save.
    `kinds` has the shape of the log-probabilities. Raises ValueError if the numbers of tokens differ, or if the truth
    gives a token probability 0, which text drawn from it never has.
    """
    model, true = _flat(model_log_probs), _flat(true_log_probs)
    if model.size != true.size:
        raise ValueError(f"the model scored {model.size} tokens and the truth {true.size}: give both the same text.")
    if np.isneginf(true).any():
        raise ValueError("the truth gives a token probability 0: score the text by the process that it was drawn from.")
    difference = true - model
    gaps = {"all": float(difference.mean())}
    if kinds is not None:
        rows = [[row] if isinstance(row, str) else row for row in kinds]
        if any(not hasattr(row, "__iter__") for row in rows):
            raise ValueError("kinds must be strings, one for each token: write numbers as str(number).")
        names = np.array(list(chain.from_iterable(rows)))
        if names.size != model.size:
            raise ValueError(f"{names.size} kinds for {model.size} tokens: give one kind of word for each token.")
        if "all" in names:
            raise ValueError("a kind of word is called 'all', as the mean over all tokens is: give it another name.")
        gaps |= {str(kind): float(difference[names == kind].mean()) for kind in np.unique(names)}
    return gaps
