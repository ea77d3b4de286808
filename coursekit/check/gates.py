"""The gates that every question must pass before a student sees it; run by `coursekit check NN --gates`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coursekit.check.diagnose import examine
from coursekit.check.master import LIMIT, Master, hidden_lines, stub
from coursekit.check.question import Question

SEEDS = 20
SLIPS = 1  # seeds on which a second writing may miss its hint


def gates(chapter: str, folder: Path | None = None, seeds: int = SEEDS) -> list[str]:
    """The problems of a chapter's questions, one sentence each; an empty list if all gates pass."""
    master = Master(chapter, folder)
    problems = [p for name in master.questions for p in question_gates(master, name, seeds)]
    return problems + list(secrecy(master))


def question_gates(master: Master, name: str, seeds: int = SEEDS) -> list[str]:
    """The problems of one question."""
    right, wrong = master.writings(name)
    problems = []
    if len(right) < 2:
        problems.append(f"{name}: RIGHT needs two other correct writings, it has {len(right)}.")
    if not wrong:
        problems.append(f"{name}: WRONG needs at least one mistake in two writings.")
    if len({hint for hint, _, _ in wrong}) < len(wrong):
        problems.append(f"{name}: two mistakes have the same hint.")
    asked = [stored(master.at(name, seed)) for seed in range(seeds)]
    problems += _right(master, asked, right) + _wrong(master, asked, wrong) + _stubs(master, asked)
    names = dict(master.namespace)
    exec(stub(master.cell("answer", name).source), names)
    verdict = examine(asked[0], names[asked[0].answer], master.given(name))
    if verdict.what not in ("unanswered", "type"):  # "type": its given lines run, and it returns None
        problems.append(f"{name}: what students are given is not taken for unanswered: {verdict.message}")
    return [" ".join(problem.split()) for problem in problems]


def stored(question: Question) -> Question:
    """As students meet it: out of the check data."""
    return Question.from_json(json.loads(json.dumps(question.to_json())))


def _right(master: Master, asked: list[Question], right: list[Any]) -> list[str]:
    name, given = asked[0].name, master.given(asked[0].name)
    problems = []
    for number, answer in enumerate([master.reference(name), *right]):
        verdicts = [examine(q, answer, given) for q in asked]
        bad = next(((s, v) for s, v in enumerate(verdicts) if not v.passed), None)
        if bad:
            who = f"correct writing {number}" if number else "the reference"
            problems.append(f"{name}: {who} fails on seed {bad[0]}: {bad[1].message}")
    return problems


def _wrong(master: Master, asked: list[Question], wrong: list[tuple[str, Any, Any]]) -> list[str]:
    name, given = asked[0].name, master.given(asked[0].name)
    problems = []
    for hint, *writings in wrong:
        for place, answer in zip(("first", "second"), writings, strict=True):
            verdicts = [examine(q, answer, given) for q in asked]
            passed = [s for s, v in enumerate(verdicts) if v.passed]
            other = {v.hint for v in verdicts if v.hint and v.hint != hint}
            missed = [s for s, v in enumerate(verdicts) if v.hint != hint]
            about = f"{name}: the {place} writing of {hint!r}"
            if passed:
                problems.append(f"{about} passes on seeds {passed}.")
            if other:
                problems.append(f"{about} gets the hint of another mistake: {other.pop()!r}.")
            if len(missed) > SLIPS or 0 in missed:  # seed 0 is the one that students meet
                problems.append(f"{about} misses its hint on seeds {missed}: two hints agree, or the writings differ.")
    return problems


def stubs(question: Question) -> Iterator[tuple[str, Any]]:
    """Answers that take no thought: (what it is, the answer)."""
    if question.kind == "function":
        yield "returns None", lambda *args: None
        yield "returns its input", lambda *args: args[0] if args else None
        values: list[Any] = [0, 0.0, 1.0, [], {}, ""]
        for value in values:
            yield f"returns {value!r}", lambda *args, value=value: value
        yield "returns zeros", lambda *args: [0.0] * len(args[0]) if args and hasattr(args[0], "__len__") else 0.0
    elif question.kind == "class":
        methods = {call[0] for case in question.cases for call in case.calls}
        for value in (None, 0.0, 1.0, ""):
            body = {m: lambda self, *args, value=value: value for m in methods}
            yield f"methods return {value!r}", type("Stub", (), {**body, "__init__": lambda self, *args: None})
    else:
        yield from (("the text ''", ""), ("the list []", []), ("the number 0", 0), ("the number 1", 1), ("{}", {}))
        yield "the lines as they stand", "".join(question.lines) or "?"
        yield "two empty lists", ([], [])


def _stubs(master: Master, asked: list[Question]) -> list[str]:
    name, given = asked[0].name, master.given(asked[0].name)
    problems = []
    for what, answer in [*stubs(asked[0]), ("None", None), ("...", ...)]:
        seeds = [s for s, q in enumerate(asked) if examine(q, answer, given).points]
        if seeds:
            problems.append(f"{name}: the answer that {what} earns points on seeds {seeds}.")
    return problems


def secrecy(master: Master, files: dict[str, str] | None = None) -> Iterator[str]:
    """No line of a solution in what students get: in these texts, or else in the notebook and the public data."""
    files = files or _given_away(master)
    for where, text in files.items():
        if where.endswith("data") and len(text.encode()) > LIMIT:
            yield f"The public check data are {len(text.encode())} bytes, more than {LIMIT}."
    for cell in master.cells:
        for line in hidden_lines(cell.source):
            for where, text in files.items():
                if _telling(line) and (line.strip() in text or json.dumps(line.strip())[1:-1] in text):
                    yield f"The solution's line {line.strip()!r} stands in {where}."


def _given_away(master: Master) -> dict[str, str]:
    visible = "\n".join(stub(cell.source) for cell in master.cells)
    data = json.dumps(master.public(), ensure_ascii=False)
    return {"the student's notebook": visible, "the public check data": data}


def _telling(line: str) -> bool:
    """Not every line gives something away: `else:` and `return total` do not."""
    text = line.strip()
    return len(text) >= 12 and not text.startswith(("#", '"""')) and any(c in text for c in "=+-*/([")
