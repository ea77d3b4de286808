"""Where the checkout keeps its notebooks, and what belongs to which chapter."""

import re
import tomllib
from pathlib import Path

from coursekit.errors import CourseError

PART = re.compile(r"(?P<number>\d\d)(?P<letter>[a-z]?)_(?P<topic>[a-z0-9_]+)")


def checkout() -> Path:
    """The root of the checkout that holds this package. Raises CourseError for an installed copy without one."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "notebooks" / "src").is_dir():
        raise CourseError("This copy of coursekit has no notebooks beside it: run the command inside a checkout")
    return root


def chapter_of(source: Path) -> str:
    """The chapter of a part: the name that its quiz, experiments or exercises bear, else the part's without letter."""
    match = PART.fullmatch(source.stem)
    if not match:
        raise CourseError(f"The name {source.name} is not one of a part: call it like 01a_counting.py")
    notebooks = source.parent.parent
    for folder in (notebooks / "quiz", notebooks / "experiments", notebooks.parent / "solutions"):
        for path in sorted(folder.glob(f"{match['number']}_*")):
            return path.stem
    return f"{match['number']}_{match['topic']}"


def sources(root: Path, names: str | list[str] | None = None) -> list[Path]:
    """Sources of the named parts or chapters ("01", "01a", "01_language_models"); all without names."""
    found = sorted(path for path in (root / "notebooks" / "src").glob("*.py") if PART.fullmatch(path.stem))
    if not names:
        return found
    names = [names] if isinstance(names, str) else names
    chosen = [path for path in found if any(path.stem.startswith(name) or chapter_of(path) == name for name in names)]
    for name in names:
        if not any(path.stem.startswith(name) or chapter_of(path) == name for path in chosen):
            known = ", ".join(path.stem for path in found) or "none"
            raise CourseError(f"No notebook is called {name!r}: this checkout has {known}")
    return chosen


def notebook_of(source: Path) -> Path:
    """The built notebook of a source: notebooks/src/01a_x.py -> notebooks/01a_x.ipynb."""
    return source.parent.parent / f"{source.stem}.ipynb"


def source_of(notebook: Path) -> Path:
    """The source of a built notebook, whether or not it exists."""
    return notebook.parent / "src" / f"{notebook.stem}.py"


def repository(root: Path) -> str:
    """The address that a notebook installs the course from: pyproject's Repository, where it stands once."""
    with (root / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["urls"]["Repository"])
