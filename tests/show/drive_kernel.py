"""Run a slider in a fresh kernel of this interpreter and print, as one line of JSON, what a front end would see.

A script, because the tests run it under more than one set of library versions.
"""

import json
import queue
import sys
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

ROOT = str(Path(__file__).resolve().parents[2])
SETUP = f"""
import sys, time
sys.path.insert(0, {ROOT!r})
from coursekit import show
from coursekit.show.explorable import Explorable
picture = show.next_word({{"exact": {{"a": .6, "b": .4}}}})
calls = []
def draw(n):
    calls.append(n)
    time.sleep(SLOW)
    if n == 13:
        raise RuntimeError("no picture for <13>")
    return show.canvas(f"picture {{n}}")[0]
SLOW = 0.0
explorable = Explorable(draw, {{"n": (1, 60)}})
SLOW = 0.5
calls.clear()
"""


def run(client, code):
    """Execute code; return the messages that it published."""
    asked, messages = client.execute(code), []
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "error":
            raise RuntimeError("\n".join(message["content"]["traceback"]))
        if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
            return messages
        messages.append(message)


def say(client, expression):
    """The value of an expression in the kernel, through JSON."""
    (message,) = (m for m in run(client, f"import json; print(json.dumps({expression}))") if m["msg_type"] == "stream")
    return json.loads(message["content"]["text"])


def move(client, values):
    """Send the slider's values as fast as a front end without any throttle would."""
    comm = say(client, "explorable.controls['n'].comm.comm_id")
    for value in values:
        state = {"method": "update", "state": {"n": value, "value": value}, "buffer_paths": []}
        client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": comm, "data": state}))


def pictures(client, until):
    """The alt texts (or sentences) that the HTML widget was told to show, until one contains `until`."""
    shown, view, deadline = [], say(client, "explorable.view.comm.comm_id"), time.time() + 30
    while time.time() < deadline:
        try:
            content = client.get_iopub_msg(timeout=1)["content"]
        except queue.Empty:
            continue
        value = content.get("data", {}).get("state", {}).get("value") if content.get("comm_id") == view else None
        if value:
            shown.append(value[:120])
            if until in value:
                return shown
    raise TimeoutError(f"never saw {until!r}, only {shown}")


def main():
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        run(client, SETUP)
        seen = {"python": sys.version.split()[0], "ipywidgets": say(client, "__import__('ipywidgets').__version__")}
        seen["picture"] = [m["content"] for m in run(client, "picture") if "data" in m["content"]]
        seen["picture_inline"] = [
            m["content"] for m in run(client, "%matplotlib inline\npicture") if "data" in m["content"]
        ]
        seen["slider"] = [m["content"] for m in run(client, "explorable.show()") if m["msg_type"] == "display_data"]
        move(client, range(2, 42))
        seen["burst"] = pictures(client, "picture 41")
        seen["calls"] = say(client, "calls")
        move(client, [13])
        seen["error"] = pictures(client, "No picture")
        move(client, [14])
        seen["after"] = pictures(client, "picture 14")
        seen["torch"] = say(client, "'torch' in sys.modules")
        print(json.dumps(seen))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
