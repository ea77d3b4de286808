"""What a student reads: one clear message for right, wrong and broken answers; never a traceback."""

import json
import math
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.check.diagnose import examine, untouched
from coursekit.check.kinds import letters, wanted_token
from coursekit.check.limits import TimeUp, time_limit
from coursekit.check.question import Case, Outcome, Question
from coursekit.check.selfcheck import Chapter, chapter
from coursekit.errors import CourseError


def question(kind="function", **settings):
    """Double a list of numbers."""
    cases = [Case(([1.0, 2.0],)), Case(([3.0],), about="one number")]
    expected = [Outcome(value=[2.0, 4.0]), Outcome(value=[6.0])]
    facts = {"name": "q1", "title": "Double", "points": 2, "minutes": 5, "difficulty": 1, "section": "01a, Build it"}
    return Question(kind=kind, answer="double", **{**facts, "cases": cases, "expected": expected, **settings})


def verdict(answer, **settings):
    return examine(question(**settings), answer)


def double(numbers):
    return [2 * x for x in numbers]


def test_a_right_answer_passes_in_any_writing():
    thing = type("F", (), {"__call__": lambda self, numbers: double(numbers)})()
    for answer in (double, lambda n: tuple(x + x for x in n), lambda n: 2 * np.array(n), thing):
        assert verdict(answer).passed
        assert verdict(answer).points == 2


class Weird:
    def __eq__(self, other):
        raise RuntimeError("no comparison")

    def __len__(self):
        raise RuntimeError("no length")

    __hash__ = None


class WeirdMapping(dict):
    def __contains__(self, key):
        raise RuntimeError("no")


def leave(numbers):
    sys.exit(0)


def hang(numbers):
    while True:
        try:  # noqa: SIM105
            time.sleep(0.01)
        except:  # noqa: E722
            pass


def grow(numbers):
    return [*double(numbers), 0]


@pytest.mark.parametrize(
    ("answer", "what", "words"),
    [
        (3, "kind", "wants the function double itself, not 3"),
        ([2.0, 4.0], "kind", "itself"),
        ("double", "kind", "itself"),
        (None, "unanswered", "not answered yet"),
        (..., "unanswered", "replace the ..."),
        (lambda n: None, "unanswered", "not answered yet"),
        (lambda n: print(n), "type", "returned None: is a return missing?"),
        (lambda n: len(n) and ..., "unanswered", "a ... still stands"),
        (lambda n: ... / len(n), "unanswered", "a ... still stands"),
        (lambda: 1, "raises", "TypeError"),
        (lambda n: n[9], "raises", "IndexError"),
        (lambda n: math.log(-1), "raises", "ValueError"),
        (leave, "raises", "SystemExit"),
        (lambda n: n.sort() or {}, "type", "of type dict, expected list"),
        (grow, "length", "has 3 items, expected 2"),
        (lambda n: [-x for x in n], "value", "the result[0] is -1, expected 2"),
        (lambda n: (2 * x for x in n), "type", "of type generator"),
        (lambda n: Weird(), "type", "expected list"),
        (lambda n: [Weird(), Weird()], "type", "expected float"),
        (lambda n: [float("nan")] * len(n), "value", "nan"),
    ],
)
def test_a_wrong_answer_gets_one_clear_message(answer, what, words):
    found = verdict(answer)
    assert found.what == what
    assert words in found.message
    assert not found.passed
    assert found.points == 0
    assert "Traceback" not in found.message


class Exits(list):
    def __len__(self):
        sys.exit(1)


class Loops(list):
    def __len__(self):
        while True:
            pass


class ExitsAtOnce(type):
    def __getattribute__(cls, name):
        sys.exit(1)


def test_an_answer_that_exits_or_loops_when_it_is_looked_at():
    for answer in (lambda n: Exits(), lambda n: Loops(), ExitsAtOnce("Odd", (), {})):
        assert "cannot be compared" in verdict(answer, seconds=0.3).message


class Agrees:
    """Says of itself that it equals everything."""

    def __eq__(self, other):
        return True

    def __sub__(self, other):
        return 0.0

    __rsub__ = __sub__
    __hash__ = None


