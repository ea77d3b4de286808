"""`coursekit build` for exercises: from the one master the student's notebook, the worked one and the check data."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from coursekit.check.compare import difference
from coursekit.check.master import LIMIT, Cell, Master, chapters, stub, worked
from coursekit.check.question import Question
from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.notebook.bootstrap import bootstrap
from coursekit.notebook.places import checkout, repository

_SETUP = """\
from coursekit.check import chapter

check = chapter("{name}")"""


def build_exercises(
    names: str | list[str] | None = None,
    check: bool = False,
    root: Path | None = None,
    report: Callable[[str], None] = print,
) -> int:
    """Build the exercises of the named chapters or parts ("01", "01a"), all without names; returns 0.

    A chapter without a master has none. With `check` nothing is written, and 1 is returned if a file is not the
    committed one. Raises CourseError for a master that breaks the format.
    """
    root = root or checkout()
    names = [names] if isinstance(names, str) else names
    known = chapters(root / "solutions")
    apart = 0
    for name in [k for k in known if not names or any(k == n or k[:3] == f"{n[:2]}_" for n in names)]:
        master = Master(name, root / "solutions")
        for path, text in _texts(master, root):
            same = _same(path, text)
            apart += check and not same
            if not check and not same:
                _write(path, text)
            report(f"{path.relative_to(root)}: {_state(same, check)}")
    return min(apart, 1)


def _same(path: Path, text: str) -> bool:
    """The same file but for the last bits of its numbers, which another processor may round otherwise."""
    try:
        old = path.read_text(encoding="utf-8")
        return old == text or difference(json.loads(old), json.loads(text), rtol=1e-9) is None
    except (OSError, ValueError):
        return False


def _state(same: bool, check: bool) -> str:
    return "unchanged" if same else "apart from its master" if check else "written"


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}).") from error


def _texts(master: Master, root: Path) -> Iterator[tuple[Path, str]]:
    """The three files and their contents, one after the other: the worked notebook checks itself by the data."""
    yield root / "coursekit" / "check" / "data" / f"{master.name}.json", check_data(master)
    yield root / "exercises" / f"{master.name}.ipynb", _dump(student(master, root))
    path = root / "solutions" / f"{master.name}.ipynb"
    yield path, _dump(run(solution(master, root), path.parent, path.name))


def check_data(master: Master) -> str:
    """The public check data as text. A dict keeps the order of its keys, on which an answer may depend.

    Raises CourseError beyond their limit.
    """
    text = json.dumps(master.public(), ensure_ascii=False, separators=(",", ":")) + "\n"
    if len(text.encode()) > LIMIT:
        raise CourseError(f"The check data of {master.name} are {len(text.encode())} bytes: make its cases smaller.")
    return text


def student(master: Master, root: Path) -> Any:
    """The notebook that students get: prose, stubs, and a check in each answer's cell."""
    return _notebook(master, root, stub, "exercises")


def solution(master: Master, root: Path) -> Any:
    """The worked notebook: reference answers, and under each the mistakes that the checker knows."""
    return _notebook(master, root, worked, "solutions")


def run(notebook: Any, folder: Path, name: str) -> Any:
    """Execute a worked notebook. Raises CourseError unless each of its checks passes."""
    from coursekit.notebook.build import execute

    execute(notebook, folder, name)
    for cell in notebook.cells:
        if "question" in cell.metadata.get("coursekit", {}) and cell.cell_type == "code":
            said = "".join(output.get("text", "") for output in cell.outputs)
            if ": passed" not in said:
                raise CourseError(f"The worked answer to {cell.metadata.coursekit.question} does not pass: {said}")
    return notebook


def _notebook(master: Master, root: Path, view: Callable[[str], str], role: str) -> Any:
    import nbformat

    cells = []
    for cell in master.cells:
        cells += _rendered(master, cell, view)
        if len(cells) == 1:  # after the title, before anything that needs the course
            cells += [("bootstrap", "code", bootstrap(repository(root)), {})]
            cells += [("setup", "code", _SETUP.format(name=master.name), {})]
    new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell}
    made = [new[kind](text, id=name, metadata=meta) for name, kind, text, meta in _numbered(cells)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "coursekit": {"chapter": master.name, "role": role, "exercises": master.digest()},
    }
    return nbformat.v4.new_notebook(cells=made, metadata=metadata, nbformat_minor=5)


Part = tuple[str, str, str, dict[str, Any]]  # id, kind, text, metadata


def _rendered(master: Master, cell: Cell, view: Callable[[str], str]) -> list[Part]:
    """The cells that one cell of the master becomes."""
    meta = cell.meta
    if "ask" in meta:
        return [(meta["ask"], "markdown", _prose(master.questions[meta["ask"]], cell.source), {})]
    if "answer" in meta:
        question = master.questions[meta["answer"]]
        given = f", {question.given}" if question.given else ""
        text = f'{view(cell.source).strip()}\n\n\ncheck("{question.name}", {question.answer}{given})'
        text = text if "def " in text or "class " in text else text.replace("\n\n\ncheck", "\n\ncheck")
        parts: list[Part] = [(f"{question.name}-answer", "code", text, {"coursekit": {"question": question.name}})]
        return parts + (_mistakes(master, question) if view is worked else [])
    if "lines" in meta:
        return []  # shown in the question's prose
    return [(f"{meta['given']}-given" if "given" in meta else "text", cell.kind, cell.source, {})]


def _prose(question: Question, source: str) -> str:
    title, _, rest = source.partition("\n")
    facts = [
        question.kind if question.kind != "order" else "order the lines",
        f"{question.points} point{'s' * (question.points > 1)}",
        f"about {question.minutes} minutes",
        f"difficulty {question.difficulty} of 5",
        f"explained in {question.section}",
    ]
    listing = "".join(f"\n{letter} | {line}" for letter, line in question.lines.items())
    listing = f"\n\n```text{listing}\n```" if listing else ""
    return f"## {question.name} · {title.lstrip('# ')}\n*{' · '.join(facts)}*\n\n{rest.strip()}{listing}"


def _mistakes(master: Master, question: Question) -> list[Part]:
    hints = "\n".join(f"- {hint}" for hint, _, _ in master.writings(question.name)[1])
    program = "\n".join(question.lines[letter] for letter in master.reference(question.name)) if question.lines else ""
    shown = f"The lines in order:\n\n```python\n{program}\n```\n\n" if program else ""
    return [
        (
            f"{question.name}-mistakes",
            "markdown",
            f"{shown}Mistakes that the check knows, by their hints:\n\n{hints}",
            {},
        )
    ]


def _numbered(parts: list[Part]) -> list[Part]:
    """Ids that occur more than once get a number."""
    seen: dict[str, int] = {}
    out = []
    for name, kind, text, meta in parts:
        seen[name] = seen.get(name, 0) + 1
        out.append((name if seen[name] == 1 else f"{name}-{seen[name]}", kind, text, meta))
    return out


def _dump(notebook: Any) -> str:
    import nbformat

    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"
