"""The files of byte-level BPE: GPT-2's own two, and the tokenizer.json of Hugging Face's tokenizers.

    encoder.json, vocab.json    one JSON object, token -> id; a token is written in GPT-2's letters (splitting.py)
    vocab.bpe, merges.txt       "#version: 0.2", then the two tokens of each merge on one line, a space between
    tokenizer.json              both in "model", special tokens in "added_tokens", and how to cut words

GPT-2's two files do not mark the special tokens: they are those of the vocabulary that no merge makes. One that is a
single word, "PAD", is refused there: a file that was cut short has lost the merge of such a token.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coursekit.errors import CourseError
from coursekit.files import write_atomically
from coursekit.text.splitting import BYTE, LETTER, from_letters, letters, split

if TYPE_CHECKING:
    from coursekit.text.bpe import BPE

VERSION = "#version: 0.2"
PAIRS_OF_FILES = (("encoder.json", "vocab.bpe"), ("vocab.json", "merges.txt"))


def read(cls: "type[BPE]", path: Path) -> "BPE":
    """The tokeniser of a folder or of a tokenizer.json. Raises CourseError."""
    if not os.path.isdir(path):  # Path.is_dir raises for a name that is too long
        return _read_tokenizer(cls, path)
    if (path / "tokenizer.json").exists():
        return _read_tokenizer(cls, path / "tokenizer.json")
    for enough in (all, any):  # with one file of two, say which is missing
        for vocab, merges in PAIRS_OF_FILES:
            if enough([(path / vocab).exists(), (path / merges).exists()]):
                return _read_gpt2(cls, path / vocab, path / merges)
    raise CourseError(
        f"{path} holds no tokeniser: it needs tokenizer.json, or encoder.json and vocab.bpe, "
        "or vocab.json and merges.txt."
    )


def _read_gpt2(cls: "type[BPE]", vocab: Path, merges: Path) -> "BPE":
    table, lines = _json(vocab), _text(merges).split("\n")
    if lines[0].startswith("#version"):
        del lines[0]
    if lines and not lines[-1]:
        del lines[-1]
    try:
        return _build(cls, _table(table), [line.split(" ") for line in lines], None)
    except ValueError as error:
        raise CourseError(
            f"{vocab} and {merges.name} do not make a tokeniser ({error}): one is damaged, or they do not belong "
            "together; download both again."
        ) from error


def _read_tokenizer(cls: "type[BPE]", path: Path) -> "BPE":
    content = _json(path)
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or "vocab" not in model:
        raise CourseError(f"{path} is no tokenizer.json: give that file, or the folder with GPT-2's two files.")
    other = _other_kind(content, model)
    if other:
        raise CourseError(f"{path} is another kind of tokeniser ({other}): BPE reads byte-level BPE cut as GPT-2 does.")
    try:
        pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in _list(model.get("merges"))]
        return _build(cls, _table(model["vocab"]), pairs, _added(content.get("added_tokens") or []))
    except ValueError as error:
        raise CourseError(f"{path} is damaged ({error}): download or save it again.") from error


def _other_kind(content: Mapping[str, Any], model: Mapping[str, Any]) -> str:
    """What makes a tokenizer.json give other ids than ours would; "" if nothing does."""
    if model.get("type", "BPE") != "BPE":
        return str(model["type"])
    if content.get("normalizer"):
        return "it changes the text first, by a normalizer"
    cut = content.get("pre_tokenizer") or {}
    if not isinstance(cut, dict) or cut.get("type") != "ByteLevel" or not cut.get("use_regex", True):
        return "its words are not cut as GPT-2's"
    if cut.get("add_prefix_space", True):
        return "it puts a space before the text"
    options = ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges")
    return next((f"it sets {option}" for option in options if model.get(option)), "")


def _added(tokens: Any) -> dict[str, int]:
    """The tokens that a tokenizer.json adds to those of the merges."""
    for token in _list(tokens):
        if not (isinstance(token, dict) and isinstance(token.get("content"), str) and isinstance(token.get("id"), int)):
            raise ValueError("an added token has no content or no id")
    for option in ("lstrip", "rstrip", "single_word"):
        token = next((token["content"] for token in tokens if token.get(option)), None)
        if token is not None:
            raise ValueError(f"{option} of the added token {token!r} is more than BPE can do")
    return {token["content"]: token["id"] for token in tokens}


def _build(cls: "type[BPE]", vocab: dict[str, int], pairs: list[Any], specials: dict[str, int] | None) -> "BPE":
    """Tokens and merges from letters to bytes; without `specials` they are what nothing makes. Raises ValueError."""
    merges = [_merge(pair, line) for line, pair in enumerate(pairs, 1)]
    made = {*LETTER.values(), *(a + b for a, b in pairs)}
    left = {name: i for name, i in vocab.items() if name not in made}
    orphan = next((name for name in left if _needs_merge(name, marked=specials is not None)), None)
    if orphan is not None and orphan not in (specials or {}):
        raise ValueError(f"no merge makes the token {orphan!r}")
    if specials is None:
        specials = left
    clash = next((name for name, i in specials.items() if vocab.get(name, i) != i), None)
    if clash is not None:
        raise ValueError(f"the special token {clash!r} has two ids")
    ids = {from_letters(name): i for name, i in vocab.items() if name not in specials}
    return cls(merges, specials, ids)


def _needs_merge(name: str, marked: bool) -> bool:
    """Whether `name` is an ordinary token: it has a letter that plain text has not or, where no special is `marked`,
    is one word as merges make them.
    """
    if any(letter in BYTE and ord(letter) > 255 for letter in name):
        return True
    return not marked and all(letter in BYTE for letter in name) and len(split(name)) == 1


def _merge(pair: object, line: int) -> tuple[bytes, bytes]:
    if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(name, str) and name for name in pair)):
        raise ValueError(f"merge {line} is not two tokens with a space between them")
    return from_letters(pair[0]), from_letters(pair[1])


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError("a list is missing")
    return value


def _table(value: object) -> dict[str, int]:
    if not isinstance(value, dict) or not all(isinstance(i, int) for i in value.values()):
        raise ValueError("the vocabulary is no table from tokens to ids")
    return value


def _text(path: Path) -> str:
    try:
        with path.open(encoding="utf-8", newline="\n") as file:
            return file.read().replace("\r\n", "\n")
    except OSError as error:
        raise CourseError(f"cannot read the tokeniser's file {path} ({error.strerror}): check the path.") from error
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is no UTF-8 text: download or save it again.") from error


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise CourseError(f"{path} is damaged or no JSON ({error}): download or save it again.") from error


def write(bpe: "BPE", folder: Path) -> None:
    """All three files into `folder`, which is made if it is missing.

    Raises ValueError for a special token that looks like another token in GPT-2's letters, CourseError where nothing
    can be written.
    """
    vocab = {letters(token): i for token, i in bpe.ids.items()}
    twice = next((text for text in bpe.specials if text in vocab), None)
    if twice is not None:
        raise ValueError(f"the special token {twice!r} is an ordinary token too: GPT-2's files have one id for both.")
    vocab = dict(sorted({**vocab, **bpe.specials}.items(), key=lambda item: item[1]))
    pairs = [f"{letters(a)} {letters(b)}" for a, b in bpe.merges]
    contents = {
        "encoder.json": json.dumps(vocab),
        "vocab.bpe": "\n".join([VERSION, *pairs, ""]),
        "tokenizer.json": json.dumps(_tokenizer(vocab, pairs, bpe.specials), ensure_ascii=False, indent=1),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            write_atomically(folder / name, content)
    except OSError as error:
        raise CourseError(
            f"cannot write the tokeniser into {folder} ({error.strerror}): choose a folder that you may write to."
        ) from error


def _tokenizer(vocab: dict[str, int], pairs: list[str], specials: Mapping[str, int]) -> dict[str, Any]:
    """What Hugging Face's tokenizers read."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    added = [{"id": i, "content": text, **plain} for text, i in sorted(specials.items(), key=lambda item: item[1])]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": byte_level,
        "post_processor": None,
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": vocab,
            "merges": pairs,
        },
    }
