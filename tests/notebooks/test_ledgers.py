"""Ledgers hold what their experiments measure, with enough seeds for the claims that notebooks make of them."""

from pathlib import Path

import pytest

from coursekit.notebook import ledger, quiz
from coursekit.notebook.experiments import recheck
from coursekit.notebook.record import SEEDS_NEEDED

ROOT = Path(__file__).resolve().parents[2] / "notebooks"
CHAPTERS = sorted(path.stem for path in (ROOT / "experiments").glob("*.py"))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_experiment_has_its_seeds(chapter: str) -> None:
    book = ledger(chapter)
    for name in book.names():
        seeds = {entry["seed"] for entry in book.entries if entry["name"] == name}
        assert len(seeds) >= SEEDS_NEEDED, name


def test_counting_again_gives_the_ledger() -> None:
    """Nothing random but the stories' own seed is left here, so the numbers are equal up to summation."""
    assert recheck("01_language_models", ["distance"], rtol=1e-9) == []


def test_the_flow_of_the_gradient_again_gives_the_ledger() -> None:
    """No training here: Jacobians of networks as they are drawn."""
    assert recheck("04_vanishing_gradients", ["flow"], rtol=1e-6) == []


def test_the_memory_of_a_backward_pass_again_gives_the_ledger() -> None:
    """Bytes that autograd keeps, counted: nothing random."""
    assert recheck("03_recurrent_networks", ["memory"], rtol=1e-9) == []


@pytest.mark.full
def test_training_again_gives_the_ledger() -> None:
    """1,000 steps differ between processors: by less than a hundredth where they are tame."""
    assert recheck("01_language_models", ["windows"], rtol=0.05) == []


@pytest.mark.parametrize("path", sorted((ROOT / "quiz").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_question_of_a_quiz_is_asked_once(path: Path) -> None:
    number = path.stem[:2]
    sources = "\n".join(source.read_text("utf-8") for source in sorted((ROOT / "src").glob(f"{number}*.py")))
    asked = [name for line in sources.split("\n") if line.startswith("# quiz: ") for name in line.split()[2:]]
    assert sorted(asked) == sorted(quiz.read(path))
    assert len(asked) >= 6
