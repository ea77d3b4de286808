"""The recurrent language model on real text: tiny shakespeare by character, beside the n-grams."""

import sys
from pathlib import Path

import numpy as np
import pytest

from coursekit.train import Carried, streams

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "../shared/data/tinyshakespeare/input.txt"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"needs the shared data {DATA}")


@pytest.fixture(scope="module")
def shakespeare():
    """benchmarks/shakespeare.py, which holds the recipes."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import shakespeare

        yield shakespeare
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


def test_a_few_steps_beat_single_characters(shakespeare):
    """A hundredth of a pass: the loop, the carried state and the scores of a long text fit together."""
    train, held_out, size = shakespeare.characters()
    recipe = shakespeare.Recipe(hidden=48, batch=16, window=32, passes=0.06, lr=2e-2, layers=1)
    model = shakespeare.trained(train, size, recipe)
    piece = held_out[:4_000]
    nats = -model.log_prob(piece).mean()
    assert 2.0 < nats < shakespeare.counted(1) - 0.3
    one_stream = Carried(model, 1).cross_entropy(streams(np.array([2, *piece]), 1, 500))
    assert one_stream == pytest.approx(nats, rel=1e-5)  # two ways to read 4,000 characters


@pytest.mark.full
def test_a_minute_of_one_core_lies_between_the_n_grams(shakespeare):
    """A pass and a half: better than every trigram, not yet than the 5-gram that has counted the whole text."""
    found = shakespeare.measure("short")
    assert found["nats"] == pytest.approx(1.69, abs=0.05)
    assert shakespeare.counted(5) < found["nats"] < shakespeare.counted(3)
