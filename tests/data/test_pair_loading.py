"""load("pairs") and load("captions"): the Hub's columns from the world, from files and, out of reach, one sentence."""

import gc
import gzip
from pathlib import Path

import numpy as np
import pytest
from datasets import Dataset, DatasetDict
from PIL import Image

from coursekit.data.loading import load
from coursekit.data.scenes import COLOURS
from coursekit.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT / "../shared/data"
SPLITS = ["train", "validation", "test"]
MORE = ["alignment", "references", "kinds", "unseen", "unknown", "clauses"]


def test_pairs_have_the_columns_of_multi30k_and_more():
    data = load("pairs", n=400, seed=1)
    assert data.num_rows == {"train": 360, "validation": 20, "test": 20}
    assert data.column_names == {s: ["en", "fr", "de", *MORE] for s in SPLITS}
    row = data["test"][0]
    for target in ("fr", "de"):
        places = [(row["en"].split()[i], row[target].split()[j]) for i, j in row["alignment"][target]]
        assert len(places) > 3
        assert row["references"][target][0] == row[target]
    assert {len(r) for row in data["train"] for r in row["references"].values()} == {1}


def test_no_sentence_of_one_split_stands_in_another():
    data = load("pairs", n=2000, clauses=1)
    texts = [set(data[s]["en"][:]) for s in SPLITS]
    assert not texts[0] & texts[1]
    assert not texts[0] & texts[2]
    assert not texts[1] & texts[2]


def test_the_columns_of_opus_books_and_other_languages():
    data = load("pairs", n=100, columns="opus_books", languages=("de", "en"), clauses=[2, 3], references=2)
    assert data.column_names["train"] == ["id", "translation", *MORE]
    row = data["test"][1]
    assert row["id"] == "1"
    assert list(row["translation"]) == ["de", "en"]
    assert list(row["alignment"]) == ["en"]
    assert len(row["references"]["en"]) <= 2
    assert row["clauses"] in (2, 3)


def test_the_same_options_give_the_same_rows():
    one, two = (load("pairs", n=100, seed=s)["train"][7]["fr"] for s in (3, 3))
    assert one == two != load("pairs", n=100, seed=4)["train"][7]["fr"]
    assert gc.isenabled()  # it is off while the world speaks


def test_captions_are_pictures_with_their_words():
    data = load("captions", n=50, objects=(1, 2), captions=3)
    assert data.num_rows == {"train": 40, "validation": 5, "test": 5}
    assert data.column_names["train"] == ["image", "caption", "objects", "words"]
    row = data["test"][0]
    assert row["image"].dtype == np.uint8
    assert row["image"].shape == (32, 32, 3)
    assert isinstance(row["caption"], list)
    assert [len(c.split()) for c in row["caption"]] == [len(w) for w in row["words"]]
    thing = row["objects"][0]
    left, top, right, bottom = thing["box"]
    assert (row["image"][top:bottom, left:right] == COLOURS[thing["colour"]]).all(-1).any()
    assert data["train"][:4]["image"].shape == (4, 32, 32, 3)


def folder_of(path: Path, lines: dict[str, str], packed: bool = False) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in lines.items():
        raw = text.encode()
        (path / (name + ".gz" * packed)).write_bytes(gzip.compress(raw) if packed else raw)
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_of_parallel_files(tmp_path, packed):
    lines = {
        f"{s}.{lang}": f"{s} 1 {lang}\r\n{s} 2 {lang}\n" for s in ("train", "val", "test_2016") for lang in ("en", "de")
    }
    folder = folder_of(tmp_path / "a", lines, packed)
    for source in (folder, str(folder)):
        data = load("pairs", source=source)
        assert data.num_rows == {s: 2 for s in SPLITS}
        assert data["validation"][1] == {"en": "val 2 en", "de": "val 2 de"}
    assert list(load("pairs", source=folder, languages=("de", "en"))["test"][0]) == ["de", "en"]
    assert load("pairs", source=folder, columns="opus_books")["train"][0] == {
        "id": "0", "translation": {"en": "train 1 en", "de": "train 1 de"}}  # fmt: skip


def test_a_table_keeps_equal_sources_in_one_split(tmp_path):
    rows = [f"sentence {i // 3}\tphrase {i}\tCC-BY" for i in range(300)]
    (tmp_path / "a.tsv").write_text("\n".join(rows) + "\n")
    data = load("pairs", source=tmp_path / "a.tsv")
    texts = [set(data[s]["en"][:]) for s in SPLITS]
    assert sum(map(len, texts)) == 100
    assert sum(data.num_rows.values()) == 300
    assert data["train"][0]["fr"].startswith("phrase")


