"""Byte-level BPE without anybody else's: round trips, special tokens, files, and what it says about bad input."""

import json
import pickle
import random
import string

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.text import BPE, trace
from coursekit.text.splitting import BYTE, LETTER, from_letters, letters, split

TEXT = "The cook cooked what the other cooks cook; the cooking isn't naïve.\n\n  日本 costs 100 €, the 日本\t"
END = "<|endoftext|>"


@pytest.fixture(scope="module")
def bpe():
    return BPE.train(TEXT, 60, specials=[END, "<pad>"])


@given(st.text())
def test_round_trip_of_any_text(text):
    bpe = ROUND_TRIP
    ids = bpe.encode(text)
    assert bpe.decode(ids) == text
    assert len(bpe.tokens(text)) == len(ids)
    assert "".join(split(text)) == text


ROUND_TRIP = BPE.train(TEXT, 60)


@settings(deadline=None, max_examples=100)
@given(st.text("ab é日\n1", min_size=1, max_size=40), st.integers(0, 30))
def test_the_merges_are_those_of_the_algorithm(text, merges):
    """`trace` on the words in GPT-2's letters: its alphabetical order of the letters is the order of the ids."""
    words = {}
    for word in split(text):
        words[letters(word.encode())] = words.get(letters(word.encode()), 0) + 1
    plain = [step.pair for step in trace(words, merges)]
    ours = [(letters(a), letters(b)) for a, b in BPE.train(text, merges).merges]
    # the plain way gives ages to the letters that occur, the ids to all 256: the order among them is the same
    assert ours == plain


@settings(deadline=None, max_examples=200)
@given(st.text("abc", max_size=80))
def test_long_words_are_merged_as_short_ones(text):
    words = LETTERS._words
    symbols = bytes(LETTERS.ids[c.encode()] for c in text)
    assert words.merge_long(symbols) == words.merge(symbols)


LETTERS = BPE.train("".join(random.Random(0).choices("abc ", weights=[5, 3, 2, 1], k=3000)), 200)


def test_a_megabyte_without_a_space_takes_no_age():
    noise = "".join(random.Random(0).choices(string.ascii_lowercase, k=30_000))
    bpe = BPE.train(noise[:5000], 500)
    assert bpe.decode(bpe.encode(noise)) == noise
    assert noise not in bpe._words  # not remembered


def test_ids_are_gpt2s_bytes_then_merges_then_specials(bpe):
    assert bpe.encode("!") == [0]
    assert bpe.ids[b"".join(bpe.merges[0])] == 256
    assert bpe.specials == {END: len(bpe) - 2, "<pad>": len(bpe) - 1}
    assert len(bpe) == 256 + len(bpe.merges) + 2


def test_the_words_of_gpt2():
    assert split("I'll see  the\n\n\tcook's 12 pots!! ") == [
        "I", "'ll", " see", " ", " the", "\n\n", "\t", "cook", "'s", " 12", " pots", "!!", " ",
    ]  # fmt: skip
    assert split("it's ’s x² it'S") == ["it", "'s", " ’", "s", " x", "²", " it", "'", "S"]


def test_letters_and_bytes_are_each_others_inverse():
    assert len(set(LETTER.values())) == 256
    assert all(BYTE[LETTER[b]] == b and from_letters(letters(bytes([b]))) == bytes([b]) for b in range(256))
    assert not any(letter.isspace() or not letter.isprintable() for letter in BYTE)
    assert letters(b" the\n") == "ĠtheĊ"


def test_tokens_are_readable_and_show_the_bytes_of_a_character_cut_apart():
    assert BPE.train("the the the", 3).tokens(" the é") == [" the", " ", "\\xc3", "\\xa9"]


