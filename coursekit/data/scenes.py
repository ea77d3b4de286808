"""32x32 pictures of one to four things of the small world, with captions and known positions.

Each picture has captions that name some of its things by size, colour and shape, and say where they are; for every word
of a caption the thing that it names is known, so that one can check where a model looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from coursekit.errors import CourseError

if TYPE_CHECKING:
    import numpy as np

SIDE = 32
#: Bright enough to tell apart on every background.
COLOURS = {
    "red": (220, 40, 40), "blue": (50, 90, 230), "green": (40, 170, 60), "yellow": (240, 220, 50),
    "white": (250, 250, 250), "black": (10, 10, 10), "orange": (250, 140, 30), "purple": (160, 60, 200),
}  # fmt: skip
#: Shades of grey behind the things: brightness at the top and at the bottom.
BACKGROUNDS = ((110, 130), (140, 120), (125, 125), (100, 145))
SHAPES = ("ball", "box", "kite", "tent", "ring", "moon")
RADIUS = {"small": 3, "big": 5}
_THIRDS = ("top", "middle", "bottom"), ("left", "middle", "right")


class Box(NamedTuple):
    """Pixels from (left, top) to just before (right, bottom); y goes down."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


class Thing(NamedTuple):
    shape: str
    colour: str
    size: str
    box: Box

    @property
    def place(self) -> str:
        """Where it is: "top left", "middle", "bottom right" and so on, by thirds of the picture."""
        x, y = self.box.centre
        row, column = _THIRDS[0][int(3 * y / SIDE)], _THIRDS[1][int(3 * x / SIDE)]
        return row if column == "middle" else column if row == "middle" else f"{row} {column}"


@dataclass(frozen=True)
class Scene:
    """A picture (32, 32, 3, uint8), its things, its captions, and for each word of them the thing named or -1."""

    image: np.ndarray
    objects: list[Thing]
    captions: list[str]
    words: list[list[int]]


def inside(shape: str, radius: int) -> np.ndarray:
    """(2r + 1, 2r + 1) booleans: the pixels of the shape."""
    import numpy as np

    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    disc = x * x + y * y <= (radius + 0.3) ** 2
    masks: dict[str, Callable[[], np.ndarray]] = {
        "ball": lambda: disc,
        "box": lambda: np.ones_like(disc),
        "kite": lambda: abs(x) + abs(y) <= radius,
        "tent": lambda: 2 * abs(x) <= y + radius + 1,
        "ring": lambda: disc & (x * x + y * y > (radius / 2) ** 2),
        "moon": lambda: disc & ((x - radius * 0.7) ** 2 + y * y > (radius * 0.9) ** 2),
    }
    return masks[shape]()


def draw(objects: Sequence[Thing], shades: tuple[int, int], grain: bytes) -> np.ndarray:
    """The picture (32, 32, 3, uint8): a grey slope with `grain` (32 * 32 bytes of noise), the things upon it."""
    import numpy as np

    slope = np.linspace(*shades, SIDE)[:, None] + np.frombuffer(grain, dtype=np.uint8).reshape(SIDE, SIDE) / 25.5 - 5
    image = np.repeat(slope.round().astype(np.uint8)[:, :, None], 3, axis=2)
    for thing in objects:
        left, top, right, bottom = thing.box
        image[top:bottom, left:right][inside(thing.shape, RADIUS[thing.size])] = COLOURS[thing.colour]
    return image


_Speaker = Callable[[list[Thing], list[int]], list[tuple[str, int]]]


