"""The recurrent language model is its plain composition in torch.nn, and scores like every other model."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from coursekit.models import RNNLM, RNNLMConfig
from coursekit.models.rnn_lm import _groups
from coursekit.train import fit

V = 7
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
BOTH = pytest.mark.parametrize("fused", [True, False])
EACH = pytest.mark.parametrize("cell", CELLS)


def small(cell="lstm", dtype=torch.float64, seed=0, **changes):
    config = RNNLMConfig(**({"vocab_size": V, "cell": cell, "width": 5, "hidden": 6} | changes))
    model = RNNLM(config, torch.Generator().manual_seed(seed)).to(dtype)
    with torch.no_grad():  # the output's bias too, which starts at zero
        model.output.bias += torch.linspace(-0.3, 0.3, config.vocab_size, dtype=dtype)
    return model


def some_ids(*shape, seed=0, size=V):
    return torch.randint(size, shape, generator=torch.Generator().manual_seed(seed))


def parts(state):
    return state if isinstance(state, tuple) else (state,)


def assert_same_state(a, b, rtol=1e-12):
    for ours, theirs in zip(parts(a), parts(b), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=rtol, atol=1e-13)


@BOTH
@EACH
@pytest.mark.parametrize(("layers", "tied"), [(1, False), (2, False), (2, True), (3, True)])
def test_equals_the_plain_composition(cell, layers, tied, fused):
    """Embedding, torch.nn's layer, linear: logits, final state and every gradient."""
    width = 6 if tied else 5
    ours = small(cell, width=width, layers=layers, tied=tied, fused=fused)
    embed, out = nn.Embedding(V, width).double(), nn.Linear(6, V).double()
    rnn = CELLS[cell](width, 6, layers, batch_first=True).double()
    if tied:
        out.weight = embed.weight
    embed.load_state_dict(ours.embed.state_dict())
    rnn.load_state_dict(ours.rnn.state_dict())
    out.load_state_dict(ours.output.state_dict())

    ids, target = some_ids(3, 8), some_ids(3, 8, seed=1)
    hidden, state = rnn(embed(ids))
    logits, state_ours = ours(ids)
    torch.testing.assert_close(logits, out(hidden), rtol=1e-12, atol=1e-12)
    assert_same_state(state_ours, state)
    for y in (logits, out(hidden)):
        F.cross_entropy(y.flatten(0, 1), target.flatten()).backward()
    theirs = {
        f"{n}.{k}": p for n, m in (("embed", embed), ("rnn", rnn), ("output", out)) for k, p in m.named_parameters()
    }
    for name, p in ours.named_parameters():
        torch.testing.assert_close(p.grad, theirs[name].grad, rtol=1e-12, atol=1e-12)


@BOTH
@EACH
def test_word_by_word_is_the_whole(cell, fused):
    """And so is a text in two pieces, the state handed over."""
    model, ids = small(cell, layers=2, fused=fused), some_ids(2, 6)
    logits, last = model(ids)
    state, rows = None, []
    for t in range(6):
        row, state = model.step(ids[:, t], state)
        rows.append(row)
    torch.testing.assert_close(torch.stack(rows, 1), logits, rtol=1e-12, atol=1e-13)
    assert_same_state(state, last)
    first, state = model(ids[:, :4])
    second, state = model(ids[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), logits, rtol=1e-12, atol=1e-13)
    assert_same_state(state, last)


@EACH
def test_the_first_state_is_zero(cell):
    model, ids = small(cell, layers=2), some_ids(3, 4)
    state = model.initial_state(3)
    assert all(part.shape == (2, 3, 6) and not part.any() for part in parts(state))
    torch.testing.assert_close(model(ids, state)[0], model(ids)[0], rtol=0, atol=0)


@EACH
def test_selected_rows_go_on_as_they_would_have(cell):
    """Reordered, repeated, left out: as beam search does it; the state they come from stays as it was."""
    model, ids = small(cell, layers=2), some_ids(3, 2)
    _, state = model.step(ids[:, 0])
    expected, after = model.step(ids[:, 1], state)
    for rows in ([2, 0, 0, 1, 2], [1]):
        pick = torch.tensor(rows)
        logits, chosen = model.step(ids[pick, 1], model.select(state, pick))
        torch.testing.assert_close(logits, expected[pick], rtol=1e-12, atol=1e-13)
        assert_same_state(chosen, tuple(p[:, pick] for p in parts(after)))


