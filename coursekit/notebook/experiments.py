"""`coursekit experiment NN`: run a chapter's experiments and keep each result in its ledger."""

import importlib.util
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.notebook.places import checkout
from coursekit.notebook.record import Ledger, entry_key, ledger, read
from coursekit.notebook.values import differences


def run_experiments(
    chapter: str,
    only: Iterable[str] | None = None,
    preset: str = "tiny",
    again: bool = False,
    root: Path | None = None,
    report: Callable[[str], None] = print,
) -> int:
    """Run the chapter's experiments (all, or those in `only`) over their seeds; returns how many runs were made.

    Each run is written before the next starts, so an interrupt loses nothing; runs that the ledger holds already are
    skipped unless `again`. An experiment is a function (preset, seed) -> {name: number} in the EXPERIMENTS of
    notebooks/experiments/NN_topic.py, whose SEEDS says which seeds to run.
    """
    root = root or checkout()
    module = _load(root, chapter)
    chapter, made = Path(str(module.__file__)).stem, 0
    path = root / "notebooks" / "results" / f"{chapter}.json"
    for name in _chosen(module, chapter, only):
        for seed in module.SEEDS:
            known = {entry_key(entry) for entry in _entries(path)}
            if (name, preset, seed) in known and not again:
                continue
            entry = _run(module, name, preset, seed, root)
            _add(path, chapter, entry)
            made += 1
            report(f"{name} ({preset}, seed {seed}): {entry['seconds']} s, {entry['values']}")
    return made


def recheck(chapter: str, names: Iterable[str], rtol: float, root: Path | None = None) -> list[str]:
    """Run the first seed of some tiny experiments again: one line for each value that left the ledger's."""
    root = root or checkout()
    module = _load(root, chapter)
    path = root / "notebooks" / "results" / f"{Path(str(module.__file__)).stem}.json"
    book = read(path) if path.is_file() else ledger(chapter)
    bad: list[str] = []
    for name in _chosen(module, chapter, names):
        runs = [entry for entry in book.entries if (entry["name"], entry["preset"]) == (name, "tiny")]
        if not runs:
            raise CourseError(
                f"The ledger of {chapter} has no tiny run of {name!r}: run `coursekit experiment {chapter}`"
            )
        seed, values = runs[0]["seed"], runs[0]["values"]
        now = _run(module, name, "tiny", seed, root)["values"]
        bad += differences(values, now, rtol, 0.0, f"{name}[seed {seed}]")
    return bad


def _load(root: Path, chapter: str) -> ModuleType:
    """The chapter's module of experiments; the chapter may be given by its number alone."""
    folder = root / "notebooks" / "experiments"
    found = sorted(path for path in folder.glob("*.py") if path.stem == chapter or path.stem.startswith(f"{chapter}_"))
    if len(found) != 1:
        known = ", ".join(sorted(path.stem for path in folder.glob("*.py"))) or "none"
        raise CourseError(f"No chapter called {chapter!r} has experiments: there is {known}")
    spec = importlib.util.spec_from_file_location(f"experiments_{found[0].stem}", found[0])
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses in it look themselves up there
    spec.loader.exec_module(module)
    if not (hasattr(module, "EXPERIMENTS") and hasattr(module, "SEEDS")):
        raise CourseError(f"The file {found[0].name} must define EXPERIMENTS (name -> function) and SEEDS")
    return module


def _chosen(module: ModuleType, chapter: str, only: Iterable[str] | None) -> list[str]:
    known: dict[str, Any] = module.EXPERIMENTS
    chosen = list(known) if only is None else list(only)
    for name in chosen:
        if name not in known:
            raise CourseError(f"Chapter {chapter} has no experiment called {name!r}: it has {', '.join(known)}")
    return chosen


def _run(module: ModuleType, name: str, preset: str, seed: int, root: Path) -> dict[str, Any]:
    start = time.perf_counter()
    measured = module.EXPERIMENTS[name](preset, seed)
    seconds = round(time.perf_counter() - start, 1)
    values = {key: getattr(value, "item", lambda value=value: value)() for key, value in measured.items()}
    for key, value in values.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise CourseError(f"The experiment {name!r} measured {key} = {value} with seed {seed}: it was not recorded")
    return {
        "name": name, "preset": preset, "seed": seed, "values": values,
        "seconds": seconds, "hardware": hardware(), "commit": commit(root),
    }  # fmt: skip


def _entries(path: Path) -> list[dict[str, Any]]:
    return read(path).entries if path.is_file() else []


def _add(path: Path, chapter: str, entry: dict[str, Any]) -> None:
    """Put one run into the ledger, in place of an earlier one; a reader sees the old file or the new, never half."""
    others = [other for other in _entries(path) if entry_key(other) != entry_key(entry)]
    book = {"chapter": chapter, "entries": Ledger(chapter, [*others, entry]).entries}
    text = json.dumps(book, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise CourseError(f"The ledger {path} cannot be written ({error.strerror}): {entry['values']}") from error


def hardware() -> str:
    """The processor in words, with its cores: what a time in the ledger was measured on."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{name}, {os.cpu_count()} cores"


def commit(root: Path) -> str:
    """The commit that is checked out, "+" behind it if the package or the experiments were changed since."""
    try:
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "coursekit", "notebooks/experiments")
        return _git(root, "rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(root: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True).stdout.strip()
