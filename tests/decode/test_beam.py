"""Beam search equals the worked example, exhaustive search, and itself however it is batched."""

import functools
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from table_models import Table, outputs, random_table

from coursekit.decode import beam_search, beam_trace, best, greedy

WORDS = ["<bos>", "<eos>", "I", "am", "hungry"]
BOS, EOS, ME, AM, HUNGRY = range(5)
# p of I, am, hungry, <eos> after the words before; the rows that no kept hypothesis reaches are uniform.
EXAMPLE = {
    (): (0.5, 0.4, 0.05, 0.05),
    (ME,): (0.1, 0.5, 0.3, 0.1),
    (AM,): (0.7, 0.05, 0.2, 0.05),
    (ME, AM): (0.05, 0.05, 0.6, 0.3),
    (AM, ME): (0.2, 0.1, 0.5, 0.2),
}


def worked_example():
    def logits(prefix):
        i, am, hungry, eos = EXAMPLE.get(prefix[1:], (0.25,) * 4)
        return torch.tensor([0.0, eos, i, am, hungry], dtype=torch.float64).log()

    return Table(logits)


def test_worked_example():
    """Width 2: "am I" .28 and "I am" .25 survive, then "I am hungry" .150 and "am I hungry" .140."""
    [steps] = beam_trace(worked_example(), None, bos=BOS, eos=EOS, max_length=4, width=2, length_penalty=0)
    text = {0: ()}
    kept = []
    for step in steps[:3]:
        for c in step:
            text[c.node] = (*text[c.parent], WORDS[c.token])
        kept.append({" ".join(text[c.node]): round(math.exp(c.log_prob), 4) for c in step if c.kept})
    assert kept == [{"I": 0.5, "am": 0.4}, {"am I": 0.28, "I am": 0.25}, {"I am hungry": 0.15, "am I hungry": 0.14}]


@pytest.mark.parametrize("alpha", [0, 1, 2, -1])
@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10**6), max_length=st.integers(1, 3), ties=st.booleans())
def test_equals_exhaustive_search_when_the_width_covers_the_space(alpha, seed, max_length, ties):
    """All outputs within the length are found, with the scores of a plain recursion, in order.

    A live hypothesis must not be dropped and no search stop early: "never" is no promise for alpha < 0, so the search
    holds more hypotheses than there are.
    """
    vocabulary, eos = 3, 1
    every = list(outputs(random_table(seed, vocabulary, ties), 0, eos, vocabulary, max_length))
    found = beam_search(
        random_table(seed, vocabulary, ties),
        None,
        bos=0,
        eos=eos,
        max_length=max_length,
        width=vocabulary**max_length + 1,
        n_best=vocabulary**max_length,
        length_penalty=alpha,
        early_stopping="never",
    )[0]
    scores = sorted((sum(log_p) / len(log_p) ** alpha for _, log_p, _ in every), reverse=True)
    assert [h.score for h in found] == pytest.approx(scores, rel=1e-12)
    expected = {(*words, finished): log_p for words, log_p, finished in every}
    assert {(*h.ids, h.finished) for h in found} == set(expected) and len(found) == len(expected)
    for h in found:
        assert h.log_probs == pytest.approx(expected[(*h.ids, h.finished)], rel=1e-12)
    assert all(h.log_prob == pytest.approx(h.score * len(h.log_probs) ** alpha) for h in found)


