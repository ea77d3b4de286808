"""Windows lose no token; the state is carried, the gradient is cut, and a broken run ends as an unbroken one."""

import copy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from coursekit.errors import CourseError
from coursekit.models import RNNLM, RNNLMConfig
from coursekit.train import Carried, fit, streams
from coursekit.train.truncation import NO_TARGET, Window

V = 9


def model(cell="lstm", **changes):
    return RNNLM(RNNLMConfig(V, cell=cell, width=4, hidden=5, **changes)).double()


def text(n, seed=0):
    return torch.randint(V, (n,), generator=torch.Generator().manual_seed(seed))


def loss(carried, window):
    return carried(window)


# ------------------------------------------------------------------------------------------------ streams


def test_the_drawing_in_the_file():
    cut = streams(list(range(9)), batch=2, window=2)
    assert len(cut) == 2
    assert cut(0).inputs.tolist() == [[0, 1], [4, 5]] and cut(0).targets.tolist() == [[1, 2], [5, 6]]
    assert cut(1).inputs.tolist() == [[2, 3], [6, 7]] and cut(1).targets.tolist() == [[3, 4], [7, 8]]
    assert [cut(step).first for step in range(5)] == [True, False, True, False, True]


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 60))
def test_every_token_after_the_first_is_a_target_once(batch, window, more):
    n = batch * window + 1 + more
    cut = streams(np.arange(n), batch, window)
    found = torch.cat([cut(k).targets.flatten() for k in range(len(cut))])
    assert sorted(found[found != NO_TARGET].tolist()) == list(range(1, n))
    assert int((found == NO_TARGET).sum()) < batch


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 60))
def test_streams_run_on_from_window_to_window(batch, window, more):
    """The targets of a row, window after window, are consecutive tokens; each is the input after it."""
    cut = streams(np.arange(batch * window + 1 + more), batch, window)
    rows = (
        torch.cat([cut(k).inputs for k in range(len(cut))], 1),
        torch.cat([cut(k).targets for k in range(len(cut))], 1),
    )
    for inputs, targets in zip(*rows, strict=True):
        kept = targets != NO_TARGET
        assert (targets[kept] == inputs[kept] + 1).all() and (inputs[kept].diff() == 1).all()
        assert kept.tolist() == sorted(kept.tolist(), reverse=True)  # what is missing, is missing at the end
    assert all(cut(k).inputs.size(1) == window for k in range(len(cut) - 1))


def test_a_batch_is_a_function_of_the_step():
    cut = streams(text(50), 3, 4)
    for step in (2, 0, 7, 2 + len(cut)):
        again = cut(step % len(cut))
        assert torch.equal(cut(step).inputs, again.inputs) and torch.equal(cut(step).targets, again.targets)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("ids", [[[1, 2], [3]], [[1, 2], [3, 4]], ["a", "b"]])
def test_texts_that_are_not_joined_are_named(ids):
    """Else numpy speaks of an inhomogeneous shape."""
    with pytest.raises(ValueError, match=r"one long row of ids .* join the texts"):
        streams(ids, 1, 1)


# ------------------------------------------------------------------------------------------------ the carried state


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_state_goes_on_and_the_gradient_does_not(cell):
    """Each window's loss and gradient are those of a loop that detaches the state by hand; passes begin anew."""
    ours, theirs, cut = Carried(model(cell), 3), model(cell), streams(text(40), 3, 4)
    state = None
    for step in range(2 * len(cut) + 1):
        window = cut(step)
        if step % len(cut) == 0:
            state = None
        ours.zero_grad()
        theirs.zero_grad()
        value = ours(window)
        logits, state = theirs(window.inputs, state)
        expected = F.cross_entropy(logits[window.targets >= 0], window.targets[window.targets >= 0])
        value.backward()
        expected.backward()
        state = tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()
        torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
        for a, b in zip(ours.model.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-10, atol=1e-14)
        for a, b in zip(parts(ours.state), parts(state), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-12, atol=0)
            assert not a.requires_grad


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def test_what_came_before_the_window_counts():
    """Without the carried state the loss is another one."""
    carried, cut = Carried(model(), 2), streams(text(20), 2, 3)
    carried(cut(0))
    forgotten = carried(Window(cut(1).inputs, cut(1).targets, first=True)).item()
    carried(cut(0))
    assert carried(cut(1)).item() != forgotten


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("stop", [1, 7, 12])
def test_a_broken_run_ends_with_the_weights_of_an_unbroken_one(tmp_path, cell, stop):
    """Stopped in the midst of a pass, where the state matters, and taken up by a new process's fresh objects."""
    cut, same = streams(text(60), 3, 4), {"steps": 18, "lr": 1e-2}  # 5 windows a pass
    whole = Carried(model(cell), 3)
    fit(whole, cut, loss, **same)

    def power_cut(done, value):
        if done == stop + 1:
            raise KeyboardInterrupt

    at = {"checkpoint": tmp_path / "run.safetensors", "save_every": stop}
    with pytest.raises(KeyboardInterrupt):
        fit(Carried(model(cell), 3), cut, loss, **same, **at, progress=power_cut)
    resumed = Carried(model(cell), 3)
    fit(resumed, cut, loss, **same, **at)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert any(part.any() for part in parts(whole.state))


