"""Truncated backpropagation through time: windows of one long text, and a state that is carried from each to the next.

The text is cut into `batch` streams that are read side by side, `window` steps at a time. The state at the end of a
window is the state at the start of the next, so the network may remember longer; but it is detached there, so the
gradient goes back `window` steps at most (Williams & Peng 1990; Mikolov et al. 2010).

    text      a b c d e f g h i      batch = 2: the streams  a b c d|e   and   e f g h|i
    window 0  inputs  a b , e f      targets  b c , f g      state: new
    window 1  inputs  c d , g h      targets  d e , h i      state: what window 0 left

Letters: N tokens of the text, B streams side by side, T steps of a window.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from coursekit.errors import CourseError
from coursekit.train.objectives import NO_TARGET


class Window(NamedTuple):
    """The batch of one step: what is read, what comes next, and whether a new pass begins (then the state is new)."""

    inputs: Int[Tensor, "B T"]
    targets: Int[Tensor, "B T"]
    first: bool


class Streams:
    """The windows of one pass over the text, in order; `streams(step)` is a pure function, as `fit` wants it."""

    def __init__(self, inputs: Int[Tensor, "B L"], targets: Int[Tensor, "B L"], window: int) -> None:
        self.inputs, self.targets = inputs.split(window, 1), targets.split(window, 1)

    def __len__(self) -> int:
        """Windows in a pass; after the last one, the first comes again."""
        return len(self.inputs)

    def __call__(self, step: int) -> Window:
        at = step % len(self)
        return Window(self.inputs[at], self.targets[at], first=at == 0)


def streams(ids: Sequence[int] | np.ndarray | Tensor, batch: int, window: int) -> Streams:
    """`batch` parallel streams of the text `ids`, read `window` steps at a time.

    Each of the N - 1 tokens after the first is a target exactly once in a pass. Where they do not fill B equal
    streams of whole windows, the streams differ in length by one at most, the steps missing at the end of the shorter
    ones have the target NO_TARGET (which no loss counts), and the last window is shorter than the others.

    Raises ValueError for what is no id and for sizes below 1, CourseError for a text that fills no window.
    """
    try:
        row = np.asarray(ids)
    except ValueError:  # lists of unequal length
        row = np.empty((0, 0))
    if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
        raise ValueError("streams takes one long row of ids (integers): join the texts, and encode them with a Vocab.")
    tokens = torch.from_numpy(row.astype(np.int64))
    if batch < 1 or window < 1:
        raise ValueError(f"batch and window must be 1 or more; got {batch} and {window}.")
    predicted = len(tokens) - 1
    if predicted < batch * window:
        raise CourseError(
            f"a text of {len(tokens)} tokens does not fill one window of {window} steps in {batch} streams: "
            f"give at least {batch * window + 1} tokens, or take a smaller batch or window."
        )
    lengths = torch.full((batch,), predicted // batch)
    lengths[: predicted % batch] += 1
    step = torch.arange(int(lengths.max()))
    at = (lengths.cumsum(0) - lengths)[:, None] + step  # B, L: the place of each input in the text
    missing = step >= lengths[:, None]
    at[missing] = 0  # any token will do
    return Streams(tokens[at], tokens[at + 1].masked_fill(missing, NO_TARGET), window)


class Carried(nn.Module):
    """A recurrent language model, or a TransformerXL, that remembers from one training window to the next where it was.

        carried = Carried(model, batch=32)
        fit(carried, streams(ids, batch=32, window=35), lambda m, window: m(window), steps=...)

    `model(inputs, state)` gives (logits, state) and `model.initial_state(batch)` the state before the first token.
    The state is held in buffers: it is in the checkpoint, so that a run that was broken off goes on as if it had not
    been. Only training windows are remembered; for a text to be evaluated use `cross_entropy`, which leaves no trace.
    """

    def __init__(self, model: nn.Module, batch: int) -> None:
        super().__init__()
        if batch < 1:
            raise ValueError(f"batch = {batch} leaves no stream: take 1 or more.")
        initial_state: Any = getattr(model, "initial_state", None)
        if initial_state is None:
            raise ValueError(
                f"{type(model).__name__} has no initial_state(batch) to carry on from: take an RNNLM or TransformerXL."
            )
        self.model = model
        first = initial_state(batch)
        self.names = ["h", "c"] if isinstance(first, tuple) else ["h"]
        for name, part in zip(self.names, first if isinstance(first, tuple) else [first], strict=True):
            self.register_buffer(name, part.detach().clone())

    @property
    def state(self) -> Any:
        """The state that the last training window left: a tensor, or a tuple of them as the model wants it."""
        parts = tuple(getattr(self, name) for name in self.names)
        return parts if len(parts) > 1 else parts[0]

    def forward(self, window: Window) -> Float[Tensor, ""]:
        """The mean cross-entropy of a window in nats, its gradient cut where the window begins."""
        batch = self.get_buffer("h").size(1)
        if window.inputs.size(0) != batch:
            raise ValueError(f"the window has {window.inputs.size(0)} streams, but the state was made for {batch}.")
        logits, state = self.model(window.inputs, None if window.first else self.state)
        if self.training:
            # New tensors, not new values in the old ones: the way back still needs those.
            for name, part in zip(self.names, state if isinstance(state, tuple) else (state,), strict=True):
                setattr(self, name, part.detach().to(self.get_buffer(name).dtype))  # half of it under autocast
        return F.cross_entropy(logits.flatten(0, 1), window.targets.flatten(), ignore_index=NO_TARGET)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        """A memory L B M D (of a TransformerXL) comes back as long as it had grown."""
        for name in self.names:
            own, found = self.get_buffer(name), state_dict.get(prefix + name)
            if own.dim() == 4 and found is not None and found.dim() == 4:
                setattr(self, name, own.new_empty(*own.shape[:2], found.size(2), own.size(3)))
        super()._load_from_state_dict(state_dict, prefix, *rest)

    @torch.no_grad()
    def cross_entropy(self, text: Streams) -> float:
        """Mean nats per token of one pass over another text, its state carried too, in the mode the model is in."""
        device = self.get_buffer("h").device
        state, nats, count = None, [], 0
        for step in range(len(text)):
            targets = text(step).targets.to(device)
            logits, state = self.model(text(step).inputs.to(device), state)
            kept = targets != NO_TARGET
            nats.append(F.cross_entropy(logits[kept].double(), targets[kept], reduction="sum").item())
            count += int(kept.sum())
        return math.fsum(nats) / count
