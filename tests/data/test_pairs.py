"""Pairs: gold alignments, licensed references, what is held out, and the same pairs again from the same seed."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data import pair_words as lexicon
from coursekit.data.pair_meaning import PairConfig, held_out
from coursekit.data.pairs import Pairs, _Choices, _speak
from coursekit.data.words import NEW_MEN, NEW_WOMEN
from coursekit.errors import CourseError

#: Words that need no partner: "do", "est-ce que", the "to" of an infinitive, the article of "la semaine", commas.
LONELY = {"en": {"do", "does", "to"}, "fr": {"la", "l'", "est-ce", "que"}, "de": {","}}
NEW = {*NEW_MEN, *NEW_WOMEN, *(n.name for n in lexicon.NEW_THINGS)}


@pytest.fixture(scope="module")
def parts():
    return {split: Pairs(PairConfig(), 0, split, references=4).take(1500) for split in ("train", "test")}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([("en", "fr", "de"), ("de", "en"), ("fr", "de")]))
def test_links_are_in_range_and_every_content_word_has_one(seed, languages):
    for pair in Pairs(PairConfig(clauses=(1, 4)), seed, "test", languages).take(8):
        source = pair.text[languages[0]].split()
        for target, links in pair.alignment.items():
            words = pair.text[target].split()
            assert all(0 <= i < len(source) and 0 <= j < len(words) for i, j in links)
            assert links == sorted(set(links))
            without = [w for j, w in enumerate(words) if j not in {j for _, j in links}]
            alone = [w for i, w in enumerate(source) if i not in {i for i, _ in links}]
            assert set(without) <= LONELY[target], (pair.text, without)
            assert set(alone) <= LONELY[languages[0]], (pair.text, alone)


def test_alignments_of_known_words(parts):
    """A small dictionary that the grammar does not know of: its words are linked, wherever both stand once."""
    known = {
        ("fr", "because"): {"parce", "que", "qu'", "car"}, ("de", "because"): {"weil", "denn"},
        ("fr", "boat"): {"bateau"}, ("de", "boat"): {"boot"}, ("fr", "red"): {"rouge", "rouges"},
        ("fr", "apple"): {"pomme"}, ("de", "apple"): {"apfel"},
        ("fr", "not"): {"ne", "n'", "pas"}, ("de", "with"): {"mit"},
    }  # fmt: skip
    found = 0
    for pair in parts["train"]:
        source = pair.text["en"].split()
        for (target, word), partners in known.items():
            if source.count(word) == 1:
                words = pair.text[target].split()
                links = {words[j] for i, j in pair.alignment[target] if source[i] == word}
                assert links <= partners | {"kein", "keine", "keinen", "nicht"} and links, (pair.text, word)
                found += 1
    assert found > 500


def test_reordering_is_real(parts):
    """A good share of the links cross others: in French less than in German."""
    crossing = {}
    for target in ("fr", "de"):
        links = [p.alignment[target] for p in parts["train"][:400]]
        pairs = [(a, b) for one in links for a in one for b in one if a[0] < b[0]]
        crossing[target] = sum(a[1] > b[1] for a, b in pairs) / len(pairs)
    assert 0.02 < crossing["fr"] < crossing["de"] < 0.3


def test_references_are_licensed_wordings_of_the_same_meaning(parts):
    for split, fewest in (("train", 1), ("test", 1)):
        for pair in parts[split]:
            for language, wordings in pair.references.items():
                assert wordings[0] == pair.text[language]
                assert fewest <= len(set(wordings)) == len(wordings) <= 4
    several = [len(p.references["fr"]) > 1 for p in parts["test"]]
    assert sum(several) / len(several) > 0.6
    assert all(len(p.references["en"]) == 1 for p in Pairs(PairConfig()).take(50))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["en", "fr", "de"]))
def test_every_wording_says_all_of_the_meaning(seed, language):
    pairs = Pairs(PairConfig(), seed)
    for _ in range(8):
        meaning = pairs.sampler.sentence()
        usual = _speak(language, meaning, _Choices((), lambda n: 0))
        other = _speak(language, meaning, _Choices((), lambda n: pairs.random.randrange(n)))
        keys = [{k for t in said for k in t.keys} for said in (usual, other)]
        differing = keys[0] ^ keys[1]
        assert differing <= {c.key + 4 for c in meaning.clauses}, (usual, other)  # "est-ce que" or the verb first


def test_held_out_combinations_and_new_words_are_in_the_test_split_only(parts):
    adjectives = {a.en for a in [*lexicon.ADJECTIVES, *lexicon.LOOKS, *lexicon.PLACE_LOOKS]}
    seen = {split: set() for split in parts}
    for split, pairs in parts.items():
        for pair in pairs:
            words = pair.text["en"].split()
            near = pairwise(words)
            seen[split] |= {f"{a} {b}" for a, b in near if a in adjectives and held_out(a, b)}
    assert not seen["train"]
    assert len(seen["test"]) > 20
    assert all(not p.unseen and not p.unknown for p in parts["train"])
    assert not NEW & {w for p in parts["train"] for w in p.text["en"].split()}
    marked = [p for p in parts["test"] if p.unknown]
    assert 0.02 < len(marked) / len(parts["test"]) < 0.2
    assert {w for p in parts["test"] for w in p.unknown} <= NEW
    assert all({w, w + "s"} & set(p.text["en"].split()) for p in marked for w in p.unknown)
    assert 0.1 < sum(bool(p.unseen) for p in parts["test"]) / len(parts["test"]) < 0.4


def test_each_word_of_a_held_out_combination_is_known_from_others(parts):
    known = {w for p in parts["train"] for w in p.text["en"].split()}
    for pair in parts["test"]:
        for combination in pair.unseen:
            assert combination.split()[0] in known


def test_the_vocabulary_has_a_long_tail(parts):
    counts: dict[str, int] = {}
    for pair in parts["train"]:
        for word in pair.text["fr"].split():
            counts[word] = counts.get(word, 0) + 1
    ranked = sorted(counts.values(), reverse=True)
    assert len(ranked) > 500
    assert ranked[10] > 20 * ranked[300] > 0


def test_the_same_seed_gives_the_same_pairs_and_another_seed_others():
    one, two = (Pairs(PairConfig(), 5, "test", references=3).take(30) for _ in range(2))
    assert one == two
    assert Pairs(PairConfig(), 5, "test", references=3).take(10) == one[:10]
    pairs = Pairs(PairConfig(), 5, "test", references=3)
    assert pairs.take(12) + pairs.take(0) + pairs.take(18) == one  # nothing is lost between
    assert Pairs(PairConfig(), 6, "test", references=3).take(10) != one[:10]
    assert Pairs(PairConfig(), 5, "train", references=3).take(10) != one[:10]


def test_length_follows_the_number_of_clauses():
    lengths = []
    for clauses in (1, 3, 6):
        pairs = Pairs(PairConfig(clauses=clauses, max_length=90), 1).take(150)
        assert {p.clauses for p in pairs} == {clauses}
        lengths.append(sum(len(p.text["en"].split()) for p in pairs) / 150)
    assert lengths[0] < 12 < 20 < lengths[1] < 35 < lengths[2] < 65
    short = Pairs(PairConfig(clauses=(1, 3), max_length=20), 1).take(200)
    assert max(len(t.split()) for p in short for t in p.text.values()) <= 20


def test_the_usual_wording_alone_without_variety():
    pairs = Pairs(PairConfig(variety=0.0), 0).take(300)
    said = " ".join(p.text["de"] for p in pairs)
    assert " weil " in said
    assert " denn " not in said
    assert "denn" in " ".join(p.text["de"] for p in Pairs(PairConfig(variety=0.9), 0).take(300)).split()


WRONG = {
    "clauses=0 is not possible": {"clauses": 0},
    r"clauses=\(3, 1\)": {"clauses": (3, 1)},
    r"clauses=\(1, 2, 3\)": {"clauses": (1, 2, 3)},
    "clauses=9": {"clauses": 9},
    "max_length=20 is too short for 3 clauses": {"clauses": 3, "max_length": 20},
    "max_length=True": {"max_length": True},
    "variety=1.5 is not possible: give a number from 0.0 to 1.0": {"variety": 1.5},
    "variety=nan": {"variety": float("nan")},
    "zipf=-1": {"zipf": -1},
    "held_out=0.5 is not possible: give a whole number": {"held_out": 0.5},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_configuration_gets_one_sentence(sentence):
    with pytest.raises(CourseError, match=sentence) as caught:
        PairConfig(**WRONG[sentence])
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "languages", [("en",), "en", ("en", "en"), ("en", "es"), (), None, 2, ["en", ["fr"]], {"en", "fr"}]
)
def test_wrong_languages_get_one_sentence(languages):
    with pytest.raises(CourseError, match="two or three different ones of en, fr, de"):
        Pairs(PairConfig(), languages=languages)


def test_a_split_that_there_is_not_gets_one_sentence():
    with pytest.raises(CourseError, match="split='dev' is not possible: give 'train', 'validation' or 'test'"):
        Pairs(PairConfig(), 0, "dev")
