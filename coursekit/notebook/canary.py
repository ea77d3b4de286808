"""`coursekit verify --canary`: do the stored results hold on another processor? Its arithmetic, set by environment.

Other processors add in another order and round exp otherwise. Environment variables make this one do so too; which of
them work depends on the processor, so the canary first shows that each setting changes the bits of a matrix product and
of an exponential here. A setting that changes nothing proves nothing, and is reported as inert.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from coursekit.errors import CourseError
from coursekit.notebook.build import built, verify_notebooks
from coursekit.notebook.places import checkout

_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OMP_NUM_THREADS": "1"}
#: Each setting with its variants: the first that changes both probes on this processor is used.
SETTINGS: dict[str, list[dict[str, str]]] = {
    "plain": [{}],
    "baseline": [{"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"}],
    "avx2": [
        {**_AVX2, "MKL_ENABLE_INSTRUCTIONS": "AVX2"},
        # On AMD's processors MKL takes the same kernels whatever instructions are enabled; only this mode leaves them.
        {**_AVX2, "MKL_CBWR": "COMPATIBLE"},
    ],
}
VARIABLES = sorted({name for variants in SETTINGS.values() for variant in variants for name in variant})

#: Tensor.exp is no probe: it goes through MKL's vector library, whose bits none of the variables changed. The
#: exponential that models run is the one inside softmax; the products are a linear layer's, forwards and backwards.
PROBE = """
import hashlib, json, torch
draw = torch.Generator().manual_seed(0)
def matrix(*shape): return torch.randn(*shape, dtype=torch.float64, generator=draw).float()
def bits(t): return hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest()
x, w, y = matrix(512, 96), matrix(96, 160), matrix(512, 160)
print(json.dumps({"matmul": bits(x @ w) + bits(x.T @ y), "exp": bits(x.softmax(-1))}))
"""


def run(
    parts: str | list[str] | None = None,
    root: Path | None = None,
    report: Callable[[str], None] = print,
    settings: dict[str, list[dict[str, str]]] | None = None,
) -> int:
    """Verify the notebooks under every setting; 0 if none is inert and every notebook holds under each."""
    root = root or checkout()
    paths = built(root, parts)
    plain, failures = probe({}), 0
    for name, variants in (settings or SETTINGS).items():
        variant, unchanged = choose(variants, plain)
        words = " ".join(f"{key}={value}" for key, value in variant.items()) or "as this machine is"
        if unchanged:
            report(f"{name}: INERT here, {' and '.join(unchanged)} kept its bits ({words})")
            failures += 1
        else:
            report(f"{name}: {words}" + ("; changes the bits of matmul and exp" if variant else ""))
        failures += _held(name, paths, root, variant, report)
    return min(failures, 1)


def _held(name: str, paths: list[Path], root: Path, variant: dict[str, str], report: Callable[[str], None]) -> int:
    status = verify_notebooks(paths, root, env=environment(variant))
    report(f"{name}: {'every stored result holds' if status == 0 else 'RESULTS LEFT THEIR TOLERANCE'}")
    return int(status != 0)


def choose(variants: list[dict[str, str]], plain: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The first variant that changes both probes, else the first; and which probes that one leaves unchanged."""
    if not variants[0]:
        return {}, []
    unchanged = [[key for key, bits in probe(variant).items() if bits == plain[key]] for variant in variants]
    best = next((i for i, kept in enumerate(unchanged) if not kept), 0)
    return variants[best], unchanged[best]


def probe(variant: dict[str, str]) -> dict[str, str]:
    """The bits of a matrix product and of an exponential, computed in a process under a setting."""
    command = [sys.executable, "-c", PROBE]
    done = subprocess.run(command, env=environment(variant), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CourseError(f"The canary's probe failed under {variant}: {done.stderr.strip().splitlines()[-1]}")
    return dict(json.loads(done.stdout))


def environment(variant: dict[str, str]) -> dict[str, str]:
    """This process's environment with the setting's variables and none of another's."""
    return {**{key: value for key, value in os.environ.items() if key not in VARIABLES}, **variant}
