"""Cached is uncached for every split; a state never changes: forks, selections and growth leave it as it was."""

from itertools import pairwise

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coursekit.nn.cache import KeyValues
from coursekit.nn.masks import causal, padding, sliding
from coursekit.nn.position import alibi, rotary
from coursekit.nn.transformer import BlockConfig, DecoderBlock

L, B, T, D = 2, 3, 9, 16
CONFIG = BlockConfig(D, heads=4, inner=10, kv_heads=2)


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class Stack:
    """Two causal blocks with rotary positions, over a cache or without."""

    def __init__(self, config=CONFIG):
        generator = torch.Generator().manual_seed(1)
        self.config = config
        self.blocks = [DecoderBlock(config, generator=generator).double() for _ in range(L)]

    def start(self, room=T, rows=B, pad=None):
        return KeyValues(L, rows, self.config.G, self.config.d, room, like=draw(1), pad=pad)

    @torch.no_grad()
    def whole(self, x, mask=None, positions=None):
        turn = rotary(torch.arange(x.size(1)) if positions is None else positions, self.config.d, dtype=torch.float64)
        for block in self.blocks:
            x = block(x, mask, causal=True, rotary=turn)
        return x

    @torch.no_grad()
    def step(self, x, state):
        n = x.size(1)
        turn = rotary(state.positions(n), self.config.d, dtype=torch.float64)
        for i, block in enumerate(self.blocks):
            x = block(x, causal=True, rotary=turn, cache=state, layer=i)
        return x, state.advance(n)


def close(a, b):
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@settings(max_examples=30)
@given(st.sets(st.integers(1, T - 1)), st.integers(1, T + 3), st.sampled_from([1, 2, 4]))
def test_cached_is_uncached_for_every_split(cuts, room, groups):
    stack = Stack(BlockConfig(D, heads=4, inner=10, kv_heads=groups))
    x, state, out = draw(B, T, D), stack.start(room), []
    for a, b in pairwise([0, *sorted(cuts), T]):
        y, state = stack.step(x[:, a:b], state)
        out.append(y)
        assert state.length == b
    close(torch.cat(out, 1), stack.whole(x))


def test_two_different_steps_from_one_state():
    """And each of the two goes on; the state itself can be stepped a third time."""
    stack, x = Stack(), draw(B, T, D)
    other, third = draw(B, T, D, seed=5), draw(B, T, D, seed=6)
    _, state = stack.step(x[:, :4], stack.start())
    ends = []
    for text in (x, other, third):
        y, after = stack.step(text[:, 4:5], state)
        close(y, stack.whole(torch.cat([x[:, :4], text[:, 4:5]], 1))[:, 4:])
        ends.append((text, after))
    for text, after in reversed(ends):  # all ends are still what they were
        y, _ = stack.step(text[:, 5:], after)
        close(y, stack.whole(torch.cat([x[:, :4], text[:, 4:]], 1))[:, 5:])
    assert state.length == 4


def test_only_a_fork_copies():
    stack, x = Stack(), draw(B, T, D)
    state = first = stack.start()
    for t in range(4):
        _, state = stack.step(x[:, t : t + 1], state)
        assert state.block is first.block
    fork, _ = stack.step(x[:, :1], first)
    assert first.block is not state.block  # the older state has moved, the newest keeps what it has
    close(fork, stack.whole(x[:, :1]))
    close(stack.step(x[:, 4:], state)[0], stack.whole(x)[:, 4:])


def test_a_step_that_was_broken_off_leaves_no_trace():
    stack, x = Stack(), draw(B, T, D)
    _, state = stack.step(x[:, :4], stack.start())
    state.extend(0, draw(B, 2, 2, 4, seed=8), draw(B, 2, 2, 4, seed=9))  # layer 1 never follows
    close(stack.step(x[:, 4:], state)[0], stack.whole(x)[:, 4:])


