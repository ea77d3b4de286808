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


def test_no_target_and_wrong_targets():
    """As F.cross_entropy has it; and every other number that is no id is said, also the last one of a text."""
    x, weight, targets, _ = inputs(6, 0)
    targets[2] = -100
    ours, theirs = linear_cross_entropy(x, weight, targets), F.cross_entropy(F.linear(x, weight), targets)
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(
        torch.autograd.grad(ours, (x, weight)), torch.autograd.grad(theirs, (x, weight)), strict=True
    ):
        torch.testing.assert_close(mine, other)
    for wrong in (V, -1):
        targets[3] = wrong
        with pytest.raises(ValueError, match=f"target {wrong} lies outside the vocabulary, whose ids are 0 to {V - 1}"):
            linear_cross_entropy(x, weight, targets)


@pytest.mark.parametrize("smoothing", [-0.1, 1, 2])
def test_smoothing_is_a_share(smoothing):
    x, weight, targets, _ = inputs(4, 0)
    with pytest.raises(ValueError, match=f"smoothing = {smoothing} is no share"):
        linear_cross_entropy(x, weight, targets, smoothing=smoothing)


def test_backward_twice_and_never_a_second_derivative():
    """With create_graph a gradient penalty would be passed over without a word."""
    x, weight, targets, weights = inputs(6, 0)
    value = linear_cross_entropy(x, weight, targets, weights)
    first, again = (torch.autograd.grad(value, (x, weight), retain_graph=True) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    with pytest.raises(ValueError, match="not differentiable again"):
        torch.autograd.grad(value, x, create_graph=True)


def test_no_gradient_is_computed_for_nothing(monkeypatch):
    x, weight, targets, weights = inputs(6, 0)
    before = linear_cross_entropy(x, weight, targets, weights)

    def called(*_):
        raise AssertionError

    monkeypatch.setattr(module, "slope", called)
    with torch.no_grad():
        torch.testing.assert_close(linear_cross_entropy(x, weight, targets, weights), before.detach())


def test_a_small_share_of_many_rows_is_not_lost_in_float16():
    """A word of 2,000 in one of 4,096 rows moves its logit by 1e-7, where float16 ends; the loss is scaled later."""
    g = torch.Generator().manual_seed(0)
    x, weight = torch.randn(4096, 16, generator=g), torch.randn(2000, 16, generator=g) / 10
    targets = torch.randint(2000, (4096,), generator=g)

    def slopes(half, loss):
        leaves = x.clone().requires_grad_(), weight.clone().requires_grad_()
        with torch.autocast("cpu", torch.float16, enabled=half):
            value = loss(*leaves)
        return torch.autograd.grad(65536 * value, leaves)

    exact = slopes(False, lambda a, b: F.cross_entropy(F.linear(a, b), targets))
    for mine, other in zip(slopes(True, lambda a, b: linear_cross_entropy(a, b, targets)), exact, strict=True):
        assert (mine - other).norm() < 1e-3 * other.norm()


def test_weights_in_bfloat16_add_up_in_float32(monkeypatch):
    """128 blocks: a sum in bfloat16 would be wrong by several percent."""
    monkeypatch.setattr(module, "BLOCK", 32)
    x, weight, targets, _ = inputs(4096, 0, torch.float32)
    (exact,) = torch.autograd.grad(F.cross_entropy(F.linear(x, weight), targets), weight)
    half = weight.detach().bfloat16().requires_grad_()
    (found,) = torch.autograd.grad(linear_cross_entropy(x.detach().bfloat16(), half, targets), half)
    assert found.dtype == torch.bfloat16
    assert (found - exact).norm() < 6e-3 * exact.norm()


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
