"""How a story may go: templates of sentences, and the automaton that they make.

`[ x ]` is said with the configured probability, `( 3 x | 1 y )` is one of several by weight, `{slot}` is a word of that
slot (slots.py), anything else stands for itself. A template names the section of the story that follows it.

Templates are joined on their common beginnings, so after any words of a story exactly one `Fork` is open: what was
chosen is always spoken. Shares are fractions, so the joined automaton is exact and the same on every machine.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple


class Template(NamedTuple):
    weight: int
    follows: str  # the section after this sentence, "" at the end of the story
    text: str


_BEING = "[ {near} the ( 2 {spot} | 1 {spots} ) ] [ that {she} had {met} ]"
_THING = "{she} {did} {a} [ {look} ] {thing} [ with {her} {friend} ] [ and {acted} ] ."
_MOOD = Template(
    7,
    "close",
    "( 3 | 2 at last | 1 in the {part} | 1 by {hour} ) {she} ( 1 {was} | 1 felt ) [ {very} ] {mood} .",
)
_HOME = Template(2, "stop", "( 2 {she} | 1 then {she} | 1 at {hour} {she} ) went home [ {manner} ] .")
_STOP = Template(2, "", "<eos>")

#: The sections of a story. The middle mixes three: something told, a cause of a mood (once), and the long-range thing.
#: "more" is the middle again, one sentence later.
SECTIONS: dict[str, list[Template]] = {
    "opening": [
        Template(
            1,
            "middle",
            "( 11 | 2 yesterday | 2 one {part} | 2 one {season} {part} | 2 on {weekday} | 1 last {season} ) "
            "( 3 {name} | 2 {name} and {partner} ) {went} to the [ {place_look} ] "
            "( 92 {place} | 4 bank of the {river} | 4 bank in the {town} ) [ with {her} {friend} ] .",
        )
    ],
    "told": [
        Template(4, "more", "the {sky} was [ {very} ] {sky_look} ."),
        Template(2, "more", "the {sky} {sky_did} ."),
        Template(4, "more", f"the [ {{looks}} ] {{one}} {_BEING} {{was_one}} {{doing}} ."),
        Template(3, "more", f"the [ {{looks}} ] {{many}} {_BEING} {{were_many}} {{doing}} ."),
        Template(2, "more", "{number} [ {looks} ] {many} {moved} [ {manner} ] ."),
        Template(3, "more", "it was ( 1 {nearly} {hour} | 1 [ {very} ] {weather} ) ."),
        Template(3, "more", "{she} {acted} [ {manner} ] ."),
        Template(2, "more", "{she} talked to ( 1 a [ {looks} ] {one} | 1 {number} {many} ) ."),
        Template(3, "more", "{she} met ( 1 mr {surname} | 1 mrs {surname} ) [ {near} the {spot} ] ."),
        Template(2, "more", "on the {side} {stood} a [ {looks} ] {one} ."),
    ],
    "cause": [
        Template(1, "more", "( 3 {she} | 1 earlier {she} | 1 that {part} {she} ) had {caused} a {object} ."),
    ],
    "thing": [Template(1, "after", f"there {_THING}")],
    "after": [Template(5, "end", f"then {_THING}"), _MOOD, _HOME, _STOP],
    "end": [_MOOD, _HOME, _STOP],
    "close": [_HOME, _STOP],
    "stop": [_STOP],
}

Words = tuple[str, ...]
Sayings = dict[tuple[Words, str], Fraction]  # (symbols, section that follows) -> share


@dataclass(eq=False)
class Fork:
    """One open place in a sentence: each symbol that may come, with its share and the fork behind it."""

    number: int
    edges: list[tuple[str, Fraction, "Fork"]] = field(default_factory=list)
    follows: str | None = None  # set only where a sentence has ended


def expand(text: str, optional: float, ways: int = 9) -> list[tuple[Fraction, Words]]:
    """All the symbol strings that a template stands for, with their shares; at most `ways` of each alternative."""
    sayings, rest = _alternatives(text.split(), Fraction(str(optional)), ways)
    if rest:
        raise ValueError(f"the template {text!r} has an unmatched bracket near {' '.join(rest)!r}")
    return sayings


def _alternatives(rest: list[str], optional: Fraction, ways: int) -> tuple[list[tuple[Fraction, Words]], list[str]]:
    """Reads up to the closing bracket: a sequence of symbols and bracketed groups, each expanded."""
    sayings: list[tuple[Fraction, Words]] = [(Fraction(1), ())]
    while rest and rest[0] not in ("]", ")", "|"):
        head, rest = rest[0], rest[1:]
        if head == "[":
            inner, rest = _alternatives(rest, optional, ways)
            group = [(p * optional, words) for p, words in inner] + [(1 - optional, ())]
            rest = rest[1:]
        elif head == "(":
            group, rest = _weighted(rest, optional, ways)
        else:
            group = [(Fraction(1), (head,))]
        sayings = [(p * q, a + b) for (p, a), (q, b) in itertools.product(sayings, group) if p * q > 0]
    return sayings, rest


def _weighted(rest: list[str], optional: Fraction, ways: int) -> tuple[list[tuple[Fraction, Words]], list[str]]:
    group: list[tuple[Fraction, Words]] = []
    for way in itertools.count():
        weight = Fraction(rest[0])
        inner, rest = _alternatives(rest[1:], optional, ways)
        group += [(p * weight, words) for p, words in inner if way < ways]
        closed, rest = rest[0] == ")", rest[1:]
        if closed:
            total = sum(p for p, _ in group)
            return [(p / total, words) for p, words in group], rest
    raise AssertionError


def mixture(parts: list[tuple[Fraction, list[Template]]], optional: float, ways: int = 9) -> Sayings:
    """The sayings of several lists of templates, each list with its share."""
    out: Sayings = defaultdict(Fraction)
    for share, templates in parts:
        total = sum(t.weight for t in templates)
        for template in templates:
            for p, symbols in expand(template.text, optional, ways):
                out[symbols, template.follows] += share * p * Fraction(template.weight, total)
    return dict(out)


class Forks:
    """Joins sayings on their common beginnings; equal continuations are one fork, whatever came before them."""

    def __init__(self) -> None:
        self._known: dict[frozenset[tuple[tuple[Words, str], Fraction]], Fork] = {}

    def join(self, sayings: Sayings) -> Fork:
        total = sum(sayings.values())
        shares = {key: p / total for key, p in sayings.items()}
        identity = frozenset(shares.items())
        if identity not in self._known:
            self._known[identity] = fork = Fork(len(self._known))
            self._grow(fork, shares)
        return self._known[identity]

    def all(self) -> Iterator[Fork]:
        return iter(self._known.values())

    def _grow(self, fork: Fork, shares: Sayings) -> None:
        behind: dict[str, Sayings] = defaultdict(dict)
        for (symbols, follows), p in shares.items():
            if not symbols:
                fork.follows = follows
                return
            behind[symbols[0]][symbols[1:], follows] = p
        for symbol, rest in behind.items():
            fork.edges.append((symbol, Fraction(sum(rest.values())), self.join(rest)))
