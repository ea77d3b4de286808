"""The ledger: written run by run, read anywhere, and checked again."""

import json
from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.notebook import experiments, ledger, record
from coursekit.notebook.experiments import recheck, run_experiments
from coursekit.notebook.record import Ledger, read

EXPERIMENTS = """
CALLS = []
SEEDS = (2, 0, 1)
def gap(preset, seed):
    CALLS.append(seed)
    return {"rnn": 1.0 + seed, "lstm": 0.5 + seed * (1 if preset == "tiny" else 2)}
def fails(preset, seed):
    if seed == 0:
        raise KeyboardInterrupt
    return {"x": float("nan") if seed == 1 else 1.0}
EXPERIMENTS = {"gap": gap, "fails": fails}
"""


@pytest.fixture
def root(make_checkout) -> Path:
    return make_checkout(experiments={"01_tiny": EXPERIMENTS})


def quiet(line: str) -> None:
    pass


def book(root: Path) -> Ledger:
    return read(root / "notebooks" / "results" / "01_tiny.json")


def test_writes_stable_sorted_json(root: Path) -> None:
    assert run_experiments("01", only=["gap"], root=root, report=quiet) == 3
    path = root / "notebooks" / "results" / "01_tiny.json"
    first = json.loads(path.read_text())
    assert [entry["seed"] for entry in first["entries"]] == [0, 1, 2]
    assert set(first["entries"][0]) == {"name", "preset", "seed", "values", "seconds", "hardware", "commit"}
    assert path.read_text() == json.dumps(first, indent=1, sort_keys=True) + "\n"
    assert not list(path.parent.glob(".*")), "a draft was left behind"


def test_skips_what_is_there_unless_again(root: Path) -> None:
    run_experiments("01_tiny", only=["gap"], root=root, report=quiet)
    assert run_experiments("01_tiny", only=["gap"], root=root, report=quiet) == 0
    assert run_experiments("01_tiny", only=["gap"], preset="colab", root=root, report=quiet) == 3
    assert run_experiments("01_tiny", only=["gap"], again=True, root=root, report=quiet) == 3
    assert len(book(root).entries) == 6


def test_an_interrupt_loses_nothing(root: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_experiments("01", root=root, report=quiet)
    assert len(book(root).values("gap", "rnn")) == 3
    assert book(root).values("fails", "x") == [1.0]


def test_an_interrupted_write_leaves_the_old_ledger(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_experiments("01", only=["gap"], root=root, report=quiet)
    before = book(root).entries

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(experiments.os, "replace", full)
    with pytest.raises(CourseError, match=r"cannot be written \(No space left on device\): {'rnn': 3.0"):
        run_experiments("01", only=["gap"], again=True, root=root, report=quiet)
    assert book(root).entries == before


def test_not_a_number_is_not_recorded(root: Path) -> None:
    path = root / "notebooks" / "experiments" / "01_tiny.py"
    path.write_text(EXPERIMENTS.replace("(2, 0, 1)", "(1,)"))
    with pytest.raises(CourseError, match="measured x = nan with seed 1"):
        run_experiments("01", only=["fails"], root=root, report=quiet)


def test_recheck_names_what_left_the_ledger(root: Path) -> None:
    run_experiments("01", only=["gap"], root=root, report=quiet)
    assert recheck("01_tiny", ["gap"], rtol=1e-9, root=root) == []
    path = root / "notebooks" / "experiments" / "01_tiny.py"
    path.write_text(EXPERIMENTS.replace("1.0 + seed", "1.1 + seed"))
    (line,) = recheck("01_tiny", ["gap"], rtol=1e-2, root=root)
    assert line.startswith("gap[seed 0].rnn: stored 1.0, now 1.1")


def test_recheck_of_what_was_never_run(root: Path) -> None:
    run_experiments("01", only=["gap"], root=root, report=quiet)
    with pytest.raises(CourseError, match="has no tiny run of 'fails'"):
        recheck("01_tiny", ["fails"], rtol=1e-9, root=root)


def test_a_file_without_experiments(root: Path) -> None:
    (root / "notebooks" / "experiments" / "01_tiny.py").write_text("SEEDS = (0,)\n")
    with pytest.raises(CourseError, match="must define EXPERIMENTS"):
        run_experiments("01", root=root, report=quiet)


@pytest.mark.parametrize(
    ("chapter", "only", "words"), [("07", None, "No chapter called '07'"), ("01", ["gpa"], "it has gap, fails")]
)
def test_unknown_names(root: Path, chapter, only, words) -> None:
    with pytest.raises(CourseError, match=words):
        run_experiments(chapter, only=only, root=root, report=quiet)


def entry(name: str, seed: int, preset: str = "tiny", **values: float) -> dict:
    return {"name": name, "preset": preset, "seed": seed, "values": values}


def test_reads_values_mean_and_spread() -> None:
    book = Ledger("01_x", [entry("gap", 2, rnn=3.0), entry("gap", 0, rnn=1.0), entry("gap", 0, "full", rnn=9.0)])
    assert book.names() == ["gap"]
    assert book.values("gap", "rnn") == [1.0, 3.0]
    assert (book.mean("gap", "rnn"), book.spread("gap", "rnn")) == (2.0, 2**0.5)
    assert book.spread("gap", "rnn", preset="full") == 0.0
    assert book.entry("gap", 2)["values"] == {"rnn": 3.0}
    for ask in (lambda: book.values("gpa", "rnn"), lambda: book.values("gap", "gru"), lambda: book.entry("gap", 7)):
        with pytest.raises(CourseError):
            ask()


def test_a_claim_holds_on_every_seed_or_not_at_all() -> None:
    runs = [entry("gap", seed, rnn=1.0 + seed, lstm=0.5 + seed) for seed in range(3)]
    assert Ledger("x", runs).claim(("gap", "lstm"), ("gap", "rnn"), margin=0.4)
    assert not Ledger("x", runs).claim(("gap", "lstm"), ("gap", "rnn"), margin=0.6)
    assert not Ledger("x", runs).claim(("gap", "rnn"), ("gap", "lstm"))
    one_bad = [*runs[:2], entry("gap", 2, rnn=1.0, lstm=1.5)]
    assert not Ledger("x", one_bad).claim(("gap", "lstm"), ("gap", "rnn"))
    with pytest.raises(CourseError, match="needs 3 seeds"):
        Ledger("x", runs[:2]).claim(("gap", "lstm"), ("gap", "rnn"))


def test_found_beside_the_checkout_else_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "coursekit" / "notebook"
    for folder, value in ((package / "ledgers", 2.0), (tmp_path / "notebooks" / "results", 1.0)):
        folder.mkdir(parents=True)
        (folder / "01_x.json").write_text(json.dumps({"chapter": "01_x", "entries": [entry("gap", 0, rnn=value)]}))
    monkeypatch.setattr(record, "HERE", package)
    assert ledger("01_x").values("gap", "rnn") == [1.0]
    (tmp_path / "notebooks" / "results" / "01_x.json").unlink()
    assert ledger("01_x").values("gap", "rnn") == [2.0]
    with pytest.raises(CourseError, match="no ledger called '09_x': there is 01_x"):
        ledger("09_x")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"chapter": 1}', '{"chapter": "x", "entries": [{}]}', "\xff"])
def test_a_damaged_ledger_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "01_x.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(CourseError, match="is damaged: restore it"):
        read(tmp_path / "01_x.json")
