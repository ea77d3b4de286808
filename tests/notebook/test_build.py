"""The builder: the same bytes each time, nothing that differs from run to run, and no rewriting without need."""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from notebook_cells import code

from coursekit.errors import CourseError
from coursekit.notebook import build as builder
from coursekit.notebook.agreement import apart
from coursekit.notebook.build import build, built, verify, verify_notebooks
from coursekit.notebook.places import chapter_of, sources
from coursekit.notebook.source import render, split_alt
from coursekit.notebook.values import RESULT

SOURCE = """
# %% [markdown] slideshow={"slide_type": "slide"}
# # A picture
# %% tags=["bootstrap"]
# %% slideshow={"slide_type": "subslide"}
# alt: A line that rises
# from one to two.
import ipywidgets, sys
import matplotlib.pyplot as plt
from IPython.display import display
from tqdm import tqdm
from coursekit.notebook import predict, result
plt.plot([1, 2])
plt.show()
for _ in tqdm(range(3)): pass
# %%
# alt: A slider.
display({"application/vnd.jupyter.widget-view+json": {"model_id": ipywidgets.IntSlider().model_id},
         "image/png": "aGFsbG8=", "text/plain": "slider"}, raw=True)
# %%
predict("loss")
# %%
result(loss=0.8174, rtol=1e-3)
# %% tags=["unstored"]
import time
print(time.time())
# %% tags=["skip-execution"]
1 / 0
# %%
5
"""
QUIZ = "questions: {q1: {text: why, options: [{text: a, right: true, why: b}, {text: c, misconception: d, why: e}]}}"


