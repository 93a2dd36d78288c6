"""Which value survives: owner, trust, recency; echoes and the dead have no vote."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from masterdata.model import Entity
from masterdata.survivorship import Contribution, survive

CUSTOMER = Entity.model_validate(
    {
        "entity": "customer",
        "label": {"zh": "客户", "en": "Customer"},
        "fields": {
            "legal_name": {"type": "text", "owner": "erp", "label": {"zh": "名称", "en": "Name"}},
            "address": {"type": "text", "label": {"zh": "地址", "en": "Address"}},
            "phones": {"type": ["phone"], "survive": "union", "label": {"zh": "电话", "en": "Phones"}},
            "status": {"type": "text", "owner": "crm", "label": {"zh": "状态", "en": "Status"}},
        },
        "survivorship": {"trust": {"erp": 90, "crm": 70}},
    }
)


def said(number: int, role: str, at: str = "2026-01-01", **fields: object) -> Contribution:
    return Contribution(number, role, role, "s", str(number), fields, dict.fromkeys(fields, at))


def test_the_owner_wins_though_older_and_the_others_are_remembered() -> None:
    crm, erp = said(1, "crm", "2026-02-01", legal_name="甲"), said(2, "erp", "2026-01-01", legal_name="乙")
    fields, why = survive(CUSTOMER, [crm, erp])
    assert fields["legal_name"] == "乙"
    assert why["legal_name"]["rule"] == "owner"
    assert [other["value"] for other in why["legal_name"]["others"]] == ["甲"]


def test_trust_then_recency() -> None:
    assert (
        survive(CUSTOMER, [said(1, "crm", "2026-02-01", address="c"), said(2, "erp", "2026-01-01", address="e")])[0][
            "address"
        ]
        == "e"
    )
    assert (
        survive(CUSTOMER, [said(1, "crm", "2026-01-01", address="a"), said(2, "crm", "2026-02-01", address="b")])[0][
            "address"
        ]
        == "b"
    )


def test_an_echo_does_not_vote() -> None:
    echo = Contribution(
        2, "erp", "erp", "s", "2", {"legal_name": "旧"}, {"legal_name": "2026-03-01"}, frozenset({"legal_name"})
    )
    assert survive(CUSTOMER, [said(1, "crm", legal_name="新"), echo])[0]["legal_name"] == "新"
    assert survive(CUSTOMER, [said(1, "crm"), echo])[0]["legal_name"] is None


def test_a_deleted_record_keeps_its_values_until_somebody_else_has_one() -> None:
    gone = Contribution(
        1, "crm", "crm", "s", "1", {"address": "a", "status": "active"}, {"": "2026-03-01"}, deleted=True
    )
    fields, why = survive(CUSTOMER, [gone])
    assert (fields["address"], fields["status"]) == ("a", "inactive")
    assert why["address"]["rule"] == "kept"
    assert survive(CUSTOMER, [gone, said(2, "erp", address="b")])[0]["address"] == "b"


def test_the_owner_of_the_status_decides_about_switching_off() -> None:
    gone = Contribution(1, "crm", "crm", "s", "1", {"status": "active"}, {"": "2026-03-01"}, deleted=True)
    assert survive(CUSTOMER, [gone, said(2, "erp", status="active")])[0]["status"] == "inactive"
    assert survive(CUSTOMER, [gone, said(2, "crm", status="active")])[0]["status"] == "active"


def test_union_keeps_every_value_once() -> None:
    fields, _ = survive(CUSTOMER, [said(1, "crm", phones=["1", "2"]), said(2, "erp", phones=["2", "3"])])
    assert sorted(fields["phones"]) == ["1", "2", "3"]


people = st.lists(
    st.builds(
        said,
        st.integers(1, 99),
        st.sampled_from(["crm", "erp", "shop"]),
        st.sampled_from(["2026-01-01", "2026-02-01"]),
        legal_name=st.sampled_from(["甲", "乙", None]),
        address=st.sampled_from(["a", "b", "c", None]),
    ),
    unique_by=lambda c: (c.role, c.key),
    max_size=6,
)


@given(people, st.randoms())
def test_the_order_of_arrival_does_not_matter(contributions: list[Contribution], rng: object) -> None:
    shuffled = list(contributions)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert survive(CUSTOMER, contributions) == survive(CUSTOMER, shuffled)
