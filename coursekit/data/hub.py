"""The Hub: one data set by name, or one sentence that says why not, and which embedded set to take instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coursekit.errors import CourseError

if TYPE_CHECKING:
    from datasets import DatasetDict


def from_the_hub(name: str, configuration: str | None, instead: str) -> DatasetDict:
    """All of its splits; `instead` is what needs no network."""
    import datasets

    _reach_the_hub(instead)
    bars = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(name, configuration)
    except Exception as error:  # the Hub fails in a dozen ways, each with its own class
        told = f"the Hub cannot give {name} ({type(error).__name__})"
        raise CourseError(f"{told}: use an embedded set instead: {instead}.") from error
    finally:
        if not bars:
            datasets.enable_progress_bars()


def _reach_the_hub(instead: str) -> None:
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
        raise CourseError(
            f"the Hub cannot be reached ({type(error).__name__}): use an embedded set instead: {instead}."
        ) from error


def complete(found: DatasetDict, rows: dict[str, int]) -> DatasetDict:
    """The data set, if it has the rows that its makers published."""
    have = {name: len(part) for name, part in found.items()}
    if have != rows:
        raise CourseError(f"the download has {have} rows, not {rows}: delete the Hub's cache and load it again.")
    return found
