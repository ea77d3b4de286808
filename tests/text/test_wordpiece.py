"""WordPiece: BERT's steps one by one, the greedy match, what a model reads, and what it says about wrong input."""

import pickle
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.errors import CourseError
from coursekit.text import WordPiece
from coursekit.text.normalise import bert_words, clean, is_punctuation, lower, split_punctuation, strip_accents
from coursekit.text.wordpiece import CLS, MASK, PAD, SEP, SPECIALS, UNK, join

TOY = [*SPECIALS, "my", "dog", "is", "cute", "he", "likes", "play", "##ing", "##s", "p", "##l", "##ay", "un", "##able"]


@pytest.fixture
def toy():
    return WordPiece(TOY)


def test_the_example_of_the_paper(toy):
    """Devlin et al. 2019, figure 2: tokens and segments of a pair."""
    read = toy.inputs("my dog is cute", "he likes playing")
    tokens = [CLS, "my", "dog", "is", "cute", SEP, "he", "likes", "play", "##ing", SEP]
    assert [toy.pieces[i] for i in read.ids] == tokens
    assert read.segments == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert read.mask == [1] * 11


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("playing", ["play", "##ing"]),
        ("plays", ["play", "##s"]),
        ("play", ["play"]),
        ("pl", ["p", "##l"]),
        ("unable", ["un", "##able"]),
        ("unplay", [UNK]),  # "un" fits, nothing continues it
        ("ing", [UNK]),  # "##ing" only continues
        ("", []),
    ],
)
def test_the_longest_piece_wins_and_a_word_is_known_whole_or_not_at_all(toy, word, pieces):
    assert toy.split(word) == pieces


def test_greedy_misses_a_cut_that_exists():
    """ "ab" is taken first, and then nothing continues it, though "a" + "##bc" would have been one."""
    assert WordPiece([UNK, "a", "ab", "##bc"]).split("abc") == [UNK]


def test_a_word_of_more_than_100_characters_is_unknown():
    pieces = WordPiece([UNK, "a", "##a"])
    assert pieces.split("a" * 100) == ["a"] + ["##a"] * 99
    assert pieces.split("a" * 101) == [UNK]
    assert WordPiece(TOY).tokens("a" * 101 + " dog") == [UNK, "dog"]


def test_special_tokens_in_a_text_stay_whole_wherever_they_stand(toy):
    assert toy.tokens("my[MASK]dog [CLS] [mask]") == ["my", MASK, "dog", CLS, UNK, UNK, UNK]
    assert toy.encode("[UNK]", special=False) == [TOY.index(UNK)]


def test_capitals_and_accents_go_only_from_an_uncased_model():
    pieces = [UNK, "Crème", "creme", "crème"]
    assert WordPiece(pieces).tokens("Crème crème") == ["creme", "creme"]
    assert WordPiece(pieces, lower=False).tokens("Crème crème") == ["Crème", "crème"]


@pytest.mark.parametrize(
    ("step", "text", "result"),
    [
        (clean, "a\0b\ufffdc\u200bd\u00ad\ue000", "abcd"),
        (clean, "a\tb\nc\rd\u00a0e\u3000f\u2028g", "a b c d e f g"),
        (clean, "a\x1cb\x85c", "abc"),  # control characters, though str.split takes them for white space
        (clean, "ab中文c", "ab 中  文 c"),
        (clean, "日a\U00020000", " 日 a \U00020000 "),
        (clean, "ひらカタ한글", "ひらカタ한글"),
        (clean, "a\uf900b\u3400", "a \uf900 b \u3400 "),  # the first of two more blocks
        (strip_accents, "\u0915\u093e\u0901", "\u0915\u093e"),  # a vowel sign that takes room stays
        (strip_accents, "éÀñu\u0308ø", "eAnuø"),
        (lower, "ÀΣİ ΑΣ", "àσi\u0307 ασ"),
        (split_punctuation, "it's!!", ["it", "'", "s", "!", "!"]),
        (split_punctuation, "$5+3`^", ["$", "5", "+", "3", "`", "^"]),
        (split_punctuation, "«a»¿b—", ["«", "a", "»", "¿", "b", "—"]),
        (split_punctuation, "€5", ["€5"]),  # a symbol outside ASCII
        (bert_words, " Ça\tva\u00a0?  中国 ", ["ca", "va", "?", "中", "国"]),
        (bert_words, "", []),
        (bert_words, "\u0301 \0", []),
    ],
)
def test_each_step_of_the_preparation(step, text, result):
    assert step(text) == result


