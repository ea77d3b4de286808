"""Jacobians are autograd's and the closed form's; products, exponents and predictions are what they stand for."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from coursekit.nn import GRU, LSTM
from coursekit.probe import (
    gradient_norms,
    jacobian_products,
    jacobians,
    lyapunov_exponents,
    predicted_norms,
    singular_values,
    spectral_radius,
)
from coursekit.probe.gradient_flow import _finite, _fits, _run, states, step_of

I = 3  # noqa: E741
DOUBLE = torch.float64


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def matrix(*rows):
    return torch.tensor(rows, dtype=DOUBLE)


def cell_step(name, width=4, seed=0):
    """torch.nn's cells as step functions, with drawn weights; the LSTM's state is h and c."""
    made = {"tanh": nn.RNNCell, "relu": nn.RNNCell, "gru": nn.GRUCell, "lstm": nn.LSTMCell}[name]
    cell = made(I, width, **({"nonlinearity": name} if made is nn.RNNCell else {})).double()
    for i, p in enumerate(cell.parameters()):
        p.data = draw(*p.shape, seed=100 * seed + i) * 0.7

    def lstm(x, state):
        return torch.cat(cell(x, tuple(state.chunk(2))))

    return (lstm, 2 * width) if name == "lstm" else (cell, width)


CELLS = ["tanh", "relu", "gru", "lstm"]


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("length", "width"), [(1, 1), (7, 1), (5, 4)])
def test_jacobians_are_autograds(name, length, width):
    step, size = cell_step(name, width)
    x, h = draw(length, I, seed=1), draw(size, seed=2)
    found = jacobians(step, x, h)
    assert found.shape == (length, size, size) and not found.requires_grad
    for t in range(length):
        written_out = torch.autograd.functional.jacobian(lambda h, t=t: step(x[t], h), h)
        torch.testing.assert_close(found[t], written_out, rtol=0, atol=1e-14)
        h = step(x[t], h).detach()


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 99))
def test_the_jacobian_of_a_tanh_step_is_its_closed_form(width, length, seed):
    """diag(1 - h_t^2) V_h."""
    v_x, v_h, c = draw(width, I, seed=seed), draw(width, width, seed=seed + 1), draw(width, seed=seed + 2)

    def step(x, h):
        return torch.tanh(v_x @ x + v_h @ h + c)

    x, h0 = draw(length, I, seed=seed + 3), draw(width, seed=seed + 4)
    h = states(step, x, h0)
    assert h.shape == (length + 1, width) and torch.equal(h[0], h0)
    closed = (1 - h[1:] ** 2)[:, :, None] * v_h
    torch.testing.assert_close(jacobians(step, x, h0), closed, rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", CELLS)
def test_products_are_the_jacobians_of_many_steps_at_once(name):
    step, size = cell_step(name)
    x, h0 = draw(6, I, seed=1), draw(size, seed=2)
    products, h = jacobian_products(jacobians(step, x, h0)), states(step, x, h0)
    assert torch.equal(products[0], torch.eye(size, dtype=DOUBLE))
    for k in range(1, 7):

        def last(h, k=k):
            for t in range(6 - k, 6):
                h = step(x[t], h)
            return h

        written_out = torch.autograd.functional.jacobian(last, h[6 - k])
        torch.testing.assert_close(products[k], written_out, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_what_the_jacobians_predict_is_what_autograd_measures(name):
    step, size = cell_step(name)
    x, h0 = draw(30, I, seed=1), draw(size, seed=2)
    weights = draw(size, seed=3)
    measured = gradient_norms(step, x, h0, lambda h: (weights * h**2).sum())
    last = states(step, x, h0)[-1]
    predicted = predicted_norms(2 * weights * last, jacobians(step, x, h0))
    assert measured.shape == predicted.shape == (31,)
    torch.testing.assert_close(measured, predicted, rtol=1e-10, atol=1e-300)
    through = 2 * weights * last @ jacobian_products(jacobians(step, x, h0))  # the third way
    torch.testing.assert_close(through.norm(dim=-1), predicted, rtol=1e-10, atol=1e-300)


@pytest.mark.parametrize("name", CELLS)
def test_hooks_on_each_state_see_the_same_norms(name):
    """The gradient that arrives at each state during one backward pass, caught there."""
    step, size = cell_step(name)
    x, h0, weights = draw(30, I, seed=1), draw(size, seed=2), draw(size, seed=3)
    caught, h = [], h0.clone().requires_grad_()
    h.register_hook(lambda gradient: caught.append(gradient.norm()))
    for t in range(30):
        h = step(x[t], h)
        h.register_hook(lambda gradient: caught.append(gradient.norm()))
    (weights * h**2).sum().backward()
    measured = gradient_norms(step, x, h0, lambda h: (weights * h**2).sum())
    torch.testing.assert_close(torch.stack(caught), measured, rtol=1e-12, atol=0)  # the last state is met first


@pytest.mark.parametrize(
    ("dtype", "factor"), [(torch.float32, 1e-4), (torch.float32, 1e4), (DOUBLE, 1e-30), (DOUBLE, 1e30)]
)
def test_norms_reach_as_far_as_the_numbers_themselves(dtype, factor):
    """A float32 of 1e-36 is no zero, though its square is: nothing vanishes in the measuring alone."""
    step, h0 = (lambda x, h: factor * h), torch.ones(3, dtype=dtype)
    measured = gradient_norms(step, torch.zeros(9, I, dtype=dtype), h0, torch.sum)
    predicted = predicted_norms(torch.ones(3, dtype=dtype), factor * torch.eye(3, dtype=dtype).expand(9, 3, 3))
    expected = torch.tensor([math.sqrt(3) * factor**k for k in range(10)], dtype=DOUBLE)
    torch.testing.assert_close(measured.double(), expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(predicted.double(), expected, rtol=1e-5, atol=0)


def test_measuring_needs_no_leave_to_take_gradients():
    """Within torch.no_grad, as `jacobians`."""
    step, size = cell_step("tanh")
    x, h0 = draw(4, I), draw(size)
    with torch.no_grad():
        inside = gradient_norms(step, x, h0, torch.sum)
    assert torch.equal(inside, gradient_norms(step, x, h0, torch.sum))


def test_norms_go_from_the_end_backwards():
    """A step that doubles: the gradient at distance k is 2^k times the one at the end."""
    norms = gradient_norms(lambda x, h: 2 * h + x.sum(), draw(5, I), draw(4), lambda h: 3 * h[0])
    assert norms.tolist() == [3 * 2**k for k in range(6)]
    assert predicted_norms(matrix(3.0, 0.0), matrix([2, 0], [0, 2]).expand(5, 2, 2)).tolist() == norms.tolist()


def test_a_step_that_forgets_everything_passes_nothing_back():
    norms = gradient_norms(lambda x, h: x.expand(3).clone() + 0 * h, draw(4, 1), draw(3), lambda h: h.sum())
    assert norms.tolist() == [math.sqrt(3), 0, 0, 0, 0]


def test_a_cut_in_the_middle_leaves_nothing_before_it():
    """The states before the cut are not reached by the backward pass at all: their gradient is 0, not missing."""
    step, size = cell_step("tanh")
    cut = torch.zeros(6, I, dtype=DOUBLE)
    cut[3] = 1.0  # here the step takes a fresh state for the old one
    norms = gradient_norms(lambda x, h: step(x, torch.zeros_like(h) if x.any() else h), cut, draw(size), torch.sum)
    assert (norms[:3] > 0).all() and norms[3:].tolist() == [0, 0, 0, 0]


def test_measuring_leaves_the_parameters_gradients_alone():
    step, size = cell_step("gru")
    h0 = draw(size)
    gradient_norms(step, draw(3, I), h0, lambda h: h.sum())
    assert all(p.grad is None for p in step.parameters()) and not h0.requires_grad


def test_singular_values_bound_every_step_and_the_product():
    """sigma_max of a product is at most the product of the sigma_max, and no radius exceeds its sigma_max."""
    step, size = cell_step("tanh")
    found = jacobians(step, draw(12, I, seed=5), draw(size))
    values = singular_values(found)
    assert values.shape == (12, size) and (values[:, :-1] >= values[:, 1:]).all()
    torch.testing.assert_close(values[3] ** 2, torch.linalg.eigvalsh(found[3].T @ found[3]).flip(0))
    bounds = torch.cat([torch.ones(1, dtype=DOUBLE), values[:, 0].flip(0).cumprod(0)])
    assert (singular_values(jacobian_products(found))[:, 0] <= bounds * (1 + 1e-12)).all()
    assert (spectral_radius(found) <= values[:, 0] * (1 + 1e-12)).all()


def test_a_vanishing_gradient_needs_only_small_singular_values():
    """sigma_max(V_h) max tanh' < 1 suffices: with .9, the norm is below .9^k."""
    v_h = 0.9 * torch.linalg.qr(draw(5, 5))[0]
    norms = gradient_norms(lambda x, h: torch.tanh(v_h @ h + x.sum()), draw(20, I), draw(5), lambda h: h[0])
    assert (norms <= 0.9 ** torch.arange(21) * (1 + 1e-12)).all() and norms[20] < 0.9**20


