"""The course's one look: fonts that survive half width, colours that survive colour blindness.

Hues are those of Okabe and Ito (2008, Color Universal Design), one for each family of models, so that a model has the
same colour in every chapter; siblings in a family differ in lightness, and in every plot also by marker and line.
"""

import functools
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

P, R = ParamSpec("P"), TypeVar("R")

# JupyterLab moves sliders in a thread beside the one that runs cells, and matplotlib's settings are global: two threads
# that change and restore them in turn would leave the reader with ours.
_SETTINGS = threading.RLock()

FAMILIES = {
    "floor": "#000000",
    "ngram": "#E69F00",
    "window": "#0072B2",
    "rnn": "#CC79A7",
    "seq2seq": "#009E73",
    "transformer": "#D55E00",
    "encoder": "#56B4E9",
    "other": "#777777",
}

# Which words in a model's name make it a member of which family, and how much lighter (+) or darker (-) it is drawn.
# The first line that matches decides.
_MEMBERS: list[tuple[str, str, float]] = [
    (r"floor|exact|\bbest\b|\bworld\b", "floor", 0.0),
    (r"uniform|unigram|chance", "other", 0.0),
    (r"\badd[-_ ]?(k|one|[\d.]+)|laplace", "ngram", 0.5),
    (r"interpolat", "ngram", -0.45),
    (r"kneser|gram|\bkn\b", "ngram", 0.0),
    (r"window|bengio", "window", 0.0),
    (r"lstm", "rnn", -0.4),
    (r"gru", "rnn", 0.4),
    (r"rnn|elman|recurrent", "rnn", 0.0),
    (r"bert|encoder-only", "encoder", 0.0),
    (r"transformer|gpt|\bt5\b|vit|swin", "transformer", 0.0),
    (r"seq2seq|attention|luong|bahdanau|context", "seq2seq", 0.0),
]

MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*", "<", ">"]
LINES: list[Any] = ["-", (0, (5, 1.5)), (0, (1, 1)), "-.", (0, (8, 2, 1, 2, 1, 2))]

STYLE: dict[Any, Any] = {
    "figure.figsize": (6.0, 3.4),
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.dpi": 160,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
    "font.size": 12.5,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 12.5,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "legend.fontsize": 11.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.2,
    "lines.markersize": 6.5,
    "image.cmap": "cividis",
}


def use_style() -> None:
    """Give figures that you draw with pyplot the look of the course (its own plots have it without this call)."""
    import matplotlib
    from cycler import cycler

    order = ["window", "ngram", "seq2seq", "transformer", "rnn", "encoder", "other"]
    matplotlib.rcParams.update(STYLE | {"axes.prop_cycle": cycler(color=[FAMILIES[name] for name in order])})


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function that draws under the course's style, and leave the reader's own settings as they were."""
    import matplotlib

    @functools.wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with _SETTINGS, matplotlib.rc_context(STYLE):
            return function(*args, **kwargs)

    return inside


def colour(name: str) -> str:
    """The colour of a model, "#rrggbb", found from its name ("Kneser-Ney 3-gram", "window", "2-layer LSTM", ...)."""
    if name in FAMILIES:
        return FAMILIES[name]
    for pattern, family, shade in _MEMBERS:
        if re.search(pattern, name.lower()):
            return _shaded(FAMILIES[family], shade)
    return FAMILIES["other"]


def _shaded(hexadecimal: str, shade: float) -> str:
    """Mix with white (shade > 0) or with black (shade < 0)."""
    channels = [int(hexadecimal[i : i + 2], 16) for i in (1, 3, 5)]
    goal = 255 if shade > 0 else 0
    return "#" + "".join(f"{round(c + abs(shade) * (goal - c)):02X}" for c in channels)


def looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Colour, marker and line of each model in one plot: no two share a marker, so that none rests on colour alone."""
    return {
        name: {"color": colour(name), "marker": MARKERS[i % len(MARKERS)], "linestyle": LINES[i % len(LINES)]}
        for i, name in enumerate(names)
    }
