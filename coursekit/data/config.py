"""Size and difficulty of the small world."""

import math
from dataclasses import dataclass, fields

from coursekit.errors import CourseError

#: Smallest and largest value of each parameter.
RANGES = {
    "names": (1, 32), "places": (1, 23), "things": (3, 12), "words": (1, 20), "ways": (1, 9), "moods": (1, 5),
    "told": (1, 10),
    "between": (0.0, 20.0),
    "max_between": (0, 40), "optional": (0.0, 0.9), "zipf": (0.0, 4.0), "drift": (0.0, 0.9), "mood": (0.0, 1.0),
    "dates": (2, 10_000), "news_from": (0.0, 1.0), "news": (0.0, 0.9), "held_out": (0, 2),
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    """What the world holds and how hard its stories are. Every field has a range; outside it: CourseError."""

    names: int = 32  # women, and as many men
    places: int = 23  # besides the two banks
    things: int = 12  # at most, per place
    words: int = 20  # at most, in each other list
    ways: int = 9  # at most, of saying a part of a sentence
    moods: int = 5  # and their causes
    told: int = 10  # kinds of sentence that keep cause and effect apart
    between: int | float = 3.0  # expected number of such sentences, if there were no limit
    max_between: int = 7  # and the limit
    optional: int | float = 0.45  # probability of each optional modifier
    zipf: int | float = 1.0  # exponent of word shares by rank
    drift: int | float = 0.7  # how far topics rise and fall with the date
    mood: int | float = 0.85  # probability that a mood fits its cause
    dates: int = 100  # a story's date is 0 ... dates - 1
    news_from: int | float = (
        0.8  # after this part of time there are new names, new things, new pairs of place and thing
    )
    news: int | float = 0.06  # and their share
    held_out: int = 1  # pairs per place that do not occur before

    def __post_init__(self) -> None:
        for f in fields(self):
            value, (low, high) = getattr(self, f.name), RANGES[f.name]
            whole = isinstance(low, int)
            right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
            if not right or not math.isfinite(value) or not low <= value <= high:
                number = "a whole number" if whole else "a number"
                raise CourseError(
                    f"{f.name}={value!r} is not possible in this world: give {number} from {low} to {high}."
                )

    @classmethod
    def tiny(cls, **changes: int | float) -> "Config":
        """A world so small that all its stories can be written down (some ten thousand, more after the news)."""
        small: dict[str, int | float] = {
            "names": 1, "places": 1, "things": 3, "words": 1, "ways": 2, "moods": 2, "told": 2,
            "between": 0.5, "max_between": 1,
            "optional": 0.0, "dates": 10,
        }  # fmt: skip
        return cls(**{**small, **changes})  # type: ignore[arg-type]