def test_slopes_can_make_a_matrix_grow_whose_radius_is_zero():
    """V = 3 [[1, -1], [1, -1]]: V^2 = 0, yet diag(1, .5) V has the eigenvalue 1.5."""
    v = 3 * matrix([1, -1], [1, -1])
    slopes = torch.diag(matrix(1, 0.5))
    assert spectral_radius(v) < 1e-7 and torch.equal(v @ v, torch.zeros_like(v))
    assert spectral_radius(slopes @ v).item() == pytest.approx(1.5)
    assert lyapunov_exponents((slopes @ v).expand(50, 2, 2))[0].item() == pytest.approx(math.log(1.5), abs=0.03)


def test_the_radius_is_of_absolute_values():
    """A turn by 60 degrees has complex eigenvalues of modulus 1; -2 counts as 2."""
    c, s = math.cos(math.pi / 3), math.sin(math.pi / 3)
    turned = torch.stack([matrix([c, -s], [s, c]), matrix([-2, 0], [0, 1])])
    assert spectral_radius(turned).tolist() == pytest.approx([1, 2])


def test_a_gradient_can_grow_before_it_vanishes():
    """V_h = [[.5, 10], [0, .5]], radius .5, and the gradient (1, 0): 1, 10.01, 10.003, 7.5 ... to nothing."""
    v_h = matrix([0.5, 10], [0, 0.5])
    norms = predicted_norms(matrix(1, 0), v_h.expand(40, 2, 2))
    k = torch.arange(41, dtype=DOUBLE)
    closed = torch.sqrt(0.25**k + (20 * k * 0.5**k) ** 2)  # the row (1, 0) V^k = (.5^k, 10 k .5^(k-1))
    torch.testing.assert_close(norms, closed, rtol=1e-12, atol=0)
    assert spectral_radius(v_h) == 0.5 and norms.argmax() == 1 and norms[1].item() == pytest.approx(10.0125, abs=1e-4)
    assert norms[40] < 1e-8


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 6), st.integers(0, 99))
def test_lyapunov_exponents_of_a_constant_matrix_are_the_logs_of_its_eigenvalues(width, seed):
    """A symmetric matrix with the eigenvalues 1, .5, .25 ...: gaps of log 2 a step, so the frame settles fast."""
    q = torch.linalg.qr(draw(width, width, seed=seed))[0]
    eigenvalues = 0.5 ** torch.arange(width, dtype=DOUBLE)
    constant = (q * eigenvalues) @ q.T
    found = lyapunov_exponents(constant.expand(4_000, width, width))
    torch.testing.assert_close(found, eigenvalues.log(), rtol=0, atol=4e-3)


