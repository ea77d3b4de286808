"""Cases of chapter 00's exercises: one generator a question, and what else the checker must know."""

import math
from random import Random

from coursekit.check.master import case, script

SETTINGS = {
    # wide enough for float32, whose numbers near 1000 are 6e-5 apart
    "q2": {"properties": ["at most 0"], "rtol": 1e-5, "atol": 2e-4, "keep_input": True},
    "q3": {"grid": 0.001},
    "q5": {"rtol": 1e-4, "atol": 1e-6, "keep_input": True},
    "q6": {"seconds": 2.0},
    "q7": {"rtol": 1e-5, "atol": 1e-6},
    "q8": {"rtol": 1e-5, "atol": 1e-8},
    "q9": {"properties": ["at least 0"], "rtol": 1e-5, "atol": 1e-8},
    "q10": {"keep_input": True},
}


def numbers(random: Random, count: int, low: float = -2, high: float = 2) -> list[float]:
    return [round(random.uniform(low, high), 3) for _ in range(count)]


def q2(random: Random):
    yield case([0.0, math.log(3)], about="probabilities 1/4 and 3/4")
    yield case([3.5], about="one score")
    yield case(numbers(random, random.randint(3, 6)))
    yield case([1000.0, 999.0, 1000.5], about="large scores")
    yield case([-1000.0, -1001.0], about="scores far below 0")
    yield case([0.0, -2000.0], about="a score far below the other")
    yield case([-math.inf, *numbers(random, 3)], about="a masked score")


def matrix(random: Random, rows: int, columns: int):
    import torch

    return torch.tensor([numbers(random, columns) for _ in range(rows)], dtype=torch.float64)


def q5(random: Random):
    for rows, columns in ((2, 2), (3, 3), (3, 2), (2, 4)):
        yield case(matrix(random, rows, columns), matrix(random, 1, columns)[0], matrix(random, 1, rows)[0])


def q6(random: Random):
    yield case([2.0, 3.0], [("mul", 0, 1), ("add", 2, 0)], about="x0 * x1 + x0")
    yield case([3.0], [("mul", 0, 0)], about="x0 * x0")
    yield case([2.0, 5.0, -1.5], [("mul", 0, 1), ("mul", 3, 2), ("add", 4, 3)], about="a node that is used twice")
    yield case([4.0, 7.0], [("add", 0, 0)], about="an input that is not used")
    for count in (3, 4):
        inputs = [random.randint(2, 9) / 2 for _ in range(2)]
        steps = [(random.choice(["add", "mul"]), random.randrange(2 + n), 1 + n) for n in range(count)]
        yield case(inputs, steps)


def q7(random: Random):
    for size, beta in ((1, 0.5), (2, 0.9), (3, random.choice([0.6, 0.7, 0.8]))):
        steps = [("step", numbers(random, size), numbers(random, size, 0.1, 1)) for _ in range(4)]
        yield script(random.choice([0.1, 0.2, 0.3]), beta, calls=steps)


def q8(random: Random):
    usual = (0.9, 0.999, 1e-8)
    yield case(1.0, 0.5, 0.0, 0.0, 1, 0.1, *usual, 0.0, about="the first step, no decay")
    yield case(1.5, -0.5, 0.2, 0.4, 3, 0.1, 0.9, 0.99, 0.25, 0.1, about="a large eps")
    yield case(2.0, 0.0, 0.0, 0.0, 1, 0.1, *usual, 0.5, about="nothing but decay")
    for step in (1, 2, 7, 40):
        weight, gradient, mean = numbers(random, 3, 0.2, 2)
        decay, eps = random.choice([0.01, 0.1, 0.2]), random.choice([1e-8, 0.1, 0.3])
        before = (0.0, 0.0) if step == 1 else (mean, round(mean**2 + random.uniform(0.2, 1), 3))
        yield case(weight, -gradient, *before, step, 0.2, 0.8, 0.95, eps, decay)


def q9(random: Random):
    yield case(0, 10, 4, 1.0, about="the very first step")
    yield case(4, 10, 4, 1.0, about="the first step after the warm-up")
    yield case(0, 6, 0, 0.5, about="no warm-up")
    yield case(7, 10, 4, 1.0, about="half way down")
    yield case(10, 10, 4, 1.0, about="the end")
    yield case(13, 10, 4, 1.0, about="after the end")
    for _ in range(4):
        warmup = random.randint(2, 9)
        steps = warmup + random.randint(4, 40)
        yield case(random.randint(1, warmup - 1), steps, warmup, round(random.uniform(0.1, 2), 2))
        yield case(random.randint(warmup + 1, steps - 1), steps, warmup, round(random.uniform(0.1, 2), 2))


def losses(random: Random, count: int, base: int) -> list[float]:
    """Losses that fall and rise again; the last digit is that of `base`, so that no two lists share a number."""
    best = random.randrange(count)
    jitter = random.sample(range(19), count)  # in hundredths, less than a step of 0.2: no two in a list are equal
    return [round(1 + 0.2 * abs(epoch - best) + jitter[epoch] / 100 + base / 1000, 3) for epoch in range(count)]


def q10(random: Random):
    overfit = {"train": [1.9, 1.2, 0.6, 0.3], "valid": [1.8, 1.31, 1.5, 1.95], "test": [1.85, 1.42, 1.4, 2.0]}
    other = {"train": [2.0, 1.1, 0.9], "valid": [1.92, 1.7, 1.33], "test": [1.91, 1.6, 1.25]}
    yield case([overfit], about="one run that overfits")
    yield case([other, overfit], about="two runs")
    more = {"train": [1.4, 0.5, 0.1], "valid": [1.7, 1.62, 2.1], "test": [1.72, 1.66, 2.2]}
    yield case([overfit, more], about="two runs that overfit")
    yield case([{"train": [1.0], "valid": [2.5], "test": [2.2]}], about="one run of one epoch")
    for count in (2, 3, 4):
        runs = []
        for place in range(count):
            epochs = random.randint(3, 5)
            train = [round(2 - 0.3 * e - 0.01 * random.randint(0, 20) - place / 1000, 3) for e in range(epochs)]
            valid, test = (losses(random, epochs, 2 * place + last) for last in (0, 1))
            runs.append({"train": train, "valid": valid, "test": test})
        yield case(runs)
