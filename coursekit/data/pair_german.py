"""The German side: genders and cases, the verb second or last, separable verbs, participles and infinitives last."""

from __future__ import annotations

from coursekit.data.pair_english import COMMAS, END, Side, Token, one
from coursekit.data.pair_meaning import Being, Clause, Group, Meaning, Where
from coursekit.data.pair_verbs import BE, HAD, HAVE, WERE
from coursekit.data.pair_verbs import German as Forms

_CASES = ("nom", "acc", "dat")
#: By case: m, f, n, plural.
_THE = {"nom": "der die das die", "acc": "den die das die", "dat": "dem der dem den"}
_THIS = {"nom": "er e es e", "acc": "en e es e", "dat": "em er em en"}
_EIN = {"nom": "- e - e", "acc": "en e - e", "dat": "em er em en"}
#: Endings of adjectives after der and dieser, after ein and mein, after a number.
_WEAK = {"nom": "e e e en", "acc": "en e e en", "dat": "en en en en"}
_MIXED = {"nom": "er e es en", "acc": "en e es en", "dat": "en en en en"}
_STRONG = {"nom": "- - - e", "acc": "- - - e", "dat": "- - - en"}
_OWN = {"i": "mein", "you": "dein", "we": "unser", "polite": "ihr"}
_PRONOUN = {
    "nom": {"i": "ich", "you": "du", "we": "wir", "polite": "sie", "m": "er", "f": "sie", "n": "es", "they": "sie"},
    "acc": {"i": "mich", "you": "dich", "we": "uns", "polite": "sie", "m": "ihn", "f": "sie", "n": "es", "they": "sie"},
}
_CONTRACTED = {("in", "dem"): "im", ("an", "dem"): "am", ("zu", "dem"): "zum", ("zu", "der"): "zur",
               ("bei", "dem"): "beim", ("in", "das"): "ins", ("an", "das"): "ans"}  # fmt: skip


