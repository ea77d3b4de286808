"""The small world: stories whose every word comes with its exact probability.

One automaton (automaton.py) is the whole definition: sampling, scoring, enumeration and entropy all walk it.
The words that may follow at a place are all different, so the words said fix the state, and the probability of a word
given all words before it is the node's own number. Everything depends on the story's date, which
is known to whoever predicts: topics drift, and news begins on some day.
"""

import math
from bisect import bisect
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from coursekit.data.automaton import EOS, Automaton, Context, Node
from coursekit.data.config import Config
from coursekit.data.exact import entropy
from coursekit.data.memory import Memory
from coursekit.errors import CourseError

#: No more stories than this in one call: they are lists in memory (about 10 kB each).
MOST = 2_000_000


@dataclass
class Story:
    """One story: its words, and of each word log p(word | words before, date), kind, and distance to what it needs."""

    tokens: list[str]
    logprob: list[float]  # nats
    kind: list[str]
    distance: list[int]  # words back to the one that this word agrees with, 0 if none
    date: int

    @property
    def text(self) -> str:
        return prose(self.tokens, self.kind)


def prose(tokens: Sequence[str], kinds: Sequence[str]) -> str:
    """The words as one would print them: capitals for names, weekdays and beginnings, full stops joined."""
    proper = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mr", "mrs"}
    out, start = "", True
    for word, kind in zip(tokens, kinds, strict=True):
        if word == EOS:
            break
        upper = start or kind in ("name", "surname") or word in proper
        out += word if word == "." else " " + (word.capitalize() if upper else word)
        start = word == "."
    return out.lstrip()


