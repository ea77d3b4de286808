"""Pictures with captions from a folder, as Flickr8k's and Flickr30k's archives hold them.

captions.txt      a table with the heads image and caption, and a line for each caption: name.jpg,A dog runs .
Images/name.jpg   the pictures, in this folder, in captions.txt's own, or in images
"""

from __future__ import annotations

import csv
import zlib
from pathlib import Path

from coursekit.data.pair_files import read_lines
from coursekit.errors import CourseError

TABLE = "captions.txt"
FOLDERS = ("Images", "images", ".")
#: Pictures whose name's checksum ends in 8 or 9 are kept for validation and test.
LATER = {8: "validation", 9: "test"}


def read_captions(folder: Path) -> dict[str, dict[str, list]]:
    """Train, validation and test (80, 10 and 10 %, by the picture's name): paths `image`, and lists `caption`."""
    folder = folder.expanduser()
    if not (folder / TABLE).is_file():
        raise CourseError(
            f"there is no {TABLE} in {str(folder)!r}: give a folder with {TABLE} (lines image,caption) and pictures."
        )
    captions = _table(folder / TABLE)
    outside = [name for name in captions if Path(name).is_absolute() or ".." in Path(name).parts]
    if outside:
        raise CourseError(f"{TABLE} names {outside[0]!r}, which is outside of the folder: name pictures in it only.")
    place = next((folder / name for name in FOLDERS if (folder / name / next(iter(captions))).is_file()), folder)
    missing = [name for name in captions if not (place / name).is_file()]
    if missing:
        raise CourseError(
            f"{len(missing)} of {len(captions)} pictures that {TABLE} names are not in {str(place)!r}, the first is "
            f"{missing[0]!r}: put them into the folder Images beside it."
        )
    splits: dict[str, dict[str, list]] = {s: {"image": [], "caption": []} for s in ("train", "validation", "test")}
    for name, told in captions.items():
        split = splits[LATER.get(zlib.crc32(name.encode()) % 10, "train")]
        split["image"].append(str(place / name))
        split["caption"].append(told)
    if not all(split["image"] for split in splits.values()):
        raise CourseError(f"{len(captions)} pictures are too few for three splits: give a larger folder.")
    return splits


def _table(path: Path) -> dict[str, list[str]]:
    """The captions of each picture, in the file's order."""
    rows = [_row(line, k, path) for k, line in enumerate(read_lines(path), 1)]
    if [head.strip().lower() for head in rows[0]] != ["image", "caption"]:
        raise CourseError(
            f"{str(path)!r} begins with {','.join(rows[0])[:40]!r}: its first line must be image,caption."
        )
    captions: dict[str, list[str]] = {}
    for k, row in enumerate(rows[1:], 2):
        name, told = row[0].strip() if row else "", ",".join(row[1:]).strip()
        if row and not (name and told):
            raise CourseError(f"line {k} of {str(path)!r} has no picture or no caption: write image,caption.")
        if row:
            captions.setdefault(name, []).append(told)
    if not captions:
        raise CourseError(f"{str(path)!r} names no picture: give a line image,caption for each.")
    return captions


def _row(line: str, k: int, path: Path) -> list[str]:
    """Each line by itself: a quotation mark that is never closed must not take the lines behind it along."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error as error:
        raise CourseError(f"line {k} of {str(path)!r} is no line of a table ({error}): write image,caption.") from None
