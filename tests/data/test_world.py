"""The small world is what it says: enumeration, frequencies, entropy two ways, the same bytes everywhere."""

import hashlib
import itertools
import math
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
from scipy import stats

from coursekit.data.config import Config
from coursekit.data.grammar import SECTIONS, expand
from coursekit.data.slots import make_slots
from coursekit.data.world import World
from coursekit.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
TINY = [
    Config.tiny(told=1, moods=1),
    Config.tiny(ways=1, words=2, told=1, max_between=0),
    Config.tiny(ways=1, moods=1, places=2, told=3, between=1.5, max_between=2, drift=0.2),
    Config.tiny(ways=1, moods=1, optional=0.3, told=1, max_between=0),
]


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def stories(world):
    return world.sample(20_000, seed=0, dates=[10 * (i // 2_000) for i in range(20_000)])


@pytest.mark.parametrize(("config", "date"), [*((c, 0) for c in TINY), (TINY[1], 9), (TINY[2], 9)])
def test_all_stories_of_a_tiny_world_sum_to_one_and_every_conditional_is_the_brute_force_one(config, date):
    world = World(config)
    every = [(tuple(tokens), p) for tokens, p in world.stories(date)]
    assert len({tokens for tokens, _ in every}) == len(every) > 100
    assert math.fsum(p for _, p in every) == pytest.approx(1, abs=1e-12)
    mass: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for tokens, p in every:
        for t in range(len(tokens) + 1):
            mass[tokens[:t]].append(p)
    total = {prefix: math.fsum(ps) for prefix, ps in mass.items()}
    for tokens, p in every[:: len(every) // 200 + 1]:
        brute = [math.log(total[tokens[: t + 1]] / total[tokens[:t]]) for t in range(len(tokens))]
        assert world.score(tokens, date) == pytest.approx(brute, abs=1e-12)
        assert math.fsum(brute) == pytest.approx(math.log(p), abs=1e-12)
    following: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for prefix in total:
        if prefix:
            following[prefix[:-1]][prefix[-1]] = total[prefix] / total[prefix[:-1]]
    for prefix in list(total)[:: len(total) // 300 + 1]:
        assert world.distribution(prefix, date) == pytest.approx(following[prefix], abs=1e-12)


def derived(config, date):  # noqa: C901
    """Every story by hidden choices (template, optional parts, words), one by one: no automaton, no joining."""
    slots = make_slots(config)

    def sentence(symbols, state):
        if not symbols:
            yield (), state, 1.0
            return
        head, *rest = symbols
        slot = slots[head[1:-1]] if head[0] == "{" else None
        read = [state.get(name, "" if name != "note" else None) for name in slot.reads] if slot else []
        choices = zip(slot.words(*read), slot.shares(date, *read), strict=True) if slot else [(head, 1.0)]
        for word, p in choices:
            if p > 0:
                after = {**state, **slot.sets(state.get("note"), word)} if slot else state
                for words, end, q in sentence(rest, after):
                    yield (word, *words), end, p * q

    def middle(state):
        between = Fraction(str(config.between)) / (1 + Fraction(str(config.between)))
        more = between if state["told"] < config.max_between else Fraction(0)
        cause = more * Fraction(3, 10) if not state.get("cause") else Fraction(0)
        told = SECTIONS["told"][: config.told]
        yield from [(1 - more, SECTIONS["thing"]), (cause, SECTIONS["cause"]), (more - cause, told)]

    def story(section, state):
        if section == "":
            yield (), 1.0
            return
        if section in ("middle", "more"):
            state = {**state, "told": state.get("told", -1) + 1}
        parts = middle(state) if section in ("middle", "more") else [(Fraction(1), SECTIONS[section])]
        for share, templates in parts:
            for template, (p, symbols) in (
                (t, e) for t in templates for e in expand(t.text, config.optional, config.ways)
            ):
                weight = float(share * p * Fraction(template.weight, sum(t.weight for t in templates)))
                if weight > 0:
                    for words, after, q in sentence(symbols, state):
                        for rest, r in story(template.follows, {**after, "note": None}):
                            yield words + rest, weight * q * r

    return story("opening", {})


@pytest.mark.parametrize(("config", "date"), [(TINY[0], 0), (TINY[1], 9), (TINY[3], 0)])
def test_the_joined_automaton_is_the_grammar_of_hidden_choices(config, date):
    brute: dict[tuple[str, ...], float] = defaultdict(float)
    for tokens, p in derived(config, date):
        brute[tokens] += p
    exact = {tuple(tokens): p for tokens, p in World(config).stories(date)}
    assert exact.keys() == brute.keys()
    assert max(abs(exact[t] - brute[t]) / exact[t] for t in exact) < 1e-12


def test_entropy_by_sums_over_states_is_that_of_all_stories():
    for config, date in itertools.product(TINY[:3], (0, 9)):
        world = World(config)
        every = list(world.stories(date))
        brute = -math.fsum(p * math.log(p) for _, p in every), math.fsum(p * len(t) for t, p in every)
        assert world.entropy(date) == pytest.approx(brute, abs=1e-10)


def test_entropy_by_sums_over_states_agrees_with_sampling(world):
    nats, words = world.entropy(85)
    sample = world.sample(20_000, 3, dates=85)
    length = sum(len(s.tokens) for s in sample)
    rate = -math.fsum(lp for s in sample for lp in s.logprob) / length
    spread = math.fsum((-math.fsum(s.logprob) - rate * len(s.tokens)) ** 2 for s in sample)
    error = math.sqrt(spread) / length
    assert error < 2e-3
    assert abs(rate - nats / words) < 4 * error


@pytest.mark.full
def test_entropy_agrees_with_sampling_to_five_ten_thousandths(world):
    nats, words = world.entropy(50)
    total = length = spread = 0.0
    for seed in range(20):
        for s in world.sample(20_000, seed, dates=50):
            surprise = -math.fsum(s.logprob)
            total, length = total + surprise, length + len(s.tokens)
            spread += (surprise - nats / words * len(s.tokens)) ** 2
    error = math.sqrt(spread) / length
    assert error <= 5e-4
    assert abs(total / length - nats / words) < 3 * error


def test_frequencies_agree_with_probabilities_for_each_kind_of_word(world):
    sample = world.sample(10_000, 7, dates=90)
    seen: dict[object, Counter] = defaultdict(Counter)
    for s in sample:
        for node, i, _ in world._steps(s.tokens, 90):
            if i >= 0:
                seen[node][i] += 1
    chi: dict[str, float] = defaultdict(float)
    freedom: dict[str, int] = defaultdict(int)
    for node, counts in seen.items():
        n, p = sum(counts.values()), world.automaton.table(node, 90).p
        large = [i for i, q in enumerate(p) if n * q >= 10]
        rest_p, rest_n = 1 - math.fsum(p[i] for i in large), n - sum(counts[i] for i in large)
        cells = [(counts[i], n * p[i], node.kinds[i]) for i in large]
        if n * rest_p >= 10:
            cells.append((rest_n, n * rest_p, "the rest"))
        elif len(cells) < 2:
            continue
        for observed, expected, kind in cells:
            chi[kind] += (observed - expected) ** 2 / expected
            freedom[kind] += 1
    assert {"name", "place", "thing", "mood", "cause", "verb", "number", "pronoun", "being", "sky"} <= set(chi)
    worst = {kind: stats.chi2.sf(chi[kind], freedom[kind]) for kind in chi}
    assert min(worst.values()) > 1e-4, worst


def test_same_seed_same_bytes_on_every_setting_and_python(world):
    code = (
        "import sys, hashlib; from coursekit.data import World; s = World().sample(400, 11)\n"
        "rows = [(x.tokens, x.logprob, x.kind, x.distance, x.date, x.text) for x in s]\n"
        "print(hashlib.sha256(repr(rows).encode()).hexdigest())\n"
        "assert not {'torch', 'datasets', 'numpy', 'jaxtyping'} & set(sys.modules)"
    )
    rows = [(s.tokens, s.logprob, s.kind, s.distance, s.date, s.text) for s in world.sample(400, 11)]
    here = hashlib.sha256(repr(rows).encode()).hexdigest()
    settings = [
        {},
        {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "PYTHONHASHSEED": "1"},
        {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "PYTHONHASHSEED": "2"},
        {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2"},
    ]
    for more in settings:
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **more},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout.strip() == here, more


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_same_seed_same_bytes_on_other_pythons(world, version):
    candidates = [*sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python")), shutil.which(f"python{version}")]
    found = next(
        (str(p) for p in candidates if p and subprocess.run([p, "-V"], capture_output=True).returncode == 0), ""
    )
    if not found:
        pytest.skip(f"python{version} is not installed here")
    code = (
        "import hashlib; from coursekit.data.world import World; s = World().sample(300, 5)\n"
        "print(hashlib.sha256(repr([(x.tokens, x.logprob) for x in s]).encode()).hexdigest())"
    )
    here = hashlib.sha256(repr([(s.tokens, s.logprob) for s in world.sample(300, 5)]).encode()).hexdigest()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run([found, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == here


def test_shares_and_sizes_are_what_the_course_needs(world, stories):
    lengths = [len(s.tokens) for s in stories]
    forced = sum(lp == 0 for s in stories for lp in s.logprob) / sum(lengths)
    train = {tuple(s.tokens) for s in stories if s.date < 80}
    test = [s for s in stories if s.date >= 90]
    assert forced < 0.4
    assert sum(tuple(s.tokens) in train for s in test) / len(test) < 0.02
    assert len({w for s in stories for w in s.tokens}) >= 300
    assert 30 < sum(lengths) / len(lengths) < 60
    assert 3.5 < math.exp(world.floor(stories)) < 6
    assert all(lp <= 0 for s in stories for lp in s.logprob)


def test_floor_by_kind_and_over_a_closed_vocabulary(world, stories):
    test = [s for s in stories if s.date >= 90][:300]
    whole, kinds = world.floor(test), world.floor(test, by="kind")
    count = Counter(k for s in test for k in s.kind)
    assert math.fsum(kinds[k] * count[k] for k in count) / count.total() == pytest.approx(whole, abs=1e-12)
    everything = {w for s in stories for w in s.tokens}
    assert world.floor(test, vocab=everything) == whole
    known = {w for s in stories if s.date < 80 for w in s.tokens}
    assert world.floor(test, vocab=known) < whole
    closed = []
    for s in test[:20]:
        for t, word in enumerate(s.tokens):
            d = world.distribution(s.tokens[:t], s.date)
            closed.append(-math.log(d[word] if word in known else sum(p for w, p in d.items() if w not in known)))
    assert world.floor(test[:20], vocab=known) == pytest.approx(sum(closed) / len(closed), abs=1e-12)
    assert world.floor(test, vocab=set()) == pytest.approx(0, abs=1e-12)


def test_score_says_what_was_sampled_and_names_what_it_cannot_say(world, stories):
    for s in stories[:200]:
        assert world.score(s.tokens, s.date) == s.logprob
    with pytest.raises(CourseError, match=r"'moon' cannot follow 'alice'.*for example: "):
        world.score(["alice", "moon"], 0)
    with pytest.raises(CourseError, match="cannot follow"):
        world.score(["kofi"], 0)
    assert world.score(["kofi"], 99)[0] < 0
    with pytest.raises(CourseError, match="cannot come after it"):
        world.score([*stories[0].tokens, "the"], stories[0].date)
    assert world.distribution(stories[0].tokens, stories[0].date) == {}
    with pytest.raises(CourseError, match="no date 100"):
        world.distribution([], 100)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"names": 0}, "names=0"),
        ({"places": 99}, "from 1 to 23"),
        ({"optional": 1.5}, "optional=1.5"),
        ({"zipf": float("nan")}, "zipf=nan"),
        ({"dates": 1}, "a whole number from 2"),
    ],
)
def test_absurd_worlds_are_refused_in_one_sentence(wrong, why):
    with pytest.raises(CourseError, match=why):
        Config(**wrong)


@pytest.mark.parametrize("n", [0, -3, 10**9, True])
def test_absurd_numbers_of_stories_are_refused(world, n):
    with pytest.raises(CourseError, match="stories are not possible"):
        world.sample(n, 0)


def test_wrong_types_are_refused_in_one_sentence_where_no_type_checker_runs():
    code = """
from coursekit.data import Config, World
from coursekit.errors import CourseError
for wrong in (lambda: Config(dates=2.5), lambda: Config(drift="much"), lambda: World().sample(2.5, 0),
              lambda: World().sample(3, 0, "soon"), lambda: World().score(["the"], "now")):
    try:
        wrong()
    except CourseError as error:
        print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(run.stdout.splitlines()) == 5, run.stdout + run.stderr
