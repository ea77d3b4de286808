"""Published checkpoints: `from_pretrained` reads a folder or a name on the Hub, `save_pretrained` writes such a folder.

    config.json                      the sizes, in the words of the makers
    model.safetensors                the weights, or
    model.safetensors.index.json     which of several model-0000i-of-0000n.safetensors holds which weight

What is written here transformers loads, and the other way round. The names come from `coursekit.models.published`.
Nothing is guessed: a weight that is missing, unexpected, of another shape or not finite is an error that lists it, and
so is a field of config.json that is not known, for a field that is passed over can change every output. No pickle is
ever opened: a pytorch_model.bin can run any code of the stranger who made it.
"""

import json
import re
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.models.published import FORMATS, SAYS_NOTHING, Format, format_of

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
HEADS = ("lm_head.weight",)  # stand outside the prefix
SHIPPED = Path(__file__).parent / "shipped"  # a folder for each model that comes with the course


def shipped() -> list[str]:
    """The names of the models that come with the course."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


def from_pretrained(place: str | Path, *, dtype: torch.dtype = torch.float32, device: Any = "cpu") -> nn.Module:
    """The model in a folder, or of that name on the Hub ("openai-community/gpt2"), in evaluation mode.

    "tiny-gpt", which was trained on the small world, comes with the course (`coursekit pretrain gpt` makes it).
    Weights become `dtype`, whatever the file holds. Raises CourseError for all that the top of this file says.
    """
    folder = folder_of(place)
    told = _json(folder / "config.json")
    kind = told.get("model_type")
    if kind not in FORMATS:
        raise CourseError(f"{folder} holds a model of type {kind!r}: coursekit loads {', '.join(sorted(FORMATS))}.")
    format = FORMATS[kind]
    found = _tensors(folder, format)
    config = config_of(format, told, "lm_head.weight" in found and _untied(found, format))
    if config.tied:
        found.pop("lm_head.weight", None)
    with torch.device("meta"):
        model = format.model(config)
    model.load_state_dict(_ours(format, config, found, dict(model.state_dict()), dtype, device), assign=True)
    return model.eval()


def save_pretrained(model: nn.Module, folder: str | Path, *, most_bytes: int = 5_000_000_000) -> None:
    """Write config.json and the weights in the model's own dtype, in several files where one would exceed `most_bytes`.

    Raises ValueError for a model without a published format, CourseError where the folder cannot be written.
    """
    format, folder = format_of(model), Path(folder)
    tensors: dict[str, Tensor] = {}
    state = model.state_dict()
    for ours, name in format.names(model.config).items():
        for theirs, part in name.parted(state[ours].detach().cpu()).items():
            tensors[theirs if theirs in HEADS else format.prefix + theirs] = part.contiguous()
    files = _shards(tensors, most_bytes)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in [*folder.glob("model*.safetensors"), folder / INDEX]:
            if old.name not in files:
                old.unlink(missing_ok=True)
        for file, names in files.items():
            some = safetensors.torch.save({n: tensors[n] for n in names}, metadata={"format": "pt"})
            write_atomically(folder / file, some)
        if len(files) > 1:
            size = {"total_size": sum(t.nbytes for t in tensors.values())}
            table = {"metadata": size, "weight_map": {n: file for file, names in files.items() for n in names}}
            write_atomically(folder / INDEX, json.dumps(table, indent=1) + "\n")
        write_atomically(folder / "config.json", json.dumps(told_of(format, model), indent=1) + "\n")
    except OSError as error:
        told = f"cannot write {folder} ({error.strerror}): choose a folder that you may write to."
        raise CourseError(told) from error


def config_of(format: Format, told: dict[str, Any], untied: bool = False) -> Any:
    """Our config of their config.json; raises CourseError for fields that are unknown or ask for what we lack."""
    told = format.before(told)
    check_fields(format, told)
    values = dict(format.given)
    for ours, theirs in format.fields.items():
        if told.get(theirs) is None:
            continue  # the default, which is the published one
        known = format.values.get(ours, {told[theirs]: told[theirs]} if isinstance(told[theirs], Hashable) else {})
        if told[theirs] not in known:
            raise CourseError(
                f"config.json asks for {theirs} = {told[theirs]!r}: known are {', '.join(map(str, known))}."
            )
        values[ours] = known[told[theirs]]
    if untied:
        values["tied"] = False
    try:
        return format.config(**values)
    except (TypeError, ValueError) as error:
        raise CourseError(f"config.json describes no {format.kind} that can be built: {error}") from error


def check_fields(format: Format, told: dict[str, Any]) -> None:
    """Raises CourseError for fields of config.json that are unknown, differ, or have a value that our model has not."""
    known = {*format.fields.values(), *format.same, *format.fixed, *format.ignored, *SAYS_NOTHING}
    if unknown := sorted(set(told) - known):
        raise CourseError(
            f"config.json has fields that coursekit does not know for {format.kind}: {', '.join(unknown)}; they might "
            "change the outputs: take them out only if you know that they do not."
        )
    for theirs, must in format.fixed.items():
        if told.get(theirs, must) != must:
            raise CourseError(
                f"config.json asks for {theirs} = {told[theirs]!r}: coursekit's {format.kind} has {must!r} only."
            )
    for theirs, other in format.same.items():
        if theirs in told and other in told and told[theirs] != told[other]:
            raise CourseError(
                f"config.json says {theirs} = {told[theirs]!r} and {other} = {told[other]!r}: coursekit has one number "
                "for both, make them equal."
            )


def told_of(format: Format, model: nn.Module) -> dict[str, Any]:
    """Their config.json of a model of ours."""
    told: dict[str, Any] = {"architectures": [format.architecture], "model_type": format.kind}
    for ours, theirs in format.fields.items():
        value = getattr(model.config, ours)
        names = {v: k for k, v in reversed(format.values.get(ours, {}).items())}
        told[theirs] = names.get(value, value)
    told |= {theirs: told[other] for theirs, other in format.same.items()} | format.fixed
    return told | {"dtype": str(next(model.parameters()).dtype).removeprefix("torch.")}


def _untied(found: dict[str, Tensor], format: Format) -> bool:
    """Whether the file's output layer differs from its embedding."""
    table = format.names(format.config(vocab_size=2, **format.given))["embed.weight"].theirs[0]
    head = found["lm_head.weight"]
    return table not in found or head.shape != found[table].shape or not torch.equal(head, found[table])