@settings(max_examples=20)
@given(st.lists(st.integers(0, B - 1), min_size=1, max_size=5), st.booleans())
@example([2, 0, 0], False)
@example([0, 2, 1], True)
def test_select_picks_and_repeats_rows(rows, padded):
    stack, x = Stack(), draw(B, T, D)
    pad = torch.tensor([0, 2, 3]) if padded else None
    _, state = stack.step(x[:, :5], stack.start(pad=pad))
    index = torch.tensor(rows)
    picked = state.select(index)
    expected, _ = stack.step(x[:, 5:], state)
    close(stack.step(x[index][:, 5:], picked)[0], expected[index])
    if padded:
        assert torch.equal(picked.mask, state.mask[index])


def test_rows_picked_in_turn_cost_nothing():
    state = Stack().start()
    assert state.select(torch.arange(B)) is state
    assert state.select(torch.arange(B).int()) is state
    assert state.select(torch.arange(B - 1)) is not state


def test_room_grows_by_doubling():
    state, rooms = KeyValues(1, 1, 1, 2, 3, like=draw(1)), []
    for t in range(20):
        keys, values = state.extend(0, torch.full((1, 1, 1, 2), t).double(), torch.full((1, 1, 1, 2), -t).double())
        assert keys[0, 0, :, 0].tolist() == list(range(t + 1)) and torch.equal(values, -keys)
        state = state.advance(1)
        rooms.append(state.block.room)
    assert sorted(set(rooms)) == [3, 6, 12, 24]
    state.extend(0, draw(1, 1, 40, 2), draw(1, 1, 40, 2))
    assert state.block.room == 60


@settings(max_examples=20)
@given(st.lists(st.integers(0, 4), min_size=B, max_size=B), st.integers(5, 8), st.sampled_from([T, 2]))
def test_left_padded_is_unpadded(pad, prompt, room):
    """Whatever stands in the padding; positions count words."""
    stack, x = Stack(), draw(B, T, D)
    pads = torch.tensor(pad)
    state = stack.start(max(room, 4), pad=pads)
    first, state = stack.step(x[:, :prompt], state)
    rest, state = stack.step(x[:, prompt:], state)
    out = torch.cat([first, rest], 1)
    for b, n in enumerate(pad):
        close(out[b : b + 1, n:], stack.whole(x[b : b + 1, n:]))
    mask = padding(T - pads, T, left=True)
    assert (state.mask is None) == (sum(pad) == 0)
    if sum(pad):
        assert torch.equal(state.mask, mask) and torch.equal(state.seen()[:, 0, 0], mask)
    where = (torch.arange(T) - pads[:, None]).clamp(min=0)
    whole = stack.whole(x, mask[:, None, None], where)
    close(out[mask], whole[mask])


def test_a_mask_of_ones_own_is_joined_with_the_padding():
    stack, x = Stack(), draw(B, T, D)
    block, pad = stack.blocks[0], torch.tensor([0, 1, 2])
    hidden = torch.rand(T, T, generator=torch.Generator().manual_seed(2)) < 0.7
    state = KeyValues(1, B, 2, 4, T, like=x, pad=pad)
    with torch.no_grad():
        words = padding(T - pad, T, left=True)[:, None, None]
        close(block(x, hidden, causal=True, cache=state), block(x, hidden & words & causal(T)))


@pytest.mark.parametrize("cuts", [range(T + 1), [0, 4, T], [0, 1, 7, T]])
def test_biases_and_windows_reach_over_the_cache(cuts):
    block, x = Stack().blocks[0], draw(B, T, D)
    state, out = KeyValues(1, B, 2, 4, 2, like=x), []
    with torch.no_grad():
        for a, b in pairwise(cuts):
            bias = alibi(4, b - a, b, dtype=torch.float64)
            out.append(block(x[:, a:b], sliding(b - a, 3, b), bias=bias, cache=state))
            state = state.advance(b - a)
        close(torch.cat(out, 1), block(x, sliding(T, 3), bias=alibi(4, T, dtype=torch.float64)))


