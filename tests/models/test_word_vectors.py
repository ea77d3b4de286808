"""Neighbours and analogies equal brute force; the two text formats are read as they are found."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data.analogies import Analogy
from coursekit.errors import CourseError
from coursekit.models import WordVectors, word_vectors
from coursekit.text import Vocab

#: Two directions, country and capital, and one word that is nowhere.
TOY = {
    "france": [1, 0, 0.2], "paris": [1, 1, 0.2], "italy": [0.2, 0, 1], "rome": [0.2, 1, 1],
    "london": [1, -1, 0], "zero": [0, 0, 0],
}  # fmt: skip


def toy():
    return WordVectors(torch.tensor(list(TOY.values())), list(TOY))


def random(words=12, width=5, seed=0):
    draws = torch.randn(words, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return WordVectors(draws, [f"w{i}" for i in range(words)])


def question(a, b, c, *answers, category="k"):
    return Analogy(category, a, b, c, frozenset(answers))


def test_paris_without_france_with_italy_is_rome():
    assert [word for word, _ in toy().analogy("france", "paris", "italy")] == ["rome"]
    assert toy().analogy("france", "paris", "italy", method="mul")[0][0] == "rome"
    assert toy()["paris"].tolist() == pytest.approx([1, 1, 0.2])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 11), st.integers(1, 20), st.integers(0, 5))
def test_nearest_equals_brute_force(row, k, seed):
    vectors = random(seed=seed)
    table = vectors.vectors.numpy()
    cosine = [float(v @ table[row] / np.linalg.norm(v) / np.linalg.norm(table[row])) for v in table]
    order = sorted(range(12), key=lambda i: -cosine[i])
    expected = [(f"w{i}", cosine[i]) for i in order]
    found = vectors.nearest(vectors.vectors[row] * 3, k)
    assert [word for word, _ in found] == [word for word, _ in expected[:k]]
    assert [score for _, score in found] == pytest.approx([score for _, score in expected[:k]])
    without_itself = [word for word, _ in expected if word != f"w{row}"]
    assert [word for word, _ in vectors.nearest(f"w{row}", k)] == without_itself[:k]
    assert vectors.similarity("w3", f"w{row}") == pytest.approx(cosine[3])


@pytest.mark.parametrize("method", ["add", "mul", "only b", "only c"])
@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 11), min_size=3, max_size=3), st.integers(0, 5))
def test_analogies_equal_brute_force(method, rows, seed):
    vectors = random(seed=seed)
    unit = vectors.vectors.numpy() / np.linalg.norm(vectors.vectors.numpy(), axis=1, keepdims=True)
    a, b, c = (unit[row] for row in rows)
    scores = {}
    for row, d in enumerate(unit):
        near = {name: (1 + d @ x) / 2 for name, x in (("a", a), ("b", b), ("c", c))}
        scores[f"w{row}"] = {
            "add": d @ (b - a + c),  # the same order as by cosine
            "mul": near["b"] * near["c"] / (near["a"] + 0.001),
            "only b": d @ b,
            "only c": d @ c,
        }[method]
    expected = sorted((w for w in scores if w not in {f"w{row}" for row in rows}), key=lambda w: -scores[w])
    names = [f"w{row}" for row in rows]
    assert [word for word, _ in vectors.analogy(*names, k=4, method=method)] == expected[:4]
    if method == "mul":
        assert vectors.analogy(*names, method=method)[0][1] == pytest.approx(scores[expected[0]])


def test_accuracy_is_the_share_of_right_first_answers(monkeypatch):
    monkeypatch.setattr(word_vectors, "MOST_SCORES", 140)  # 7 questions at a time
    vectors = random(20, 4)
    triples = [(f"w{i}", f"w{(3 * i + 1) % 20}", f"w{(7 * i + 2) % 20}") for i in range(20)] * 3
    firsts = [vectors.analogy(*t)[0][0] for t in triples]
    right = [i % 3 != 0 for i in range(len(triples))]
    questions = [
        question(*t, first if ok else "w99", "w98", category="odd" if i % 2 else "even")
        for i, (t, first, ok) in enumerate(zip(triples, firsts, right, strict=True))
    ]
    assert vectors.accuracy(questions) == {
        "even": pytest.approx(np.mean(right[::2])),
        "odd": pytest.approx(np.mean(right[1::2])),
        "all": pytest.approx(np.mean(right)),
    }


def test_chance_counts_the_answers_among_all_other_words():
    asked = [question("w0", "w1", "w2", "w3", "w4", "elsewhere"), question("w0", "w1", "w0", "w3", category="q")]
    assert random().chance(asked) == {"k": 2 / 9, "q": 1 / 10, "all": pytest.approx((2 / 9 + 1 / 10) / 2)}


def test_special_words_of_a_vocabulary_are_no_words():
    vocab = Vocab.build([["b", "a", "a"]])
    vectors = WordVectors(torch.arange(12.0).view(6, 2), vocab)
    assert vectors.words == ["a", "b"] and len(vectors) == 2
    assert vectors["a"].tolist() == [8, 9]
    assert "<unk>" not in vectors and "a" in vectors


def test_a_zero_vector_is_near_nothing():
    assert toy().similarity("zero", "paris") == 0
    assert toy().nearest("zero", 1) == [("france", 0)]  # ties in the order of the words
    many = WordVectors(torch.ones(5000, 1), [str(i) for i in range(5000)])
    assert [word for word, _ in many.nearest("0", 100)] == [str(i) for i in range(1, 101)]
    assert ("zero", 0.0) in toy().nearest("paris", 99)


# Files


@pytest.mark.parametrize("header", [True, False])
def test_files_give_back_the_same_bits(tmp_path, header):
    words = ["plain", "né", "two words", "3", "a\u2028b"]
    written = WordVectors(torch.randn(5, 4, generator=torch.Generator().manual_seed(0)) * 1e-3, words)
    written.save(tmp_path / "v.txt", header)
    first = (tmp_path / "v.txt").read_text("utf-8").split("\n")[0]
    assert (first == "5 4") is header
    again = WordVectors.load(tmp_path / "v.txt")
    assert again.words == written.words and torch.equal(again.vectors, written.vectors)
    assert WordVectors.load(tmp_path / "v.txt", limit=2).words == written.words[:2]
    assert [path.name for path in tmp_path.iterdir()] == ["v.txt"]


def test_files_as_others_write_them(tmp_path):
    """word2vec's program ends lines in a space; published files hold words twice, words with spaces, \\r\\n."""
    path = tmp_path / "v.txt"
    path.write_bytes(b"3 2\nthe 0.5 -1e-3 \nof 1 2 \n. . 3 4 \n")
    assert WordVectors.load(path).words == ["the", "of", ". ."]
    for head in (b"", b"1 2\n"):
        path.write_bytes(b"\xef\xbb\xbf" + head + b"the 0.5 1\n")  # some editors write a mark before the text
        assert WordVectors.load(path).words == ["the"]
    path.write_bytes(b"a\rb 1 2\n")
    assert WordVectors.load(path).words == ["a\rb"]
    path.write_bytes(b"the 0.5 1\r\nthe 9 9\r\nat name@x.org 7 8\r\n")
    found = WordVectors.load(path)
    assert found.words == ["the", "at name@x.org"] and found["the"].tolist() == [0.5, 1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no word vectors"),
        (b"word\n", "holds no word vectors"),
        (b"3 2\na 1 2\nb 3 4\n", "promises 3 words and holds 2"),
        (b"1 2\na 1 2\nb 3 4\n", "promises 1 words and holds 2"),
        (b"2 2\na 1 2\nb 3\n", "line 3 .* has 1 numbers where 2 belong"),
        (b"a 1 2\nb 3\n", "line 2 .* has 1 numbers where 2 belong"),
        (b"a 1 2\nb 3 x\n", "line 2 .* does not end in 2 numbers"),
        (b"a 1 2\nb 3 nan\n", "line 2 .* holds a number that is not finite"),
        (b"a 1 2\n\xff 3 4\n", "is not UTF-8"),
        (b"a 1 2\nb 3 1e39\n", "line 2 .* holds a number that is not finite"),
        ("² ³\na 1\n".encode(), "does not end in 1 numbers"),
        (b"1 99999999999999999999\na 1\n", "line 2 .* has 1 numbers where 99999999999999999999 belong"),
        pytest.param(b"1 " + b"9" * 5000 + b"\na 1\n", "holds no word vectors", id="many digits"),
        (b"0 5\n", "holds no word vectors"),
        (b"3 0\n", "holds no word vectors"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, content, says):
    (tmp_path / "v.txt").write_bytes(content)
    with pytest.raises(CourseError, match=says):
        WordVectors.load(tmp_path / "v.txt")


def test_what_a_limit_leaves_out_is_not_read(tmp_path):
    (tmp_path / "v.txt").write_bytes(b"3 2\na 1 2\nb 3 4\nc broken\n")
    assert WordVectors.load(tmp_path / "v.txt", limit=2).words == ["a", "b"]
    (tmp_path / "v.txt").write_bytes(b"5 2\na 1 2\nb 3 4\n")
    with pytest.raises(CourseError, match="promises 3 words and holds 2"):
        WordVectors.load(tmp_path / "v.txt", limit=3)


def test_files_that_cannot_be_reached(tmp_path):
    with pytest.raises(CourseError, match=r"cannot read .*check the path"):
        WordVectors.load(tmp_path / "no.txt")
    with pytest.raises(CourseError, match="cannot write"):
        toy().save(tmp_path / "no" / "v.txt")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: toy().analogy("france", "pariss", "italy"), "'pariss' has no vector among 6; near in spelling: paris"),
        (lambda: toy().nearest("xyzzy"), "'xyzzy' has no vector among 6; none is spelt alike"),
        (lambda: toy().accuracy([question("france", "paris", "itly", "rome")]), "'itly'.*italy"),
        (lambda: toy().accuracy([]), "no question"),
        (lambda: toy().analogy("france", "paris", "italy", method="sum"), "method='sum' is none of add, mul"),
        (lambda: toy().nearest("paris", 0), "k = 0"),
        (lambda: toy().nearest(torch.ones(2)), "a vector of 2 numbers: these have 3"),
        (lambda: WordVectors(torch.ones(2, 3), ["a"]), "2 vectors cannot belong to 1 words"),
        (lambda: WordVectors(torch.ones(2, 3), ["a", "a"]), "'a' stands twice"),
        (lambda: WordVectors(torch.tensor([[1.0], [float("inf")]]), ["a", "b"]), "vector of 'b' holds a number"),
        (lambda: WordVectors(torch.ones(1, 1), ["a\n"]).save("x"), "part words by space and line"),
        (lambda: WordVectors(torch.ones(1, 1), ["\ud83d"]).save("x"), "part words by space and line"),
        (lambda: toy().nearest(torch.tensor([1, math.nan, 0])), "a vector with a number that is not finite"),
        (lambda: WordVectors.load("none", limit=0), "limit = 0"),
        (lambda: WordVectors.load("none", limit=-1), "limit = -1"),
        (lambda: toy().chance([]), "no question"),
        (lambda: random(3).chance([question("w0", "w1", "w2", "w0")]), "no word is left to answer"),
        (lambda: random(3).accuracy([question("w0", "w1", "w2", "w0")]), "no word is left to answer"),
    ],
)
def test_wrong_input_is_one_sentence(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_knows_asks_for_the_three_words_and_one_answer():
    assert toy().knows(question("france", "paris", "italy", "rome", "milan"))
    assert not toy().knows(question("france", "paris", "italy", "milan"))
    assert not toy().knows(question("spain", "paris", "italy", "rome"))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("length", ["tiny", "max"])
def test_cosines_do_not_depend_on_the_length(dtype, length):
    """The sum of squares of these leaves the range of the numbers themselves."""
    size = getattr(torch.finfo(dtype), length) * (0.5 if dtype != torch.float64 or length == "tiny" else 1e-160)
    rows = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, -1], [0, 0, 0, 0]]).to(dtype) * size
    vectors = WordVectors(rows, ["a", "b", "zero"])
    assert vectors.similarity("a", "b") == pytest.approx(0.5, rel=0.01)
    assert vectors.nearest(rows[0], 1) == [("a", pytest.approx(1, rel=0.01))]
    assert vectors.similarity("a", "zero") == 0


def test_the_three_words_are_no_answers_by_chance_either():
    assert random().chance([question("w0", "w1", "w2", "w0", "w3")])["all"] == 1 / 9


@pytest.mark.parametrize("rows", [torch.ones(2), torch.ones(2, 3, dtype=torch.int64), torch.ones(2, 3, 1)])
def test_other_than_a_table_of_fractions_is_refused(rows):
    with pytest.raises(ValueError, match="a table of V x D fractions"):
        word_vectors.checked(rows)
