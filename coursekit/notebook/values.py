"""Results by value: what a result may hold, and where two of them disagree."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

RESULT = "application/vnd.coursekit.result+json"
PREDICTION = "application/vnd.coursekit.prediction+json"
#: Wider than this, a tolerance proves little and has to say why it is there.
WIDEST = {"rtol": 1e-2, "atol": 0.02}


def plain(value: Any, name: str) -> Any:
    """The JSON form of a result: numbers, booleans, text, None, and lists and dicts of them.

    Numpy and torch values become Python's. Raises ValueError for NaN and infinity, which equal nothing and which JSON
    cannot hold, and for what has no value to compare (sets, objects).
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(part, f"{name}.{key}") for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, f"{name}[{i}]") for i, part in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}, and a result must be a finite number: find the step that produced it")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    kind = type(value).__name__
    raise ValueError(f"{name} is a {kind}, and a result holds only numbers, booleans, text, lists, dicts and arrays")


def differences(stored: Any, now: Any, rtol: float, atol: float, at: str) -> Iterator[str]:
    """One line for each place where two results disagree.

    Floats may differ by atol + rtol |stored|; booleans, integers, text, lengths and keys must be the same.
    """
    if isinstance(stored, Mapping) and isinstance(now, Mapping):
        for key in sorted(stored.keys() | now.keys()):
            if key in stored and key in now:
                yield from differences(stored[key], now[key], rtol, atol, f"{at}.{key}")
            else:
                yield f"{at}.{key}: only in the {'stored' if key in stored else 'new'} result"
    elif isinstance(stored, list) and isinstance(now, list):
        if len(stored) != len(now):
            yield f"{at}: length {len(stored)} stored, {len(now)} now"
        for i, (old, new) in enumerate(zip(stored, now, strict=False)):
            yield from differences(old, new, rtol, atol, f"{at}[{i}]")
    elif type(stored) is float and type(now) is float:
        off, allowed = abs(now - stored), atol + rtol * abs(stored)
        if not off <= allowed:  # written this way round, NaN is a difference
            yield f"{at}: stored {stored!r}, now {now!r}; off by {off:.3g}, allowed {allowed:.3g}"
    elif type(stored) is not type(now) or stored != now:
        yield f"{at}: stored {stored!r}, now {now!r}"


def too_wide(payload: Mapping[str, Any]) -> list[str]:
    """Complaints about a result whose tolerance is too wide to prove anything and gives no reason."""
    if payload.get("reason"):
        return []
    return [
        f"{kind}={payload[kind]:g} is wider than {limit:g} and gives no reason= for it"
        for kind, limit in WIDEST.items()
        if not payload[kind] <= limit
    ]


def compare(stored: list[Mapping[str, Any]], now: list[Mapping[str, Any]]) -> list[str]:
    """Every complaint about one cell's results: their number, tolerances and values."""
    bad = [] if len(stored) == len(now) else [f"{len(stored)} stored results, {len(now)} now"]
    for i, (old, new) in enumerate(zip(stored, now, strict=False)):
        bad += [f"result[{i}]: {complaint}" for complaint in too_wide(new)]
        if any(old.get(key) != new.get(key) for key in ("rtol", "atol", "reason")):
            bad.append(f"result[{i}]: the stored tolerance is not the one in the code; build the notebook again")
        bad += differences(old.get("values"), new["values"], new["rtol"], new["atol"], f"result[{i}]")
    return bad