def test_a_special_token_in_text_is_spelled_out_unless_asked_for(bpe):
    text = f"cook{END}{END}the<pad>"
    assert not {*bpe.specials.values()} & {*bpe.encode(text)}
    assert bpe.decode(bpe.encode(text)) == text
    one = bpe.encode(text, special=True)
    assert [i for i in one if i in bpe.specials.values()] == [bpe.specials[END]] * 2 + [bpe.specials["<pad>"]]
    assert bpe.decode(one) == text
    assert END in bpe.tokens(text, special=True)
    assert END not in bpe.tokens(text)


def test_the_longest_special_token_wins():
    bpe = BPE.train(TEXT, 5, specials=["<a>", "<a><b>"])
    assert bpe.encode("<a><b>", special=True) == [bpe.specials["<a><b>"]]


def test_documents_are_learnt_like_one_text_cut_where_words_end():
    documents = ["The cook", " cooked", " the"]
    assert BPE.train(iter(documents), 20).merges == BPE.train("".join(documents), 20).merges
    assert BPE.train(["", "ab"], 20).merges == [(b"a", b"b")]


def test_it_stops_where_no_pair_is_left():
    assert len(BPE.train("ab abc", 1000)) == 256 + 3


def test_empty_text_gives_nothing(bpe):
    assert (bpe.encode(""), bpe.encode("", special=True), bpe.decode([]), bpe.tokens("")) == ([], [], "", [])


def test_ids_may_come_from_a_tensor_and_half_a_character_is_replaced(bpe):
    assert bpe.decode(torch.tensor(bpe.encode("cook 日"))) == "cook 日"
    assert BPE.train("ab", 0).decode(BPE.train("ab", 0).encode("é")[:1]) == "\ufffd"


def test_it_can_be_sent_to_another_process(bpe):
    assert pickle.loads(pickle.dumps(bpe)).encode(TEXT) == bpe.encode(TEXT)


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr("coursekit.text.bpe.REMEMBERED", 3)
    bpe = BPE.train(TEXT, 10)
    for word in split(TEXT):
        assert bpe.decode(bpe.encode(word)) == word
        assert len(bpe._words) <= 3


# --- files ---


@pytest.mark.parametrize("keep", [{"tokenizer.json"}, {"encoder.json", "vocab.bpe"}])
def test_save_and_load(tmp_path, bpe, keep):
    bpe.save(tmp_path / "new" / "folder")
    for path in (tmp_path / "new" / "folder").iterdir():
        if path.name not in keep:
            path.unlink()
    again = BPE.load(tmp_path / "new" / "folder")
    assert (again.merges, again.ids, again.specials) == (bpe.merges, bpe.ids, bpe.specials)
    assert again.encode(TEXT + END, special=True) == bpe.encode(TEXT + END, special=True)


def test_the_names_of_hugging_face_and_windows_line_ends_are_read_too(tmp_path, bpe):
    bpe.save(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "encoder.json").rename(tmp_path / "vocab.json")
    (tmp_path / "merges.txt").write_bytes((tmp_path / "vocab.bpe").read_bytes().replace(b"\n", b"\r\n"))
    assert BPE.load(tmp_path).encode(TEXT) == bpe.encode(TEXT)


def edited(folder, bpe, change):
    """The folder after `change` was made to its tokenizer.json."""
    bpe.save(folder)
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    change(content)
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    return folder / "tokenizer.json"


def test_other_ids_than_gpt2s_and_merges_as_lists(tmp_path, bpe):
    def change(content):
        content["model"]["vocab"] = {name: 3 * i + 7 for name, i in content["model"]["vocab"].items()}
        content["model"]["merges"] = [pair.split(" ") for pair in content["model"]["merges"]]
        for token in content["added_tokens"]:
            token["id"] = 3 * token["id"] + 7

    again = BPE.load(edited(tmp_path, bpe, change))
    assert again.encode(TEXT + END, special=True) == [3 * i + 7 for i in bpe.encode(TEXT + END, special=True)]
    assert again.decode(again.encode(TEXT)) == TEXT
    assert len(again) == 3 * (len(bpe) - 1) + 8


