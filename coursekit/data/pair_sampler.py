"""Draws what a translation pair says: Zipf shares, one tense a sentence, pronouns with antecedents."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import TypeVar

from coursekit.data import pair_verbs as verbs
from coursekit.data import pair_words as lexicon
from coursekit.data import words as world
from coursekit.data.pair_meaning import (
    BY,
    CALLED,
    OFTEN,
    STEP,
    TIMES,
    WEATHER,
    Being,
    Clause,
    Group,
    Meaning,
    PairConfig,
    Said,
    Where,
    held_out,
)  # fmt: skip
from coursekit.data.pair_verbs import Phrase, Verb
from coursekit.data.pair_words import Adjective, Noun

T = TypeVar("T")
_FOOD_OR_NOT = {name: set(taken) for name, taken in verbs.TAKES.items()}
#: What one does not do to a bat that flies, or to a spring.
_ONLY_LOOKED_AT = ("see", "find", "draw", "look for", "photograph")
_TAKE_THINGS, _TAKE_BEINGS = tuple(verbs.TAKE_THINGS.values()), tuple(verbs.TAKE_BEINGS.values())
_ALONE = tuple(verbs.ALONE.values())


class Sampler:
    """One split: training leaves out held-out combinations and new words, the test split has them."""

    def __init__(self, config: PairConfig, random: Random, test: bool) -> None:
        self.config, self.random, self.test = config, random, test
        self._sums: dict[int, list[float]] = {}
        always = [t for t in TIMES[False] if t["en"][0][0][0] != "every"]  # "not every day" is another matter
        self.times = {(False, False): TIMES[False], (False, True): always, (True, False): TIMES[True]}
        self.times[True, True] = TIMES[True]
        self._start()

    def _start(self) -> None:
        self.key, self.past, self.you = 0, False, False
        self.unseen: list[str] = []
        self.unknown: list[str] = []

    # -- drawing

    def zipf(self, words: Sequence[T]) -> T:
        n = len(words)
        if n not in self._sums:
            self._sums[n] = list(accumulate(1 / (rank + 2) ** self.config.zipf for rank in range(n)))
        sums = self._sums[n]
        return words[bisect(sums, self.random.random() * sums[-1], 0, n - 1)]

    def maybe(self, probability: float) -> bool:
        return self.random.random() < probability

    def either(self, *weights: float) -> int:
        left = self.random.random() * sum(weights)
        for i, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return i
        return len(weights) - 1

    def new_key(self) -> int:
        self.key += STEP
        return self.key

    def said(self, choices: Sequence[dict[str, tuple[Phrase, ...]]], front: bool = False) -> Said:
        return Said(self.new_key(), self.zipf(choices), front)

    def allowed(self, first: str, noun: str) -> bool:
        """Whether this combination may be said in this split; noted if training does not have it."""
        if not held_out(first, noun, self.config.held_out):
            return True
        if self.test:
            self.unseen.append(f"{first} {noun}")
        return self.test

    # -- nouns

    def looks(self, noun: Noun, among: list[Adjective], mean: tuple[float, ...]) -> tuple[Adjective, ...]:
        """Adjectives of different groups, in the English order."""
        chosen: list[Adjective] = []
        for _ in range(self.either(*mean)):
            one = self.zipf(among)
            if all(one.group != other.group for other in chosen) and self.allowed(one.en, noun.name):
                chosen.append(one)
        return tuple(sorted(chosen, key=lambda a: a.group))

    def group(self, noun: Noun, among: list[Adjective], owner: Being | None, plain: bool = False) -> Group:
        article = ("the", "a", "own", "this", "two", "three")[self.either(5, 3, 2 if owner else 0, 0.7, 0.5, 0.2)]
        many = article in ("two", "three") or (not plain and self.maybe(0.2))
        looks = self.looks(noun, among, (0.5, 0.38, 0.12))
        return Group(self.new_key(), noun, many, article, owner if article == "own" else None, looks)

    def thing(self, verb: Verb, owner: Being | None) -> Being:
        if self.test and self.maybe(self.config.news) and verb.name not in verbs.TAKES:
            noun = self.random.choice(lexicon.NEW_THINGS)
            self.unknown.append(noun.name)
        else:
            noun = self._fitting(verb)
        return Being(self.new_key(), group=self.group(noun, lexicon.ADJECTIVES, owner))

    def _fitting(self, verb: Verb) -> Noun:
        right = _FOOD_OR_NOT.get(verb.name)
        while True:
            noun = self.zipf(lexicon.THINGS)
            if (right is None or noun.name in right) and self.allowed(verb.name, noun.name):
                return noun

    def being(self, owner: Being | None = None, relative: bool = False) -> Being:
        group = self.group(self.zipf(lexicon.BEINGS), lexicon.LOOKS, owner)
        if relative and group.article in ("the", "a") and self.maybe(0.25):
            group = group._replace(relative=self.relative(group))
        return Being(self.new_key(), group=group)

    def named(self) -> Being:
        gender = self.random.choice("wm")
        new, old = (world.NEW_WOMEN, world.WOMEN) if gender == "w" else (world.NEW_MEN, world.MEN)
        name = self.zipf(old)
        if self.test and self.maybe(self.config.news):
            name = self.random.choice(new)
            self.unknown.append(name)
        return Being(self.new_key(), name=name, gender=gender)

    # -- clauses

    def relative(self, group: Group) -> Clause:
        """Who has, carries or looks for something; or sleeps somewhere."""
        subject = Being(self.new_key(), group=group)
        if self.maybe(0.3):
            verb = self.zipf(_ALONE)
            return Clause(self.new_key(), subject, verb, past=self.past, where=self.where())
        verb = self.zipf([verbs.HAVE, *(verbs.TAKE_THINGS[name] for name in ("carry", "look for", "see", "draw"))])
        return Clause(self.new_key(), subject, verb, past=self.past, thing=self.thing(verb, None))

    def where(self) -> Where:
        if self.maybe(0.06):
            place, tail = self.random.choice(list(lexicon.BANKS.items()))
            looks = self.looks(place.noun, lexicon.PLACE_LOOKS[:4], (0.5, 0.5))
            return Where(self.new_key(), Group(self.new_key(), place.noun, looks=looks), place, tail=tail)
        if self.maybe(0.3):
            noun = self.zipf(lexicon.SPOTS)
            group = self.group(noun, lexicon.PLACE_LOOKS[:4], None, plain=True)
            return Where(self.new_key(), group, near=self.zipf(lexicon.NEAR))
        place = self.zipf(lexicon.PLACES)
        article = "the" if place.fr == "à" else ("the", "a", "this")[self.either(8, 1, 1)]
        looks = self.looks(place.noun, lexicon.PLACE_LOOKS, (0.7, 0.3))
        return Where(self.new_key(), Group(self.new_key(), place.noun, article=article, looks=looks), place)

    def subject(self, before: Being | None) -> Being:
        """The next subject: often the last one again, as a pronoun."""
        if before is not None and self.maybe(0.5):
            return before._replace(key=self.new_key(), pronoun=True)
        kind = self.either(4, 4, 1.5, 0.5, 1.5 if self.you else 0)
        if kind > 1:
            return Being(self.new_key(), ("i", "we", "you")[kind - 2], pronoun=True)
        return self.named() if kind == 0 else self.being(relative=True)

    def object_being(self, subject: Being) -> Being:
        """Somebody whom the verb takes: a pronoun of the first or second person, a name, or a group."""
        persons = [p for p in ("i", "we", "you") if not {p, subject.person} <= {"i", "we"} and p != subject.person]
        if self.maybe(0.25):
            return Being(self.new_key(), self.random.choice(persons), pronoun=True)
        return self.named() if self.maybe(0.4) else self.being(subject)

    def clause(self, subject: Being, things: list[Being], first: bool) -> Clause:
        third = subject.person == "third"
        what = ("thing", "being", "alone", "go", "be", "that")[
            self.either(5, 3, 1.5, 1.2 if third or not self.past else 0, 1.2 if third else 0, 0.4 if first else 0)
        ]
        made: Clause = getattr(self, f"_{what}")(subject, things)
        if made.that is None:
            made = self._when_and_how(made)
        return made

    def _base(self, subject: Being, verb: Verb) -> Clause:
        negation = ("", "not", "never")[self.either(8, 1.6, 0.5)]
        modal = None
        if not self.past and self.maybe(0.25):
            modal = verbs.MODALS[("want", "can", "must")[self.either(3, 2, 0 if negation else 1)]]
        return Clause(self.new_key(), subject, verb, self.past, modal, negation)

    def _thing(self, subject: Being, things: list[Being]) -> Clause:
        verb = self.zipf(_TAKE_THINGS)
        fits = [
            t
            for t in things
            if t.group and (verb.name not in verbs.TAKES or t.group.noun.name in verbs.TAKES[verb.name])
        ]
        if fits and self.maybe(0.6):
            thing = fits[-1]._replace(key=self.new_key(), pronoun=True)
            base = self._base(subject, verb)
        elif self.maybe(0.08):
            return self._two_meanings(subject)
        else:
            thing, base = self.thing(verb, subject), self._base(subject, verb)
        if thing.group and thing.group.article in ("two", "three"):
            base = base._replace(negation="")  # who did not see three boats may have seen two
        return base._replace(thing=thing, where=self.where() if self.maybe(0.4) else None)

    def _two_meanings(self, subject: Being) -> Clause:
        """A bat or a spring; the place says which."""
        noun, places = self.random.choice(list(lexicon.BY_PLACE.items()))
        verb = verbs.TAKE_THINGS[self.random.choice(_ONLY_LOOKED_AT)]
        chosen = self.random.choice(places)
        place = next(p for p in lexicon.PLACES if p.noun.name == chosen)
        group = self.group(noun, lexicon.ADJECTIVES[:1] + lexicon.ADJECTIVES[2:4], None)
        where = Where(self.new_key(), Group(self.new_key(), place.noun), place)
        return self._base(subject, verb)._replace(thing=Being(self.new_key(), group=group), where=where)

    def _being(self, subject: Being, things: list[Being]) -> Clause:
        verb = self.zipf(_TAKE_BEINGS)
        while self.past and verb.name == "know":  # a state: its past is another tense in French and German
            verb = self.zipf(_TAKE_BEINGS)
        whom = self.object_being(subject)
        place = verb.name != "know" and self.maybe(0.3)
        base = self._base(subject, verb)
        if verb.name == "know":
            base = base._replace(modal=None, negation="not" if base.negation else "")
        if whom.group and whom.group.article in ("two", "three"):
            base = base._replace(negation="")
        return base._replace(thing=whom, where=self.where() if place else None)

    def _alone(self, subject: Being, things: list[Being]) -> Clause:
        verb = self.zipf(
            [v for v in _ALONE if subject.person == "third" or not self.past or v.fr[0].auxiliary == "avoir"]
        )
        return self._base(subject, verb)._replace(where=self.where() if self.maybe(0.6) else None)

    def _go(self, subject: Being, things: list[Being]) -> Clause:
        where = self.where()
        while where.place is None:
            where = self.where()
        far = where.place.noun.name in verbs.FAR and self.maybe(0.5)
        how = self.said(BY) if far else None
        verb = verbs.GO if how is None or how.text is BY[-1] else verbs.RIDE
        return self._base(subject, verb)._replace(where=where, going=True, how=how)

    def _be(self, subject: Being, things: list[Being]) -> Clause:
        negation = ("", "not", "never")[self.either(8, 2, 0.5)]
        return Clause(self.new_key(), subject, verbs.BE, self.past, None, negation, mood=self.zipf(lexicon.MOODS))

    def _that(self, subject: Being, things: list[Being]) -> Clause:
        if self.past:
            return self._alone(subject, things)
        about = self.named() if self.maybe(0.5) else self.being()
        said = self._be(about, []) if self.maybe(0.6) else self._thing(about, [])
        negation = "not" if self.maybe(0.3) else ""
        return Clause(self.new_key(), subject, verbs.KNOW, False, None, negation, that=said)

    def _when_and_how(self, clause: Clause) -> Clause:
        changes: dict[str, Said | Group | None] = {}
        if clause.verb.name in ("know", "love"):
            return clause
        if not clause.negation and clause.modal is None and self.maybe(0.15) and not clause.mood:
            changes["often"] = self.said(OFTEN)
        elif self.maybe(0.4):
            changes["when"] = self.said(self.times[self.past, bool(clause.negation)])
        animal = clause.subject.group is not None and not clause.subject.group.noun.en[0].gender
        if clause.thing is None and clause.mood is None and not animal and self.maybe(0.2):
            noun = self.random.choice([n for n in lexicon.BEINGS if n.name in ("dog", "sister", "brother", "friend")])
            changes["company"] = Group(self.new_key(), noun, article="own", owner=clause.subject)
        return clause._replace(**changes)  # type: ignore[arg-type]

    # -- sentences

    def sentence(self) -> Meaning:
        """One meaning. "you" is tu and du, or vous and Sie, as whoever is called shows."""
        self._start()
        self.past = self.maybe(0.45)
        polite = self.maybe(0.5) if self.maybe(0.25) else None
        self.you = polite is not None
        called = None if polite is None else self.said(CALLED[polite])
        n = self.random.randint(*self.config.span)
        asks = n == 1 and self.maybe(0.5 if self.you else 0.15)
        weather = self.said(WEATHER[self.past]) if not asks and self.maybe(0.12) else None
        clauses: list[Clause] = []
        things: list[Being] = []
        for i in range(n):
            you = Being(self.new_key(), "you", pronoun=True)
            subject = you if asks else self.subject(clauses[-1].subject if clauses else None)
            clause = self.clause(subject, things, first=i == n - 1)
            if weather and self.past and not clauses:
                clause = clause._replace(often=None)
            joined = self._joined(clause, clauses, front=i > 0 or weather is None)
            clauses.append(joined)
            if clause.thing is not None and clause.thing.group and _is_thing(clause.thing):
                things = [clause.thing]
        asks = asks and clauses[0].that is None
        return Meaning(tuple(clauses), called, polite, weather, asks, tuple(self.unseen), tuple(self.unknown))

    def _joined(self, clause: Clause, before: list[Clause], front: bool) -> Clause:
        last = before[-1].conjunction if before else ""
        free = last not in ("because", "when")
        # what was once is "als" in German, what was again and again "wenn": so no "often" beside a past "when"
        again = self.past and before and (clause.often or before[-1].often)
        weights = (5, 2 if last != "but" else 0, 2 if free else 0, 1 if free and not again else 0)
        conjunction = ("and", "but", "because", "when")[self.either(*weights)] if before else ""
        free = front and conjunction in ("", "and", "but") and clause.that is None and not clause.often
        ahead = free and clause.when is not None and self.maybe(0.3)
        when = clause.when._replace(front=ahead) if clause.when else None
        return clause._replace(conjunction=conjunction, movable=free, when=when)


_THING_NAMES = {n.name for n in [*lexicon.THINGS, *lexicon.NEW_THINGS]}


def _is_thing(being: Being) -> bool:
    return being.group is not None and being.group.noun.name in _THING_NAMES
