"""The plugin leaves other projects alone, and costs them nothing."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from notebook_cells import code, notebook, printed

#: Written beside the tests of the other project: says at the end what our plugin loaded.
SPY = """
import sys
def pytest_unconfigure(config):
    print("LOADED", sorted(name for name in sys.modules if name.startswith("coursekit.notebook.")))
    print("HEAVY", sorted({"torch", "IPython", "datasets", "jupytext", "nbclient"} & sys.modules.keys()))
"""
NO_NBVAL = "import sys\nsys.modules['nbval'] = None\n" + SPY


def run(folder: Path, *options: str, spy: str = SPY) -> str:
    (folder / "conftest.py").write_text(spy)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "-q", "-rA", *options, "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """Another project's notebook: it would be red under our rules (no stored run) and is green under nbval's."""
    cells = [code("print(1)", printed("1\n")), code("print(2)", run=False)]
    nbformat.write(notebook(*cells, ours=False), tmp_path / "theirs.ipynb")
    return tmp_path


def test_another_projects_notebook_is_nbvals_alone(others: Path) -> None:
    text = run(others, "--nbval", "--nbval-current-env")
    assert "2 passed" in text
    assert "LOADED ['coursekit.notebook.plugin', 'coursekit.notebook.record'" in text, text
    assert "coursekit.notebook.verification" not in text
    assert "tolerances" not in text


def test_notebooks_that_are_no_notebooks(tmp_path: Path) -> None:
    for name, text in {"list": "[]", "text": "hello", "empty": "", "odd": '{"metadata": {"coursekit": 3}}'}.items():
        (tmp_path / f"{name}.ipynb").write_text(text)
    (tmp_path / "binary.ipynb").write_bytes(b"\xff\xfe\x00")
    text = run(tmp_path, "--nbval", "--nbval-current-env")
    assert "coursekit/notebook" not in text  # nbval's own complaints, none from us


def test_without_the_option_nothing_is_collected(tmp_path: Path) -> None:
    nbformat.write(notebook(code("1 / 0")), tmp_path / "ours.ipynb")
    assert "no tests ran" in run(tmp_path)


def test_without_nbval(tmp_path: Path) -> None:
    nbformat.write(notebook(code("1 / 0")), tmp_path / "ours.ipynb")
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    text = run(tmp_path, "-p", "no:nbval", spy=NO_NBVAL)
    assert "1 passed" in text
    assert "HEAVY []" in text, text


def test_the_plugin_imports_only_pytest() -> None:
    script = "import sys, pytest; before = set(sys.modules); import coursekit.notebook.plugin; "
    script += "print({name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'coursekit'}"