@BOTH
@EACH
def test_padding_changes_nothing(cell, fused):
    """A row of a padded batch, with its length, gives the logits and the state that it gives alone."""
    model, lengths = small(cell, layers=2, fused=fused), torch.tensor([5, 1, 3])
    ids = some_ids(3, 5)
    logits, state = model(ids, lengths=lengths)
    for b, n in enumerate(lengths.tolist()):
        alone, last = model(ids[b : b + 1, :n])
        torch.testing.assert_close(logits[b, :n], alone[0], rtol=1e-12, atol=1e-13)
        assert_same_state(tuple(p[:, b : b + 1] for p in parts(state)), parts(last))


@EACH
@settings(deadline=None, max_examples=15)
@given(st.lists(st.lists(st.integers(0, V - 1), max_size=9), max_size=6), st.sampled_from([1, 3, 8, 1000]))
def test_scores_do_not_depend_on_the_batch(cell, rows, batch_size):
    """One by one, together, and in pieces shorter than a sequence."""
    model = small(cell, layers=2)
    together = model.log_probs(rows, batch_size)
    assert [len(found) for found in together] == [len(row) for row in rows]
    for found, row in zip(together, rows, strict=True):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, model.log_prob(row), rtol=1e-12)


@given(st.lists(st.integers(0, 12), max_size=12), st.integers(1, 20))
def test_a_batch_holds_no_more_words_than_asked_for(lengths, batch_size):
    """Padding included, one long sequence excepted; every sequence that holds a word is in one batch."""
    groups = list(_groups(np.array(lengths, dtype=np.int64), batch_size))
    assert sorted(i for group in groups for i in group) == [i for i, n in enumerate(lengths) if n]
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[i] for i in group) <= batch_size


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, V - 1), max_size=8))
def test_scores_are_the_distribution_word_by_word(sequence):
    model = small()
    one_by_one = [model.distribution(sequence[:t])[word] for t, word in enumerate(sequence)]
    np.testing.assert_allclose(np.exp(model.log_prob(sequence)), one_by_one, rtol=1e-12)


@EACH
def test_all_texts_of_a_length_have_probability_one(cell):
    """The chain rule: sum over x_1 x_2 x_3 of p(x_1) p(x_2 | x_1) p(x_3 | x_1 x_2)."""
    model = small(cell, vocab_size=4, dtype=torch.float32)
    total = sum(np.exp(scores.sum()) for scores in model.log_probs(list(product(range(4), repeat=3))))
    assert total == pytest.approx(1, abs=1e-5)
    assert model.distribution([1, 2]).sum() == pytest.approx(1, abs=1e-12)


def test_the_whole_past_counts():
    """Unlike the window model, it tells apart what differs in the first word alone."""
    model = small()
    assert not np.array_equal(model.distribution([1, 3, 3, 3, 3, 3]), model.distribution([2, 3, 3, 3, 3, 3]))


def test_a_tied_matrix_is_one_parameter():
    free, tied = (small(width=6, tied=t) for t in (False, True))
    count = {model: sum(p.numel() for p in model.parameters()) for model in (free, tied)}
    assert count[free] - count[tied] == V * 6
    assert tied.output.weight is tied.embed.weight
    assert tied.output.weight.std(correction=0).item() == pytest.approx(6**-0.5, rel=0.4)


@EACH
def test_it_learns_a_text_by_heart(cell):
    text = [5, 1, 5, 2, 5, 3, 5, 4, 6, 6, 0, 3]  # what follows 5 depends on what stood before it
    model = small(cell, torch.float32, width=12, hidden=24)
    ids = torch.tensor([[2, *text]])
    fit(model, lambda step: ids, lambda m, x: F.cross_entropy(m(x[:, :-1])[0][0], x[0, 1:]), steps=150, lr=2e-2)
    assert np.exp(model.log_prob(text)).min() > 0.9


def test_scoring_is_without_dropout_and_keeps_the_mode():
    model = small(dropout=0.5, layers=2).train()
    np.testing.assert_array_equal(model.log_prob([1, 2, 3]), model.log_prob([1, 2, 3]))
    np.testing.assert_array_equal(model.distribution([1, 2, 3]), model.distribution([1, 2, 3]))
    assert model.training and model.drop.training
    assert not torch.equal(model(some_ids(1, 4))[0], model(some_ids(1, 4))[0])
    model.eval().log_prob([1])
    assert not model.training


