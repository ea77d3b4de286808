"""A picture with sliders: alive in JupyterLab and Colab, its first picture on GitHub, in slides and on the site.

Only widgets that ipywidgets 7.7 and 8 share, an HTML widget that holds an <img>, and one display bundle; no Output and
no interact, whose state would have to be stored in the notebook.
"""

import asyncio
import html
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure

from coursekit.show.picture import PIXELS_PER_INCH, png

#: Seconds without a new value before a picture is drawn: long enough for the kernel to read what already waits.
QUIET = 0.03


def slider(
    draw: Callable[..., Figure | None],
    /,
    *,
    start: Mapping[str, Any] | None = None,
    alt: str | None = None,
    **ranges: Any,
) -> None:
    """Show draw(**values) under one control for each named range.

    A range is (low, high) or (low, high, step) in integers or floats, a range(...), a list of choices, a dictionary
    {label: value}, or True/False. `start` names first values other than the lowest (for choices: the label); the first
    picture is what readers without a kernel see. `draw` returns a figure (or draws with pyplot); its attribute `alt`,
    or else the argument `alt`, is the picture's text for a screen reader.
    """
    Explorable(draw, ranges, start or {}, alt).show()


class Explorable:
    """The controls, the picture and the rule between them: however fast the values change, only the newest is drawn."""

    def __init__(
        self,
        draw: Callable[..., Figure | None],
        ranges: Mapping[str, Any],
        start: Mapping[str, Any] | None = None,
        alt: str | None = None,
    ) -> None:
        start = start or {}
        if not ranges:
            raise ValueError("slider needs at least one named range, for example slider(draw, n=(1, 5))")
        if unknown := sorted(set(start) - set(ranges)):
            raise ValueError(f"start names {unknown[0]!r}, which is none of the ranges {sorted(ranges)}")
        self.draw, self.alt = draw, alt
        self.choices = {name: _labelled(r) for name, r in ranges.items() if isinstance(r, (list, dict))}
        self.controls = {name: control(name, self.choices.get(name, r), start.get(name)) for name, r in ranges.items()}
        self.view = ipywidgets.HTML()
        self.box = ipywidgets.VBox([*self.controls.values(), self.view])
        self.error: Exception | None = None
        self._drawn: dict[str, Any] | None = None  # the state of the controls that the view shows
        self._one_at_a_time = threading.Lock()  # JupyterLab may deliver widget messages in a thread of their own
        self._timer: asyncio.TimerHandle | None = None
        self._waiting_since, self._patience = 0.0, 0.1
        self.first, self.width, self.words = self._picture()  # an error here is the cell's own error
        self.view.value = _img(self.first, self.width, self.words)
        for widget in self.controls.values():
            widget.observe(self._changed, "value")

    def state(self) -> dict[str, Any]:
        """What each control stands at: a number, a label or a bool."""
        return {name: widget.value for name, widget in self.controls.items()}

    def show(self) -> None:
        """Display the controls where widgets live, and the first picture where they do not."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        bundle = {
            "application/vnd.jupyter.widget-view+json": view,
            "image/png": self.first,
            "text/plain": f"slider {', '.join(self.controls)}: first picture",
        }
        display(bundle, metadata={"image/png": {"alt": self.words, "width": self.width}}, raw=True)

    def _changed(self, _: Any) -> None:
        """Draw once the values rest, or at the latest after as long as the last drawing took: never once a message."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no event loop: nothing can queue up
            self.refresh()
            return
        now = time.monotonic()
        if self._timer is None:
            self._waiting_since = now
        else:
            self._timer.cancel()
        delay = max(0.0, min(QUIET, self._waiting_since + self._patience - now))
        self._timer = loop.call_later(delay, self.refresh)

    def refresh(self) -> None:
        """Bring the picture up to the controls; what goes wrong in draw stands in its place as a sentence."""
        self._timer = None
        with self._one_at_a_time:
            state, began = self.state(), time.monotonic()
            if state == self._drawn:
                return
            try:
                self.view.value = _img(*self._picture())
                self.error = None
            except Exception as error:  # shown to the reader: a callback's traceback goes where nobody looks
                self.error, self._drawn = error, None
                blame = html.escape(f"{_blame(error)}", quote=False)
                self.view.value = f'<p role="alert"><b>No picture for {html.escape(_spell(state))}.</b> {blame}</p>'
            self._patience = max(0.1, time.monotonic() - began)

    def _picture(self) -> tuple[str, int, str]:
        """PNG, width on screen in pixels, and alt text of what draw makes of the controls; no figure stays open."""
        state = self.state()
        values = {name: self.choices[name][v] if name in self.choices else v for name, v in state.items()}
        with _closing_new_figures() as current:
            figure = self.draw(**values)
            figure = current() if figure is None else figure
            if not isinstance(figure, Figure):
                raise TypeError(f"draw must return a matplotlib figure, not {type(figure).__name__}")
            data, width = png(figure), round(figure.get_figwidth() * PIXELS_PER_INCH)
        self._drawn = state
        words = getattr(figure, "alt", "") or self.alt or "picture"
        return data, width, f"{_spell(state)}: {words}"


