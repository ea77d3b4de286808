"""The plots: what they say in labels, marks and words; numbers in, one picture out; the reader's settings untouched."""

import base64
import inspect
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from coursekit import show
from coursekit.show.picture import Picture, png
from coursekit.show.style import FAMILIES, colour, looks

GAPS = {"add-k 3-gram": 0.71, "Kneser-Ney 3-gram": [0.30, 0.31, 0.29], "window": 0.22}
KINDS = {"window": {"thing": 1.3, "pronoun": 0.2}, "Kneser-Ney 3-gram": {"thing": 0.9, "verb": np.float32(0.4)}}
ALL = {
    "curve": lambda: show.learning_curve(
        {"window": [5.0, 3.0, 2.0], "add-k": ([1, 9], np.array([4.0, 2.5]))}, floor=1.57
    ),
    "bars": lambda: show.gap_to_floor(GAPS),
    "kinds": lambda: show.gap_by_kind(KINDS),
    "distance": lambda: show.by_distance({"window": {1: 0.9, 8: 0.1}}, best=0.95, chance=0.02),
    "words": lambda: show.next_word(
        {"exact": {"castle": 0.6, "wall": 0.4}, "window": {"castle": 0.2}}, context="She built a"
    ),
}


@pytest.mark.parametrize("name", ALL)
def test_each_plot_names_its_axes_with_units_and_says_itself_in_words(name):
    picture = ALL[name]()
    (ax,) = picture.axes
    named = f"{ax.get_xlabel()} {ax.get_ylabel()}"
    assert any(unit in named for unit in ("nats", "tokens", "probability")), named
    assert ax.get_xlabel()
    assert ax.get_ylabel() or all(label.get_text() for label in ax.get_yticklabels())
    assert len(picture.alt) > 40
    assert picture.alt.count(".") >= 2  # numbers are in it, or several sentences


@pytest.mark.parametrize("name", ALL)
def test_no_text_is_cut_off_or_laid_over_another(name):
    picture = ALL[name]()
    FigureCanvasAgg(picture).draw()
    renderer = picture.canvas.get_renderer()
    page = picture.bbox
    (ax,) = picture.axes
    low, high = sorted(ax.get_ylim())
    ticks = [
        tick.label1 for tick in ax.yaxis.get_major_ticks() if low <= tick.get_loc() <= high
    ]  # the rest is not drawn
    texts = [ax.xaxis.label, ax.yaxis.label, ax.title, *ticks, *[text for key in picture.legends for text in key.texts]]
    boxes = [t.get_window_extent(renderer) for t in texts if t.get_text().strip()]
    edge = 1.0  # pixel
    for box in boxes:
        assert min(box.x0 - page.x0, box.y0 - page.y0, page.x1 - box.x1, page.y1 - box.y1) > -edge, "cut off"
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :]), texts[i].get_text()


def test_alt_text_holds_the_numbers():
    assert "window goes from 5.00 to 2.00" in ALL["curve"]().alt
    assert "floor lies at 1.57" in ALL["curve"]().alt
    assert "add-k 3-gram 0.710, Kneser-Ney 3-gram 0.300, window 0.220" in ALL["bars"]().alt
    assert "window on thing (1.30)" in ALL["kinds"]().alt


def test_bars_are_the_means_worst_first_and_each_seed_is_a_dot():
    (ax,) = show.gap_to_floor({"window": 0.25, "add-k": 0.7, "LSTM": [0.1, 0.3, 0.2]}).axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["add-k", "window", "LSTM"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.7, 0.25, 0.2])
    assert sorted(ax.collections[0].get_offsets()[:, 0]) == pytest.approx([0.1, 0.2, 0.3])


def test_kinds_are_sorted_by_their_largest_gap_and_a_missing_one_has_no_mark():
    (ax,) = show.gap_by_kind(KINDS).axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["thing", "verb", "pronoun"]
    marks = {line.get_label(): list(line.get_xdata()) for line in ax.lines if not line.get_label().startswith("_")}
    assert marks["window"] == pytest.approx([1.3, 0.2])
    assert marks["Kneser-Ney 3-gram"] == pytest.approx([0.9, 0.4])


def test_kinds_lie_on_their_rows_and_inside_the_picture():
    (ax,) = show.gap_by_kind(KINDS | {"GRU": {"verb": 0.1}}).axes
    low, high = sorted(ax.get_ylim())
    for line in (line for line in ax.lines if not line.get_label().startswith("_")):
        for value, row in zip(line.get_xdata(), line.get_ydata(), strict=True):
            kind = ax.get_yticklabels()[round(row)].get_text()
            assert abs(row - round(row)) <= 0.25  # no mark lies nearer to another row
            assert low < row < high
            assert ({**KINDS, "GRU": {"verb": 0.1}}[line.get_label()])[kind] == pytest.approx(value)


def test_distances_are_drawn_in_order_with_their_levels():
    picture = show.by_distance({"window": {8: 0.1, 1: 0.9, 3: 0.4}}, best=0.95, chance=0.02)
    (ax,) = picture.axes
    marks = {line.get_label(): line for line in ax.lines}
    assert list(marks["window"].get_xdata()) == [1, 3, 8]
    assert list(marks["window"].get_ydata()) == [0.9, 0.4, 0.1]
    assert marks["best possible 0.95"].get_color() == FAMILIES["floor"]
    assert set(marks["chance 0.02"].get_ydata()) == {0.02}
    assert "window goes from 0.90 to 0.10" in picture.alt


def test_the_floor_stands_at_zero_gap():
    for picture in (show.gap_to_floor(GAPS), show.gap_by_kind(KINDS)):
        at_zero = [line for line in picture.axes[0].lines if list(line.get_xdata()) == [0, 0]]
        assert [line.get_color() for line in at_zero] == [FAMILIES["floor"]]