def plain_beam(table, eos, vocabulary, max_length, width, alpha, early):
    """One sentence, words and sums in lists: what the rules say, without tensors. Sorting keeps the order of ties."""
    live, ended = [([], 0.0)], []
    for step in range(1, max_length + 1):
        every = []
        for words, log_p in live:
            following = torch.log_softmax(table.logits((0, *words)), -1).tolist()
            every += [([*words, word], log_p + following[word]) for word in range(vocabulary)]
        every.sort(key=lambda pair: -pair[1])
        last = step == max_length
        ended += [(words, log_p / step**alpha) for words, log_p in every[:width] if last or words[-1] == eos]
        ended = sorted(ended, key=lambda pair: -pair[1])[:width]
        live = [pair for pair in every if pair[0][-1] != eos][:width]
        if len(ended) == width:
            length = max_length if early == "never" and alpha > 0 else step
            if early is True or width == 1 or live[0][1] / length**alpha <= ended[-1][1]:
                break
    return ended, step


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 4),
    alpha=st.sampled_from([0, 0.6, 1, 2, -1]),
    early=st.sampled_from([True, False, "never"]),
    ties=st.booleans(),
    vocabulary=st.sampled_from([3, 4, 9]),  # with few words many hypotheses end
)
def test_equals_the_rules_written_out(seed, width, alpha, early, ties, vocabulary):
    """Ties too: logits of three values make them at every step, and the better parent, then the lower id goes first."""
    table = random_table(seed, vocabulary, ties)
    table.logits = functools.partial(lambda logits, prefix: torch.as_tensor(logits(prefix)), table.logits)
    expected, steps = plain_beam(table, 1, vocabulary, 6, width, alpha, early)
    how = {"width": width, "n_best": width, "length_penalty": alpha, "early_stopping": early}
    [found] = beam_search(table, None, bos=0, eos=1, max_length=6, **how)
    assert [[*h.ids, 1] if h.finished else h.ids for h in found] == [words for words, _ in expected]
    assert [h.score for h in found] == pytest.approx([score for _, score in expected], rel=1e-12)
    del how["n_best"]
    assert len(beam_trace(table, None, bos=0, eos=1, max_length=6, **how)[0]) == steps  # no step more, none less


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    width=st.integers(1, 4),
    alpha=st.sampled_from([0, 0.6, 1, 2, -1]),
    early=st.sampled_from([True, False, "never"]),
    expansions=st.sampled_from([None, 1, 2]),
)
def test_the_trace_is_the_search(seed, width, alpha, early, expansions):
    how = {"width": width, "length_penalty": alpha, "early_stopping": early, "expansions": expansions}
    how |= {"bos": torch.tensor([0, 2, 3]), "eos": 1, "max_length": 5}
    found = beam_search(random_table(seed, 6), None, n_best=width, **how)
    traced = beam_trace(random_table(seed, 6), None, **how)
    wide = beam_trace(random_table(seed, 6), None, show=30, **how)
    for hypotheses, steps, more in zip(found, traced, wide, strict=True):
        nodes = {c.node: c for step in steps for c in step}
        for step in steps:
            kept = [c for c in step if c.kept]
            assert len(kept) <= width and kept == sorted(kept, key=lambda c: -c.log_prob)
            for c in step:
                above = nodes.get(c.parent)
                assert c.parent == 0 or (above.kept and above.step == c.step - 1)
                assert c.log_prob == pytest.approx(c.log_p + (above.log_prob if above else 0))
                assert c.score == c.log_prob / c.step**alpha
        ends = sorted((c for c in nodes.values() if c.fate in ("finished", "cut")), key=lambda c: -c.score)
        assert [h.score for h in hypotheses] == [c.score for c in ends[:width]]
        for h, end in zip(hypotheses, ends, strict=False):
            path = [end]
            while path[0].parent:
                path.insert(0, nodes[path[0].parent])
            assert h.ids == [c.token for c in path if c.token != 1] and h.finished == end.finished
            assert h.log_probs == [c.log_p for c in path]
        for few, many in zip(steps, more, strict=True):  # what is listed besides changes nothing
            assert [c[2:] for c in few] == [c[2:] for c in many[: len(few)]]
            assert not any(c.kept for c in many[len(few) :])


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), alpha=st.sampled_from([0, 1, 2]), early=st.sampled_from([True, False, "never"]))
def test_width_one_is_greedy(seed, alpha, early):
    how = {"bos": torch.tensor([0, 2, 3]), "eos": 1, "max_length": 6}
    beams = beam_search(random_table(seed, 6), None, width=1, length_penalty=alpha, early_stopping=early, **how)
    for [beam], [plain] in zip(beams, greedy(random_table(seed, 6), None, **how), strict=True):
        assert (beam.ids, beam.finished) == (plain.ids, plain.finished)
        assert beam.log_probs == pytest.approx(plain.log_probs)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 4), early=st.sampled_from([True, False, "never"]))
