"""Byte-pair encoding's one idea: join the most frequent pair of neighbours, and again.

Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units", algorithm 1. `trace` is
that algorithm as it stands in the paper, each step shown; `learn` finds the same merges without counting all again.

Pairs are counted within words only, so no merge crosses from one word into the next. "aaa" holds the pair (a, a)
twice; joining goes from left to right and gives "aa a". Among equally frequent pairs the one of the older symbols
wins: first symbol before second, the symbols of the beginning in alphabetical order, then each merge's in turn.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import add, index

from coursekit.errors import CourseError

Pair = tuple[str, str]
MOST_MERGES = 1_000_000  # `learn` names each symbol by a character, of which there are 1,114,112


@dataclass(frozen=True)
class Merge:
    """One step: `pair` stood side by side `count` times and became `new`; `words` are the pieces of each word now."""

    pair: Pair
    count: int
    new: str
    words: dict[str, tuple[str, ...]]


def trace(words: Mapping[str, int] | Iterable[str] | str, merges: int, end: str = "") -> Iterator[Merge]:
    """The first `merges` merges one by one, fewer if every word has become one piece.

    `words` is a text, texts, or how often each word occurs; texts are cut at white space. `end` is put after each word
    as a symbol of its own, "</w>" in the paper. Ties and overlaps: see the module.
    Raises ValueError for merges < 0 or a count below 1, CourseError where there is no word.
    """
    return _steps(word_counts(words), merge_count(merges), (end,) if end else ())


def _steps(count: Mapping[str, int], merges: int, end: tuple[str, ...]) -> Iterator[Merge]:
    """Count every pair again after each merge: slow and plain."""
    split = {word: (*word, *end) for word in count}
    age = {symbol: i for i, symbol in enumerate(sorted({s for symbols in split.values() for s in symbols}))}
    for _ in range(merges):
        pairs: Counter[Pair] = Counter()
        for word, symbols in split.items():
            for pair in pairwise(symbols):
                pairs[pair] += count[word]
        if not pairs:
            return
        best = min(pairs, key=lambda pair: (-pairs[pair], age[pair[0]], age[pair[1]]))
        new = "".join(best)
        age.setdefault(new, len(age))
        split = {word: join(symbols, best) for word, symbols in split.items()}
        yield Merge(best, pairs[best], new, split)


def join(symbols: Sequence[str], pair: Pair) -> tuple[str, ...]:
    """`symbols` with each occurrence of `pair`, from left to right, made one symbol."""
    joined: list[str] = []
    i = 0
    while i < len(symbols):
        step = 2 if tuple(symbols[i : i + 2]) == pair else 1
        joined.append("".join(symbols[i : i + step]))
        i += step
    return tuple(joined)


def word_counts(words: Mapping[str, int] | Iterable[str] | str) -> dict[str, int]:
    """How often each word occurs, of a text or texts cut at white space; counts are taken as they are.

    Raises CourseError where there is no word, ValueError for what is not text and for counts below 1.
    """
    if not isinstance(words, Mapping):
        texts = [words] if isinstance(words, str) else list(words)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError("the words are text: turn other things into str first.")
        words = Counter(word for text in texts for word in text.split())
    if not words:
        raise CourseError("there is no word to learn merges from: give some text.")
    if not all(isinstance(word, str) and word for word in words):
        raise ValueError("each word is text of at least one character.")
    if not all(isinstance(n, int) and n > 0 for n in words.values()):
        raise ValueError("how often a word occurs is a whole number of 1 or more: leave out words that do not occur.")
    return dict(words)


def merge_count(merges: int) -> int:
    """`merges` if it can be a number of merges. Raises ValueError otherwise."""
    if not 0 <= index(merges) <= MOST_MERGES:
        raise ValueError(f"merges = {merges} must lie between 0 and {MOST_MERGES:,}: it says how many pairs to join.")
    return index(merges)


def learn(words: Mapping[str, int], merges: int, symbols: int) -> list[str]:
    """The same merges as `trace`, as pairs of symbols, in time that grows with what each merge changes.

    A word is a string of one character for each symbol: chr(0) to chr(symbols - 1) are those of the beginning,
    chr(symbols + i) comes from merge i. So a merge is `str.replace`, and the order of strings is the order of age.
    """
    texts, times = list(words), list(words.values())
    count: dict[str, int] = defaultdict(int)
    where: dict[str, list[int]] = defaultdict(list)  # the words that hold a pair, or once did; some twice
    for i, (text, n) in enumerate(words.items()):
        for pair in map(add, text, text[1:]):
            count[pair] += n
            where[pair].append(i)
    heap = [(-n, pair) for pair, n in count.items()]
    heapq.heapify(heap)
    learned: list[str] = []
    while heap and len(learned) < merges:
        n, pair = heapq.heappop(heap)
        if -n != count[pair]:  # merges since then took some away: back in line with what is left
            if count[pair] > 0:
                heapq.heappush(heap, (-count[pair], pair))
            continue
        fresh = _join_everywhere(pair, chr(symbols + len(learned)), texts, times, count, where)
        for other, n in fresh.items():
            heapq.heappush(heap, (-n, other))
        learned.append(pair)
    return learned


def _join_everywhere(
    pair: str, new: str, texts: list[str], times: list[int], count: dict[str, int], where: dict[str, list[int]]
) -> dict[str, int]:
    """Join `pair` in each word that holds it; `count` and `where` follow. Returns the counts of pairs with `new`."""
    a, b = pair[0], pair[1]
    fresh: dict[str, int] = defaultdict(int)
    for i in where.pop(pair):
        parts = texts[i].split(pair)
        if len(parts) == 1:  # another merge took the pair apart
            continue
        texts[i], n = new.join(parts), times[i]
        for left, right in pairwise(parts):
            if left:  # x a b: where (x, a) was, there is (x, new)
                count[left[-1] + a] -= n
                made = left[-1] + new
                fresh[made] += n
                where[made].append(i)
            if right:  # a b y
                count[b + right[0]] -= n
                made = new + right[0]
                fresh[made] += n
                where[made].append(i)
        if runs := parts[1:-1].count(""):  # a b a b
            count[b + a] -= n * runs
            fresh[new + new] += n * runs
            where[new + new].append(i)
    count[pair] = 0
    count.update(fresh)
    return fresh
