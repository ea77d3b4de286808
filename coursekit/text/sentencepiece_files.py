"""What a SentencePiece file says: its pieces, which the library hides, and how it writes text again.

The file is a protocol buffer (sentencepiece_model.proto): numbered fields, integers as varints of seven bits a byte.
Kudo & Richardson 2018, "SentencePiece", EMNLP (system demonstrations).
"""

import math
import struct
from dataclasses import dataclass
from typing import Any

from coursekit.errors import CourseError

UNKNOWN_TEXT = " ⁇ "  # what an unknown piece decodes to (SentencePiece's choice)
KINDS = {1: "normal", 2: "unknown", 3: "control", 4: "user-defined", 5: "unused", 6: "byte"}
TYPES = {1: "Unigram", 2: "BPE", 3: "word", 4: "character"}


@dataclass
class Model:
    """What a SentencePiece file says: pieces, their scores and kinds, and how to write text again."""

    pieces: list[str]
    scores: list[float]
    kinds: list[str]
    prefix: bool = True  # a mark is put before the first word
    collapse: bool = True  # spaces at the ends and next to others are dropped
    unknown_text: str = UNKNOWN_TEXT


def read(data: bytes) -> Model:
    """The parts of a SentencePiece file (a protocol buffer, sentencepiece_model.proto) that the library hides."""
    message = _fields(data)
    if not {1, 2, 3} <= set(message):
        raise ValueError("it is damaged or cut short")
    trainer, normaliser = _fields(message[2][-1]), _fields(message[3][-1])
    kind = TYPES.get(trainer.get(3, [1])[-1], "strange")
    if kind != "Unigram":
        raise CourseError(f"the file holds a SentencePiece model of the {kind} kind, not Unigram: load another file.")
    if 5 in message:
        raise CourseError("the model rewrites text after decoding, which is not supported here: use its own library.")
    pieces = [_fields(piece) for piece in message[1]]
    return Model(
        [piece[1][-1].decode() for piece in pieces],
        [struct.unpack("<f", piece.get(2, [bytes(4)])[-1])[0] for piece in pieces],
        [KINDS[piece.get(3, [1])[-1]] for piece in pieces],
        bool(normaliser.get(3, [1])[-1]),
        bool(normaliser.get(4, [1])[-1]),
        trainer.get(44, [UNKNOWN_TEXT.encode()])[-1].decode(),
    )


def _fields(data: bytes) -> dict[int, list[Any]]:
    """The values of each numbered field of a protocol buffer message: integers, or bytes for all else."""
    found: dict[int, list[Any]] = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        value: int | bytes
        if key & 7 == 0:
            value, at = _varint(data, at)
        else:
            length, at = (4, at) if key & 7 == 5 else (8, at) if key & 7 == 1 else _varint(data, at)
            value, at = data[at : at + length], at + length
        if at > len(data) or key & 7 not in (0, 1, 2, 5):
            raise ValueError("it is damaged or cut short")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The integer that starts at byte `at`, seven bits a byte, and where the next value starts."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:  # no integer of the format is longer than ten bytes
            raise ValueError("it is damaged or cut short")
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def utf8(data: bytes | bytearray) -> str:
    """The text of the bytes; each one that is not part of a character becomes U+FFFD."""
    return "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in data.decode("utf-8", "surrogateescape"))


def float32(value: float) -> float:
    """`value` as the file and the library keep it; infinite beyond their range."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