def test_batched_equals_one_by_one(seed, width, early):
    how = {"eos": 1, "max_length": 7, "width": width, "early_stopping": early, "n_best": width}
    starts = [0, 2, 3, 4, 0]
    together = beam_search(random_table(seed, 5), None, bos=torch.tensor(starts), **how)
    assert together == [beam_search(random_table(seed, 5), None, bos=bos, **how)[0] for bos in starts]


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), width=st.integers(2, 4))
def test_as_many_expansions_as_survivors_lose_nothing(seed, width):
    """The best `width` continuations in all are among the best `width` of each hypothesis."""
    how = {"bos": 0, "eos": 1, "max_length": 6, "width": width, "n_best": width}
    all_words = beam_search(random_table(seed, 9), None, **how)
    assert beam_search(random_table(seed, 9), None, expansions=width, **how) == all_words
    assert beam_search(random_table(seed, 9), None, expansions=20, **how) == all_words


def test_one_expansion_each_keeps_the_descendants_of_one_word():
    """With one expansion a beam of any width is greedy, besides the places where it might end."""
    table = random_table(5, 9)
    [steps] = beam_trace(table, None, bos=0, eos=1, max_length=5, width=3, expansions=1, early_stopping="never")
    assert [sum(c.kept for c in step) for step in steps[:-1]] == [1] * (len(steps) - 1)
    words = {tuple(c.token for c in step if c.token != 1) for step in steps}
    assert all(len(word) == 1 for word in words)


def test_plain_beam_search_favours_short_outputs_and_length_normalisation_does_not():
    """p(<eos>) = .3 each time, else one sure word: .3 is the most probable output, the mean log p prefers long ones."""
    table = Table(lambda prefix: torch.tensor([0.0, 0.3, 0.7]).log())
    how = {"bos": 0, "eos": 1, "max_length": 6, "width": 3, "early_stopping": "never"}
    assert best(beam_search(table, None, length_penalty=0, **how)) == [[]]
    assert best(beam_search(table, None, length_penalty=1, **how)) == [[2] * 6]


@pytest.mark.parametrize("early", [False, "never"])
def test_a_negative_length_penalty_hopes_for_an_early_end(early):
    """log p times length: "2 3" (.42) beats "2" (.055), though at the greatest length it would not."""
    rows = {(0,): [0, 0.35, 0.55, 0.1], (0, 2): [0, 0.1, 0.05, 0.85], (0, 2, 3): [0, 0.9, 0.05, 0.05]}
    table = Table(lambda prefix: torch.tensor(rows.get(prefix, [0.25] * 4)).log())
    how = {"max_length": 20, "width": 2, "n_best": 2, "length_penalty": -1, "early_stopping": early}
    assert best([beam_search(table, None, bos=0, eos=1, **how)[0][1:]]) == [[2, 3]]


def test_sentences_that_have_ended_leave_the_batch():
    def logits(prefix):
        ends = prefix[0] == 0 or len(prefix) > 3
        return torch.tensor([0.0, 0.98, 0.02]).log() if ends else torch.tensor([0.5, 0.0, 0.5]).log()

    table = Table(logits)
    beam_search(table, None, bos=torch.tensor([0, 2]), eos=1, max_length=9, width=2, early_stopping=True)
    assert table.rows == [2, 4, 2, 2, 2][: len(table.rows)] and table.rows[-1] == 2


def test_impossible_words_are_never_candidates():
    """A beam wider than there are hypotheses: fewer come back, none of them with probability 0."""
    table = Table(lambda prefix: torch.tensor([0.0, 0.5, 0.5, 0.0]).log())
    [found] = beam_search(table, None, bos=0, eos=1, max_length=3, width=7, n_best=7, length_penalty=0)
    assert [(h.ids, h.finished) for h in found] == [([], True), ([2], True), ([2, 2], True), ([2, 2, 2], False)]
    assert [h.log_prob for h in found] == pytest.approx([math.log(p) for p in (0.5, 0.25, 0.125, 0.125)])


