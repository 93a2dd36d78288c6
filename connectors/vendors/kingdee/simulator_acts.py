"""What people do in the simulated ERP's screens with the documents that the API only submits.

Each act takes ``{"limit": n, "numbers": [...]}`` (numbers of sales orders) and gives how many and which orders it met, and
the documents it made. Acts touch modified times and are not in the ledger.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from connectors.testing.simulator import State
from connectors.vendors.kingdee.simulator_data import folded
from connectors.vendors.kingdee.simulator_forms import Row, find
from connectors.vendors.kingdee.simulator_lines import cents, total
from connectors.vendors.kingdee.simulator_write import Writes

ORDER: Final = "SAL_SaleOrder"
_DUE_MS: Final = 30 * 86_400_000
_TENDER: Final = {"FCURRENCYID": "PRE001"}


class Clerk:
    """The people of the account set."""

    def __init__(self, state: State, writes: Writes) -> None:
        self._state = state
        self._writes = writes
        self._acts: dict[str, Callable[[Row], Row]] = {
            "approve": self._approve,
            "reject": self._reject,
            "close": self._close,
            "deliver": lambda body: self._each_once("SAL_OUTSTOCK", self._delivery, body),
            "bill": lambda body: self._each_once("AR_receivable", self._receivable, body),
            "invoice": self._invoice,
            "receive": self._receive,
        }

    def act(self, name: str, body: Row) -> Row:
        """Do it. Raises ``ValueError`` for an act or an option there is none of."""
        if name not in self._acts:
            raise ValueError(f"there is no act `{name}` (there are: {', '.join(self._acts)})")
        allowed = {"limit", "numbers"} | {"receive": {"part"}, "invoice": {"form"}, "approve": {"form"}}.get(
            name, set()
        )
        if unknown := sorted(set(body) - allowed):
            raise ValueError(f"unknown option {', '.join(unknown)} (there are: {', '.join(sorted(allowed))})")
        return self._acts[name](body)

    def _approve(self, body: Row) -> Row:
        form = find(body.get("form", ORDER))
        rows = self._some(form.name, body, lambda row: bool(row["FDocumentStatus"] == "B"))
        for row in rows:
            self._writes.advance(form, row, "Audit")
        return _told([row[form.number] for row in rows])

    def _reject(self, body: Row) -> Row:
        rows = self._some(ORDER, body, lambda row: bool(row["FDocumentStatus"] == "B"))
        for row in rows:
            self._writes.advance(find(ORDER), row, "CancelAssign")
        return _told([row["FBillNo"] for row in rows])

    def _close(self, body: Row) -> Row:
        rows = self._some(ORDER, body, lambda row: _live(row) and row["FCloseStatus"] == "A")
        for row in rows:
            self._writes.put(find(ORDER), {**row, "FCloseStatus": "B"})
        return _told([row["FBillNo"] for row in rows])

    def _invoice(self, body: Row) -> Row:
        form = body.get("form", "IV_SALESIC")
        if form not in ("IV_SALESIC", "IV_SALESOC"):
            raise ValueError("`form` is IV_SALESIC or IV_SALESOC")
        return self._each_once(form, self._invoice_of, body)

    def _each_once(self, name: str, make: Callable[[Row], tuple[Row, list[Row]]], body: Row) -> Row:
        """One document for every approved order that has none yet."""
        form = find(name)
        done = {row["FOrderNo"] for row in self._state.tables[name].rows.values()}
        orders = self._some(ORDER, body, lambda row: _live(row) and row["FBillNo"] not in done)
        made = []
        for order in orders:
            fields, lines = make(order)
            made.append(self._writes.make(form, {**fields, "FOrderNo": order["FBillNo"]}, lines)["FBillNo"])
        return _told([order["FBillNo"] for order in orders], made)

    def _delivery(self, order: Row) -> tuple[Row, list[Row]]:
        fields = {
            "FDate": self._writes.now(),
            "FSaleOrgId": order["FSaleOrgId"],
            "FCustomerID": order["FCustId"],
        }
        lines = [
            {"FMaterialID": line["FMaterialId"], "FUnitID": line["FUnitID"], "FRealQty": line["FQty"]}
            for line in order["entries"]
        ]
        return fields, lines

    def _receivable(self, order: Row) -> tuple[Row, list[Row]]:
        fields = {
            **_TENDER,
            "FDATE": self._writes.now(),
            "FENDDATE_H": self._writes.now() + _DUE_MS,
            "FCUSTOMERID": order["FCustId"],
            "FSETTLEORGID": order["FSaleOrgId"],
            "FALLAMOUNTFOR": str(total(order)),
            "FWRITTENOFFSTATUS": "A",
        }
        lines = [
            {
                "FMATERIALID": line["FMaterialId"],
                "FPriceQty": line["FQty"],
                "FTaxPrice": line["FTaxPrice"],
                "FALLAMOUNTFOR_D": line["FAllAmount"],
            }
            for line in order["entries"]
        ]
        return fields, lines

    def _invoice_of(self, order: Row) -> tuple[Row, list[Row]]:
        fields = {
            **_TENDER,
            "FDATE": self._writes.now(),
            "FINVOICEDATE": self._writes.now(),
            "FINVOICENO": f"{order['FID']:08d}",
            "FCUSTOMERID": order["FCustId"],
            "FSETTLEORGID": order["FSaleOrgId"],
            "FALLAMOUNTFOR": str(total(order)),
        }
        lines = [
            {
                "FMATERIALID": line["FMaterialId"],
                "FPRICEQTY": line["FQty"],
                "FTAXPRICE": line["FTaxPrice"],
                "FALLAMOUNTFOR_D": line["FAllAmount"],
            }
            for line in order["entries"]
        ]
        return fields, lines

    def _receive(self, body: Row) -> Row:
        """``part`` (default 1) of each approved order's total, never more than is open; 1 pays the rest."""
        part = Decimal(str(body.get("part", 1)))
        if not 0 < part <= 1:
            raise ValueError("`part` is above 0 and at most 1")
        paid: dict[str, Decimal] = {}
        for row in self._state.tables["AR_RECEIVEBILL"].rows.values():
            if row["FCancelStatus"] == "A":
                amount = Decimal(row["FRECEIVEAMOUNTFOR_H"])
                paid[row["FOrderNo"]] = paid.get(row["FOrderNo"], Decimal(0)) + amount
        orders = self._some(ORDER, body, lambda row: _live(row) and total(row) > paid.get(row["FBillNo"], Decimal(0)))
        made, amounts = [], []
        for order in orders:
            open_amount = total(order) - paid.get(order["FBillNo"], Decimal(0))
            amount = min(cents(total(order) * part), open_amount) if part < 1 else open_amount
            made.append(self._receipt(order, str(amount)))
            amounts.append(str(amount))
        return {**_told([order["FBillNo"] for order in orders], made), "amounts": amounts}

    def _receipt(self, order: Row, amount: str) -> str:
        fields = {
            **_TENDER,
            "FDATE": self._writes.now(),
            "FCONTACTUNITTYPE": "BD_Customer",
            "FCONTACTUNIT": order["FCustId"],
            "FPAYUNIT": order["FCustId"],
            "FSETTLEORGID": order["FSaleOrgId"],
            "FPAYORGID": order["FSaleOrgId"],
            "FRECEIVEAMOUNTFOR_H": amount,
            "FOrderNo": order["FBillNo"],
        }
        line = {"FSETTLETYPEID": "JSFS04_SYS", "FPURPOSEID": "SFKYT01_SYS", "FRECTOTALAMOUNTFOR": amount}
        return str(self._writes.make(find("AR_RECEIVEBILL"), fields, [line])["FBillNo"])

    def _some(self, form: str, body: Row, wanted: Callable[[Row], bool]) -> list[Row]:
        """Records by id that are wanted, named in ``numbers`` if there are any, at most ``limit``."""
        number = find(form).number
        only = {folded(one) for one in body["numbers"]} if body.get("numbers") is not None else None
        rows = [
            row
            for row in self._state.tables[form].after(None)
            if row.get("FCancelStatus") != "B" and (only is None or folded(row[number]) in only) and wanted(row)
        ]
        return rows if body.get("limit") is None else rows[: int(body["limit"])]


def _live(order: Row) -> bool:
    """Approved, and not cancelled."""
    return bool(order["FDocumentStatus"] == "C" and order["FCancelStatus"] == "A")


def _told(orders: list[str], documents: list[str] | None = None) -> Row:
    told: Row = {"count": len(orders), "numbers": orders}
    return told if documents is None else {**told, "documents": documents}
