"""What stories say, read again by plain rules: agreement, distances, what fits where, news, held-out pairs, memory."""

import math
import re
from collections import Counter, defaultdict

import pytest

from coursekit.data import words as lists
from coursekit.data.config import Config
from coursekit.data.world import World
from coursekit.errors import CourseError

WOMEN = {*lists.WOMEN, *lists.NEW_WOMEN}
NAMES = {*WOMEN, *lists.MEN, *lists.NEW_MEN}
PRONOUNS = {"she": "she", "her": "she", "he": "he", "his": "he", "they": "they", "their": "they"}
MANY = set(lists.BEINGS.values())
BEINGS = {*lists.BEINGS, *MANY}
PLACES = set(lists.PLACES)
CAUSES = {verb: mood for mood, verbs in lists.CAUSES.items() for verb in verbs}


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def stories(world):
    return world.sample(6_000, seed=4, dates=[10 * (i // 600) for i in range(6_000)])


def subject(tokens):
    """(pronoun, position of the last name) of a story, read from its first sentence."""
    first = tokens[: tokens.index(".")]
    at = [i for i, w in enumerate(first) if w in NAMES and first[i - 1] not in ("the", "a")]
    return ("they" if len(at) == 2 else "she" if first[at[0]] in WOMEN else "he"), at[-1]


def test_pronouns_agree_with_the_names_and_their_distance_is_counted(stories):
    far = 0
    for s in stories:
        pronoun, name = subject(s.tokens)
        for t, (word, kind) in enumerate(zip(s.tokens, s.kind, strict=True)):
            assert (kind == "pronoun") == (word in PRONOUNS)
            if kind == "pronoun":
                assert PRONOUNS[word] == pronoun
                assert s.distance[t] == t - name
                far = max(far, t - name)
    assert far >= 60


def test_verbs_agree_in_number_and_their_distance_is_counted(stories):
    distances = Counter()
    for s in stories:
        for t, word in enumerate(s.tokens):
            if s.kind[t] != "number":
                continue
            start = max(i for i in range(t) if i == 0 or s.tokens[i - 1] == ".")
            heads = [i for i in range(start, t) if s.tokens[i] in BEINGS and s.tokens[i - 1] != "with"]
            if heads:
                assert (word == "were") == (s.tokens[heads[0]] in MANY)
                assert s.distance[t] == t - heads[0]
                distances[t - heads[0]] += 1
            else:
                assert word == ("were" if s.tokens[t - 1] == "they" else "was")
                assert s.distance[t] == 1
    assert max(distances) >= 8
    assert sum(n for d, n in distances.items() if d >= 4) > 0.2 * distances.total()


def test_things_fit_their_place_and_moods_their_cause(stories):
    fits = anywhere = with_cause = moods = 0
    for s in stories:
        at = s.kind.index("place") if s.tokens[s.kind.index("place")] != "bank" else s.tokens.index("bank") + 3
        place, cause = s.tokens[at], None
        for t, (word, kind) in enumerate(zip(s.tokens, s.kind, strict=True)):
            if kind == "thing":
                assert s.distance[t] == t - at
                own = lists.PLACES[place].split()
                verb = max(i for i in range(t) if s.tokens[i] in lists.DID and s.kind[i] == "verb")
                free = s.tokens[verb] in lists.FREE
                assert free or word in own or word in lists.NEW_THINGS
                assert word in lists.TAKES.get(s.tokens[verb], [word])
                anywhere, fits = anywhere + free, fits + (not free)
                article = s.tokens[verb + 1]
                assert article == ("an" if re.match(r"[aeio]|umbrella", word) else "a")
            if kind == "cause":
                assert cause is None
                cause = t
            if kind == "mood":
                assert s.distance[t] == (t - cause if cause is not None else 0)
                if cause is not None:
                    moods += 1
                    with_cause += word in lists.MOODS[CAUSES[s.tokens[cause]]]
    assert fits > anywhere > 0
    assert abs(with_cause / moods - 0.85) < 4 * math.sqrt(0.85 * 0.15 / moods)


def test_distances_of_things_spread_widely(stories):
    far = sorted(d for s in stories for d, kind in zip(s.distance, s.kind, strict=True) if kind == "thing")
    assert far[len(far) // 50] <= 7
    assert far[-len(far) // 20] >= 45


def test_news_names_things_and_pairs_come_only_after_the_news(world):
    old, new = world.sample(4_000, 1, dates=79), world.sample(4_000, 1, dates=80)
    fresh = {*lists.NEW_WOMEN, *lists.NEW_MEN, *lists.NEW_THINGS}

    def pairs(stories):
        return {
            (place, thing)
            for s in stories
            if (place := s.tokens[s.kind.index("place")]) != "bank"
            for thing, kind in zip(s.tokens, s.kind, strict=True)
            if kind == "thing" and not set(s.tokens) & set(lists.FREE)
        }

    assert not fresh & {w for s in old for w in s.tokens}
    assert fresh <= {w for s in new for w in s.tokens}
    held_out = {("forest", "owl"), ("harbour", "net"), ("library", "letter"), ("castle", "flag")} & (
        pairs(new) - pairs(old)
    )
    assert held_out
    assert {thing for _, thing in held_out} <= {w for s in old for w in s.tokens}


def test_topics_drift_with_the_date(world):
    share = defaultdict(list)
    for date in (0, 25, 50, 75, 99):
        places = world.distribution(["alice", "went", "to", "the"], date)
        total = sum(places.get(p, 0) for p in PLACES)
        for p in PLACES - {"river", "town"}:
            share[p].append(places[p] / total)
    swing = [max(s) / min(s) for s in share.values()]
    assert min(swing) > 1.5
    assert max(swing) > 4


def test_some_forms_have_two_lives(stories):
    kinds = defaultdict(set)
    for s in stories:
        for word, kind in zip(s.tokens, s.kind, strict=True):
            kinds[word].add(kind)
    for word in ("rose", "lily", "light", "orange", "spring", "saw", "tower", "square", "rested"):
        assert len(kinds[word]) >= (2 if word not in ("square", "rested") else 1), word
    senses = {s.tokens[s.tokens.index("bank") + 3] for s in stories if "bank" in s.tokens}
    assert senses == {"river", "town"}


def test_prose_reads_like_english(stories):
    for s in stories[:500]:
        assert re.fullmatch(r"([A-Z][A-Za-z ]*\. ?)+", s.text), s.text
        assert s.text.rstrip(".").lower().replace(". ", " . ") + " . <eos>" == " ".join(s.tokens)


def test_memory_of_the_last_words_is_bayes_over_all_stories_of_a_tiny_world():
    world = World(Config.tiny(ways=1, words=2, told=2, moods=2))
    every = list(world.stories(0))
    for n in (1, 2, 3, 5):
        count: dict[tuple[str, ...], Counter] = defaultdict(Counter)
        for tokens, p in every:
            for t in range(n, len(tokens)):
                count[tuple(tokens[t - n : t])][tokens[t]] += p
        for window in list(count)[:300]:
            brute = {w: q / count[window].total() for w, q in count[window].items()}
            assert world.context_distribution(window, 0) == pytest.approx(brute, abs=1e-12)
    assert world.context_distribution((), 0)["."] == pytest.approx(
        sum(p * t.count(".") for t, p in every) / sum(p * len(t) for t, p in every), abs=1e-12
    )


def test_more_context_buys_the_exact_model_more(world):
    near, far = (
        world.context_distribution(text.split(), 50)["sandcastle"]
        for text in ("there she built a", "to the beach . there she built a")
    )
    assert far > 3 * near
    nats, words = world.entropy(50)
    floors = [world.context_floor(n, 50, samples=12) for n in (0, 1, 3, 200)]
    assert floors[0][0] > floors[1][0] + 1 > floors[2][0] + 1 > nats / words
    assert floors[3] == pytest.approx((nats / words, 0.0), abs=1e-9)
    with pytest.raises(CourseError, match="no story of date 50 goes on after 'moon alice'"):
        world.context_distribution(("moon", "alice"), 50)
