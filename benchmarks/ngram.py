"""Training and scoring character 5-grams: coursekit against nltk.lm, to the same numbers.

"as used" is nltk's documented way, `fit` and `score`, which look every word up in the vocabulary; ours starts from the
same list of characters and encodes it. "at best" skips that on both sides: nltk counts with a bare NgramCounter (for
Lidstone only the 5-grams that it needs) and scores with `unmasked_score`; ours starts from an array of ids.
Run: python benchmarks/ngram.py [--full]
"""

import sys
from collections.abc import Iterator

import numpy as np
from _compare import Comparison, arguments, compare, header, report
from _text import split, text
from nltk.lm import KneserNeyInterpolated, Lidstone, NgramCounter, Vocabulary
from nltk.lm.models import LanguageModel

from coursekit.models import AddK, KneserNey
from coursekit.models.ngram import NGram
from coursekit.text import Vocab

ORDER, K, DISCOUNT = 5, 0.01, 0.75
MODELS, WAYS = ("add-k", "Kneser-Ney"), ("as used", "at best")
BARS = {f"{task} {model}, {way}": 20.0 for task in ("train", "score") for model in MODELS for way in WAYS}


def ngrams(characters: list[str], n: int) -> Iterator[tuple[str, ...]]:
    """The n-grams that end in a character of the text, as coursekit counts them."""
    padded = ["<bos>"] * (n - 1) + characters
    return zip(*(padded[i:] for i in range(n)), strict=False)


def train_ours(model: str, tokens: list[str] | np.ndarray, vocab: Vocab) -> NGram:
    ids = tokens if isinstance(tokens, np.ndarray) else np.array(vocab.encode(tokens))
    discounts = [0.0] + [DISCOUNT] * (ORDER - 1)  # nltk does not discount single words
    made = AddK(ORDER, len(vocab), K) if model == "add-k" else KneserNey(ORDER, len(vocab), discounts)
    return made.fit([ids])


def train_nltk(model: str, characters: list[str], vocabulary: Vocabulary, way: str) -> LanguageModel:
    best = way == "at best"
    orders = [ORDER] if best and model == "add-k" else range(1, ORDER + 1)
    sentences = (ngrams(characters, n) for n in orders)
    counter = NgramCounter(sentences) if best else NgramCounter()
    if model == "add-k":
        made = Lidstone(K, ORDER, vocabulary, counter)
    else:
        made = KneserNeyInterpolated(ORDER, DISCOUNT, vocabulary=vocabulary, counter=counter)
    if not best:
        made.fit(sentences)
    return made


def score_nltk(model: LanguageModel, characters: list[str], way: str) -> np.ndarray:
    score = model.unmasked_score if way == "at best" else model.score
    return np.log([score(ngram[-1], ngram[:-1]) for ngram in ngrams(characters, ORDER)])


def rows(model: str, way: str, train: list[str], scored: list[str], vocab: Vocab, rounds: int) -> list[Comparison]:
    """One row for training on `train`, one for scoring `scored`."""
    vocabulary = Vocabulary([word for word in vocab.words if word != "<unk>"], unk_label="<unk>")
    peer = {"add-k": "nltk Lidstone", "Kneser-Ney": "nltk KneserNeyInterpolated"}[model]
    learn, ask = (train, scored) if way == "as used" else (np.array(vocab.encode(s)) for s in (train, scored))

    def score_ours(made: NGram, tokens: list[str] | np.ndarray) -> np.ndarray:
        return made.log_prob(tokens if isinstance(tokens, np.ndarray) else vocab.encode(tokens))

    def same(ours: NGram, theirs: LanguageModel) -> None:
        np.testing.assert_allclose(score_ours(ours, scored[:40]), score_nltk(theirs, scored[:40], way), rtol=1e-9)

    def equal(ours: np.ndarray, theirs: np.ndarray) -> None:
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)

    def ours() -> NGram:
        return train_ours(model, learn, vocab)

    def theirs() -> LanguageModel:
        return train_nltk(model, train, vocabulary, way)

    size = f"{len(train):,} characters"
    first = compare(f"train {model}, {way}", peer, size, ours, theirs, same, rounds)
    mine, nltks = ours(), theirs()
    size = f"{len(scored):,} after {len(train):,}"

    def score_theirs() -> np.ndarray:
        return score_nltk(nltks, scored, way)

    return [
        first,
        compare(f"score {model}, {way}", peer, size, lambda: score_ours(mine, ask), score_theirs, equal, rounds),
    ]


def main() -> int:
    options = arguments(__doc__ or "")
    whole, name = text()
    train, held_out = split(whole)
    if not options.full:
        train = train[:200_000]
    vocab = Vocab.build([list(whole)])
    print(f"{name}, {ORDER}-grams of characters, {options.rounds} rounds")
    header()
    done: list[Comparison] = []
    for model in MODELS:
        # nltk's Kneser-Ney searches all contexts for every continuation count: milliseconds for each character.
        scored = list(held_out if model == "add-k" else held_out[:100])
        for way in WAYS[options.full :]:  # the whole text takes nltk half a minute a round as used
            done += rows(model, way, list(train), scored, vocab, options.rounds)
    return report("ngram_full" if options.full else "ngram", done, BARS)


if __name__ == "__main__":
    sys.exit(main())
