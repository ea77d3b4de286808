"""Chapter 03's experiments: what needs several seeds. Run by `coursekit experiment 03`; the notebooks plot the ledger.

A seed draws the stories and the first weights. Gaps and agreement are measured as in chapter 01, on the same stories.
"""

from functools import lru_cache
from itertools import chain
from pathlib import Path
from runpy import run_path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn.utils.rnn import pad_sequence

from coursekit.models import RNNLM, RNNLMConfig
from coursekit.train import Carried, fit, streams

SEEDS = [0, 1, 2]
#: Stories in all, hidden units, steps of a model on whole stories, steps of one on streams.
SIZES = {
    "tiny": (20_000, 128, 1_000, 2_000),
    "colab": (100_000, 256, 10_000, 12_500),
    "full": (500_000, 512, 50_000, 50_000),
}
CELLS = ("rnn", "gru", "lstm")
STORIES_A_STEP = 32
#: Steps that the gradient goes back. Each update sees WORDS_A_STEP words, in fewer streams where windows are longer.
WINDOWS = (1, 2, 4, 8, 16, 32, 64)
WORDS_A_STEP = 1_024
LENGTHS = (16, 32, 64, 128, 256)
NO_TARGET = -100

Stories: Any = run_path(str(Path(__file__).with_name("01_language_models.py")))["Stories"]


@lru_cache(maxsize=1)
def stories(n: int, seed: int) -> Any:
    return Stories(n, seed)


@lru_cache(maxsize=len(CELLS) * len(SEEDS))
def trained(preset: str, cell: str, seed: int) -> RNNLM:
    n, hidden, steps, _ = SIZES[preset]
    return on_stories(stories(n, seed), cell, hidden, steps, seed)


