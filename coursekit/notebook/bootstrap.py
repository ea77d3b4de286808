"""The first code cell of every notebook: it makes the course importable, here and on Colab."""

from urllib.parse import urlsplit

from coursekit import COURSE

_FOUND = """
import coursekit

if getattr(coursekit, "COURSE", None) != "{course}":
    raise SystemExit("Another package called coursekit is installed here: run `pip uninstall coursekit`, then restart.")
"""

_INSTALL = """\
# Makes the course importable; on Colab this takes a minute.
import importlib.util

if importlib.util.find_spec("coursekit") is None:
    get_ipython().run_line_magic("pip", "install --quiet git+{address}")
"""

_NO_ADDRESS = """\
# Makes the course importable.
import importlib.util

if importlib.util.find_spec("coursekit") is None:
    raise SystemExit("The course is not installed here: run `pip install -e .` in its checkout, then restart.")
"""


def bootstrap(address: str) -> str:
    """The cell's code for a repository's address.

    A magic as a function call, since `%pip` is no Python for the tools that read the source. A reserved address
    (*.example, RFC 2606) can be fetched by nobody: then the cell says how to install from a checkout instead.
    """
    host = urlsplit(address).hostname or ""
    first = _NO_ADDRESS if host == "example" or host.endswith(".example") else _INSTALL.format(address=address)
    return (first + _FOUND.format(course=COURSE)).strip()
