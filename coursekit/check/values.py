"""Values as JSON and back: what the public check data are written in. Nothing executable, no pickle."""

import math
from typing import Any

_DTYPES = {"bool", "int8", "int16", "int32", "int64", "uint8", "float16", "float32", "float64"}


def encode(value: Any) -> Any:
    """JSON for None, booleans, numbers, text, lists, tuples, sets, dicts, numpy arrays and torch tensors.

    Plain values stay as they are; the others become {"type": ..., ...}. Raises ValueError for anything else.
    """
    if value is None or isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"type": "float", "value": str(float(value))}
    if isinstance(value, list):
        return [encode(v) for v in value]
    if isinstance(value, tuple):
        return {"type": "tuple", "items": [encode(v) for v in value]}
    if isinstance(value, set | frozenset):
        return {"type": "set", "items": [encode(v) for v in sorted(value)]}
    if isinstance(value, dict):
        if all(isinstance(k, str) for k in value) and "type" not in value:
            return {k: encode(v) for k, v in value.items()}
        return {"type": "dict", "items": [[encode(k), encode(v)] for k, v in value.items()]}
    if type(value).__name__ in ("ndarray", "Tensor"):
        return _encode_array(value)
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a numpy scalar
        return encode(value.item())
    raise ValueError(f"a value of type {type(value).__name__} cannot be stored in the check data")


def _encode_array(value: Any) -> dict[str, Any]:
    name = "array" if type(value).__name__ == "ndarray" else "tensor"
    dtype = str(value.dtype).removeprefix("torch.")
    if dtype not in _DTYPES:
        raise ValueError(f"an array of dtype {dtype} cannot be stored in the check data")
    flat = [encode(v) for v in value.reshape(-1).tolist()]
    return {"type": name, "dtype": dtype, "shape": list(value.shape), "items": flat}


def decode(data: Any) -> Any:
    """The value that `encode` wrote; torch is imported only if a tensor is among the data."""
    if isinstance(data, list):
        return [decode(v) for v in data]
    if not isinstance(data, dict):
        return data
    kind = data.get("type")
    if kind is None:
        return {k: decode(v) for k, v in data.items()}
    if kind == "float":
        return float(data["value"])
    if kind in ("array", "tensor"):
        return _decode_array(data)
    items = [decode(v) for v in data["items"]]
    if kind == "dict":
        return {_key(k): v for k, v in items}
    if kind in ("tuple", "set"):
        return tuple(items) if kind == "tuple" else set(items)
    raise ValueError(f"the check data hold a value of unknown type {kind!r}")


def _key(key: Any) -> Any:
    return tuple(_key(k) for k in key) if isinstance(key, list) else key


def _decode_array(data: dict[str, Any]) -> Any:
    import numpy as np

    if data["dtype"] not in _DTYPES:
        raise ValueError(f"the check data hold an array of unknown dtype {data['dtype']!r}")
    array = np.array([decode(v) for v in data["items"]], dtype=data["dtype"]).reshape(data["shape"])
    if data["type"] == "array":
        return array
    import torch

    return torch.from_numpy(array)
