"""Order to cash without accidents, but with people: signed twice, called off, paid and unpaid again, changed too late."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.flows.world import add_deals, clerk, creates, rows, set_stage
from tests.mutants.stage import books, holds, run, systems
from tests.sync.conftest import Systems

CHAIN, FLOW = "lead_to_cash", "order_to_cash"
INSTANCES = "select count(*) from hub.flow_instance"


def play() -> None:
    with systems(15) as both:
        add_deals(both, 2, seed=5, stage="s4")  # signed long ago
        deals = add_deals(both, 4)
        run("crm_opportunities")  # before the customers and products that they name
        run(CHAIN)
        _nothing_waits(both)
        holds("what was so from the beginning starts nothing", both.query(INSTANCES) == [(0,)], both.query(INSTANCES))
        _signed_twice(both, deals)
        _called_off(both, deals[3])
        _paid(both)
        _changed_too_late(both, deals[0])
        exact(both, 4)
        books(both)


def _nothing_waits(both: Systems) -> None:
    left = both.query("select code, count(*) from hub.quarantine group by 1")
    holds("nothing is lost: what has arrived is not waited for", not left, left)


def _signed_twice(both: Systems, deals: list[str]) -> None:
    """Signed; one is taken back and signed again while its order is under way."""
    set_stage(both, deals, "s4")
    run(CHAIN)
    for stage in ("s3", "s4"):
        set_stage(both, deals[:1], stage)
        run(CHAIN)
    states = [row["FDocumentStatus"] for row in rows(both, "erp", "SAL_SaleOrder").values()]
    holds("an order is submitted, and approved by people only", set(states) == {"B"}, states)
    holds("one signing, one instance", both.query(INSTANCES) == [(4,)], both.query(INSTANCES))
    exact(both, 4)


def _called_off(both: Systems, deal: str) -> None:
    set_stage(both, [deal], "s5")
    run(CHAIN)
    off = [row for row in rows(both, "erp", "SAL_SaleOrder").values() if row["FCancelStatus"] == "B"]
    holds("what is called off is switched off everywhere: ERP", len(off) == 1, len(off))
    off = [row for row in rows(both, "crm", "ContractObj").values() if row["life_status"] == "invalid"]
    holds("what is called off is switched off everywhere: CRM", len(off) == 1, len(off))


def _paid(both: Systems) -> None:
    """A part is paid, one receipt is cancelled, all the rest is paid."""
    for act in ("approve", "deliver", "bill"):
        clerk(both, act)
    clerk(both, "receive", part="0.4")
    run(CHAIN)
    _sums(both)
    receipts = rows(both, "erp", "AR_RECEIVEBILL")
    fields = {"op": "update", "key": sorted(receipts)[0], "fields": {"FCancelStatus": "B"}}
    both.erp.control("records/AR_RECEIVEBILL", fields)
    run(CHAIN)
    _sums(both)
    clerk(both, "receive", part="1")
    run(CHAIN)
    _sums(both)
    run(FLOW)
    states = dict(both.query("select state, count(*) from hub.flow_instance group by 1"))
    holds("every signing comes to its end", states == {"done": 3, "cancelled": 1}, states)


def _sums(both: Systems) -> None:
    """What the CRM shows as paid is what the ERP's living receipts add up to."""
    paid: dict[str, Decimal] = {}
    for row in rows(both, "erp", "AR_RECEIVEBILL").values():
        if row["FCancelStatus"] != "B":
            paid[row["FOrderNo"]] = paid.get(row["FOrderNo"], Decimal(0)) + Decimal(row["FRECEIVEAMOUNTFOR_H"])
    for order in rows(both, "crm", "SalesOrderObj").values():
        shown, right = Decimal(order.get("paid_amount__c") or 0), paid.get(order["name"], Decimal(0))
        holds("sums are right in every system", shown == right, f"{order['name']}: {shown} instead of {right}")


def _changed_too_late(both: Systems, deal: str) -> None:
    set_stage(both, [deal], "s4", amount="1.00")
    run(CHAIN)
    holds("one signing, one instance", both.query(INSTANCES) == [(4,)], both.query(INSTANCES))


def exact(both: Systems, count: int) -> None:
    """Each signed deal has one contract, one order in each system; numbers without gaps or doubles."""
    for side, obj in (("crm", "ContractObj"), ("crm", "SalesOrderObj"), ("erp", "SAL_SaleOrder")):
        made: list[Any] = [row.get("FBillNo") or row.get("name") for row in rows(both, side, obj).values()]
        calls = len(creates(both, side, obj))
        holds(
            "nothing is lost, nothing doubled: one document for each deal",
            len(made) == len(set(made)) == calls == count,
            f"{side} {obj}: {len(made)} records, {len(set(made))} numbers, {calls} creates",
        )
    for sequence in ("contract_number", "order_number"):
        numbers = [
            n for (n,) in both.query("select number from hub.minted_number where sequence = %s order by 1", sequence)
        ]
        holds("numbers have no gaps and no doubles", numbers == list(range(1, count + 1)), f"{sequence}: {numbers}")
