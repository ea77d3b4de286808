"""Unigram: the most probable way to cut a text into pieces, each with a probability of its own.

Kudo 2018, "Subword regularization", ACL, section 3.2. A cut x = x1 .. xM of the text X has P(x) = prod p(xi), so

    best cut        argmax_x P(x)                                           Viterbi
    P(X)            sum of P(x) over all cuts                               forward sums
    a sampled cut   P(x)^(1/T) / sum, temperature T (the paper's alpha is 1/T)    forward sums, drawn backwards
    training        EM: p(piece) = its expected count / all expected counts; then the least useful pieces go

Text is prepared as "▁two▁words" (Kudo & Richardson 2018). Loaded SentencePiece models give that library's ids.
"""

import json
import math
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from operator import index
from pathlib import Path
from random import Random
from typing import Any

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.text.lattice import Lattice, backward, build, forward, prefixes, sample, viterbi
from coursekit.text.normalise import SPACE, mark_spaces, valid_text
from coursekit.text.sentencepiece_files import Model, float32, read, utf8
from coursekit.text.vocab import SPECIALS

_IN_TEXT = ("normal", "user-defined")  # kinds that a text can contain
UNKNOWN_PENALTY = 10.0  # an unknown character scores so much less than the rarest piece (SentencePiece's value)
USER_DEFINED_SCORE = -0.1  # such pieces always win (SentencePiece's value)
SAVED_AS = "coursekit unigram 1"


def expected_counts(words: Mapping[str, int], scores: Mapping[str, float]) -> tuple[dict[str, float], float]:
    """The E step: how often each piece is used on average over all cuts, and the log-likelihood of `words` in nats.

    A piece from s to t is used with probability exp(alpha[s] + log p + beta[t] - log P(word)) in each word.
    """
    expected, log_likelihood, table = dict.fromkeys(scores, 0.0), 0.0, prefixes(scores)
    for word, n in words.items():
        lattice = build(word, table)
        alpha, beta = forward(lattice), backward(lattice)
        log_likelihood += n * alpha[-1]
        for end, arcs in enumerate(lattice):
            for start, piece, score in arcs:
                expected[piece] += n * math.exp(alpha[start] + score + beta[end] - alpha[-1])
    return expected, log_likelihood


def maximise(expected: Mapping[str, float], least: float = 0.0) -> dict[str, float]:
    """The M step: log p = log of the share in all expected counts, none counted as less than `least`."""
    count = {piece: max(n, least) for piece, n in expected.items()}
    total = sum(count.values())
    return {piece: math.log(n / total) if n else -math.inf for piece, n in count.items()}


def prune(expected: Mapping[str, float], keep: int) -> dict[str, float]:
    """The expected counts of the `keep` pieces that the likelihood would miss most; single characters stay.

    The loss of a piece is its expected count times (log p - log p of its best cut into other pieces), the other
    probabilities held fixed. Ties stay in alphabetical order.
    """
    scores = maximise(expected, least=0.5)
    table = prefixes(scores)

    def loss(piece: str) -> float:
        lattice = build(piece, table)
        lattice[-1] = [arc for arc in lattice[-1] if arc[0] > 0]  # without the piece itself
        return expected[piece] * (scores[piece] - sum(arc[2] for arc in viterbi(lattice)))

    single = [piece for piece in expected if len(piece) == 1]
    longer = sorted((piece for piece in expected if len(piece) > 1), key=lambda p: (-loss(p), p))
    return {piece: expected[piece] for piece in [*single, *longer[: max(0, keep - len(single))]]}


def seed_pieces(words: Mapping[str, int], most: int, longest: int) -> dict[str, float]:
    """Every character, and up to `most` substrings that occur twice or more, by count times length."""
    count: Counter[str] = Counter()
    for word, n in words.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + longest, len(word)) + 1):
                count[word[start:end]] += n
    single = sorted(piece for piece in count if len(piece) == 1)
    longer = sorted((p for p, n in count.items() if n > 1 and len(p) > 1), key=lambda p: (-count[p] * len(p), p))
    return {piece: float(count[piece]) for piece in [*single, *longer[:most]]}


