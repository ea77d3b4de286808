"""The layers equal torch.nn's on the same weights, gradients too, at the positions that are words; what a block is and
is not: equivariant without positions, causal, packed, counted; what is refused."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.nn.masks import causal, padding, sliding
from coursekit.nn.norm import rms_norm
from coursekit.nn.position import alibi, rotary
from coursekit.nn.scaled_dot import written_out
from coursekit.nn.transformer import (
    ACTIVATIONS,
    BlockConfig,
    CrossAttention,
    DecoderBlock,
    EncoderBlock,
    FeedForward,
    Maps,
    SelfAttention,
)

B, S, T, D, M, H, F_ = 3, 5, 7, 15, 9, 3, 11
SOURCE, TARGET = torch.tensor([7, 3, 1]), torch.tensor([2, 5, 4])
LEFT = pytest.mark.parametrize("left", [False, True], ids=["right", "left"])


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def perturbed(module, seed=3):
    """In float64, and no parameter at its start: gains of 1 and biases of 0 hide mistakes."""
    generator = torch.Generator().manual_seed(seed)
    module = module.double()
    with torch.no_grad():
        for p in module.parameters():
            p += 0.3 * torch.randn(p.shape, generator=generator, dtype=torch.float64)
    return module


def copy(pairs):
    with torch.no_grad():
        for ours, theirs in pairs:
            assert ours.shape == theirs.shape
            ours.copy_(theirs)


def same(ours, theirs, pairs, words=None):
    """Outputs at the words, and the gradients of the leaves that stand side by side in `pairs`."""
    words = torch.ones(ours.shape[:2], dtype=torch.bool) if words is None else words
    torch.testing.assert_close(ours[words], theirs[words], rtol=1e-10, atol=1e-10)
    toward = draw(*ours.shape, seed=9) * words[..., None]
    a = torch.autograd.grad((ours * toward).sum(), [x for x, _ in pairs], retain_graph=True)
    b = torch.autograd.grad((theirs * toward).sum(), [y for _, y in pairs], retain_graph=True)
    for x, y in zip(a, b, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-10, atol=1e-10)


def linears(ours, theirs):
    return [(ours.weight, theirs.weight)] + ([(ours.bias, theirs.bias)] if ours.bias is not None else [])


def self_pairs(ours, theirs):
    """`theirs` is a torch.nn.MultiheadAttention, packed as ours is."""
    packed = [(ours.qkv.weight, theirs.in_proj_weight)]
    if ours.qkv.bias is not None:
        packed.append((ours.qkv.bias, theirs.in_proj_bias))
    return packed + linears(ours.out, theirs.out_proj)


def inputs(*shape, seed=1):
    return draw(*shape, seed=seed).requires_grad_()


# Multi-head attention.


@LEFT
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seen", ["all", "padding", "causal", "both", "sliding"])
def test_self_attention_is_torchs(seen, bias, left):
    theirs = perturbed(torch.nn.MultiheadAttention(D, H, bias=bias, batch_first=True))
    ours = SelfAttention(BlockConfig(D, H, F_, bias=bias)).double()
    pairs = self_pairs(ours, theirs)
    copy(pairs)
    x = inputs(B, T, D)
    words = padding(SOURCE, T, left) if seen in ("padding", "both") else torch.ones(B, T, dtype=torch.bool)
    shape = {"causal": causal(T), "both": causal(T), "sliding": sliding(T, 3)}.get(seen)
    hidden = {"key_padding_mask": ~words, "attn_mask": None if shape is None else ~shape}
    expected, _ = theirs(x, x, x, need_weights=False, **hidden)
    _, maps = theirs(x, x, x, average_attn_weights=False, **hidden)  # NaN in rows that see nothing, and in gradients
    rows = words & (torch.ones(T, dtype=torch.bool) if shape is None else (shape & words[:, None]).any(-1))
    mask = words[:, None, None] if shape is None else shape & words[:, None, None]
    same(ours(x, mask), expected, [(x, x), *pairs], rows)
    y, weights = ours(x, mask, weights=True)
    same(y, ours(x, mask), [(x, x), *[(a, a) for a, _ in pairs]])
    every = rows[:, None, :, None].expand_as(weights)
    torch.testing.assert_close(weights[every], maps[every], rtol=1e-10, atol=1e-12)
    if seen == "both":
        same(ours(x, words[:, None, None], causal=True), expected, [(x, x), *pairs], rows)


@LEFT
@pytest.mark.parametrize("width", [D, M])
def test_cross_attention_is_torchs(width, left):
    theirs = perturbed(torch.nn.MultiheadAttention(D, H, kdim=width, vdim=width, batch_first=True))
    ours = CrossAttention(BlockConfig(D, H, F_), memory_width=width).double()
    if width == D:
        q, k, v = theirs.in_proj_weight.detach().chunk(3)
    else:
        q, k, v = theirs.q_proj_weight, theirs.k_proj_weight, theirs.v_proj_weight
    q_bias, kv_bias = theirs.in_proj_bias.detach().split((D, 2 * D))
    out = linears(ours.out, theirs.out_proj)
    copy(
        [(ours.q.weight, q), (ours.kv.weight, torch.cat([k, v])), (ours.q.bias, q_bias), (ours.kv.bias, kv_bias), *out]
    )
    x, memory, words = inputs(B, S, D), inputs(B, T, width, seed=2), padding(SOURCE, T, left)
    expected, maps = theirs(x, memory, memory, key_padding_mask=~words, average_attn_weights=False)
    mask = words[:, None, None]
    same(ours(x, memory, mask), expected, [(x, x), (memory, memory), *out])
    same(ours(x, ours.prepare(memory), mask), expected, [(x, x), (memory, memory), *out])
    torch.testing.assert_close(ours(x, memory, mask, weights=True)[1], maps, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("size", [None, 5])
def test_grouped_queries_are_heads_whose_keys_are_repeated(groups, size):
    config = BlockConfig(12, 6, F_, kv_heads=groups, head_size=size)
    ours, d = perturbed(SelfAttention(config)), size or 2
    full = SelfAttention(BlockConfig(12, 6, F_, head_size=size)).double()
    assert ours.qkv.weight.shape == ((6 + 2 * groups) * d, 12) and ours.out.weight.shape == (12, 6 * d)

    def repeated(packed):
        q, k, v = packed.split((6 * d, groups * d, groups * d))
        return torch.cat(
            [q, *(x.unflatten(0, (groups, d)).repeat_interleave(6 // groups, 0).flatten(0, 1) for x in (k, v))]
        )

    copy([(full.qkv.weight, repeated(ours.qkv.weight)), (full.qkv.bias, repeated(ours.qkv.bias))])
    copy(linears(full.out, ours.out))
    x, turn = inputs(B, T, 12), rotary(torch.arange(T), 4, dtype=torch.float64) if size is None and d == 4 else None
    for options in ({}, {"causal": True}, {"mask": padding(SOURCE, T)[:, None, None]}):
        same(ours(x, rotary=turn, **options), full(x, rotary=turn, **options), [(x, x), *linears(ours.out, full.out)])
    memory = inputs(B, S, M, seed=2)
    cross = CrossAttention(config, M).double()
    k, v = cross.prepare(memory)
    assert k.shape == v.shape == (B, groups, S, d) and cross.kv.weight.shape == (2 * groups * d, M)
    torch.testing.assert_close(cross(x, (k, v)), cross(x, memory, weights=True)[0], rtol=1e-10, atol=1e-12)


def test_bias_rotary_and_scale_reach_the_scores():
    """Against heads that are cut out by hand."""
    attention = perturbed(SelfAttention(BlockConfig(12, 3, F_, scale=1)))
    x, turn, bias = draw(B, T, 12), rotary(torch.arange(T), 4, dtype=torch.float64), alibi(3, T, dtype=torch.float64)
    q, k, v = (
        F.linear(x, w, b) for w, b in zip(attention.qkv.weight.chunk(3), attention.qkv.bias.chunk(3), strict=True)
    )
    contexts = []
    for h in range(3):
        here = slice(4 * h, 4 * h + 4)
        cos, sin = turn
        turned = []
        for part in (q[..., here], k[..., here]):
            a, b = part[..., :2], part[..., 2:]
            turned.append(torch.cat([a * cos - b * sin, b * cos + a * sin], -1))
        weights = (turned[0] @ turned[1].mT + bias[h]).masked_fill(~causal(T), -torch.inf).softmax(-1)
        contexts.append(weights @ v[..., here])
    expected = F.linear(torch.cat(contexts, -1), attention.out.weight, attention.out.bias)
    ours = attention(x, causal=True, bias=bias, rotary=turn)
    torch.testing.assert_close(ours, expected, rtol=1e-10, atol=1e-12)
    mapped, _ = attention(x, causal=True, bias=bias, rotary=turn, weights=True)
    torch.testing.assert_close(mapped, expected, rtol=1e-10, atol=1e-12)


# Blocks.


def torchs(layer, pre, activation):
    made = layer(D, H, F_, dropout=0.0, activation=activation, norm_first=pre, batch_first=True, layer_norm_eps=1e-4)
    return perturbed(made)


BLOCKS = pytest.mark.parametrize(
    ("pre", "activation"), [(False, "relu"), (False, "gelu"), (True, "relu"), (True, "gelu")], ids=str
)


def config(pre, activation, **options):
    return BlockConfig(D, H, F_, pre=pre, activation=activation, eps=1e-4, **options)


@LEFT
@BLOCKS
@pytest.mark.parametrize("look", ["everywhere", "causal"])
def test_encoder_block_is_torchs(pre, activation, look, left):
    theirs = torchs(torch.nn.TransformerEncoderLayer, pre, activation)
    ours = EncoderBlock(config(pre, activation)).double()
    pairs = [
        *self_pairs(ours.attention, theirs.self_attn),
        *linears(ours.feed.up, theirs.linear1),
        *linears(ours.feed.down, theirs.linear2),
        *linears(ours.attention_norm, theirs.norm1),
        *linears(ours.feed_norm, theirs.norm2),
    ]
    assert len(pairs) == len(list(ours.parameters())) == len(list(theirs.parameters()))
    copy(pairs)
    x, words = inputs(B, T, D), padding(SOURCE, T, left)
    shape = causal(T) if look == "causal" else None
    expected = theirs(x, src_mask=None if shape is None else ~shape, src_key_padding_mask=~words)
    mask = words[:, None, None]
    same(ours(x, mask, causal=look == "causal"), expected, [(x, x), *pairs], words)
    y, maps = ours(x, mask, causal=look == "causal", weights=True)
    same(y, expected, [(x, x), *pairs], words)
    assert isinstance(maps, Maps) and maps.cross is None and maps.own.shape == (B, H, T, T)


@BLOCKS
@LEFT
def test_decoder_block_is_torchs(pre, activation, left):
    theirs = torchs(torch.nn.TransformerDecoderLayer, pre, activation)
    ours = DecoderBlock(config(pre, activation), cross=True).double()
    q, kv = theirs.multihead_attn.in_proj_weight.split((D, 2 * D))
    q_bias, kv_bias = theirs.multihead_attn.in_proj_bias.split((D, 2 * D))
    copy(
        [
            (ours.cross.q.weight, q),
            (ours.cross.kv.weight, kv),
            (ours.cross.q.bias, q_bias),
            (ours.cross.kv.bias, kv_bias),
        ]
    )
    pairs = [
        *self_pairs(ours.attention, theirs.self_attn),
        *linears(ours.cross.out, theirs.multihead_attn.out_proj),
        *linears(ours.feed.up, theirs.linear1),
        *linears(ours.feed.down, theirs.linear2),
        *linears(ours.attention_norm, theirs.norm1),
        *linears(ours.cross_norm, theirs.norm2),
        *linears(ours.feed_norm, theirs.norm3),
    ]
    copy(pairs)
    x, memory = inputs(B, S, D), inputs(B, T, D, seed=2)
    words, source = padding(TARGET, S, left), padding(SOURCE, T)
    expected = theirs(
        x,
        memory,
        tgt_mask=~causal(S),
        tgt_key_padding_mask=~words,
        memory_key_padding_mask=~source,
        tgt_is_causal=False,
    )
    options = {"causal": True, "memory_mask": source[:, None, None]}
    mask = words[:, None, None]
    leaves = [(x, x), (memory, memory), *pairs]
    same(ours(x, mask, memory=memory, **options), expected, leaves, words)
    same(ours(x, mask, memory=ours.cross.prepare(memory), **options), expected, leaves, words)
    y, maps = ours(x, mask, memory=memory, weights=True, **options)
    same(y, expected, leaves, words)
    assert maps.own.shape == (B, H, S, S) and maps.cross.shape == (B, H, S, T)
    toward = draw(B, S, D, seed=9) * words[..., None]
    packed = torch.autograd.grad(
        (ours(x, mask, memory=memory, **options) * toward).sum(), [ours.cross.q.weight, ours.cross.kv.weight]
    )
    (whole,) = torch.autograd.grad((expected * toward).sum(), [theirs.multihead_attn.in_proj_weight])
    torch.testing.assert_close(torch.cat(packed), whole, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("pre", [True, False])
def test_an_epsilon_ten_times_too_small_is_seen(pre):
    x = draw(B, T, D)
    ours, wrong = (perturbed(EncoderBlock(BlockConfig(D, H, F_, pre=pre, eps=eps))) for eps in (1e-5, 1e-6))
    assert (ours(x) - wrong(x)).abs().max() > 1e-8


@pytest.mark.parametrize("pre", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_rms_norm_gated_and_without_bias_by_the_equations(pre, bias):
    """LLaMA's block: nothing in torch.nn has it."""
    c = BlockConfig(D, H, F_, norm="rms", pre=pre, activation="silu", gated=True, bias=bias, eps=0.01)
    block, x = perturbed(EncoderBlock(c)), draw(B, T, D)

    def feed(x):
        gate, up = F.linear(x, block.feed.up.weight, block.feed.up.bias).split(F_, -1)
        return F.linear(gate * torch.sigmoid(gate) * up, block.feed.down.weight, block.feed.down.bias)

    for part, norm in ((block.attention, block.attention_norm), (feed, block.feed_norm)):
        x = x + part(rms_norm(x, norm.weight, 0.01)) if pre else rms_norm(x + part(x), norm.weight, 0.01)
    torch.testing.assert_close(block(draw(B, T, D)), x, rtol=1e-10, atol=1e-10)
    assert (block.feed.up.bias is None) != bias and not hasattr(block.feed_norm, "bias")


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(activation):
    feed, x = perturbed(FeedForward(BlockConfig(D, H, F_, activation=activation))), draw(4, D)
    theirs = {
        "gelu_tanh": lambda a: a / 2 * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (a + 0.044715 * a**3))),
        "gelu": lambda a: a / 2 * (1 + torch.erf(a / 2**0.5)),
        "relu": lambda a: a.clamp(min=0),
        "silu": lambda a: a / (1 + torch.exp(-a)),
    }
    torch.testing.assert_close(feed(x), feed.down(theirs[activation](feed.up(x))), rtol=1e-12, atol=1e-12)


