"""Deals in the CRM, clerks in the ERP, and the hub between them: the stage on which every cell plays."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.testing.server import SimulatorServer
from connectors.testing.systems import simulator
from tests.flows.world import CHAIN, add_deals, clerk, rows, set_stage
from tests.sync.conftest import Systems, connection_text
from tongmai.core.errors import RetryableError, TongmaiError
from tongmai.sync import run as engine
from tongmai.sync.content import load_content
from tongmai.sync.report import SyncReport
from tongmai.sync.run import SyncOptions, run_sync
from tongmai.sync.specs import Group

CUSTOMERS = 60
TRIES = 4
"""A task of the Airflow DAG is tried once and three times again."""
PAUSE = 0.1
"""Airflow waits a minute before the second try, and twice as long each time; here nobody has that long."""
QUICK: Mapping[str, Any] = {
    "connect_timeout": 2, "read_timeout": 1.5, "retries": 2, "retry_wait": 0.02, "throttle_wait": 0.05,
}  # fmt: skip
OPPORTUNITY, LINE = "NewOpportunityObj", "NewOpportunityLinesObj"


@dataclass
class Scene:
    """One cell being played. ``said``: all amounts a deal has had, in order."""

    systems: Systems
    deals: list[str]
    rng: random.Random
    signed: list[str] = field(default_factory=list)
    said: dict[str, list[Decimal]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    baseline_quarantine: int = 0

    def run(self, name: str) -> bool:
        """One member of the chain, tried as often as its task in Airflow would be; whether it went through."""
        for number in range(TRIES):
            if number:
                time.sleep(PAUSE * 2**number)
            try:
                report = run_sync(name, SyncOptions(in_group=True))
            except RetryableError as error:
                self.errors[error.code] += 1
                continue
            except TongmaiError as error:
                self.errors[error.code] += 1
                return False
            self._heard(report)
            if report.ok:
                return True
            if not report.retryable:
                return False
        return False

    def drive(self) -> bool:
        """One pass over the chain as the DAG does it: a task whose tries are used up ends the run."""
        return all(self.run(member) for member in chain())

    def _heard(self, report: SyncReport) -> None:
        if report.error:
            self.errors[report.error_code] += 1
        if not report.balanced:
            self.notes += [f"{report.sync}: {problem}" for problem in report.problems]

    def sign(self, count: int | None = None, *, late: bool = False) -> int:
        """Sellers sign the next deals. ``late``: the CRM commits it with a time below what was read already."""
        fresh = [key for key in self.deals if key not in set(self.signed)][:count]
        if late:
            vendor: Any = self.systems.crm.vendor
            with vendor.state.lock:
                newest = vendor.state.tables[OPPORTUNITY].newest_time()
                for key in fresh:
                    vendor.touch(OPPORTUNITY, key, newest - 2000, {"sales_stage": "s4"})
        elif fresh:
            set_stage(self.systems, fresh, "s4")
        self.signed += fresh
        return len(fresh)

    def change(self, count: int) -> None:
        """Sellers change quantities of deals that the ERP's people have not approved yet, and so their amounts."""
        open_orders = {row["FBillNo"] for row in self.erp_orders().values() if row["FDocumentStatus"] == "C"}
        numbers = self.numbers()
        free = [key for key in self.signed if numbers.get(key) not in open_orders]
        lines: dict[str, list[dict[str, Any]]] = {}
        for line in rows(self.systems, "crm", LINE).values():
            lines.setdefault(str(line["new_opportunity_id"]), []).append(line)
        for key in self.rng.sample(free, min(count, len(free))):
            first = min(lines[key], key=lambda one: str(one["_id"]))
            first["quantity"] = str(int(Decimal(first["quantity"])) + self.rng.randint(1, 50))
            amount = sum((Decimal(one["quantity"]) * Decimal(one["sales_price"]) for one in lines[key]), Decimal(0))
            self.systems.crm.control(
                f"records/{LINE}",
                {"op": "update", "key": first["_id"], "fields": {"quantity": first["quantity"]}},
            )
            self.systems.crm.control(
                f"records/{OPPORTUNITY}", {"op": "update", "key": key, "fields": {"amount": str(amount)}}
            )
            self.said[key].append(amount)

    def clerk(self, part: str, limit: int | None = None) -> int:
        """A day in the ERP: orders that show what the deal says are approved, billed and (partly) paid; how much was done."""
        wanted = {number: self.said[key][-1] for key, number in self.numbers().items()}
        good = [
            row["FBillNo"]
            for row in self.erp_orders().values()
            if row["FDocumentStatus"] == "B" and total_of(row) == wanted.get(row["FBillNo"])
        ]
        more = {} if limit is None else {"limit": limit}
        done = clerk(self.systems, "approve", numbers=good[:limit])["count"]
        done += clerk(self.systems, "bill", **more)["count"]
        done += clerk(self.systems, "receive", part=part, **more)["count"]
        return int(done)

    def numbers(self) -> dict[str, str]:
        """Order number by deal, as the hub has minted it."""
        found = self.systems.query(
            """select distinct c.source_key, i.minted->>'order_number' from hub.flow_instance i
                 join hub.crosswalk c on c.entity_id = i.subject and c.connection = 'crm_main' and c.stream = %s
                where i.minted ? 'order_number'""",
            OPPORTUNITY,
        )
        return {key: number for key, number in found if key in self.said}

    def erp_orders(self) -> dict[str, dict[str, Any]]:
        """Every sales order of the ERP."""
        return rows(self.systems, "erp", "SAL_SaleOrder")

    def writes(self) -> int:
        """How many writes both systems have accepted so far."""
        return sum(len(server.vendor.state.ledger.entries) for server in (self.systems.crm, self.systems.erp))


