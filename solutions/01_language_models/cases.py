"""Cases of chapter 01's exercises: one generator a question, and what else the checker must know."""

import math
from itertools import pairwise
from random import Random

from coursekit.check.master import case, script

SETTINGS = {
    "q3": {"grid": 0.001, "properties": ["probability"]},
    "q4": {"properties": ["probability"], "keep_input": True},
    "q5": {"properties": ["at least 1"], "keep_input": True},
    "q8": {"properties": ["at least 0"]},
    "q9": {"keep_input": True},
}

WORDS = ["tea", "is", "hot", "ice", "cold", "good", "not"]


def sentences(random: Random, count: int) -> list[list[str]]:
    return [random.choices(WORDS, k=random.randint(1, 5)) for _ in range(count)]


def q1(random: Random):
    yield case([["tea", "is", "hot"], ["tea", "is", "hot"]], about="a pair that comes twice")
    yield case([], about="no sentence")
    for count in (1, 3, 6):
        yield case(sentences(random, count))


def counts_of(texts: list[list[str]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for text in texts:
        path = ["<bos>", *text, "<eos>"]
        for first, second in pairwise(path):
            row = counts.setdefault(first, {})
            row[second] = row.get(second, 0) + 1
    return counts


def q4(random: Random):
    vocabulary = [*WORDS, "<eos>"]
    counts = counts_of([["tea", "is", "hot"], ["tea", "is", "good"], *sentences(random, 2)])
    yield case(counts, "tea", "is", vocabulary, 0.5)
    yield case(counts, "hot", "hot", vocabulary, 1, about="a word that may not have followed")
    yield case(counts, "water", "tea", vocabulary, 0.25, about="after a word that was never seen")
    for _ in range(4):
        yield case(counts, random.choice(WORDS), random.choice(vocabulary), vocabulary, random.choice([0.01, 0.1, 2]))


def logs(random: Random, count: int) -> list[float]:
    return [round(math.log(random.uniform(0.02, 0.9)), 4) for _ in range(count)]


def q5(random: Random):
    yield case([[math.log(0.5), math.log(0.125)]], about="one sentence with probabilities 1/2 and 1/8")
    yield case([logs(random, 2), logs(random, 7)], about="sentences of different length")
    yield case([logs(random, 1), logs(random, 4), logs(random, 6)])
    yield case([[-2.5] * 300, [-2.25] * 200], about="a long text")
    yield case([logs(random, 2), [-math.inf, -0.5]], about="an impossible word")


def q7(random: Random):
    vocabulary = [*WORDS, "<eos>"]
    texts = [["tea", "is", "hot"], ["tea", "is", "good"], ["ice", "is", "cold"]]
    yield script(vocabulary, 1, calls=[("fit", texts), ("prob", "hot", "is"), ("prob", "<eos>", "hot"),
                                       ("prob", "tea", "<bos>"), ("log_prob", ["tea", "is", "hot"])])  # fmt: skip
    for _ in range(3):
        calls = [("fit", sentences(random, 4))]
        calls += [("prob", random.choice(vocabulary), random.choice(["<bos>", *WORDS])) for _ in range(3)]
        calls += [("log_prob", sentence) for sentence in [*sentences(random, 2), []]]
        yield script(vocabulary, random.choice([0.1, 0.5, 2]), calls=calls)


def q8(random: Random):
    yield case([math.log(0.5), math.log(0.25)], "tea!", about="3 bits over 4 characters")
    for text in ("tea is hot", "Thé glacé à Orléans", "a\nb"):
        yield case(logs(random, random.randint(1, 6)), text)
    yield case(logs(random, 12), "ünïcödé" * random.randint(1, 3), about="more tokens than words")


def q9(random: Random):
    yield case([3, 1, 2], 1, about="dates out of order")
    yield case([5, 7, 7, 6], 1, about="two stories of the last day")
    yield case([5, 7, 7, 6], 2, about="the last day has as many stories as test needs")
    yield case([2, 9, 4], 3, about="everything is test")
    for length in (6, 9, 12):
        dates = [random.randint(1, length // 2) for _ in range(length)]
        yield case(dates, random.randint(1, length // 2))
