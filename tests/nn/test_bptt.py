"""Backpropagation through time by hand gives autograd's gradients, whole and truncated, and is a sum over paths."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from coursekit.nn import bptt

CELLS = {
    "tanh": (nn.RNN, 1),
    "logistic": (None, 1),
    "gru": (nn.GRU, 1),
    "lstm": (nn.LSTM, 2),
}
SHAPES = [(1, 1, 1, 1), (2, 7, 3, 5), (3, 10, 1, 4), (1, 12, 6, 1)]  # B T I H


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def problem(cell, shape, bias=True):
    """Weights in torch.nn's layout, inputs, a state of each kind that the cell has."""
    b, t, i, h = shape
    rows = {"gru": 3, "lstm": 4}.get(cell, 1) * h
    weights = {"weight_ih_l0": draw(rows, i, seed=1), "weight_hh_l0": draw(rows, h, seed=2)}
    if bias:
        weights |= {"bias_ih_l0": draw(rows, seed=3), "bias_hh_l0": draw(rows, seed=4)}
    return weights, draw(b, t, i, seed=5), [draw(b, h, seed=6 + k) for k in range(CELLS[cell][1])]


def by_hand(cell, weights, x, states, direct, last, window=None):
    if cell == "lstm":
        trace = bptt.lstm_forward(x, *states, weights)
        return trace.h, bptt.lstm_backward(direct, trace, weights, last=last, window=window)
    if cell == "gru":
        trace = bptt.gru_forward(x, *states, weights)
        return trace.h, bptt.gru_backward(direct, trace, weights, last=last and last[0], window=window)
    trace = bptt.rnn_forward(x, *states, weights, cell)
    return trace.h, bptt.rnn_backward(direct, trace, weights, last=last and last[0], window=window)


def run(cell, weights, x, states):
    """The same layer by torch.nn; what it lacks, the logistic network, as a loop under autograd."""
    if cell == "logistic":
        h, out = states[0], []
        for t in range(x.size(1)):
            z = x[:, t] @ weights["weight_ih_l0"].T + h @ weights["weight_hh_l0"].T
            for name in ("bias_ih_l0", "bias_hh_l0"):
                z = z + weights.get(name, 0)
            h = torch.sigmoid(z)
            out.append(h)
        return torch.stack(out, 1), [h]
    module = CELLS[cell][0](x.size(-1), states[0].size(-1), batch_first=True, bias="bias_ih_l0" in weights)
    given = tuple(s[None] for s in states)
    given = given if cell == "lstm" else given[0]
    out, state = torch.func.functional_call(module.double(), dict(weights), (x, given))
    return out, [s[0] for s in (state if cell == "lstm" else (state,))]


def by_autograd(cell, weights, x, states, direct, last, window=None):
    """The gradients of sum(direct * h) + sum(last * final state), the state detached where a window begins."""
    leaves = {name: value.clone().requires_grad_() for name, value in weights.items()}
    x, firsts = x.clone().requires_grad_(), [s.clone().requires_grad_() for s in states]
    carried, out = firsts, []
    for part in x.split(window or x.size(1), 1):
        h, carried = run(cell, leaves, part, carried if not out else [s.detach() for s in carried])
        out.append(h)
    h = torch.cat(out, 1)
    loss = (direct * h).sum() + sum((a * b).sum() for a, b in zip(last or (), carried, strict=bool(last)))
    loss.backward()
    return h.detach(), bptt.Gradients(
        {name: leaf.grad for name, leaf in leaves.items()}, x.grad, *(s.grad for s in firsts)
    )


def assert_equal(ours, theirs, atol=1e-10):
    assert ours.weights.keys() == theirs.weights.keys()
    for name, value in theirs.weights.items():
        torch.testing.assert_close(ours.weights[name], value, rtol=1e-10, atol=atol, msg=lambda m, n=name: f"{n}: {m}")
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-10, atol=atol)


@pytest.mark.parametrize("window", [None, 1, 3, 4, 100])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_autograds(cell, shape, window):
    """Weights, inputs and initial state; with a truncation, autograd's with the state detached at the same places."""
    b, t, _, h = shape
    weights, x, states = problem(cell, shape)
    direct, last = draw(b, t, h, seed=8), tuple(draw(b, h, seed=9 + k) for k in range(len(states)))
    h_ours, ours = by_hand(cell, weights, x, states, direct, last, window)
    h_theirs, theirs = by_autograd(cell, weights, x, states, direct, last, window)
    torch.testing.assert_close(h_ours, h_theirs, rtol=1e-12, atol=1e-12)
    assert_equal(ours, theirs)


@pytest.mark.parametrize("cell", CELLS)
def test_without_biases_and_without_a_use_of_the_last_state(cell):
    weights, x, states = problem(cell, (2, 5, 3, 4), bias=False)
    direct = draw(2, 5, 4, seed=8)
    assert_equal(
        by_hand(cell, weights, x, states, direct, None)[1], by_autograd(cell, weights, x, states, direct, None)[1]
    )


