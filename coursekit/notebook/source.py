"""From a py:percent source to the cells of its notebook, outputs still to come.

What a source may say about its cells, beside slide types and tags of the author's own:
- tags=["bootstrap"]: the place of the generated first code cell;
- tags=["quiz"], Markdown, text "quiz: q1 q2": those questions of notebooks/quiz/NN_topic.yaml;
- tags=["unstored"]: runs, and keeps no output (times, text that differs between Python versions);
- tags=["skip-execution"]: shown, never run (what needs a network); tags=["raises-exception"]: its error is the point;
- a leading comment "# alt: ...", over several lines if need be: what the cell's picture shows, for who cannot see it.
"""

import collections
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from coursekit.errors import CourseError
from coursekit.notebook import quiz
from coursekit.notebook.bootstrap import bootstrap
from coursekit.notebook.places import chapter_of, repository

NO_ALT = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")[^>]*>", re.IGNORECASE)


def render(source: Path, root: Path) -> Any:
    """The notebook of a source without outputs; the same text gives the same notebook.

    Raises CourseError for a first code cell that is no bootstrap and for a picture without alternative text.
    """
    import jupytext
    import nbformat

    chapter = chapter_of(source)
    read = jupytext.read(source, fmt="py:percent")
    cells = [_cell(cell, root, chapter) for cell in read.cells]
    cells = [cell for cell in cells if cell.source.strip()]  # a blank first line is a cell to jupytext
    _check(cells, source)
    for cell, name in zip(cells, _ids(cells), strict=True):
        cell["id"] = name
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "coursekit": {"chapter": chapter, "part": source.stem, "exercises": exercises_hash(root, chapter)},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)


def exercises_hash(root: Path, chapter: str) -> str:
    """Which exercise set the notebook was written for: the digest in its public check data, "" without any."""
    data = root / "coursekit" / "check" / "data" / f"{chapter}.json"
    return str(json.loads(data.read_text(encoding="utf-8"))["digest"]) if data.is_file() else ""


def _cell(cell: Any, root: Path, chapter: str) -> Any:
    import nbformat

    # lines_to_next_cell is jupytext's own note about blank lines in the source
    metadata = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
    text, tags = cell.source, metadata.get("tags", [])
    if cell.cell_type == "markdown":
        if "quiz" in tags:
            text = _quiz(text, root / "notebooks" / "quiz" / f"{chapter}.yaml")
        return nbformat.v4.new_markdown_cell(text, metadata=metadata)
    if "bootstrap" in tags:
        text = bootstrap(repository(root))
    text, alt = split_alt(text)
    if alt:  # as nbconvert's classic template reads it, and as myst-nb does
        metadata |= {"alt": alt, "mystnb": {"image": {"alt": alt}}}
    return nbformat.v4.new_code_cell(text, metadata=metadata)


def _quiz(text: str, path: Path) -> str:
    match = re.fullmatch(r"((?:#.*\n+)?)quiz:((?:\s+\S+)+)\s*", text.strip())  # a heading may stand above
    if not match:
        raise CourseError(f'A cell tagged quiz must read like "quiz: q1 q2", not {text.strip()!r}')
    return match[1] + quiz.markdown(quiz.read(path), match[2].split())


def split_alt(text: str) -> tuple[str, str]:
    """A cell's code without its leading "# alt: ..." comment (which may run over lines), and that comment's text."""
    lines = text.split("\n")
    if not lines[0].startswith("# alt:"):
        return text, ""
    end = next((i for i, line in enumerate(lines) if not line.startswith("# ")), len(lines))
    alt = " ".join(line.removeprefix("# ").strip() for line in lines[:end])
    return "\n".join(lines[end:]).strip("\n"), alt.removeprefix("alt:").strip()


def _check(cells: list[Any], source: Path) -> None:
    code = [cell for cell in cells if cell.cell_type == "code"]
    if not code or "bootstrap" not in code[0].metadata.get("tags", []):
        raise CourseError(f"The first code cell of {source.name} must be tagged bootstrap")
    for cell in cells:
        if cell.cell_type == "markdown" and (match := NO_ALT.search(cell.source)):
            raise CourseError(f"A picture in {source.name} has no alternative text: {match[0]}")


def _ids(cells: list[Any]) -> list[str]:
    """A cell's id is a hash of its text, so that an edit changes one id; equal cells are numbered."""
    seen: collections.Counter[str] = collections.Counter()
    ids = []
    for cell in cells:
        digest = hashlib.sha256((cell.cell_type + cell.source).encode()).hexdigest()[:8]
        ids.append(digest + (f"-{seen[digest]}" if seen[digest] else ""))
        seen[digest] += 1
    return ids
