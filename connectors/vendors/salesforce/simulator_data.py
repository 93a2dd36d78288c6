"""The simulated organisation's records, and everything that happens to one record."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.testing.seed import Seed, View, generate, truth
from connectors.testing.simulator import State
from connectors.testing.table import Table
from connectors.testing.words import PRODUCTS
from connectors.vendors.salesforce.simulator_fields import KINDS, Field, Kind, new_id

Row = dict[str, Any]
_FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_STAGES = ("Prospecting", "Value Proposition", "Negotiation/Review", "Closed Won", "Closed Lost")
_INDUSTRIES = {
    "medical": "Healthcare", "manufacturing": "Manufacturing", "electronics": "Electronics", "software": "Technology",
    "energy": "Energy", "construction": "Construction", "trade": "Retail", "logistics": "Transportation",
    "food": "Food & Beverage", "education": "Education", "media": "Media",
}  # fmt: skip


def stamp(seconds: float) -> str:
    """A moment as answers write it. Whole seconds, as records are stamped."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def moment(text: str) -> datetime:
    """The moment that a record's text says."""
    return datetime.fromisoformat(text)


def changed_at(row: Row) -> int:
    """The millisecond of a row's last change."""
    return int(moment(row["SystemModstamp"]).timestamp() * 1000)


class Organisation:
    """All records, with ids, stamps and the log of deletes. ``user``: who calls come from."""

    def __init__(self, seed: int, customers: int) -> None:
        self.state = State({name: Table[str](changed_at) for name in KINDS}, {})
        self.deleted: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self.added: dict[str, dict[str, Field]] = defaultdict(dict)
        self._made: dict[str, int] = defaultdict(int)
        self._at = _FIRST_DAY.timestamp()
        self._seeding = True
        self.user = ""
        _Seeding(self).fill(generate(seed, customers))
        self._seeding = False

    def table(self, kind: Kind) -> Table[str]:
        """The records of an object."""
        return self.state.tables[kind.name]

    def now(self) -> float:
        """The organisation's clock; while it is filled, a minute later for each record."""
        if not self._seeding:
            return self.state.clock.now()
        self._at += 61
        return self._at

    def live(self, kind: Kind, key: str) -> Row | None:
        """A record that was not deleted."""
        row = self.table(kind).rows.get(key)
        return None if row is None or row.get("IsDeleted") else row

    def insert(self, kind: Kind, fields: Row) -> Row:
        """A new record. What is not given is empty, or what the system sets."""
        self._made[kind.name] += 1
        number = self._made[kind.name]
        at = stamp(self.now())
        row: Row = {name: False if field.type == "boolean" else None for name, field in kind.fields.items()}
        row |= {"Id": new_id(kind.prefix, number), "CreatedDate": at, "CreatedById": self.user}
        row |= _preset(kind, self.user, number)
        row |= {name: value for name, value in fields.items() if name in kind.fields}
        return self._put(kind, row, at)

    def customise(self, kind: Kind, fields: Row) -> None:
        """An administrator adds the custom fields that the object does not have yet."""
        for name in fields:
            if name.endswith("__c") and name not in kind.fields:
                self.added[kind.name][name] = Field(name, "string", 255, custom=True)

    def change(self, kind: Kind, key: str, fields: Row) -> Row:
        """Change some fields of a record."""
        row = {**self.table(kind).rows[key], **{name: value for name, value in fields.items() if name in kind.fields}}
        return self._put(kind, row, stamp(self.now()))

    def delete(self, kind: Kind, key: str) -> None:
        """Into the recycle bin: the row stays for queries of everything."""
        self._put(kind, {**self.table(kind).rows[key], "IsDeleted": True}, stamp(self.now()))
        self.deleted[kind.name].append((self.now(), key))

    def purge(self, kind: Kind) -> int:
        """The recycle bin is emptied: deleted rows are gone for good, the log of deletes stays."""
        table = self.table(kind)
        gone = [key for key, row in table.rows.items() if row.get("IsDeleted")]
        for key in gone:
            table.remove(key)
        return len(gone)

    def touch(self, kind: Kind, key: str, at: float, fields: Row) -> None:
        """A change that has this time, whatever the clock says."""
        row = {**self.table(kind).rows[key], **fields}
        self._put(kind, row, stamp(at))

    def _put(self, kind: Kind, row: Row, at: str) -> Row:
        row |= {"LastModifiedDate": at, "LastModifiedById": self.user, "SystemModstamp": at}
        row |= _computed(kind, row, self)
        self.table(kind).put(row["Id"], row)
        if kind.name == "OrderItem" and row.get("OrderId"):
            self._sum_up(row["OrderId"], at)
        return row

    def _sum_up(self, order: str, at: str) -> None:
        """An order's total follows its items."""
        kind = KINDS["Order"]
        row = self.table(kind).rows.get(order)
        if row is not None:
            items = [each for each in self.state.tables["OrderItem"].rows.values() if each["OrderId"] == order]
            total = sum(each["TotalPrice"] or 0 for each in items if not each["IsDeleted"])
            self.table(kind).put(order, {**row, "TotalAmount": total, "LastModifiedDate": at, "SystemModstamp": at})


