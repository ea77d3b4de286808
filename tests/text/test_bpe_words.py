"""Word-level BPE: what subword-nmt makes of the same codes, unknown characters, files."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.text import Vocab, WordBPE, trace

TEXT = "low low lower newest newest widest the cook cooks what the other cook cooked ; newer widows know"
WORDS = st.lists(st.text("abcé日", min_size=1, max_size=7), min_size=1, max_size=6)


@settings(deadline=None, max_examples=100)
@given(WORDS, st.integers(0, 20))
def test_round_trip_and_the_merges_of_the_trace(words, merges):
    bpe = WordBPE.train(words, merges)
    assert bpe.merges == [step.pair for step in trace(words, merges, "</w>")]
    assert bpe.decode(bpe.encode(" ".join(words))) == " ".join(words)
    assert bpe.vocab.unk not in bpe.encode(" ".join(words))
    last = [step.words for step in trace(words, merges, "</w>")]
    assert not last or {word: bpe.segment(word) for word in words} == last[-1]


# Made with subword-nmt 0.3.8: `learn-bpe -s 14` (version 0.2) and `apply-bpe`; "@@" there says that a word goes on.
CODES_2 = "w e,s t</w>,n e,ne we,l o,newe st</w>,lo w</w>,w i,wi d,o o,c oo,wid e,wide st</w>,t h"
APPLIED_2 = "lo@@ we@@ st newe@@ r s@@ low th@@ e widest coo@@ k lo@@ w@@ s e@@ s@@ t@@ e@@ st q n@@ a@@ ï@@ v@@ e"
CODES_1 = "e s,es t,est </w>,l o,lo w,w </w>"
APPLIED_1 = (
    "low@@ est n@@ e@@ w@@ e@@ r s@@ low t@@ h@@ e w@@ i@@ d@@ est c@@ o@@ o@@ k low@@ s est@@ est q n@@ a@@ ï@@ v@@ e"
)


@pytest.mark.parametrize(("version", "codes", "applied"), [("0.2", CODES_2, APPLIED_2), ("0.1", CODES_1, APPLIED_1)])
def test_codes_of_subword_nmt_segment_as_it_does(tmp_path, version, codes, applied):
    (tmp_path / "codes").write_text("\n".join([f"#version: {version}", *codes.split(","), ""]), encoding="utf-8")
    bpe = WordBPE.load(tmp_path / "codes")
    shown = []
    for word in ["lowest", "newer", "slow", "the", "widest", "cook", "lows", "estest", "q", "naïve"]:
        pieces = [piece.removesuffix("</w>") for piece in bpe.segment(word)]
        shown.append("@@ ".join(piece for piece in pieces if piece))
    assert " ".join(shown) == applied


def test_unknown_characters_are_unk_and_the_rest_of_the_word_stays():
    bpe = WordBPE.train(TEXT, 30)
    assert bpe.segment("cookäd") == ("cook", "ä", "d</w>")
    assert bpe.encode("cookäd")[1] == bpe.vocab.unk
    assert bpe.decode(bpe.encode("the cookäd")) == "the cook<unk>d"


def test_empty_text_and_empty_word_give_nothing():
    bpe = WordBPE.train(TEXT, 3)
    assert (bpe.encode(""), bpe.encode(" \n"), bpe.segment(""), bpe.decode([])) == ([], [], (), "")


def test_padding_and_ends_are_silent():
    bpe = WordBPE.train(TEXT, 3)
    assert bpe.decode([bpe.vocab.bos, *bpe.encode("the cook"), bpe.vocab.eos, bpe.vocab.pad]) == "the cook"


def test_save_and_load_keep_every_id_also_of_characters_without_a_merge(tmp_path):
    bpe = WordBPE.train(TEXT, 12)
    bpe.save(tmp_path / "codes.bpe")
    again = WordBPE.load(tmp_path / "codes.bpe")
    assert again.encode(TEXT) == bpe.encode(TEXT)
    assert (tmp_path / "codes.bpe").read_text().startswith("#version: 0.1\n" + " ".join(bpe.merges[0]) + "\n")
    (tmp_path / "codes.bpe.vocab.json").unlink()
    bare = WordBPE.load(tmp_path / "codes.bpe")
    assert bare.vocab.unk in bare.encode(";")  # no merge holds it
    assert bpe.vocab.unk not in bpe.encode(";")


def test_a_special_word_in_the_text_is_that_special_word():
    bpe = WordBPE.train("<unk> <unk> ab", 20)
    assert len(set(bpe.vocab.words)) == len(bpe.vocab)


@pytest.mark.parametrize(("word", "says"), [("a b", "white space"), (" a", "white space"), ("x</w>y", "mark")])
def test_a_word_is_one_word_without_the_mark(word, says):
    with pytest.raises(ValueError, match=says):
        WordBPE.train({word: 1}, 1)
    with pytest.raises(ValueError, match=says):
        WordBPE.train(TEXT, 1).segment(word)


@pytest.mark.parametrize(
    "content",
    [
        "#version: 0.2\na b c\n",
        "a\n",
        "a b\na b\n",
        "a  b\n",
        "\x00\n",
        "",
        "\n",
        "#version: 9\na b\n",
        "#version:\na b\n",
    ],
)
def test_a_damaged_codes_file_is_one_sentence(tmp_path, content):
    (tmp_path / "codes").write_text(content)
    with pytest.raises(CourseError, match="is no codes file"):
        WordBPE.load(tmp_path / "codes")


def test_bytes_that_are_no_text_are_no_codes_file(tmp_path):
    (tmp_path / "codes").write_bytes(b"\xff\xfe")
    with pytest.raises(CourseError, match="is no codes file"):
        WordBPE.load(tmp_path / "codes")


def test_a_missing_file_and_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(CourseError, match="check the path"):
        WordBPE.load(tmp_path / "none")
    with pytest.raises(CourseError, match="may write"):
        WordBPE.train(TEXT, 1).save("/proc/none/codes")


def test_a_vocabulary_of_another_tokeniser_is_noticed(tmp_path):
    WordBPE.train(TEXT, 12).save(tmp_path / "a")
    WordBPE.train("xyz xyz", 12).save(tmp_path / "b")
    (tmp_path / "b.vocab.json").replace(tmp_path / "a.vocab.json")
    with pytest.raises(CourseError, match="one of them is another's"):
        WordBPE.load(tmp_path / "a")


def test_an_empty_text_and_a_negative_number_of_merges_are_refused():
    with pytest.raises(CourseError, match="no word"):
        WordBPE.train("", 1)
    with pytest.raises(ValueError, match="merges = -1"):
        WordBPE.train(TEXT, -1)
    with pytest.raises(ValueError, match="id 999 lies outside"):
        WordBPE.train(TEXT, 1).decode([999])


def test_a_mark_before_the_first_line_is_no_part_of_it(tmp_path):
    for version in (" 0.2", "0.2", " 0.2.0"):
        (tmp_path / "codes").write_text(f"#version:{version}\nl o\n", encoding="utf-8-sig")
        bpe = WordBPE.load(tmp_path / "codes")
        assert bpe.merges == [("l", "o")]
        assert not bpe.end_apart


@pytest.mark.parametrize("lines", [1, 2, 6])
@pytest.mark.parametrize("end_apart", [True, False])
def test_a_codes_file_cut_short_does_not_fit_its_vocabulary(tmp_path, lines, end_apart):
    bpe = WordBPE(WordBPE.train(TEXT, 12).merges, TEXT.replace(" ", ""), end_apart)
    bpe.save(tmp_path / "a")
    assert WordBPE.load(tmp_path / "a").vocab.words == bpe.vocab.words
    WordBPE.load(tmp_path / "a").save(tmp_path / "a")  # nothing was lost on the way
    assert WordBPE.load(tmp_path / "a").encode(TEXT) == bpe.encode(TEXT)
    content = (tmp_path / "a").read_text().split("\n")
    (tmp_path / "a").write_text("\n".join(content[:lines]) + "\n")
    with pytest.raises(CourseError, match="one of them is another's"):
        WordBPE.load(tmp_path / "a")


def test_a_vocabulary_in_another_order_is_noticed(tmp_path):
    bpe = WordBPE.train(TEXT, 12)
    bpe.save(tmp_path / "a")
    Vocab([*bpe.vocab.words[:4], *bpe.vocab.words[:3:-1]]).save(tmp_path / "a.vocab.json")
    with pytest.raises(CourseError, match="one of them is another's"):
        WordBPE.load(tmp_path / "a")


def test_only_text_is_cut_and_half_a_character_is_none(tmp_path):
    bpe = WordBPE.train(TEXT, 3)
    for use in (bpe.segment, bpe.encode, lambda text: WordBPE.train(text, 1)):
        with pytest.raises(ValueError, match=r"lone surrogate U\+D83D"):
            use("ab\ud83d")


def test_a_very_long_word_is_not_remembered():
    bpe = WordBPE.train(TEXT, 20)
    assert bpe.decode(bpe.encode("cook" * 1000)) == "cook" * 1000
    assert not bpe._pieces
