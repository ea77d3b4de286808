"""Teacher forcing: what the decoder reads is what it said one place before, and padding teaches nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.train import fit, next_word_loss, pair_batches, taught
from coursekit.train.teaching import padded

ROWS = st.lists(st.lists(st.integers(4, 9), min_size=1, max_size=6), min_size=1, max_size=5)


@given(ROWS)
def test_each_row_reads_bos_and_says_eos_and_the_two_are_one_place_apart(rows):
    batch = taught(rows, rows)
    for i, row in enumerate(rows):
        n = len(row)
        assert batch.source[i, : batch.lengths[i]].tolist() == row
        assert batch.target_in[i, : n + 1].tolist() == [2, *row]
        assert batch.target_out[i, : n + 1].tolist() == [*row, 3]
        assert not batch.source[i, n:].any() and not batch.target_in[i, n + 1 :].any()
        assert not batch.target_out[i, n + 1 :].any()


@given(st.integers(1, 9), st.integers(1, 7), st.integers(0, 3))
def test_every_pair_comes_once_in_each_round_and_target_stays_with_source(n, size, seed):
    rows = [[4 + i] for i in range(n)]
    batch = pair_batches(rows, rows, size, seed=seed)
    steps = -(-2 * n // size)
    seen = [x for step in range(steps) for x in batch(step).source[:, 0].tolist()]
    assert sorted(seen[:n]) == sorted(seen[n : 2 * n]) == [4 + i for i in range(n)]
    again = [batch(step) for step in reversed(range(steps))][::-1]  # a resumed run starts anywhere
    assert [x for b in again for x in b.target_out[:, 0].tolist()] == seen


def test_another_seed_and_another_round_give_another_order():
    rows = [[4 + i] for i in range(30)]
    orders = [
        tuple(pair_batches(rows, rows, 30, seed=s)(step).source[:, 0].tolist()) for s in (0, 1) for step in (0, 1)
    ]
    assert len(set(orders)) == 4


def test_the_loss_is_the_mean_over_words_whatever_shares_their_batch():
    torch.manual_seed(0)
    model = Seq2Seq(Seq2SeqConfig(12, 12, width=4, hidden=6)).double()
    rows = [[5, 6, 7, 8], [9], [4, 4]]
    loss = next_word_loss()
    words = torch.tensor([len(row) + 1.0 for row in rows]).double()
    alone = torch.stack([loss(model, taught([row], [row])) for row in rows])
    torch.testing.assert_close(loss(model, taught(rows, rows)), (alone * words).sum() / words.sum())


def test_a_model_learns_to_copy():
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randint(4, 8, (3,), generator=generator).tolist() for _ in range(64)]
    model = Seq2Seq(Seq2SeqConfig(8, 8, width=8, hidden=16, attention="luong"), generator)
    history = fit(model, pair_batches(rows, rows, 16), next_word_loss(), steps=120, lr=2e-2)
    assert history.loss[-1] < 0.1 < 1 < history.loss[0]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: taught([[4]], []), "1 sources and 0 targets are no pairs"),
        (lambda: taught([], []), "no sentence pair"),
        (lambda: pair_batches([[4], []], [[4], [4]], 2), "source 1 is empty"),
        (lambda: pair_batches([[4]], [[4]], 0), "a batch of 0 pairs teaches nothing"),
        (lambda: taught(["a cat"], [[4]]), "sentence 0 of the batch is not all ids .*: encode the words first"),
        (lambda: taught([[4], [5]], [[4], ["un", "chat"]]), "sentence 1 of the batch is not all ids"),
        (lambda: taught([[4.5]], [[4]]), "sentence 0 of the batch is not all ids"),
    ],
)
def test_bad_pairs_are_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_an_empty_target_is_its_end_alone():
    batch = taught([[4, 5]], [[]])
    assert batch.target_in.tolist() == [[2]] and batch.target_out.tolist() == [[3]]


def test_padding_may_be_another_number():
    ids, lengths = padded([[1, 2], [3]], pad=9)
    assert ids.tolist() == [[1, 2], [3, 9]] and lengths.tolist() == [2, 1]
