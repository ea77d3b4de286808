"""What "it" stands for, as the grammar knows it: the noun is there, and French says il or elle for its gender."""

import re
from random import Random

import pytest

from coursekit.data import pair_words as lexicon
from coursekit.data.antecedents import _last, _pronouns, antecedents
from coursekit.data.pair_english import English
from coursekit.data.pair_french import FrenchSide
from coursekit.data.pair_meaning import PairConfig
from coursekit.data.pair_sampler import Sampler
from coursekit.errors import CourseError

NOUNS = {word.one: noun for noun in [*lexicon.THINGS, *lexicon.BEINGS] for word in noun.en}
SAYS = {"il": "m", "le": "m", "elle": "f", "la": "f"}


def test_the_noun_stands_before_it_and_has_the_gender() -> None:
    rows = antecedents(300, seed=1)
    assert len(rows) == 300
    for row in rows:
        assert row.words[row.pronoun] == "it"
        assert row.noun < row.pronoun
        assert row.gender == NOUNS[row.words[row.noun]].fr[0].gender
    assert {row.gender for row in rows} == {"m", "f"}
    assert {row.subject for row in rows} == {True, False}


def test_it_is_no_man_and_no_woman() -> None:
    for row in antecedents(300, seed=2):
        assert not NOUNS[row.words[row.noun]].en[0].gender


def test_french_pronouns_agree() -> None:
    """Another way to the same answer: the French side of the same meaning says il, elle, le or la."""
    sampler, agreed = Sampler(PairConfig(clauses=(2, 3)), Random("3 train it"), test=False), 0
    while agreed < 200:
        meaning = sampler.sentence()
        for row in _last(meaning):
            english = English(lambda choices: 0, meaning.polite).sentence(meaning)
            french = FrenchSide(lambda choices: 0, meaning.polite).sentence(meaning)
            keys = {being.key for _, being in _pronouns(meaning.clauses)} & {*english[row.pronoun].keys}
            said = [token.word for token in french if keys & {*token.keys}]
            genders = [SAYS[word] for word in said if word in SAYS]  # "l'" does not tell
            assert {*genders} <= {row.gender}, (row, said)
            agreed += len(genders)


def test_same_seed_same_sentences_and_splits_differ() -> None:
    assert antecedents(20, seed=4) == antecedents(20, seed=4)
    assert antecedents(20, seed=4) != antecedents(20, seed=5)
    assert antecedents(20, seed=4) != antecedents(20, seed=4, split="test")
    assert max(len(row.words) for row in antecedents(50, clauses=2)) < 40


def test_unknown_split() -> None:
    with pytest.raises(CourseError, match=re.escape("split='all' is not possible: give 'train'")):
        antecedents(3, split="all")
