"""Self-check of exercises: `check = chapter("01_language_models"); check("q1", answer)`."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.check.compare import difference as difference
    from coursekit.check.run import check_notebook as check_notebook
    from coursekit.check.selfcheck import chapter as chapter

_HOME = {"chapter": "selfcheck", "check_notebook": "run", "difference": "compare"}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"coursekit.check.{_HOME[name]}"), name)
    raise AttributeError(f"module 'coursekit.check' has no attribute {name!r}")
