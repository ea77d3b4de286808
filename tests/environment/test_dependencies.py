"""pyproject.toml, environment.yml and constraints.txt say the same."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from rattler import MatchSpec

from coursekit.notebook.bootstrap import bootstrap

ROOT = Path(__file__).parents[2]
CONDA_NAMES = {"torch": "pytorch"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENT = re.compile(r"([A-Za-z0-9_.-]+)(>=[0-9.]+)?(.*)")


def wanted() -> dict[str, str]:
    """Conda name -> bound, for the core and the lab extra, and Python itself."""
    lines = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["lab"]]
    parts = [REQUIREMENT.fullmatch(line).groups() for line in lines]
    return {"python": PROJECT["requires-python"]} | {CONDA_NAMES.get(name, name): bound for name, bound, _ in parts}


def conda() -> list[str]:
    listed = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    return [line for line in listed if isinstance(line, str)]


def test_environment_yml_holds_the_bounds_of_pyproject():
    specs = [MatchSpec(line, strict=True) for line in conda()]
    found = {spec.name.normalized: str(spec.version) for spec in specs if spec.name.normalized != "pip"}
    assert found == wanted()


def test_strict_match_spec_refuses_what_conda_would_refuse():
    with pytest.raises(Exception, match="not valid"):
        MatchSpec("pytorch >=2.6=", strict=True)


def test_core_dependencies_are_floors_only():
    for line in PROJECT["dependencies"]:
        name, bound, rest = REQUIREMENT.fullmatch(line).groups()
        assert bound and not rest, f"{name} must have a floor and nothing else, not {line!r}"


def test_constraints_pin_everything_that_is_asked_for():
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    )
    pins = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins.items()}
    assert pins["torch"] == "2.13.0"
    everything = [line for extra in ("lab", "test", "bench") for line in PROJECT["optional-dependencies"][extra]]
    for line in [*PROJECT["dependencies"], *everything]:
        name = re.match(r"[A-Za-z0-9_.-]+", line).group().lower().replace("_", "-")
        assert name in pins or name == PROJECT["name"], f"constraints.txt does not pin {name}"


def test_distribution_is_not_called_like_the_unrelated_package():
    assert PROJECT["name"] != "coursekit"


def test_repository_address_stands_in_one_place():
    address = PROJECT["urls"]["Repository"]
    suffixes = {".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".json", ".cfg"}
    ours = [path for path in ROOT.iterdir() if path.name not in {".venv", ".git", "work", "tests"}]
    texts = [path for top in ours for path in [top, *top.rglob("*")] if path.is_file() and path.suffix in suffixes]
    assert [path.name for path in texts if address in path.read_text("utf-8")] == ["pyproject.toml"]


def test_every_notebook_begins_with_the_bootstrap_of_that_address():
    built = [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/*.ipynb")]
    assert built
    for path in built:
        cells = json.loads(path.read_text("utf-8"))["cells"]
        first = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        assert first == bootstrap(PROJECT["urls"]["Repository"]), f"run `coursekit build`: {path.name} is older"
