"""Writing files so that nothing is ever half written."""

import os
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file in one step: a power cut, a full disk or a second writer leaves the old content or the new one.

    The folder must exist; text is written as UTF-8 with "\\n". Raises OSError and then leaves nothing behind.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")  # a name of its own for each process
    try:
        with draft.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
