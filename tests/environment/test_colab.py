"""Installing the course into Colab's runtime moves none of what Colab has."""

import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIXED = {
    "matplotlib": "3.10.0",
    "ipywidgets": "7.7.1",
    "ipython": "7.34.0",
    "datasets": "4.0.0",
    "transformers": "5.15.0",
}
RUNTIMES = list(product(["3.12", "3.13"], ["2.9.0", "2.10.0", "2.11.0"], ["2.0.2", "2.1.3"]))
# One resolution takes twelve seconds: the default run takes the oldest runtime, the full run all twelve.
CASES = [pytest.param(*case, marks=[pytest.mark.full] * (case != RUNTIMES[0])) for case in RUNTIMES]


def resolve(tmp_path: Path, python: str, pins: dict[str, str]) -> subprocess.CompletedProcess:
    wanted = tmp_path / "wanted.in"
    wanted.write_text("".join(f"{name}\n" for name in pins), "utf-8")
    constraints = tmp_path / "colab.txt"
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()), "utf-8")
    files = [str(ROOT / "pyproject.toml"), str(wanted), "--constraint", str(constraints)]
    command = [sys.executable, "-m", "uv", "pip", "compile", *files, "--python-version", python, "--no-header", "-q"]
    # The platform is Colab's, so that the answer is the same on every machine.
    return subprocess.run(
        [*command, "--python-platform", "x86_64-manylinux_2_28"], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(("python", "torch", "numpy"), CASES)
def test_resolver_moves_nothing(tmp_path, python, torch, numpy):
    pins = FIXED | {"torch": torch, "numpy": numpy}
    run = resolve(tmp_path, python, pins)
    if "error sending request" in run.stderr.lower() or "connect" in run.stderr.lower():
        pytest.skip("the package index cannot be reached")
    assert run.returncode == 0, run.stderr
    found = dict(line.split("==") for line in run.stdout.splitlines() if "==" in line and not line.startswith(" "))
    assert {name: found.get(name) for name in pins} == pins


def test_an_upper_pin_would_be_noticed(tmp_path):
    """The same run with a constraint that our floors exclude fails."""
    run = resolve(tmp_path, "3.12", FIXED | {"torch": "2.5.0", "numpy": "2.0.2"})
    if "error sending request" in run.stderr.lower() or "connect" in run.stderr.lower():
        pytest.skip("the package index cannot be reached")
    assert run.returncode != 0
    assert "torch" in run.stderr
