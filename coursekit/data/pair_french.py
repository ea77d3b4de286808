"""The French side: agreement, adjectives on both sides of the noun, ne ... pas, clitics, elision."""

from __future__ import annotations

from coursekit.data.pair_english import COMMAS, END, Side, Token, one
from coursekit.data.pair_meaning import Being, Clause, Group, Meaning, Where
from coursekit.data.pair_verbs import BE, HAD, HAVE, WERE
from coursekit.data.pair_verbs import French as Forms
from coursekit.data.pair_words import Adjective

_SUBJECT = {"i": "je", "we": "nous", "you": "tu", "polite": "vous"}
_CLITIC = {"i": "me", "we": "nous", "you": "te", "polite": "vous"}
_PERSON = {"i": 0, "you": 1, "third": 2, "we": 3, "polite": 4}
#: my, your, his: before m, f, plural.
_OWN = {"i": "mon ma mes", "you": "ton ta tes", "third": "son sa ses", "we": "notre notre nos",
        "polite": "votre votre vos", "they": "leur leur leurs"}  # fmt: skip
_ARTICLE = {"the": "le la les", "a": "un une des", "this": "ce cette ces", "two": "deux deux deux",
            "three": "trois trois trois"}  # fmt: skip
#: Before a vowel sound: in the singular of a group, and anywhere.
_SOFT = {"ma": "mon", "ta": "ton", "sa": "son", "ce": "cet", "beau": "bel", "vieux": "vieil", "nouveau": "nouvel"}
_ELIDED = ("le", "la", "ne", "de", "que", "je", "me", "te")
_CONTRACTED = {("à", "le"): "au", ("de", "le"): "du", ("à", "les"): "aux", ("de", "les"): "des"}


def vowel(word: str) -> bool:
    """Whether the word begins with a vowel sound; of our words with h, only "homme" does."""
    return word[0] in "aeiouâàéèêîôûœ" or word.startswith("homme")


def plural(adjective: str) -> str:
    if adjective.endswith(("s", "x")) or adjective == "orange":
        return adjective
    return adjective + "x" if adjective.endswith("eau") else adjective + "s"