def _preset(kind: Kind, user: str, number: int) -> Row:
    presets: Row = {
        "OwnerId": user,
        "Status": {"Lead": "Open", "Contract": "Draft", "Task": "Not Started"}.get(kind.name),
        "Priority": "Normal",
        "IsActive": True,
        "ContractNumber": f"{number:08d}",
        "OrderNumber": f"{number:08d}",
        "OrderItemNumber": f"{number:010d}",
        "ForecastCategoryName": "Pipeline",
        "TimeZoneSidKey": "Asia/Shanghai",
    }
    return {name: value for name, value in presets.items() if name in kind.fields and value is not None}


def _computed(kind: Kind, row: Row, of: Organisation) -> Row:
    """Fields that the system works out."""
    found: Row = {}
    if "LastName" in kind.fields:
        found["Name"] = " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)
    if kind.name == "Opportunity":
        closed = str(row.get("StageName") or "").startswith("Closed")
        found |= {"IsClosed": closed, "IsWon": row.get("StageName") == "Closed Won"}
    if kind.name == "OrderItem":
        entry = of.state.tables["PricebookEntry"].rows.get(str(row.get("PricebookEntryId")), {})
        found["Product2Id"] = entry.get("Product2Id")
        found["TotalPrice"] = (row.get("Quantity") or 0) * (row.get("UnitPrice") or 0)
    if kind.name == "Contract" and row.get("StartDate") and row.get("ContractTerm"):
        start = date.fromisoformat(row["StartDate"])
        found["EndDate"] = (start + timedelta(days=round(30.44 * row["ContractTerm"]) - 1)).isoformat()
    return found


class _Seeding:
    def __init__(self, of: Organisation) -> None:
        self._of = of

    def fill(self, seed: Seed) -> None:
        made = self._made
        made("Organization", Name="通脉演示公司", OrganizationType="Enterprise Edition")
        users = [
            made("User", Username=f"user{n}@tongmai.example", LastName=name[0], FirstName=name[1:], Alias=f"user{n}",
                 Email=f"user{n}@tongmai.example", Department="销售部", EmployeeNumber=f"E{n:04d}")
            for n, name in enumerate(("王集成", "李华", "张敏", "刘洋", "陈静"), 1)
        ]  # fmt: skip
        self._of.user = users[0]
        book = made("Pricebook2", Name="标准价目表")
        products = [
            made("Product2", Name=name, ProductCode=f"P-{n:03d}", Family="软件") for n, name in enumerate(PRODUCTS, 1)
        ]
        entries = [
            made("PricebookEntry", Pricebook2Id=book, Product2Id=each, UnitPrice=1000 * n)
            for n, each in enumerate(products, 1)
        ]
        keys: dict[tuple[str, int], str] = {}
        for number, view in enumerate(seed.crm):
            account = self._account(view, users[number % len(users)])
            keys[view.company.number, view.copy] = account
            if view.copy == 0:
                self._of_customer(number, view, account, entries[number % len(entries)], book)
        self._of.state.truth = truth(seed.crm, keys)

    def _account(self, view: View, owner: str) -> str:
        company = view.company
        return self._made(
            "Account", Name=view.name, Phone=view.phone, Industry=_INDUSTRIES.get(company.trade[1]), Type="Customer",
            BillingCity=company.place[2], BillingState=company.place[1], BillingCountry="中国",
            BillingStreet=company.address, USCC__c=view.code or None, OwnerId=owner,
        )  # fmt: skip

    def _of_customer(self, number: int, view: View, account: str, entry: str, book: str) -> None:
        made, company = self._made, view.company
        contacts = [
            made("Contact", LastName=person.name[0], FirstName=person.name[1:], AccountId=account, Email=person.email,
                 MobilePhone=person.mobile, Title=person.title)
            for person in company.people
        ]  # fmt: skip
        if number % 5 == 0:
            person = company.people[0]
            made("Lead", LastName=person.name[0], FirstName=person.name[1:], Company=view.name, Email=person.email)
        if number % 3 == 0:
            made("Task", Subject="回访", WhoId=contacts[0], WhatId=account, ActivityDate="2026-03-01")
        if number % 4 == 0:
            made("Opportunity", Name=f"{company.brand} 2026 年度采购", AccountId=account, StageName=_STAGES[number // 4 % 5],
                 CloseDate="2026-06-30", Amount=10_000 + number)  # fmt: skip
        if number % 8 == 0:
            contract = made("Contract", AccountId=account, StartDate="2026-02-01", ContractTerm=12)
            order = made("Order", AccountId=account, EffectiveDate="2026-02-10", Status="Draft", ContractId=contract,
                         Pricebook2Id=book)  # fmt: skip
            for quantity in (1, 2):
                made("OrderItem", OrderId=order, PricebookEntryId=entry, Quantity=quantity, UnitPrice=500)

    def _made(self, name: str, **fields: Any) -> str:
        return str(self._of.insert(KINDS[name], fields)["Id"])
