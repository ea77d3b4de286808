"""Byte-level byte-pair encoding, as GPT-2 has it.

Sennrich, Haddow & Birch 2016 (see merging.py) on the bytes of UTF-8 instead of characters (Radford et al. 2019,
"Language models are unsupervised multitask learners", section 2.2): 256 symbols to begin with, no text is unknown, and
`decode` gives every text back. Words are cut as in splitting.py; files are bpe_files.py's.

Inside, tokens are numbered as GPT-2 does it whatever their ids are: symbols 0 to 255 are the bytes in its order, then
come the merges.
"""

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise, product
from operator import index
from pathlib import Path
from typing import SupportsIndex

from coursekit.errors import CourseError
from coursekit.text.merging import MOST_MERGES, learn, merge_count
from coursekit.text.normalise import valid_text
from coursekit.text.splitting import BYTE_ORDER, BYTE_PLACE, split

LONG = 256  # symbols; a longer word is merged by another way and is not remembered
REMEMBERED = 1 << 18  # words
MOST_IDS = 1 << 31  # no embedding has more rows


Step = tuple[int, int, int]  # the symbols a and b of a merge, and the symbol of a + b


class BPE:
    """A byte-level tokeniser: text to ids and back, the same ids as GPT-2's with GPT-2's files.

    Special tokens: a text that spells one out, "<|endoftext|>", holds those letters and nothing special, as in OpenAI's
    GPT-2; so a stranger's text cannot end your document. `encode(text, special=True)` reads it as the one id instead,
    which is what Hugging Face's tokenizers do.
    """

    def __init__(
        self,
        merges: Sequence[tuple[bytes, bytes]],
        specials: Sequence[str] | Mapping[str, int] = (),
        ids: Mapping[bytes, int] | None = None,
    ) -> None:
        """`merges` in the order in which they are made, each of two tokens that are there by then.

        Without `ids` the bytes get 0 to 255 in GPT-2's order, then come the merges, then the specials. Raises
        ValueError for merges of unknown tokens or to known ones, ids that are missing, shared or negative, and
        unusable specials.
        """
        self.merges = list(merges)
        symbols, steps = _symbols(self.merges)
        self.ids = dict(zip(symbols, range(len(symbols)), strict=True)) if ids is None else dict(ids)
        if not isinstance(specials, Mapping):
            first = 1 + max(self.ids.values(), default=-1)
            specials = dict(zip(_texts(specials), range(first, first + len(specials)), strict=True))
        self.specials = dict(specials)
        self._token = _by_id(self.ids, self.specials, symbols)
        self._words = _Words(steps, [self.ids[token] for token in symbols])
        longest_first = sorted(self.specials, key=len, reverse=True)
        self._special = re.compile(f"({'|'.join(map(re.escape, longest_first))})") if longest_first else None

    @classmethod
    def train(cls, text: str | Iterable[str], merges: int, specials: Sequence[str] = ()) -> "BPE":
        """Learn up to `merges` merges from a text or documents; fewer where no pair is left.

        The most frequent pair first, ties to the smaller ids. A special token spelled in the text is mere text.
        Raises ValueError for merges < 0 and what is not text, CourseError for an empty text.
        """
        count: Counter[str] = Counter()
        for document in [text] if isinstance(text, str) else text:
            count.update(split(valid_text(document)))
        if not count:
            raise CourseError("the text is empty: give some text to learn merges from.")
        learned = learn({_as_symbols(word): n for word, n in count.items()}, merge_count(merges), symbols=256)
        token = [bytes([b]) for b in BYTE_ORDER]
        pairs = []
        for pair in learned:
            pairs.append((token[ord(pair[0])], token[ord(pair[1])]))
            token.append(b"".join(pairs[-1]))
        return cls(pairs, specials)

    @classmethod
    def load(cls, path: str | Path) -> "BPE":
        """Read a tokenizer.json of byte-level BPE, or a folder with one or with GPT-2's two files.

        The two files are encoder.json and vocab.bpe, or vocab.json and merges.txt. Nothing that a tokenizer.json adds
        at either end of a text is taken over. Raises CourseError for what is missing, damaged or of another kind.
        """
        from coursekit.text.bpe_files import read

        return read(cls, Path(path))

    def save(self, folder: str | Path) -> None:
        """Write encoder.json and vocab.bpe (GPT-2's own) and tokenizer.json (Hugging Face's) into `folder`."""
        from coursekit.text.bpe_files import write

        write(self, Path(folder))

    def encode(self, text: str, special: bool = False) -> list[int]:
        """The ids of `text`; nothing is added at either end. `special`: see the class.

        Raises ValueError for a lone surrogate, which no UTF-8 can write.
        """
        if not (special and self._special):
            return self._encode(valid_text(text))
        parts = self._special.split(valid_text(text))  # text, special, text, special, ..., text
        for i, part in enumerate(parts):
            parts[i] = [self.specials[part]] if i % 2 else self._encode(part)
        return list(chain.from_iterable(parts))

    def _encode(self, text: str) -> list[int]:
        return list(chain.from_iterable(map(self._words.__getitem__, split(text))))

    def decode(self, ids: Iterable[SupportsIndex]) -> str:
        """The text of `ids`; bytes that are no UTF-8, as of half a character, become U+FFFD.

        Raises ValueError at an id that the vocabulary does not hold.
        """
        return b"".join(self._pieces(ids)).decode("utf-8", errors="replace")

    def tokens(self, text: str, special: bool = False) -> list[str]:
        r"""The pieces of `text`, one for each id; bytes of a character that is cut apart are shown as \xe6."""
        return [piece.decode("utf-8", errors="backslashreplace") for piece in self._pieces(self.encode(text, special))]

    def _pieces(self, ids: Iterable[SupportsIndex]) -> list[bytes]:
        try:
            return [self._token[index(i)] for i in ids]  # index refuses fractions
        except KeyError as error:
            raise ValueError(
                f"id {error.args[0]} lies outside the vocabulary, whose ids are 0 to {len(self) - 1}."
            ) from None

    def __len__(self) -> int:
        """The largest id and one: the rows that an embedding needs."""
        return 1 + max(self._token)


