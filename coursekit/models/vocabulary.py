"""A model together with the words that its numbers stand for.

A checkpoint holds rows of numbers; which word a row belongs to stands in another file, vocabulary.json, a list of words
in the order of their ids. The two must belong together: a model of more words than the vocabulary would say words that
nobody can read, one of fewer would be asked for words that it has not.
"""

from collections.abc import Sized
from pathlib import Path
from typing import Any

from torch import nn

from coursekit.errors import CourseError
from coursekit.models.checkpoint import folder_of, from_pretrained
from coursekit.text.vocab import Vocab

FILE = "vocabulary.json"


def with_vocabulary(place: str | Path, **options: Any) -> tuple[nn.Module, Vocab]:
    """The model of a folder or a name ("tiny-gpt") and its vocabulary; `options` are those of `from_pretrained`.

    Raises CourseError where there is no vocabulary beside the weights, or one of another model.
    """
    path = folder_of(place) / FILE
    if not path.exists():
        raise CourseError(
            f"{path.parent} has no {FILE}, a list of words: load the model alone (from_pretrained), and its tokeniser "
            "with coursekit.text."
        )
    model, vocab = from_pretrained(place, **options), Vocab.load(path)
    check_vocabulary(model, vocab)
    return model, vocab


def check_vocabulary(model: nn.Module, vocabulary: Sized) -> None:
    """Raises CourseError unless the model has a row for each word of a vocabulary or tokeniser, and no other row."""
    rows, words = model.config.vocab_size, len(vocabulary)  # type: ignore[union-attr]
    if rows != words:
        raise CourseError(
            f"the vocabulary has {words:,} words and the model {rows:,}: they do not belong together, take the "
            "vocabulary that the model was trained with."
        )