def quiet(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with one built part, shared by the tests here; each leaves it as it was."""
    root = tmp_path_factory.mktemp("built")
    (root / "notebooks" / "src").mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        '[project.urls]\nRepository = "https://git.example/x.git"\n[tool.pytest.ini_options]\n'
    )
    (root / "notebooks" / "src" / "01a_tiny.py").write_text(SOURCE)
    assert build("01", root=root, report=quiet) == 0
    return root


@pytest.fixture
def path(root: Path):
    """The built notebook, put back after the test."""
    path = root / "notebooks" / "01a_tiny.ipynb"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)
    (root / "notebooks" / "src" / "01a_tiny.py").write_text(SOURCE)


def read(path: Path):
    return nbformat.read(path, as_version=4)


def test_two_builds_are_the_same_bytes(root: Path, path: Path) -> None:
    before = path.read_bytes()
    path.unlink()
    build("01a", root=root, report=quiet)
    assert path.read_bytes() == before


def test_holds_nothing_that_differs_from_run_to_run(path: Path) -> None:
    text = path.read_text()
    for word in ('vnd.jupyter.widget-view+json": {\n', "it/s", "iopub", '"version"', "execution_state", '"widgets"'):
        assert word not in text
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4, 5, 6, None, 7]
    assert cells[-1].outputs[0].execution_count == 7
    assert cells[5].outputs == []  # tagged unstored
    assert cells[2].outputs[0].data["image/png"] == "aGFsbG8="  # the widget's picture stays
    assert cells[4].outputs[0].data[RESULT]["values"] == {"loss": 0.8174}


def test_metadata_travels(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.coursekit == {"chapter": "01_tiny", "part": "01a_tiny", "exercises": ""}
    assert notebook.cells[0].metadata.slideshow.slide_type == "slide"
    assert notebook.cells[2].metadata.slideshow.slide_type == "subslide"
    assert notebook.cells[2].source.startswith("import ipywidgets")
    assert notebook.cells[2].outputs[0].metadata["image/png"]["alt"] == "A line that rises from one to two."


def test_alternative_text_reaches_the_page(path: Path) -> None:
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter(template_name="classic").from_notebook_node(read(path))
    assert 'alt="A line that rises from one to two."' in page


def test_a_notebook_that_verifies_is_left_alone(root: Path, path: Path) -> None:
    before = path.stat().st_mtime_ns
    said: list[str] = []
    assert build(root=root, report=said.append) == 0
    assert path.stat().st_mtime_ns == before
    assert said == ["01a_tiny.ipynb: unchanged"]


def test_a_stored_number_that_does_not_hold_is_built_anew(root: Path, path: Path) -> None:
    before = path.read_bytes()
    path.write_bytes(before.replace(b"0.8174\n", b"0.9174\n"))
    assert path.read_bytes() != before
    assert build(root=root, report=quiet) == 0
    assert path.read_bytes() == before


def test_changed_prose_keeps_the_outputs(root: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = root / "notebooks" / "src" / "01a_tiny.py"
    source.write_text(SOURCE.replace("A picture", "One picture"))
    monkeypatch.setattr(builder, "verify_notebooks", lambda *args, **kwargs: 0)
    monkeypatch.setattr(builder, "execute", lambda *args: pytest.fail("ran the cells again"))
    build(root=root, report=quiet)
    assert read(path).cells[0].source == "# One picture"
    assert read(path).cells[5].outputs


def test_source_and_notebook_apart_is_red_and_says_so(root: Path, path: Path) -> None:
    source = root / "notebooks" / "src" / "01a_tiny.py"
    source.write_text(SOURCE.replace("A picture", "One picture"))
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-k", "source", str(path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "source and notebook apart (cell 0 reads otherwise): run `coursekit build 01`" in done.stdout, done.stdout
    assert "1 failed" in done.stdout
    said: list[str] = []
    assert build(root=root, check=True, report=said.append) == 1
    assert said == ["01a_tiny.ipynb: source and notebook apart (cell 0 reads otherwise)"]


@pytest.mark.parametrize(
    ("old", "new", "how"),
    [('"id": "', '"id": "x', "cell 0 has another id"), ('"name": "python3"', '"name": "ir"', "names another kernel")],
)
def test_ids_and_the_kernel_are_the_sources(root: Path, path: Path, old: str, new: str, how: str) -> None:
    path.write_text(path.read_text().replace(old, new, 1))
    assert how in apart(read(path), root / "notebooks" / "src" / "01a_tiny.py", root)


@pytest.mark.parametrize("text", ["", "{ half", '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'])
def test_a_notebook_that_would_not_be_verified_is_one_sentence(root: Path, path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(CourseError, match=r"01a_tiny\.ipynb is damaged or has lost its coursekit metadata"):
        verify(root=root)


def test_a_readers_guess_keeps_everything_green(root: Path, path: Path) -> None:
    guessed = path.read_text().replace(r"predict(\"loss\")", r"predict(\"loss\", 0.7, high=0.9)", 2)
    assert guessed != path.read_text()
    path.write_text(guessed)
    assert verify_notebooks([path], root, quiet=True) == 0


def test_built_aside_it_is_the_committed_one(root: Path, path: Path) -> None:
    said: list[str] = []
    assert build(root=root, check=True, report=said.append) == 0
    assert said == ["01a_tiny.ipynb: the same to the byte"]


def test_the_exercise_set_counts_as_source(root: Path, path: Path) -> None:
    data = root / "coursekit" / "check" / "data" / "01_tiny.json"
    data.parent.mkdir(parents=True)
    data.write_text('{"digest": "abc"}')
    try:
        assert render(root / "notebooks" / "src" / "01a_tiny.py", root).metadata.coursekit.exercises == "abc"
        assert build(root=root, check=True, report=quiet) == 1
    finally:
        data.unlink()


FIRST = '# %% tags=["bootstrap"]\n'


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("# %%\n1\n", "first code cell of 01a_x.py must be tagged bootstrap"),
        ("# %% [markdown]\n# text\n", "first code cell"),
        (FIRST + "# %% [markdown]\n# ![](x.png)\n", "has no alternative text: "),
        (FIRST + '# %% [markdown]\n# <img src="x.png">\n', "has no alternative text: <img"),
        (FIRST + '# %% [markdown]\n# <img src="x.png" alt="">\n', "has no alternative text: <img"),
        (FIRST + '# %% [markdown] tags=["quiz"]\n# q1\n', 'must read like "quiz: q1 q2"'),
        (FIRST + '# %% [markdown] tags=["quiz"]\n# quiz: q7\n', "no question called 'q7': it has q1"),
    ],
)
def test_a_source_that_breaks_the_format(make_checkout, source: str, words: str) -> None:
    root = make_checkout(src={"01a_x": source}, quiz={"01_x": QUIZ})
    with pytest.raises(CourseError, match=words):
        render(root / "notebooks" / "src" / "01a_x.py", root)


def test_pictures_with_alternative_text_pass(make_checkout) -> None:
    text = FIRST + '# %% [markdown]\n# ![a line](x.png) <img src="x.png" alt="a line">\n'
    root = make_checkout(src={"01a_x": text})
    assert len(render(root / "notebooks" / "src" / "01a_x.py", root).cells) == 2


def shows(**data) -> object:
    return nbformat.v4.new_output("display_data", data=data)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (code("x", shows(**{"image/png": "x"})), "Cell 0 of x.py shows a picture without alternative text"),
        (code("x", shows(**{builder.WIDGET: {}})), "shows a widget without a picture"),
        (
            code("x", shows(**{RESULT: {"rtol": 0, "atol": 0}}), tags=["unstored"]),
            "states a result and is tagged unstored",
        ),
        (code("x", shows(**{RESULT: {"rtol": 0.5, "atol": 0}})), "rtol=0.5 is wider than 0.01"),
    ],
)
def test_outputs_that_could_not_be_verified(cell, words: str) -> None:
    with pytest.raises(CourseError, match=words):
        builder._finish(nbformat.v4.new_notebook(cells=[cell]), "x.py")


def test_a_cell_that_raises_is_one_sentence_and_writes_nothing(make_checkout, capsys) -> None:
    root = make_checkout(src={"01a_x": FIRST + "# %%\n1 / 0\n"})
    with pytest.raises(CourseError, match=r"A cell of 01a_x.py raised ZeroDivisionError: division by zero"):
        build(root=root, report=quiet)
    assert not (root / "notebooks" / "01a_x.ipynb").exists()
    assert "1 / 0" in capsys.readouterr().err


def test_unknown_names_say_what_there_is(make_checkout) -> None:
    root = make_checkout(src={"01a_x": FIRST, "01b_y": FIRST}, quiz={"01_x": QUIZ})
    with pytest.raises(CourseError, match="No notebook is called '07': this checkout has 01a_x, 01b_y"):
        build("07", root=root, report=quiet)
    with pytest.raises(CourseError, match=r"nothing to verify: build 01a_x.ipynb, 01b_y.ipynb first"):
        built(root, "01_x")


def test_a_notebook_that_lost_its_source_is_named(make_checkout) -> None:
    root = make_checkout(src={"01a_x": ""})
    known = '{"cells": [], "metadata": {"coursekit": {}}, "nbformat": 4, "nbformat_minor": 5}'
    for name in ("01a_x", "01b_y"):
        (root / "notebooks" / f"{name}.ipynb").write_text(known)
    with pytest.raises(CourseError, match=r"01b_y.ipynb has no source in notebooks/src"):
        verify(root=root)


def test_equal_cells_have_ids_of_their_own(make_checkout) -> None:
    root = make_checkout(src={"01a_x": FIRST + "# %%\n1\n# %%\n1\n# %%\n2\n"})
    first = render(root / "notebooks" / "src" / "01a_x.py", root)
    nbformat.validate(first)
    assert json.dumps(first) == json.dumps(render(root / "notebooks" / "src" / "01a_x.py", root))
    assert len({cell.id for cell in first.cells}) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1", ("x = 1", "")),
        ("# alt: a line\nx = 1", ("x = 1", "a line")),
        ("# alt: a line\n# that rises\n\nx = 1", ("x = 1", "a line that rises")),
        ("x = 1\n# alt: too late", ("x = 1\n# alt: too late", "")),
    ],
)
def test_the_alt_comment(text: str, expected: tuple[str, str]) -> None:
    assert split_alt(text) == expected


@pytest.mark.parametrize("folder", ["quiz", "experiments", "../solutions"])
def test_a_part_knows_its_chapter(make_checkout, folder: str) -> None:
    root = make_checkout(src={"01a_x": "", "02_y": ""})
    parts = sources(root)
    assert [chapter_of(part) for part in parts] == ["01_x", "02_y"]
    (root / "notebooks" / folder).mkdir(exist_ok=True)
    (root / "notebooks" / folder / "01_whole.py").write_text("")
    assert [chapter_of(part) for part in parts] == ["01_whole", "02_y"]
    assert sources(root, "01_whole") == parts[:1]
    with pytest.raises(CourseError, match="is not one of a part"):
        chapter_of(Path("notebooks/src/counting.py"))
