"""A figure that knows what it shows in words, and is shown once."""

import base64
import io
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from coursekit.show.style import styled

#: Pixels of the screen that an inch of a figure takes in a notebook (6 inches: 600 pixels).
PIXELS_PER_INCH = 100


class Picture(Figure):
    """A matplotlib figure with alt text; pyplot does not know it: nothing shows it twice or keeps it alive."""

    alt: str = ""

    def _ipython_display_(self) -> None:
        # Not _repr_mimebundle_: `%matplotlib inline` would replace that picture by its own, without the alt text.
        from IPython.display import display

        width = round(self.get_figwidth() * PIXELS_PER_INCH)
        # The words with their numbers go where a screen reader looks, not into text/plain: notebooks compare that.
        display(
            {"image/png": png(self), "text/plain": f"<{type(self).__name__}>"},
            metadata={"image/png": {"alt": self.alt, "width": width}},
            raw=True,
        )


@styled
def canvas(alt: str, width: float | int = 6.0, height: float | int = 3.4, columns: int = 1) -> tuple[Picture, Any]:
    """An empty picture in the course's style and its axes (one, or a list of `columns`).

    alt: what a reader who cannot see the picture needs to know; width and height in inches (100 pixels each on screen).
    """
    if not alt.strip():
        raise ValueError("alt is empty: say in one sentence what the picture shows")
    picture = Picture(figsize=(width, height), layout="constrained")
    axes: list[Axes] = [picture.add_subplot(1, columns, i + 1) for i in range(columns)]
    picture.alt = alt
    return picture, axes[0] if columns == 1 else axes


@styled
def png(figure: Figure, dpi: int = 160) -> str:
    """The figure as PNG in base64; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()
