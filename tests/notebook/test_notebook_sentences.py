"""What a user is told when something is wrong is one clear sentence, everywhere in the package."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "coursekit"
FILES = sorted(path for path in PACKAGE.rglob("*.py"))


def told(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and text of each CourseError and ValueError raised with a text; "x" stands for an inserted value."""
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
            continue
        name, text = getattr(node.exc.func, "id", ""), node.exc.args[0]
        if name in ("CourseError", "ValueError") and isinstance(text, ast.Constant | ast.JoinedStr):
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            words = [str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts]
            found.append((node.lineno, "".join(words)))
    return found


def faults(text: str) -> list[str]:
    """Why a text is not one sentence."""
    rules = {
        "more than one line": "\n" in text,
        "more than one sentence": bool(re.search(r"[.!?]\s+[A-Z]", text)),
        "shorter than four words": len(text.split()) < 4,
        "no beginning": not re.match(r"[A-Z`'\"a-z]", text),
        "an internal word": bool(re.search(r"Traceback|\bassert|\bTODO", text)),
    }
    return [fault for fault, broken in rules.items() if broken]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_errors_are_one_sentence(path: Path) -> None:
    bad = {
        line: (text, faults(text)) for line, text in told(ast.parse(path.read_text(encoding="utf-8"))) if faults(text)
    }
    assert not bad


@pytest.mark.parametrize(
    "text", ["Bad.", "It failed. Try again.", "It failed\nTry again now", "", "x", "!!! it did not work"]
)
def test_the_rules_catch_what_they_should(text: str) -> None:
    assert faults(text)


def test_the_texts_are_found() -> None:
    lines = [
        'raise CourseError(f"No {x}. Use y.")',
        'raise ValueError("a b")',
        "raise KeyError('a')",
        "raise ValueError(x)",
    ]
    assert told(ast.parse("\n".join(lines))) == [(1, "No x. Use y."), (2, "a b")]
