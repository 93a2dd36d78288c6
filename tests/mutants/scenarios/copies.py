"""Two copies of one run at the same time: only one acts, nothing is written twice."""

from __future__ import annotations

import os
import signal

from tests.mutants.scenarios.doubt import KEY
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


def play() -> None:
    with systems(20) as both:
        settle(ROUND, 2)
        for name in ("双份一号有限公司", "双份二号有限公司"):
            both.erp.control("records/BD_Customer", {"op": "insert", "fields": {"FName": name}})
        run("erp_customers_in")
        first = start("crm_customers_back", stop_at="tongmai.sync.deliver:reach=deliver.before-remote")
        pid = stopped(first)
        second = start("crm_customers_back")
        second.join(2)  # it waits for the first one, or it acts beside it
        os.kill(pid, signal.SIGCONT)
        codes = [ended(process, (WELL, SAID_NO, DATABASE_SAID_NO)) for process in (first, second)]
        once(both, "双份", 2)
        holds("a run ends well", codes == [WELL, WELL], codes)
        settle(ROUND, 1)
        books(both)
        once(both, "双份", 2)


def once(both: Systems, part: str, count: int) -> None:
    """So many accounts of ours with this in their name, each with a key of its own."""
    made = [row for row in both.accounts().values() if part in row["name"]]
    keys = {row[KEY] for row in made}
    holds("nothing is doubled by two copies", len(made) == len(keys) == count, f"{len(made)} records, {len(keys)} keys")
