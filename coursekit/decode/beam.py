"""Beam search: the `width` best hypotheses of one length go on side by side.

Graves 2012, "Sequence transduction with recurrent neural networks", section 2.5; Sutskever, Vinyals & Le 2014,
section 3.2. At each step every live hypothesis is continued by every word; of all continuations

- those that end in <eos> and stand among the `width` best leave the beam for the finished ones,
- the `width` best of the others stay alive: a finished hypothesis never costs a live one its place,

and finished ones compete by log p(y) / |y|^alpha, |y| with <eos>: longer outputs have lower p, and plain beam search
(alpha = 0) favours short ones. The rules, when to stop included, are those of transformers 5's beam search, and so are
the results, but for the order of exact ties, which there is left to torch.topk. The memory grows `width`-fold, the
number of steps not at all.

All live hypotheses of all sentences make one batch, which shrinks as sentences end.
Letters: S sentences that still run, K live hypotheses of each, V vocabulary, N candidates.
"""

import math
from dataclasses import dataclass, field
from itertools import groupby
from numbers import Integral, Real
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit.decode.interface import (
    Hypothesis,
    Stepper,
    check_count,
    check_length,
    first_ids,
    log_probabilities,
    without_dropout,
)

EarlyStopping = bool | str  # True, False or "never"


class Candidate(NamedTuple):
    """A continuation that a step looked at: one node of the search tree, whose root is node 0.

    `log_p` is that of `token` given what stands before it, `log_prob` that of all from the root, and
    `score` = log_prob / length^alpha. `rank` counts from 0, the best of its step. `fate`: "kept" (lives on),
    "finished" (ended, among the best), "cut" (reached the greatest length, among the best) or "dropped".
    """

    node: int
    parent: int
    step: int
    rank: int
    token: int
    log_p: float
    log_prob: float
    score: float
    fate: str

    @property
    def kept(self) -> bool:
        return self.fate == "kept"

    @property
    def finished(self) -> bool:
        return self.fate == "finished"


@dataclass(frozen=True)
class _Rules:
    eos: int | None
    max_length: int
    width: int
    expansions: int | None
    length_penalty: float | int
    early_stopping: EarlyStopping
    show: int = 0

    def __post_init__(self) -> None:
        check_length(self.max_length)
        check_count("width", self.width, "makes a beam of no hypothesis: take 1 (greedy) or a larger whole number.")
        if self.expansions is not None:
            check_count("expansions", self.expansions, "continue nothing: take 1 or more, or None for all words.")
        if not isinstance(self.length_penalty, Real) or not abs(self.length_penalty) <= 10:  # 1e6^10 is a number still
            raise ValueError(f"length_penalty = {self.length_penalty!r} is no power of a length: take 0 (none) to 2.")
        if self.early_stopping not in (True, False, "never"):
            raise ValueError(f'early_stopping = {self.early_stopping!r} is unknown: take True, False or "never".')

    @property
    def listed(self) -> int:
        """Candidates that a step looks at: 2 width are enough, as at most `width` of them end."""
        return max(2 * self.width, self.show)

    def score(self, log_prob: float, length: int) -> float:
        return log_prob / length ** float(self.length_penalty)


