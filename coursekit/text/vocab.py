"""The table between words and integers."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import index
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.text.normalise import valid_text

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")


class Vocab:
    """Words and their ids; a word that it does not hold is ``<unk>``.

    The four special words come first: ``<pad>`` = 0 fills a batch, ``<unk>`` = 1 stands for every unknown word,
    ``<bos>`` = 2 is the context before the first word, ``<eos>`` = 3 ends a text.
    """

    pad, unk, bos, eos = range(4)

    def __init__(self, words: Sequence[str]) -> None:
        """`words` in the order of their ids, the special ones first. Raises ValueError if one stands twice."""
        self.words = list(words)
        self._id = {word: i for i, word in enumerate(self.words)}
        if tuple(self.words[:4]) != SPECIALS:
            raise ValueError(f"a vocabulary starts with {', '.join(SPECIALS)}; use Vocab.build to make one from text.")
        if len(self._id) < len(self.words):
            twice = next(word for word, n in Counter(self.words).items() if n > 1)
            raise ValueError(f"the word {twice!r} stands twice in the vocabulary; each word has one id.")

    @classmethod
    def build(cls, token_lists: Iterable[Iterable[str]], min_count: int = 1) -> "Vocab":
        """The words that occur at least `min_count` times, the commonest first, ties in alphabetical order.

        A string in place of a list counts as its characters. Raises CourseError where nothing is left to choose
        between: no text, one word alone, or no word as frequent as `min_count`.
        """
        if isinstance(token_lists, str):
            raise ValueError("Vocab.build takes token lists, not one string: pass [list(text)] for characters.")
        try:
            count = Counter(token for tokens in token_lists for token in tokens)
        except TypeError as error:  # no list of lists, or tokens that are lists
            raise ValueError(f"Vocab.build takes lists of tokens, each of them text ({error}).") from None
        if not count:
            raise CourseError("the text is empty: give at least two different words to build a vocabulary from.")
        if len(count) == 1:
            raise CourseError(
                f"the text holds one word only ({next(iter(count))!r}), which leaves nothing to predict: "
                "give at least two different words."
            )
        if not all(isinstance(word, str) for word in count):
            raise ValueError("every token is text: turn other things into str first.")
        kept = [word for word, n in count.items() if n >= min_count and word not in SPECIALS]
        if not kept:
            raise CourseError(f"no word occurs {min_count} times or more: take a smaller min_count or more text.")
        return cls([*SPECIALS, *sorted(kept, key=lambda word: (-count[word], word))])

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The ids of `tokens`; nothing is added at either end."""
        get, unk = self._id.get, self.unk
        return [get(token, unk) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words of `ids`. Raises ValueError at an id that the vocabulary does not hold."""
        ids = [index(i) for i in ids]  # refuses fractions, where int would round them
        wrong = next((i for i in ids if not 0 <= i < len(self.words)), None)
        if wrong is not None:
            raise ValueError(f"id {wrong} lies outside the vocabulary, whose ids are 0 to {len(self.words) - 1}.")
        return [self.words[i] for i in ids]

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._id

    def save(self, path: str | Path) -> None:
        """Write the words as one JSON list. Raises ValueError for half a character, which no file can hold."""
        content = valid_text(json.dumps(self.words, ensure_ascii=False))
        try:
            write_atomically(Path(path), content)
        except OSError as error:
            raise CourseError(
                f"cannot write the vocabulary to {path} ({error.strerror}): choose a folder that you may write to."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> "Vocab":
        """Read what `save` wrote."""
        try:
            words = json.loads(Path(path).read_text(encoding="utf-8"))
            if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
                raise ValueError("it holds no list of words")
            return cls(words)
        except OSError as error:
            raise CourseError(f"cannot read the vocabulary {path} ({error.strerror}): check the path.") from error
        except (ValueError, RecursionError) as error:
            raise CourseError(f"{path} is not a vocabulary ({error}): save it again with Vocab.save.") from error
