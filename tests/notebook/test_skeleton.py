"""A new chapter's skeleton builds and verifies before a word of it is written."""

from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.notebook.build import build, verify
from coursekit.notebook.experiments import run_experiments
from coursekit.notebook.skeleton import new_chapter


def test_builds_verifies_and_measures(make_checkout) -> None:
    root: Path = make_checkout()
    files = new_chapter("02_new_topic", root)
    assert {path.relative_to(root).parts[0] for path in files} == {"notebooks", "solutions"}
    assert build("02", root=root, report=lambda line: None) == 0
    assert verify("02_new_topic", root) == 0
    assert run_experiments("02", root=root, report=lambda line: None) == 3


def test_overwrites_nothing(make_checkout) -> None:
    root: Path = make_checkout(src={"02b_other": "mine"})
    with pytest.raises(CourseError, match=r"Chapter 02 has begun already: notebooks/src/02b_other.py is there"):
        new_chapter("02_new", root)
    assert not (root / "notebooks" / "quiz").exists()


@pytest.mark.parametrize("name", ["new", "2_new", "02-new", "02_New", "02_", "../02_x", "02a_new", ""])
def test_a_name_that_is_none(make_checkout, name: str) -> None:
    with pytest.raises(CourseError, match="A chapter is called NN_topic"):
        new_chapter(name, make_checkout())
