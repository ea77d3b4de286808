"""Translation pairs of the small world in English, French and German, with gold alignments and several references.

One derivation (what is said) is spoken by three sides (how each language says it). Words that carry the same part of
the meaning are aligned; a part that a language may word differently is a choice, and every choice is licensed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from coursekit.data.pair_english import English, Side, Token
from coursekit.data.pair_french import FrenchSide
from coursekit.data.pair_german import GermanSide
from coursekit.data.pair_meaning import Clause, Meaning, PairConfig
from coursekit.data.pair_sampler import Sampler
from coursekit.errors import CourseError

LANGUAGES = ("en", "fr", "de")
_SIDES: dict[str, type[Side]] = {"en": English, "fr": FrenchSide, "de": GermanSide}


@dataclass(frozen=True)
class Pair:
    """One meaning in several languages."""

    text: dict[str, str]  # by language: tokens joined by spaces, lower case
    alignment: dict[str, list[tuple[int, int]]]  # by target language: (place in the source, place in the target)
    references: dict[str, list[str]]  # by language: `text` first, then other licensed wordings
    kinds: list[str]  # what happens in it: negation, clitic, verb_final, ...
    unseen: list[str]  # held-out combinations of words in it
    unknown: list[str]  # words that training never has
    clauses: int


class _Choices:
    """Which wordings: given ones, then drawn ones; and how many there were of each."""

    def __init__(self, given: Sequence[int], draw: Callable[[int], int]) -> None:
        self.given, self.draw = given, draw
        self.made: list[tuple[int, int]] = []

    def __call__(self, n: int) -> int:
        at = len(self.made)
        chosen = self.given[at] % n if at < len(self.given) else self.draw(n)
        self.made.append((chosen, n))
        return chosen


def _speak(language: str, meaning: Meaning, choices: _Choices) -> list[Token]:
    return _SIDES[language](choices, meaning.polite).sentence(meaning)


def _join(tokens: Sequence[Token]) -> str:
    return " ".join([token.word for token in tokens])


def align(source: Sequence[Token], target: Sequence[Token]) -> list[tuple[int, int]]:
    """Every pair of places whose words share a part of the meaning, in the order of the source."""
    places: dict[int, list[int]] = {}
    for j, token in enumerate(target):
        for key in token.keys:
            places.setdefault(key, []).append(j)
    return sorted({(i, j) for i, token in enumerate(source) for key in token.keys for j in places.get(key, ())})


def others(language: str, meaning: Meaning, made: list[tuple[int, int]], said: str, limit: int) -> list[str]:
    """Up to `limit` other licensed wordings: first those that differ in one choice, then those that differ in more."""
    if limit < 1:
        return []
    found = [said]
    chosen = [c for c, _ in made]
    single = [(i, k) for i, (c, n) in enumerate(made) for k in range(n) if k != c]
    changes = [[one] for one in single] + [[a, b] for a, b in pairwise(single) if a[0] != b[0]]
    for change in changes:
        if len(found) > limit:
            break
        trial = list(chosen)
        for i, k in change:
            trial[i] = k
        text = _join(_speak(language, meaning, _Choices(trial, lambda n: 0)))
        if text not in found:
            found.append(text)
    return found[1:]


class Pairs:
    """The pairs of one split, without end: `Pairs(config, seed, "train").take(n)`."""

    def __init__(
        self, config: PairConfig, seed: int = 0, split: str = "train", languages: Sequence[str] = LANGUAGES,
        references: int = 1,
    ) -> None:  # fmt: skip
        if split not in ("train", "validation", "test"):
            raise CourseError(f"split={split!r} is not possible: give 'train', 'validation' or 'test'.")
        self.config, self.languages, self.references = config, check_languages(languages), references
        self.random = Random(f"{seed} {split}")
        self.sampler = Sampler(config, self.random, test=split == "test")

    def take(self, n: int, seen: set[str] | None = None) -> list[Pair]:
        """The next n pairs; none whose source text is in `seen`."""
        found: list[Pair] = []
        pairs = iter(self)
        while len(found) < n:
            pair = next(pairs)
            if seen is None or pair.text[self.languages[0]] not in seen:
                found.append(pair)
        return found

    def __iter__(self) -> Iterator[Pair]:
        while True:
            meaning = self.sampler.sentence()
            spoken = self._spoken(meaning)
            if all(len(tokens) <= self.config.max_length for tokens, _ in spoken.values()):
                yield self._pair(meaning, spoken)

    def _draw(self, n: int) -> int:
        if n == 1 or self.random.random() >= self.config.variety:
            return 0
        return self.random.randrange(1, n)

    def _spoken(self, meaning: Meaning) -> dict[str, tuple[list[Token], list[tuple[int, int]]]]:
        spoken = {}
        for language in self.languages:
            choices = _Choices((), self._draw)
            spoken[language] = (_speak(language, meaning, choices), choices.made)
        return spoken

    def _pair(self, meaning: Meaning, spoken: dict[str, tuple[list[Token], list[tuple[int, int]]]]) -> Pair:
        text = {language: _join(tokens) for language, (tokens, _) in spoken.items()}
        source = spoken[self.languages[0]][0]
        alignment = {target: align(source, spoken[target][0]) for target in self.languages[1:]}
        more = {
            language: [text[language], *others(language, meaning, made, text[language], self.references - 1)]
            for language, (_, made) in spoken.items()
        }
        return Pair(
            text,
            alignment,
            more,
            sorted(kinds(meaning)),
            list(meaning.unseen),
            list(meaning.unknown),
            len(meaning.clauses),
        )


def check_languages(languages: Sequence[str]) -> tuple[str, ...]:
    """At least two different languages that there are, in an order."""
    chosen = tuple(languages) if isinstance(languages, (tuple, list)) else ()  # a set has no first one, the source
    if len(chosen) < 2 or any(language not in LANGUAGES or chosen.count(language) > 1 for language in chosen):
        raise CourseError(f"languages={languages!r} is not possible: give two or three different ones of en, fr, de.")
    return chosen


def kinds(meaning: Meaning) -> set[str]:
    """What makes the sentence hard, to score by."""
    found = {kind for clause in meaning.clauses for kind in _kinds(clause, alone=clause is meaning.clauses[0])}
    found |= {"question"} if meaning.question else set()
    found |= {"polite" if meaning.polite else "familiar"} if meaning.polite is not None else set()
    found |= {"verb_final"} if meaning.weather else set()
    return found | ({"unseen"} if meaning.unseen else set()) | ({"unknown"} if meaning.unknown else set())


def _kinds(c: Clause, alone: bool) -> Iterator[str]:
    groups = [b.group for b in (c.subject, c.thing) if b and b.group and not b.pronoun] + (
        [c.where.group] if c.where else []
    )
    marks = {
        "negation": c.negation, "clitic": c.thing and c.thing.pronoun,
        "pronoun": c.subject.pronoun and c.subject.person == "third",
        "perfect": c.past and c.verb.name not in ("be", "have"), "modal": c.modal,
        "separable": any(v.particle for v in c.verb.de), "verb_final": c.conjunction in ("because", "when") or c.that,
        "relative": any(g.relative for g in groups), "adjective": any(g.looks for g in groups),
        "ambiguous": (c.where and c.where.tail) or any(g.noun.name in ("bat", "spring") for g in groups),
        "reordered": c.when and c.movable,
    }  # fmt: skip
    yield from (name for name, there in marks.items() if there)
    if c.that:
        yield from _kinds(c.that, False)
