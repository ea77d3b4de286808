"""Published checkpoints: what is saved is loaded again, here and by transformers; what does not fit is listed."""

import json
import os
import shutil

import pytest
import safetensors.torch
import torch
from torch import nn

from coursekit.errors import CourseError
from coursekit.models.checkpoint import from_pretrained, save_pretrained
from coursekit.models.gpt import GPT, GPTConfig
from coursekit.models.llama import Llama, LlamaConfig

V = 11
SAY = pytest.mark.parametrize("kind", ["gpt", "gpt2"])


def small(kind="gpt2", **changes):
    sizes = {"context": 8, "width": 6, "layers": 2, "heads": 2, "dropout": 0.0, "kind": kind} | changes
    return filled(GPT(GPTConfig(V, **sizes)))


def llama(**changes):
    sizes = {"context": 8, "width": 12, "layers": 2, "heads": 3, "kv_heads": 1, "head_size": 6, "inner": 9} | changes
    return filled(Llama(LlamaConfig(V, **sizes)))


def filled(model):
    model.eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.randn(p.shape, generator=generator, dtype=torch.float64))
    return model


@pytest.fixture
def folder(tmp_path):
    save_pretrained(small(), tmp_path / "saved")
    return tmp_path / "saved"


def same(a, b):
    assert a.config == b.config and not b.training
    assert list(a.state_dict()) == list(b.state_dict())
    for name, tensor in a.state_dict().items():
        assert torch.equal(tensor, b.state_dict()[name]), name
        assert b.state_dict()[name].is_contiguous() and b.get_parameter(name).requires_grad


@pytest.mark.parametrize("most_bytes", [5_000_000_000, 1_000, 1])
@pytest.mark.parametrize(
    "model",
    [
        small(),
        small("gpt"),
        small(tied=False),
        small(inner=5, activation="relu", eps=1e-3, dropout=0.3),
        llama(),
        llama(tied=True, kv_heads=None, head_size=None, base=77.0),
    ],
    ids=["gpt2", "gpt", "untied", "odd", "llama", "tied llama"],
)
def test_a_round_trip_and_transformers(model, most_bytes, tmp_path):
    """In one file, in several, in one file for each tensor. transformers reads it without a word of complaint."""
    transformers = pytest.importorskip("transformers")
    save_pretrained(model, tmp_path, most_bytes=most_bytes)
    found = sorted(file.name for file in tmp_path.iterdir())
    assert ("model.safetensors" in found) == (most_bytes > 1_000) != ("model.safetensors.index.json" in found)
    same(model, from_pretrained(tmp_path))
    theirs, told = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    ids = torch.arange(8)[None]
    assert (theirs.eval()(ids).logits - model(ids)).abs().max() < 1e-4


def test_saving_again_in_one_file_leaves_no_old_part(tmp_path):
    save_pretrained(small(), tmp_path, most_bytes=1_000)
    save_pretrained(small("gpt"), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.json", "model.safetensors"]
    same(small("gpt"), from_pretrained(tmp_path))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(dtype, tmp_path):
    model = small().to(dtype)
    save_pretrained(model, tmp_path)
    same(small().to(dtype).float(), from_pretrained(tmp_path))
    same(model, from_pretrained(tmp_path, dtype=dtype))
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == str(dtype)[6:]


def test_the_names_of_the_first_files(folder):
    """The Hub's gpt2 leaves the prefix out, holds the causal masks, names fewer fields, and says n_ctx."""
    tensors = {n.removeprefix("transformer."): t for n, t in weights(folder).items()}
    masks = {f"h.{i}.attn.{name}": torch.ones(1) for i in range(2) for name in ("bias", "masked_bias")}
    safetensors.torch.save_file(tensors | masks, folder / "model.safetensors")
    old = {"model_type": "gpt2", "n_ctx": 8, "n_positions": 8, "n_embd": 6, "n_layer": 2, "n_head": 2, "vocab_size": V,
           "resid_pdrop": 0.0, "attn_pdrop": 0.0, "embd_pdrop": 0.0, "layer_norm_epsilon": 1e-5,
           "summary_type": "cls_index", "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"],
           "task_specific_params": {}}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(old))
    same(small(), from_pretrained(folder))


def test_heads_are_tied_as_the_file_says(folder):
    """A head that equals the embedding is the embedding; another one is a layer of its own, as the file says."""
    tensors = weights(folder)
    head = tensors["transformer.wte.weight"]
    safetensors.torch.save_file(tensors | {"lm_head.weight": head.clone()}, folder / "model.safetensors")
    assert from_pretrained(folder).head is None
    safetensors.torch.save_file(tensors | {"lm_head.weight": head + 1}, folder / "model.safetensors")
    found = from_pretrained(folder)
    assert torch.equal(found.head.weight, head + 1) and not found.config.tied


def weights(folder):
    return safetensors.torch.load_file(folder / "model.safetensors")


