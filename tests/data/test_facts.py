"""Facts: the sums against every sequence written out, tables that read, and gradient descent; powers against theory."""

import itertools
import math
import statistics
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.data.facts import MOST, RELATIONS, Facts, Table, slope
from coursekit.errors import CourseError

exponents = st.floats(1.05, 4.0)
FAR = Facts(20_000, 2.0)  # so many that the world's end is far


@given(st.integers(2, 60), exponents)
def test_shares_fall_as_a_power_of_the_rank(n, a):
    p = Facts(n, a).p
    assert math.fsum(p) == pytest.approx(1, abs=1e-12)
    for i, q in enumerate(p, 1):
        assert q / p[0] == pytest.approx(i**-a, rel=1e-9)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_the_loss_by_data_is_the_mean_over_all_that_could_be_read(n):
    facts = Facts(4, 1.3, answers=5)
    mean = 0.0
    for ranks in itertools.product(range(4), repeat=n):
        table = Table(facts)
        table.read(ranks)
        mean += math.prod(facts.p[i] for i in ranks) * table.loss
    assert facts.excess(read=n) == pytest.approx(mean, abs=1e-12)


def test_the_loss_by_size_is_that_of_a_full_table():
    facts = Facts(12, 3.0, answers=7)
    for room in range(13):
        table = Table(facts, room)
        table.read(i for i in range(12) for _ in range(20 - i))
        assert table.known == set(range(room))
        assert facts.excess(stored=room) == pytest.approx(table.loss, abs=1e-12)
        assert facts.excess(stored=room) == pytest.approx(math.log(7) * sum(facts.p[room:]), abs=1e-12)
    assert facts.excess() == 0
    assert (
        facts.excess(stored=0) == facts.excess(read=0) == pytest.approx(facts.ignorance) == pytest.approx(math.log(7))
    )


def test_both_bounds_together():
    """Room for 2 of 3 facts, and the mean over all that could be read: what is stored, and was read."""
    facts = Facts(3, 1.5, answers=2)
    mean = 0.0
    for ranks in itertools.product(range(3), repeat=3):
        lost = sum(q for i, q in enumerate(facts.p) if i >= 2 or i not in ranks)
        mean += math.prod(facts.p[i] for i in ranks) * lost * math.log(2)
    assert facts.excess(stored=2, read=3) == pytest.approx(mean, abs=1e-12)
    assert facts.excess(stored=2, read=3) > max(facts.excess(stored=2), facts.excess(read=3))


@given(exponents, st.integers(0, 50), st.integers(0, 50))
def test_more_room_and_more_data_never_hurt(a, room, read):
    facts = Facts(30, a)
    loss = facts.excess(room, read)
    assert facts.excess(room + 1, read) <= loss + 1e-12
    assert facts.excess(room, read + 1) <= loss + 1e-12
    assert 0 <= loss <= facts.ignorance + 1e-12


@pytest.mark.parametrize("a", [1.5, 2.0, 2.5])
def test_far_from_the_end_each_loss_falls_by_its_own_power(a):
    facts = Facts(20_000, a)
    size, data, steps, compute = facts.exponents
    assert (size, data, steps, compute) == pytest.approx((a - 1, 1 - 1 / a, 1 - 1 / a, (a - 1) / (a + 1)))
    few, many = (20, 40, 80, 160), (100, 300, 1000, 3000)
    near = 0.04 if a < 2 else 0.025  # the tail behind the last fact is missing, and seen the more the heavier it is
    assert slope(few, [facts.excess(stored=k) for k in few]).exponent == pytest.approx(size, abs=near)
    assert slope(many, [facts.excess(read=k) for k in many]).exponent == pytest.approx(data, abs=near)
    long = [10 * k for k in many]
    assert slope(long, [facts.excess_at(t) for t in long]).exponent == pytest.approx(steps, abs=near)
    budgets = (300, 1000, 3000, 10_000)
    assert slope(budgets, [facts.best_split(c)[2] for c in budgets]).exponent == pytest.approx(compute, abs=near)


