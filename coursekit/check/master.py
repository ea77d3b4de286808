"""The one master of a chapter's exercises: `solutions/NN_topic/{exercise.py, cases.py, wrong.py}`.

exercise.py is py:percent text. A Markdown cell `ask="q4" kind="function" points=2 minutes=6 difficulty=2
see="01a, Build it" uses=["numpy"]` opens a question: kind is function if left out, `see` names the notebook's part and
section that explains it, `uses` what an answer may import beside the standard library. The code cell `answer="q4"`
after it holds the reference. What students must not see stands between `### BEGIN SOLUTION` and `### END SOLUTION`, or
on a line that ends in `### SOLUTION`: they see `...` instead.
A cell `given="q6"` holds the functions that a counterexample is judged by; a cell `lines="q1"` the program of an order
question, after `### DISTRACTORS`, commented out, the lines that do not belong to it (the answer follows from that).
cases.py has one generator a question, `def q4(random)`, which yields argument tuples or `script(...)`s, and SETTINGS.
wrong.py has RIGHT and WRONG: other correct writings, and (hint, one writing, another writing) of each mistake.
"""

import hashlib
import importlib.util
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from coursekit.check.kinds import outcomes, wanted_token
from coursekit.check.question import KINDS, Case, Outcome, Question
from coursekit.check.selfcheck import FORMAT, find
from coursekit.check.skeleton import skeleton as skeleton
from coursekit.errors import CourseError

SOLUTIONS = Path(__file__).parents[2] / "solutions"
BEGIN, END, MARK, DISTRACTORS = "### BEGIN SOLUTION", "### END SOLUTION", "### SOLUTION", "### DISTRACTORS"
LIMIT = 100_000  # bytes of public check data a chapter


def case(*args: Any, about: str = "") -> Case:
    """The arguments of one call, with a few words about what is special in it."""
    return Case(args, about=about)


def script(*args: Any, calls: list[tuple], about: str = "") -> Case:
    """A class: the constructor's arguments, then the calls (method, argument, ...)."""
    return Case(args, tuple(calls), about)


def chapters(folder: Path | None = None) -> list[str]:
    """The chapters that have a master."""
    return sorted(p.parent.name for p in (folder or SOLUTIONS).glob("*/exercise.py"))


@dataclass
class Cell:
    kind: str  # "markdown" or "code"
    source: str
    meta: dict[str, Any] = field(default_factory=dict)


