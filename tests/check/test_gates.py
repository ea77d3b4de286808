"""The gates of every chapter's questions; and the gates themselves: each goes red when it should."""

import json
from pathlib import Path

import pytest

from coursekit.check import diagnose, kinds
from coursekit.check.gates import gates, question_gates, secrecy
from coursekit.check.master import Master, chapters
from coursekit.check.question import Question
from coursekit.check.skeleton import skeleton

QUESTIONS = [(chapter, name) for chapter in chapters() for name in Master(chapter).questions]


@pytest.mark.parametrize(("chapter", "name"), QUESTIONS)
def test_question_passes_its_gates(chapter, name):
    assert question_gates(Master(chapter), name) == []


@pytest.mark.parametrize("chapter", chapters())
def test_nothing_of_a_solution_is_given_away(chapter):
    master = Master(chapter)
    assert list(secrecy(master)) == []
    root = Path(__file__).parents[2]
    for path in (root / f"exercises/{chapter}.ipynb", root / f"coursekit/check/data/{chapter}.json"):
        text = path.read_text(encoding="utf-8")
        assert list(secrecy(master, {path.name: text})) == []


@pytest.mark.parametrize("chapter", chapters())
def test_every_question_has_three_mistakes_and_climbs(chapter):
    master = Master(chapter)
    for name in master.questions:
        assert len(master.writings(name)[1]) >= 3, name
    levels = [q.difficulty for q in master.questions.values()]
    assert levels == sorted(levels)
    assert levels[0] == 1


@pytest.fixture
def changed(tmp_path):
    """The gates' verdict on the skeleton with one text in one file changed."""

    def make(file, old, new):
        skeleton("02_tokens", tmp_path)
        path = tmp_path / "02_tokens" / f"{file}.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return gates("02", tmp_path, seeds=5)

    return make


def test_the_skeleton_passes(changed):
    assert changed("wrong", "import statistics", "import statistics") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("wrong", "sum(x / len(numbers) for", "sum(x / 2 for", "correct writing 2 fails"),
        ("wrong", "[statistics.fmean, lambda", "[lambda", "RIGHT needs two"),
        ("wrong", "(len(numbers) + 1)", "len(numbers)", "passes on seeds"),
        ("wrong", "* len(numbers)", "* (len(numbers) + 1)", "misses its hint"),
        ("wrong", '"A mean is not a sum.", sum', '"A mean is not a sum.", lambda x: sum(x) / (len(x) + 1)',
         "misses its hint"),
        ("wrong", '"A mean is not a sum."', '"Which count of numbers do you divide by?"', "same hint"),
        ("cases", "for length in (2, 5, 9):", "for length in ():", "misses its hint"),
        ("cases", "yield ([4],)\n    for length in (2, 5, 9):", "yield ([0],)\n    for length in ():", "earns points"),
        ("exercise", "# Write `mean", "# Write return sum(numbers) / len(numbers)\n# `mean", "stands in"),
        ("exercise", "    ### END SOLUTION\n", "    ### END SOLUTION\n    print(total)\n", "not taken for unanswered"),
        ("exercise", "/ len(numbers)\n", "/ max(2, len(numbers))\n", "correct writing 1 fails"),
    ],
)  # fmt: skip
def test_each_gate_goes_red(changed, file, old, new, complaint):
    problems = changed(file, old, new)
    assert any(complaint in problem for problem in problems), problems
    assert all("\n" not in problem for problem in problems)


def test_a_checker_that_finds_no_difference_is_noticed(monkeypatch):
    monkeypatch.setattr(diagnose, "difference", lambda *args, **kwargs: None)
    assert any("passes on seeds" in problem for problem in gates("01", seeds=2))


def test_a_checker_that_finds_differences_everywhere_is_noticed(monkeypatch):
    monkeypatch.setattr(kinds, "difference", lambda *args, **kwargs: "changed")
    assert any("the reference fails" in problem for problem in gates("01", seeds=2))


def test_public_data_are_small_and_hold_no_code():
    data = Path(diagnose.__file__).parent / "data"
    for path in data.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert len(text.encode()) <= 100_000
        for question in json.loads(text)["questions"].values():
            if question["kind"] != "order":
                # A hint may say "you return ..."; that no solution's line is in it is the secrecy gate's business.
                assert "return " not in json.dumps([mistake["outcomes"] for mistake in question["bank"]]), path.name
            if question["kind"] in ("choice", "number"):
                assert [*question["expected"][0]] == ["digest"]


def test_students_meet_the_cases_in_the_order_of_the_gates():
    """Chapter 02 asks which of equally frequent pairs comes first: the order of a dict's keys decides for a mistake."""
    path = Path(diagnose.__file__).parent / "data" / "02_tokens_and_embeddings.json"
    question = Question.from_json(json.loads(path.read_text(encoding="utf-8"))["questions"]["q3"])
    for hint, *writings in Master("02").writings("q3")[1]:
        assert [diagnose.examine(question, writing).hint for writing in writings] == [hint, hint]
