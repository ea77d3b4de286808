"""work/ never loses what a student wrote, whatever the order of edits, releases and deletions."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.cli import copies
from coursekit.errors import CourseError

NAME = "notebooks/01a.ipynb"


@pytest.fixture
def course(tmp_path):
    checkout = tmp_path / "course"
    for part in copies.FOLDERS:
        (checkout / part).mkdir(parents=True)
        (checkout / part / "01a.ipynb").write_text("release 1", "utf-8")
    return checkout, tmp_path / "work"


def update(course) -> list[str]:
    return list(copies.update(course[1], course[0]))


def test_first_call_copies_everything_and_second_is_silent(course):
    assert update(course) == []
    assert (course[1] / NAME).read_text("utf-8") == "release 1"
    assert (course[1] / "exercises/01a.ipynb").exists()
    assert update(course) == []


def test_untouched_copy_follows_the_release(course):
    update(course)
    (course[0] / NAME).write_text("release 2", "utf-8")
    assert "replaced by the newer release" in update(course)[0]
    assert (course[1] / NAME).read_text("utf-8") == "release 2"


def test_changed_copy_stays_and_the_release_lies_beside_it(course):
    update(course)
    (course[1] / NAME).write_text("my answer", "utf-8")
    assert update(course) == []  # no newer release: nothing to say
    (course[0] / NAME).write_text("release 2", "utf-8")
    (line,) = update(course)
    assert "lies beside it" in line
    assert (course[1] / NAME).read_text("utf-8") == "my answer"
    (beside,) = (course[1] / "notebooks").glob("*.new-*.ipynb")
    assert beside.read_text("utf-8") == "release 2"
    assert update(course) == []


def test_deleted_copy_comes_back(course):
    update(course)
    (course[1] / NAME).unlink()
    update(course)
    assert (course[1] / NAME).read_text("utf-8") == "release 1"


def test_lost_manifest_counts_differing_files_as_the_students(course):
    update(course)
    (course[1] / copies.MANIFEST).write_text("{ broken", "utf-8")
    (course[1] / NAME).write_text("my answer", "utf-8")
    (course[0] / NAME).write_text("release 2", "utf-8")
    update(course)
    assert (course[1] / NAME).read_text("utf-8") == "my answer"


def test_nothing_to_copy_is_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="run this from a checkout"):
        list(copies.update(tmp_path / "work", tmp_path))


def test_read_only_folder_is_one_sentence(course, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("coursekit.files.os.fsync", refuse)
    with pytest.raises(CourseError, match=r"Read-only file system.*--folder"):
        update(course)
    assert not [path for path in course[1].rglob("*") if path.is_file()], "what could not be finished is taken away"


@pytest.mark.skipif(sys.platform == "win32", reason="a killed process and a file that is read lock each other there")
def test_two_updates_at_once_and_one_killed_leave_whole_files(course):
    """The killed one stops before the file has its name, and the others write the same files at the same moment."""
    text = "release 1" * 100_000
    for part in copies.FOLDERS:
        (course[0] / part / "01a.ipynb").write_text(text, "utf-8")
    stop = "import os; os.fsync = lambda _: os.kill(os.getpid(), 9); "
    code = "import sys; from pathlib import Path; from coursekit.cli import copies; "
    code += "{}print(*copies.update(*map(Path, sys.argv[1:])))"
    runs = [
        subprocess.Popen([sys.executable, "-c", code.format(how), course[1], course[0]], stderr=subprocess.PIPE)
        for how in (stop, "", "", "")
    ]
    assert [(run.wait(), run.stderr.read()) for run in runs] == [(-9, b""), (0, b""), (0, b""), (0, b"")]
    assert {path.read_text("utf-8") for path in course[1].rglob("*.ipynb")} == {text}


ACTIONS = st.lists(st.sampled_from(["edit", "release", "update", "delete", "forget"]), max_size=12)


@settings(deadline=None, max_examples=60)
@given(actions=ACTIONS)
def test_no_history_loses_an_edit(tmp_path_factory, actions):
    """Every text that the student typed and did not delete is still in the file where it was typed."""
    checkout, work = tmp_path_factory.mktemp("history"), tmp_path_factory.mktemp("work")
    (checkout / "notebooks").mkdir()
    mine, source, target = None, checkout / NAME, work / NAME
    source.write_text("release 0", "utf-8")
    for number, action in enumerate([*actions, "release", "update"]):
        if action == "edit" and target.exists():
            mine = f"edit {number}"
            target.write_text(mine, "utf-8")
        elif action == "release":
            source.write_text(f"release {number}", "utf-8")
        elif action == "update":
            list(copies.update(work, checkout))
        elif action == "delete" and target.exists():
            mine = None
            target.unlink()
        elif action == "forget":
            Path(work / copies.MANIFEST).unlink(missing_ok=True)
    newest = source.read_text("utf-8")
    assert mine is None or target.read_text("utf-8") == mine
    assert newest in {path.read_text("utf-8") for path in (work / "notebooks").glob("*.ipynb")}
