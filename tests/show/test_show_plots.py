"""The plots: what they say in labels, marks and words; numbers in, one picture out; the reader's settings untouched."""

import base64
import inspect
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib
import matplotlib.colors
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

from coursekit import show
from coursekit.show.picture import Picture, png
from coursekit.show.style import FAMILIES, colour, looks

GAPS = {"add-k 3-gram": 0.71, "Kneser-Ney 3-gram": [0.30, 0.31, 0.29], "window": 0.22}
KINDS = {"window": {"thing": 1.3, "pronoun": 0.2}, "Kneser-Ney 3-gram": {"thing": 0.9, "verb": np.float32(0.4)}}
WEIGHTS = np.array([[0.25, 0.5, 0.25], [0.1, 0.0, 0.9]])
CLOUD = {"place": ([0.0, 1.0], [0.0, 1.0]), "name": (np.array([0.5]), [2.0])}
AXES = {"x": "step", "y": "loss"}
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
    "lines": lambda: show.lines(
        {"AdamW": ([1, 10, 100], [2.0, 0.5, 0.25]), "by hand": [3.0, 2.0]},
        x="training step", y="loss (nats)", logx=True, logy=True, levels={"floor": 0.2}, title="Two ways down",
    ),
    "decades": lambda: show.lines({"float16": ([1e-9, 1e9], [1e-4, 10.0])}, x="nats", y="loss", logx=True, logy=True),
    "heat": lambda: show.heatmap(
        WEIGHTS, rows=["the river bank", "cash"], columns=["river", "cash", "in the bank"], values=True,
        x="key (tokens)", y="query (tokens)", label="weight", title="Who looks where",
    ),
    "tall heat": lambda: show.heatmap(
        np.arange(1800.0).reshape(30, 60), rows=range(30), columns=[f"token{i}" for i in range(60)],
        x="tokens of the source", y="tokens of the target", label="score",
    ),
    "points": lambda: show.scatter(
        CLOUD, {"place": ["beach", "park"]}, x="first axis (probability)", y="second axis", title="Two groups"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_each_plot_names_its_axes_with_units_and_says_itself_in_words(name):
    picture = ALL[name]()
    ax = picture.axes[0]  # a heat map has its scale beside it
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
    ax, texts = picture.axes[0], []
    for axis in (ax.yaxis, ax.xaxis, *(scale.yaxis for scale in picture.axes[1:])):
        low, high = sorted(axis.get_view_interval())
        ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
        ticks = [tick for tick in ticks if low <= tick.get_loc() <= high]  # the rest is not drawn
        texts += [axis.label, *(tick.label1 if tick.label1.get_visible() else tick.label2 for tick in ticks)]
    texts = [*texts, *ax.texts, ax.title, *[text for key in picture.legends for text in key.texts]]
    boxes = [t.get_window_extent(renderer) for t in texts if t.get_text().strip()]
    edge = 1.0  # pixel
    for box in boxes:
        assert min(box.x0 - page.x0, box.y0 - page.y0, page.x1 - box.x1, page.y1 - box.y1) > -edge, "cut off"
    for i, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[i + 1 :]), (
            texts[i].get_text(),
            [t.get_text() for t in texts if t.get_window_extent(renderer).overlaps(one)],
        )


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


def test_bars_say_no_more_digits_than_a_reader_wants():
    picture = show.gap_to_floor({"Luong": [75.0, 76.15], "LSTM": 0.25})
    assert "Luong 75.6, LSTM 0.250" in picture.alt
    assert [t.get_text() for t in picture.axes[0].texts] == ["75.6", "0.250"]


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


def heat(matrix, rows, columns, **options):
    return show.heatmap(matrix, rows=list(rows), columns=list(columns), x="key", y="query", label="weight", **options)


def test_lines_draw_what_was_given_with_levels_and_logarithms():
    picture = show.lines({"a": ([1, 10], [2.0, 4.0]), "b": torch.tensor([3.0, 5.0, 1.0])}, **AXES, levels={"best": 0.5})
    (ax,) = picture.axes
    assert [line.get_label() for line in ax.lines] == ["a", "b", "best 0.5"]
    assert [list(line.get_xdata()) for line in ax.lines[:2]] == [[1, 10], [1, 2, 3]]
    assert list(ax.lines[1].get_ydata()) == [3.0, 5.0, 1.0]
    assert set(ax.lines[2].get_ydata()) == {0.5}
    assert picture.alt == "Line chart, loss against step: a goes from 2 to 4; b goes from 3 to 1. best: 0.5."
    assert (ax.get_xscale(), ax.get_yscale()) == ("linear", "linear")
    (ax,) = show.lines({"a": [1.0, 2.0]}, **AXES, logx=True, logy=True, limits=(0.1, 9)).axes
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylim()) == ("log", "log", (0.1, 9.0))


