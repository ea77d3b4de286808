"""The student's own copies: work/ receives the course's notebooks and never loses a word that was written there."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import coursekit
from coursekit.errors import CourseError
from coursekit.files import write_atomically

FOLDERS = ("notebooks", "exercises")
MANIFEST = ".coursekit.json"  # per file: the digest of the release that the copy came from


def update(folder: Path, checkout: Path | None = None) -> Iterator[str]:
    """Bring `folder` up to the present release; yields a line for each thing worth knowing.

    A missing file is copied, an untouched older copy is replaced, and beside a file that the student changed
    the newer release is laid under another name.
    Raises CourseError where there is nothing to copy from or the folder cannot be written.
    """
    shipped = releases(checkout or Path(coursekit.__file__).parents[1])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = read_manifest(folder)
        for name, source in shipped.items():
            yield from bring(source, folder / name, known, name)
            write_manifest(folder, known)
    except OSError as error:
        raise CourseError(
            f"Cannot write your copies into {folder} ({error.strerror}): choose another folder with --folder."
        ) from error


def releases(checkout: Path) -> dict[str, Path]:
    """Every notebook that a student works on, by its name inside work/."""
    found = {f"{part}/{path.name}": path for part in FOLDERS for path in sorted((checkout / part).glob("*.ipynb"))}
    if not found:
        raise CourseError(f"There are no notebooks in {checkout}: run this from a checkout of the course.")
    return found


def bring(source: Path, target: Path, known: dict[str, str], name: str) -> Iterator[str]:
    new, old = digest(source), known.get(name)
    if not target.exists():
        copy(source, target)
    elif digest(target) == new or old == new:
        pass  # the same release, edited or not
    elif digest(target) == old:
        copy(source, target)
        yield f"{name}: replaced by the newer release (you had not changed it)"
    else:
        beside = target.with_name(f"{target.stem}.new-{new[:8]}{target.suffix}")
        if not beside.exists():
            copy(source, beside)
        yield f"{name}: you changed it, so the newer release lies beside it as {beside.name}"
    known[name] = new


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(target, source.read_bytes())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(folder: Path) -> dict[str, str]:
    """An unreadable manifest counts as empty: then every differing file counts as the student's own."""
    try:
        known = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def write_manifest(folder: Path, known: dict[str, str]) -> None:
    write_atomically(folder / MANIFEST, json.dumps(known, indent=1, sort_keys=True))
