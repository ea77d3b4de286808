"""Our byte-level BPE gives the ids of tiktoken and of Hugging Face's tokenizers, learns the latter's merges, and each
reads the other's files.

Known: the libraries carry different versions of Unicode (tiktoken 0.14 and tokenizers 0.23: 16, regex 2026.11: newer),
so a character that is too new for one of them is a letter to some and a sign to others. U+3D000 followed by "'s" shows
it: what follows a letter is a contraction, what follows a sign is more signs. So the texts here hold no character that
Python itself does not know; round trips of all characters are in tests/text.
"""

import gzip
import json
import sys
import unicodedata
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tiktoken.load import data_gym_to_mergeable_bpe_ranks
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from coursekit.errors import CourseError
from coursekit.text import BPE
from coursekit.text.splitting import from_letters

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
GPT2 = DATA / "gpt2"
SHAKESPEARE = DATA / "tinyshakespeare/input.txt"
MULTI30K = DATA / "multi30k/raw"
END = "<|endoftext|>"
OWN = "The cook cooked what the other cooks cook; isn't the cooking naïve?\n\n  日本 costs 100 €, the 日本\t" * 2

needs_gpt2 = pytest.mark.skipif(not GPT2.exists(), reason=f"needs the shared data {GPT2}")
needs_text = pytest.mark.skipif(
    not (SHAKESPEARE.exists() and MULTI30K.exists()), reason=f"needs the shared data {SHAKESPEARE} and {MULTI30K}"
)

# Any character, and more often those at which the cuts differ: white space and control signs, marks, digits, emoji.
ANY = st.characters(exclude_categories=["Cs", "Cn"])
TRICKY = st.sampled_from([*" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2003\u2028\u2029\u202f\u3000\u200b\ufeff"])
PARTS = st.one_of(
    st.text(ANY, max_size=8),
    st.text(TRICKY, min_size=1, max_size=4),
    st.text("abcdefghijklmnopqrstuvwxyzABC '0123.,!-", max_size=12),
    st.sampled_from(["'s", "'ll", " '", "don't", "e\u0301", "👩‍👩‍👧", "x²½Ⅷ", "ـ", "ſ", "'ſ", "'S", "İi", "_", END]),
)
TEXTS = st.lists(PARTS, max_size=8).map("".join)


@pytest.fixture(scope="module")
def ours():
    return BPE.load(GPT2)


@pytest.fixture(scope="module")
def openai():
    """tiktoken from GPT-2's own files, with the cutting pattern that it gives for GPT-2."""
    pattern = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
    ranks = data_gym_to_mergeable_bpe_ranks(str(GPT2 / "vocab.bpe"), str(GPT2 / "encoder.json"))
    return tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={END: 50256})


def byte_level(model):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


@pytest.fixture(scope="module")
def hugging_face():
    return byte_level(models.BPE.from_file(str(GPT2 / "encoder.json"), str(GPT2 / "vocab.bpe")))


def multi30k():
    """The lines of all its files."""
    return [line for path in sorted(MULTI30K.glob("*.gz")) for line in gzip.open(path, "rt", encoding="utf-8")]


@needs_gpt2
@needs_text
def test_tiny_shakespeare_has_the_published_numbers_of_tokens_and_tiktokens_ids(ours, openai):
    text = SHAKESPEARE.read_text(encoding="utf-8")
    parts = [text[: len(text) * 9 // 10], text[len(text) * 9 // 10 :]]
    ids = [ours.encode(part) for part in parts]
    assert [len(part) for part in ids] == [301_966, 36_059]
    assert ids == [openai.encode_ordinary(part) for part in parts]
    assert [ours.decode(part) for part in ids] == parts


@needs_gpt2
@needs_text
def test_multi30k_has_tiktokens_ids(ours, openai):
    lines = multi30k()
    assert len(lines) == 3 * (29_000 + 1_014 + 1_000)
    text = "".join(lines)
    ids = ours.encode(text)
    assert ids == openai.encode_ordinary(text)
    assert ours.decode(ids) == text


@pytest.mark.full
@needs_gpt2
@needs_text
def test_multi30k_line_by_line(ours, openai):
    lines = multi30k()
    ids = [ours.encode(line) for line in lines]
    assert ids == openai.encode_ordinary_batch(lines, num_threads=1)
    assert [ours.decode(line) for line in ids] == lines


def check_text(text, ours, openai, hugging_face):
    ids = ours.encode(text)
    assert ids == openai.encode_ordinary(text)
    assert ids == hugging_face.encode(text).ids
    assert ours.decode(ids) == text


@needs_gpt2
@settings(deadline=None, max_examples=1000)
@given(text=TEXTS)
def test_ids_of_any_text(text, ours, openai, hugging_face):
    check_text(text, ours, openai, hugging_face)


@pytest.mark.full
@needs_gpt2
@settings(deadline=None, max_examples=10_000)
@given(text=TEXTS)
def test_ids_of_ten_thousand_texts(text, ours, openai, hugging_face):
    check_text(text, ours, openai, hugging_face)


@needs_gpt2
@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.full)])
def test_a_character_alone_and_between_letters(ours, openai, hugging_face, step):
    """All of the basic plane and a part of the rest; every eleventh of them unless in full."""
    codes = [*range(0x10000), *range(0x10000, sys.maxunicode + 1, 97)]
    known = [c for c in map(chr, codes) if unicodedata.category(c) not in ("Cs", "Cn")][::step]
    text = "\n".join(f"{c} a{c}b {c}'{c}s {c}'s" for c in known)
    check_text(text, ours, openai, hugging_face)


