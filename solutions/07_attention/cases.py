"""Cases of chapter 07's exercises: one generator a question, and what else the checker must know."""

from random import Random

import numpy as np
import torch

from coursekit.check.master import case

SETTINGS = {
    "q2": {"seconds": 2.0},
    "q3": {"keep_input": True},
    "q4": {"keep_input": True},
    "q5": {"keep_input": True, "properties": ["finite", "probability"]},
    "q6": {"keep_input": True},
    "q7": {"keep_input": True, "properties": ["probability"]},
    "q8": {"keep_input": True, "properties": ["finite"]},
    "q10": {"keep_input": True, "properties": ["probability"]},
    "q11": {"keep_input": True},
}


def number(random: Random, size: float = 1) -> float:
    return round(random.uniform(-size, size), 2)


def array(random: Random, *shape: int, size: float = 1) -> np.ndarray:
    return np.array([number(random, size) for _ in range(int(np.prod(shape)))]).reshape(shape)


def tensor(random: Random, *shape: int, size: float = 1) -> torch.Tensor:
    return torch.from_numpy(array(random, *shape, size=size))


def q2(random: Random):
    yield case(0.5, -0.3, [0.8], 0.7, about="one word in the source")
    yield case(0.2, 0.6, [1.0, -1.0], 0.5, about="two words")
    for length in (3, 4, 5):
        hs = [n / 100 for n in random.sample(range(-95, 95), length)]
        yield case(number(random), 0.2 + abs(number(random)), hs, 0.3 + abs(number(random)))


def q3(random: Random):
    yield case(tensor(random, 1, 2), tensor(random, 1, 3, 2), tensor(random, 2, 2), about="one sentence")
    for rows, words, size in ((2, 3, 2), (3, 2, 3), (2, 4, 3)):
        yield case(tensor(random, rows, size), tensor(random, rows, words, size), tensor(random, size, size))
    yield case(tensor(random, 2, 3), tensor(random, 2, 3, 2), tensor(random, 3, 2), about="sizes that differ")


def q4(random: Random):
    for rows, words, size, units in ((1, 2, 2, 2), (2, 3, 2, 3), (3, 2, 3, 2)):
        W_q, W_h = tensor(random, units, size, size=2), tensor(random, units, size, size=2)
        yield case(tensor(random, rows, size), tensor(random, rows, words, size), W_q, W_h, tensor(random, units))


def mask(rows: list[str]) -> torch.Tensor:
    return torch.tensor([[c == "x" for c in row] for row in rows])


def q5(random: Random):
    yield case(tensor(random, 1, 3, size=2), mask(["xxx"]), about="no padding")
    yield case(tensor(random, 2, 3, size=2), mask(["xx.", "x.."]), about="padding")
    yield case(tensor(random, 3, 3, size=2), mask(["x.x", "...", ".xx"]), about="a row of padding alone")
    large = torch.tensor([[1000.0, 999.0, 998.5], [-800.0, 1.0, 0.5]], dtype=torch.float64)
    yield case(large, mask(["xx.", ".xx"]), about="large scores")
    rows = ["".join(random.choice("xx.") for _ in range(4)) for _ in range(3)]
    yield case(tensor(random, 3, 4, size=2), mask(rows))


def q6(random: Random):
    for B, S, T, H in ((1, 1, 2, 2), (2, 3, 2, 2), (2, 2, 4, 3)):
        states, values = tensor(random, B, S, H), tensor(random, B, T, H)
        weights = tensor(random, B, S, T, size=2).softmax(-1).round(decimals=4)
        yield case(states, values, weights, tensor(random, 2, 2 * H))


def q7(random: Random):
    yield case([(0, 0), (1, 1)], [(0, 0), (1, 1)], [], about="all of it right")
    yield case([(0, 1), (1, 0)], [(0, 1)], [(1, 0)], about="a sure and a possible one")
    yield case([(1, 0), (2, 2)], [(0, 1), (2, 2)], [(2, 1)], about="the other direction is another link")
    yield case([(0, 0), (0, 0), (1, 2)], [(0, 0), (1, 1)], [(1, 2), (2, 2), (3, 3)], about="a link twice")
    links = [(i, j) for i in range(4) for j in range(4)]
    for _ in range(3):
        sure = random.sample(links, 4)
        possible = random.sample([link for link in links if link not in sure], 4)
        found = random.sample(sure, 2) + random.sample(possible, 2) + random.sample(links, 2)
        yield case(random.sample(found, len(found)), sure, possible)


def q8(random: Random):
    yield case(np.array([[0.5, -1.0]]), about="one word")
    yield case(np.array([[40.0, 0.0], [39.99, 1.0], [0.0, 1.0]]), about="large numbers")
    for words, size in ((2, 3), (3, 2), (4, 3)):
        yield case(array(random, words, size))


def q10(random: Random):
    yield case(array(random, 5, size=2), 2.0, 1, about="a whole centre")
    yield case(array(random, 6, size=2), 2.6, 1, about="a centre between two positions")
    yield case(array(random, 5, size=2), 0.3, 2, about="at the beginning")
    yield case(array(random, 7, size=2), 6.0, 2, about="at the end")
    for words, D in ((6, 1), (8, 2)):
        yield case(array(random, words, size=2), round(random.uniform(0, words - 1), 2), D)


def q11(random: Random):
    yield case(tensor(random, 1, 4, 1), [4], about="an even number of steps")
    yield case(tensor(random, 1, 3, 2), [3], about="an odd number of steps")
    for lengths, steps in (([1, 4, 3], 4), ([5, 2, 3], 5), ([2, 3], 6)):
        random.shuffle(lengths)
        yield case(tensor(random, len(lengths), steps, 2), lengths)


def q12(random: Random):
    yield case([0.5, 0.3, 0.2], [1], [2.0], 0.0, about="one draw, and no baseline")
    yield case([0.25, 0.75], [0, 1, 1], [1.0, 0.0, 0.5], 0.4, about="two positions")
    for size, draws in ((3, 4), (4, 3), (3, 6)):
        parts = [random.randint(1, 9) for _ in range(size)]
        p = [round(part / sum(parts), 4) for part in parts]
        p[-1] = round(1 - sum(p[:-1]), 4)
        rewards = [number(random, 2) for _ in range(draws)]
        yield case(p, random.choices(range(size), k=draws), rewards, 0.2 + abs(number(random)))
