"""What the simulated organisation's objects look like: fields, their types, what they refer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_IDS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SYSTEM: Final = """
Id id readonly
IsDeleted boolean readonly
CreatedDate datetime readonly
CreatedById reference readonly ->User
LastModifiedDate datetime readonly
LastModifiedById reference readonly ->User
SystemModstamp datetime readonly
"""
_KEY: Final = """
OwnerId reference ->User default
Tongmai_Key__c string 255 external unique custom
"""
_ADDRESS: Final = """
{0}Street textarea 255
{0}City string 40
{0}State string 80
{0}PostalCode string 20
{0}Country string 80
"""
_OBJECTS: Final[dict[str, tuple[str, str, str]]] = {
    "Account": (
        "001",
        "Accounts",
        """
Name string 255 required
AccountNumber string 40
Type picklist 255 values=Prospect|Customer|Partner|Other
Industry picklist 255
Phone phone 40
Website url 255
AnnualRevenue currency
NumberOfEmployees int
ParentId reference ->Account
IsPersonAccount boolean readonly
Description textarea 32000
Rating picklist 255 values=Hot|Warm|Cold restricted
USCC__c string 18 custom
Legacy_Id__c string 40 external custom
"""
        + _ADDRESS.format("Billing")
        + _KEY,
    ),
    "Contact": (
        "003",
        "Contacts",
        """
LastName string 80 required
FirstName string 40
Name string 121 readonly
AccountId reference ->Account
Email email 80
Phone phone 40
MobilePhone phone 40
Title string 128
Department string 80
ReportsToId reference ->Contact:ReportsTo
"""
        + _KEY,
    ),
    "Lead": (
        "00Q",
        "Leads",
        """
LastName string 80 required
FirstName string 40
Name string 121 readonly
Company string 255 required
Status picklist 255 required default values=Open|Working|Closed restricted
Title string 128
Email email 80
Phone phone 40
MobilePhone phone 40
LeadSource picklist 255
Rating picklist 255 values=Hot|Warm|Cold restricted
IsConverted boolean readonly
ConvertedAccountId reference readonly ->Account
ConvertedContactId reference readonly ->Contact
ConvertedOpportunityId reference readonly ->Opportunity
"""
        + _KEY,
    ),
    "Opportunity": (
        "006",
        "Opportunities",
        """
Name string 120 required
AccountId reference ->Account
StageName picklist 255 required values=Prospecting|Qualification|Needs Analysis|Value Proposition|Id. Decision Makers|Perception Analysis|Proposal/Price Quote|Negotiation/Review|Closed Won|Closed Lost
CloseDate date required
Amount currency
Probability percent
ForecastCategoryName picklist 40 default values=Omitted|Pipeline|Best Case|Commit|Closed restricted
IsClosed boolean readonly
IsWon boolean readonly
Pricebook2Id reference ->Pricebook2
Description textarea 32000
"""
        + _KEY,
    ),
    "Contract": (
        "800",
        "Contracts",
        """
AccountId reference required ->Account
ContractNumber string 30 readonly
Name string 80
Status picklist 255 default values=Draft|In Approval Process|Activated restricted
StartDate date
ContractTerm int
EndDate date readonly
"""
        + _KEY,
    ),
    "Order": (
        "801",
        "Orders",
        """
AccountId reference required ->Account
OrderNumber string 30 readonly
Name string 80
EffectiveDate date required
Status picklist 255 required values=Draft|Activated restricted
ContractId reference ->Contract
Pricebook2Id reference ->Pricebook2
TotalAmount currency readonly
Description textarea 32000
"""
        + _KEY,
    ),
    "OrderItem": (
        "802",
        "OrderItems",
        """
OrderId reference required ->Order
PricebookEntryId reference required ->PricebookEntry
Product2Id reference readonly ->Product2
OrderItemNumber string 30 readonly
Quantity double required
UnitPrice currency required
TotalPrice currency readonly
""",
    ),
    "Product2": (
        "01t",
        "Products",
        """
Name string 255 required
ProductCode string 255
Family picklist 255
Description textarea 4000
IsActive boolean default
Tongmai_Key__c string 255 external unique custom
""",
    ),
    "Pricebook2": ("01s", "Price books", "Name string 255 required\nIsActive boolean default\n"),
    "PricebookEntry": (
        "01u",
        "Price book entries",
        "Pricebook2Id reference required ->Pricebook2\nProduct2Id reference required ->Product2\n"
        "UnitPrice currency required\nIsActive boolean default\n",
    ),
    "User": (
        "005",
        "Users",
        """
Username string 80 required
LastName string 80 required
FirstName string 40
Name string 121 readonly
Alias string 8 required
Email email 128 required
IsActive boolean default
Department string 80
Title string 80
Phone phone 40
MobilePhone phone 40
EmployeeNumber string 20
FederationIdentifier string 512
ManagerId reference ->User
TimeZoneSidKey picklist 40 default
""",
    ),
    "Task": (
        "00T",
        "Tasks",
        """
