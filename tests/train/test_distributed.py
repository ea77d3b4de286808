"""Several processes under torchrun are one process: same losses, same weights; if one dies, a sentence says so."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from coursekit.errors import CourseError
from coursekit.train import fit
from coursekit.train.distributed import Group, join

#: All that is compared, in one script: to start processes takes longer than to train.
SCRIPT = """
import json, os, signal, sys
from dataclasses import asdict
import torch
from safetensors.torch import save_file
from torch import nn
from coursekit.errors import CourseError
from coursekit.models import Seq2Seq, Seq2SeqConfig
from coursekit.train import fit, next_word_loss, pair_batches
folder, mode = sys.argv[1], sys.argv[2]
rank = int(os.environ.get("RANK", 0))
draw = torch.Generator().manual_seed(0)
# Sentences of 1 to 8 words: the shares of the words are not the shares of the rows. 7 rows are no multiple of 2.
rows = [torch.randint(4, 12, (n % 8 + 1,), generator=draw).tolist() for n in range(40)]
batch, loss = pair_batches(rows, rows, 7), next_word_loss()

def model(dtype, dropout=0.0):
    torch.manual_seed(rank)  # the first process's weights count
    config = Seq2SeqConfig(12, 12, width=8, hidden=16, dropout=dropout)
    return Seq2Seq(config, torch.Generator().manual_seed(rank)).to(dtype)

def trained(name, net, given=batch, **options):
    history = fit(net, given, loss, lr=5e-3, **{"steps": 12, **options})
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, f"{folder}/{name}.{rank}.weights")
    with open(f"{folder}/{name}.{rank}.json", "w") as file:
        json.dump(asdict(history), file)

if mode == "equal":
    seen = []
    told = {"evaluate": lambda m: {"sum": sum(p.sum() for p in m.parameters())}, "every": 5}
    trained("float32", model(torch.float32), progress=lambda done, value: seen.append(done), **told)
    assert seen == (list(range(1, 13)) if rank == 0 else [])
    trained("float64", model(torch.float64), clip=None, weight_decay=0.1)
    trained("parts", model(torch.float64), accumulate=3)
    trained("few rows", model(torch.float64), pair_batches(rows, rows, 1), accumulate=2, steps=4)
    trained("bf16", model(torch.float32), precision="bf16", steps=4)
if mode == "equal" and "RANK" in os.environ:
    trained("unbroken", model(torch.float32, dropout=0.3), checkpoint=f"{folder}/a", save_every=4)
    def broken(step):
        if step == 6:  # on every process
            raise InterruptedError
        return batch(step)
    try:
        trained("resumed", model(torch.float32, dropout=0.3), broken, checkpoint=f"{folder}/b", save_every=4)
    except InterruptedError:
        pass
    trained("resumed", model(torch.float32, dropout=0.3), checkpoint=f"{folder}/b", save_every=4)
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(1, 1), nn.Linear(1, 1)
    try:
        fit(Two(), lambda s: torch.ones(4, 1), lambda m, x: m.used(x).mean(), steps=3)
    except CourseError as error:
        open(f"{folder}/unused.{rank}", "w").write(str(error))
if mode == "killed":
    def dying(step):
        if step == 6 and rank == 1 and not os.path.exists(f"{folder}/again"):
            os.kill(os.getpid(), signal.SIGKILL)
        return batch(step)
    trained("killed", model(torch.float32), dying, checkpoint=f"{folder}/run.safetensors", save_every=4)
"""


def run(folder, mode):
    """The script on two processes."""
    script = folder / "train.py"
    script.write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*torchrun, str(script), str(folder), mode]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def run_alone(folder, mode):
    """The script on one process, this one."""
    script = folder / "train.py"
    script.write_text(SCRIPT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(script), str(folder), mode])
        runpy.run_path(str(script))


def histories(folder, name, processes=2):
    return [json.loads((folder / f"{name}.{rank}.json").read_text()) for rank in range(processes)]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The folders of one process and of two that have trained the same."""
    folders = {processes: tmp_path_factory.mktemp(f"of{processes}") for processes in (1, 2)}
    run_alone(folders[1], "equal")
    done = run(folders[2], "equal")
    assert done.returncode == 0, done.stderr
    return folders


