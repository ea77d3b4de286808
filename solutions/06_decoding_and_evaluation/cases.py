"""Cases of chapter 06's exercises: one generator a question, and what else the checker must know."""

from itertools import combinations, pairwise
from random import Random

from coursekit.check.master import case

WORDS = ["tea", "is", "hot", "we", "drink", "ice", "cold", "now"]

SETTINGS = {
    "q1": {"seconds": 2.0},
    "q3": {"properties": ["probability"]},
    "q4": {"properties": ["probability", "sums to 1"]},
    "q5": {"keep_input": True, "properties": ["probability", "sums to 1"]},
    "q7": {"properties": ["probability"]},
    "q8": {"properties": ["probability"]},
    "q9": {"properties": ["probability"]},
    "q10": {"keep_input": True},
    "q11": {"keep_input": True, "properties": ["probability"]},
    "q12": {"keep_input": True},
}


def shares(random: Random, count: int) -> list[float]:
    """Different hundredths that sum to 1."""
    while True:
        cuts = sorted(random.sample(range(1, 100), count - 1))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        if len(set(parts)) == count:
            return [part / 100 for part in parts]


def row(random: Random, words: list[str], **fixed: float) -> dict[str, float]:
    return dict(zip(random.sample(words, len(words)), shares(random, len(words)), strict=True))


def model(random: Random, words: list[str]) -> dict[str, dict[str, float]]:
    """A row for <bos> and for each word; <eos> may come after words only."""
    table = {word: row(random, [*words, "<eos>"]) for word in words}
    return {"<bos>": row(random, words), **table}


SHORT = {
    "<bos>": {"ice": 0.1, "tea": 0.6, "we": 0.3},
    "tea": {"ice": 0.2, "we": 0.5, "tea": 0.1, "<eos>": 0.2},
    "we": {"<eos>": 0.7, "tea": 0.05, "we": 0.25},
    "ice": {"we": 0.4, "<eos>": 0.6},
}


def q1(random: Random):
    yield case(SHORT, 5, about="it ends by itself")
    yield case(SHORT, 1, about="one word at most")
    for limit in (3, 4, 5):
        yield case(model(random, random.sample(WORDS, 4)), limit)


def logits(random: Random, count: int) -> list[float]:
    return [z / 10 for z in random.sample(range(-30, 30), count)]


def q4(random: Random):
    yield case(logits(random, 3), 1.0, about="T = 1 changes nothing")
    yield case([1.0, 3.0, 2.0], 0.0, about="T = 0")
    yield case(logits(random, 3), 2.0, about="warm")
    yield case(logits(random, 4), 0.5, about="cool")
    yield case([-2.0, -1.0, -0.5, -3.0], 0.0, about="T = 0, and each logit is negative")


def clear(probabilities: list[float], k: int, p: float) -> bool:
    """No set of the most probable words has p to within rounding, before or after top-k."""
    ordered = sorted(probabilities, reverse=True)
    sums = [sum(ordered[:i]) for i in range(len(ordered) + 1)]
    return all(abs(s - p) > 1e-3 and abs(s / sums[min(k, len(ordered))] - p) > 1e-3 for s in sums)


def q5(random: Random):
    yield case([0.125, 0.625, 0.25], 5, 1.0, about="both filters let everything through")
    yield case([0.1, 0.6, 0.3], 2, 0.99, about="top-k alone")
    yield case([0.1, 0.55, 0.05, 0.3], 4, 0.7, about="the nucleus alone")
    yield case([0.2, 0.5, 0.3], 3, 0.1, about="a nucleus of one word")
    yield case([0.15, 0.25, 0.2, 0.4], 2, 0.6, about="top-k leaves less than p")
    for count in (4, 5, 6):
        while True:
            given = shares(random, count), random.randint(2, count - 1), random.choice([0.35, 0.55, 0.75])
            if clear(*given):
                break
        yield case(*given)


def q7(random: Random):
    yield case(["I", "I", "am", "I"], [["I", "am", "so", "hungry"]], 1, about="one reference")
    yield case(["so", "am", "I"], [["I", "am"], ["so", "so", "I"]], 1, about="two references")
    yield case(["the", "the", "the"], [["the", "end"], ["on", "the", "sea", "the"]], 1, about="not all together")
    yield case(["I", "am"], [["I", "am", "here"]], 3, about="too short for a trigram")
    yield case(["a", "b", "a", "b", "a"], [["b", "a", "c"], ["a", "b", "c", "a", "b"]], 2, about="bigrams")
    for n in (1, 2, 2):
        words = random.sample(WORDS, 3)
        yield case(random.choices(words, k=6), [random.choices(words, k=random.randint(4, 6)) for _ in range(2)], n)


