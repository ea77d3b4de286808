"""load("captions") from a folder as Flickr8k's archive."""

import numpy as np
import pytest
from PIL import Image

from coursekit.data import load
from coursekit.errors import CourseError

NAMES = [f"{k}_{k * k}.png" for k in range(40)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Images").mkdir()
    lines = ["image,caption"]
    for k, name in enumerate(NAMES):
        Image.fromarray(np.full((4 + k % 3, 5, 3), k, np.uint8)).save(tmp_path / "Images" / name)
        lines += [f"{name},A dog runs , and picture {k} is grey .", f'{name},"One, two"']
    (tmp_path / "captions.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_every_picture_is_in_one_split_with_its_captions(folder):
    data = load("captions", source=folder)
    assert set(data) == {"train", "validation", "test"}
    seen = []
    for part in data.values():
        for row in part:
            k = int(row["image"][0, 0, 0])
            assert row["image"].dtype == np.uint8
            assert row["image"].shape == (4 + k % 3, 5, 3)
            assert row["caption"] == [f"A dog runs , and picture {k} is grey .", "One, two"]
            seen.append(k)
    assert sorted(seen) == list(range(40))
    assert len(data["train"]) > len(data["test"]) > 0


def test_more_pictures_leave_those_before_in_their_split(folder):
    before = {split: len(part) for split, part in load("captions", source=str(folder)).items()}
    lines = (folder / "captions.txt").read_text().splitlines()
    (folder / "captions.txt").write_text("\n".join(lines[:-2]) + "\n")
    after = {split: len(part) for split, part in load("captions", source=folder).items()}
    assert sum(before.values()) - sum(after.values()) == 1
    assert sum(before[split] != after[split] for split in before) == 1


def added(folder, line):
    with (folder / "captions.txt").open("a") as file:
        file.write(line + "\n")


def test_a_quotation_mark_that_is_never_closed_takes_no_other_line_along(folder):
    before = {row for part in load("captions", source=folder).values() for row in map(len, part["caption"])}
    lines = (folder / "captions.txt").read_text().splitlines()
    lines[3] = f'{NAMES[1]},"A dog runs'
    (folder / "captions.txt").write_text("\n".join(lines) + "\n")
    after = load("captions", source=folder)
    assert before == {row for part in after.values() for row in map(len, part["caption"])} == {2}
    assert any("A dog runs" in told for part in after.values() for told in part["caption"])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: (f / "captions.txt").unlink(), "there is no captions.txt in"),
        (lambda f: (f / "captions.txt").write_text(""), "is empty"),
        (lambda f: (f / "captions.txt").write_text("image,caption\n"), "names no picture"),
        (lambda f: (f / "captions.txt").write_text("a.png,A dog .\n"), "begins with 'a.png,A dog .': its first line"),
        (
            lambda f: (f / "captions.txt").write_text("image,caption\na.png\n"),
            "line 2 of .* has no picture or no caption",
        ),
        (lambda f: (f / "captions.txt").write_bytes(b"image,caption\na,\xff"), "is not UTF-8"),
        (
            lambda f: (f / "captions.txt").write_bytes(b"image,caption\ra.png,A dog\r"),
            "line 1 of .* is no line of a tab",
        ),
        (lambda f: added(f, "a.png," + "A dog " * 40_000), "line 82 of .* is no line of a table"),
        (lambda f: added(f, "../a.png,A dog ."), r"names '\.\./a\.png', which is outside of the folder"),
        (lambda f: added(f, "/etc/a.png,A dog ."), "names '/etc/a.png', which is outside of the folder"),
        (lambda f: (f / "Images" / NAMES[3]).unlink(), f"1 of 40 pictures .* the first is '{NAMES[3]}'"),
        (lambda f: (f / "captions.txt").write_text(f"image,caption\n{NAMES[0]},A dog"), "1 pictures are too few"),
    ],
)
def test_what_is_wrong_with_a_folder_is_one_sentence(folder, change, sentence):
    change(folder)
    with pytest.raises(CourseError, match=sentence):
        load("captions", source=folder)
