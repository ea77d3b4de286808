"""Cases of chapter 02's exercises: one generator a question, and what else the checker must know."""

from collections import Counter
from itertools import pairwise
from random import Random

import numpy as np

from coursekit.check.master import case

SETTINGS = {
    "q1": {"seconds": 2.0, "keep_input": True},
    "q3": {"keep_input": True},
    "q5": {"properties": ["at least 0"]},
    "q7": {"keep_input": True},
    "q10": {"keep_input": True},
    "q11": {"properties": ["at least 0", "finite"], "rtol": 1e-5, "atol": 1e-6},
    "q12": {"keep_input": True},
}


def q1(random: Random):
    yield case(list("cook"), "o", "o", about="a pair in the middle")
    yield case(list("ooo"), "o", "o", about="three in a row")
    yield case(["th", "e", "th"], "th", "e", about="the left piece once more at the end")
    yield case(["a", "b", "ab", "a", "b"], "a", "b", about="a pair that occurs twice")
    yield case([], "a", "b", about="no piece")
    for length in (4, 6, 9):
        yield case(random.choices(["a", "b", "c", "ab"], k=length), *random.choices("abc", k=2))


def spaced(random: Random, letters: str, count: int) -> dict[str, int]:
    """Words as text with spaces between their letters, and how often each occurs."""
    words = {" ".join(random.choices(letters, k=random.randint(2, 5))) for _ in range(count)}
    return {word: random.randint(1, 6) for word in sorted(words)}


def q3(random: Random):
    yield case({"h o t": 3, "t o": 1, "o t": 1}, about="one pair leads")
    yield case({"m e": 2, "a n": 2, "z u": 2, "u z": 1}, about="three pairs lead")
    yield case({"r a": 2, "m i x": 9, "r a y": 3, "f r a": 3}, about="few words that come often")
    yield case({"a a a": 2, "b c": 3}, about="pairs that overlap")
    yield case({"t e": 2, "a t": 2, "s o": 3, "e t": 2}, about="the end of a word and the next word's beginning")
    for letters, count in (("abc", 4), ("lmno", 6), ("stuvw", 8)):
        yield case(spaced(random, letters, count))


PIECES = {
    "he": ["he"], "cooks": ["cook", "##s"], "tea": ["tea"], "slowly": ["slow", "##ly"], "hot": ["hot"],
    "zyx": ["[UNK]"], "teapot": ["tea", "##po", "##t"], "and": ["and"],
    "unsweetened": ["un", "##sweet", "##ene", "##d"],
}  # fmt: skip


def sentence(random: Random, words: list[str]) -> tuple[str, list[str]]:
    """A text of these words as people type it, and its tokens as BERT's tokeniser makes them."""
    gaps = [random.choice([" ", " ", "  ", "\n"]) for _ in words]
    text = "".join(word + gap for word, gap in zip(words, gaps, strict=True)).rstrip() + "."
    return text, ["[CLS]", *(piece for word in words for piece in PIECES[word]), ".", "[SEP]"]


def q5(random: Random):
    yield case(["He cooks."], [["[CLS]", "he", "cook", "##s", ".", "[SEP]"]], about="a full stop")
    yield case(
        ["hot tea", "unsweetened"],
        [["[CLS]", "hot", "tea", "[SEP]"], ["[CLS]", *PIECES["unsweetened"], "[SEP]"]],
        about="a text of whole words and a text of pieces",
    )
    yield case(["zyx  tea\ntea"], [["[CLS]", "[UNK]", "tea", "tea", "[SEP]"]], about="two spaces, and a line end")
    for count in (2, 3):
        rows = [sentence(random, random.choices(sorted(PIECES), k=random.randint(2, 6))) for _ in range(count)]
        yield case(*map(list, zip(*rows, strict=True)))


def cut(random: Random, text: str) -> list[list[int]]:
    """The bytes of a text in tokens of one to three."""
    data, tokens = list(text.encode()), []
    while data:
        size = random.randint(1, 3)
        tokens, data = [*tokens, data[:size]], data[size:]
    return tokens


def q6(random: Random):
    yield case([[104, 111], [116]], about="plain letters")
    yield case([[116, 104, 195], [169]], about="a character cut in two")
    yield case([[0xE2, 0x82], [0xAC, 0x20], [0xF0, 0x9F], [0x8D, 0xB5]], about="characters of three and four bytes")
    yield case([[116, 195], [116]], about="half a character")
    yield case([[0xC3, 0xA9], [0x80, 0x21]], about="a byte that begins no character")
    yield case([], about="no token")
    for text in ("Thé glacé à Orléans", "東京 🍵 ok"):
        yield case(cut(random, text))


