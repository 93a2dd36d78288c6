"""From a signed opportunity to a paid order, over two systems."""

from __future__ import annotations

from decimal import Decimal

import pytest
from click.testing import CliRunner

from tests.flows.world import add_deals, assert_exact, clerk, rows, run, set_stage
from tests.sync.conftest import Systems
from tongmai.cli.main import cli


@pytest.mark.parametrize("systems", [30], indirect=True)
def test_the_whole_chain(systems: Systems) -> None:
    deals = add_deals(systems, 12)
    first = run()
    assert systems.query("select count(*) from hub.flow_instance") == [(0,)], (
        "what was there from the beginning starts nothing"
    )
    assert first.outbound["queued"] == first.outbound["delivered"] + first.outbound["suppressed"]
    set_stage(systems, deals, "s4")
    run()
    orders = rows(systems, "erp", "SAL_SaleOrder")
    assert {row["FDocumentStatus"] for row in orders.values()} == {"B"}
    assert_exact(systems, deals)
    clerk(systems, "approve")
    clerk(systems, "deliver")
    clerk(systems, "bill")
    clerk(systems, "invoice")
    clerk(systems, "receive", part="0.4")
    run()
    crm = rows(systems, "crm", "SalesOrderObj")
    assert {row["payment_status__c"] for row in crm.values()} == {"partial"}
    assert {row["erp_status__c"] for row in crm.values()} == {"approved"}
    clerk(systems, "receive", part="1")
    run()
    crm = rows(systems, "crm", "SalesOrderObj")
    assert {row["payment_status__c"] for row in crm.values()} == {"paid"}
    assert all(Decimal(row["paid_amount__c"]) == Decimal(row["order_amount"]) for row in crm.values())
    report = run()
    assert systems.query("select state, count(*) from hub.flow_instance group by 1") == [("done", len(deals))]
    assert report.outbound["delivered"] == 0
    assert_exact(systems, deals)
    told = CliRunner().invoke(cli, ["trace", "opportunity", deals[0]])
    assert told.exit_code == 0 and "order_to_cash" in told.output and "HT-" in told.output


def deal_of(systems: Systems, key: str) -> tuple[str, str]:
    """Contract and order number of a deal."""
    ((contract, order),) = systems.query(
        """select i.minted->>'contract_number', i.minted->>'order_number' from hub.flow_instance i
             join hub.crosswalk c on c.entity_id = i.subject and c.source_key = %s order by i.occurrence desc limit 1""",
        key,
    )
    return contract, order


def erp_order(systems: Systems, number: str) -> dict[str, object]:
    return next(row for row in rows(systems, "erp", "SAL_SaleOrder").values() if row["FBillNo"] == number)


@pytest.mark.parametrize("systems", [20], indirect=True)
def test_a_changed_a_cancelled_and_a_late_one(systems: Systems) -> None:
    changed, cancelled, late, other = deals = add_deals(systems, 4)
    run()
    set_stage(systems, deals, "s4")
    run()
    # Changed before the ERP has approved it: the order there follows, is submitted again, and keeps its number.
    set_stage(systems, [changed], "s4", amount="999.00")
    detail = next(
        r for r in rows(systems, "crm", "NewOpportunityLinesObj").values() if r["new_opportunity_id"] == changed
    )
    systems.crm.control(
        "records/NewOpportunityLinesObj", {"op": "update", "key": detail["_id"], "fields": {"quantity": "77"}}
    )
    # Cancelled before approval: switched off everywhere.
    set_stage(systems, [cancelled], "s5")
    run()
    order = erp_order(systems, deal_of(systems, changed)[1])
    assert order["FDocumentStatus"] == "B"
    assert "77" in [str(Decimal(str(e["FQty"])).normalize()) for e in order["entries"]]  # type: ignore[attr-defined]
    assert erp_order(systems, deal_of(systems, cancelled)[1])["FCancelStatus"] == "B"
    contract = next(
        r for r in rows(systems, "crm", "ContractObj").values() if r["name"] == deal_of(systems, cancelled)[0]
    )
    assert contract["life_status"] == "invalid"
    run()  # the ERP's own word that it is cancelled travels to the CRM
    run()
    states = dict(systems.query("select minted->>'order_number', state from hub.flow_instance"))
    assert states[deal_of(systems, cancelled)[1]] == "cancelled"
    # Cancelled after approval: the ERP's people decide; it is shown, not forced.
    clerk(systems, "approve")
    run()
    set_stage(systems, [late], "s5")
    run()
    assert erp_order(systems, deal_of(systems, late)[1])["FDocumentStatus"] == "C"
    ((state,),) = systems.query(
        "select state from hub.flow_instance where minted->>'order_number' = %s", deal_of(systems, late)[1]
    )
    assert state == "cancelling"
    # Signed again after it was called off: a new contract, a new order.
    set_stage(systems, [cancelled], "s4")
    run()
    assert systems.query("select count(*) from hub.flow_instance") == [(5,)]
    assert deal_of(systems, cancelled)[1].endswith("-000005")
    assert "quarantine entry" in systems.query("select note from hub.flow_instance where state = 'cancelling'")[0][0]
    assert deal_of(systems, other)