OTHER = {
    "WordPiece": lambda c: c["model"].update(type="WordPiece"),
    "normalizer": lambda c: c.update(normalizer={"type": "NFC"}),
    "not cut as GPT-2's": lambda c: c.update(pre_tokenizer={"type": "Whitespace"}),
    "its words": lambda c: c.update(pre_tokenizer=None),
    "words are": lambda c: c["pre_tokenizer"].update(use_regex=False),
    "a space before": lambda c: c["pre_tokenizer"].update(add_prefix_space=True),
    "end_of_word_suffix": lambda c: c["model"].update(end_of_word_suffix="</w>"),
    "ignore_merges": lambda c: c["model"].update(ignore_merges=True),
}


@pytest.mark.parametrize("says", OTHER)
def test_another_kind_of_tokeniser_is_named(tmp_path, bpe, says):
    with pytest.raises(CourseError, match=f"another kind of tokeniser .*{says}"):
        BPE.load(edited(tmp_path, bpe, OTHER[says]))


DAMAGED = {
    "no merge makes the token '": lambda c: c["model"]["merges"].__delitem__(slice(8, None)),
    "neither a byte nor made": lambda c: c["model"]["merges"].insert(0, "coo k"),
    "a second time": lambda c: c["model"]["merges"].append(c["model"]["merges"][0]),
    "merge 50 is not two": lambda c: c["model"]["merges"].append("a b c"),
    "merge 50 is": lambda c: c["model"]["merges"].append(3),
    "no id for b'zz'": lambda c: c["model"]["merges"].append("z z"),
    "no id for b'!'": lambda c: c["model"]["vocab"].pop("!"),
    "share the id": lambda c: c["model"]["vocab"].update({"!": 5}),
    "no table": lambda c: c["model"]["vocab"].update({"!": "0"}),
    "from tokens to ids": lambda c: c["model"].update(vocab=[1, 2]),
    "000 is no id": lambda c: c["model"]["vocab"].update({"!": 10**30}),
    "-1 is no id": lambda c: c["model"]["vocab"].update({"!": -1}),
    "stands for no byte": lambda c: c["model"]["vocab"].update({"日": 400}),
    "a list is missing": lambda c: c["model"].pop("merges"),
    "no content or no id": lambda c: c["added_tokens"].append({"content": "<x>"}),
    "lstrip": lambda c: c["added_tokens"][0].update(lstrip=True),
    "has two ids": lambda c: c["added_tokens"][0].update(id=999),
}


@pytest.mark.parametrize("says", DAMAGED)
def test_a_damaged_tokenizer_json_is_one_sentence(tmp_path, bpe, says):
    with pytest.raises(CourseError, match=f"tokenizer.json is damaged .*{says}"):
        BPE.load(edited(tmp_path, bpe, DAMAGED[says]))


