"""The comparison: equal things agree, each kind of difference is named, and a broken comparison would be noticed."""

import math
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.check.compare import PROPERTIES, difference, numbers_in, short

finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | finite | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_everything_agrees_with_itself(value):
    assert difference(value, value, rtol=0, atol=0) is None


@given(plain, plain)
def test_values_without_a_difference_are_equal_and_the_other_way_round(a, b):
    agrees = difference(a, b, rtol=0, atol=0) is None
    assert agrees == same_by_python(a, b)


def same_by_python(a, b):
    """A second, slower definition: equal, and a boolean is no number."""
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(same_by_python(a[k], b[k]) for k in b)
    if isinstance(b, list):
        return isinstance(a, list) and len(a) == len(b) and all(map(same_by_python, a, b))
    return isinstance(a, bool) == isinstance(b, bool) and a == b


@given(st.lists(finite, min_size=1, max_size=5), st.data())
def test_one_changed_number_is_found_where_it_stands(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    changed = [*values]
    changed[place] = values[place] + 1 + abs(values[place])
    for make in (list, tuple, np.array, lambda v: torch.tensor(v, dtype=torch.float64)):
        found = difference(make(changed), make(values))
        assert found is not None
        assert found.what == "value"
        assert f"[{place}]" in found.text


@given(finite, st.sampled_from([1e-3, 1e-6]))
def test_tolerance_is_relative_to_the_wanted_value(want, rtol):
    assert difference(want * (1 + 0.5 * rtol), want, rtol=rtol) is None
    if abs(want) > 1e-3:
        assert difference(want * (1 + 2 * rtol), want, rtol=rtol, atol=0) is not None


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (np.float32(0.5), 0.5), (torch.tensor(0.5), 0.5), (np.array(2), 2), (3.0, 3), (Fraction(1, 2), 0.5),
        ((1, 2), [1, 2]), (np.array([1.0, 2.0]), [1.0, 2.0]), (torch.tensor([[1], [2]]), [[1], [2]]),
        (Counter("aab"), {"a": 2, "b": 1}), (defaultdict(int, a=1), {"a": 1}), (frozenset({1}), {1}),
        (np.True_, True), (math.nan, math.nan), (math.inf, math.inf), (10**400, 10**400), (None, None),
        (torch.ones(2, requires_grad=True), torch.ones(2)), (torch.ones(2).bfloat16(), torch.ones(2).bfloat16()),
        (torch.ones(2, dtype=torch.float64), torch.ones(2)), (np.array([], dtype=float), np.array([], dtype=float)),
    ],
)  # fmt: skip
def test_the_same_answer_in_another_writing_agrees(got, want):
    assert difference(got, want) is None


@pytest.mark.parametrize(
    ("got", "want", "what"),
    [
        (True, 1, "type"), (1, True, "type"), ("1", 1, "type"), (None, 1.0, "type"), ([1], 1, "type"),
        (1, [1], "type"), ("ab", ["a", "b"], "type"), ((x for x in [1]), [1], "type"), ({1: 2}, [1], "type"),
        ([1, 2], {"a": 1}, "type"), (1j, 1.0, "type"), (1, "1", "type"), ([1], {1}, "type"),
        ([1, 2], [1], "length"), ({}, {"a": 1}, "keys"), ({"a": 1, "b": 2}, {"a": 1}, "keys"),
        (math.nan, 1.0, "value"), (1.0, math.nan, "value"), (math.inf, 1e308, "value"), (-math.inf, math.inf, "value"),
        (10**400, 10**400 + 1, "value"), ("a", "b", "value"), ({1, 3}, {1, 2}, "value"), ({1, 2, 3}, {1, 2}, "value"),
        (False, True, "value"), ({"a": 1}, {"a": 2}, "value"), (np.ones(2), torch.ones(2), "type"),
        (torch.ones(2), np.ones(2), "type"), ([1.0, 1.0], np.ones(2), "type"), (np.ones((2, 1)), np.ones(2), "shape"),
        (torch.ones(3), torch.ones(2), "shape"), (torch.ones(2, dtype=torch.long), torch.ones(2), "dtype"),
        (torch.ones(2), torch.ones(2, dtype=torch.bool), "dtype"), (np.array(["a"]), np.array([1]), "dtype"),
        (np.array(["a"]), np.array(["b"]), "value"), (np.array([True]), np.array([False]), "value"),
    ],
)  # fmt: skip
def test_a_difference_is_named(got, want, what):
    found = difference(got, want)
    assert found is not None
    assert found.what == what
    assert "\n" not in found.text


def test_numbers_that_print_alike_are_shown_in_full():
    assert difference(0.1234567891, 0.1234567892, rtol=0, atol=0).text.count("0.123456789") == 2


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")


@given(plain)
def test_short_is_one_bounded_line(value):
    assert len(short([value] * 50)) <= 400
    assert "\n" not in short([value] * 50)
    assert "Hostile" in short(Hostile())


def test_properties_hold_and_break():
    good = {
        "probability": [0.0, 1.0], "sums to 1": {"a": 0.25, "b": 0.75}, "at least 0": np.zeros(2),
        "at least 1": 1.0, "at most 0": torch.tensor([-1.0]), "finite": [[1], [2.5]],
    }  # fmt: skip
    bad = {
        "probability": 1.1, "sums to 1": [0.5, 0.4], "at least 0": -1, "at least 1": 0.5, "at most 0": 0.1,
        "finite": [math.inf],
    }  # fmt: skip
    assert good.keys() == bad.keys() == PROPERTIES.keys()
    for name, (holds, _) in PROPERTIES.items():
        assert holds(good[name])
        assert not holds(bad[name])
    assert list(numbers_in({"a": [1, True, "x"], "b": (2.0,)})) == [1.0, 2.0]
