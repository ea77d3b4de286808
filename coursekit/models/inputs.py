"""What goes into a model, and the sentence that says what is wrong with it: sizes and names, ids and their vectors."""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.nn.drawing import drawn
from coursekit.nn.recurrent import check_lengths, kind


def check_sizes(config: Any, *names: str) -> None:
    for name in names:
        size = getattr(config, name)
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(f"{name} must be a whole number, 1 or more; got {size!r}.")


def one_of(what: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        raise ValueError(f"there is no {what} {value!r}: take one of {', '.join(map(str, known))}.")


def check_ids(ids: Tensor, side: str = "text") -> None:
    if not isinstance(ids, Tensor) or ids.dim() != 2 or ids.dtype not in (torch.int64, torch.int32):
        got = f"{kind(ids)} of shape {tuple(ids.shape)}" if isinstance(ids, Tensor) else type(ids).__name__
        raise ValueError(f"the {side} must be a tensor of ids, whole numbers, with a row a sentence; got {got}.")


def check_source(source: Tensor, lengths: Tensor | None, most: int) -> None:
    """Raises ValueError unless `source` is rows of 1 to `most` ids, and `lengths` (if any) says how many count."""
    check_ids(source, "source")
    B, T = source.shape
    if not source.numel():
        raise ValueError(f"the source is empty: its shape B T is {(B, T)}, and each must be 1 or more.")
    if most < T:
        raise ValueError(f"the source has {T} words, the limit of this model is max_length = {most}.")
    if lengths is None:
        return
    if isinstance(lengths, Tensor) and lengths.shape == (B,) and bool((lengths == 0).any()):
        row = int((lengths == 0).nonzero()[0])
        raise ValueError(f"row {row} of the source is padding alone (its length is 0): leave it out of the batch.")
    check_lengths(lengths, B, T)


def check_target(source: Tensor, target_in: Tensor, most: int) -> None:
    """Raises ValueError unless `target_in` is rows of 1 to `most` ids, one for each source."""
    check_ids(target_in, "target")
    if len(source) != len(target_in):
        raise ValueError(f"there are {len(source)} sources and {len(target_in)} targets: give one for each.")
    if not target_in.numel():
        raise ValueError("there is no target word to read: begin the target with <bos>.")
    if target_in.size(1) > most:
        raise ValueError(
            f"the target has {target_in.size(1)} words, the limit of this model is max_length = {most}: shorten it, or "
            "build the model with a larger one."
        )


def embedding(
    side: str, size: int, width: int, vectors: Tensor | None, frozen: bool, generator: torch.Generator
) -> nn.Embedding:
    """Given vectors, in the precision of the other weights, or normal ones of variance 1."""
    if vectors is None:
        return nn.Embedding(size, width, _weight=drawn(generator, size, width) * width**0.5)
    vectors = torch.as_tensor(vectors, dtype=torch.float32)
    if vectors.shape != (size, width):
        raise ValueError(
            f"{side}_vectors have the shape {tuple(vectors.shape)}, but the config asks for "
            f"{size} words of width {width}."
        )
    return nn.Embedding.from_pretrained(vectors.clone(), freeze=frozen)


def embedded(embed: nn.Embedding, ids: Tensor, side: str = "text") -> Tensor:
    """The vectors of `ids`; raises ValueError for one that has none."""
    try:
        return embed(ids)
    except IndexError as error:  # on a CPU; a GPU says so itself, later and in its own words
        wrong = ids[(ids < 0) | (ids >= embed.num_embeddings)][0].item()
        raise ValueError(
            f"{side} id {wrong} lies outside the vocabulary, whose ids are 0 to {embed.num_embeddings - 1}: "
            f"encode the {side} with the vocabulary of this model."
        ) from error
