"""Transformer-XL: the shift equals the written-out distances, and memory equals one long pass."""

import copy
import math
import os
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.decode import beam_search, greedy
from coursekit.models.transformer_xl import TransformerXL, TransformerXLConfig, shifted
from coursekit.train import Carried, fit, streams

V = 17
LENGTHS = torch.tensor([5, 1, 3])


def small(dtype=torch.float64, **changes):
    sizes = {"width": 12, "layers": 3, "heads": 3, "inner": 20, "memory": 30, "dropout": 0.2} | changes
    model = TransformerXL(TransformerXLConfig(V, **sizes))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=generator, dtype=torch.float64).float() * 0.2)
    return model.to(dtype).eval()


def some(*shape):
    return torch.randint(V, shape, generator=torch.Generator().manual_seed(shape[-1]))


MODEL = small()


def slow(model, ids, memory):
    """Logits and what entered each layer, word by word and head by head, as the paper writes the scores."""
    c = model.config
    d, D = c.width // c.heads, c.width
    w = [{k: p.detach() for k, p in block.state_dict(keep_vars=False).items()} for block in model.blocks]

    def R(distance):
        angle = distance * 1e4 ** (-2 * torch.arange(D // 2).double() / D)
        return torch.cat([angle.sin(), angle.cos()])

    def one(ids, memory):
        h, entered = [model.embed.weight[i].detach() * math.sqrt(D) for i in ids], []
        for p, before in zip(w, memory, strict=True):
            entered.append(torch.stack(h))
            every, M, out = [*before, *h], len(before), []
            for i, x in enumerate(h):
                heads = []
                for n in range(c.heads):
                    part = slice(n * d, (n + 1) * d)
                    q, values, scores = p["attention.q.weight"][part] @ x, [], []
                    for j in range(M + i + 1):
                        k = p["attention.kv.weight"][:D][part] @ every[j]
                        r = p["attention.r.weight"][part] @ R(M + i - j)
                        u, v = p["attention.u"][n], p["attention.v"][n]
                        scores.append((q @ k + q @ r + u @ k + v @ r) / math.sqrt(d))
                        values.append(p["attention.kv.weight"][D:][part] @ every[j])
                    heads.append(torch.stack(scores).softmax(0) @ torch.stack(values))
                x = normed(x + p["attention.out.weight"] @ torch.cat(heads), p, "attention_norm", c.eps)
                inner = (p["feed.up.weight"] @ x + p["feed.up.bias"]).clamp(min=0)
                out.append(normed(x + p["feed.down.weight"] @ inner + p["feed.down.bias"], p, "feed_norm", c.eps))
            h = out
        return torch.stack(h) @ model.embed.weight.detach().T, torch.stack(entered)

    rows = [one(row.tolist(), memory[:, b]) for b, row in enumerate(ids)]
    return torch.stack([logits for logits, _ in rows]), torch.stack([entered for _, entered in rows], 1)


def normed(x, p, name, eps):
    return (x - x.mean()) / (x.var(correction=0) + eps).sqrt() * p[f"{name}.weight"] + p[f"{name}.bias"]


def in_segments(model, ids, sizes):
    memory, logits = None, []
    for segment in ids.split(sizes, 1):
        out, memory = model(segment, memory)
        logits.append(out)
    return torch.cat(logits, 1), memory


@pytest.mark.parametrize(("before", "now"), [(0, 1), (0, 6), (4, 5), (7, 2), (3, 1)])
def test_it_equals_the_scores_written_out_word_by_word(before, now):
    """Logits and the memory that is left, with and without a memory that stands before."""
    memory = torch.randn(3, 2, before, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    ids = some(2, now)
    logits, entered = slow(MODEL, ids, memory)
    found, kept = MODEL(ids, memory)
    assert (found - logits).abs().max() < 1e-10
    assert (kept - torch.cat([memory, entered], 2)).abs().max() < 1e-10


@given(S=st.integers(1, 6), M=st.integers(0, 5))
def test_the_shift_puts_each_distance_to_its_key(S, M):
    T = M + S
    x = torch.arange(T - 1, -1, -1).double().expand(2, 3, S, T) + torch.arange(S).double()[:, None] / 100
    for i in range(S):
        for j in range(T - S + i + 1):  # the keys that the mask leaves
            assert shifted(x)[1, 2, i, j] == T - S + i - j + i / 100


@pytest.mark.parametrize("sizes", [[1] * 12, [5, 4, 3], [2, 10], [12]], ids=str)
def test_memory_equals_one_long_pass(sizes):
    """With room for all of it; the memories are the same, too."""
    whole, memory = MODEL(some(2, 12))
    logits, kept = in_segments(MODEL, some(2, 12), sizes)
    assert (logits - whole).abs().max() < 1e-10
    assert (kept - memory).abs().max() < 1e-10


def test_a_short_memory_keeps_its_newest_positions_and_layers_add_to_the_reach():
    """With M kept, a word of segments of 1 sees M words back a layer, and nothing before M L."""
    model, ids = small(memory=2, layers=2), some(1, 9)
    logits, kept = in_segments(model, ids, [1] * 9)
    assert kept.shape == (2, 1, 2, 12)
    for back in range(1, 8):
        other = ids.clone()
        other[:, 8 - back] = (other[:, 8 - back] + 1) % V
        same = torch.equal(in_segments(model, other, [1] * 9)[0][:, -1], logits[:, -1])
        assert same == (back > 4)
    alone, nothing = in_segments(small(memory=0), ids, [3, 3, 3])
    assert nothing.size(2) == 0
    assert (alone[:, 3:6] - small(memory=0)(ids[:, 3:6])[0]).abs().max() < 1e-12


def test_distance_alone_counts():
    """The same words after other words that a memory of 0 forgets: the same logits wherever they stand."""
    model, ids = small(memory=3, layers=1), some(1, 10)
    late = in_segments(model, torch.cat([some(1, 4), ids], 1), [4, 3, 7])[0][:, 7:]
    early = in_segments(model, ids, [3, 7])[0][:, 3:]
    assert (late - early).abs().max() < 1e-12


def test_no_gradient_reaches_the_memory_but_the_weights_that_read_it_learn_from_it():
    model, ids = small(layers=1), some(1, 4)
    _, memory = model(some(1, 6))
    assert not memory.requires_grad
    logits, _ = model(ids, memory)
    (with_memory,) = torch.autograd.grad(logits.square().sum(), model.blocks[0].attention.kv.weight)
    logits, _ = model(ids)
    (without,) = torch.autograd.grad(logits.square().sum(), model.blocks[0].attention.kv.weight)
    assert (with_memory - without).abs().max() > 1e-3


def walked(model, ids, first, lengths=None, later=None):
    state, last = model.start(ids[:, :first], lengths)
    logits = []
    for word in (last, *(ids[:, first:] if later is None else later).unbind(1)):
        out, state = model.step(word, state)
        logits.append(out)
    return torch.stack(logits, 1)


@pytest.mark.parametrize("first", [1, 2, 7, 12])
def test_cached_equals_uncached(first):
    ids = some(2, 12)
    assert (walked(MODEL, ids, first) - MODEL(ids)[0][:, first - 1 :]).abs().max() < 1e-10


@pytest.mark.parametrize("memory", [30, 6])
def test_left_padded_equals_unpadded_and_batched_equals_single(memory):
    """Whatever stands where a prompt has ended; also when the padding has left the memory."""
    model, ids, later = small(memory=memory), some(3, 5), some(3, 9)
    batch = walked(model, ids, 5, LENGTHS, later)
    other = torch.where(torch.arange(5) < LENGTHS[:, None], ids, (ids + 1) % V)
    assert torch.equal(walked(model, other, 5, LENGTHS, later), batch)
    for row, n in enumerate(LENGTHS.tolist()):
        single = walked(model, ids[row : row + 1, :n], n, None, later[row : row + 1])
        assert (batch[row] - single[0]).abs().max() < 1e-10


def test_a_step_does_not_change_its_state_and_picked_rows_go_on():
    ids = some(3, 5)
    state, last = MODEL.start(ids, LENGTHS)
    first, after = MODEL.step(last, state)
    MODEL.step((last + 1) % V, state)
    assert torch.equal(MODEL.step(last, state)[0], first)
    rows, word = torch.tensor([2, 0, 0, 1]), torch.tensor([1, 2, 3])
    expected, _ = MODEL.step(word, after)
    assert (MODEL.step(word[rows], MODEL.select(after, rows))[0] - expected[rows]).abs().max() < 1e-12


def test_decoders_write_what_a_loop_without_cache_writes():
    ids = some(2, 4)
    state, last = MODEL.start(ids)
    options = {"bos": last, "eos": None, "max_length": 6}
    found, beams = greedy(MODEL, state, **options), beam_search(MODEL, state, width=1, **options)
    for b in range(2):
        text = ids[b : b + 1]
        for _ in range(6):
            text = torch.cat([text, MODEL(text)[0][:, -1:].argmax(-1)], 1)
        assert found[b][0].ids == beams[b][0].ids == text[0, 4:].tolist()


def test_training_carries_the_memory_and_a_run_goes_on_from_its_checkpoint(tmp_path):
    """A text that repeats itself after ten words: no segment of 5 holds the word that comes again, the memory does."""
    ids = torch.arange(10).repeat(60)[torch.randperm(10, generator=torch.Generator().manual_seed(0)).repeat(60)]
    windows = streams(ids, batch=4, window=5)

    def carried():
        return Carried(TransformerXL(TransformerXLConfig(V, 12, 2, 2, 24, memory=10, dropout=0.0)), batch=4)

    def trained(model, steps, **options):
        return fit(model, windows, lambda m, w: m(w), steps=steps, lr=1e-2, schedule="constant", warmup=5, **options)

    class Broken(Exception):
        pass

    def breaks(step, _):
        if step == 20:
            raise Broken

    whole, broken = carried(), carried()
    history = trained(whole, 60)
    assert history.loss[-1] < 0.3 < history.loss[0]
    options = {"checkpoint": tmp_path / "run.safetensors", "save_every": 15}
    with pytest.raises(Broken):
        trained(broken, 60, progress=breaks, **options)
    again = carried()
    assert trained(again, 60, **options).loss == pytest.approx(history.loss, rel=1e-4)
    assert again.state.shape == whole.state.shape == (2, 4, 10, 12)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 0.1), (torch.float16, 0.02)], ids=["bf16", "fp16"])
