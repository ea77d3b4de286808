"""The first cell, run with a coursekit that is ours, absent, or somebody else's."""

import importlib.util
import sys
from types import ModuleType

import pytest

from coursekit.notebook.bootstrap import bootstrap

OURS, RESERVED = "https://git.host.org/course.git", "https://git.example/course.git"


class Shell:
    """IPython's shell as far as the cell needs it; `pip install` puts a package there."""

    def __init__(self, installs: ModuleType | None = None) -> None:
        self.lines: list[tuple[str, str]] = []
        self.installs = installs

    def run_line_magic(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        if self.installs:
            sys.modules["coursekit"] = self.installs


def package(**names: str) -> ModuleType:
    module = ModuleType("coursekit")
    vars(module).update(names)
    return module


def run(cell: str, found: ModuleType | None, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    if found is None:
        monkeypatch.delitem(sys.modules, "coursekit")
    else:
        monkeypatch.setitem(sys.modules, "coursekit", found)
    find = importlib.util.find_spec
    spec = importlib.util.spec_from_loader("coursekit", None) if found else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "coursekit" else find(name))
    exec(compile(cell, "cell", "exec"), {"get_ipython": lambda: shell})


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a cell installs is gone after the test."""
    monkeypatch.setitem(sys.modules, "coursekit", sys.modules["coursekit"])


@pytest.mark.parametrize("address", [OURS, RESERVED])
def test_where_it_is_installed_nothing_happens(address, monkeypatch) -> None:
    shell = Shell()
    run(bootstrap(address), package(COURSE="sequence-course"), shell, monkeypatch)
    assert shell.lines == []


def test_on_colab_it_installs_from_the_repository(monkeypatch) -> None:
    shell = Shell(installs=package(COURSE="sequence-course"))
    run(bootstrap(OURS), None, shell, monkeypatch)
    assert shell.lines == [("pip", f"install --quiet git+{OURS}")]


@pytest.mark.parametrize("address", [OURS, RESERVED])
@pytest.mark.parametrize("other", [package(), package(COURSE="another")])
def test_an_unrelated_package_is_one_clear_sentence(address, other, monkeypatch) -> None:
    with pytest.raises(SystemExit, match="Another package called coursekit is installed here: run `pip uninstall"):
        run(bootstrap(address), other, Shell(), monkeypatch)


def test_a_reserved_address_is_never_installed_from(monkeypatch) -> None:
    shell = Shell()
    with pytest.raises(SystemExit, match="The course is not installed here: run `pip install -e"):
        run(bootstrap(RESERVED), None, shell, monkeypatch)
    assert shell.lines == []


@pytest.mark.parametrize("address", [OURS, RESERVED])
def test_it_is_short_plain_python_and_never_installs_by_bare_name(address) -> None:
    cell = bootstrap(address)
    assert len(cell.splitlines()) <= 10
    assert not [line for line in cell.splitlines() if line.lstrip().startswith(("%", "!"))]
    assert " install coursekit" not in cell


@pytest.mark.parametrize("address", ["https://example/x.git", "https://a.b.example/x.git", "ssh://git@git.example/x"])
def test_reserved_addresses(address) -> None:
    assert "git+" not in bootstrap(address)


def test_an_address_that_only_looks_reserved() -> None:
    assert "git+" in bootstrap("https://notexample.org/example")
