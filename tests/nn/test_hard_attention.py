"""Draws come from the weights and are the same everywhere; REINFORCE is unbiased: its mean is the exact gradient."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.nn.hard_attention import Baseline, drawn_position, entropy, largest, log_prob, others, reinforce, rest


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(*shape, seed=0):
    return torch.randn(shape, generator=seeded(seed), dtype=torch.float64)


def test_positions_are_drawn_as_often_as_their_weights_say():
    weights = torch.tensor([0.0, 0.2, 0.0, 0.5, 0.3, 0.0])
    n = 20_000
    often = drawn_position(weights.expand(n, -1), seeded()).mean(0)
    error = (weights * (1 - weights) / n).sqrt()
    assert ((often - weights).abs() <= 4 * error).all()
    assert not often[weights == 0].any()  # not once


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@settings(deadline=None, max_examples=20)
@given(st.integers(1, 5), st.integers(1, 70), st.integers(0, 2**31))
def test_a_choice_is_one_position_that_has_a_weight(dtype, rows, positions, seed):
    """Also where the weights, rounded, no longer sum to 1."""
    scores = 8 * draw(rows, positions, seed=seed)
    scores[:, 1::2] = -torch.inf
    weights = scores.softmax(-1).to(dtype)
    for choice in (drawn_position(weights, seeded(seed)), largest(weights)):
        assert choice.dtype == dtype and choice.sum(-1).eq(1).all() and choice.max(-1).values.eq(1).all()
        assert (weights[choice == 1] > 0).all()
    assert torch.equal(largest(weights).argmax(-1), weights.argmax(-1))


@pytest.mark.parametrize(("u", "position"), [(0.0, 1), (1 - 2**-53, 3)])
def test_the_first_and_the_last_number_find_a_position(monkeypatch, u, position):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape[0], u, dtype=torch.float64))
    weights = torch.tensor([[0, 0.1, 0.6, 0.3, 0, 0]])  # in float32 they sum to more than 1
    assert drawn_position(weights, seeded()).argmax().item() == position


def test_the_same_seed_draws_the_same_positions():
    weights = draw(50, 9).softmax(-1)
    a, b = (drawn_position(weights.to(dtype), seeded(3)) for dtype in (torch.float64, torch.float32))
    assert torch.equal(a, b.double())
    assert not torch.equal(a, drawn_position(weights, seeded(4)))
    # One uniform number in float64 a row, inverted.
    u = torch.rand(50, generator=seeded(3), dtype=torch.float64)
    assert a.argmax(-1).tolist() == [int((row.cumsum(0) <= x).sum()) for row, x in zip(weights, u, strict=True)]


def test_where_nothing_may_be_seen_nothing_is_chosen():
    weights = torch.zeros(2, 3, requires_grad=True)
    for choice in (drawn_position(weights, seeded()), largest(weights)):
        assert not choice.any()
        (gradient,) = torch.autograd.grad((log_prob(weights, choice) + entropy(weights)).sum(), weights)
        assert gradient.isfinite().all()


def test_log_prob_and_entropy():
    weights = torch.tensor([[0.5, 0.25, 0.25, 0.0], [0.0, 1.0, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]]).double()
    choice = torch.tensor([[0.0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]).double()
    assert log_prob(weights, choice).tolist() == pytest.approx([math.log(0.25), 0, math.log(0.25)])
    assert entropy(weights).tolist() == pytest.approx([1.5 * math.log(2), 0, math.log(4)])
    scores = draw(2, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: entropy(s.softmax(-1)), scores)
    far = torch.tensor([[0.0, -1e4]], requires_grad=True)  # a weight that is 0 after rounding
    assert torch.autograd.grad(entropy(far.softmax(-1)).sum(), far)[0].isfinite().all()


T = 3


@pytest.mark.parametrize("baseline", [0.0, torch.tensor([-1.7, 0.4])])
@pytest.mark.parametrize("credit", ["all", "rest"])
def test_the_mean_over_all_choices_is_the_exact_gradient(baseline, credit):
    """Two choices i and j, of which the second depends on the first, earn r(i) and then r(i, j)."""
    scores, r1, r2 = draw(1 + T, T).requires_grad_(), draw(T, seed=1), draw(T, T, seed=2)
    a, b = scores[0].softmax(-1), scores[1:].softmax(-1)  # p(i), p(j | i)
    exact = sum(a[i] * b[i, j] * (r1[i] + r2[i, j]) for i, j in itertools.product(range(T), repeat=2))
    estimate = 0
    for i, j in itertools.product(range(T), repeat=2):
        rewards = torch.stack([r1[i], r2[i, j]])[None]
        reward = rest(rewards) if credit == "rest" else rewards.sum(1, keepdim=True)
        log_p = torch.stack([a[i], b[i, j]])[None].log()
        estimate += (a[i] * b[i, j]).detach() * reinforce(log_p, reward, baseline).sum()
    ours, theirs = (torch.autograd.grad(x, scores, retain_graph=True)[0] for x in (estimate, exact))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    assert theirs.abs().min() > 1e-4


def test_many_draws_come_near_the_exact_gradient_and_a_baseline_makes_them_vary_less():
    scores, reward = draw(4).requires_grad_(), draw(4, seed=1) - 10
    a = scores.softmax(-1)
    (exact,) = torch.autograd.grad((a * reward).sum(), scores, retain_graph=True)
    n = 4000
    choice = drawn_position(a.expand(n, -1), seeded(5))
    earned = (choice * reward).sum(-1, keepdim=True)
    spread = {}
    for name, baseline in {"none": 0.0, "mean": earned.mean()}.items():
        leaf = scores.detach().expand(n, -1).clone().requires_grad_()  # a copy for each draw: n gradients at once
        log_p = log_prob(leaf.softmax(-1), choice)[:, None]
        (each,) = torch.autograd.grad(reinforce(log_p, earned, baseline).sum(), leaf)
        spread[name] = each.std(0)
        assert ((each.mean(0) - exact).abs() <= 4 * spread[name] / n**0.5).all()
    assert (spread["mean"] < spread["none"] / 5).all()


def test_each_draw_has_the_mean_of_the_others_as_its_baseline():
    reward = torch.tensor([[1.0, 10.0], [2.0, 20.0], [6.0, 0.0], [5.0, 1.0], [5.0, 1.0], [5.0, 1.0]])
    assert others(reward, 3).tolist() == [[4, 10], [3.5, 5], [1.5, 15], [5, 1], [5, 1], [5, 1]]
    assert others(reward[:2], 2).tolist() == [[2, 20], [1, 10]]


def test_with_the_others_as_baseline_the_mean_is_the_exact_gradient():
    """All pairs of draws of one look; a baseline that counts the draw itself (a wrong version) halves the gradient."""
    scores, r = draw(T).requires_grad_(), draw(T, seed=1)
    a = scores.softmax(-1)
    (exact,) = torch.autograd.grad((a * r).sum(), scores, retain_graph=True)

    def expected(baseline):
        total = 0
        for i, j in itertools.product(range(T), repeat=2):
            reward, log_p = r[[i, j]][:, None], a[[i, j]].log()[:, None]
            total += (a[i] * a[j]).detach() * reinforce(log_p, reward, baseline(reward)).mean()
        return torch.autograd.grad(total, scores, retain_graph=True)[0]

    torch.testing.assert_close(expected(lambda reward: others(reward, 2)), exact, rtol=0, atol=1e-12)
    torch.testing.assert_close(expected(lambda reward: reward.mean()), exact / 2, rtol=0, atol=1e-12)


def test_rest_is_the_sum_from_each_step_on():
    assert rest(torch.tensor([[1.0, 2.0, 4.0], [0.0, 0.0, 8.0]])).tolist() == [[7, 6, 4], [8, 8, 8]]


def test_the_baseline_is_a_moving_average_for_each_step():
    baseline = Baseline(3)
    assert baseline(3).tolist() == [0, 0, 0]
    baseline.update(torch.tensor([[2.0, 5.0], [4.0, 7.0]]), torch.tensor([[True, False], [True, False]]))
    assert baseline(3).tolist() == [3, 0, 0]
    baseline.update(torch.tensor([[1.0, 6.0], [9.0, 0.0]]), torch.tensor([[True, True], [False, False]]))
    assert baseline(2).tolist() == pytest.approx([0.9 * 3 + 0.1 * 1, 6])
    other = Baseline(3)
    other.load_state_dict(baseline.state_dict())
    assert torch.equal(other(3), baseline(3))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Baseline(0), "steps must be 1 or more"),
        (lambda: Baseline(keep=1), "keep at least 0 and below 1; got 1 and 1"),
        (lambda: Baseline(2).update(torch.zeros(1, 3), torch.ones(1, 3).bool()), "3 steps, but this baseline has 2"),
        (lambda: others(torch.zeros(6, 1), 1), "6 rewards of 1 draws each: give 2 draws or more of every caption"),
        (lambda: others(torch.zeros(6, 1), 4), "6 rewards of 4 draws each"),
        (lambda: reinforce(torch.zeros(2, 3), torch.zeros(2, 2)), "reward .*2, 2.* choices .*2, 3"),
        (lambda: drawn_position(torch.tensor([[0.5, torch.nan]]), seeded()), "NaN"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
