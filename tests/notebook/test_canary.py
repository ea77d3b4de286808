"""The canary sings only if its settings reach the arithmetic."""

from pathlib import Path

import pytest

from coursekit.errors import CourseError
from coursekit.notebook import canary

CHANGING = {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}


@pytest.fixture
def root(make_checkout) -> Path:
    root = make_checkout(src={"01a_x": ""})
    (root / "notebooks" / "01a_x.ipynb").write_text(
        '{"cells": [], "metadata": {"coursekit": {"part": "01a_x"}}, "nbformat": 4, "nbformat_minor": 5}'
    )
    return root


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The environments that notebooks were verified in; every run is green."""
    environments: list[dict] = []
    monkeypatch.setattr(canary, "verify_notebooks", lambda paths, root, env: environments.append(env) or 0)
    return environments


def bits(kept: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor on which a variant changes every probe but those in `kept`."""
    plain = {"matmul": "a", "exp": "b"}
    probe = lambda variant: {key: old if not variant or key in kept else "new" for key, old in plain.items()}  # noqa: E731
    monkeypatch.setattr(canary, "probe", probe)


def test_a_setting_that_reaches_the_arithmetic(root, ran, monkeypatch) -> None:
    bits(set(), monkeypatch)
    said: list[str] = []
    assert canary.run(root=root, report=said.append) == 0
    assert len(ran) == 3
    assert not [line for line in said if "INERT" in line]


@pytest.mark.parametrize("kept", [{"matmul"}, {"exp"}, {"matmul", "exp"}])
def test_an_inert_setting_is_reported_and_fails(root, ran, monkeypatch, kept) -> None:
    bits(kept, monkeypatch)
    said: list[str] = []
    assert canary.run(root=root, report=said.append) == 1
    inert = [line for line in said if "INERT" in line]
    assert len(inert) == 2
    assert all(key in line for key in kept for line in inert)


def test_results_that_leave_their_tolerance_fail(root, monkeypatch) -> None:
    bits(set(), monkeypatch)
    monkeypatch.setattr(canary, "verify_notebooks", lambda paths, root, env: int("MKL_CBWR" in env))
    said: list[str] = []
    assert canary.run(root=root, report=said.append) == 1
    assert "baseline: RESULTS LEFT THEIR TOLERANCE" in said
    assert "plain: every stored result holds" in said


def test_a_second_variant_where_the_first_is_inert(monkeypatch) -> None:
    probe = {"": {"matmul": "a", "exp": "b"}, "1": {"matmul": "a", "exp": "c"}, "2": {"matmul": "d", "exp": "c"}}
    monkeypatch.setattr(canary, "probe", lambda variant: probe[variant["X"]])
    assert canary.choose([{"X": "1"}, {"X": "2"}], probe[""]) == ({"X": "2"}, [])
    assert canary.choose([{"X": "1"}], probe[""]) == ({"X": "1"}, ["matmul"])


def test_no_setting_leaks_into_another(monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HOME", "/root")
    assert "OMP_NUM_THREADS" not in canary.environment({})
    assert canary.environment({"MKL_CBWR": "AVX2"})["MKL_CBWR"] == "AVX2"
    assert canary.environment({})["HOME"] == "/root"


def test_nothing_to_verify(make_checkout) -> None:
    with pytest.raises(CourseError, match="nothing to verify"):
        canary.run(root=make_checkout(src={"01a_x": ""}))


def test_the_probes_repeat_and_an_unrelated_variable_is_inert() -> None:
    plain = canary.probe({})
    assert canary.choose([{"COURSEKIT_UNRELATED": "1"}], plain) == ({"COURSEKIT_UNRELATED": "1"}, ["matmul", "exp"])


@pytest.mark.full
@pytest.mark.parametrize("name", ["baseline", "avx2"])
def test_no_setting_is_inert_here(name: str) -> None:
    variant, unchanged = canary.choose(canary.SETTINGS[name], canary.probe({}))
    assert unchanged == [], f"{variant} leaves the bits of {unchanged} as they are on this processor"
