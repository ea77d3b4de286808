"""The tasks hold what their papers say, ask where the mask says, and their baselines are those of who forgets all."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data import adding, copy_memory, temporal_order
from coursekit.data.tasks import ADDING_BASELINE, ORDER_BASELINE, copy_baseline

MAKERS = {
    "copy_memory": lambda n, length, g: copy_memory(n, length, g),
    "adding": lambda n, length, g: adding(n, length, g),
    "temporal_order": lambda n, length, g: temporal_order(n, length, g),
}


def seed(number=0):
    return torch.Generator().manual_seed(number)


def ids(one_hot):
    assert one_hot.sum(-1).eq(1).all() and one_hot.max() == 1 and one_hot.min() == 0
    return one_hot.argmax(-1)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 5), st.integers(1, 30), st.integers(2, 9), st.integers(1, 6), st.integers(0, 99))
def test_copying_repeats_the_word_after_go(n, lag, symbols, length, number):
    """Every line of the layout in the paper, position by position."""
    task = copy_memory(n, lag, seed(number), symbols, length)
    x, y, total = ids(task.inputs), task.targets, lag + 2 * length
    assert task.inputs.shape == (n, total, symbols + 2) and y.shape == task.mask.shape == (n, total)
    assert torch.equal(y[:, -length:], x[:, :length]) and x[:, :length].max() < symbols
    assert x[:, length : length + lag - 1].eq(symbols).all() and x[:, -length:].eq(symbols).all()
    assert x.eq(symbols + 1).nonzero()[:, 1].tolist() == [length + lag - 1] * n  # one "go", one step before the answer
    assert y[:, :-length].eq(symbols).all()
    assert torch.equal(task.mask[0], torch.arange(total) >= total - length)
    assert torch.equal(x[:, : total - length - lag], y[:, length + lag :])  # out length + lag steps after it went in


def test_copying_has_the_papers_sizes_unless_told():
    assert copy_memory(2, 100, seed()).inputs.shape == (2, 120, 10)
    assert copy_baseline(100) == pytest.approx(10 * math.log(8) / 120)


def test_the_baseline_of_copying_is_the_loss_of_who_knows_the_blanks_and_guesses_the_symbols():
    task = copy_memory(7, 13, seed(), symbols=5, length=4)
    guess = torch.full((*task.targets.shape, 7), -torch.inf)
    guess[~task.mask, 5] = 0.0  # a blank, surely
    guess[..., :5] = torch.where(task.mask[..., None], 0.0, guess[..., :5])
    loss = F.cross_entropy(guess.flatten(0, 1), task.targets.flatten())
    assert loss.item() == pytest.approx(copy_baseline(13, symbols=5, length=4))
    assert F.cross_entropy(guess[task.mask], task.targets[task.mask]).item() == pytest.approx(math.log(5))


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 5), st.integers(2, 40), st.integers(0, 99))
def test_adding_marks_one_number_in_each_half(n, length, number):
    task = adding(n, length, seed(number))
    numbers, markers = task.inputs.unbind(-1)
    assert task.inputs.shape == (n, length, 2) and task.targets.shape == (n,)
    assert ((numbers >= 0) & (numbers < 1)).all() and set(markers.flatten().tolist()) <= {0.0, 1.0}
    assert markers[:, : length // 2].sum(1).eq(1).all() and markers[:, length // 2 :].sum(1).eq(1).all()
    torch.testing.assert_close(task.targets, (numbers * markers).sum(1))


def test_the_baseline_of_adding_is_the_error_of_answering_one():
    """A variance of 1/6; 100,000 draws know it to .0007 (its standard error, .0006, from the fourth moment 1/15)."""
    targets = adding(100_000, 4, seed()).targets.double()
    assert ((targets - 1) ** 2).mean().item() == pytest.approx(ADDING_BASELINE, abs=0.0025)
    assert targets.mean().item() == pytest.approx(1, abs=0.005)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 5), st.integers(10, 120), st.integers(0, 99))
def test_the_order_of_two_signals_is_the_class(n, length, number):
    task = temporal_order(n, length, seed(number))
    x = ids(task.inputs)
    assert task.inputs.shape == (n, length, 6) and task.targets.shape == (n,)
    for row, answer in zip(x.tolist(), task.targets.tolist(), strict=True):
        (first, second) = [at for at, symbol in enumerate(row) if symbol < 2]  # two signals, the rest distractors
        assert length // 10 <= first <= length // 5 and 2 * length // 5 <= second <= length // 2
        assert answer == 2 * row[first] + row[second]


def test_classes_positions_and_distractors_are_uniform():
    task = temporal_order(20_000, 40, seed())
    x = ids(task.inputs)
    assert (task.targets.bincount() / 20_000).tolist() == pytest.approx([0.25] * 4, abs=0.015)
    assert (x[x > 1].bincount()[2:] / (x > 1).sum()).tolist() == pytest.approx([0.25] * 4, abs=0.005)
    assert ((x[:, 4:9] < 2).float().mean(0)).tolist() == pytest.approx([0.2] * 5, abs=0.015)
    assert pytest.approx(math.log(4)) == ORDER_BASELINE


@pytest.mark.parametrize("name", ["adding", "temporal_order"])
def test_one_answer_is_asked_at_the_end(name):
    mask = MAKERS[name](3, 12, seed()).mask
    assert mask[:, -1].all() and mask.sum() == 3


@pytest.mark.parametrize("name", MAKERS)
def test_the_generator_alone_decides(name):
    """The same seed gives the same task, whatever the global generator does; another seed, another task."""
    torch.manual_seed(1)
    one = MAKERS[name](4, 20, seed(5))
    torch.manual_seed(2)
    again, other = MAKERS[name](4, 20, seed(5)), MAKERS[name](4, 20, seed(6))
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.inputs, other.inputs)


@pytest.mark.parametrize("name", MAKERS)
def test_the_mask_picks_the_answers(name):
    """What stands at the mask has as many rows as there are answers."""
    task = MAKERS[name](3, 15, seed())
    answers = task.targets[task.mask] if name == "copy_memory" else task.targets
    assert task.inputs[task.mask].shape[0] == answers.numel()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: copy_memory(0, 5, seed()), "n = 0 makes no task"),
        (lambda: copy_memory(1, 0, seed()), "lag = 0 makes no task"),
        (lambda: copy_memory(1, 5, seed(), symbols=1), "symbols = 1 makes no task: take 2"),
        (lambda: copy_memory(1, 5, seed(), length=0), "length = 0 makes no task"),
        (lambda: copy_baseline(0), "lag = 0"),
        (lambda: copy_baseline(5, symbols=1), "symbols = 1"),
        (lambda: adding(0, 5, seed()), "n = 0 makes no task"),
        (lambda: adding(1, 1, seed()), "length = 1 makes no task: take 2"),
        (lambda: temporal_order(-1, 20, seed()), "n = -1 makes no task"),
        (lambda: temporal_order(1, 9, seed()), "length = 9 makes no task: take 10"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
