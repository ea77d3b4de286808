"""The pytest plugin: lets nbval run this course's notebooks with results compared by value.

Other projects have it installed too, so it imports only pytest until it meets a notebook with metadata.coursekit, and
does nothing without nbval.
"""

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

#: Where a cell's report carries the tolerances of its results to the summary, through xdist too.
TOLERANCES = "coursekit.tolerances"


@pytest.hookimpl(hookwrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, None]:
    """Take over from nbval the notebooks that are ours."""
    outcome = yield
    found = outcome.get_result()
    if file_path.suffix != ".ipynb" or not found or not is_ours(file_path):
        return
    from coursekit.notebook.verification import take_over

    outcome.force_result(take_over(found, parent))


def is_ours(path: Path) -> bool:
    """Whether a file is a notebook with this course's metadata."""
    try:
        metadata = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        return isinstance(metadata["coursekit"], dict)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The census: how many results were compared, and how closely."""
    census: Counter[tuple[float, float, str]] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                found = dict(report.user_properties).get(TOLERANCES, [])
                census.update((rtol, atol, reason or "") for rtol, atol, reason in found)
    if not census:
        return
    terminalreporter.section("tolerances of stored results")
    for (rtol, atol, reason), count in sorted(census.items()):
        how = "exact" if rtol == atol == 0 else f"rtol {rtol:g}, atol {atol:g}"
        terminalreporter.write_line(f"{count:5d}  {how}" + (f"  because {reason}" if reason else ""))
