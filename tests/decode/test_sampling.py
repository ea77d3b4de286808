"""Samples follow the distribution, greedy is temperature 0, and every model of the course can be decoded."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from table_models import Table, outputs, random_table

from coursekit.decode import beam_search, best, draw, filtered, greedy, sample, top_k, top_p, with_temperature
from coursekit.models import RNNLM, RNNLMConfig
from coursekit.models.seq2seq import Seq2Seq, Seq2SeqConfig


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("how", [{}, {"temperature": 0.5}, {"temperature": 3}, {"top_k": 4}, {"top_p": 0.9}])
def test_drawn_frequencies_match_the_softmax(how):
    """Chi-square over 10,000 draws of one word; words that a filter shut out are never drawn."""
    table = random_table(4, 12)
    drawn = [
        h.ids[0] for h in sample(table, None, bos=0, eos=None, max_length=1, n=10_000, generator=seeded(), **how)[0]
    ]
    names = {"temperature": "temperature", "top_k": "k", "top_p": "p"}
    log_p = filtered(torch.as_tensor(table.logits((0,))), **{names[key]: value for key, value in how.items()})
    p = torch.softmax(log_p, 0).numpy()
    counts = np.bincount(drawn, minlength=12)
    assert not counts[p == 0].any() and (p > 0).sum() > 3
    assert chisquare(counts[p > 0], 10_000 * p[p > 0]).pvalue > 0.01


def test_sampled_outputs_have_their_probability():
    """Ancestral sampling: whole outputs are drawn with p(y), the end token and the cut included."""
    every = list(outputs(random_table(7, 3), 0, 1, 3, 3))
    p = {(*words, finished): math.exp(sum(log_p)) for words, log_p, finished in every}
    assert sum(p.values()) == pytest.approx(1)
    found = sample(random_table(7, 3), None, bos=0, eos=1, max_length=3, n=5000, generator=seeded(1))[0]
    counts = dict.fromkeys(p, 0)
    for h in found:
        counts[(*h.ids, h.finished)] += 1
        assert h.log_prob == pytest.approx(math.log(p[(*h.ids, h.finished)])) and h.score == h.log_prob
    common = [key for key in p if p[key] > 0.001]
    rest = [sum(counts.values()) - sum(counts[key] for key in common), 1 - sum(p[key] for key in common)]
    observed, expected = [counts[key] for key in common] + rest[:1], [p[key] for key in common] + rest[1:]
    assert chisquare(observed, 5000 * np.array(expected)).pvalue > 0.01


def test_draws_are_the_inverse_of_the_cumulative_distribution():
    logits = torch.log(torch.tensor([[0.0, 0.25, 0.0, 0.5, 0.25, 0.0]])).expand(4000, 6)
    u = torch.rand(4000, 1, generator=seeded(2), dtype=torch.float64)[:, 0].numpy()
    expected = np.where(u < 0.25, 1, np.where(u < 0.75, 3, 4))
    np.testing.assert_array_equal(draw(logits, seeded(2)).numpy(), expected)


@pytest.mark.parametrize("u", [0.0, 1 - 2**-53])
def test_the_ends_of_the_distribution_are_not_impossible_words(monkeypatch, u):
    monkeypatch.setattr(torch, "rand", lambda *size, **_: torch.full(size, u, dtype=torch.float64))
    for v in (3, 10, 1000):
        logits = torch.linspace(-1, 1, v)[None].clone()
        logits[:, [0, -1]] = -math.inf
        assert draw(logits, seeded()).item() == (1 if u == 0 else v - 2)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6), ties=st.booleans())
def test_temperature_zero_is_greedy(seed, ties):
    how = {"bos": torch.tensor([0, 2, 3]), "eos": 1, "max_length": 6}
    plain = greedy(random_table(seed, 6, ties), None, **how)
    for filters in ({}, {"top_k": 3, "top_p": 0.5}):
        cold = sample(random_table(seed, 6, ties), None, temperature=0, n=2, generator=seeded(), **how, **filters)
        assert cold == [row * 2 for row in plain]
    assert sample(random_table(seed, 6, ties), None, top_k=1, generator=seeded(), **how) == plain or ties


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_greedy_takes_the_best_word_each_time(seed):
    table = random_table(seed, 6)
    for start, [h] in zip([0, 2], greedy(table, None, bos=torch.tensor([0, 2]), eos=1, max_length=5), strict=True):
        words = [start]
        for log_p in h.log_probs:
            following = torch.log_softmax(torch.as_tensor(table.logits(tuple(words))), -1)
            words.append(int(following.argmax()))
            assert log_p == pytest.approx(following.max().item())
        assert words[1:] == [*h.ids, *([1] if h.finished else [])]
        assert h.finished or len(h.ids) == 5


def test_the_same_generator_gives_the_same_samples():
    how = {"bos": 0, "eos": 1, "max_length": 8, "n": 5, "batch": 2}
    one, same, other = (sample(random_table(0, 20), None, generator=seeded(s), **how) for s in (4, 4, 5))
    assert one == same != other
    ids = [h.ids for h in itertools.chain(*one)]
    assert len({tuple(line) for line in ids}) > 5  # neither rows nor samples repeat each other


def test_samples_of_one_row_start_from_its_own_distribution():
    """The first step is made once for the n samples of a row; none may read another row's."""
    table = Table(lambda prefix: torch.nn.functional.one_hot(torch.tensor(prefix[0] + 2), 8).double().log())
    found = sample(table, None, bos=torch.tensor([0, 2, 3]), eos=1, max_length=3, n=2, generator=seeded())
    assert [[h.ids for h in row] for row in found] == [[[i] * 3] * 2 for i in (2, 4, 5)]
    assert table.rows == [3, 6, 6]