def test_without_the_state_in_the_checkpoint_the_run_would_end_elsewhere(tmp_path):
    """The test above can fail: a wrapper that keeps its state in a plain attribute does."""

    class Forgets(Carried):
        def __init__(self, inner, batch):
            super().__init__(inner, batch)
            for name in self.names:
                self.register_buffer(name, getattr(self, name), persistent=False)

    cut, same = streams(text(60), 3, 4), {"steps": 18, "lr": 1e-2}
    whole, resumed = Forgets(model(), 3), Forgets(model(), 3)
    fit(whole, cut, loss, **same)

    def power_cut(done, value):
        if done == 8:
            raise KeyboardInterrupt

    at = {"checkpoint": tmp_path / "run.safetensors", "save_every": 7}
    with pytest.raises(KeyboardInterrupt):
        fit(Forgets(model(), 3), cut, loss, **same, **at, progress=power_cut)
    fit(resumed, cut, loss, **same, **at)
    assert not torch.equal(whole.model.output.weight, resumed.model.output.weight)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_mixed_precision_leaves_the_state_in_the_models_own(cell, fused):
    """So that the next window may be read without it, and a checkpoint holds what a fresh wrapper takes."""
    carried, cut = Carried(model(cell, fused=fused).float(), 2), streams(text(30), 2, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for step in range(3):
            carried(cut(step)).backward()
    assert {part.dtype for part in parts(carried.state)} == {torch.float32}
    carried(cut(3)).backward()


def test_a_state_can_be_copied_between_two_windows():
    carried, cut = Carried(model(), 2), streams(text(30), 2, 3)
    carried(cut(0)).backward()
    twin = copy.deepcopy(carried)
    assert torch.equal(twin(cut(1)), carried(cut(1)))


def test_evaluation_leaves_no_trace():
    carried, cut, other = Carried(model(), 2), streams(text(30), 2, 3), streams(text(25, seed=1), 1, 6)
    carried(cut(0))
    before = [part.clone() for part in carried.state]
    carried.eval()
    carried.cross_entropy(other)
    carried(cut(1))
    assert all(torch.equal(a, b) for a, b in zip(before, carried.state, strict=True))


@pytest.mark.parametrize(("batch", "window"), [(1, 5), (1, 24), (1, 7)])
def test_cross_entropy_of_one_stream_is_that_of_the_text(batch, window):
    """However it is cut, since the state is carried; the first token is read and not predicted."""
    lm, ids = model(), text(25)
    found = Carried(lm, 4).cross_entropy(streams(ids, batch, window))
    logits, _ = lm(ids[None, :-1])
    assert found == pytest.approx(F.cross_entropy(logits[0], ids[1:]).item(), rel=1e-12)


def test_cross_entropy_counts_each_token_once():
    """With streams of unequal length: the mean over tokens, not over windows."""
    lm, ids = model(), text(24)
    cut = streams(ids, 4, 4)
    nats = torch.zeros(())
    for start, end in ((0, 6), (6, 12), (12, 18), (18, 23)):
        nats = nats + F.cross_entropy(lm(ids[None, start:end])[0][0], ids[start + 1 : end + 1], reduction="sum")
    assert Carried(lm, 4).cross_entropy(cut) == pytest.approx(nats.item() / 23, rel=1e-12)


def test_it_remembers_further_than_the_gradient_goes():
    """A bit shown 6 steps ago: a window of 12 learns to recall it, a window of 2 sees no reason to."""
    generator = torch.Generator().manual_seed(0)
    blocks = torch.randint(3, 5, (2000, 1), generator=generator) * torch.tensor([1, 0, 0, 0, 0, 1])
    ids = blocks.flatten()
    losses = {}
    for window in (12, 2):
        lm = Carried(RNNLM(RNNLMConfig(V, cell="gru", width=8, hidden=16)), 20)
        fit(lm, streams(ids, 20, window), loss, steps=400, lr=3e-2)
        losses[window] = lm.cross_entropy(streams(ids, 1, 600))
    floor = np.log(2) / 6  # one free bit in six tokens
    assert losses[12] < floor + 0.03 < floor + 0.08 < losses[2]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: streams(text(20), 4, 5),
            CourseError,
            "20 tokens does not fill one window of 5 steps in 4 .* least 21",
        ),
        (lambda: streams(text(0), 1, 1), CourseError, "0 tokens"),
        (lambda: streams(text(20), 0, 5), ValueError, "batch and window must be 1 or more; got 0 and 5"),
        (lambda: streams(text(20), 2, 0), ValueError, "got 2 and 0"),
        (lambda: streams(np.zeros((2, 3), dtype=int), 1, 1), ValueError, "one long row of ids"),
        (lambda: streams(np.array([0.5, 1.5]), 1, 1), ValueError, "one long row of ids"),
        (lambda: streams(np.array(["a", "b"]), 1, 1), ValueError, "one long row of ids"),
        (lambda: Carried(model(), 0), ValueError, "batch = 0"),
        (lambda: Carried(model(), 3)(streams(text(20), 2, 5)(0)), ValueError, "2 streams, .* made for 3"),
        (lambda: Carried(nn.Linear(2, 2), 3), ValueError, "initial_state"),
        (lambda: Carried(model(), 2)(streams(text(20) + V, 2, 5)(0)), ValueError, "outside the vocabulary"),
    ],
)
def test_wrong_input_is_one_sentence(call, error, says):
    with pytest.raises(error, match=says):
        call()
