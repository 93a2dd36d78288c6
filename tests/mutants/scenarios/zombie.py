"""A run is stopped, another takes over, the first wakes up: it writes nothing, neither outside nor in the hub."""

from __future__ import annotations

import os
import signal

from tests.mutants.scenarios.copies import once
from tests.mutants.scenarios.rounds import ROUND
from tests.mutants.stage import (
    DATABASE_SAID_NO,
    SAID_NO,
    WELL,
    books,
    ended,
    holds,
    run,
    settle,
    start,
    stopped,
    systems,
)
from tests.sync.conftest import Systems

OLD, NEW = "旧名作废有限公司", "新名为准有限公司"


def play() -> None:
    with systems(20) as both:
        settle(ROUND, 2)
        both.erp.control("records/BD_Customer", {"op": "insert", "fields": {"FName": "僵尸之一有限公司"}})
        run("erp_customers_in")
        key = sorted(both.customers())[0]
        both.edit_customer(key, FName=OLD)
        writing = start("crm_customers_back", stop_at="tongmai.sync.deliver:reach=deliver.before-remote")
        reading = start("erp_customers_in", stop_at="tongmai.sync.ingest:storable")
        pids = [stopped(writing), stopped(reading)]
        both.edit_customer(key, FName=NEW)
        others = [start("crm_customers_back"), start("erp_customers_in")]
        for process in others:
            ended(process, (WELL,))
        before = _written(both)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        for process in (writing, reading):
            ended(process, (WELL, SAID_NO, DATABASE_SAID_NO))
        after = _written(both)
        holds("who lost its lease writes nothing", after == before, f"{before} became {after}")
        settle(ROUND, 2)
        books(both)
        once(both, "僵尸", 1)
        shown = both.query("select count(*) from golden.customer where legal_name = %s", OLD)
        holds("order per key: the newest name stands", shown == [(0,)], shown)


def _written(both: Systems) -> tuple[int, ...]:
    """What any run wrote, in the hub and outside; run rows that say how a run ended count too."""
    hub = both.query(
        """select (select count(*) from hub.inbox), (select count(*) from hub.delivery), (select count(*) from hub.entity_version),
                  (select count(*) from hub.run where state in ('done', 'failed'))"""
    )[0]
    return (*hub, len(both.writes(both.crm)), len(both.writes(both.erp)))
