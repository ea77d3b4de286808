"""How an answer of each kind becomes outcomes, one a case; and what is wrong with an answer before it is run."""

import contextlib
import copy
import inspect
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from coursekit.check.compare import as_number, difference, short
from coursekit.check.limits import Head, TimeUp, time_limit
from coursekit.check.question import Case, Outcome, Question, Token


class Misfit(Exception):
    """The answer is not of the kind that the question asks for; its text is one sentence."""


def outcomes(question: Question, answer: Any, given: Callable | None = None) -> list[Outcome]:
    """Run the answer on each case, with copies of the inputs, until one takes too long. Raises Misfit."""
    if question.kind == "choice":
        return [Outcome(_choice(question, answer))]
    if question.kind == "number":
        return [Outcome(_number(question, answer))]
    if question.kind == "counterexample":
        if given is None:
            raise Misfit(f"call it as check({question.name!r}, {question.answer}, {question.given})")
        return _run(question, [Case((answer,))], lambda case: given(*case.args))
    if question.kind == "class":
        if not inspect.isclass(answer):
            raise Misfit(f"this question wants the class {question.answer} itself, not {short(answer, 80)}")
        needed = {method for case in question.cases for method, *_ in case.calls}
        missing = sorted(method for method in needed if not hasattr(answer, method))
        if missing:
            raise Misfit(f"the class {question.answer} has no method {missing[0]}")
        results = _run(question, question.cases, lambda case: _script(answer, case))
        return [_without_free_steps(*pair) for pair in zip_longest(results, question.expected[: len(results)])]
    function = _assemble(question, answer) if question.kind == "order" else answer
    if not callable(function):
        raise Misfit(f"this question wants the function {question.answer} itself, not {short(answer, 80)}")
    return _run(question, question.cases, lambda case: function(*case.args))


def _run(question: Question, cases: list[Case], call: Callable[[Case], Any]) -> list[Outcome]:
    results: list[Outcome] = []
    end = time.monotonic() + question.seconds
    for case in cases:
        results.append(_attempt(case, call, end - time.monotonic()))
        if results[-1].raised == "TimeUp":
            break
    return results


def _attempt(case: Case, call: Callable[[Case], Any], seconds: float) -> Outcome:
    own, printed = copy.deepcopy(case), Head()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), time_limit(seconds):
            value = call(own)
            changed = difference(list(own.args), list(case.args), rtol=0, atol=0) is not None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # an answer may raise anything, SystemExit too
        return Outcome(raised=type(error).__name__, message=_text(error), line=_line(error), printed=printed.text)
    return Outcome(value, printed=printed.text, changed=changed)


def _text(error: BaseException) -> str:
    try:
        return " ".join(str(error).split())[:200]
    except Exception:
        return "its message cannot be shown"


def _line(error: BaseException) -> int:
    """The line in the answer's own cell: the first frame below ours."""
    trace, ours = error.__traceback__, {__file__}
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    return trace.tb_lineno if trace is not None and not isinstance(error, TimeUp) else 0


def _script(cls: type, case: Case) -> list[Any]:
    """Make an object and call its methods in order; the list of what they return (copied: the object lives on)."""
    thing, results = cls(*case.args), []
    for method, *args in case.calls:
        result = getattr(thing, method)(*args)
        results.append(None if result is thing else copy.deepcopy(result))
    return results


def _without_free_steps(got: Outcome, want: Outcome | None) -> Outcome:
    """Where the reference returns None (or itself), as `fit` does, an answer may return what it likes."""
    if want is None or got.raised or want.raised:
        return got
    return replace(got, value=[None if w is None else g for g, w in zip(got.value, want.value, strict=True)])


def letters(answer: Any) -> str:
    """'b, d a', ['B', 'D', 'A'] and 'BDA' are one answer: 'BDA'. Raises Misfit for anything else."""
    if isinstance(answer, list | tuple | set | frozenset) and all(isinstance(a, str) for a in answer):
        answer = " ".join(sorted(answer) if isinstance(answer, set | frozenset) else answer)
    if not isinstance(answer, str):
        raise Misfit(f"answer with letters in quotation marks, not with {short(answer, 80)}")
    if not re.fullmatch(r"[A-Za-z\s,.;:)(>-]*", answer):
        raise Misfit(f"answer with letters only, not with {short(answer, 80)}")
    return "".join(re.findall("[A-Z]", answer.upper()))


def _choice(question: Question, answer: Any) -> Token:
    chosen = letters(answer)
    if not chosen or set(chosen) - set(question.options):
        raise Misfit(f"answer with one of the letters {', '.join(question.options)}, not with {short(answer, 80)}")
    return question.token("".join(sorted(set(chosen))))


def _number(question: Question, answer: Any) -> Token:
    """A number stands for its place on the question's grid; the two neighbours count too.

    So an answer is right if it is less than one step off, and wrong from two steps on.
    """
    number = as_number(answer)
    if number is None:
        raise Misfit(f"answer with a number, not with {short(answer, 80)}")
    if abs(number) > 1e300 or math.isnan(number):
        raise Misfit(f"answer with a finite number, not with {short(answer, 80)}")
    if "probability" in question.properties and not 0 <= number <= 1:
        raise Misfit(f"a probability lies between 0 and 1, and {number:g} does not")
    place = round(number / question.grid)
    return question.token(*(str(place + step) for step in (-1, 0, 1)))


def wanted_token(question: Question, answer: Any) -> Token:
    """The one token that an author's answer is stored as."""
    if question.kind == "choice":
        return _choice(question, answer)
    return question.token(str(round(float(answer) / question.grid)))


def _assemble(question: Question, answer: Any) -> Callable:
    """The function that the lines make in the answer's order. Raises Misfit if they make none."""
    order = letters(answer)
    unknown = sorted(set(order) - set(question.lines))
    if unknown or not order:
        raise Misfit(f"the lines are named {', '.join(question.lines)}: {short(answer, 80)} names no such order")
    if len(set(order)) < len(order):
        twice = next(letter for letter in order if order.count(letter) > 1)
        raise Misfit(f"each line is used at most once, and {twice} stands there twice")
    namespace: dict[str, Any] = {}
    try:
        exec(compile("\n".join(question.lines[letter] for letter in order), "<your lines>", "exec"), namespace)
    except (SyntaxError, NameError) as error:
        place = order[min(getattr(error, "lineno", None) or 1, len(order)) - 1]
        raise Misfit(f"in this order the lines are not a Python function (near line {place}: {_text(error)})") from None
    functions = [v for k, v in namespace.items() if inspect.isfunction(v)]
    if not functions:
        raise Misfit("in this order the lines do not define a function")
    return functions[-1]
