"""Quizzes: one YAML file a chapter, shown as Markdown that opens answer by answer wherever notebooks are shown."""

from pathlib import Path
from typing import Any

from coursekit.errors import CourseError

LETTERS = "ABCDEFGH"


def read(path: Path) -> dict[str, dict[str, Any]]:
    """The questions of a quiz by name. Raises CourseError naming the question that breaks the format.

    A question has a `text` and two to eight `options`; each option a `text` and a `why`; one option is `right: true`,
    every other names its `misconception`.
    """
    import yaml

    try:
        questions = yaml.safe_load(path.read_text(encoding="utf-8"))["questions"]
    except OSError as error:
        raise CourseError(f"The quiz {path.name} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, TypeError, KeyError) as error:
        raise CourseError(f"The quiz {path.name} is not YAML with a `questions` table") from error
    for name, question in questions.items():
        for complaint in _complaints(question):
            raise CourseError(f"Question {name} of the quiz {path.name} {complaint}")
    return questions


def _complaints(question: Any) -> list[str]:
    if not isinstance(question, dict) or not question.get("text") or not isinstance(question.get("options"), list):
        return ["needs a text and a list of options"]
    options = question["options"]
    if not 2 <= len(options) <= len(LETTERS):
        return [f"has {len(options)} options: give it 2 to {len(LETTERS)}"]
    if not all(isinstance(option, dict) and option.get("text") and option.get("why") for option in options):
        return ["has an option without a text or a why"]
    if sum(option.get("right") is True for option in options) != 1:
        return ["needs exactly one option with right: true"]
    if any(not option.get("misconception") for option in options if option.get("right") is not True):
        return ["has a wrong option that names no misconception"]
    return []


def markdown(questions: dict[str, dict[str, Any]], names: list[str]) -> str:
    """The named questions as Markdown: the options as a list, each answer folded away under its letter."""
    for name in names:
        if name not in questions:
            raise CourseError(f"The quiz has no question called {name!r}: it has {', '.join(questions)}")
    return "\n\n".join(_question(i, questions[name]) for i, name in enumerate(names, 1))


def _question(number: int, question: dict[str, Any]) -> str:
    options = list(zip(LETTERS, question["options"], strict=False))
    blocks = [f"**Question {number}.** {question['text'].strip()}"]
    blocks += ["\n".join(f"- **{letter}.** {option['text'].strip()}" for letter, option in options)]
    # Blank lines inside <details>: without them neither GitHub nor JupyterLab reads the Markdown in it.
    blocks += [
        f"<details><summary>{letter}</summary>\n\n{_verdict(option)}\n\n</details>" for letter, option in options
    ]
    return "\n\n".join(blocks)


def _verdict(option: dict[str, Any]) -> str:
    if option.get("right") is True:
        return f"**Right.** {option['why'].strip()}"
    return f"**Not so: {str(option['misconception']).strip().rstrip('.')}.** {option['why'].strip()}"
