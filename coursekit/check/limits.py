"""Run an answer with a time limit and without flooding the notebook."""

import contextlib
import io
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; not an Exception, so that `except Exception` does not eat it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp after `seconds` where signals allow it: in the main thread, not on Windows; elsewhere no limit."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    rings = 0

    def alarm(_: int, frame: FrameType | None) -> None:
        nonlocal rings
        rings += 1
        if rings == 1 or frame is None:
            raise TimeUp
        # A bare `except:` swallowed the first: raise at the next line instead, which may stand outside its `try`.
        frame.f_trace = at_next_line
        sys.settrace(at_next_line)

    def at_next_line(*_: Any) -> Any:
        raise TimeUp

    handler, trace = signal.signal(signal.SIGALRM, alarm), sys.gettrace()
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.1)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if rings > 1:
            sys.settrace(trace)


class Head(io.TextIOBase):
    """A text stream that keeps the first `limit` characters and forgets the rest."""

    def __init__(self, limit: int = 300) -> None:
        self.text, self.limit = "", limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: self.limit - len(self.text)]
        return len(text)
