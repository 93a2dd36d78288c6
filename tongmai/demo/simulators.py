"""The demo's vendors: simulators in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import requests

from tongmai.core.errors import StateError


@dataclass
class Simulator:
    """A running simulator: where it is, what a connection to it needs, its process."""

    name: str
    url: str
    airflow_conn: str
    ledger_url: str
    process: subprocess.Popen[str]

    def ledger(self) -> dict[str, Any]:
        """The simulator's own ground truth of accepted writes."""
        answer = requests.get(self.ledger_url, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def control(self, path: str, body: Any = None) -> Any:
        """Act as a user of the vendor's system: GET or POST below ``/__sim/``."""
        url = f"{self.url}/__sim/{path}"
        answer = requests.get(url, timeout=30) if body is None else requests.post(url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def stop(self) -> None:
        """End its process."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def start(name: str, arguments: Sequence[str] = ()) -> Simulator:
    """Start one and wait until it says that it is ready."""
    command = [sys.executable, "-m", "tongmai", "simulate", name, "--port", "0", "--json", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise StateError(
            f"simulator {name}", f"it ended with status {process.wait()} before it was ready", "see its message above"
        )
    ready = json.loads(line)
    conn = ready["credentials"]["airflow_conn"]
    text = conn if isinstance(conn, str) else json.dumps(conn)
    return Simulator(name, ready["url"], text, ready["ledger_url"], process)
