"""What a translation pair says, before it is said in any language: one derivation of the synchronous grammar.

Every part has a key of its own; words of two languages that carry the same key are translations of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from coursekit.data import pair_verbs as verbs
from coursekit.data import pair_words as lexicon
from coursekit.data.pair_verbs import Phrase, Verb
from coursekit.data.pair_words import Adjective, Noun, Place
from coursekit.errors import CourseError

#: Keys that one part may use: the part itself, its article, adjectives; verb, negation, modal and so on.
STEP = 8
#: Smallest and largest value of each parameter.
_RANGES = {"max_length": (12, 200), "zipf": (0.0, 4.0), "variety": (0.0, 1.0), "news": (0.0, 0.9), "held_out": (0, 5)}


@dataclass(frozen=True)
class PairConfig:
    """Size and difficulty of the pairs. A value outside its range: CourseError."""

    clauses: int | tuple[int, int] = (1, 3)  # per sentence: fewest and most; one number means just so many
    max_length: int = 60  # words of the longest sentence, in every language
    zipf: int | float = 1.0  # exponent of word shares by rank
    variety: int | float = 0.2  # probability that a language uses another licensed wording than the usual one
    news: int | float = 0.04  # share of names and things that are new, in the test split only
    held_out: int = 1  # tenths of all "adjective noun" and "verb noun" combinations that training does not see

    def __post_init__(self) -> None:
        low, high = self.span
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in (low, high)) or not 1 <= low <= high <= 8:
            raise CourseError(
                f"clauses={self.clauses!r} is not possible: give 1 to 8, or a pair (fewest, most) of them."
            )
        for f in fields(self):
            if f.name in _RANGES:
                self._check(f.name, getattr(self, f.name), *_RANGES[f.name])
        if self.max_length < 12 * low:
            raise CourseError(f"max_length={self.max_length} is too short for {low} clauses: give at least {12 * low}.")

    @staticmethod
    def _check(name: str, value: Any, low: int | float, high: int | float) -> None:
        whole = isinstance(low, int)
        right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
        if not right or not low <= value <= high:
            number = "a whole number" if whole else "a number"
            raise CourseError(f"{name}={value!r} is not possible: give {number} from {low} to {high}.")

    @property
    def span(self) -> tuple[int, int]:
        both = tuple(self.clauses) if isinstance(self.clauses, (tuple, list)) else (self.clauses, self.clauses)
        if len(both) != 2:
            raise CourseError(
                f"clauses={self.clauses!r} is not possible: give 1 to 8, or a pair (fewest, most) of them."
            )
        return both


class Said(NamedTuple):
    """A phrase that is looked up whole, by language."""

    key: int
    text: dict[str, tuple[Phrase, ...]]
    front: bool = False  # at the beginning of its clause


class Group(NamedTuple):
    """A noun with its article and adjectives. Keys: noun, +1 article, +2 and +3 adjectives."""

    key: int
    noun: Noun
    many: bool = False
    article: str = "the"  # the, a, this, own, two, three
    owner: Being | None = None
    looks: tuple[Adjective, ...] = ()
    relative: Clause | None = None


class Being(NamedTuple):
    """Somebody or something: a name, a noun, or a pronoun for one of them ("i", "you" and "we" are pronouns too)."""

    key: int
    person: str = "third"  # i, you, we, third
    name: str = ""
    gender: str = ""  # of a name: w, m
    group: Group | None = None
    pronoun: bool = False

    @property
    def many(self) -> bool:
        return self.person == "we" or (self.group is not None and self.group.many)


class Where(NamedTuple):
    """A place. Keys: the preposition; `tail` is what tells one bank from the other."""

    key: int
    group: Group
    place: Place | None = None
    near: tuple[tuple[str, ...], ...] = ()
    tail: tuple[str, ...] = ()


class Clause(NamedTuple):
    """Keys: verb, +1 negation, +2 modal, +3 auxiliary, +4 relative pronoun, "that" or question, +5 conjunction."""

    key: int
    subject: Being
    verb: Verb
    past: bool = False
    modal: Verb | None = None
    negation: str = ""  # not, never
    thing: Being | None = None  # the object
    mood: Adjective | None = None  # what "be" says of the subject
    where: Where | None = None
    going: bool = False
    how: Said | None = None
    company: Group | None = None
    when: Said | None = None
    often: Said | None = None
    that: Clause | None = None
    conjunction: str = ""  # and, but, because, when
    movable: bool = False  # its phrase of time may stand first


class Meaning(NamedTuple):
    clauses: tuple[Clause, ...]
    called: Said | None = None  # "sir , ..."
    polite: bool | None = None  # vous and Sie; None: nobody can tell
    weather: Said | None = None
    question: bool = False
    unseen: tuple[str, ...] = ()  # held-out combinations
    unknown: tuple[str, ...] = ()  # words that training has not seen


_ORDER = {a.en: i for i, a in enumerate([*lexicon.ADJECTIVES, *lexicon.LOOKS, *lexicon.PLACE_LOOKS])}
_NOUNS = [*lexicon.THINGS, *lexicon.BEINGS, *(p.noun for p in lexicon.PLACES)]
_RANK = {n.name: i for i, n in enumerate(_NOUNS)}
_VERB = {v: 5 * i + 1 for i, v in enumerate(dict.fromkeys([*verbs.TAKE_THINGS, *verbs.TAKE_BEINGS]))}


def held_out(first: str, noun: str, tenths: int = 1) -> bool:
    """Whether training never sees this adjective (English) or verb with this noun; each word occurs with others."""
    rank = _ORDER.get(first, _VERB.get(first))
    if rank is None or noun not in _RANK:
        return False
    return (3 * rank + 7 * _RANK[noun] + 4) % 10 < tenths


TIMES = {False: verbs.phrases(verbs.ALWAYS), True: verbs.phrases(verbs.BEFORE)}
OFTEN, BY = verbs.phrases(verbs.OFTEN), verbs.phrases(verbs.BY)
WEATHER = {False: verbs.phrases(verbs.WEATHER), True: verbs.phrases(verbs.RAINED)}
CALLED = {False: verbs.phrases(verbs.FAMILIAR), True: verbs.phrases(verbs.POLITE)}
