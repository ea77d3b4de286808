"""Published checkpoints: what is saved is loaded again, here and by transformers; what does not fit is listed."""

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from coursekit.errors import CourseError
from coursekit.models import checkpoint
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


def twice(folder):
    file = folder / "config.json"
    file.write_text(file.read_text().replace("{", '{"n_head": 3, ', 1))


def odd(folder, name, make):
    (folder / name).unlink()
    make(folder / name)


def retyped(folder, dtype):
    replaced(folder, transformer__wte__weight=weights(folder)["transformer.wte.weight"].to(dtype))


def reparted(folder, part, **rows):
    tensors = {f"model.layers.0.{part}.{name}_proj.weight": torch.ones(n, 12) for name, n in rows.items()}
    replaced(folder, **tensors)


def parts(folder, names):
    (folder / "model.safetensors").unlink()
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
        (lambda f: parts(f, [".."]), r"lacks \.\., which"),
        (lambda f: put(f, model_type=[]), r"a model of type \[\]: coursekit loads"),
        (lambda f: put(f, activation_function=["relu"]), r"activation_function = \['relu'\]: known are gelu_new"),
        (lambda f: put(f, n_embd=[6]), "width must be a whole number"),
        (lambda f: put(f, n_inner=0), "inner must be a whole number, 1 or more; got 0"),
        (lambda f: put(f, tie_word_embeddings="false"), "tied must be True or False; got 'false'"),
        (lambda f: put(f, layer_norm_epsilon="x"), "eps = 'x' cannot stand under the root"),
        (lambda f: put(f, layer_norm_epsilon=float("nan")), "eps = nan cannot stand under the root"),
        (lambda f: put(f, layer_norm_epsilon=-1.0), "eps = -1.0 cannot stand under the root"),
        (lambda f: put(f, n_layer=10**9), "asks for 1000000000 layers, but the files hold 28 tensors in all"),
        (lambda f: put(f, n_embd=10**9), "asks for sizes that no computer holds"),
        (lambda f: put(f, vocab_size=10**30), "asks for sizes that no computer holds"),
        (lambda f: twice(f), "names n_head twice"),
        (lambda f: (f / "config.json").write_text("[" * 200_000), "config.json cannot be read as JSON"),
        (lambda f: odd(f, "config.json", Path.mkdir), "there is no config.json in"),
        (lambda f: odd(f, "model.safetensors", Path.mkdir), "has no model.safetensors: give a folder"),
        (lambda f: replaced(f, wte__weight=torch.zeros(V, 6)), r"holds wte\.weight twice"),
        (lambda f: retyped(f, torch.int8), r"no floating-point numbers: wte\.weight"),
        (lambda f: retyped(f, torch.complex64), r"no floating-point numbers: wte\.weight"),
        (lambda f: retyped(f, torch.float8_e4m3fn), r"no floating-point numbers: wte\.weight"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_is_one_sentence(spoil, says, folder):
    spoil(folder)
    with pytest.raises(CourseError, match=says) as told:
        from_pretrained(folder)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda f: put(f, rope_theta=5.0, rope_parameters={"rope_theta": 7.0}), "rope_theta = 7.0 and 5.0: take out"),
        (lambda f: put(f, rope_theta=float("inf")), "base = inf turns nothing"),
        (lambda f: put(f, rope_theta="x"), "base = 'x' turns nothing"),
        (lambda f: put(f, rope_interleaved=True), "asks for rope_interleaved = True: .*llama has False only"),
        (lambda f: put(f, rope_scaling={"rope_type": "llama3", "factor": 8.0}), "asks for rope_scaling = "),
        (lambda f: put(f, rope_parameters={"rope_type": "linear"}), "does not know for llama: rope_parameters"),
        (lambda f: put(f, rope_parameters={"factor": 2.0}), "does not know for llama: rope_parameters"),
        # The same number of rows in all, but others than the config says.
        (lambda f: reparted(f, "self_attn", q=6, k=18), r"wrong shape: layers\.0\.self_attn\.q_proj\.weight \+ "),
        (lambda f: reparted(f, "mlp", gate=8, up=10), r"wrong shape: layers\.0\.mlp\.gate_proj\.weight \+ "),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_what_does_not_fit_a_llama_is_one_sentence(spoil, says, tmp_path):
    save_pretrained(llama(), tmp_path)
    spoil(tmp_path)
    with pytest.raises(CourseError, match=says):
        from_pretrained(tmp_path)


