"""Notebooks written by hand, with stored outputs of every kind."""

from typing import Any

import nbformat

from coursekit.notebook.results import shown
from coursekit.notebook.values import RESULT

PYPROJECT = '[project.urls]\nRepository = "https://git.example/sequence-course.git"\n[tool.pytest.ini_options]\n'


def code(source: str, *outputs: Any, run: bool = True, **metadata: Any) -> Any:
    """A code cell with stored outputs; `run=False` is one that was never executed."""
    return nbformat.v4.new_code_cell(
        source, outputs=list(outputs), execution_count=1 if run else None, metadata=metadata
    )


def stored(rtol: float = 0.0, atol: float = 0.0, reason: str | None = None, **values: Any) -> Any:
    """The output that result() stores."""
    payload = {"rtol": rtol, "atol": atol, "reason": reason, "values": values}
    return nbformat.v4.new_output("display_data", data={RESULT: payload, "text/plain": "\n".join(shown(values))})


def printed(text: str) -> Any:
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def notebook(*cells: Any, ours: bool = True) -> Any:
    """A notebook of this course, or of another project."""
    metadata = {"coursekit": {"chapter": "01_x", "part": "01a_x", "exercises": ""}} if ours else {}
    return nbformat.v4.new_notebook(cells=list(cells), metadata=metadata)