def test_lyapunov_exponents_add_up_to_the_log_of_the_determinant():
    """Exactly, at any number of steps: QR loses no volume."""
    found = jacobians(*cell_step("tanh")[:1], draw(25, I), draw(4))
    mean = torch.linalg.slogdet(found).logabsdet.mean()
    torch.testing.assert_close(lyapunov_exponents(found).sum(), mean, rtol=1e-10, atol=0)


def test_the_largest_exponent_is_the_growth_of_the_product():
    """At 400 steps the product itself under- or overflows; its logarithm, by parts of 20, does not."""
    found = 0.6 * draw(400, 5, 5)
    vector, total = draw(5, seed=9), 0.0
    for jacobian in found:
        vector = jacobian @ vector
        total += vector.norm().log().item()
        vector = vector / vector.norm()
    exponents = lyapunov_exponents(found)
    assert exponents[0].item() == pytest.approx(total / 400, abs=0.01)
    assert (exponents[:-1] >= exponents[1:]).all()


def test_a_direction_that_is_lost_has_the_exponent_minus_infinity():
    assert lyapunov_exponents(matrix([2, 0], [0, 0]).expand(3, 2, 2)).tolist() == [math.log(2), -math.inf]


def test_a_lost_direction_is_far_below_the_others_also_where_rounding_leaves_a_rest():
    """A matrix of rank 1 whose rows are not exact multiples of a unit vector."""
    found = lyapunov_exponents(torch.outer(matrix(1.0, 2, 3), matrix(1.0, 2, 3)).expand(200, 3, 3))
    assert found[0].item() == pytest.approx(math.log(14), abs=0.01) and (found[1:] < -30).all()


