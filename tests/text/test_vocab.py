"""The vocabulary: round trips, unknown words, and what it says about text that it cannot use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.text import Vocab

TOKENS = st.lists(st.lists(st.text(min_size=1, max_size=3)), max_size=6)


def test_special_words_have_fixed_ids_and_the_commonest_word_comes_first():
    vocab = Vocab.build([["b", "a", "b", "<eos>"], ["c", "b", "a"]])
    assert vocab.words == ["<pad>", "<unk>", "<bos>", "<eos>", "b", "a", "c"]
    assert (vocab.pad, vocab.unk, vocab.bos, vocab.eos) == (0, 1, 2, 3)
    assert vocab.encode(["a", "zebra", "<eos>"]) == [5, 1, 3]
    assert len(vocab) == 7
    assert "a" in vocab
    assert "zebra" not in vocab


def test_rare_words_become_unknown():
    vocab = Vocab.build([["a", "a", "b"]], min_count=2)
    assert vocab.decode(vocab.encode(["a", "b"])) == ["a", "<unk>"]


@given(TOKENS.filter(lambda rows: len({t for row in rows for t in row}) > 1))
def test_encode_and_decode_are_inverse_on_known_words(rows):
    vocab = Vocab.build(rows)
    assert [vocab.decode(vocab.encode(row)) for row in rows] == rows
    assert len(set(vocab.words)) == len(vocab)


def test_the_order_does_not_depend_on_the_order_of_the_text():
    assert Vocab.build([["a", "b", "c"]]).words == Vocab.build([["c"], ["b", "a"]]).words


def test_save_and_load(tmp_path):
    vocab = Vocab.build([["naïve", "日本", "\n"]])
    vocab.save(tmp_path / "vocab.json")
    assert Vocab.load(tmp_path / "vocab.json").words == vocab.words


@pytest.mark.parametrize(("rows", "says"), [([], "empty"), ([[]], "empty"), ([["a", "a"], ["a"]], "one word only")])
def test_text_without_a_choice_is_refused(rows, says):
    with pytest.raises(CourseError, match=says):
        Vocab.build(rows)


def test_words_that_are_all_too_rare_are_refused():
    with pytest.raises(CourseError, match="no word occurs 3 times"):
        Vocab.build([["a", "b", "a"]], min_count=3)


def test_a_string_counts_as_its_characters():
    assert Vocab.build(["baa"]).words == Vocab.build([list("baa")]).words


def test_only_text_is_a_token_and_only_an_integer_an_id():
    with pytest.raises(ValueError, match="every token is text"):
        Vocab.build(iter([[1, 2]]))
    with pytest.raises(ValueError, match="takes lists of tokens"):
        Vocab.build(iter([1, 2]))
    with pytest.raises(ValueError, match="takes lists of tokens"):
        Vocab.build(iter([[["a"], ["b"]]]))
    with pytest.raises(TypeError, match="interpreted as an integer"):
        Vocab.build([["a", "b"]]).decode(iter([4.9]))
    assert Vocab.build([["a", "b"]]).decode(iter(np.array([4, 5], dtype=np.uint8))) == ["a", "b"]


def test_one_word_and_an_end_are_a_choice():
    assert Vocab.build([["a", "<eos>"]]).encode(["a", "<eos>"]) == [4, 3]


def test_a_string_is_not_a_list_of_token_lists():
    with pytest.raises(ValueError, match="list\\(text\\)"):
        Vocab.build("hello")


@pytest.mark.parametrize("wrong", [-1, 6])
def test_decode_names_the_id_that_it_does_not_hold(wrong):
    with pytest.raises(ValueError, match=f"id {wrong} lies outside"):
        Vocab.build([["a", "b"]]).decode([4, wrong])


@pytest.mark.parametrize(
    "content",
    [
        "{",
        pytest.param("[" * 200_000, id="nested"),
        '{"a": 1}',
        '["a"]',
        "[1]",
        '["<pad>","<unk>","<bos>","<eos>","a","a"]',
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, content):
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(CourseError, match="not a vocabulary"):
        Vocab.load(tmp_path / "v.json")


def test_a_missing_file_and_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(CourseError, match="check the path"):
        Vocab.load(tmp_path / "none.json")
    with pytest.raises(CourseError, match="may write"):
        Vocab.build([["a", "b"]]).save("/proc/none/vocab.json")


def test_what_cannot_be_written_leaves_the_old_file(tmp_path, monkeypatch):
    Vocab.build([["a", "b"]]).save(tmp_path / "v.json")
    with pytest.raises(ValueError, match=r"lone surrogate U\+D83D"):
        Vocab.build([["a", "\ud83d"]]).save(tmp_path / "v.json")
    monkeypatch.setattr("os.replace", full_disk)
    with pytest.raises(CourseError, match="cannot write the vocabulary"):
        Vocab.build([["c", "d"]]).save(tmp_path / "v.json")
    assert Vocab.load(tmp_path / "v.json").words[4:] == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir()] == ["v.json"]


def full_disk(*_):
    raise OSError(28, "No space left on device")
