"""The training loop: it learns, resumes to the same bits after kill -9, and stops with a sentence."""

import inspect
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from coursekit.errors import CourseError
from coursekit.train import History, fit, warmup_cosine
from coursekit.train.fitting import adamw, flushed_denormals, to_device

SCRIPT = """
import os, signal, sys, torch
from coursekit.train import fit
import coursekit.files as files
path, out, kill_at, during_save = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "save"
torch.manual_seed(0)
# Dropout draws from the global generator: its state must survive too.
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(0.3), torch.nn.Tanh(), torch.nn.Linear(8, 1))
kill = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
def batch(step):
    return torch.randn(16, 4, generator=torch.Generator().manual_seed(step), dtype=torch.float64).float()
def progress(done, loss):
    if done == kill_at:
        if during_save:
            files.os.replace = kill  # the new file is written beside the old one, and then the power goes
        else:
            kill()
loss = lambda model, x: ((model(x)[:, 0] - x.sum(1)) ** 2).mean()
h = fit(model, batch, loss, steps=60, lr=1e-2, checkpoint=path, save_every=10, every=25, progress=progress,
        evaluate=lambda m: {"first": m[0].weight[0, 0]})
torch.set_printoptions(precision=10)
import json
from dataclasses import asdict
from safetensors.torch import save_file
save_file(model.state_dict(), out)
print(json.dumps(asdict(h)))
"""


def run(tmp_path, name, kill_at=0, when="step"):
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    args = [str(tmp_path / f"{name}.safetensors"), str(tmp_path / f"{name}.out"), str(kill_at), when]
    return subprocess.run([sys.executable, str(script), *args], capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    done = run(folder, "run")
    assert done.returncode == 0, done.stderr
    return done.stdout, load_file(folder / "run.out")


@pytest.mark.parametrize(("kill_at", "when"), [(37, "step"), (40, "save"), (5, "step")])
def test_after_kill_9_and_resume_the_weights_are_the_same_bits(tmp_path, unbroken, kill_at, when):
    killed = run(tmp_path, "run", kill_at, when)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "run.out").exists()
    resumed = run(tmp_path, "run")
    assert resumed.returncode == 0, resumed.stderr
    stdout, weights = unbroken
    assert resumed.stdout == stdout  # the whole history: losses, rates, norms and evaluations
    for name, value in load_file(tmp_path / "run.out").items():
        assert torch.equal(value, weights[name]), name


def line(seed=0):
    """A small regression problem: model, batch, loss."""
    model = nn.Linear(3, 1)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        model.weight.copy_(torch.randn(1, 3, generator=draw))
        model.bias.zero_()

    def batch(step):
        x = torch.randn(32, 3, generator=torch.Generator().manual_seed(step))
        return x, x @ torch.tensor([1.0, -2.0, 0.5]) + 3

    return model, batch, lambda m, b: ((m(b[0])[:, 0] - b[1]) ** 2).mean()


def test_it_learns_and_tells_what_happened():
    model, batch, loss = line()
    seen = []
    history = fit(
        model, batch, loss, steps=300, lr=0.1, every=120,
        evaluate=lambda m: {"bias": m.bias, "training": m.training, "grad": torch.is_grad_enabled()},
        progress=lambda done, value: seen.append((done, value)),
    )  # fmt: skip
    assert history.loss[-1] < 1e-4 < 1 < history.loss[0]
    torch.testing.assert_close(model.weight[0], torch.tensor([1.0, -2.0, 0.5]), atol=1e-2, rtol=0)
    assert seen == list(zip(range(1, 301), history.loss, strict=True))
    assert history.lr == [0.1 * warmup_cosine(step, 300, 30) for step in range(300)]
    assert history.curve("bias")[0] == [120, 240, 300]
    assert {row["training"] for row in history.evaluations} == {0.0}
    assert {row["grad"] for row in history.evaluations} == {0.0}
    assert model.training


@pytest.mark.parametrize("clip", [0.5, None])
def test_fit_is_the_loop_written_out(clip):
    """Ten lines of plain torch with the same schedule and clipping reach the same weights."""
    model, batch, loss = line()
    fit(model, batch, loss, steps=20, lr=0.05, warmup=5, clip=clip)
    again, batch, loss = line()
    optimizer = torch.optim.AdamW(again.parameters(), weight_decay=0)
    for step in range(20):
        optimizer.param_groups[0]["lr"] = 0.05 * warmup_cosine(step, 20, 5)
        optimizer.zero_grad()
        loss(again, batch(step)).backward()
        if clip:
            nn.utils.clip_grad_norm_(again.parameters(), clip)
        optimizer.step()
    torch.testing.assert_close(model.state_dict(), again.state_dict(), rtol=1e-5, atol=1e-6)


