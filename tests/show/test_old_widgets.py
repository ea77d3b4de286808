"""The oldest widgets that a hosted notebook still gives a student, on the newest Python, without torch.

An environment is built for it (about a minute), so these run in `make full` only.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_show_slider import DRIVE, check_what_a_front_end_sees

pytestmark = pytest.mark.full
REPOSITORY = Path(__file__).resolve().parents[2]
OLD = ["ipywidgets==7.7.1", "ipython==7.34.0", "ipykernel==6.17.1", "numpy==2.1.3"]
UNPINNED = ["matplotlib>=3.8", "datasets==4.0.0", "jaxtyping>=0.2.34", "safetensors>=0.4"]

WORLD = """
import hashlib, sys
from coursekit.data.world import World
stories = World().sample(200, seed=0)
print(hashlib.sha256(repr([(s.tokens, s.logprob, s.date) for s in stories]).encode()).hexdigest())
assert "torch" not in sys.modules
"""
CHECK = """
import sys
from coursekit.check import chapter
check = chapter("01_language_models")
for question in check.questions:
    assert not check.verdict(question, None).points, question
print(check.questions)
assert "torch" not in sys.modules
"""
STORIES = """
import coursekit
splits = coursekit.load("stories")
print(sorted(splits), splits["test"].column_names, splits["test"][0]["tokens"])
"""
NGRAM = """
from coursekit.models.ngram import KneserNey
print(KneserNey)
"""
WINDOW = "import coursekit.models.window_lm"
TRAIN = "import coursekit.train.fitting"


def _python_313():
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [shutil.which("python3.13"), *map(str, sorted(pyenv.glob("versions/3.13*/bin/python")))]
    works = (p for p in found if p and subprocess.run([p, "-c", ""], capture_output=True).returncode == 0)
    return next(works, None)  # pyenv leaves a python3.13 on the path that does nothing until it is chosen


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The old environment's interpreter."""
    base = _python_313()
    if base is None:
        pytest.skip("no Python 3.13 on this machine")
    folder = tmp_path_factory.mktemp("old")
    subprocess.run([base, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    done = subprocess.run([python, "-m", "pip", "install", "-q", *OLD, *UNPINNED], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the old versions cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return python


def run(python, *command):
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.run([python, *command], capture_output=True, text=True, timeout=300, env=env)


def test_slider_and_pictures_live_in_the_old_kernel(old):
    done = run(old, DRIVE)
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert (seen["python"][:4], seen["ipywidgets"]) == ("3.13", "7.7.1")
    check_what_a_front_end_sees(seen)


@pytest.mark.parametrize("code", [WORLD, CHECK, STORIES, NGRAM], ids=["world", "check", "stories", "ngram"])
def test_what_needs_no_torch_gives_the_same_in_the_old_environment(old, code):
    done, here = run(old, "-c", code), run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr[-3000:]
    assert here.returncode == 0, here.stderr[-3000:]
    assert done.stdout == here.stdout


@pytest.mark.parametrize("code", [WINDOW, TRAIN], ids=["window model", "training"])
def test_what_needs_torch_is_skipped(old, code):
    done = run(old, "-c", code)
    if "No module named 'torch'" in done.stderr:
        pytest.skip("needs torch, which this environment is without")
    assert done.returncode == 0, done.stderr[-3000:]