def test_scoring_leaves_each_part_in_its_own_mode():
    model = small(dropout=0.5, layers=2).train()
    model.drop.eval()
    model.log_prob([1, 2])
    assert model.training and model.rnn.training and not model.drop.training


@EACH
@pytest.mark.parametrize("fused", [True, False])
def test_dropout_never_falls_on_the_way_from_step_to_step(cell, fused):
    """With nothing read from below, neither by the first layer nor by the second, the states are as without."""
    model = small(cell, dropout=0.5, layers=2, fused=fused)
    with torch.no_grad():
        for name, p in model.rnn.named_parameters():
            if name.startswith("weight_ih"):
                p.zero_()
    _, dropped = model.train()(some_ids(3, 9))
    _, whole = model.eval()(some_ids(3, 9))
    assert_same_state(dropped, whole, rtol=0)


def test_the_first_weights_come_from_the_generator():
    def built(seed):
        return RNNLM(RNNLMConfig(V), torch.Generator().manual_seed(seed)).state_dict()

    assert all(torch.equal(a, b) for a, b in zip(built(3).values(), built(3).values(), strict=True))
    assert not torch.equal(built(3)["rnn.weight_hh_l0"], built(4)["rnn.weight_hh_l0"])
    default = RNNLM(RNNLMConfig(V)).state_dict()
    assert all(torch.equal(a, default[name]) for name, a in built(0).items())
    large = RNNLM(RNNLMConfig(3000, width=20, hidden=100))
    stds = [p.std(correction=0).item() for p in (large.embed.weight, large.output.weight)]
    assert stds == pytest.approx([1, 0.1], rel=0.03)
    assert not large.output.bias.any()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: RNNLMConfig(1), "vocabulary of 1"),
        (lambda: RNNLMConfig(V, cell="elman"), "no cell 'elman': take one of rnn, gru, lstm"),
        (lambda: RNNLMConfig(V, hidden=0), "1 or more"),
        (lambda: RNNLMConfig(V, layers=0), "1 or more"),
        (lambda: RNNLMConfig(V, width=5, hidden=6, tied=True), "width 5 and .* 6 hidden units: make"),
        (lambda: RNNLMConfig(V, dropout=1), "dropout = 1"),
        (lambda: RNNLMConfig(2), "bos = 2"),
        (lambda: small()(some_ids(2, 0)), "no word to read: begin the sequence with <bos>"),
        (lambda: small()(torch.tensor([[1, V]])), f"id {V} lies outside the vocabulary, whose ids are 0 to {V - 1}"),
        (lambda: small().step(torch.tensor([-1])), "id -1 lies outside"),
        (lambda: small().step(some_ids(0)), "no word to read"),
        (lambda: small().log_prob([V]), f"id {V} lies outside"),
        (lambda: small().distribution([-1]), "id -1 lies outside"),
        (lambda: small().log_probs(iter([1, 2])), "one sequence"),
        (lambda: small().log_probs([[1]], batch_size=0), "batch_size = 0"),
        (lambda: small()(some_ids(2, 3), lengths=torch.tensor([3, 0])), "length"),
        (lambda: small()(some_ids(2, 3), lengths=torch.tensor([3, -1])), "length"),
        (lambda: small()(some_ids(2, 3), lengths=torch.tensor([3, 4])), "length"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: small()(some_ids(5)), r"ids must be whole numbers of shape B T, but are int64 of shape \(5,\)"),
        (lambda: small()(some_ids(1, 5).float()), r"ids must be whole numbers of shape B T, but are float32 of shape"),
        (lambda: small()(some_ids(1, 5).bool()), r"of shape B T, but are bool of shape \(1, 5\)"),
        (lambda: small()([[1, 2]]), "ids must be a tensor, but are a list"),
        (
            lambda: small().step(some_ids(5, 1)),
            r"ids must be whole numbers of shape B, but are int64 of shape \(5, 1\)",
        ),
        (lambda: small().step(torch.tensor(1)), r"of shape B, but are int64 of shape \(\)"),
    ],
)
def test_ids_of_another_shape_or_kind_are_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