def learnt(words: list[str], count: int) -> list[tuple[str, str]]:
    """Merges of byte-pair encoding, learnt from words; none makes a piece that another one made already."""
    split, merges, made = [list(word) for word in words], [], set()
    for _ in range(count):
        pairs = Counter(pair for pieces in split for pair in pairwise(pieces))
        new = [pair for pair in pairs if pair[0] + pair[1] not in made]
        if not new:
            break
        best = min(new, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        made.add(best[0] + best[1])
        split = [merged(pieces, best) for pieces in split]
    return merges


def merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    out: list[str] = []
    for piece in pieces:
        if out and (out[-1], piece) == pair:
            out[-1] += piece
        else:
            out.append(piece)
    return out


def q7(random: Random):
    yield case("cooks", [("o", "k"), ("o", "ok"), ("c", "ook")], about="one merge upon the other")
    yield case("abc", [("b", "c"), ("a", "b")], about="two pairs share a letter")
    yield case("abc", [("a", "b"), ("b", "c"), ("a", "bc")], about="a long piece that is not reached")
    yield case("abcd", [("a", "b"), ("c", "d"), ("b", "cd")], about="a late merge that is not reached")
    yield case("ababcabab", [("a", "b"), ("ab", "ab")], about="a pair that occurs often")
    yield case("aaaaa", [("a", "a")], about="five in a row")
    yield case("x", [("a", "b")], about="one letter")
    for letters in ("ab", "abc", "abcd"):
        words = ["".join(random.choices(letters, k=random.randint(3, 6))) for _ in range(8)]
        yield case("".join(random.choices(letters, k=random.randint(6, 10))), learnt(words, 6))


def q8(random: Random):
    yield case("playing", ["p", "play", "##ing", "##i", "ing", "##n", "##g", "##l"], about="two pieces")
    yield case("tea", ["t", "te", "tea", "##a", "##ea"], about="a whole word of the vocabulary")
    yield case("teas", ["t", "tea", "##e", "##a", "s"], about="an end that nothing continues")
    yield case("teazing", ["tea", "##ing", "##i"], about="a letter in the middle that nothing fits")
    yield case("unable", ["un", "una", "##able", "##b", "##l"], about="the longest beginning leads nowhere")
    yield case("ingots", ["in", "ing", "##ots", "##gots", "##ing"], about="a beginning that is an ending elsewhere")
    yield case("ooo", ["o", "##o", "##oo"], about="three in a row")
    for length in (5, 7, 9):
        tails = {"".join(random.choices("ab", k=random.randint(1, 3))) for _ in range(4)}
        heads = {"".join(random.choices("ab", k=random.randint(1, 3))) for _ in range(3)}
        vocabulary = sorted({"a", "b", "##a", "##b"} | heads | {f"##{tail}" for tail in tails})
        yield case("".join(random.choices("ab", k=length)), vocabulary)


WORDS = ["tea", "is", "hot", "ice", "cold", "so", "good"]


def q10(random: Random):
    yield case([["he", "drinks", "tea"]], 1, about="one word to each side")
    yield case([["tea", "is", "hot"], ["ice", "is", "cold"]], 2, about="two sentences")
    yield case([["so", "so", "good", "so"]], 2, about="a word that comes again")
    yield case([["tea"], []], 3, about="sentences without a pair")
    yield case([random.choices(WORDS, k=random.randint(4, 5))], 2)
    yield case([random.choices(WORDS, k=3), random.choices(WORDS, k=2)], 4, about="a window wider than the sentence")


def vector(random: Random, width: int, size: float = 1) -> list[float]:
    return [round(random.uniform(-size, size), 3) for _ in range(width)]


def q11(random: Random):
    yield case([1.0, 0.0], [0.0, 1.0], [[0.0, -1.0]], about="all products are 0")
    yield case([2.0], [1.5], [[0.5], [-1.0]], about="a width of 1, two noise words")
    for width, count in ((2, 1), (3, 4), (5, 2)):
        noise = [vector(random, width) for _ in range(count)]
        yield case(vector(random, width), vector(random, width), noise)
    yield case([100.0, 0.0], [-10.0, 1.0], [[10.0, 2.0], [0.01, 0.0]], about="large products, the wrong way")
    yield case([100.0, 0.0], [10.0, 1.0], [[-10.0, 2.0]], about="large products, the right way")


def q12(random: Random):
    capitals = {
        "paris": [3.0, 1.0, 0.2], "france": [3.0, -1.0, 0.3], "rome": [0.3, 1.2, 3.0], "italy": [0.2, -0.9, 2.8],
        "tea": [0.1, 4.0, 0.3],
    }  # fmt: skip
    yield case(capitals, "france", "paris", "italy", about="a small map")
    yield case(capitals, "paris", "france", "rome", about="the way back")
    while True:
        cases = [analogy_case(random, width) for width in (2, 2, 3, 3, 4, 4)]
        ways = list(zip(*(answers(*args) for args in cases), strict=True))
        if len(set(ways)) == len(ways):
            break
    for args in cases:
        yield case(*args)


def analogy_case(random: Random, width: int):
    words = random.sample(["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen"], 8)
    return {word: vector(random, width, random.choice([0.5, 1, 3])) for word in words}, *words[:3]


def answers(vectors, a, b, c) -> list[str]:
    """What the natural mistakes answer, and the right way: each must be another answer in some case."""
    words = list(vectors)
    raw = np.array(list(vectors.values()))
    size = np.linalg.norm(raw, axis=1)
    unit = raw / size[:, None]
    (i, j, k), others = (words.index(w) for w in (a, b, c)), [w not in (a, b, c) for w in words]
    right, rough = unit[j] - unit[i] + unit[k], raw[j] - raw[i] + raw[k]
    scores = [unit @ right, unit @ rough, raw @ right, raw @ rough, -np.linalg.norm(raw - rough, axis=1), -unit @ right,
              unit @ (unit[i] - unit[j] + unit[k]), unit @ (unit[j] + unit[k]), unit @ unit[k]]  # fmt: skip
    found = [words[np.where(others, score, -np.inf).argmax()] for score in scores]
    not_c = [w != c for w in words]
    return [*found, words[(unit @ right).argmax()], words[np.where(not_c, unit @ right, -np.inf).argmax()]]
