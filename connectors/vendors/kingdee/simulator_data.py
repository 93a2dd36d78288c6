"""What the simulated K3Cloud account set holds: customers made from the seed, organisations, groups, currencies."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from connectors.testing.seed import Seed, truth
from connectors.testing.table import Table

CHINA: Final = timezone(timedelta(hours=8))
FORM: Final = "BD_Customer"
ENTRY: Final = "FT_BD_CUSTCONTACT"
FIRST_ID: Final = 100001
FIRST_MS: Final = 1_735_660_800_000
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form. ``to``: the base data a reference points to. ``given``: set by the system, not by Save."""

    name: str
    type: str = "text"
    to: str = ""
    required: bool = False
    given: bool = False
    entry: bool = False


_FIELDS: Final = (
    Field("FCUSTID", "integer", given=True),
    Field("FNumber"),
    Field("FName", required=True),
    Field("FShortName"),
    Field("FCreateOrgId", "reference", to="org", required=True),
    Field("FUseOrgId", "reference", to="org", required=True),
    Field("FGroup", "reference", to="group"),
    Field("FTRADINGCURRID", "reference", to="currency"),
    Field("FTEL"),
    Field("FADDRESS"),
    Field("FSOCIALCRECODE"),
    Field("FCREDITLIMIT", "number"),
    Field("FDocumentStatus", given=True),
    Field("FForbidStatus", given=True),
    Field("FCreateDate", "time", given=True),
    Field("FModifyDate", "time", given=True),
    Field("FApproveDate", "time", given=True),
    Field("F_TM_REMARK"),
    Field("FEntryID", "integer", given=True, entry=True),
    Field("FNUMBER1", entry=True),
    Field("FNAME1", entry=True),
    Field("FADDRESS1", entry=True),
    Field("FMOBILE", entry=True),
)
FIELDS: Final = {field.name.upper(): field for field in _FIELDS}
BASE_DATA: Final[dict[str, dict[str, tuple[int, str]]]] = {
    "org": {"100": (1, "总公司"), "200": (2, "华东分公司")},
    "group": {"G01": (1, "重点客户"), "G02": (2, "普通客户")},
    "currency": {"PRE001": (1, "人民币"), "PRE007": (7, "美元")},
}


def local_time(ms: int) -> str:
    """A time as the server writes it: local, without zone, with milliseconds when it has any."""
    moment = datetime.fromtimestamp(ms / 1000, UTC).astimezone(CHINA).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds" if ms % 1000 else "seconds")


def table(seed: Seed, number: int) -> tuple[Table[int], dict[str, Any]]:
    """The customers, and the ground truth. ``number`` is the seed's number."""
    rng = random.Random(number * 37 + 11)
    rows: list[tuple[int, Row]] = []
    keys: dict[tuple[str, int], str] = {}
    at = FIRST_MS
    for index, view in enumerate(seed.erp):
        at += rng.choice((0, 0, 3, 1000, 60_000))
        key = FIRST_ID + index
        keys[view.company.number, view.copy] = str(key)
        row = blank(key, at)
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
    made = Table[int](lambda row: int(row["FModifyDate"]), rows, lambda row: str(row["FNumber"]).casefold())
    return made, {"object": FORM, "companies": truth(seed.erp, keys)}


def blank(key: int, at_ms: int) -> Row:
    """A new customer: status A (created), enabled, no lines. Times are milliseconds."""
    texts = {field.name: "" for field in _FIELDS if not field.entry and field.type in ("text", "reference")}
    return {
        **texts,
        "FCUSTID": key,
        "FCREDITLIMIT": "0",
        "FDocumentStatus": "A",
        "FForbidStatus": "A",
        "FCreateDate": at_ms,
        "FModifyDate": at_ms,
        "FApproveDate": None,
        "entries": [],
    }
