"""Text as numbers: vocabularies and tokenisers."""

from coursekit.text.vocab import Vocab as Vocab

__all__ = ["Vocab"]