class Scenes:
    """Pictures without end: `Scenes(seed).take(n)`. `objects` is their number, or the fewest and the most."""

    def __init__(self, seed: int | str = 0, objects: int | tuple[int, int] = (1, 4), captions: int = 5) -> None:
        self.span = tuple(objects) if isinstance(objects, (tuple, list)) else (objects, objects)
        whole = all(isinstance(k, int) and not isinstance(k, bool) for k in self.span)
        if len(self.span) != 2 or not whole or not 1 <= self.span[0] <= self.span[1] <= 4:
            raise CourseError(f"objects={objects!r} is not possible: give 1 to 4, or a pair (fewest, most) of them.")
        if isinstance(captions, bool) or not isinstance(captions, int) or not 1 <= captions <= 10:
            raise CourseError(f"captions={captions!r} is not possible: give a whole number from 1 to 10.")
        self.captions, self.random = captions, Random(f"{seed} scenes")

    def take(self, n: int) -> list[Scene]:
        return [self.scene() for _ in range(n)]

    def scene(self) -> Scene:
        random = self.random
        objects = self._objects(random.randint(*self.span))
        image = draw(objects, random.choice(BACKGROUNDS), random.randbytes(SIDE * SIDE))
        spoken: list[list[tuple[str, int]]] = []
        for _ in range(4 * self.captions):  # different ones, if one thing has so much to say
            caption = self._caption(objects)
            spoken += [caption] if caption not in spoken else []
            if len(spoken) == self.captions:
                break
        spoken += [spoken[i % len(spoken)] for i in range(self.captions - len(spoken))]
        return Scene(image, objects, [" ".join(w for w, _ in s) for s in spoken], [[i for _, i in s] for s in spoken])

    def _objects(self, n: int) -> list[Thing]:
        """n things that do not touch, no two of the same colour and shape."""
        while True:
            found: list[Thing] = []
            for _ in range(40):
                thing = self._thing()
                if all(_apart(thing, other) for other in found):
                    found.append(thing)
                if len(found) == n:
                    return found

    def _thing(self) -> Thing:
        random = self.random
        size = random.choice(tuple(RADIUS))
        across = 2 * RADIUS[size] + 1
        left, top = random.randint(0, SIDE - across), random.randint(0, SIDE - across)
        box = Box(left, top, left + across, top + across)
        return Thing(random.choice(SHAPES), random.choice(tuple(COLOURS)), size, box)

    # -- captions: lists of (word, number of the thing that it names or -1)

    def _caption(self, objects: list[Thing]) -> list[tuple[str, int]]:
        order = self.random.sample(range(len(objects)), len(objects))
        kinds: list[_Speaker] = [self._listed, self._placed]
        pairs = [(i, j) for i in order for j in order if i != j and relation(objects[i], objects[j])]
        if pairs:
            kinds += [self._related, self._related]
        chosen = self.random.choice(kinds)
        said = chosen(objects, list(pairs[0])) if chosen == self._related else chosen(objects, order)
        return [*said, (".", -1)]

    def _named(self, objects: list[Thing], i: int) -> list[tuple[str, int]]:
        thing = objects[i]
        same = [t for t in objects if t.shape == thing.shape]  # with another of its shape, its colour is needed
        sized = self.random.random() < 0.3
        looks = [thing.size] * sized + [thing.colour] * (len(same) > 1 or not sized or self.random.random() < 0.7)
        article = "an" if looks[0][0] in "aeiou" else "a"
        return [(article, -1), *((w, i) for w in [*looks, thing.shape])]

    def _listed(self, objects: list[Thing], order: list[int]) -> list[tuple[str, int]]:
        """All of them: a red ball , a box and a kite."""
        said = [] if self.random.random() < 0.6 else [("there", -1), ("is", -1)]
        for at, i in enumerate(order):
            joint = [] if at == 0 else [("and", -1)] if at == len(order) - 1 else [(",", -1)]
            said += joint + self._named(objects, i)
        return said

    def _placed(self, objects: list[Thing], order: list[int]) -> list[tuple[str, int]]:
        """One or two of them with their places: a red ball at the top left."""
        said: list[tuple[str, int]] = []
        for i in order[: self.random.choice((1, 2))]:
            place = objects[i].place
            where = ["in", "the", "middle"] if place == "middle" else ["at", "the", *place.split()]
            if place in ("left", "right"):
                where = ["on", "the", place]
            said += ([("and", -1)] if said else []) + self._named(objects, i) + [(w, -1) for w in where]
        return said

    def _related(self, objects: list[Thing], order: list[int]) -> list[tuple[str, int]]:
        """Two of them: a red ball left of a box."""
        i, j = order
        between = [(w, -1) for w in relation(objects[i], objects[j]).split()]
        return self._named(objects, i) + between + self._named(objects, j)


def _apart(one: Thing, other: Thing) -> bool:
    a, b = one.box, other.box
    clear = a.right < b.left or b.right < a.left or a.bottom < b.top or b.bottom < a.top
    return clear and (one.shape, one.colour) != (other.shape, other.colour)


def relation(one: Thing, other: Thing) -> str:
    """How the first lies to the second, where it is plain: left of, right of, above, below; else ""."""
    (x, y), (u, v) = one.box.centre, other.box.centre
    across, down = x - u, y - v
    if abs(across) >= abs(down) + 3:
        return "left of" if across < 0 else "right of"
    if abs(down) >= abs(across) + 3:
        return "above" if down < 0 else "below"
    return ""
