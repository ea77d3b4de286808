"""Facts about people of the small world, some asked for often, most hardly ever: what scaling laws are made of.

Fact number i (1, 2, ...) is asked for with probability p_i = C / i^a. Who knows it answers for nothing, who does not
guesses among A answers and pays log A nats. So the loss above the floor (which is 0) is log A times the mass of what is
not known, and how it falls follows from the tail of p alone:

    size      room for the N most frequent: sum of p_i over i > N      ~ C / (a - 1) N^-(a - 1)
    data      n read, each remembered: sum of p_i (1 - p_i)^n          ~ C^(1/a) gamma(1 - 1/a) / a n^-(1 - 1/a)
    steps     logits after a time t of gradient descent: sum of p_i g(p_i t), g falls to 0: the power of data
    compute   N n = compute, shared in the best way: N^-(a - 1) = n^-(a - 1)/a, so n ~ N^a: compute^-(a - 1)/(a + 1)

Data: in sum p_i exp(-n p_i), an integral over i, put u = n p_i, i = (n C / u)^(1/a); what is left is a gamma function.
Each holds far from the last fact M: N << M, n << M^a, and the later the heavier the tail. The sums are exact anywhere.

Ideas: Hutter 2021, "Learning curve theory" (data); Michaud, Liu, Girit & Tegmark 2023, "The quantization model of
neural scaling" (size, data and steps).
"""

import math
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple

from coursekit.data import words as lists
from coursekit.errors import CourseError

_FIRST, _SURNAMES, _HOMES = lists.WOMEN + lists.MEN, lists.LISTS["surname"][1].split(), list(lists.PLACES)
#: What one may know of somebody; the first word of each is its own. The answers are the first ones of the list.
RELATIONS = {
    "lives near the": _HOMES,
    "dreams of the": lists.TAKES["bought"],
    "waits for the": list(lists.BEINGS),
    "eats the": lists.TAKES["ate"],
    "carries the": lists.TAKES["carried"],
    "seems": lists.LISTS["looks"][1].split(),
    "loves": lists.LISTS["doing"][1].split(),
    "speaks": lists.LISTS["manner"][1].split(),
}
#: All facts that there could be: of each person, from each place, each relation.
MOST = len(_FIRST) * len(_SURNAMES) * len(_HOMES) * len(RELATIONS)
_RANGES = {"n": (2, MOST), "answers": (2, min(map(len, RELATIONS.values()))), "exponent": (1.05, 4.0)}


@dataclass(frozen=True)
class Asked:
    """One fact, asked for: `alice brown from the lake lives near the beach .`, of which `tokens[answer]` is to know."""

    rank: int  # 0 is the most frequent fact
    tokens: list[str]
    answer: int  # its place in tokens: the last but one
    logprob: list[float]  # log p(token | tokens before) of who knows every fact; nats; the answer's is 0


class Exponents(NamedTuple):
    """By which powers the loss falls, far from the end of the world: loss ~ size^-exponent and so on."""

    size: float
    data: float
    steps: float
    compute: float