class Unigram:
    """Pieces with log-probabilities: own ones from `train`, or a SentencePiece model from `load`.

    `special` has the ids of those of "pad", "unk", "bos" and "eos" that the model knows, and of its other control
    pieces under their own names ("[MASK]"). What looks like one of them in a text is text.
    """

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        """A model of our own: `pieces` in the order of their ids, the four special ones first; `scores` are log p."""
        if tuple(pieces[:4]) != SPECIALS:
            raise ValueError(f"the pieces start with {', '.join(SPECIALS)}; use Unigram.train to learn some from text.")
        kinds = ["control", "unknown", "control", "control"] + ["normal"] * (len(pieces) - 4)
        self._set_up(Model(list(pieces), list(scores), kinds))
        self.special = {"pad": 0, "unk": 1, "bos": 2, "eos": 3}
        self._library: Any = None

    def _set_up(self, model: Model) -> None:
        normal = [s for s, kind in zip(model.scores, model.kinds, strict=True) if kind == "normal"]
        if not normal or "unknown" not in model.kinds:
            raise ValueError("the model needs pieces of text and one for what is unknown.")
        if not all(map(math.isfinite, model.scores)):
            raise ValueError("a piece has a score that is not finite.")
        self.pieces, self._model = model.pieces, model
        self._id = {p: i for i, (p, k) in enumerate(zip(model.pieces, model.kinds, strict=True)) if k in _IN_TEXT}
        if len(self._id) < sum(kind in _IN_TEXT for kind in model.kinds):
            raise ValueError("a piece stands twice in the model; each piece has one id.")
        self._byte = {p: i for i, (p, k) in enumerate(zip(model.pieces, model.kinds, strict=True)) if k == "byte"}
        score = {p: model.scores[i] if model.kinds[i] == "normal" else USER_DEFINED_SCORE for p, i in self._id.items()}
        self._table, self.unknown_score = prefixes(score), min(normal) - UNKNOWN_PENALTY
        self._unknown = model.kinds.index("unknown")

    def normalise(self, text: str) -> str:
        """The text that is cut: a loaded model's own rules, else NFKC with the mark before every word."""
        valid_text(text)
        return self._library.normalize(text) if self._library else mark_spaces(text)

    def lattice(self, text: str) -> Lattice:
        """All cuts of the normalised text; what the pieces cannot spell is unknown, character by character."""
        return build(self.normalise(text), self._table, self.unknown_score)

    def tokens(self, text: str, generator: Random | None = None, temperature: float | int = 1.0) -> list[str]:
        """The pieces of the best cut, or of one drawn by `generator`; unknown neighbours stand as one piece."""
        return [piece for piece, _ in self._cut(text, generator, temperature)]

    def encode(
        self,
        text: str,
        bos: bool = False,
        eos: bool = False,
        generator: Random | None = None,
        temperature: float | int = 1.0,
    ) -> list[int]:
        """The ids of `tokens`, between the marks that are asked for. Raises ValueError if the model lacks one."""
        ids = [i for _, i in self._cut(text, generator, temperature)]
        before, after = ([self._need(name)] if asked else [] for name, asked in (("bos", bos), ("eos", eos)))
        return before + ids + after

    def _cut(self, text: str, generator: Random | None, temperature: float | int) -> list[tuple[str, int]]:
        """(piece, id) along one cut: an unknown character becomes its bytes if the model has them."""
        lattice = self.lattice(text)
        rounded = float32 if self._library else float
        arcs = sample(lattice, generator, temperature) if generator else viterbi(lattice, rounded)
        cut: list[tuple[str, int]] = []
        for known, run in groupby((piece for _, piece, _ in arcs), self._id.__contains__):
            if known:
                cut += [(piece, self._id[piece]) for piece in run]
            elif self._byte:
                names = (f"<0x{byte:02X}>" for piece in run for byte in piece.encode())
                cut += [(name, self._byte[name]) for name in names]
            else:
                cut.append(("".join(run), self._unknown))
        return cut

    def _need(self, name: str) -> int:
        if name not in self.special:
            raise ValueError(f"the model has no {name}, only {', '.join(self.special)}: leave {name}=True out.")
        return self.special[name]

    def log_prob(self, pieces: Iterable[str]) -> float:
        """log p of one cut in nats; a string that is no piece counts as unknown, character by character."""
        known = [(piece, self._table.get(piece)) for piece in pieces]
        return sum((len(p) * self.unknown_score if score is None else score for p, score in known), 0.0)

    def log_likelihood(self, text: str) -> float:
        """log P(text) in nats: the sum over all cuts of the normalised text."""
        return forward(self.lattice(text))[-1]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`, as SentencePiece writes it: no control pieces, " ⁇ " for unknown ones, no first space.

        Bytes that are no UTF-8 become U+FFFD each. Raises ValueError at an id that the model does not hold.
        """
        ids = [index(i) for i in ids]
        wrong = next((i for i in ids if not 0 <= i < len(self.pieces)), None)
        if wrong is not None:
            raise ValueError(f"id {wrong} lies outside the model, whose ids are 0 to {len(self.pieces) - 1}.")
        model, text, waiting, first = self._model, "", bytearray(), True
        for i in ids:
            if model.kinds[i] == "byte":
                waiting.append(int(self.pieces[i][3:5], 16))
                continue
            text += utf8(waiting)
            waiting.clear()
            piece, first = self._surface(i), first and not text
            if first and piece.startswith(SPACE) and (model.prefix or model.collapse):
                piece, first = piece[1:], model.collapse  # of several spaces in front, all go or only the one added
            text += piece.replace(SPACE, " ")
        return text + utf8(waiting)

    def _surface(self, i: int) -> str:
        return {"control": "", "unknown": self._model.unknown_text}.get(self._model.kinds[i], self.pieces[i])

    def __len__(self) -> int:
        return len(self.pieces)

    def __contains__(self, piece: object) -> bool:
        return piece in self._id

    def save(self, path: str | Path) -> None:
        """Write a model of our own as JSON, a loaded one as the SentencePiece file that it was."""
        own = {"format": SAVED_AS, "pieces": self.pieces, "scores": self._model.scores}
        content = self._library.serialized_model_proto() if self._library else json.dumps(own, ensure_ascii=False)
        try:
            write_atomically(Path(path), content)
        except OSError as error:
            raise CourseError(
                f"cannot write the model to {path} ({error.strerror}): choose a folder that you may write to."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> "Unigram":
        """Read what `save` wrote, or a SentencePiece model of the Unigram kind (needs the `sentencepiece` extra)."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise CourseError(f"cannot read the model {path} ({error.strerror}): check the path.") from error
        try:
            return cls._from_json(data) if data[:1] == b"{" else cls._from_sentencepiece(data)
        except (ValueError, LookupError, TypeError, AttributeError, RuntimeError, struct.error) as error:
            raise CourseError(f"{path} is no whole Unigram model ({error}): download or save it again.") from error

    @classmethod
    def _from_json(cls, data: bytes) -> "Unigram":
        saved = json.loads(data)
        if saved.get("format") != SAVED_AS:
            raise ValueError(f"its format is {saved.get('format')!r}, not {SAVED_AS!r}")
        return cls(saved["pieces"], saved["scores"])

    @classmethod
    def _from_sentencepiece(cls, data: bytes) -> "Unigram":
        model = read(data)
        made = cls.__new__(cls)
        made._set_up(model)
        try:
            import sentencepiece  # an optional extra, and only for these files
        except ImportError as error:
            raise CourseError(
                'a SentencePiece file needs the library: pip install "sequence-course[sentencepiece]".'
            ) from error
        made._library = library = sentencepiece.SentencePieceProcessor(model_proto=data)
        ids = {"pad": library.pad_id(), "unk": library.unk_id(), "bos": library.bos_id(), "eos": library.eos_id()}
        controls = {piece: i for i, piece in enumerate(model.pieces) if model.kinds[i] == "control"}
        made.special = {name: i for name, i in ids.items() if i >= 0}
        made.special |= {piece: i for piece, i in controls.items() if i not in ids.values()}
        return made

    @classmethod
    def train(
        cls,
        text: str | Iterable[str],
        size: int,
        longest: int = 16,
        steps: int = 2,
        shrink: float = 0.75,
        watch: Callable[[int, float], None] | None = None,
    ) -> "Unigram":
        """Learn `size` pieces (the four special ones among them) from a text or from lines, by EM and pruning.

        Seeds are ten times `size` substrings of words, of at most `longest` characters. Each round takes `steps` EM
        steps and keeps the share `shrink` of the pieces, until `size` are left; all characters stay. `watch` is told
        the number of pieces and the log-likelihood (nats) at each EM step. The same text gives the same model.
        Raises CourseError if the text is empty, or its characters or its substrings do not fit `size`.
        """
        if longest < 1 or steps < 1 or not 0 < shrink < 1:
            raise ValueError(f"{longest=} and {steps=} must be 1 or more, {shrink=} between 0 and 1.")
        words, room = _words(text), size - len(SPECIALS)
        expected = seed_pieces(words, 10 * size, longest)
        characters = sum(len(piece) == 1 for piece in expected)
        if room < characters:
            raise CourseError(
                f"size = {size} is too small: {characters} characters and {len(SPECIALS)} special pieces come first."
            )
        if room > len(expected):
            most = len(expected) + len(SPECIALS)
            raise CourseError(f"the text gives {most} pieces and no more: take size = {most} or less.")
        while True:
            expected = _em(words, expected, steps, watch)
            if len(expected) == room:
                break
            expected = prune(expected, max(room, int(shrink * len(expected))))
        learnt = maximise(expected, least=0.5)
        pieces = sorted(learnt, key=lambda p: (-learnt[p], p))
        return cls([*SPECIALS, *pieces], [0.0] * len(SPECIALS) + [learnt[piece] for piece in pieces])


def _words(text: str | Iterable[str]) -> Counter[str]:
    """How often each word stands in the text, its mark in front."""
    count: Counter[str] = Counter()
    for line in [text] if isinstance(text, str) else text:
        valid_text(line)
        count.update(SPACE + word for word in mark_spaces(line).split(SPACE)[1:])
    if not count:
        raise CourseError("the text is empty: give some words to learn pieces from.")
    return count


def _em(
    words: Mapping[str, int], expected: Mapping[str, float], steps: int, watch: Callable[[int, float], None] | None
) -> dict[str, float]:
    """`steps` EM steps from these expected counts; at first none counts less than half, so nothing is impossible."""
    scores = maximise(expected, least=0.5)
    for _ in range(steps):
        counts, log_likelihood = expected_counts(words, scores)
        if watch:
            watch(len(scores), log_likelihood)
        scores = maximise(counts)
    return counts
