"""One detached program: started in its own session, found again by process id and start time, stopped with all it started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tongmai.core.settings import home
from tongmai.stack.state import folder, write_private


@dataclass(frozen=True, slots=True)
class Service:
    """A program of ours by name; its pid file is ``$TONGMAI_HOME/services/<name>.json``, its log ``logs/<name>.log``."""

    name: str

    @property
    def log(self) -> Path:
        return home() / "logs" / f"{self.name}.log"

    @property
    def file(self) -> Path:
        return home() / "services" / f"{self.name}.json"

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it detached: it outlives this process and its terminal."""
        folder("logs")
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=home(),
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        born = psutil.Process(process.pid).create_time()
        write_private(folder("services") / self.file.name, json.dumps({"pid": process.pid, "born": born}) + "\n")

    def process(self) -> psutil.Process | None:
        """The living process, if the recorded one is still the same."""
        pid, born = self._recorded()
        try:
            process = psutil.Process(pid)
            alive = abs(process.create_time() - born) < 2 and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ValueError):
            return None
        return process if alive else None

    def family(self, process: psutil.Process | None) -> list[psutil.Process]:
        """Descendants, and members of the session even where their leader has died: the system does not give a session's
        number to another process while a member lives."""
        pid, born = self._recorded()
        found = set(process.children(recursive=True)) if process else set()
        if pid and not self._number_was_given_again(pid, born):
            for other in psutil.process_iter():
                try:
                    if other.pid != pid and os.getsid(other.pid) == pid:
                        found.add(other)
                except (ProcessLookupError, PermissionError):
                    continue
        return list(found)

    @staticmethod
    def _number_was_given_again(pid: int, born: float) -> bool:
        try:
            return bool(abs(psutil.Process(pid).create_time() - born) >= 2)
        except psutil.NoSuchProcess:
            return False

    def _recorded(self) -> tuple[int, float]:
        try:
            state = json.loads(self.file.read_text(encoding="utf-8"))
            return int(state["pid"]), float(state["born"])
        except FileNotFoundError:
            return 0, 0.0


def stop(services: Sequence[Service], patience: float = 40, grace: float = 5) -> list[str]:
    """SIGTERM to all at once, wait ``patience`` seconds, give what is left of their sessions and children ``grace`` more,
    then kill it. Names of those that lived."""
    mains = {service: process for service in services if (process := service.process())}
    families = {service: service.family(mains.get(service)) for service in services}
    for process in mains.values():
        _signal(process, signal.SIGTERM)
    _gone(list(mains.values()), patience)
    left = {*mains.values()}.union(*families.values(), *(service.family(None) for service in services))
    rest = _gone(list(left), 0)
    for process in rest:
        _signal(process, signal.SIGTERM)
    for process in _gone(rest, grace):
        _signal(process, signal.SIGKILL)
    _gone(rest, 5)
    for service in services:
        service.file.unlink(missing_ok=True)
    return [service.name for service in services if service in mains or families[service]]


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def _gone(processes: list[psutil.Process], patience: float) -> list[psutil.Process]:
    """Wait for the processes to end; those that have not. A zombie has ended."""
    deadline = time.monotonic() + patience
    while True:
        left = [process for process in processes if _alive(process)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
