"""A process dies by SIGKILL while it reads, applies, delivers: every edit arrives all the same, the books close."""

from __future__ import annotations

import os
import signal
from collections import Counter

from tests.mutants.scenarios.rounds import ROUND
from tests.mutants.stage import books, ended, holds, killed, run, settle, start, stopped, systems
from tests.sync.conftest import Systems

PLACES = (
    ("crm_customers", "apply.before-commit"),
    ("erp_customers", "deliver.frozen"),
    ("erp_customers", "deliver.before-remote"),
    ("erp_customers", "deliver.after-remote"),
)


def play() -> None:
    with systems(20) as both:
        settle(ROUND, 2)
        pairs = both.query(
            """select min(r.source_key), t.remote_key from hub.target_state t join hub.source_record r on r.entity_id = t.entity_id
                 join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj'
                where t.target = 'erp_customers' group by t.entity_id, t.remote_key having count(*) = 1 order by 1"""
        )
        for number, ((name, place), (crm_key, erp_key)) in enumerate(zip(PLACES, pairs, strict=False)):
            tel = f"021-5666{number:04}"
            both.edit_account(crm_key, tel=tel)
            if name == "erp_customers":
                run("crm_customers")
            killed(name, place)
            for one in ("crm_customers", "erp_customers"):
                run(one)
            shown = both.customers()[erp_key]["FTEL"]
            holds("nothing is lost: an edit arrives whatever dies", shown == f"+8621{tel[4:]}", f"{place}: {shown}")
        _edited_since(both, *pairs[len(PLACES)])
        _changed_while_planned(both, *pairs[len(PLACES) + 1])
        _new_customer(both)
        settle(ROUND, 2)
        books(both)
        _once(both)


def _edited_since(both: Systems, crm_key: str, erp_key: str) -> None:
    """An update was taken, we died; a clerk changes the name, which belongs to the ERP, before we come back."""
    both.edit_account(crm_key, name="卖方改名有限公司")
    run("crm_customers")
    killed("erp_customers", "deliver.after-remote")
    both.edit_customer(erp_key, FName="财务定名有限公司")
    settle(("erp_customers", "erp_customers_in", "crm_customers_back"), 1)
    shown = both.customers()[erp_key]["FName"], both.accounts()[crm_key]["name"]
    holds("nothing is overwritten silently", set(shown) == {"财务定名有限公司"}, shown)


def _changed_while_planned(both: Systems, crm_key: str, erp_key: str) -> None:
    """The golden record changes between the plan of a write and its freezing."""
    both.edit_account(crm_key, tel="021-56668001")
    run("crm_customers")
    process = start("erp_customers", stop_at="tongmai.sync.deliver:plan")
    pid = stopped(process)
    both.edit_account(crm_key, tel="021-56668002")
    run("crm_customers")
    os.kill(pid, signal.SIGCONT)
    ended(process)
    run("erp_customers")
    shown = both.customers()[erp_key]["FTEL"]
    holds("nothing is lost: the newest value arrives", shown == "+862156668002", shown)


def _new_customer(both: Systems) -> None:
    """A create that was taken, by a process that died before it could note that."""
    fields = {"name": "断电之时有限公司", "tel": "021-56669999"}
    both.crm.control("records/AccountObj", {"op": "insert", "fields": fields})
    run("crm_customers")
    killed("erp_customers", "deliver.after-remote")


def _once(both: Systems) -> None:
    made = Counter(w["payload"]["FNumber"] for w in both.writes(both.erp) if w["op"] == "create")
    holds("nothing is doubled", max(made.values(), default=0) <= 1, made.most_common(3))
    there = [row for row in both.customers().values() if row["FName"] == "断电之时有限公司"]
    holds("nothing is lost, nothing doubled: one customer there", len(there) == 1, len(there))
