"""The slots of the story grammar: which words may stand there, with which shares, and what the story then remembers.

Only + - * / and fsum are used (at the default Zipf exponent), so the shares are the same bits on every machine.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from coursekit.data import words as lists
from coursekit.data.config import Config


class Context(NamedTuple):
    """All that the rest of a story depends on at the end of a sentence, besides the date."""

    who: str = ""  # woman, man or both: decides pronouns and was/were
    place: str = ""
    cause: str = ""  # the mood that an event has left
    told: int = 0  # sentences told in the middle


@dataclass(frozen=True)
class Slot:
    """A slot: `words(*read)` are its words, `shares(date, *read)` their shares.

    `read` are the fields of the context named in `reads`; "note" is what the sentence itself keeps for a later word
    (the first name, the verb, the article).
    """

    kind: str
    words: Callable[..., Sequence[str]]
    shares: Callable[..., Sequence[float]]
    reads: tuple[str, ...] = ()
    dated: bool = False
    depends: str = ""  # the mark that the word agrees with
    marks: str = ""  # the mark that the word sets
    sets: Callable[[Any, str], dict[str, Any]] = lambda note, word: {}  # fields and "note" after (note, word)


def normalised(weights: Sequence[float]) -> list[float]:
    total = math.fsum(weights)
    return [w / total for w in weights]


class Shares:
    """Shares of words under one configuration: Zipf by rank, trends by date, news and held-out pairs."""

    def __init__(self, config: Config) -> None:
        self.config = c = config
        self.women, self.men = lists.WOMEN[: c.names], lists.MEN[: c.names]
        self.new_women, self.new_men = lists.NEW_WOMEN[: c.names], lists.NEW_MEN[: c.names]
        self.names = self.women + self.men + self.new_women + self.new_men
        self.did = lists.DID[: c.words]
        self.moods = {m: known[: c.words] for m, known in list(lists.MOODS.items())[: c.moods]}
        self.causes = {m: dict(list(lists.CAUSES[m].items())[: c.words]) for m in self.moods}
        plain = [p for p in lists.PLACES if p not in ("river", "town")]
        self.places = plain[: c.places]
        self.things_of = {p: things.split()[: c.things] for p, things in lists.PLACES.items()}
        known = [*self.places, "river", "town"]
        self.things = list(dict.fromkeys(t for p in known for t in self.things_of[p])) + lists.NEW_THINGS
        self.new_thing = {p: lists.NEW_THINGS[i % len(lists.NEW_THINGS)] for i, p in enumerate(lists.PLACES)}
        self.held_out = {(p, t) for p in known for t in self._held_out(p, known)}
        self._things: dict[tuple[str, str, int], list[float]] = {}

    def zipf(self, n: int) -> list[float]:
        return [1 / (rank + 2) ** self.config.zipf for rank in range(n)]

    def trend(self, date: int, series: int) -> float:
        """How fashionable the `series`-th topic is: rises and falls in straight lines, each in its own time."""
        phase = (date / (1.7 * self.config.dates) + series * 0.618) % 1
        wave = self.config.drift * (4 * abs(phase - 0.5) - 1)
        return (1 + wave) / (1 - wave)

    def is_news(self, date: int) -> bool:
        return date >= self.config.news_from * self.config.dates

    def _held_out(self, place: str, known: list[str]) -> list[str]:
        """The place's third thing and so on, if the reader can still meet it somewhere else."""
        chosen = self.things_of[place][2 : 2 + self.config.held_out]
        return [
            t for t in chosen if any(t in self.things_of[p][:2] + self.things_of[p][4:] for p in known if p != place)
        ]

    def name_shares(self, date: int) -> list[float]:
        news = self.config.news / 2 if self.is_news(date) else 0.0

        def part(names: list[str], total: float) -> list[float]:
            return [total * p for p in normalised(self.zipf(len(names)))]

        known = part(self.women, 0.5 - news) + part(self.men, 0.5 - news)
        return known + part(self.new_women, news) + part(self.new_men, news)

    def partner_shares(self, date: int, first: str) -> list[float]:
        shares = self.name_shares(date)
        return normalised([0.0 if name == first else p for name, p in zip(self.names, shares, strict=True)])

    def place_shares(self, date: int) -> list[float]:
        zipf = self.zipf(len(self.places))
        return normalised([w * self.trend(date, i) for i, w in enumerate(zipf)])

    def takes(self, place: str, verb: str) -> list[str]:
        """What the verb can have as its object there, on some day."""
        if verb in lists.FREE:
            return self.things
        own = [*self.things_of[place], self.new_thing[place]]
        return [t for t in own if t in lists.TAKES.get(verb, own)]

    def thing_weights(self, date: int, place: str, verb: str) -> list[float]:
        """Weight of each of these things on a date; 0 for what is not there yet."""
        key = (verb, place, date)
        if key not in self._things:
            weight = self._own_weights(date, place)
            if verb in lists.FREE:  # half of what one draws or remembers is not there
                half = math.fsum(weight.values())
                anywhere = zip(self.things, normalised(self._any_weights(date)), strict=True)
                self._things[key] = [weight.get(t, 0.0) + half * p for t, p in anywhere]
            else:
                self._things[key] = [weight[t] for t in self.takes(place, verb)]
        return self._things[key]

    def _own_weights(self, date: int, place: str) -> dict[str, float]:
        own, new = self.things_of[place], self.is_news(date)
        weight = {t: w * self.trend(date, self.things.index(t)) for t, w in zip(own, self.zipf(len(own)), strict=True)}
        if not new:
            weight = {t: 0.0 if (place, t) in self.held_out else w for t, w in weight.items()}
        weight[self.new_thing[place]] = self.config.news * math.fsum(weight.values()) if new else 0.0
        return weight

    def _any_weights(self, date: int) -> list[float]:
        new = self.is_news(date)
        zipf = self.zipf(len(self.things))
        return [w if new or t not in lists.NEW_THINGS else 0.0 for t, w in zip(self.things, zipf, strict=True)]

    def verb_shares(self, date: int, place: str) -> list[float]:
        """Verbs that can be done there that day, by rank."""
        possible = [any(self.thing_weights(date, place, verb)) for verb in self.did]
        return normalised([w if ok else 0.0 for w, ok in zip(self.zipf(len(self.did)), possible, strict=True)])

    def article_shares(self, date: int, place: str, verb: str) -> list[float]:
        weights = self.thing_weights(date, place, verb)
        vowel = [w for t, w in zip(self.takes(place, verb), weights, strict=True) if article(t) == "an"]
        p = math.fsum(vowel) / math.fsum(weights)
        return [1 - p, p]

    def objects(self, place: str, note: tuple[str, str]) -> list[str]:
        """The things that verb and article, both said already, still allow."""
        verb, said = note
        return [t for t in self.takes(place, verb) if article(t) == said]

    def thing_shares(self, date: int, place: str, note: tuple[str, str]) -> list[float]:
        verb, said = note
        weights = self.thing_weights(date, place, verb)
        return normalised([w for t, w in zip(self.takes(place, verb), weights, strict=True) if article(t) == said])

    def cause_shares(self, date: int) -> list[float]:
        return [p / len(self.causes) for verbs in self.causes.values() for p in normalised(self.zipf(len(verbs)))]

    def mood_shares(self, date: int, cause: str) -> list[float]:
        """A mood that fits the cause with the configured probability, any other alike; without a cause all alike."""
        others = max(1, len(self.moods) - 1)
        out: list[float] = []
        for mood, known in self.moods.items():
            fits = self.config.mood if mood == cause else (1 - self.config.mood) / others
            total = fits if cause else 1 / len(self.moods)
            out += [total * p for p in normalised(self.zipf(len(known)))]
        return normalised(out)


