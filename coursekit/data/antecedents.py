"""What "it" stands for: English sentences of the small world, and the noun behind a pronoun.

The grammar of the pairs knows which thing or animal it means by "it". A translator has to know as well: French says il,
le or elle, la, as the gender of that noun will have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from coursekit.data.pair_english import English
from coursekit.data.pair_meaning import Being, Clause, Meaning, PairConfig
from coursekit.data.pair_sampler import Sampler
from coursekit.errors import CourseError


class Antecedent(NamedTuple):
    """A sentence with one "it" or more, of which the last is meant."""

    words: list[str]
    pronoun: int  # place of "it" in the sentence
    noun: int  # place of the noun that it stands for
    gender: str  # of that noun in French: m, f
    subject: bool  # it does something (il, elle), or something is done to it (le, la)


def antecedents(
    n: int, seed: int = 0, split: str = "train", clauses: int | tuple[int, int] = (2, 3)
) -> list[Antecedent]:
    """n sentences in which somebody says "it" of a noun before.

    Deterministic; `split` is "train", "validation" or "test", as in `Pairs`. Raises CourseError for another one.
    """
    if split not in ("train", "validation", "test"):
        raise CourseError(f"split={split!r} is not possible: give 'train', 'validation' or 'test'.")
    random = Random(f"{seed} {split} it")
    sampler = Sampler(PairConfig(clauses=clauses), random, test=split == "test")
    found: list[Antecedent] = []
    while len(found) < n:
        found += _last(sampler.sentence())
    return found


def _last(meaning: Meaning) -> list[Antecedent]:
    """The last "it" of a sentence in its usual wording, if there is one."""
    beings = {being.key: (being, being is clause.subject) for clause, being in _pronouns(meaning.clauses)}
    tokens = English(lambda choices: 0, meaning.polite).sentence(meaning)
    for place, token in reversed([*enumerate(tokens)]):
        key = next((key for key in token.keys if key in beings), None)
        if token.word != "it" or key is None:
            continue
        being, subject = beings[key]
        assert being.group is not None
        noun = next(i for i, other in enumerate(tokens) if being.group.key in other.keys)
        words = [token.word for token in tokens]
        return [Antecedent(words, place, noun, being.group.noun.fr[0].gender, subject)]
    return []


def _pronouns(clauses: tuple[Clause, ...]) -> Iterator[tuple[Clause, Being]]:
    for clause in clauses:
        for being in (clause.subject, clause.thing):
            if being is not None and being.pronoun and being.group is not None:
                yield clause, being
        if clause.that is not None:
            yield from _pronouns((clause.that,))
