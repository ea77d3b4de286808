"""The English side of the synchronous grammar, and what all sides share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from coursekit.data.pair_meaning import Being, Clause, Group, Meaning, Said, Where
from coursekit.data.pair_verbs import Phrase, phrase
from coursekit.data.pair_words import Word

T = TypeVar("T")


class Token(NamedTuple):
    word: str
    keys: tuple[int, ...] = ()  # the parts of the meaning that it carries


#: The marks that every language has; their keys lie below those of the meaning.
END = (Token(".", (1,)), Token("?", (1,)))
COMMAS = (Token(",", (2,)), Token(",", (3,)))  # after whom one speaks to, after the weather
Pick = Callable[[int], int]  # of so many licensed wordings, which one; 0 is the usual one


def one(word: str, *keys: int) -> list[Token]:
    """The words of a phrase, all with the same keys."""
    if " " not in word:
        return [Token(word, keys)] if word else []
    return [Token(w, keys) for w in word.split()]


def _keyed(said: Phrase, key: int) -> list[Token]:
    """The words of a phrase, their keys counted from that of their part of the meaning."""
    return [Token(word, tuple([key + k for k in keys])) for word, keys in said]


class Side:
    """What the sides share: one choice per word and sentence, so that a later pronoun agrees with it."""

    language = ""

    def __init__(self, pick: Pick, polite: bool | None) -> None:
        self.pick = pick
        self.polite = bool(self.pick(2)) if polite is None else polite
        self._words: dict[int, Word] = {}

    def sentence(self, said: Meaning) -> list[Token]:
        """The words of the sentence."""
        raise NotImplementedError

    def word(self, group: Group) -> Word:
        """The noun that this sentence uses for the group."""
        if group.key not in self._words:
            self._words[group.key] = self.choose(getattr(group.noun, self.language))
        return self._words[group.key]

    def choose(self, choices: tuple[T, ...]) -> T:
        return choices[self.pick(len(choices))] if len(choices) > 1 else choices[0]

    def said(self, phrase: Said) -> list[Token]:
        return _keyed(self.choose(phrase.text[self.language]), phrase.key)

    def tail(self, where: Where, column: int) -> list[Token]:
        """What tells one bank from the other."""
        return _keyed(phrase(where.tail[column]), where.key) if where.tail else []

    def ahead(self, clause: Clause) -> bool:
        """Whether the phrase of time stands first: as meant, or the other way round where that is as good."""
        if clause.when is None or not clause.movable:
            return False
        return clause.when.front != bool(self.pick(2))

    def gender(self, being: Being) -> str:
        if being.group is not None:
            return self.word(being.group).gender
        return being.gender


class English(Side):
    language = "en"

    def sentence(self, said: Meaning) -> list[Token]:
        out = [*self.said(said.called), COMMAS[0]] if said.called else []
        out += [*self.said(said.weather), COMMAS[1]] if said.weather else []
        for clause in said.clauses:
            out += one(clause.conjunction, clause.key + 5) + self.clause(clause, said.question)
        return _articles([*out, END[said.question]])

    def clause(self, c: Clause, question: bool = False) -> list[Token]:
        ahead = not question and self.ahead(c)
        first = self.said(c.when) if c.when and ahead else []
        return (
            first
            + self.rest(c, self.subject(c.subject), question)
            + (self.said(c.when) if c.when and not ahead else [])
        )

    def rest(self, c: Clause, subject: list[Token], question: bool = False) -> list[Token]:
        out = self.verbs(c, subject, question) + self.thing(c)
        if c.mood:
            out += one(c.mood.en, c.key + 6)
        out += self.where(c.where, c.going) if c.where else []
        out += self.said(c.how) if c.how else []
        out += one("with", c.company.key + 7) + self.group(c.company) if c.company else []
        if c.that:
            out += one("that", c.key + 4) + self.clause(c.that)
        return out

    def verbs(self, c: Clause, subject: list[Token], question: bool) -> list[Token]:
        """Subject and verb with their helpers: does not see, saw, can never see, wants to see."""
        often = self.said(c.often) if c.often else []
        third = c.subject.person == "third" and not c.subject.many
        if c.verb.name == "be":
            is_ = ("were" if c.subject.many else "was") if c.past else ("are" if c.subject.many else "is")
            return subject + one(is_, c.key) + one(c.negation, c.key + 1)
        first = c.modal or c.verb
        key = c.key + 2 if c.modal else c.key
        end = [Token(c.modal.particle)] * (c.modal.particle != "") + one(c.verb.en[0], c.key) if c.modal else []
        helper = "did" if c.past else "does" if third else "do"
        if question or c.negation == "not":
            plain = c.modal is not None and not c.modal.particle
            carrier = (
                one(first.en[0], key) if plain else [Token(helper, (c.key + 3,) * c.past + (c.key + 4,) * question)]
            )
            main = end if plain else one(first.en[0], key) + end
            order = carrier + subject if question else subject + carrier
            return order + one(c.negation, c.key + 1) + often + main
        finite = one(first.en[2 if c.past else 1 if third else 0], key)
        if c.negation and c.modal and not c.modal.particle:
            return subject + finite + one(c.negation, c.key + 1) + end
        return subject + one(c.negation, c.key + 1) + often + finite + end

    def thing(self, c: Clause) -> list[Token]:
        particle = one(c.verb.particle, c.key)
        if c.thing is None:
            return particle
        split = c.thing.pronoun and c.verb.particle in ("up", "away")  # picks it up
        return self.object(c.thing) + particle if split else particle + self.object(c.thing)

    def subject(self, being: Being) -> list[Token]:
        if being.pronoun:
            return one(self._third(being, "he she it they") if being.person == "third" else being.person, being.key)
        return self.object(being)

    def object(self, being: Being) -> list[Token]:
        if being.pronoun:
            known = {"i": "me", "we": "us", "you": "you"}
            return one(known.get(being.person) or self._third(being, "him her it them"), being.key)
        return one(being.name, being.key) if being.name else self.group(being.group) if being.group else []

    def _third(self, being: Being, forms: str) -> str:
        he, she, it, they = forms.split()
        return they if being.many else {"w": she, "m": he}.get(self.gender(being), it)

    def article(self, group: Group) -> str:
        if group.owner:
            own = {"i": "my", "we": "our", "you": "your"}
            return own.get(group.owner.person) or self._third(group.owner, "his her its their")
        return {"a": "some", "this": "these"}.get(group.article, group.article) if group.many else group.article

    def group(self, group: Group) -> list[Token]:
        word = self.word(group)
        out = one(self.article(group), group.key + 1)
        for i, look in enumerate(group.looks):
            out += one(look.en, group.key + 2 + i)
        out += one(word.many if group.many else word.one, group.key)
        return out + (self.relative(group.relative) if group.relative else [])

    def relative(self, c: Clause) -> list[Token]:
        who = "who" if self.gender(c.subject) else "that"
        return self.rest(c, one(who, c.key + 4))

    def where(self, where: Where, going: bool) -> list[Token]:
        preposition = ("to" if going else where.place.en) if where.place else self.choose(where.near[0])
        out = one(preposition, where.key) + self.group(where.group)
        return out + self.tail(where, 0)


def _articles(tokens: list[Token]) -> list[Token]:
    """a, or an before a vowel."""
    for i, token in enumerate(tokens[:-1]):
        if token.word == "a" and tokens[i + 1].word[0] in "aeiou" and not tokens[i + 1].word.startswith("uni"):
            tokens[i] = Token("an", token.keys)
    return tokens
