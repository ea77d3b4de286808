"""WordPiece gives the ids of the tokenizers library with BERT's settings: on Multi30k, on odd strings, on pairs."""

import gzip
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import BertWordPieceTokenizer, Tokenizer, decoders, models
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from coursekit.text import WordPiece
from coursekit.text.normalise import bert_words, clean, lower, strip_accents

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
VOCAB = DATA / "bert/vocab.uncased.txt"

needs_vocab = pytest.mark.skipif(not VOCAB.exists(), reason=f"needs the shared data {VOCAB}")


def stable(c):
    """Whether all versions of Unicode agree on the character: its kind in 3.2 is its kind now.

    The library's tables are those of Unicode 8 for kinds and newer ones for letters; Python's are another version.
    """
    return unicodedata.ucd_3_2_0.category(c) == unicodedata.category(c) != "Cn"


STABLE = [c for c in map(chr, range(0x110000)) if not "\ud800" <= c <= "\udfff" and stable(c)]
ODD = list("\0\t\n\r \u00a0\u200b\u2028\ufffd\x85\x1céÉßİΣς中국ｱ\u0301$+^`«¿—'\"😀👩\u200d🚀\U00020000\U0002f800")
TEXT = st.lists(
    st.one_of(
        st.sampled_from(["the", "play", "ing", "[CLS]", "[MASK]", "[UNK]", "[mask]", "##s", "##", "un", "[", " "]),
        st.sampled_from(ODD),
        st.integers(0, len(STABLE) - 1).map(STABLE.__getitem__),
    ),
    max_size=25,
).map("".join)


@cache
def both(uncased):
    return WordPiece.load(VOCAB, lower=uncased), BertWordPieceTokenizer(str(VOCAB), lowercase=uncased)


def lines(language, split):
    with gzip.open(DATA / f"multi30k/raw/{split}.{language}.gz", "rt", encoding="utf-8") as file:
        return file.read().split("\n")


@needs_vocab
@pytest.mark.parametrize("uncased", [True, False])
@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("split", ["val", "test_2016_flickr", pytest.param("train", marks=pytest.mark.full)])
def test_ids_on_multi30k(uncased, language, split):
    ours, theirs = both(uncased)
    text = lines(language, split)
    assert len(text) > 1_000
    for line, encoding in zip(text, theirs.encode_batch(text), strict=True):
        assert ours.encode(line) == encoding.ids


@needs_vocab
@pytest.mark.parametrize("uncased", [True, False])
@pytest.mark.parametrize("step", [60, pytest.param(1, marks=pytest.mark.full)])
def test_ids_on_every_character_whose_kind_never_changed(uncased, step):
    ours, theirs = both(uncased)
    assert len(STABLE) > 180_000  # the rest is unassigned somewhere, or moved between kinds
    for i in range(0, len(STABLE), 100 * step):
        line = " ".join(f"a{c}b {c}" for c in STABLE[i : i + 100 * step : step])
        assert ours.encode(line) == theirs.encode(line).ids


@needs_vocab
@pytest.mark.parametrize("uncased", [True, False])
@settings(deadline=None, max_examples=150)
@given(TEXT, st.none() | TEXT)
@example("", None)
@example("", "")
@example("a" * 100 + " " + "a" * 101, "[SEP][PAD] [SEP")
@example("ΑΣ. ΣΑΣ İı ǅ ﬁ", "Straße STRASSE ẞ")
def test_ids_and_segments_of_any_text_and_pair(uncased, text, pair):
    ours, theirs = both(uncased)
    expected = theirs.encode(text, pair)
    read = ours.inputs(text, pair)
    assert (read.ids, read.segments, read.mask) == (expected.ids, expected.type_ids, expected.attention_mask)
    assert ours.tokens(text) == theirs.encode(text, add_special_tokens=False).tokens


@needs_vocab
@settings(deadline=None, max_examples=100)
@given(TEXT, st.integers(2, 20))
def test_padding_and_cutting_of_one_text(text, length):
    ours, theirs = both(True)
    theirs.enable_truncation(length)
    theirs.enable_padding(length=length)
    try:
        expected = theirs.encode(text)
    finally:
        theirs.no_truncation()
        theirs.no_padding()
    read = ours.inputs(text, length=length)
    assert (read.ids, read.segments, read.mask) == (expected.ids, expected.type_ids, expected.attention_mask)


@needs_vocab
def test_the_one_block_where_we_side_with_the_published_code():
    """U+2B820 to U+2B91F begin the block of ideographs that BERT's code sets apart; the library starts 256 later."""
    ours, theirs = both(True)
    apart, whole = ["a", "[UNK]", "a"], ["[UNK]"]
    for c, expected in {"\U0002b820": whole, "\U0002b91f": whole, "\U0002b920": apart}.items():
        assert ours.tokens(f"a{c}a") == apart
        assert theirs.encode(f"a{c}a", add_special_tokens=False).tokens == expected


@needs_vocab
@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(999, 30521), max_size=12))
def test_decoding(ids):
    """Against the library's decoder without its cosmetic clean-up of spaces before punctuation."""
    ours, _ = both(True)
    assert ours.decode(ids) == decoders.WordPiece(cleanup=False).decode([ours.pieces[i] for i in ids])


@settings(deadline=None, max_examples=150)
@given(TEXT)
def test_the_steps_of_the_preparation(text):
    """Each rule by itself; Chinese characters belong to the cleaning here."""
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    assert clean(text) == BertNormalizer(**off | {"clean_text": True, "handle_chinese_chars": True}).normalize_str(text)
    assert strip_accents(text) == BertNormalizer(**off | {"strip_accents": True}).normalize_str(text)
    assert lower(text) == BertNormalizer(**off | {"lowercase": True}).normalize_str(text)
    for uncased in (True, False):
        plain = BertNormalizer(lowercase=uncased).normalize_str(text)
        assert bert_words(text, uncased) == [word for word, _ in BertPreTokenizer().pre_tokenize_str(plain)]


@settings(deadline=None, max_examples=150)
@given(st.sets(st.text(alphabet="ab", min_size=1, max_size=3)), st.text(alphabet="abc", min_size=1, max_size=12))
def test_the_greedy_match_with_any_vocabulary(pieces, word):
    """Half of the pieces start a word, half continue one."""
    vocab = ["[UNK]", *sorted(pieces)[::2], *("##" + piece for piece in sorted(pieces)[1::2])]
    peer = models.WordPiece({piece: i for i, piece in enumerate(vocab)}, unk_token="[UNK]")
    assert WordPiece(vocab).split(word) == Tokenizer(peer).encode(word).tokens
