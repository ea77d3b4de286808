"""The slider without a browser: its bundle, its controls, its errors, and that only the newest value is drawn."""

import asyncio
import gc
import json
import re
import subprocess
import sys
import time
import weakref
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from coursekit.show import canvas
from coursekit.show import explorable as module
from coursekit.show.explorable import Explorable, control, slider

DRIVE = Path(__file__).with_name("drive_kernel.py")


def page(**values):
    return canvas(f"page {values}", width=1, height=1)[0]


def seen(explorable):
    """The alt text in view."""
    return re.search(r'alt="([^"]*)"', explorable.view.value).group(1)


@pytest.fixture
def shown(monkeypatch):
    bundles = []
    monkeypatch.setattr(module, "display", lambda data, **how: bundles.append((data, how)))
    return bundles


def test_one_raw_bundle_that_lives_in_a_lab_and_is_a_picture_elsewhere(shown):
    assert slider(page, n=(1, 5), start={"n": 3}) is None  # nothing for the cell to show a second time
    ((data, how),) = shown
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert set(data["application/vnd.jupyter.widget-view+json"]) == {"version_major", "version_minor", "model_id"}
    assert data["text/plain"] == "slider n: first picture"
    assert how == {"raw": True, "metadata": {"image/png": {"alt": "n = 3: page {'n': 3}", "width": 100}}}


def test_the_picture_and_its_words_follow_the_control():
    explorable = Explorable(page, {"n": (1, 5), "size": (0.5, 2.0), "model": ["a", "b"], "log": False})
    first = explorable.view.value
    explorable.controls["n"].value = 4
    assert seen(explorable).startswith("n = 4, size = 0.5, model = a, log = False: page")
    explorable.controls["model"].value = "b"
    explorable.controls["log"].value = True
    assert "model = b, log = True" in seen(explorable)
    assert explorable.view.value != first
    assert explorable.state() == {"n": 4, "size": 0.5, "model": "b", "log": True}


def test_choices_may_be_anything_because_only_labels_travel():
    class Model:
        def __eq__(self, other):
            raise RuntimeError("ambiguous, as a tensor is")

        __hash__ = None

    models, got = {"small": Model(), "large": Model()}, []
    explorable = Explorable(lambda m: got.append(m) or page(), {"m": models}, {"m": "large"})
    explorable.controls["m"].value = "small"
    assert got[0] is models["large"] and got[1] is models["small"]
    assert explorable.controls["m"].options == ("small", "large")


@pytest.mark.parametrize(
    ("choice", "kind", "value", "step"),
    [
        ((1, 5), "IntSlider", 1, 1),
        ((1, 9, 2), "IntSlider", 1, 2),
        (range(0, 11, 5), "IntSlider", 0, 5),
        ((0.0, 2.0), "FloatSlider", 0.0, 0.02),
        ((0, 1, 0.25), "FloatSlider", 0.0, 0.25),
    ],
)
def test_ranges_become_controls(choice, kind, value, step):
    widget = control("n", choice)
    assert (type(widget).__name__, widget.value, widget.step) == (kind, value, pytest.approx(step))
    assert widget.description == "n"


@pytest.mark.parametrize(
    ("ranges", "start", "message"),
    [
        ({}, {}, "at least one named range"),
        ({"n": (1, 5)}, {"m": 1}, "'m'"),
        ({"n": (5, 1)}, {}, "between 5 and 1"),
        ({"n": (1, 5)}, {"n": 9}, "9 does not lie between 1 and 5"),
        ({"n": (1, 5, 0)}, {}, "a step of 0 leads nowhere"),
        ({"n": (1, 5)}, {"n": "x"}, "x does not lie between 1 and 5"),
        ({"n": 3}, {}, r"expected \(low, high\)"),
        ({"n": []}, {}, "must not be empty"),
        ({"n": range(0)}, {}, "expected"),
        ({"n": ["a", "b"]}, {"n": "c"}, "none of the choices"),
    ],
)
def test_a_bad_range_is_one_sentence(ranges, start, message):
    with pytest.raises(ValueError, match=message):
        Explorable(page, ranges, start)


