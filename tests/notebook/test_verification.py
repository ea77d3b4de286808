"""What must turn a stored notebook red, each for its own reason, and what must not."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from notebook_cells import PYPROJECT, code, notebook, printed, stored

from coursekit.notebook.values import PREDICTION

USE = "from coursekit.notebook import predict, result\n"
AFTER = code("print('after')", printed("after\n"))
NESTED = {"b": 0.5, "a": {"d": 1, "c": [2, 3]}}
PNG = {"image/png": "aGFsbG8=", "text/plain": "<picture>"}


def picture(**data: str):
    return nbformat.v4.new_output("display_data", data=data)


def retouched(text: str, **values: float):
    """A stored result whose text, which a reader sees, was changed."""
    output = stored(**values)
    output.data["text/plain"] = text
    return output


def show(**data: str) -> str:
    return f"from IPython.display import display\ndisplay({data!r}, raw=True)"


#: name -> (notebook, the words that the failing cell must say; "" for a notebook that must pass)
CASES = {
    "good": (
        notebook(
            code(USE + "result(loss=0.8174, rtol=1e-3)", stored(loss=0.8178, rtol=1e-3)),
            code("import torch\nresult(ids=torch.arange(3), wins=True)", stored(ids=[0, 1, 2], wins=True)),
            AFTER,
        ),
        "",
    ),
    "number_outside": (
        notebook(code(USE + "result(loss=0.83, rtol=1e-3)", stored(loss=0.8174, rtol=1e-3)), AFTER),
        r"result\[0\].loss: stored 0.8174, now 0.83; off by 0.0126, allowed 0.000817",
    ),
    "integer_changed": (
        notebook(code(USE + "result(n=101, rtol=1e-2)", stored(n=100, rtol=1e-2)), AFTER),
        r"result\[0\].n: stored 100, now 101",
    ),
    "claim_changed": (
        notebook(code(USE + "result(wins=False)", stored(wins=True)), AFTER),
        r"result\[0\].wins: stored True, now False",
    ),
    "text_changed": (notebook(code("print('cold')", printed("warm\n")), AFTER), r"mismatch 'stdout'"),
    "extra_result": (notebook(code(USE + "result(a=1)"), AFTER), "0 stored results, 1 now"),
    "lost_result": (notebook(code("pass", stored(a=1)), AFTER), "1 stored results, 0 now"),
    "cleared": (notebook(code("print(1)", run=False), AFTER), "no stored run: build the notebook"),
    "outputs_cleared": (notebook(code("print(1)"), AFTER), "Unexpected output fields"),
    "not_a_number": (
        notebook(code(USE + "result(loss=float('nan'))", stored(loss=0.8)), AFTER),
        "loss is nan, and a result must be a finite number",
    ),
    "stored_not_a_number": (
        notebook(code(USE + "result(loss=0.8, rtol=1e-3)", stored(loss="nan", rtol=1e-3)), AFTER),
        "stored 'nan', now 0.8",
    ),
    "raises": (notebook(code("1 / 0"), AFTER), "ZeroDivisionError"),
    "dead_kernel": (notebook(code("import os\nos.kill(os.getpid(), 9)"), AFTER), "the kernel died"),
    "tolerance_tampered": (
        notebook(code(USE + "result(loss=0.81, rtol=1e-3)", stored(loss=0.8174, rtol=1e-2)), AFTER),
        "the stored tolerance is not the one in the code",
    ),
    "tolerance_wide": (
        notebook(code(USE + "result(loss=0.8, atol=0.05)", stored(loss=0.8, atol=0.05)), AFTER),
        r"atol=0.05 is wider than 0.02 and gives no reason",
    ),
    "tolerance_wide_with_reason": (
        notebook(code(USE + "result(t=0.8, atol=0.05, reason='draws')", stored(t=0.8, atol=0.05, reason="draws"))),
        "",
    ),
    "text_shown_is_not_its_value": (
        notebook(code(USE + "result(loss=0.8174)", retouched("loss = 0.1", loss=0.8174)), AFTER),
        "the text shown is not that of the stored values, 'loss = 0.8174'",
    ),
    "dicts_shown_in_another_order": (
        notebook(code(USE + "result(loss={'b': 0.5, 'a': {'d': 1, 'c': [2, 3]}})", stored(loss=NESTED))),
        "",
    ),
    "skipped_with_a_result": (
        notebook(code("# NBVAL_SKIP\n" + USE + "result(a=1)", stored(a=1)), AFTER),
        "marked as not to run, so its stored result would never be compared",
    ),
    "ignoring_does_not_hide_a_result": (
        notebook(code("# NBVAL_IGNORE_OUTPUT\n" + USE + "result(a=2)\nprint(1)", stored(a=1), printed("2\n")), AFTER),
        r"result\[0\].a: stored 1, now 2",
    ),
    "unstored": (notebook(code("import time\nprint(time.time())", tags=["unstored"]), AFTER), ""),
    "pictures": (
        notebook(
            code(show(**PNG), picture(**{**PNG, "image/png": "b3RoZXI="})),
            code(show(**{"image/svg+xml": "<svg/>"}), picture(**{"image/svg+xml": "<svg></svg>"})),
            code(show(**PNG, **{"application/vnd.jupyter.widget-view+json": "x"}), picture(**PNG)),
        ),
        "",
    ),
    "guesses": (
        notebook(
            code(USE + "predict('gap', 0.2, 0.4)", picture(**{PREDICTION: {}, "text/plain": "x"})),
            code("result(gap=0.31)", stored(gap=0.31)),
        ),
        "",
    ),
}  # fmt: skip


class Outcome(NamedTuple):
    status: str
    message: str
    seconds: float


class Report(NamedTuple):
    outcomes: dict[str, list[Outcome]]
    text: str


def verify(folder: Path, *options: str) -> Report:
    """Run pytest with nbval over a folder in a process of its own."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=300", "-rs"]
    command += ["-p", "no:cacheprovider", "--color=no", "--junitxml=report.xml", *options, "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    outcomes: dict[str, list[Outcome]] = {}
    for case in ElementTree.parse(folder / "report.xml").iter("testcase"):
        name = re.search(r"(\w+)(\.ipynb)?(::ipynb)?$", case.get("classname", "").replace("::ipynb", ""))
        assert name, ElementTree.tostring(case)
        child = next((child for child in case if child.tag in ("failure", "error", "skipped")), None)
        status, text = ("passed", "") if child is None else (child.tag, f"{child.get('message')} {child.text}")
        outcomes.setdefault(name[1], []).append(Outcome(status, text, float(case.get("time", 0))))
    return Report(outcomes, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("cases")
    (folder / "pyproject.toml").write_text(PYPROJECT)
    for name, (cells, _) in CASES.items():
        nbformat.write(cells, folder / f"{name}.ipynb")
    return verify(folder)


@pytest.mark.parametrize("name", [name for name, (_, words) in CASES.items() if words])
def test_red_once_and_for_the_right_reason(report: Report, name: str) -> None:
    outcomes = report.outcomes[name]
    assert outcomes[0].status == "failure", report.text
    assert re.search(CASES[name][1], outcomes[0].message), outcomes[0].message
    assert [outcome.status for outcome in outcomes].count("failure") == 1


@pytest.mark.parametrize("name", [name for name, (_, words) in CASES.items() if not words])
def test_green(report: Report, name: str) -> None:
    assert {outcome.status for outcome in report.outcomes[name]} == {"passed"}, report.text


@pytest.mark.parametrize("name", ["cleared", "not_a_number", "raises", "dead_kernel"])
def test_cells_behind_a_dead_one_are_skipped(report: Report, name: str) -> None:
    assert report.outcomes[name][1].status == "skipped"
    assert "cell 0 did not run" in report.outcomes[name][1].message


@pytest.mark.parametrize("name", ["number_outside", "claim_changed", "text_changed", "tolerance_tampered"])
def test_cells_behind_a_wrong_result_still_count(report: Report, name: str) -> None:
    assert report.outcomes[name][1].status == "passed"


def test_a_dead_kernel_is_noticed_within_seconds(report: Report) -> None:
    assert report.outcomes["dead_kernel"][0].seconds < 10  # the cell's time-out is 300


def test_census_of_tolerances(report: Report) -> None:
    census = report.text.split("tolerances of stored results")[1]
    assert re.search(r"\d+  exact", census)
    assert re.search(r"\d+  rtol 0.001, atol 0\n", census)
    assert re.search(r"1  rtol 0, atol 0.05  because draws", census)


@pytest.mark.full
def test_census_survives_several_processes(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    nbformat.write(CASES["good"][0], tmp_path / "good.ipynb")
    assert "1  rtol 0.001, atol 0" in verify(tmp_path, "-n1", "--dist=loadfile").text
