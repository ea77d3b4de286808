"""GPT, GPT-2 and LLaMA equal transformers' on the same weights: outputs, hidden states, attention, gradients, words."""

import pytest
import torch
import torch.nn.functional as F

from coursekit.decode import beam_search, draw, greedy, sample
from coursekit.models.checkpoint import from_pretrained
from coursekit.models.published import FORMATS

transformers = pytest.importorskip("transformers")
transformers.logging.set_verbosity_error()

V, EOS = 37, 5
#: kind, layers, heads, width, inner, activation in their words; for LLaMA (heads, heads of keys, size of a head)
SHAPES = [
    ("gpt2", 1, 1, 6, None, "gelu_new"),
    ("gpt2", 3, 4, 20, 17, "gelu"),
    ("gpt2", 2, 3, 15, 64, "relu"),
    ("openai-gpt", 1, 5, 10, None, "gelu"),
    ("openai-gpt", 3, 2, 14, None, "relu"),
    ("llama", 2, (4, 2, None), 16, 23, "silu"),
    ("llama", 3, (3, 1, 6), 9, 17, "gelu"),
    ("llama", 1, (2, 2, 2), 8, 9, "silu"),
]
EACH = pytest.mark.parametrize("shape", SHAPES, ids=[f"{s[0]}-{s[1]}x{s[3]}" for s in SHAPES])


def theirs(shape, tied=True, bias=0.3):
    """transformers' model with every parameter perturbed, norms and biases too, and no dropout."""
    kind, layers, heads, width, inner, activation = shape
    if kind == "llama":
        model = llama(layers, heads, width, inner, activation, tied)
    else:
        model = gpt(kind, layers, heads, width, inner, activation, tied)
    generator = torch.Generator().manual_seed(sum(map(ord, kind)) + width)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=generator) * bias)
    return model.eval()


def llama(layers, heads, width, inner, activation, tied):
    """No pad_token_id: its row of the embedding would get no gradient."""
    ends = {"bos_token_id": EOS, "eos_token_id": EOS, "tie_word_embeddings": tied}
    config = transformers.LlamaConfig(
        vocab_size=V,
        max_position_embeddings=31,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=heads[0],
        num_key_value_heads=heads[1],
        head_dim=heads[2],
        hidden_act=activation,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        attn_implementation="eager",
        **ends,
    )
    return transformers.LlamaForCausalLM(config)


def gpt(kind, layers, heads, width, inner, activation, tied):
    sizes = {"vocab_size": V, "n_positions": 31, "n_embd": width, "n_layer": layers, "n_head": heads}
    quiet = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "attn_implementation": "eager"}
    if kind == "gpt2":
        ends = {"bos_token_id": EOS, "eos_token_id": EOS, "pad_token_id": EOS, "tie_word_embeddings": tied}
        return transformers.GPT2LMHeadModel(
            transformers.GPT2Config(**sizes, **quiet, **ends, n_inner=inner, activation_function=activation)
        )
    return transformers.OpenAIGPTLMHeadModel(transformers.OpenAIGPTConfig(**sizes, **quiet, afn=activation))


def both(shape, folder, dtype, **options):
    model = theirs(shape, **options)
    model.save_pretrained(folder)
    if shape[0] == "llama" and dtype == torch.float64:
        widen(model.model)
    return from_pretrained(folder, dtype=dtype), model.to(dtype)


def widen(model):
    """transformers' LLaMA rounds norms, angles and attention weights to float32 in any precision: here it does not."""
    for name, part in [*model.named_modules()]:
        if type(part).__name__ == "LlamaRMSNorm":
            norm = torch.nn.RMSNorm(part.weight.shape, part.variance_epsilon)
            norm.weight = part.weight
            model.set_submodule(name, norm)
    size, base = model.config.head_dim, model.config.rope_parameters["rope_theta"]

    def angles(x, position_ids):
        rates = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
        both = (position_ids[..., None] * rates).repeat(1, 1, 2)
        return both.cos(), both.sin()

    model.rotary_emb.forward = angles
    model.config._attn_implementation = "exact"


def exact(module, q, k, v, mask, scaling, dropout=0.0, **_):
    """transformers' own, without the cast."""
    k, v = (x.repeat_interleave(module.num_key_value_groups, 1) for x in (k, v))
    scores = q @ k.mT * scaling
    weights = (scores if mask is None else scores + mask).softmax(-1)
    return (weights @ v).transpose(1, 2).contiguous(), weights


transformers.AttentionInterface.register("exact", exact)
transformers.AttentionMaskInterface.register("exact", transformers.masking_utils.eager_mask)


def words(*shape):
    return torch.randint(V, shape, generator=torch.Generator().manual_seed(shape[-1]))


@EACH
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 3e-5), (torch.float64, 1e-10)], ids=["fp32", "fp64"])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (3, 31)], ids=str)
def test_logits_hidden_states_and_attention(shape, dtype, bound, size, tmp_path):
    ours, model = both(shape, tmp_path, dtype)
    with torch.no_grad():
        want = model(words(*size), output_hidden_states=True, output_attentions=True)
        found, logits = ours.everything(words(*size)), ours(words(*size))
    for a, b in (
        (logits, want.logits),
        (found.logits, want.logits),
        *zip(found.hidden, want.hidden_states, strict=True),
        *zip(found.maps, want.attentions, strict=True),
    ):
        assert (a - b).abs().max() <= bound


