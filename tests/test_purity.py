"""What needs only torch, numpy, safetensors and jaxtyping imports where nothing else is installed."""

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

import coursekit

BARE = ["torch", "numpy", "safetensors", "jaxtyping"]
PARTS = ["nn", "models", "decode", "train", "peft", "probe"]

# Run in a fresh interpreter: a package that is neither Python's own nor allowed is not found.
SCRIPT = """
import importlib, json, pkgutil, sys
allowed, part = set(json.loads(sys.argv[1])), sys.argv[2]
class Wall:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):  # metadata of packages is found through the same objects
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        ours = top in allowed | sys.stdlib_module_names or top.startswith("_sysconfigdata")  # Python's, by platform
        return self.finder.find_spec(name, path, target) if ours else None
sys.meta_path[:] = [Wall(finder) for finder in sys.meta_path]
package = importlib.import_module(f"coursekit.{part}")
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""
USED = """
import torch
from coursekit.models.vocabulary import with_vocabulary
model, vocab = with_vocabulary("tiny-gpt")
assert model(torch.tensor([[vocab.bos]])).shape == (1, 1, len(vocab))
"""


def bare_environment():
    """The top-level modules of the four packages and of all that they require."""
    wanted, seen = list(BARE), set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        lines = [line for line in requires(name) or [] if "extra ==" not in line]
        wanted += [re.split(r"[^\w.-]", line)[0].lower() for line in lines if installed(line)]
    modules = packages_distributions()
    return ["coursekit"] + [m for m, owners in modules.items() if any(normal(o) in map(normal, seen) for o in owners)]


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(line):
    name = normal(re.split(r"[^\w.-]", line)[0])
    return name in {normal(owner) for owners in packages_distributions().values() for owner in owners}


def import_behind_the_wall(part, allowed, then=""):
    command = [sys.executable, "-c", SCRIPT + then, json.dumps(allowed), part]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("part", PARTS)
def test_part_imports_in_a_bare_environment(part):
    if not (Path(coursekit.__file__).parent / part).exists():
        pytest.skip(f"coursekit.{part} does not exist yet")
    done = import_behind_the_wall(part, bare_environment())
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]


def test_the_tiny_gpt_is_read_in_a_bare_environment():
    done = import_behind_the_wall("models", bare_environment(), USED)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]


def test_the_wall_stands():
    """Without numpy in the bare environment the models do not import, so the test above can fail."""
    done = import_behind_the_wall("models", [name for name in bare_environment() if name != "numpy"])
    assert "No module named 'numpy'" in done.stderr
    assert not {"datasets", "matplotlib", "tqdm", "nltk"} & set(bare_environment())
