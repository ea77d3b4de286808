"""Alignment error rate by hand and against nltk."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.metrics.alignment import alignment_error_rate, alignment_scores

LINKS = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8)


def test_by_hand():
    """Three links predicted: one sure, one possible, one wrong; two links are sure."""
    predicted, sure, possible = [[(0, 0), (1, 2), (3, 3)]], [[(0, 0), (1, 1)]], [[(1, 2)]]
    score = alignment_scores(predicted, sure, possible)
    assert score.precision == pytest.approx(2 / 3)
    assert score.recall == 1 / 2
    assert score.error_rate == pytest.approx(1 - (1 + 2) / (3 + 2))
    assert str(score) == "AER 0.400: precision 0.667, recall 0.500"
    assert alignment_error_rate(predicted, sure) == pytest.approx(1 - (1 + 1) / (3 + 2))


@given(LINKS, LINKS, LINKS)
def test_one_sentence_equals_nltk(predicted, sure, possible):
    if not predicted and not sure:
        return
    peer = pytest.importorskip("nltk.translate.metrics").alignment_error_rate
    assert alignment_error_rate([predicted], [sure], [possible]) == pytest.approx(
        peer(sure, predicted, sure | possible), abs=1e-12
    )


@given(st.lists(st.tuples(LINKS, LINKS), min_size=1, max_size=4), st.tuples(st.just(0), st.just(0)))
def test_with_sure_links_only_it_is_one_minus_f1(corpus, link):
    predicted, sure = ([side | {link} for side in sides] for sides in zip(*corpus, strict=True))
    score = alignment_scores(predicted, sure)
    f1 = 2 * score.precision * score.recall / (score.precision + score.recall)
    assert score.error_rate == pytest.approx(1 - f1)


def test_counts_are_summed_over_sentences():
    """1 of 1 and 0 of 3 links: 1 of 4, not the mean of 1 and 0."""
    predicted, sure = [[(0, 0)], [(0, 1), (1, 0), (2, 0)]], [[(0, 0)], [(0, 0), (1, 1), (2, 2)]]
    assert alignment_scores(predicted, sure) == pytest.approx((3 / 4, 1 / 4, 1 / 4))


def test_nothing_predicted_is_all_wrong_and_the_gold_is_all_right():
    gold = [[(0, 0), [1, 1], (1, 1)]]  # lists, as JSON gives them, and repeated links
    assert alignment_scores([[]], gold) == (1, 0, 0)
    assert alignment_scores(gold, gold) == (0, 1, 1)
    assert alignment_scores([[(1, 1)]], [[]], gold) == (0, 1, 0)


@pytest.mark.usefixtures("unchecked")
def test_arrays_and_tensors_of_links():
    links = np.array([[0, 0], [1, 2]])
    assert alignment_scores([links], [torch.as_tensor(links)]) == (0, 1, 1)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: alignment_scores([[(0, 0)]], []), "1 predicted, 0 sure and 0 possible"),
        (lambda: alignment_scores([[]], [[]]), "neither a predicted nor a sure link"),
        (lambda: alignment_scores([], []), "neither a predicted nor a sure link"),
        (lambda: alignment_scores([[(0, 0)]], [[(0, -1)]]), r"sure\[0\] has the link \(0, -1\)"),
        (lambda: alignment_scores([[(0, 0, 1)]], [[(0, 0)]]), r"predicted\[0\] must hold pairs"),
        (lambda: alignment_scores([(0, 0)], [(0, 0)]), r"predicted\[0\] must hold pairs.*one list for each"),
        (lambda: alignment_scores([[(0.7, 1.2)]], [[(0, 1)]]), "whole numbers"),  # not cut to (0, 1)
        (lambda: alignment_scores([["00"]], [[(0, 0)]]), "whole numbers"),
        (lambda: alignment_scores(["0-0 1-1"], ["0-0"]), "must hold pairs"),
        (lambda: alignment_scores([[(0, 0)]], [None]), r"sure\[0\] must hold pairs"),
        (lambda: alignment_scores(iter([[(0, 0)]]), [[(0, 0)]]), "predicted is of type list_iterator"),
        (lambda: alignment_scores([[(0, 0)]], None), "sure is of type NoneType"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
