"""Batches by length: every row once a round, a pure function of the step, and less padding than at random."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.train import bucketed, bucketed_pairs, bucketed_texts, pair_batches, weighted_loss

LENGTHS = st.lists(st.integers(1, 20), min_size=1, max_size=60)


def one_round(rows):
    rows(0)
    return [rows(step) for step in range(rows.starts[1])]


@given(LENGTHS, st.integers(1, 9), st.integers(1, 5))
def test_every_row_comes_once_in_a_round_and_no_batch_is_too_large(lengths, size, pool):
    rows = bucketed(lengths, size=size, pool=pool)
    batches = one_round(rows)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= size and min(sizes) >= min(len(lengths), (size + 1) // 2)


@given(LENGTHS, st.integers(20, 90), st.integers(1, 5))
def test_by_tokens_no_batch_has_more_places(lengths, tokens, pool):
    rows = bucketed(lengths, tokens=tokens, pool=pool)
    batches = one_round(rows)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[i] for i in batch) <= tokens for batch in batches)


@pytest.mark.parametrize("how", [{"size": 4}, {"tokens": 30}])
def test_it_is_a_pure_function_of_the_step(how):
    draw = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 20, (50,), generator=draw).tolist()
    rows = bucketed(lengths, pool=3, **how)
    forward = [rows(step) for step in range(60)]
    fresh = bucketed(lengths, pool=3, **how)
    assert [fresh(step) for step in reversed(range(60))][::-1] == forward  # a resumed run starts anywhere
    other = bucketed(lengths, pool=3, seed=1, **how)
    assert [other(step) for step in range(60)] != forward
    start = rows.starts[1]
    assert forward[:start] != forward[start : 2 * start]  # another round, another order


def padding(batch, steps):
    made = [batch(step) for step in range(steps)]
    places = sum(b.source.numel() for b in made)
    return 1 - sum(int(b.lengths.sum()) for b in made) / places


def test_most_of_the_padding_is_gone_and_the_short_ones_do_not_come_first():
    draw = torch.Generator().manual_seed(0)
    sentences = [[4] * int(n) for n in torch.randint(1, 40, (2000,), generator=draw)]
    at_random = padding(pair_batches(sentences, sentences, 20), 100)
    by_length = padding(bucketed_pairs(sentences, sentences, size=20), 100)
    assert by_length < 0.1 < 0.4 < at_random
    widths = torch.tensor([bucketed_pairs(sentences, sentences, size=20)(step).source.size(1) for step in range(100)])
    correlation = torch.corrcoef(torch.stack([widths.double(), torch.arange(100.0).double()]))[0, 1]
    assert abs(correlation) < 0.3


def test_pairs_stay_pairs_and_texts_stay_texts():
    rows = [[4 + i] * (1 + i % 5) for i in range(30)]
    batch = bucketed_pairs(rows, rows, tokens=24)
    for step in range(20):
        made = batch(step)
        assert torch.equal(made.source[:, 0], made.target_out[:, 0])
        assert made.source.numel() <= 24 and made.target_out.numel() <= 24
    texts = bucketed_texts([row * 2 for row in rows], size=8)(0)
    assert torch.equal(texts.weights > 0, texts.ids > 0)
    assert weighted_loss().count(texts) == (texts.ids > 0).sum() - len(texts.ids)


@pytest.mark.parametrize(
    ("lengths", "options", "says"),
    [
        ([], {"size": 1}, "there is no row"),
        ([3], {}, r"either in rows \(size=\) or in places"),
        ([3], {"size": 1, "tokens": 9}, r"either in rows \(size=\) or in places"),
        ([3], {"size": 0}, "must be 1 or more; got 0 and 64"),
        ([3], {"tokens": 0}, "must be 1 or more"),
        ([3], {"size": 2, "pool": 0}, "must be 1 or more; got 2 and 0"),
        ([3, 0], {"size": 2}, "row 1 is empty"),
        ([3, 8], {"tokens": 7}, "a row of 8 words does not fit in 7 tokens"),
    ],
)
def test_wrong_sizes_are_one_sentence(lengths, options, says):
    with pytest.raises(ValueError, match=says):
        bucketed(lengths, **options)
