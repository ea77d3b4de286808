"""Translation pairs from files: a folder as multi30k's (train.en, train.de, val.*, test.*) or a tab-separated list."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from coursekit.data.pairs import LANGUAGES, check_languages
from coursekit.errors import CourseError

#: Splits and how their files' names may begin.
SPLITS = {"train": ("train",), "validation": ("val", "valid", "validation", "dev"), "test": ("test",)}
_MOST_BYTES = 500_000_000

Columns = dict[str, list[str]]


def read_lines(path: Path) -> list[str]:
    """The lines of a text in UTF-8, unpacked if it is gzipped."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)  # no more, however much a packed file would grow
        if len(raw) > _MOST_BYTES:
            raise CourseError(f"{str(path)!r} has more than {_MOST_BYTES:,} bytes: give a part of it.")
        lines = raw.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError as error:
        raise CourseError(f"{str(path)!r} is not UTF-8 (byte {error.start}): save the text as UTF-8.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise CourseError(f"{str(path)!r} is not a whole gzip file: fetch it again.") from None
    except OSError as error:
        raise CourseError(f"{str(path)!r} cannot be read ({error.strerror}): check its permissions.") from None
    lines = lines[:-1] if lines[-1] == "" else lines
    if not any(line.strip() for line in lines):
        raise CourseError(f"{str(path)!r} is empty: give a file with one sentence a line.")
    return lines


def read_pairs(path: Path, languages: Sequence[str] | None = None) -> dict[str, Columns]:
    """Train, validation and test of a folder or of a tab-separated file, one column a language."""
    path = path.expanduser()
    if not path.exists():
        raise CourseError(
            f"there is no file or folder {str(path)!r}: give a folder with train.en, train.de and so on, or a table."
        )
    if path.is_dir():
        return _folder(path, languages)
    chosen = check_languages(("en", "fr") if languages is None else languages)
    return _cut(_table(path, chosen))


def _folder(path: Path, languages: Sequence[str] | None) -> dict[str, Columns]:
    files = sorted(p for p in path.iterdir() if p.is_file())
    there = {(split, lang): _one(files, starts, lang) for split, starts in SPLITS.items() for lang in LANGUAGES}
    known = tuple(lang for lang in LANGUAGES if there["train", lang])
    if languages is None and len(known) < 2:
        raise CourseError(f"{str(path)!r} has no train files of two languages: name them train.en, train.de and so on.")
    chosen = check_languages(known if languages is None else languages)
    return {split: _parallel(path, split, {lang: there[split, lang] for lang in chosen}) for split in SPLITS}


def _one(files: list[Path], starts: Sequence[str], language: str) -> Path | None:
    """The first file of this split and language: train.en, val.lc.norm.tok.de.gz, test_2016_flickr.fr."""
    name = re.compile(rf"({'|'.join(starts)})([._-].*)?\.{language}(\.gz)?")
    return next((p for p in files if name.fullmatch(p.name)), None)


def _parallel(folder: Path, split: str, paths: dict[str, Path | None]) -> Columns:
    columns: Columns = {}
    for language, path in paths.items():
        if path is None:
            example = f"{SPLITS[split][0]}.{language}"
            raise CourseError(f"{str(folder)!r} has no {split} file of {language!r}: add {example} (or {example}.gz).")
        columns[language] = [line.strip() for line in read_lines(path)]
    lengths = {language: len(lines) for language, lines in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{language} {n:,}" for language, n in lengths.items())
        raise CourseError(
            f"the {split} files have different numbers of lines ({told}): line k must be the same sentence in each."
        )
    return columns


def _table(path: Path, languages: Sequence[str]) -> Columns:
    """Columns of a tab-separated file in the order of `languages`; further columns are left out."""
    rows = []
    for k, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        row = [cell.strip() for cell in line.split("\t")[: len(languages)]]
        if len(row) < len(languages) or not all(row):
            raise CourseError(
                f"line {k} of {str(path)!r} has {sum(map(bool, row))} column(s), not {len(languages)}: "
                "put tabs between them, and a sentence in each."
            )
        rows.append(row)
    return {language: list(column) for language, column in zip(languages, zip(*rows, strict=True), strict=True)}


def _cut(columns: Columns) -> dict[str, Columns]:
    """80, 10 and 10 % by the source's text, so that a sentence with several translations stays in one split."""
    source = next(iter(columns.values()))
    places: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    for i, text in enumerate(source):
        tenth = zlib.crc32(text.lower().encode()) % 10
        places["validation" if tenth == 8 else "test" if tenth == 9 else "train"].append(i)
    if not all(places.values()):
        raise CourseError(f"{len(source)} lines are too few for three splits: give a longer file.")
    return {split: {lang: [lines[i] for i in at] for lang, lines in columns.items()} for split, at in places.items()}
