"""Start JupyterLab on the student's folder, wait until it answers, print its address."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path

from coursekit.errors import CourseError

PATIENCE = 60  # seconds until a server that does not answer counts as failed


def serve(folder: Path, port: int = 0, browser: bool = True) -> int:
    """Run JupyterLab until it is stopped; returns its exit status."""
    port, token = port or free_port(), secrets.token_hex(16)
    if in_use(port):
        raise CourseError(f"Port {port} is in use: leave --port out and a free one is taken.")
    address = f"http://localhost:{port}/lab?token={token}"
    process = subprocess.Popen(command(folder, port), env=dict(os.environ, JUPYTER_TOKEN=token))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # being ended from outside stops the server too
    try:
        wait(process, f"http://localhost:{port}/api/status?token={token}")
        print(f"\nThe course is open at {address}\n(stop it with Ctrl-C)\n", flush=True)
        if browser and has_display():
            webbrowser.open(address)
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        stop(process)


def command(folder: Path, port: int) -> list[str]:
    options = [f"--ServerApp.root_dir={folder.resolve()}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    # No question about news on the first start, and no look for updates: a course pins what it runs.
    options += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    return [sys.executable, "-m", "jupyterlab", "--no-browser", "--log-level=WARN", *options]


def free_port(first: int = 8888) -> int:
    """The first port from 8888 on that nobody uses."""
    for port in range(first, first + 100):
        if not in_use(port):
            return port
    raise CourseError(f"No port from {first} to {first + 99} is free: close other servers or choose one with --port.")


def in_use(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("localhost", port)) == 0


def wait(process: subprocess.Popen, url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CourseError("JupyterLab stopped at once: its own message above says why.")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise CourseError(f"JupyterLab did not answer within {PATIENCE} s: run `coursekit doctor` and try again.")


def has_display() -> bool:
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
