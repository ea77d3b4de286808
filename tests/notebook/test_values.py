"""The comparison by value: what is near passes, everything else is named."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.notebook.values import compare, differences, plain, too_wide

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda x: x + 0.0)  # no -0.0
leaves = st.none() | st.booleans() | st.integers() | st.text() | numbers
values = st.recursive(leaves, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=12)


def payload(value, rtol=0.0, atol=0.0, reason=None):
    return {"rtol": rtol, "atol": atol, "reason": reason, "values": {"x": value}}


@given(values)
def test_a_value_agrees_with_its_own_stored_form(value) -> None:
    stored = json.loads(json.dumps(plain(value, "x")))
    assert list(differences(stored, value, 0.0, 0.0, "x")) == []


@given(values, values)
def test_without_tolerance_it_is_equality_of_the_stored_text(a, b) -> None:
    same = json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)
    assert (list(differences(a, b, 0.0, 0.0, "x")) == []) == same


@given(numbers, st.floats(1e-9, 1.0), st.floats(1e-9, 1.0), st.floats(0, 0.99), st.booleans())
def test_a_float_may_move_within_the_tolerance_and_no_further(x, rtol, atol, share, up) -> None:
    allowed = atol + rtol * abs(x)
    inside = x + (share if up else -share) * allowed
    outside = x + (1.01 if up else -1.01) * allowed + math.copysign(1e-5 * abs(x), 1 if up else -1)
    assert not list(differences(x, inside, rtol, atol, "x"))
    assert list(differences(x, outside, rtol, atol, "x"))


@pytest.mark.parametrize(
    ("stored", "now"),
    [(1, 1.0), (True, 1), (1.0, True), (0, False), ("1", 1), (None, 0), ([1], [1, 2]), ([1, 2], [1]), ({"a": 1}, {}),
     ({}, {"a": 1}), ({"a": 1}, {"b": 1}), ([], {}), (100, 101), ("a", "b"), (1.0, math.nan), ("nan", 1.0)],
)  # fmt: skip
def test_kinds_lengths_and_keys_are_exact_whatever_the_tolerance(stored, now) -> None:
    assert list(differences(stored, now, 0.5, 0.5, "x"))


def test_a_difference_names_its_place() -> None:
    (line,) = differences({"gap": [0.0, {"lstm": 1.0}]}, {"gap": [0.0, {"lstm": 1.5}]}, 1e-2, 0.0, "result[0]")
    assert line == "result[0].gap[1].lstm: stored 1.0, now 1.5; off by 0.5, allowed 0.01"


@pytest.mark.parametrize(
    ("value", "stored"),
    [(np.float64(0.5), 0.5), (np.int64(3), 3), (np.bool_(True), True), (np.arange(3), [0, 1, 2]), ((1, 2), [1, 2]),
     (torch.tensor([[True]]), [[True]]), (torch.tensor(2.0, requires_grad=True), 2.0), ({1: np.zeros(1)}, {"1": [0.0]}),
     (torch.tensor(0.5, dtype=torch.bfloat16), 0.5), (None, None), ("word", "word")],
)  # fmt: skip
def test_arrays_and_tensors_become_plain(value, stored) -> None:
    assert plain(value, "x") == stored
    assert type(plain(value, "x")) is type(stored)


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, [1.0, math.nan], {"a": [math.inf]}, np.array([np.nan]), torch.tensor(math.inf)],
)
def test_what_is_not_finite_is_refused(value) -> None:
    with pytest.raises(ValueError, match=r"^loss\S* is \S+, and a result must be a finite number"):
        plain(value, "loss")


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, b"bytes", len])
def test_what_has_no_value_is_refused(value) -> None:
    with pytest.raises(ValueError, match="a result holds only numbers"):
        plain(value, "x")


@pytest.mark.parametrize(
    ("rtol", "atol", "wide"), [(1e-2, 0.02, 0), (0.011, 0, 1), (0, 0.021, 1), (1, 1, 2), (math.nan, 0, 1)]
)
def test_wide_tolerances_need_a_reason(rtol, atol, wide) -> None:
    assert len(too_wide(payload(0, rtol, atol))) == wide
    assert too_wide(payload(0, rtol, atol, "draws of 20 samples")) == []


def test_a_result_is_compared_within_the_tolerance_in_the_code_only_if_it_is_the_stored_one() -> None:
    assert compare([payload(1.0, 1e-3)], [payload(1.0, 1e-3)]) == []
    for other in (payload(1.0, 1e-2), payload(1.0, 1e-3, 1e-9), payload(1.0, 1e-3, reason="x")):
        assert "the stored tolerance is not the one in the code" in compare([other], [payload(1.0, 1e-3)])[0]
    assert compare([], [payload(1.0)]) == ["0 stored results, 1 now"]
