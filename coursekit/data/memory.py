"""What the exact model knows when it sees only the last words: the best possible n-gram of the small world.

Forward filtering from an unknown start. Before the first word seen, every open place of a story is as likely as it is
often: its expected number of visits. Within a sentence all contexts (who, where, why) behind a node share one fate, so
a belief is a short list of (node, contexts, scale); contexts are looked at one by one only where a sentence ends.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

from coursekit.data.automaton import Automaton, Context, Node
from coursekit.errors import CourseError


class Contexts(dict[Context, float]):
    """Weights of contexts. Compared by identity: beliefs share them."""

    __hash__ = object.__hash__  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return self is other


Belief = dict[tuple[Node, Contexts], float]
Starts = dict[Node, Contexts]


class Memory:
    """Distributions of the next word given only the last ones, on one date."""

    def __init__(self, machine: Automaton, date: int) -> None:
        self._machine, self._date = machine, date
        self._speakers: dict[str, list[tuple[Node, Contexts, float]]] = defaultdict(list)
        self._anywhere: Belief = {}
        self._visit()
        self._after = lru_cache(maxsize=20_000)(self._follow_window)
        self.distribution = lru_cache(maxsize=20_000)(self._distribution)

    def _distribution(self, last: tuple[str, ...]) -> dict[str, float]:
        """p(next word | the last words), exact; CourseError if no story has these words in a row."""
        total: dict[str, float] = defaultdict(float)
        for (node, contexts), scale in self._after(last).items():
            mass = scale * math.fsum(contexts.values())
            for word, p in zip(node.words, self._machine.table(node, self._date).p, strict=True):
                if p > 0:
                    total[word] += mass * p
        norm = math.fsum(total.values())
        if norm == 0:
            raise CourseError(f"no story of date {self._date} goes on after {' '.join(last)!r}.")
        return {word: p / norm for word, p in total.items()}

    def extra(self, tokens: Sequence[str], logprob: Sequence[float], n: int) -> Iterator[float]:
        """Of each word, the nats that one pays for seeing only the n words before it."""
        for t, (word, exact) in enumerate(zip(tokens, logprob, strict=True)):
            if t >= n:
                yield exact - math.log(self.distribution(tuple(tokens[t - n : t]))[word])

    def _visit(self) -> None:
        """Expected visits of every open place, sentence by sentence of the story."""
        machine = self._machine
        starts: Starts = {machine.start: Contexts({machine.empty: 1.0})}
        visits: dict[Node, dict[Contexts, float]] = defaultdict(lambda: defaultdict(float))
        while starts:
            belief: Belief = {(node, contexts): 1.0 for node, contexts in starts.items()}
            starts = {}
            while belief:
                for (node, contexts), scale in belief.items():
                    visits[node][contexts] += scale
                belief, ended = self._step(belief, None)
                for node, more in ended.items():
                    _add(starts.setdefault(node, Contexts()), more, 1.0)
        self._anywhere = _joined(visits, few=1)
        for (node, contexts), scale in self._anywhere.items():
            for word, p in zip(node.words, machine.table(node, self._date).p, strict=True):
                if p > 0:
                    self._speakers[word].append((node, contexts, scale))

    def _step(self, belief: Belief, word: str | None) -> tuple[Belief, Starts]:
        """Beliefs after one word (None: any): those inside sentences, and those at the start of one."""
        inside: dict[Node, dict[Contexts, float]] = defaultdict(lambda: defaultdict(float))
        starts: Starts = {}
        changed: dict[tuple[int, tuple[tuple[str, str], ...]], Contexts] = {}
        for (node, contexts), scale in belief.items():
            p = self._machine.table(node, self._date).p
            for i in range(len(p)) if word is None else [node.index[word]] if word in node.index else []:
                if p[i] == 0:
                    continue
                after = self._changed(contexts, node.sets[i], changed)
                section = self._machine.ends(node, i)
                if section is None:
                    following, _ = self._machine.follow(node, i, Context())
                    assert following is not None
                    inside[following][after] += scale * p[i]
                elif section:
                    self._enter(section, after, scale * p[i], starts)
        return _joined(inside), starts

    def _changed(self, contexts: Contexts, sets: dict[str, str] | None, known: dict) -> Contexts:  # type: ignore[type-arg]
        if not sets:
            return contexts
        key = id(contexts), tuple(sets.items())
        if key not in known:
            known[key] = Contexts()
            for context, weight in contexts.items():
                _add(known[key], {context._replace(**sets): weight}, 1.0)  # type: ignore[arg-type]
        return known[key]

    def _enter(self, section: str, contexts: Contexts, scale: float, starts: Starts) -> None:
        for context, weight in contexts.items():
            node, inner = self._machine.enter(section, context)
            _add(starts.setdefault(node, Contexts()), {inner: weight}, scale)

    def _follow_window(self, last: tuple[str, ...]) -> Belief:
        """The belief after these words: recursion on the window without its last word, kept."""
        if not last:
            return self._anywhere
        if len(last) == 1:
            belief: Belief = {(node, contexts): scale for node, contexts, scale in self._speakers[last[0]]}
        else:
            belief = self._after(last[:-1])
        inside, starts = self._step(belief, last[-1])
        return {**inside, **{(node, contexts): 1.0 for node, contexts in starts.items()}}


def _joined(inside: dict[Node, dict[Contexts, float]], few: int = 16) -> Belief:
    """Many contexts behind one node (a sentence began in many ways) become one; a few stay shared with other nodes."""
    belief: Belief = {}
    for node, group in inside.items():
        if len(group) > few:
            total = Contexts()
            for contexts, scale in group.items():
                _add(total, contexts, scale)
            group = {total: 1.0}
        belief.update({(node, contexts): scale for contexts, scale in group.items()})
    return belief


def _add(into: Contexts, more: dict[Context, float], scale: float) -> None:
    for context, weight in more.items():
        into[context] = into.get(context, 0.0) + scale * weight
