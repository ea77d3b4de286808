"""The lab starts without a display, prints an address that answers, and goes away when it is stopped."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from coursekit.cli import server
from coursekit.errors import CourseError

EMPTY = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


@pytest.fixture
def lab(tmp_path):
    """A running lab on a folder with one notebook: (process, address)."""
    (tmp_path / "one.ipynb").write_text(EMPTY, "utf-8")
    code = f"from pathlib import Path; from coursekit.cli.server import serve; serve(Path({str(tmp_path)!r}))"
    env = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env |= {"PYTHONUNBUFFERED": "1", "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    process = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if found := re.search(r"open at (\S+)", line):
            yield process, found.group(1)
            break
    process.terminate()
    process.wait(20)


def test_address_answers_and_the_notebook_is_there(lab):
    _, address = lab
    with urllib.request.urlopen(address, timeout=20) as page:
        assert page.status == 200
    with urllib.request.urlopen(address.replace("/lab?", "/api/contents/one.ipynb?"), timeout=20) as notebook:
        assert notebook.status == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_the_command_stops_the_server(lab, how):
    process, address = lab
    port = int(re.search(r":(\d+)/", address).group(1))
    process.send_signal(how)
    process.wait(20)
    assert not server.in_use(port)


def test_occupied_port_is_one_sentence(lab, tmp_path):
    port = int(re.search(r":(\d+)/", lab[1]).group(1))
    with pytest.raises(CourseError, match="in use"):
        server.serve(Path(tmp_path), port)


@pytest.fixture(autouse=True)
def signals():
    """serve() takes over SIGTERM; give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_server_that_stops_at_once_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setattr(server, "command", lambda *_: [sys.executable, "-c", "raise SystemExit(1)"])
    with pytest.raises(CourseError, match="stopped at once"):
        server.serve(tmp_path)


def test_server_that_never_answers_is_stopped(monkeypatch, tmp_path):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(server, "PATIENCE", 1)
    monkeypatch.setattr(server, "command", lambda *_: [sys.executable, "-c", "import time; time.sleep(60)"])
    monkeypatch.setattr(server.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    with pytest.raises(CourseError, match="did not answer within 1 s"):
        server.serve(tmp_path)
    assert started[0].poll() is not None


def test_no_free_port_is_one_sentence(monkeypatch):
    monkeypatch.setattr(server.socket.socket, "connect_ex", lambda *_: 0)
    with pytest.raises(CourseError, match="--port"):
        server.free_port()