Subject string 255
Status picklist 255 required default values=Not Started|In Progress|Completed restricted
Priority picklist 255 default values=High|Normal|Low restricted
ActivityDate date
WhoId reference ->Contact
WhatId reference ->Account
Description textarea 32000
"""
        + _KEY,
    ),
    "Organization": ("00D", "Organization", "Name string 80 required\nOrganizationType picklist 40\n"),
}
CHILDREN: Final = {"Order": {"OrderItems": ("OrderItem", "OrderId")}, "Account": {"Contacts": ("Contact", "AccountId")}}
"""Names under which the records that refer to one can be selected with it."""
_NEVER_DELETED: Final = ("User", "Organization")


@dataclass(frozen=True)
class Field:
    """One field. ``target``: the object that a reference leads to; ``relation``: the name to reach it by in a query."""

    name: str
    type: str
    length: int = 0
    values: tuple[str, ...] = ()
    restricted: bool = False
    required: bool = False
    default: bool = False
    readonly: bool = False
    external: bool = False
    unique: bool = False
    custom: bool = False
    target: str = ""
    relation: str = ""

    def described(self) -> dict[str, Any]:
        """As ``describe`` tells of it."""
        return {
            "name": self.name,
            "label": self.name.removesuffix("__c").replace("_", " "),
            "type": self.type,
            "length": self.length,
            "precision": 18 if self.type in ("currency", "double", "percent") else 0,
            "scale": 2 if self.type in ("currency", "double", "percent") else 0,
            "nillable": not self.required and self.type not in ("id", "boolean"),
            "createable": not self.readonly,
            "updateable": not self.readonly,
            "defaultedOnCreate": self.default or self.type == "boolean",
            "externalId": self.external,
            "idLookup": self.external or self.name == "Id",
            "unique": self.unique,
            "custom": self.custom,
            "calculated": False,
            "referenceTo": [self.target] if self.target else [],
            "relationshipName": self.relation or None,
            "picklistValues": [
                {"value": value, "label": value, "active": True, "defaultValue": False} for value in self.values
            ],
            "restrictedPicklist": self.restricted,
            "dependentPicklist": False,
        }


@dataclass(frozen=True)
class Kind:
    """One object. ``prefix``: how its ids begin."""

    name: str
    prefix: str
    plural: str
    fields: dict[str, Field]
    deletable: bool

    def field(self, name: str) -> Field | None:
        """A field by its name in any case."""
        return self.fields.get(name) or next((f for n, f in self.fields.items() if n.lower() == name.lower()), None)

    def related(self, name: str) -> Field | None:
        """The reference whose relation has this name."""
        return next((f for f in self.fields.values() if f.relation and f.relation.lower() == name.lower()), None)

    def described(self) -> dict[str, Any]:
        """As the list of objects tells of it."""
        return {
            "name": self.name,
            "label": self.plural,
            "keyPrefix": self.prefix,
            "queryable": True,
            "createable": self.name != "Organization",
            "updateable": self.name != "Organization",
            "deletable": self.deletable,
            "replicateable": self.deletable,
            "custom": False,
        }


def _kind(name: str, prefix: str, plural: str, text: str) -> Kind:
    lines = [line for line in (_SYSTEM + text).splitlines() if line.strip()]
    deletable = name not in _NEVER_DELETED
    fields = [_field(line) for line in lines if deletable or not line.startswith("IsDeleted")]
    return Kind(name, prefix, plural, {field.name: field for field in fields}, deletable)


def _field(line: str) -> Field:
    head, _, values = line.partition(" values=")
    restricted = values.endswith(" restricted")
    words = head.split()
    target = next((word[2:] for word in words if word.startswith("->")), "")
    target, _, relation = target.partition(":")
    name = words[0]
    if target and not relation:
        relation = name.removesuffix("Id")
    return Field(
        name=name,
        type=words[1],
        length=next((int(word) for word in words if word.isdigit()), 18 if words[1] in ("id", "reference") else 0),
        values=tuple(values.removesuffix(" restricted").split("|")) if values else (),
        restricted=restricted,
        required="required" in words,
        default="default" in words,
        readonly="readonly" in words,
        external="external" in words,
        unique="unique" in words,
        custom="custom" in words,
        target=target,
        relation=relation,
    )


KINDS: Final = {name: _kind(name, *given) for name, given in _OBJECTS.items()}


def kind(name: str) -> Kind | None:
    """An object by its name in any case."""
    return KINDS.get(name) or next((each for each in KINDS.values() if each.name.lower() == name.lower()), None)


def whole_id(text: str) -> str:
    """The form of 18 characters of an id that may come with 15; empty for what is none."""
    if not text.isalnum() or not text.isascii() or len(text) not in (15, 18):
        return ""
    body = text[:15]
    tail = "".join(
        _IDS[sum(1 << at for at, char in enumerate(body[start : start + 5]) if char.isupper())] for start in (0, 5, 10)
    )
    return body + tail if len(text) == 15 or text[15:].upper() == tail else ""


def new_id(prefix: str, number: int) -> str:
    """The id of the n-th record of an object."""
    return whole_id(f"{prefix}5g{number:010d}")