def test_the_radius_of_a_defective_matrix_is_known_to_a_root_of_the_rounding():
    """A turned Jordan block of order 10, every eigenvalue 0: rounding moves them by about eps^(1/10), .03."""
    block = torch.diag(torch.ones(9, dtype=DOUBLE), 1)
    q = torch.linalg.qr(draw(10, 10))[0]
    assert spectral_radius(block) == 0
    assert 1e-3 < spectral_radius(q @ block @ q.T) < 0.1


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 3), (2, 4, 3, 3)])
def test_matrices_come_alone_or_many_at_a_time(shape):
    many = draw(*shape)
    assert spectral_radius(many).shape == shape[:-2] and singular_values(many).shape == shape[:-1]


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_a_layer_of_ours_makes_a_step(name):
    """The step function runs through the same states as the layer, and an LSTM's ends with its h, then its c."""
    layers = pytest.importorskip("coursekit.nn.rnn", reason="the recurrent layers are not there")
    layer = getattr(layers, name)(I, 4).double()
    x = draw(5, I)
    step = step_of(layer)
    outputs, state = layer(x[None])
    h = states(step, x, torch.zeros(8 if name == "LSTM" else 4, dtype=DOUBLE))
    torch.testing.assert_close(h[1:, :4], outputs[0].detach(), rtol=0, atol=1e-12)
    if name == "LSTM":
        torch.testing.assert_close(h[-1, 4:], state[1].flatten().detach(), rtol=0, atol=1e-12)
    measured = gradient_norms(step, x, h[0], lambda h: h[:4].sum())
    grad = torch.zeros_like(h[0])
    grad[:4] = 1
    torch.testing.assert_close(measured, predicted_norms(grad, jacobians(step, x, h[0])), rtol=1e-10, atol=0)


X, H0 = draw(2, I), draw(4)
CONSTANT = torch.eye(2, dtype=DOUBLE)[None]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: jacobians(lambda x, h: h, X[:0], H0), "there are no inputs"),
        (lambda: _run(lambda x, h: h, X[None], H0), r"one sequence at a time.*are \[1, 2, 3\] and \[4\]"),
        (lambda: _run(lambda x, h: h, X, H0[None]), r"one sequence at a time.*are \[2, 3\] and \[1, 4\]"),
        (lambda: _finite(X), r"square matrices are needed, one at least; the shape is \[2, 3\]"),
        (lambda: jacobians(lambda x, h: h[:2], X, H0), r"a state of shape \[2\] from one of \[4\]"),
        (lambda: gradient_norms(lambda x, h: h.repeat(2), X, H0, torch.sum), r"shape \[8\] from one of \[4\]"),
        (lambda: gradient_norms(lambda x, h: h, X, H0, lambda h: h), "loss must make one number"),
        (lambda: gradient_norms(lambda x, h: h.detach(), X, H0, torch.sum), "nothing on its way may be detached"),
        (lambda: jacobian_products(CONSTANT[:0]), r"square matrices are needed, one at least.*\[0, 2, 2\]"),
        (lambda: lyapunov_exponents(CONSTANT * math.inf), "not finite: the states or the weights have overflowed"),
        (lambda: singular_values(CONSTANT * math.nan), "not finite"),
        (lambda: spectral_radius(CONSTANT * math.nan), "not finite"),
        (lambda: predicted_norms(H0[:2], CONSTANT * math.nan), "not finite"),
        (lambda: _fits(H0[:3], CONSTANT), r"must have the shape \[2\] of a state; it has \[3\]"),
        (lambda: step_of(nn.LSTM(3, 4, num_layers=2)), "one recurrent layer in one direction"),
        (lambda: step_of(nn.GRU(3, 4, bidirectional=True)), "one recurrent layer in one direction"),
        (lambda: step_of(nn.Linear(3, 4)), "one recurrent layer in one direction"),
        (lambda: step_of(nn.LSTM(3, 4)), "one recurrent layer in one direction: an RNN, GRU or LSTM of coursekit.nn"),
        (lambda: states(step_of(LSTM(3, 4)), X.float(), H0.float()), "LSTM's state .* 8 numbers.* h, then c; it has 4"),
        (lambda: states(step_of(GRU(3, 4)), X.float(), H0[:3].float()), "this GRU's state .* 4 numbers; it has 3"),
        (lambda: gradient_norms(lambda x, h: h, X, H0, lambda h: h.sum().item()), "loss must make one number"),
        (lambda: _finite(torch.eye(2).long()), "the matrices hold int64: .*double"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
