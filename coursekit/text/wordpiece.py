"""WordPiece: words cut into the longest pieces that a vocabulary holds.

Wu et al. 2016, "Google's neural machine translation system", section 4.1; Devlin, Chang, Lee & Toutanova 2019,
"BERT", section 3 (input representation), whose vocab.txt this reads. A piece that continues a word starts with "##".

`encode` gives the ids that the tokenizers library gives with BERT's settings, wherever Python's Unicode tables and that
library's (older) ones agree on the characters. One block differs by intent: U+2B820 to U+2B91F are ideographs to BERT's
published code and here, not to the library.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import index
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.text.normalise import bert_words, clean, valid_text

PAD, UNK, CLS, SEP, MASK = SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST = 100  # a word of more characters is unknown
_CACHED = 2**16  # so many chunks of text are remembered: a text repeats most of its words


@dataclass(frozen=True)
class Inputs:
    """What BERT reads: `ids`, `segments` (0 the first text, 1 the second) and `mask` (1 a token, 0 padding)."""

    ids: list[int]
    segments: list[int]
    mask: list[int]


class WordPiece:
    """BERT's tokeniser for one vocabulary; `lower` says whether the model is uncased (accents go, too)."""

    def __init__(self, pieces: Sequence[str], lower: bool = True) -> None:
        """`pieces` in the order of their ids. Raises ValueError if "[UNK]" is missing or a piece stands twice."""
        self.pieces, self.lower = list(pieces), lower
        self._id = {piece: i for i, piece in enumerate(self.pieces)}
        if UNK not in self._id:
            raise ValueError(f"the vocabulary has no {UNK}, which stands for every word it cannot spell: add it.")
        if len(self._id) < len(self.pieces):
            twice = next(piece for piece, n in Counter(self.pieces).items() if n > 1)
            raise ValueError(f"the piece {twice!r} stands twice in the vocabulary; each piece has one id.")
        self._longest = max(map(len, self.pieces))
        self._special = re.compile("(" + "|".join(re.escape(s) for s in SPECIALS if s in self._id) + ")")
        self._cache: dict[str, list[str]] = {}

    def split(self, word: str) -> list[str]:
        """Greedy longest match first: the longest piece that starts the word, then the longest that continues it.

        "[UNK]" alone where no piece continues the word, and for a word of more than 100 characters.
        """
        if len(word) > LONGEST:
            return [UNK]
        found: list[str] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(min(len(word), start + self._longest), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._id), None)
            if end is None:
                return [UNK]
            found.append(mark + word[start:end])
            start = end
        return found

    def tokens(self, text: str) -> list[str]:
        """The pieces of `text`; special tokens that stand in it stay whole. Nothing is added at either end."""
        valid_text(text)
        found: list[str] = []
        for i, part in enumerate(self._special.split(text)):
            if i % 2:  # what the pattern matched
                found.append(part)
            else:
                for chunk in clean(part).split(" "):
                    found += self._chunk(chunk)
        return found

    def _chunk(self, chunk: str) -> list[str]:
        """The pieces of cleaned text between two spaces, kept for the next time."""
        known = self._cache.get(chunk)
        if known is None:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            known = [piece for word in bert_words(chunk, self.lower) for piece in self.split(word)]
            if len(chunk) <= LONGEST:
                self._cache[chunk] = known
        return known

    def encode(self, text: str, pair: str | None = None, special: bool = True) -> list[int]:
        """The ids of [CLS] text [SEP], or of [CLS] text [SEP] pair [SEP]; `special=False` leaves the marks out."""
        return self.inputs(text, pair, special).ids

    def inputs(self, text: str, pair: str | None = None, special: bool = True, length: int | None = None) -> Inputs:
        """`encode` with segments and mask; `length` cuts or pads to so many tokens.

        Too long: the longer text loses its last piece until both fit (the second one if they are equally long).
        Raises ValueError if the vocabulary lacks a special token that is asked for.
        """
        parts = [self._ids(t) for t in (text, pair) if t is not None]
        marks = (1 + len(parts)) if special else 0
        if length is not None:
            _shorten(parts, length - marks)
        ids, segments = ([self._need(CLS)], [0]) if special else ([], [])
        for segment, part in enumerate(parts):
            ids += [*part, self._need(SEP)] if special else part
            segments += [segment] * (len(ids) - len(segments))
        padding = [0] * (0 if length is None else length - len(ids))
        pads = [self._need(PAD)] * len(padding) if padding else []
        return Inputs(ids + pads, segments + padding, [1] * len(ids) + padding)

    def _ids(self, text: str) -> list[int]:
        return [self._id[token] for token in self.tokens(text)]

    def _need(self, token: str) -> int:
        if token not in self._id:
            raise ValueError(f"the vocabulary has no {token}: encode with special=False, or load BERT's vocab.txt.")
        return self._id[token]

    def decode(self, ids: Iterable[int], skip: Iterable[str] = (PAD, CLS, SEP)) -> str:
        """The pieces joined, without those in `skip`: spaces between words; capitals, accents and spacing are gone.

        Raises ValueError at an id that the vocabulary does not hold.
        """
        ids, skip = [index(i) for i in ids], set(skip)
        wrong = next((i for i in ids if not 0 <= i < len(self.pieces)), None)
        if wrong is not None:
            raise ValueError(f"id {wrong} lies outside the vocabulary, whose ids are 0 to {len(self.pieces) - 1}.")
        kept = [self.pieces[i] for i in ids if self.pieces[i] not in skip]
        return "".join(p[2:] if p.startswith("##") and i else " " + p for i, p in enumerate(kept)).removeprefix(" ")

    def __len__(self) -> int:
        return len(self.pieces)

    def __contains__(self, piece: object) -> bool:
        return piece in self._id

    def save(self, path: str | Path) -> None:
        """Write vocab.txt: one piece a line, its id the number of the line. Raises ValueError for what is no line."""
        spoilt = next((p for p in self.pieces if not p or p != p.rstrip() or "\n" in p or "\r" in p), None)
        if spoilt is not None:
            raise ValueError(f"the piece {spoilt!r} cannot be a line of vocab.txt, which ends where white space does.")
        try:
            write_atomically(Path(path), "".join(valid_text(piece) + "\n" for piece in self.pieces))
        except OSError as error:
            raise CourseError(
                f"cannot write the vocabulary to {path} ({error.strerror}): choose a folder that you may write to."
            ) from error

    @classmethod
    def load(cls, path: str | Path, lower: bool = True) -> "WordPiece":
        """Read BERT's vocab.txt; `lower=False` for a cased model, which the file does not say."""
        try:
            lines = Path(path).read_text(encoding="utf-8-sig").rstrip("\n").split("\n")
            return cls([line.rstrip() for line in lines], lower)
        except OSError as error:
            raise CourseError(f"cannot read the vocabulary {path} ({error.strerror}): check the path.") from error
        except ValueError as error:
            raise CourseError(f"{path} is not a WordPiece vocabulary: {error}") from error

    @classmethod
    def train(cls, text: str | Iterable[str], size: int, lower: bool = True) -> "WordPiece":
        """Learn `size` pieces (the five special ones among them) from a text or from lines.

        From single characters on, the two neighbours are joined that raise the likelihood of a unigram model of
        the pieces most per use: the highest count(ab) / (count(a) count(b)) (Schuster & Nakajima 2012; the trainer
        behind BERT's file was never published). It favours rare pieces that never occur apart. Ties go to the pair
        that occurs most, then to the first in alphabetical order. Raises CourseError if the text is empty, or if its
        characters are more than `size` or its pairs give less.
        """
        count = Counter(w for line in _lines(text) for w in bert_words(line, lower) if len(w) <= LONGEST)
        if not count:
            raise CourseError("the text holds no word: give some text to learn pieces from.")
        words = [[word[0], *("##" + c for c in word[1:])] for word in count]
        pieces = dict.fromkeys([*SPECIALS, *sorted({piece for word in words for piece in word})])
        if size < len(pieces):
            raise CourseError(f"size = {size} is too small: {len(pieces)} characters and special tokens come first.")
        for piece in _joined(words, list(count.values())):
            if len(pieces) == size:
                break
            pieces[piece] = None  # a piece counts once, even if two pairs make it
        if len(pieces) < size:
            raise CourseError(f"the text gives {len(pieces)} pieces and no more: take size = {len(pieces)} or less.")
        return cls(list(pieces), lower)


