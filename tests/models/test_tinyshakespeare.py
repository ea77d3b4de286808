"""The models on real text: tiny shakespeare by character, against each other and against gzip and xz."""

import sys
from pathlib import Path

import numpy as np
import pytest

from coursekit.text import Vocab

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "../shared/data/tinyshakespeare/input.txt"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"needs the shared data {DATA}")


@pytest.fixture(scope="module")
def characters():
    """benchmarks/characters.py, which computes the table that this file asserts on."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import characters

        yield characters
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def parts(characters):
    whole, _ = characters.text()
    vocab = Vocab.build([list(whole)])
    train, held_out = (np.array(vocab.encode(part)) for part in characters.split(whole))
    return train, held_out, len(vocab)


@pytest.fixture(scope="module")
def table(characters, parts):
    return characters.counted(*parts)


def test_the_split_is_the_usual_one(parts):
    assert (len(parts[0]), len(parts[1]), parts[2]) == (1_003_854, 111_540, 65 + 4)


def test_kneser_ney_of_order_5_beats_add_k_of_every_order(characters, table):
    """Though add-k's k is chosen on the held-out text itself, and not from the edge of the list where it matters."""
    best = min(table["add-k"])
    assert table["Kneser-Ney"][4] < best - 0.2
    assert characters.KS[0] < table["k"][table["add-k"].index(best)] < characters.KS[-1]


def test_the_three_kinds_of_smoothing_rank_as_published(table):
    """Chen & Goodman 1999: Kneser-Ney before interpolation before additive smoothing, once the orders are long."""
    for order in (4, 5, 6):
        row = {name: values[order - 1] for name, values in table.items()}
        assert row["Kneser-Ney"] < row["Witten-Bell"] < row["add-k"]
        assert row["Kneser-Ney"] < row["Jelinek-Mercer"]


def test_models_that_know_the_language_beat_compressors_that_do_not(characters, table):
    """gzip and xz see the held-out text alone, the models a million characters before it."""
    sizes = characters.compressed(characters.split(characters.text()[0])[1])
    assert 2.9 < sizes["xz -9"] < sizes["gzip -9"] < 3.25
    assert table["Kneser-Ney"][4] == pytest.approx(2.278, abs=0.005)
    assert table["Kneser-Ney"][4] < sizes["xz -9"] - 0.6


@pytest.mark.full
def test_the_window_model_sees_more_than_a_trigram(characters, parts, table):
    """2,000 steps: better than every trigram, not yet than the 5-gram that has counted the whole text."""
    assert table["Kneser-Ney"][4] < characters.window(*parts, steps=2_000) < table["Kneser-Ney"][2]
