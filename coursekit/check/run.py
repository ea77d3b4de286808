"""Run a student's exercise notebook from the top in a fresh kernel, and examine its answers."""

import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from coursekit.check.diagnose import Verdict
from coursekit.check.selfcheck import chapter
from coursekit.errors import CourseError

MIME = "application/vnd.coursekit.check+json"
SECONDS = 60  # a cell; the examination at the end has as long for each question
_LAST = "from coursekit.check.run import send\nsend({name!r}, globals())"


def check_notebook(path: Path | str) -> dict[str, Verdict]:
    """The verdict on each question of an exercise notebook. Raises CourseError if it is none or ends its kernel.

    The notebook is run on this machine as it is: for one's own answers, not for a stranger's.
    """
    path = Path(path)
    notebook = _read(path)
    ours = notebook.metadata.get("coursekit")
    name = ours.get("chapter") if isinstance(ours, dict) else None
    if not isinstance(name, str):
        raise CourseError(f"{path.name} is not an exercise notebook of the course: take the one in exercises/.")
    questions = chapter(name).questions  # says in one sentence if there is no such chapter
    _execute(notebook, path, _LAST.format(name=name), len(questions))
    return {v.question: _with_error(v, notebook) for v in _received(notebook, path)}


def send(name: str, namespace: dict[str, Any]) -> None:
    """In the notebook's kernel: examine its names and send the verdicts as one output."""
    from IPython.display import display

    verdicts = [asdict(v) for v in chapter(name).examine_all(dict(namespace)).values()]
    display({MIME: verdicts, "text/plain": "verdicts"}, raw=True)


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise CourseError(f"There is no notebook {path}.") from None
    except OSError as error:
        raise CourseError(f"The notebook {path} cannot be read ({error.strerror}).") from None
    except Exception:
        raise CourseError(f"{path.name} is not a notebook: was it saved or downloaded as .ipynb?") from None


def _execute(notebook: Any, path: Path, last: str, questions: int) -> None:
    """Run all cells and then `last`; a cell that raises or takes too long is left behind, the rest runs."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    examination = nbformat.v4.new_code_cell(last)
    notebook.cells.append(examination)
    manager = _kernel()

    def patience(cell: Any) -> int:
        return SECONDS * (1 + questions if cell is examination else 1)

    client = NotebookClient(
        notebook, km=manager, timeout_func=patience, interrupt_on_timeout=True, allow_errors=True, record_timing=False,
        on_cell_execute=lambda cell, cell_index: setattr(manager, "interrupts", 0),
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )  # fmt: skip
    try:
        client.execute(cleanup_kc=True, stderr=subprocess.DEVNULL)
    except (CellTimeoutError, DeadKernelError):
        text = (
            f"{path.name} ended its kernel or would not stop: is there an exit() or an endless loop outside a function?"
        )
        raise CourseError(text) from None


def _kernel() -> Any:
    """A kernel of this Python that is killed at the second interrupt within a cell: compiled code hears none."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class Kernel(AsyncKernelManager):
        interrupts = 0

        async def interrupt_kernel(self) -> None:  # type: ignore[override]
            self.interrupts += 1
            await (super().interrupt_kernel() if self.interrupts == 1 else self.shutdown_kernel(now=True))

    # Without folders to look in, "python3" is this interpreter and no other that is installed under the name.
    return Kernel(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))


def _received(notebook: Any, path: Path) -> list[Verdict]:
    outputs = notebook.cells[-1].get("outputs", [])
    found = next((o.data[MIME] for o in outputs if MIME in o.get("data", {})), None)
    if found is None:
        print("\n".join(o.get("evalue", "") for o in outputs), file=sys.stderr)
        raise CourseError(f"The answers in {path.name} could not be examined: restart its kernel and run it by hand.")
    return [Verdict(**entry) for entry in found]


def _with_error(verdict: Verdict, notebook: Any) -> Verdict:
    """Where a name is missing, say what its cell raised instead."""
    if verdict.what != "unanswered":
        return verdict
    for cell in notebook.cells[:-1]:
        if f'check("{verdict.question}"' in cell.source:
            for output in cell.get("outputs", []):
                if output.output_type == "error":
                    first = next(iter(output.evalue.splitlines()), "no message")
                    return replace(verdict, message=f"its cell stopped with {output.ename} ({first}).")
    return verdict