def test_a_decoder_with_a_memory_projected_once():
    block = DecoderBlock(CONFIG, cross=True, memory_width=5).double()
    x, memory = draw(B, T, D), draw(B, 6, 5, seed=3)
    mask = padding(torch.tensor([6, 2, 1]), 6)[:, None, None]
    state, out, prepared = KeyValues(1, B, 2, 4, T, like=x), [], block.cross.prepare(memory)
    with torch.no_grad():
        for t in range(T):
            y = block(x[:, t : t + 1], causal=True, cache=state, memory=prepared, memory_mask=mask)
            out.append(y)
            state = state.advance(1)
        close(torch.cat(out, 1), block(x, causal=True, memory=memory, memory_mask=mask))


def test_attention_maps_of_a_step():
    block, x, state = Stack().blocks[0], draw(B, T, D), KeyValues(1, B, 2, 4, T, like=draw(1))
    with torch.no_grad():
        block(x[:, :6], causal=True, cache=state)
        y, maps = block(x[:, 6:], causal=True, cache=state.advance(6), weights=True)
        whole, all_maps = block(x, causal=True, weights=True)
    close(y, whole[:, 6:])
    close(maps.own, all_maps.own[:, :, 6:])


def test_positions_and_mask():
    state = KeyValues(1, 2, 1, 1, 4, like=draw(1), pad=torch.tensor([2, 0]))
    assert state.positions(4).tolist() == [[0, 0, 0, 1], [0, 1, 2, 3]]
    assert state.seen(3)[:, 0, 0].tolist() == [[False, False, True], [True] * 3]
    state.extend(0, draw(2, 1, 3, 1), draw(2, 1, 3, 1))
    later = state.advance(3)
    assert later.positions(2).tolist() == [[1, 2], [3, 4]]
    assert later.mask.tolist() == [[False, False, True], [True] * 3] and state.mask.shape == (2, 0)
    plain = KeyValues(1, 2, 1, 1, 4, like=draw(1), pad=torch.tensor([0, 0]))
    assert plain.pad is None and plain.mask is None and plain.positions(3).tolist() == [0, 1, 2]


def test_a_state_made_in_inference_mode_can_be_used_outside():
    stack, x = Stack(), draw(B, T, D)
    with torch.inference_mode():
        _, state = stack.step(x[:, :4], stack.start())
    close(stack.step(x[:, 4:], state)[0], stack.whole(x)[:, 4:])
    with torch.inference_mode():
        _, state = stack.step(x[:, :2], stack.start())
        close(stack.step(x[:, 2:], state)[0], stack.whole(x)[:, 2:])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_under_autocast_and_in_its_own_dtype(dtype):
    block, x = DecoderBlock(CONFIG), draw(B, T, D).float()
    state = KeyValues(1, B, 2, 4, T, like=x.to(dtype))
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        block(x[:, :4], causal=True, cache=state)
        y = block(x[:, 4:], causal=True, cache=state.advance(4))
        torch.testing.assert_close(
            y, block(x, causal=True)[:, 4:], rtol=0, atol=0.05 if dtype == torch.bfloat16 else 1e-5
        )


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: KeyValues(0, 1, 1, 1, 1, like=draw(1)), "must be 1 or more; got 0, 1, 1, 1, 1"),
        (lambda s: KeyValues(1, 2, 1, 1, 4, like=draw(1), pad=torch.tensor([1])), "pad holds 1 numbers for 2 rows"),
        (lambda s: KeyValues(1, 1, 1, 1, 4, like=draw(1), pad=torch.tensor([5])), "between 0 and 4"),
        (lambda s: s.advance(1), "a state of 0 positions cannot advance by 1"),
        (lambda s: s.extend(1, draw(B, 2, 1, 4), draw(B, 2, 1, 4)), "layer 1 was extended by 1 positions"),
        (lambda s: s.extend(0, draw(1, 2, 1, 4), draw(1, 2, 1, 4)), "1 rows for a state of 3: select"),
        (lambda s: s.extend(0, draw(B, 2, 1, 4).requires_grad_(), draw(B, 2, 1, 4)), "no gradient passes through"),
        (lambda s: s.extend(0, draw(B, 2, 1, 4), draw(B, 2, 1, 4).requires_grad_()), "no gradient passes through"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call(Stack().start())
