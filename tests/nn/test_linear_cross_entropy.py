"""The output layer's loss, block by block, against the loss of all logits at once."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from coursekit.nn import linear_cross_entropy as module
from coursekit.nn.linear_cross_entropy import linear_cross_entropy

V, D = 11, 5


def inputs(n: int, seed: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, ...]:
    g = torch.Generator().manual_seed(seed)
    x, weight = (torch.randn(rows, D, generator=g, dtype=torch.float64).to(dtype) for rows in (n, V))
    weights = torch.rand(n, generator=g, dtype=torch.float64).to(dtype)
    weights[::3] = 0
    return x.requires_grad_(), weight.requires_grad_(), torch.randint(V, (n,), generator=g), weights


def whole(x, weight, targets, weights, smoothing):
    each = F.cross_entropy(F.linear(x, weight), targets, reduction="none", label_smoothing=smoothing)
    return (each * weights).sum() / weights.sum() if weights is not None else each.mean()


@given(
    n=st.integers(2, 9),
    block=st.integers(1, 10),
    smoothing=st.sampled_from([0, 0.1, 0.5]),
    weighted=st.booleans(),
    seed=st.integers(0, 99),
)
def test_value_and_gradients_are_those_of_all_logits(n, block, smoothing, weighted, seed):
    x, weight, targets, weights = inputs(n, seed)
    weights = weights if weighted else None
    before, module.BLOCK = module.BLOCK, block
    try:
        ours = linear_cross_entropy(x, weight, targets, weights, smoothing)
        ours_by = torch.autograd.grad(3 * ours, (x, weight))
    finally:
        module.BLOCK = before
    theirs = whole(x, weight, targets, weights, smoothing)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    for mine, other in zip(ours_by, torch.autograd.grad(3 * theirs, (x, weight)), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-12)


def test_the_gradient_is_the_slope():
    x, weight, targets, weights = inputs(6, 0)
    assert torch.autograd.gradcheck(lambda x, w: linear_cross_entropy(x, w, targets, weights, 0.1), (x, weight))


def test_only_what_is_asked_for_gets_a_gradient():
    x, weight, targets, _ = inputs(4, 0)
    (alone,) = torch.autograd.grad(linear_cross_entropy(x.detach(), weight, targets), weight)
    both = torch.autograd.grad(linear_cross_entropy(x, weight, targets), (x, weight))
    torch.testing.assert_close(alone, both[1])


def test_a_target_of_weight_0_may_be_anything_and_no_weight_at_all_is_0():
    x, weight, targets, weights = inputs(6, 0)
    odd = targets.masked_fill(weights == 0, -100)
    torch.testing.assert_close(
        linear_cross_entropy(x, weight, odd, weights), linear_cross_entropy(x, weight, targets, weights)
    )
    value = linear_cross_entropy(x, weight, odd, torch.zeros(6))
    (slope,) = torch.autograd.grad(value, x)
    assert value == 0
    assert not slope.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_under_autocast_the_loss_is_nearly_the_same(dtype):
    x, weight, targets, weights = inputs(40, 1, torch.float32)
    exact = whole(x, weight, targets, weights, 0)
    by = torch.autograd.grad(exact, (x, weight))
    with torch.autocast("cpu", torch.bfloat16):
        value = linear_cross_entropy(x.to(dtype), weight, targets, weights)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, exact, rtol=2e-2, atol=2e-2)
    for mine, other in zip(torch.autograd.grad(value, (x, weight)), by, strict=True):
        torch.testing.assert_close(mine, other, rtol=5e-2, atol=1e-2)