def test_without_clipping_the_step_follows_the_whole_gradient():
    """Adam divides by the gradient's size, so only steps of unlike sizes show whether their gradients were cut."""

    def weight(clip):
        model, batch, loss = line()
        fit(model, batch, lambda m, b: loss(m, b) * (100 if b[0][0, 0] > 0 else 1), steps=9, clip=clip)
        return model.weight

    assert torch.equal(weight(None), weight(1e9))
    assert not torch.equal(weight(None), weight(0.1))


def test_the_model_keeps_its_mode_even_when_interrupted():
    model, batch, loss = line()
    model.eval()
    fit(model, batch, loss, steps=2)
    assert not model.training

    def interrupted(done, value):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, batch, loss, steps=2, progress=interrupted)
    assert not model.training


def test_each_part_of_the_model_keeps_its_own_mode():
    model, batch, loss = line()
    both = nn.Sequential(nn.Dropout(0.5), model).train()
    both[0].eval()  # a part that its owner has frozen
    fit(both, batch, lambda m, b: loss(m[1], b), steps=2)
    assert both.training and not both[0].training


def test_batches_of_every_shape_reach_the_device():
    class Pair(NamedTuple):
        x: torch.Tensor
        y: list[torch.Tensor]

    batch = {"pair": Pair(torch.ones(2), [torch.ones(1)]), "both": (torch.ones(3), 7), "none": None}
    moved = to_device(batch, torch.device("meta"))
    assert moved["pair"].x.is_meta and moved["pair"].y[0].is_meta and moved["both"][0].is_meta
    assert (moved["both"][1], moved["none"]) == (7, None)


def test_schedule():
    factors = [warmup_cosine(step, 100, 10) for step in range(100)]
    assert factors[0] == pytest.approx(1 / 11)
    assert factors[10] == 1
    assert factors[55] == pytest.approx(0.5)
    assert 0 < factors[-1] < 0.001
    assert warmup_cosine(0, 1, 0) == 1
    assert warmup_cosine(100, 100, 10) == warmup_cosine(150, 100, 10) == 0


def test_only_matrices_decay_and_frozen_weights_stay():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight.requires_grad_(False)
    groups = adamw(model, 0.1, 0.5).param_groups
    assert [(len(g["params"]), g["weight_decay"]) for g in groups] == [(1, 0.5), (2, 0.0)]


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_nan_stops_and_saves_the_batch(tmp_path, where):
    model, batch, loss = line()
    bad = float("nan") if where == "loss" else 0.0

    def broken(step):
        x, y = batch(step)
        return {"x": torch.full_like(x, bad) if step == 7 else x, "y": [y]}

    def rooted(m, b):  # at x = 0 the root's slope is infinite, and times 0 it is NaN
        root = b["x"].abs().sum(1).sqrt() * 0 if where == "gradient" else 0
        return loss(m, (b["x"], b["y"][0])) + (root * (m.weight.sum() * b["x"][:, 0]).abs().sqrt()).sum()

    path = tmp_path / "run.safetensors"
    with pytest.raises(CourseError, match=r"step 7.*saved in .*run\.nan-batch\.safetensors.*lower lr"):
        fit(model, broken, rooted, steps=20, lr=0.01, checkpoint=path, save_every=5)
    saved = load_file(tmp_path / "run.nan-batch.safetensors")
    assert set(saved) == {"batch.x", "batch.y.0"}
    assert torch.equal(saved["batch.y.0"], batch(7)[1])
    assert all(p.isfinite().all() for p in model.parameters())


def test_numbers_too_small_for_float32_are_zero_while_it_trains_and_only_then():
    def is_flushed():
        return bool(torch.tensor(1e-40) * 1.0 == 0)

    inside = []
    model, batch, loss = line()
    before = is_flushed()
    fit(model, batch, lambda m, b: inside.append(is_flushed()) or loss(m, b), steps=2)
    assert inside == [True, True]
    assert is_flushed() == before


def test_a_saturated_model_makes_no_denormals():
    """tanh' of a saturated unit underflows: without flushing, the backward pass is full of slow tiny numbers."""

    def tiny():
        x = torch.full((64,), 44.0, requires_grad=True)
        (torch.sigmoid(-x) * 1e-22).sum().backward()  # about 1e-41
        return int(((x.grad != 0) & (x.grad.abs() < 1.2e-38)).sum())

    assert tiny() == 64
    with flushed_denormals():
        assert tiny() == 0