def test_without_an_end_token_outputs_are_cut():
    [found] = beam_search(random_table(0, 4), None, bos=0, eos=None, max_length=3, width=64, n_best=64)
    assert len(found) == 64 and not any(h.finished for h in found)
    assert {tuple(h.ids) for h in found} == set(itertools.product(range(4), repeat=3))
    limited = beam_search(random_table(0, 4), None, bos=0, eos=None, max_length=3, width=64, n_best=64, expansions=2)
    assert len(limited[0]) == 8


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"width": 0}, "width = 0"),
        ({"width": 2.0}, "width = 2.0 .* whole number"),
        ({"width": None}, "width = None"),
        ({"expansions": 1.5}, "expansions = 1.5"),
        ({"max_length": 2.5}, "max_length = 2.5 .* whole number"),
        ({"max_length": 2.5, "eos": None}, "max_length = 2.5"),  # would never be reached
        ({"max_length": math.inf}, "max_length = inf"),
        ({"max_length": "3"}, "max_length = '3'"),
        ({"eos": [1, 2]}, r"eos = \[1, 2\] lies outside the vocabulary.*None for no end token"),
        ({"n_best": 1.0}, "n_best = 1.0"),
        ({"length_penalty": None}, "length_penalty = None"),
        ({"length_penalty": "1"}, "length_penalty = '1'"),
        ({"length_penalty": -11}, "length_penalty = -11"),
        ({"expansions": 0}, "expansions = 0"),
        ({"max_length": 0}, "max_length = 0"),
        ({"eos": 7}, "eos = 7 lies outside the vocabulary, whose ids are 0 to 3"),
        ({"eos": -1}, "eos = -1"),
        ({"n_best": 3}, "n_best = 3 outputs do not fit a beam of width 2"),
        ({"n_best": 0}, "n_best = 0"),
        ({"length_penalty": math.nan}, "length_penalty = nan"),
        ({"length_penalty": 1000}, "length_penalty = 1000"),
        ({"early_stopping": "sometimes"}, "early_stopping = 'sometimes'"),
        ({"batch": 0}, "batch = 0"),
    ],
)
@pytest.mark.parametrize("search", [beam_search, beam_trace])
def test_wrong_input_is_one_sentence(search, how, says):
    if search is beam_trace and "n_best" in how:
        pytest.skip("a trace shows all")
    settings = {"bos": 0, "eos": 1, "max_length": 3, "width": 2, **how}
    with pytest.raises(ValueError, match=says):
        search(random_table(0, 4), None, **settings)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("early", [1, np.True_])
def test_one_is_true(early):
    """The second of two outputs: without waiting "2", with it "2 3", as in the test of the negative penalty."""
    rows = {(0,): [0, 0.35, 0.55, 0.1], (0, 2): [0, 0.1, 0.05, 0.85], (0, 2, 3): [0, 0.9, 0.05, 0.05]}

    def found(early):
        table = Table(lambda prefix: torch.tensor(rows.get(prefix, [0.25] * 4)).log())
        how = {"max_length": 20, "width": 2, "n_best": 2, "length_penalty": -1, "early_stopping": early}
        return best([beam_search(table, None, bos=0, eos=1, **how)[0][1:]])

    assert found(early) == found(True) != found(False)


def test_the_strongest_penalty_at_a_great_length():
    """No length is too great for a number; found by a plain product of logarithms."""
    table = Table(lambda prefix: torch.zeros(2))
    for alpha in (10, -10):
        [[h]] = beam_search(table, None, bos=0, eos=None, max_length=300, width=1, length_penalty=alpha)
        assert h.score == pytest.approx(300 * math.log(0.5) / 300.0**alpha, rel=1e-9)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_broken_logits_are_one_sentence(value):
    def logits(prefix):
        return torch.tensor([0.0, 0.0, 0.0, value if prefix[-1] == 2 else 0.0])

    with pytest.raises(ValueError, match=r"logits of row 1 make no distribution \(NaN"):
        beam_search(Table(logits), None, bos=torch.tensor([0, 2]), eos=1, max_length=3)
    with pytest.raises(ValueError, match="every word at -inf"):
        beam_search(Table(lambda prefix: torch.full((4,), -math.inf)), None, bos=0, eos=1, max_length=3)
