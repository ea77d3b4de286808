"""Three sizes of every experiment."""

import os

from coursekit.errors import CourseError

PRESETS = ("tiny", "colab", "full")


def preset(name: str | None = None) -> str:
    """`name`, or else COURSEKIT_PRESET, or else "tiny".

    tiny: two CPU cores and seconds; colab: one GPU and minutes; full: the paper's size.
    """
    chosen = name or os.environ.get("COURSEKIT_PRESET") or "tiny"
    if chosen not in PRESETS:
        origin = "the preset" if name else "the environment variable COURSEKIT_PRESET"
        raise CourseError(f"{origin} is {chosen!r}: choose one of {', '.join(PRESETS)}.")
    return chosen