@EACH
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 3e-5), (torch.float64, 1e-10)], ids=["fp32", "fp64"])
@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
def test_padding_on_both_sides(shape, dtype, bound, left, tmp_path):
    """Where there are words: the same logits; ours from the left by `start` and `step`."""
    if left and shape[0] == "llama" and dtype == torch.float64:
        pytest.skip("of a row that sees nothing the exact softmax makes NaN in transformers")
    ours, model = both(shape, tmp_path, dtype)
    ids, lengths, T = words(3, 9), torch.tensor([9, 1, 4]), 9
    mask = torch.arange(T) < lengths[:, None]
    if left:
        mask = mask.flip(1)
    padded = ids.masked_fill(~mask, EOS)
    places = (mask.long().cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        want = model(padded, attention_mask=mask.long(), position_ids=places).logits
        if not left:
            assert (ours(padded) - want)[mask].abs().max() <= bound
            return
        rows = torch.stack([row.roll(int(n)) for row, n in zip(padded, lengths, strict=True)])  # to the left end
        for row, n in enumerate(lengths):
            assert torch.equal(rows[row, :n], padded[row, T - n :])
        state, last = ours.start(rows, lengths)
        assert (ours.step(last, state)[0] - want[:, -1]).abs().max() <= bound


@EACH
@pytest.mark.parametrize("tied", [True, False])
def test_loss_and_every_gradient(shape, tied, tmp_path):
    if shape[0] == "openai-gpt" and not tied:
        pytest.skip("transformers builds GPT-1 tied")
    ours, model = both(shape, tmp_path, torch.float64, tied=tied)
    ids = words(3, 9)
    loss, want = (
        F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        for logits in (ours(ids[:, :-1]), model(ids[:, :-1]).logits)
    )  # transformers' own loss is rounded to float32
    assert abs(loss.item() - want.item()) < 1e-10
    loss.backward()
    want.backward()
    format = FORMATS[shape[0]]
    gradients = {name.removeprefix(format.prefix): p.grad for name, p in model.named_parameters()}
    for name, table in format.names(ours.config).items():
        assert (ours.get_parameter(name).grad - table.joined(gradients)).abs().max() < 1e-10, name
    tables = format.names(ours.config)
    assert set(tables) == {name for name, _ in ours.named_parameters()}
    assert {theirs for table in tables.values() for theirs in table.theirs} == set(gradients)


@pytest.mark.parametrize("shape", [SHAPES[1], SHAPES[5], SHAPES[6]], ids=["gpt2", "llama", "llama, wide heads"])
@pytest.mark.parametrize("lengths", [[6, 6, 6], [6, 1, 3]], ids=str)
def test_greedy_and_beam_are_those_of_generate(shape, lengths, tmp_path):
    """Left-padded prompts too (of which transformers' LLaMA makes NaN in float64); outputs end at the end token."""
    ours, model = both(shape, tmp_path, torch.float64 if shape[0] == "gpt2" else torch.float32, bias=0.6)
    ids, T = words(3, 6), 6
    rows = [row[:n] for row, n in zip(ids, lengths, strict=True)]
    padded = torch.stack([torch.cat([row.new_full((T - len(row),), EOS), row]) for row in rows])
    mask = torch.stack([torch.arange(T) >= T - n for n in lengths]).long()
    for width in (1, 3):
        state, last = ours.start(ids, torch.tensor(lengths))
        options = {"bos": last, "eos": EOS, "max_length": 8}
        found = beam_search(ours, state, width=width, **options) if width > 1 else greedy(ours, state, **options)
        want = model.generate(
            padded,
            attention_mask=mask,
            max_new_tokens=8,
            num_beams=width,
            do_sample=False,
            length_penalty=1.0,
            pad_token_id=EOS,
        )
        for hypotheses, row in zip(found, want[:, T:].tolist(), strict=True):
            assert hypotheses[0].ids == (row[: row.index(EOS)] if EOS in row else row)


@pytest.mark.parametrize("shape", [SHAPES[1], SHAPES[4], SHAPES[5]], ids=["gpt2", "gpt", "llama"])
def test_samples_are_those_of_its_logits_under_the_same_seed(shape, tmp_path):
    """generate draws by torch.multinomial; drawn our way from transformers' logits, without a cache, all ids agree."""
    ours, model = both(shape, tmp_path, torch.float64)
    text, drawing = words(3, 4), torch.Generator().manual_seed(3)
    state, last = ours.start(text)
    found = sample(ours, state, bos=last, eos=None, max_length=12, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        for _ in range(12):
            text = torch.cat([text, draw(model(text).logits[:, -1], drawing)[:, None]], 1)
    assert [row[0].ids for row in found] == text[:, 4:].tolist()