@needs_gpt2
def test_special_tokens_both_ways(ours, openai, hugging_face):
    text = f"{END}the end{END} {END}\n\n{END} "
    assert ours.encode(text) == openai.encode(text, disallowed_special=())
    assert ours.encode(text, special=True) == openai.encode(text, allowed_special="all")
    theirs = Tokenizer.from_str(hugging_face.to_str())
    theirs.add_special_tokens([END])
    assert ours.encode(text, special=True) == theirs.encode(text).ids
    assert ours.decode(theirs.encode(text).ids) == text


@needs_gpt2
def test_bytes_that_are_no_text_are_decoded_alike(ours, openai, hugging_face):
    ids = ours.encode("日本 €👩")
    for cut in range(len(ids)):
        for some in (ids[cut:], ids[:cut], ids[::-1][cut:]):
            assert ours.decode(some) == openai.decode(some) == hugging_face.decode(some)


@needs_gpt2
@pytest.mark.parametrize("what", ["GPT-2", "trained"])
def test_hugging_face_reads_what_we_save(tmp_path, ours, what):
    bpe = ours if what == "GPT-2" else BPE.train(OWN, 40, specials=["<pad>", END])
    bpe.save(tmp_path)
    whole = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    pair = byte_level(models.BPE.from_file(str(tmp_path / "encoder.json"), str(tmp_path / "vocab.bpe")))
    for text in (OWN, "", "a\u2003\x1cb  \n", f"cook{END}<pad>"):
        assert whole.encode(text).ids == bpe.encode(text, special=True)
        assert pair.encode(text).ids == bpe.encode(text)
        assert whole.decode(bpe.encode(text, special=True), skip_special_tokens=False) == text
    assert whole.get_vocab_size() == len(bpe)
    assert (tmp_path / "vocab.bpe").read_bytes() == (GPT2 / "vocab.bpe").read_bytes() or what == "trained"


@needs_gpt2
def test_encoder_json_is_gpt2s_own(tmp_path, ours):
    ours.save(tmp_path)
    written, original = (json.loads((folder / "encoder.json").read_text()) for folder in (tmp_path, GPT2))
    assert written == original


def learn_theirs(documents, merges, specials=()):
    tokenizer = byte_level(models.BPE())
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    size = 256 + merges + len(specials)
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=list(specials), show_progress=False
    )
    tokenizer.train_from_iterator(documents, trainer)
    return tokenizer


def test_we_read_what_hugging_face_saves(tmp_path):
    """It puts special tokens first, so every other id is moved."""
    theirs = learn_theirs([OWN], 40, ["<pad>", END])
    theirs.save(str(tmp_path / "tokenizer.json"))
    theirs.model.save(str(tmp_path))
    (tmp_path / "pair").mkdir()
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).rename(tmp_path / "pair" / name)
    for bpe in (BPE.load(tmp_path), BPE.load(tmp_path / "tokenizer.json"), BPE.load(tmp_path / "pair")):
        assert bpe.specials == {"<pad>": 0, END: 1}
        for text in (OWN, "", f"cook{END}<pad> the"):
            assert bpe.encode(text, special=True) == theirs.encode(text).ids
            assert bpe.decode(theirs.encode(text).ids) == text


def test_other_kinds_of_hugging_face_are_refused(tmp_path):
    kinds = {
        "WordPiece": Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]")),
        "Unigram": Tokenizer(models.Unigram([("a", 0.0)], unk_id=0)),
        "not cut": Tokenizer(models.BPE()),
    }
    for says, tokenizer in kinds.items():
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        with pytest.raises(CourseError, match=f"another kind of tokeniser .*{says}"):
            BPE.load(tmp_path)


@settings(deadline=None, max_examples=60)
@given(st.text("ab é日\n1'", min_size=1, max_size=60), st.integers(0, 30))
def test_merges_of_small_texts_are_hugging_faces(text, merges):
    """Ties among them: the pair of smaller ids, both here and there."""
    assert merges_of(BPE.train(text, merges)) == merges_of_theirs(learn_theirs([text], merges))


def merges_of(bpe):
    return [[a, b] for a, b in bpe.merges]


def merges_of_theirs(tokenizer):
    pairs = json.loads(tokenizer.to_str())["model"]["merges"]
    return [[from_letters(part) for part in pair] for pair in pairs]


@pytest.mark.full
@needs_text
def test_eight_thousand_merges_on_five_megabytes_are_hugging_faces():
    text = SHAKESPEARE.read_text(encoding="utf-8") + "".join(multi30k())
    text = text.encode()[:5_000_000].decode(errors="ignore")
    mine = BPE.train(text, 8000)
    assert len(mine.merges) == 8000
    assert merges_of(mine) == merges_of_theirs(learn_theirs([text], 8000))


@needs_text
def test_a_thousand_merges_on_tiny_shakespeare_are_hugging_faces():
    text = SHAKESPEARE.read_text(encoding="utf-8")
    assert merges_of(BPE.train(text, 1000)) == merges_of_theirs(learn_theirs(text.splitlines(keepends=True), 1000))
