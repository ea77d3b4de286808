"""Each score equals its equation, one number at a time; masks, dtypes and gradients; what is refused."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from coursekit.nn.attention import SCORES, Attention, masked_softmax, self_attention

EACH = pytest.mark.parametrize("score", SCORES)
B, S, T, D = 3, 4, 5, 6
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 1, 0, 0], [0, 0, 0, 0, 0]], dtype=torch.bool)


def draw(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def sizes(score):
    """Query and key of one size only where the score multiplies them."""
    return (D, D) if score in ("dot", "scaled_dot", "cosine") else (D, D + 1)


def small(score, dtype=torch.float64, seed=0):
    q, k = sizes(score)
    attention = Attention(score, q, k, units=3, max_length=T + 2, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for p in attention.parameters():  # the cosine's sharpness too, which starts at 1
            p += 0.3
    return attention.to(dtype)


def inputs(score, dtype=torch.float64, seed=1):
    q, k = sizes(score)
    return draw(B, S, q, seed=seed, dtype=dtype), draw(B, T, k, seed=seed + 1, dtype=dtype)


def equation(attention, q, h, s):
    """The score of one query and one key at position s, as the paper writes it."""
    p = dict(attention.score.named_parameters())
    match attention.kind:
        case "dot":
            return sum(a * b for a, b in zip(q, h, strict=True))
        case "scaled_dot":
            return (q * h).sum() / math.sqrt(len(h))
        case "cosine":
            return p["log_beta"].exp() * (q * h).sum() / ((q * q).sum().sqrt() * (h * h).sum().sqrt())
        case "general":
            return torch.einsum("i,ij,j", q, p["weight"], h)
        case "additive":
            joined = torch.cat([p["query"], p["key"]], 1) @ torch.cat([q, h])  # W [q; h]
            return (p["v"] * torch.tanh(joined)).sum()
        case "location":
            return (p["weight"] @ q)[s]


def written_out(attention, queries, values, mask):
    """One sentence, one query, one key after the other: nothing prepared, nothing batched."""
    contexts, weights = [], []
    for b in range(len(queries)):
        seen = [s for s in range(values.size(1)) if mask[b, s]]
        for q in queries[b]:
            a = [torch.zeros((), dtype=q.dtype)] * values.size(1)
            if seen:
                e = torch.stack([equation(attention, q, values[b, s], s).exp() for s in seen])
                for s, share in zip(seen, e / e.sum(), strict=True):
                    a[s] = share
            weights.append(torch.stack(a))
            contexts.append(sum((a[s] * values[b, s] for s in seen), torch.zeros_like(values[b, 0])))
    shape = queries.shape[:2]
    return torch.stack(contexts).unflatten(0, shape), torch.stack(weights).unflatten(0, shape)


@EACH
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
def test_equals_the_equation_and_so_do_the_gradients(score, mask):
    attention, (queries, values) = small(score), inputs(score)
    leaves = [queries.requires_grad_(), values.requires_grad_(), *attention.parameters()]
    context, weights = attention(queries, attention.prepare(values, mask))
    expected = written_out(attention, queries, values, MASK | True if mask is None else mask)
    for ours, theirs in zip((context, weights), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    toward = draw(*context.shape, seed=9)
    ours, theirs = (
        torch.autograd.grad((c * toward).sum() + (w * w).sum(), leaves, materialize_grads=True)
        for c, w in ((context, weights), expected)
    )
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@EACH
def test_a_row_without_a_key_is_zeros_and_passes_no_nan(score):
    attention, (queries, values) = small(score), inputs(score)
    context, weights = attention(queries.requires_grad_(), attention.prepare(values.requires_grad_(), MASK))
    assert not context[2].any() and not weights[2].any()
    torch.testing.assert_close(weights[:2].sum(-1), torch.ones(2, S, dtype=torch.float64))
    assert not weights[~MASK[:, None].expand_as(weights)].any()
    for gradient in torch.autograd.grad(context.sum() + weights.square().sum(), [queries, values]):
        assert gradient.isfinite().all() and not gradient[2].any()


@EACH
@pytest.mark.parametrize("trash", [float("nan"), float("inf"), 6e4])
def test_what_stands_in_the_padding_reaches_nothing(score, trash):
    attention, (queries, values) = small(score), inputs(score)
    clean = attention(queries, attention.prepare(values, MASK))
    dirty = values.masked_fill(~MASK[..., None], trash)
    for a, b in zip(clean, attention(queries, attention.prepare(dirty, MASK)), strict=True):
        assert torch.equal(a, b)


@EACH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_half_precision_has_exact_zeros_and_no_nan(score, dtype):
    queries, values = inputs(score, dtype)
    attention = small(score, dtype)
    context, weights = attention(queries.requires_grad_(), attention.prepare(values, MASK))
    assert context.dtype == weights.dtype == dtype
    exact = small(score)(queries.double(), small(score).prepare(values.double(), MASK))[1]
    torch.testing.assert_close(weights.double(), exact, rtol=0, atol=20 * torch.finfo(dtype).eps)
    assert not weights[~MASK[:, None].expand_as(weights)].any()
    (gradient,) = torch.autograd.grad(context.sum(), queries)
    assert gradient.isfinite().all()


def test_a_key_that_scores_low_keeps_its_place_before_masked_ones():
    """-1e9 does not exist in float16, and a fill of -1e4 would be seen beside a score of -1.1e4."""
    for lowest, dtype in [
        (-1.1e4, torch.float16),
        (-6.5e4, torch.float16),
        (-3e38, torch.float32),
        (-1e300, torch.float64),
    ]:
        scores = torch.tensor([[[lowest, 0]]], dtype=dtype)
        assert masked_softmax(scores, torch.tensor([[[True, False]]])).tolist() == [[[1, 0]]]


@EACH
@settings(deadline=None, max_examples=15)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 6), st.data())
def test_all_queries_at_once_one_by_one_and_row_by_row(score, batch, queries, keys, data):
    """Any mask; and columns of padding added behind change nothing."""
    q, k = sizes(score)
    attention = small(score)
    x, h = draw(batch, queries, q, seed=3), draw(batch, keys, k, seed=4)
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=batch * keys, max_size=batch * keys)))
    mask = mask.view(batch, keys)
    context, weights = attention(x, attention.prepare(h, mask))
    longer = attention.prepare(F.pad(h, (0, 0, 0, 1), value=7), F.pad(mask, (0, 1)))
    same = {"rtol": 1e-12, "atol": 1e-13}
    torch.testing.assert_close(attention(x, longer)[0], context, **same)
    torch.testing.assert_close(attention(x, longer)[1], F.pad(weights, (0, 1)), **same)
    memory = attention.prepare(h, mask)
    for s in range(queries):
        torch.testing.assert_close(attention(x[:, s : s + 1], memory)[0], context[:, s : s + 1], **same)
    for b in range(batch):
        row = memory.select(torch.tensor([b]))
        torch.testing.assert_close(attention(x[b : b + 1], row)[1], weights[b : b + 1], **same)


@EACH
def test_one_key_gets_all(score):
    attention, (queries, values) = small(score), inputs(score)
    context, weights = attention(queries, attention.prepare(values[:, :1]))
    assert torch.equal(weights, torch.ones(B, S, 1, dtype=torch.float64))
    assert torch.equal(context, values[:, :1].expand(-1, S, -1))


@EACH
def test_gradients_equal_numerical_ones(score):
    both, (queries, values) = Both(small(score)), inputs(score)
    names, weights = zip(*both.named_parameters(), strict=True) if list(both.parameters()) else ((), ())

    def run(q, h, *given):
        return torch.func.functional_call(both, dict(zip(names, given, strict=True)), (q, h))

    assert torch.autograd.gradcheck(
        run, [queries[:2, :2].requires_grad_(), values[:2].requires_grad_(), *weights], fast_mode=True
    )


class Both(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, q, h):
        return self.inner(q, self.inner.prepare(h, MASK[:2]))[0]


def test_scaled_dot_is_torchs():
    queries, values = inputs("scaled_dot")
    attention = small("scaled_dot")
    ours, _ = attention(queries, attention.prepare(values, MASK))
    theirs = F.scaled_dot_product_attention(queries[:2], values[:2], values[:2], attn_mask=MASK[:2, None])
    torch.testing.assert_close(ours[:2], theirs, rtol=1e-12, atol=1e-13)


def test_scaled_dot_divides_by_the_root_of_the_dimension():
    """Scores 112 and 96 over sqrt(64) are 14 and 12: weights .88 and .12, and not those of 112 and 96."""
    query = torch.ones(1, 1, 64)
    keys = torch.stack([torch.full((64,), 1.75), torch.full((64,), 1.5)])[None]
    attention = Attention("scaled_dot", 64, 64)
    memory = attention.prepare(keys)
    assert attention.score(query, memory.keys).flatten().tolist() == pytest.approx([14, 12])
    assert attention(query, memory)[1].flatten().tolist() == pytest.approx([0.8808, 0.1192], abs=1e-4)


def test_additive_is_the_same_with_the_two_parts_joined():
    """tanh(W [q; h]) with W = [W_q W_h]: the keys' part waits, projected once."""
    attention, (queries, values) = small("additive"), inputs("additive")
    joined = torch.cat([queries[:, :, None].expand(-1, -1, T, -1), values[:, None].expand(-1, S, -1, -1)], -1)
    p = attention.score
    scores = torch.tanh(joined @ torch.cat([p.query, p.key], 1).t()) @ p.v
    torch.testing.assert_close(p(queries, p.prepare(values)), scores, rtol=1e-12, atol=1e-13)


