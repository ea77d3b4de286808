"""GPT-2's way of cutting text into words, and its printable letter for each byte.

Radford, Wu, Child, Luan, Amodei & Sutskever 2019, "Language models are unsupervised multitask learners", section 2.2:
the words are cut by kind of character, and byte-pair encoding never merges across a cut. A word takes the one space
before it along, so the words of a text put together are the text.
"""

import regex

#: A contraction's end; or letters, digits or other signs after at most one space; or white space. White space that
#: comes before a word leaves its last sign to that word, if that is a space. Which characters are letters is for the
#: Unicode of the installed `regex` to say, as in OpenAI's own code.
GPT2_SPLIT = regex.compile(r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")

_PRINTABLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]

#: The 256 bytes in the order of GPT-2's ids: those that Latin-1 prints first.
BYTE_ORDER = bytes(_PRINTABLE + [b for b in range(256) if b not in _PRINTABLE])

#: bytes.translate table from a byte to its place in BYTE_ORDER.
BYTE_PLACE = bytes(BYTE_ORDER.index(b) for b in range(256))

#: What GPT-2's files write for a byte: its Latin-1 character, or one from U+0100 on, so that no file holds a space.
LETTER = {b: chr(b if i < len(_PRINTABLE) else 256 + i - len(_PRINTABLE)) for i, b in enumerate(BYTE_ORDER)}
BYTE = {letter: b for b, letter in LETTER.items()}


def split(text: str) -> list[str]:
    """The words of `text` as GPT-2 cuts them; joined they are `text` again."""
    words: list[str] = GPT2_SPLIT.findall(text)
    return words


def letters(token: bytes) -> str:
    """`token` as GPT-2's files write it: " the" is "Ġthe"."""
    return "".join(map(LETTER.__getitem__, token))


def from_letters(name: str) -> bytes:
    """The token that GPT-2's files write as `name`. Raises ValueError at a letter that stands for no byte."""
    try:
        return bytes(map(BYTE.__getitem__, name))
    except KeyError as error:
        raise ValueError(f"the token {name!r} holds {error.args[0]!r}, which stands for no byte") from None
