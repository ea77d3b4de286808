"""Minimum Bayes risk equals its definition, in the direction that it names."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.decode import expected_utility, mbr, utility_matrix
from coursekit.metrics import rouge


def recall(candidate, reference):
    """Share of the reference's words that the candidate has: not symmetric."""
    return len(set(candidate.split()) & set(reference.split())) / len(set(reference.split()))


SAMPLES = ["I am hungry", "I am very hungry today", "he said so", "I am"]


def test_worked_example():
    """Recall prefers the candidate that says most of what the others say, precision the shortest."""
    choice = mbr(SAMPLES, recall)
    assert choice.expected.tolist() == pytest.approx([(3 / 5 + 0 + 1) / 3, 2 / 3, 0, (2 / 3 + 2 / 5) / 3])
    assert (choice.candidate, choice.index) == ("I am very hungry today", 1)
    precision = mbr(SAMPLES, lambda candidate, reference: recall(reference, candidate))
    assert precision.candidate == "I am"


def test_the_matrix_has_candidates_in_rows():
    matrix = utility_matrix(SAMPLES[:2], SAMPLES, recall)
    assert matrix.shape == (2, 4)
    assert matrix[0, 1] == pytest.approx(3 / 5) and matrix[1, 0] == 1
    assert mbr(SAMPLES, utility_matrix(SAMPLES, SAMPLES, recall)).index == mbr(SAMPLES, recall).index
    assert mbr(SAMPLES[:2], matrix, references=SAMPLES).index == mbr(SAMPLES[:2], recall, references=SAMPLES).index


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.integers(2, 6), st.booleans())
def test_equals_its_definition(seed, n, larger):
    matrix = np.random.default_rng(seed).normal(size=(n, n))
    choice = mbr(range(n), lambda c, r: matrix[c, r], larger_is_better=larger)
    expected = [sum(matrix[c, r] for r in range(n) if r != c) / (n - 1) for c in range(n)]
    assert choice.expected.tolist() == pytest.approx(expected)
    assert choice.index == expected.index((max if larger else min)(expected)) == choice.candidate
    against = mbr(range(n), matrix, references=range(n))
    assert against.expected.tolist() == pytest.approx(matrix.mean(1).tolist())  # own sentence counts now


def test_weights_are_probabilities_of_the_references():
    matrix = np.array([[1.0, 0.0, 0.2], [0.0, 1.0, 0.3]])
    assert expected_utility(matrix, weights=[1, 3, 0]).tolist() == pytest.approx([0.25, 0.75])
    twice = expected_utility(matrix[:, [0, 1, 1]])
    assert expected_utility(matrix[:, :2], weights=[1, 2]).tolist() == pytest.approx(twice.tolist())
    square = np.arange(9.0).reshape(3, 3)
    weighted = expected_utility(square, weights=[1, 2, 3], others=True)
    assert weighted.tolist() == pytest.approx([(2 * 1 + 3 * 2) / 5, (3 + 3 * 5) / 4, (6 + 2 * 7) / 3])


def test_ties_and_single_candidates():
    assert mbr(["a", "b", "b"], lambda c, r: c == r).index == 1  # a sample drawn twice has a vote more
    assert mbr(["b", "a"], lambda c, r: 1.0).index == 0
    alone = mbr(["a"], recall)
    assert alone.candidate == "a" and math.isnan(alone.expected[0])
    infinite = mbr(range(3), np.array([[np.inf, 1, 1], [0, -np.inf, 0], [0, 0, 0]]))
    assert infinite.expected.tolist() == [1, 0, 0]  # what stands on the diagonal does not count


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mbr([], recall), "nothing to choose from"),
        (lambda: mbr(["a"], recall, references=[]), "nothing to choose from"),
        (lambda: mbr(["a", "b"], lambda c, r: math.nan), "candidate 0 against reference 0 is NaN"),
        (lambda: mbr("ab", recall), "candidates is of type str: give a list"),
        (lambda: mbr(["a"], recall, references="a b"), "references is of type str"),
        (lambda: mbr(iter(["a"]), recall), "candidates is of type list_iterator"),
        (lambda: mbr({"a", "b"}, recall), "candidates is of type set"),
        (lambda: mbr(None, recall), "candidates is of type NoneType"),
        (lambda: mbr(["a", "b"], "rouge1"), "utility must be a function of"),
        (lambda: mbr(["a", "b"], None), "utility must be a function of"),
        (lambda: mbr(["a", "b"], lambda c, r: rouge(c, [r])), "gave a RougeScore: it must give one number"),
        (lambda: mbr(["a", "b"], lambda c, r: None), "gave a NoneType"),
        (lambda: mbr(["a", "b", "c"], recall, weights=[1, 0, 0]), "candidate 0 is undefined: its references have no"),
        (lambda: mbr(range(3), np.array([[0, 1, 1], [np.inf, 0, -np.inf], [1, 1, 0]])), "candidate 1 is undefined"),
        (lambda: mbr(["a", "b"], np.zeros((2, 3))), r"shape \(2, 3\) does not fit 2 candidates"),
        (lambda: mbr(["a", "b"], recall, weights=[1]), "weights must be 2 numbers"),
        (lambda: mbr(["a", "b"], recall, weights=[1, -1]), "none negative"),
        (lambda: mbr(["a", "b"], recall, weights=[0, 0]), "not all 0"),
        (lambda: expected_utility(np.zeros((2, 3)), others=True), "others=False"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
