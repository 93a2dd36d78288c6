"""A value put together from several systems is written over in none of those that gave a part of it."""

from __future__ import annotations

from masterdata.survivorship import survive
from tests.survivorship.model import CUSTOMER, said
from tongmai.sync.echo import Home, TargetState, news


def test_who_gave_a_part_is_not_written_over_and_others_are() -> None:
    records = [
        said("erp", address="江苏省南京市玄武区中山路18号"),
        said("crm", address="中山路18号3号楼1201室"),
        said("shop", address="北京西路2号"),
    ]
    fields, why = survive(CUSTOMER, records)
    told = {
        role: news(TargetState("1", known={"address": "old"}), fields, why, "address", Home(role, "customers"))
        for role in ("erp", "crm", "shop")
    }
    assert told == {"erp": False, "crm": False, "shop": True}


def test_written_into_the_third_system_the_value_stays() -> None:
    records = [said("erp", address="江苏省南京市玄武区中山路18号"), said("crm", address="中山路18号3号楼1201室")]
    before = survive(CUSTOMER, records)[0]["address"]
    echo = said("shop", at="2026-02-01", echo=("address",), address=before)
    assert survive(CUSTOMER, [*records, echo])[0]["address"] == before
