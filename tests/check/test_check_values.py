"""Values survive their way through JSON; nothing else gets in."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.check.compare import difference
from coursekit.check.question import Case, Outcome, Question
from coursekit.check.values import decode, encode

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6)
keys = st.text(max_size=5) | st.integers() | st.tuples(st.text(max_size=2), st.integers())
values = st.recursive(
    leaves,
    lambda v: st.lists(v, max_size=3) | st.lists(v, max_size=3).map(tuple) | st.dictionaries(keys, v, max_size=3)
    | st.sets(st.integers(), max_size=3),
    max_leaves=10,
)  # fmt: skip


def there_and_back(value):
    return decode(json.loads(json.dumps(encode(value), allow_nan=False)))


@given(values)
def test_values_come_back(value):
    back = there_and_back(value)
    assert type(back) is type(value)
    assert repr(back) == repr(value) or back == value


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool", "uint8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_arrays_and_tensors_come_back_exactly(dtype, shape):
    array = np.asarray(np.random.default_rng(0).normal(size=shape) * 3).astype(dtype)
    for value in (array, torch.from_numpy(np.array(array))):
        back = there_and_back(value)
        assert type(back) is type(value)
        assert back.dtype == value.dtype
        assert difference(back, value, rtol=0, atol=0) is None


def test_what_cannot_be_stored_says_so():
    for value in (object(), {"a": [print]}, np.array(["a"]), 1j):
        with pytest.raises(ValueError, match="cannot be stored"):
            encode(value)
    for data in ({"type": "code", "items": []}, {"type": "array", "dtype": "object", "shape": [1], "items": [1]}):
        with pytest.raises(ValueError, match="unknown"):
            decode(data)


def test_a_question_comes_back():
    question = Question(
        name="q1", kind="function", title="t", points=1, minutes=1, difficulty=1, section="s", answer="f",
        cases=[Case((math.inf, {"a": 1}), (("fit", [1]),), "about")],
        expected=[Outcome(value=[1.5])],
        bank=[("hint", [Outcome(raised="KeyError")]), ("other", [Outcome(value=None)])],
    )  # fmt: skip
    assert Question.from_json(json.loads(json.dumps(question.to_json()))) == question
