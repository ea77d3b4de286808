"""Is an answer right; if not, which property is broken, and is the mistake a known one?"""

import dis
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from coursekit.check.compare import PROPERTIES, Difference, difference, short
from coursekit.check.kinds import Misfit, outcomes
from coursekit.check.limits import time_limit
from coursekit.check.question import Case, Outcome, Question, Token

_DOTS = "a ... still stands in its cell: replace it and run the cell again"


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
        return self.message


def examine(question: Question, answer: Any, given: Callable | None = None) -> Verdict:
    """The verdict on an answer. Nothing that the answer does comes out as an exception, but KeyboardInterrupt."""
    try:
        if untouched(answer):
            text = "not answered yet: replace the ... in its cell and run the cell again."
            return _verdict(question, "unanswered", text)
        results = outcomes(question, answer, given)
        with time_limit(question.seconds):
            what, message = failure(question, results)
            hint = diagnose(question, results) if what else None
    except Misfit as misfit:
        return _verdict(question, "kind", f"not yet: {misfit}.")
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer may return an object whose own methods fail, exit or never end
        return _verdict(question, "type", f"not yet: its result cannot be compared ({type(error).__name__}).")
    if not what:
        return _verdict(question, "", f"passed, {question.points} of {question.points} points.")
    return _verdict(question, what, message, hint=hint or "")


def untouched(answer: Any) -> bool:
    """Is it still the stub: `...`, a function whose body is no more than `...`, a class without methods?"""
    if answer is None or answer is Ellipsis:
        return True
    if inspect.isclass(answer):
        return answer.__bases__ == (object,) and not any(callable(v) for v in vars(answer).values())
    if not inspect.isfunction(answer):
        return False
    steps, constants = dis.get_instructions(answer), set(answer.__code__.co_consts)
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}  # returns a constant
    return constants <= {answer.__doc__, None, ...} and all(step.opname in idle for step in steps)


def _verdict(question: Question, what: str, message: str, hint: str = "") -> Verdict:
    points = 0 if what else question.points
    title = f"{question.name} ({question.title})"
    return Verdict(question.name, title, not what, points, question.points, what, message, hint, question.section)


def failure(question: Question, results: list[Outcome]) -> tuple[str, str]:
    """(property, message) of the first broken one; ("", "") if every outcome is as expected."""
    cases = question.cases or [Case()]
    for case, got, want in zip(cases, results, question.expected, strict=False):
        broken = _broken(question, case, got, want)
        if broken and broken.what == "unanswered":
            return broken.what, f"not answered yet: {broken.text}."
        if broken:
            where = f"\n  in {_call(question, case)}" if question.cases else ""
            note = f"\n  Your answer printed: {short(got.printed, 200)}" if got.printed else ""
            return broken.what, f"not yet: {broken.text}{'' if broken.text.endswith('?') else '.'}{where}{note}"
    if len(results) < len(question.expected):
        return "time", f"not yet: it took more than {question.seconds:g} s."
    return "", ""


def _broken(question: Question, case: Case, got: Outcome, want: Outcome) -> Difference | None:
    if got.raised:
        return _raised(question, got) if got.raised != want.raised else None
    if isinstance(want.value, Token):
        return None if agree(question, got, want) else Difference("value", "this is not the right answer")
    if question.kind == "counterexample":
        agreed = agree(question, got, want)
        return None if agreed else Difference("value", f"{question.given} says of it: {short(got.value)}")
    if got.value is Ellipsis:
        return Difference("unanswered", _DOTS)
    if got.value is None and want.value is not None:
        return Difference("type", "it returned None: is a return missing?")
    differs = _difference(question, case, got, want)
    if not differs and question.keep_input and got.changed:
        return Difference("input", "it changed the input that it was given: work on a copy")
    return differs


def _raised(question: Question, got: Outcome) -> Difference:
    if got.raised == "TimeUp":
        return Difference("time", f"it took more than {question.seconds:g} s: is there a loop that never ends?")
    if "ellipsis" in got.message:
        return Difference("unanswered", _DOTS)
    where = f" in line {got.line} of its cell" if got.line and question.kind in ("function", "class") else ""
    who = f"{question.given}, given your example," if question.kind == "counterexample" else "it"
    return Difference("raises", f"{who} raised {got.raised}{where} ({got.message or 'no message'})")


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
        if have is None:
            differs = Difference("type", "it returned None: is a return missing?")
        if have is Ellipsis:
            differs = Difference("unanswered", _DOTS)
        if differs:
            return Difference(differs.what, f"after .{method}({', '.join(map(short, args))}), {differs.text}")
    return None


def _call(question: Question, case: Case) -> str:
    name = question.answer if question.kind != "order" else "the function of your lines, called with "
    call = f"{name}({', '.join(map(short, case.args))})"
    if case.calls and case.calls[0][0] == "fit":
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
