"""What a student calls: `check = chapter("01_language_models")`, then `check("q1", answer)`."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from coursekit.check.diagnose import Verdict, examine
from coursekit.check.question import Question
from coursekit.errors import CourseError

DATA = Path(__file__).parent / "data"
FORMAT = 1
_ABSENT = object()


def chapter(name: str) -> "Chapter":
    """The checker of one chapter, by its name or number. Raises CourseError if there is none or its data are broken."""
    return Chapter(find(name, [path.stem for path in DATA.glob("*.json")]))


def find(name: str, known: list[str]) -> str:
    """The one known chapter that is called `name` or starts with that number. Raises CourseError."""
    matches = [k for k in known if k == name or k.startswith(f"{name}_")]
    if len(matches) != 1:
        raise CourseError(
            f"There are no exercises for chapter {name!r}: there are {', '.join(sorted(known)) or 'none'}."
        )
    return matches[0]


class Chapter:
    """Checks answers and counts the tries: at the second failure it names a known mistake, at the third the section."""

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self.name = name
        self._data = _read((folder or DATA) / f"{name}.json", name)
        self._failed: Counter[str] = Counter()
        self._verdicts: dict[str, Verdict] = {}

    def __repr__(self) -> str:
        return f"check of {self.name}: {', '.join(self.questions)}"

    @property
    def questions(self) -> list[str]:
        return list(self._data)

    def __call__(self, question: str, answer: Any = _ABSENT, given: Any = None) -> None:
        """Print what became of the answer; left out, the answer is looked up by the name that its cell gives it."""
        if not isinstance(question, str) or question not in self._data:
            print(f"There is no question {question!r}: the questions are {', '.join(self.questions)}.")
            return
        try:
            verdict = self.verdict(question, answer, given)
        except CourseError as error:
            print(error)
            return
        print(self._message(verdict))

    def verdict(self, question: str, answer: Any = _ABSENT, given: Any = None) -> Verdict:
        """The verdict on an answer, without a message. Raises CourseError if the check data are broken."""
        if answer is _ABSENT:
            main = vars(sys.modules["__main__"])
            data = self._data[question]
            answer, given = main.get(data["answer"], _ABSENT), main.get(data["given"])
        return self._named(question, answer, given)

    def _named(self, question: str, answer: Any, given: Any) -> Verdict:
        asked = self._question(question)
        if answer is _ABSENT:
            text = f"there is no {asked.answer} yet: run the cell that defines it."
            title = f"{asked.name} ({asked.title})"
            return Verdict(asked.name, title, False, 0, asked.points, "unanswered", text, section=asked.section)
        self._verdicts[question] = examine(asked, answer, given)
        return self._verdicts[question]

    def score(self) -> None:
        """Print the points of the last answer to each question."""
        got = sum(v.points for v in self._verdicts.values())
        print(f"{got} of {sum(q['points'] for q in self._data.values())} points so far.")

    def examine_all(self, namespace: dict[str, Any]) -> dict[str, Verdict]:
        """The verdict on each question, its answer taken from a namespace by name."""
        names = {q: (self._data[q]["answer"], self._data[q]["given"]) for q in self._data}
        return {q: self._named(q, namespace.get(a, _ABSENT), namespace.get(g)) for q, (a, g) in names.items()}

    def _question(self, name: str) -> Question:
        try:
            return Question.from_json(self._data[name])
        except ImportError as error:
            raise CourseError(f"{name} needs {error.name}, which is not installed here.") from None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise CourseError(_broken(self.name)) from None

    def _message(self, verdict: Verdict) -> str:
        said = f"{verdict.title}: {verdict.message}"
        if verdict.passed or verdict.what == "unanswered":
            return said
        self._failed[verdict.question] += 1
        tries = self._failed[verdict.question]
        hint = f"\nHint: {verdict.hint}" if verdict.hint and tries >= 2 else ""
        return f"{said}{hint}" + (f"\nRead again: {verdict.section}." if tries >= 3 else "")


def _broken(name: str) -> str:
    return f"The check data of chapter {name} are broken or from another release: install the course again."


def _read(path: Path, name: str) -> dict[str, dict[str, Any]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError
        for question in data["questions"].values():
            _ = question["answer"], question["given"], question["points"] + 0, question["cases"], question["bank"]
    except FileNotFoundError:
        raise CourseError(f"The check data of chapter {name} are missing: install the course again.") from None
    except OSError as error:
        raise CourseError(f"The check data of chapter {name} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CourseError(_broken(name)) from None
    return data["questions"]