# What a block is.


@settings(max_examples=15)
@given(st.permutations(range(T)), st.booleans(), st.sampled_from(["layer", "rms"]), st.sampled_from([1, 3]))
def test_without_positions_shuffled_words_get_shuffled_answers(order, pre, norm, groups):
    block = perturbed(EncoderBlock(BlockConfig(D, H, F_, kv_heads=groups, pre=pre, norm=norm)))
    x = draw(B, T, D)
    torch.testing.assert_close(block(x[:, order]), block(x)[:, order], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("options", [{"causal": True}, {"rotary": "turn"}, {"bias": "alibi"}], ids=str)
def test_with_a_causal_mask_or_positions_they_do_not(options):
    block, x = perturbed(EncoderBlock(BlockConfig(12, H, F_))), draw(B, T, 12)
    if "rotary" in options:
        options = {"rotary": rotary(torch.arange(T), 4, dtype=torch.float64)}
    if "bias" in options:
        options = {"bias": alibi(H, T, dtype=torch.float64)}
    order = [2, 0, 1, 6, 3, 5, 4]  # not merely from behind, which is all the same to ALiBi without a causal mask
    assert (block(x[:, order], **options) - block(x, **options)[:, order]).abs().max() > 1e-3


@pytest.mark.parametrize("groups", [1, 3])
def test_causal_no_word_depends_on_a_later_one(groups):
    block, x = perturbed(DecoderBlock(BlockConfig(D, H, F_, kv_heads=groups))), inputs(B, T, D)
    for t in range(T):
        (gradient,) = torch.autograd.grad(block(x, causal=True)[:, t].sum(), x)
        assert not gradient[:, t + 1 :].any() and gradient[:, : t + 1].abs().sum(-1).all()


def test_a_row_of_padding_alone_stays_finite():
    """Its attention is zeros, and so are the gradients through it."""
    block, x = perturbed(EncoderBlock(BlockConfig(D, H, F_))), inputs(B, T, D)
    mask = padding(torch.tensor([T, 2, 0]), T)[:, None, None]
    y, maps = block(x, mask, weights=True)
    torch.testing.assert_close(block(x, mask), y, rtol=1e-10, atol=1e-12)
    assert not maps.own[2].any()
    (gradient,) = torch.autograd.grad(block(x, mask).square().sum(), x)
    assert gradient.isfinite().all()


def test_the_mean_over_parameter_free_attention_stays_in_the_span():
    """Why a block needs its feed-forward layer: contexts are means of what they look at."""
    x = draw(1, 1, 3, 5)
    context, _ = written_out(x, x, x)
    assert torch.linalg.matrix_rank(torch.cat([x, context], 2)) == 3


def test_counts():
    """Four D^2 of attention, eight of the feed-forward layer at F = 4 D; and the biases and norms."""
    block = DecoderBlock(BlockConfig(512, 8, 2048), cross=True)
    weights = sum(p.numel() for p in block.parameters() if p.dim() == 2)
    assert weights == (4 + 4 + 8) * 512**2
    theirs = torch.nn.TransformerDecoderLayer(512, 8, 2048, device="meta")
    assert sum(p.numel() for p in block.parameters()) == sum(p.numel() for p in theirs.parameters())
    plain = EncoderBlock(BlockConfig(4, 2, 6, bias=False))
    assert not any("bias" in name for name, _ in plain.named_parameters())
    assert sorted(name for name, _ in EncoderBlock(BlockConfig(4, 2, 6)).named_parameters()) == [
        "attention.out.bias",
        "attention.out.weight",
        "attention.qkv.bias",
        "attention.qkv.weight",
        "attention_norm.bias",
        "attention_norm.weight",
        "feed.down.bias",
        "feed.down.weight",
        "feed.up.bias",
        "feed.up.weight",
        "feed_norm.bias",
        "feed_norm.weight",
    ]


def test_weights_come_from_the_generator_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    a = DecoderBlock(BlockConfig(D, H, F_), cross=True)
    b = DecoderBlock(BlockConfig(D, H, F_), cross=True, generator=torch.Generator().manual_seed(0))
    c = DecoderBlock(BlockConfig(D, H, F_), cross=True, generator=torch.Generator().manual_seed(1))
    assert torch.equal(torch.get_rng_state(), before)
    for x, y, z in zip(a.parameters(), b.parameters(), c.parameters(), strict=True):
        assert torch.equal(x, y) and (x.dim() == 1 or not torch.equal(x, z))
    assert not torch.equal(a.attention.qkv.weight[:D], a.attention.qkv.weight[D : 2 * D])
    with torch.device("meta"):  # what a loader of checkpoints wants: shapes, and nothing drawn
        assert all(p.is_meta for p in DecoderBlock(BlockConfig(D, H, F_), cross=True).parameters())


def test_dropout_only_in_training():
    block, x = perturbed(EncoderBlock(BlockConfig(D, H, F_, dropout=0.5))), draw(B, T, D)
    torch.manual_seed(0)
    assert not torch.equal(block(x), block(x))
    block.eval()
    assert torch.equal(block(x), block(x))
    y, maps = block(x, weights=True)
    torch.testing.assert_close(y, block(x), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(maps.own.sum(-1), torch.ones(B, H, T, dtype=torch.float64))


@pytest.mark.parametrize("silent", ["attention.out", "feed.down"])
def test_dropout_falls_on_what_a_layer_adds_to_the_residual(silent):
    """Each number is dropped or doubled; the other layer adds nothing."""
    block, x = perturbed(EncoderBlock(BlockConfig(D, H, F_, dropout=0.5))), draw(40, 1, D)
    for p in block.get_submodule(silent).parameters():
        p.data.zero_()
    if silent == "feed.down":
        block.attention.out.weight.data.zero_()  # the bias is left, behind the weights
    torch.manual_seed(0)
    added, whole = block(x) - x, block.eval()(x) - x
    dropped = added.abs() < 1e-9
    assert 0.4 < dropped.double().mean() < 0.6
    torch.testing.assert_close(added[~dropped], 2 * whole[~dropped], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_near(dtype):
    block, x = perturbed(EncoderBlock(BlockConfig(D, H, F_))), draw(B, T, D)
    mask = padding(SOURCE, T)[:, None, None]
    exact = block(x, mask, causal=True)
    y = block.to(dtype)(x.to(dtype), mask, causal=True)
    assert y.dtype == dtype
    torch.testing.assert_close(y.double(), exact, rtol=0, atol=40 * torch.finfo(dtype).eps)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: BlockConfig(10, 3, 4), "width 10 is not divided by 3 heads"),
        (lambda: BlockConfig(12, 6, 4, kv_heads=4), "6 heads cannot share 4 kv_heads"),
        (lambda: BlockConfig(12, 6, 0), "inner must be a whole number, 1 or more; got 0"),
        (lambda: BlockConfig(12, 6, 4, head_size=0), "head_size must be a whole number"),
        (lambda: BlockConfig(12, 6.0, 4), "heads must be a whole number, 1 or more; got 6.0"),
        (lambda: BlockConfig(12, 6, 4, norm="batch"), "no norm 'batch': take one of layer, rms"),
        (lambda: BlockConfig(12, 6, 4, activation="tanh"), "no activation 'tanh': take one of gelu_tanh, gelu"),
        (lambda: BlockConfig(12, 6, 4, dropout=1), "dropout = 1 is no share"),
        (lambda: EncoderBlock(BlockConfig(12, 6, 4))(torch.ones(2, 3, 10)), "x must have the shape B T 12"),
        (lambda: SelfAttention(BlockConfig(12, 6, 4))(torch.ones(3, 12)), "x must have the shape B T 12"),
        (
            lambda: DecoderBlock(BlockConfig(12, 6, 4))(torch.ones(2, 3, 12), memory=torch.ones(2, 3, 12)),
            "this block was made without",
        ),
        (lambda: DecoderBlock(BlockConfig(12, 6, 4), cross=True)(torch.ones(2, 3, 12)), "this block was made so"),
        (
            lambda: CrossAttention(BlockConfig(12, 6, 4), 7)(torch.ones(2, 3, 12), torch.ones(2, 3, 12)),
            "the memory must have the shape B T 7",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
