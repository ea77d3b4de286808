"""Is an answer right; if not, which property is broken, and is the mistake a known one?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coursekit.check.compare import PROPERTIES, Difference, difference, short
from coursekit.check.kinds import Misfit, outcomes
from coursekit.check.question import Case, Outcome, Question, Token


@dataclass(frozen=True)
class Verdict:
    """What became of one answer: points, one clear message, and the hint if the mistake is a known one."""

    question: str
    title: str
    passed: bool
    points: int
    possible: int
    what: str
    message: str
    hint: str = ""
    section: str = ""

    def __str__(self) -> str:
        return f"{self.title}: {self.message}"


def examine(question: Question, answer: Any, given: Callable | None = None) -> Verdict:
    """The verdict on an answer. Nothing that the answer does comes out as an exception, but KeyboardInterrupt."""
    if answer is None or answer is Ellipsis:
        return _verdict(question, "unanswered", "not answered yet: replace the ... in its cell and run the cell again.")
    try:
        results = outcomes(question, answer, given)
    except Misfit as misfit:
        return _verdict(question, "kind", f"not yet: {misfit}.")
    try:
        what, message = failure(question, results)
        hint = diagnose(question, results) if what else None
    except Exception as error:  # an answer may return an object whose own methods fail
        return _verdict(question, "type", f"not yet: its result cannot be compared ({type(error).__name__}).")
    if not what:
        return _verdict(question, "", f"passed, {question.points} of {question.points} points.")
    return _verdict(question, what, message, hint=hint or "")


def _verdict(question: Question, what: str, message: str, hint: str = "") -> Verdict:
    points = 0 if what else question.points
    title = f"{question.name} ({question.title})"
    return Verdict(question.name, title, not what, points, question.points, what, message, hint, question.section)


def failure(question: Question, results: list[Outcome]) -> tuple[str, str]:
    """(property, sentence) of the first broken one; ("", "") if every outcome is as expected."""
    cases = question.cases or [Case()]
    for case, got, want in zip(cases, results, question.expected, strict=False):
        broken = _broken(question, case, got, want)
        if broken:
            note = f"\nYour answer printed: {short(got.printed, 200)}" if got.printed else ""
            return broken[0], f"not yet: {broken[1]}.{note}"
    if len(results) < len(question.expected):
        return "time", f"not yet: it took more than {question.seconds:g} s."
    return "", ""


def _broken(question: Question, case: Case, got: Outcome, want: Outcome) -> tuple[str, str] | None:
    call = _call(question, case)
    if got.raised == "TimeUp":
        return "time", f"{call} took more than {question.seconds:g} s: is there a loop that never ends"
    if got.raised and got.raised != want.raised:
        where = f" in line {got.line} of its cell" if got.line else ""
        return "raises", f"{call} raised {got.raised}{where} ({got.message or 'no message'})"
    if isinstance(want.value, Token):
        return None if agree(question, got, want) else ("value", "this is not the right answer")
    if question.kind == "counterexample":
        return None if agree(question, got, want) else ("value", f"{question.given} says of it: {short(got.value)}")
    if got.value is None and want.value is not None:
        return "type", f"{call} returned None: is a return missing"
    if got.value is Ellipsis:
        return "unanswered", f"{call} still returns ...: replace each ... in its cell"
    differs = _difference(question, case, got, want)
    if differs:
        return differs.what, f"{call}: {differs.text}"
    if question.keep_input and got.changed:
        return "input", f"{call} changed the input that it was given: work on a copy"
    return None


def _difference(question: Question, case: Case, got: Outcome, want: Outcome) -> Difference | None:
    if question.kind == "class":
        return _steps(question, case, got.value, want.value)
    differs = difference(got.value, want.value, question.rtol, question.atol)
    if differs and differs.what in ("value", "keys"):
        for name in question.properties:
            holds, rule = PROPERTIES[name]
            if not holds(got.value):
                return Difference(name, f"the result is {short(got.value, 200)}, but {rule}")
    return differs


def _steps(question: Question, case: Case, got: list, want: list) -> Difference | None:
    """The first call of a script whose result differs; where the reference returns None anything may be returned."""
    for (method, *args), have, need in zip(case.calls, got, want, strict=True):
        if need is None:
            continue
        differs = difference(have, need, question.rtol, question.atol)
        if have is None or have is Ellipsis:
            differs = Difference("type", f"it returned {'None' if have is None else '...'}: is a return missing")
        if differs:
            return Difference(differs.what, f"then .{method}({', '.join(map(short, args))}): {differs.text}")
    return None


def _call(question: Question, case: Case) -> str:
    if question.kind == "counterexample":
        return f"{question.given} on your example"
    name = question.answer if question.kind != "order" else "the function of your lines"
    call = f"{name}({', '.join(map(short, case.args))})"
    if question.kind == "class" and case.calls and case.calls[0][0] == "fit":
        call += f".fit({', '.join(map(short, case.calls[0][1:]))})"
    return f"{call} [{case.about}]" if case.about else call


def agree(question: Question, got: Outcome, want: Outcome) -> bool:
    """The same outcome: the same exception, or values within the question's tolerance."""
    if got.raised or want.raised:
        return got.raised == want.raised
    if isinstance(want.value, Token):
        return isinstance(got.value, Token) and want.value.digests <= got.value.digests
    if got.value is None or want.value is None:
        return got.value is want.value
    return difference(got.value, want.value, question.rtol, question.atol) is None


def diagnose(question: Question, results: list[Outcome]) -> str | None:
    """The hint of the one known mistake that gives the same outcomes on every case; None if none or several do."""
    found = [
        hint
        for hint, stored in question.bank
        if len(stored) == len(results) and all(agree(question, g, w) for g, w in zip(results, stored, strict=True))
    ]
    return found[0] if len(found) == 1 else None
