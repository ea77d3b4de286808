"""Scoring text: BLEU and chrF against sacrebleu and torchmetrics, all pairs of 64 candidates against rouge-score.

"new lines": both sides forget the lines that they have tokenised before each round, as when a corpus is scored once;
"known lines": the same corpus again, as when settings are compared. rouge-score "as used" scores every pair of texts;
"at best" counts the n-grams of each text once and scores each pair in one direction only.
Run: python benchmarks/metrics.py [--full]
"""

import gzip
import json
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _compare import Comparison, arguments, compare, header, report
from _text import text
from rouge_score import rouge_scorer
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp
from torchmetrics.functional.text import sacre_bleu_score

from coursekit.metrics.bleu import bleu
from coursekit.metrics.chrf import chrf
from coursekit.metrics.rouge import rouge_matrix
from coursekit.metrics.tokenise import rouge_words, tokenise

WMT = Path(__file__).resolve().parents[1] / "../shared/data/bleu/wmt17_en_de.json.gz"
CANDIDATES = 64
BARS = {f"BLEU, {lines} lines": 0.8 for lines in ("new", "known")}
BARS |= {"BLEU": 8.0, "rouge1 matrix, as used": 100.0}


def corpus(size: int) -> tuple[list[str], list[list[str]], str]:
    """Translations of WMT17 and their references where they are at hand, else real lines with some words dropped."""
    if WMT.exists():
        data = json.loads(gzip.decompress(WMT.read_bytes()))
        return next(iter(data["systems"].values()))[:size], [[line] for line in data["reference"][:size]], "of WMT17"
    whole, name = text()
    lines, draw = [line for line in whole.splitlines() if len(line.split()) > 3][:size], random.Random(0)
    candidates = [" ".join(word for word in line.split() if draw.random() > 0.2) for line in lines]
    return candidates, [[line] for line in lines], f"of {name}"


def forget() -> None:
    for memory in (tokenise, rouge_words, Tokenizer13a.__call__, TokenizerRegexp.__call__):
        memory.cache_clear()


def afresh(run: Callable[[], Any]) -> Callable[[], Any]:
    """`run` with no line remembered from the rounds before."""

    def forgetful() -> Any:
        forget()
        return run()

    return forgetful


def bleu_rows(candidates: list[str], references: list[list[str]], size: str, rounds: int) -> list[Comparison]:
    streams = [list(stream) for stream in zip(*references, strict=True)]

    def close(tolerance: float) -> Any:
        return lambda ours, theirs: np.testing.assert_allclose(ours.score, theirs, rtol=tolerance)

    def ours() -> Any:
        return bleu(candidates, references)

    def theirs() -> float:
        return BLEU(force=True).corpus_score(candidates, streams).score

    def torchmetrics() -> float:
        return 100 * float(sacre_bleu_score(candidates, references))

    sides = {"new": (afresh(ours), afresh(theirs)), "known": (ours, theirs)}

    rows = [
        compare(f"BLEU, {name} lines", "sacrebleu", size, *sides[name], close(1e-9), rounds)
        for name in ("new", "known")
    ]
    rows.append(compare("BLEU", "torchmetrics", size, afresh(ours), torchmetrics, close(1e-5), rounds))
    few, known, cut = candidates[:300], references[:300], [stream[:300] for stream in streams]
    for order, name in ((0, "chrF"), (2, "chrF++")):
        rows.append(
            compare(
                name,
                "sacrebleu",
                f"{len(few)} lines",
                lambda order=order: chrf(few, known, word_order=order),
                lambda order=order: CHRF(word_order=order).corpus_score(few, cut).score,
                close(1e-9),
                rounds,
            )
        )
    return rows


def pairs_as_used(texts: list[str], kind: str) -> np.ndarray:
    scorer = rouge_scorer.RougeScorer([kind])
    return np.array([[scorer.score(reference, text)[kind].fmeasure for reference in texts] for text in texts])


def pairs_at_best(texts: list[str], kind: str) -> np.ndarray:
    """The steps of rouge-score, none of them done twice."""
    words = [rouge_scorer.tokenizers.DefaultTokenizer().tokenize(text) for text in texts]
    counted = [words if kind == "rougeL" else rouge_scorer._create_ngrams(words, int(kind[5:])) for words in words]
    score = rouge_scorer._score_lcs if kind == "rougeL" else rouge_scorer._score_ngrams
    matrix = np.zeros((len(texts), len(texts)))
    for i in range(len(texts)):
        for j in range(i + 1):
            matrix[i, j] = matrix[j, i] = score(counted[j], counted[i]).fmeasure
    return matrix


def rouge_rows(texts: list[str], rounds: int) -> list[Comparison]:
    def equal(ours: np.ndarray, theirs: np.ndarray) -> None:
        np.testing.assert_allclose(ours, theirs, atol=1e-9)

    words = round(np.mean([len(rouge_words(text)) for text in texts]))
    return [
        compare(
            f"{kind} matrix, {way}",
            "rouge-score",
            f"{len(texts)} texts of {words} words",
            afresh(lambda kind=kind: rouge_matrix(texts, kind=kind)),
            lambda kind=kind, peer=peer: peer(texts, kind),
            equal,
            rounds,
        )
        for kind in ("rouge1", "rouge2", "rougeL")
        for way, peer in (("as used", pairs_as_used), ("at best", pairs_at_best))
    ]


def main() -> int:
    options = arguments(__doc__)
    candidates, references, name = corpus(3000)
    header()
    rows = bleu_rows(candidates, references, f"{len(candidates):,} lines {name}", options.rounds)
    rows += rouge_rows(candidates[:CANDIDATES], options.rounds)
    return report("metrics", rows, BARS)


if __name__ == "__main__":
    sys.exit(main())
