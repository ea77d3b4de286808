"""The pyramid is its loop over rows and pairs; padding, batching and odd lengths change nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from coursekit.nn.attention import Attention
from coursekit.nn.pyramid import Pyramid, halved

THEIRS = {"gru": nn.GRU, "lstm": nn.LSTM}
EACH = pytest.mark.parametrize("cell", THEIRS)
SIZE, H = 3, 4


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def small(cell="lstm", halvings=2, **changes):
    return Pyramid(SIZE, H, halvings, cell=cell, generator=torch.Generator().manual_seed(1), **changes).double()


def one_row(pyramid, cell, x):
    """One sequence through torch.nn's layers, its pairs joined one by one."""
    rows = list(x)
    for i, layer in enumerate(pyramid.layers):
        if i:
            rows += [torch.zeros_like(rows[0])] * (len(rows) % 2)
            rows = [torch.cat([rows[2 * u], rows[2 * u + 1]]) for u in range(len(rows) // 2)]
        theirs = THEIRS[cell](len(rows[0]), H // 2, batch_first=True, bidirectional=True).double()
        theirs.load_state_dict(layer.state_dict())
        rows = list(theirs(torch.stack(rows)[None])[0][0])
    return torch.stack(rows)


@EACH
@pytest.mark.parametrize("fused", [True, False])
@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=3), st.integers(0, 3), st.integers(0, 2))
def test_equals_the_loop_over_rows_and_pairs(cell, fused, lengths, halvings, more):
    """Odd, even and single lengths; `more` columns of padding, which may hold anything."""
    pyramid, x = small(cell, halvings, fused=fused), draw(len(lengths), max(lengths) + more, SIZE)
    counts = torch.tensor(lengths)
    beyond = torch.arange(x.size(1)) >= counts[:, None]
    out, short = pyramid(x.masked_fill(beyond[..., None], torch.nan), counts)
    assert short.tolist() == [-(-n // 2**halvings) for n in lengths]
    assert out.size(1) == -(-x.size(1) // 2**halvings)
    for row, n, u, theirs in zip(x, lengths, short.tolist(), out, strict=True):
        torch.testing.assert_close(theirs[:u], one_row(pyramid, cell, row[:n]), rtol=1e-10, atol=1e-12)
        assert not theirs[u:].any()


def test_the_pairs_of_an_odd_sequence_end_with_zeros():
    x, lengths = halved(torch.arange(1.0, 11).view(1, 5, 2), torch.tensor([5]))
    assert x.tolist() == [[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 0, 0]]]
    assert lengths.tolist() == [3]


@EACH
def test_without_lengths_the_whole_rows_count(cell):
    x = draw(2, 7, SIZE)
    a, b = small(cell)(x), small(cell)(x, torch.tensor([7, 7]))
    assert torch.equal(a[0], b[0]) and torch.equal(a[1], b[1])


@EACH
def test_gradients_equal_numerical_ones_and_stop_at_the_padding(cell):
    pyramid, x, lengths = small(cell, fused=False), draw(2, 5, SIZE).requires_grad_(), torch.tensor([5, 2])
    assert torch.autograd.gradcheck(lambda x: pyramid(x, lengths)[0], x)
    (gradient,) = torch.autograd.grad(pyramid(x, lengths)[0].square().sum(), x)
    assert gradient[0].all() and gradient[1, :2].all() and not gradient[1, 2:].any()


def test_attention_can_look_at_it():
    """Eight steps at the bottom, two positions to choose from at the top."""
    memory, lengths = small()(draw(2, 8, SIZE), torch.tensor([8, 3]))
    attention = Attention("general", 5, H).double()
    mask = torch.arange(memory.size(1)) < lengths[:, None]
    _, weights = attention(draw(2, 1, 5), attention.prepare(memory, mask))
    assert weights.shape == (2, 1, 2) and weights[1, 0].tolist() == [1, 0]


def test_the_first_weights_come_from_the_generator():
    def built(seed):
        return torch.cat([p.flatten() for p in Pyramid(SIZE, H, generator=seed).parameters()])

    assert torch.equal(built(None), built(torch.Generator().manual_seed(0)))
    assert not torch.equal(built(None), built(torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Pyramid(3, 4, cell="rnn"), "no cell 'rnn': take one of gru, lstm"),
        (lambda: Pyramid(3, 4, -1), "halvings = -1"),
        (lambda: Pyramid(3, 5), "hidden_size = 5 cannot be halved"),
        (lambda: Pyramid(0, 4), "1 or more"),
        (lambda: small()(draw(1, 5, 2)), "2 numbers each, but this layer's input_size is 3"),
        (lambda: small()(draw(1, 0, 3)), "x is empty"),
        (lambda: small()(draw(2, 5, 3), torch.tensor([5, 0])), "at least one step; leave the empty ones out"),
        (lambda: small()(draw(2, 5, 3), torch.tensor([5, 6])), "holds 6, but x has only 5 steps"),
        (lambda: small()(draw(2, 5, 3), torch.tensor([5])), "one whole number for each of the 2 sequences"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