class FrenchSide(Side):
    language = "fr"
    woman = one_says = False

    def sentence(self, said: Meaning) -> list[Token]:
        out = [*self.said(said.called), COMMAS[0]] if said.called else []
        out += [*self.said(said.weather), COMMAS[1]] if said.weather else []
        self.woman = any(t.word in ("maman", "madame") for t in out)  # the one who is "tu" or "vous"
        self.one_says = not any(c.mood for c in said.clauses) and bool(self.pick(2)) if _we(said) else False
        for clause in said.clauses:
            out += self.conjunction(clause) + self.clause(clause, said.question)
        return _elide([*out, END[said.question]])

    def conjunction(self, c: Clause) -> list[Token]:
        words = {"": ("",), "and": ("et",), "but": ("mais",), "because": ("parce que", "car"), "when": ("quand",)}
        return one(self.choose(words[c.conjunction]), c.key + 5)

    def clause(self, c: Clause, question: bool = False) -> list[Token]:
        ahead = not question and self.ahead(c)
        first = self.said(c.when) if c.when and ahead else []
        turned = question and bool(self.pick(2))  # "vois-tu" beside "est-ce que tu vois"
        asks = one("est-ce que", c.key + 4) if question and not turned else []
        out = first + asks + self.verbs(c, self.subject(c.subject), turned) + self.rest(c)
        return out + (self.said(c.when) if c.when and not ahead else [])

    def rest(self, c: Clause) -> list[Token]:
        out = self.object(c.thing, c.negation) if c.thing and not c.thing.pronoun else []
        if c.mood:
            out += one(self.agree(c.mood, self.gender_of(c.subject), c.subject.many), c.key + 6)
        out += self.where(c.where) if c.where else []
        out += self.said(c.how) if c.how else []
        out += one("avec", c.company.key + 7) + self.group(c.company) if c.company else []
        if c.that:
            out += one("que", c.key + 4) + self.clause(c.that)
        return out

    def person(self, being: Being) -> str:
        return "polite" if being.person == "you" and self.polite else being.person

    def form(self, verb: Forms, subject: Being) -> str:
        if subject.person == "we" and self.one_says and subject.pronoun:
            return verb.forms[2]
        return verb.forms[5 if subject.person == "third" and subject.many else _PERSON[self.person(subject)]]

    def verbs(self, c: Clause, subject: list[Token], turned: bool = False) -> list[Token]:
        """Subject, ne, clitic, verb, pas, participle or infinitive."""
        verb = self.choose(c.verb.fr)
        ne, pas = (
            one("ne" if c.negation else "", c.key + 1),
            one({"": "", "not": "pas", "never": "jamais"}[c.negation], c.key + 1),
        )
        clitic = self.clitic(c.thing) if c.thing and c.thing.pronoun else []
        often = self.said(c.often) if c.often else []
        keys: tuple[int, ...] = (c.key,)
        if c.past and c.verb.name in ("be", "have"):
            finite = (WERE if c.verb.name == "be" else HAD)["fr"][c.subject.many]
            end: list[Token] = []
        elif c.past:
            helper = (BE if verb.auxiliary == "être" else HAVE).fr[0]
            finite, keys = self.form(helper, c.subject), (c.key, c.key + 3)
            end = one(self.participle(c, verb), c.key)
        elif c.modal:
            finite, keys = self.form(self.choose(c.modal.fr), c.subject), (c.key + 2,)
            end = clitic + one(verb.infinitive, c.key)
            clitic = []
        else:
            finite, end = self.form(verb, c.subject), []
        if turned:
            link = "-" if subject[0].word in ("tu", "vous") else ""
            return ne + clitic + [Token(finite + link + subject[0].word, keys + subject[0].keys)] + pas + often + end
        return subject + ne + clitic + [Token(finite, keys)] + pas + often + end

    def participle(self, c: Clause, verb: Forms) -> str:
        """Agrees with the subject after être, with an object that stands before avoir."""
        with_ = c.subject if verb.auxiliary == "être" else c.thing if c.thing and c.thing.pronoun else None
        if with_ is None or with_.person == "i":
            return verb.participle
        word = verb.participle + ("e" if self.gender_of(with_) == "f" else "")
        return plural(word) if with_.many else word

    def gender_of(self, being: Being) -> str:
        if being.group is not None:
            return self.gender(being)
        return "f" if being.gender == "w" or (being.person == "you" and self.woman) else "m"

    def subject(self, being: Being) -> list[Token]:
        if not being.pronoun:
            return self.object(being)
        if being.person == "we" and self.one_says:
            return one("on", being.key)
        third = "ils elles" if being.many else "il elle"
        return one(_SUBJECT.get(self.person(being)) or third.split()[self.gender_of(being) == "f"], being.key)

    def clitic(self, being: Being) -> list[Token]:
        third = "les" if being.many else ("la" if self.gender_of(being) == "f" else "le")
        return one(_CLITIC.get(self.person(being)) or third, being.key)

    def object(self, being: Being, negation: str = "") -> list[Token]:
        if being.name:
            return one(being.name, being.key)
        return self.group(being.group, negation) if being.group else []

    def agree(self, look: Adjective, gender: str, many: bool) -> str:
        word = self.choose(look.fr[gender])
        return plural(word) if many else word

    def group(self, group: Group, negation: str = "") -> list[Token]:
        word = self.word(group)
        before: list[Token] = []
        after: list[Token] = []
        for i, look in enumerate(group.looks):
            token = Token(self.agree(look, word.gender, group.many), (group.key + 2 + i,))
            if look.before:
                before.append(token)
            else:
                after.insert(0, token)
        noun = Token(word.many if group.many else word.one, (group.key,))
        article = self.article(group, word.gender, bool(before), negation)
        out = _soften([Token(article, (group.key + 1,)), *before, noun], group.many) + after
        return out + (self.relative(group.relative) if group.relative else [])

    def article(self, group: Group, gender: str, adjective_first: bool, negation: str) -> str:
        column = 2 if group.many else int(gender == "f")
        if group.owner:
            they = group.owner.person == "third" and group.owner.many
            return _OWN["they" if they else self.person(group.owner)].split()[column]
        if group.article == "a" and (negation or (group.many and adjective_first)):
            return "de"  # "pas de livre", "de petits chats"
        return _ARTICLE[group.article].split()[column]

    def relative(self, c: Clause) -> list[Token]:
        return one("qui", c.key + 4) + self.verbs(c, []) + self.rest(c)

    def where(self, where: Where) -> list[Token]:
        preposition = where.place.fr if where.place else self.choose(where.near[1])
        if where.place and preposition == "à" and where.group.article != "the":
            preposition = "dans"
        out = _contract(one(preposition, where.key), self.group(where.group))
        return out + self.tail(where, 1)


def _we(said: Meaning) -> bool:
    return any(c.subject.person == "we" for c in said.clauses)


def _soften(tokens: list[Token], many: bool) -> list[Token]:
    """mon amie, cet arbre, bel oiseau: in the singular, before a vowel."""
    for i, token in enumerate(tokens[:-1]):
        if not many and token.word in _SOFT and vowel(tokens[i + 1].word):
            tokens[i] = Token(_SOFT[token.word], token.keys)
    return tokens


def _contract(preposition: list[Token], group: list[Token]) -> list[Token]:
    """au, du, aux, des; not before a vowel, where the article elides."""
    last, article = preposition[-1], group[0]
    word = _CONTRACTED.get((last.word, article.word))
    if word is None or (article.word == "le" and vowel(group[1].word)):
        return preposition + group
    return [*preposition[:-1], Token(word, last.keys + article.keys), *group[1:]]


def _elide(tokens: list[Token]) -> list[Token]:
    for i, token in enumerate(tokens[:-1]):
        if token.word in _ELIDED and vowel(tokens[i + 1].word):
            tokens[i] = Token(token.word[:-1] + "'", token.keys)
    return tokens