def test_the_first_pictures_error_is_the_cells_own_error():
    def draw(n):
        raise KeyError("no such model")

    with pytest.raises(KeyError, match="no such model"):
        Explorable(draw, {"n": (1, 5)})
    with pytest.raises(TypeError, match="must return a matplotlib figure, not str"):
        Explorable(lambda n: "text", {"n": (1, 5)})


def test_a_later_error_is_one_safe_sentence_in_the_pictures_place_and_the_next_value_recovers():
    def draw(n):
        if n == 2:
            raise RuntimeError("no picture\nfor <script>")
        return page()

    explorable = Explorable(draw, {"n": (1, 5)})
    explorable.controls["n"].value = 2
    assert "RuntimeError: no picture for &lt;script&gt; (line " in explorable.view.value
    assert 'role="alert"' in explorable.view.value
    assert isinstance(explorable.error, RuntimeError)
    explorable.controls["n"].value = 3
    assert seen(explorable).startswith("n = 3")
    assert explorable.error is None


def test_alt_text_cannot_break_out_of_its_attribute():
    explorable = Explorable(page, {"word": ['"><script>', "b"]})
    assert "<script>" not in explorable.view.value


def test_pyplot_figures_are_drawn_closed_and_never_closed_for_the_reader():
    mine = plt.figure()

    def draw(n):
        plt.figure(figsize=(1, 1))  # returns None, as students write it
        plt.plot([0, n])
        if n == 3:
            raise RuntimeError("after opening a figure")

    explorable = Explorable(draw, {"n": (1, 101)}, alt="a line")
    for n in range(2, 102):
        explorable.controls["n"].value = n
    assert plt.get_fignums() == [mine.number]
    assert seen(explorable) == "n = 101: a line"
    plt.close(mine)


def test_a_hundred_moves_keep_no_figure():
    alive = weakref.WeakSet()

    def draw(n):
        alive.add(figure := page(n=n))
        return figure

    explorable = Explorable(draw, {"n": (0, 100)})
    for n in range(1, 101):
        explorable.controls["n"].value = n
    gc.collect()
    assert seen(explorable).startswith("n = 100")
    assert len(alive) == 0


def test_in_an_event_loop_a_burst_is_drawn_once_and_a_stream_goes_on_being_drawn():
    calls = []

    def draw(n):
        calls.append(n)
        time.sleep(0.05)
        return page()

    async def drag():
        explorable = Explorable(draw, {"n": (0, 1000)})
        calls.clear()
        for n in range(1, 200):
            explorable.controls["n"].value = n
        assert calls == []  # the message is answered at once
        await asyncio.sleep(0.3)
        assert calls == [199]
        calls.clear()
        for n in range(200, 280):
            explorable.controls["n"].value = n
            await asyncio.sleep(0.01)
        while_dragging = len(calls)
        await asyncio.sleep(0.5)
        return while_dragging, calls[-1]

    while_dragging, last = asyncio.run(drag())
    assert 2 <= while_dragging <= 40
    assert last == 279


def test_moving_back_to_what_is_in_view_draws_nothing():
    calls = []

    async def there_and_back():
        explorable = Explorable(lambda n: calls.append(n) or page(), {"n": (0, 9)})
        explorable.controls["n"].value = 5
        explorable.controls["n"].value = 0
        await asyncio.sleep(0.2)

    asyncio.run(there_and_back())
    assert calls == [0]


def test_in_a_kernel_forty_messages_cost_one_drawing():
    done = subprocess.run([sys.executable, DRIVE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    check_what_a_front_end_sees(json.loads(done.stdout.splitlines()[-1]))


def check_what_a_front_end_sees(seen):
    """Shared with the test of the oldest versions."""
    for name in ("picture", "picture_inline"):  # one picture each, with its words, also under %matplotlib inline
        (shown,) = seen[name]
        assert set(shown["data"]) == {"image/png", "text/plain"}
        assert shown["metadata"]["image/png"]["alt"].startswith("Bar chart")
    (bundle,) = seen["slider"]
    assert set(bundle["data"]) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert len(seen["calls"]) <= 3, f"a queue of {len(seen['calls'])} drawings"
    assert seen["calls"][-1] == 41
    assert "RuntimeError: no picture for &lt;13&gt;" in seen["error"][-1]
    assert "picture 14" in seen["after"][-1]
    assert seen["torch"] is False
