"""How published checkpoints name what is in them: one table for each model.

A folder holds config.json and the weights. A `Format` says how its config.json reads as a config of ours, and which of
our tensors is which of theirs. `coursekit.models.checkpoint` does the reading and writing; a new model needs a table
here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from coursekit.errors import CourseError
from coursekit.models.gpt import GPT, GPTConfig
from coursekit.models.llama import Llama, LlamaConfig

#: Fields of config.json that say something of the file, of training or of other tasks: they change no output.
SAYS_NOTHING = frozenset({
    "_attn_implementation", "_name_or_path", "architectures", "attn_implementation", "bos_token_id", "dtype",
    "chunk_size_feed_forward", "decoder_start_token_id", "eos_token_id", "gradient_checkpointing", "id2label",
    "initializer_range", "is_encoder_decoder", "label2id", "model_type", "name_or_path", "output_attentions",
    "output_hidden_states", "output_past", "pad_token_id", "problem_type", "return_dict", "sep_token_id",
    "task_specific_params", "torch_dtype", "transformers_version", "use_cache",
})  # fmt: skip


@dataclass(frozen=True)
class Name:
    """Where a tensor of ours lies in a file: in one of theirs, or in several, stacked row upon row.

    `turned`: theirs is the transpose of ours (the files of GPT keep the weights of a layer as (in, out)). `rows`: how
    many rows each of several has.
    """

    theirs: tuple[str, ...]
    turned: bool = False
    rows: tuple[int, ...] = ()

    def joined(self, found: Mapping[str, Tensor]) -> Tensor:
        """Ours, of theirs."""
        parts = [found[name] for name in self.theirs]
        if self.rows and any(part.shape[:1] != (rows,) for part, rows in zip(parts, self.rows, strict=True)):
            raise RuntimeError("the parts have other numbers of rows than the config says")  # the sum may be right
        whole = torch.cat(parts) if self.rows else parts[0]
        return whole.t() if self.turned else whole

    def parted(self, ours: Tensor) -> dict[str, Tensor]:
        """Theirs, of ours."""
        ours = ours.t() if self.turned else ours
        return dict(zip(self.theirs, ours.split(self.rows) if self.rows else [ours], strict=True))


@dataclass(frozen=True)
class Format:
    """One kind of checkpoint.

    `fields`    our field of the config: theirs
    `values`    our field: {their value: ours}, where the values have other names
    `same`      their fields that must say the same as another of theirs (we have one number for both)
    `fixed`     their fields, and the only values that our model has; a file that leaves one out means it so
    `ignored`   their fields that change no output, beside SAYS_NOTHING
    `given`     fields of ours that this kind stands for
    `before`    what is done to config.json first: older and newer files differ
    `names`     the table of tensors, of a config
    `prefix`    what their names begin with, in files saved with a head; others leave it out
    `buffers`   ends of names of tensors that are no weights
    """

    kind: str
    architecture: str
    model: Callable[[Any], Any]
    config: type
    fields: dict[str, str]
    names: Callable[[Any], dict[str, Name]]
    values: dict[str, dict[Any, Any]] = field(default_factory=dict)
    same: dict[str, str] = field(default_factory=dict)
    fixed: dict[str, Any] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    given: dict[str, Any] = field(default_factory=dict)
    before: Callable[[dict[str, Any]], dict[str, Any]] = dict
    prefix: str = ""
    buffers: tuple[str, ...] = ()


def gpt_names(config: GPTConfig) -> dict[str, Name]:
    """GPT-1 and GPT-2: Hugging Face's names for OpenAI's tensors."""
    post = config.kind == "gpt"
    names = {
        "embed.weight": Name(("tokens_embed.weight" if post else "wte.weight",)),
        "position.weight": Name(("positions_embed.weight" if post else "wpe.weight",)),
    }
    layers = {
        "attention.qkv": ("attn.c_attn", True),
        "attention.out": ("attn.c_proj", True),
        "feed.up": ("mlp.c_fc", True),
        "feed.down": ("mlp.c_proj", True),
        "attention_norm": ("ln_1", False),
        "feed_norm": ("ln_2", False),
    }
    for i in range(config.layers):
        for ours, (theirs, turned) in layers.items():
            names[f"blocks.{i}.{ours}.weight"] = Name((f"h.{i}.{theirs}.weight",), turned)
            names[f"blocks.{i}.{ours}.bias"] = Name((f"h.{i}.{theirs}.bias",))
    if not post:
        names |= {"norm.weight": Name(("ln_f.weight",)), "norm.bias": Name(("ln_f.bias",))}
    if not config.tied:
        names["head.weight"] = Name(("lm_head.weight",))
    return names


#: Names of activations in config.json (GPT-1 alone calls the tanh form "gelu").
ACTIVATIONS = {name: name for name in ("gelu", "relu", "silu")}
ACTIVATIONS = {"gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"} | ACTIVATIONS
GPT_FIELDS = {
    "vocab_size": "vocab_size",
    "context": "n_positions",
    "width": "n_embd",
    "layers": "n_layer",
    "heads": "n_head",
    "dropout": "resid_pdrop",
    "eps": "layer_norm_epsilon",
    "tied": "tie_word_embeddings",
}
GPT_SAME = {"embd_pdrop": "resid_pdrop", "attn_pdrop": "resid_pdrop", "n_ctx": "n_positions"}
SUMMARY = frozenset(f"summary_{name}" for name in ("activation", "first_dropout", "proj_to_labels", "type", "use_proj"))
#: Left in the files of the Hub from the days of other heads and of words added to the vocabulary.
GPT_IGNORED = SUMMARY | {"_num_labels", "is_decoder", "n_special", "predict_special_tokens"}

GPT1 = Format(
    kind="openai-gpt",
    architecture="OpenAIGPTLMHeadModel",
    model=GPT,
    config=GPTConfig,
    fields=GPT_FIELDS | {"activation": "afn"},
    values={"activation": {"gelu": "gelu_tanh", "relu": "relu", "silu": "silu", "swish": "silu"}},
    given={"kind": "gpt"},
    names=gpt_names,
    same=GPT_SAME,
    ignored=GPT_IGNORED,
    before=lambda told: {"n_positions": 512} | told,  # what transformers takes for a file that leaves it out
    prefix="transformer.",
    buffers=(".attn.bias",),
)
GPT2 = Format(
    kind="gpt2",
    architecture="GPT2LMHeadModel",
    model=GPT,
    config=GPTConfig,
    fields=GPT_FIELDS | {"activation": "activation_function", "inner": "n_inner"},
    values={"activation": ACTIVATIONS},
    given={"kind": "gpt2"},
    names=gpt_names,
    same=GPT_SAME,
    fixed={"scale_attn_weights": True, "scale_attn_by_inverse_layer_idx": False, "add_cross_attention": False},
    ignored=GPT_IGNORED | {"reorder_and_upcast_attn"},
    prefix="transformer.",
    buffers=(".attn.bias", ".attn.masked_bias"),
)


def llama_names(config: LlamaConfig) -> dict[str, Name]:
    """LLaMA: queries, keys and values apart, and the gate apart from what it lets through."""
    block = config.block()
    qkv, up = (block.heads * block.d, block.G * block.d, block.G * block.d), (block.inner, block.inner)
    names = {"embed.weight": Name(("embed_tokens.weight",)), "norm.weight": Name(("norm.weight",))}
    layers = {
        "attention.qkv": (tuple(f"self_attn.{x}_proj" for x in "qkv"), qkv),
        "attention.out": (("self_attn.o_proj",), ()),
        "feed.up": (("mlp.gate_proj", "mlp.up_proj"), up),
        "feed.down": (("mlp.down_proj",), ()),
        "attention_norm": (("input_layernorm",), ()),
        "feed_norm": (("post_attention_layernorm",), ()),
    }
    for i in range(config.layers):
        for ours, (theirs, rows) in layers.items():
            names[f"blocks.{i}.{ours}.weight"] = Name(tuple(f"layers.{i}.{x}.weight" for x in theirs), rows=rows)
    if not config.tied:
        names["head.weight"] = Name(("lm_head.weight",))
    return names


def one_base(told: dict[str, Any]) -> dict[str, Any]:
    """config.json with its rotary base under one name: newer files keep it in rope_parameters."""
    told = dict(told)
    parameters = told.pop("rope_parameters", None) or {}
    if not isinstance(parameters, dict) or parameters.get("rope_type", "default") != "default":
        return told | {"rope_parameters": parameters}
    base = parameters.get("rope_theta", told.get("rope_theta", 10_000.0))
    if told.get("rope_theta", base) != base:
        other = told["rope_theta"]
        raise CourseError(f"config.json says rope_theta = {base!r} and {other!r}: take out the wrong one.")
    rest = {k: v for k, v in parameters.items() if k not in ("rope_type", "rope_theta")}
    return told | {"rope_theta": base} | ({"rope_parameters": rest} if rest else {})


LLAMA = Format(
    kind="llama",
    architecture="LlamaForCausalLM",
    model=Llama,
    config=LlamaConfig,
    fields={
        "vocab_size": "vocab_size",
        "context": "max_position_embeddings",
        "width": "hidden_size",
        "layers": "num_hidden_layers",
        "heads": "num_attention_heads",
        "kv_heads": "num_key_value_heads",
        "head_size": "head_dim",
        "inner": "intermediate_size",
        "activation": "hidden_act",
        "eps": "rms_norm_eps",
        "base": "rope_theta",
        "tied": "tie_word_embeddings",
    },
    values={"activation": ACTIVATIONS},
    names=llama_names,
    fixed={"attention_bias": False, "mlp_bias": False, "rope_scaling": None, "attention_dropout": 0.0}
    | {"rope_interleaved": False},
    # How the sums were parted when it was trained; what SmolLM's files say to other programs.
    ignored=frozenset({"pretraining_tp", "is_llama_config", "transformers.js_config"}),
    prefix="model.",
    buffers=(".rotary_emb.inv_freq",),
    before=one_base,
)

FORMATS = {each.kind: each for each in (GPT1, GPT2, LLAMA)}


def format_of(model: Any) -> Format:
    """The format in which a model of ours is saved."""
    for each in FORMATS.values():
        if type(model) is each.model and all(getattr(model.config, k) == v for k, v in each.given.items()):
            return each
    known = {each.model.__name__ for each in FORMATS.values()}  # type: ignore[attr-defined]
    raise ValueError(
        f"a {type(model).__name__} has no published format, as {', '.join(sorted(known))} have: save its state_dict "
        "with safetensors.torch.save_file."
    )
