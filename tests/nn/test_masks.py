"""Masks against their one-line definitions, position by position; torch's own causal mask; what is refused."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.nn.masks import causal, padding, prefix, sliding

SIZES = st.tuples(st.integers(1, 6), st.integers(0, 4), st.integers(1, 8))


@given(SIZES)
def test_causal_and_sliding_by_definition(sizes):
    """Query i stands at T - S + i; a window wider than the text is the causal mask."""
    queries, before, window = sizes
    keys = before + queries
    at = [before + i for i in range(queries)]
    assert causal(queries, keys).tolist() == [[s <= t for s in range(keys)] for t in at]
    assert sliding(queries, window, keys).tolist() == [[t - window < s <= t for s in range(keys)] for t in at]
    assert torch.equal(sliding(queries, keys, keys), causal(queries, keys))
    assert torch.equal(causal(keys)[-queries:], causal(queries, keys))
    assert torch.equal(sliding(keys, window)[-queries:], sliding(queries, window, keys))


def test_causal_is_torchs():
    theirs = torch.nn.Transformer.generate_square_subsequent_mask(5)
    assert torch.equal(causal(5), theirs == 0)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_padding_and_prefix_by_definition(lengths):
    n = torch.tensor(lengths)
    assert padding(n, 5).tolist() == [[t < length for t in range(5)] for length in lengths]
    assert torch.equal(padding(n, 5, left=True), padding(n, 5).flip(1))
    both = [[[s < length or s <= t for s in range(5)] for t in range(5)] for length in lengths]
    assert prefix(n, 5).tolist() == both


def test_a_prefix_of_nothing_is_causal_and_one_of_all_hides_nothing():
    assert torch.equal(prefix(torch.tensor([0]), 4)[0], causal(4))
    assert prefix(torch.tensor([4]), 4).all()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: causal(5, 3), "5 queries and 3 keys"),
        (lambda: causal(0), "0 queries"),
        (lambda: sliding(3, 0), "window = 0 leaves a query nothing"),
        (lambda: padding(torch.tensor([2, 6]), 5), "lengths go from 2 to 6, but a row has 5 positions"),
        (lambda: padding(torch.tensor([-1]), 5), "between 0 and 5"),
        (lambda: padding(torch.tensor([[1]]), 5), "one whole number a row; got torch.int64 of shape"),
        (lambda: padding(torch.tensor([1.0]), 5), "one whole number a row; got torch.float32"),
        (lambda: prefix([1, 2], 5), "one whole number a row; got \\[1, 2\\]"),
    ],
)
def test_bad_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