def total_of(order: Mapping[str, Any]) -> Decimal:
    """What an ERP order comes to, by its lines."""
    return sum((Decimal(str(e["FQty"])) * Decimal(str(e["FTaxPrice"])) for e in order["entries"]), Decimal(0))


def chain() -> tuple[str, ...]:
    """The members of the group, in order."""
    group = engine.load_content().sync(CHAIN)
    assert isinstance(group, Group)
    return group.syncs


@contextmanager
def opened(
    url: str, deals: int, seed: int, settings: Mapping[str, Any], environment: Mapping[str, str]
) -> Iterator[Scene]:
    """Both systems with ``deals`` opportunities that are not signed yet, read once by the hub."""
    before = dict(os.environ)
    # The files do not change while a cell plays; reading all of them for every member of every pass is half the time.
    content = load_content()
    loads, engine.load_content = engine.load_content, lambda: content
    crm = SimulatorServer(simulator("fxiaoke", seed=3, customers=CUSTOMERS, limits=False))
    erp = SimulatorServer(simulator("kingdee", seed=3, customers=CUSTOMERS, limits=False))
    try:
        with crm, erp:
            os.environ.update(environment)
            os.environ["TONGMAI_DATABASE_URL"] = url
            for name, server in (("CRM_MAIN", crm), ("ERP_MAIN", erp)):
                text = json.loads(connection_text(server))
                text["extra"] |= {**QUICK, **settings}
                os.environ[f"AIRFLOW_CONN_{name}"] = json.dumps(text)
            systems = Systems(crm, erp, url)
            keys = add_deals(systems, deals, seed)
            scene = Scene(systems, keys, random.Random(seed))
            found = rows(systems, "crm", OPPORTUNITY)
            scene.said = {key: [Decimal(found[key]["amount"])] for key in keys}
            if not scene.drive():
                raise RuntimeError(f"the first read did not go through: {dict(scene.errors)}")
            ((scene.baseline_quarantine,),) = systems.query("select coalesce(max(id), 0) from hub.quarantined_record")
            yield scene
    finally:
        engine.load_content = loads
        os.environ.clear()
        os.environ.update(before)
