"""What to look at first when something does not work: versions, unwanted neighbours, the device."""

import importlib.metadata as metadata
import platform
import re
import sys

import coursekit

DISTRIBUTION = "sequence-course"


def report() -> tuple[list[str], bool]:
    """Lines to print, and whether all is well."""
    lines = [f"coursekit {coursekit.__version__}, Python {platform.python_version()}, {platform.platform()}"]
    problems = old_python() + neighbours()
    versions, wrong = dependencies()
    device, bad_device = devices()
    problems += wrong + bad_device
    lines += versions + device + [f"PROBLEM: {problem}" for problem in problems]
    return [*lines, "all is well" if not problems else f"{len(problems)} to mend"], not problems


def old_python(version: tuple[int, ...] = tuple(sys.version_info[:2])) -> list[str]:
    if version >= (3, 11):
        return []
    return [f"Python {version[0]}.{version[1]} is too old: the course needs 3.11 or newer."]


def neighbours() -> list[str]:
    """The public index has an unrelated package whose import name is ours too."""
    try:
        version = metadata.version("coursekit")
    except metadata.PackageNotFoundError:
        return []
    return [
        f"an unrelated package called coursekit {version} is installed: "
        "run `pip uninstall coursekit`, then install the course again."
    ]


def dependencies() -> tuple[list[str], list[str]]:
    """The versions of the core dependencies, and those that are missing or below their floor."""
    lines, wrong = [], []
    for requirement in metadata.requires(DISTRIBUTION) or []:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)", requirement)
        if match is None:  # those of an extra
            continue
        name, floor = match.groups()
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing: run `pip install '{name}>={floor}'`.")
            continue
        lines.append(f"  {name} {version}")
        if numbers(version) < numbers(floor):
            wrong.append(f"{name} {version} is too old: run `pip install '{name}>={floor}'`.")
    return lines, wrong


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def devices() -> tuple[list[str], list[str]]:
    """The device that training will use, compared with the processor on one small forward and backward pass."""
    try:
        import torch
    except ImportError:
        return [], ["torch is missing: what needs no torch works, the models do not."]
    from coursekit.train.device import pick_device

    found = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    chosen = str(pick_device())
    line = (
        f"  device {chosen}, {torch.get_num_threads()} threads; a small forward and backward pass agrees with the cpu"
    )
    if chosen.startswith(found):
        return [line], []
    return [line], [f"{found} is there but does not compute what the processor computes, so {chosen} is used."]
