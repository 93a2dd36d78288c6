"""Lines of the simulated K3Cloud's documents: who they are, in which order, and what the system computes in them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from connectors.vendors.kingdee.simulator_forms import Form, Row

_CENT: Final = Decimal("0.01")
_FINE: Final = Decimal("0.000001")
_BASIS: Final = frozenset({"FQty", "FPrice", "FTaxPrice", "FEntryTaxRate"})


def merged(form: Form, row: Row, lines: list[Row], *, delete_others: bool) -> Row:
    """The record with these lines: one with the id of an old line changes it, any other is added at the end.

    An id is never given twice in a record, also after its line was deleted.
    """
    kept = {line["FEntryID"]: line for line in row["entries"]}
    last = max([int(row.get("last_line") or row[form.key] * 100_000), *kept])
    named: set[int] = set()
    for line in lines:
        number = int(line.get("FEntryID") or 0)
        if not number:
            last += 1
            number = last
        elif number not in kept:
            last = max(last, number)
        whole = {**_blank(form), **kept.get(number, {}), **line, "FEntryID": number}
        kept[number] = _computed(form, whole, set(line))
        named.add(number)
    entries = [line for number, line in kept.items() if number in named or not delete_others]
    if "FSEQ" in form.line_fields:
        entries = [{**line, "FSeq": place} for place, line in enumerate(entries, 1)]
    return {**row, "entries": entries, "last_line": last}


def total(order: Row) -> Decimal:
    """An order's amount with tax."""
    return sum((Decimal(line["FAllAmount"]) for line in order["entries"]), Decimal(0))


def cents(amount: Decimal) -> Decimal:
    """Rounded as money is."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _blank(form: Form) -> Row:
    empty = {"number": "0", "time": None}
    return {field.name: empty.get(field.type, "") for field in form.lines if not field.given}


def _computed(form: Form, line: Row, given: set[str]) -> Row:
    """What the system fills in of an order's line: unit, prices, amounts. What was given stays as given."""
    if form.name != "SAL_SaleOrder":
        return line
    line = {**line, "FUnitID": line["FUnitID"] or "Pcs"}
    if not given & _BASIS:
        return line
    quantity, factor = Decimal(line["FQty"]), 1 + Decimal(line["FEntryTaxRate"]) / 100
    if "FTaxPrice" in given or "FPrice" not in given:
        taxed = Decimal(line["FTaxPrice"])
        price = Decimal(line["FPrice"]) if "FPrice" in given else (taxed / factor).quantize(_FINE, ROUND_HALF_UP)
    else:
        price = Decimal(line["FPrice"])
        taxed = (price * factor).quantize(_FINE, ROUND_HALF_UP)
    line |= {"FPrice": str(price), "FTaxPrice": str(taxed)}
    if "FAmount" not in given:
        line["FAmount"] = str(cents(quantity * price))
    if "FAllAmount" not in given:
        line["FAllAmount"] = str(cents(quantity * taxed))
    return line
