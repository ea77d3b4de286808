"""Byte-pair encoding of the characters of words, with a mark at each word's end.

Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units", section 3.2: words are cut
at white space and end with the symbol "</w>", so that "est</w>" is an ending and "est" need not be.
A codes file holds one merge on each line, the earliest first, and is the one that subword-nmt reads and writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.text.merging import Pair, join, learn, merge_count, word_counts
from coursekit.text.normalise import valid_text
from coursekit.text.vocab import SPECIALS, Vocab

END = "</w>"
VERSION = "#version:"
REMEMBERED = 1 << 18  # words
LONG = 256  # characters; a longer word is not remembered


class WordBPE:
    """Words as the longest pieces that the merges make of their characters, and the ids of the pieces.

    `vocab` holds the characters, then what the merges make; a character that it lacks is "<unk>".
    """

    def __init__(self, merges: Sequence[Pair], characters: Iterable[str] = (), end_apart: bool = True) -> None:
        """`merges` in order. `characters` are known beside those of the merges.

        `end_apart`: the mark begins as a symbol of its own, as in the paper; if not it is part of the last character
        ("t</w>"), as in codes files of version 0.2. Raises ValueError for merges that are no pairs or stand twice.
        """
        self.merges = [_pair(pair) for pair in merges]
        self.end_apart = end_apart
        self._rank = {pair: i for i, pair in enumerate(self.merges)}
        if len(self._rank) < len(self.merges):
            raise ValueError("a merge stands there twice")
        made = ["".join(pair) for pair in self.merges]
        parts = {part for pair in self.merges for part in pair} - set(made)  # what no merge makes is there at the start
        ends = {END} if end_apart else {character + END for character in characters}
        known = sorted({*characters, *parts, *ends})
        self.vocab = Vocab([*SPECIALS, *(s for s in dict.fromkeys([*known, *made]) if s not in SPECIALS)])
        self._pieces: dict[str, tuple[str, ...]] = {}

    @classmethod
    def train(cls, words: str | Iterable[str] | Mapping[str, int], merges: int) -> "WordBPE":
        """Learn up to `merges` merges from a text, texts, or how often each word occurs. Ties: see merging.py.

        Raises ValueError for merges < 0 and unusable words, CourseError where there is no word.
        """
        count = word_counts(words)
        for word in count:
            _checked(word)
        characters = sorted({character for word in count for character in word})
        symbols = sorted([*characters, END])
        code = {symbol: chr(i) for i, symbol in enumerate(symbols)}
        coded = {"".join(map(code.__getitem__, [*word, END])): n for word, n in count.items()}
        pairs: list[Pair] = []
        for pair in learn(coded, merge_count(merges), len(symbols)):
            pairs.append((symbols[ord(pair[0])], symbols[ord(pair[1])]))
            symbols.append("".join(pairs[-1]))
        return cls(pairs, characters)

    def segment(self, word: str) -> tuple[str, ...]:
        """The pieces of one word, the last with the mark. No piece for an empty word.

        Raises ValueError for a word that holds white space or the mark.
        """
        if word in self._pieces:
            return self._pieces[word]
        found = self._merge(_checked(word)) if word else ()
        if len(word) <= LONG:
            if len(self._pieces) >= REMEMBERED:
                self._pieces.clear()
            self._pieces[word] = found
        return found

    def _merge(self, word: str) -> tuple[str, ...]:
        """Make the earliest merge that the word has a pair for, everywhere in it, until it has none."""
        pieces = (*word, END) if self.end_apart else (*word[:-1], word[-1] + END)
        while True:
            first = min(pairwise(pieces), key=lambda pair: self._rank.get(pair, len(self._rank)), default=None)
            if first not in self._rank:
                return pieces
            pieces = join(pieces, first)

    def encode(self, text: str) -> list[int]:
        """The ids of the pieces of each word of `text`; nothing is added at either end."""
        return self.vocab.encode(piece for word in valid_text(text).split() for piece in self.segment(word))

    def decode(self, ids: Iterable[int]) -> str:
        """The words of `ids` with one space between; <pad>, <bos> and <eos> are left out, <unk> stays.

        Raises ValueError at an id that the vocabulary does not hold.
        """
        silent = {SPECIALS[i] for i in (Vocab.pad, Vocab.bos, Vocab.eos)}
        pieces = (piece for piece in self.vocab.decode(ids) if piece not in silent)
        return "".join(pieces).replace(END, " ").strip()

    def save(self, path: str | Path) -> None:
        """Write the codes file, and the vocabulary beside it as <path>.vocab.json: rare characters have no merge."""
        path = Path(path)
        lines = [f"#version: 0.{1 if self.end_apart else 2}", *(" ".join(pair) for pair in self.merges), ""]
        try:
            write_atomically(path, "\n".join(lines))
        except OSError as error:
            raise CourseError(
                f"cannot write the codes to {path} ({error.strerror}): choose a folder that you may write to."
            ) from error
        self.vocab.save(_beside(path))

    @classmethod
    def load(cls, path: str | Path) -> "WordBPE":
        """Read a codes file; without a vocabulary beside it only the characters of the merges are known."""
        path = Path(path)
        try:
            with path.open(encoding="utf-8-sig", newline="\n") as file:
                lines = file.read().rstrip("\r\n ").split("\n")
            if lines == [""]:
                raise ValueError("there is no line in it")
            end_apart = _version(lines.pop(0)) == "0.1" if lines[0].startswith(VERSION) else True
            bpe = cls([_pair(line.rstrip("\r ").split(" ")) for line in lines if line], end_apart=end_apart)
        except OSError as error:
            raise CourseError(f"cannot read the codes file {path} ({error.strerror}): check the path.") from error
        except ValueError as error:
            raise CourseError(f"{path} is no codes file ({error}): save it again with WordBPE.save.") from error
        if _beside(path).exists():
            bpe._take(Vocab.load(_beside(path)), path)
        return bpe

    def _take(self, vocab: Vocab, path: Path) -> None:
        """Use `vocab` in place of the one that the merges alone give."""
        missing = next((piece for piece in self.vocab.words if piece not in vocab), None)
        if missing is not None:
            raise CourseError(
                f"{_beside(path)} lacks {missing!r}, which {path.name} makes: one of them is another's, save both."
            )
        if _longer(vocab) != _longer(self.vocab):  # merges were lost, as from a file that was cut short
            raise CourseError(
                f"{_beside(path)} holds other pieces than {path.name} makes: one of them is another's, save both."
            )
        self.vocab = vocab


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".vocab.json")


def _longer(vocab: Vocab) -> list[str]:
    """What merges made: a codes file does not know the characters that have none."""
    return [piece for piece in vocab.words if len(piece.removesuffix(END)) > 1]


def _version(line: str) -> str:
    number = ".".join(line.removeprefix(VERSION).strip().split(".")[:2])
    if number not in ("0.1", "0.2"):
        raise ValueError(f"its version is {number!r}, and only 0.1 and 0.2 are known")
    return number


def _pair(pair: Sequence[str]) -> Pair:
    if len(pair) != 2 or not all(pair):
        raise ValueError(f"{' '.join(pair)!r} is no merge: a merge is two pieces with a space between them")
    return pair[0], pair[1]


def _checked(word: str) -> str:
    """`word` if it can be told apart from its neighbours again."""
    if END in valid_text(word):
        raise ValueError(f"the word {word!r} holds {END}, the mark of a word's end: take it out of the text.")
    if word.split() != [word]:
        raise ValueError(f"the word {word!r} holds white space: pass a text as one string to have it cut into words.")
    return word
