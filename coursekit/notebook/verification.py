"""nbval's notebook and cell, made stricter for this course: values, missing runs, dead kernels, sources."""

import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any
from unittest import mock

import pytest
from nbval.plugin import IPyNbCell, IPyNbFile

from coursekit.notebook.build import KERNEL_ENV
from coursekit.notebook.places import source_of
from coursekit.notebook.plugin import TOLERANCES
from coursekit.notebook.results import shown
from coursekit.notebook.values import PREDICTION, RESULT, compare

#: How often a waiting cell looks whether its kernel still lives.
LOOK_EVERY = 1.0


def take_over(found: Any, parent: pytest.Collector) -> Any:
    """nbval's collectors with ours in the place of its own kind."""
    collectors = found if isinstance(found, list) else [found]
    return [Notebook.from_parent(parent, path=c.path) if type(c) is IPyNbFile else c for c in collectors]


class Notebook(IPyNbFile):
    """A notebook of the course: its source first, then its cells; after one that died, none."""

    died: str = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.skip_compare += ("image/svg+xml",)  # a picture like png, which nbval leaves out already

    def collect(self) -> Iterator[pytest.Item]:
        """One item for the agreement with the source where there is one, then one a code cell."""
        cells = list(super().collect())
        if source_of(self.path).is_file():
            yield Agreement.from_parent(self, name="source")
        for cell in cells:
            yield Cell.from_parent(self, name=cell.name, cell_num=cell.cell_num, cell=cell.cell, options=cell.options)

    def setup(self) -> None:
        """Start the kernel as the builder does, and watch it while a cell runs."""
        with mock.patch.dict(os.environ, KERNEL_ENV):
            super().setup()
        wait = self.kernel.await_reply

        def await_reply(msg_id: str, timeout: float) -> None:
            """nbval waits the whole time-out for a kernel that is dead."""
            deadline = time.monotonic() + timeout
            while True:
                try:
                    return wait(msg_id, timeout=max(0.0, min(LOOK_EVERY, deadline - time.monotonic())))
                except Empty:
                    if not self.kernel.is_alive():
                        raise ChildProcessError from None
                    if time.monotonic() >= deadline:
                        raise

        self.kernel.await_reply = await_reply


class Agreement(pytest.Item):
    """The notebook is the one that its source describes."""

    def runtest(self) -> None:
        """Fail where source and notebook are apart."""
        pytest.importorskip("jupytext")
        from coursekit.notebook.agreement import apart

        assert isinstance(self.parent, Notebook)
        source = source_of(self.path)
        if how := apart(self.parent.nb, source, source.parents[2]):
            pytest.fail(f"source and notebook apart ({how}): run `coursekit build {self.path.stem[:2]}`", pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where and what, for pytest's summary."""
        return self.path, 0, f"{self.path.name}::source"


class Cell(IPyNbCell):
    """A code cell whose results are compared by value and which cannot pass without having run."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tags = self.cell.metadata.get("tags", [])
        self.options["skip"] = self.options["skip"] or "skip-execution" in tags
        # Results are compared in every cell; only the rest of an output can be left out.
        self.rest_compared = self.options["check"] and "unstored" not in tags
        self.options["check"] = True
        self.compared = False

    def runtest(self) -> None:
        """Run the cell and compare; where it did not get that far, the cells behind it mean nothing."""
        if self.parent.died:
            pytest.skip(self.parent.died)
        if self.options["skip"] and _split(self.cell.outputs)[0]:
            self.raise_cell_error("marked as not to run, so its stored result would never be compared")
        if not self.cell.source.strip() or self.options["skip"]:
            pytest.skip("empty, or marked as not to run")
        try:
            self._run()
        except BaseException:
            if not self.compared:
                self.parent.died = f"cell {self.cell_num} did not run"
            raise

    def _run(self) -> None:
        if self.cell.execution_count is None:
            self.raise_cell_error("no stored run: build the notebook before committing it")
        try:
            super().runtest()
        except ChildProcessError:
            self.raise_cell_error("the kernel died (out of memory, or a crash in compiled code)")

    def compare_outputs(self, test: list[Any], ref: list[Any], skip_compare: Any = None) -> bool:
        """Results by value within the stored tolerance, the rest as nbval does; a reader's guesses not at all."""
        self.compared = True
        stored, (new, test), (old, ref) = ref, _split(test), _split(ref)
        self.user_properties.append((TOLERANCES, [(o.get("rtol", 0), o.get("atol", 0), o.get("reason")) for o in old]))
        bad = compare(old, new) + list(misread(stored))
        same = not self.rest_compared or super().compare_outputs(test, ref, skip_compare)
        self.comparison_traceback = [*bad, *(getattr(self, "comparison_traceback", []) if not same else [])]
        return same and not bad


def misread(outputs: Iterable[Any]) -> Iterator[str]:
    """A complaint for each stored result whose text, which is what a reader sees, is not that of its values."""
    for output in outputs:
        data = output.get("data", {})
        if RESULT in data:
            lines = [_parts(line) for line in data.get("text/plain", "").split("\n")]
            for line in "\n".join(shown(data[RESULT]["values"])).split("\n"):
                if _parts(line) not in lines:
                    yield f"the text shown is not that of the stored values, {line!r}: build the notebook again"


def _parts(line: str) -> list[str]:
    """What a line says, in no order: a stored dict comes back with its keys sorted."""
    return sorted(re.split(" = |, |: ", line))


def _split(outputs: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The results among some outputs, and the other outputs without the guesses."""
    results, rest = [], []
    for output in outputs:
        data = output.get("data", {})
        if RESULT in data:
            results.append(data[RESULT])
        elif PREDICTION not in data:
            rest.append(output)
    return results, rest
