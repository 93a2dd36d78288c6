"""What the simulated Fxiaoke tenant holds: rows made from the seed."""

from __future__ import annotations

import random
from typing import Any, Final

from connectors.testing import words
from connectors.testing.seed import Seed, View, truth
from connectors.testing.table import Table
from connectors.vendors.fxiaoke.simulator_objects import MASTER_OF, OBJECTS, STAGES, Row

DAY_MS: Final = 86_400_000
FIRST_MS: Final = 1_735_660_800_000
"""2025-01-01 00:00 in China: no seeded record is older."""
ADMIN: Final = "1000"
SELLERS: Final = ("1001", "1002", "1003", "1004", "1005")


PEOPLE: Final = {ADMIN: "系统管理员", "1001": "王伟", "1002": "李静", "1003": "张敏", "1004": "刘洋", "1005": "陈杰"}


def open_user_id(user: str) -> str:
    """The ``FSUID_`` form of a CRM employee id."""
    return f"FSUID_{int(user) * 7919:032X}"


def new_row(obj: str, key: str, fields: Row, owner: str, at_ms: int) -> Row:
    """A row with the system fields that every object has."""
    return {
        "_id": key,
        "object_describe_api_name": obj,
        "record_type": "default__c",
        "owner": [owner],
        "created_by": [owner],
        "create_time": at_ms,
        "last_modified_by": [owner],
        "last_modified_time": at_ms,
        "life_status": "normal",
        "lock_status": "0",
        "is_deleted": False,
        "version": "1",
        "owner_department": "销售部",
        "data_own_department": ["999999"],
        **fields,
    }


def tables(seed: Seed, number: int) -> tuple[dict[str, Table[str]], dict[str, Any]]:
    """Every object's table, and the ground truth. ``number`` is the seed's number."""
    rng = random.Random(number * 31 + 7)
    rows: dict[str, list[tuple[str, Row]]] = {obj: [] for obj in OBJECTS}
    keys: dict[tuple[str, int], str] = {}
    last = FIRST_MS
    for view in seed.crm:
        last += rng.randint(0, 8000)  # many share a millisecond or a second, as after an import
        key = _new_id(rng, last)
        keys[view.company.number, view.copy] = key
        owner = rng.choice(SELLERS)
        rows["AccountObj"].append((key, new_row("AccountObj", key, _account(rng, view), owner, last)))
        _children(rng, rows, view, key, owner, last)
    for index, name in enumerate(words.PRODUCTS):
        key = _new_id(rng, FIRST_MS + index)
        fields = {"name": name, "product_code": f"P{index + 1:03d}", "price": f"{rng.randint(10, 9000)}.00"}
        rows["ProductObj"].append((key, new_row("ProductObj", key, fields, ADMIN, FIRST_MS)))
    for user, name in PEOPLE.items():
        key = _new_id(rng, FIRST_MS)
        mail = f"u{user}@crm.example"
        fields = {"name": name, "full_name": name, "user_id": user, "phone": "", "email": mail, "status": "0"}
        rows["PersonnelObj"].append((key, new_row("PersonnelObj", key, fields, ADMIN, FIRST_MS)))
    _opportunity_lines(random.Random(number * 53 + 19), rows)
    _leads(random.Random(number * 59 + 23), rows, seed)
    made = {obj: _table(obj, pairs) for obj, pairs in rows.items()}
    return made, {"object": "AccountObj", "companies": truth(seed.crm, keys)}


def _table(obj: str, pairs: list[tuple[str, Row]]) -> Table[str]:
    """Rows of a detail object can be looked up by their master."""
    master = MASTER_OF.get(obj)
    number_of = (lambda row: str(row.get(master[1]) or "")) if master else None
    return Table[str](lambda row: int(row["last_modified_time"]), pairs, number_of)


def _opportunity_lines(rng: random.Random, rows: dict[str, list[tuple[str, Row]]]) -> None:
    """One to three lines for each opportunity, which add up to its amount."""
    products = [key for key, _ in rows["ProductObj"]]
    for deal, row in rows["NewOpportunityObj"]:
        count = rng.randint(1, 3)
        hundreds = int(float(row["amount"])) // 100
        cuts = sorted(rng.sample(range(1, hundreds), count - 1))
        for low, high in zip([0, *cuts], [*cuts, hundreds], strict=True):
            quantity = rng.choice((1, 2, 4, 5, 10))
            at = row["last_modified_time"]
            key = _new_id(rng, at)
            fields = {
                "name": f"SJMX{len(rows['NewOpportunityLinesObj']) + 1:06d}",
                "new_opportunity_id": deal,
                "product_id": rng.choice(products),
                "quantity": str(quantity),
                "sales_price": f"{(high - low) * 100 / quantity:.2f}",
            }
            made = new_row("NewOpportunityLinesObj", key, fields, row["owner"][0], at)
            rows["NewOpportunityLinesObj"].append((key, made))


def _leads(rng: random.Random, rows: dict[str, list[tuple[str, Row]]], seed: Seed) -> None:
    """A lead for every tenth company, met before it became a customer."""
    for company in seed.companies[::10]:
        person = company.people[0]
        at = FIRST_MS + rng.randint(0, 8_000_000)
        key = _new_id(rng, at)
        fields = {
            "name": person.name,
            "company": company.name,
            "job_title": person.title,
            "mobile": person.mobile,
            "email": person.email,
            "biz_status": rng.choice(("un_assigned", "un_processed", "processed")),
        }
        rows["LeadsObj"].append((key, new_row("LeadsObj", key, fields, rng.choice(SELLERS), at)))


def _account(rng: random.Random, view: View) -> Row:
    company = view.company
    return {
        "name": view.name,
        "account_no": f"KH{company.number[1:]}-{view.copy}",
        "account_level": company.level,
        "account_source": rng.choice(("web", "expo", "other")),
        "industry_level1": company.trade[1],
        "tel": view.phone,
        "email": f"info@c{sum(map(ord, company.brand)) % 9973:04d}.example",
        "address": company.address,
        "uscc_code__c": view.code or None,
        "annual_revenue__c": f"{rng.randint(50, 90000)}.{rng.randint(0, 99):02d}",
    }


def _children(
    rng: random.Random, rows: dict[str, list[tuple[str, Row]]], view: View, key: str, owner: str, at: int
) -> None:
    for person in view.company.people:
        contact = _new_id(rng, at)
        fields = {
            "name": person.name,
            "account_id": key,
            "job_title": person.title,
            "mobile": person.mobile,
            "email": person.email,
        }
        rows["ContactObj"].append((contact, new_row("ContactObj", contact, fields, owner, at)))
    if rng.random() < 0.25:
        deal = _new_id(rng, at)
        deal_fields: Row = {
            "name": f"{view.company.brand}{rng.choice(words.PRODUCTS)}项目",
            "account_id": key,
            "sales_stage": rng.choice(STAGES)[0],
            "amount": f"{rng.randint(1, 500)}0000.00",
            "close_date": FIRST_MS + rng.randint(30, 700) * DAY_MS,
        }
        rows["NewOpportunityObj"].append((deal, new_row("NewOpportunityObj", deal, deal_fields, owner, at)))


def _new_id(rng: random.Random, at_ms: int) -> str:
    """24 hexadecimal digits that begin with the second of creation, as the vendor's ids do."""
    return f"{at_ms // 1000:08x}{rng.getrandbits(64):016x}"
