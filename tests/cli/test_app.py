"""Each command's errors are one sentence and a non-zero exit."""

import os
import subprocess
import sys

import pytest
import typer

from coursekit.cli import app, doctor
from coursekit.errors import CourseError


def run(*arguments: str, cwd=None) -> subprocess.CompletedProcess:
    env = {key: value for key, value in os.environ.items() if key != "COURSEKIT_DEBUG"}
    command = [sys.executable, "-m", "coursekit.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nonsense"], "nonsense"),
        (["check"], "NN"),
        (["check", "77"], "77"),
        (["build", "77"], "77"),
        (["verify", "77"], "77"),
        (["experiment", "77"], "77"),
        (["experiment", "01", "--preset", "huge"], "huge"),
        (["new", "no number"], "NN_topic"),
        (["pretrain", "bert", "--out", "there", "--device", "cpu"], "no recipe for 'bert'"),
        (["pretrain", "gpt"], "--out"),
        (["pretrain", "gpt", "--out", "there", "--device", "toaster"], "the device 'toaster' fails"),
        (["pretrain", "gpt", "--out", "there", "--steps", "0"], "--steps"),
        (["lab", "--port", "99999"], "65535"),
        (["lab", "--folder", "/proc/nobody/work"], "--folder"),
    ],
)
def test_wrong_use_is_one_sentence(arguments, says, tmp_path):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_no_command_shows_the_help(tmp_path):
    done = run("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("lab", "build", "verify", "check", "experiment", "pretrain", "doctor", "new"):
        assert command in done.stdout


def test_unexpected_error_is_one_line_and_debug_shows_the_place(monkeypatch, capsys):
    def broken(*_, **__):
        raise RuntimeError("the first line\nand a second")

    monkeypatch.setattr(app, "app", broken)
    monkeypatch.delenv("COURSEKIT_DEBUG", raising=False)
    assert app.main([]) == 1
    assert capsys.readouterr().err == "coursekit: RuntimeError: the first line (COURSEKIT_DEBUG=1 shows where)\n"
    monkeypatch.setenv("COURSEKIT_DEBUG", "1")
    with pytest.raises(RuntimeError):
        app.main([])


STOPS = [(CourseError("mend it"), 1), (KeyboardInterrupt(), 130), (typer.Exit(3), 3)]


@pytest.mark.parametrize(("raised", "code"), STOPS)
def test_exit_status(monkeypatch, raised, code):
    def stop(*_, **__):
        raise raised

    monkeypatch.setattr(app, "app", stop)
    assert app.main([]) == code


def test_doctor_is_content_here():
    lines, healthy = doctor.report()
    assert healthy, lines
    assert any(line.startswith("  torch ") for line in lines)


def test_doctor_names_an_old_python():
    assert doctor.old_python((3, 10)) == ["Python 3.10 is too old: the course needs 3.11 or newer."]


def test_doctor_names_the_unrelated_package(monkeypatch):
    monkeypatch.setattr(doctor.metadata, "version", lambda name: {"coursekit": "0.4"}[name])
    (problem,) = doctor.neighbours()
    assert "unrelated package called coursekit 0.4" in problem
    assert "pip uninstall coursekit" in problem


VERSIONS = [("1.25.9", "too old"), ("1.26.0", None), ("2.4.1+cpu", None), (None, "missing")]


@pytest.mark.parametrize(("have", "problem"), VERSIONS)
def test_doctor_compares_versions_with_the_floors(monkeypatch, have, problem):
    def version(_):
        if have is None:
            raise doctor.metadata.PackageNotFoundError
        return have

    monkeypatch.setattr(doctor.metadata, "requires", lambda _: ["numpy>=1.26", 'jupyterlab>=4; extra == "lab"'])
    monkeypatch.setattr(doctor.metadata, "version", version)
    _, wrong = doctor.dependencies()
    assert [problem in line for line in wrong] == ([True] if problem else [])
