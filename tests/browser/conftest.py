"""A JupyterLab of its own and a headless Chromium, both thrown away afterwards."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# No sandbox because containers forbid it; the rest keeps Chromium from talking to anybody.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-sync", "--disable-background-networking", "--disable-component-update"]
QUIET = {  # JupyterLab asks on its first start whether it may fetch news
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin.jupyterlab-settings": {"autosave": False},
}


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """(address with its token, folder that it serves) of a running JupyterLab; each visit finds an empty workspace."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    home = tmp_path_factory.mktemp("lab")
    work = home / "work"
    work.mkdir()
    for name, values in QUIET.items():
        path = home / "settings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={work}"]
    command += [f"--IdentityProvider.token={token}", "--LabApp.news_url="]
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=_own_folders(home), start_new_session=True)
    try:
        yield f"{_address(home, server)}lab/tree/{{}}?reset&token={token}", work
    finally:
        server.terminate()
        try:
            server.wait(15)
        except subprocess.TimeoutExpired:
            server.kill()


def _own_folders(home: Path) -> dict[str, str]:
    names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime", "JUPYTER_DATA_DIR": "data"}
    names |= {"JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}
    return os.environ | {name: str(home / folder) for name, folder in names.items()} | {"JAXTYPING_DISABLE": "1"}


def _address(home: Path, server: subprocess.Popen) -> str:
    """Where the server listens: it chose its port itself, so no other program can have taken it."""
    for _ in range(600):
        for path in (home / "runtime").glob("jpserver-*.json"):
            try:
                return json.loads(path.read_text())["url"]
            except ValueError:  # half written
                pass
        if server.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{(home / 'lab.log').read_text()[-2000:]}")


@pytest.fixture(scope="module")  # not longer: Playwright keeps an event loop running, in which no other test could run
def chromium():
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    context.add_init_script(path=Path(__file__).with_name("notebook.js"))
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    page.evaluate("() => window.book?.panel()?.sessionContext.shutdown()")  # or kernels would pile up
    context.close()


@pytest.fixture
def screenshot(page, tmp_path):
    """screenshot(name) saves what the browser shows, in $COURSEKIT_SCREENSHOTS if that is set."""
    folder = Path(os.environ.get("COURSEKIT_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name: page.screenshot(path=folder / f"{name}.png")