def _lines(text: str | Iterable[str]) -> Iterator[str]:
    for line in [text] if isinstance(text, str) else text:
        valid_text(line)
        yield line


def _shorten(parts: list[list[int]], room: int) -> None:
    """Take pieces from the end of the longer part, in place, until all have `room`."""
    if room < 0:
        raise ValueError(f"length leaves no room for the special tokens: it is {-room} too small.")
    while sum(map(len, parts)) > room:
        longest = max(reversed(parts), key=len)  # the second of two that are equally long
        longest.pop()


def _joined(words: list[list[str]], count: list[int]) -> Iterator[str]:
    """Join the best pair in all of `words` (in place) and yield it, until every word is one piece."""
    single: Counter[str] = Counter()
    double: Counter[tuple[str, str]] = Counter()
    where: defaultdict[tuple[str, str], set[int]] = defaultdict(set)  # words that hold the pair, or once did

    def tally(i: int, sign: int) -> None:
        for piece in words[i]:
            single[piece] += sign * count[i]
        for pair in pairwise(words[i]):
            double[pair] += sign * count[i]
            where[pair].add(i)

    for i in range(len(words)):
        tally(i, 1)
    while double := +double:  # without the pairs that are gone
        best = min(double, key=lambda p: (-double[p] / (single[p[0]] * single[p[1]]), -double[p], p))
        for i in where.pop(best):
            tally(i, -1)
            words[i] = join(words[i], best)
            tally(i, 1)
        yield best[0] + best[1].removeprefix("##")


def join(word: Sequence[str], pair: tuple[str, str]) -> list[str]:
    """The pieces of a word with each `pair` of neighbours made one, from left to right."""
    made: list[str] = []
    for piece in word:
        if made and (made[-1], piece) == pair:
            made[-1] += piece.removeprefix("##")
        else:
            made.append(piece)
    return made