def article(word: str) -> str:
    return "an" if word[0] in "aeio" or word == "umbrella" else "a"


def _clear(note: Any, word: str) -> dict[str, Any]:
    return {"note": None}


def _note(note: Any, word: str) -> dict[str, Any]:
    return {"note": word}


def make_slots(config: Config) -> dict[str, Slot]:
    """Every slot of the grammar under one configuration."""
    s = Shares(config)
    slots = {name: _listed(s, kind, text.split()) for name, (kind, text) in lists.LISTS.items()}
    slots["went"] = _listed(s, "verb", lists.LISTS["went"][1].split(), sets=_clear)
    return slots | _people(s) | _scenery(s) | _things(s) | _moods(s)


def _listed(s: Shares, kind: str, words: Sequence[str], **more: Any) -> Slot:
    """A slot whose words and shares depend on nothing."""
    words = list(words)[: s.config.words]
    shares = normalised(s.zipf(len(words)))
    return Slot(kind, lambda: words, lambda date: shares, **more)


def _agreeing(kind: str, forms: Callable[..., str], reads: tuple[str, ...], depends: str, **more: Any) -> Slot:
    """A slot whose one word is decided by something said before."""
    return Slot(kind, lambda *read: [forms(*read)], lambda date, *read: [1.0], reads, depends=depends, **more)


