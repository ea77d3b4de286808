"""Small checkouts of our own, made in a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
from notebook_cells import PYPROJECT


@pytest.fixture
def make_checkout(tmp_path: Path) -> Callable[..., Path]:
    """make_checkout(src={"01a_x": "..."}, quiz={...}, experiments={...}) -> its root."""

    def make(**folders: dict[str, str]) -> Path:
        root = tmp_path / "checkout"
        for folder, files in {"src": {}, **folders}.items():
            (root / "notebooks" / folder).mkdir(parents=True, exist_ok=True)
            for name, text in files.items():
                suffix = ".yaml" if folder == "quiz" else ".py"
                (root / "notebooks" / folder / (name + suffix)).write_text(text, encoding="utf-8")
        (root / "pyproject.toml").write_text(PYPROJECT)
        return root

    return make
