"""Byte-pair encoding: coursekit against Hugging Face's tokenizers, tiktoken and minbpe's way of counting.

Training starts from text. "one text": tokenizers is fed one string, which it cuts on one core; "documents": its best,
some hundred documents cut on all cores (coursekit is fed one string and uses one core in both rows). minbpe's way is
written here: every word of the text as a list, all pairs counted again after each merge; hours for the megabytes of the
other rows, so it gets less text and fewer merges, and the ratio grows with both.
Encoding is cold: each round has tokenisers that saw no text. "batch": lines, which tokenizers encodes on all cores.
Run: python benchmarks/bpe.py [--full]   (--full: minbpe's way on more text)
"""

import gzip
import json
import os
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("JAXTYPING_DISABLE", "1")

import tiktoken
from _compare import Comparison, arguments, compare, header, report
from _text import SHARED, text
from tiktoken.load import data_gym_to_mergeable_bpe_ranks
from tokenizers import Encoding, Tokenizer, models, pre_tokenizers, trainers

from coursekit.text import BPE
from coursekit.text.splitting import BYTE_PLACE, from_letters, split

DATA = SHARED.parents[1]
SIZE, MERGES = 5_000_000, 8_000  # bytes
BARS = {
    "train, one text": 1.3,
    "train, recounting": 200.0,
    "encode cold, one text": 3.5,
    "encode cold, batch": 0.9,
}
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"  # tiktoken's for GPT-2


def corpus() -> str:
    """Up to SIZE bytes: tiny shakespeare and, where they are at hand, Multi30k's English, German and French."""
    whole = text()[0]
    for language in ("en", "de", "fr"):
        path = DATA / f"multi30k/raw/train.{language}.gz"
        if path.exists():
            whole += gzip.decompress(path.read_bytes()).decode("utf-8")
    return whole.encode()[:SIZE].decode(errors="ignore")


def documents(whole: str, size: int = 10_000) -> list[str]:
    """`whole` cut after lines where no word of GPT-2's crosses."""
    cut, done = [], 0
    for end in re.finditer(r"(?<=\S)\n(?=\S)", whole):
        if end.end() - done >= size:
            cut.append(whole[done : end.end()])
            done = end.end()
    return [*cut, whole[done:]]


def byte_level(model: models.BPE) -> Tokenizer:
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return made


def train_theirs(texts: list[str], merges: int) -> Tokenizer:
    made = byte_level(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256 + merges, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(texts, trainer)
    return made


def same_merges(ours: BPE, theirs: Tokenizer) -> None:
    pairs = json.loads(theirs.to_str())["model"]["merges"]
    assert ours.merges == [tuple(map(from_letters, pair)) for pair in pairs]


def recounting(whole: str, merges: int) -> list[tuple[bytes, bytes]]:
    """The algorithm of minbpe's RegexTokenizer: count all pairs of all words, join the first, and again."""
    words = [list(word.encode().translate(BYTE_PLACE)) for word in split(whole)]
    token = [bytes([BYTE_PLACE.index(i)]) for i in range(256)]
    learned = []
    for new in range(256, 256 + merges):
        count: dict[tuple[int, int], int] = {}
        for word in words:
            for pair in pairwise(word):
                count[pair] = count.get(pair, 0) + 1
        most = max(count.values())
        best = min(pair for pair, n in count.items() if n == most)
        words = [joined(word, best, new) for word in words]
        learned.append((token[best[0]], token[best[1]]))
        token.append(token[best[0]] + token[best[1]])
    return learned


def joined(word: list[int], pair: tuple[int, int], new: int) -> list[int]:
    made, i = [], 0
    while i < len(word):
        if word[i] == pair[0] and i < len(word) - 1 and word[i + 1] == pair[1]:
            made.append(new)
            i += 2
        else:
            made.append(word[i])
            i += 1
    return made


def training(rounds: int, full: bool) -> list[Comparison]:
    whole = corpus()
    size = f"{len(whole.encode()):,} bytes, {MERGES:,} merges"
    rows = []
    for name, texts in (("one text", [whole]), ("documents", documents(whole))):
        theirs = lambda texts=texts: train_theirs(texts, MERGES)  # noqa: E731
        ours = lambda: BPE.train(whole, MERGES)  # noqa: E731
        rows.append(compare(f"train, {name}", "HF tokenizers", size, ours, theirs, same_merges, rounds))
    little, merges = (whole[:200_000], 2000) if full else (whole[:40_000], 1000)

    def same(ours: BPE, theirs: list[tuple[bytes, bytes]]) -> None:
        assert ours.merges == theirs

    size = f"{len(little.encode()):,} bytes, {merges:,} merges"
    ours, theirs = lambda: BPE.train(little, merges), lambda: recounting(little, merges)
    return [*rows, compare("train, recounting", "minbpe's algorithm", size, ours, theirs, same, rounds)]


def encoding(folder: Path, rounds: int) -> list[Comparison]:
    """With the files in `folder`: GPT-2's where they are at hand."""
    whole, _ = text()
    lines = whole.splitlines(keepends=True)
    files = str(folder / "encoder.json"), str(folder / "vocab.bpe")
    bpe = BPE.load(folder)
    ranks = data_gym_to_mergeable_bpe_ranks(files[1], files[0])
    openai = tiktoken.Encoding("files", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})  # remembers no word
    size = f"{len(whole.encode()):,} bytes, {len(bpe):,} tokens"

    def cold() -> BPE:
        bpe._words.clear()
        return bpe

    def hugging_face() -> Callable[[], Tokenizer]:
        """A new tokenizer at each call, all made beforehand: one to warm up, one for each round."""
        return iter([byte_level(models.BPE.from_file(*files)) for _ in range(rounds + 1)]).__next__

    def row(name: str, peer: str, ours: Callable[[], Any], theirs: Callable[[], Any]) -> Comparison:
        return compare(f"encode cold, {name}", peer, size, ours, theirs, same_ids, rounds)

    def one() -> list[int]:
        return cold().encode(whole)

    def by_line() -> list[list[int]]:
        return list(map(cold().encode, lines))

    new, other = hugging_face(), hugging_face()
    return [
        row("one text", "HF tokenizers", one, lambda: new().encode(whole)),
        row("batch", "HF tokenizers", by_line, lambda: other().encode_batch(lines)),
        row("one text, tiktoken", "tiktoken", one, lambda: openai.encode_ordinary(whole)),
    ]


def same_ids(ours: list[Any], theirs: Any) -> None:
    if isinstance(theirs, Encoding):
        theirs = theirs.ids
    assert ours == [line.ids if isinstance(line, Encoding) else line for line in theirs]


def main() -> int:
    options = arguments(__doc__ or "")
    print(f"byte-pair encoding, {options.rounds} rounds, {os.cpu_count()} cores")
    header()
    rows = training(options.rounds, options.full)
    with TemporaryDirectory() as made:
        folder = DATA / "gpt2"
        if not folder.exists():
            folder = Path(made)
            BPE.train(text()[0], MERGES).save(folder)
        rows += encoding(folder, options.rounds)
    return report("bpe_full" if options.full else "bpe", rows, BARS)


if __name__ == "__main__":
    sys.exit(main())