def cut(text):
    return text[: len(text) * 2 // 3]


def lines_cut(text):
    return "\n".join(text.split("\n")[:9]) + "\n"


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("encoder.json", cut, "damaged or no JSON"),
        ("encoder.json", lambda text: "[" * 100_000, "damaged or no JSON"),
        ("encoder.json", lambda text: "{}", "do not make a tokeniser"),
        ("vocab.bpe", lines_cut, "no merge makes the token"),
        ("vocab.bpe", lambda text: text[:-3], "do not make a tokeniser"),
        ("vocab.bpe", lambda text: text.replace("\n", "\n\n"), "merge 1 is not two tokens"),
    ],
)
def test_gpt2s_files_when_damaged(tmp_path, bpe, name, change, says):
    bpe.save(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    path = tmp_path / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(CourseError, match=says):
        BPE.load(tmp_path)


def test_a_lost_last_merge_is_not_taken_for_a_special_token(tmp_path):
    """GPT-2's two files name no special tokens: a whole word that nothing makes is a merge that is missing."""
    bpe = BPE.train("ab ab 日本 日本 " * 3, 40, specials=[END, "<s>", "a word"])
    bpe.save(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    assert BPE.load(tmp_path).specials == bpe.specials
    path = tmp_path / "vocab.bpe"
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join(line for line in lines if line != "a b"), encoding="utf-8")
    with pytest.raises(CourseError, match="no merge makes the token 'ab'"):
        BPE.load(tmp_path)


def test_more_merges_than_there_are_characters_are_refused(monkeypatch):
    monkeypatch.setattr("coursekit.text.bpe.MOST_MERGES", 2)
    assert len(BPE([(b"a", b"b"), (b"c", b"d")])) == 258
    with pytest.raises(ValueError, match="3 merges are more than 2"):
        BPE([(b"a", b"b"), (b"c", b"d"), (b"e", b"f")])


def test_files_that_are_missing_or_something_else(tmp_path, bpe):
    with pytest.raises(CourseError, match="holds no tokeniser"):
        BPE.load(tmp_path)
    for nowhere in (tmp_path / "none.json", json.dumps({"model": "x" * 5000})):  # a file's text in place of its path
        with pytest.raises(CourseError, match="check the path"):
            BPE.load(nowhere)
    bpe.save(tmp_path)
    with pytest.raises(CourseError, match="is no tokenizer"):
        BPE.load(tmp_path / "encoder.json")
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.bpe").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(CourseError, match="no UTF-8 text"):
        BPE.load(tmp_path)
    (tmp_path / "vocab.bpe").unlink()
    with pytest.raises(CourseError, match=r"vocab\.bpe .*check the path"):
        BPE.load(tmp_path)


def test_a_folder_that_cannot_be_written_and_a_special_token_that_files_cannot_tell(tmp_path, bpe):
    with pytest.raises(CourseError, match="may write"):
        bpe.save("/proc/none")
    with pytest.raises(ValueError, match="'the' is an ordinary token too"):
        BPE.train("the the the", 2, specials=["the"]).save(tmp_path)


# --- bad arguments ---


def test_an_empty_text_is_refused():
    for nothing in ("", [], [""]):
        with pytest.raises(CourseError, match="the text is empty"):
            BPE.train(nothing, 1)


def test_a_lone_surrogate_is_named(bpe):
    for use in (bpe.encode, bpe.tokens, lambda text: BPE.train(text, 1), lambda text: BPE.train(TEXT, 1, [text])):
        with pytest.raises(ValueError, match=r"lone surrogate U\+D83D at position 2"):
            use("ab\ud83d")


@pytest.mark.parametrize("wrong", [-1, 10_000])
def test_an_id_outside_the_vocabulary_is_named(bpe, wrong):
    with pytest.raises(ValueError, match=f"id {wrong} lies outside the vocabulary, whose ids are 0 to {len(bpe) - 1}"):
        bpe.decode([0, wrong])


def test_arguments_that_cannot_be(bpe):
    with pytest.raises(ValueError, match="merges = -1 must lie"):
        BPE.train(TEXT, -1)
    with pytest.raises(ValueError, match="reads text, not int"):
        BPE.train(iter([1]), 1)
    with pytest.raises(ValueError, match="list of texts"):
        BPE.train(TEXT, 1, specials=END)
    for specials in ([""], [END, END]):
        with pytest.raises(ValueError, match="text of its own"):
            BPE.train(TEXT, 1, specials=specials)
    with pytest.raises(TypeError, match="interpreted as an integer"):
        bpe.decode(iter([0.5]))


@pytest.mark.parametrize(
    ("merges", "says"),
    [([(b"ab", b"c")], "merge 1 joins b'ab'"), ([(b"a", b"b"), (b"a", b"b")], "merge 2 makes b'ab' a second time")],
)
def test_merges_that_do_not_fit(merges, says):
    with pytest.raises(ValueError, match=says):
        BPE(merges)
