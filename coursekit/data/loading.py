"""load(): one call for every data set of the course, embedded or real, always the same kind of DatasetDict.

`datasets` is imported only when load runs. Nothing is written to disk but the Hub's own cache (HF_HOME).
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from coursekit.data.config import Config
from coursekit.data.world import Story, World
from coursekit.errors import CourseError

if TYPE_CHECKING:
    from datasets import DatasetDict

#: Each data set with the sources that it can come from, the usual one first; "file" is the path of a text in UTF-8.
SOURCES = {
    "stories": ("world",),
    "text": ("world", "pydoc", "file"),
    "wikitext": ("hub", "world", "file"),
}
#: Where validation and test begin, as parts of time (stories) or of the text.
CUTS = (0.8, 0.9)
_MOST_BYTES = 500_000_000
_WIKITEXT_ROWS = {"train": 36_718, "validation": 3_760, "test": 4_358}
_INSTEAD = "use an embedded set instead: load('stories') or load('text', source='pydoc')"


def load(name: str, source: str | Path | None = None, **options: Any) -> DatasetDict:
    """A data set with the splits train, validation and test: the past, and two futures.

    "stories" (world): text, tokens (the last is "<eos>"), logprob (log p(token | tokens before, date), nats), kind,
        distance (tokens back to the one that it depends on, 0 if none), date. Options: n=20_000 stories in all, seed=0,
        split="time" (or "random": the leak), and every field of Config.
    "text" (world, pydoc, or the path of a file), "wikitext" (hub, world, or a path): text, row by row in order; the
        rows of a file or of pydoc, joined, are the text again.

    Raises CourseError: unknown name, source or option; missing, empty or unreadable file; a Hub out of reach.
    """
    if name not in SOURCES:
        raise CourseError(f"there is no data set {name!r}: known are {', '.join(sorted(SOURCES))}.")
    place = SOURCES[name][0] if source is None else str(source)
    found = place if place in ("world", "hub", "pydoc") else "file"
    if found not in SOURCES[name] or (found == "file" and not _looks_like_a_path(source)):
        known = ", ".join("a file's path" if s == "file" else repr(s) for s in SOURCES[name])
        raise CourseError(f"load({name!r}) has no source {place!r}: give {known}.")
    if found == "world":
        return _stories(_story_options(options), plain=name != "stories")
    if options:
        raise CourseError(f"load({name!r}, source={place!r}) takes no option {', '.join(sorted(options))}.")
    if found == "hub":
        return _wikitext()
    return _in_order(_pydoc() if found == "pydoc" else _read(Path(place)))


def _looks_like_a_path(source: str | Path | None) -> bool:
    return isinstance(source, Path) or bool(re.search(r"[./\\~]", str(source))) or Path(str(source)).exists()


def _story_options(options: dict[str, Any]) -> tuple[int, int, str, Config]:
    options = dict(options)
    n, seed, split = options.pop("n", 20_000), options.pop("seed", 0), options.pop("split", "time")
    if split not in ("time", "random"):
        raise CourseError(f"split={split!r} is not possible: give 'time' (the future is the test) or 'random'.")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise CourseError(f"seed={seed!r} is not possible: give a whole number.")
    known = Config.__dataclass_fields__
    if unknown := sorted(set(options) - set(known)):
        raise CourseError(f"the world has no option {unknown[0]!r}: known are n, seed, split, {', '.join(known)}.")
    return n, seed, split, Config(**options)


@lru_cache(maxsize=4)
def world(config: Config) -> World:
    """The world of a configuration, kept: its nodes are compiled once."""
    return World(config)


@lru_cache(maxsize=2)
def _sampled(n: int, seed: int, split: str, config: Config) -> dict[str, list[Story]]:
    stories = world(config).sample(n, seed)
    cuts = [next((i for i, s in enumerate(stories) if s.date >= cut * config.dates), n) for cut in CUTS]
    if not 0 < cuts[0] < cuts[1] < n:
        raise CourseError(f"n={n} stories over {config.dates} dates leave a split empty: give at least 10 of each.")
    if split == "random":
        Random(seed).shuffle(stories)
    return {"train": stories[: cuts[0]], "validation": stories[cuts[0] : cuts[1]], "test": stories[cuts[1] :]}


def _stories(options: tuple[int, int, str, Config], plain: bool) -> DatasetDict:
    columns = ["text"] if plain else ["text", "tokens", "logprob", "kind", "distance", "date"]
    splits = _sampled(*options)
    return _dataset({name: {c: [getattr(s, c) for s in part] for c in columns} for name, part in splits.items()})


def _dataset(splits: dict[str, dict[str, list[Any]]]) -> DatasetDict:
    from datasets import Dataset, DatasetDict

    return DatasetDict({name: Dataset.from_dict(columns) for name, columns in splits.items()})


def _pydoc() -> str:
    """Python's own language reference, which every Python carries: half a million characters; versions differ."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name].strip() + "\n" for name in sorted(topics))


