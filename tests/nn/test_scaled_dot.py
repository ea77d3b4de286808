"""Attention by its equation, one number at a time; the fused way and its gradients equal it, under every mask, with
shared heads; rows that may look nowhere are zeros; half precision; what is refused."""

import math
from itertools import product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.nn.masks import causal, padding, prefix, sliding
from coursekit.nn.scaled_dot import attend, written_out

B, S, T, D = 3, 5, 7, 6
LENGTHS = torch.tensor([7, 4, 0])  # the last row may look nowhere
DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()

MASKS = {
    "none": None,
    "causal": causal(S, T),
    "sliding": sliding(S, 3, T),
    "padding": padding(LENGTHS, T)[:, None, None],
    "left": padding(LENGTHS, T, left=True)[:, None, None],
    "both": causal(S, T) & padding(LENGTHS, T)[:, None, None],
    "prefix": prefix(LENGTHS, T)[:, None, -S:],
    "heads": torch.rand(B, 6, S, T, generator=torch.Generator().manual_seed(5)) < 0.6,
}
BIASES = {
    "none": None,
    "H S T": torch.randn(6, S, T, generator=torch.Generator().manual_seed(6), dtype=torch.float64),
    "B 1 1 T": torch.randn(B, 1, 1, T, generator=torch.Generator().manual_seed(7), dtype=torch.float64),
}


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def inputs(heads=6, groups=6, queries=S, keys=T, dtype=torch.float64, size=D):
    shapes = (B, heads, queries, size), (B, groups, keys, size), (B, groups, keys, size)
    return [draw(*shape, seed=i, dtype=dtype).requires_grad_() for i, shape in enumerate(shapes)]


def number_by_number(q, k, v, mask, bias, scale):
    """The equation with loops over plain numbers; keys of a group repeated."""
    share = q.size(1) // k.size(1)
    shape = *q.shape[:3], k.size(2)
    mask = (torch.ones(shape, dtype=torch.bool) if mask is None else mask.expand(shape)).tolist()
    bias = (torch.zeros(shape, dtype=q.dtype) if bias is None else bias.expand(shape)).tolist()
    q, k, v = (x.detach().tolist() for x in (q, k.repeat_interleave(share, 1), v.repeat_interleave(share, 1)))
    weights = torch.zeros(shape, dtype=torch.float64)
    context = torch.zeros(*shape[:3], len(v[0][0][0]), dtype=torch.float64)
    for b, h, i in product(*map(range, shape[:3])):
        e = [0.0] * shape[3]
        for j in range(shape[3]):
            if mask[b][h][i][j]:
                e[j] = math.exp(
                    sum(x * y for x, y in zip(q[b][h][i], k[b][h][j], strict=True)) * scale + bias[b][h][i][j]
                )
        a = [x / (sum(e) or 1) for x in e]
        weights[b, h, i] = torch.tensor(a, dtype=torch.float64)
        for j, share in enumerate(a):
            context[b, h, i] += share * torch.tensor(v[b][h][j], dtype=torch.float64)
    return context, weights


def same(ours, theirs, leaves, rtol=1e-10, atol=1e-12):
    torch.testing.assert_close(ours, theirs, rtol=rtol, atol=atol)
    toward = draw(*ours.shape, seed=9).to(ours)
    a, b = (torch.autograd.grad((y * toward).sum(), leaves, retain_graph=True) for y in (ours, theirs))
    for x, y in zip(a, b, strict=True):
        assert x.isfinite().all()
        torch.testing.assert_close(x, y, rtol=rtol, atol=atol)


@pytest.mark.parametrize("groups", [6, 3, 1])
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("mask", MASKS)
def test_written_out_is_the_equation_and_fused_is_written_out(mask, bias, groups):
    leaves = q, k, v = inputs(groups=groups)
    bias = None if BIASES[bias] is None else BIASES[bias].clone().requires_grad_()
    given = q, k, v, MASKS[mask], bias
    context, weights = written_out(*given)
    expected = number_by_number(*given, D**-0.5)
    for a, b in zip((context, weights), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)
    wanted = leaves if bias is None else [*leaves, bias]
    same(attend(*given), context, wanted)
    if bias is not None:  # one that is not learnt (ALiBi) goes the kernel's faster way
        same(attend(*given[:4], bias.detach()), context, leaves)
    if MASKS[mask] is not None:
        assert not weights[~MASKS[mask].expand_as(weights)].any()


