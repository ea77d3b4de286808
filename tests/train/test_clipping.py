"""Clipping equals torch's to the last bit, keeps what it promises, and does nothing silently."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from coursekit.errors import CourseError
from coursekit.train import clip_by_norm, clip_by_value

SHAPES = [(3, 4), (5,), (), (0, 2), (2, 1, 3)]


def parameters(scale=1.0, seed=0, dtype=torch.float64, missing=()):
    """Parameters of odd shapes with drawn gradients; those in `missing` have none."""
    draw = torch.Generator().manual_seed(seed)
    made = [nn.Parameter(torch.zeros(shape, dtype=dtype)) for shape in SHAPES]
    for i, p in enumerate(made):
        gradient = torch.randn(p.shape, generator=draw, dtype=torch.float64).to(dtype) * scale
        p.grad = None if i in missing else gradient
    return made


def gradients(made):
    return [None if p.grad is None else p.grad.clone() for p in made]


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None and b is None) or torch.equal(a, b)


@settings(deadline=None, max_examples=40)
@given(
    st.floats(1e-8, 1e8),
    st.one_of(st.floats(1e-6, 1e6), st.integers(1, 50), st.just(math.inf)),
    st.integers(0, 99),
    st.sampled_from([torch.float64, torch.float32]),
    st.sets(st.integers(0, 3)),
)
def test_equals_torch_to_the_last_bit(scale, most, seed, dtype, missing):
    ours, theirs = (parameters(scale, seed, dtype, missing) for _ in range(2))
    assert torch.equal(clip_by_norm(ours, most), nn.utils.clip_grad_norm_(theirs, most))
    same(gradients(ours), gradients(theirs))
    ours, theirs = (parameters(scale, seed, dtype, missing) for _ in range(2))
    clip_by_value(ours, most)
    nn.utils.clip_grad_value_(theirs, most)
    same(gradients(ours), gradients(theirs))


def joint(made):
    return torch.cat([p.grad.flatten() for p in made]).norm()


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_the_norm_that_comes_back_is_the_one_before(clip):
    made = parameters(100.0)
    before = joint(made)
    torch.testing.assert_close(clip(made, 1.0), before)
    assert joint(made) < before


def test_by_norm_keeps_the_direction_and_by_value_does_not():
    p = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    p.grad = torch.tensor([30.0, 40.0], dtype=torch.float64)
    assert clip_by_norm(p, 5) == 50
    torch.testing.assert_close(p.grad, torch.tensor([3.0, 4.0], dtype=torch.float64), rtol=1e-6, atol=0)
    p.grad = torch.tensor([30.0, -40.0], dtype=torch.float64)
    assert clip_by_value(p, 35) == 50
    assert p.grad.tolist() == [30.0, -35.0]


def test_the_norm_is_of_all_gradients_together():
    """Clipping each by itself would change the direction: (3, 4) in two parameters."""
    made = [nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))]
    made[0].grad, made[1].grad = torch.tensor([3.0]), torch.tensor([4.0])
    assert clip_by_norm(made, 1) == 5
    assert [p.grad.item() for p in made] == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_a_gradient_within_the_limit_is_left_bit_for_bit(clip):
    made = parameters()
    before = gradients(made)
    clip(made, 1e3)
    same(gradients(made), before)


def test_any_iterable_of_parameters_and_a_model_will_do():
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    model(torch.ones(4, 3)).sum().backward()
    assert clip_by_norm(model.parameters(), 1e9) == pytest.approx(math.sqrt(6 * 16))
    assert clip_by_norm((p for p in model.parameters()), 1e-3) == pytest.approx(math.sqrt(6 * 16))
    assert model.weight.grad.norm() == pytest.approx(1e-3, rel=1e-5)


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_norm_that_is_not_finite_is_said_and_touches_nothing(clip, bad):
    made = parameters(100.0)
    made[1].grad[2] = bad
    before = gradients(made)
    with pytest.raises(CourseError, match=r"norm is (nan|inf), which no clipping mends: lower the learning rate"):
        clip(made, 1.0)
    for p, g in zip(made, before, strict=True):
        assert torch.equal(p.grad.nan_to_num(), g.nan_to_num())


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize(
    ("made", "most", "says"),
    [
        ([], 1.0, "there are no parameters"),
        (list(nn.Linear(2, 2).parameters()), 1.0, "no parameter has a gradient: call loss.backward"),
        (nn.Parameter(torch.zeros(2)), 1.0, "no parameter has a gradient"),
        (parameters(), 0, "most = 0 leaves no gradient"),
        (parameters(), -1.5, "most = -1.5 leaves no gradient"),
        (parameters(), math.nan, "most = nan leaves no gradient"),
    ],
)
def test_wrong_input_is_one_sentence(clip, made, most, says):
    with pytest.raises(ValueError, match=says):
        clip(made, most)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
@pytest.mark.parametrize(
    "given", [nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)), dict(nn.Linear(2, 2).named_parameters()).items()]
)
def test_what_is_no_parameter_is_said(clip, given):
    with pytest.raises(ValueError, match=r"parameters must be tensors, .* give model.parameters\(\)"):
        clip(given, 1.0)


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_sparse_gradients_are_named(clip):
    table = nn.Embedding(5, 3, sparse=True)
    table(torch.tensor([1, 1, 2])).sum().backward()
    with pytest.raises(ValueError, match=r"sparse .* sparse=False"):
        clip(table.parameters(), 1.0)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e30), (torch.float16, 6e4)])
def test_an_exploded_gradient_is_clipped_as_long_as_its_entries_are_numbers(dtype, size):
    """Its squares overflow, so that torch meets an infinite norm, and makes every entry 0."""
    p = nn.Parameter(torch.zeros(2, dtype=dtype))
    p.grad = torch.tensor([size, -size], dtype=dtype)
    assert clip_by_norm(p, 1).item() == pytest.approx(size * math.sqrt(2), rel=1e-3)
    torch.testing.assert_close(p.grad, torch.tensor([0.5**0.5, -(0.5**0.5)], dtype=dtype), rtol=1e-3, atol=0)


def test_an_iterator_that_was_used_up_is_named():
    """torch returns a norm of 0 here, and nothing is ever clipped."""
    all_of_them = nn.Linear(2, 2).parameters()
    list(all_of_them)
    with pytest.raises(ValueError, match="an iterator, used up before"):
        clip_by_norm(all_of_them, 1.0)
