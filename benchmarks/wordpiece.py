"""Encoding with BERT's vocabulary: coursekit's WordPiece against the tokenizers library, ids checked equal.

Reported without a bar: a Python loop with a memory of words against compiled code. "cold" builds a fresh tokeniser
each round, "warm" has seen the text; the library has no such memory, so only ours differs. The library is asked line
by line, as we are, and in one batch call, its best (on all cores unless RAYON_NUM_THREADS says otherwise).
Run: python benchmarks/wordpiece.py [--full]
"""

import gzip
import sys
from pathlib import Path

from _compare import Comparison, arguments, compare, header, report
from tokenizers import BertWordPieceTokenizer

from coursekit.text import WordPiece

DATA = Path(__file__).resolve().parents[1] / "../shared/data"
VOCAB = DATA / "bert/vocab.uncased.txt"


def lines(language: str, most: int) -> list[str]:
    with gzip.open(DATA / f"multi30k/raw/train.{language}.gz", "rt", encoding="utf-8") as file:
        return file.read().split("\n")[:most]


def equal(ours: list[list[int]], theirs: list[list[int]]) -> None:
    assert ours == theirs


def rows(language: str, most: int, rounds: int) -> list[Comparison]:
    text, theirs = lines(language, most), BertWordPieceTokenizer(str(VOCAB), lowercase=True)
    warm = WordPiece.load(VOCAB)

    def cold() -> list[list[int]]:
        tokeniser = WordPiece(warm.pieces)  # its table of 30,522 ids is part of the time
        return [tokeniser.encode(line) for line in text]

    ways = {
        "line by line": lambda: [theirs.encode(line).ids for line in text],
        "one batch": lambda: [encoding.ids for encoding in theirs.encode_batch(text)],
    }
    size = f"{len(text):,} captions"
    done = []
    for way, peer in ways.items():
        for state, mine in (("cold", cold), ("warm", lambda: [warm.encode(line) for line in text])):
            done.append(compare(f"{language}, {state}", f"tokenizers, {way}", size, mine, peer, equal, rounds))
    return done


def main() -> int:
    options = arguments(__doc__ or "")
    if not VOCAB.exists():
        print(f"needs the shared data {VOCAB}")
        return 0
    header()
    most = 29_000 if options.full else 3_000
    done = [row for language in ("en", "de", "fr") for row in rows(language, most, options.rounds)]
    return report("wordpiece_full" if options.full else "wordpiece", done, {})


if __name__ == "__main__":
    sys.exit(main())