def q8(random: Random):
    yield case("hot tea", ["hot tea"], about="the same")
    yield case("The Tea!", ["tea"], about="case, an article, punctuation")
    yield case("a theatre", ["theatre", "the atrium"], about="articles inside words stay")
    yield case("bean", ["be", "pea"], about="another word")
    yield case("ten cups", ["three pots", "ten small cups", "nine jugs"], about="the second reference is best")
    yield case("cups of tea", ["ten cups of tea today"], about="part of the reference")
    yield case("ten ten ten cups", ["ten cups"], about="a word three times")
    yield case("U.S. tea", ["us tea"], about="punctuation is deleted, not replaced")
    yield case("tea hot", ["hot tea"], about="the same words in another order")
    for size in (2, 3, 4):
        references = [" ".join(random.sample(WORDS, random.randint(2, 5))) for _ in range(2)]
        yield case("The " + ", ".join(random.sample(WORDS, size)), references)


def q9(random: Random):
    yield case([4], [[6]], about="too short")
    yield case([6], [[4]], about="long enough")
    yield case([5], [[6, 4]], about="two equally close ones")
    yield case([5], [[4, 6]], about="the same two")
    yield case([6], [[7, 3, 12]], about="three references")
    yield case([9, 2], [[6], [7]], about="one is too long, one too short")
    for count in (2, 3, 4):
        references = [random.sample(range(6, 13), 3) for _ in range(count)]
        yield case([random.randint(4, 8) for _ in range(count)], references)


def q10(random: Random):
    yield case([[0.9, 0.5], [0.4, 0.2]], about="two candidates")
    yield case([[0.1, 0.5, 0.6], [0.9, 0.8, 0.05], [0.45, 0.4, 0.3]], about="one best friend is not enough")
    for size in (3, 4, 5):
        numbers = iter(random.sample(range(1, 100), size * size))
        yield case([[next(numbers) / 100 for _ in range(size)] for _ in range(size)])


def q11(random: Random):
    yield case(["hot", "tea"], ["cold", "ice"], about="nothing in common")
    yield case(["now", "we", "drink", "tea"], ["we", "drink", "tea", "now"], about="the first word comes last")
    yield case(["we", "now", "drink", "cold", "tea"], ["we", "drink", "tea"], about="gaps")
    yield case(["tea", "tea", "tea"], ["hot", "tea"], about="a word three times")
    yield case(["hot", "tea"], ["tea", "tea", "ice"], about="a word twice in the reference")
    for size in (4, 5, 6):
        words = random.sample(WORDS, 4)
        yield case(random.choices(words, k=size), random.choices(words, k=5))


SAID = [(["<bos>", "tea"], 0.5), (["<bos>", "we"], 0.4)]
SAYS = {
    "tea": {"is": 0.5, "was": 0.3, "<eos>": 0.2},
    "we": {"drink": 0.4, "like": 0.15, "<eos>": 0.45},
}


def distinct(live: list, table: dict, width: int) -> bool:
    """No two extensions are equally probable, by product, by sum or by their last word alone; <eos> is in and out."""
    for join in (lambda p, q: p * q, lambda p, q: p + q, lambda p, q: q):
        found = sorted(join(p, q) for words, p in live for q in table[words[-1]].values())
        if any(b - a < 1e-6 for a, b in pairwise(found)):
            return False
    return True


def q12(random: Random):
    yield case([(["<bos>"], 1.0)], {"<bos>": {"no": 0.1, "tea": 0.53, "we": 0.37}}, 2, about="the first step")
    yield case(SAID, SAYS, 2, about="one end is among the best two")
    yield case(SAID[:1], SAYS, 4, about="fewer extensions than the width")
    yield case(SAID, {**SAYS, "tea": {"is": 0.35, "was": 0.33, "has": 0.32}}, 1, about="greedy")
    for count in (2, 3, 3):
        words = random.sample(WORDS, 4)
        while True:
            table = model(random, words)
            parts = [round(random.uniform(0.05, 0.5), 3) for _ in range(count)]
            live = [(["<bos>", *random.sample(words, 2)], p) for p in sorted(parts, reverse=True)]
            if distinct(live, table, count) and all(a[0] != b[0] for a, b in combinations(live, 2)):
                break
        yield case(live, table, count)