def test_the_powers_come_with_the_predicted_factors():
    a, first = 2.0, FAR.p[0]
    size = first / (a - 1) * 100 ** -(a - 1)
    data = first ** (1 / a) * math.gamma(1 - 1 / a) / a * 3000 ** -(1 - 1 / a)
    assert FAR.excess(stored=100) == pytest.approx(FAR.ignorance * size, rel=0.015)
    assert FAR.excess(read=3000) == pytest.approx(FAR.ignorance * data, rel=0.015)


def test_tables_that_read_at_random_follow_the_predicted_power():
    facts, sizes = Facts(5_000, 1.8), (30, 100, 300, 1000, 3000)
    losses = {n: [] for n in sizes}
    for seed in range(12):
        ranks, table, read = facts.draw(sizes[-1], seed), Table(facts), 0
        for n in sizes:
            table.read(ranks[read:n])
            losses[n].append(table.loss)
            read = n
    for n, found in losses.items():
        error = statistics.stdev(found) / math.sqrt(len(found))
        assert abs(statistics.mean(found) - facts.excess(read=n)) < 4 * error
    fitted = slope(sizes, [statistics.mean(found) for found in losses.values()])
    assert fitted.exponent == pytest.approx(facts.exponents.data, abs=0.03)
    assert abs(fitted.exponent - facts.exponents.size) > 0.2  # data is not size


def test_tables_with_little_room_follow_the_predicted_power():
    facts, rooms = Facts(5_000, 2.0), (10, 20, 40, 80)
    ranks = facts.draw(200_000, 3)
    losses = []
    for room in rooms:
        table = Table(facts, room)
        table.read(ranks)
        losses.append(table.loss)
        assert 1 - 1e-9 <= table.loss / facts.excess(stored=room) < 1.02  # a few mistaken near the edge
    assert slope(rooms, losses).exponent == pytest.approx(facts.exponents.size, abs=0.03)


def test_gradient_descent_on_a_table_of_logits_is_the_closed_form():
    facts, rate = Facts(6, 1.5, answers=4), 0.02
    p, logits = np.array(facts.p), np.zeros((6, 4))
    for step in range(1, 5001):
        q = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        logits -= rate * p[:, None] * (q - np.eye(4)[[0] * 6])
        if step in (10, 100, 1000, 5000):
            loss = -(p * np.log(np.exp(logits[:, 0]) / np.exp(logits).sum(1))).sum()
            assert facts.excess_at(rate * step) == pytest.approx(loss, rel=2e-3)
    assert facts.excess_at(0) == pytest.approx(facts.ignorance)


def test_no_other_split_of_the_compute_is_better():
    facts = Facts(400, 1.7)
    for compute in (1, 7, 300, 5_000):
        stored, read, loss = facts.best_split(compute)
        assert stored * read == pytest.approx(compute)
        assert facts.excess(stored, read) == loss
        best = min(facts.excess(n, compute / n) for n in range(1, min(compute, 400) + 1))
        assert best <= loss < 1.002 * best


def test_sentences_carry_the_probability_of_their_fact():
    facts = Facts(3_000, 1.4, seed=5)
    rows = facts.sample(4_000, seed=1)
    answers = {}
    for row in rows:
        question = tuple(row.tokens[: row.answer])
        assert math.fsum(row.logprob) == pytest.approx(math.log(facts.p[row.rank]))
        assert len(row.logprob) == len(row.tokens) == row.answer + 2
        assert row.logprob[row.answer :] == [0.0, 0.0]
        assert answers.setdefault(question, row.tokens[row.answer]) == row.tokens[row.answer]
        assert max(row.logprob) == 0
    assert len(answers) == len({row.rank for row in rows})
    assert max(row.logprob[-3] for row in rows if row.tokens[row.answer - 1] == "the") == 0  # "lives near the": certain


