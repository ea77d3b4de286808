"""Every built notebook keeps the shape of a part, and its prose quotes only what it measured."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted(path for path in (ROOT / "notebooks").glob("*.ipynb") if "coursekit" in path.read_text("utf-8"))
SECTIONS = [
    "Remember", "Why", "The idea", "Build it", "Use it", "Look inside", "Measure it", "Where it breaks",
    "On real data", "Check yourself", "Further reading",
]  # fmt: skip
MOST_LINES = 15  # of code in a cell, blank ones not counted
RESULT = "application/vnd.coursekit.result+json"
Notebook = dict[str, Any]


def text(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def tags(cell: dict[str, Any]) -> list[str]:
    return cell["metadata"].get("tags", [])


def slide(cell: dict[str, Any]) -> str:
    return cell["metadata"].get("slideshow", {}).get("slide_type", "")


def code(notebook: Notebook) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def prose(notebook: Notebook) -> str:
    return "\n".join(text(cell) for cell in notebook["cells"] if cell["cell_type"] == "markdown")


def sections(notebook: Notebook) -> list[str]:
    """The sections are there, in order."""
    heads = [
        h for c in notebook["cells"] if c["cell_type"] == "markdown" for h in re.findall(r"^## (.+)$", text(c), re.M)
    ]
    found = [next((s for s in SECTIONS if h.startswith(s)), h) for h in heads]
    found = [s for i, s in enumerate(found) if s not in found[:i]]  # a section may go on under a second heading
    return [] if found == SECTIONS else [f"the sections are {found}"]


def sizes(notebook: Notebook) -> list[str]:
    """25 to 40 cells; short code cells."""
    count = len(notebook["cells"])
    bad = [] if 25 <= count <= 40 else [f"it has {count} cells"]
    for cell in code(notebook):
        lines = sum(bool(line.strip()) for line in text(cell).split("\n"))
        if lines > MOST_LINES and "bootstrap" not in tags(cell):
            bad.append(f"a code cell has {lines} lines: {text(cell)[:40]!r}")
        if any(len(line) > 100 for line in text(cell).split("\n")) and "bootstrap" not in tags(cell):
            bad.append(f"a code line is wider than 100: {text(cell)[:40]!r}")
    return bad


def executed(notebook: Notebook) -> list[str]:
    """Every code cell has been run, but those that are only shown."""
    counts = [cell["execution_count"] for cell in code(notebook) if "skip-execution" not in tags(cell)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"the execution counts are {counts}"]


def slides(notebook: Notebook) -> list[str]:
    """Each cell has its place in the lecture; each slide its minutes, and together those that the first cell states."""
    bad, minutes = [], 0
    for cell in notebook["cells"]:
        if slide(cell) not in ("slide", "subslide", "fragment", "skip", "notes", "-"):
            bad.append(f"no slide type: {text(cell)[:40]!r}")
        if not {"core", "extra"} & set(tags(cell)):
            bad.append(f"neither core nor extra: {text(cell)[:40]!r}")
        if slide(cell) in ("slide", "subslide"):
            if not cell["metadata"].get("minutes"):
                bad.append(f"a slide without minutes: {text(cell)[:40]!r}")
            minutes += cell["metadata"].get("minutes", 0)
    stated = re.search(r"(\d+) as a lecture", text(notebook["cells"][0]))
    if not stated or int(stated[1]) != minutes:
        bad.append(f"the slides take {minutes} minutes, which the first cell does not say")
    return bad


def pictures(notebook: Notebook) -> list[str]:
    """Each picture has words for those who cannot see it."""
    outputs = [output for cell in code(notebook) for output in cell["outputs"] if "image/png" in output.get("data", {})]
    bad = [] if outputs else ["it has no picture"]
    return bad + ["a picture has no alt text" for o in outputs if not o["metadata"].get("image/png", {}).get("alt")]


def links(notebook: Notebook) -> list[str]:
    """Each link inside the course leads to a file."""
    targets = re.findall(
        r"\]\(([^)#\s]+)\)", "\n".join(text(c) for c in notebook["cells"] if c["cell_type"] == "markdown")
    )
    return [f"no file {t}" for t in targets if "://" not in t and not (ROOT / "notebooks" / t).exists()]


def results(notebook: Notebook) -> list[str]:
    """Each result says what it was measured on; each prediction is asked for before its result."""
    bad, asked = [], set()
    for cell in code(notebook):
        asked |= set(re.findall(r'predict\("(\w+)"', text(cell)))
        if "result(" in text(cell) and not {"toy", "world", "real"} & set(tags(cell)):
            bad.append(f"a result without toy, world or real: {text(cell)[:40]!r}")
        for output in cell["outputs"]:
            asked -= set(output.get("data", {}).get(RESULT, {}).get("values", {}))
    return bad + [f"nothing answers the prediction {name}" for name in sorted(asked)]


def said(output: dict[str, Any]) -> str:
    """The text of an output and its results; pictures left out."""
    data = {kind: value for kind, value in output.get("data", {}).items() if "image" not in kind}
    return json.dumps([output.get("text", ""), data])


def numbers(notebook: Notebook) -> list[str]:
    """Each decimal number in the prose is one that the notebook measured or computed, rounded."""
    shown = "\n".join(text(cell) + "".join(map(said, cell["outputs"])) for cell in code(notebook))
    measured = [abs(float(x)) for x in re.findall(r"\d+\.\d+(?:e-?\d+)?", shown)]
    bad = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" or "quiz" in tags(cell):
            continue
        words = re.sub(r"\$.*?\$|`.*?`|<details>.*?</details>", "", text(cell), flags=re.S)
        for number in re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", words):
            digits = len(number.split(".")[1])
            if not any(round(m, digits) == float(number) or round(100 * m, digits) == float(number) for m in measured):
                bad.append(f"the prose says {number}, which nothing measured: {text(cell)[:40]!r}")
    return bad


def finished(notebook: Notebook) -> list[str]:
    """Nothing is left open."""
    return [f"left open: {text(c)[:40]!r}" for c in notebook["cells"] if re.search(r"TODO|NOTES|NUMBERS|XXX", text(c))]


CHECKS = [sections, sizes, executed, slides, pictures, links, results, numbers, finished]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_shape(path: Path, check: Callable[[Notebook], list[str]]) -> None:
    assert check(json.loads(path.read_text("utf-8"))) == []


def first(notebook: Notebook, wanted: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    return next(cell for cell in notebook["cells"] if wanted(cell))


def picture(cell: dict[str, Any]) -> dict[str, Any]:
    return next(output for output in cell.get("outputs", []) if "image/png" in output.get("data", {}))


def shows_picture(cell: dict[str, Any]) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


BREAKS: dict[Callable[[Notebook], list[str]], Callable[[Notebook], Any]] = {
    sections: lambda nb: nb["cells"].remove(first(nb, lambda c: text(c).startswith("## Why"))),
    sizes: lambda nb: first(nb, lambda c: c["cell_type"] == "code" and "bootstrap" not in tags(c)).update(
        source="x\n" * 16
    ),
    executed: lambda nb: code(nb)[3].update(execution_count=None),
    slides: lambda nb: first(nb, lambda c: slide(c) == "slide")["metadata"].pop("minutes"),
    pictures: lambda nb: picture(first(nb, shows_picture))["metadata"]["image/png"].update(alt=""),
    links: lambda nb: nb["cells"][0].update(source="[x](nowhere.md)"),
    results: lambda nb: code(nb)[3].update(source='predict("nothing")'),
    numbers: lambda nb: nb["cells"][0].update(source="We measured 123.456 nats."),
    finished: lambda nb: nb["cells"][0].update(source="TODO"),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_broken_notebook_is_noticed(check: Callable[[Notebook], list[str]]) -> None:
    notebook = copy.deepcopy(json.loads(NOTEBOOKS[0].read_text("utf-8")))
    BREAKS[check](notebook)
    assert check(notebook) != []
