"""What the simulated K3Cloud account set holds: customers made from the seed, materials, organisations, currencies."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from connectors.testing.seed import Seed, truth
from connectors.testing.table import Table
from connectors.testing.words import PRODUCTS
from connectors.vendors.kingdee.simulator_forms import FORMS, Form, Row, find

CHINA: Final = timezone(timedelta(hours=8))
CUSTOMER: Final = "BD_Customer"
MATERIAL: Final = "BD_MATERIAL"
FIRST_MS: Final = 1_735_660_800_000
BASE_DATA: Final[dict[str, dict[str, tuple[int, str]]]] = {
    "org": {"100": (1, "总公司"), "200": (2, "华东分公司")},
    "group": {"G01": (1, "重点客户"), "G02": (2, "普通客户")},
    "currency": {"PRE001": (1, "人民币"), "PRE007": (7, "美元")},
    "unit": {"Pcs": (1, "件"), "Set": (2, "套")},
    "bill_type": {"XSDD01_SYS": (1, "标准销售订单"), "XSDD02_SYS": (2, "寄售销售订单")},
    "saler": {f"S{n:03d}": (1000 + n, f"销售员{n}") for n in range(1, 6)},
    "settle_type": {"JSFS04_SYS": (4, "电汇")},
    "purpose": {"SFKYT01_SYS": (1, "销售收款")},
}


def local_time(ms: int) -> str:
    """A time as the server writes it: local, without zone, with milliseconds when it has any."""
    moment = datetime.fromtimestamp(ms / 1000, UTC).astimezone(CHINA).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")


def folded(value: Any) -> str:
    """Text as the server's collation compares it: without regard to case and trailing spaces."""
    return str("" if value is None else value).rstrip().casefold()


def tables(seed: Seed, number: int) -> tuple[dict[str, Table[Any]], dict[str, Any]]:
    """Every form's rows, customers first, and the ground truth. ``number`` is the seed's number."""
    customers, keys = _customers(seed, number)
    rows: dict[str, list[tuple[int, Row]]] = {CUSTOMER: customers, MATERIAL: _materials()}
    made = {form.name: _table(form, rows.get(form.name, [])) for form in FORMS.values()}
    return made, {"object": CUSTOMER, "companies": truth(seed.erp, keys)}


def _table(form: Form, rows: list[tuple[int, Row]]) -> Table[Any]:
    return Table(lambda row: int(row["FModifyDate"]), rows, lambda row: folded(row[form.number]))


def _customers(seed: Seed, number: int) -> tuple[list[tuple[int, Row]], dict[tuple[str, int], str]]:
    rng = random.Random(number * 37 + 11)
    form = find(CUSTOMER)
    rows: list[tuple[int, Row]] = []
    keys: dict[tuple[str, int], str] = {}
    at = FIRST_MS
    for index, view in enumerate(seed.erp):
        at += rng.choice((0, 0, 3, 1000, 60_000))
        key = form.first_id + index
        keys[view.company.number, view.copy] = str(key)
        row = blank(form, key, at)
        row |= {
            "FNumber": f"CUST{index + 1:06d}",
            "FName": view.name,
            "FCreateOrgId": "100",
            "FUseOrgId": "100",
            "FGroup": "G01" if view.company.level == "A" else "G02",
            "FTRADINGCURRID": "PRE001",
            "FTEL": view.phone,
            "FADDRESS": view.company.address,
            "FSOCIALCRECODE": view.code,
            "FCREDITLIMIT": f"{rng.randint(0, 500)}000.50",
            "FDocumentStatus": "C",
            "FApproveDate": at,
        }
        row["entries"] = [
            {
                "FEntryID": key * 10 + line,
                "FNUMBER1": f"BIZ{key}{line}",
                "FNAME1": person.name,
                "FMOBILE": person.mobile,
                "FADDRESS1": "",
            }
            for line, person in enumerate(view.company.people)
        ]
        rows.append((key, row))
    return rows, keys


def _materials() -> list[tuple[int, Row]]:
    form = find(MATERIAL)
    rows: list[tuple[int, Row]] = []
    for index, name in enumerate(PRODUCTS):
        row = blank(form, form.first_id + index, FIRST_MS)
        row |= {
            "FNumber": f"P{index + 1:03d}",
            "FName": name,
            "FBaseUnitId": "Pcs",
            "FCreateOrgId": "100",
            "FUseOrgId": "100",
            "FDocumentStatus": "C",
            "FApproveDate": FIRST_MS,
        }
        rows.append((form.first_id + index, row))
    return rows


def blank(form: Form, key: int, at_ms: int) -> Row:
    """A new record: status A (created), in use, no lines. Times are milliseconds, numbers are text."""
    empty = {"number": "0", "time": None, "integer": 0}
    row: Row = {field.name: empty.get(field.type, "") for field in form.head}
    row |= {form.key: key, "FDocumentStatus": "A", "FCreateDate": at_ms, "FModifyDate": at_ms, "entries": []}
    for name in ("FForbidStatus", "FCloseStatus", "FCancelStatus"):
        if name in row:
            row[name] = "A"
    return row