def test_the_cosine_of_zeros_is_zero_and_length_does_not_count():
    attention = Attention("cosine", 2, 2)
    score = attention.score
    keys = score.prepare(torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 1e-15], [-7.0, 0.0]]]))
    assert score(torch.tensor([[[1e-15, 0.0]]]), keys).flatten().tolist() == pytest.approx([0, 1, 0, -1])


def test_self_attention_is_softmax_of_the_products():
    x = draw(2, 5, 3)
    y, weights = self_attention(x)
    for b in range(2):
        expected = torch.softmax(x[b] @ x[b].t(), -1)
        torch.testing.assert_close(weights[b], expected, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(y[b], expected @ x[b], rtol=1e-12, atol=1e-13)
    mask = torch.tensor([[True] * 5, [True, True, True, False, False]])
    short, _ = self_attention(x[1:, :3])
    torch.testing.assert_close(self_attention(x, mask)[0][1:, :3], short, rtol=1e-12, atol=1e-13)


def test_the_first_weights_have_variance_one_over_fan_in_and_come_from_the_generator():
    def built(seed):
        return [
            Attention(score, 300, 200, units=400, max_length=500, generator=torch.Generator().manual_seed(seed))
            for score in ("general", "additive", "location")
        ]

    stds = [p.std(correction=0).item() * p.size(-1) ** 0.5 for a in built(0) for p in a.parameters()]
    assert stds == pytest.approx([1] * 5, rel=0.08)
    for a, b, other in zip(built(1), built(1), built(2), strict=True):
        assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
        assert not torch.equal(next(a.parameters()), next(other.parameters()))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Attention("bilinear", 2, 2), "no score 'bilinear': take one of dot, scaled_dot, general"),
        (lambda: Attention("dot", 2, 3), "queries of 2 numbers with keys of 3: make them equal"),
        (lambda: Attention("general", 0, 3), "1 or more"),
        (lambda: Attention("additive", 2, 3, units=0), "1 or more"),
        (lambda: Attention("location", 2, 3), "max_length must be 1 or more, not None"),
        (lambda: Attention("location", 2, 3, max_length=4).prepare(torch.zeros(1, 5, 3)), "5 positions, .* knows 4"),
        (lambda: Attention("dot", 2, 2).prepare(torch.zeros(1, 5, 3)), "3 numbers each, but .* key_size is 2"),
        (lambda: Attention("dot", 2, 2).prepare(torch.zeros(1, 0, 2)), "nothing to look at"),
        (lambda: asked(torch.zeros(1, 1, 3)), "queries have 3 numbers each, but .* query_size is 2"),
        (lambda: asked(torch.zeros(2, 1, 2)), "queries of 2 sentences, but the memory holds 1"),
        (
            lambda: asked(torch.zeros(1, 2)),
            r"queries must have the shape B S Q, but have \(1, 2\); .* queries\[:, None\]",
        ),
        (
            lambda: Attention("dot", 2, 2).prepare(torch.zeros(4, 2)),
            r"values must have the shape B T K, but have \(4, 2\)",
        ),
        (lambda: masked(torch.ones(2, 4)), r"mask must be boolean, .* of shape B T \(2, 4\); got float32 of shape"),
        (lambda: masked(torch.ones(2, 4).long()), "mask must be boolean, .*; got int64"),
        (lambda: masked(torch.ones(2, 1).bool()), r"got bool of shape \(2, 1\)"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def asked(queries):
    attention = Attention("dot", 2, 2)
    return attention(queries, attention.prepare(torch.zeros(1, 4, 2)))


def masked(mask):
    return Attention("dot", 2, 2).prepare(torch.zeros(2, 4, 2), mask)
