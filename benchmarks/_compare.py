"""Ours against what a user would pick instead: interleaved paired rounds, one ratio with its interval.

A machine that is busy for a while slows both sides of a pair, so the ratio within a pair is steadier than either time.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROUNDS = 15  # the fewest that a claim may stand on


@dataclass(frozen=True)
class Comparison:
    """`ratio` is the median of theirs / ours; `low` and `high` its 95 % bootstrap interval; times are medians in s."""

    name: str
    peer: str
    size: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    rounds: int

    def __str__(self) -> str:
        return (
            f"{self.name:<28} {self.peer:<24} {self.size:<34} {self.ours * 1e3:>9.2f} {self.theirs * 1e3:>10.2f} "
            f"{self.ratio:>8.3g}  [{self.low:.3g}, {self.high:.3g}]"
        )


def compare(
    name: str,
    peer: str,
    size: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    equal: Callable[[Any, Any], None],
    rounds: int = ROUNDS,
) -> Comparison:
    """Run both once to warm up and to see by `equal` that they compute the same, then `rounds` pairs in turn.

    The order within a pair alternates. `equal` raises an AssertionError if the outputs differ.
    """
    if rounds < ROUNDS:
        raise ValueError(f"{rounds} rounds are too few for an interval: take {ROUNDS} or more.")
    equal(ours(), theirs())
    seconds = np.empty((rounds, 2))
    for i in range(rounds):
        for side in (0, 1) if i % 2 else (1, 0):
            start = time.perf_counter()
            (ours, theirs)[side]()
            seconds[i, side] = time.perf_counter() - start
    ratio, low, high = median_interval(seconds[:, 1] / seconds[:, 0])
    mine, peers = np.median(seconds, axis=0).tolist()
    done = Comparison(name, peer, size, mine, peers, ratio, low, high, rounds)
    print(done, flush=True)
    return done


def median_interval(values: np.ndarray, draws: int = 10_000) -> tuple[float, float, float]:
    """Median of `values` and its 95 % interval by the percentile bootstrap (Efron 1979)."""
    pick = np.random.default_rng(0).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(np.median(values[pick], axis=1), [0.025, 0.975])
    return float(np.median(values)), float(low), float(high)


def header() -> None:
    print(f"{'what':<28} {'against':<24} {'size':<34} {'ours, ms':>9} {'theirs, ms':>10} {'ratio':>8}  [95 %]")


def report(benchmark: str, rows: list[Comparison], bars: dict[str, float]) -> int:
    """Write benchmarks/results/<benchmark>.json and say which bars (name of a row -> ratio) are met; 0 if all are."""
    machine = {"cpus": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    path = Path(__file__).parent / "results" / f"{benchmark}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1) + "\n")
    missed = [row for row in rows if row.name in bars and row.high < bars[row.name]]
    for row in missed:
        print(f"bar missed: {row.name} is {row.ratio:.3g} times as fast, the bar is {bars[row.name]:g}")
    print(f"written to {path}")
    return int(bool(missed))


def arguments(description: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--full", action="store_true", help="largest sizes: minutes instead of seconds a round")
    return parser.parse_args()
