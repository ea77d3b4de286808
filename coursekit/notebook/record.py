"""The ledger: results of experiments too long, or too many seeds, for a notebook to run live."""

import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError

HERE = Path(__file__).resolve().parent
#: A claim about random training needs at least this many seeds.
SEEDS_NEEDED = 3


class Ledger:
    """The entries of one chapter: {"name", "preset", "seed", "values", "seconds", "hardware", "commit"} each."""

    def __init__(self, chapter: str, entries: list[dict[str, Any]]) -> None:
        self.chapter = chapter
        self.entries = sorted(entries, key=entry_key)

    def names(self, preset: str = "tiny") -> list[str]:
        """Names of the experiments that were run with this preset."""
        return sorted({entry["name"] for entry in self.entries if entry["preset"] == preset})

    def entry(self, name: str, seed: int, preset: str = "tiny") -> dict[str, Any]:
        """One run: its values, seconds, hardware and commit."""
        for entry in self.entries:
            if entry_key(entry) == (name, preset, seed):
                return entry
        raise CourseError(f"The ledger of {self.chapter} has no {preset} run of {name!r} with seed {seed}")

    def by_seed(self, name: str, key: str, preset: str = "tiny") -> dict[int, float]:
        """One measured value for each seed, in the order of the seeds."""
        runs = [entry for entry in self.entries if (entry["name"], entry["preset"]) == (name, preset)]
        if not runs:
            known = ", ".join(self.names(preset)) or "nothing"
            raise CourseError(f"The ledger of {self.chapter} has no {preset} run of {name!r}: it holds {known}")
        if any(key not in run["values"] for run in runs):
            known = ", ".join(sorted(runs[0]["values"]))
            raise CourseError(f"The experiment {name!r} of {self.chapter} measured no {key!r}: it measured {known}")
        return {run["seed"]: run["values"][key] for run in runs}

    def values(self, name: str, key: str, preset: str = "tiny") -> list[float]:
        """One measured value over the seeds."""
        return list(self.by_seed(name, key, preset).values())

    def mean(self, name: str, key: str, preset: str = "tiny") -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.values(name, key, preset))

    def spread(self, name: str, key: str, preset: str = "tiny") -> float:
        """Sample standard deviation over the seeds; 0 for one seed."""
        values = self.values(name, key, preset)
        return statistics.stdev(values) if len(values) > 1 else 0.0

    def claim(
        self, smaller: tuple[str, str], larger: tuple[str, str], margin: float = 0.0, preset: str = "tiny"
    ) -> bool:
        """Whether one measured value is below another by more than the margin, on every seed that both ran.

        Each side is (experiment, key). Raises CourseError for fewer than three seeds: luck could do that.
        """
        low, high = self.by_seed(*smaller, preset), self.by_seed(*larger, preset)
        seeds = low.keys() & high.keys()
        if len(seeds) < SEEDS_NEEDED:
            raise CourseError(f"A claim needs {SEEDS_NEEDED} seeds, and {smaller} and {larger} share {len(seeds)}")
        return all(low[seed] + margin < high[seed] for seed in seeds)


def entry_key(entry: Mapping[str, Any]) -> tuple[str, str, int]:
    """What tells one run from another: experiment, preset and seed."""
    return entry["name"], entry["preset"], entry["seed"]


def read(path: Path) -> Ledger:
    """The ledger in a file. Raises CourseError where it cannot be read."""
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        return Ledger(book["chapter"], book["entries"])
    except OSError as error:
        raise CourseError(f"The ledger {path.name} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"The ledger {path.name} is damaged: restore it, or run `coursekit experiment` anew"
        ) from error


def ledger(chapter: str) -> Ledger:
    """The ledger of a chapter: the checkout's notebooks/results, or the copy that an installed package carries.

    >>> ledger("01_language_models").mean("window", "gap")  # doctest: +SKIP
    """
    places = [HERE.parents[1] / "notebooks" / "results", HERE / "ledgers"]
    for place in places:
        if (place / f"{chapter}.json").is_file():
            return read(place / f"{chapter}.json")
    known = sorted({path.stem for place in places for path in place.glob("*.json")})
    raise CourseError(f"There is no ledger called {chapter!r}: there is {', '.join(known) or 'none yet'}")