@pytest.mark.parametrize("name", [top_k, top_p])
def test_filters_take_any_leading_shape_and_keep_the_rest_as_it_is(name):
    logits = torch.as_tensor(np.random.default_rng(0).normal(size=(2, 3, 7)))
    argument = 3 if name is top_k else 0.6
    together = name(logits, argument)
    assert torch.equal(together[1, 2], name(logits[1, 2], argument))
    assert torch.equal(together[together > -math.inf], logits[together > -math.inf])
    assert 0 < (together > -math.inf).sum() < 42


def test_nucleus_is_the_smallest_set_of_enough_probability():
    logits = torch.tensor([0.1, 0.5, 0.15, 0.25], dtype=torch.float64).log()
    for p, kept in [(1e-9, [1]), (0.49, [1]), (0.51, [1, 3]), (0.76, [1, 2, 3]), (0.91, [0, 1, 2, 3])]:
        assert (top_p(logits, p) > -math.inf).nonzero()[:, 0].tolist() == kept
    assert torch.equal(top_p(logits, 1), logits)
    assert torch.equal(top_p(torch.zeros(4), 0.5), torch.tensor([0, 0, -math.inf, -math.inf]))  # of equals the first


def test_top_k_keeps_all_that_are_as_probable_as_the_kth():
    logits = torch.tensor([1.0, 3, 2, 2, 0])
    assert (top_k(logits, 2) > -math.inf).tolist() == [False, True, True, True, False]
    assert torch.equal(top_k(logits, 9), logits)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [1e-30, 1e-8, 1e-3, 1e30])
