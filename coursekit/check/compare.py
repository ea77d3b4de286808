"""Do two values agree? The first difference, named: type, length, keys, shape, dtype or value."""

import math
import reprlib
import sys
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from numbers import Real
from typing import Any

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 160
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = 12
_repr.maxlevel = 4

#: A number of these kinds may stand for another of the same kind: what a student's own writing may change.
_KIND = {"b": "boolean", "i": "integer", "u": "integer", "f": "floating point", "c": "complex"}


@dataclass(frozen=True)
class Difference:
    """What differs (`what`) and one clause that says how (`text`)."""

    what: str
    text: str


def short(value: object, limit: int = 400) -> str:
    """A one-line, bounded repr of anything, even of an object whose repr fails."""
    try:
        text = " ".join(_repr.repr(value).split())
    except Exception:
        text = f"an object of type {type(value).__name__}"
    return text if len(text) <= limit else text[: limit - 4] + " ..."


def difference(got: Any, want: Any, rtol: float = 1e-6, atol: float = 1e-9, at: str = "") -> Difference | None:
    """The first difference of `got` from `want`, or None.

    Numbers agree within atol + rtol |want|; NaN agrees with NaN. A list may be given as a tuple or a 1-D array, an
    integer as an equal float, a number as a numpy or torch scalar: the same answer in another writing.
    """
    if _is_tensor(want) or _is_array(want):
        return _arrays(got, want, rtol, atol, at)
    if isinstance(want, bool):
        return _boolean(got, want, at)
    if isinstance(want, Real):
        return _numbers(got, float(want) if not isinstance(want, int) else want, rtol, atol, at)
    if isinstance(want, Mapping):
        return _mappings(got, want, rtol, atol, at)
    if isinstance(want, list | tuple):
        return _sequences(got, want, rtol, atol, at)
    if isinstance(want, Set):
        return _sets(got, want, at)
    if type(got) is not type(want) and not isinstance(got, type(want)):
        return _wrong_type(got, want, at)
    if isinstance(want, str):
        got = str.__str__(got)
    return None if got == want else _value(got, want, at)


