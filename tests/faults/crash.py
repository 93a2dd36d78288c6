"""Trouble inside the hub: killed, stopped and doubled processes, a database that goes away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg

from tests.faults.cell import Cell, Count
from tests.faults.scene import Scene
from tests.flows.world import CHAIN
from tongmai.core.settings import product_root
from tongmai.core.text import Text
from tongmai.stack import postgres

REACH = re.compile(r'\breach\("([a-z.-]+)"\)')
POLL = 0.01
SLOW = ("/create", "/update", ".Save.", ".Submit.")
LOOK = 30.0


def start(**variables: str) -> subprocess.Popen[bytes]:
    """The chain in a process of its own, as a shell or a worker starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "tongmai", "sync", CHAIN],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def half_done(scene: Scene, runs: set[str]) -> bool:
    """Whether a run that is none of ``runs`` has begun and never ended."""
    return bool(open_runs(scene) - runs)


def open_runs(scene: Scene) -> set[str]:
    """Runs that say that they are under way; those of killed processes too."""
    return {run for (run,) in scene.systems.query("select id from hub.run where state = 'running'")}


def wait_for(true: Callable[[], bool], process: subprocess.Popen[bytes] | None = None, seconds: float = LOOK) -> bool:
    """Poll until it is true, the process has ended or time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        if process is not None and process.poll() is not None:
            return False
        time.sleep(POLL)
    return False


def kill(process: subprocess.Popen[bytes]) -> bool:
    """SIGKILL; whether it was still running."""
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)
    return alive


def failpoints() -> tuple[str, ...]:
    """Every place in the code at which a test may kill it."""
    found: set[str] = set()
    for room in ("tongmai", "masterdata", "connectors", "mappings"):
        for file in (product_root() / room).rglob("*.py"):
            if file.name != "failpoint.py":
                found.update(REACH.findall(file.read_text(encoding="utf-8")))
    return tuple(sorted(found))


@dataclass
class Kills:
    """``kill -9`` at random instants while work comes in. Whole passes in this process follow."""

    planned: int
    deals: int
    done: int = 0
    half: int = 0
    _phase: int = 0

    def begin(self, scene: Scene) -> None:
        scene.notes.clear()

    def drive(self, scene: Scene) -> bool:
        """A fifth of the kills; each time with something new to do."""
        self._phase += 1
        goal = self.planned if self._phase >= 5 else round(self.planned * self._phase / 5)
        few = max(1, self.deals // max(1, self.planned))
        tries = 0
        while self.done < goal and tries < 3 * self.planned:
            tries += 1
            scene.clerk("1" if scene.rng.random() < 0.5 else "0.4", limit=few)
            if scene.rng.random() < 0.3 and scene.signed:
                scene.change(1)
            runs = open_runs(scene)
            process = start()
            # The run rows of an earlier kill still say "running": what counts is that this process took a lease.
            wait_for(partial(_leased, scene, process.pid), process)
            time.sleep(scene.rng.uniform(0, 1.8))
            if kill(process):
                self.done += 1
                self.half += half_done(scene, runs)
        return scene.drive()

    def end(self, scene: Scene) -> list[Count]:
        return [
            Count("kill -9", self.planned, self.done),
            Count("kill -9 with work half done", max(1, self.planned // 2), self.half),
        ]


@dataclass
class Failpoints:
    """Killed at every failpoint of the code, one after the other, at its first and at a later time."""

    names: tuple[str, ...] = field(default_factory=failpoints)
    reached: dict[str, int] = field(default_factory=dict)
    _wanted: list[str] = field(default_factory=list)

    def begin(self, scene: Scene) -> None:
        self._wanted = [f"{name}:{nth}" for nth in (1, 3) for name in self.names]
        self.reached = dict.fromkeys(self.names, 0)

    def drive(self, scene: Scene) -> bool:
        """What can be reached now; what could not is tried again in the next pass, when there is other work."""
        left = []
        for place in self._wanted:
            process = start(TONGMAI_FAILPOINT=place)
            if process.wait(120) == -signal.SIGKILL:
                self.reached[place.partition(":")[0]] += 1
            else:
                left.append(place)
                # It went through: the work for the others has to come from people.
                scene.change(3)
        self._wanted = left
        return scene.drive()

    def end(self, scene: Scene) -> list[Count]:
        return [Count(f"killed at {name}", 1, fired) for name, fired in self.reached.items()]


@dataclass
class Away:
    """The database breaks every session, or is stopped and started again, while the chain runs."""

    restart: bool
    planned: int
    fired: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _error: list[BaseException] = field(default_factory=list)
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _driving: threading.Event = field(default_factory=threading.Event)

    def begin(self, scene: Scene) -> None:
        self._thread = threading.Thread(target=self._strike, args=(scene,), daemon=True)
        self._thread.start()

    def drive(self, scene: Scene) -> bool:
        self._driving.set()
        try:
            return scene.drive()
        finally:
            self._driving.clear()
            with self._busy:  # nobody but a run meets a database that is away
                pass

    def end(self, scene: Scene) -> list[Count]:
        self._over.set()
        assert self._thread is not None
        self._thread.join(120)
        if self._error:
            raise self._error[0]
        return [Count("PostgreSQL restarted" if self.restart else "sessions broken", self.planned, self.fired)]

    def _strike(self, scene: Scene) -> None:
        try:
            while not self._over.wait(scene.rng.uniform(0.5, 2.0) * (3 if self.restart else 1)):
                with self._busy:
                    if not self._driving.is_set() or self.fired >= self.planned + 2:
                        continue
                    self.fired += self._restart() if self.restart else _break_sessions()
        except BaseException as error:
            self._error.append(error)

    def _restart(self) -> int:
        postgres.stop()
        postgres.start()
        return 1


@dataclass
class Twice:
    """Two copies of the same run at once, each in a process of its own."""

    together: int = 0

    def begin(self, scene: Scene) -> None:
        pass

    def drive(self, scene: Scene) -> bool:
        pair = [start(), start()]
        both = wait_for(lambda: all(_leasing(scene, one.pid) for one in pair), pair[0])
        self.together += both
        ended = [one.wait(600) for one in pair]
        return 0 in ended

    def end(self, scene: Scene) -> list[Count]:
        return [Count("two runs at once", 2, self.together)]


@dataclass
class Stopped:
    """SIGSTOP in the middle of writing while another run takes over, then SIGCONT: the zombie writes nothing more.

    Both systems answer writes slowly meanwhile: a write that is on the wire when the process stops is taken, that is not the
    zombie's doing, and hardly any time is left in which it has been allowed and not been sent.
    """

    seconds: float
    times: int = 2
    stopped: int = 0
    silent: int = 0

    def begin(self, scene: Scene) -> None:
        pass

    def drive(self, scene: Scene) -> bool:
        if self.stopped >= self.times:
            return scene.drive()
        slow = [{"kind": "latency", "path": path, "times": 0, "seconds": 0.15} for path in SLOW]
        for server in (scene.systems.crm, scene.systems.erp):
            server.control("faults", slow)
        before = scene.writes()
        process = start()
        writing = wait_for(lambda: scene.writes() > before + 3, process, 120)
        if writing:
            os.killpg(process.pid, signal.SIGSTOP)
        for server in (scene.systems.crm, scene.systems.erp):
            server.control("faults", [])
        if not writing:
            process.wait(600)
            return scene.drive()
        begun = time.monotonic()
        through = scene.drive()
        time.sleep(max(0.0, self.seconds - (time.monotonic() - begun)))
        self.stopped += 1
        ours = scene.writes()
        os.killpg(process.pid, signal.SIGCONT)
        process.wait(120)
        if scene.writes() == ours:
            self.silent += 1
        else:
            scene.notes.append(f"a run that was stopped wrote {scene.writes() - ours} times after another took over")
        return through

    def end(self, scene: Scene) -> list[Count]:
        return [Count("SIGSTOP while writing", 1, self.stopped), Count("zombie kept silent", self.times, self.silent)]


def _leased(scene: Scene, pid: int) -> bool:
    """Whether this process holds a lease."""
    return bool(
        scene.systems.query(
            "select 1 from hub.lease where until > clock_timestamp() and split_part(holder, ' ', 3) = %s limit 1",
            str(pid),
        )
    )


def _leasing(scene: Scene, pid: int) -> bool:
    """Whether a copy has come as far as the database; one that waits for the other holds nothing."""
    return _leased(scene, pid) or bool(
        scene.systems.query(
            "select 1 from pg_stat_activity where application_name = 'tongmai leases' and datname = current_database()"
            " group by datname having count(*) >= 2"
        )
    )


def _break_sessions() -> int:
    """Every session of the hub ends, as in a failover."""
    server = postgres.running()
    assert server is not None
    name = os.environ["TONGMAI_DATABASE_URL"].rsplit("/", 1)[1]
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        rows = admin.execute(
            """select pg_terminate_backend(pid) from pg_stat_activity
                where datname = %s and application_name in ('tongmai', 'tongmai leases')""",
            (name,),
        ).fetchall()
    return int(bool(rows))


def _kills(share: float, deals: int, _: int) -> Kills:
    return Kills(max(3, round(share * deals)), deals)


def kills(count: int) -> Cell:
    """So many kills."""
    return Cell(f"kills-{count}", KILLS, "hub", lambda deals, seed: Kills(count, deals), environment=LEASE)


LEASE: dict[str, str] = {}
KILLS = Text("kill -9 at random instants", "在随机时刻 kill -9")
SHORT_LEASE = {"TONGMAI_LEASE_SECONDS": "3"}


def cells() -> tuple[Cell, ...]:
    """The cells of this module."""

    def of(name: str, what: Text, trouble: Any, **more: Any) -> Cell:
        return Cell(name, what, "hub", trouble, **more)

    return (
        of("kills", KILLS, partial(_kills, 0.03)),
        of(
            "failpoints",
            Text("Killed at every failpoint of the code", "在代码的每个故障点被杀死"),
            lambda d, s: Failpoints(),
        ),
        of(
            "sessions-broken",
            Text("All database sessions break while it works", "运行中数据库会话全部中断"),
            lambda d, s: Away(False, 3),
        ),
        of(
            "database-restart",
            Text("PostgreSQL is restarted while it works", "运行中 PostgreSQL 重启"),
            lambda d, s: Away(True, 3),
        ),
        of("two-at-once", Text("Two copies of the same run at once", "同一运行同时启动两份"), lambda d, s: Twice()),
        of(
            "stopped",
            Text("SIGSTOP for 90 s while another run takes over", "进程暂停 90 秒，另一次运行接管"),
            lambda d, s: Stopped(90),
        ),
        of(
            "stopped-short",
            Text("SIGSTOP for 5 s with a lease of 3 s", "进程暂停 5 秒，租约 3 秒"),
            lambda d, s: Stopped(5),
            environment=SHORT_LEASE,
        ),
    )


CELLS = cells()
