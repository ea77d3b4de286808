"""Self-check of exercises: `check = chapter("01_language_models"); check("q1", answer)`. Standard library until used."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.check.compare import difference as difference
    from coursekit.check.gates import gates as gates
    from coursekit.check.selfcheck import chapter as chapter

_HOME = {"chapter": "selfcheck", "difference": "compare", "gates": "gates"}


def __getattr__(name: str) -> Any:
    if name in _HOME and name != "gates":
        return getattr(importlib.import_module(f"coursekit.check.{_HOME[name]}"), name)
    raise AttributeError(f"module 'coursekit.check' has no attribute {name!r}")
