"""What all plots share: a look at the numbers that come in, and the labels and the legend of a picture."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, SupportsFloat

from coursekit.show.picture import Picture

Number = SupportsFloat
Curve = Iterable[Number]


def finish(picture: Picture, ax: Any, x: str, y: str, title: str, legend: bool = True) -> Picture:
    """Labels, title, and the legend below the axes, where it hides no data; the picture grows by the legend's rows."""
    ax.set_xlabel(x)
    if y:  # written along the top: a label turned by 90 degrees is hard to read and too long for a low picture
        ax.set_ylabel(y, rotation=0, ha="left", va="bottom")
        ax.yaxis.set_label_coords(0.0, 1.0 + 0.068 / picture.get_figheight())
    if title or y:  # the layout keeps room for a title, not for a label along the top
        ax.set_title(title or " ", pad=8 + (18 if title and y else 0))
    if legend:
        names = ax.get_legend_handles_labels()[1]
        columns = 2 if any(len(name) > 14 for name in names) else 3
        picture.set_figheight(picture.get_figheight() + 0.24 * -(-len(names) // columns))
        picture.legend(loc="outside lower center", ncols=columns)
    return picture


def points_of(curve: Curve | tuple[Curve, Curve]) -> tuple[list[float], list[float]]:
    """Steps and losses as plain lists, of equal length and not empty."""
    if isinstance(curve, tuple) and len(curve) == 2 and all(hasattr(half, "__iter__") for half in curve):
        xs, ys = plain(curve[0]), plain(curve[1])
    else:
        ys = plain(curve)
        xs = [float(i + 1) for i in range(len(ys))]
    if len(xs) != len(ys) or not ys:
        raise ValueError(f"a curve needs as many steps as losses, and at least one: got {len(xs)} and {len(ys)}")
    return xs, ys


def plain(values: Any) -> list[float]:
    """One number or several (a list, an array, a tensor) as a list of floats."""
    try:
        return [float(v) for v in values]
    except TypeError:  # a single number; a tensor without axes has __iter__ but cannot be iterated over
        return [float(values)]


def named(models: Any, what: str = "model") -> Mapping[str, Any]:
    """`models`, after a look whether it is what every plot takes: {model: ...}."""
    if not (isinstance(models, Mapping) and all(isinstance(name, str) for name in models)):
        raise ValueError(f"what to draw is a dictionary from each {what}'s name to its numbers, such as {{'a': ...}}")
    if not models:
        raise ValueError(f"nothing to draw: pass at least one {what}")
    return models


def drawable(name: str, numbers: list[float], log: bool = False) -> None:
    """Refuse what matplotlib would leave out in silence."""
    if bad := [number for number in numbers if not math.isfinite(number)]:
        raise ValueError(f"{name} holds {bad[0]}, which has no place on an axis: leave it out or find where it arose")
    if log and (bad := [number for number in numbers if number <= 0]):
        raise ValueError(f"{name} holds {bad[0]:g}, and a logarithmic axis shows only numbers above 0: leave it out")