@pytest.mark.parametrize(
    ("kind", "lie", "truth"), [(float, 0.0, 2.0), (int, 0, 2), (str, "a", "b"), (set, {1}, {2}), (frozenset, {1}, {2})]
)
def test_a_value_that_says_it_equals_everything_does_not(kind, lie, truth):
    liar = type("Liar", (Agrees, kind), {"__hash__": kind.__hash__})
    assert verdict(lambda n: liar(lie), expected=[Outcome(truth)] * 2).what == "value"
    assert verdict(lambda n: liar(truth), expected=[Outcome(truth)] * 2).passed


def test_a_masked_array_does_not_hide_its_values():
    answer = lambda: np.ma.masked_all(2, dtype=int)  # noqa: E731
    assert not verdict(answer, cases=[Case()], expected=[Outcome(np.array([2, 4]))]).passed


def test_a_flood_on_stderr_stays_out_of_the_notebook(capfd):
    assert "Your answer printed" in verdict(lambda n: print("x" * 10**6, file=sys.stderr) or 1).message
    assert capfd.readouterr().err == ""


def test_an_endless_loop_is_stopped_even_if_it_catches_everything():
    began = time.monotonic()
    found = verdict(hang, seconds=0.3)
    assert found.what == "time"
    assert "never ends" in found.message
    assert time.monotonic() - began < 5


def test_time_is_shared_by_the_cases():
    found = verdict(lambda n: time.sleep(0.2) or double(n), seconds=0.3)
    assert found.what == "time"


def test_the_limit_leaves_no_trace_and_is_off_in_other_threads():
    with pytest.raises(TimeUp), time_limit(0.05):
        time.sleep(1)
    time.sleep(0.3)
    results = []
    thread = threading.Thread(target=lambda: results.append(verdict(double).passed))
    thread.start()
    thread.join()
    assert results == [True]


def test_a_keyboard_interrupt_goes_through():
    def interrupted(numbers):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdict(interrupted)


def test_changed_inputs_harm_nobody_and_are_named_where_it_matters():
    def in_place(numbers):
        for i in range(len(numbers)):
            numbers[i] *= 2
        return numbers

    asked = question()
    assert examine(asked, in_place).passed
    assert examine(asked, in_place).passed, "the cases of the question were changed"
    assert verdict(in_place, keep_input=True).what == "input"


def test_a_broken_property_is_named_before_the_value():
    cases, expected = [Case((3,))], [Outcome(value=[0.5, 0.25, 0.25])]
    settings = {"cases": cases, "expected": expected, "properties": ["probability", "sums to 1"]}
    assert verdict(lambda n: [0.5, 0.5, 0.5], **settings).what == "sums to 1"
    assert verdict(lambda n: [1.5, -0.5, 0], **settings).what == "probability"
    assert verdict(lambda n: [0.25, 0.25, 0.5], **settings).what == "value"
    assert verdict(lambda n: [0.5, 0.5], **settings).what == "length"


def test_what_an_answer_prints_is_shown_with_its_failure_and_bounded(capsys):
    def noisy(numbers):
        for _ in range(10_000):
            print("numbers", numbers)
        return numbers

    found = verdict(noisy)
    assert "Your answer printed: 'numbers [1.0, 2.0]" in found.message
    assert len(found.message) < 700
    assert capsys.readouterr().out == ""


def test_untouched_stubs_are_told_from_answers():
    def stub(a, b=2, *rest, c, **more):
        """Doc."""
        ...

    class Stub:
        """Doc."""

    class Answer:
        def fit(self): ...

    assert all(map(untouched, [stub, Stub, None, ...]))
    assert not any(
        map(untouched, [double, Answer, 0, "", [], len, lambda: 1, lambda: untouched, lambda a, b: a + b, lambda a: a])
    )


@pytest.fixture
def check():
    return chapter("01_language_models")


def k_once(counts, previous, word, vocabulary, k):
    row = counts.get(previous, {})
    return (row.get(word, 0) + k) / (sum(row.values()) + k)