@dataclass
class _Search:
    """The beam of one sentence. `slots`: where the parents of the live ones stood in the beam before."""

    rules: _Rules
    nodes: list[Candidate] = field(default_factory=lambda: [Candidate(0, -1, 0, 0, -1, 0.0, 0.0, 0.0, "kept")])
    live: list[Candidate] = field(init=False)
    slots: list[int] = field(init=False)
    ended: list[Candidate] = field(default_factory=list)  # finished or cut, the best first
    running: bool = True

    def __post_init__(self) -> None:
        self.live, self.slots = self.nodes[:], [0]

    def advance(self, step: int, found: list[tuple[int, int, float, float]]) -> None:
        """One step further: the fate of each (slot of the parent, token, log_p, log_prob), the best first."""
        before, self.live, self.slots = self.live, [], []
        for rank, (slot, token, log_p, log_prob) in enumerate(found):
            fate = self._fate(step, rank, token)
            score = self.rules.score(log_prob, step)
            parent = before[slot].node
            made = Candidate(len(self.nodes), parent, step, rank, token, log_p, log_prob, score, fate)
            self.nodes.append(made)
            if fate == "kept":
                self.live.append(made)
                self.slots.append(slot)
            elif fate != "dropped":
                self.ended.append(made)
        self.ended = sorted(self.ended, key=lambda c: -c.score)[: self.rules.width]  # the earlier of equals first
        self.running = self._can_improve(step)

    def _fate(self, step: int, rank: int, token: int) -> str:
        """What becomes of a candidate, those of better rank being placed already."""
        if token == self.rules.eos or step == self.rules.max_length:
            return "dropped" if rank >= self.rules.width else "finished" if token == self.rules.eos else "cut"
        return "kept" if len(self.live) < self.rules.width else "dropped"

    def _can_improve(self, step: int) -> bool:
        """Whether the best live hypothesis may still overtake the worst of `width` ended ones.

        False supposes that it would end at its present length, "never" that it may take the length that suits it
        best without getting less probable; True stops at `width` ended ones.
        """
        r = self.rules
        if not self.live or len(self.ended) < r.width:
            return bool(self.live)
        # Wide beams wait for better ones; a beam of 1 that did would not be greedy (nor is it in transformers).
        if r.early_stopping not in (False, "never") or r.width == 1:
            return False
        length = r.max_length if r.early_stopping == "never" and r.length_penalty > 0 else step
        return r.score(self.live[0].log_prob, length) > self.ended[-1].score

    def hypothesis(self, end: Candidate) -> Hypothesis:
        """The way from the root to `end`."""
        path = [end]
        while path[-1].parent > 0:
            path.append(self.nodes[path[-1].parent])
        tokens, log_probs = [c.token for c in reversed(path)], [c.log_p for c in reversed(path)]
        return Hypothesis(tokens[:-1] if end.finished else tokens, log_probs, end.finished, end.score)


def beam_search(
    model: Stepper,
    state: Any,
    *,
    bos: int | Int[Tensor, " B"],
    eos: int | None,
    max_length: int,
    width: int = 4,
    expansions: int | None = None,
    length_penalty: float | int = 1.0,
    early_stopping: EarlyStopping = False,
    n_best: int = 1,
    batch: int = 1,
) -> list[list[Hypothesis]]:
    """The `n_best` best outputs of each row, the best first (fewer where there are not as many).

    `width` hypotheses survive each step (1 is greedy); each is continued by its `expansions` best words besides the
    end token, None by all, which as many as `width` equal. score = log_prob / length ** length_penalty; 0 is plain
    beam search. `early_stopping`: stop at `width` ended hypotheses (True), when the best live one scores no better
    than the worst of them (False), or when no longer output could ("never"). `bos`, `eos`, `batch` as in `greedy`;
    of equals the one that continues the better hypothesis goes first, then the one of lower id.
    """
    rules = _Rules(eos, max_length, width, expansions, length_penalty, early_stopping)
    if not isinstance(n_best, Integral) or not 1 <= n_best <= width:
        raise ValueError(f"n_best = {n_best!r} outputs do not fit a beam of width {width}: take 1 to the width.")
    searches = _run(model, state, first_ids(model, bos, batch), rules)
    return [[search.hypothesis(end) for end in search.ended[:n_best]] for search in searches]


def beam_trace(
    model: Stepper,
    state: Any,
    *,
    bos: int | Int[Tensor, " B"],
    eos: int | None,
    max_length: int,
    width: int = 4,
    expansions: int | None = None,
    length_penalty: float | int = 1.0,
    early_stopping: EarlyStopping = False,
    batch: int = 1,
    show: int = 0,
) -> list[list[list[Candidate]]]:
    """The search of `beam_search` as a tree: for each row, for each step, its candidates, the best first.

    A step lists the 2 `width` candidates that it needs, or `show` if that is more.
    """
    rules = _Rules(eos, max_length, width, expansions, length_penalty, early_stopping, show)
    searches = _run(model, state, first_ids(model, bos, batch), rules)
    return [
        [list(step) for _, step in groupby(search.nodes[1:], key=lambda candidate: candidate.step)]
        for search in searches
    ]