def test_the_fields_of_the_hubs_files(folder, tmp_path):
    """GPT-1 and GPT-2 medium name n_special, distilgpt2 _num_labels, SmolLM2 is_llama_config: they change nothing."""
    put(folder, n_special=0, predict_special_tokens=True, _num_labels=1)
    same(small(), from_pretrained(folder))
    save_pretrained(llama(), tmp_path)
    put(tmp_path, is_llama_config=True, rope_interleaved=False, **{"transformers.js_config": {"dtype": "q4"}})
    same(llama(), from_pretrained(tmp_path))


def test_a_config_that_leaves_the_context_out_means_that_of_transformers(tmp_path):
    save_pretrained(small("gpt", context=512), tmp_path)
    put(tmp_path, n_positions=None, n_ctx=None)
    same(small("gpt", context=512), from_pretrained(tmp_path))


def test_numbers_that_the_precision_cannot_hold(folder):
    replaced(folder, transformer__wte__weight=torch.full((V, 6), 1e6))
    assert from_pretrained(folder).embed.weight.max() == 1e6
    with pytest.raises(CourseError, match=r"too large for torch\.float16: wte\.weight"):
        from_pretrained(folder, dtype=torch.float16)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("dtype", ["float16", torch.int64, None])
def test_a_precision_that_is_none(folder, dtype):
    with pytest.raises(ValueError, match=r"weights cannot be .*: dtype must be one of torch\.float32, "):
        from_pretrained(folder, dtype=dtype)


def test_one_file_and_parts_of_another_save(folder):
    """transformers leaves an index behind when it saves in one file where it had saved in parts."""
    whole = (folder / "model.safetensors").read_bytes()
    save_pretrained(small(eps=1e-3), folder, most_bytes=1_000)
    (folder / "model.safetensors").write_bytes(whole)
    with pytest.raises(CourseError, match=r"holds model\.safetensors and the parts of .*: take out those that are old"):
        from_pretrained(folder)
    for part in folder.glob("model-*"):
        part.unlink()
    same(small(eps=1e-3), from_pretrained(folder))


def test_a_weight_in_two_parts(folder):
    save_pretrained(small(), folder, most_bytes=1_000)
    part = max(folder.glob("model-*"))
    safetensors.torch.save_file(safetensors.torch.load_file(part) | {"wte.weight": torch.ones(V, 6)}, part)
    with pytest.raises(CourseError, match=r"holds wte\.weight twice"):
        from_pretrained(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_pipe_is_no_file(folder, name):
    """To open one is to wait for ever."""
    odd(folder, name, os.mkfifo)
    with pytest.raises(CourseError, match=rf"no {name}"):
        from_pretrained(folder)


@pytest.mark.parametrize("most_bytes", [5_000_000_000, 1_000])
def test_a_full_disk_leaves_what_was_saved(folder, monkeypatch, most_bytes):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "write_atomically", full)
    with pytest.raises(CourseError, match="No space left on device"):
        save_pretrained(small("gpt"), folder, most_bytes=most_bytes)
    same(small(), from_pretrained(folder))


def test_saving_takes_away_its_own_files_only(folder):
    (folder / "model_best.safetensors").write_bytes(b"mine")
    save_pretrained(small(), folder, most_bytes=1_000)
    save_pretrained(small(), folder)
    assert sorted(f.name for f in folder.iterdir()) == ["config.json", "model.safetensors", "model_best.safetensors"]


def test_a_place_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    save_pretrained(small(), "~/saved")
    same(small(), from_pretrained("~/saved"))
    assert (tmp_path / "saved" / "config.json").exists()


@pytest.mark.usefixtures("unchecked")
def test_sizes_from_numpy(tmp_path):
    model = filled(GPT(GPTConfig(np.int64(V), np.int32(8), 6, 2, np.int64(2))))
    save_pretrained(model, tmp_path)
    same(model, from_pretrained(tmp_path))


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("place", [None, 3, b"gpt2", "~nobody-of-this-name/model", "a/b\0c"])
def test_a_place_of_a_strange_type(place):
    with pytest.raises(CourseError, match="there is no folder"):
        from_pretrained(place)


def test_a_place_that_is_none(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match=r"no folder .*none': give a folder, a name on the Hub"):
        from_pretrained(tmp_path / "none")
    with pytest.raises(CourseError, match="no folder 'gpt2': give a folder, a name on the Hub such as 'maker/model'"):
        from_pretrained("gpt2")
    import huggingface_hub

    def fails(*_, **__):
        raise ConnectionError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fails)
    with pytest.raises(CourseError, match=r"no folder 'maker/model', and the Hub cannot give it \(ConnectionError\)"):
        from_pretrained("maker/model")


def test_a_name_on_the_hub_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(CourseError, match="takes huggingface_hub, which is not installed: pip install huggingface_hub"):
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
