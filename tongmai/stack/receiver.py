"""The webhook receiver on this host, started where a connection has webhooks."""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from tongmai.core.errors import StateError
from tongmai.core.settings import home
from tongmai.intake.addresses import Addresses
from tongmai.stack import service
from tongmai.stack.airflow import last_line
from tongmai.stack.keys import environment
from tongmai.stack.ports import HOST, free_port, is_free
from tongmai.stack.service import Service
from tongmai.stack.state import folder, lock, write_private

PORT = 8790
INTAKE = "intake"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Receiver:
    """``url`` is empty when nothing can be received: no connection has webhooks with their secrets set.

    ``problems``: connections with webhooks that cannot be received, and the code of why.
    """

    url: str
    addresses: tuple[str, ...]
    problems: dict[str, str]


def start(say: Say, patience: float = 60) -> Receiver:
    """Start the receiver where there is something to receive and it does not run; wait until it answers."""
    found = Addresses().found()
    problems = {name: error.code for name, error in sorted(found.problems.items())}
    if not found.addresses:
        return Receiver("", (), problems)
    with lock(INTAKE):
        running = Service(INTAKE)
        if not running.process():
            say(INTAKE)
            service.stop([running])  # what an earlier life may have left of its session
            port = next((p for p in (_kept_port(), PORT) if p and is_free(p)), 0) or free_port()
            write_private(folder("services") / "intake-port.json", json.dumps({"port": port}) + "\n")
            command = [sys.executable, "-m", "tongmai", "intake", "--host", HOST, "--port", str(port), "--json"]
            running.start(command, {**os.environ, **environment()})
        url = f"http://{HOST}:{_kept_port()}"
        _wait(running, url, patience)
    return Receiver(
        url, tuple(f"{url}{each.path}" for each in sorted(found.addresses.values(), key=lambda one: one.path)), problems
    )


def stop(say: Say) -> bool:
    """Stop it; what it accepted is stored. True when it was alive."""
    if not home().is_dir():
        return False
    with lock(INTAKE):
        stopped = service.stop([Service(INTAKE)])
        for name in stopped:
            say(name)
        return bool(stopped)


def _kept_port() -> int:
    try:
        return int(json.loads((home() / "services" / "intake-port.json").read_text(encoding="utf-8"))["port"])
    except FileNotFoundError:
        return 0


def _wait(running: Service, url: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _answers(url):
        if not running.process():
            why = f"it ended: {last_line(running.log)}"
        elif time.monotonic() > deadline:
            why = f"no answer on {url} after {patience:.0f} seconds"
        else:
            time.sleep(0.1)
            continue
        raise StateError("webhook receiver", why, f"see {running.log}", code="intake-ended")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 our own loopback
            return True
    except urllib.error.HTTPError:
        return True  # it says that this is no address of its
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False
