"""The published texts that metrics are compared on."""

import gzip
import json
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def read(path):
    if not path.exists():
        pytest.skip(f"needs the shared data {path}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read()


@pytest.fixture(scope="session")
def captions():
    """200 pictures of Multi30k, task 2: the first caption of each against the four others."""
    files = [DATA / f"multi30k/task2/test_2016.{i}.en.gz" for i in range(1, 6)]
    first, *others = (read(file).splitlines()[:200] for file in files)
    return first, [list(line) for line in zip(*others, strict=True)]


@pytest.fixture(scope="session")
def wmt17():
    """(outputs of each English-German system of WMT17, one reference a line)."""
    data = json.loads(read(DATA / "bleu/wmt17_en_de.json.gz"))
    return data["systems"], [[line] for line in data["reference"]]
