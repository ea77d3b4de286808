"""GPT and LLaMA: cached equals uncached, padded unpadded, batched single, compiled eager; bad input is said."""

import copy
import os
import pickle
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.decode import greedy, sample
from coursekit.models.gpt import GPT, GPTConfig
from coursekit.models.llama import Llama, LlamaConfig
from coursekit.models.transformer import Transformer, TransformerConfig
from coursekit.models.transformer_xl import TransformerXL, TransformerXLConfig

V = 19
KIND = pytest.mark.parametrize("kind", ["gpt", "gpt2", "llama"])


def small(kind="gpt2", dtype=torch.float64, **changes):
    sizes = {"context": 16, "width": 12, "layers": 3, "heads": 3, "inner": 20} | changes
    if kind == "llama":
        model = Llama(LlamaConfig(V, kv_heads=1, base=100, **sizes))
    else:
        model = GPT(GPTConfig(V, dropout=0.2, kind=kind, **sizes))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=generator, dtype=torch.float64).float() * 0.3)
    return model.to(dtype).eval()


def some(*shape):
    return torch.randint(V, shape, generator=torch.Generator().manual_seed(shape[-1]))


def walked(model, ids, first, lengths=None):
    """Logits of the words from place `first` on, one step after the other."""
    state, last = model.start(ids[:, :first], lengths)
    assert torch.equal(last, ids[:, first - 1]) or lengths is not None
    logits = []
    for word in (last, *ids[:, first:].unbind(1)):
        out, state = model.step(word, state)
        logits.append(out)
    return torch.stack(logits, 1)


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (GPTConfig(40_478, 512, kind="gpt"), 116_534_784),
        (GPTConfig(50_257), 124_439_808),
    ],
    ids=["GPT", "GPT-2"],
)
def test_the_published_numbers_of_parameters(config, count):
    with torch.device("meta"):
        block = sum(
            p.numel() for p in GPT(GPTConfig(2, 1, config.width, 1, config.heads, kind=config.kind)).parameters()
        )
    D = config.width
    rest = (2 + 1) * D + (2 * D if config.kind == "gpt2" else 0)  # its two words and one place, and the last norm
    whole = (config.vocab_size + config.context) * D + (2 * D if config.kind == "gpt2" else 0)
    assert config.layers * (block - rest) + whole == count


@KIND
@pytest.mark.parametrize("first", [1, 2, 7, 16])
def test_cached_equals_uncached(kind, first):
    model, ids = small(kind), some(2, 16)
    assert (walked(model, ids, first) - model(ids)[:, first - 1 :]).abs().max() < 1e-12


@KIND
def test_left_padded_equals_unpadded_and_batched_equals_single(kind):
    """Whatever stands where a prompt has ended: it must not be seen."""
    model, lengths = small(kind), [5, 1, 3]
    ids = some(3, 5)
    later = some(3, 9)
    batch = walked_after(model, ids, torch.tensor(lengths), later)
    for row, n in enumerate(lengths):
        single = walked_after(model, ids[row : row + 1, :n], None, later[row : row + 1])
        assert (batch[row] - single[0]).abs().max() < 1e-12
        whole = model(torch.cat([ids[row, :n], later[row]])[None])[0, n - 1 :]
        assert (batch[row] - whole).abs().max() < 1e-12


def walked_after(model, prompts, lengths, later):
    state, last = model.start(prompts, lengths, room=1)
    logits = []
    for word in (last, *later.unbind(1)):
        out, state = model.step(word, state)
        logits.append(out)
    return torch.stack(logits, 1)


@KIND
def test_a_step_does_not_change_its_state(kind):
    """Two continuations of one state, as any search may take them; and rows picked from it."""
    model, ids = small(kind), some(2, 6)
    state, last = model.start(ids)
    first, _ = model.step(last, state)
    words = [torch.tensor([3, 4]), torch.tensor([7, 8])]
    _, after = model.step(last, state)
    forks = [model.step(word, after) for word in words]
    again, _ = model.step(last, state)
    assert torch.equal(first, again)
    for word, (logits, _) in zip(words, forks, strict=True):
        whole = model(torch.cat([ids, word[:, None]], 1))[:, -1]
        assert (logits - whole).abs().max() < 1e-12
    rows = torch.tensor([1, 0, 1])
    picked, _ = model.step(words[0][rows], model.select(after, rows))
    assert (picked - forks[0][0][rows]).abs().max() < 1e-12