class GermanSide(Side):
    language = "de"

    def sentence(self, said: Meaning) -> list[Token]:
        out = [*self.said(said.called), COMMAS[0]] if said.called else []
        front = bool(said.weather)
        out += [*self.said(said.weather), COMMAS[1]] if said.weather else []
        for clause in said.clauses:
            joint, order = self.conjunction(clause)
            if said.question:
                order = "first"
            elif front:
                order = "turned"
            out += joint + self.clause(clause, order)
            front = False
        return _commas([*out, END[said.question]])

    def conjunction(self, c: Clause) -> tuple[list[Token], str]:
        """The conjunction, and where it sends the verb."""
        if c.conjunction in ("", "and"):
            return one("und" if c.conjunction else "", c.key + 5), "second"
        word = {"but": "aber", "when": "als" if c.past else "wenn"}.get(c.conjunction)
        word = word or self.choose(("weil", "denn"))
        return [Token(","), *one(word, c.key + 5)], "second" if word in ("aber", "denn") else "last"

    def clause(self, c: Clause, order: str) -> list[Token]:
        """`order` of the finite verb: second, turned (second, after something that is already there), first, last."""
        ahead = order == "second" and self.ahead(c)
        front = self.said(c.when) if c.when and ahead else []
        subject = self.subject(c.subject)
        finite, end = self.verbs(c, order == "last")
        middle = self.middle(c, self.said(c.when) if c.when and not ahead else [])
        after = self.after(c)
        if order == "last":
            return subject + middle + end + finite + after + [Token(",")]
        if order == "second" and not ahead:
            return subject + finite + middle + end + after
        return front + finite + subject + middle + end + after

    def middle(self, c: Clause, when: list[Token]) -> list[Token]:
        """Pronoun, time, adverb, object, not, place."""
        no = self.negation(c)
        kein = c.negation == "not" and _indefinite(c.thing)
        before = no if c.negation == "never" and _indefinite(c.thing) else []
        pronoun = self.object(c.thing, c) if c.thing and c.thing.pronoun else []
        noun = self.object(c.thing, c) if c.thing and not c.thing.pronoun else []
        out = pronoun + when + (self.said(c.often) if c.often else []) + before + noun
        out += [] if before or kein else no
        if c.mood:
            out += one(self.choose(c.mood.de), c.key + 6)
        out += one("mit", c.company.key + 7) + self.group(c.company, "dat") if c.company else []
        out += self.said(c.how) if c.how else []
        return out + (self.where(c.where, c.going) if c.where else [])

    def after(self, c: Clause) -> list[Token]:
        return [Token(","), *one("dass", c.key + 4), *self.clause(c.that, "last")] if c.that else []

    def negation(self, c: Clause) -> list[Token]:
        return one({"": "", "not": "nicht", "never": "nie"}[c.negation], c.key + 1)

    def person(self, being: Being) -> str:
        return "polite" if being.person == "you" and self.polite else being.person

    def form(self, verb: Forms, subject: Being) -> str:
        person = self.person(subject)
        return verb.forms[3 if subject.many or person == "polite" else {"i": 0, "you": 1, "third": 2}[person]]

    def verbs(self, c: Clause, last: bool) -> tuple[list[Token], list[Token]]:
        """The finite verb, and what stands at the end: particle, participle or infinitive."""
        verb = self.choose(c.verb.de)
        if c.past and c.verb.name in ("be", "have"):
            return one((WERE if c.verb.name == "be" else HAD)["de"][c.subject.many], c.key), []
        if c.past:
            helper = (BE if verb.auxiliary == "sein" else HAVE).de[0]
            return one(self.form(helper, c.subject), c.key, c.key + 3), one(verb.participle, c.key)
        if c.modal:
            finite = self.form(self.choose(c.modal.de), c.subject)
            return one(finite, c.key + 2), one(verb.particle + verb.infinitive, c.key)
        finite = self.form(verb, c.subject)
        if last:
            return one(verb.particle + finite, c.key), []
        return one(finite, c.key), one(verb.particle, c.key)

    def gender_of(self, being: Being) -> str:
        """Of a pronoun: a girl is "sie", whatever her noun says."""
        if being.many:
            return "they"
        if being.group is None:
            return "f" if being.gender == "w" else "m"
        return "f" if being.group.noun.en[0].gender == "w" else self.word(being.group).gender

    def pronoun(self, being: Being, case: str) -> list[Token]:
        known = _PRONOUN[case]
        person = self.person(being)
        return one(known[self.gender_of(being) if person == "third" else person], being.key)

    def subject(self, being: Being) -> list[Token]:
        if being.pronoun:
            return self.pronoun(being, "nom")
        return one(being.name, being.key) if being.name else self.group(being.group, "nom") if being.group else []

    def object(self, being: Being, c: Clause) -> list[Token]:
        if being.pronoun:
            return self.pronoun(being, "acc")
        if being.name:
            return one(being.name, being.key)
        return self.group(being.group, "acc", c if c.negation == "not" else None) if being.group else []

    def group(self, group: Group, case: str, denied: Clause | None = None) -> list[Token]:
        word = self.word(group)
        column = 3 if group.many else "mfn".index(word.gender)
        article, endings = self.article(group, case, column, denied is not None)
        keys = (group.key + 1, denied.key + 1) if article.startswith("kein") and denied else (group.key + 1,)
        out = one(article, *keys)
        for i, look in enumerate(group.looks):
            ending = endings[case].split()[column]
            out += one(self.choose(look.de) + ending, group.key + 2 + i)
        noun = word.many if group.many else word.one if case == "nom" or not word.weak else word.weak
        if group.many and case == "dat" and not noun.endswith(("n", "s")):
            noun += "n"
        out += one(noun, group.key)
        return out + (self.relative(group.relative, column) if group.relative else [])

    def article(self, group: Group, case: str, column: int, denied: bool) -> tuple[str, dict[str, str]]:
        """The article in its case, and the endings that adjectives take after it."""
        ein = _EIN[case].split()[column].replace("-", "")
        if group.owner:
            return self.owner(group.owner) + ein, _MIXED
        if group.article == "a" and denied:
            return "kein" + ein, _MIXED
        if group.article in ("two", "three"):
            return {"two": "zwei", "three": "drei"}[group.article], _STRONG
        if group.article == "a":
            return ("einige" + ("n" if case == "dat" else ""), _STRONG) if group.many else ("ein" + ein, _MIXED)
        if group.article == "this":
            return "dies" + _THIS[case].split()[column], _WEAK
        return _THE[case].split()[column], _WEAK

    def owner(self, owner: Being) -> str:
        person = self.person(owner)
        return _OWN.get(person) or ("ihr" if self.gender_of(owner) in ("f", "they") else "sein")

    def relative(self, c: Clause, column: int) -> list[Token]:
        """, der einen Hut hat,"""
        finite, end = self.verbs(c, last=True)
        who = one(_THE["nom"].split()[column], c.key + 4)
        return [Token(","), *who, *self.middle(c, []), *end, *finite, Token(",")]

    def where(self, where: Where, going: bool) -> list[Token]:
        place = where.place
        preposition = self.choose(where.near[-1]) if place is None else place.to if going else place.de
        case = "acc" if going and preposition != "zu" else "dat"
        out = _contract(one(preposition, where.key), self.group(where.group, case))
        return out + self.tail(where, 2)


def _indefinite(being: Being | None) -> bool:
    return being is not None and being.group is not None and being.group.article == "a" and not being.pronoun


def _contract(preposition: list[Token], group: list[Token]) -> list[Token]:
    """im, am, zum, zur, beim, ins, ans."""
    last, article = preposition[-1], group[0]
    word = _CONTRACTED.get((last.word, article.word))
    return [Token(word, last.keys + article.keys), *group[1:]] if word else preposition + group


def _commas(tokens: list[Token]) -> list[Token]:
    """One comma where two meet, none before the end."""
    return [
        t
        for t, after in zip(tokens, [*tokens[1:], Token("")], strict=True)
        if t.word != "," or after.word not in (",", ".", "?")
    ]
