"""For all tests: shapes in signatures are checked (beartype reads what jaxtyping says), Ctrl-C works, none is timed."""

import os
import signal
from collections.abc import Iterator

import pytest
from jaxtyping import config, install_import_hook

if os.environ.get("PYTEST_XDIST_WORKER"):  # as many processes as cores already: torch reads this when it is loaded
    os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts its background jobs; all children inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

if not os.environ.get("JAXTYPING_DISABLE"):
    # Not data: the world has no tensors, and many small functions.
    parts = ("text", "metrics", "nn", "models", "decode", "train", "probe", "show")
    install_import_hook([f"coursekit.{part}" for part in parts], "beartype.beartype")

try:
    import hypothesis
except ImportError:  # where only the notebooks are verified
    pass
else:  # no test is timed: how long an example takes depends on who else uses the machine
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Signatures are not checked, as for users: the sentence on bad input must come from the function itself."""
    before = config.jaxtyping_disable
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", before)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the tests marked full as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--full"):
        skip = pytest.mark.skip(reason="runs in `make full`")
        for item in items:
            if item.get_closest_marker("full"):
                item.add_marker(skip)