@settings(deadline=None, max_examples=25)
@given(st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 3), st.integers(1, 4)), st.sampled_from([*CELLS]))
def test_gradients_are_autograds_in_every_shape(shape, cell):
    weights, x, states = problem(cell, shape)
    direct = draw(shape[0], shape[1], shape[3], seed=8)
    assert_equal(
        by_hand(cell, weights, x, states, direct, None)[1], by_autograd(cell, weights, x, states, direct, None)[1]
    )


def test_a_stack_of_layers_passes_its_gradient_down():
    """The input's gradient of the upper layer is the `direct` of the lower one."""
    module = nn.LSTM(3, 4, num_layers=2, batch_first=True).double()
    x, zero, direct = draw(2, 6, 3, seed=1), torch.zeros(2, 4, dtype=torch.float64), draw(2, 6, 4, seed=2)
    (module(x)[0] * direct).sum().backward()
    lower, upper = (
        {n.replace(f"_l{k}", "_l0"): p.detach() for n, p in module.named_parameters() if n.endswith(str(k))}
        for k in (0, 1)
    )
    below = bptt.lstm_forward(x, zero, zero, lower)
    above = bptt.lstm_backward(direct, bptt.lstm_forward(below.h, zero, zero, upper), upper)
    bottom = bptt.lstm_backward(above.x, below, lower)
    for k, found in enumerate((bottom, above)):
        for name, value in found.weights.items():
            theirs = module.get_parameter(name.replace("_l0", f"_l{k}")).grad
            torch.testing.assert_close(value, theirs, rtol=1e-10, atol=1e-10)


# ------------------------------------------------------------------------------------------------ paths


def traced(steps=8, nonlinearity="tanh", window=None):
    weights, x, (h0,) = problem("tanh", (2, steps, 3, 4))
    weights["weight_hh_l0"] *= 0.5  # so that a long way is not lost in rounding
    trace = bptt.rnn_forward(x, h0, weights, nonlinearity)
    direct = draw(2, steps, 4, seed=8)
    return weights, trace, direct, bptt.rnn_paths(direct, trace, weights)


@pytest.mark.parametrize("nonlinearity", ["tanh", "logistic"])
def test_all_paths_together_are_the_gradient(nonlinearity):
    weights, trace, direct, paths = traced(nonlinearity=nonlinearity)
    whole = bptt.rnn_backward(direct, trace, weights)
    assert_equal(bptt.gradient_of_paths(paths, trace, weights), whole)


@pytest.mark.parametrize("window", [1, 3, 8, 20])
def test_truncation_keeps_the_paths_within_a_window(window):
    weights, trace, direct, paths = traced()
    kept = bptt.gradient_of_paths(paths, trace, weights, bptt.same_window(8, window))
    assert_equal(kept, bptt.rnn_backward(direct, trace, weights, window=window))


def test_one_path_is_one_loss_seen_from_one_step():
    """dl_n/dz_m by autograd: an extra input at step m alone, and the loss at step n alone."""
    weights, trace, direct, paths = traced(steps=6)
    for n in range(6):
        for m in range(6):
            push = torch.zeros(2, 4, dtype=torch.float64, requires_grad=True)
            h = trace.h0
            for t in range(n + 1):
                z = trace.x[:, t] @ weights["weight_ih_l0"].T + h @ weights["weight_hh_l0"].T
                h = torch.tanh(z + weights["bias_ih_l0"] + weights["bias_hh_l0"] + push * (t == m))
            (direct[:, n] * h).sum().backward()
            torch.testing.assert_close(paths[n, m], push.grad, rtol=1e-10, atol=1e-12)


def test_k_steps_back_from_each_loss_is_another_truncation():
    """Sliding: every loss sees exactly K steps. It equals a run of K steps for each loss from a fixed state."""
    weights, trace, direct, paths = traced(steps=7)
    step, k = torch.arange(7), 3
    near = (step[:, None] - step[None, :] < k) & (step[:, None] >= step[None, :])
    kept = bptt.gradient_of_paths(paths, trace, weights, near).weights["weight_hh_l0"]
    total = torch.zeros_like(kept)
    for n in range(7):
        first = max(0, n - k + 1)
        before = trace.h0 if first == 0 else trace.h[:, first - 1]
        alone = torch.zeros(2, n + 1 - first, 4, dtype=torch.float64)
        alone[:, -1] = direct[:, n]
        part = bptt.rnn_forward(trace.x[:, first : n + 1], before, weights)
        total += bptt.rnn_backward(alone, part, weights).weights["weight_hh_l0"]
    torch.testing.assert_close(kept, total, rtol=1e-10, atol=1e-12)


