"""How the metrics cut a line into tokens. A score means nothing without the name of its tokeniser (Post 2018).

none    at white space: for text that is tokenised already
13a     as the script mteval-v13a.pl of the NIST evaluations; what BLEU is published with
char    into characters, white space left out
rouge   lower-cased runs of a-z and 0-9, stemmed on request (Lin 2004)
"""

import re
import string
from collections.abc import Callable
from functools import cache, lru_cache

from coursekit.errors import CourseError

_APART = re.escape("".join(sorted(set(string.punctuation) - set("',-."))))
# In this order; the neighbour of a match is used up by it, as in the script. Functions are faster than r"\1 \2 ".
_RULES_13A: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(f"[{_APART}]"), lambda match: f" {match[0]} "),
    (re.compile(r"([^0-9])([.,])"), lambda match: f"{match[1]} {match[2]} "),  # 3.5 and 1,000 stay whole
    (re.compile(r"([.,])([^0-9])"), lambda match: f" {match[1]} {match[2]}"),
    (re.compile(r"(?<=[0-9])-"), lambda match: " - "),
]
_ENTITIES = {"&quot;": '"', "&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ROUGE_WORD = re.compile("[a-z0-9]+")


def _split_13a(line: str) -> list[str]:
    line = line.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in line:
        for entity, character in _ENTITIES.items():
            line = line.replace(entity, character)
    line = f" {line} "
    for pattern, spaced in _RULES_13A:
        line = pattern.sub(spaced, line)
    return line.split()


def _characters(line: str) -> list[str]:
    return list("".join(line.split()))


TOKENISERS: dict[str, Callable[[str], list[str]]] = {"none": str.split, "13a": _split_13a, "char": _characters}


@lru_cache(maxsize=2**14)  # the same references are scored against one system after the other
def tokenise(line: str, tokeniser: str = "13a", lowercase: bool = False) -> tuple[str, ...]:
    """The tokens of one line, equal to sacrebleu's. Raises ValueError for a tokeniser that is not in TOKENISERS."""
    if tokeniser not in TOKENISERS:
        raise ValueError(f"there is no tokeniser {tokeniser!r}: take one of {', '.join(map(repr, TOKENISERS))}.")
    return tuple(TOKENISERS[tokeniser](line.lower() if lowercase else line))


@lru_cache(maxsize=2**14)
def rouge_words(text: str, stem: bool = False) -> tuple[str, ...]:
    """The words that ROUGE compares, equal to rouge-score's; `stem` cuts words of four letters or more to their stem.

    A letter with an accent, or of another script, ends a word and is lost: ROUGE was made for English.
    Raises CourseError if `stem` finds no nltk.
    """
    words = _ROUGE_WORD.findall(text.lower())
    if stem:
        words = [porter()(word) if len(word) > 3 else word for word in words]
    return tuple(word for word in words if word)


@cache
def porter() -> Callable[[str], str]:
    """Porter's stemmer (Porter 1980) with nltk's extensions. Raises CourseError if nltk is not installed."""
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError as error:
        raise CourseError(
            "stemming needs nltk: install it with `pip install nltk`, or score with stem=False."
        ) from error
    return lru_cache(maxsize=2**16)(PorterStemmer().stem)
