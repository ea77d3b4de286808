"""load(): one shape for every source, splits that never look ahead, and one clear sentence for each wrong input."""

import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.data.loading import complete, load
from coursekit.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
SPLITS = ["train", "validation", "test"]


def test_stories_are_split_by_time():
    data = load("stories", n=1000, seed=3)
    assert list(data) == SPLITS
    assert data.num_rows == {"train": 800, "validation": 100, "test": 100}
    dates = {name: data[name]["date"][:] for name in SPLITS}
    assert max(dates["train"]) < min(dates["validation"]) <= max(dates["validation"]) < min(dates["test"])
    row = data["test"][0]
    assert set(row) == {"text", "tokens", "logprob", "kind", "distance", "date"}
    assert len(row["tokens"]) == len(row["logprob"]) == len(row["kind"]) == len(row["distance"])
    assert row["tokens"][-1] == "<eos>"


def test_a_random_split_mixes_past_and_future_of_the_same_stories():
    time, mixed = load("stories", n=1000, seed=3), load("stories", n=1000, seed=3, split="random")
    assert mixed.num_rows == time.num_rows
    assert min(mixed["test"]["date"][:]) < 20
    assert max(mixed["train"]["date"][:]) > 90
    assert sorted(t for s in SPLITS for t in time[s]["text"][:]) == sorted(
        t for s in SPLITS for t in mixed[s]["text"][:]
    )


def test_options_reach_the_world():
    data = load("stories", n=200, names=1, places=1, news=0.0)
    assert {r["tokens"][0] for r in data["train"]} - {"one", "on", "yesterday", "last"} == {"alice", "tom"}


def test_a_file_is_cut_by_position_and_nothing_is_lost(tmp_path):
    text = "".join(f"line {i} of the text\n" for i in range(200)) + "the end"
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    for source in (path, str(path)):
        data = load("text", source=source)
        assert list(data) == SPLITS
        parts = ["".join(data[s]["text"][:]) for s in SPLITS]
        assert "".join(parts) == text
        assert [round(len(p) / len(text), 1) for p in parts] == [0.8, 0.1, 0.1]
        assert all(p.endswith("\n") for p in parts[:2])
    assert load("wikitext", source=path).column_names == data.column_names


def test_python_carries_english():
    data = load("text", source="pydoc")
    assert sum(len(t) for s in SPLITS for t in data[s]["text"][:]) > 400_000
    assert load("text", n=100).column_names == data.column_names == {s: ["text"] for s in SPLITS}


def wrong_inputs(folder: Path):
    (folder / "empty.txt").write_text("")
    (folder / "blank.txt").write_text(" \n\t\n")
    (folder / "short.txt").write_text("ab")
    (folder / "latin.txt").write_bytes("déjà vu".encode("latin-1"))
    return {
        "there is no data set 'storys': known are captions, pairs, stories, summaries, text, wikitext": ("storys", {}),
        "there is no file '.*nothing.txt'": ("text", {"source": folder / "nothing.txt"}),
        "is not a file": ("text", {"source": folder}),
        "the text is empty": ("text", {"source": folder / "empty.txt"}),
        "the text is empty: give": ("text", {"source": folder / "blank.txt"}),
        "too short for three splits": ("text", {"source": folder / "short.txt"}),
        "is not UTF-8": ("text", {"source": folder / "latin.txt"}),
        "has no source 'moon'": ("text", {"source": "moon"}),
        "has no source 'hub': give 'world'": ("stories", {"source": "hub"}),
        "takes no option n": ("text", {"source": "pydoc", "n": 3}),
        "no option 'colour'": ("stories", {"colour": 1}),
        "leave a split empty": ("stories", {"n": 5}),
        "n=0 stories": ("stories", {"n": 0}),
        "n=10000000000 stories": ("stories", {"n": 10**10}),
        "split='both'": ("stories", {"split": "both"}),
        "seed='x'": ("stories", {"seed": "x"}),
        "places=-1 is not possible": ("stories", {"places": -1}),
    }


def test_each_wrong_input_gets_one_clear_sentence(tmp_path):
    for sentence, (name, options) in wrong_inputs(tmp_path).items():
        with pytest.raises(CourseError, match=sentence) as caught:
            load(name, **options)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


def test_a_hub_out_of_reach_names_what_is_embedded(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(CourseError, match=r"load\('stories'\) or load\('text', source='pydoc'\)"):
        load("wikitext")


def test_an_incomplete_download_is_refused():
    data = load("stories", n=100)
    assert complete(data, {"train": 80, "validation": 10, "test": 10}) is data
    with pytest.raises(CourseError, match="delete the Hub's cache"):
        complete(data, {"train": 81, "validation": 10, "test": 10})


def test_datasets_is_loaded_by_load_alone_and_nothing_is_printed(tmp_path):
    code = """
import sys, coursekit.data
assert not {"datasets", "torch", "numpy"} & set(sys.modules)
from coursekit.data import load
assert not {"datasets", "torch", "numpy"} & set(sys.modules)
load("stories", n=100)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
