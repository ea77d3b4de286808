"""The automaton of the small world: nodes with the words that may follow, their probabilities and what comes after.

A sentence walks from node to node; between sentences only the `Context` is remembered. Nodes are compiled when first
met, and a node holds only what the rest of its sentence reads, so a few thousand nodes make the whole world.
"""

import itertools
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from coursekit.data.config import Config
from coursekit.data.grammar import SECTIONS, Fork, Forks, Template, mixture
from coursekit.data.slots import Context, Slot, make_slots

EOS = "<eos>"
#: What each section still needs to know.
_KEEPS = {
    "middle": ("who", "place", "cause"),
    "after": ("who", "place", "cause"),
    "end": ("who", "cause"),
    "close": ("who",),
}
_KEEPS["more"] = _KEEPS["middle"]
_KINDS = {".": "punctuation", EOS: "end"}
#: Share of the cause among the sentences of the middle, as long as there is none.
_CAUSE = Fraction(3, 10)


class Table(NamedTuple):
    """A node's probabilities on one date."""

    cumulative: list[float]
    log: list[float]
    p: list[float]
    last: int  # the last possible word


@dataclass(eq=False)
class Node:
    """An open place in a story: the words that may come (all different) and what each of them is and changes."""

    fork: Fork
    context: Context  # only what the rest of the sentence reads
    note: Any
    parts: list[tuple[Fraction, Slot | None, tuple[Any, ...]]]  # (share, slot, what it reads); None: the word itself
    words: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    depends: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    edges: list[int] = field(default_factory=list)  # which edge of the fork each word belongs to
    sets: list[dict[str, Any] | None] = field(default_factory=list)  # changes of the context
    next: list["Node | None"] = field(default_factory=list)  # None: not compiled, or the sentence is over
    index: dict[str, int] = field(default_factory=dict)
    tables: dict[int, Table] = field(default_factory=dict)  # by date (0 where no date matters), shared by nodes alike
    dated: bool = False


