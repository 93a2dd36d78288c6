"""Airflow's four programs on this host: start them detached, know whether they are well, stop them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tongmai.core.errors import ConfigurationError, StateError
from tongmai.core.settings import home
from tongmai.stack import service
from tongmai.stack.keys import environment
from tongmai.stack.ports import HOST, free_port, is_free
from tongmai.stack.service import Service
from tongmai.stack.state import folder, lock, write_private

PORT = 8080
API_SERVER = "api-server"
COMPONENTS = {
    API_SERVER: ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
HEALTH = ("metadatabase", "scheduler", "dag_processor", "triggerer")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Airflow:
    """A running Airflow."""

    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def start(port: int | None, say: Say, patience: float = 180) -> Airflow:
    """Migrate Airflow's database, start what is not running, wait until all is healthy. ``say`` hears of each step."""
    with lock("airflow"):
        chosen = _port(port)
        variables = {**os.environ, **_variables(chosen)}
        missing = [name for name in COMPONENTS if not Service(name).process()]
        if missing:
            say("migrate")
            _migrate(variables)
        for name in missing:
            say(name)
            service.stop([Service(name)])  # what an earlier life may have left of its session
            Service(name).start([sys.executable, "-m", "airflow", *COMPONENTS[name]], variables)
        say("health")
        airflow = Airflow(chosen)
        _wait(airflow, patience)
        return airflow


def stop(say: Say) -> bool:
    """Stop all four, the API server last: a task that ends now can still report to it. True when something was alive."""
    if not home().is_dir():
        return False
    with lock("airflow"):
        names = [name for name in COMPONENTS if name != API_SERVER]
        stopped = service.stop([Service(name) for name in names]) + service.stop([Service(API_SERVER)])
        for name in stopped:
            say(name)
        return bool(stopped)


def health(airflow: Airflow) -> dict[str, str]:
    """What ``/api/v2/monitor/health`` says of each part; empty while the API server does not answer."""
    try:
        with urllib.request.urlopen(f"{airflow.url}/api/v2/monitor/health", timeout=5) as answer:  # noqa: S310 our own loopback
            parts = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError):
        return {}
    return {name: str((parts.get(name) or {}).get("status")) for name in HEALTH}


def running() -> Airflow | None:
    """The Airflow of this state folder, if its API server is alive."""
    port = _kept_port()
    return Airflow(port) if port and Service(API_SERVER).process() else None


def _variables(port: int) -> dict[str, str]:
    base = f"http://{HOST}:{port}"
    return {
        **environment(),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": base,
        "AIRFLOW__API__HOST": HOST,
    }


def _port(wanted: int | None) -> int:
    """The port in use if Airflow runs; else the wanted one, the last one, 8080, or a free one, in this order."""
    now = running()
    if now:
        if wanted and wanted != now.port:
            raise ConfigurationError(
                f"port {wanted}",
                f"Airflow of this state folder runs already on port {now.port}",
                "run `tongmai down` first",
                code="other-port",
            )
        return now.port
    if wanted and not is_free(wanted):
        raise ConfigurationError(
            f"port {wanted}",
            "another program listens on it",
            "give another --port, or none to have a free one chosen",
            code="port-taken",
        )
    kept = _kept_port()
    port = wanted or next((p for p in (kept, PORT) if p and is_free(p)), 0) or free_port()
    write_private(folder("services") / "airflow-port.json", json.dumps({"port": port}) + "\n")
    return port


def _kept_port() -> int:
    try:
        return int(json.loads((home() / "services" / "airflow-port.json").read_text(encoding="utf-8"))["port"])
    except FileNotFoundError:
        return 0


def _migrate(variables: dict[str, str]) -> None:
    log = folder("logs") / "airflow-migrate.log"
    with log.open("w", encoding="utf-8") as file:
        code = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=home(),
            check=False,
        ).returncode
    if code:
        raise StateError(
            "airflow db migrate", f"it ended with status {code}: {last_line(log)}", f"see {log}", code="airflow-migrate"
        )


def _wait(airflow: Airflow, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        parts = health(airflow)
        if parts and all(parts[name] == "healthy" for name in HEALTH):
            return
        for name in COMPONENTS:
            program = Service(name)
            if not program.process():
                raise StateError(
                    f"Airflow {name}", f"it ended: {last_line(program.log)}", f"see {program.log}", code="airflow-ended"
                )
        if time.monotonic() > deadline:
            sick = ", ".join(
                f"{name}: {parts.get(name, 'no answer')}" for name in HEALTH if parts.get(name) != "healthy"
            )
            raise StateError(
                "Airflow",
                f"not healthy after {patience:.0f} seconds ({sick})",
                f"see the logs in {home() / 'logs'}",
                code="airflow-sick",
            )
        time.sleep(0.3)


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
