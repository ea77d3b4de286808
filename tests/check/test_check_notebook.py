"""Masters, the notebooks built from them, and a student's notebook run from the top."""

import json
from pathlib import Path

import nbformat
import pytest

from coursekit.check import run
from coursekit.check.compare import difference
from coursekit.check.master import Master, chapters, hidden_lines, stub, worked
from coursekit.check.run import check_notebook
from coursekit.check.skeleton import skeleton
from coursekit.errors import CourseError
from coursekit.notebook.exercises import build_exercises, check_data, solution, student

ROOT = Path(__file__).parents[2]

CELL = """\
def f(x):
    \"\"\"Doc.\"\"\"
    y = x + 1  ### SOLUTION
    ### BEGIN SOLUTION
    if y:
        y = 2
    ### END SOLUTION
    a[0] = b == c  ### SOLUTION
    return y * 2  ### SOLUTION"""


def test_stub_and_worked_views():
    assert stub(CELL) == 'def f(x):\n    """Doc."""\n    y = ...\n    ...\n    a[0] = ...\n    return ...'
    assert "###" not in worked(CELL)
    assert "if y:" in worked(CELL)
    lines = [line.strip() for line in hidden_lines(CELL)]
    assert lines == ["y = x + 1", "if y:", "y = 2", "a[0] = b == c", "return y * 2"]


@pytest.mark.parametrize("chapter", chapters())
def test_built_files_are_those_of_the_master(chapter):
    """Numbers by value: another processor may round the last bit otherwise."""
    master = Master(chapter)
    data = (ROOT / f"coursekit/check/data/{chapter}.json").read_text(encoding="utf-8")
    assert difference(json.loads(data), json.loads(check_data(master)), rtol=1e-9) is None
    built = nbformat.read(ROOT / f"exercises/{chapter}.ipynb", as_version=4)
    assert built == student(master, ROOT)
    solved = nbformat.read(ROOT / f"solutions/{chapter}.ipynb", as_version=4)
    assert [(c.id, c.source) for c in solved.cells] == [(c.id, c.source) for c in solution(master, ROOT).cells]
    assert solved.metadata.coursekit.exercises == built.metadata.coursekit.exercises == master.digest()
    said = "".join(o.get("text", "") for c in solved.cells for o in c.get("outputs", []))
    assert said.count(": passed, ") == len(master.questions)


@pytest.mark.full
def test_building_again_changes_nothing():
    assert build_exercises(check=True) == 0


@pytest.mark.parametrize("chapter", chapters())
def test_students_notebook_says_what_is_asked(chapter):
    master = Master(chapter)
    notebook = student(master, ROOT)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert "find_spec" in code[0].source, "the bootstrap comes first"
    for name, question in master.questions.items():
        prose = next(cell.source for cell in notebook.cells if cell.id == name)
        for words in (f"## {name} · ", "minutes", "difficulty", question.section, "point"):
            assert words in prose
        cell = next(cell for cell in code if cell.metadata.get("coursekit", {}).get("question") == name)
        assert cell.source.rstrip().splitlines()[-1].startswith(f'check("{name}", ')
        assert "..." in cell.source
        assert "###" not in cell.source


@pytest.mark.parametrize(("chapter", "name"), [(c, q) for c in chapters() for q in Master(c).questions])
def test_the_section_that_help_points_to_exists(chapter, name):
    part, section = Master(chapter).questions[name].section.split(", ", 1)
    source = next((ROOT / "notebooks/src").glob(f"{part}_*.py"), None)
    text = source.read_text(encoding="utf-8") if source else ""
    if "# ## Further reading" not in text:
        pytest.skip(f"the notebook {part} is not finished yet")
    assert f"## {section}" in text


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://git.example/x.git"\n')
    (tmp_path / "notebooks" / "src").mkdir(parents=True)
    skeleton("98_tokens", tmp_path / "solutions")
    return tmp_path


def test_skeleton_refuses_what_is_there_and_bad_names(checkout):
    with pytest.raises(CourseError, match="already a folder"):
        skeleton("98_tokens", checkout / "solutions")
    for name in ("tokens", "98", "98_", "98_a b", "../98_x", "xx_tokens"):
        with pytest.raises(CourseError, match="name is like"):
            skeleton(name, checkout)


