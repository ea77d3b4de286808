"""The course's plots: plain numbers in, one Picture out, with its alt text; nothing is shown, nothing is kept.

Every plot that compares models holds them against the floor: the exact entropy of the embedded world, which no model
can beat but by luck. Losses and gaps are in nats per token (1 nat = 1.44 bits).
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any, SupportsFloat

from coursekit.show.picture import Picture, canvas
from coursekit.show.style import FAMILIES, colour, looks, styled

Number = SupportsFloat
Curve = Iterable[Number]


@styled
def learning_curve(
    curves: Mapping[str, Curve | tuple[Curve, Curve]],
    floor: Number | None = None,
    *,
    x: str = "training step",
    y: str = "validation loss (nats per token)",
    title: str = "",
) -> Picture:
    """Loss against training, one line a model, and the floor below them.

    curves: {model: losses} counted from 1, or {model: (steps, losses)}.
    """
    drawn = {name: _points(curve) for name, curve in _some(curves).items()}
    falls = "; ".join(f"{name} goes from {ys[0]:.2f} to {ys[-1]:.2f}" for name, (_, ys) in drawn.items())
    under = f"; the floor lies at {float(floor):.2f}" if floor is not None else ""
    picture, ax = canvas(f"Line chart, {y} against {x}: {falls}{under}.")
    for name, look in looks(drawn).items():
        xs, ys = drawn[name]
        ax.plot(xs, ys, label=name, markevery=max(1, len(xs) // 8), **look)
    if floor is not None:
        ax.axhline(float(floor), color=FAMILIES["floor"], linestyle="--", label=f"floor {float(floor):.2f}")
    ax.xaxis.get_major_locator().set_params(integer=True)  # steps, words, orders: there is no half of one
    return _finish(picture, ax, x, y, title)


@styled
def gap_to_floor(
    gaps: Mapping[str, Number | Sequence[Number]],
    *,
    x: str = "gap to the floor (nats per token)",
    title: str = "",
) -> Picture:
    """One bar a model, worst first: how far its cross-entropy lies above the floor, which is zero.

    gaps: {model: gap}, or {model: gaps of several seeds}: the bar is their mean and each seed a dot.
    """
    seeds = {name: _numbers(values) for name, values in _some(gaps).items()}
    if empty := [name for name, values in seeds.items() if not values]:
        raise ValueError(f"{empty[0]} has no number to draw")
    means = {name: sum(values) / len(values) for name, values in seeds.items()}
    order = sorted(means, key=lambda name: -means[name])
    listed = ", ".join(f"{name} {means[name]:.3f}" for name in order)
    picture, ax = canvas(f"Bar chart, {x}, largest first: {listed}.", height=1.1 + 0.42 * len(order))
    ax.barh(order, [means[name] for name in order], color=[colour(name) for name in order], height=0.62)
    for row, name in enumerate(order):
        if len(seeds[name]) > 1:
            ax.scatter(seeds[name], [row] * len(seeds[name]), s=22, facecolor="white", edgecolor="black", zorder=3)
        ax.annotate(
            f"{means[name]:.3f}", (max([*seeds[name], 0.0]), row), (6, 0), textcoords="offset points", va="center"
        )
    ax.axvline(0.0, color=FAMILIES["floor"], linewidth=2.5)
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.margins(x=0.14)
    return _finish(picture, ax, x, "", title, legend=False)


@styled
def gap_by_kind(
    gaps: Mapping[str, Mapping[str, Number]],
    *,
    x: str = "gap to the floor (nats per token)",
    title: str = "",
) -> Picture:
    """One row a kind of word, one mark a model: where the gap comes from. Rows are sorted by their largest gap.

    gaps: {model: {kind: gap}}; a kind that a model lacks has no mark.
    """
    tables = _tables(gaps)
    kinds = list(dict.fromkeys(kind for table in tables.values() for kind in table))
    kinds.sort(key=lambda kind: -max(table[kind] for table in tables.values() if kind in table))
    worst = {name: max(table, key=lambda kind: table[kind]) for name, table in tables.items()}
    listed = ", ".join(f"{name} on {kind} ({tables[name][kind]:.2f})" for name, kind in worst.items())
    alt = f"Dot chart, {x}, by kind of word ({', '.join(kinds)}). Each model's largest: {listed}."
    picture, ax = canvas(alt, height=1.0 + 0.42 * len(kinds))
    spread = 0.5 / max(1, len(tables) - 1)
    for i, (name, look) in enumerate(looks(tables).items()):
        shift = (i - (len(tables) - 1) / 2) * spread if len(tables) > 1 else 0.0
        rows = [row + shift for row, kind in enumerate(kinds) if kind in tables[name]]
        values = [tables[name][kind] for kind in kinds if kind in tables[name]]
        mark = look | {"linestyle": "none", "markeredgecolor": "#333333", "markeredgewidth": 0.7, "markersize": 8.5}
        ax.plot(values, rows, label=name, **mark)
    ax.set_yticks(range(len(kinds)), kinds)
    for edge in range(1, len(kinds)):
        ax.axhline(edge - 0.5, color="#dddddd", linewidth=0.8)
    ax.grid(False, axis="y")
    ax.axvline(0.0, color=FAMILIES["floor"], linewidth=2.5)
    ax.set_ylim(len(kinds) - 0.5, -0.5)
    return _finish(picture, ax, x, "", title)


@styled
def by_distance(
    values: Mapping[str, Mapping[int, Number]],
    *,
    y: str = "accuracy on the long-range word",
    x: str = "distance to the word it depends on (tokens)",
    best: Number | None = None,
    chance: Number | None = None,
    title: str = "",
) -> Picture:
    """One line a model over how far back the word that decides stands; `best` and `chance` are levels to read it by."""
    lines = {name: sorted(table.items()) for name, table in _tables(values).items()}
    ends = "; ".join(f"{n} goes from {line[0][1]:.2f} to {line[-1][1]:.2f}" for n, line in lines.items())
    levels = {"best possible": best, "chance": chance}
    known = {name: float(level) for name, level in levels.items() if level is not None}
    picture, ax = canvas(f"Line chart, {y} against {x}: {ends}." + "".join(f" {n}: {v:.2f}." for n, v in known.items()))
    for name, look in looks(lines).items():
        ax.plot([d for d, _ in lines[name]], [v for _, v in lines[name]], label=name, **look)
    for name, level in known.items():
        style = {"color": FAMILIES["floor"], "linestyle": "--"} if name == "best possible" else {"linestyle": ":"}
        ax.axhline(level, label=f"{name} {level:.2f}", **({"color": FAMILIES["other"]} | style))
    ax.xaxis.get_major_locator().set_params(integer=True)
    return _finish(picture, ax, x, y, title)


@styled
def next_word(
    distributions: Mapping[str, Mapping[str, Number]],
    *,
    top: int = 6,
    words: Sequence[str] | None = None,
    upto: Number | None = None,
    context: str = "",
    x: str = "probability of the next word",
) -> Picture:
    """The likeliest next words under each model, side by side (the exact world's first, if you have it).

    distributions: {model: {word: probability}}; the `top` words of the first are the rows, likeliest first, unless
    `words` names them. Under a slider fix `words` and `upto` (where the axis ends), so that only the bars move.
    """
    tables = _tables(distributions)
    first = next(iter(tables.values()))
    words = list(words) if words else sorted(first, key=lambda word: (-first[word], word))[:top]
    listed = "; ".join(
        f"{name}: " + ", ".join(f"{word} {table.get(word, 0.0):.2f}" for word in words[:3])
        for name, table in tables.items()
    )
    after = f" after '{context}'" if context else ""
    height = 1.2 + (0.16 + 0.14 * len(tables)) * len(words)
    picture, ax = canvas(f"Bar chart, {x}{after}. {listed}.", height=height)
    thick = 0.8 / len(tables)
    for i, (name, table) in enumerate(tables.items()):
        rows = [row - 0.4 + (i + 0.5) * thick for row in range(len(words))]
        hatch = "" if i == 0 else ("///", "...", "xx", "\\\\\\")[(i - 1) % 4]
        ax.barh(rows, [table.get(word, 0.0) for word in words], thick * 0.9, label=name, color=colour(name),
                hatch=hatch, edgecolor="white", linewidth=0.0)  # fmt: skip
    ax.set_yticks(range(len(words)), words)
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    if upto is not None:
        ax.set_xlim(0.0, float(upto))
    return _finish(picture, ax, x, "", f"{context} ..." if context else "")


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
    drawn = {name: _points(curve) for name, curve in _some(curves, "curve").items()}
    known = {name: float(level) for name, level in (levels or {}).items()}
    for name, (xs, ys) in drawn.items():
        _drawable(name, xs, logx)
        _drawable(name, ys, logy)
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
    return _finish(picture, ax, x, y, title)


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
    return _finish(picture, ax, x, y, title, legend=False)


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
    drawn = {name: _points(pair) for name, pair in _some(points, "group").items()}
    for name, (xs, ys) in drawn.items():
        _drawable(name, [*xs, *ys])
    if wrong := [n for n, words in (labels or {}).items() if n not in drawn or len(words) != len(drawn[n][0])]:
        raise ValueError(f"labels[{wrong[0]!r}] does not fit: give each point of a group that is drawn one label")
    groups = "; ".join(f"{name}, {len(xs)} points around ({mean(xs):.3g}, {mean(ys):.3g})"
                       for name, (xs, ys) in drawn.items())  # fmt: skip
    picture, ax = canvas(f"Scatter plot, {y} against {x}: {groups}.", height=4.2)
    for name, look in _hues(drawn).items():
        ax.plot(*drawn[name], label=name, **look | {"linestyle": "none", "markersize": 9, "markeredgecolor": "white"})
    ax.margins(0.1)
    _finish(picture, ax, x, y, title)
    _annotate(picture, ax, [(at, word) for name, words in (labels or {}).items()
                            for at, word in zip(zip(*drawn[name], strict=True), words, strict=True)])  # fmt: skip
    return picture


def _finish(picture: Picture, ax: Any, x: str, y: str, title: str, legend: bool = True) -> Picture:
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


def _points(curve: Curve | tuple[Curve, Curve]) -> tuple[list[float], list[float]]:
    """Steps and losses as plain lists, of equal length and not empty."""
    if isinstance(curve, tuple) and len(curve) == 2 and all(hasattr(half, "__iter__") for half in curve):
        xs, ys = _numbers(curve[0]), _numbers(curve[1])
    else:
        ys = _numbers(curve)
        xs = [float(i + 1) for i in range(len(ys))]
    if len(xs) != len(ys) or not ys:
        raise ValueError(f"a curve needs as many steps as losses, and at least one: got {len(xs)} and {len(ys)}")
    return xs, ys


def _numbers(values: Any) -> list[float]:
    """One number or several (a list, an array, a tensor) as a list of floats."""
    try:
        return [float(v) for v in values]
    except TypeError:  # a single number; a tensor without axes has __iter__ but cannot be iterated over
        return [float(values)]


def _tables(models: Any) -> dict[str, dict[Any, float]]:
    """{model: {row: number}} in plain floats."""
    for name, table in _some(models).items():
        if not (isinstance(table, Mapping) and table):
            raise ValueError(f"{name} has nothing to draw: give it a dictionary with at least one number")
    return {name: {row: float(value) for row, value in table.items()} for name, table in models.items()}


def _some(models: Any, what: str = "model") -> Mapping[str, Any]:
    """`models`, after a look whether it is what every plot takes: {model: ...}."""
    if not (isinstance(models, Mapping) and all(isinstance(name, str) for name in models)):
        raise ValueError(f"what to draw is a dictionary from each {what}'s name to its numbers, such as {{'a': ...}}")
    if not models:
        raise ValueError(f"nothing to draw: pass at least one {what}")
    return models


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


def _drawable(name: str, numbers: list[float], log: bool = False) -> None:
    """Refuse what matplotlib would leave out in silence."""
    if bad := [number for number in numbers if not math.isfinite(number)]:
        raise ValueError(f"{name} holds {bad[0]}, which has no place on an axis: leave it out or find where it arose")
    if log and (bad := [number for number in numbers if number <= 0]):
        raise ValueError(f"{name} holds {bad[0]:g}, and a logarithmic axis shows only numbers above 0: leave it out")


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
    _drawable("the matrix", [value for row in table for value in row])
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