@torch.inference_mode()
def _run(model: Stepper, state: Any, ids: Int[Tensor, " B"], rules: _Rules) -> list[_Search]:
    searches = [_Search(rules) for _ in ids]
    running, step, k = searches, 0, 1
    with without_dropout(model):
        while running:
            step += 1
            logits, state = model.step(ids, state)
            log_p = log_probabilities(logits, len(ids), rules.eos)  # S K, V
            for search, found in zip(running, _candidates(log_p, _totals(running, k), rules), strict=True):
                search.advance(step, found)
            before, running = running, [search for search in running if search.running]
            if running:
                rows, tokens, k = _next_batch(before, k)
                ids = torch.tensor(tokens, device=ids.device)
                state = model.select(state, torch.tensor(rows, device=ids.device))
    return searches


def _totals(running: list[_Search], k: int) -> Float[Tensor, "S K"]:
    """log p of each live hypothesis; -inf in the slots of a beam that has fewer."""
    rows = [[c.log_prob for c in s.live] + [-math.inf] * (k - len(s.live)) for s in running]
    return torch.tensor(rows, dtype=torch.float64)


def _candidates(
    log_p: Float[Tensor, "R V"], totals: Float[Tensor, "S K"], rules: _Rules
) -> list[list[tuple[int, int, float, float]]]:
    """The best continuations of each sentence: (slot of the parent, token, log p of it, log p of all)."""
    if rules.expansions is not None:
        log_p = _best_words(log_p, rules.expansions, rules.eos)
    (s, k), v = totals.shape, log_p.size(1)
    extended = (totals.to(log_p.device)[:, :, None] + log_p.view(s, k, v)).flatten(1)  # S, K V
    total, index = _top(extended, min(rules.listed, k * v))  # S, N
    word = log_p.view(s, k * v).gather(1, index)
    columns = ((index // v).tolist(), (index % v).tolist(), word.tolist(), total.tolist())
    return [
        [candidate for candidate in zip(*row, strict=True) if candidate[-1] > -math.inf]
        for row in zip(*columns, strict=True)
    ]


def _top(values: Float[Tensor, "S M"], n: int) -> tuple[Float[Tensor, "S N"], Int[Tensor, "S N"]]:
    """torch.topk, but of equal values the one of lower index comes first, also where the cut goes through them."""
    top, index = values.topk(n)
    edge = top[:, -1:]
    if (((values == edge).sum(1) > (top == edge).sum(1)) & (edge[:, 0] > -math.inf)).any():
        top, index = values.sort(dim=1, descending=True, stable=True)  # rare, and slower
        return top[:, :n], index[:, :n]
    index, order = index.sort(1)
    top, order = top.gather(1, order).sort(dim=1, descending=True, stable=True)
    return top, index.gather(1, order)


def _best_words(log_p: Float[Tensor, "R V"], n: int, eos: int | None) -> Float[Tensor, "R V"]:
    """-inf for all words of a row but the n best and the end token."""
    words = log_p.clone()
    if eos is not None:
        words[:, eos] = -math.inf
    kept = _top(words, min(n, words.size(1)))[1]
    limited = torch.full_like(log_p, -math.inf).scatter(1, kept, log_p.gather(1, kept))
    if eos is not None:
        limited[:, eos] = log_p[:, eos]
    return limited


def _next_batch(before: list[_Search], k: int) -> tuple[list[int], list[int], int]:
    """The rows of the state to go on from, the tokens to read, and how many rows a sentence has now.

    A beam with fewer live hypotheses than the largest repeats its first, in slots that count for nothing.
    """
    most = max(len(search.live) for search in before if search.running)
    rows: list[int] = []
    tokens: list[int] = []
    for place, search in enumerate(before):
        if search.running:
            spare = most - len(search.live)
            rows += [place * k + slot for slot in search.slots + search.slots[:1] * spare]
            tokens += [c.token for c in search.live + search.live[:1] * spare]
    return rows, tokens, most
