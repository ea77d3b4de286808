"""Positions: what a scheme must give (unique, bounded, a norm-preserving shift), the two layouts, and transformers'
rotary embedding, T5 buckets and ALiBi slopes."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coursekit.nn.masks import causal
from coursekit.nn.position import (
    LAYOUTS,
    RelativeBias,
    alibi,
    alibi_slopes,
    relative_buckets,
    rotary,
    rotate,
    shift,
    sinusoidal,
)
from coursekit.nn.scaled_dot import written_out

LAYOUT = pytest.mark.parametrize("layout", LAYOUTS)
EXACT = {"dtype": torch.float64}


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Sinusoids.


def test_sinusoids_by_the_equation():
    ours = sinusoidal(torch.arange(50), 6, **EXACT)
    for t in range(50):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            assert ours[t, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-15)
            assert ours[t, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-15)


def test_the_layouts_are_a_permutation_apart():
    t = torch.arange(20)
    interleaved, halves = sinusoidal(t, 8), sinusoidal(t, 8, "halves")
    assert torch.equal(interleaved[:, [0, 2, 4, 6, 1, 3, 5, 7]], halves)
    assert not torch.equal(interleaved, halves)


@LAYOUT
def test_bounded_and_unique(layout):
    """All of 20,000 positions are apart, where a base of 1 gives one angle, which comes back."""
    p = sinusoidal(torch.arange(20_000), 8, layout, **EXACT)
    assert p.abs().max() <= 1
    torch.testing.assert_close(p.norm(dim=1), torch.full((20_000,), 2.0, dtype=torch.float64))  # sqrt(D / 2)
    assert len(torch.unique(p.mul(1e4).round(), dim=0)) == 20_000
    cyclic = sinusoidal(torch.tensor([0, 44]), 8, layout, base=1, **EXACT)  # 44 is nearly 14 pi
    assert (cyclic[0] - cyclic[1]).abs().max() < 0.02


@LAYOUT
@settings(max_examples=30)
@given(st.integers(-50, 50), st.integers(0, 2000), st.integers(1, 6), st.sampled_from([10.0, 1e4]))
def test_the_shift_is_one_rotation_for_every_position(layout, k, t, half, base):
    m = shift(k, 2 * half, layout, base)
    here, there = sinusoidal(torch.tensor([t + 50, t + 50 + k]), 2 * half, layout, base, **EXACT)
    torch.testing.assert_close(m @ here, there, rtol=0, atol=1e-11)
    torch.testing.assert_close(m @ m.T, torch.eye(2 * half, dtype=torch.float64), rtol=0, atol=1e-14)
    torch.testing.assert_close(torch.linalg.matrix_power(shift(1, 2 * half, layout, base), k), m, rtol=0, atol=1e-11)


def test_positions_of_each_sentence_and_rounding():
    t = torch.tensor([[0, 0, 1], [0, 1, 2]])
    p = sinusoidal(t, 4)
    assert p.dtype == torch.float32
    assert torch.equal(p, sinusoidal(torch.arange(3), 4)[t])
    assert torch.equal(p.double(), sinusoidal(t, 4, **EXACT).float().double())  # rounded once, at the end


# Rotary.


@LAYOUT
@settings(max_examples=20)
@given(st.integers(0, 300), st.integers(0, 300), st.integers(-300, 300), st.integers(1, 5))
def test_the_product_of_two_turned_vectors_depends_on_their_distance(layout, t, s, k, half):
    q, key = draw(1, 2 * half), draw(1, 2 * half, seed=1)

    def product(a, b):
        turned = [rotate(x, *rotary(torch.tensor([p]), 2 * half, **EXACT), layout) for x, p in ((q, a), (key, b))]
        return (turned[0] * turned[1]).sum()

    torch.testing.assert_close(product(t + 300, s + 300), product(t + 300 + k, s + 300 + k), rtol=1e-10, atol=1e-10)


@LAYOUT
def test_a_turn_is_the_shift_of_its_pairs(layout):
    """The same angles as the sinusoids': rotating x by position t is M^-t x, and position 0 changes nothing."""
    x = draw(1, 8)
    for t in (0, 1, 17):
        turned = rotate(x, *rotary(torch.tensor([t]), 8, **EXACT), layout)
        torch.testing.assert_close(turned[0], shift(-t, 8, layout) @ x[0], rtol=0, atol=1e-13)
    assert torch.equal(rotate(x, *rotary(torch.tensor([0]), 8, **EXACT), layout), x)


def test_rotary_layouts_are_a_permutation_apart():
    x, order = draw(2, 3, 5, 6), [0, 2, 4, 1, 3, 5]
    angles = rotary(torch.arange(5), 6, **EXACT)
    assert torch.equal(rotate(x, *angles, "interleaved")[..., order], rotate(x[..., order], *angles, "halves"))


def test_rotary_of_each_sentences_own_positions():
    x, t = draw(2, 3, 4, 6), torch.tensor([[0, 1, 2, 3], [0, 0, 0, 1]])
    turned = rotate(x, *rotary(t, 6, **EXACT))
    for b in range(2):
        torch.testing.assert_close(turned[b], rotate(x[b], *rotary(t[b], 6, **EXACT)))


def test_rotary_is_transformers():
    llama = pytest.importorskip("transformers.models.llama.modeling_llama")
    config = llama.LlamaConfig(hidden_size=40, num_attention_heads=4, rope_theta=500.0)
    t = torch.arange(30)[None]
    cos, sin = llama.LlamaRotaryEmbedding(config)(draw(1, 30, 40).float(), t)
    ours = rotary(t[0], 10, 500.0)
    for a, b in zip((cos, sin), ours, strict=True):  # theirs are computed in float32
        torch.testing.assert_close(a[0], torch.cat([b, b], -1), rtol=0, atol=1e-5)
    q, k = draw(1, 4, 30, 10), draw(1, 2, 30, 10, seed=1)
    exact = rotary(t[0], 10, 500.0, **EXACT)
    theirs = llama.apply_rotary_pos_emb(q, k, *(torch.cat([a, a], -1)[None] for a in exact))
    for x, y in zip((q, k), theirs, strict=True):
        torch.testing.assert_close(rotate(x, *exact), y, rtol=1e-12, atol=1e-13)