def put(folder, **changes):
    """Change fields of config.json; None takes one out."""
    told = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps({k: v for k, v in told.items() if v is not None}))


def replaced(folder, **changes):
    tensors = weights(folder) | {name.replace("__", "."): value for name, value in changes.items()}
    safetensors.torch.save_file({n: t for n, t in tensors.items() if t is not None}, folder / "model.safetensors")


def cut(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-7])


def pickled(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def parts(folder, names):
    table = {"weight_map": dict(enumerate(names))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(table))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: put(f, model_type="gpt9"), "a model of type 'gpt9': coursekit loads gpt2, llama, openai-gpt"),
        (lambda f: put(f, model_type=None), "a model of type None"),
        (lambda f: put(f, window=3, alibi=True), "does not know for gpt2: alibi, window; they might change"),
        (lambda f: put(f, scale_attn_weights=False), "asks for scale_attn_weights = False: .*gpt2 has True only"),
        (lambda f: put(f, attn_pdrop=0.3), "attn_pdrop = 0.3 and resid_pdrop = 0.0: coursekit has one number for both"),
        (lambda f: put(f, activation_function="mish"), "activation_function = 'mish': known are gelu_new"),
        (lambda f: put(f, n_head=4), "no gpt2 that can be built: width 6 is not divided by 4 heads"),
        (lambda f: put(f, n_embd="6"), "no gpt2 that can be built"),
        (lambda f: put(f, vocab_size=None), "no gpt2 that can be built"),
        (lambda f: put(f, n_layer=3), r"missing: h\.2\.attn\.c_attn\.bias, .* and 7 more"),
        (lambda f: put(f, n_layer=1), r"unexpected: h\.1\.attn\.c_attn\.bias, .* and 7 more"),
        (lambda f: put(f, vocab_size=V + 1), r"shape: wte\.weight \(11, 6\), which makes .* instead of \(12, 6\)"),
        (lambda f: replaced(f, transformer__wpe__weight=torch.full((8, 6), torch.nan)), r"NaN or .*: wpe\.weight"),
        (lambda f: replaced(f, transformer__extra=torch.ones(1)), "unexpected: extra"),
        (cut, "is cut off or no safetensors file: fetch it again"),
        (lambda f: (f / "model.safetensors").write_bytes(b""), "is cut off or no safetensors file"),
        (lambda f: (f / "model.safetensors").unlink(), "has no model.safetensors: give a folder"),
        (pickled, "holds pytorch_model.bin and no model.safetensors: such a file is a pickle, which runs code"),
        (lambda f: (f / "config.json").unlink(), "there is no config.json in"),
        (lambda f: (f / "config.json").write_text("{"), "config.json cannot be read as JSON"),
        (lambda f: (f / "config.json").write_bytes(b"\xff\xfe"), "config.json cannot be read as JSON"),
        (lambda f: (f / "config.json").write_text("[1]"), "holds a list and no fields"),
        (lambda f: parts(f, ["model-00001-of-00002.safetensors"]), "lacks model-00001-of-00002.safetensors, which"),
        (lambda f: parts(f, ["../../secret.safetensors"]), "has no weight_map of files beside it"),
        (lambda f: parts(f, [3]), "has no weight_map"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_one_sentence(spoil, says, folder):
    spoil(folder)
    with pytest.raises(CourseError, match=says) as told:
        from_pretrained(folder)
    assert "\n" not in str(told.value)


def test_a_place_that_is_none(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match=r"no folder .*none': give a folder, or a name on the Hub"):
        from_pretrained(tmp_path / "none")
    with pytest.raises(
        CourseError, match="no folder 'gpt2': give a folder, or a name on the Hub such as 'maker/model'"
    ):
        from_pretrained("gpt2")
    import huggingface_hub

    def fails(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(CourseError, match=r"no folder 'maker/model', and the Hub cannot give it \(ConnectionError\)"):
        from_pretrained("maker/model")


def test_a_name_on_the_hub(folder, monkeypatch):
    import huggingface_hub

    asked = []

    def gives(name, allow_patterns, **_):
        asked.append((name, allow_patterns))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", gives)
    same(small(), from_pretrained("maker/model"))
    assert asked == [("maker/model", ["config.json", "model*.safetensors", "model.safetensors.index.json"])]


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="a Linear has no published format, as GPT, Llama have: save its state_dict"):
        save_pretrained(nn.Linear(1, 1), tmp_path)
    with pytest.raises(ValueError, match="most_bytes = 0 leaves no room"):
        save_pretrained(small(), tmp_path, most_bytes=0)
    (tmp_path / "file").touch()
    with pytest.raises(CourseError, match=r"cannot write .*file"):
        save_pretrained(small(), tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CourseError, match="choose a folder that you may write to"):
        save_pretrained(small(), tmp_path / "new")


def test_loading_does_not_hold_the_file(folder):
    """The weights are copies: the folder may go."""
    model = from_pretrained(folder)
    shutil.rmtree(folder)
    same(small(), model)