def _ours(
    format: Format, config: Any, found: dict[str, Tensor], wanted: dict[str, Tensor], dtype: torch.dtype, device: Any
) -> dict[str, Tensor]:
    """The state dict of our model; one CourseError for all that does not fit."""
    names = format.names(config)
    expected = {theirs for name in names.values() for theirs in name.theirs}
    wrong = [("missing", sorted(expected - set(found))), ("unexpected", sorted(set(found) - expected))]
    state, shapes, broken = {}, [], []
    for ours, name in names.items():
        if not all(theirs in found for theirs in name.theirs):
            continue
        try:
            tensor = name.joined(found)
        except RuntimeError:  # parts that do not fit together
            shapes.append(f"{' + '.join(name.theirs)}")
            continue
        if tensor.shape != wanted[ours].shape:
            theirs, must = tuple(found[name.theirs[0]].shape), tuple(wanted[ours].shape)
            shapes.append(f"{name.theirs[0]} {theirs}, which makes {ours} {tuple(tensor.shape)} instead of {must}")
        elif not tensor.isfinite().all():
            broken.append(name.theirs[0])
        # A copy, in our own layout: the file may be closed, and a transpose is slow to multiply with.
        state[ours] = tensor.to(device, dtype, copy=True, memory_format=torch.contiguous_format)
    wrong += [("of a wrong shape", shapes), ("with NaN or infinite numbers", broken)]
    if any(listed for _, listed in wrong):
        told = "; ".join(f"{what}: {_listed(listed)}" for what, listed in wrong if listed)
        raise CourseError(f"the weights do not fit config.json ({told}): take the file that belongs to it.")
    return state