def test_help_comes_in_three_steps(check, capsys):
    said = []
    for _ in range(3):
        check("q4", k_once)
        said.append(capsys.readouterr().out)
    assert "expected" in said[0]
    assert "Hint" not in said[0]
    assert "Hint: Sum your probabilities" in said[1]
    assert "Read again" not in said[1]
    assert "Read again: 01a, Ten lines of counting" in said[2]
    check("q4", None)
    assert "not answered yet" in capsys.readouterr().out


def test_an_unknown_mistake_gets_no_hint(check, capsys):
    for _ in range(2):
        check("q4", lambda counts, previous, word, vocabulary, k: 0.123)
    assert "Hint" not in capsys.readouterr().out


def test_a_hint_is_given_only_if_one_mistake_fits_every_case():
    halves = [Outcome(value=[0.5, 1.0]), Outcome(value=[1.5])]
    bank = [("half", halves), ("crash", [Outcome(raised="KeyError")] * 2)]

    def half(numbers):
        return [x / 2 for x in numbers]

    assert verdict(half, bank=bank).hint == "half"
    assert verdict(half, bank=[*bank, ("other", halves)]).hint == ""
    assert verdict(lambda n: half(n) if len(n) > 1 else double(n), bank=bank).hint == ""
    assert verdict(lambda n: {}["x"], bank=bank).hint == "crash"
    assert verdict(lambda n: [][0], bank=bank).hint == ""
    slow = verdict(hang, bank=bank, seconds=0.2)
    assert (slow.what, slow.hint) == ("time", "")


def test_questions_and_chapters_that_do_not_exist(check, capsys):
    for name in ("q99", 4, None, ["q1"]):
        check(name, 1)
    said = capsys.readouterr().out
    assert said.count("There is no question") == 4
    assert "q1, q2" in said
    with pytest.raises(CourseError, match=r"no exercises for chapter '77': there are .*01_language_models"):
        chapter("77")
    assert chapter("01").name == "01_language_models"


def test_a_forgotten_cell_is_named(check, capsys, monkeypatch):
    check("q4")
    assert "there is no add_k yet: run the cell that defines it" in capsys.readouterr().out
    monkeypatch.setattr(sys.modules["__main__"], "add_k", k_once, raising=False)
    check("q4")
    assert "expected" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "answer", "words"),
    [
        ("q1", "GZZ", "the lines are named A, B"), ("q1", "GG", "G stands there twice"), ("q1", 7, "letters"),
        ("q1", "", "names no such order"), ("q1", "C", "not a Python function"), ("q1", ["G", 3], "letters"),
        ("q2", "E", "A, B, C, D"), ("q2", "", "one of the letters"), ("q2", 2, "letters in quotation marks"),
        ("q2", "A", "not the right answer"), ("q2", ["A", "B"], "not the right answer"), ("q2", {"A"}, "not the right"),
        ("q3", "0.23", "a number, not with '0.23'"), ("q3", 23, "a probability lies between 0 and 1"),
        ("q3", math.nan, "finite"), ("q3", True, "number"), ("q3", 10**400, "not with"), ("q3", 1e308, "finite"),
        ("q6", "ab", "call it as check('q6', q6, verdict)"), ("q7", 3, "the class Bigram itself"),
        ("q7", type("B", (), {"fit": print, "prob": print}), "no method log_prob"),
        ("q7", type("B", (), {m: lambda self: 1 for m in ("fit", "prob", "log_prob")}), "raised TypeError"),
    ],
)  # fmt: skip
def test_answers_of_the_wrong_kind(check, capsys, name, answer, words):
    check(name, answer)
    said = capsys.readouterr().out
    assert words in said
    assert "passed" not in said


def test_an_example_that_the_given_function_cannot_read(check, capsys):
    def verdict_on(pair):
        first, second = pair
        return "leak" if first and second else "none"

    for example in (3, (1, 2, 3), [[], []]):
        check("q6", example, verdict_on)
    said = capsys.readouterr().out
    assert said.count("raised") == 2
    assert "verdict says of it: 'none'" in said
    check("q6", ([1], [2]), verdict_on)
    assert "passed" in capsys.readouterr().out


