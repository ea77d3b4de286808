"""Text as numbers: vocabularies and tokenisers. Nothing is imported before it is asked for."""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

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

__getattr__, __dir__ = lazy(__name__, _HOME)