@pytest.mark.skipif(not (REAL / "multi30k/raw").is_dir(), reason="needs ../shared/data/multi30k")
@pytest.mark.parametrize("kind", ["raw", "tok"])
def test_multi30k_as_it_is_published(kind):
    data = load("pairs", source=REAL / "multi30k" / kind)
    assert data.num_rows == {"train": 29_000, "validation": 1_014, "test": 1_000}
    assert set(data.column_names["test"]) == {"en", "de", "fr"}


@pytest.mark.skipif(not (REAL / "fra-eng").is_dir(), reason="needs ../shared/data/fra-eng")
def test_a_sample_of_tatoeba():
    data = load("pairs", source=REAL / "fra-eng/eng-fra.sample.txt")
    assert "Go." in {e for s in SPLITS for e in data[s]["en"][:]}


def wrong_inputs(folder: Path):
    good = {f"{s}.{lang}": "a\nb\n" for s in ("train", "val", "test") for lang in ("en", "de")}
    short = folder_of(folder / "short", {**good, "test.de": "a\n"})
    lacking = folder_of(folder / "lacking", {k: v for k, v in good.items() if k != "val.de"})
    empty = folder_of(folder / "empty", {**good, "train.en": "\n\n"})
    (folder / "nothing").mkdir()
    broken = folder_of(folder / "broken", {k: v for k, v in good.items() if k != "test.en"})
    (broken / "test.en.gz").write_bytes(gzip.compress(b"a\nb\n" * 99)[:-9])
    latin = folder_of(folder / "latin", good)
    (latin / "val.de").write_bytes("schön\nb\n".encode("latin-1"))
    (folder / "one.tsv").write_text("a\tb\nc\n")
    (folder / "few.tsv").write_text("a\tb\nc\td\n")
    (folder / "hole.tsv").write_text("a\tb\n\tc\tCC-BY\n")  # not "c" in English and "CC-BY" in French
    return {
        r"the test files have different numbers of lines \(en 2, de 1\)": {"source": short},
        "has no validation file of 'de': add val.de": {"source": lacking},
        r"train.en' is empty": {"source": empty},
        "has no train files of two languages": {"source": folder / "nothing"},
        "not a whole gzip file": {"source": broken},
        "is not UTF-8": {"source": latin},
        "there is no file or folder": {"source": folder / "gone"},
        "line 2 of .*one.tsv' has 1 column": {"source": folder / "one.tsv"},
        "line 2 of .*hole.tsv' has 1 column.*a sentence in each": {"source": folder / "hole.tsv"},
        "cannot be a file .*: give the path of a file, not its text": {"source": "a text " * 1000},
        r"languages=\(\) is not possible": {"source": folder / "few.tsv", "languages": ()},
        "languages={'.* is not possible": {"languages": {"en", "fr"}},  # which one is the source?
        "languages=5 is not possible": {"languages": 5},
        r"languages=\['en', \['fr'\]\] is not possible": {"languages": ["en", ["fr"]]},
        r"columns=\['en'\] is not possible": {"columns": ["en"]},
        "n=None is not possible": {"n": None},
        "seed=None is not possible": {"seed": None},
        "references=None is not possible": {"references": None},
        "2 lines are too few for three splits": {"source": folder / "few.tsv"},
        "has no train file of 'fr'": {"source": short, "languages": ("en", "fr")},
        "no option 'n' here: known are languages, columns": {"source": short, "n": 5},
        "columns='csv'": {"columns": "csv"},
        "n=-1 is not possible: give a whole number from 20": {"n": -1},
        "n=2.5 is not possible: give a whole number": {"n": 2.5},
        "seed='x' is not possible: give a whole number": {"seed": "x"},
        "references=0 is not possible": {"references": 0},
        r"languages=\('en', 'es'\) is not possible": {"languages": ("en", "es")},
        "no option 'colour' here": {"colour": 1},
        "clauses=0 is not possible": {"clauses": 0},
        "has no source 'moon': give 'world', 'hub', a file's path": {"source": "moon"},
        r"give languages=\('en', 'de'\)": {"source": "hub", "languages": ("en", "fr")},
        "two languages at a time": {"source": "hub", "columns": "opus_books", "languages": ("en", "fr", "de")},
    }


