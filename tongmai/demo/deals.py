"""The people of the demo: sellers in the CRM, clerks in the ERP."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from tongmai.demo.simulators import Simulator

COUNT = 8
SIGNED, LOST = "s4", "s5"


class Sellers:
    """They work in the CRM's screens."""

    def __init__(self, crm: Simulator) -> None:
        self._crm = crm
        self.keys: list[str] = []

    def open_deals(self) -> None:
        """New opportunities with one to three lines each, under review."""
        rng = random.Random(20)  # noqa: S311 (made-up data, repeatable by design)
        accounts = self._crm.control("records/AccountObj?limit=400")["records"]
        products = self._crm.control("records/ProductObj")["records"]
        inserts = []
        for number, account in enumerate(rng.sample(accounts, COUNT), 1):
            lines = [
                {
                    "product_id": product["_id"],
                    "quantity": str(rng.randint(1, 20)),
                    "sales_price": f"{rng.randint(100, 9000)}.50",
                }
                for product in rng.sample(products, rng.randint(1, 3))
            ]
            amount = sum(Decimal(line["quantity"]) * Decimal(line["sales_price"]) for line in lines)
            fields = {
                "name": f"演示项目 {number}",
                "account_id": account["_id"],
                "sales_stage": "s3",
                "amount": str(amount),
            }
            inserts.append({"op": "insert", "fields": fields, "details": {"NewOpportunityLinesObj": lines}})
        self.keys = self._crm.control("records/NewOpportunityObj", inserts)["keys"]

    def sign(self) -> None:
        """All of them are signed."""
        self._stage(self.keys, SIGNED)

    def lose(self, number: int) -> None:
        """A signed one falls through."""
        self._stage([self.keys[number]], LOST)

    def change(self, number: int, quantity: int) -> None:
        """The first line of a signed one is agreed anew; the amount follows."""
        key = self.keys[number]
        mine = [
            row
            for row in self._crm.control("records/NewOpportunityLinesObj?limit=100000")["records"]
            if row["new_opportunity_id"] == key
        ]
        mine[0]["quantity"] = str(quantity)
        amount = sum(Decimal(row["quantity"]) * Decimal(row["sales_price"]) for row in mine)
        change = {"op": "update", "key": mine[0]["_id"], "fields": {"quantity": str(quantity)}}
        self._crm.control("records/NewOpportunityLinesObj", change)
        self._crm.control("records/NewOpportunityObj", {"op": "update", "key": key, "fields": {"amount": str(amount)}})

    def _stage(self, keys: list[str], stage: str) -> None:
        changes = [{"op": "update", "key": key, "fields": {"sales_stage": stage}} for key in keys]
        self._crm.control("records/NewOpportunityObj", changes)


class Clerks:
    """They work in the ERP's screens."""

    def __init__(self, erp: Simulator) -> None:
        self._erp = erp

    def act(self, name: str, **body: Any) -> list[str]:
        """Approve, deliver, bill, invoice, receive: the numbers of the orders it was done for."""
        done: list[str] = self._erp.control(f"act/{name}", body)["numbers"]
        return done
