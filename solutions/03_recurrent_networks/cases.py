"""Cases of chapter 03's exercises: one generator a question, and what else the checker must know."""

from random import Random

import numpy as np
import torch

from coursekit.check.master import case

SETTINGS = {
    "q1": {"seconds": 2.0},
    "q3": {"keep_input": True},
    "q4": {"keep_input": True},
    "q5": {"keep_input": True},
    "q7": {"keep_input": True},
    "q8": {"rtol": 1e-5, "atol": 1e-7},
}


def number(random: Random, size: float = 1) -> float:
    return round(random.uniform(-size, size), 2)


def numbers(random: Random, count: int, size: float = 1) -> list[float]:
    return [number(random, size) for _ in range(count)]


def array(random: Random, *shape: int, size: float = 1) -> np.ndarray:
    return np.array(numbers(random, int(np.prod(shape)), size)).reshape(shape)


def tensor(random: Random, *shape: int) -> torch.Tensor:
    return torch.tensor(array(random, *shape))


def q1(random: Random):
    yield case([1.0, 0.0, 0.0], 0.5, 1.5, 0.0, about="one input, and then nothing")
    yield case([0.3], 1.0, -1.0, 0.5, about="one step")
    for length in (3, 4, 6):
        yield case(numbers(random, length), number(random), 1 + abs(number(random)), number(random))


def weights(random: Random, width: int, hidden: int) -> tuple[torch.Tensor, ...]:
    return tensor(random, hidden, width), tensor(random, hidden, hidden), tensor(random, hidden)


def q3(random: Random):
    yield case(tensor(random, 1, 2), torch.zeros(1, 3).double(), *weights(random, 2, 3), about="a text's first step")
    for rows, width, hidden in ((2, 1, 2), (2, 3, 2), (3, 2, 4)):
        yield case(tensor(random, rows, width), tensor(random, rows, hidden), *weights(random, width, hidden))


def q4(random: Random):
    yield case(tensor(random, 1, 2, 1), [2], *weights(random, 1, 2), about="one text, and no padding")
    yield case(tensor(random, 2, 3, 2), [1, 3], *weights(random, 2, 2), about="a text of one word")
    for lengths in ([4, 2, 3], [1, 2, 4]):
        random.shuffle(lengths)
        yield case(tensor(random, 3, 4, 2), lengths, *weights(random, 2, 3))


def q5(random: Random):
    yield case([0.5], [1.0, 0.5, 0.1], [-1.0, 0.5, 0.2], about="one step")
    yield case([1.0, 0.0, 0.0], [1.0, 0.9, 0.0], [0.5, 0.7, 0.0], about="only the first input is not 0")
    for length in (2, 3, 5):
        ahead, back = ([number(random), 0.5 + abs(number(random)), number(random)] for _ in range(2))
        yield case(numbers(random, length), ahead, back)


def q6(random: Random):
    yield case(6, 3, about="two full windows")
    yield case(7, 3, about="a shorter window at the end")
    yield case(5, 1, about="windows of one step")
    yield case(4, 9, about="a window wider than the text")
    yield case(9, 4, about="a last window of one step")
    for _ in range(3):
        yield case(random.randint(10, 40), random.randint(2, 9))


def q7(random: Random):
    for steps, hidden in ((1, 2), (2, 2), (3, 2), (4, 3)):
        h0, h = array(random, hidden, size=0.9), array(random, steps, hidden, size=0.9)
        yield case(array(random, steps, hidden), h0, h, array(random, hidden, hidden), about="one step" * (steps == 1))


def q8(random: Random):
    yield case(0.8, [0.5, -1.0, 0.3, 0.6], [1.0, 0.0, 0.5, -0.5], 2, about="two windows of two steps")
    yield case(0.8, [0.5, -1.0, 0.3], [1.0, 0.0, 0.5], 5, about="a window wider than the text")
    yield case(1.2, [0.5, -1.0, 0.3], [1.0, 0.0, 0.5], 1, about="windows of one step")
    for length, window in ((5, 2), (7, 3), (8, 4)):
        v = 0.5 + abs(number(random))
        yield case(v, numbers(random, length), numbers(random, length), window)
