"""A command of ours that listens on a port of this host: started detached, waited for, found again, stopped."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence

from tongmai.core.errors import StateError
from tongmai.core.settings import home
from tongmai.stack import service
from tongmai.stack.airflow import last_line
from tongmai.stack.keys import environment
from tongmai.stack.ports import HOST, free_port, is_free
from tongmai.stack.service import Service
from tongmai.stack.state import folder, lock, write_private

Say = Callable[[str], None]


def start(name: str, command: Sequence[str], usual: int, say: Say, patience: float, *, what: str, code: str) -> str:
    """Start ``tongmai <command>`` where it does not run; its URL once it answers. ``usual``: the port it takes when free.
    ``what`` and ``code`` are of the error where it does not come up."""
    with lock(name):
        running = Service(name)
        if not running.process():
            say(name)
            service.stop([running])  # what an earlier life may have left of its session
            port = next((p for p in (_kept_port(name), usual) if p and is_free(p)), 0) or free_port()
            write_private(folder("services") / f"{name}-port.json", json.dumps({"port": port}) + "\n")
            whole = [sys.executable, "-m", "tongmai", *command, "--host", HOST, "--port", str(port), "--json"]
            running.start(whole, {**os.environ, **environment()})
        url = f"http://{HOST}:{_kept_port(name)}"
        _wait(running, url, patience, what, code)
    return url


def stop(name: str, say: Say) -> bool:
    """Stop it. True when it was alive."""
    if not home().is_dir():
        return False
    with lock(name):
        stopped = service.stop([Service(name)])
        for each in stopped:
            say(each)
        return bool(stopped)


def _kept_port(name: str) -> int:
    try:
        return int(json.loads((home() / "services" / f"{name}-port.json").read_text(encoding="utf-8"))["port"])
    except FileNotFoundError:
        return 0


def _wait(running: Service, url: str, patience: float, what: str, code: str) -> None:
    deadline = time.monotonic() + patience
    while not _answers(url):
        if not running.process():
            why = f"it ended: {last_line(running.log)}"
        elif time.monotonic() > deadline:
            why = f"no answer on {url} after {patience:.0f} seconds"
        else:
            time.sleep(0.1)
            continue
        raise StateError(what, why, f"see {running.log}", code=code)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 our own loopback
            return True
    except urllib.error.HTTPError:
        return True  # it says that this is no address of its
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