@pytest.mark.parametrize(
    ("name", "bound"), [("float32", 1e-6), ("float64", 1e-12), ("parts", 1e-12), ("few rows", 1e-12), ("bf16", 2e-2)]
)
def test_two_processes_equal_one(both, name, bound):
    (alone,) = histories(both[1], name, 1)
    for rank, history in enumerate(histories(both[2], name)):
        for what in ("loss", "norm", "lr"):
            torch.testing.assert_close(history[what], alone[what], rtol=bound, atol=bound)
        assert [row["step"] for row in history["evaluations"]] == [row["step"] for row in alone["evaluations"]]
        weights, wanted = (load_file(both[n] / f"{name}.{r}.weights") for n, r in ((2, rank), (1, 0)))
        torch.testing.assert_close(weights, wanted, rtol=bound, atol=bound)
    first, second = (load_file(both[2] / f"{name}.{rank}.weights") for rank in (0, 1))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_resumed_run_of_two_ends_with_the_same_bits_dropout_and_all(both):
    resumed = both[2]
    assert histories(resumed, "resumed") == histories(resumed, "unbroken")
    for rank in (0, 1):
        names = [load_file(resumed / f"{name}.{rank}.weights") for name in ("resumed", "unbroken")]
        torch.testing.assert_close(*names, rtol=0, atol=0)


def test_weights_that_the_loss_does_not_use_are_named(both):
    for rank in (0, 1):
        said = (both[2] / f"unused.{rank}").read_text()
        assert "does not use idle.weight, idle.bias" in said and "requires_grad_(False)" in said


def test_a_killed_worker_ends_the_run_with_a_sentence_and_it_goes_on(tmp_path):
    killed = run(tmp_path, "killed")
    assert killed.returncode != 0
    # Whichever comes first: the broken connection, or torchrun's SIGTERM.
    sentence = (
        r"training stopped in process 0 of 2, for (another process|torchrun) has ended.* goes on from .*/run\.saf"
    )
    assert re.search(sentence, killed.stderr), killed.stderr
    assert not (tmp_path / "killed.0.json").exists()
    (tmp_path / "again").touch()
    run_alone(tmp_path, "killed")  # fewer processes may finish what more have begun
    (whole,) = histories(tmp_path, "killed", 1)
    assert len(whole["loss"]) == 12


def test_one_process_is_a_group_of_itself(monkeypatch):
    model = nn.Linear(1, 1)
    assert join(model).size == 1
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "1")
    group = join(model)
    assert (group.first, group.size, group.told(7)) == (True, 1, 7)
    assert group.wrap(model) is model


def test_processes_that_do_not_find_each_other_are_one_sentence(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(CourseError, match=r"the 2 processes do not find each other .*torchrun"):
        fit(nn.Linear(1, 1), lambda step: torch.ones(2, 1), lambda m, x: m(x).mean(), steps=1)


def test_a_checkpoint_that_only_some_see_is_refused(monkeypatch):
    monkeypatch.setattr(Group, "told", lambda self, value: 5)
    with pytest.raises(CourseError, match=r"process 1 does not see the checkpoint run as process 0 does"):
        Group(1, 2).agree(0, "run")


def test_only_a_broken_connection_is_another_process_that_has_ended():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(RuntimeError, match="shape"), Group(0, 2).watched(None):
        raise RuntimeError("shape")
    with pytest.raises(CourseError, match=r"give fit a checkpoint="), Group(0, 2).watched(None):
        raise RuntimeError("[gloo/transport/tcp/pair.cc:1] Connection closed by peer")
    with pytest.raises(CourseError, match=r"torchrun has ended it: give fit"), Group(0, 2).watched(None):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(CourseError, match=r"no checkpoint had been written"), Group(0, 2).watched("/none/run"):
        raise RuntimeError("[gloo/transport/tcp/pair.cc:1] Connection closed by peer")