def test_a_worked_notebook_that_fails_is_refused(checkout):
    """The kernel reads the installed check data, which know no chapter 98."""
    with pytest.raises(CourseError, match="98_tokens"):
        build_exercises("98a", root=checkout)
    assert (checkout / "exercises/98_tokens.ipynb").is_file()
    assert json.loads((checkout / "coursekit/check/data/98_tokens.json").read_text())["chapter"] == "98_tokens"


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("exercise", 'answer="q1"', 'answer="q2"', 'q1 needs exactly one cell answer="q1", found 0'),
        ("exercise", 'kind="function"', 'kind="essay"', "a kind out of"),
        ("exercise", "points=1", "pints=1", "q1 are wrong"),
        ("exercise", ' see="98a, Build it"', "", "needs a title line, see="),
        ("exercise", "## Mean", "Mean", "needs a title line"),
        ("cases", "def q1(", "def q2(", "has no generator q1"),
    ],
)
def test_a_broken_master_is_one_sentence(checkout, file, old, new, words):
    path = checkout / "solutions" / "98_tokens" / f"{file}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(CourseError, match=words):
        Master("98", checkout / "solutions").public()


def test_missing_files_of_a_master(checkout):
    (checkout / "solutions/98_tokens/wrong.py").unlink()
    with pytest.raises(CourseError, match=r"wrong\.py is missing"):
        Master("98", checkout / "solutions")
    with pytest.raises(CourseError, match="no exercises for chapter '03'"):
        Master("03", checkout / "solutions")


def test_a_chapter_without_exercises_builds_nothing(checkout):
    said = []
    assert build_exercises("77", root=checkout, report=said.append) == 0
    assert said == []


def test_check_data_that_grow_too_large_are_refused(checkout):
    path = checkout / "solutions/98_tokens/cases.py"
    path.write_text(path.read_text().replace("(2, 5, 9)", "(30_000, 30_000)"))
    with pytest.raises(CourseError, match="make its cases smaller"):
        check_data(Master("98", checkout / "solutions"))


def edited(tmp_path, **answers):
    """The student's notebook of chapter 01 with some answers, and two cells that go wrong."""
    notebook = student(Master("01"), ROOT)
    for cell in notebook.cells:
        name = cell.metadata.get("coursekit", {}).get("question")
        if name in answers:
            cell.source = answers[name]
    notebook.cells.insert(3, nbformat.v4.new_code_cell("1 / 0"))
    path = tmp_path / "mine.ipynb"
    nbformat.write(notebook, path)
    return path


def test_a_students_notebook_is_examined_question_by_question(tmp_path):
    path = edited(
        tmp_path,
        q2='q2 = "B"\n\ncheck("q2", q2)',
        q3='q3 = "a"\n\ncheck("q3", q3)',
        q4='def add_k(counts):\n    return (\n\ncheck("q4", add_k)',
        q5="def perplexity(log_probs):\n    while True: pass",
        q6='q6 = (["a"], ["a", "b"])',
    )
    before = path.read_bytes()
    verdicts = check_notebook(path)
    assert list(verdicts) == [f"q{i}" for i in range(1, 10)]
    assert [q for q, v in verdicts.items() if v.passed] == ["q2", "q6"]
    assert "a number, not with 'a'" in str(verdicts["q3"])
    assert "its cell stopped with SyntaxError" in str(verdicts["q4"])
    assert "more than 10 s" in str(verdicts["q5"])
    assert verdicts["q9"].what == "unanswered"
    assert path.read_bytes() == before


def test_a_notebook_that_ends_its_kernel_is_one_sentence(tmp_path):
    path = edited(tmp_path, q2="import os\nos._exit(3)")
    with pytest.raises(CourseError, match=r"^mine\.ipynb ended its kernel"):
        check_notebook(path)


def test_a_notebook_that_hears_no_interrupt_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 4)
    path = edited(tmp_path, q2="while True: pass", q3="sum(range(10**11))")  # the first one hears it
    with pytest.raises(CourseError, match=r"^mine\.ipynb ended its kernel or would not stop"):
        check_notebook(path)


def test_an_answer_slower_than_a_cell_may_be_costs_no_other_verdict(tmp_path, monkeypatch):
    """The last cell examines every question, so it has a cell's time for each of them."""
    monkeypatch.setattr(run, "SECONDS", 5)
    loop = "def perplexity(log_probs):\n    while True: pass"  # is given up after 10 s
    verdicts = check_notebook(edited(tmp_path, q2='q2 = "B"', q5=loop))
    assert [q for q, v in verdicts.items() if v.passed] == ["q2"]
    assert "more than 10 s" in str(verdicts["q5"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a notebook"), ("{}", "not a notebook"), ("[1]", "not a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "not an exercise notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {"coursekit": {"chapter": "77_x"}}, "cells": []}',
         "no exercises for chapter"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {"coursekit": 3}, "cells": []}', "not an exercise notebook"),
    ],
)  # fmt: skip
def test_files_that_are_no_exercise_notebook(tmp_path, text, words):
    path = tmp_path / "mine.ipynb"
    path.write_text(text)
    with pytest.raises(CourseError, match=words):
        check_notebook(path)
    with pytest.raises(CourseError, match="There is no notebook"):
        check_notebook(tmp_path / "other.ipynb")
    with pytest.raises(CourseError, match="cannot be read"):
        check_notebook(tmp_path)