def test_extreme_temperatures_of_every_type(dtype, temperature):
    """The limits, not NaN from logits beyond the type: the best word alone, or all words that were possible."""
    p = with_temperature(torch.tensor([80.0, 90, 89, -math.inf], dtype=dtype), temperature).float().softmax(-1)
    torch.testing.assert_close(p, torch.tensor([0.0, 1, 0, 0] if temperature < 1 else [1 / 3, 1 / 3, 1 / 3, 0]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_nucleus_of_many_words_in_half_precision(dtype):
    """1,000 equal words: sums of their probabilities are rounded by more than one of them."""
    assert (top_p(torch.zeros(1000, dtype=dtype), 0.9) > -math.inf).sum() == 900


@pytest.mark.parametrize("bad", [[math.nan, 0.0], [math.inf, 0.0], [-math.inf, -math.inf]])
def test_no_draw_from_what_is_no_distribution(bad):
    with pytest.raises(ValueError, match="logits of row 1 make no distribution"):
        draw(torch.tensor([[0.0, 1.0], bad]), seeded())


def test_temperature_raises_probabilities_to_a_power():
    p = torch.tensor([0.2, 0.5, 0.3, 0.0], dtype=torch.float64)
    for t in (0.25, 1, 4):
        expected = p ** (1 / t) / (p ** (1 / t)).sum()
        torch.testing.assert_close(torch.softmax(with_temperature(p.log(), t), 0), expected)
    assert torch.softmax(with_temperature(p.log(), 0), 0).tolist() == [0, 1, 0, 0]


def language_model():
    config = RNNLMConfig(11, width=6, hidden=8, layers=2, dropout=0.5)
    return RNNLM(config, seeded(3)).train()


@pytest.mark.parametrize("start", [lambda model: None, lambda model: model.initial_state(3)])
def test_language_models(start):
    """Log-probabilities are those of the whole model, and dropout is off but comes back."""
    model = language_model()
    how = {"bos": 2, "batch": 3, "eos": 1, "max_length": 6}
    decoded = {
        "greedy": greedy(model, start(model), **how),
        "sample": sample(model, start(model), n=4, generator=seeded(), **how),
        "beam": beam_search(model, start(model), width=4, n_best=3, **how),
    }
    assert model.training
    for rows in decoded.values():
        for h in itertools.chain(*rows):
            words = [*h.ids, 1] if h.finished else h.ids
            assert h.log_probs == pytest.approx(model.log_prob(words).tolist(), rel=1e-4)
    assert best(decoded["greedy"]) == [row[0].ids for row in decoded["greedy"]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("autocast", [False, True])
def test_models_in_half_precision(dtype, autocast):
    """Logits of 16 bits, of the model itself or by autocast: each decoder scores outputs as closely as those allow."""
    model = language_model()
    model = model if autocast else model.to(dtype)
    how = {"bos": 2, "batch": 2, "eos": 1, "max_length": 6}
    with torch.autocast("cpu", dtype=dtype, enabled=autocast):
        decoded = [
            greedy(model, None, **how),
            sample(model, None, n=2, generator=seeded(), temperature=0.5, top_k=5, top_p=0.9, **how),
            beam_search(model, None, width=3, **how),
        ]
    exact = language_model()
    for h in itertools.chain(*itertools.chain(*decoded)):
        words = [*h.ids, 1] if h.finished else h.ids
        assert h.log_probs == pytest.approx(exact.log_prob(words).tolist(), abs=0.05)


@pytest.mark.parametrize("attention", [None, "luong", "bahdanau"])
def test_encoder_decoders(attention):
    """A batch of sources gives what each source gives alone, under every decoder."""
    context = "step" if attention == "bahdanau" else "state"
    config = Seq2SeqConfig(9, 11, width=6, hidden=8, context=context, attention=attention)
    model = Seq2Seq(config, seeded(3)).eval()
    source, lengths = torch.tensor([[3, 4, 5, 6], [7, 8, 0, 0], [4, 4, 3, 0]]), torch.tensor([4, 2, 3])
    how = {"bos": 2, "eos": 1, "max_length": 7}

    def decoders(state, batch):
        yield greedy(model, state, batch=batch, **how)
        yield beam_search(model, state, batch=batch, width=3, n_best=2, **how)

    together = list(decoders(model.start(source, lengths), 3))
    for i, length in enumerate(lengths.tolist()):
        alone = decoders(model.start(source[i : i + 1, :length], lengths[i : i + 1]), 1)
        for many, one in zip(together, alone, strict=True):
            assert [h.ids for h in many[i]] == [h.ids for h in one[0]]
            assert [h.score for h in many[i]] == pytest.approx([h.score for h in one[0]], rel=1e-4)
    samples = sample(model, model.start(source, lengths), batch=3, n=5, generator=seeded(), **how)
    assert [len(row) for row in samples] == [5] * 3


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"temperature": -1}, "temperature = -1"),
        ({"temperature": math.nan}, "temperature = nan"),
        ({"temperature": math.inf}, "temperature = inf"),
        ({"temperature": 1e-310}, "temperature = 1e-310"),
        ({"temperature": None}, "temperature = None"),
        ({"temperature": "1"}, "temperature = '1'"),
        ({"top_k": 0}, "top_k = 0"),
        ({"top_k": 2.0}, "top_k = 2.0 .* whole number"),
        ({"top_p": "0.9"}, "top_p = '0.9'"),
        ({"top_p": math.nan}, "top_p = nan"),
        ({"generator": 0}, "generator must be a torch.Generator of the CPU"),
        ({"generator": None}, "generator must be"),
        ({"top_p": 0}, "top_p = 0"),
        ({"top_p": 1.1}, "top_p = 1.1"),
        ({"n": 0}, "n = 0"),
        ({"n": 2.0}, "n = 2.0"),
        ({"max_length": 0}, "max_length = 0"),
        ({"max_length": math.nan}, "max_length = nan"),
        ({"max_length": 2.5}, "max_length = 2.5 .* whole number"),
        ({"bos": [0, 2]}, r"bos must be one id, or a tensor of ids.*got \[0, 2\]"),
        ({"bos": None}, "bos must be one id.*got None"),
        ({"bos": torch.tensor(0)}, r"got a tensor, torch.int64, of shape \(\)"),
        ({"bos": torch.tensor([[0]])}, r"of shape \(1, 1\)"),
        ({"bos": torch.tensor([], dtype=torch.int64)}, r"1 or more; got a tensor, torch.int64, of shape \(0,\)"),
        ({"bos": torch.tensor([0.0])}, "got a tensor, torch.float32"),
        ({"eos": "1"}, "eos = '1' lies outside"),
        ({"eos": 4}, "eos = 4 lies outside the vocabulary, whose ids are 0 to 3"),
        ({"batch": 0}, "batch = 0"),
        ({"batch": 2.0}, "batch = 2.0"),
    ],
)
def test_wrong_input_is_one_sentence(how, says):
    with pytest.raises(ValueError, match=says):
        sample(random_table(0, 4), None, **{"bos": 0, "eos": 1, "max_length": 3, "generator": seeded(), **how})
    if how.keys() & {"max_length", "bos", "eos", "batch"}:
        with pytest.raises(ValueError, match=says):
            greedy(random_table(0, 4), None, **{"bos": 0, "eos": 1, "max_length": 3, **how})


@pytest.mark.usefixtures("unchecked")
def test_broken_models_are_one_sentence():
    nan = Table(lambda prefix: torch.tensor([0.0, math.nan]))
    with pytest.raises(ValueError, match="logits of row 0 make no distribution"):
        greedy(nan, None, bos=0, eos=1, max_length=3)
    with pytest.raises(ValueError, match="a function cannot be decoded: give a model that has step and select"):
        greedy(lambda prefix: torch.zeros(4), None, bos=0, eos=1, max_length=3)

    class Wide(Table):
        def step(self, ids, state):
            return torch.zeros(3, 4), state

    with pytest.raises(ValueError, match=r"shape \(3, 4\) for 1 ids.*batch="):
        greedy(Wide(None), None, bos=0, eos=1, max_length=3)
