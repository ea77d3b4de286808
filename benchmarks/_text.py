"""The text that the character benchmarks read."""

from pathlib import Path

SHARED = Path(__file__).resolve().parents[1] / "../shared/data/tinyshakespeare/input.txt"


def text() -> tuple[str, str]:
    """Tiny shakespeare where it is at hand, else the English that every Python carries; and its name."""
    if SHARED.exists():
        return SHARED.read_text(encoding="utf-8"), "tiny shakespeare"
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics)), "pydoc topics"


def split(whole: str) -> tuple[str, str]:
    """The first nine tenths to learn from, the last tenth to predict."""
    cut = len(whole) * 9 // 10
    return whole[:cut], whole[cut:]
