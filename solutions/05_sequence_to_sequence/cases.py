"""Cases of chapter 05's exercises: one generator a question, and what else the checker must know."""

from random import Random

import torch

from coursekit.check.master import case

SETTINGS = {
    "q1": {"seconds": 2.0},
    "q4": {"keep_input": True},
    "q5": {"keep_input": True},
    "q6": {"rtol": 1e-5, "properties": ["at least 0"]},
    "q7": {"keep_input": True},
    "q8": {"keep_input": True},
    "q10": {"keep_input": True},
}


def number(random: Random, size: float = 1) -> float:
    return round(random.uniform(-size, size), 2)


def numbers(random: Random, count: int, size: float = 1) -> list[float]:
    return [number(random, size) for _ in range(count)]


def tensor(random: Random, *shape: int, size: float = 1) -> torch.Tensor:
    count = torch.Size(shape).numel()
    return torch.tensor(numbers(random, count, size), dtype=torch.float64).reshape(shape)


def q1(random: Random):
    yield case([0.5, -1.0], [0.3], 0.5, 0.8, about="a target of one word")
    yield case([0.7], [0.4, -0.5], -0.5, 0.6, about="a source of one word")
    for length in (2, 3, 4):
        xs, ys = numbers(random, length), numbers(random, random.randint(2, 4))
        yield case([*xs, 0.3 + abs(number(random))], ys, number(random), 0.5 + abs(number(random)))


def sentence(random: Random, length: int, least: int = 3) -> list[int]:
    return [random.randint(least, 30) for _ in range(length)]


def q4(random: Random):
    yield case([[5, 7, 9]], 1, 2, 0, about="one sentence, and no padding")
    yield case([[], [4, 6]], 1, 2, 0, about="an empty sentence")
    for lengths in ([3, 1, 2], [2, 5], [1, 4, 4]):
        random.shuffle(lengths)
        yield case([sentence(random, n) for n in lengths], *random.sample(range(3), 3))


def padded(random: Random, lengths: list[int], pad: int, most: int = 30) -> torch.Tensor:
    """Different words in a row, so that their order can be seen."""
    words = [i for i in range(most) if i != pad]
    rows = [random.sample(words, n) + [pad] * (max(lengths) - n) for n in lengths]
    return torch.tensor(rows)


def q5(random: Random):
    yield case(padded(random, [3], 0), [3], about="one row, and no padding")
    yield case(padded(random, [1, 4], 0), [1, 4], about="a row of one word")
    for lengths in ([5, 2, 3], [2, 4, 6]):
        random.shuffle(lengths)
        yield case(padded(random, lengths, 0), lengths)


def q6(random: Random):
    yield case(tensor(random, 1, 2, 3, size=2), torch.tensor([[2, 1]]), 0, about="one row, and no padding")
    for lengths, pad in (([1, 3], 0), ([4, 2, 1], 4), ([2, 5, 3], 0)):
        random.shuffle(lengths)
        targets = padded(random, lengths, pad, 6)
        yield case(tensor(random, *targets.shape, 6, size=2), targets, pad, about=f"padding is {pad}")


def q7(random: Random):
    for rows, width, hidden, words in ((1, 2, 2, 3), (2, 3, 2, 4), (3, 2, 3, 2)):
        y, s, c = (tensor(random, rows, n) for n in (width, hidden, hidden))
        weights = [tensor(random, hidden, n) for n in (hidden + width, hidden)]
        yield case(y, s, c, *weights, tensor(random, hidden), tensor(random, words, 2 * hidden))


def q8(random: Random):
    best = {0: 4, 1: 5, 2: 1, 3: 2, 4: 3, 5: 0}
    yield case([3], best, 1.0, [0.2], 0, about="one word")
    yield case([3, 5, 1], best, 0.0, [0.0, 0.0, 0.7], 0, about="always the teacher")
    yield case([3, 5, 1, 2], best, 1.0, [0.9, 0.4, 0.99, 0.6], 0, about="never the teacher")
    yield case([1, 2, 5, 3, 1], best, 0.5, [0.1, 0.3, 0.8, 0.2, 0.4], 0, about="the coin falls both ways")
    for length in (5, 7, 9):
        words = random.sample(range(1, 12), length)
        following = dict(zip(range(12), random.sample(range(12), 12), strict=True))
        own = random.choice([0.4, 0.5, 0.6])
        yield case(words, following, own, [round(random.random(), 2) for _ in words], 0)


def q10(random: Random):
    yield case(tensor(random, 1, 2, 1), tensor(random, 1, 2, 1), [2], tensor(random, 1, 2), about="no padding")
    yield case(tensor(random, 1, 1, 2), tensor(random, 1, 1, 2), [1], tensor(random, 2, 4), about="one word")
    for lengths in ([1, 3], [4, 2, 3]):
        random.shuffle(lengths)
        shape = (len(lengths), max(lengths), 2)
        yield case(tensor(random, *shape), tensor(random, *shape), lengths, tensor(random, 2, 4))