@given(cut=st.integers(1, 15), seed=st.integers(0, 5))
def test_no_word_sees_the_future(cut, seed):
    model, ids = MODEL, torch.randint(V, (1, 16), generator=torch.Generator().manual_seed(seed))
    other = ids.clone()
    other[:, cut:] = (other[:, cut:] + 1) % V
    a, b = model(ids), model(other)
    assert torch.equal(a[:, :cut], b[:, :cut])
    assert not torch.equal(a[:, cut:], b[:, cut:])


MODEL = small()


@KIND
def test_the_way_that_is_written_out_gives_the_same(kind):
    model, ids = small(kind), some(2, 9)
    found = model.everything(ids)
    assert (found.logits - model(ids)).abs().max() < 1e-12
    assert len(found.hidden) == 4 and len(found.maps) == 3
    sums = torch.stack(found.maps).sum(-1)
    assert (sums - 1).abs().max() < 1e-12


@KIND
@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 0.15), (torch.float16, 0.02)], ids=["bf16", "fp16"])
def test_half_precision_is_near(kind, dtype, bound):
    """Relative to the largest logit, whole and step by step; 8 and 11 bits of a number are left."""
    exact, ids = small(kind, torch.float32), some(2, 12)
    want = exact(ids)
    model = small(kind, dtype)
    for found in (model(ids), walked(model, ids, 1)):
        assert found.dtype == dtype
        assert (found.float() - want).abs().max() < bound * want.abs().max()


@pytest.mark.parametrize(("model", "config"), [(GPT, GPTConfig(V, 8, 12, 2, 3)), (Llama, LlamaConfig(V, 8, 12, 2, 3))])
def test_the_first_weights_come_from_the_generator(model, config):
    def built(seed):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return torch.cat([p.flatten() for p in model(config, generator).parameters()])

    assert torch.equal(built(None), built(0)) and not torch.equal(built(None), built(1))
    state = torch.get_rng_state()
    built(0)
    assert torch.equal(state, torch.get_rng_state())


def test_an_untrained_model_knows_nothing_yet():
    """Its loss is that of a uniform guess."""
    model = GPT(GPTConfig(50, 32, 64, 2, 4)).eval()
    ids = torch.randint(50, (8, 32), generator=torch.Generator().manual_seed(0))
    loss = torch.nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    assert abs(loss.item() - torch.tensor(50.0).log().item()) < 0.05


@pytest.mark.parametrize("smoothing", [0, 0.1])
def test_its_loss_is_that_of_all_logits(smoothing):
    model, ids = small(), some(3, 7)
    weights = torch.rand(3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).round(decimals=1)
    ours = model.loss(ids, weights, smoothing)
    each = torch.nn.functional.cross_entropy(
        model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten(), reduction="none", label_smoothing=smoothing
    )
    theirs = (each * weights[:, 1:].flatten()).sum() / weights[:, 1:].sum()
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    parameters = list(model.parameters())
    for mine, other in zip(torch.autograd.grad(ours, parameters), torch.autograd.grad(theirs, parameters), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-11)


def test_dropout_only_in_training():
    model, ids = small(), some(1, 5)
    assert torch.equal(model(ids), model(ids))
    model.train()
    assert not torch.equal(model(ids), model(ids))
    state, last = model.start(ids)  # the decoders put a model into evaluation mode themselves
    assert greedy(model, state, bos=last, eos=None, max_length=3)[0][0].ids and model.training


def test_samples_come_from_the_model():
    """The share of each word among many draws is its probability."""
    model, ids = small(), some(1, 4)
    state, last = model.start(ids)
    options = {"bos": last, "eos": None, "max_length": 1, "n": 4000, "generator": torch.Generator().manual_seed(0)}
    drawn = torch.tensor([h.ids[0] for h in sample(model, state, **options)[0]])
    share = torch.bincount(drawn, minlength=V) / len(drawn)
    assert (share - model(ids)[0, -1].softmax(-1)).abs().max() < 0.03


@pytest.mark.parametrize("kind", ["gpt2", "transformer", "transformer-xl"])
def test_a_prompt_is_read_without_dropout_in_whatever_mode(kind):
    """Decoders leave it out in every step; a prompt that was read with it would be another text."""
    ids, g = some(2, 6), torch.Generator().manual_seed(0)
    if kind == "gpt2":
        model = GPT(GPTConfig(V, 16, 12, 1, 3, dropout=0.5), g)
    elif kind == "transformer":
        model = Transformer(TransformerConfig(V, V, 12, 1, 3, dropout=0.5), g)
    else:
        model = TransformerXL(TransformerXLConfig(V, 12, 1, 3, 24, 8, dropout=0.5), g)
    states = []
    for mode in (True, False):
        state = model.train(mode).start(ids)
        logits = model.eval().step(ids[:, -1], state if kind == "transformer" else state[0])[0]
        states.append(logits)
        model.train(mode).start(ids)
        assert model.training is mode
    torch.testing.assert_close(*states)


