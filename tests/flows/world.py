"""Order to cash in a test: deals in the CRM, clerks in the ERP, and what must be true in the end."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from typing import Any

from tests.sync.conftest import Systems
from tongmai.sync.report import SyncReport
from tongmai.sync.run import run_sync

CHAIN = "lead_to_cash"
FLOW = "order_to_cash"


def run(name: str = CHAIN) -> SyncReport:
    """A run that has to go well."""
    report = run_sync(name)
    assert report.ok, report.as_json()
    return report


def rows(systems: Systems, side: str, obj: str) -> dict[str, dict[str, Any]]:
    """Every record of an object by key, as the system's own screens show it."""
    server = systems.crm if side == "crm" else systems.erp
    found = server.control(f"records/{obj}?limit=100000")["records"]
    return {str(row.get("_id") or row.get("FID") or row.get("FCUSTID") or row.get("FMATERIALID")): row for row in found}


def add_deals(systems: Systems, count: int, seed: int = 7, stage: str = "s3") -> list[str]:
    """``count`` opportunities with one to three lines each; returns their keys."""
    rng = random.Random(seed)
    accounts = sorted(rows(systems, "crm", "AccountObj"))
    products = sorted(rows(systems, "crm", "ProductObj"))
    inserts = []
    for number in range(count):
        lines = [
            {"product_id": product, "quantity": str(rng.randint(1, 20)), "sales_price": f"{rng.randint(10, 9000)}.50"}
            for product in rng.sample(products, rng.randint(1, 3))
        ]
        amount = sum(Decimal(line["quantity"]) * Decimal(line["sales_price"]) for line in lines)
        fields = {
            "name": f"项目{seed}-{number:04}",
            "account_id": rng.choice(accounts),
            "sales_stage": stage,
            "amount": str(amount),
        }
        inserts.append({"op": "insert", "fields": fields, "details": {"NewOpportunityLinesObj": lines}})
    keys: list[str] = systems.crm.control("records/NewOpportunityObj", inserts)["keys"]
    return keys


def set_stage(systems: Systems, keys: list[str], stage: str, **fields: Any) -> None:
    """As sellers do it in the CRM's screens."""
    systems.crm.control(
        "records/NewOpportunityObj",
        [{"op": "update", "key": key, "fields": {"sales_stage": stage, **fields}} for key in keys],
    )


def clerk(systems: Systems, act: str, **body: Any) -> dict[str, Any]:
    """As people do it in the ERP's screens."""
    done: dict[str, Any] = systems.erp.control(f"act/{act}", body)
    return done


def creates(systems: Systems, side: str, obj: str) -> list[dict[str, Any]]:
    """The creates of an object that the system itself remembers to have accepted over its API."""
    server = systems.crm if side == "crm" else systems.erp
    return [one for one in systems.writes(server) if one["op"] == "create" and one["object"] == obj]


def assert_exact(systems: Systems, signed: list[str]) -> None:
    """Each signed deal has one contract, one order in each system; numbers without gaps or doubles; books that close."""
    for side, obj in (("crm", "ContractObj"), ("crm", "SalesOrderObj"), ("erp", "SAL_SaleOrder")):
        made = rows(systems, side, obj)
        names = Counter(row.get("FBillNo") or row.get("name") for row in made.values())
        assert not [name for name, count in names.items() if count > 1], f"doubled in {side} {obj}"
        assert len(creates(systems, side, obj)) == len(signed) == len(made), f"{side} {obj}"
    for sequence in ("contract_number", "order_number"):
        numbers = [
            n for (n,) in systems.query("select number from hub.minted_number where sequence = %s order by 1", sequence)
        ]
        assert numbers == list(range(1, len(signed) + 1)), sequence
    assert systems.query("select count(*) from hub.flow_instance")[0][0] == len(signed)
