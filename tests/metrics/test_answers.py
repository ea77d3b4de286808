"""Exact match and F1 equal the script of SQuAD 1.1 (as torchmetrics carries it), and come out by hand."""

import pytest
from hypothesis import assume, given, settings
from odd_texts import CORPORA

from coursekit.metrics.answers import answer_f1, exact_match, normalise_answer, squad


@settings(deadline=None, max_examples=60)
@given(CORPORA)
def test_equals_torchmetrics(corpus):
    """Where a word is left: of two answers without one, torchmetrics says F1 1, as the script of SQuAD 2.0 does."""
    from torchmetrics.functional.text import squad as peer

    lines = [(answer, known) for answer, known in zip(*corpus, strict=True) if all(map(normalise_answer, known))]
    assume(lines)
    answers, references = zip(*lines, strict=True)
    predicted = [{"id": str(i), "prediction_text": answer} for i, answer in enumerate(answers)]
    truth = [{"id": str(i), "answers": {"text": list(r), "answer_start": [0]}} for i, r in enumerate(references)]
    scores = peer(predicted, truth)
    expected = float(scores["exact_match"]), float(scores["f1"])  # in float32
    ours = tuple(squad(answers, references))
    assert ours == pytest.approx(expected, abs=1e-4)
    each = [(exact_match(*line), answer_f1(*line)) for line in lines]
    assert ours == pytest.approx([100 * sum(scores) / len(lines) for scores in zip(*each, strict=True)])


def test_by_hand():
    assert normalise_answer(" The  cat's \u2018an\u2019 apple, a theatre!") == "cats \u2018 \u2019 apple theatre"
    assert exact_match("the Cat.", ["dog", "a cat"]) == 1
    assert answer_f1("the black cat", ["cat", "black dog of hers"]) == pytest.approx(2 / 3)
    assert answer_f1("cat cat", ["cat"]) == pytest.approx(2 / 3)  # a repeated word is counted once
    assert str(squad(["cat", "dog"], [["a cat"], ["hot dog"]])) == "exact match 50.00, F1 83.33"


def test_an_answer_of_articles_alone_matches_but_has_no_f1():
    assert (exact_match("a", ["the"]), answer_f1("a", ["the"])) == (1, 0)
    assert squad(["a"], [["the"]]) == (100, 0)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: exact_match("a", "a"), "references is one string"),
        (lambda: answer_f1("a", []), "references is empty"),
        (lambda: answer_f1(None, ["a"]), "the answer is of type NoneType"),
        (lambda: squad([], []), "answers is empty"),
        (lambda: squad(["a", "b"], [["a"]]), "2 answers"),
        (lambda: squad(["a"], [[]]), "missing"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