class Automaton:
    """Compiles templates and slots under one configuration; `start`, `table` and `follow` are all that a walk needs."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.slots = make_slots(config)
        self._forks = Forks()
        self._needs: dict[Fork, frozenset[str]] = {}
        self._roots: dict[tuple[str, bool, bool], Fork] = {}
        self._nodes: dict[Any, Node] = {}
        self._tables: dict[Any, dict[int, Table]] = {}
        self._entered: dict[tuple[str, Context], tuple[Node, Context]] = {}
        self.start, self.empty = self.enter("opening", Context())

    def enter(self, section: str, context: Context) -> tuple[Node, Context]:
        """The first node of a section, and the context without what is no longer needed."""
        key = section, context
        if key not in self._entered:
            kept = {name: getattr(context, name) for name in _KEEPS.get(section, ())}
            if section == "more":
                section, kept["told"] = "middle", context.told + 1
            after = Context(**kept)
            full = section == "middle" and after.told >= self.config.max_between
            root = self._root(section, section == "middle" and bool(after.cause), full)
            self._entered[key] = self._node(root, after, None), after
        return self._entered[key]

    def follow(self, node: Node, i: int, context: Context) -> tuple[Node | None, Context]:
        """(node, context) behind the node's i-th word; no node after the last word of a story."""
        changes = node.sets[i]
        if changes:
            context = context._replace(**changes)
        after = node.next[i]
        if after is not None:
            return after, context
        section = self.ends(node, i)
        if section is None:
            return self._grow(node, i), context
        return (None, context) if section == "" else self.enter(section, context)

    def ends(self, node: Node, i: int) -> str | None:
        """The section after the i-th word if that ends a sentence ("" if it ends the story), else None."""
        return node.fork.edges[node.edges[i]][2].follows

    def table(self, node: Node, date: int) -> Table:
        date = date if node.dated else 0
        if date not in node.tables:
            p: list[float] = []
            for share, slot, read in node.parts:
                weight = float(share)
                p += [weight * q for q in slot.shares(date, *read)] if slot else [weight]
            node.tables[date] = _tabulate(p)
        return node.tables[date]

    def _root(self, section: str, caused: bool, full: bool) -> Fork:
        """The first fork of a section's sentences; the middle depends on what has been told already."""
        key = (section, caused, full)
        if key not in self._roots:
            parts = [(Fraction(1), SECTIONS[section])] if section != "middle" else self._middle(caused, full)
            self._roots[key] = self._forks.join(
                mixture([p for p in parts if p[0] > 0], self.config.optional, self.config.ways)
            )
        return self._roots[key]

    def _middle(self, caused: bool, full: bool) -> list[tuple[Fraction, list[Template]]]:
        between = Fraction(0) if full else Fraction(str(self.config.between))
        more = between / (1 + between)
        cause = Fraction(0) if caused else more * _CAUSE
        told = SECTIONS["told"][: self.config.told]
        return [(1 - more, SECTIONS["thing"]), (cause, SECTIONS["cause"]), (more - cause, told)]

    def _reads(self, fork: Fork) -> frozenset[str]:
        """Fields of the context that the rest of the sentence from this fork may read."""
        if fork not in self._needs:
            reads = {name for symbol, _, _ in fork.edges if (slot := self._slot(symbol)) for name in slot.reads}
            self._needs[fork] = frozenset(reads.union(*(self._reads(after) for _, _, after in fork.edges)))
        return self._needs[fork]

    def _slot(self, symbol: str) -> Slot | None:
        return self.slots[symbol[1:-1]] if symbol[0] == "{" else None

    def _node(self, fork: Fork, context: Context, note: Any) -> Node:
        needs = self._reads(fork)
        only = Context(**{name: getattr(context, name) for name in Context._fields if name in needs})
        key = fork, only, note if "note" in needs else None
        if key not in self._nodes:
            self._nodes[key] = self._compile(*key)
        return self._nodes[key]

    def _compile(self, fork: Fork, context: Context, note: Any) -> Node:
        node = Node(fork, context, note, [])
        for number, (symbol, share, _) in enumerate(fork.edges):
            slot = self._slot(symbol)
            read = tuple(note if name == "note" else getattr(context, name) for name in slot.reads) if slot else ()
            words = list(slot.words(*read)) if slot else [symbol]
            node.parts.append((share, slot, read))
            node.words += words
            node.kinds += [slot.kind if slot else _KINDS.get(symbol, "function")] * len(words)
            node.depends += [slot.depends if slot else ""] * len(words)
            node.marks += [slot.marks if slot else ""] * len(words)
            node.edges += [number] * len(words)
            node.sets += [_changes(slot, note, word) for word in words]
            node.dated = node.dated or bool(slot and slot.dated)
        node.next = [None] * len(node.words)
        node.index = {word: i for i, word in enumerate(node.words)}
        if len(node.index) != len(node.words):
            raise AssertionError(f"a word has two readings among {node.words}")
        node.tables = self._tables.setdefault((fork, *(read for _, _, read in node.parts)), {})
        return node

    def _grow(self, node: Node, i: int) -> Node:
        """Compiles the node behind the i-th word, inside a sentence."""
        symbol, _, fork = node.fork.edges[node.edges[i]]
        slot, context, note = self._slot(symbol), node.context, node.note
        if slot:
            note = slot.sets(note, node.words[i]).get("note", note)
        after = self._node(fork, context._replace(**(node.sets[i] or {})), note)
        node.next[i] = after
        return after


def _changes(slot: Slot | None, note: Any, word: str) -> dict[str, Any] | None:
    """What a word changes in the context (not in the note, which ends with the sentence)."""
    changes = slot.sets(note, word) if slot else {}
    return {name: value for name, value in changes.items() if name != "note"} or None


def _tabulate(p: list[float]) -> Table:
    total = math.fsum(p)
    p = [q / total for q in p]
    log = [math.log(q) if q > 0 else -math.inf for q in p]
    return Table(list(itertools.accumulate(p)), log, p, max(i for i, q in enumerate(p) if q > 0))