def test_names_of_no_family_get_colours_of_their_own_and_leave_the_families_theirs():
    (ax,) = show.lines({"plain": [1, 2], "window": [1, 2], "momentum": [2, 1]}, **AXES).axes
    used = [line.get_color() for line in ax.lines]
    assert len(set(used)) == 3
    assert used[1] == FAMILIES["window"]
    assert FAMILIES["other"] not in used


def test_a_heat_map_has_its_first_row_on_top_and_its_numbers_in_their_cells():
    picture = heat(WEIGHTS, ["one", "two"], ["a", "b", "c"], values=True)
    ax, scale = picture.axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["one", "two"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b", "c"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # downwards, as a matrix is written
    assert {t.get_position(): t.get_text() for t in ax.texts}[(2, 1)] == "0.90"
    assert np.array_equal(ax.images[0].get_array(), WEIGHTS)
    assert scale.get_ylabel() == "weight"
    assert "2 rows (query) by 3 columns (key). Largest: 0.9 at two / c. Smallest: 0 at two / b." in picture.alt
    assert [t.get_text() for t in heat([[1, 2]], "a", "bc", values=True).axes[0].texts] == ["1", "2"]
    assert heat(WEIGHTS, "ab", "abc", limits=(-1, 1)).axes[0].images[0].get_clim() == (-1.0, 1.0)


def test_the_numbers_of_a_heat_map_stand_out_from_their_cells():
    (ax, _) = heat([[0.0, 0.5, 1.0]], "a", "bcd", values=True).axes
    image = ax.images[0]
    for text, value in zip(ax.texts, [0.0, 0.5, 1.0], strict=True):
        cell, ink = (_luminance(matplotlib.colors.to_hex(c)) for c in (image.to_rgba(value), text.get_color()))
        assert (max(cell, ink) + 0.05) / (min(cell, ink) + 0.05) > 4.5, value  # WCAG 2, level AA


def test_points_lie_where_they_were_put_and_bear_their_labels():
    picture = show.scatter(CLOUD, {"place": ["beach", "park"]}, **AXES)
    (ax,) = picture.axes
    assert [list(map(tuple, line.get_xydata())) for line in ax.lines] == [[(0, 0), (1, 1)], [(0.5, 2)]]
    assert {t.get_text(): t.xy for t in ax.texts} == {"beach": (0, 0), "park": (1, 1)}
    assert len({(line.get_color(), line.get_marker()) for line in ax.lines}) == 2
    assert all(line.get_linestyle() == "None" for line in ax.lines)
    assert "place, 2 points around (0.5, 0.5); name, 1 points around (0.5, 2)" in picture.alt
    assert picture.alt.endswith(" beach (0, 0), park (1, 1).")
    many = {"place": (range(13), range(13))}
    assert show.scatter(many, {"place": [f"p{i}" for i in range(13)]}, **AXES).alt.endswith("(6, 6).")


def test_labels_of_near_points_do_not_cover_each_other():
    near = {"word": ([0.0, 0.01, 0.0, 1.0], [0.0, 0.0, 0.01, 1.0])}
    picture = show.scatter(near, {"word": ["Wednesday", "Thursday", "Saturday", "far"]}, **AXES)
    FigureCanvasAgg(picture).draw()
    boxes = [text.get_window_extent(picture.canvas.get_renderer()) for text in picture.axes[0].texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


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
        (lambda: show.lines({}, **AXES), "pass at least one curve"),
        (lambda: show.lines({"a": [1.0, math.nan]}, **AXES), "a holds nan, which has no place"),
        (lambda: show.lines({"a": [1.0, 0.0]}, **AXES, logy=True), "a holds 0, and a logarithmic axis"),
        (lambda: show.lines({"a": ([0, 1], [1.0, 2.0])}, **AXES, logx=True), "a holds 0, and a logarithmic axis"),
        (lambda: show.lines({"a": ([1, 2], [3.0])}, **AXES), "2 and 1"),
        (lambda: heat([[1.0, 2.0]], "ab", "ab"), "is 1 x 2, but there are names for 2 rows and 2 columns"),
        (lambda: heat([[1.0, 2.0], [1.0]], "ab", "ab"), "is 2 x 1/2, but"),
        (lambda: heat([], "", ""), "is 0 x 0"),
        (lambda: heat([1.0, 2.0], "a", "ab"), "needs a matrix"),
        (lambda: heat([[math.inf]], "a", "b"), "the matrix holds inf"),
        (lambda: heat([[1.0] * 13], "a", "abcdefghijklm", values=True), "13 columns are too narrow"),
        (lambda: show.scatter({}, **AXES), "pass at least one group"),
        (lambda: show.scatter({"a": ([1], [1, 2])}, **AXES), "1 and 2"),
        (lambda: show.scatter({"a": ([1], [math.nan])}, **AXES), "a holds nan"),
        (lambda: show.scatter({"a": ([1], [2])}, {"a": ["x", "y"]}, **AXES), r"labels\['a'\] does not fit"),
        (lambda: show.scatter({"a": ([1], [2])}, {"b": ["x"]}, **AXES), r"labels\['b'\] does not fit"),
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