def test_ascii_punctuation_is_every_visible_sign_that_is_no_letter_or_digit():
    marks = "".join(chr(c) for c in range(128) if is_punctuation(chr(c)))
    assert marks == "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@given(st.text(), st.text())
def test_words_do_not_depend_on_what_stands_beyond_a_space(a, b):
    assert bert_words(a + " " + b) == bert_words(a) + bert_words(b)


@given(st.text(alphabet="playings my", max_size=30))
def test_known_pieces_decode_to_the_words(text):
    toy = WordPiece(TOY)
    known = [word for word in text.split() if toy.split(word) != [UNK]]
    assert toy.decode(toy.encode(" ".join(known))) == " ".join(known)


def test_decoding_leaves_out_the_marks_unless_asked(toy):
    ids = toy.inputs("my dog", length=6).ids
    assert toy.decode(ids) == "my dog"
    assert toy.decode(ids, skip=()) == "[CLS] my dog [SEP] [PAD] [PAD]"
    assert toy.decode([TOY.index("##ing"), TOY.index("##s")]) == "##ings"
    assert toy.decode([]) == ""


def test_padding_is_masked(toy):
    read = toy.inputs("my dog", "he", length=8)
    assert [toy.pieces[i] for i in read.ids] == [CLS, "my", "dog", SEP, "he", SEP, PAD, PAD]
    assert read.segments == [0, 0, 0, 0, 1, 1, 0, 0]
    assert read.mask == [1, 1, 1, 1, 1, 1, 0, 0]


def test_the_longer_text_is_cut_first(toy):
    """BERT's rule for pairs: one piece at a time from the longer, from the second where they are equal."""

    def cut(text, pair, length):
        return toy.decode(toy.inputs(text, pair, length=length).ids, skip=()).replace("[CLS] ", "")

    assert cut("my dog is cute", "he likes", 7) == "my dog [SEP] he likes [SEP]"
    assert cut("my dog is cute", "he likes", 6) == "my dog [SEP] he [SEP]"
    assert cut("my dog", "he likes dog is", 6) == "my dog [SEP] he [SEP]"
    assert cut("my dog", None, 3) == "my [SEP]"
    assert cut("my dog", "he", 3) == "[SEP] [SEP]"
    assert toy.inputs("my dog is", length=2, special=False).ids == [TOY.index("my"), TOY.index("dog")]


def test_an_empty_text_has_no_tokens(toy):
    assert toy.tokens("") == toy.tokens(" \n\0") == []
    assert toy.encode("") == [TOY.index(CLS), TOY.index(SEP)]
    assert toy.encode("", special=False) == []


def test_save_and_load(tmp_path, toy):
    toy.save(tmp_path / "vocab.txt")
    assert (tmp_path / "vocab.txt").read_bytes() == "".join(piece + "\n" for piece in TOY).encode()
    assert WordPiece.load(tmp_path / "vocab.txt").pieces == TOY
    assert len(toy) == len(TOY)
    assert "##ing" in toy
    assert "ing" not in toy
    assert pickle.loads(pickle.dumps(toy)).tokens("my dog") == ["my", "dog"]


def test_line_ends_of_windows_and_spaces_before_them_are_no_part_of_a_piece(tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):  # some editors write a mark before the first piece
        (tmp_path / "vocab.txt").write_bytes(" \r\n".join(TOY).encode(encoding))
        assert WordPiece.load(tmp_path / "vocab.txt").pieces == TOY


def test_the_memory_of_words_is_bounded_and_changes_nothing(toy, monkeypatch):
    monkeypatch.setattr("coursekit.text.wordpiece._CACHED", 2)
    for _ in range(3):
        assert toy.tokens("my dog is playing") == ["my", "dog", "is", "play", "##ing"]
        assert len(toy._cache) <= 2


# Training


def test_pairs_join_by_how_much_more_often_they_meet_than_chance_has_it():
    """The commonest pair, a + ##b, comes last: its parts are common, too."""
    learnt = WordPiece.train("ab ab ab ab ac cb cb xy xy", 5 + 6 + 2)
    assert learnt.pieces[5:11] == ["##b", "##c", "##y", "a", "c", "x"]
    assert learnt.pieces[11:] == ["xy", "ac"]  # 2 / (2 2), then 1 / (5 1); cb has 2 / (2 6), ab only 4 / (5 6)


