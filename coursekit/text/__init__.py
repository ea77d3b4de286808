"""Text as numbers: vocabularies and tokenisers. Nothing is imported before it is asked for."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.text.bpe import BPE as BPE
    from coursekit.text.merging import trace as trace
    from coursekit.text.unigram import Unigram as Unigram
    from coursekit.text.vocab import Vocab as Vocab
    from coursekit.text.word_bpe import WordBPE as WordBPE
    from coursekit.text.wordpiece import WordPiece as WordPiece

_HOME = {
    "BPE": "bpe",
    "Unigram": "unigram",
    "Vocab": "vocab",
    "WordBPE": "word_bpe",
    "WordPiece": "wordpiece",
    "trace": "merging",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"coursekit.text.{_HOME[name]}"), name)
    raise AttributeError(f"module 'coursekit.text' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
