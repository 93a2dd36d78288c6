"""What every scenario plays on: two real systems over HTTP, a fresh hub, processes that can be killed or stopped."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psycopg

from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from masterdata.store import connect
from tests.sync.conftest import Systems, connection_text
from tongmai.core.errors import TongmaiError
from tongmai.sync.ledger import recount_all
from tongmai.sync.report import SyncReport
from tongmai.sync.run import SyncOptions, run_sync

PATIENCE = 40.0
KILLED, WELL, SAID_NO, DATABASE_SAID_NO, BROKE = -signal.SIGKILL, 0, 10, 11, 12
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tongmai.sync.run", "tongmai.flows.run", "tests.mutants.stage"])


class Fell(Exception):
    """An invariant of the product does not hold."""

    def __init__(self, invariant: str, detail: str) -> None:
        super().__init__(f"{invariant}: {detail}")
        self.invariant, self.detail = invariant, detail


class BrokeError(Exception):
    """The scenario could not be played: neither a pass nor a proof."""


def holds(invariant: str, truth: object, detail: object = "") -> None:
    """Check one invariant."""
    if not truth:
        raise Fell(invariant, str(detail)[:400])


@contextmanager
def systems(customers: int, **settings: Any) -> Iterator[Systems]:
    """Fresh simulators; ``settings`` go into both connections."""
    with (
        SimulatorServer(simulator("fxiaoke", seed=3, customers=customers, limits=False)) as crm,
        SimulatorServer(simulator("kingdee", seed=3, customers=customers, limits=False)) as erp,
    ):
        for name, server in (("AIRFLOW_CONN_CRM_MAIN", crm), ("AIRFLOW_CONN_ERP_MAIN", erp)):
            text = json.loads(connection_text(server))
            text["extra"] |= {"retries": 1, "retry_wait": 0.01, "read_timeout": 5, **settings}
            os.environ[name] = json.dumps(text)
        yield Systems(crm, erp, os.environ["TONGMAI_DATABASE_URL"])


@contextmanager
def setting(connection: str, **settings: Any) -> Iterator[None]:
    """Other settings of a connection for a while."""
    name = f"AIRFLOW_CONN_{connection.upper()}"
    before = os.environ[name]
    text = json.loads(before)
    text["extra"] |= settings
    os.environ[name] = json.dumps(text)
    try:
        yield
    finally:
        os.environ[name] = before


def run(name: str, *, full: bool = False, well: bool = True) -> SyncReport:
    """A run in this process. Its books must close; with ``well`` it must also end without an error."""
    try:
        with _in_time(name):
            report = run_sync(name, SyncOptions(full=full))
    except (TongmaiError, psycopg.Error) as error:
        raise Fell("a run ends well", f"{name}: {type(error).__name__}: {error}") from error
    holds("the books close", report.balanced, f"{name}: {report.problems}")
    holds("a run ends well", not well or report.ok, f"{name}: {report.error}")
    return report


@contextmanager
def _in_time(name: str) -> Iterator[None]:
    """A run that goes round in circles is broken off."""

    def late(*_: Any) -> None:
        raise Fell("a run comes to an end", f"{name} still goes on after {PATIENCE:.0f} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def settle(names: tuple[str, ...], times: int = 2) -> None:
    """Run these one after the other, several times."""
    for _ in range(times):
        for name in names:
            run(name)


def start(name: str, *, failpoint: str = "", stop_at: str = "") -> ForkServerProcess:
    """Run ``name`` in a process of its own. ``failpoint``: where it kills itself; ``stop_at`` (``module:function`` or
    ``module:function=first argument``): where it stops itself (SIGSTOP), once."""
    variables = {key: value for key, value in os.environ.items() if key.startswith(("TONGMAI_", "AIRFLOW_CONN_"))}
    if failpoint:
        variables["TONGMAI_FAILPOINT"] = failpoint
    process = _processes.Process(target=_child, args=(name, variables, stop_at), daemon=True)
    process.start()
    return process


def ended(process: ForkServerProcess, expected: tuple[int, ...] = (WELL,)) -> int:
    """Wait for its end; the exit status has to be one of ``expected``."""
    process.join(PATIENCE)
    code = process.exitcode
    if code is None:
        process.kill()
        raise Fell("a run comes to an end", f"still going on after {PATIENCE:.0f} s")
    if code == BROKE:
        raise BrokeError("the code broke in a process of its own")
    if code not in expected:
        if expected == (KILLED,):
            raise BrokeError(f"the failpoint was not reached, status {code}")
        raise Fell("a run ends well", f"exit status {code}")
    return code


def killed(name: str, failpoint: str) -> None:
    """Run ``name`` in a process of its own that dies by SIGKILL at a failpoint."""
    ended(start(name, failpoint=failpoint), (KILLED,))


def stopped(process: ForkServerProcess) -> int:
    """Wait until it stands still; gives its process id."""
    pid = process.pid
    assert pid is not None

    def still() -> bool:
        if process.exitcode is not None:
            raise BrokeError(f"it ended with status {process.exitcode} instead of stopping")
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T"

    until(still, "a process stands still")
    return pid


def until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Poll until it is so."""
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            raise BrokeError(f"waited in vain: {what}")
        time.sleep(0.02)


def books(system: Systems) -> None:
    """Every equation closes, nothing is left on the way."""
    with connect(system.url) as database, database.transaction() as cursor:
        problems = [problem for row in recount_all(cursor) for problem in row["problems"]]
    holds("the books close", not problems, problems)
    left = system.query("select (select count(*) from hub.work), (select count(*) from hub.outbox)")
    holds("nothing is left on the way", left == [(0, 0)], f"work, outbox: {left}")


def _child(name: str, variables: dict[str, str], stop_at: str) -> None:
    """In the process of its own."""
    os.environ.update(variables)
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    if stop_at:
        _stop_once(stop_at)
    try:
        report = run_sync(name)
    except TongmaiError:
        os._exit(SAID_NO)
    except psycopg.Error:
        os._exit(DATABASE_SAID_NO)
    except BaseException:
        os._exit(BROKE)
    os._exit(WELL if report.ok else SAID_NO)


def _stop_once(place: str) -> None:
    where, _, argument = place.partition("=")
    module_name, _, function = where.partition(":")
    module = import_module(module_name)
    real = getattr(module, function)
    met: list[int] = []

    def stopping(*arguments: Any) -> Any:
        if not met and (not argument or arguments[0] == argument):
            met.append(1)
            # To this very thread: a signal to the process may be taken by another one while this one goes on a little.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return real(*arguments)

    setattr(module, function, stopping)
