"""What every text metric asks of its input: lines of text, and for each line a list of references.

`references[i]` holds all references of `candidates[i]`, however many; sets of references that lie in parallel files are
brought into this form by `list(zip(*sets))`.
"""

from collections.abc import Sequence
from typing import Any

_NO_LISTS = (bytes, dict, set, frozenset)  # they have a length, but hold no strings or keep no order


def check_strings(name: str, lines: Any) -> None:
    """Raises ValueError unless `lines` is a sequence of strings with at least one in it."""
    if isinstance(lines, str):
        raise ValueError(f"{name} is one string: give a list of strings, such as [{name}].")
    if isinstance(lines, _NO_LISTS) or not hasattr(lines, "__len__"):
        raise ValueError(f"{name} is of type {type(lines).__name__}: give a list of strings.")
    if not len(lines):
        raise ValueError(f"{name} is empty: give at least one string.")
    for i, line in enumerate(lines):
        if not isinstance(line, str):
            raise ValueError(f"{name}[{i}] is of type {type(line).__name__}: give a string ('' if the line is empty).")


def check_pair(candidate: Any, references: Any, name: str = "candidate") -> None:
    """Raises ValueError unless one string stands against a list of one or more strings."""
    if not isinstance(candidate, str):
        raise ValueError(f"the {name} is of type {type(candidate).__name__}: give one string.")
    check_strings("references", references)


def check_corpus(candidates: Any, references: Any, name: str = "candidates") -> None:
    """Raises ValueError unless there are candidates, and for each of them a list of one or more references."""
    check_strings(name, candidates)
    if isinstance(references, str) or not isinstance(references, Sequence):
        raise ValueError(f"references is of type {type(references).__name__}: give a list of references for each line.")
    if len(references) != len(candidates):
        raise ValueError(
            f"{len(candidates)} {name}, but references for {len(references)} lines: "
            f"references[i] must list the references of {name}[i]."
        )
    for i, line in enumerate(references):
        if line is None or (not isinstance(line, str) and hasattr(line, "__len__") and not len(line)):
            raise ValueError(f"references[{i}] is missing: give at least one reference for each of the {name}.")
        check_strings(f"references[{i}]", line)
