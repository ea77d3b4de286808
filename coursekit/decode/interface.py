"""What a decoder asks of a model, and what it gives back.

A model goes one word further for many rows at once, and lets its rows be picked and repeated:

    logits, state = model.step(ids, state)    ids " B", logits "B V": of the word that follows, given all read so far
    state = model.select(state, rows)         rows " R": row i of the new state is row rows[i] of the old one

Neither changes the state that it is given. The first state comes from the model (`start(source, lengths)` of an
encoder-decoder, `initial_state` or None of a language model). Letters: B rows, V vocabulary.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.models.rnn_lm import evaluating


@runtime_checkable
class Stepper(Protocol):
    """A model that can be decoded: see the top of this file."""

    def step(self, ids: Int[Tensor, " B"], state: Any, /) -> tuple[Float[Tensor, "B V"], Any]: ...

    def select(self, state: Any, rows: Int[Tensor, " R"], /) -> Any: ...


@dataclass(frozen=True)
class Hypothesis:
    """One output of a decoder.

    `ids` hold neither the first id nor the end token. `log_probs` are the model's own log p of each id given those
    before it in nats, whatever temperature or filter chose it; that of the end token stands last if `finished`, and
    is missing if the output was cut at the greatest length. `score` is what the decoder ranks by.
    """

    ids: list[int]
    log_probs: list[float]
    finished: bool
    score: float

    @property
    def log_prob(self) -> float:
        """log p of the whole output in nats."""
        return sum(self.log_probs)


def best(decoded: Sequence[Sequence[Hypothesis]]) -> list[list[int]]:
    """The ids of the first hypothesis of each row."""
    return [row[0].ids for row in decoded]


def first_ids(model: Stepper, bos: int | Int[Tensor, " B"], batch: int) -> Int[Tensor, " B"]:
    """What each row reads first: one id for `batch` rows, or the ids of B rows, on the model's device."""
    if not (hasattr(model, "step") and hasattr(model, "select")):
        raise ValueError(
            f"a {type(model).__name__} cannot be decoded: give a model that has step and select "
            "(coursekit.decode.interface)."
        )
    weight = next(model.parameters(), None) if isinstance(model, nn.Module) else None
    device = None if weight is None else weight.device
    if isinstance(bos, Tensor) and bos.dim() == 1 and len(bos) and bos.dtype in (torch.int64, torch.int32):
        return bos.to(device)
    if not isinstance(bos, Integral):
        got = f"a tensor, {bos.dtype}, of shape {tuple(bos.shape)}" if isinstance(bos, Tensor) else repr(bos)
        raise ValueError(f"bos must be one id, or a tensor of ids with one for each row, 1 or more; got {got}.")
    check_count("batch", batch, "decodes nothing: it is the number of rows of the state, 1 or more.")
    return torch.full((batch,), int(bos), device=device)


def log_probabilities(logits: Tensor, rows: int, eos: int | None) -> Float[Tensor, "B V"]:
    """log softmax in float64, after a look whether `step` gave what a decoder needs."""
    if logits.dim() != 2 or len(logits) != rows:
        raise ValueError(
            f"step gave logits of shape {tuple(logits.shape)} for {rows} ids: it must give one row for each id; "
            "if the state has more rows than one, say so by batch= or by one first id a row."
        )
    if eos is not None and not (isinstance(eos, Integral) and 0 <= eos < logits.size(1)):
        raise ValueError(
            f"eos = {eos!r} lies outside the vocabulary, whose ids are 0 to {logits.size(1) - 1}: take one of them, or "
            "None for no end token."
        )
    wide = logits.cpu() if logits.device.type == "mps" else logits  # which has no float64
    log_p = torch.log_softmax(wide.double(), -1)
    check_distributions(log_p[:, :1])  # what breaks one word breaks all of its row
    return log_p


def check_distributions(values: Float[Tensor, "B N"]) -> None:
    """Raises ValueError if a softmax left NaN in a row."""
    broken = values.isnan().any(1)
    if broken.any():
        raise ValueError(
            f"the logits of row {broken.nonzero()[0].item()} make no distribution (NaN, +inf, or every word at -inf): "
            "look at the model's weights and masks."
        )


def check_count(name: str, value: int, says: str) -> None:
    """Raises ValueError unless `value` is a whole number of 1 or more; `says` ends the sentence."""
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"{name} = {value!r} {says}")


def check_length(max_length: int) -> None:
    check_count("max_length", max_length, "leaves no room for an output: take a whole number of 1 or more.")


def without_dropout(model: Stepper) -> AbstractContextManager[None]:
    """Evaluation mode for a torch module, nothing for any other model."""
    return evaluating(model) if isinstance(model, nn.Module) else nullcontext()
