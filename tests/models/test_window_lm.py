"""The window model equals its equation, sees its window only, and scores like every other model."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.models import WindowLM, WindowLMConfig

V, N = 7, 3


def small(direct=False, dtype=torch.float32, seed=0):
    config = WindowLMConfig(V, context=N, width=4, hidden=5, direct=direct)
    model = WindowLM(config, torch.Generator().manual_seed(seed)).to(dtype)
    with torch.no_grad():
        for p in model.parameters():  # biases and direct connections too, which start at zero
            p += torch.linspace(-0.3, 0.3, p.numel(), dtype=dtype).view_as(p)
    return model


@pytest.mark.parametrize("direct", [False, True])
@settings(deadline=None, max_examples=10)
@given(st.lists(st.lists(st.integers(0, V - 1), min_size=N, max_size=N), min_size=1, max_size=4))
def test_equals_the_equation(direct, context):
    """y = b + W x + U tanh(d + H x), written out in numpy."""
    model = small(direct, torch.float64)
    p = {name: value.detach().numpy() for name, value in model.named_parameters()}
    for row, y in zip(context, model(torch.tensor(context)).detach().numpy(), strict=True):
        x = np.concatenate([p["embed.weight"][word] for word in row])
        written_out = p["output.bias"] + p["output.weight"] @ np.tanh(p["hidden.bias"] + p["hidden.weight"] @ x)
        if direct:
            written_out = written_out + p["direct.weight"] @ x
        np.testing.assert_allclose(y, written_out, rtol=1e-12)


def test_gradients_equal_numerical_ones():
    model = small(direct=True, dtype=torch.float64)
    names, values = zip(*model.named_parameters(), strict=True)
    context = torch.tensor([[1, 2, 3], [6, 6, 0]])

    def run(*weights):
        return torch.func.functional_call(model, dict(zip(names, weights, strict=True)), (context,))

    assert torch.autograd.gradcheck(run, values)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, V - 1), max_size=8))
def test_scores_are_the_distribution_word_by_word(sequence):
    model = small()
    one_by_one = [model.distribution(sequence[:t])[word] for t, word in enumerate(sequence)]
    np.testing.assert_allclose(np.exp(model.log_prob(sequence)), one_by_one, rtol=1e-5)
    assert model.log_prob(sequence).dtype == np.float64


def test_distributions_sum_to_one_and_only_the_window_counts():
    model = small()
    assert model.distribution([]).sum() == pytest.approx(1, abs=1e-12)
    np.testing.assert_array_equal(model.distribution([5, 1, 2, 3]), model.distribution([6, 6, 1, 2, 3]))
    assert not np.array_equal(model.distribution([1, 2, 3]), model.distribution([3, 2, 1]))


def test_batches_change_nothing():
    model, rows = small(), [[1, 2, 3, 4], [], [5], [0, 6]]
    for few, all_at_once in zip(model.log_probs(rows, batch_size=2), model.log_probs(rows), strict=True):
        np.testing.assert_allclose(few, all_at_once, rtol=1e-6)
    assert model.log_probs([]) == []
    assert all(tensor.is_meta for tensor in model.to("meta").windows(rows))  # they are made where the model is


def test_the_first_weights_are_drawn_in_double_precision_from_the_generator():
    def seed(n):
        return torch.Generator().manual_seed(n)

    drawn = torch.randn(V, 4, generator=seed(3), dtype=torch.float64).float()
    fresh = WindowLM(WindowLMConfig(V, N, 4, 5), seed(3))
    assert torch.equal(fresh.embed.weight, drawn)
    assert torch.equal(WindowLM(WindowLMConfig(V)).embed.weight, WindowLM(WindowLMConfig(V), seed(0)).embed.weight)
    assert torch.equal(WindowLM(WindowLMConfig(V)).embed.weight, WindowLM(WindowLMConfig(V)).embed.weight)


def test_the_first_weights_have_variance_one_over_fan_in():
    """So the input of a hidden unit starts with variance 1, whatever the sizes."""
    model = WindowLM(WindowLMConfig(3000, context=5, width=20, hidden=400, direct=True))
    stds = {name: p.std(correction=0).item() for name, p in model.named_parameters()}
    expected = {"embed.weight": 1, "hidden.weight": 100**-0.5, "output.weight": 400**-0.5}
    assert {name: stds[name] for name in expected} == pytest.approx(expected, rel=0.03)
    assert [stds[name] for name in ("hidden.bias", "output.bias", "direct.weight")] == [0, 0, 0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_scores_are_normalised_in_double_precision_whatever_the_model_computes_in(dtype):
    model = small(dtype=dtype)
    context, word = model.windows([[1, 2, 3, 6]])
    with torch.inference_mode():
        log_p = torch.log_softmax(model(context).double(), -1)[range(4), word]
    np.testing.assert_allclose(model.log_prob([1, 2, 3, 6]), log_p.numpy(), rtol=1e-14)
    assert model.distribution([1]).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.full
def test_compiled_without_a_break_it_computes_the_same():
    code = """
import torch
from coursekit.models import WindowLM, WindowLMConfig
model = WindowLM(WindowLMConfig(50, direct=True))
context = torch.arange(28).view(7, 4)
torch.testing.assert_close(torch.compile(model, fullgraph=True)(context), model(context))
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300, env=os.environ | {"JAXTYPING_DISABLE": "1"})


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: WindowLMConfig(1), "vocabulary of 1"),
        (lambda: WindowLMConfig(V, context=0), "1 or more"),
        (lambda: WindowLMConfig(2), "bos = 2"),
        (lambda: small().log_prob([V]), f"id {V} lies outside"),
        (lambda: small().distribution([-1]), "id -1 lies outside"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
