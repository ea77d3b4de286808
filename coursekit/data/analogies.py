"""Analogies that hold in the small world: "beach is to shell as bakery is to ...".

A question is right if the answer is any word that the world's grammar puts in that relation. Two sorts of category:

* relations between words: this place has these things, this event leaves these moods, this name is a woman's;
* relations between classes: a plural belongs to a singular, "waited" to "waiting". The grammar treats all animals
  alike, so whoever reads stories can learn that "dogs" is *a* plural, hardly that it is the one of "dog". "(own form)"
  asks for that one word, "(any form)" takes every word of its class: the difference is what spelling would add.
"""

from collections.abc import Collection, Iterator
from itertools import permutations
from typing import NamedTuple

from coursekit.data import words as lists
from coursekit.data.config import Config
from coursekit.data.slots import Shares, article

#: Words of the world with several lives: one vector has to serve them all.
AMBIGUOUS = {
    "bank": ("of a river", "in a town"),
    "bat": ("animal in a cave", "club in a park"),
    "rose": ("woman", "flower", "surname", "went up"),
    "lily": ("woman", "flower"),
    "daisy": ("woman", "flower"),
    "light": ("lamp", "daylight"),
    "orange": ("fruit", "colour of the sky"),
    "spring": ("season", "water"),
    "saw": ("noticed", "tool"),
    "bell": ("thing in a school", "surname"),
    "baker": ("maker of bread", "surname"),
    "tower": ("thing in a castle", "spot", "climbed"),
}
#: The two forms of a verb that the stories have: "was waiting", "waited".
FORMS = {
    "waiting": "waited", "playing": "played", "resting": "rested", "running": "ran", "hiding": "hid",
    "sleeping": "slept", "jumping": "jumped", "listening": "listened", "yawning": "yawned",
}  # fmt: skip
#: As many partners of a word, the commonest, serve as examples: alice : she, beach : shell, beach : sandcastle ...
EXAMPLES = 4


class Analogy(NamedTuple):
    """a is to b as c is to any of the answers."""

    category: str
    a: str
    b: str
    c: str
    answers: frozenset[str]

    @property
    def ambiguous(self) -> bool:
        """One of the three words has several lives."""
        return any(word in AMBIGUOUS for word in (self.a, self.b, self.c))


def analogies(config: Config | None = None, vocab: Collection[str] | None = None) -> list[Analogy]:
    """Every question of a world, category by category; with a `vocab`, only of words that it holds."""
    questions = list(_questions(Shares(config or Config())))
    if vocab is None:
        return questions
    questions = [q._replace(answers=frozenset(w for w in q.answers if w in vocab)) for q in questions]
    return [q for q in questions if q.answers and all(word in vocab for word in (q.a, q.b, q.c))]


def _questions(s: Shares) -> Iterator[Analogy]:
    for category, partners in _relations(s).items():
        for a, c in permutations(partners, 2):
            answers = frozenset(partners[c]) - {a, c}
            for b in partners[a][:EXAMPLES]:
                if answers and b not in partners[c]:  # else c would have nothing of its own to find
                    yield Analogy(category, a, b, c, answers)
    for category, form in _forms(s).items():
        for a, c in permutations(form, 2):
            yield Analogy(f"{category} (own form)", a, form[a], c, frozenset({form[c]}))
            yield Analogy(f"{category} (any form)", a, form[a], c, frozenset(form.values()) - {form[a]})


def _relations(s: Shares) -> dict[str, dict[str, list[str]]]:
    """Category -> word -> its partners, from frequent to rare. What only the news brings is left out."""
    gender = dict.fromkeys(s.women, "woman") | dict.fromkeys(s.men, "man")
    mood_of = {verb: mood for mood, verbs in s.causes.items() for verb in verbs}
    sky = {noun: (looks.split(), did.split()) for noun, (looks, did) in lists.SKY.items()}
    known = {p: [t for t in s.things_of[p] if (p, t) not in s.held_out] for p in [*s.places, "river", "town"]}
    forms = [lists.PRONOUNS[who] for who in ("woman", "man", "both")]
    return {
        "name : pronoun": {name: [lists.PRONOUNS[who]["she"]] for name, who in gender.items()},
        "pronoun : possessive": {form["she"]: [form["her"]] for form in forms},
        "place : thing": known,
        "event : mood": {verb: s.moods[mood] for verb, mood in mood_of.items()},
        "event : object": {verb: text.split() for causes in s.causes.values() for verb, text in causes.items()},
        "sky : look": {noun: looks for noun, (looks, _) in sky.items()},
        "sky : change": {noun: did for noun, (_, did) in sky.items()},
        "thing : article": {t: [article(t)] for t in s.things if t not in lists.NEW_THINGS},
        "being : was": {one: ["was"] for one in lists.BEINGS} | {many: ["were"] for many in lists.BEINGS.values()},
    }


def _forms(s: Shares) -> dict[str, dict[str, str]]:
    """Category -> word -> its other form."""
    return {"one : several": lists.BEINGS, "spot : spots": lists.SPOTS, "waiting : waited": FORMS}
