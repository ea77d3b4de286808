"""Whether a committed notebook is still the one that its source describes."""

import ast
from pathlib import Path
from typing import Any

from coursekit.notebook.source import render


def apart(notebook: Any, source: Path, root: Path) -> str:
    """How a notebook differs from its source, in words; "" where they agree.

    A reader's guesses in predict(...) do not count: committing to one must not break anything.
    """
    fresh = render(source, root)
    if notebook.metadata.get("coursekit") != fresh.metadata["coursekit"]:
        return "its chapter or exercise set changed"
    if notebook.metadata.get("kernelspec", {}).get("name") != fresh.metadata["kernelspec"]["name"]:
        return "it names another kernel"
    old, new = notebook.cells, fresh.cells
    for i, (was, now) in enumerate(zip(old, new, strict=False)):
        if (was.cell_type, unguessed(was)) != (now.cell_type, unguessed(now)):
            return f"cell {i} reads otherwise"
        if was.metadata != now.metadata:
            return f"cell {i} has other metadata"
        if was.get("id") != now["id"]:
            return f"cell {i} has another id"
    return "" if len(old) == len(new) else f"{len(old)} cells against the source's {len(new)}"


def same_code(old: Any, new: Any) -> bool:
    """Whether two notebooks run the same code, so that one's outputs are the other's."""
    return _code(old) == _code(new)


def _code(notebook: Any) -> list[tuple[str, Any]]:
    return [(cell.source, cell.metadata.get("tags")) for cell in notebook.cells if cell.cell_type == "code"]


def unguessed(cell: Any) -> str:
    """A cell's text with every predict(name, low, high) written as predict(name)."""
    text = str(cell.source)
    if cell.cell_type != "code" or "predict(" not in text:
        return text
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "predict":
            node.args, node.keywords = node.args[:1], []
    return ast.unparse(tree)
