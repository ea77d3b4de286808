"""The encoder-decoder equals torch.nn.Transformer; cached equals uncached, batched single, compiled eager."""

import copy
import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from coursekit.decode import beam_search, best, greedy
from coursekit.models.transformer import Transformer, TransformerConfig
from coursekit.nn.position import sinusoidal
from coursekit.train import fit

VX, VY, BOS, EOS = 13, 11, 2, 3
LENGTHS = torch.tensor([7, 2, 5])
PRE = pytest.mark.parametrize("pre", [False, True], ids=["post-norm", "pre-norm"])


def small(pre=False, dtype=torch.float64, **changes):
    sizes = {"width": 12, "layers": 3, "heads": 3, "inner": 20, "max_length": 16, "dropout": 0.2} | changes
    model = Transformer(TransformerConfig(VX, sizes.pop("target_size", VY), pre=pre, **sizes))
    perturb(model)
    return model.to(dtype).eval()


def perturb(model):
    """Norms and biases too, which start at 1 and 0."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=generator, dtype=torch.float64).to(p.dtype) * 0.2)


def pairs(batch=3, source=7, target=6):
    g = torch.Generator().manual_seed(source + target)
    return torch.randint(VX, (batch, source), generator=g), torch.randint(VY, (batch, target), generator=g)


class Theirs(nn.Module):
    """torch.nn.Transformer with embeddings, positions and output around it; post-norm without its two last norms."""

    def __init__(self, c):
        super().__init__()
        options = {"dropout": 0.0, "batch_first": True, "norm_first": c.pre, "layer_norm_eps": c.eps}
        self.core = nn.Transformer(c.width, c.heads, c.layers, c.layers, c.inner, **options)
        if not c.pre:
            self.core.encoder.norm = self.core.decoder.norm = None
        self.source, self.target = nn.Embedding(c.source_size, c.width), nn.Embedding(c.target_size, c.width)

    def forward(self, source, target, source_pad, target_pad):
        D = self.core.d_model

        def placed(embed, ids):
            return embed(ids) * D**0.5 + sinusoidal(torch.arange(ids.size(1)), D, dtype=torch.float64)

        causal = torch.ones(target.size(1), target.size(1)).triu(1).bool()
        h = self.core(
            placed(self.source, source),
            placed(self.target, target),
            tgt_mask=causal,
            src_key_padding_mask=source_pad,
            memory_key_padding_mask=source_pad,
            tgt_key_padding_mask=target_pad,
        )
        return h @ self.target.weight.T


def names(layers, pre):
    """Ours: theirs, of every parameter; the packed cross-attention of torch is parted in q and kv."""
    table = {"source_embed.weight": "source.weight", "target_embed.weight": "target.weight"}
    parts = {
        "attention.qkv.": "self_attn.in_proj_",
        "attention.out.": "self_attn.out_proj.",
        "feed.up.": "linear1.",
        "feed.down.": "linear2.",
        "attention_norm.": "norm1.",
    }
    own = {"encoder": {"feed_norm.": "norm2."}, "decoder": {"cross_norm.": "norm2.", "feed_norm.": "norm3."}}
    own["decoder"] |= {"cross.out.": "multihead_attn.out_proj."}
    for stack in ("encoder", "decoder"):
        for i in range(layers):
            for ours, theirs in (parts | own[stack]).items():
                for kind in ("weight", "bias"):
                    table[f"{stack}.{i}.{ours}{kind}"] = f"core.{stack}.layers.{i}.{theirs}{kind}"
        if pre:
            for kind in ("weight", "bias"):
                table[f"{'source' if stack == 'encoder' else 'target'}_norm.{kind}"] = f"core.{stack}.norm.{kind}"
    return table


def ours_of(theirs, c):
    """Their tensors (weights or gradients), by our names."""
    found = {ours: theirs[name] for ours, name in names(c.layers, c.pre).items()}
    for i in range(c.layers):
        for kind in ("weight", "bias"):
            packed = theirs[f"core.decoder.layers.{i}.multihead_attn.in_proj_{kind}"]
            found[f"decoder.{i}.cross.q.{kind}"] = packed[: c.width]
            found[f"decoder.{i}.cross.kv.{kind}"] = packed[c.width :]
    return found


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@PRE
@pytest.mark.parametrize("sizes", [(12, 3, 3, 20), (8, 1, 2, 7), (10, 2, 5, 33)], ids=str)
def test_it_equals_torch_nn_transformer(pre, sizes):
    """All weights perturbed, padding on both sides: logits and every gradient."""
    width, layers, heads, inner = sizes
    c = TransformerConfig(VX, VY, width, layers, heads, inner, pre=pre, dropout=0.0)
    theirs = Theirs(c).double()
    perturb(theirs)
    model = Transformer(c).double()
    model.load_state_dict(ours_of(dict(theirs.state_dict()), c))  # every parameter of ours, and no other
    (source, target), written = pairs(), torch.tensor([3, 6, 1])
    source_pad = torch.arange(7) >= LENGTHS[:, None]
    target_pad = torch.arange(6) >= written[:, None]
    expected = theirs(source, target, source_pad, target_pad)[~target_pad]
    logits = model(source, target, LENGTHS)[~target_pad]
    assert (logits - expected).abs().max() < 1e-10
    for out in (expected, logits):
        (out * torch.linspace(-1, 1, out.numel(), dtype=torch.float64).view_as(out)).sum().backward()
    grads = ours_of({name: p.grad for name, p in theirs.named_parameters()}, c)
    for name, p in model.named_parameters():
        assert (p.grad - grads[name]).abs().max() < 1e-10 * (1 + grads[name].abs().max()), name


def test_the_base_model_has_the_papers_size():
    """One vocabulary of 37,000; the paper rounds to 65 million."""
    with torch.device("meta"):
        blocks = Transformer(TransformerConfig(2, 2, 512, 1, 8, shared=True))
    one = sum(p.numel() for p in blocks.parameters()) - 2 * 512
    assert 6 * one + 37_000 * 512 == 63_082_496


def walked(model, source, target, lengths=None):
    state, logits = model.start(source, lengths, room=1), []
    for word in target.unbind(1):
        out, state = model.step(word, state)
        logits.append(out)
    return torch.stack(logits, 1)


@PRE
@pytest.mark.parametrize("changes", [{}, {"tied": False}, {"shared": True, "target_size": VX}], ids=str)
def test_cached_equals_uncached_and_batched_equals_single(pre, changes):
    model, (source, target) = small(pre, **changes), pairs()
    logits = model(source, target, LENGTHS)
    assert (walked(model, source, target, LENGTHS) - logits).abs().max() < 1e-12
    for b, n in enumerate(LENGTHS.tolist()):
        alone = model(source[b : b + 1, :n], target[b : b + 1])
        assert (alone[0] - logits[b]).abs().max() < 1e-12
        assert (walked(model, source[b : b + 1, :n], target[b : b + 1])[0] - logits[b]).abs().max() < 1e-12


@PRE
def test_what_stands_in_the_padding_changes_nothing(pre):
    model, (source, target) = small(pre), pairs()
    logits = model(source, target, LENGTHS)
    other = torch.where(torch.arange(7) < LENGTHS[:, None], source, (source + 1) % VX)
    assert torch.equal(model(other, target, LENGTHS), logits)
    assert (model(F.pad(source, (0, 3)), target, LENGTHS) - logits).abs().max() < 1e-12
    assert (model(source, F.pad(target, (0, 2)), LENGTHS)[:, :6] - logits).abs().max() < 1e-12
    assert (model(source, target, torch.full((3,), 7)) - model(source, target)).abs().max() < 1e-12
    changed = target.clone()
    changed[:, 4:] = (target[:, 4:] + 1) % VY  # no word sees the future
    assert torch.equal(model(source, changed, LENGTHS)[:, :4], logits[:, :4])


@PRE
def test_a_step_does_not_change_its_state_and_picked_rows_go_on(pre):
    model, (source, target) = small(pre), pairs()
    _, state = model.step(target[:, 0], model.start(source, LENGTHS))
    first, after = model.step(target[:, 1], state)
    model.step(target[:, 3], state)  # another way from the same state
    assert torch.equal(model.step(target[:, 1], state)[0], first)
    expected, _ = model.step(target[:, 2], after)
    for rows in ([2, 0, 0, 1, 2], [1], [0, 1, 2], [2, 1, 0]):
        pick = torch.tensor(rows)
        logits, chosen = model.step(target[pick, 2], model.select(after, pick))
        assert (logits - expected[pick]).abs().max() < 1e-12
        assert chosen.sentence.tolist() == rows


def test_beams_that_change_places_in_a_sentence_share_its_memory():
    model, (source, _) = small(), pairs(2)
    state = model.select(model.start(source), torch.tensor([0, 0, 1, 1]))
    assert model.select(state, torch.tensor([1, 0, 3, 3])).memory is state.memory
    assert model.select(state, torch.tensor([1, 0, 1, 3])).memory is not state.memory


def naive_greedy(model, source, most):
    ids = [BOS]
    for _ in range(most):
        ids.append(int(model(source, torch.tensor([ids]))[0, -1].argmax()))
        if ids[-1] == EOS:
            return ids[1:-1]
    return ids[1:]


def naive_beam(model, source, width, most):
    """Hypotheses in a list, each read again from the start for every word; scored by log p / length."""
    live, done = [([BOS], 0.0)], []
    for step in range(1, most + 1):
        grown = []
        for ids, score in live:
            log_p = model(source, torch.tensor([ids]))[0, -1].log_softmax(-1)
            grown += [([*ids, w], score + p) for w, p in enumerate(log_p.tolist())]
        grown.sort(key=lambda pair: -pair[1])
        done += [(ids, score / step) for ids, score in grown[:width] if ids[-1] == EOS or step == most]
        live = [pair for pair in grown if pair[0][-1] != EOS][:width]
        done = sorted(done, key=lambda pair: -pair[1])[:width]
        if len(done) == width and live[0][1] / step <= done[-1][1]:
            break
    ids = done[0][0][1:]
    return ids[:-1] if ids[-1] == EOS else ids


@PRE
def test_decoders_write_what_a_naive_loop_without_cache_writes(pre):
    """With an output layer of its own: tied, an untrained model repeats the word that it has read."""
    model, (source, _) = small(pre, tied=False), pairs(6, 7)
    lengths = torch.tensor([7, 2, 5, 3, 1, 6])
    options = {"bos": BOS, "eos": EOS, "max_length": 9, "batch": 6}
    short, long = (best(f(model, model.start(source, lengths), **options, **more))
                   for f, more in ((greedy, {}), (beam_search, {"width": 3})))  # fmt: skip
    with torch.no_grad():
        for b, n in enumerate(lengths.tolist()):
            assert short[b] == naive_greedy(model, source[b : b + 1, :n], 9)
            assert long[b] == naive_beam(model, source[b : b + 1, :n], 3, 9)
    assert short != long and len({len(row) for row in short + long}) > 1


@PRE
def test_the_way_that_is_written_out_gives_the_same(pre):
    model, (source, target) = small(pre), pairs()
    found = model.everything(source, target, LENGTHS)
    assert (found.logits - model(source, target, LENGTHS)).abs().max() < 1e-12
    assert [len(part) for part in found[1:]] == [4, 4, 3, 3, 3]
    assert (found.source_hidden[-1] - model.encode(source, LENGTHS)[0]).abs().max() < 1e-12
    assert (found.target_hidden[-1] @ model.target_embed.weight.T - found.logits).abs().max() < 1e-12
    for maps in found.encoder + found.own + found.cross:
        assert (maps.sum(-1) - 1).abs().max() < 1e-12
    unseen = torch.arange(7) >= LENGTHS[:, None]
    for maps in found.encoder + found.cross:
        assert not maps.transpose(1, -1)[unseen].any()
    assert not torch.stack(found.own).triu(1).any()


@PRE
@pytest.mark.parametrize(("dtype", "bound"), [(torch.bfloat16, 0.1), (torch.float16, 0.02)], ids=["bf16", "fp16"])
def test_half_precision_is_near(pre, dtype, bound):
    """Relative to the largest logit, whole and word by word."""
    (source, target), exact = pairs(), small(pre, torch.float32)
    want, model = exact(source, target, LENGTHS), small(pre, dtype)
    for found in (model(source, target, LENGTHS), walked(model, source, target, LENGTHS)):
        assert found.dtype == dtype
        assert (found.float() - want).abs().max() < bound * want.abs().max()


def test_under_autocast_it_is_nearly_the_same_and_trains():
    model, (source, target) = small(dtype=torch.float32), pairs()
    exact = model(source, target, LENGTHS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(source, target, LENGTHS)
    assert (logits.float() - exact).abs().max() < 0.1 * exact.abs().max()
    F.cross_entropy(logits.float().flatten(0, 1), target.flatten()).backward()
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_dropout_falls_in_three_places_in_training_only():
    """On the sum of embedding and place, on what a layer adds, on the weights of attention."""
    model, (source, target) = small(dropout=0.5), pairs()
    assert torch.equal(model(source, target), model(source, target))
    model.train()
    assert not torch.equal(model(source, target), model(source, target))
    x = model.placed(source, "source")
    dropped = (x == 0).double().mean().item()
    assert 0.3 < dropped < 0.7
    block = model.encoder[0]
    assert block.drop.p == block.attention.config.dropout == 0.5
    weights = block.attention(x, weights=True)[1]
    assert 0.3 < (weights == 0).double().mean().item() < 0.7


def test_the_first_weights_come_from_the_generator():
    config = TransformerConfig(300, 200, 64, 1, 2)

    def built(seed):
        generator = None if seed is None else torch.Generator().manual_seed(seed)
        return torch.cat([p.flatten() for p in Transformer(config, generator).parameters()])

    state = torch.get_rng_state()
    assert torch.equal(built(None), built(0)) and not torch.equal(built(None), built(1))
    assert torch.equal(state, torch.get_rng_state())
    model = Transformer(config)
    for weight, inputs in ((model.source_embed.weight, 64), (model.encoder[0].feed.down.weight, 256)):
        assert weight.std().item() * inputs**0.5 == pytest.approx(1, rel=0.05)


def test_a_copy_and_a_loaded_state_dict_compute_the_same():
    model, (source, target) = small(shared=True, target_size=VX), pairs()
    other = Transformer(model.config, torch.Generator().manual_seed(5)).double().eval()
    other.load_state_dict(model.state_dict())
    for twin in (other, copy.deepcopy(model)):
        assert torch.equal(twin(source, target, LENGTHS), model(source, target, LENGTHS))


@PRE
def test_it_learns_to_reverse(pre):
    """Digits of three to six places, backwards, on <bos> 0 and <eos> 1; written greedily."""
    model = Transformer(TransformerConfig(8, 8, 32, 1, 4, 64, dropout=0.0, pre=pre))

    def batch(step):
        g = torch.Generator().manual_seed(step)
        lengths = torch.randint(3, 7, (32,), generator=g)
        source, place = torch.randint(2, 8, (32, 6), generator=g), torch.arange(7)
        behind = F.pad(source, (0, 1), value=1).gather(1, (lengths[:, None] - 1 - place).clamp(0))
        return source, behind.masked_fill(place >= lengths[:, None], 1), lengths

    def loss(model, data):
        source, target, lengths = data
        logits = model(source, F.pad(target[:, :-1], (1, 0)), lengths)
        return F.cross_entropy(logits.flatten(0, 1), target.flatten())

    fit(model, batch, loss, steps=300, lr=5e-3)
    source, target, lengths = batch(10_000)
    written = best(greedy(model, model.start(source, lengths), bos=0, eos=1, max_length=8, batch=32))
    right = sum(row == target[b][: lengths[b]].tolist() for b, row in enumerate(written))
    assert right >= 28


@pytest.mark.full
def test_compiled_equals_eager():
    """In a process of its own: signatures are not checked there, which would break the graph."""
    told = (
        "import torch\n"
        "from coursekit.models.transformer import *\n"
        "m = Transformer(TransformerConfig(19, 17, 12, 2, 3)).eval()\n"
        "source, target, lengths = torch.arange(10).view(2, 5), torch.arange(8).view(2, 4), torch.tensor([5, 3])\n"
        "assert (torch.compile(m, fullgraph=True)(source, target) - m(source, target)).abs().max() < 1e-5\n"
        "assert (torch.compile(m)(source, target, lengths) - m(source, target, lengths)).abs().max() < 1e-5\n"
    )
    environment = {**os.environ, "JAXTYPING_DISABLE": "1"}
    done = subprocess.run([sys.executable, "-c", told], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


MODEL = small()


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: TransformerConfig(0, VY), "source_size must be a whole number, 1 or more; got 0"),
        (lambda: TransformerConfig(VX, VY, layers=1.5), "layers must be a whole number, 1 or more; got 1.5"),
        (lambda: TransformerConfig(VX, VY, width=10, heads=3), "width 10 is not divided by 3 heads"),
        (lambda: TransformerConfig(VX, VY, width=9, heads=3), "width = 9 makes no pairs of sine and cosine"),
        (lambda: TransformerConfig(VX, VY, shared=True), f"one vocabulary, but the sizes are {VX} and {VY}"),
        (lambda: TransformerConfig(VX, VY, activation="tanh"), "no activation 'tanh'"),
        (lambda: TransformerConfig(VX, VY, dropout=1), "dropout = 1 is no share"),
        (lambda: MODEL(*pairs(source=17)), "the source has 17 words, the limit of this model is max_length = 16"),
        (lambda: MODEL.start(pairs(source=17)[0]), "the source has 17 words"),
        (lambda: MODEL(*pairs(target=17)), "the target has 17 words, .* max_length = 16"),
        (lambda: walked(MODEL, *pairs(target=17)), "the target has 16 words, the limit of this model: decode with"),
        (lambda: MODEL(pairs()[0], torch.tensor([[VY]] * 3)), f"target id {VY} lies .* ids are 0 to {VY - 1}"),
        (lambda: MODEL(torch.tensor([[-1]]), torch.tensor([[1]])), "source id -1 lies outside"),
        (lambda: MODEL(*pairs(source=0)), "the source is empty"),
        (lambda: MODEL.start(torch.zeros(0, 2, dtype=torch.long)), "the source is empty"),
        (lambda: MODEL(*pairs(target=0)), "begin the target with <bos>"),
        (lambda: MODEL(pairs()[0], pairs()[1][:2]), "3 sources and 2 targets: give one for each"),
        (lambda: MODEL(pairs()[0].float(), pairs()[1]), "the source must be a tensor of ids, .* got float32"),
        (lambda: MODEL(pairs()[0], pairs()[1][0]), r"the target must be .* got int64 of shape \(6,\)"),
        (lambda: MODEL.start(pairs()[0].tolist()), "the source must be .* got list"),
        (lambda: MODEL(*pairs(), torch.tensor([7, 0, 2])), "row 1 of the source is padding alone"),
        (lambda: MODEL(*pairs(), torch.tensor([7, 8, 2])), "lengths holds 8"),
        (lambda: MODEL(*pairs(), [7, 6, 2]), "lengths must be a tensor of whole numbers; got list"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()
