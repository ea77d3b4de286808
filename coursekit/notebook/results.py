"""`result` states what a notebook measured so that it can be checked again; `predict` commits the reader first."""

import math
from collections.abc import Mapping
from typing import Any

from coursekit.notebook.values import PREDICTION, RESULT, plain

#: What the reader said in this kernel: name -> (low, high); None leaves that side open.
_said: dict[str, tuple[Any, Any]] = {}


def result(rtol: float = 0.0, atol: float = 0.0, reason: str | None = None, **values: Any) -> None:
    """Show named results, and store them with their tolerance in the notebook's output.

    Values are numbers, booleans, text, lists, dicts, numpy arrays or torch tensors. Floats are compared within
    atol + rtol |stored| when the notebook is verified, everything else exactly; rtol > 1e-2 or atol > 0.02 needs a
    `reason`. If the reader made a prediction of the same name, a line of text answers it; what is stored for the
    comparison does not depend on it. Raises ValueError for NaN, infinity, and values that cannot be compared.
    """
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not (math.isfinite(tolerance) and tolerance >= 0):
            raise ValueError(f"{name} is {tolerance}, and a tolerance must be a finite number, zero or above")
    if not values:
        raise ValueError("result() was given nothing to state: pass named values, as in result(loss=loss, rtol=1e-3)")
    stored = {name: plain(value, name) for name, value in values.items()}
    lines = shown(stored)
    lines += [_answer(name, value) for name, value in stored.items() if name in _said]
    payload = {"rtol": float(rtol), "atol": float(atol), "reason": reason, "values": stored}
    _show({RESULT: payload, "text/plain": "\n".join(lines)})


def shown(values: Mapping[str, Any]) -> list[str]:
    """The line that a reader sees of each value."""
    return [f"{name} = {_text(value)}" for name, value in values.items()]


def predict(name: str, low: Any = None, high: Any = None) -> None:
    """Commit to a guess before the result of the same name is measured: between low and high, or one side of them.

    A single boolean or text in `low` is a guess to be met exactly. Without a guess it shows how to make one and
    forgets an earlier one. Raises ValueError if low is above high.
    """
    _said.pop(name, None)
    if low is None and high is None:
        _show({PREDICTION: {}, "text/plain": f'Your guess, before you run on: predict("{name}", low, high)'})
        return
    if _is_number(low) and _is_number(high) and low > high:
        raise ValueError(f"predict({name!r}) was given low={low} above high={high}: write the smaller number first")
    _said[name] = (low, high)
    _show({PREDICTION: {}, "text/plain": f"{name}: you say {_range(low, high)}"})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _range(low: Any, high: Any) -> str:
    if low is not None and high is not None:
        return f"{_text(low)} to {_text(high)}"
    if high is not None:
        return f"at most {_text(high)}"
    return f"at least {_text(low)}" if _is_number(low) else _text(low)


def _answer(name: str, value: Any) -> str:
    """The line that answers a prediction: "gap: you said 0.2 to 0.4, measured 0.31: inside"."""
    low, high = _said[name]
    said = f"{name}: you said {_range(low, high)}, measured {_text(value)}"
    if not _is_number(value) or not all(_is_number(side) or side is None for side in (low, high)):
        return said + (": yes" if value == low else ": no")
    if low is not None and value < low:
        return said + ": below"
    return said + (": above" if high is not None and value > high else ": inside")


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_text(part)}" for key, part in value.items())
    return str(value)


def _show(bundle: dict[str, Any]) -> None:
    """Display in a notebook, print elsewhere: only a kernel carries typed outputs."""
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True)