def test_each_wrong_input_gets_one_clear_sentence(tmp_path):
    for sentence, options in wrong_inputs(tmp_path).items():
        with pytest.raises(CourseError, match=sentence) as caught:
            load("pairs", **options)
        assert str(caught.value).endswith(".")
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz"])
def test_a_file_that_is_or_grows_too_large_is_not_read_to_its_end(tmp_path, monkeypatch, name):
    monkeypatch.setattr("coursekit.data.pair_files._MOST_BYTES", 1000)
    text = b"a\tb\n" * 400
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert (tmp_path / name).stat().st_size < 100 or name == "a.tsv"
    with pytest.raises(CourseError, match="has more than 1,000 bytes: give a part of it"):
        load("pairs", source=tmp_path / name)


def test_the_name_of_a_data_set_is_a_word():
    with pytest.raises(CourseError, match=r"no data set \['pairs'\]"):
        load(["pairs"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 0}, "n=0 is not possible"),
        ({"objects": 7}, "objects=7 is not possible"),
        ({"captions": 0}, "captions=0 is not possible"),
        ({"size": 64}, "no option 'size' here"),
        ({"source": "moon"}, "has no source 'moon': give 'world', 'hub'"),
        ({"source": "hub", "n": 50}, "source='hub'.* takes no option n"),
    ],
)
def test_wrong_options_of_captions(options, sentence):
    with pytest.raises(CourseError, match=sentence):
        load("captions", **options)


def hub(monkeypatch, splits):
    """A Hub that has these columns, split by split, under every name."""
    asked = []
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # nobody is asked whether it is there
    found = DatasetDict({split: Dataset.from_dict(columns) for split, columns in splits.items()})
    monkeypatch.setattr("datasets.load_dataset", lambda *name: asked.append(name) or found)
    return asked


def test_the_hubs_captions_are_photographs_with_their_captions_in_one_list(monkeypatch):
    sizes = {"train": 3, "validation": 1, "test": 2}
    shades = np.random.default_rng(0).integers(0, 256, (3, 7, 3), dtype=np.uint8)
    splits = {}
    for split, n in sizes.items():
        pictures = [Image.fromarray(shades[:, : 7 - i]) for i in range(n)]  # of different sizes
        splits[split] = {"image": pictures} | {f"caption_{k}": [f"{split} {i} {k}" for i in range(n)] for k in range(5)}
    asked = hub(monkeypatch, splits)
    monkeypatch.setattr("coursekit.data.loading._FLICKR8K_ROWS", sizes)
    data = load("captions", source="hub")
    assert asked == [("jxie/flickr8k", None)]
    assert data.num_rows == sizes
    assert set(data.column_names["test"]) == {"image", "caption"} <= set(load("captions", n=20).column_names["test"])
    row = data["test"][1]
    assert row["caption"] == [f"test 1 {k}" for k in range(5)]
    assert row["image"].dtype == np.uint8
    assert (row["image"] == shades[:, :6]).all()
    assert [picture.shape for picture in data["train"][:]["image"]] == [(3, 7, 3), (3, 6, 3), (3, 5, 3)]
    monkeypatch.setattr("coursekit.data.loading._FLICKR8K_ROWS", sizes | {"test": 3})
    with pytest.raises(CourseError, match=r"the download has .* rows, not .*: delete the Hub's cache"):
        load("captions", source="hub")


def test_the_hubs_pairs_come_in_three_splits(monkeypatch):
    books = [{"en": f"e {i}", "fr": f"f {i}"} for i in range(20)]
    asked = hub(monkeypatch, {"train": {"id": [str(i) for i in range(20)], "translation": books}})
    data = load("pairs", source="hub", columns="opus_books", languages=("fr", "en"))
    assert asked == [("Helsinki-NLP/opus_books", "en-fr")]
    assert [row for s in SPLITS for row in data[s]["translation"]] == books
    assert data.num_rows == {"train": 16, "validation": 2, "test": 2}
    rows = {"train": 3, "validation": 1, "test": 1}
    asked = hub(monkeypatch, {s: {"en": ["a"] * n, "de": ["b"] * n} for s, n in rows.items()})
    monkeypatch.setattr("coursekit.data.loading._MULTI30K_ROWS", rows)
    assert load("pairs", source="hub")["train"][2] == {"en": "a", "de": "b"}
    assert asked == [("bentrevett/multi30k", None)]


@pytest.mark.parametrize(("name", "options"), [("pairs", {}), ("pairs", {"columns": "opus_books"}), ("captions", {})])
def test_a_hub_out_of_reach_names_the_embedded_set(monkeypatch, name, options):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    sentence = rf"cannot be reached .*: use an embedded set instead: load\('{name}'\)\.$"
    with pytest.raises(CourseError, match=sentence):
        load(name, source="hub", **options)