def _tensors(folder: Path, format: Format) -> dict[str, Tensor]:
    """All weights of a folder by their names without the prefix; buffers are left out."""
    tensors: dict[str, Tensor] = {}
    for file in _files(folder):
        try:
            with safe_open(folder / file, framework="pt") as opened:
                for name in opened.keys():  # noqa: SIM118 (it is no dictionary)
                    short = name.removeprefix(format.prefix)
                    if not short.endswith(format.buffers or ("\0",)):
                        tensors[short] = opened.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise CourseError(f"{folder / file} is cut off or no safetensors file: fetch it again.") from error
    return tensors


def _files(folder: Path) -> list[str]:
    if (folder / INDEX).exists():
        table = _json(folder / INDEX).get("weight_map")
        if not isinstance(table, dict) or not all(isinstance(f, str) and Path(f).name == f for f in table.values()):
            raise CourseError(f"{folder / INDEX} has no weight_map of files beside it: fetch it again.")
        files = sorted(set(table.values()))
        if gone := [file for file in files if not (folder / file).exists()]:
            raise CourseError(f"{folder} lacks {_listed(gone)}, which its index names: fetch them again.")
        return files
    if (folder / WEIGHTS).exists():
        return [WEIGHTS]
    if pickles := sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern)):
        raise CourseError(
            f"{folder} holds {_listed(pickles)} and no {WEIGHTS}: such a file is a pickle, which runs code when it is "
            "opened, and is never read here: take the safetensors file, or let transformers save one where you trust "
            "the maker."
        )
    raise CourseError(f"{folder} has no {WEIGHTS}: give a folder with config.json and the weights.")


def folder_of(place: str | Path) -> Path:
    """The folder itself, one that comes with the course, or the Hub's copy of a name like "openai-community/gpt2"."""
    folder = Path(place).expanduser()
    if folder.is_dir():
        return folder
    if str(place) in shipped():
        return SHIPPED / str(place)
    if isinstance(place, Path) or not re.fullmatch(r"[\w.-]+/[\w.-]+", str(place)):
        raise CourseError(
            f"there is no folder {str(place)!r}: give a folder, a name on the Hub such as 'maker/model', or one of "
            f"the course's own models ({', '.join(shipped())})."
        )
    from huggingface_hub import snapshot_download

    wanted = ["config.json", "model*.safetensors", INDEX]
    try:
        return Path(snapshot_download(str(place), allow_patterns=wanted, etag_timeout=5))
    except Exception as error:  # the Hub fails in a dozen ways, each with its own class
        raise CourseError(
            f"there is no folder {str(place)!r}, and the Hub cannot give it ({type(error).__name__}): look at the name "
            "and the network, or give a folder."
        ) from error


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        told = f"there is no {path.name} in {path.parent}: give a folder that a model was saved in."
        raise CourseError(told) from None
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} cannot be read as JSON: fetch it again.") from error
    if not isinstance(told, dict):
        raise CourseError(f"{path} holds a {type(told).__name__} and no fields: fetch it again.")
    return told


def _shards(tensors: dict[str, Tensor], most_bytes: int) -> dict[str, list[str]]:
    """File: names; a new file where the next tensor would exceed `most_bytes`."""
    if most_bytes < 1:
        raise ValueError(f"most_bytes = {most_bytes} leaves no room for a weight: take 1 or more.")
    groups: list[list[str]] = [[]]
    size = 0
    for name, tensor in tensors.items():
        if groups[-1] and size + tensor.nbytes > most_bytes:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += tensor.nbytes
    if len(groups) == 1:
        return {WEIGHTS: groups[0]}
    return {f"model-{i:05}-of-{len(groups):05}.safetensors": group for i, group in enumerate(groups, 1)}


def _listed(names: Iterable[str], most: int = 5) -> str:
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
