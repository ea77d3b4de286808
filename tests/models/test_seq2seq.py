"""The encoder-decoder equals a loop over torch.nn's cells, word by word; and every two ways to compute it agree."""

from copy import deepcopy
from itertools import product

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.models.seq2seq import Seq2Seq, Seq2SeqConfig
from coursekit.nn.attention import SCORES
from coursekit.train import fit

VX, VY, B, T, S = 7, 9, 3, 5, 4
LENGTHS = torch.tensor([5, 2, 4])
PLAIN = [(None, context) for context in ("state", "step", "output")]
LUONG = [("luong", context) for context in ("state", "step", "output")]
BAHDANAU = [("bahdanau", context) for context in ("step", "output")]
EACH = pytest.mark.parametrize(("attention", "context"), PLAIN + LUONG + BAHDANAU)
CELL = pytest.mark.parametrize("cell", ["gru", "lstm"])
SAME = {"rtol": 1e-10, "atol": 1e-12}


def small(dtype=torch.float64, seed=0, **changes):
    config = Seq2SeqConfig(**({"source_size": VX, "target_size": VY, "width": 4, "hidden": 6} | changes))
    model = Seq2Seq(config, torch.Generator().manual_seed(seed)).to(dtype)
    with torch.no_grad():  # biases too, which start at zero
        for p in model.parameters():
            p += torch.linspace(-0.2, 0.2, p.numel(), dtype=dtype).view_as(p)
    return model


def pairs(seed=0, size=(B, T, S)):
    g = torch.Generator().manual_seed(seed)
    batch, source, target = size
    return torch.randint(VX, (batch, source), generator=g), torch.randint(VY, (batch, target), generator=g)


def cells(layer, layers):
    """torch.nn's cells with the weights of one direction: a list of a layer's names, layer after layer."""
    kind = {"GRU": nn.GRUCell, "LSTM": nn.LSTMCell}[type(layer).__name__]

    def cell(suffix):
        weights = {name: getattr(layer, name + suffix) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        one = kind(weights["weight_ih"].size(1), layer.hidden_size).double()
        return lambda x, state: torch.func.functional_call(one, weights, (x, state))

    return [[cell(f"_l{k}{way}") for way in layer.suffixes] for k in range(layers)]


def hidden(state):
    return state[0] if isinstance(state, tuple) else state


def encoded(model, x):
    """h_1 .. h_T, the first states of the decoder and c, for the words `x` of one sentence."""
    c, lstm = model.config, model.config.cell == "lstm"
    inputs, first = [model.source_embed.weight[i][None] for i in x], []
    for row in cells(model.encoder, c.layers):
        outputs, last = [], []
        for way, cell in enumerate(row):
            zero = torch.zeros(1, model.encoder.hidden_size, dtype=torch.float64)
            state, out = (zero, zero) if lstm else zero, []
            for x_t in reversed(inputs) if way else inputs:
                state = cell(x_t, state)
                out.append(hidden(state))
            outputs.append(out[::-1] if way else out)
            last.append(state)
        inputs = [torch.cat(ways, 1) for ways in zip(*outputs, strict=True)]
        parts = [torch.cat(p, 1) for p in (zip(*last, strict=True) if lstm else [last])]
        summary = parts[0]
        if c.bidirectional:
            parts = [b(p) for b, p in zip(model.bridge, parts, strict=True)]
            parts[0] = torch.tanh(parts[0])
        first.append(tuple(parts) if lstm else parts[0])
    return inputs, first, summary


def attend(model, query, h):
    """General attention, keys projected again for each query."""
    scores = torch.cat([query @ model.attention.score.weight @ h_s.t() for h_s in h], 1)
    a = torch.exp(scores) / torch.exp(scores).sum()
    return sum(a[:, s : s + 1] * h[s] for s in range(len(h))), a


def written_out(model, x, y):
    """Logits S V and weights S T of one sentence pair."""
    c = model.config
    h, states, summary = encoded(model, x)
    decoder, logits, weights = [row[0] for row in cells(model.decoder, c.layers)], [], []
    for word in y:
        e, context = model.target_embed.weight[word][None], summary
        if c.attention == "bahdanau":
            context, a = attend(model, hidden(states[-1]), h)
        out = e if c.context == "state" else torch.cat([e, context], 1)
        for k, cell in enumerate(decoder):
            states[k] = cell(out, states[k])
            out = hidden(states[k])
        if c.attention == "luong":
            seen, a = attend(model, out, h)
            out = torch.tanh(model.combine.weight @ torch.cat([seen, out], 1)[0])[None]
        if c.context == "output":
            out = torch.cat([out, e, context], 1)
        logits.append(model.output(out))
        weights.append(a if c.attention else torch.zeros(1, 0, dtype=torch.float64))
    return torch.cat(logits), torch.cat(weights)


@CELL
@EACH
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, True), (2, True), (2, False)])
def test_equals_the_loop_written_out_and_so_do_the_gradients(cell, attention, context, layers, bidirectional):
    model = small(cell=cell, attention=attention, context=context, layers=layers, bidirectional=bidirectional)
    source, target = pairs()
    logits, weights = model.with_weights(source, target, LENGTHS)
    loss, expected_loss = 0, 0
    for b, n in enumerate(LENGTHS.tolist()):
        expected, looked = written_out(model, source[b, :n].tolist(), target[b].tolist())
        torch.testing.assert_close(logits[b], expected, **SAME)
        if attention:
            torch.testing.assert_close(weights[b], F.pad(looked, (0, T - n)), **SAME)
        loss = loss + F.cross_entropy(logits[b], target[b].flip(0))
        expected_loss = expected_loss + F.cross_entropy(expected, target[b].flip(0))
    parameters = list(model.parameters())
    ours, theirs = (torch.autograd.grad(x, parameters, allow_unused=True) for x in (loss, expected_loss))
    for a, e in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, e, **SAME)


