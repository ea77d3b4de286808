"""Cases of chapter 09's exercises: one generator a question, and what else the checker must know."""

from random import Random

import torch

from coursekit.check.master import case

SETTINGS = {
    "q1": {"seconds": 2.0},
    "q2": {"keep_input": True},
    "q3": {"keep_input": True, "properties": ["at least 1"]},
    "q4": {"keep_input": True},
    "q6": {"grid": 0.1},
    "q7": {"grid": 0.5},
    "q8": {"keep_input": True},
    "q9": {"keep_input": True},
    "q11": {"keep_input": True},
}

WORDS = ["we", "drink", "tea", "and", "ice"]


def q1(random: Random):
    def table(words: list[str]) -> dict[str, dict[str, float]]:
        words = [*words, "<eos>"]
        return {a: {b: round(random.uniform(0.1, 2.5 if b != "<eos>" else 0.3), 2) for b in words} for a in words}

    yield case(["we"], table(WORDS[:3]), 7, 1, about="a prompt of one word")
    yield case(["tea", "we"], table(WORDS[:4]), 2, 2, about="the prompt is long enough")
    ending = {word: {"we": 0.1, "tea": 0.2, "<eos>": 9.0} for word in ("we", "tea", "<eos>")}
    yield case(["we", "tea"], ending, 8, 3, about="it ends by itself")
    for words in (3, 4, 4, 5):
        prompt = [random.choice(WORDS[:words]) for _ in range(2)]
        yield case(prompt, table(WORDS[:words]), random.randint(7, 9), random.randrange(1000))


def q2(random: Random):
    def rows(*texts: list[int], T: int) -> tuple[torch.Tensor, torch.Tensor]:
        ids = torch.tensor([text + [0] * (T - len(text)) for text in texts])
        return ids, torch.tensor([len(text) for text in texts])

    def text(n: int) -> list[int]:
        return [*random.sample(range(1, 9), n - 1), 0]

    yield case(*rows([5, 3, 7, 0], T=4), about="no padding")
    yield case(*rows([4, 0], [1, 6, 2, 0], T=5), about="padding")
    yield case(*rows([3, 8, 0, 9, 0], [7, 2, 0], T=6), about="a row of two documents")
    yield case(*rows(text(3), text(5), text(2) + text(3), T=6))


def q3(random: Random):
    yield case([[0.5, 1.5]], about="one document")
    yield case([[3.0], [0.25, 0.5, 0.25, 0.5]], about="a short one and a long one")
    for sizes in ((1, 5), (2, 4, 3), (6, 1, 2)):
        yield case([[round(random.uniform(0.05, 4), 2) for _ in range(n)] for n in sizes])


def q4(random: Random):
    def text(n: int) -> list[str]:
        return [random.choice([*WORDS, "now"]) for _ in range(n)]

    yield case(["we", "drink", "tea"], ["tea"], 6, about="it just fits")
    yield case(["we", "drink", "tea", "and", "ice"], ["tea", "ice"], 6, about="the article is too long")
    yield case(["tea"], ["ice"], 7, about="padding")
    yield case(text(4), text(2), 10)
    yield case([*text(3), "here", "there"], text(3), 8)


def q5(random: Random):
    yield case(50_257, 1024, 768, 12, about="GPT-2")
    yield case(50_257, 1024, 1600, 48, about="GPT-2 XL")
    yield case(10, 4, 2, 1, about="a tiny one")
    for _ in range(2):
        yield case(random.randint(50, 900), random.randint(8, 99), 2 * random.randint(3, 60), random.randint(2, 9))


def q8(random: Random):
    pool = [("dog", "chien"), ("cat", "chat"), ("tea", "the"), ("ice", "glace"), ("water", "eau"), ("hen", "poule")]
    yield case(pool[:2], "tea", 2, about="two examples")
    yield case(pool[:3], "fox", 0, about="none")
    yield case(pool[:3], "cat", 2, about="the query is among the examples")
    yield case([("one", "odd"), ("two", "even"), ("three", "odd"), ("four", "even")], "three", 3, about="equal answers")
    for shots in (2, 3, 9):
        some = random.sample(pool, 5)
        yield case(some, some[random.randrange(2)][0], shots)


def q9(random: Random):
    yield case([1e3, 1e6], [2.0, 1.0], 0.0, about="two models, no floor")
    yield case([100, 1000, 10_000], [5.0, 3.4, 2.9], 2.5, about="far more floor than slope")
    for n in (4, 5, 6):
        a, b, floor = random.uniform(0.15, 0.6), random.uniform(2, 9), round(random.uniform(0.5, 2.5), 2)
        sizes = [2 ** (6 + 2 * i) for i in range(n)]
        random.shuffle(sizes)
        noise = [random.choice((-1, 1)) * random.uniform(0.02, 0.15) for _ in sizes]
        yield case(sizes, [round(floor + b * s**-a * (1 + e), 4) for s, e in zip(sizes, noise, strict=True)], floor)


def q11(random: Random):
    def tensor(*shape: int) -> torch.Tensor:
        items = [round(random.uniform(-1, 1), 2) for _ in range(int(torch.tensor(shape).prod()))]
        return torch.tensor(items, dtype=torch.float64).reshape(shape)

    def block(i: int, layers: dict[str, tuple[int, ...]], prefix: str = "") -> dict[str, torch.Tensor]:
        shapes = {f"{name}.{kind}": shape for name, sizes in layers.items()
                  for kind, shape in (("weight", sizes), ("bias", sizes[-1:]))}  # fmt: skip
        return {f"{prefix}h.{i}.{name}": tensor(*shape) for name, shape in shapes.items()}

    norms, attention = {"ln_1": (2,), "ln_2": (2,)}, {"attn.c_attn": (2, 6), "attn.c_proj": (2, 2)}
    feed = {"mlp.c_fc": (2, 3), "mlp.c_proj": (3, 2)}
    ends = {"wte.weight": tensor(3, 2), "wpe.weight": tensor(2, 2), "ln_f.weight": tensor(2), "ln_f.bias": tensor(2)}
    masks = {"transformer.h.10.attn.bias": torch.ones(2, 2).tril().bool(),
             "transformer.h.10.attn.masked_bias": torch.tensor(-10000.0)}  # fmt: skip
    yield case(ends, about="no block")
    yield case(block(0, norms | feed | attention), about="a block")
    yield case(block(10, attention, "transformer.") | masks, about="an older file")