# Relative buckets.


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize(("buckets", "most"), [(32, 128), (32, 20), (16, 64), (8, 100), (6, 9), (320, 800)])
def test_buckets_are_transformers(both, buckets, most):
    t5 = pytest.importorskip("transformers.models.t5.modeling_t5")
    far = torch.arange(-900, 900)
    theirs = t5.T5Attention._relative_position_bucket(far, both, buckets, most)
    ours = relative_buckets(900, 1800, buckets, most, both)[0]  # query 0 stands at 900
    assert torch.equal(ours, theirs)
    assert ours.min() == 0 and ours.max() == buckets - 1


@settings(max_examples=40)
@given(st.integers(2, 40), st.integers(1, 200))
@example(10, 155)  # where log(2) / log(32) * 5 comes out below 1
@example(9, 124)
def test_buckets_by_whole_numbers(buckets, more):
    """Bucket exact + j begins where (far / exact)^logs = (most / exact)^j: in Python's exact integers."""
    exact, logs = buckets // 2, buckets - buckets // 2
    most = exact + more
    ours = relative_buckets(1, 200, buckets, most, both=False)[0].flip(0).tolist()
    for far in range(200):
        j = sum(far**logs * exact**j >= exact**logs * most**j for j in range(1, logs))
        assert ours[far] == (far if far < exact else exact + j)


def test_buckets_of_a_decoder_share_one_for_what_is_to_come():
    buckets = relative_buckets(6, both=False)
    assert torch.equal(buckets, (torch.arange(6)[:, None] - torch.arange(6)).clamp(min=0))
    assert torch.equal(relative_buckets(2, 6, both=False), buckets[-2:])


def test_relative_bias_is_transformers_and_learns():
    t5 = pytest.importorskip("transformers.models.t5.modeling_t5")
    config = t5.T5Config(num_heads=3, relative_attention_num_buckets=8, relative_attention_max_distance=12)
    for decoder in (False, True):
        config.is_decoder = decoder
        theirs = t5.T5Attention(config, has_relative_attention_bias=True).double()
        ours = RelativeBias(3, 8, 12, both=not decoder).double()
        with torch.no_grad():
            ours.weight.copy_(theirs.relative_attention_bias.weight)
        assert torch.equal(ours(20), theirs.compute_bias(20, 20)[0])
        assert torch.equal(ours(3, 20), theirs.compute_bias(3, 20, past_seen_tokens=17)[0])
        ours(20).sum().backward()
        assert ours.weight.grad.sum() == 20 * 20 * 3
    assert repr(ours) == "RelativeBias(heads=3, buckets=8, most=12, both=False)"


# ALiBi.


def test_the_slopes_of_the_paper():
    assert alibi_slopes(8) == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]
    sixteen = alibi_slopes(16)
    assert sixteen[0] == 2**-0.5 and sixteen[-1] == 2**-8
    assert alibi_slopes(1) == [2**-8]


@pytest.mark.parametrize("heads", [1, 2, 3, 5, 6, 7, 8, 12, 16, 20, 32, 71, 112])
def test_slopes_and_attention_are_blooms(heads):
    bloom = pytest.importorskip("transformers.models.bloom.modeling_bloom")
    theirs = bloom.build_alibi_tensor(torch.ones(1, 9), heads, torch.float64)[:, 0]  # heads, keys
    torch.testing.assert_close(theirs[:, 1], torch.tensor(alibi_slopes(heads), **EXACT), rtol=1e-6, atol=0)
    q, k = draw(1, heads, 4, 5), draw(1, heads, 9, 5, seed=1)
    mask = causal(4, 9)  # a softmax does not see what is the same for all keys of a query
    _, ours = written_out(q, k, k, mask, alibi(heads, 4, 9, **EXACT))
    torch.testing.assert_close(ours, written_out(q, k, k, mask, theirs[:, None])[1], rtol=1e-5, atol=1e-9)


def test_alibi_is_the_slope_times_the_distance():
    bias = alibi(2, 3)
    assert bias.shape == (2, 3, 3) and bias.dtype == torch.float32
    assert torch.equal(bias[0], -(2.0**-4) * (torch.arange(3)[:, None] - torch.arange(3)).abs())
    assert torch.equal(alibi(4, 2, 6), alibi(4, 6)[:, -2:])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sinusoidal(torch.arange(3), 7), "7 numbers make no pairs"),
        (lambda: sinusoidal(torch.arange(3), 8, "halfs"), "no layout 'halfs': take one of interleaved, halves"),
        (lambda: shift(1, 0), "0 numbers make no pairs"),
        (lambda: rotary(torch.arange(3), 5), "must be even"),
        (lambda: rotate(draw(3, 4), *rotary(torch.arange(3), 4, **EXACT), "pairs"), "no layout 'pairs'"),
        (lambda: relative_buckets(3, buckets=7), "cannot be halved"),
        (lambda: relative_buckets(3, buckets=32, most=8), "most = 8: 8 distances of their own"),
        (lambda: relative_buckets(3, buckets=2), "0 distances of their own"),
        (lambda: relative_buckets(4, 3), "4 queries and 3 keys"),
        (lambda: alibi(0, 3), "heads = 0 must be 1 or more"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
