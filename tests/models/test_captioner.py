"""The captioner is its equations; hard attention's gradient is the exact one on average; it learns where to look."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from coursekit.data.scenes import SHAPES, Scenes
from coursekit.decode import beam_search, best, greedy
from coursekit.models.captioner import (
    CaptionBatch,
    Captioner,
    CaptionerConfig,
    caption_loss,
    points_at,
)
from coursekit.nn.attention import SCORES
from coursekit.nn.hard_attention import bound, drawn_position, earned
from coursekit.nn.picture_grid import grid_boxes
from coursekit.train import fit

V = 7
KINDS = (None, "soft", "hard")
EACH = pytest.mark.parametrize("attention", KINDS)
CELL = pytest.mark.parametrize("cell", ["gru", "lstm"])


WORDS = {"remembers": False, "own_keys": True, "gate": True}


def small(attention="soft", dtype=torch.float64, seed=0, **changes):
    sizes = {"grid": 4, "channels": 5, "width": 4, "hidden": 6, "max_length": 9}
    config = CaptionerConfig(V, attention, **(sizes | changes))
    model = Captioner(config, torch.Generator().manual_seed(seed)).to(dtype)
    with torch.no_grad():
        for p in model.parameters():  # the biases too, which start at zero
            p += torch.linspace(-0.3, 0.3, p.numel(), dtype=dtype).view_as(p)
    return model


def some(n=3, words=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.rand(n, 3, 32, 32, generator=generator, dtype=torch.float64)
    return pictures, torch.randint(V, (n, words), generator=generator)


def cell_by_cell(model, picture):
    """The annotation vectors and the keys, T Z each."""
    c, x = model.config, picture[None] * 2 - 1
    for layer in model.encoder.halvings:
        x = F.conv2d(x, layer.weight, layer.bias, stride=2, padding=1).clamp(min=0)
    cells, keys, side = [], [], 32 // c.grid
    for row, column in itertools.product(range(c.grid), repeat=2):
        at = [(2 * column + 1) / c.grid - 1, (2 * row + 1) / c.grid - 1]
        seen = torch.cat([x[0, :, row, column], torch.tensor(at, dtype=x.dtype)])
        cells.append((model.encoder.mix.weight[:, :, 0, 0] @ seen + model.encoder.mix.bias).clamp(min=0))
        if c.own_keys:
            patch = (picture * 2 - 1)[:, row * side : (row + 1) * side, column * side : (column + 1) * side]
            own = (model.encoder.own.weight.flatten(1) @ patch.flatten() + model.encoder.own.bias).clamp(min=0)
            keys.append(torch.cat([own, seen[-2:]]))
    return torch.stack(cells), torch.stack(keys or cells)


def one_by_one(model, picture, ids):
    """One caption, word by word, with torch.nn's cells and the paper's equations: logits and alpha."""
    c, p = model.config, dict(model.named_parameters())
    a, keys = cell_by_cell(model, picture)
    sees = c.channels if c.remembers else 0
    cell = {"gru": nn.GRUCell, "lstm": nn.LSTMCell}[c.cell](c.width + sees, c.hidden).to(a.dtype)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in model.decoder.state_dict().items()})
    state = [torch.tanh(f.weight @ a.mean(0) + f.bias)[None] for f in model.first]
    if not c.remembers:
        state = [torch.zeros(1, c.hidden, dtype=a.dtype) for _ in range({"gru": 1, "lstm": 2}[c.cell])]
    logits, alphas = [], []

    def advanced(x):
        new = cell(x[None], tuple(state) if c.cell == "lstm" else state[0])
        return list(new) if c.cell == "lstm" else [new]

    for word in ids:
        y = p["embed.weight"][word]
        if not c.remembers:
            state = advanced(y)
        h = state[0][0]
        alpha = torch.full((len(a),), 1 / len(a), dtype=a.dtype)
        if c.attention:
            asks, f = torch.cat([h, y]) if c.reads else h, model.attention.score
            alpha = torch.softmax(torch.stack([f.v @ torch.tanh(f.query @ asks + f.key @ k) for k in keys]), 0)
        z = a[alpha.argmax()] if c.attention == "hard" else alpha @ a
        if c.gate:
            z = torch.sigmoid(p["gate.weight"][0] @ h + p["gate.bias"][0]) * z
        if c.remembers:
            state = advanced(torch.cat([y, z]))
        deep = y + p["hidden_out.weight"] @ state[0][0] + p["seen_out.weight"] @ z
        logits.append(p["output.weight"] @ deep + p["output.bias"])
        alphas.append(alpha)
    return torch.stack(logits), torch.stack(alphas)


@EACH
@CELL
@pytest.mark.parametrize("changes", [{}, {"reads": False, "gate": True, "grid": 8}, {"grid": 16}, WORDS])
def test_equals_the_equations(attention, cell, changes):
    model, (pictures, ids) = small(attention, cell=cell, **changes), some(2, 3)
    logits, alpha = model.with_weights(pictures, ids)
    for b in range(2):
        ours, theirs = (logits[b], alpha[b]), one_by_one(model, pictures[b], ids[b])
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
    assert torch.equal(model(pictures, ids), logits)


@pytest.mark.parametrize("attention", [None, "soft"])
def test_every_gradient_equals_that_of_the_equations(attention):
    model, (pictures, ids) = small(attention, gate=True), some(2, 3)
    parameters = [p for name, p in model.named_parameters() if not name.startswith("decoder")]  # torch.nn has a copy
    written_out = torch.stack([one_by_one(model, p, row)[0] for p, row in zip(pictures, ids, strict=True)])
    ours, theirs = (torch.autograd.grad(y.square().sum(), parameters) for y in (model(pictures, ids), written_out))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


@EACH
@CELL
@pytest.mark.parametrize("score", [*SCORES, "words alone"])
def test_word_by_word_is_the_whole_and_rows_can_be_picked(attention, cell, score):
    changes = {"score": score, "channels": 6, "reads": False} if score in ("dot", "scaled_dot", "cosine") else {}
    changes = changes or (WORDS if score == "words alone" else {"score": score})
    model, (pictures, ids) = small(attention, cell=cell, **changes), some()
    logits, alpha = model.with_weights(pictures, ids)
    state = model.start(pictures)
    for t in range(ids.size(1)):
        y, state = model.step(ids[:, t], state)
        torch.testing.assert_close(y, logits[:, t], rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(state.weights, alpha[:, t], rtol=1e-12, atol=1e-13)
    rows = torch.tensor([2, 0, 2])
    y, _ = model.step(ids[rows, 0], model.select(state, rows))
    torch.testing.assert_close(y, model.step(ids[:, 0], state)[0][rows], rtol=1e-12, atol=1e-13)


@EACH
def test_one_picture_at_a_time_is_the_batch_and_words_behind_change_nothing(attention):
    model, (pictures, ids) = small(attention), some()
    logits = model(pictures, ids)
    alone = torch.cat([model(pictures[b : b + 1], ids[b : b + 1]) for b in range(3)])
    torch.testing.assert_close(alone, logits, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(model(pictures, ids[:, :3]), logits[:, :3], rtol=1e-12, atol=1e-13)
    loss, out = caption_loss(lambda_e=0.1, expected=0.5), ids.clamp(min=1)
    out[1, 3:] = 0
    padded = F.pad(ids, (0, 2), value=5), F.pad(out, (0, 2))
    torch.testing.assert_close(
        loss(small(attention), CaptionBatch(pictures, *padded, 3)), loss(model, CaptionBatch(pictures, ids, out, 3))
    )


@EACH
def test_bytes_are_the_same_picture(attention):
    model, ids = small(attention, torch.float32), some()[1]
    pictures = (some()[0] * 255).round().to(torch.uint8)
    torch.testing.assert_close(model(pictures, ids), model(pictures / 255, ids), rtol=1e-5, atol=1e-5)


def test_each_cell_knows_its_pixels():
    """A cell of the grid, whose pixels grid_boxes gives, sees these and as many around on every side."""
    for grid, around in ((16, 1), (8, 3), (4, 7)):
        model, picture = small(grid=grid).encoder, some(1)[0].requires_grad_()
        values = model(picture)[0][0]
        for cell in (0, grid + 1, grid * grid - 2):
            (seen,) = torch.autograd.grad(values[cell].sum(), picture, retain_graph=True)
            rows, columns = seen[0].abs().sum(0).nonzero().T
            left, top, right, bottom = grid_boxes(grid)[cell].tolist()
            reach = [max(left - around, 0), max(top - around, 0), min(right + around, 32), min(bottom + around, 32)]
            assert [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] == reach


def test_pointing_is_overlap():
    alpha = F.one_hot(torch.tensor([[0, 5, 15]]), 16).double()  # pixels 0 0 8 8; 8 8 16 16; 24 24 32 32
    assert points_at(alpha, torch.tensor([[[7, 7, 9, 9], [0, 0, 8, 32], [23, 20, 25, 25]]])).tolist() == [
        [True, False, True]
    ]


def test_hard_attention_sees_one_cell_and_draws_by_seed():
    model, (pictures, ids) = small("hard"), some()
    _, alpha, mixes = model.told(pictures, ids)
    assert torch.equal(mixes, F.one_hot(alpha.argmax(-1), 16).double())

    def seeded(seed):
        return model(pictures, ids, torch.Generator().manual_seed(seed))

    assert torch.equal(seeded(1), seeded(1)) and not torch.equal(seeded(1), seeded(2))
    assert not torch.equal(seeded(1), model(pictures, ids))


@pytest.mark.parametrize("credit", ["caption", "rest"])
@CELL
def test_the_mean_gradient_over_all_looks_is_the_exact_one(credit, cell):
    """All 16 x 16 ways to look at two steps: sum over s of p(s) log p(y | s), differentiated, against REINFORCE."""
    model, (picture, ids) = small("hard", cell=cell), some(1, 2)
    looks = torch.tensor(list(itertools.product(range(16), repeat=2)))  # N, 2
    N, out, mask = len(looks), torch.tensor([[3, 1]]).expand(256, -1), torch.ones(256, 2, dtype=torch.bool)
    steps = iter(F.one_hot(looks, 16).double().split(1, 1))
    logits, alpha, mixes = model.told(picture.expand(N, -1, -1, -1), ids.expand(N, -1), lambda alpha: next(steps))
    log_p = -F.cross_entropy(logits.mT, out, reduction="none")
    p = (alpha * mixes).sum(-1).prod(1)  # p(s)
    assert p.sum().item() == pytest.approx(1, abs=1e-12)
    exact = (p * log_p.sum(1)).sum()

    baseline = torch.tensor([-2.5, 0.7], dtype=torch.float64)[: 1 if credit == "caption" else 2]
    gain = bound(log_p, alpha, mixes, mask, mask[:, :1], earned(log_p.detach(), credit), baseline)
    names, parameters = zip(*model.named_parameters(), strict=True)
    ours, theirs = (
        torch.autograd.grad(x, parameters, retain_graph=True) for x in ((p.detach() * gain.sum(1)).sum(), exact)
    )
    for name, a, b in zip(names, ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-10, msg=lambda m, name=name: f"{name}: {m}")
    assert torch.cat([g.flatten() for g in theirs]).abs().max() > 0.01
    marginal = torch.logsumexp(p.log() + log_p.sum(1), 0)  # log p(y): the bound lies below
    assert exact.item() < marginal.item()


def test_the_loss_is_the_bound_of_what_was_drawn():
    """Half the captions look under alpha itself, the others under a draw; the baseline follows the latter."""
    model, (pictures, ids) = small("hard"), some(6, 4)
    out = ids.clamp(min=1)
    out[2, 2:] = 0
    mask = out != 0
    value = caption_loss(credit="rest", lambda_e=0.3, expected=0.5)(model, CaptionBatch(pictures, ids, out, 8))
    generator = torch.Generator().manual_seed(8)
    draws = torch.rand(6, 1, generator=generator, dtype=torch.float64) >= 0.5
    assert draws.any() and not draws.all()
    twin = small("hard")
    logits, alpha, mixes = twin.told(
        pictures, ids, lambda alpha: torch.where(draws[:, None], drawn_position(alpha, generator), alpha)
    )
    log_p = -F.cross_entropy(logits.mT, out, reduction="none") * mask
    R = earned(log_p.detach(), "rest")
    gain = bound(log_p, alpha, mixes, mask, draws, R, torch.zeros(4), 1.0, 0.3)
    torch.testing.assert_close(value, -gain.sum() / mask.sum(), rtol=1e-12, atol=0)
    kept = [R[:, t][draws[:, 0] & mask[:, t]].mean().item() for t in range(4)]
    assert model.baseline(4).tolist() == pytest.approx(kept)


def test_of_several_draws_each_has_the_others_as_its_baseline():
    """Three draws of two captions, the rows written out by hand."""
    model, (pictures, ids) = small("hard"), some(2, 4)
    out = ids.clamp(min=1)
    value = caption_loss(credit="rest", lambda_e=0, expected=0, draws=3)(model, CaptionBatch(pictures, ids, out, 8))
    rows, generator = torch.tensor([0, 0, 0, 1, 1, 1]), torch.Generator().manual_seed(8)
    torch.rand(6, 1, generator=generator, dtype=torch.float64)  # who draws: all
    logits, alpha, mixes = model.told(pictures[rows], ids[rows], lambda alpha: drawn_position(alpha, generator))
    log_p = -F.cross_entropy(logits.mT, out[rows], reduction="none")
    gain, R = log_p.sum(), earned(log_p.detach(), "rest")
    for row, mine in enumerate(rows):
        fellows = [i for i in range(6) if rows[i] == mine and i != row]
        gain = gain + ((R[row] - R[fellows].mean(0)) * (alpha[row] * mixes[row]).sum(-1).log()).sum()
    torch.testing.assert_close(value, -gain / 24, rtol=1e-12, atol=0)
    ours, theirs = (torch.autograd.grad(x, list(model.parameters()), retain_graph=True) for x in (value, -gain / 24))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_words_alone_are_remembered_and_each_word_is_told_from_its_own_look():
    model, (pictures, ids) = small("hard", **WORDS), some()
    assert not model.start(pictures).hidden.any() and not model.start(pictures).cell.any()
    looks = torch.zeros(3, 5, 16, dtype=torch.float64).index_fill(2, torch.tensor(3), 1)
    other = looks.clone()
    other[:, 2] = looks[:, 2].roll(1, -1)
    one, two = (model.told(pictures, ids, lambda alpha, x=x: x)[0] for x in (looks, other))
    assert (one != two).any(-1).tolist() == [[False, False, True, False, False]] * 3
    parts = iter(looks.split(1, 1)), iter(other.split(1, 1))
    one, two = (small("hard").told(pictures, ids, lambda alpha, x=x: next(x))[0] for x in parts)
    assert (one != two).any(-1).tolist() == [[False, False, True, True, True]] * 3  # the others remember


def test_own_keys_see_the_cell_alone():
    model, picture = small(own_keys=True).encoder, some(1)[0].requires_grad_()
    (seen,) = torch.autograd.grad(model(picture)[1][0, 5].sum(), picture)
    rows, columns = seen[0].abs().sum(0).nonzero().T
    assert [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] == grid_boxes(4)[5].tolist()


def test_without_hard_attention_the_loss_is_the_cross_entropy():
    pictures, ids = some()
    batch = CaptionBatch(pictures, ids, ids, 0)
    for attention in (None, "soft"):
        model = small(attention)
        logits, alpha = model.with_weights(pictures, ids)
        expected = F.cross_entropy(logits.flatten(0, 1), ids.flatten(), ignore_index=0)
        torch.testing.assert_close(caption_loss()(model, batch), expected, rtol=1e-12, atol=0)
        seen = torch.stack([alpha[b, ids[b] != 0].sum(0) for b in range(3)])
        more = 0.7 * ((1 - seen) ** 2).sum(1).mean()
        torch.testing.assert_close(caption_loss(coverage=0.7)(model, batch), expected + more, rtol=1e-12, atol=0)
        assert caption_loss(draws=3)(model, batch) == caption_loss()(model, batch)  # nothing is drawn


def test_resumed_training_ends_as_an_unbroken_one(tmp_path):
    """What a batch draws hangs on its step alone, and the baseline is part of the checkpoint."""

    def batch(step):
        pictures, ids = some(4, 3, seed=step)
        return CaptionBatch(pictures.float(), ids, ids.clamp(min=1), step)

    class Cut(Exception):
        pass

    def interrupt(step, value):
        if step == 4:
            raise Cut

    def train(file=None, progress=None):
        model = small("hard", torch.float32)
        options = {"checkpoint": file, "save_every": 2, "progress": progress}
        fit(model, batch, caption_loss(credit="rest"), steps=6, **options)
        return model.state_dict()

    with pytest.raises(Cut):
        train(tmp_path / "run.safetensors", interrupt)
    whole, resumed = train(), train(tmp_path / "run.safetensors")
    assert "baseline.value" in whole
    for name, value in whole.items():
        torch.testing.assert_close(resumed[name], value, rtol=0, atol=0, equal_nan=True)


@EACH
@pytest.mark.parametrize("changes", [{}, WORDS], ids=["", "words alone"])
def test_under_autocast_the_loss_is_nearly_the_same(attention, changes):
    (pictures, ids), loss = some(), caption_loss(lambda_e=0.1, expected=1)  # nothing drawn: a draw may fall elsewhere
    batch = CaptionBatch(pictures.float(), ids, ids.clamp(min=1), 3)
    model = small(attention, torch.float32, **changes)
    exact = loss(model, batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = loss(model, batch)
        assert caption_loss(expected=0, draws=2)(model, batch).isfinite()
    torch.testing.assert_close(value, exact, rtol=0.02, atol=0)
    value.backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)


@EACH
def test_the_decoders_take_it(attention):
    model, (pictures, _) = small(attention), some()
    options = {"bos": 1, "eos": 2, "max_length": 4}
    found = greedy(model, model.start(pictures), batch=3, **options)
    assert len(best(found)) == 3
    widest = beam_search(model, model.start(pictures), batch=3, width=1, **options)
    assert best(widest) == best(found)


def test_the_first_weights_come_from_the_generator():
    def built(seed):
        model = Captioner(CaptionerConfig(V), seed)
        return torch.cat([p.flatten() for p in model.parameters()])

    assert torch.equal(built(None), built(torch.Generator().manual_seed(0)))
    assert not torch.equal(built(None), built(torch.Generator().manual_seed(1)))


def call(pictures=None, ids=None, attention="soft", **more):
    one, words = some(2)
    return small(attention)(one if pictures is None else pictures, words if ids is None else ids, **more)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: CaptionerConfig(V, "firm"), "no attention 'firm': take one of None, soft, hard"),
        (lambda: CaptionerConfig(V, grid=5), "grid = 5 does not come of halving 32 pixels: take 16, 8 or 4"),
        (lambda: CaptionerConfig(V, cell="rnn"), "no cell 'rnn'"),
        (lambda: CaptionerConfig(V, score="best"), "no score 'best'"),
        (lambda: CaptionerConfig(0), "vocab_size must be a whole number, 1 or more; got 0"),
        (lambda: call(torch.zeros(2, 3, 28, 28)), r"of shape B 3 32 32; got \(2, 3, 28, 28\)"),
        (lambda: call(torch.zeros(2, 32, 32, 3)), r"channels come first: .permute\(0, 3, 1, 2\)"),
        (lambda: call(torch.zeros(3, 32, 32)), r"got \(3, 32, 32\)"),
        (lambda: call([[0]]), "must be a tensor of shape B 3 32 32; got list"),
        (
            lambda: call(torch.zeros(2, 3, 32, 32).long()),
            "uint8 from 0 to 255 or floating point from 0 to 1; got int64",
        ),
        (lambda: call(torch.full((2, 3, 32, 32), 255.0)), "from 0 to 1, these from 255 to 255: divide first"),
        (lambda: call(torch.full((2, 3, 32, 32), torch.nan)), "these from nan to nan"),
        (lambda: call(ids=torch.zeros(2, 0).long()), "no word of a caption to read: begin the caption with <bos>"),
        (lambda: call(ids=torch.full((2, 1), V)), f"caption id {V} lies outside the vocabulary"),
        (lambda: call(ids=torch.zeros(3, 2).long()), "there are 2 pictures and 3 captions"),
        (lambda: call(ids=torch.zeros(2, 10).long()), "10 words, the limit of this model is max_length = 9"),
        (lambda: call(ids=torch.zeros(2).long()), r"the caption must be a tensor of ids.*; got int64 of shape \(2,\)"),
        (lambda: call(ids=torch.zeros(2, 3)), "the caption must be .*; got float32"),
        (lambda: call(generator=torch.Generator()), "only hard attention draws"),
        (lambda: caption_loss(credit="word"), "no credit 'word': take one of caption, rest"),
        (lambda: caption_loss(expected=2), "expected a share from 0 to 1"),
        (lambda: caption_loss(lambda_e=-1), "must be 0 or more"),
        (lambda: caption_loss(lambda_r=float("nan")), "must be 0 or more"),
        (
            lambda: caption_loss()(small(), CaptionBatch(*some(2), torch.ones(2, 4).long(), 0)),
            r"of one shape; got \(2, 5\) and \(2, 4\)",
        ),
        (lambda: caption_loss(draws=0), "draws = 0: tell each caption once or more often"),
        (
            lambda: caption_loss()(small(), CaptionBatch(*some(2), torch.zeros(2, 5).long(), 0)),
            "no caption has a word: every id of target_out is the padding, 0",
        ),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def told_scenes(scenes, ids):
    """Pictures, ids of the captions with <bos> (2) and <eos> (3), and the box of the thing that each shape names."""
    pictures = torch.stack([torch.from_numpy(s.image).permute(2, 0, 1) for s in scenes])
    captions = [torch.tensor([2, *(ids[w] for w in s.captions[0].split()), 3]) for s in scenes]
    boxes = torch.zeros(len(scenes), max(map(len, captions)) - 1, 4, dtype=torch.long)
    for box, s in zip(boxes, scenes, strict=True):
        for t, (word, thing) in enumerate(zip(s.captions[0].split(), s.words[0], strict=True)):
            if word in SHAPES:
                box[t] = torch.tensor(s.objects[thing].box)
    captions = nn.utils.rnn.pad_sequence(captions, batch_first=True)
    return pictures, captions[:, :-1], captions[:, 1:], boxes


@pytest.mark.full
def test_hard_attention_points_at_the_named_thing():
    """Soft looks first, then drawn ones: at the nouns of new captions the largest weight lies on the named thing."""
    train, new = Scenes(0).take(3_200), Scenes("new").take(200)
    ids = {w: 4 + i for i, w in enumerate(sorted({w for s in train + new for w in s.captions[0].split()}))}
    pictures, read, write, _ = told_scenes(train, ids)
    config = CaptionerConfig(4 + len(ids), "hard", channels=64, width=64, remembers=False, own_keys=True)
    model = Captioner(config, torch.Generator().manual_seed(0))

    def some_of(step, size):
        rows = torch.randint(len(train), (size,), generator=torch.Generator().manual_seed(step))
        return CaptionBatch(pictures[rows], read[rows], write[rows], step)

    fit(model, lambda step: some_of(step, 32), caption_loss(expected=1, lambda_e=0), steps=700, lr=3e-3)
    drawn = caption_loss(credit="rest", expected=0, draws=4, lambda_e=0.01)
    fit(model, lambda step: some_of(10_000 + step, 16), drawn, steps=100, lr=2e-3)
    pictures, read, _, boxes = told_scenes(new, ids)
    hits = points_at(model.with_weights(pictures, read)[1], boxes)[boxes[..., 2] > 0]
    assert hits.double().mean() > 0.75