def test_next_word_ranks_by_the_first_model_and_a_word_unknown_to_another_is_zero():
    (ax,) = show.next_word({"exact": {"b": 0.1, "a": 0.6, "c": 0.3}, "window": {"a": 0.5}}, top=2).axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "c"]
    assert [bar.get_width() for bar in ax.patches] == [0.6, 0.3, 0.5, 0.0]
    (ax,) = show.next_word({"exact": {"b": 0.1, "a": 0.6}}, words=["b", "x"], upto=1).axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["b", "x"]
    assert [bar.get_width() for bar in ax.patches] == [0.1, 0.0]
    assert ax.get_xlim() == (0.0, 1.0)


@given(st.lists(st.floats(0.0, 20.0), min_size=1, max_size=30), st.floats(0.0, 5.0))
@settings(max_examples=15, deadline=None)
def test_curves_are_drawn_as_given(losses, floor):
    (ax,) = show.learning_curve({"window": losses}, floor=floor).axes
    assert list(ax.lines[0].get_ydata()) == losses
    assert list(ax.lines[0].get_xdata()) == list(range(1, len(losses) + 1))
    assert list(ax.lines[1].get_ydata()) == [floor, floor]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: show.learning_curve({}), "nothing to draw"),
        (lambda: show.gap_to_floor({}), "nothing to draw"),
        (lambda: show.gap_to_floor({"window": []}), "no number"),
        (lambda: show.next_word({}), "nothing to draw"),
        (lambda: show.learning_curve({"window": []}), "at least one"),
        (lambda: show.learning_curve({"window": ([1, 2], [3.0])}), "2 and 1"),
        (lambda: show.gap_by_kind({"window": {}}), "at least one number"),
        (lambda: show.by_distance({"window": {}}), "at least one number"),
        (lambda: show.next_word({"window": {}}), "at least one number"),
        (lambda: inspect.unwrap(show.next_word)({"window": [0.5, 0.5]}), "window has nothing to draw: give it a dict"),
        (lambda: inspect.unwrap(show.learning_curve)([3.0, 2.0]), "a dictionary from each model's name"),
        (lambda: inspect.unwrap(show.gap_to_floor)({3: 0.5}), "a dictionary from each model's name"),
        (lambda: show.canvas(" "), "alt is empty"),
    ],
)
def test_bad_arguments_are_one_sentence(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()


def _luminance(hexadecimal):
    channels = [int(hexadecimal[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_model_has_the_colour_of_its_family_whatever_its_order_or_its_neighbours():
    assert colour("window") == colour("Window LM") == colour("5-word window") == FAMILIES["window"]
    assert colour("Kneser-Ney 3-gram") == colour("kneser-ney bigram")
    assert (
        len({colour(n) for n in ("add-k 3-gram", "interpolated 3-gram", "Kneser-Ney 3-gram", "window", "exact")}) == 5
    )
    assert colour("add-0.1 trigram") == colour("add-k") == colour("Add-one")
    assert colour("something new") == FAMILIES["other"]
    assert all(_luminance(value) < 0.6 for value in FAMILIES.values())  # yellow on white would not be seen


def test_no_two_models_of_a_plot_are_told_apart_by_colour_alone():
    drawn = looks([f"{order}-gram" for order in range(1, 9)])
    assert len({look["marker"] for look in drawn.values()}) == 8


def test_use_style_changes_the_readers_figures_and_the_plots_do_not_need_it():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        before = dict(matplotlib.rcParams)
        first = png(show.gap_to_floor(GAPS))
        assert dict(matplotlib.rcParams) == before
        show.use_style()
        assert matplotlib.rcParams["axes.spines.top"] is False
        assert png(show.gap_to_floor(GAPS)) == first  # the same bytes: nothing global decides


def test_drawing_in_threads_leaves_the_readers_settings_alone():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        before, alone = dict(matplotlib.rcParams), png(show.gap_to_floor(GAPS))
        with ThreadPoolExecutor(4) as threads:
            drawn = set(threads.map(lambda _: png(show.gap_to_floor(GAPS)), range(24)))
        assert drawn == {alone}
        assert dict(matplotlib.rcParams) == before


def test_a_picture_is_shown_once_with_its_words(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **how: shown.append((data, how)))
    picture, _ = show.canvas("a blank page", width=4, height=2)
    picture._ipython_display_()
    ((data, how),) = shown
    assert how["metadata"]["image/png"] == {"alt": "a blank page", "width": 400}
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["text/plain"] == "<Picture>"  # no number and no address: notebooks compare this text


def test_columns_give_as_many_axes():
    picture, axes = show.canvas("two", columns=2)
    assert isinstance(picture, Picture)
    assert len(axes) == 2 == len(picture.axes)


def test_importing_loads_nothing_heavy_and_drawing_needs_no_pyplot_and_no_torch():
    code = """
import sys
import coursekit.show as show
assert not {"matplotlib", "ipywidgets", "IPython", "numpy", "torch"} & set(sys.modules)
from coursekit.show.picture import png
png(show.gap_to_floor({"window": 0.2}))
from coursekit.show import slider
assert callable(slider)
assert not {"matplotlib.pyplot", "torch", "datasets"} & set(sys.modules)
import coursekit.show.explorable
assert callable(show.slider)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_names_are_attribute_errors_and_dir_lists_the_rest():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = show.nothing
    assert {"slider", "use_style", "gap_by_kind"} <= set(dir(show))


def test_same_numbers_same_bytes():
    assert png(show.gap_by_kind(KINDS)) == png(show.gap_by_kind(KINDS))
