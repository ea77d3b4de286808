"""Summaries: what the article bears and nothing else, read again from its words alone; and the Hub's columns."""

import re
from collections import Counter

import pytest
from datasets import Dataset, DatasetDict
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data import words as lists
from coursekit.data.config import Config
from coursekit.data.loading import load
from coursekit.data.summaries import _unseen, articles, summarise
from coursekit.data.world import World
from coursekit.errors import CourseError

SPLITS = ["train", "validation", "test"]
NAMES = "|".join([*lists.WOMEN, *lists.MEN, *lists.NEW_WOMEN, *lists.NEW_MEN])
PLACES = "|".join(lists.PLACES)
MOOD_OF = {word: mood for mood, said in lists.MOODS.items() for word in said}
LEAVES = {verb: mood for mood, verbs in lists.CAUSES.items() for verb in verbs}
IN = {"park", "forest", "garden", "town", "kitchen", "workshop", "cave", "square"}
ON, BY = {"island", "mountain"}, {"river", "lake"}


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def told(world):
    return articles(world, 1500, seed=2)


def read_again(tokens):
    """The summary by rules of one's own, from the words of an article alone."""
    stories = []
    for sentence in " ".join(tokens).removesuffix(" .").split(" . "):
        went = re.search(
            rf"\b({NAMES})(?: and ({NAMES}))? \w+ to the (?:\w+ )?(?:bank (?:of|in) the )?({PLACES})(?: with .*)?$",
            sentence,
        )
        if went:
            stories.append({"who": [w for w in went.groups()[:2] if w], "place": went[3], "did": []})
        elif did := re.match(r"(?:there|then) (?:she|he|they) (\w+) (an?) (.+)", sentence):
            thing = re.sub(r" (with|and) .*", "", did[3]).split()[-1]
            stories[-1]["did"].append(f"{did[1]} {did[2]} {thing}")
        elif cause := re.search(r"\b(?:she|he|they) had (\w+) a (\w+)$", sentence):
            stories[-1]["cause"] = cause.groups()
        elif mood := re.search(r"\b(she|he|they) (?:was|were|felt) (?:\w+ )?(\w+)$", sentence):
            stories[-1]["mood"] = mood[1], MOOD_OF[mood[2]]
    return [line for story in stories for line in again(story)]


def again(story):
    place = story["place"]
    where = "in" if place in IN else "on" if place in ON else "by" if place in BY else "at"
    yield f"{' and '.join(story['who'])} {' and '.join(story['did'])} {where} the {place} ."
    if "mood" in story:
        who, mood = story["mood"]
        verb, thing = story.get("cause", ("", ""))
        why = f"had {verb} a {thing} and " if LEAVES.get(verb) == mood else ""
        yield f"{who} {why}felt {mood} ."


def test_the_summary_is_a_function_of_the_words_of_the_article(told):
    for a in told:
        assert " ".join(read_again(a.article_tokens)) == " ".join(a.highlight_tokens), a.article


def test_each_word_of_a_summary_is_borne_by_the_article(told):
    joins = Counter()
    for a in told:
        assert len(a.evidence) == len(a.highlight_tokens)
        for word, at in zip(a.highlight_tokens, a.evidence, strict=True):
            if at < 0:
                joins[word] += 1
            else:
                said = a.article_tokens[at]
                assert said == word or MOOD_OF[said] == word
    assert set(joins) == {"and", "had", "a", "felt", "the", "at", "in", "on", "by", "."}


def test_sentences_are_those_that_bear_a_line(told):
    for a in told:
        number, of = 0, []
        for word in a.article_tokens:
            of.append(number)
            number += word == "."
        lines, line = [set()], 0
        for word, at in zip(a.highlight_tokens, a.evidence, strict=True):
            lines[line] |= {of[at]} if at >= 0 else set()
            if word == ".":
                lines.append(set())
                line += 1
        assert [sorted(s) for s in lines[:-1]] == a.sentences
    assert max(len({n for s in a.sentences for n in s}) for a in told) < max(
        a.article_tokens.count(".") for a in told
    )  # many sentences bear nothing


def test_the_printed_text_says_the_tokens(told):
    for a in told[:300]:
        assert a.article.lower().replace(".", " .").split() == a.article_tokens
        assert a.highlights.lower().replace(".", " .").split() == a.highlight_tokens
        assert a.highlights.count("\n") + 1 == len(a.sentences)
        for line in a.highlights.split("\n"):
            assert re.fullmatch(r"[A-Z][A-Za-z ]*[a-z]\.", line)
        assert {w for w in re.findall(r"(?m)^([A-Z]\w+)", a.highlights)} <= {
            *(n.capitalize() for n in NAMES.split("|")), "She", "He", "They",
        }  # fmt: skip


def test_a_cause_is_told_only_where_it_explains_the_mood(told):
    seen = Counter()
    for a in (a for a in told if len(a.sentences) <= 2 and "felt" in a.highlight_tokens):
        cause = [
            LEAVES[w]
            for w, x in zip(a.article_tokens[1:], a.article_tokens, strict=False)
            if x == "had" and w in LEAVES
        ]
        mood = a.highlight_tokens[a.highlight_tokens.index("felt") + 1]
        assert ("had" in a.highlight_tokens) == (cause == [mood])
        seen[bool(cause), cause == [mood]] += 1
    assert min(seen[True, True], seen[True, False], seen[False, False]) > 5


