"""One look for every picture of the course, its plots, and the slider that moves them.

Nothing is loaded before it is used: `import coursekit.show` costs no matplotlib and no ipywidgets, and no plot touches
pyplot, so a picture is shown exactly once: where a cell ends with it, or where `display(picture)` says so.
"""

from typing import TYPE_CHECKING

from coursekit.lazy import lazy

if TYPE_CHECKING:
    from coursekit.show.charts import heatmap as heatmap
    from coursekit.show.charts import lines as lines
    from coursekit.show.charts import scatter as scatter
    from coursekit.show.explorable import slider as slider
    from coursekit.show.picture import Picture as Picture
    from coursekit.show.picture import canvas as canvas
    from coursekit.show.plots import by_distance as by_distance
    from coursekit.show.plots import gap_by_kind as gap_by_kind
    from coursekit.show.plots import gap_to_floor as gap_to_floor
    from coursekit.show.plots import learning_curve as learning_curve
    from coursekit.show.plots import next_word as next_word
    from coursekit.show.style import colour as colour
    from coursekit.show.style import use_style as use_style

_HOME = {
    "Picture": "picture",
    "canvas": "picture",
    "by_distance": "plots",
    "gap_by_kind": "plots",
    "gap_to_floor": "plots",
    "heatmap": "charts",
    "learning_curve": "plots",
    "lines": "charts",
    "next_word": "plots",
    "scatter": "charts",
    "slider": "explorable",
    "colour": "style",
    "use_style": "style",
}

__getattr__, __dir__ = lazy(__name__, _HOME)
