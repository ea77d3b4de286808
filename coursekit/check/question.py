"""A question as the checker sees it: cases, expected outcomes and the outcomes of well-known mistakes."""

import hashlib
from dataclasses import dataclass, field, fields
from typing import Any

from coursekit.check.values import decode, encode

KINDS = ("function", "class", "choice", "number", "order", "counterexample")


@dataclass(frozen=True)
class Token:
    """Digests that stand for a choice or a number, so that nobody reads the answer in the data by accident.

    An answer may carry several (a number's neighbours on its grid); the wanted token carries one.
    """

    digests: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """What one case gave: a value, or the name of the exception it raised."""

    value: Any = None
    raised: str = ""
    message: str = ""
    line: int = 0
    printed: str = ""
    changed: bool = False

    def to_json(self) -> dict[str, Any]:
        if self.raised:
            return {"raises": self.raised}
        if isinstance(self.value, Token):
            return {"digest": min(self.value.digests)}
        return {"value": encode(self.value)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Outcome":
        if "raises" in data:
            return cls(raised=data["raises"])
        if "digest" in data:
            return cls(value=Token(frozenset([data["digest"]])))
        return cls(value=decode(data["value"]))


@dataclass(frozen=True)
class Case:
    """Arguments of one call; of a class: the constructor's, and then the calls (method, argument, ...)."""

    args: tuple = ()
    calls: tuple = ()
    about: str = ""

    def to_json(self) -> dict[str, Any]:
        return {"args": encode(list(self.args)), "calls": encode([list(c) for c in self.calls]), "about": self.about}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Case":
        calls = tuple(tuple(c) for c in decode(data["calls"]))
        return cls(tuple(decode(data["args"])), calls, data["about"])


@dataclass
class Question:
    """One question. `bank` pairs each hint with the outcomes of its mistake on the same cases."""

    name: str
    kind: str
    title: str
    points: int
    minutes: int
    difficulty: int
    section: str
    answer: str
    given: str = ""
    uses: list[str] = field(default_factory=list)
    options: str = ""
    lines: dict[str, str] = field(default_factory=dict)
    properties: list[str] = field(default_factory=list)
    rtol: float = 1e-6
    atol: float = 1e-9
    grid: float = 1e-3
    seconds: float = 10.0
    keep_input: bool = False
    cases: list[Case] = field(default_factory=list)
    expected: list[Outcome] = field(default_factory=list)
    bank: list[tuple[str, list[Outcome]]] = field(default_factory=list)

    def token(self, *texts: str) -> Token:
        """The token of canonical texts, salted with the question's name and title."""
        salted = (f"{self.name}|{self.title}|{text}" for text in texts)
        return Token(frozenset(hashlib.sha256(text.encode()).hexdigest()[:16] for text in salted))

    def to_json(self) -> dict[str, Any]:
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("cases", "expected", "bank")}
        bank = [{"hint": hint, "outcomes": [o.to_json() for o in outcomes]} for hint, outcomes in self.bank]
        cases, expected = ([x.to_json() for x in xs] for xs in (self.cases, self.expected))
        return {**plain, "cases": cases, "expected": expected, "bank": bank}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Question":
        plain = {k: v for k, v in data.items() if k not in ("cases", "expected", "bank")}
        bank = [(entry["hint"], [Outcome.from_json(o) for o in entry["outcomes"]]) for entry in data["bank"]]
        cases = [Case.from_json(c) for c in data["cases"]]
        if len(data["expected"]) != max(1, len(cases)):  # what has no expected outcome could not fail
            raise ValueError("each case needs its expected outcome")
        return cls(**plain, cases=cases, expected=[Outcome.from_json(o) for o in data["expected"]], bank=bank)
