"""Merges: the plain way and the fast one agree, the examples of the lecture come out, ties and runs are as stated."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.text import trace
from coursekit.text.merging import MOST_MERGES, join, learn

COUNTS = st.dictionaries(st.text("abc", min_size=1, max_size=9), st.integers(1, 5), min_size=1, max_size=9)


@settings(deadline=None, max_examples=300)
@given(COUNTS, st.integers(0, 30))
def test_the_fast_way_finds_the_merges_of_the_plain_one(counts, merges):
    """Three letters make ties, runs ("aaaa") and pairs that another merge takes apart."""
    letters = sorted(set("".join(counts)))
    coded = {"".join(chr(letters.index(c)) for c in word): n for word, n in counts.items()}
    symbols, fast = list(letters), []
    for pair in learn(coded, merges, len(letters)):
        fast.append((symbols[ord(pair[0])], symbols[ord(pair[1])]))
        symbols.append("".join(fast[-1]))
    assert fast == [step.pair for step in trace(counts, merges)]


@settings(deadline=None, max_examples=100)
@given(COUNTS, st.sampled_from(["", "</w>"]))
def test_each_step_joins_the_most_frequent_pair_and_no_word_changes(counts, end):
    before = {word: (*word, end) if end else (*word,) for word in counts}
    for step in trace(counts, 20, end):
        seen = Counter()
        for word, symbols in before.items():
            for i in range(len(symbols) - 1):
                seen[symbols[i], symbols[i + 1]] += counts[word]
        assert step.count == seen[step.pair] == max(seen.values())
        assert step.new == "".join(step.pair)
        assert {word: "".join(symbols) for word, symbols in step.words.items()} == {word: word + end for word in counts}
        assert step.words == {word: join(symbols, step.pair) for word, symbols in before.items()}
        before = step.words


def test_peter_piper():
    steps = list(trace("Peter Piper picked a peck of pickled peppers", 6))
    assert [(*step.pair, step.count) for step in steps] == [
        ("p", "e", 4),
        ("c", "k", 3),
        ("e", "d", 2),
        ("i", "ck", 2),
        ("p", "ick", 2),
        ("pe", "r", 2),
    ]
    assert steps[-1].words["pickled"] == ("pick", "l", "ed")
    assert steps[-1].words["peppers"] == ("pe", "p", "per", "s")
    assert steps[0].words["peppers"] == ("pe", "p", "pe", "r", "s")  # earlier steps are kept as they were


@pytest.mark.parametrize("end", ["", "</w>"])
def test_the_forms_of_cook_share_cook(end):
    *_, last = trace("cook cooks cooked cooking cooker", 3, end)
    assert all(symbols[0] == "cook" for symbols in last.words.values())


def test_the_dictionary_of_the_paper():
    """Sennrich et al. 2016, algorithm 1: "est</w>" and "low" are found; how ties are broken is ours."""
    counts = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    steps = list(trace(counts, 10, "</w>"))
    assert [step.count for step in steps] == [9, 9, 9, 7, 7, 6, 6, 6, 5, 3]
    assert [step.new for step in steps[:5]] == ["es", "t</w>", "est</w>", "lo", "low"]
    assert steps[-1].words["newest"] == ("newest</w>",)


def test_ties_go_to_the_older_symbols():
    assert [step.new for step in trace({"ba": 1, "ab": 1}, 9)] == ["ab", "ba"]
    # xb and ac first for their counts; then (a, d) before (ac, d): a is older
    assert [step.new for step in trace({"acd": 2, "ad": 2, "ac": 1}, 9)] == ["ac", "ad", "acd"]


def test_no_merge_crosses_a_word_and_runs_join_from_the_left():
    assert [step.new for step in trace("ab ba", 9)] == ["ab", "ba"]
    first, *_ = trace("aaa", 1)
    assert (first.count, first.words) == (2, {"aaa": ("aa", "a")})


def test_a_text_texts_and_counts_are_the_same_words():
    text = "to be or not to be"
    ways = [text, text.split(), ["to be or", "not to be"], iter([text]), Counter(text.split())]
    assert all(list(trace(way, 5)) == list(trace(text, 5)) for way in ways)


def test_it_stops_when_every_word_is_one_piece():
    assert len(list(trace("ab abc", 50))) == 2
    assert list(trace("a b c", 50)) == []
    assert list(trace("abc", 0)) == []


@pytest.mark.parametrize("merges", [-1, MOST_MERGES + 1])
def test_the_number_of_merges_is_checked_at_once(merges):
    with pytest.raises(ValueError, match=f"merges = {merges} must lie between 0 and"):
        trace("a b", merges)


@pytest.mark.parametrize("nothing", ["", " \n", [], {}])
def test_no_word_is_refused_at_once(nothing):
    with pytest.raises(CourseError, match="no word to learn merges from"):
        trace(nothing, 1)


@pytest.mark.parametrize(("words", "says"), [({"a": 0}, "1 or more"), ({"": 1}, "at least one character")])
def test_unusable_counts_are_refused(words, says):
    with pytest.raises(ValueError, match=says):
        trace(words, 1)


def test_words_are_text():
    with pytest.raises(ValueError, match="the words are text"):
        trace(iter([1, 2]), 1)