def control(name: str, choice: Any, start: Any = None) -> Any:
    """The widget for one range, at its lowest or first value or at `start`; each can be moved with the arrow keys."""
    common: dict[str, Any] = {"description": name, "style": {"description_width": "initial"}}
    if isinstance(choice, bool):
        return ipywidgets.Checkbox(value=choice if start is None else start, indent=False, description=name)
    if isinstance(choice, dict):
        first = next(iter(choice)) if start is None else str(start)
        if first not in choice:
            raise ValueError(f"range {name}: {first!r} is none of the choices {list(choice)}")
        return ipywidgets.Dropdown(options=list(choice), value=first, **common)
    if isinstance(choice, range) and len(choice):
        choice = (choice[0], choice[-1], choice.step)
    if not (isinstance(choice, tuple) and len(choice) in (2, 3) and all(isinstance(x, (int, float)) for x in choice)):
        raise ValueError(f"range {name}: expected (low, high), (low, high, step), a list or dict of choices, or a bool")
    low, high = choice[:2]
    value = low if start is None else start
    if len(choice) == 3 and not choice[2] > 0:
        raise ValueError(f"range {name}: a step of {choice[2]} leads nowhere, take one above 0")
    if not (isinstance(value, (int, float)) and low <= value <= high):
        raise ValueError(f"range {name}: {value} does not lie between {low} and {high}")
    whole = all(isinstance(x, int) for x in choice)
    step = choice[2] if len(choice) == 3 else 1 if whole else (high - low) / 100
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    return kind(value=value, min=low, max=high, step=step, **common)


def _labelled(choices: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """Label -> value: only labels travel to the browser, so a choice may be a model or a tensor."""
    if not choices:
        raise ValueError("a list of choices must not be empty")
    return {str(k): v for k, v in choices.items()} if isinstance(choices, dict) else {str(c): c for c in choices}


@contextmanager
def _closing_new_figures() -> Iterator[Callable[[], Figure | None]]:
    """Close what draw opened in pyplot, even if it raised; the value is a function that gives the newest of them."""

    def opened() -> list[int]:
        pyplot = sys.modules.get("matplotlib.pyplot")  # not imported here: most figures need none
        return pyplot.get_fignums() if pyplot else []

    def current() -> Figure | None:
        new = [number for number in opened() if number not in before]
        return sys.modules["matplotlib.pyplot"].figure(new[-1]) if new else None

    before = set(opened())
    try:
        yield current
    finally:
        for number in opened():
            if number not in before:
                sys.modules["matplotlib.pyplot"].close(number)


def _img(data: str, width: int, words: str) -> str:
    style = "max-width:100%;height:auto"
    return f'<img alt="{html.escape(words)}" width="{width}" style="{style}" src="data:image/png;base64,{data}">'


def _spell(state: Mapping[str, Any]) -> str:
    said = (f"{name} = {value:g}" if isinstance(value, float) else f"{name} = {value}" for name, value in state.items())
    return ", ".join(said)


def _blame(error: Exception) -> str:
    """The error in one sentence, with the line of draw where it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    where = next((f" (line {f.lineno} of {f.name})" for f in frames if f.filename != __file__), "")
    return f"{type(error).__name__}: {' '.join(str(error).split()) or 'no message'}{where}"
