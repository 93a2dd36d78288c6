"""What an order sums up of its receipts, also when these change their minds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.files import lay
from tests.flows.world import add_deals, clerk, rows, run, set_stage
from tests.sync.conftest import Systems
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content


def paid(systems: Systems) -> list[Decimal]:
    return [row[0] for row in systems.query("select paid_amount from golden.sales_order order by number")]


def in_crm(systems: Systems) -> dict[str, tuple[str, Decimal]]:
    found = rows(systems, "crm", "SalesOrderObj").values()
    return {row["name"]: (row["payment_status__c"], Decimal(row["paid_amount__c"])) for row in found}


@pytest.fixture
def sold(systems: Systems) -> Systems:
    """Two approved orders."""
    deals = add_deals(systems, 2)
    run()
    set_stage(systems, deals, "s4")
    run()
    clerk(systems, "approve")
    run("erp_orders_in")
    return systems


def edit(systems: Systems, form: str, key: str, **fields: Any) -> None:
    systems.erp.control(f"records/{form}", {"op": "update", "key": key, "fields": fields})


@pytest.mark.parametrize("systems", [15], indirect=True)
def test_a_sum_follows_its_receipts_up_and_down(sold: Systems) -> None:
    assert paid(sold) == [0, 0]
    clerk(sold, "receive", part="1")
    run()
    assert {status for status, _ in in_crm(sold).values()} == {"paid"}
    whole = paid(sold)
    key, receipt = min(rows(sold, "erp", "AR_RECEIVEBILL").items())
    edit(sold, "AR_RECEIVEBILL", key, FCancelStatus="B")
    run()
    cancelled = in_crm(sold)[receipt["FOrderNo"]]
    assert cancelled == ("unpaid", Decimal(0))
    assert sorted(paid(sold)) == sorted(
        [Decimal(0), *(one for one in whole if one != Decimal(receipt["FRECEIVEAMOUNTFOR_H"]))]
    )
    edit(sold, "AR_RECEIVEBILL", key, FCancelStatus="A", FRECEIVEAMOUNTFOR_H="1.25")
    run()
    assert in_crm(sold)[receipt["FOrderNo"]] == ("partial", Decimal("1.25"))


@pytest.mark.parametrize("systems", [15], indirect=True)
def test_a_receipt_that_moves_to_another_order_is_counted_there_only(sold: Systems) -> None:
    first, second = sorted(in_crm(sold))
    clerk(sold, "receive", part="0.5", numbers=[first])
    run()
    key, receipt = next(iter(rows(sold, "erp", "AR_RECEIVEBILL").items()))
    amount = Decimal(receipt["FRECEIVEAMOUNTFOR_H"])
    assert paid(sold) == [amount, 0]
    edit(sold, "AR_RECEIVEBILL", key, FOrderNo=second)
    run()
    assert paid(sold) == [0, amount]
    assert in_crm(sold)[first] == ("unpaid", Decimal(0))


@pytest.mark.parametrize("systems", [15], indirect=True)
def test_a_receipt_before_its_order_is_counted_when_the_order_is_known(sold: Systems) -> None:
    first = min(in_crm(sold))
    clerk(sold, "receive", part="0.5", numbers=[first])
    key, receipt = next(iter(rows(sold, "erp", "AR_RECEIVEBILL").items()))
    edit(sold, "AR_RECEIVEBILL", key, FOrderNo="XS-2026-000003")
    run()
    assert paid(sold) == [0, 0]
    assert sold.query("select code from hub.finding where field = 'sales_order'") == [("unresolved-reference",)]
    deals = add_deals(sold, 1, seed=8)
    run("crm_opportunities")
    set_stage(sold, deals, "s4")
    run()
    assert paid(sold) == [0, 0, Decimal(receipt["FRECEIVEAMOUNTFOR_H"])]
    assert sold.query("select code from hub.finding where field = 'sales_order'") == []
    run()
    assert in_crm(sold)["XS-2026-000003"][1] == Decimal(receipt["FRECEIVEAMOUNTFOR_H"])


def test_a_sum_of_a_sum_and_a_source_that_brings_one_are_mistakes(site: Path) -> None:
    label = "label: {zh: x, en: x}"
    files = {
        "masterdata/shelf/entity.yaml": f"entity: shelf\n{label}\nfields:\n  number: {{type: text, {label}}}\n"
        f"  total: {{type: decimal, sum: box.total, by: shelf, {label}}}\n",
        "masterdata/box/entity.yaml": f"entity: box\n{label}\nfields:\n  number: {{type: text, {label}}}\n"
        f"  shelf: {{type: ref(shelf), {label}}}\n  total: {{type: decimal, sum: thing.weight, by: box, {label}}}\n",
        "masterdata/thing/entity.yaml": f"entity: thing\n{label}\nfields:\n  box: {{type: ref(box), {label}}}\n"
        f"  weight: {{type: decimal, {label}}}\n",
        "mappings/pad/box.yaml": "mapping: pad/box\nfrom: pad.box\nto: box\nfields:\n  number: id\n  total: total | decimal\n",
    }
    lay(site, files)
    found = {(finding.code, Path(finding.mark.file).parent.name) for finding in check_content(load_content())}
    assert ("entity.sum-of-sum", "shelf") in found
    assert ("mapping.sum-field", "pad") in found


@pytest.mark.parametrize("systems", [15], indirect=True)
def test_receipts_that_were_there_from_the_beginning_start_no_flow_of_their_orders(sold: Systems, site: Path) -> None:
    (site / "flows").mkdir(parents=True, exist_ok=True)
    text = "flow: paid\ntrigger: sales_order becomes paid_amount > 0\nsteps:\n  - wait: paid_amount >= amount\n"
    (site / "flows" / "paid.yaml").write_text(text, encoding="utf-8")
    first, second = sorted(in_crm(sold))
    with psycopg.connect(sold.url) as connection:  # as if receipts had never been listed
        connection.execute(
            "update hub.stream set baseline_at = null, baseline_inbox = null, checkpoint = null where stream = 'AR_RECEIVEBILL'"
        )
    clerk(sold, "receive", part="0.5", numbers=[first])
    run("erp_receipts")
    assert max(paid(sold)) > 0
    assert sold.query("select count(*) from hub.flow_instance where flow = 'paid'") == [(0,)]
    clerk(sold, "receive", part="0.5", numbers=[second])
    run("erp_receipts")
    assert sold.query("select count(*) from hub.flow_instance where flow = 'paid'") == [(1,)]
