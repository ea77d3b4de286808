"""The course's plots: plain numbers in, one Picture out, with its alt text; nothing is shown, nothing is kept.

Every plot that compares models holds them against the floor: the exact entropy of the embedded world, which no model
can beat but by luck. Losses and gaps are in nats per token (1 nat = 1.44 bits).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from coursekit.show.axes import Curve, Number, finish, named, plain, points_of
from coursekit.show.picture import Picture, canvas
from coursekit.show.style import FAMILIES, colour, looks, styled


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
    drawn = {name: points_of(curve) for name, curve in named(curves).items()}
    falls = "; ".join(f"{name} goes from {ys[0]:.2f} to {ys[-1]:.2f}" for name, (_, ys) in drawn.items())
    under = f"; the floor lies at {float(floor):.2f}" if floor is not None else ""
    picture, ax = canvas(f"Line chart, {y} against {x}: {falls}{under}.")
    for name, look in looks(drawn).items():
        xs, ys = drawn[name]
        ax.plot(xs, ys, label=name, markevery=max(1, len(xs) // 8), **look)
    if floor is not None:
        ax.axhline(float(floor), color=FAMILIES["floor"], linestyle="--", label=f"floor {float(floor):.2f}")
    ax.xaxis.get_major_locator().set_params(integer=True)  # steps, words, orders: there is no half of one
    return finish(picture, ax, x, y, title)


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
    seeds = {name: plain(values) for name, values in named(gaps).items()}
    if empty := [name for name, values in seeds.items() if not values]:
        raise ValueError(f"{empty[0]} has no number to draw")
    means = {name: sum(values) / len(values) for name, values in seeds.items()}
    order = sorted(means, key=lambda name: -means[name])
    said = {name: f"{mean:.{3 if abs(mean) < 10 else 1}f}" for name, mean in means.items()}  # BLEU has no thousandths
    listed = ", ".join(f"{name} {said[name]}" for name in order)
    picture, ax = canvas(f"Bar chart, {x}, largest first: {listed}.", height=1.1 + 0.42 * len(order))
    ax.barh(order, [means[name] for name in order], color=[colour(name) for name in order], height=0.62)
    for row, name in enumerate(order):
        if len(seeds[name]) > 1:
            ax.scatter(seeds[name], [row] * len(seeds[name]), s=22, facecolor="white", edgecolor="black", zorder=3)
        ax.annotate(said[name], (max([*seeds[name], 0.0]), row), (6, 0), textcoords="offset points", va="center")
    ax.axvline(0.0, color=FAMILIES["floor"], linewidth=2.5)
    ax.invert_yaxis()
    ax.grid(False, axis="y")
    ax.margins(x=0.14)
    return finish(picture, ax, x, "", title, legend=False)


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
    return finish(picture, ax, x, "", title)


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
    return finish(picture, ax, x, y, title)


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
    return finish(picture, ax, x, "", f"{context} ..." if context else "")


def _tables(models: Any) -> dict[str, dict[Any, float]]:
    """{model: {row: number}} in plain floats."""
    for name, table in named(models).items():
        if not (isinstance(table, Mapping) and table):
            raise ValueError(f"{name} has nothing to draw: give it a dictionary with at least one number")
    return {name: {row: float(value) for row, value in table.items()} for name, table in models.items()}
