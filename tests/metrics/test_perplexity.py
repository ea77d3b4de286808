"""Perplexity and its relatives by hand; the gap by kind of word."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.metrics import bits_per_character, bits_per_token, cross_entropy, gap, perplexity

LOG_P = st.lists(st.floats(-20, 0), min_size=1, max_size=30)


def test_by_hand():
    log_p = [math.log(1 / 2), math.log(1 / 8)]
    assert cross_entropy(log_p) == pytest.approx(2 * math.log(2))
    assert perplexity(log_p) == pytest.approx(4)  # the geometric mean of 2 and 8
    assert bits_per_token(log_p) == pytest.approx(2)
    assert bits_per_character(log_p, characters=8) == pytest.approx(0.5)


@given(st.integers(1, 1000))
def test_a_uniform_guess_has_the_vocabulary_as_perplexity(size):
    assert perplexity([-math.log(size)] * 3) == pytest.approx(size)


@given(LOG_P)
def test_rows_or_one_list_give_the_same(log_p):
    rows = [log_p[:3], np.array(log_p[3:])]
    assert perplexity(rows) == pytest.approx(perplexity(log_p))
    assert perplexity(log_p) == pytest.approx(math.exp(bits_per_token(log_p) * math.log(2)))


def test_an_impossible_word_makes_it_infinite():
    assert perplexity([-math.inf, -1.0]) == math.inf
    assert perplexity([-1000.0]) == math.inf
    assert perplexity([-700.0]) == pytest.approx(math.exp(700))  # still a number
    assert gap([-math.inf], [-1.0]) == {"all": math.inf}


def test_a_certain_word_may_be_a_rounding_error_above_one():
    assert perplexity([1e-7, 0.0]) == pytest.approx(1)


@pytest.mark.parametrize(
    "log_p", [np.full((2, 3), -1.0), np.full(6, -1.0, np.float32), torch.full((2, 3), -1.0), iter([[-1.0], [-1.0, -1]])]
)
def test_arrays_tensors_and_generators(log_p):
    assert perplexity(log_p) == pytest.approx(math.e)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("form", [lambda t: t, lambda t: t.view(2, 3).T, list, lambda t: [t[:1], t[1:]]])
def test_tensors_with_a_gradient_of_any_type(dtype, form):
    log_p = torch.full((6,), -1.0, dtype=dtype, requires_grad=True)
    assert perplexity(form(log_p)) == pytest.approx(math.e)


def test_gap_by_kind():
    model, true = [[-1.0, -2.0], [-3.0]], [[-0.5, -2.0], [-1.0]]
    kinds = [["noun", "verb"], ["noun"]]
    assert gap(model, true, kinds) == pytest.approx({"all": 2.5 / 3, "noun": 1.25, "verb": 0.0})
    assert gap(model, true) == pytest.approx({"all": 2.5 / 3})
    assert gap([-1.0, -2.0], [-0.5, -2.0], ["noun", "verb"]) == pytest.approx({"all": 0.25, "noun": 0.5, "verb": 0})


@given(st.lists(st.floats(0.05, 1), min_size=2, max_size=6), st.lists(st.floats(0.05, 1), min_size=6, max_size=6))
def test_the_gap_of_the_truth_is_its_divergence_and_never_negative(weights, others):
    p = np.array(weights) / sum(weights)
    q = np.array(others[: len(p)]) / sum(others[: len(p)])
    divergence = sum(a * gap([math.log(b)], [math.log(a)])["all"] for a, b in zip(p, q, strict=True))
    assert divergence >= -1e-12
    assert gap(np.log(p), np.log(p))["all"] == 0


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: perplexity([]), "no token"),
        (lambda: perplexity([[]]), "no token"),
        (lambda: perplexity([0.5]), "at most 0"),
        (lambda: perplexity([math.nan]), "never NaN"),
        (lambda: perplexity("-1"), "log-probabilities of type str cannot be read: give numbers"),
        (lambda: perplexity(-1.0), "type float"),
        (lambda: perplexity(None), "type NoneType"),
        (lambda: perplexity([-1.0, [-1.0]]), "in one list or array or in a list of those"),
        (lambda: bits_per_character([-1.0], "a text"), "a text of 'a text' characters"),
        (lambda: bits_per_character([-1.0], math.nan), "length of the text"),
        (lambda: bits_per_character([-1.0], 0), "length of the text"),
        (lambda: gap([-1.0], [-1.0, -2.0]), "same text"),
        (lambda: gap([-1.0], [-1.0], ["a", "b"]), "one kind"),
        (lambda: gap([-1.0, -1.0], [-1.0, -1.0], ["a"]), "one kind"),
        (lambda: gap([-1.0], [-1.0], ["all"]), "another name"),
        (lambda: gap([-1.0, -1.0], [-1.0, -1.0], [1, 2]), "kinds must be strings, one for each token"),
        (lambda: gap([-1.0], [-math.inf]), "the truth gives a token probability 0"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