def recounting(text, size):
    """The trainer as one would write it down: count everything anew before each join."""
    words = [[w[0], *("##" + c for c in w[1:])] for w in bert_words(text)]
    pieces = [*SPECIALS, *sorted({p for word in words for p in word})]
    while len(pieces) < size:
        single = Counter(p for word in words for p in word)
        double = Counter(pair for word in words for pair in pairwise(word))
        if not double:
            break
        score = {p: (n / (single[p[0]] * single[p[1]]), n) for p, n in double.items()}
        best = min(double, key=lambda p: (-score[p][0], -score[p][1], p))
        words = [join(word, best) for word in words]
        piece = best[0] + best[1].removeprefix("##")
        pieces += [piece] * (piece not in pieces)
    return pieces


@given(st.text(alphabet="abc ", min_size=1, max_size=40).filter(str.strip), st.integers(0, 12))
def test_training_equals_the_version_that_counts_everything_anew(text, more):
    size = 5 + len({p for w in bert_words(text) for p in [w[0], *("##" + c for c in w[1:])]}) + more
    expected = recounting(text, size)
    if len(expected) < size:
        with pytest.raises(CourseError, match=f"gives {len(expected)} pieces and no more"):
            WordPiece.train(text, size)
    else:
        assert WordPiece.train(text, size).pieces == expected
        assert UNK not in WordPiece.train([text], size).tokens(text)


# Wrong input


def test_a_vocabulary_needs_unknown_and_each_piece_once():
    with pytest.raises(ValueError, match=r"no \[UNK\]"):
        WordPiece(["a"])
    with pytest.raises(ValueError, match="'a' stands twice"):
        WordPiece([UNK, "a", "a"])


@pytest.mark.parametrize("content", [b"", b"a\nb\n", "[UNK]\né".encode()[:-1], b"\x00\x01\xff", b"[UNK]\na\na\n"])
def test_a_damaged_file_is_one_sentence(tmp_path, content):
    (tmp_path / "vocab.txt").write_bytes(content)
    with pytest.raises(CourseError, match=r"vocab\.txt is not a WordPiece vocabulary"):
        WordPiece.load(tmp_path / "vocab.txt")


def test_a_missing_file_and_a_folder_that_cannot_be_written(tmp_path, toy):
    with pytest.raises(CourseError, match="check the path"):
        WordPiece.load(tmp_path / "none.txt")
    with pytest.raises(CourseError, match="may write"):
        toy.save("/proc/none/vocab.txt")


def test_half_a_character_is_refused(toy):
    with pytest.raises(ValueError, match=r"lone surrogate U\+D83D at position 3"):
        toy.tokens("dog\ud83d")
    with pytest.raises(ValueError, match="lone surrogate"):
        WordPiece.train("a\udc00", 100)


def test_marks_that_the_vocabulary_lacks_are_named():
    bare = WordPiece([UNK, "a"])
    assert bare.encode("a b", special=False) == [1, 0]
    with pytest.raises(ValueError, match=r"no \[CLS\]"):
        bare.encode("a")
    with pytest.raises(ValueError, match=r"no \[PAD\]"):
        bare.inputs("a", special=False, length=3)


@pytest.mark.parametrize("wrong", [-1, len(TOY)])
def test_decode_names_the_id_that_it_does_not_hold(toy, wrong):
    with pytest.raises(ValueError, match=f"id {wrong} lies outside"):
        toy.decode([5, wrong])


def test_a_length_without_room_for_the_marks_is_refused(toy):
    with pytest.raises(ValueError, match="1 too small"):
        toy.inputs("my", "dog", length=2)


@pytest.mark.parametrize(
    ("text", "size", "says"), [(" \n", 9, "holds no word"), ("ab", 6, "too small: 7"), ([], 9, "no word")]
)
def test_text_that_cannot_give_the_vocabulary_is_refused(text, size, says):
    with pytest.raises(CourseError, match=says):
        WordPiece.train(text, size)


@pytest.mark.parametrize("piece", ["a\nb", "a\rb", "a ", "", "\u3000"])
def test_a_piece_that_is_no_line_is_not_saved(tmp_path, piece):
    with pytest.raises(ValueError, match="cannot be a line of vocab"):
        WordPiece([UNK, "a", piece]).save(tmp_path / "vocab.txt")
    with pytest.raises(ValueError, match="lone surrogate"):
        WordPiece([UNK, "\ud83d"]).save(tmp_path / "vocab.txt")
    assert not [*tmp_path.iterdir()]


def test_a_very_long_word_is_not_remembered(toy):
    for text in ("dog" * 10_000, "dog" * 10_000 + "."):
        assert toy.tokens(text)[0] == UNK
    assert not toy._cache
    with pytest.raises(ValueError, match="reads text, not bytes"):
        WordPiece.train(iter([b"dog"]), 100)
