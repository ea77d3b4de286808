"""Layers, readable and equal to torch.nn on the same weights. Nothing is imported before it is asked for."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.nn.rnn import GRU as GRU
    from coursekit.nn.rnn import LSTM as LSTM
    from coursekit.nn.rnn import RNN as RNN

_HOME = {
    "GRU": "rnn",
    "LSTM": "rnn",
    "RNN": "rnn",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"coursekit.nn.{_HOME[name]}"), name)
    raise AttributeError(f"module 'coursekit.nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
