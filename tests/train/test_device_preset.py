"""Where and how large: the device is checked against the CPU, the preset is one of three."""

import subprocess
import sys

import pytest
import torch

from coursekit import models, train
from coursekit.errors import CourseError
from coursekit.train import device, pick_device, preset, self_check


def test_the_cpu_agrees_with_itself():
    assert self_check("cpu") is None
    assert pick_device("cpu") == torch.device("cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_agrees_with_the_cpu_and_is_picked():
    assert self_check("cuda") is None
    assert pick_device() == torch.device("cuda")


def test_a_device_that_is_not_there_falls_back_with_a_sentence():
    wanted = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.warns(UserWarning, match=rf"the device '{wanted}' fails .*computing on the CPU instead"):
        assert pick_device(wanted) == torch.device("cpu")


def test_a_device_that_computes_wrongly_falls_back_with_a_sentence(monkeypatch):
    right = device._forward_backward("cpu")
    monkeypatch.setattr(device, "available", lambda: ["fast", "cpu"])
    monkeypatch.setattr(
        device, "_forward_backward", lambda name: [right[0], right[1] * 1.5, right[2]] if name == "fast" else right
    )
    with pytest.warns(UserWarning, match=r"disagrees with the CPU by .*computing on the CPU instead"):
        assert pick_device() == torch.device("cpu")


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_nan_in_the_output_or_in_any_gradient_is_a_disagreement(monkeypatch, broken):
    right = device._forward_backward("cpu")
    wrong = [value * float("nan") if i == broken else value for i, value in enumerate(right)]
    monkeypatch.setattr(device, "_forward_backward", lambda name: wrong if name == "fast" else right)
    assert "disagrees with the CPU by nan" in self_check("fast")


def test_the_check_computes_gradients():
    loss, weight, table = device._forward_backward("cpu")
    assert loss.ndim == 0
    assert (weight.shape, table.shape) == ((16, 16), (8, 16))


def test_preset(monkeypatch):
    monkeypatch.delenv("COURSEKIT_PRESET", raising=False)
    assert preset() == "tiny"
    monkeypatch.setenv("COURSEKIT_PRESET", "colab")
    assert preset() == "colab"
    assert preset("full") == "full"
    with pytest.raises(CourseError, match="the preset is 'huge': choose one of tiny, colab, full"):
        preset("huge")
    monkeypatch.setenv("COURSEKIT_PRESET", "big")
    with pytest.raises(CourseError, match="COURSEKIT_PRESET is 'big'"):
        preset()


def test_names_are_listed_for_completion():
    assert {"fit", "History", "preset", "warmup_cosine"} <= set(dir(train))
    assert {"AddK", "KneserNey", "WindowLM"} <= set(dir(models))


def test_preset_needs_no_torch():
    code = "import sys; from coursekit.train import preset; preset('tiny'); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
