"""What a student sees: a notebook opened in JupyterLab runs to its end, and its sliders move their pictures."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

pytestmark = pytest.mark.browser
NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
MINUTES = 5
# In the cell that is shown: a notebook may hold several sliders.
HANDLE, IMAGE = ".jp-mod-active .noUi-handle", ".jp-mod-active .widget-html img"

SMALL = """
import time
from coursekit import show
calls = []
def draw(n, mode):
    calls.append(n)
    time.sleep(0.4 if mode == "slow" else 0)
    if mode == "broken":
        raise RuntimeError("this draw is broken on purpose")
    exact = {"castle": n / 20, "wall": 1 - n / 20}
    return show.next_word({"exact": exact}, words=["castle", "wall"], upto=1, context=f"{n} times she built a")
show.slider(draw, n=(1, 20), mode=["fast", "slow", "broken"])
"""


def chapters():
    """The course's own notebooks: those whose metadata says so."""
    return [p for p in sorted(NOTEBOOKS.glob("*.ipynb")) if "coursekit" in json.loads(p.read_text())["metadata"]]


def small_notebook(path):
    cells = [new_markdown_cell("# A small notebook"), new_code_cell("1 + 1"), new_code_cell(SMALL.strip())]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def open_and_run(page, address):
    """Open a notebook, run all of its cells, and return what each code cell put out."""
    page.goto(address)
    page.wait_for_function("() => window.book?.ready()")
    page.evaluate("() => book.run()")
    page.wait_for_function("() => book.ran", timeout=MINUTES * 60_000)
    cells = page.evaluate("() => book.code()")
    errors = [f"{o['ename']}: {o['evalue']}" for cell in cells for o in cell["outputs"] if o["output_type"] == "error"]
    assert errors == []
    assert all(cell["count"] for cell in cells), "a cell did not run"
    return cells


def picture(page):
    return page.locator(IMAGE).first


def wait_for_another(page, before, seconds=20):
    """Wait until the picture differs from `before`, and return its source."""
    page.wait_for_function(
        "([image, old]) => { const i = document.querySelector(image); return i && i.src !== old; }",
        arg=[IMAGE, before],
        timeout=seconds * 1000,
    )
    return picture(page).get_attribute("src")


def drag(page, pixels):
    handle = page.locator(HANDLE).first
    handle.hover()  # waits until it is in view and the page lies still
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=25)
    page.mouse.up()


def move_across(page):
    """Move the first control of the cell: a slider to its other half, a list to its last choice."""
    if page.locator(HANDLE).count() == 0:
        choices = page.locator(".jp-mod-active .widget-dropdown select").first
        choices.select_option(index=choices.locator("option").count() - 1)
        return
    handle, track = page.locator(HANDLE).first, page.locator(HANDLE.replace("handle", "base")).first
    handle.hover()
    at, rail = handle.bounding_box(), track.bounding_box()
    middle = rail["x"] + rail["width"] / 2
    drag(page, rail["width"] / 2 if at["x"] + at["width"] / 2 < middle else -rail["width"] / 2)


def test_small_notebook_slider_by_mouse_keyboard_and_choice(lab, page, screenshot):
    address, work = lab
    small_notebook(work / "small.ipynb")
    open_and_run(page, address.format("small.ipynb"))
    (cell,) = page.evaluate("() => book.withWidget()")
    page.evaluate("index => book.show(index)", cell)
    first = picture(page).get_attribute("src")
    assert picture(page).get_attribute("alt").startswith("n = 1, mode = fast: Bar chart")
    screenshot("small-1-first")

    drag(page, 100)
    wait_for_another(page, first)
    rest = page.locator(".widget-readout").first.inner_text()
    page.wait_for_function(
        f"() => document.querySelector('.jp-mod-active .widget-html img').alt.startsWith('n = {rest},')"
    )
    screenshot("small-2-dragged")
    dragged = picture(page).get_attribute("src")
    page.locator(HANDLE).first.focus()
    page.keyboard.press("ArrowRight")
    wait_for_another(page, dragged)
    screenshot("small-3-keyboard")

    page.select_option(".widget-dropdown select", "slow")
    page.wait_for_function(
        "() => document.querySelector('.jp-mod-active .widget-html img')?.alt.includes('mode = slow')"
    )
    drag(page, -400)  # some twenty values, .4 seconds each: a queue would take 8 seconds
    page.wait_for_function(
        "() => document.querySelector('.jp-mod-active .widget-html img').alt.startsWith('n = 1,')", timeout=3000
    )

    page.select_option(".widget-dropdown select", "broken")
    sentence = page.locator(".widget-html [role=alert]")
    assert "this draw is broken on purpose (line 8 of draw)" in sentence.inner_text()
    screenshot("small-4-error")
    page.select_option(".widget-dropdown select", "fast")
    page.wait_for_selector(IMAGE)


def _cases():
    """The first notebook is the smoke test; the others wait for `make full`."""
    return [pytest.param(p, id=p.stem, marks=[] if i == 0 else pytest.mark.full) for i, p in enumerate(chapters())]


@pytest.mark.parametrize("notebook", _cases())
def test_chapter_runs_to_its_end_and_its_sliders_move(notebook, lab, page, screenshot):
    address, work = lab
    shutil.copy(notebook, work / notebook.name)
    open_and_run(page, address.format(notebook.name))
    assert "Error displaying widget" not in page.inner_text("body")
    screenshot(f"{notebook.stem}-end")
    for number, cell in enumerate(page.evaluate("() => book.withWidget()"), start=1):
        page.evaluate("index => book.show(index)", cell)
        page.wait_for_selector(IMAGE)
        before = picture(page).get_attribute("src")
        screenshot(f"{notebook.stem}-slider{number}-before")
        move_across(page)
        wait_for_another(page, before)
        screenshot(f"{notebook.stem}-slider{number}-after")
