"""The norms written out are torch's, in float64, where a wrong epsilon or an unbiased variance cannot hide."""

import pytest
import torch
import torch.nn.functional as F

from coursekit.nn.norm import RMSNorm, layer_norm, rms_norm

D = 7
EPS = (1e-12, 1e-6, 1e-5, 0.1)


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def inputs(*shape):
    return draw(*shape, D).requires_grad_(), draw(D, seed=1).requires_grad_(), draw(D, seed=2).requires_grad_()


def same(ours, theirs, leaves):
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)
    toward = draw(*ours.shape, seed=9)
    a, b = (torch.autograd.grad((y * toward).sum(), leaves) for y in (ours, theirs))
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("eps", EPS)
@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 5)])
def test_equal_torch_and_so_do_the_gradients(eps, shape):
    x, gain, bias = leaves = inputs(*shape)
    same(layer_norm(x, gain, bias, eps), F.layer_norm(x, (D,), gain, bias, eps), leaves)
    same(layer_norm(x, gain, None, eps), F.layer_norm(x, (D,), gain, None, eps), leaves[:2])
    same(rms_norm(x, gain, eps), F.rms_norm(x, (D,), gain, eps), leaves[:2])


def test_the_layers():
    x, gain, bias = inputs(2, 3)
    layer, theirs = torch.nn.LayerNorm(D, eps=1e-3).double(), torch.nn.RMSNorm(D, eps=1e-3).double()
    ours = RMSNorm(D, eps=1e-3).double()
    with torch.no_grad():
        for p, value in ((layer.weight, gain), (layer.bias, bias), (theirs.weight, gain), (ours.weight, gain)):
            p.copy_(value)
    torch.testing.assert_close(layer_norm(x, gain, bias, 1e-3), layer(x), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-12, atol=1e-13)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert repr(ours) == "RMSNorm(7, eps=0.001)"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x, gain, bias: layer_norm(x, gain, bias, 1e-6),  # transformers' BERT has 1e-12, GPT-2 1e-5, LLaMA 1e-6
        lambda x, gain, bias: (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True) * gain + bias,
        lambda x, gain, bias: (
            (x - x.mean(-1, keepdim=True)) / (x.std(-1, correction=0, keepdim=True) + 1e-5) * gain + bias
        ),
        lambda x, gain, bias: rms_norm(x, gain, 1e-5) + bias,
    ],
    ids=["epsilon", "unbiased", "epsilon outside the root", "mean kept"],
)
def test_a_wrong_norm_is_seen(wrong):
    x, gain, bias = inputs(4)
    with pytest.raises(AssertionError):
        torch.testing.assert_close(wrong(x, gain, bias), F.layer_norm(x, (D,), gain, bias), rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_squares_in_float32(dtype):
    x, gain, bias = (t.detach().to(dtype) for t in inputs(4))
    x = x * 1000  # the square of which is no float16
    for ours, theirs in [
        (layer_norm(x, gain, bias), F.layer_norm(x, (D,), gain, bias)),
        (rms_norm(x, gain, 1e-5), F.rms_norm(x, (D,), gain, 1e-5)),
    ]:
        assert ours.dtype == dtype and ours.isfinite().all()
        torch.testing.assert_close(ours, theirs, rtol=4 * torch.finfo(dtype).eps, atol=4 * torch.finfo(dtype).eps)


def test_a_vector_of_equal_numbers_gives_no_nan():
    x, gain, bias = torch.full((1, D), 3.0), torch.ones(D), torch.full((D,), 0.5)
    assert torch.equal(layer_norm(x, gain, bias), bias[None])
    assert not rms_norm(torch.zeros(1, D), gain).any()