def trained(path, **changes):
    model, batch, loss = line()
    return fit(model, batch, loss, **{"steps": 20, "lr": 0.1, "checkpoint": path, "save_every": 10, **changes})


def test_a_finished_run_is_read_back(tmp_path):
    path = tmp_path / "new" / "run.safetensors"
    first = trained(path)
    written = path.read_bytes()
    assert trained(path) == first
    assert path.read_bytes() == written
    assert [file.name for file in path.parent.iterdir()] == ["run.safetensors"]


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, b"half"])
def test_a_damaged_checkpoint_is_one_sentence(tmp_path, damage):
    path = tmp_path / "run.safetensors"
    trained(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if damage == b"half" else damage)
    with pytest.raises(CourseError, match=r"damaged or no checkpoint.*delete it"):
        trained(path)


def test_a_checkpoint_of_something_else_is_one_sentence(tmp_path):
    path = tmp_path / "run.safetensors"
    trained(path)
    with pytest.raises(CourseError, match=r"was made with steps = 20, lr = 0\.1, warmup = 2: use that"):
        trained(path, steps=30, lr=0.2)
    with pytest.raises(CourseError, match=r"was made with clip = 1\.0: use that"):
        trained(path, clip=None)
    with pytest.raises(CourseError, match=r"was made with weight_decay = 0\.0: use that"):
        trained(path, weight_decay=0.1)
    with pytest.raises(CourseError, match="belongs to another model"):
        fit(nn.Linear(4, 1), lambda step: None, lambda m, b: None, steps=20, lr=0.1, checkpoint=path)
    save_file({"w": torch.zeros(1)}, path)
    with pytest.raises(CourseError, match="damaged or no checkpoint"):
        trained(path)


def test_a_folder_that_cannot_be_written_is_noticed_before_training(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match=r"cannot write checkpoints to /proc/none .*may write"):
        trained("/proc/none/run.safetensors")
    monkeypatch.setattr(
        Path, "touch", lambda self, *a, **k: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(CourseError, match=r"Permission denied"):
        trained(tmp_path / "run.safetensors")


def test_a_folder_in_the_checkpoints_place_is_not_to_be_deleted(tmp_path):
    with pytest.raises(CourseError, match=r"is a folder: name a file in it"):
        trained(tmp_path)


def test_numbers_of_numpy_are_settings_too(tmp_path):
    """The checkpoint's header is JSON, which has no word for them; noticed only when the first one is written."""
    model, batch, loss = line()
    numbers = {"steps": np.int64(4), "warmup": np.int32(1), "lr": np.float32(0.5)}
    unchecked = inspect.unwrap(fit)  # without the tests' own check of the types
    first = unchecked(model, batch, loss, checkpoint=tmp_path / "run", **numbers)
    assert trained(tmp_path / "run", steps=4, warmup=1, lr=0.5) == first


def test_a_full_disk_keeps_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.safetensors"

    def full(file):
        if path.exists():
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("coursekit.files.os.fsync", full)
    with pytest.raises(CourseError, match="No space left on device"):
        trained(path)
    monkeypatch.undo()
    assert trained(path).steps == 20


def test_tied_weights_are_saved_and_stay_tied(tmp_path):
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False)
            self.b.weight = self.a.weight

    def once(model):
        x = torch.ones(1, 3)
        return fit(model, lambda s: x, lambda m, x: m.b(m.a(x)).pow(2).mean(), steps=4, checkpoint=tmp_path / "t")

    first, second = Tied(), Tied()
    assert once(first) == once(second)
    assert torch.equal(first.a.weight, second.b.weight)
    assert second.a.weight is second.b.weight


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"steps": 0}, "1 or more"),
        ({"lr": 0.0}, "lr = 0.0"),
        ({"lr": math.nan}, "lr = nan"),
        ({"every": 0}, "1 or"),
        ({"clip": -1.0}, "clip = -1.0"),
        ({"clip": 0.0}, "clip = 0.0"),
        ({"clip": math.nan}, "clip = nan"),
        ({"warmup": -1}, "warmup = -1"),
        ({"weight_decay": -0.1}, "weight_decay = -0.1"),
    ],
)
def test_wrong_arguments_are_one_sentence(changes, says):
    with pytest.raises(ValueError, match=says):
        trained(None, **changes)
    with pytest.raises(ValueError, match="unfreeze"):
        fit(nn.Linear(1, 1).requires_grad_(False), lambda s: None, lambda m, b: None, steps=1)


def test_history_is_plain_numbers():
    history = History()
    history.add(1.0, 0.1, 2.0)
    assert (history.steps, history.curve("none")) == (1, ([], []))
