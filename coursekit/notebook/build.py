"""`coursekit build`: sources become notebooks with outputs, the same bytes each time."""

import copy
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.notebook.agreement import apart, same_code
from coursekit.notebook.places import checkout, notebook_of, sources
from coursekit.notebook.source import render
from coursekit.notebook.values import RESULT, compare, too_wide

WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
#: The kernel of a stored run: no progress bars (they carry times), pictures inline. tqdm.auto does not obey the first.
KERNEL_ENV = {
    "TQDM_DISABLE": "1",
    "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}
CELL_TIMEOUT = 300


def build(
    parts: str | list[str] | None = None,
    check: bool = False,
    force: bool = False,
    root: Path | None = None,
    report: Callable[[str], None] = print,
) -> int:
    """Build the notebooks of the named parts or chapters, all without names; returns 0.

    A notebook whose source is unchanged and whose results verify is left as it is, unless `force`. With `check` nothing
    is written: each notebook is built aside, and 1 is returned if one is not the committed one (its source, ids and
    results count; pictures do not). Raises CourseError for a source that breaks the format and a cell that raises.
    """
    root = root or checkout()
    apart_from_source = 0
    for source in sources(root, parts):
        verdict = _aside(source, root) if check else _rebuild(source, root, force)
        apart_from_source += check and not verdict.startswith("the same")
        report(f"{notebook_of(source).name}: {verdict}")
    return min(apart_from_source, 1)


def _rebuild(source: Path, root: Path, force: bool) -> str:
    path, fresh = notebook_of(source), render(source, root)
    before = path.read_bytes() if path.is_file() else None
    reused = not force and _reuse(fresh, path)
    if not reused or not verified(path, fresh, root):
        execute(fresh, path.parent, source.name)
        _write(path, fresh)
    return "unchanged" if path.read_bytes() == before else "written"


def _aside(source: Path, root: Path) -> str:
    """Build a notebook without writing it, and compare it with the one that is there."""
    import nbformat

    path = notebook_of(source)
    if not path.is_file():
        return "not built yet"
    stored, fresh = nbformat.read(path, as_version=4), render(source, root)
    if how := apart(stored, source, root):
        return f"source and notebook apart ({how})"
    execute(fresh, path.parent, source.name)
    for old, new in zip(stored.cells, fresh.cells, strict=True):
        if complaints := compare(results_in(old), results_in(new)):
            return "; ".join(complaints)
    return "the same" + (" to the byte" if path.read_text(encoding="utf-8") == _text(fresh) else "")


def results_in(cell: Any) -> list[Any]:
    """What a cell's result() calls stored."""
    return [output["data"][RESULT] for output in cell.get("outputs", []) if RESULT in output.get("data", {})]


def _reuse(fresh: Any, path: Path) -> bool:
    """Take over the outputs of the notebook that is there, if it ran the same code; says whether it did."""
    import nbformat

    if not path.is_file():
        return False
    try:
        old = nbformat.read(path, as_version=4)
    except Exception:
        return False  # not a notebook any more: written anew
    if not same_code(old, fresh):
        return False
    stored = iter(cell for cell in old.cells if cell.cell_type == "code")
    for cell in fresh.cells:
        if cell.cell_type == "code":
            was = next(stored)
            cell.outputs, cell.execution_count = copy.deepcopy(was.outputs), was.execution_count
    return True


def verified(path: Path, fresh: Any, root: Path) -> bool:
    """Whether the reused outputs of a notebook hold when it runs again; writes it first if its prose changed."""
    try:
        _finish(fresh, path.name)
    except CourseError:
        return False
    _write(path, fresh)
    return verify_notebooks([path], root, quiet=True) == 0


def verify(parts: str | list[str] | None = None, root: Path | None = None) -> int:
    """Run the notebooks of the named parts or chapters again and compare every stored result; 0 when all hold."""
    root = root or checkout()
    return verify_notebooks(built(root, parts), root)


def built(root: Path, parts: str | list[str] | None = None) -> list[Path]:
    """The notebooks of the named parts or chapters.

    Raises CourseError if there is none, and for one that is not built yet, damaged or without its source.
    """
    from coursekit.notebook.plugin import is_ours

    paths = [notebook_of(source) for source in sources(root, parts)]
    missing = [path.name for path in paths if not path.is_file()]
    if missing or not paths:
        raise CourseError(f"There is nothing to verify: build {', '.join(missing) or 'a notebook'} first")
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        if not parts and path not in paths:
            raise CourseError(f"{path.name} has no source in notebooks/src: restore the source or remove the notebook")
    for path in paths:
        if not is_ours(path):  # the plugin would leave it to nbval, which knows of no source and no tolerance
            raise CourseError(
                f"{path.name} is damaged or has lost its coursekit metadata: restore it or build it again"
            )
    return paths


def verify_notebooks(paths: Iterable[Path], root: Path, quiet: bool = False, env: dict[str, str] | None = None) -> int:
    """Run notebooks again by pytest and this package's plugin; pytest's exit status."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT}"]
    command += ["-p", "no:cacheprovider", "-q", *map(str, paths)]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, cwd=root, env=env, stdout=output, stderr=output, check=False).returncode


def execute(notebook: Any, folder: Path, name: str) -> None:
    """Run a notebook in a new kernel of this Python and keep what a verified notebook may hold."""
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    # Without folders to look in, "python3" is this interpreter and no other that is installed under the name.
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(
        notebook, km=manager, timeout=CELL_TIMEOUT, record_timing=False, store_widget_state=False,
        coalesce_streams=True, resources={"metadata": {"path": str(folder)}},
    )  # fmt: skip
    try:
        client.execute(cleanup_kc=True, stderr=subprocess.DEVNULL, env={**os.environ, **KERNEL_ENV})
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        raise CourseError(f"A cell of {name} raised {error.ename}: {error.evalue}") from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise CourseError(f"A cell of {name} ran over {CELL_TIMEOUT} s or ended its kernel") from error
    _finish(notebook, name)


def _finish(notebook: Any, name: str) -> None:
    """Number the cells, strip what differs from run to run, and refuse what could not be verified."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    count = 0
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or cell.execution_count is None:
            continue
        count += 1
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = count
            for complaint in _clean(output, cell):
                raise CourseError(f"Cell {index} of {name} {complaint}")
        if "unstored" in cell.metadata.get("tags", []):
            cell.outputs = []


def _clean(output: Any, cell: Any) -> list[str]:
    """Clean one output in place; returns what is wrong with it."""
    data = output.get("data", {})
    picture = next((kind for kind in PICTURES if kind in data), None)
    if data.pop(WIDGET, None) is not None and not picture:
        return ["shows a widget without a picture, which would be lost: use show.slider, and `from tqdm import tqdm`"]
    if RESULT in data:
        if "unstored" in cell.metadata.get("tags", []):
            return ["states a result and is tagged unstored: state it in a cell whose outputs are kept"]
        return [f"states a result whose {complaint}" for complaint in too_wide(data[RESULT])]
    if picture:
        about = output.metadata.setdefault(picture, {})
        about.setdefault("alt", cell.metadata.get("alt", ""))
        if not about["alt"].strip():
            return ["shows a picture without alternative text: begin the cell with a comment `# alt: what it shows`"]
    return []


def _text(notebook: Any) -> str:
    import nbformat

    return str(nbformat.writes(notebook)) + "\n"


def _write(path: Path, notebook: Any) -> None:
    import nbformat

    nbformat.validate(notebook)
    text = _text(notebook)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        try:
            write_atomically(path, text)
        except OSError as error:
            raise CourseError(f"The notebook {path} cannot be written ({error.strerror})") from error
