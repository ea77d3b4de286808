"""Articles of the small world and their summaries, with what in the article bears each word of a summary.

An article tells one story after another; its summary is a function of its words, so a perfect reader pays nothing for
it. One must choose (most sentences matter to nobody), find who "she" is, name the mood of which a word was said
("gloomy" is sad), and give a cause only where it explains that mood.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from random import Random

from coursekit.data import words as lists
from coursekit.data.slots import Shares
from coursekit.data.world import MOST, Story, World, prose
from coursekit.errors import CourseError

#: Where something happens: "at the beach", but "by the river".
PREPOSITIONS = {
    **dict.fromkeys(("park", "forest", "garden", "town", "kitchen", "workshop", "cave", "square"), "in"),
    **dict.fromkeys(("island", "mountain"), "on"),
    **dict.fromkeys(("river", "lake"), "by"),
}
_MOOD_OF = {word: mood for mood, said in lists.MOODS.items() for word in said}
_LEAVES = {verb: mood for mood, verbs in lists.CAUSES.items() for verb in verbs}
_NEW = {*lists.NEW_WOMEN, *lists.NEW_MEN, *lists.NEW_THINGS}

#: A line of a summary: each word with the place in the article that bears it, -1 for the words that only join.
Line = list[tuple[str, int]]


@dataclass(frozen=True)
class Article:
    """An article, its summary, and what ties the two together. Places and sentences are counted from 0."""

    article: str  # as one would print it
    highlights: str  # a line per fact, apart by "\n"
    id: str  # 40 hexadecimal digits, of the article's text
    article_tokens: list[str]  # lower case, a full stop ends a sentence
    highlight_tokens: list[str]  # the same; a full stop ends a line
    evidence: list[int]  # of each token of the summary: the place in article_tokens that says so, or -1
    sentences: list[list[int]]  # of each line: the sentences of the article that bear it
    unseen: list[str]  # "thing place": summed up here, and never said before the news date
    unknown: list[str]  # words that nobody had said before the news date
    date: int


def summarise(tokens: Sequence[str], kinds: Sequence[str]) -> list[Line]:
    """The one right summary of a story: who did what where, then the mood, and its cause if that explains it."""
    places: dict[str, list[int]] = {}
    for at, kind in enumerate(kinds):
        places.setdefault(kind, []).append(at)

    def said(at: int) -> tuple[str, int]:
        return tokens[at], at

    done: Line = []
    for thing in places["thing"]:
        verb = max(at for at in places["verb"] if at < thing)
        article = max(at for at in places["article"] if at < thing)
        done += ([("and", -1)] if done else []) + [said(verb), said(article), said(thing)]
    first, *partner = places["name"]
    who = [said(first)] + ([("and", -1), said(partner[0])] if partner else [])
    where = said(places["place"][0])
    lines = [[*who, *done, (PREPOSITIONS.get(where[0], "at"), -1), ("the", -1), where, (".", -1)]]
    if "mood" in places:
        lines.append(_felt(tokens, places))
    return lines


def _felt(tokens: Sequence[str], places: dict[str, list[int]]) -> Line:
    at = places["mood"][0]
    mood = _MOOD_OF[tokens[at]]
    pronoun = max(p for p in places["pronoun"] if p < at)
    cause: Line = []
    if "cause" in places and _LEAVES[tokens[places["cause"][0]]] == mood:
        verb, thing = places["cause"][0], places["object"][0]
        cause = [("had", -1), (tokens[verb], verb), ("a", -1), (tokens[thing], thing), ("and", -1)]
    return [(tokens[pronoun], pronoun), *cause, ("felt", -1), (mood, at), (".", -1)]


def articles(world: World, n: int, seed: int = 0, stories: int | tuple[int, int] = (1, 3)) -> list[Article]:
    """n different articles in order of time, their dates spread evenly; `stories` per article, or (fewest, most)."""
    fewest, most = _span(stories)
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MOST // most:
        raise CourseError(f"n={n!r} articles are not possible: give a whole number from 1 to {MOST // most:,}.")
    random, seen, found = Random(f"{seed} summaries"), set(), []
    held_out = Shares(world.config).held_out
    for i in range(n):
        for _ in range(100):
            told = world.sample(random.randint(fewest, most), random.getrandbits(62), i * world.config.dates // n)
            text = " ".join(story.text for story in told)
            if text not in seen:
                break
        else:
            raise CourseError(f"this world has too few stories for n={n} different articles: give fewer.")
        seen.add(text)
        found.append(_article(text, told, held_out))
    return found


def _span(stories: int | Sequence[int]) -> tuple[int, int]:
    span = tuple(stories) if isinstance(stories, (tuple, list)) else (stories, stories)
    whole = all(isinstance(k, int) and not isinstance(k, bool) for k in span)
    if len(span) != 2 or not whole or not 1 <= span[0] <= span[1] <= 20:
        raise CourseError(f"stories={stories!r} is not possible: give 1 to 20, or a pair (fewest, most) of them.")
    return span


def _article(text: str, told: list[Story], held_out: set[tuple[str, str]]) -> Article:
    tokens: list[str] = []
    lines: list[Line] = []
    unseen: list[str] = []
    for story in told:
        own = summarise(story.tokens, story.kind)
        lines += [[(word, at + len(tokens) if at >= 0 else -1) for word, at in line] for line in own]
        unseen += _unseen(own[0], held_out)
        tokens += story.tokens[:-1]  # without the end
    return Article(
        text,
        "\n".join(_printed(line) for line in lines),
        sha1(text.encode()).hexdigest(),
        tokens,
        [word for line in lines for word, _ in line],
        [at for line in lines for _, at in line],
        [sorted({tokens[:at].count(".") for _, at in line if at >= 0}) for line in lines],
        unseen,
        sorted(_NEW.intersection(tokens)),
        told[0].date,
    )


def _unseen(line: Line, held_out: set[tuple[str, str]]) -> list[str]:
    """Held-out things of the place; one may have drawn or remembered them before, for that they need not be there."""
    words = [word for word, _ in line]
    place = words[-2]
    did = [words[i - 2 : i + 1] for i in range(2, len(words)) if words[i - 1] in ("a", "an")]
    return [f"{thing} {place}" for verb, _, thing in did if (place, thing) in held_out and verb not in lists.FREE]


def _printed(line: Line) -> str:
    names = {*lists.WOMEN, *lists.MEN, *lists.NEW_WOMEN, *lists.NEW_MEN}
    words = [word for word, _ in line]
    # "rose" and "lily" are names too: where a line names people, it begins with them
    kinds = ["name" if word in names and i in (0, 2) else "" for i, word in enumerate(words)]
    return prose(words, kinds)
