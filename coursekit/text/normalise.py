"""What a tokeniser does to a text before it looks up pieces: BERT's cleaning and splitting, and SentencePiece's mark.

BERT's rules are those of its published BasicTokenizer (Devlin, Chang, Lee & Toutanova 2019): control characters are
dropped, every kind of white space becomes a space, Chinese characters stand alone, accents and capitals go (in an
uncased model), and each punctuation mark is a word. Kudo & Richardson 2018, "SentencePiece", section 3.1, writes the
space as a visible character, so that the pieces alone give the text back.
"""

import unicodedata

SPACE = "▁"  # U+2581, which stands for a space inside pieces

# The blocks of ideographs; Hangul, Hiragana and Katakana belong to scripts that put spaces or spell words out.
_CHINESE = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


def valid_text(text: object) -> str:
    """`text` if it is text that UTF-8 can write. Raises ValueError otherwise: half a surrogate pair is no character."""
    if not isinstance(text, str):
        raise ValueError(f"a tokeniser reads text, not {type(text).__name__}: turn it into str first.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the text holds the lone surrogate U+{ord(text[error.start]):04X} at position {error.start}, which is no "
            "character: read the file as UTF-8, or replace it by text.encode('utf-8', 'replace').decode()."
        ) from None
    return text


def is_chinese(character: str) -> bool:
    """Whether BERT sets the character apart: ideographs, not every character that is written in East Asia."""
    return any(first <= ord(character) <= last for first, last in _CHINESE)


def is_control(character: str) -> bool:
    """Control, format and private-use characters, the null and U+FFFD; tab and line ends count as white space."""
    return character in "\0\ufffd" or (
        character not in "\t\n\r" and unicodedata.category(character) in ("Cc", "Cf", "Co")
    )


def is_punctuation(character: str) -> bool:
    """Unicode's punctuation, and every ASCII mark: "$", "+" and "`" too, which Unicode counts as symbols."""
    return (character.isascii() and character.isprintable() and not character.isalnum() and character != " ") or (
        unicodedata.category(character).startswith("P")
    )


class _Cleaner(dict[int, str]):
    """The table for `str.translate`, filled as characters are met: what `clean` makes of each."""

    def __missing__(self, code: int) -> str:
        c = chr(code)
        if is_control(c):
            new = ""
        elif c.isspace():
            new = " "
        else:
            new = f" {c} " if is_chinese(c) else c
        self[code] = new
        return new


_cleaner = _Cleaner()


def clean(text: str) -> str:
    """Without control characters, with plain spaces for all white space and spaces around Chinese characters."""
    return text.translate(_cleaner)


def strip_accents(text: str) -> str:
    """Letters without their marks: canonical decomposition (NFD), then every non-spacing mark is dropped."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")


def lower(text: str) -> str:
    """Lower case, each character for itself: `str.lower` would make a sigma at the end of a word another letter."""
    return text.lower() if text.isascii() else "".join(c.lower() for c in text)


def split_punctuation(word: str) -> list[str]:
    """The word cut before and after each punctuation mark."""
    parts = "".join(f" {c} " if is_punctuation(c) else c for c in word)
    return parts.split(" ") if " " not in parts else parts.split()


def bert_words(text: str, uncased: bool = True) -> list[str]:
    """All of BERT's steps: the words and punctuation marks that WordPiece then cuts into pieces."""
    words = []
    for chunk in clean(text).split(" "):
        plain = lower(strip_accents(chunk)) if uncased else chunk
        words += split_punctuation(plain)
    return [word for word in words if word]


def mark_spaces(text: str) -> str:
    """NFKC, white space collapsed, and the mark before every word: "two  words" becomes "▁two▁words"."""
    return "".join(SPACE + word for word in unicodedata.normalize("NFKC", text).replace(SPACE, " ").split())