def _read(path: Path) -> str:
    path = path.expanduser()
    if not path.exists():
        raise CourseError(f"there is no file {str(path)!r}: give the path of a text file.")
    if not path.is_file():
        raise CourseError(f"{str(path)!r} is not a file: give the path of a text file.")
    if path.stat().st_size > _MOST_BYTES:
        raise CourseError(f"{str(path)!r} has more than {_MOST_BYTES:,} bytes: give a part of it.")
    try:
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise CourseError(f"{str(path)!r} is not UTF-8 (byte {error.start}): save the text as UTF-8.") from None
    except OSError as error:
        raise CourseError(f"{str(path)!r} cannot be read ({error.strerror}): check its permissions.") from None


def _in_order(text: str) -> DatasetDict:
    """The text cut by position, at the ends of lines where there are any near."""
    if not text.strip():
        raise CourseError("the text is empty: give a file with some lines of text.")
    ends = [_line_end(text, math.floor(cut * len(text))) for cut in CUTS]
    parts = {"train": text[: ends[0]], "validation": text[ends[0] : ends[1]], "test": text[ends[1] :]}
    if not all(parts.values()):
        raise CourseError(f"a text of {len(text)} characters is too short for three splits: give a longer one.")
    return _dataset({name: {"text": part.splitlines(keepends=True)} for name, part in parts.items()})


def _line_end(text: str, at: int) -> int:
    """The first end of a line in the next twentieth of the text, else the place itself."""
    end = text.find("\n", at, at + len(text) // 20)
    return at if end < 0 else end + 1


def _wikitext() -> DatasetDict:
    import datasets

    _reach_the_hub()
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        found = datasets.load_dataset("Salesforce/wikitext", "wikitext-2-raw-v1")
    except Exception as error:  # the Hub fails in a dozen ways, each with its own class
        raise CourseError(f"the Hub cannot give wikitext ({type(error).__name__}): {_INSTEAD}.") from error
    finally:
        if not bars:
            datasets.enable_progress_bars()
    return complete(found, _WIKITEXT_ROWS)


def _reach_the_hub() -> None:
    """Asks once, shortly: the Hub's own client would try for half a minute."""
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:  # the user says so: whatever is in the cache will do
        return
    try:
        urlopen(constants.ENDPOINT, timeout=5).close()
    except HTTPError:
        return  # an answer all the same
    except (URLError, OSError) as error:
        raise CourseError(f"the Hub cannot be reached ({type(error).__name__}): {_INSTEAD}.") from error


def complete(found: DatasetDict, rows: dict[str, int]) -> DatasetDict:
    """The data set, if it has the rows that its makers published."""
    have = {name: len(part) for name, part in found.items()}
    if have != rows:
        raise CourseError(f"the download has {have} rows, not {rows}: delete the Hub's cache and load it again.")
    return found
