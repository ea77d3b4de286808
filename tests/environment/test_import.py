"""`import coursekit` is light, and each part loads only what it needs."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "datasets", "torchmetrics", "matplotlib", "ipywidgets", "transformers", "IPython")


def loaded(statement: str) -> set[str]:
    report = f"print(*[m for m in {HEAVY} if m in sys.modules], 'matplotlib.pyplot' in sys.modules)"
    code = f"{statement}\nimport sys; {report}"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return set(out[:-1]) | ({"pyplot"} if out[-1] == "True" else set())


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import coursekit", set()),
        ("import coursekit; coursekit.COURSE; dir(coursekit)", set()),
        ("import coursekit.data, coursekit.data.world", set()),
        ("import coursekit.notebook, coursekit.notebook.plugin", set()),
        ("import coursekit.check", {"numpy"}),
        ("import coursekit.cli", set()),
        ("from coursekit.notebook import result", {"IPython", "numpy"}),
        ("import coursekit.models, coursekit.train", {"torch", "numpy"}),
        ("import coursekit.show", {"numpy", "matplotlib"}),
    ],
)
def test_loads_no_more_than(statement, allowed):
    assert loaded(statement) <= allowed


def test_import_costs_at_most_a_third_of_a_second():
    """The best of five fresh interpreters, against one that imports nothing (a bound of the contract, not a race)."""
    code = "import time; t = time.perf_counter(); import coursekit; print(time.perf_counter() - t)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(5)]
    assert min(float(run.stdout) for run in runs) <= 0.3


def test_every_lazy_name_exists():
    import coursekit

    for name in dir(coursekit):
        getattr(coursekit, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        coursekit.nonsense  # noqa: B018