def as_number(value: Any) -> int | float | None:
    """A Python number from a Python, numpy or torch scalar; None if it is none (a boolean is none)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int.__int__(value)  # of a subclass the plain number: its own == might say anything
    if isinstance(value, float):
        return float.__float__(value)
    if (_is_array(value) or _is_tensor(value) or _is_numpy_scalar(value)) and value.ndim == 0:
        value = value.item()
        return as_number(value) if isinstance(value, int | float) else None
    return float(value) if isinstance(value, Real) else None


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, getattr(torch, "Tensor", ()))


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy, "ndarray", ()))


def _is_numpy_scalar(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy, "generic", ()))


def _value(got: Any, want: Any, at: str) -> Difference:
    have, need = short(got), short(want)
    if isinstance(got, float) or isinstance(want, float):
        brief = [f"{x:.6g}" for x in (got, want)]
        have, need = brief if brief[0] != brief[1] else (have, need)
    return Difference("value", f"the result{at} is {have}, expected {need}")


def _wrong_type(got: Any, want: Any, at: str) -> Difference:
    names = {"ndarray": "numpy array", "Tensor": "torch tensor", "NoneType": "None"}
    have, need = (names.get(type(x).__name__, type(x).__name__) for x in (got, want))
    return Difference("type", f"the result{at} is of type {have}, expected {need}")


def _boolean(got: Any, want: bool, at: str) -> Difference | None:
    if _is_numpy_scalar(got) or ((_is_array(got) or _is_tensor(got)) and got.ndim == 0):
        got = got.item()
    if not isinstance(got, bool):
        return _wrong_type(got, want, at)
    return None if got == want else _value(got, want, at)


def _close(got: float, want: float, rtol: float, atol: float) -> bool:
    if got == want or (got != got and want != want):
        return True
    try:
        return math.isfinite(got) and math.isfinite(want) and abs(got - want) <= atol + rtol * abs(want)
    except OverflowError:  # an integer beyond the floats: only equality can be asked
        return False


def _numbers(got: Any, want: float, rtol: float, atol: float, at: str) -> Difference | None:
    number = as_number(got)
    if number is None:
        return _wrong_type(got, want, at)
    return None if _close(number, want, rtol, atol) else _value(number, want, at)


def _mappings(got: Any, want: Mapping, rtol: float, atol: float, at: str) -> Difference | None:
    if not isinstance(got, Mapping):
        return _wrong_type(got, want, at)
    missing, extra = [k for k in want if k not in got], [k for k in got if k not in want]
    if missing:
        return Difference("keys", f"the key {short(missing[0])} is missing in the result{at}")
    if extra:
        return Difference("keys", f"the key {short(extra[0])} should not be in the result{at}")
    parts = (difference(got[k], want[k], rtol, atol, f"{at}[{k!r}]") for k in want)
    return next((d for d in parts if d), None)


def _sequences(got: Any, want: list | tuple, rtol: float, atol: float, at: str) -> Difference | None:
    if (_is_array(got) or _is_tensor(got)) and got.ndim > 0:
        got = got.tolist()
    if not isinstance(got, list | tuple):
        return _wrong_type(got, want, at)
    if len(got) != len(want):
        return Difference("length", f"the result{at} has {len(got)} items, expected {len(want)}")
    parts = (difference(g, w, rtol, atol, f"{at}[{i}]") for i, (g, w) in enumerate(zip(got, want, strict=True)))
    return next((d for d in parts if d), None)


def _sets(got: Any, want: Set, at: str) -> Difference | None:
    if not isinstance(got, Set):
        return _wrong_type(got, want, at)
    if set(got) == set(want):
        return None
    odd = next(iter(set(want) - set(got)), None)
    if odd is not None:
        return Difference("value", f"{short(odd)} is missing in the set{at}")
    return Difference("value", f"{short(next(iter(set(got) - set(want))))} should not be in the set{at}")


def _arrays(got: Any, want: Any, rtol: float, atol: float, at: str) -> Difference | None:
    import numpy as np

    if (_is_tensor(want) and not _is_tensor(got)) or (_is_array(want) and not _is_array(got)):
        return _wrong_type(got, want, at)
    if _is_tensor(want):
        got, want = _to_numpy(got), _to_numpy(want)
    got = np.asarray(got)  # a masked array would hide its differences
    if got.shape != want.shape:
        return Difference("shape", f"the shape{at} is {tuple(got.shape)}, expected {tuple(want.shape)}")
    have, need = (_KIND.get(x.dtype.kind, str(x.dtype)) for x in (got, want))
    if have != need:
        return Difference("dtype", f"the dtype{at} is {got.dtype} ({have}), expected a {need} one such as {want.dtype}")
    if need not in _KIND.values():
        bad = np.asarray(got != want)
    elif need == "boolean" or need == "integer":
        bad = got != want
    else:
        bad = ~np.isclose(got, want, rtol=rtol, atol=atol, equal_nan=True)
    if not bad.any():
        return None
    place = tuple(int(i) for i in np.argwhere(bad)[0])
    return _value(got[place].item(), want[place].item(), f"{at}[{', '.join(map(str, place))}]" if place else at)


def _to_numpy(tensor: Any) -> Any:
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers in a value: of a dict the values, of a list or an array the items."""
    if isinstance(value, Mapping):
        value = list(value.values())
    elif _is_array(value) or _is_tensor(value):
        value = value.tolist()
    if isinstance(value, list | tuple):
        for item in value:
            yield from numbers_in(item)
    elif (number := as_number(value)) is not None:
        yield float(number)


def _share(value: Any) -> bool:
    return all(-1e-12 <= x <= 1 + 1e-12 for x in numbers_in(value))


#: Properties that a question may ask of every result: name -> (test, what to say when it is broken).
PROPERTIES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "probability": (_share, "a probability lies between 0 and 1"),
    "sums to 1": (lambda v: abs(math.fsum(numbers_in(v)) - 1) < 1e-6, "the probabilities must sum to 1"),
    "at least 0": (lambda v: all(x >= -1e-12 for x in numbers_in(v)), "it can never be below 0"),
    "at least 1": (lambda v: all(x >= 1 - 1e-12 for x in numbers_in(v)), "it can never be below 1"),
    "at most 0": (lambda v: all(x <= 1e-12 for x in numbers_in(v)), "it can never be above 0"),
    "finite": (lambda v: all(math.isfinite(x) for x in numbers_in(v)), "it must be a finite number"),
}
