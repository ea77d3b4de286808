"""Plots of any quantity: lines, a heat map, points. Plain numbers in, one Picture out, with its alt text."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

from coursekit.show.axes import Curve, Number, drawable, finish, named, points_of
from coursekit.show.picture import Picture, canvas
from coursekit.show.style import FAMILIES, colour, looks, styled


@styled
def lines(
    curves: Mapping[str, Curve | tuple[Curve, Curve]],
    *,
    x: str,
    y: str,
    logx: bool = False,
    logy: bool = False,
    levels: Mapping[str, Number] | None = None,
    limits: tuple[Number, Number] | None = None,
    title: str = "",
) -> Picture:
    """Any quantity against any other, one line each; `levels` are dashed horizontal lines to read them by.

    curves: {name: ys} counted from 1, or {name: (xs, ys)}. `limits` fixes the y axis: under a slider, so that only the
    lines move. Raises ValueError for NaN and infinity, and for numbers that a logarithmic axis cannot show.
    """
    drawn = {name: points_of(curve) for name, curve in named(curves, "curve").items()}
    known = {name: float(level) for name, level in (levels or {}).items()}
    for name, (xs, ys) in drawn.items():
        drawable(name, xs, logx)
        drawable(name, ys, logy)
    ends = "; ".join(f"{name} goes from {ys[0]:.3g} to {ys[-1]:.3g}" for name, (_, ys) in drawn.items())
    picture, ax = canvas(f"Line chart, {y} against {x}: {ends}." + "".join(f" {n}: {v:.3g}." for n, v in known.items()))
    for name, look in _hues(drawn).items():
        xs, ys = drawn[name]
        ax.plot(xs, ys, label=name, markevery=max(1, len(xs) // 8), **look)
    for (name, level), dash in zip(known.items(), itertools.cycle(["--", ":", "-."]), strict=False):
        ax.axhline(level, label=f"{name} {level:.3g}", color=colour(name), linestyle=dash)
    if limits is not None:
        ax.set_ylim(*map(float, limits))
    ax.set(xscale="log" if logx else "linear", yscale="log" if logy else "linear")
    for axis in [ax.xaxis] * logx + [ax.yaxis] * logy:
        _plain_numbers(axis)
    return finish(picture, ax, x, y, title)


@styled
def heatmap(
    matrix: Any,
    *,
    rows: Sequence[Any],
    columns: Sequence[Any],
    x: str,
    y: str,
    label: str,
    values: bool = False,
    limits: tuple[Number, Number] | None = None,
    title: str = "",
) -> Picture:
    """A matrix as colours, the first row on top, with a scale called `label`; `values` writes the numbers into it.

    matrix: numbers, rows x columns (lists, array or tensor); rows, columns: what each of them is called; x and y: what
    runs across and down. `limits` fixes the ends of the scale: under a slider, so that a colour keeps its meaning.
    """
    table = _matrix(matrix, len(rows), len(columns))
    if values and len(columns) > 12:
        raise ValueError(f"{len(columns)} columns are too narrow to write numbers into: at most 12, or values=False")
    cells = [(value, f"{rows[i]} / {columns[j]}") for i, row in enumerate(table) for j, value in enumerate(row)]
    (high, where), (low, there) = (choose(cells, key=lambda cell: cell[0]) for choose in (max, min))
    alt = f"Heat map of {label}, {len(rows)} rows ({y}) by {len(columns)} columns ({x}). "
    alt += f"Largest: {high:.3g} at {where}. Smallest: {low:.3g} at {there}."
    picture, ax = canvas(alt, height=min(8.0, max(2.4, 1.3 + 0.36 * len(rows))))
    low, high = map(float, limits or (low, high))
    image = ax.imshow(table, aspect="auto", vmin=low, vmax=high)
    picture.colorbar(image, ax=ax, label=label, pad=0.02)
    _name(ax.xaxis, columns, most=20)
    _name(ax.yaxis, rows, most=22)
    if sum(len(str(name)) + 2 for name in columns) > 44:  # side by side they would run into each other
        ax.tick_params(axis="x", labelrotation=90)
    ax.grid(False)
    if values:
        _write(ax, table, (low + high) / 2)
    return finish(picture, ax, x, y, title, legend=False)


#: So many labelled points are told one by one to those who cannot see them.
MOST_TOLD = 12


@styled
def scatter(
    points: Mapping[str, tuple[Curve, Curve]],
    labels: Mapping[str, Sequence[str]] | None = None,
    *,
    x: str,
    y: str,
    title: str = "",
) -> Picture:
    """Points in the plane, each group with a colour and a marker of its own.

    points: {group: (xs, ys)}; labels: {group: a word for each of its points}, for all groups or for some.
    """
    drawn = {name: points_of(pair) for name, pair in named(points, "group").items()}
    for name, (xs, ys) in drawn.items():
        drawable(name, [*xs, *ys])
    if wrong := [n for n, words in (labels or {}).items() if n not in drawn or len(words) != len(drawn[n][0])]:
        raise ValueError(f"labels[{wrong[0]!r}] does not fit: give each point of a group that is drawn one label")
    groups = "; ".join(f"{name}, {len(xs)} points around ({mean(xs):.3g}, {mean(ys):.3g})"
                       for name, (xs, ys) in drawn.items())  # fmt: skip
    told = [f"{word} ({a:.3g}, {b:.3g})" for name, words in (labels or {}).items()
            for word, a, b in zip(words, *drawn[name], strict=True)]  # fmt: skip
    each = f" {', '.join(told)}." if 0 < len(told) <= MOST_TOLD else ""
    picture, ax = canvas(f"Scatter plot, {y} against {x}: {groups}.{each}", height=4.2)
    for name, look in _hues(drawn).items():
        ax.plot(*drawn[name], label=name, **look | {"linestyle": "none", "markersize": 9, "markeredgecolor": "white"})
    ax.margins(0.1)
    finish(picture, ax, x, y, title)
    _annotate(picture, ax, [(at, word) for name, words in (labels or {}).items()
                            for at, word in zip(zip(*drawn[name], strict=True), words, strict=True)])  # fmt: skip
    return picture


#: Colours for what belongs to no family of models, in this order.
_FREE = ["window", "ngram", "seq2seq", "transformer", "rnn", "encoder"]


def _hues(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`looks`, in which names of no family take the colours that the others have left, in order."""
    styles = looks(names)
    taken = {look["color"] for look in styles.values()}
    left = itertools.cycle([FAMILIES[name] for name in _FREE if FAMILIES[name] not in taken] or [FAMILIES["other"]])
    return {
        n: look | ({"color": next(left)} if look["color"] == FAMILIES["other"] else {}) for n, look in styles.items()
    }