class _Words(dict[str, tuple[int, ...]]):
    """The ids of each word met before; a word that is new is merged when it is asked for."""

    def __init__(self, steps: list[Step], ids: list[int]) -> None:
        """`steps`: the symbols a and b of each merge and what they become, in order; `ids`: the id of each symbol."""
        super().__init__()
        self.steps, self.ids = steps, ids
        self.rank: list[dict[int, int]] = [{} for _ in ids]  # rank[a][b]: which merge joins a and b
        for i, (a, b, _) in enumerate(steps):
            self.rank[a][b] = i

    def __missing__(self, word: str) -> tuple[int, ...]:
        symbols = word.encode().translate(BYTE_PLACE)
        long = len(symbols) > LONG
        found = tuple(map(self.ids.__getitem__, self.merge_long(symbols) if long else self.merge(symbols)))
        if not long:
            if len(self) >= REMEMBERED:
                self.clear()
            self[word] = found
        return found

    def merge(self, word: bytes) -> list[int]:
        """Make the earliest merge that a pair of neighbours has, the leftmost first, until no pair has one."""
        rank, steps, none = self.rank, self.steps, len(self.steps)
        symbols = list(word)
        ranks = [rank[a].get(b, none) for a, b in pairwise(symbols)]
        while ranks and (first := min(ranks)) < none:
            i = ranks.index(first)
            new = symbols[i] = steps[first][2]
            del symbols[i + 1], ranks[i]
            if i:
                ranks[i - 1] = rank[symbols[i - 1]].get(new, none)
            if i < len(ranks):
                ranks[i] = rank[new].get(symbols[i + 1], none)
        return symbols

    def merge_long(self, word: bytes) -> list[int]:
        """The same for a word of any length: each merge in one go, and only pairs that it made are looked at next.

        As in merging.py a symbol is one character here, and a merge is `str.replace`.
        """
        symbols = word.decode("latin-1")
        waiting = [self.rank[ord(a)][ord(b)] for a, b in {*pairwise(symbols)} if ord(b) in self.rank[ord(a)]]
        heapq.heapify(waiting)
        while waiting:
            a, b, new = map(chr, self.steps[heapq.heappop(waiting)])
            parts = symbols.split(a + b)
            if len(parts) == 1:  # another merge took the pair apart
                continue
            symbols = new.join(parts)
            before, after = {part[-1:] or new for part in parts[:-1]}, {part[:1] or new for part in parts[1:]}
            for a, b in {*product(before, new), *product(new, after)}:
                if ord(b) in self.rank[ord(a)]:
                    heapq.heappush(waiting, self.rank[ord(a)][ord(b)])
        return list(map(ord, symbols))


def _symbols(merges: Sequence[tuple[bytes, bytes]]) -> tuple[dict[bytes, int], list[Step]]:
    """The symbol of each token, and each merge in symbols."""
    if len(merges) > MOST_MERGES:
        raise ValueError(f"{len(merges)} merges are more than {MOST_MERGES}: a symbol is named by a character")
    symbols = {bytes([b]): i for i, b in enumerate(BYTE_ORDER)}
    steps = []
    for i, (a, b) in enumerate(merges):
        missing = next((part for part in (a, b) if part not in symbols), None)
        if missing is not None:
            raise ValueError(f"merge {i + 1} joins {missing!r}, which is neither a byte nor made by an earlier merge")
        if a + b in symbols:  # a text has one way to be merged, so no training learns this
            raise ValueError(f"merge {i + 1} makes {a + b!r} a second time")
        steps.append((symbols[a], symbols[b], len(symbols)))
        symbols[a + b] = len(symbols)
    return symbols, steps


def _as_symbols(word: str) -> str:
    """What merging.learn reads: a character for each byte."""
    return word.encode().translate(BYTE_PLACE).decode("latin-1")


def _by_id(ids: Mapping[bytes, int], specials: Mapping[str, int], symbols: Iterable[bytes]) -> dict[int, bytes]:
    """The token of each id, special ones too, once all is seen to fit."""
    missing = next((token for token in symbols if token not in ids), None)
    if missing is not None:
        raise ValueError(f"the vocabulary has no id for {missing!r}, which is a byte or made by a merge")
    tokens = [*ids, *(text.encode() for text in _texts(specials))]
    numbers = [*ids.values(), *specials.values()]
    wrong = next((i for i in numbers if not isinstance(i, int) or not 0 <= i < MOST_IDS), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} is no id: ids are whole numbers from 0 to {MOST_IDS - 1}")
    by_id = dict(zip(numbers, tokens, strict=True))
    if len(by_id) < len(tokens):
        twice = next(i for i, n in Counter(numbers).items() if n > 1)
        raise ValueError(f"two tokens share the id {twice}")
    return by_id


def _texts(specials: Iterable[str]) -> list[str]:
    """The special tokens, seen to be different texts."""
    if isinstance(specials, str):
        raise ValueError(f"specials is a list of texts: pass [{specials!r}] for one special token.")
    texts = [valid_text(text) for text in specials]
    if "" in texts or len(set(texts)) < len(texts):
        raise ValueError("each special token is a text of its own, and not an empty one.")
    return texts