@CELL
@EACH
def test_word_by_word_is_the_whole(cell, attention, context):
    """With the weights of each step in its state, and a state that was set aside unchanged."""
    model = small(cell=cell, attention=attention, context=context, layers=2)
    source, target = pairs()
    logits, weights = model.with_weights(source, target, LENGTHS)
    torch.testing.assert_close(model(source, target, LENGTHS), logits, rtol=0, atol=0)
    state = start = model.start(source, LENGTHS)
    kept = [part.clone() for part in flat(start)]
    for t in range(S):
        row, state = model.step(target[:, t], state)
        torch.testing.assert_close(row, logits[:, t], **SAME)
        torch.testing.assert_close(state.weights, weights[:, t], **SAME)
    assert state.steps.tolist() == [S] * B
    assert all(torch.equal(a, b) for a, b in zip(flat(start), kept, strict=True))
    for cut in (1, 3):  # and in two pieces
        first, _, state = model.advance(target[:, :cut], start)
        torch.testing.assert_close(state.weights, weights[:, cut - 1], **SAME)
        rest, _, _ = model.advance(target[:, cut:], state)
        torch.testing.assert_close(torch.cat([first, rest], 1), logits, **SAME)


def flat(state):
    return [*state[:3], *state.memory, *state[4:]]


ATTENTIONS = [
    (kind, score, span)
    for kind, score, span in product(["luong", "bahdanau"], SCORES, ["global", "local-m", "local-p"])
    if span == "global" or score == "general"
]


@pytest.mark.parametrize(("kind", "score", "span"), ATTENTIONS)
def test_any_score_and_span_goes_step_by_step_and_row_by_row(kind, score, span):
    """Batched over time = per step; padded = alone; batched = single."""
    context = "step" if kind == "bahdanau" else "state"
    model = small(attention=kind, score=score, span=span, window=1, context=context, max_length=8)
    source, target = pairs()
    logits, weights = model.with_weights(source, target, LENGTHS)
    state = model.start(source, LENGTHS)
    for t in range(S):
        row, state = model.step(target[:, t], state)
        torch.testing.assert_close(row, logits[:, t], **SAME)
        torch.testing.assert_close(state.weights, weights[:, t], **SAME)
    for b, n in enumerate(LENGTHS.tolist()):
        alone, looked = model.with_weights(source[b : b + 1, :n], target[b : b + 1])
        torch.testing.assert_close(alone[0], logits[b], **SAME)
        torch.testing.assert_close(F.pad(looked[0], (0, T - n)), weights[b], **SAME)


@CELL
@EACH
def test_what_stands_in_the_padding_changes_nothing(cell, attention, context):
    """Neither other words behind the source, nor more of them, nor words behind the target."""
    model = small(cell=cell, attention=attention, context=context)
    source, target = pairs()
    logits = model(source, target, LENGTHS)
    other = torch.where(torch.arange(T) < LENGTHS[:, None], source, (source + 1) % VX)
    torch.testing.assert_close(model(other, target, LENGTHS), logits, rtol=0, atol=0)
    torch.testing.assert_close(model(F.pad(source, (0, 3)), target, LENGTHS), logits, **SAME)
    torch.testing.assert_close(model(source, F.pad(target, (0, 2)), LENGTHS)[:, :S], logits, **SAME)
    torch.testing.assert_close(model(source, target, torch.full((B,), T)), model(source, target), **SAME)