class Master:
    """A chapter's master, read from its folder. Raises CourseError that names the mistake in it."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        folder = folder or SOLUTIONS
        self.name = find(name, chapters(folder))
        self.folder = folder / self.name
        self.cells = _cells(self.folder / "exercise.py")
        self.cases, self.bank = self._module("cases"), self._module("wrong")
        for cell in self._of("lines"):  # their order is known: nobody writes its letters by hand
            name = cell.meta["lines"]
            text = f'{name} = "{_order(name, _shuffled(cell.source, name), cell.source.split(DISTRACTORS)[0])}"  {MARK}'
            self.cells.insert(self.cells.index(cell) + 1, Cell("code", text, {"answer": name}))
        self.questions = {q.name: q for q in map(self._question, self._of("ask"))}

    def _of(self, key: str) -> list[Cell]:
        return [c for c in self.cells if key in c.meta]

    def cell(self, key: str, question: str) -> Cell:
        found = [c for c in self._of(key) if c.meta[key] == question]
        if len(found) != 1:
            raise CourseError(f'{self.name}: {question} needs exactly one cell {key}="{question}", found {len(found)}.')
        return found[0]

    def _module(self, stem: str) -> ModuleType:
        path = self.folder / f"{stem}.py"
        spec = importlib.util.spec_from_file_location(f"_master_{self.name}_{stem}", path)
        if spec is None or spec.loader is None or not path.exists():
            raise CourseError(f"{self.name}: {path.name} is missing in {self.folder}.")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def _question(self, cell: Cell) -> Question:
        meta = {"kind": "function", "uses": [], **cell.meta}
        name, section = meta.pop("ask"), meta.pop("see", "")
        answer = _last_name(worked(self.cell("answer", name).source))
        lines = _shuffled(self.cell("lines", name).source, name) if meta["kind"] == "order" else {}
        given = _last_name(self.cell("given", name).source) if meta["kind"] == "counterexample" else ""
        settings = getattr(self.cases, "SETTINGS", {}).get(name, {})
        title = next((line.lstrip("# ") for line in cell.source.splitlines() if line.startswith("#")), "")
        try:
            question = Question(
                name=name, title=title, section=section, answer=answer, lines=lines, given=given, **meta, **settings
            )
        except TypeError as error:
            raise CourseError(f"{self.name}: the cell or the SETTINGS of {name} are wrong: {error}.") from None
        if question.kind not in KINDS or not title or not section:
            raise CourseError(f"{self.name}: {name} needs a title line, see=... and a kind out of {', '.join(KINDS)}.")
        return question

    @cached_property
    def namespace(self) -> dict[str, Any]:
        """The names that the worked master defines: the reference answers and what is given."""
        names: dict[str, Any] = {"__name__": f"_master_{self.name}"}
        for cell in self.cells:
            if cell.kind == "code" and "lines" not in cell.meta:
                exec(compile(worked(cell.source), f"{self.name}/exercise.py", "exec"), names)
        return names

    def reference(self, question: str) -> Any:
        return self.namespace[self.questions[question].answer]

    def given(self, question: str) -> Callable | None:
        return self.namespace.get(self.questions[question].given)

    def writings(self, question: str) -> tuple[list[Any], list[tuple[str, Any, Any]]]:
        """(other right answers, [(hint, one writing, another)]); programs of an order question become letters."""
        right = getattr(self.bank, "RIGHT", {}).get(question, [])
        wrong = getattr(self.bank, "WRONG", {}).get(question, [])
        if self.questions[question].kind != "order":
            return right, wrong
        lines = self.questions[question].lines
        letters = {p: _order(question, lines, p) for p in [*right, *(p for _, *pair in wrong for p in pair)]}
        return [letters[r] for r in right], [(hint, letters[a], letters[b]) for hint, a, b in wrong]

    def at(self, question: str, seed: int) -> Question:
        """The question with the cases of a seed, the reference's outcomes on them and those of the bank."""
        asked = self.questions[question]
        if hasattr(self.cases, question):
            made = getattr(self.cases, question)(random.Random(f"{self.name}/{question}/{seed}"))
            asked = replace(asked, cases=[c if isinstance(c, Case) else Case(tuple(c)) for c in made])
        elif asked.kind in ("function", "class", "order"):
            raise CourseError(f"{self.name}: cases.py has no generator {question}.")
        asked = replace(asked, expected=self.store(asked, self.reference(question)))
        bank = [(hint, self.store(asked, first)) for hint, first, _ in self.writings(question)[1]]
        return replace(asked, bank=bank)

    def store(self, question: Question, answer: Any) -> list[Outcome]:
        if question.kind in ("choice", "number"):
            return [Outcome(wanted_token(question, answer))]
        return outcomes(question, answer, self.given(question.name))

    def digest(self) -> str:
        """A short hash of the three files: the exercise set that a notebook or check data were built from."""
        text = "".join((self.folder / f"{n}.py").read_text(encoding="utf-8") for n in ("exercise", "cases", "wrong"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def public(self) -> dict[str, Any]:
        """The public check data: values only."""
        questions = {name: self.at(name, 0).to_json() for name in self.questions}
        return {"format": FORMAT, "chapter": self.name, "digest": self.digest(), "questions": questions}


def _cells(path: Path) -> list[Cell]:
    import jupytext

    notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="py:percent")
    cells = []
    for cell in notebook.cells:
        # not the author's: jupytext's note about blank lines, and the linter's remarks
        meta = {k: v for k, v in cell.metadata.items() if k != "lines_to_next_cell"}
        cells.append(Cell(cell.cell_type, re.sub(r"  # noqa.*$", "", cell.source, flags=re.MULTILINE), meta))
    return cells


def _last_name(source: str) -> str:
    """The last name that a cell binds at its top level."""
    names = re.findall(r"^(?:def |class )?([A-Za-z_]\w*)\s*(?=[(:=])(?!==)", source, re.MULTILINE)
    if not names:
        raise CourseError(f"A cell binds no name: {source[:60]!r}.")
    return names[-1]


def _shuffled(source: str, name: str) -> dict[str, str]:
    """The lines of an order question under letters, in an order that depends on nothing but them."""
    program, _, others = source.partition(DISTRACTORS)
    lines = [*program.splitlines(), *(line.removeprefix("# ") for line in others.splitlines())]
    lines = [line for line in lines if line.strip()]
    random.Random(f"{name}{lines}").shuffle(lines)
    return dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", lines, strict=False))


def _order(question: str, lines: dict[str, str], program: str) -> str:
    """The letters of a program's lines."""
    names = {line: letter for letter, line in lines.items()}
    wanted = [line for line in program.splitlines() if line.strip()]
    unknown = [line for line in wanted if line not in names]
    if unknown:
        raise CourseError(f"{question} has no line {unknown[0].strip()!r} to put in order.")
    return "".join(names[line] for line in wanted)


def hidden_lines(source: str) -> list[str]:
    """The lines of a cell that no student may see."""
    inside, found = False, []
    for line in source.splitlines():
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside or line.rstrip().endswith(MARK):
            found.append(line.replace(MARK, "").rstrip())
    return found


def worked(source: str) -> str:
    """A cell with its solution, without the marks."""
    lines = [line for line in source.splitlines() if line.strip() not in (BEGIN, END)]
    return "\n".join(line.replace(MARK, "").rstrip() for line in lines)


def stub(source: str) -> str:
    """A cell as students get it: `...` in place of each solution."""
    out, inside = [], False
    for line in source.splitlines():
        if line.strip() == BEGIN:
            inside = True
            out.append(line.replace(BEGIN, "..."))
        elif line.strip() == END:
            inside = False
        elif line.rstrip().endswith(MARK):
            out.append(re.sub(r"^(\s*(?:return|[^=]+=))\s.*$", r"\1 ...", line))
        elif not inside:
            out.append(line)
    return "\n".join(out)
