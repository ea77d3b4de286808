"""Cases of chapter 08's exercises: one generator a question, and what else the checker must know."""

from random import Random

import torch

from coursekit.check.master import case, script

SETTINGS = {
    "q2": {"keep_input": True},
    "q3": {"keep_input": True},
    "q4": {"keep_input": True, "properties": ["finite"]},
    "q5": {"keep_input": True},
    "q6": {"keep_input": True, "properties": ["finite"]},
    "q9": {"keep_input": True, "properties": ["at least 0"]},
    "q11": {"keep_input": True},
}


def number(random: Random, size: float = 1) -> float:
    return round(random.uniform(-size, size), 2)


def tensor(random: Random, *shape: int, size: float = 1) -> torch.Tensor:
    items = [number(random, size) for _ in range(int(torch.tensor(shape).prod()))]
    return torch.tensor(items, dtype=torch.float64).reshape(shape)


def mask(sentences: list[list[str]]) -> torch.Tensor:
    return torch.tensor([[[c == "x" for c in row] for row in rows] for rows in sentences])


def q2(random: Random):
    for words, size in ((2, 2), (2, 3), (3, 2)):
        yield case(tensor(random, words, size), tensor(random, size, size), tensor(random, size, size))


def q3(random: Random):
    yield case(*(tensor(random, 2, 2, 1) for _ in range(3)), 1, about="one head")
    yield case(*(tensor(random, 1, 2, 4, size=2) for _ in range(3)), 2, about="two heads")
    yield case(*(tensor(random, 1, 3, 6, size=2) for _ in range(3)), 3, about="three heads")


def q4(random: Random):
    def values(B: int, S: int, T: int, d: int, E: int) -> tuple[torch.Tensor, ...]:
        return tensor(random, B, S, d, size=2), tensor(random, B, T, d, size=2), tensor(random, B, T, E)

    yield case(*values(1, 1, 3, 2, 1), mask([["xxx"]]), about="nothing hidden")
    yield case(*values(1, 3, 3, 2, 1), mask([["x..", "xx.", "xxx"]]), about="causal")
    yield case(*values(2, 2, 3, 4, 1), mask([["xx.", "xx."], ["x..", "..x"]]), about="padding")
    yield case(*values(2, 2, 3, 3, 2), mask([["...", "x.x"], [".xx", "..."]]), about="rows without words")


def q5(random: Random):
    yield case([3], 3, 3, about="no padding, nothing read before")
    yield case([2, 4], 4, 1, about="the next word of two rows")
    yield case([2, 4], 4, 4, about="nothing read before")
    for T, S in ((5, 3), (5, 2)):
        yield case([random.randint(1, T - 1) for _ in range(2)], T, S)


def q6(random: Random):
    def weights(D: int) -> tuple[torch.Tensor, torch.Tensor]:
        return tensor(random, D, size=2) + 3, tensor(random, D)

    yield case(torch.full((1, 1, 3), 4.0, dtype=torch.float64), *weights(3), 1e-5, about="all numbers alike")
    yield case(tensor(random, 1, 2, 3), *weights(3), 0.1)
    yield case(tensor(random, 2, 2, 2, size=9) + 20, *weights(2), 0.5, about="far from 0")


def q8(random: Random):
    yield case(1, 2, about="the smallest of all")
    yield case(2, 4)
    yield case(random.randint(2, 3), 6)


def q9(random: Random):
    yield case(tensor(random, 1, 3, size=2), torch.tensor([2]), 0.1, about="one word")
    yield case(tensor(random, 2, 4, size=2), torch.tensor([1, 3]), 0.0, about="nothing is smoothed")
    yield case(tensor(random, 3, 4, size=2), torch.tensor([0, -100, 2]), 0.1, about="padding")
    for N, V in ((3, 3), (4, 5)):
        targets = [random.randrange(V) for _ in range(N - 1)] + [-100]
        random.shuffle(targets)
        yield case(tensor(random, N, V, size=3), torch.tensor(targets), 0.1 + abs(number(random)) / 2)


def q10(random: Random):
    yield case(0, 512, 4000, about="the first update")
    yield case(3999, 512, 4000, about="the peak")
    yield case(99_999, 512, 4000, about="long after")
    yield case(0, 64, 1, about="without a rise")
    for _ in range(2):
        warmup, D = random.randint(20, 900), random.choice([96, 128, 256, 768])
        yield case(random.randint(1, warmup - 2), D, warmup)
        yield case(random.randint(warmup + 1, 4 * warmup), D, warmup)


def q11(random: Random):
    yield case(tensor(random, 1, 1, 2, 2), torch.tensor([[0, 1]]), about="a single pair")
    yield case(tensor(random, 1, 2, 2, 4), torch.tensor([[0, 1]]), about="two heads, two pairs")
    yield case(tensor(random, 2, 1, 2, 4), torch.tensor([[0, 1], [5, 9]]), about="rows at places of their own")
    yield case(tensor(random, 1, 1, 1, 6), torch.tensor([[random.randint(2, 30)]]), about="three pairs")


def q12(random: Random):
    def words(n: int, D: int) -> torch.Tensor:
        return tensor(random, n, D, size=2)

    yield script(tensor(random, 6, 3), calls=[("read", words(2, 3))], about="a sentence at once")
    yield script(tensor(random, 6, 2), calls=[("read", words(1, 2)) for _ in range(2)], about="word by word")
    yield script(tensor(random, 6, 3), calls=[("read", words(1, 3)), ("read", words(2, 3))], about="piece by piece")
    yield script(
        tensor(random, 6, 3),
        calls=[("read", words(2, 3)), ("back", 1), ("read", words(1, 3)), ("back", 0), ("read", words(1, 3))],
        about="a word taken back",
    )
