"""Run an answer with a time limit and without flooding the notebook."""

import contextlib
import io
import signal
import threading
from collections.abc import Iterator


class TimeUp(BaseException):
    """Raised inside an answer that takes too long; not an Exception, so that `except Exception` does not eat it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeUp after `seconds` where signals allow it: in the main thread, not on Windows; elsewhere no limit."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def alarm(*_: object) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, alarm)
    # It rings again and again: a bare `except:` in the answer's loop may swallow the first one.
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class Head(io.TextIOBase):
    """A text stream that keeps the first `limit` characters and forgets the rest."""

    def __init__(self, limit: int = 300) -> None:
        self.text, self.limit = "", limit

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text[: self.limit - len(self.text)]
        return len(text)