def _people(s: Shares) -> dict[str, Slot]:
    def named(note: Any, word: str) -> dict[str, Any]:
        woman = word in lists.WOMEN or word in lists.NEW_WOMEN
        return {"who": "woman" if woman else "man", "note": word}

    def both(note: Any, word: str) -> dict[str, Any]:
        return {"who": "both", "note": None}

    def form(of: str) -> Callable[[str], str]:
        return lambda who: lists.PRONOUNS[who][of]

    return {
        "name": Slot("name", lambda: s.names, s.name_shares, dated=True, marks="name", sets=named),
        "partner": Slot(
            "name", lambda first: s.names, s.partner_shares, ("note",), dated=True, marks="name", sets=both
        ),
        "she": _agreeing("pronoun", form("she"), ("who",), "name", marks="pronoun"),
        "her": _agreeing("pronoun", form("her"), ("who",), "name"),
        "was": _agreeing("number", form("was"), ("who",), "pronoun"),
    }


def _scenery(s: Shares) -> dict[str, Slot]:
    sky, looks, did = list(lists.SKY), *({k: v[i].split() for k, v in lists.SKY.items()} for i in (0, 1))

    def said(table: dict[str, list[str]]) -> Slot:
        def words(noun: str) -> list[str]:
            return table[noun][: s.config.words]

        return Slot(
            "sky", words, lambda date, noun: normalised(s.zipf(len(words(noun)))), ("note",), depends="sky", sets=_clear
        )

    return {
        "sky": _listed(s, "sky", sky, marks="sky", sets=_note),
        "sky_look": said(looks),
        "sky_did": said(did),
        "one": _listed(s, "being", list(lists.BEINGS), marks="being"),
        "many": _listed(s, "being", list(lists.BEINGS.values()), marks="being"),
        "spot": _listed(s, "spot", list(lists.SPOTS)),
        "spots": _listed(s, "spot", list(lists.SPOTS.values())),
        "was_one": _agreeing("number", lambda: "was", (), "being"),
        "were_many": _agreeing("number", lambda: "were", (), "being"),
    }


def _things(s: Shares) -> dict[str, Slot]:
    def went_to(note: Any, word: str) -> dict[str, Any]:
        return {"place": word}

    def say_article(note: Any, word: str) -> dict[str, Any]:
        return {"note": (note, word)}

    def bank(name: str) -> Slot:
        return _agreeing("place", lambda: name, (), "", marks="place", sets=went_to)

    def looks(note: tuple[str, str]) -> list[str]:
        return lists.ADJECTIVES[note[1]][: s.config.words]

    at_place: dict[str, Any] = {"dated": True, "depends": "place"}
    return {
        "place": Slot("place", lambda: s.places, s.place_shares, dated=True, marks="place", sets=went_to),
        "river": bank("river"),
        "town": bank("town"),
        "did": Slot("verb", lambda place: s.did, s.verb_shares, ("place",), **at_place, sets=_note),
        "a": Slot(
            "article",
            lambda place, verb: ["a", "an"],
            s.article_shares,
            ("place", "note"),
            **at_place,
            sets=say_article,
        ),
        "look": Slot("adjective", looks, lambda date, note: normalised(s.zipf(len(looks(note)))), ("note",)),
        "thing": Slot("thing", s.objects, s.thing_shares, ("place", "note"), **at_place, sets=_clear),
    }


def _moods(s: Shares) -> dict[str, Slot]:
    mood_of = {verb: mood for mood, verbs in s.causes.items() for verb in verbs}
    objects = {verb: things.split() for verbs in s.causes.values() for verb, things in verbs.items()}
    moods = list(itertools.chain.from_iterable(s.moods.values()))

    def happened(note: Any, word: str) -> dict[str, Any]:
        return {"cause": mood_of[word], "note": word}

    def its_object(verb: str) -> list[str]:
        return objects[verb][: s.config.words]

    return {
        "caused": Slot("cause", lambda: list(mood_of), s.cause_shares, marks="cause", sets=happened),
        "object": Slot(
            "object", its_object, lambda date, verb: normalised(s.zipf(len(its_object(verb)))), ("note",), sets=_clear
        ),
        "mood": Slot("mood", lambda cause: moods, s.mood_shares, ("cause",), depends="cause"),
    }