@pytest.mark.parametrize("groups", [6, 2])
@pytest.mark.parametrize(("queries", "keys"), [(7, 7), (3, 7), (1, 7), (1, 1)])
@pytest.mark.parametrize("mask", [None, "padding"])
@pytest.mark.parametrize("bias", [None, "B 1 1 T"])
def test_causal_is_the_mask_of_that_name(queries, keys, groups, mask, bias):
    leaves = inputs(groups=groups, queries=queries, keys=keys)
    words = None if mask is None else padding(LENGTHS.clamp(max=keys), keys)[:, None, None]
    bias = None if bias is None else BIASES[bias][..., :keys]
    joined = causal(queries, keys) if words is None else causal(queries, keys) & words
    expected, weights = written_out(*leaves, joined, bias)
    same(attend(*leaves, words, bias, causal=True), expected, leaves)
    torch.testing.assert_close(written_out(*leaves, words, bias, causal=True)[1], weights)


@pytest.mark.parametrize("groups", [6, 2, 1])
@pytest.mark.parametrize("mask", ["none", "causal", "padding", "both", "heads"])
@pytest.mark.parametrize("bias", BIASES)
def test_one_query_at_a_time_is_all_at_once(groups, mask, bias):
    """As in decoding, where the heads of a group stand in a row before their keys."""
    q, k, v = inputs(groups=groups)
    mask, bias = MASKS[mask], BIASES[bias]

    def row(x, i):
        return x if x is None or x.size(-2) == 1 else x[..., i : i + 1, :]

    whole = attend(q, k, v, mask, bias)
    for i in range(S):
        one = attend(q[:, :, i : i + 1], k, v, row(mask, i), row(bias, i))
        torch.testing.assert_close(one, whole[:, :, i : i + 1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("scale", [None, 1, 0.3])
@pytest.mark.parametrize(("groups", "queries"), [(6, S), (2, S), (2, 1)])
def test_scale(scale, groups, queries):
    leaves = q, k, v = inputs(groups=groups, queries=queries)
    context, weights = written_out(q, k, v, scale=scale)
    expected = number_by_number(q, k, v, None, None, D**-0.5 if scale is None else scale)
    torch.testing.assert_close(weights, expected[1])
    same(attend(q, k, v, scale=scale), context, leaves)
    if scale is None:  # by the root of the dimension, not by the norm of the key
        keys = k.repeat_interleave(6 // groups, 1)
        by_norm = (q @ (keys / keys.norm(dim=-1, keepdim=True)).mT).softmax(-1)
        assert (weights - by_norm).abs().max() > 0.01


def test_the_worked_example():
    """Scores of 112 and 96 over sqrt(64) are 14 and 12: weights .88 and .12."""
    q = torch.ones(1, 1, 1, 64)
    k = torch.stack([torch.full((64,), 112 / 64), torch.full((64,), 96 / 64)])[None, None]
    _, weights = written_out(q, k, k)
    assert [round(w, 2) for w in weights.flatten().tolist()] == [0.88, 0.12]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("bias", [False, True], ids=["mask", "mask and bias"])
@pytest.mark.parametrize("groups", [6, 2])
def test_a_row_that_may_look_nowhere_is_zeros_in_every_dtype(device, dtype, bias, groups):
    leaves = q, k, v = [x.detach().to(device).requires_grad_() for x in inputs(groups=groups, dtype=dtype, size=8)]
    mask = MASKS["both"].to(device)
    added = BIASES["H S T"].to(device, dtype) if bias else None
    context, weights = written_out(q, k, v, mask, added)
    for y in (context, attend(q, k, v, mask, added)):
        assert y.dtype == dtype and y.isfinite().all()
        assert not y[2].any()  # the row of length 0
        for gradient in torch.autograd.grad(y.float().square().sum(), leaves, retain_graph=True):
            assert gradient.isfinite().all() and not gradient[2].any()
    assert not weights[2].any() and not weights[~mask.expand_as(weights)].any()
    exact, _ = written_out(q.double(), k.double(), v.double(), mask, None if added is None else added.double())
    for y in (context, attend(q, k, v, mask, added)):
        torch.testing.assert_close(y.double(), exact, rtol=0, atol=20 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize("mask", ["none", "left"])
def test_a_bias_of_minus_infinity_masks(mask, learnt):
    leaves = inputs()
    bias = BIASES["H S T"].masked_fill(~MASKS["both"], -torch.inf).requires_grad_(learnt)  # B H S T
    joined = MASKS["both"] if MASKS[mask] is None else MASKS["both"] & MASKS[mask]
    expected, weights = written_out(*leaves, joined, BIASES["H S T"])
    context, biased = written_out(*leaves, MASKS[mask], bias)
    same(context, expected, leaves)
    same(attend(*leaves, MASKS[mask], bias), expected, leaves)
    assert torch.equal(biased, weights) and not context[2].any()


@pytest.mark.parametrize("groups", [6, 2])
@pytest.mark.parametrize("queries", [5, 1])
def test_no_rows_and_a_broken_bias(groups, queries):
    """A batch of nothing is one of nothing; NaN in a bias is seen in both ways, and never taken for a mask."""
    q, k, v = draw(2, 6, queries, 4), draw(2, groups, 5, 4), draw(2, groups, 5, 3)
    assert written_out(q[:0], k[:0], v[:0])[0].shape == attend(q[:0], k[:0], v[:0]).shape == (0, 6, queries, 3)
    bias = torch.zeros(queries, 5, dtype=torch.float64)
    bias[0, 1] = torch.nan
    for context in (written_out(q, k, v, bias=bias)[0], attend(q, k, v, bias=bias)):
        assert context[:, :, 0].isnan().all() and context[:, :, 1:].isfinite().all()


def test_what_torchs_own_softmax_makes_of_such_a_row():
    assert torch.full((3,), -torch.inf).softmax(0).isnan().all()
    assert torch.full((3,), -1e9).softmax(0).tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_large_numbers_in_half_precision_stay_finite(dtype):
    """q'k is 64 * 60^2 = 230,400 and overflows float16; divided by sqrt(64) it is 28,800."""
    q = torch.full((1, 1, 3, 64), 60.0, dtype=dtype)
    k = torch.cat([q[:, :, :2], -q[:, :, :1]], 2)
    mask = torch.tensor([[True, False, True]])
    for context in (written_out(q, k, k, mask)[0], attend(q, k, k, mask)):
        assert torch.equal(context, q)  # all weight on the first key


@settings(max_examples=25)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 5), st.integers(1, 6), st.data())
def test_any_shape_and_any_mask(batch, groups, share, queries, keys, data):
    heads, size = groups * share, data.draw(st.integers(1, 5))
    q = draw(batch, heads, queries, size, seed=1)
    k, v = draw(batch, groups, keys, size, seed=2), draw(batch, groups, keys, size + 1, seed=3)
    bits = data.draw(st.lists(st.booleans(), min_size=batch * queries * keys, max_size=batch * queries * keys))
    mask = torch.tensor(bits).view(batch, 1, queries, keys)
    context, weights = written_out(q, k, v, mask)
    torch.testing.assert_close(attend(q, k, v, mask), context, rtol=1e-10, atol=1e-12)
    some = mask.any(-1).expand(batch, heads, queries)
    torch.testing.assert_close(weights.sum(-1), some.double())
    whole = written_out(q, k.repeat_interleave(share, 1), v.repeat_interleave(share, 1), mask)
    torch.testing.assert_close(whole, (context, weights), rtol=1e-10, atol=1e-12)


def test_dropout_drops_weights_and_keeps_the_mean():
    q, k, v = (torch.zeros(1, 1, n, 1) for n in (400, 50, 50))
    v += 1
    torch.manual_seed(0)
    context, weights = written_out(q, k, v, dropout=0.25)
    dropped = weights == 0
    assert 0.24 < dropped.float().mean() < 0.26
    torch.testing.assert_close(weights[~dropped], torch.full_like(weights[~dropped], 1 / 50 / 0.75))
    torch.testing.assert_close(context, weights.sum(-1, keepdim=True))
    assert attend(q, k, v, dropout=0.25).mean().item() == pytest.approx(1, abs=0.01)
    assert attend(q, k, v, dropout=0.25).std() > 0.03 and attend(q, k, v).std() < 1e-6


def test_equals_torchs_function_where_that_knows_the_case():
    q, k, v = inputs(queries=T)
    for ours, theirs in [
        (attend(q, k, v), F.scaled_dot_product_attention(q, k, v)),
        (attend(q, k, v, causal=True), F.scaled_dot_product_attention(q, k, v, is_causal=True)),
    ]:
        assert torch.equal(ours, theirs)
    q, k, v = inputs(queries=S)  # torch counts a causal query from the first key: with a cache, that is the wrong one
    theirs = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert not torch.allclose(attend(q, k, v, causal=True), theirs)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("way", [attend, written_out])
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"k": draw(B, 4, T, D), "v": draw(B, 4, T, D)}, "G divides H"),
        ({"v": draw(B, 6, T + 1, D)}, "do not go together"),
        ({"k": draw(B, 6, T, D + 1)}, "do not go together"),
        ({"mask": torch.ones(S, T)}, "a mask must be boolean, .* but is torch.float32"),
        ({"mask": torch.ones(B, T, dtype=torch.bool)}, "of keys B T is mask\\[:, None, None\\]"),
        ({"mask": torch.ones(B, S, T, dtype=torch.bool)}, "one of B S T is mask\\[:, None\\]"),
        ({"mask": torch.ones(S, 1, dtype=torch.bool)}, "does not broadcast"),
        ({"bias": torch.ones(5, S, T, dtype=torch.float64)}, "the bias has the shape \\(5, 5, 7\\)"),
        ({"mask": torch.ones(1, B, 1, S, T, dtype=torch.bool)}, "does not broadcast"),
    ],
)
def test_bad_input_is_one_sentence(way, change, says):
    q, k, v = inputs()
    with pytest.raises(ValueError, match=says):
        way(**{"q": q, "k": k, "v": v} | change)
