"""An entity with every kind of rule, and contributions to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from masterdata.model import Entity
from masterdata.survivorship import Contribution, Override


def _field(**more: Any) -> dict[str, Any]:
    return {"type": "text", "label": {"zh": "字段", "en": "Field"}, **more}


def entity(**rules: Any) -> Entity:
    """A customer whose rules a test may replace."""
    return Entity.model_validate(
        {
            "entity": "customer",
            "label": {"zh": "客户", "en": "Customer"},
            "fields": {
                "name": _field(),
                "code": _field(type="uscc", owner="erp"),
                "phones": _field(type=["phone"], survive="union"),
                "province": _field(),
                "city": _field(),
                "address": _field(),
                "bank": _field(),
                "account": _field(),
                "person": _field(),
            },
            "survivorship": {
                "trust": {"erp": 90, "crm": 70, "oa": 60, "shop": 40},
                "half_life": "1 year",
                "rank": ["support", "recent"],
                "fields": {
                    "name": {"as": "company_name", "never": "note", "last": ["latin", "short"]},
                    "code": {"as": "legal_code", "last": "invalid"},
                    "phones": {"as": "phone", "never": "invalid", "last": "masked", "from": "city", "most": 3},
                    "city": {"as": "city", "from": ["address", "phones"]},
                    "province": {"as": "province", "from": ["city", "address"]},
                    "address": {"as": "address", "rank": ["support", "complete"], "assemble": ["province", "city"]},
                    "person": {"as": "person", "last": "masked", "rank": ["frequent", "complete", "trust"]},
                },
                "together": [["bank", "account"]],
                **rules,
            },
        }
    )


CUSTOMER = entity()


def said(role: str, key: str = "1", at: str = "2026-01-01", echo: tuple[str, ...] = (), **fields: Any) -> Contribution:
    """What one record of the system with that role says."""
    return Contribution(
        int(key), role, role, "customers", key, fields, dict.fromkeys(fields, at), frozenset(echo), deleted=False
    )


def steward(field: str, value: Any, trust: int = 100, number: int = 1, until: str = "2027-01-01") -> Override:
    """A steward's value, set on the first of January 2026."""
    return Override(
        number, field, value, "li", "asked the customer", trust, datetime(2026, 1, 1, tzinfo=UTC),
        datetime.fromisoformat(until).replace(tzinfo=UTC),
    )  # fmt: skip