def test_a_wider_window_keeps_more_pairs():
    counts = [int(bptt.same_window(12, k).sum()) for k in (1, 2, 3, 4, 6, 12)]
    assert counts == [12 * (k + 1) // 2 for k in (1, 2, 3, 4, 6, 12)]


# ------------------------------------------------------------------------------------------------ the loss


def test_the_readout_is_cross_entropy_and_its_gradients():
    h, w, b = (t.requires_grad_() for t in (draw(2, 5, 4), draw(7, 4, seed=1), draw(7, seed=2)))
    target = torch.randint(7, (2, 5), generator=torch.Generator().manual_seed(0))
    loss = nn.functional.cross_entropy((h @ w.T + b).flatten(0, 1), target.flatten())
    loss.backward()
    ours = bptt.readout(h.detach(), target, w.detach(), b.detach())
    for a, c in zip(ours, (loss.detach(), w.grad, b.grad, h.grad), strict=True):
        torch.testing.assert_close(a, c, rtol=1e-12, atol=1e-12)


def test_nothing_here_asks_autograd():
    weights, x, (h0,) = problem("tanh", (1, 2, 3, 4))
    leaves = {name: value.requires_grad_() for name, value in weights.items()}
    trace = bptt.rnn_forward(x, h0, leaves)
    assert not trace.h.requires_grad
    assert not any(g.requires_grad for g in bptt.rnn_backward(trace.h, trace, leaves).weights.values())


def empty(cell):
    weights, x, states = problem(cell, (2, 4, 3, 5))
    return by_hand(cell, weights, x[:, :0], states, None, None)


def misfit(cell, **changes):
    weights, x, states = problem(cell, (2, 4, 3, 5))
    return by_hand(cell, {n: w for n, w in (weights | changes).items() if w is not None}, x, states, None, None)


def cut(window):
    weights, trace, direct, _ = traced()
    return bptt.rnn_backward(direct, trace, weights, window=window)


def forward(cell, x=(2, 4, 3), state=(2, 5), other=(2, 5), **changes):
    weights, *_ = problem(cell, (2, 4, 3, 5))
    states = [draw(*state), draw(*other)][: CELLS[cell][1]]
    ways = {"gru": bptt.gru_forward, "lstm": bptt.lstm_forward}
    return ways.get(cell, bptt.rnn_forward)(draw(*x), *states, weights | changes)


def backward(cell, direct=(2, 4, 5), last=None):
    weights, x, states = problem(cell, (2, 4, 3, 5))
    ends = None if last is None else tuple(draw(*last) for _ in states)
    return by_hand(cell, weights, x, states, draw(*direct), ends)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda cell: forward(cell, state=(1, 2, 5)),
            r"each state the shape B H, a row for each of x; got \(2, 4, 3\) and \(1, 2, 5\)",
        ),
        (lambda cell: forward(cell, state=(1, 5)), "each state the shape B H, a row for each of x"),
        (lambda cell: forward(cell, x=(4, 3)), "x must have the shape B T I"),
        (lambda cell: forward(cell, bias_ih_l0=torch.zeros(1).double()), "bias_ih_l0 must have the shape"),
        (lambda cell: forward(cell, weight_hh_l1=torch.zeros(5, 5)), "weight_hh_l1 is of another layer or direction"),
        (lambda cell: forward(cell, weight_hh_l0_reverse=torch.zeros(5, 5)), "weight_hh_l0_reverse is of another"),
        (lambda cell: backward(cell, direct=(2, 6, 5)), r"direct must have the shape .*\(2, 4, 5\).* is \(2, 6, 5\)"),
        (lambda cell: backward(cell, direct=(1, 4, 5)), "direct must have the shape"),
        (lambda cell: backward(cell, direct=(2, 3, 5)), "direct must have the shape"),
        (lambda cell: backward(cell, last=(1, 5)), r"last must have the shape .*\(2, 5\).* is \(1, 5\)"),
    ],
)
def test_what_would_be_broadcast_or_left_out_is_refused(call, says, cell):
    """Each gave a result, of the wrong shape or of half of the weights, or torch's words about a dimension."""
    with pytest.raises(ValueError, match=says):
        call(cell)


@pytest.mark.parametrize("wrong", [-100, 7])
def test_a_target_outside_the_vocabulary_is_named(wrong):
    with pytest.raises(ValueError, match=f"target holds {wrong}, but .* 0 to 6"):
        bptt.readout(draw(1, 2, 4), torch.tensor([[0, wrong]]), draw(7, 4), draw(7))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: empty("tanh"), "the sequence is empty"),
        (lambda: empty("gru"), "the sequence is empty"),
        (lambda: empty("lstm"), "the sequence is empty"),
        (lambda: misfit("tanh", weight_hh_l0=None), "weight_hh_l0 must have the shape .5, 5. .* missing"),
        (lambda: misfit("gru", weight_ih_l0=torch.zeros(20, 3)), r"weight_ih_l0 .* \(15, 3\) .* is \(20, 3\)"),
        (lambda: misfit("lstm", weight_ih_l0=torch.zeros(15, 3)), r"weight_ih_l0 .* \(20, 3\)"),
        (lambda: cut(0), "window = 0 leaves no step"),
        (lambda: bptt.same_window(5, -1), "window = -1 leaves no step"),
        (lambda: traced(nonlinearity="relu"), "'relu' is not written out"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