def fresh(data: Any, cell: str, hidden: int, seed: int) -> RNNLM:
    config = RNNLMConfig(len(data.vocab), cell=cell, width=hidden // 2, hidden=hidden)
    return RNNLM(config, torch.Generator().manual_seed(seed))


def on_stories(data: Any, cell: str, hidden: int, steps: int, seed: int) -> RNNLM:
    """A model trained on whole stories: each from a new state, the gradient through all of it."""
    model, rows = fresh(data, cell, hidden, seed), sorted((torch.tensor(row) for row in data.train), key=len)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        draw = torch.Generator().manual_seed(1_000_003 * seed + step)
        at = int(torch.randint(len(rows) - STORIES_A_STEP, (), generator=draw))  # stories of like length: no padding
        targets = pad_sequence(rows[at : at + STORIES_A_STEP], batch_first=True, padding_value=NO_TARGET)  # B, T
        inputs = F.pad(targets[:, :-1], (1, 0), value=data.vocab.bos).clamp(min=0)
        return inputs, targets

    def loss(m: RNNLM, b: tuple[Tensor, Tensor]) -> Tensor:
        return F.cross_entropy(m(b[0])[0].flatten(0, 1), b[1].flatten(), ignore_index=NO_TARGET)

    fit(model, batch, loss, steps=steps, lr=1e-2)
    return model.eval()


def one_text(data: Any, rows: list[list[int]]) -> list[int]:
    """The stories in one row, <bos> before each."""
    return list(chain.from_iterable([data.vocab.bos, *row] for row in rows))


def on_streams(data: Any, cell: str, hidden: int, steps: int, seed: int, window: int) -> RNNLM:
    """A model trained on streams of stories, the gradient through `window` steps."""
    batch = WORDS_A_STEP // window
    carried = Carried(fresh(data, cell, hidden, seed), batch)
    text = streams(one_text(data, data.train), batch, window)
    fit(carried, text, lambda m, w: m(w), steps=steps, lr=1e-2)
    return carried.model.eval()


def gradient(model: RNNLM, ids: Tensor, window: int) -> dict[str, Tensor]:
    """The gradient of the mean cross-entropy of the streams `ids`, cut after every `window` steps."""
    model.zero_grad()
    state: Any = None
    for at in range(0, ids.size(1) - 1, window):
        part = ids[:, at : at + window + 1]
        logits, state = model(part[:, :-1], state)
        nats = F.cross_entropy(logits.flatten(0, 1), part[:, 1:].flatten(), reduction="sum")
        (nats / ids[:, 1:].numel()).backward()
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def compare(cut: dict[str, Tensor], whole: dict[str, Tensor], names: list[str]) -> tuple[float, float]:
    """Cosine of two gradients, and the length of their difference over that of the second."""
    a, b = (torch.cat([g[name].flatten() for name in names]).double() for g in (cut, whole))
    return float(a @ b / (a.norm() * b.norm())), float((a - b).norm() / b.norm())


def cells(preset: str, seed: int) -> dict[str, float]:
    """RNN, GRU and LSTM: the gap by kind of word, agreement by distance, and the number of parameters."""
    data, values = stories(SIZES[preset][0], seed), {}
    for cell in CELLS:
        model = trained(preset, cell, seed)
        values |= {f"{cell}/{kind}": g for kind, g in data.gap(model).items()}
        values |= {f"{cell}/{key}": share for key, share in data.agreement(model).items()}
        values[f"{cell}/parameters"] = sum(p.numel() for p in model.parameters())
    return values


def bias(preset: str, seed: int) -> dict[str, float]:
    """Truncated against whole gradients over 256 steps of 64 streams of held-out stories, before and after training.

    Of the recurrent weights, and of all parameters.
    """
    n, hidden, _, _ = SIZES[preset]
    data, values, length = stories(n, seed), {}, 256
    text = torch.tensor(one_text(data, data.test)[: 64 * (length + 1)]).view(64, length + 1)
    for cell in CELLS:
        models = {"first weights": fresh(data, cell, hidden, seed), "trained": trained(preset, cell, seed)}
        for state, model in models.items():
            whole = gradient(model, text, length)
            for window in WINDOWS:
                cut = gradient(model, text, window)
                for part, names in (("recurrent", ["rnn.weight_hh_l0"]), ("all", list(whole))):
                    cosine, error = compare(cut, whole, names)
                    values[f"{cell}, {state}, window {window}/{part}, cosine"] = cosine
                    values[f"{cell}, {state}, window {window}/{part}, error"] = error
    return values


def windows(preset: str, seed: int) -> dict[str, float]:
    """LSTMs trained with truncation: the gap by kind of word and agreement by distance, by the window."""
    n, hidden, _, steps = SIZES[preset]
    data, values = stories(n, seed), {}
    for window in WINDOWS[::2]:
        model = on_streams(data, "lstm", hidden, steps, seed, window)
        values |= {f"window {window}/{kind}": g for kind, g in data.gap(model).items()}
        values |= {f"window {window}/{key}": share for key, share in data.agreement(model).items()}
    return values


def truncation(preset: str, seed: int) -> dict[str, float]:
    """Simple recurrent networks trained with truncation, a fifth as long: the gap by kind of word, by the window."""
    n, hidden, _, steps = SIZES[preset]
    data, values = stories(n, seed), {}
    for window in WINDOWS[::2]:
        gaps = data.gap(on_streams(data, "rnn", hidden, steps // 5, seed, window))
        values |= {f"window {window}/{kind}": g for kind, g in gaps.items()}
    return values


def saved_bytes(model: RNNLM, ids: Tensor, window: int) -> int:
    """Most bytes that autograd keeps at one time for the way back, parameters apart, each storage counted once."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    most, state = 0, None
    for part in map(torch.clone, ids.split(window, 1)):  # a view would keep the whole text
        kept: dict[int, Tensor] = {}  # holding the tensor keeps its address from being given to another

        def keep(tensor: Tensor, kept: dict[int, Tensor] = kept) -> Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        with saved_tensors_hooks(keep, lambda tensor: tensor):
            logits, state = model(part, state)
            loss = F.cross_entropy(logits.flatten(0, 1), part.flatten())
        most = max(most, sum(t.untyped_storage().nbytes() for at, t in kept.items() if at not in own))
        loss.backward()
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
    return most


def memory(preset: str, seed: int) -> dict[str, float]:
    """Megabytes (10^6 bytes) kept for the way back by the length of the text: whole, and cut after 16 steps."""
    hidden, values = SIZES[preset][1], {}
    for cell in CELLS:
        config = RNNLMConfig(600, cell=cell, width=hidden // 2, hidden=hidden, fused=False)
        model = RNNLM(config, torch.Generator().manual_seed(seed))
        for length in LENGTHS:
            ids = torch.randint(600, (STORIES_A_STEP, length), generator=torch.Generator().manual_seed(seed))
            values[f"{cell}/{length} steps, whole"] = saved_bytes(model, ids, length) / 1e6
            values[f"{cell}/{length} steps, window 16"] = saved_bytes(model, ids, 16) / 1e6
    return values


EXPERIMENTS = {"cells": cells, "bias": bias, "truncation": truncation, "windows": windows, "memory": memory}