def test_one_story_is_one_of_the_worlds_own(world):
    for a in articles(world, 60, seed=5, stories=1):
        assert all(p > -20 for p in world.score([*a.article_tokens, "<eos>"], a.date))


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 4), st.integers(0, 6), st.integers(0, 10**6))
def test_length_is_a_parameter(k, between, seed):
    for a in articles(World(Config(max_between=between, names=8)), 8, seed, stories=k):
        who = [w for line in a.highlights.split("\n") if (w := line.split()[0]) not in ("She", "He", "They")]
        assert len(who) == k
        assert 2 * k <= a.article_tokens.count(".") <= k * (between + 5)


def test_nothing_of_the_future_stands_in_train():
    data = load("summaries", n=3000, seed=1)
    assert data.num_rows == {"train": 2400, "validation": 300, "test": 300}
    ids = [set(data[s]["id"][:]) for s in SPLITS]
    assert sum(map(len, ids)) == 3000 == len(set().union(*ids))
    assert {len(i) for i in ids[0]} == {40}
    known = {w for row in data["train"]["article_tokens"][:] for w in row}
    pairs = set()
    for row in data["train"]["highlight_tokens"][:]:
        for place, *did in parsed(row):
            pairs |= {f"{thing} {place}" for verb, thing in did if verb not in lists.FREE}
    for split in SPLITS:
        unseen = [u for row in data[split]["unseen"][:] for u in row]
        unknown = {w for row in data[split]["unknown"][:] for w in row}
        assert not unknown & known
        assert not set(unseen) & pairs
        assert all(word in known for u in unseen for word in u.split())
        if split == "train":  # where somebody may have drawn what is not there
            assert not unseen and not unknown
        else:
            assert len(unseen) > 10 and len(unknown) > 3


def test_what_one_draws_need_not_be_there():
    said = ["tom", "saw", "a", "crab", "and", "drew", "an", "owl", "at", "the", "beach", "."]
    held_out = {("beach", "crab"), ("beach", "owl"), ("zoo", "crab")}
    assert _unseen([(word, -1) for word in said], held_out) == ["crab beach"]


def parsed(tokens):
    """(place, (verb, thing), ...) of each line about somebody's deeds."""
    for line in " ".join(tokens).split(" ."):
        if where := re.search(r" (?:at|in|on|by) the (\w+)$", line):
            yield where[1], *re.findall(r"(\w+) an? (\w+)", line)


def test_columns_and_types_are_the_same_in_every_split_and_row():
    data = load("summaries", n=200, stories=[1, 2], news=0.0)
    assert data["train"].features == data["test"].features
    assert data.column_names["train"][:3] == ["article", "highlights", "id"]
    same = load("summaries", n=200, stories=(1, 2), news=0.0)
    assert data["test"][3] == same["test"][3] != load("summaries", n=200, seed=1)["test"][3]


def test_the_first_sentences_are_no_summary(told):
    """What newspapers get by with, the lead, misses most: the deed comes late."""
    missed = [any(n > 2 for n in a.sentences[0]) for a in told]
    assert 0.5 < sum(missed) / len(missed) < 0.95


def test_the_hubs_summaries(monkeypatch):
    asked = []
    rows = {"train": 3, "validation": 2, "test": 1}
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    columns = ("article", "highlights", "id")
    found = DatasetDict(
        {s: Dataset.from_dict({c: [f"{c} {i}" for i in range(n)] for c in columns}) for s, n in rows.items()}
    )
    monkeypatch.setattr("datasets.load_dataset", lambda *name: asked.append(name) or found)
    monkeypatch.setattr("coursekit.data.loading._CNN_ROWS", rows)
    data = load("summaries", source="hub")
    assert asked == [("abisee/cnn_dailymail", "3.0.0")]
    assert data.column_names["test"] == load("summaries", n=20).column_names["test"][:3]
    monkeypatch.setattr("coursekit.data.loading._CNN_ROWS", rows | {"test": 2})
    with pytest.raises(CourseError, match=r"the download has .* rows, not .*: delete the Hub's cache"):
        load("summaries", source="hub")


def test_a_hub_out_of_reach_names_the_embedded_set(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CourseError, match=r"use an embedded set instead: load\('summaries'\)\.$"):
        load("summaries", source="hub")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 0}, "n=0 is not possible: give a whole number from 20"),
        ({"n": 2.5}, "n=2.5 is not possible: give a whole number"),
        ({"n": 1_000_000}, "n=1000000 articles are not possible: give a whole number from 1 to 666,666"),
        ({"seed": "x"}, "seed='x' is not possible"),
        ({"stories": 0}, "stories=0 is not possible: give 1 to 20"),
        ({"stories": (3, 1)}, r"stories=\(3, 1\) is not possible"),
        ({"stories": (1, 2, 3)}, r"stories=\(1, 2, 3\) is not possible"),
        ({"stories": "two"}, "stories='two' is not possible"),
        ({"places": -1}, "places=-1 is not possible"),
        ({"length": 3}, "no option 'length' here: known are n, seed, stories"),
        ({"source": "moon"}, "has no source 'moon': give 'world', 'hub'"),
        ({"source": "hub", "n": 50}, "source='hub'.* takes no option n"),
    ],
)
def test_wrong_options_get_one_sentence(options, sentence):
    with pytest.raises(CourseError, match=sentence) as caught:
        load("summaries", **options)
    assert str(caught.value).endswith(".")


def test_a_world_with_few_stories_says_so():
    small = World(Config.tiny(words=1, ways=1, told=1, max_between=0, things=3))
    with pytest.raises(CourseError, match="too few stories for n=100000 different articles"):
        articles(small, 100_000, stories=1)


def test_summarise_takes_a_story(world):
    (story,) = world.sample(1, 3, 50)
    lines = summarise(story.tokens, story.kind)
    assert [w for line in lines for w, _ in line] == " ".join(read_again(story.tokens[:-1])).split()