def test_half_precision_is_near(dtype, bound):
    exact, ids = small(torch.float32), some(2, 12)
    want, model = exact(ids)[0], small(dtype)
    for found in (model(ids)[0], walked(model, ids, 1)):
        assert found.dtype == dtype
        assert (found.float() - want).abs().max() < bound * want.abs().max()


def test_the_published_number_of_parameters():
    """enwik8, 12 layers: 41 million."""
    c = TransformerXLConfig(204)
    with torch.device("meta"):
        block = TransformerXL(TransformerXLConfig(1, layers=1)).blocks[0]
    assert c.layers * sum(p.numel() for p in block.parameters()) + 204 * 512 == 41_066_496


def test_dropout_only_in_training_and_first_weights_from_the_generator():
    model, ids = small(), some(1, 5)
    assert torch.equal(model(ids)[0], model(ids)[0])
    model.train()
    assert not torch.equal(model(ids)[0], model(ids)[0])

    def built(seed):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        config = TransformerXLConfig(V, 12, 2, 3, 20)
        return torch.cat([p.flatten() for p in TransformerXL(config, generator).parameters()])

    state = torch.get_rng_state()
    assert torch.equal(built(None), built(0)) and not torch.equal(built(None), built(1))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.equal(copy.deepcopy(MODEL)(ids)[0], MODEL(ids)[0])


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: TransformerXLConfig(0), "vocab_size must be a whole number, 1 or more; got 0"),
        (lambda: TransformerXLConfig(V, width="12"), "width must be a whole number, 1 or more; got '12'"),
        (lambda: TransformerXLConfig(V, memory=-1), "memory must be a whole number, 1 or more; got -1"),
        (lambda: TransformerXLConfig(V, width=9, heads=3), "width = 9 makes no pairs"),
        (lambda: TransformerXLConfig(V, width=10, heads=3), "width 10 is not divided by 3 heads"),
        (lambda: MODEL(some(2, 3)[:, :0]), "there is no word to read"),
        (lambda: MODEL(torch.tensor([[V]])), f"id {V} lies outside the vocabulary"),
        (lambda: MODEL(some(1, 3).float()), "whole numbers, with a row a sentence; got float32"),
        (lambda: MODEL(some(1, 3), MODEL.initial_state(2)), r"memory has the shape \(3, 2, 0, 12\), and must be 3 lay"),
        (lambda: MODEL.start(some(2, 3), torch.tensor([3, 0])), "lengths must give 1 to 3 words for each of 2 rows"),
        (lambda: MODEL.start([[1, 2]]), "got list"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.full
def test_compiled_equals_eager():
    """In a process of its own: signatures are not checked there, which would break the graph."""
    told = (
        "import torch\n"
        "from coursekit.models.transformer_xl import TransformerXL, TransformerXLConfig\n"
        "ids = torch.arange(10)[None]\n"
        "m = TransformerXL(TransformerXLConfig(19, 12, 2, 3, 24, 6)).eval()\n"
        "_, memory = m(ids)\n"
        "for ours, eager in zip(torch.compile(m)(ids, memory), m(ids, memory), strict=True):\n"
        "    assert (ours - eager).abs().max() < 1e-5\n"
    )
    environment = {**os.environ, "JAXTYPING_DISABLE": "1"}
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