@CELL
@EACH
def test_selected_rows_go_on_as_they_would_have(cell, attention, context):
    """Reordered, repeated, left out: as beam search does it."""
    model = small(cell=cell, attention=attention, context=context, layers=2, span="local-m", window=2)
    source, target = pairs()
    _, state = model.step(target[:, 0], model.start(source, LENGTHS))
    expected, after = model.step(target[:, 1], state)
    for rows in ([2, 0, 0, 1, 2], [1], [0, 1, 2]):
        pick = torch.tensor(rows)
        logits, chosen = model.step(target[pick, 1], model.select(state, pick))
        torch.testing.assert_close(logits, expected[pick], **SAME)
        for a, b in zip(flat(chosen), flat(model.select(after, pick)), strict=True):
            torch.testing.assert_close(a, b, **SAME)


def test_the_three_contexts_are_read_where_they_say():
    """Change c in a state: the next word of "step" and "output" changes; of "output" also where no cell reads c."""
    source, target = pairs()
    for context in ("state", "step", "output"):
        model = small(context=context)
        state = model.start(source)
        before, _ = model.step(target[:, 0], state)
        changed = state._replace(context=state.context + 1)
        assert torch.equal(model.step(target[:, 0], changed)[0], before) == (context == "state")
        with torch.no_grad():
            if context != "state":
                model.decoder.weight_ih_l0[:, 4:] = 0  # the part of the cell's input that reads c
        before, _ = model.step(target[:, 0], state)
        assert torch.equal(model.step(target[:, 0], changed)[0], before) == (context != "output")


def test_no_gradient_reaches_the_encoder_but_through_what_the_decoder_reads():
    """A word's logits depend on the source, on the words before it, and on no word after it."""
    for attention, context in LUONG[:1] + BAHDANAU[:1] + PLAIN[:1]:
        model, (source, target) = small(attention=attention, context=context), pairs()
        words = model.target_embed(target).detach().requires_grad_()
        model.target_embed.forward = lambda ids, words=words: words
        logits = model(source, target)
        for j in range(S):
            (gradient,) = torch.autograd.grad(logits[:, j].square().sum(), words, retain_graph=True)
            assert gradient[:, : j + 1].abs().sum((0, 2)).all() and not gradient[:, j + 1 :].any()
        (gradient,) = torch.autograd.grad(logits[:, -1].square().sum(), model.source_embed.weight)
        assert gradient[source.unique()].any(1).all()


@EACH
def test_scheduled_sampling_feeds_the_models_own_words_where_the_coin_says(attention, context):
    model, (source, target) = small(attention=attention, context=context), pairs(size=(2, 3, 6))
    seed = torch.Generator().manual_seed
    always = model(source, target, own=1, generator=seed(0))
    ids, state = target[:, 0], model.start(source)
    for t in range(6):  # free running but for the first word
        y, state = model.step(ids, state)
        torch.testing.assert_close(always[:, t], y, **SAME)
        ids = y.argmax(-1)
    some = model(source, target, own=0.5, generator=seed(3))
    coins = torch.rand(2, 6, generator=seed(3), dtype=torch.float64) < 0.5
    read = torch.where(coins[:, 1:], some[:, :-1].argmax(-1), target[:, 1:])
    torch.testing.assert_close(some, model(source, torch.cat([target[:, :1], read], 1)), **SAME)
    assert coins[:, 1:].any() and not coins[:, 1:].all()
    never = model(source, target, own=1e-12, generator=seed(0))
    torch.testing.assert_close(never, model(source, target), **SAME)


@pytest.mark.parametrize(("attention", "calls"), [("luong", 1), ("bahdanau", 0)])
def test_keys_are_projected_once_and_luongs_decoder_reads_all_words_in_one_call(attention, calls, monkeypatch):
    model, (source, target) = small(attention=attention, context="step"), pairs()
    projected, read = [], []
    prepare, forward = model.attention.score.prepare, model.decoder.forward
    monkeypatch.setattr(model.attention.score, "prepare", lambda values: projected.append(1) or prepare(values))
    monkeypatch.setattr(model.decoder, "forward", lambda *args: read.append(1) or forward(*args))
    model(source, target, LENGTHS)
    assert (len(projected), len(read)) == (1, calls)