class World:
    """The process under one configuration. Sampling costs about a microsecond a word."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.automaton = Automaton(self.config)
        self._memories: dict[int, Memory] = {}

    def _date(self, date: int) -> int:
        if isinstance(date, bool) or not isinstance(date, int) or not 0 <= date < self.config.dates:
            raise CourseError(
                f"this world has no date {date!r}: give a whole number from 0 to {self.config.dates - 1}."
            )
        return date

    # Sampling and scoring

    def sample(self, n: int, seed: int, dates: Sequence[int] | int | None = None) -> list[Story]:
        """n stories in order of time: dates spread evenly over the world's, or one date, or one per story."""
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST:
            raise CourseError(f"n={n!r} stories are not possible: give a whole number from 1 to {MOST:,}.")
        if dates is None:
            dates = [i * self.config.dates // n for i in range(n)]
        elif isinstance(dates, int):
            dates = [dates] * n
        if len(dates) != n:
            raise CourseError(f"{n} stories need as many dates, not {len(dates)}.")
        random = Random(seed).random
        return [self._story(self._date(date), random) for date in dates]

    def _story(self, date: int, random: Any) -> Story:
        tokens: list[str] = []
        logprob: list[float] = []
        kinds: list[str] = []
        distance: list[int] = []
        marked: dict[str, int] = {}
        machine, table_of = self.automaton, self.automaton.table
        node: Node | None = machine.start
        context = machine.empty
        while node is not None:
            table = node.tables.get(date if node.dated else 0) or table_of(node, date)
            i = bisect(table.cumulative, random(), 0, table.last) if table.last else 0
            at, depends, mark = len(tokens), node.depends[i], node.marks[i]
            tokens.append(node.words[i])
            logprob.append(table.log[i])
            kinds.append(node.kinds[i])
            distance.append(at - marked[depends] if depends in marked else 0)
            if mark:
                marked[mark] = at
            after = node.next[i]
            if after is not None and not node.sets[i]:
                node = after
            else:
                node, context = machine.follow(node, i, context)
        return Story(tokens, logprob, kinds, distance, date)

    def _steps(self, tokens: Iterable[str], date: int) -> Iterator[tuple[Node | None, int, Context]]:
        """(node, the word's place in it, context) for each token, last the node after them; CourseError if stuck."""
        node: Node | None = self.automaton.start
        context = self.automaton.empty
        said: list[str] = []
        for word in tokens:
            if node is None:
                raise CourseError(f"a story ends with {EOS!r}: {word!r} cannot come after it.")
            table, i = self.automaton.table(node, date), node.index.get(word, -1)
            if i < 0 or table.p[i] == 0:
                possible = ", ".join([w for w, p in zip(node.words, table.p, strict=True) if p > 0][:8])
                raise CourseError(
                    f"{word!r} cannot follow {' '.join(said[-4:]) or 'the beginning'!r} in this world on date {date}; "
                    f"possible are, for example: {possible}."
                )
            yield node, i, context
            said.append(word)
            node, context = self.automaton.follow(node, i, context)
        yield node, -1, context

    def score(self, tokens: Sequence[str], date: int) -> list[float]:
        """log p(token | tokens before, date) in nats of each token; CourseError if the world cannot say them."""
        table = self.automaton.table
        return [table(node, date).log[i] for node, i, _ in self._steps(tokens, self._date(date)) if node and i >= 0]

    def distribution(self, prefix: Sequence[str], date: int) -> dict[str, float]:
        """p(word | prefix, date) of every word that may come next; empty after the end of a story."""
        *_, (node, _, _) = self._steps(prefix, self._date(date))
        if node is None:
            return {}
        return {w: p for w, p in zip(node.words, self.automaton.table(node, date).p, strict=True) if p > 0}

    def stories(self, date: int) -> Iterator[tuple[list[str], float]]:
        """Every story of that date with its probability: only for a small world (Config.tiny)."""
        machine, date = self.automaton, self._date(date)
        stack: list[tuple[Node | None, Context, list[str], float]] = [(machine.start, machine.empty, [], 1.0)]
        while stack:
            node, context, said, p = stack.pop()
            if node is None:
                yield said, p
                continue
            for i, q in enumerate(machine.table(node, date).p):
                if q > 0:
                    stack.append((*machine.follow(node, i, context), [*said, node.words[i]], p * q))

    # What the best possible model pays

    def floor(
        self, split: Iterable[Any], by: str | None = None, vocab: Collection[str] | None = None
    ) -> float | dict[str, float]:
        """Mean of -log p(word | words before, date) over a split, in nats a token: no model can do better but by luck.

        split: stories or rows with their columns. by="kind": one mean per kind of word. vocab: the words that the
        reader knows; all others that may stand in a place are then one event, whose probabilities are summed (what came
        before is still known in full, unknown words too). The date is known to the reader.
        """
        if by not in (None, "kind"):
            raise ValueError(f"by={by!r}: the floor is known over all words (None) or by 'kind'")
        known = None if vocab is None else frozenset(vocab)
        paid: dict[str, list[float]] = defaultdict(list)
        for row in split:
            tokens, logprob, kinds, date = _columns(row)
            if known is not None and not known.issuperset(tokens):
                logprob = self._closed(tokens, date, known)
            for kind, lp in zip(kinds, logprob, strict=True):
                paid[kind if by else ""].append(-lp)
        if not paid:
            raise CourseError("the split holds no words: the floor is a mean over words, give at least one story.")
        means = {kind: math.fsum(nats) / len(nats) for kind, nats in sorted(paid.items())}
        return means if by else means[""]

    def _closed(self, tokens: Sequence[str], date: int, known: frozenset[str]) -> list[float]:
        out = []
        for node, i, _ in self._steps(tokens, date):
            if node is None or i < 0:
                break
            table = self.automaton.table(node, date)
            if node.words[i] in known:
                out.append(table.log[i])
            else:
                out.append(math.log(math.fsum(p for w, p in zip(node.words, table.p, strict=True) if w not in known)))
        return out

    def entropy(self, date: int) -> tuple[float, float]:
        """(nats, words) that a story of that date has on average, exact: a sum over states, nothing is sampled."""
        return entropy(self.automaton, self._date(date))

    # What a model with a short memory can know

    def context_distribution(self, last: Sequence[str], date: int) -> dict[str, float]:
        """p(next word | these were the last words, somewhere in a story of that date), exact; CourseError if never."""
        return self._memory(self._date(date)).distribution(tuple(last))

    def context_floor(self, n: int, date: int, samples: int = 200, seed: int = 0) -> tuple[float, float]:
        """(nats a word, standard error) of the best model that sees only the last n words, and the date.

        The probabilities are exact, the mean over stories is estimated from `samples` of them: only the difference to
        the model that sees everything is, the latter's part is `entropy`. A story's beginning counts as seen where
        fewer than n words precede.
        """
        if n < 0 or samples < 2:
            raise ValueError(f"n={n}, samples={samples}: a memory is at least 0 words, a mean needs at least 2 stories")
        memory = self._memory(self._date(date))
        stories = self.sample(samples, seed, date)
        extra = [math.fsum(memory.extra(s.tokens, s.logprob, n)) for s in stories]
        nats, words = self.entropy(date)
        mean = math.fsum(extra) / sum(len(s.tokens) for s in stories)
        spread = math.fsum((e - mean * len(s.tokens)) ** 2 for e, s in zip(extra, stories, strict=True))
        return nats / words + mean, math.sqrt(spread / (samples - 1) / samples) / words

    def _memory(self, date: int) -> Memory:
        if date not in self._memories:
            self._memories = {date: Memory(self.automaton, date)}
        return self._memories[date]


def _columns(row: Story | Mapping[str, Any]) -> tuple[Sequence[str], Sequence[float], Sequence[str], int]:
    if isinstance(row, Story):
        return row.tokens, row.logprob, row.kind, row.date
    return row["tokens"], row["logprob"], row["kind"], row["date"]
