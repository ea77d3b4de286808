"""A course on sequence models: exact reference implementations and the tools its notebooks stand on.

Importing the package loads nothing heavy: each name below, and each subpackage, is imported where it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.data import load as load
    from coursekit.notebook import ledger as ledger
    from coursekit.notebook import predict as predict
    from coursekit.notebook import result as result

#: Tells this package from an unrelated one of the same import name on the public index.
COURSE = "sequence-course"
__version__ = "0.1.0"

_HOME = {"load": "data", "ledger": "notebook", "predict": "notebook", "result": "notebook"}
_PARTS = {"check", "cli", "data", "decode", "errors", "files", "metrics", "models"}
_PARTS |= {"nn", "notebook", "probe", "show", "text", "train"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"coursekit.{_HOME[name]}"), name)
    if name in _PARTS:
        return importlib.import_module(f"coursekit.{name}")
    raise AttributeError(f"module 'coursekit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_PARTS})
