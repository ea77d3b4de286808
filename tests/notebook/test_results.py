"""result() and predict(): what is shown, what is stored, and that a guess never reaches what is stored."""

import math

import pytest

from coursekit.notebook import predict, result, results
from coursekit.notebook.values import PREDICTION, RESULT


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What was displayed; no guess of another test is remembered."""
    bundles: list[dict] = []
    monkeypatch.setattr(results, "_show", bundles.append)
    monkeypatch.setattr(results, "_said", {})
    return bundles


def test_shows_lines_and_stores_values(shown) -> None:
    result(loss=0.817421, wins=True, ids=[1, 2.5], by={"rnn": 0.123456}, rtol=1e-3)
    assert shown[0]["text/plain"] == "loss = 0.8174\nwins = True\nids = [1, 2.5]\nby = rnn: 0.1235"
    assert shown[0][RESULT]["values"]["loss"] == 0.817421
    assert (shown[0][RESULT]["rtol"], shown[0][RESULT]["atol"], shown[0][RESULT]["reason"]) == (1e-3, 0.0, None)


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [
        (0.2, 0.4, "0.2 to 0.4, measured 0.31: inside"),
        (0.31, 0.31, "0.31 to 0.31, measured 0.31: inside"),
        (0.4, 0.5, "0.4 to 0.5, measured 0.31: below"),
        (0, 0.1, "0 to 0.1, measured 0.31: above"),
        (0.3, None, "at least 0.3, measured 0.31: inside"),
        (None, 0.3, "at most 0.3, measured 0.31: above"),
        (True, None, "True, measured 0.31: no"),
    ],
)
def test_answers_a_guess_and_stores_the_same(shown, low, high, answer) -> None:
    result(gap=0.31, n=3)
    predict("gap", low, high)
    result(gap=0.31, n=3)
    assert shown[0][RESULT] == shown[2][RESULT]
    assert shown[0]["text/plain"] == "gap = 0.31\nn = 3"
    assert shown[2]["text/plain"] == f"gap = 0.31\nn = 3\ngap: you said {answer}"


def test_a_claim_can_be_guessed(shown) -> None:
    predict("wins", True)
    result(wins=True)
    assert shown[1]["text/plain"] == "wins = True\nwins: you said True, measured True: yes"


def test_without_a_guess_it_says_how_and_forgets_an_earlier_one(shown) -> None:
    predict("gap", 0.2, 0.4)
    predict("gap")
    result(gap=0.31)
    assert shown[1] == {PREDICTION: {}, "text/plain": 'Your guess, before you run on: predict("gap", low, high)'}
    assert shown[2]["text/plain"] == "gap = 0.31"


def test_refuses_a_guess_the_wrong_way_round(shown) -> None:
    with pytest.raises(ValueError, match="write the smaller number first"):
        predict("gap", 0.4, 0.2)
    result(gap=0.3)
    assert shown[0]["text/plain"] == "gap = 0.3"


@pytest.mark.parametrize("tolerance", [-1.0, math.nan, math.inf])
def test_refuses_a_tolerance_that_is_none(shown, tolerance) -> None:
    with pytest.raises(ValueError, match="a tolerance must be a finite number"):
        result(loss=1.0, rtol=tolerance)
    with pytest.raises(ValueError, match="a tolerance must be a finite number"):
        result(loss=1.0, atol=tolerance)


def test_refuses_to_state_nothing(shown) -> None:
    with pytest.raises(ValueError, match="nothing to state"):
        result(rtol=1e-3)


def test_prints_outside_a_kernel(capsys) -> None:
    result(loss=0.5)
    assert capsys.readouterr().out == "loss = 0.5\n"