@given(st.floats(-1000, 1000), st.sampled_from([1e-3, 0.01, 2.0]), st.floats(-3, 3))
def test_a_number_is_right_within_its_grid(want, grid, steps):
    """Less than a step off is always right, two steps never."""
    asked = question("number", grid=grid, cases=[])
    asked.expected = [Outcome(wanted_token(asked, want))]
    passed = examine(asked, want + steps * grid).passed
    if abs(steps) < 0.99:
        assert passed
    if abs(steps) > 2.01:
        assert not passed


@given(st.permutations("ABCDEF"), st.sampled_from(["", " ", ", ", "-", ") ", ">"]))
def test_letters_in_any_writing(order, between):
    assert letters(order) == letters(between.join(order).lower()) == "".join(order)


def test_points_add_up(check, capsys):
    check("q2", "b")
    check("q3", 3 / 13)
    check("q4", k_once)
    capsys.readouterr()
    check.score()
    assert capsys.readouterr().out == "3 of 26 points so far.\n"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "\x00", '{"format": 2, "questions": {}}', '{"format": 1, "questions": {"q1": 3}}']
)
def test_broken_data_are_one_sentence(tmp_path, text):
    (tmp_path / "01_x.json").write_text(text)
    with pytest.raises(
        CourseError, match=r"^The check data of chapter 01_x are broken .*: install the course again\.$"
    ):
        Chapter("01_x", tmp_path)


def test_missing_data_and_a_broken_question_are_one_sentence(tmp_path, capsys):
    with pytest.raises(CourseError, match="missing"):
        Chapter("01_x", tmp_path)
    (tmp_path / "01_x.json").mkdir()
    with pytest.raises(CourseError, match="cannot be read"):
        Chapter("01_x", tmp_path)
    asked = '{"answer": "f", "given": "", "points": 1, "cases": [{"args": {"type": "?"}}], "bank": []}'
    (tmp_path / "02_x.json").write_text(f'{{"format": 1, "questions": {{"q1": {asked}}}}}')
    Chapter("02_x", tmp_path)("q1", 3)
    assert "are broken" in capsys.readouterr().out


def test_checking_needs_the_standard_library_only():
    """Python without its site-packages: no torch, no numpy, nothing."""
    code = """
from coursekit.check import chapter
check = chapter("01")
check("q2", "B")
check("q5", lambda log_probs: 1.0)
check("q7", type("Bigram", (), {"fit": print}))
"""
    root = str(Path(__file__).parents[2])
    command, env = [sys.executable, "-S", "-c", code], {"PYTHONPATH": root}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert run.returncode == 0, run.stderr
    assert "passed, 1 of 1 points" in run.stdout
    assert "no method log_prob" in run.stdout


def test_data_with_tensors_without_torch_say_so(tmp_path, capsys, monkeypatch):
    tensor = '{"type": "tensor", "dtype": "float32", "shape": [1], "items": [1.0]}'
    case = f'{{"args": [{tensor}], "calls": [], "about": ""}}'
    asked = f'{{"answer": "f", "given": "", "points": 1, "cases": [{case}], "bank": []}}'
    (tmp_path / "02_x.json").write_text(f'{{"format": 1, "questions": {{"q1": {asked}}}}}')
    monkeypatch.setitem(sys.modules, "torch", None)
    Chapter("02_x", tmp_path)("q1", 3)
    assert "q1 needs torch, which is not installed here" in capsys.readouterr().out


def test_data_that_lost_their_expected_outcomes_pass_nobody(tmp_path, capsys):
    asked = question().to_json()
    for damage in ({"expected": []}, {"expected": asked["expected"][:1]}):
        data = {"format": 1, "questions": {"q1": {**asked, **damage}}}
        (tmp_path / "01_x.json").write_text(json.dumps(data), encoding="utf-8")
        Chapter("01_x", tmp_path)("q1", double)
        assert "are broken" in capsys.readouterr().out
    data = {"format": 1, "questions": {"q1": {**asked, "points": "two"}}}
    (tmp_path / "01_x.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(CourseError, match="are broken"):
        Chapter("01_x", tmp_path)
