"""Word vectors after training: neighbours, analogies, and the two text formats that the field shares them in.

Mikolov, Yih & Zweig 2013, "Linguistic regularities in continuous space word representations" (the offset method); Levy
& Goldberg 2014, "Linguistic regularities in sparse and explicit word representations" (3CosAdd and 3CosMul); Linzen
2016, "Issues in evaluating semantic spaces using word analogies" (what a and the offset really add).

"a is to b as c is to ?": with vectors of length 1 the answer is the word whose cosine with v(b) - v(a) + v(c) is the
largest, a, b and c themselves left out. Letters: V words, D width, Q questions.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit.data.analogies import Analogy
from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.text.vocab import SPECIALS, Vocab

#: How a candidate d is scored for "a is to b as c is to d" (see `WordVectors.analogy`).
METHODS = ("add", "mul", "only b", "only c")
#: So many scores (questions x words) are held at a time.
MOST_SCORES = 1 << 24


class WordVectors:
    """A table of words and vectors, V x D. The four special words of a `Vocab` are no words and are left out."""

    def __init__(self, vectors: Float[Tensor, "V D"], vocab: Vocab | Sequence[str]) -> None:
        """Raises ValueError if the two differ in number, a word stands twice or a number is not finite."""
        checked(vectors)
        words = vocab.words if isinstance(vocab, Vocab) else list(vocab)
        if len(words) != len(vectors):
            raise ValueError(f"{len(vectors)} vectors cannot belong to {len(words)} words: give as many of each.")
        keep = [i for i, word in enumerate(words) if word not in SPECIALS]
        self.words = [words[i] for i in keep]
        self.vectors = vectors.detach().cpu()[keep]
        self._row = {word: row for row, word in enumerate(self.words)}
        if len(self._row) < len(self.words):
            twice = next(word for row, word in enumerate(self.words) if self._row[word] != row)
            raise ValueError(f"the word {twice!r} stands twice: each word has one vector.")
        if not self.vectors.isfinite().all():
            row = int((~self.vectors.isfinite()).any(1).nonzero()[0])
            raise ValueError(f"the vector of {self.words[row]!r} holds a number that is not finite.")
        self._unit = unit(self.vectors)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._row

    def __getitem__(self, word: str) -> Float[Tensor, " D"]:
        return self.vectors[self._find(word)]

    def similarity(self, one: str, other: str) -> float:
        """The cosine between two words' vectors; 0 where one of them is zero."""
        return float(self._unit[self._find(one)] @ self._unit[self._find(other)])

    def nearest(self, what: str | Float[Tensor, " D"], k: int = 10) -> list[tuple[str, float]]:
        """The `k` words of the largest cosine with a word (itself left out) or a vector, the best first."""
        if isinstance(what, str):
            row = self._find(what)
            return self._best(self._unit @ self._unit[row], [row], k)
        if what.shape != self.vectors.shape[1:]:
            raise ValueError(f"a vector of {what.numel()} numbers: these have {self.vectors.shape[1]}.")
        if not what.isfinite().all():
            raise ValueError("a vector with a number that is not finite is near nothing.")
        return self._best(self._unit @ unit(what[None].to(self._unit))[0], [], k)

    def analogy(self, a: str, b: str, c: str, k: int = 1, method: str = "add") -> list[tuple[str, float]]:
        """The `k` best d for "a is to b as c is to d", with their scores; a, b and c are left out.

        "add"     3CosAdd: cos(d, b - a + c), as v(Paris) - v(France) + v(Italy) with a = France, b = Paris, c = Italy
        "mul"     3CosMul: cos(d, b) cos(d, c) / (cos(d, a) + .001), each cosine first moved to 0 .. 1
        "only b"  cos(d, b), "only c" cos(d, c): neighbours, without any analogy. What they score, geometry has not won.
        """
        rows = torch.tensor([[self._find(word) for word in (a, b, c)]])
        return self._best(self._scores(rows, method)[0], rows[0].tolist(), k)

    def accuracy(self, questions: Iterable[Analogy], method: str = "add") -> dict[str, float]:
        """Share of right first answers, by category and over "all" questions.

        Raises ValueError at a word without a vector: choose by `knows` first, so that what is left out is counted.
        """
        questions = list(questions)
        if not questions:
            raise ValueError("there is no question to answer: ask at least one.")
        rows = torch.tensor([[self._find(word) for word in (q.a, q.b, q.c)] for q in questions])
        hits = defaultdict(list)
        best = [
            self._scores(part, method).scatter(1, part, -torch.inf).argmax(1)
            for part in rows.split(max(1, MOST_SCORES // len(self)))
        ]
        for question, row in zip(questions, torch.cat(best).tolist(), strict=True):
            hits[question.category].append(self.words[row] in question.answers - self._asked(question))
        every = [hit for found in hits.values() for hit in found]
        return {name: sum(found) / len(found) for name, found in [*hits.items(), ("all", every)]}

    def chance(self, questions: Iterable[Analogy]) -> dict[str, float]:
        """The accuracy of a word drawn from all but a, b and c."""
        shares = defaultdict(list)
        for q in questions:
            asked = self._asked(q)
            share = len((q.answers - asked) & self._row.keys()) / (len(self) - len(asked))
            shares[q.category].append(share)
            shares["all"].append(share)
        if not shares:
            raise ValueError("there is no question to answer: ask at least one.")
        return {name: sum(found) / len(found) for name, found in shares.items()}

    def _asked(self, question: Analogy) -> set[str]:
        """The words that are no answers to a question."""
        asked = {question.a, question.b, question.c} & self._row.keys()
        if len(asked) == len(self):
            raise ValueError("no word is left to answer: there are only those of the question.")
        return asked

    def knows(self, question: Analogy) -> bool:
        """The question's three words have vectors, and at least one of its answers."""
        return all(word in self for word in (question.a, question.b, question.c)) and any(
            word in self for word in question.answers
        )

    def save(self, path: str | Path, header: bool = True) -> None:
        """One line a word, "word v_1 ... v_D"; with `header` (word2vec's format, not GloVe's) "V D" goes before."""
        spoilt = next((word for word in self.words if not _is_first(word)), None)
        if spoilt is not None:
            raise ValueError(
                f"the word {spoilt!r} cannot be a line's first: these formats part words by space and line."
            )
        rows = self.vectors.float().numpy()
        lines = [f"{word} {' '.join(map(str, row))}" for word, row in zip(self.words, rows, strict=True)]
        lines = [f"{len(rows)} {rows.shape[1]}", *lines] if header else lines
        try:
            write_atomically(Path(path), "\n".join(lines) + "\n")
        except OSError as error:
            raise CourseError(
                f"cannot write {path} ({error.strerror}): choose a folder that you may write to."
            ) from error

    @classmethod
    def load(cls, path: str | Path, limit: int | None = None) -> "WordVectors":
        """Read word2vec's or GloVe's text format, in float32: all of it, or the first `limit` words.

        A first line of two whole numbers is word2vec's header. A word may hold spaces: numbers are read from the right.
        Of a word that stands twice, as it happens in published files, the first counts.
        """
        if limit is not None and limit < 1:
            raise ValueError(f"limit = {limit} leaves no word: take 1 or more.")
        try:
            with Path(path).open(encoding="utf-8-sig", newline="\n") as file:  # other line ends occur inside words
                words, rows = _parse(path, file, limit)
        except OSError as error:
            raise CourseError(f"cannot read {path} ({error.strerror}): check the path.") from error
        except UnicodeDecodeError as error:
            raise CourseError(f"{path} is not UTF-8 text: word2vec's binary files must be converted first.") from error
        first = {word: row for row, word in reversed(list(enumerate(words)))}
        keep = sorted(first.values())
        return cls(torch.from_numpy(np.stack([rows[row] for row in keep])), [words[row] for row in keep])

    def _find(self, word: str) -> int:
        if word not in self._row:
            near = get_close_matches(str(word), self.words, n=3, cutoff=0.6)
            hint = f"near in spelling: {', '.join(near)}" if near else "none is spelt alike"
            raise ValueError(f"the word {word!r} has no vector among {len(self):,}; {hint}.")
        return self._row[word]

    def _best(self, scores: Float[Tensor, " V"], without: list[int], k: int) -> list[tuple[str, float]]:
        if k < 1:
            raise ValueError(f"k = {k} asks for nothing: take 1 or more.")
        order = scores.argsort(descending=True, stable=True)[: k + len(without)].tolist()
        return [(self.words[row], float(scores[row])) for row in order if row not in without][:k]

    def _scores(self, rows: Int[Tensor, "Q 3"], method: str) -> Float[Tensor, "Q V"]:
        """The score of every word as an answer to (a, b, c)."""
        if method not in METHODS:
            raise ValueError(f"method={method!r} is none of {', '.join(METHODS)}.")
        a, b, c = self._unit[rows].unbind(1)  # Q, D each
        if method == "mul":
            near_a, near_b, near_c = ((1 + x @ self._unit.T) / 2 for x in (a, b, c))
            return near_b * near_c / (near_a + 0.001)
        target = {"add": b - a + c, "only b": b, "only c": c}[method]
        return unit(target) @ self._unit.T


def unit(vectors: Float[Tensor, "V D"]) -> Float[Tensor, "V D"]:
    """The vectors at length 1; zero stays zero. In float64: squares leave the range of shorter numbers."""
    wide = vectors.double()
    return (wide / wide.norm(dim=1, keepdim=True).clamp(min=torch.finfo(wide.dtype).tiny)).to(vectors)


def checked(vectors: Tensor) -> None:
    """Raise ValueError for what is no table of vectors."""
    if vectors.dim() != 2 or not vectors.is_floating_point():
        raise ValueError(f"vectors are a table of V x D fractions; got {vectors.dtype}, {tuple(vectors.shape)}.")


def _parse(path: str | Path, lines: Iterable[str], limit: int | None) -> tuple[list[str], list[np.ndarray]]:
    """The words and numbers of a file, and a sentence on what is wrong with it."""
    lines = iter(lines)
    head = next(lines, "").rstrip(" \r\n")
    fields = head.split(" ")
    header = len(fields) == 2 and all(field.isdecimal() for field in fields)
    count, width = (_whole(fields[0]), _whole(fields[1])) if header else (None, len(fields) - 1)
    if width < 1 or count == 0:
        raise CourseError(f"{path} holds no word vectors: a line is a word and its numbers, separated by spaces.")
    words: list[str] = []
    rows: list[np.ndarray] = []
    numbered = enumerate(lines, 2) if header else enumerate(chain([head], lines), 1)
    for number, line in islice(numbered, limit):
        word, *values = line.rstrip(" \r\n").rsplit(" ", min(width, len(line)))
        rows.append(_numbers(path, number, values, width))
        words.append(word)
    wanted = count if limit is None else count and min(count, limit)
    if wanted is not None and len(words) != wanted:
        raise CourseError(f"{path} promises {wanted} words and holds {len(words)}: fetch or save it again.")
    return words, rows


def _whole(digits: str) -> int:
    return int(digits) if len(digits) <= 20 else 0  # no count is longer, and int refuses thousands of digits


def _is_first(word: str) -> bool:
    """Whether a line can start with `word` and be read again; a lone surrogate has no UTF-8."""
    return bool(word.strip()) and not any(c in "\r\n" or "\ud800" <= c <= "\udfff" for c in word)


def _numbers(path: str | Path, line: int, values: list[str], width: int) -> Float[np.ndarray, " D"]:
    """The numbers of one line; CourseError if they are too few, no numbers or not finite."""
    if len(values) != width:
        raise CourseError(
            f"line {line} of {path} has {len(values)} numbers where {width} belong: it was cut short or mixed up."
        )
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold is infinite, and refused below
            numbers = np.array([float(value) for value in values], dtype=np.float32)
    except ValueError as error:
        raise CourseError(f"line {line} of {path} does not end in {width} numbers ({error}): mend the line.") from None
    if not np.isfinite(numbers).all():
        raise CourseError(f"line {line} of {path} holds a number that is not finite: mend or leave out the line.")
    return numbers