class Facts:
    """n facts, the i-th asked for with probability ~ i^-exponent, each with one of `answers` answers, drawn evenly."""

    def __init__(self, n: int = 4_000, exponent: float = 1.5, answers: int = 16, seed: int = 0) -> None:
        for name, value in {"n": n, "answers": answers, "exponent": exponent}.items():
            low, high = _RANGES[name]
            number = "a whole number" if isinstance(low, int) else "a number"
            right = isinstance(value, int if isinstance(low, int) else (int, float)) and not isinstance(value, bool)
            if not right or not low <= value <= high:
                raise CourseError(f"{name}={value!r} is not possible: give {number} from {low} to {high:,}.")
        self.exponent, self.answers = exponent, answers
        weights = [i**-exponent for i in range(1, n + 1)]
        total = math.fsum(weights)
        self.p = [w / total for w in weights]
        random = Random(f"{seed} facts")
        self._what = random.sample(range(MOST), n)  # so that nothing but reading tells which facts are frequent
        self._answer = [random.randrange(answers) for _ in range(n)]
        self._cumulative = list(accumulate(self.p))
        self._tail = [*reversed([0.0, *accumulate(reversed(self.p))])]  # [N]: the mass behind the N most frequent
        self._mass: dict[tuple[str, ...], float] = {}

    def __len__(self) -> int:
        return len(self.p)

    # -- what is asked

    def fact(self, rank: int) -> tuple[list[str], str]:
        """(the question, its answer) of a fact, as words; rank 0 is the most frequent."""
        rest, relation = divmod(self._what[rank], len(RELATIONS))
        rest, home = divmod(rest, len(_HOMES))
        first, surname = divmod(rest, len(_SURNAMES))
        phrase, known = list(RELATIONS.items())[relation]
        question = f"{_FIRST[first]} {_SURNAMES[surname]} from the {_HOMES[home]} {phrase}".split()
        return question, known[self._answer[rank]]

    def draw(self, n: int, seed: int | str = 0) -> list[int]:
        """The ranks of n facts, asked for at random."""
        random, last = Random(f"{seed} asked").random, len(self) - 1
        return [bisect(self._cumulative, random(), 0, last) for _ in range(n)]

    def sample(self, n: int, seed: int | str = 0) -> list[Asked]:
        """n facts, asked for at random, as sentences: what a language model reads, or is tested on."""
        return [self._asked(rank) for rank in self.draw(n, seed)]

    def _asked(self, rank: int) -> Asked:
        if not self._mass:
            for i, p in enumerate(self.p):
                words = self.fact(i)[0]
                for t in range(len(words) + 1):
                    self._mass[tuple(words[:t])] = self._mass.get(tuple(words[:t]), 0.0) + p
        question, answer = self.fact(rank)
        mass = [self._mass[tuple(question[:t])] for t in range(len(question) + 1)]
        paid = [math.log(q / p) if q < p else 0.0 for p, q in pairwise(mass)]
        return Asked(rank, [*question, answer, "."], len(question), [*paid, 0.0, 0.0])

    # -- what not knowing costs, in nats an answer

    @property
    def ignorance(self) -> float:
        """The loss of who knows no fact: log A."""
        return math.log(self.answers)

    @property
    def exponents(self) -> Exponents:
        a = self.exponent
        return Exponents(a - 1, 1 - 1 / a, 1 - 1 / a, (a - 1) / (a + 1))

    def excess(self, stored: int | None = None, read: float | None = None) -> float:
        """Expected loss of a table with room for the `stored` most frequent facts that has read `read` of them.

        Exact; None is without bound: with neither it is 0. With both it is an upper bound for tables that fill the room
        left by what they have not met yet.
        """
        if min(stored or 0, read or 0) < 0:
            raise ValueError(f"stored={stored}, read={read}: nobody stores or reads less than nothing")
        room = len(self) if stored is None else min(stored, len(self))
        missed = 0.0 if read is None else math.fsum(p * _missed(p, read) for p in self.p[:room])
        return self.ignorance * (self._tail[room] + missed)

    def excess_at(self, time: float) -> float:
        """Loss of a table of logits, 0 at first, after `time` = learning rate * steps of small steps of descent.

        Of a fact with probability p the answer's logit leads the A - 1 others by z, z' = p A / (e^z + A - 1), hence
        e^z + (A - 1) z = 1 + p A t; the fact then costs log(1 + (A - 1) e^-z).
        """
        if not time >= 0:
            raise ValueError(f"time={time}: training starts at 0")
        others = self.answers - 1
        leads = (_lead(1 + p * self.answers * time, others) for p in self.p)
        return math.fsum(p * math.log1p(others * math.exp(-z)) for p, z in zip(self.p, leads, strict=True))

    def best_split(self, compute: float) -> tuple[int, float, float]:
        """(stored, read, loss) at the least loss with stored * read = compute; stored from a grid in steps of 5 %."""
        if not compute >= 1:
            raise CourseError(f"compute={compute} reads no fact: give at least 1.")
        most = min(compute, len(self))
        sizes = {int(1.05**k) for k in range(int(math.log(most, 1.05)) + 1)}
        loss, stored = min((self.excess(n, compute / n), n) for n in sizes)
        return stored, compute / stored, loss


class Table:
    """Learns by heart: of the facts that it reads it knows the most frequent, as many as have room."""

    def __init__(self, facts: Facts, room: int | None = None) -> None:
        self.facts, self.room = facts, room
        self.seen: Counter[int] = Counter()

    def read(self, ranks: Iterable[int]) -> None:
        self.seen.update(ranks)

    @property
    def known(self) -> set[int]:
        return {rank for rank, _ in self.seen.most_common(self.room)}

    @property
    def loss(self) -> float:
        """Mean loss on an answer, exact, nats."""
        known = self.known
        return self.facts.ignorance * math.fsum(p for i, p in enumerate(self.facts.p) if i not in known)


def _missed(p: float, n: float) -> float:
    """(1 - p)^n: not met in n draws."""
    return math.exp(n * math.log1p(-p))


def _lead(target: float, others: int) -> float:
    """z with e^z + others z = target (>= 1), by Newton's method from above: the function is convex."""
    z = math.log(target)
    for _ in range(60):
        step = (math.exp(z) + others * z - target) / (math.exp(z) + others)
        z -= step
        if abs(step) <= 1e-15 * max(1.0, z):
            break
    return z


class Slope(NamedTuple):
    """A power law's exponent, loss ~ size^-exponent, and its standard error."""

    exponent: float
    error: float


def slope(sizes: Sequence[float], losses: Sequence[float]) -> Slope:
    """Least squares on the logarithms; the losses are above the floor, or no line fits them."""
    if len(sizes) != len(losses) or len(sizes) < 3 or min(*sizes, *losses) <= 0 or len(set(sizes)) < 2:
        raise ValueError("a power law needs three or more sizes, not all alike, with a loss above the floor for each")
    x, y = [math.log(s) for s in sizes], [math.log(loss) for loss in losses]
    at, height = math.fsum(x) / len(x), math.fsum(y) / len(y)
    spread = math.fsum((a - at) ** 2 for a in x)
    fall = math.fsum((a - at) * (b - height) for a, b in zip(x, y, strict=True)) / spread
    rest = math.fsum((b - height - fall * (a - at)) ** 2 for a, b in zip(x, y, strict=True))
    return Slope(-fall, math.sqrt(rest / (len(x) - 2) / spread))
