"""Quizzes: every wrong option names a misconception, and the Markdown opens everywhere."""

from pathlib import Path

import pytest
import yaml

from coursekit.errors import CourseError
from coursekit.notebook import quiz

RIGHT = {"text": "two", "right": True, "why": "It is."}
WRONG = {"text": "three", "misconception": "one too many", "why": "Count again."}


def write(folder: Path, *options: object, text: str = "How many?") -> Path:
    path = folder / "01_x.yaml"
    path.write_text(yaml.safe_dump({"questions": {"q1": {"text": text, "options": list(options)}}}))
    return path


def test_markdown(tmp_path: Path) -> None:
    text = quiz.markdown(quiz.read(write(tmp_path, WRONG, RIGHT)), ["q1"])
    assert text.startswith("**Question 1.** How many?\n\n- **A.** three\n- **B.** two\n\n<details>")
    assert "<details><summary>A</summary>\n\n**Not so: one too many.** Count again.\n\n</details>" in text
    assert "<details><summary>B</summary>\n\n**Right.** It is.\n\n</details>" in text
    assert text.count("<details>") == text.count("</details>") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([RIGHT], "has 1 options"),
        ([RIGHT, RIGHT], "exactly one option with right: true"),
        ([WRONG, WRONG], "exactly one option with right: true"),
        ([RIGHT, {**WRONG, "misconception": ""}], "names no misconception"),
        ([RIGHT, {**WRONG, "why": ""}], "without a text or a why"),
        ([RIGHT, "three"], "without a text or a why"),
    ],
)
def test_a_question_that_breaks_the_format(tmp_path: Path, options, words) -> None:
    with pytest.raises(CourseError, match=f"Question q1 of the quiz 01_x.yaml .*{words}"):
        quiz.read(write(tmp_path, *options))


@pytest.mark.parametrize("text", ["", "[1]", "a: [", "other: 1"])
def test_a_file_that_is_no_quiz(tmp_path: Path, text: str) -> None:
    (tmp_path / "01_x.yaml").write_text(text)
    with pytest.raises(CourseError, match="is not YAML with a `questions` table"):
        quiz.read(tmp_path / "01_x.yaml")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="cannot be read"):
        quiz.read(tmp_path / "01_x.yaml")
