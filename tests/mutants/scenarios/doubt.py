"""Creates whose answer is lost or that are taken late: each customer is in the CRM once, whatever people do meanwhile."""

from __future__ import annotations

import time
from collections import Counter

from tests.mutants.scenarios.rounds import ROUND
from tests.mutants.stage import books, holds, killed, run, setting, settle, systems, until
from tests.sync.conftest import Systems

KEY = "tongmai_key__c"
SETTLE = 6.0
LATE = 3.0


def play() -> None:
    with systems(20) as both:
        settle(ROUND, 2)
        _lost_answer(both)
        with setting("crm_main", settle_seconds=SETTLE):
            _late_accept(both)
        settle(ROUND, 2)
        books(both)
        _once(both)


def _insert(both: Systems, name: str) -> str:
    """A clerk's new customer, as the hub heard of it; gives its key in the ERP."""
    key = both.erp.control("records/BD_Customer", {"op": "insert", "fields": {"FName": name}})["keys"][0]
    run("erp_customers_in")
    return str(key)


def _named(both: Systems, part: str) -> list[str]:
    return [key for key, row in both.accounts().items() if part in row["name"]]


def _settled(both: Systems) -> None:
    """Until what is in doubt has had its time to settle."""
    until(
        lambda: (
            not both.query(
                "select 1 from hub.outbox where frozen_at > clock_timestamp() - %s * interval '1 second'", SETTLE
            )
        ),
        "doubtful writes settle",
    )


def _lost_answer(both: Systems) -> None:
    """The CRM took the create, we died; a seller renames it and gives it a level that the mapping does not know."""
    _insert(both, "甲方未答有限公司")
    killed("crm_customers_back", "deliver.after-remote")
    (key,) = _named(both, "甲方未答")
    both.edit_account(key, name="乙方改名股份公司", account_level="Z")
    run("crm_customers_back", well=False)
    both.edit_account(key, account_level="A")
    settle(("crm_customers", "crm_customers_back", "erp_customers"), 2)


def _late_accept(both: Systems) -> None:
    """The CRM drops the connection and takes the create later; the customer changes meanwhile."""
    erp_key = _insert(both, "丙方迟到有限公司")
    both.crm.control("faults", [{"kind": "late_accept", "path": "/create", "seconds": LATE}])
    run("crm_customers_back", well=False)
    taken = time.monotonic() + LATE  # at the latest: the request was sent before
    both.edit_customer(erp_key, FName="丙方迟到集团有限公司")
    run("erp_customers_in")
    run("crm_customers_back", well=False)
    until(lambda: time.monotonic() > taken + 0.5 and bool(_named(both, "丙方迟到")), "the late create is taken")
    _settled(both)
    settle(("crm_customers_back",), 2)
    names = [both.accounts()[key]["name"] for key in _named(both, "丙方迟到")]
    holds("order per key: the newest name stands, once", names == ["丙方迟到集团有限公司"], names)


def _once(both: Systems) -> None:
    made = Counter(row.get(KEY) for row in both.accounts().values() if row.get(KEY))
    holds("nothing is doubled: our key stands once", max(made.values(), default=0) <= 1, made.most_common(3))
    creates = [w for w in both.writes(both.crm) if w["op"] == "create" and w["object"] == "AccountObj"]
    holds("nothing is doubled: one create each", len(creates) == 2 + _before(both), len(creates))
    golden = both.query(
        "select count(*) from golden.customer where legal_name like any(array['%%甲方未答%%', '%%乙方改名%%', '%%丙方迟到%%'])"
    )
    holds("identity is stable: one golden record each", golden == [(2,)], golden)


def _before(both: Systems) -> int:
    """Creates for customers of the first load, which no accident met."""
    return len(
        both.query(
            "select 1 from hub.delivery d join golden.customer g on g.id = d.entity_id where d.target = 'crm_customers_back'"
            " and d.operation = 'create' and d.outcome = 'delivered'"
            " and not g.legal_name like any(array['%%甲方未答%%', '%%乙方改名%%', '%%丙方迟到%%'])"
        )
    )
