"""Make the course's environment if needed, then run a command: python run.py lab | test | full | canary | bench.

Standard library only and no newer syntax than an old Python reads, so that it can say which Python the course needs.
"""

import hashlib
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python.exe" if os.name == "nt" else "python")
STAMP = os.path.join(VENV, "installed.json")

UNITS = "-m pytest tests -q -n2 --dist=loadfile --cov=coursekit --cov-report=term:skip-covered"
TEST = {
    "style": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "--quiet", "."],
    "layers": ["-c", "from importlinter.cli import lint_imports_command as main; main()"],
    "types": ["-m", "mypy"],
    "units": UNITS.split(),  # in two processes with one torch thread each (conftest.py)
    "notebooks": ["-m", "coursekit.cli", "verify"],
}
CANARY = {"canary": ["-m", "coursekit.cli", "verify", "--canary"]}
BENCH = {"benchmarks": ["benchmarks/run.py"]}
FULL = {
    **TEST,
    "units": [*TEST["units"], "--full"],
    **CANARY,
    "rebuild": ["-m", "coursekit.cli", "build", "--check"],
    **BENCH,
}
COMMANDS = {
    "lab": ({"lab"}, {"lab": ["-m", "coursekit.cli", "lab"]}),
    "test": ({"lab", "test"}, TEST),
    "full": ({"lab", "test"}, FULL),
    "canary": ({"lab", "test"}, CANARY),
    "bench": ({"lab", "test", "bench"}, BENCH),
}


def main(argv):
    if sys.version_info < (3, 11):
        found = "{}.{}".format(*sys.version_info[:2])
        return f"This course needs Python 3.11 or newer and this is {found}: start run.py with a newer Python."
    if not argv or argv[0] not in COMMANDS:
        return "Say what to run: python run.py " + " | ".join(COMMANDS)
    extras, steps = COMMANDS[argv[0]]
    problem = install(extras)
    if problem:
        return problem
    return run(steps, argv[1:])


def install(extras):
    """Make .venv and install the package with these extras, unless that was done; returns a problem or None."""
    if extras <= installed():
        return None
    extras = extras | installed()
    print("Installing the course into .venv (a few minutes the first time) ...", flush=True)
    if make_venv():
        return "Python could not make .venv, see above; on Debian or Ubuntu it may lack the package python3-venv."
    target = ".[" + ",".join(sorted(extras)) + "]"
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", "constraints.txt"]
    if subprocess.call([*pip, "--editable", target], cwd=HERE):
        return "The installation failed for the reason given above: mend it (network? disk?) and run this again."
    with open(STAMP, "w") as file:
        json.dump({"digest": digest(), "extras": sorted(extras)}, file)
    return None


def make_venv():
    """Make .venv, or mend one that was left without pip or whose Python has gone; returns an exit status."""
    if not os.path.exists(PYTHON):
        return subprocess.call([sys.executable, "-m", "venv", "--clear", VENV])
    probe = subprocess.call([PYTHON, "-c", "import pip._internal.cli.main"], stderr=subprocess.DEVNULL)
    return subprocess.call([PYTHON, "-m", "ensurepip", "--upgrade", "--default-pip"]) if probe else 0


def installed():
    """The extras that .venv already holds for the present pyproject.toml, constraints.txt and interpreter."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return set()
    return set(stamp["extras"]) if os.path.exists(PYTHON) and stamp["digest"] == digest() else set()


def digest():
    """What an installation depends on: the project's own dependencies, the pins and the interpreter."""
    total = hashlib.sha256((sys.version + HERE).encode())
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(HERE, name), "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def run(steps, extra):
    """Run every step, even after one failed, and close with one line for each."""
    env = dict(os.environ, PATH=BIN + os.pathsep + os.environ.get("PATH", ""), PYTHONUNBUFFERED="1")
    lines, failed = [], False
    for name, command in steps.items():
        if len(steps) > 1:
            print(f"\n=== {name} ===", flush=True)
        start = time.time()
        try:
            code = subprocess.call([PYTHON, *command, *extra], cwd=HERE, env=env)
        except KeyboardInterrupt:
            return 130
        failed = failed or code != 0
        verdict = "ok" if code == 0 else "FAILED"
        lines.append(f"{name:10} {verdict:6} {time.time() - start:6.0f} s")
    if len(steps) > 1:
        print("\n" + "\n".join(lines), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped: run this again and it goes on.")