def _plain_numbers(axis: Any) -> None:
    """Write 0.01 and 1000 at a logarithmic axis instead of powers, and 2 and 5 between them where those are few.

    An axis that runs farther keeps its powers of ten, which are shorter.
    """
    low, high = axis.get_view_interval()
    if low > 1e-5 and high < 1e6:
        axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("{x:g}" if high < 300 * low else "")
    axis.get_minor_locator().set_params(subs=(2, 5))


def _matrix(matrix: Any, rows: int, columns: int) -> list[list[float]]:
    """The numbers of a matrix as lists, after a look whether it has so many rows and columns."""
    try:
        table = [[float(value) for value in row] for row in matrix]
    except TypeError as error:
        raise ValueError("a heat map needs a matrix: rows of numbers, such as [[1, 2], [3, 4]]") from error
    shapes = {len(row) for row in table}
    if len(table) != rows or shapes != {columns} or not columns:
        found = f"{len(table)} x {'/'.join(map(str, sorted(shapes))) or 0}"
        raise ValueError(f"the matrix is {found}, but there are names for {rows} rows and {columns} columns")
    drawable("the matrix", [value for row in table for value in row])
    return table


def _name(axis: Any, names: Sequence[Any], most: int) -> None:
    """Name every place along an axis, or every second, third ... where more than `most` would not fit."""
    step = -(-len(names) // most)
    axis.set_ticks(range(0, len(names), step), [str(name) for name in names[::step]])


def _write(ax: Any, table: list[list[float]], middle: float) -> None:
    """Each number into its cell, white on the dark half of the scale."""
    whole = all(value.is_integer() for row in table for value in row)
    for i, row in enumerate(table):
        for j, value in enumerate(row):
            said = f"{value:.0f}" if whole else f"{value:.2f}"
            ax.text(j, i, said, ha="center", va="center", fontsize=11, color="white" if value < middle else "black")


#: Where a label may stand: offset from its point (in units of 1/72 inch) and alignment, the best place first.
_PLACES = [
    *[(7, 0, "left", "center"), (0, 7, "center", "bottom"), (0, -7, "center", "top"), (-7, 0, "right", "center")],
    *[(6, 9, "left", "bottom"), (6, -9, "left", "top"), (-6, 9, "right", "bottom"), (-6, -9, "right", "top")],
]


def _annotate(picture: Picture, ax: Any, words: list[tuple[tuple[float, float], str]]) -> None:
    """A label beside each point, at the first place where it covers no point and no other label, if there is one."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.transforms import Bbox

    renderer = FigureCanvasAgg(picture).get_renderer()
    picture.draw_without_rendering()  # now the axes have their final size
    page = ax.get_window_extent()
    centres = [ax.transData.transform(point) for line in ax.lines for point in line.get_xydata()]
    taken = [Bbox.from_extents(x - 4, y - 4, x + 4, y + 4) for x, y in centres]
    for at, word in words:
        tried = [ax.annotate(word, at, (right, up), textcoords="offset points", ha=ha, va=va, fontsize=11)
                 for right, up, ha, va in _PLACES]  # fmt: skip
        boxes = [text.get_window_extent(renderer) for text in tried]
        free = [page.containsx(b.x0) and page.containsx(b.x1) and page.containsy(b.y0) and page.containsy(b.y1)
                and not any(b.overlaps(other) for other in taken) for b in boxes]  # fmt: skip
        best = free.index(True) if True in free else 0
        for text in tried[:best] + tried[best + 1 :]:
            text.remove()
        taken.append(boxes[best])