def test_copies_and_pickles_are_the_same_model():
    model, ids = small(), some(1, 5)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert torch.equal(other(ids), model(ids))


@pytest.mark.full
def test_compiled_equals_eager():
    """In a process of its own: signatures are not checked there, which would break the graph."""
    told = (
        "import torch\n"
        "from coursekit.models import gpt, llama\n"
        "ids = torch.arange(10)[None]\n"
        "first, second = (gpt.GPT(gpt.GPTConfig(19, 16, 12, 2, 3, kind=kind)) for kind in ('gpt', 'gpt2'))\n"
        "for m in (first, second, llama.Llama(llama.LlamaConfig(19, 16, 12, 2, 3))):\n"
        "    m.eval()\n"
        "    assert abs(torch.compile(m.loss)(ids) - m.loss(ids)) < 1e-5\n"
        "    assert (torch.compile(m, fullgraph=True)(ids) - m(ids)).abs().max() < 1e-5\n"
    )
    environment = {**os.environ, "JAXTYPING_DISABLE": "1"}
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: GPTConfig(0), "vocab_size must be a whole number, 1 or more; got 0"),
        (lambda: GPTConfig(5, kind="gpt3"), "no kind of GPT 'gpt3': take one of gpt, gpt2"),
        (lambda: GPTConfig(5, width=10, heads=3), "width 10 is not divided by 3 heads"),
        (lambda: GPTConfig(5, dropout=1), "dropout = 1 is no share"),
        (lambda: GPTConfig(5, activation="tanh"), "no activation 'tanh'"),
        (lambda: LlamaConfig(5, width=9, heads=3), "a head of 3 numbers cannot be turned in pairs"),
        (lambda: LlamaConfig(5, width=12, heads=3, kv_heads=2), "3 heads cannot share 2 kv_heads"),
        (lambda: LlamaConfig(5, base=1), "base = 1 turns nothing"),
        (lambda: LlamaConfig(5, layers=0), "layers must be a whole number, 1 or more; got 0"),
        (lambda: MODEL(some(1, 17)), "17 words exceed the context of this model, 16"),
        (lambda: MODEL(torch.tensor([[V]])), f"id {V} lies outside the vocabulary, whose ids are 0 to {V - 1}"),
        (lambda: MODEL(torch.tensor([[-1]])), "id -1 lies outside"),
        (lambda: MODEL(some(1, 5).float()), r"whole numbers, with a row a sentence; got float32"),
        (lambda: MODEL(some(5)), r"got int64 of shape \(5,\)"),
        (lambda: MODEL([[1, 2]]), "got list"),
        (lambda: MODEL(some(1, 5)[:, :0]), "there is no word to read"),
        (lambda: MODEL.start(some(2, 5), torch.tensor([5, 0])), "lengths must give 1 to 5 words for each of 2 rows"),
        (lambda: MODEL.start(some(2, 5), torch.tensor([5])), r"one whole number for each of 2 rows; got shape \(1,\)"),
        (lambda: MODEL.start(some(2, 5), [5, 3]), "one whole number for each of 2 rows; got list"),
        (lambda: MODEL.start(some(2, 5), torch.tensor(5)), r"for each of 2 rows; got shape \(\)"),
        (lambda: MODEL.loss([[1, 2]]), "a row a sentence; got list"),
        (lambda: MODEL.loss(torch.tensor([[1, V]])), f"target {V} lies outside the vocabulary"),
        (
            lambda: MODEL.loss(some(2, 5), torch.ones(2, 4)),
            r"weights must have the shape of ids, \(2, 5\); got \(2, 4\)",
        ),
        (lambda: MODEL.loss(some(2, 5), torch.ones(2)), "weights must have the shape of ids"),
        (lambda: GPTConfig(5, inner=0), "inner must be a whole number, 1 or more; got 0"),
        (lambda: GPTConfig(5, tied=1), "tied must be True or False; got 1"),
        (lambda: GPTConfig(5, eps="1e-5"), "eps = '1e-5' cannot stand under the root"),
        (lambda: GPTConfig(5, dropout="0.1"), "dropout = 0.1 is no share"),
        (lambda: LlamaConfig(5, base=float("inf")), "base = inf turns nothing"),
        (lambda: walked(MODEL, torch.cat([some(1, 16), some(1, 1)], 1), 15), "17 words exceed the context"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
