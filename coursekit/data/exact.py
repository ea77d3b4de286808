"""Sums over all stories of a world, exact, without sampling any."""

import math
from collections import defaultdict

from coursekit.data.automaton import Automaton, Context, Node

Ending = tuple[str, tuple[tuple[str, str], ...]]  # (section that follows, changes of the context in the sentence)
Sentence = tuple[float, float, dict[Ending, float]]  # nats, words, probability of each ending


def entropy(machine: Automaton, date: int) -> tuple[float, float]:
    """(nats, words) that a story has on average, by the chain rule: first within sentences, then over sentences."""
    sentences: dict[Node, Sentence] = {}
    known: dict[tuple[str, Context], tuple[float, float]] = {}

    def story(section: str, context: Context) -> tuple[float, float]:
        if section == "":
            return 0.0, 0.0
        if (section, context) not in known:
            node, inner = machine.enter(section, context)
            nats, words, endings = _sentence(machine, node, date, sentences)
            for (follows, changes), p in endings.items():
                more = story(follows, inner._replace(**dict(changes)))  # type: ignore[arg-type]
                nats, words = nats + p * more[0], words + p * more[1]
            known[section, context] = nats, words
        return known[section, context]

    return story("opening", Context())


def _sentence(machine: Automaton, node: Node, date: int, known: dict[Node, Sentence]) -> Sentence:
    """Entropy from a node to the end of its sentence: this word's, plus the mean over words of what is behind them."""
    if node in known:
        return known[node]
    table = machine.table(node, date)
    endings: dict[Ending, float] = defaultdict(float)
    behind: dict[tuple[Node, tuple[tuple[str, str], ...]], float] = defaultdict(float)
    for i, p in enumerate(table.p):
        if p == 0:
            continue
        changes = tuple((node.sets[i] or {}).items())
        follows = machine.ends(node, i)
        if follows is not None:
            endings[follows, changes] += p
        else:
            after, _ = machine.follow(node, i, Context())
            assert after is not None
            behind[after, changes] += p
    nats, words = -math.fsum(p * lp for p, lp in zip(table.p, table.log, strict=True) if p > 0), 1.0
    for (after, changes), p in behind.items():
        more, length, ends = _sentence(machine, after, date, known)
        nats, words = nats + p * more, words + p * length
        for (follows, later), q in ends.items():
            endings[follows, _merged(changes, later)] += p * q
    known[node] = nats, words, dict(endings)
    return known[node]


def _merged(first: tuple[tuple[str, str], ...], later: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**dict(first), **dict(later)}.items())) if first else later
