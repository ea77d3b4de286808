"""run.py: too old a Python, an unknown command, and when it installs again."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(tmp_path):
    """A copy of run.py in a folder of its own, with nothing installed yet."""
    for name in ("run.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    spec = importlib.util.spec_from_file_location("run", tmp_path / "run.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_old_python_is_one_sentence(run, monkeypatch):
    monkeypatch.setattr(run.sys, "version_info", (3, 9, 18))
    assert run.main(["lab"]).startswith("This course needs Python 3.11 or newer and this is 3.9:")


@pytest.mark.parametrize("version", ["3.9", "3.10"])
def test_a_real_old_python_says_it(version):
    found = [*Path.home().glob(f".pyenv/versions/{version}.*/bin/python"), shutil.which(f"python{version}")]
    works = [old for old in found if old and not subprocess.run([old, "--version"], capture_output=True).returncode]
    if not works:
        pytest.skip(f"python{version} is not on this machine")
    done = subprocess.run([works[0], ROOT / "run.py", "lab"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_unknown_command_names_the_known(run):
    assert run.main(["lap"]) == "Say what to run: python run.py lab | test | full | canary | bench"


def test_installs_once_and_again_when_the_pins_change(run, monkeypatch, tmp_path):
    calls = []
    monkeypatch.setattr(run.subprocess, "call", lambda command, **_: calls.append(command) or 0)
    monkeypatch.setattr(run, "make_venv", lambda: 0)
    Path(run.BIN).mkdir(parents=True)
    Path(run.PYTHON).touch()
    assert run.install({"lab", "test"}) is None
    assert calls[-1][-1] == ".[lab,test]"
    assert "constraints.txt" in calls[-1]
    run.install({"lab"})
    assert len(calls) == 1, "the larger set holds the smaller one"
    with open(tmp_path / "constraints.txt", "a") as pins:
        pins.write("# changed\n")
    run.install({"lab"})
    assert len(calls) == 2
    assert json.loads(Path(run.STAMP).read_text())["extras"] == ["lab"]


def test_failed_installation_is_a_sentence_and_leaves_no_stamp(run, monkeypatch):
    Path(run.BIN).mkdir(parents=True)
    Path(run.PYTHON).touch()
    monkeypatch.setattr(run.subprocess, "call", lambda *_, **__: 1)
    monkeypatch.setattr(run, "make_venv", lambda: 0)
    assert "run this again" in run.install({"lab"})
    assert not Path(run.STAMP).exists()


@pytest.mark.parametrize("broken", ["interrupted before it had pip", "its Python has gone"])
def test_a_broken_venv_is_mended(run, broken):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", run.VENV], check=True)
    if broken == "its Python has gone":
        Path(run.PYTHON).unlink()
        Path(run.PYTHON).symlink_to("/nowhere/python")
    assert run.make_venv() == 0
    assert subprocess.run([run.PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0


def test_ctrl_c_during_the_installation_is_one_sentence(run):
    Path(run.BIN).mkdir(parents=True)
    Path(run.PYTHON).write_text("#!/bin/sh\nkill -INT $PPID\nsleep 1\n")
    Path(run.PYTHON).chmod(0o755)
    done = subprocess.run([sys.executable, run.__file__, "lab"], capture_output=True, text=True, check=False)
    assert done.returncode
    assert done.stderr == "Stopped: run this again and it goes on.\n"


def test_a_failed_step_fails_the_run_but_the_others_still_run(run, monkeypatch, capsys):
    seen = []
    monkeypatch.setattr(run.subprocess, "call", lambda command, **_: seen.append(command) or len(seen) % 2)
    assert run.run({"one": ["a"], "two": ["b"]}, []) == 1
    assert len(seen) == 2
    assert "one        FAILED" in capsys.readouterr().out
