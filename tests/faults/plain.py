"""A target that keeps no key of ours and cannot be asked: what is in doubt there is asked of people, or doubled."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.testing.systems import simulator
from masterdata.store import connect
from tests.faults.cell import Cell, Count, Outcome
from tests.faults.scene import QUICK, TRIES
from tests.sync.conftest import connection_text
from tongmai.core.text import Text
from tongmai.sync.ledger import recount_all
from tongmai.sync.run import run_sync
from tongmai.sync.suspects import decide, suspects

SITE = Path(__file__).parent / "site"
SPEC = Path(__file__).parent / "bus_customers.yaml"
SYNC = "bus_customers"
ROUNDS = 6


class BusSimulator:
    """Takes notices and gives each an id; nothing else can be asked of it."""

    name = "notice_bus"

    def __init__(self) -> None:
        self.state = State({}, {})

    def answer(self, request: Request) -> Reply:
        """A notice is taken, whatever it says."""
        payload = json.loads(request.body)
        key = f"n-{len(self.state.ledger.entries) + 1}"
        name = str(payload.get("name", ""))
        self.state.ledger.add(self.state.clock.now(), "Notice", "create", key, payload, number=name)
        return json_reply({"id": key})

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        raise ValueError("nobody works on a bus")

    def credentials(self, url: str) -> dict[str, Any]:
        """Where it is."""
        return {"base_url": url}

    def expire_sessions(self) -> None:
        """It has none."""


@dataclass
class Stage:
    """The CRM whose customers are announced, the bus, the hub database, a site folder with the sync's file."""

    crm: SimulatorServer
    bus: SimulatorServer
    url: str
    site: Path

    def said(self, **lines: str) -> None:
        """Set lines of the sync's file; an empty value takes one out."""
        file = self.site / "syncs" / f"{SYNC}.yaml"
        kept = [line for line in file.read_text(encoding="utf-8").splitlines() if line.split(":")[0] not in lines]
        kept += [f"{name}: {value}" for name, value in lines.items() if value]
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")

    def taken(self) -> list[dict[str, Any]]:
        """What the bus itself has taken."""
        entries: list[dict[str, Any]] = self.bus.control("ledger")["entries"]
        return entries

    def doubled(self) -> dict[str, int]:
        """Names announced more than once."""
        return {name: n for name, n in Counter(e["number"] for e in self.taken()).items() if n > 1}

    def suspects(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        with connect(self.url) as database, database.transaction() as cursor:
            return suspects(cursor)

    def decide(self) -> int:
        """As a person does who can look into the bus: it is there under this key, or it is not; how many were decided."""
        keys = {entry["number"]: entry["key"] for entry in self.taken()}
        found = self.suspects()
        for one in found:
            with connect(self.url) as database, database.transaction() as cursor:
                decide(cursor, one["id"], keys.get(one["payload"]["name"], ""))
        return len(found)

    def run(self) -> bool:
        """The sync, tried again as long as it may be; whether it went through."""
        for _ in range(TRIES):
            report = run_sync(SYNC)
            if report.ok:
                return True
            if not report.retryable:
                raise RuntimeError(report.error)
        return False


@contextmanager
def staged(url: str, customers: int) -> Iterator[Stage]:
    """The customers are golden records already; the bus has heard of none."""
    before = dict(os.environ)
    site = Path(tempfile.mkdtemp(prefix="tm-site-"))
    (site / "syncs").mkdir()
    shutil.copy(SPEC, site / "syncs")
    crm = SimulatorServer(simulator("fxiaoke", seed=3, customers=customers, limits=False))
    bus = SimulatorServer(BusSimulator())
    try:
        with crm, bus:
            os.environ["TONGMAI_DATABASE_URL"] = url
            # The connector's code stays where it is, since a process imports it once; the sync's file is each stage's own.
            os.environ["TONGMAI_PATH"] = f"{SITE}{os.pathsep}{site}"
            for name, server in (("CRM_MAIN", crm), ("NOTICE_BUS", bus)):
                text = json.loads(connection_text(server))
                quick = {key: value for key, value in QUICK.items() if name == "CRM_MAIN" or key != "throttle_wait"}
                text["extra"] = {**text.get("extra", {}), **quick}
                os.environ[f"AIRFLOW_CONN_{name}"] = json.dumps(text)
            report = run_sync("crm_customers")
            if not report.ok:
                raise RuntimeError(report.error)
            yield Stage(crm, bus, url, site)
    finally:
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(site, ignore_errors=True)


def faults(seed: int) -> list[dict[str, Any]]:
    """Half of the doubtful notices were taken, half were not."""
    return [
        {"kind": kind, "path": "/notices", "times": 0, "probability": 0.05, "seed": seed + number, "seconds": 0.01}
        for number, kind in enumerate(("timeout_before", "timeout_after"))
    ]


def _play(cell: Cell, url: str, deals: int, seed: int, doubt: str) -> Outcome:
    outcome = Outcome(cell.name, deals, seed, delivered_least=cell.delivered_least)
    with staged(url, deals) as stage:
        begun = time.monotonic()
        stage.said(doubt=doubt)
        stage.bus.control("faults", faults(seed))
        names = [name for (name,) in _query(stage, "select legal_name from golden.customer where status <> 'inactive'")]
        for _ in range(ROUNDS):
            outcome.passes += 1
            through = stage.run()
            if not stage.decide() and through:
                break
        struck = stage.bus.control("faults")
        outcome.counts = [Count(f"bus {one['kind']}", max(1, deals // 100), one["fired"]) for one in struck]
        outcome.delivered = len({e["number"] for e in stage.taken()} & set(names)) / len(names)
        stage.bus.control("faults", [])
        for _ in range(2):
            if not stage.run():
                outcome.notes.append("without faults a run fails")
            stage.decide()
        announced = Counter(entry["number"] for entry in stage.taken())
        outcome.lost = sum(1 for name in names if not announced[name])
        doubled = stage.doubled()
        if doubt == "resend":
            # What the file accepted is what it gets; a table without any double would say that nothing was shown.
            outcome.counts.append(Count("doubles that nothing can prevent", 1, len(doubled)))
        else:
            outcome.doubled = len(doubled)
        outcome.notes += [
            f"left in hub.outbox: {row}" for row in _query(stage, "select state, count(*) from hub.outbox group by 1")
        ]
        with connect(url) as database, database.transaction() as cursor:
            problems = [problem for row in recount_all(cursor) for problem in row["problems"]]
        outcome.books = len(problems)
        outcome.notes += problems[:5]
        outcome.seconds = time.monotonic() - begun
    return outcome


def _query(stage: Stage, sql: str) -> list[tuple[Any, ...]]:
    with connect(stage.url) as database, database.transaction() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _cell(name: str, doubt: str, what: Text) -> Cell:
    def alone(cell: Cell, url: str, deals: int, seed: int) -> Outcome:
        return _play(cell, url, deals, seed, doubt)

    def nothing(deals: int, seed: int) -> Any:
        raise AssertionError("this cell plays alone")

    return Cell(name, what, "bus", nothing, alone=alone)


CELLS: tuple[Cell, ...] = (
    _cell(
        "no-key-no-search-ask",
        "ask",
        Text(
            "A target without keys and search; people decide what is in doubt",
            "目标无主键、无法查询；存疑的写入由人裁决",
        ),
    ),
    _cell(
        "no-key-no-search-resend",
        "resend",
        Text(
            "The same, sent again without asking: doubles are what that costs", "同上，但不询问直接重发：代价就是重复"
        ),
    ),
)
