"""Few-shot prompts whose right answer is known: a rule is drawn for each prompt, examples show it, a query asks for it.

    dog apple saw -> dog ; fox cake key -> fox ; lemon spade owl ->

Is it the animal, or the first word? The rules of a family are finite in number and equally likely, so what the examples
leave open is known exactly: the share of each answer among the rules that fit them all (Bayes). No reader, however
large, answers better. Some rules are never used in training: combinations whose parts it has seen.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, permutations, product
from operator import itemgetter
from random import Random
from typing import NamedTuple

from coursekit.data import pair_words as lexicon
from coursekit.data.automaton import EOS
from coursekit.errors import CourseError

Input = tuple[str, ...]
#: Of each set of rules that a reader cannot tell apart yet: for every rule the first one that is in its set.
Partition = tuple[int, ...]

ARROW, NEXT, COLON = "->", ";", ":"
_KINDS = {
    "animal": "dog cat bird horse rabbit donkey fox owl",
    "food": "apple orange cake egg lemon pear tomato mushroom",
    "tool": "hammer saw spade ladder knife spoon key rope",
    "place": "garden market beach park forest station lake castle",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_NOUNS = {n.name: n for n in [*lexicon.THINGS, *lexicon.BEINGS, *(place.noun for place in lexicon.PLACES)]}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COUNT = ("one", "two", "three", "four", "five", "six")
_SAID, _MEANT = ("bim", "dax", "wug", "zop"), ("nel", "kof", "tiv", "rul")


class Rule(NamedTuple):
    """What is to be done: told in words, and done."""

    says: str
    answer: Callable[[Input], str]
    held_out: bool  # never used in training


class Learning(NamedTuple):
    """What the best reader reaches, on average over rules, examples and queries."""

    accuracy: float
    nats: float  # mean of -log p(answer)


@dataclass(frozen=True)
class Prompt:
    """A prompt and its answer. `answers` is what the best reader believes at its end."""

    family: str
    rule: str  # in words
    told: bool  # whether the prompt begins with the rule
    examples: list[tuple[Input, str]]
    query: Input
    answer: str
    answers: dict[str, float]  # answer -> exact probability, given all that the prompt shows
    logprob: list[float]  # log p, nats, of each example's answer given all before it, last the query's

    @property
    def tokens(self) -> list[str]:
        """The prompt: all that stands before the answer."""
        told = [*self.rule.split(), COLON] if self.told else []
        return [*told, *(w for x, y in self.examples for w in (*x, ARROW, y, NEXT)), *self.query, ARROW]

    @property
    def sequence(self) -> list[str]:
        """To train on: the prompt, its answer and the end."""
        return [*self.tokens, self.answer, EOS]

    @property
    def places(self) -> list[int]:
        """Where in `sequence` the answers stand, which `logprob` is about."""
        return [i + 1 for i, word in enumerate(self.sequence) if word == ARROW]


class Family:
    """Rules about inputs of one kind. Inputs are drawn evenly and independently of the rule and of each other.

    Families are few and stay as long as the program: what they have computed is kept.
    """

    def __init__(self, name: str, inputs: Iterable[Input], rules: Iterable[Rule]) -> None:
        self.name, self.inputs, self.rules = name, list(inputs), list(rules)

    def known(self, split: str) -> list[Rule]:
        """The rules of a split ("test": those held out), or of "all"."""
        if split not in ("train", "validation", "test", "all"):
            raise CourseError(f"split={split!r} is not possible: give 'train', 'validation', 'test' or 'all'.")
        return [rule for rule in self.rules if split == "all" or rule.held_out == (split == "test")]

    def answers(self, examples: Sequence[tuple[Input, str]], query: Input, split: str = "all") -> dict[str, float]:
        """p(answer | examples, query) for who holds the rules of this split for equally likely; {} if none fits."""
        fits = [rule for rule in self.known(split) if all(rule.answer(x) == y for x, y in examples)]
        votes = Counter(rule.answer(query) for rule in fits)
        return {answer: n / len(fits) for answer, n in votes.most_common()}

    def chance(self, split: str = "all") -> float:
        """The best accuracy without examples: the answer to each query that most rules give."""
        return self.learning(0, split).accuracy

    def learning(self, examples: int, split: str = "all") -> Learning:
        """What the best reader reaches after so many examples, exact: a sum over all inputs and rules.

        An example only tells sets of rules apart, so many inputs are one: a few partitions stand for all prompts.
        """
        kinds, after = self._kinds(split), self._after(examples, split)
        accuracy, nats = 0.0, 0.0
        for (open_, p), (query, q) in product(after.items(), kinds.items()):
            votes: dict[int, Counter[int]] = defaultdict(Counter)
            for one, answer in zip(open_, query, strict=True):
                votes[one][answer] += 1
            for counts in votes.values():
                total = counts.total()
                share = p * q / len(query)
                accuracy += share * max(counts.values())
                nats += share * math.fsum(n * math.log(total / n) for n in counts.values())
        return Learning(accuracy, nats)

    @lru_cache(maxsize=4)  # noqa: B019
    def _kinds(self, split: str) -> dict[Partition, float]:
        """Which rules an input tells apart, and the share of the inputs that do so."""
        rules = self.known(split)
        found = Counter(_partition([rule.answer(x) for rule in rules]) for x in self.inputs)
        return {kind: n / len(self.inputs) for kind, n in found.items()}

    @lru_cache(maxsize=300)  # noqa: B019
    def _after(self, examples: int, split: str) -> dict[Partition, float]:
        """Which rules are told apart after so many examples, each way with its probability."""
        if examples == 0:
            return {(0,) * len(self.known(split)): 1.0}
        out: dict[Partition, float] = defaultdict(float)
        for (open_, p), (kind, q) in product(self._after(examples - 1, split).items(), self._kinds(split).items()):
            out[_partition(list(zip(open_, kind, strict=True)))] += p * q
        return dict(out)


def _partition(answers: Sequence[object]) -> Partition:
    first: dict[object, int] = {}
    return tuple(first.setdefault(answer, i) for i, answer in enumerate(answers))


# -- the families


def _pick() -> Family:
    """Three nouns: one is picked by its place or its kind, and said as it is, in the plural, in French or German."""
    kinds = ("animal", "food", "tool")
    picks: dict[str, Callable[[Input], str]] = {
        **{f"the {n} word": itemgetter(i) for i, n in enumerate(("first", "second", "third"))},
        **{f"the {kind}": _of_kind(kind) for kind in kinds},
    }
    forms: dict[str, Callable[[str], str]] = {
        "": str,
        " in the plural": lambda word: _NOUNS[word].en[0].many,
        " in french": lambda word: _NOUNS[word].fr[0].one,
        " in german": lambda word: _NOUNS[word].de[0].one,
    }
    inputs = [x for three in product(*(_KINDS[k].split() for k in kinds)) for x in permutations(three)]
    rules = [
        Rule(pick + form, _both(picks[pick], forms[form]), (i + 1) % 4 == j)  # each pick and each form is in training
        for (i, pick), (j, form) in product(enumerate(picks), enumerate(forms))
    ]
    return Family("pick", inputs, rules)


def _of_kind(kind: str) -> Callable[[Input], str]:
    return lambda x: next(word for word in x if _KIND_OF[word] == kind)


def _both(pick: Callable[[Input], str], form: Callable[[str], str]) -> Callable[[Input], str]:
    return lambda x: form(pick(x))


def _listed(says: str, table: dict[str, str], held_out: bool) -> Rule:
    """A rule about single words, written down word by word."""
    return Rule(says, lambda x: table[x[0]], held_out)


def _later() -> Family:
    """The day that is one to six days later."""
    rules = [
        _listed(f"{count} later", {day: _DAYS[(i + n) % 7] for i, day in enumerate(_DAYS)}, n in (3, 5))
        for n, count in enumerate(_COUNT, 1)
    ]
    return Family("later", [(day,) for day in _DAYS], rules)


def _sort() -> Family:
    """Yes for the nouns of some kinds, no for the others."""
    rules = []
    for n in (1, 2, 3):
        for yes in combinations(_KINDS, n):
            held_out = n == 2 and ("animal" in yes) != ("food" in yes)
            table = {word: "yes" if kind in yes else "no" for word, kind in _KIND_OF.items()}
            rules.append(_listed(f"yes for {' and '.join(yes)}", table, held_out))
    return Family("sort", [(word,) for word in _KIND_OF], rules)


def _code() -> Family:
    """Four invented words, each of which means one of four others."""
    rules = []
    for k, meant in enumerate(permutations(_MEANT)):
        table = dict(zip(_SAID, meant, strict=True))
        rules.append(_listed(" and ".join(f"{word} is {means}" for word, means in table.items()), table, k % 4 == 3))
    return Family("code", [(word,) for word in _SAID], rules)


FAMILIES = {family.name: family for family in (_pick(), _later(), _sort(), _code())}


class Prompts:
    """Prompts without end: `Prompts("train").take(n)`, an even mixture of families.

    `examples` is their number, or the fewest and the most; `told` the share of prompts that begin with the rule in
    words (1 and no examples: zero-shot). Who reads a split knows its rules ("test": those held out, and no others).
    """

    def __init__(
        self, split: str = "train", examples: int | tuple[int, int] = (0, 8), told: float | int = 0.0,
        families: Sequence[str] = tuple(FAMILIES), seed: int | str = 0,
    ) -> None:  # fmt: skip
        self.span = tuple(examples) if isinstance(examples, (tuple, list)) else (examples, examples)
        whole = all(isinstance(k, int) and not isinstance(k, bool) for k in self.span)
        if len(self.span) != 2 or not whole or not 0 <= self.span[0] <= self.span[1] <= 64:
            raise CourseError(f"examples={examples!r} is not possible: give 0 to 64, or a pair (fewest, most) of them.")
        if not isinstance(told, (int, float)) or not 0 <= told <= 1:
            raise CourseError(f"told={told!r} is not possible: give a share from 0 to 1.")
        if isinstance(families, str) or not families or any(name not in list(FAMILIES) for name in families):
            raise CourseError(f"families={families!r} is not possible: give some of {', '.join(FAMILIES)}.")
        self.split, self.told = split, told
        self.families = [FAMILIES[name] for name in families]
        self.rules = {family.name: family.known(split) for family in self.families}
        self.random = Random(f"{seed} {split} prompts")

    def take(self, n: int) -> list[Prompt]:
        return [self.prompt() for _ in range(n)]

    def prompt(self) -> Prompt:
        random = self.random
        family = random.choice(self.families)
        rule, told = random.choice(self.rules[family.name]), random.random() < self.told
        inputs = [random.choice(family.inputs) for _ in range(random.randint(*self.span) + 1)]
        return make_prompt(family, rule, inputs, told, self.split)


def make_prompt(family: Family, rule: Rule, inputs: Sequence[Input], told: bool = False, split: str = "all") -> Prompt:
    """The prompt that shows these inputs, the last of them as its query, to who knows the rules of a split."""
    fits = [rule] if told else family.known(split)
    logprob, shares = [], {}
    for x in inputs:
        votes, right = Counter(one.answer(x) for one in fits), rule.answer(x)
        shares = {answer: n / len(fits) for answer, n in votes.most_common()}
        logprob.append(math.log(shares[right]))
        fits = [one for one in fits if one.answer(x) == right]
    *shown, query = inputs
    examples = [(x, rule.answer(x)) for x in shown]
    return Prompt(family.name, rule.says, told, examples, query, rule.answer(query), shares, logprob)
