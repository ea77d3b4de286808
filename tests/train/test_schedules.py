"""Schedules: a rise in a line, 1 at the end of it, and then what each is named after."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from coursekit.errors import CourseError
from coursekit.train import fit, vaswani_peak, warmup_constant, warmup_cosine, warmup_inverse_root, warmup_linear
from coursekit.train.schedule import SCHEDULES


@given(st.sampled_from(sorted(SCHEDULES)), st.integers(0, 50), st.integers(1, 200))
def test_all_rise_in_a_line_to_1_and_never_rise_again(name, warmup, more):
    steps, schedule = warmup + more, SCHEDULES[name]
    factors = [schedule(step, steps, warmup) for step in range(steps)]
    assert factors[: warmup + 1] == pytest.approx([(step + 1) / (warmup + 1) for step in range(warmup + 1)])
    after = factors[warmup:]
    assert after == sorted(after, reverse=True) and after[-1] > 0


@given(st.integers(1, 30), st.integers(0, 30))
def test_linear_and_cosine_end_at_0_and_agree_half_way(half, warmup):
    steps = warmup + 2 * half
    assert warmup_linear(steps, steps, warmup) == warmup_cosine(steps + 3, steps, warmup) == 0
    assert warmup_linear(steps + 3, steps, warmup) == 0
    middle = warmup + half
    assert warmup_linear(middle, steps, warmup) == pytest.approx(warmup_cosine(middle, steps, warmup)) == 0.5


def test_linear_is_torchs_and_transformers():
    transformers = pytest.importorskip("transformers")
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = transformers.get_linear_schedule_with_warmup(optimizer, 0, 40)  # with a warm-up they begin at 0
    for step in range(40):
        assert theirs.get_last_lr()[0] == pytest.approx(warmup_linear(step, 40, 0))
        optimizer.step()
        theirs.step()


@given(st.integers(1, 1024), st.integers(0, 5000), st.integers(0, 20000))
def test_the_inverse_root_is_the_papers_equation_3(width, warmup, step):
    n, w = step + 1, warmup + 1
    paper = width**-0.5 * min(n**-0.5, n * w**-1.5)
    ours = vaswani_peak(width, warmup) * warmup_inverse_root(step, 10**6, warmup)
    assert ours == pytest.approx(paper)


def small(**options):
    model = nn.Linear(1, 1)
    return fit(model, lambda step: torch.ones(2, 1), lambda m, x: m(x).square().mean(), lr=0.1, **options)


@pytest.mark.parametrize("name", SCHEDULES)
def test_fit_follows_the_schedule_by_name_or_function(name):
    history = small(steps=12, warmup=3, schedule=name)
    assert history.lr == [0.1 * SCHEDULES[name](step, 12, 3) for step in range(12)]
    assert small(steps=12, warmup=3, schedule=SCHEDULES[name]).lr == history.lr
    assert small(steps=2, schedule=lambda step, steps, warmup: 1 / (step + 1)).lr == [0.1, 0.05]


def test_a_checkpoint_knows_its_schedule(tmp_path):
    path = tmp_path / "run.safetensors"
    small(steps=4, checkpoint=path)
    small(steps=4, checkpoint=path, schedule=warmup_cosine)  # the usual one, by another name
    with pytest.raises(CourseError, match="was made with schedule = cosine: use that"):
        small(steps=4, checkpoint=path, schedule="linear")
    (tmp_path / "run.safetensors").unlink()
    small(steps=4, checkpoint=path, schedule="linear")
    with pytest.raises(CourseError, match="was made with schedule = linear: use that"):
        small(steps=4, checkpoint=path, schedule=warmup_constant)


@pytest.mark.parametrize("factor", [-1.0, math.nan, math.inf])
def test_a_schedule_that_goes_uphill_is_one_sentence(factor):
    with pytest.raises(ValueError, match=r"the schedule gives .* at step 0"):
        small(steps=2, schedule=lambda step, steps, warmup: factor)


def test_an_unknown_schedule_is_one_sentence():
    with pytest.raises(ValueError, match=r"no schedule 'noam': choose one of cosine, linear, inverse_root, constant"):
        small(steps=2, schedule="noam")