def test_the_next_words_of_a_question_share_all_of_the_probability():
    facts = Facts(40, 1.2, answers=3)
    rows = {tuple(r.tokens): r for r in facts.sample(5_000)}
    assert len(rows) == 40
    nexts = {}
    for tokens, row in rows.items():
        for t in range(row.answer):
            nexts.setdefault(tokens[:t], {})[tokens[t]] = math.exp(row.logprob[t])
    for shares in nexts.values():
        assert sum(shares.values()) == pytest.approx(1)


def test_facts_are_asked_for_as_often_as_they_should():
    facts, n = Facts(500, 1.5), 40_000
    seen = Counter(facts.draw(n, 7))
    for rank in range(30):
        p = facts.p[rank]
        assert abs(seen[rank] - n * p) < 5 * math.sqrt(n * p * (1 - p))
    assert len(facts) == 500 > max(seen)


def test_every_answer_is_as_likely_whatever_the_rank():
    facts = Facts(8_000, answers=8)
    words = Counter(facts.fact(i)[1] for i in range(8_000) if facts.fact(i)[0][-1] == "seems")
    n = sum(words.values())
    assert len(words) == 8
    assert max(abs(c - n / 8) for c in words.values()) < 5 * math.sqrt(n / 8)
    assert len({facts.fact(i)[0][0] for i in range(50)}) > 20  # and the questions do not tell the rank
    assert Facts(50).fact(3) == Facts(50).fact(3) != Facts(50, seed=1).fact(3)


def test_relations_are_told_apart_by_their_first_word():
    assert len({phrase.split()[0] for phrase in RELATIONS}) == len(RELATIONS)
    assert all(len(set(known)) == len(known) for known in RELATIONS.values())


def test_the_slope_is_that_of_least_squares():
    sizes = np.array([10.0, 20, 50, 90, 400])
    assert slope(sizes, list(3 * sizes**-0.7)) == pytest.approx((0.7, 0), abs=1e-7)
    rough = np.array([1.1, 0.6, 0.5, 0.2, 0.1])
    (fall, _), cov = np.polyfit(np.log(sizes), np.log(rough), 1, cov=True)
    assert slope(sizes, rough) == pytest.approx((-fall, math.sqrt(cov[0, 0])))
    for wrong in (([1, 2], [1, 2]), ([1, 2, 3], [1, 2, 0]), ([2, 2, 2], [1, 2, 3]), ([1, 2, 3], [1, 2])):
        with pytest.raises(ValueError, match="three or more sizes"):
            slope(*wrong)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 1}, "n=1 is not possible: give a whole number from 2 to 179,200"),
        ({"n": MOST + 1}, "n=179201 is not possible"),
        ({"n": 2.5}, "n=2.5 is not possible"),
        ({"answers": 1}, "answers=1 is not possible: give a whole number from 2 to 19"),
        ({"exponent": 1}, "exponent=1 is not possible: give a number from 1.05 to 4.0"),
        ({"exponent": math.nan}, "exponent=nan is not possible"),
        ({"exponent": "a"}, "exponent='a' is not possible"),
    ],
)
def test_wrong_options_get_one_sentence(options, sentence):
    with pytest.raises(CourseError, match=sentence):
        Facts(**options)


def test_wrong_sizes_get_one_sentence():
    facts = Facts(10)
    with pytest.raises(ValueError, match="nobody stores or reads less than nothing"):
        facts.excess(stored=-1)
    with pytest.raises(ValueError, match="nobody stores or reads less than nothing"):
        facts.excess(read=-1.0)
    with pytest.raises(ValueError, match="training starts at 0"):
        facts.excess_at(-1)
    with pytest.raises(CourseError, match=r"compute=0\.5 reads no fact: give at least 1"):
        facts.best_split(0.5)