@EACH
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_in_half_precision_it_is_nearly_the_same(attention, context, dtype):
    model, (source, target) = small(attention=attention, context=context), pairs()
    exact = model(source, target, LENGTHS)
    logits = model.to(dtype)(source, target, LENGTHS)
    assert logits.dtype == dtype
    torch.testing.assert_close(logits.double(), exact, rtol=0, atol=40 * torch.finfo(dtype).eps)


@CELL
@EACH
def test_under_autocast_it_is_nearly_the_same_and_trains(cell, attention, context):
    model, (source, target) = small(torch.float32, cell=cell, attention=attention, context=context), pairs()
    exact = model(source, target, LENGTHS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(source, target, LENGTHS)
        own = model(source, target, LENGTHS, own=0.5, generator=torch.Generator().manual_seed(0))
    assert logits.dtype == own.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), exact, rtol=0, atol=0.05)
    F.cross_entropy(logits.flatten(0, 1), target.flatten()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


def test_a_copy_and_a_loaded_state_dict_compute_the_same():
    model, (source, target) = small(attention="bahdanau", context="output", score="additive", span="local-p"), pairs()
    other = Seq2Seq(model.config, torch.Generator().manual_seed(1)).double()
    other.load_state_dict(model.state_dict())
    for twin in (other, deepcopy(model)):
        assert torch.equal(twin(source, target, LENGTHS), model(source, target, LENGTHS))


def test_pretrained_embeddings_are_taken_and_frozen_or_not():
    vectors = torch.randn(VX, 4, generator=torch.Generator().manual_seed(5), dtype=torch.float64).float()
    config = Seq2SeqConfig(VX, VY, width=4, hidden=6)
    for frozen in (True, False):
        model = Seq2Seq(config, source_vectors=vectors, frozen=frozen)
        assert torch.equal(model.source_embed.weight, vectors)
        assert model.source_embed.weight.requires_grad is not frozen
        assert model.target_embed.weight.requires_grad
        assert model.source_embed.weight.data_ptr() != vectors.data_ptr()  # training leaves the caller's alone
    exact = torch.ones(VY, 4, dtype=torch.float64)  # as numpy gives them; the model computes in float32
    model = Seq2Seq(config, target_vectors=exact)
    assert torch.equal(model.target_embed.weight, torch.ones(VY, 4))
    assert model(*pairs()).dtype == torch.float32


def test_dropout_is_on_in_training_only():
    model, (source, target) = small(attention="luong", layers=2, dropout=0.5), pairs()
    assert not torch.equal(model(source, target), model(source, target))
    model.eval()
    assert torch.equal(model(source, target), model(source, target))


def test_the_first_weights_come_from_the_generator():
    config = Seq2SeqConfig(300, 200, width=20, hidden=100, attention="luong", context="output")

    def built(seed):
        return Seq2Seq(config, torch.Generator().manual_seed(seed)).state_dict()

    for name, weight in built(0).items():
        assert torch.equal(weight, Seq2Seq(config).state_dict()[name])
        assert torch.equal(weight, built(1)[name]) == (name == "bridge.0.bias" or name == "output.bias")
    stds = {name: weight.std(correction=0).item() for name, weight in built(0).items()}
    expected = {
        "source_embed.weight": 1,
        "target_embed.weight": 1,
        "bridge.0.weight": 100**-0.5,
        "combine.weight": 200**-0.5,
        "output.weight": 220**-0.5,
    }
    assert {name: stds[name] for name in expected} == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("attention", ["luong", "bahdanau"])
def test_it_learns_to_reverse(attention):
    """Digits of three to six places, backwards, on <bos> 0 and <eos> 1; written greedily without an error."""
    context = "step" if attention == "bahdanau" else "state"
    config = Seq2SeqConfig(8, 8, width=16, hidden=32, attention=attention, context=context)
    model = Seq2Seq(config)

    def batch(step):
        g = torch.Generator().manual_seed(step)
        lengths = torch.randint(3, 7, (32,), generator=g)
        source, place = torch.randint(2, 8, (32, 6), generator=g), torch.arange(7)
        behind = F.pad(source, (0, 1), value=1).gather(1, (lengths[:, None] - 1 - place).clamp(0))
        target = behind.masked_fill(place >= lengths[:, None], 1)  # <eos> from the end on
        return source, target, lengths

    def loss(model, data):
        source, target, lengths = data
        logits = model(source, F.pad(target[:, :-1], (1, 0)), lengths)
        return F.cross_entropy(logits.flatten(0, 1), target.flatten())

    fit(model, batch, loss, steps=200, lr=2e-2)
    source, target, lengths = batch(10_000)
    state, ids, written = model.start(source, lengths), torch.zeros(32, dtype=torch.long), []
    for _ in range(7):
        logits, state = model.step(ids, state)
        ids = logits.argmax(-1)
        written.append(ids)
    assert (torch.stack(written, 1) == target).all(1).float().mean() > 0.9


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Seq2SeqConfig(0, VY), "source_size must be a whole number, 1 or more; got 0"),
        (lambda: Seq2SeqConfig(VX, VY, max_length=0), "max_length must be a whole number, 1 or more"),
        (lambda: Seq2SeqConfig(VX, VY, width=2.5), "width must be a whole number, 1 or more; got 2.5"),
        (lambda: Seq2SeqConfig(VX, VY, layers="2"), "layers must be a whole number, 1 or more; got '2'"),
        (lambda: Seq2SeqConfig(VX, VY, cell="rnn"), "no cell 'rnn': take one of gru, lstm"),
        (lambda: Seq2SeqConfig(VX, VY, context="first"), "no context 'first': take one of state, step, output"),
        (lambda: Seq2SeqConfig(VX, VY, attention="soft"), "no attention 'soft': take one of None, bahdanau, luong"),
        (lambda: Seq2SeqConfig(VX, VY, score="concat"), "no score 'concat': take one of dot, scaled_dot"),
        (lambda: Seq2SeqConfig(VX, VY, span="local"), "no span 'local': take one of global, local-m, local-p"),
        (lambda: Seq2SeqConfig(VX, VY, hidden=7), "hidden = 7 cannot be halved"),
        (lambda: Seq2SeqConfig(VX, VY, attention="bahdanau"), "take context='step' or 'output'"),
        (lambda: Seq2SeqConfig(VX, VY, dropout=1), "dropout = 1"),
        (lambda: Seq2Seq(Seq2SeqConfig(VX, VY), source_vectors=torch.zeros(3, 4)), r"shape \(3, 4\), .* width 64"),
        (lambda: small().start(torch.zeros(2, 0, dtype=torch.long)), "the source is empty"),
        (lambda: small().start(torch.zeros(0, 2, dtype=torch.long)), "the source is empty"),
        (lambda: small().start(pairs()[0], torch.tensor([5, 0, 2])), "row 1 of the source is padding alone"),
        (lambda: small().start(pairs()[0], torch.tensor([5, 6, 2])), "lengths holds 6"),
        (lambda: small().start(pairs()[0], torch.tensor([5, -1, 2])), "lengths holds -1"),
        (lambda: small(max_length=4).start(pairs()[0]), "source has 5 words, .* max_length = 4"),
        (lambda: small(max_length=5)(*pairs(size=(2, 3, 6))), "target has 6 words, .* max_length = 5"),
        (lambda: small(max_length=5)(*pairs(size=(2, 3, 6)), own=1, generator=torch.Generator()), "target has 6"),
        (lambda: small()(*pairs(size=(2, 3, 0))), "begin the target with <bos>"),
        (
            lambda: small().start(pairs()[0].tolist()),
            "the source must be a tensor of ids, .* a row a sentence; got list",
        ),
        (lambda: small().start(pairs()[0][0]), r"the source must be .*; got int64 of shape \(5,\)"),
        (lambda: small().start(pairs()[0].double()), "the source must be .*; got float64"),
        (lambda: small()(pairs()[0], pairs()[1][0]), r"the target must be .*; got int64 of shape \(4,\)"),
        (lambda: small()(pairs()[0], pairs()[1][:1]), "there are 3 sources and 1 targets: give one for each"),
        (lambda: small()(pairs()[0], pairs()[1][:2], own=1, generator=torch.Generator()), "3 sources and 2 targets"),
        (lambda: small()(*pairs(), LENGTHS.tolist()), "lengths must be a tensor of whole numbers; got list"),
        (lambda: small().start(torch.tensor([[1, VX]])), f"source id {VX} lies .* ids are 0 to {VX - 1}"),
        (lambda: small()(torch.tensor([[1]]), torch.tensor([[-1]])), "target id -1 lies outside"),
        (lambda: small()(*pairs(), own=0.5), "own = 0.5 .* a generator"),
        (lambda: small()(*pairs(), own=1.5, generator=torch.Generator()), "own = 1.5"),
        (lambda: small()(*pairs(), own=-1, generator=torch.Generator()), "own = -1"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
