"""The decision chain as a tree: parts, stances, who reports to whom, rings cut, only what the caller may see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.conftest import Api
from tests.search.rows import number, put
from tongmai.api.chain import _Person, _rings

CONTACTS = {
    "boss": {"name": "王总", "customer": str(number("buyer")), "title": "总经理", "role": "decider"},
    "head": {"name": "李工", "customer": str(number("buyer")), "reports_to": str(number("boss"))},
    "user": {"name": "赵工", "customer": str(number("buyer")), "role": "user", "reports_to": str(number("head"))},
    "guard": {"name": "钱秘书", "customer": str(number("buyer")), "role": "gatekeeper"},
    "silent": {"name": "无关", "customer": str(number("buyer"))},
    "left": {"name": "已离职", "customer": str(number("buyer")), "role": "buyer", "status": "inactive"},
}
PARTS = {
    "p1": {"contact": "boss", "role": "decider", "stance": "supporter", "influence": 5, "valid_from": "2024-01-01"},
    "p2": {"contact": "user", "role": "user", "influence": 2, "reports_to": "boss", "valid_to": "2023-12-31"},
    "p3": {"contact": "user", "role": "influencer", "influence": 3, "opportunity": "deal", "valid_from": "2024-01-01"},
}


@pytest.fixture(scope="module", autouse=True)
def chain(api: Api) -> None:
    put(api.database, api.content, "customer", {"buyer": {"legal_name": "买家有限公司"}})
    put(api.database, api.content, "opportunity", {"deal": {"name": "产线", "stage": "following", "customer": str(number("buyer"))}})  # fmt: skip
    put(api.database, api.content, "contact", CONTACTS)
    named = ("contact", "reports_to", "opportunity")
    parts = {key: {n: str(number(v)) if n in named else v for n, v in part.items()} for key, part in PARTS.items()}
    put(api.database, api.content, "decision_role", {key: {**part, "customer": str(number("buyer"))} for key, part in parts.items()})  # fmt: skip


def told(api: Api, token: str = "all", entity: str = "customer", key: str = "buyer") -> Any:
    return api.get(f"/entities/{entity}/{number(key)}/360", token)["decision_chain"]


def names(people: list[dict[str, Any]]) -> list[Any]:
    """The tree in names: [name, [reports…]]."""
    return [[one["contact"]["fields"]["name"], names(one["reports"])] for one in people]


def test_each_stands_below_whom_they_report_to(api: Api) -> None:
    found = told(api)
    assert names(found["roots"]) == [["王总", [["李工", [["赵工", []]]]]], ["钱秘书", []]] and found["people"] == 4
    boss = found["roots"][0]
    assert boss["parts"] == [{
        "id": str(number("p1")), "role": "decider", "stance": "supporter", "influence": 5, "opportunity": None,
        "valid_from": "2024-01-01", "valid_to": None, "current": True,
    }]  # fmt: skip
    assert boss["contact"]["fields"]["title"] == "总经理" and not boss["ring"]
    head = boss["reports"][0]
    assert head["parts"] == [], "only stands between"
    user = head["reports"][0]
    assert [(part["role"], part["current"]) for part in user["parts"]] == [("influencer", True), ("user", False)]
    assert user["parts"][0]["opportunity"] == str(number("deal"))
    assert found["roots"][1]["parts"] == [{"id": None, "role": "gatekeeper", "current": True}]


def test_as_it_was_on_a_day(api: Api) -> None:
    found = api.get(f"/entities/customer/{number('buyer')}/360", on="2023-06-30")["decision_chain"]
    guard, boss = found["roots"]  # whose part has not begun comes last
    assert names([guard, boss]) == [["钱秘书", []], ["王总", [["赵工", []]]]], "then the user reported to the boss"
    parts = {part["id"]: part["current"] for one in found["roots"] for part in one["parts"]}
    assert parts == {str(number("p1")): False, None: True}
    user = boss["reports"][0]
    assert [(part["role"], part["current"]) for part in user["parts"]] == [("user", True), ("influencer", False)]
    assert api.refused(f"/entities/customer/{number('buyer')}/360?on=june")[:2] == (422, "api-bad-request")


def test_an_employee_has_superiors_above(api: Api) -> None:
    put(api.database, api.content, "employee", {"chief": {"name": "总"}, "worker": {"name": "员", "superior": str(number("chief"))}})  # fmt: skip
    found = api.get(f"/entities/employee/{number('worker')}/360")
    assert [one["fields"]["name"] for one in found["above"]] == ["总"]


def test_of_an_opportunity_those_who_decide_it(api: Api) -> None:
    found = told(api, entity="opportunity", key="deal")
    assert {part["opportunity"] for one in found["roots"] for part in one["parts"] if part["id"]} == {None}
    assert names(found["roots"])[0] == ["王总", [["李工", [["赵工", []]]]]]
    assert told(api, entity="contact", key="boss") is None


def test_what_may_not_be_seen_is_not_in_it(api: Api) -> None:
    plain = told(api, "plain")
    assert "王总" not in str(plain) and plain["roots"][0]["contact"]["masked"] == ["name"]
    assert told(api, "narrow") is None
    flat = api.token("flat", "customer contact", "contact.customer contact.role contact.title")
    found = told(api, flat)
    assert {one["parts"][0]["role"] for one in found["roots"]} == {"decider", "user", "gatekeeper"}
    assert all(not one["reports"] for one in found["roots"]), "to whom they report may not be seen"
    stanceless = api.token("calm", "*", "decision_role.contact decision_role.customer decision_role.opportunity decision_role.role")  # fmt: skip
    assert "supporter" not in str(told(api, stanceless)) and "'influence'" not in str(told(api, stanceless))


def test_a_merged_contact_and_a_merged_customer_are_the_survivors(api: Api) -> None:
    put(api.database, api.content, "customer", {"old-buyer": {"legal_name": "买家公司"}})
    put(api.database, api.content, "contact", {"deputy": {"name": "孙副总", "customer": str(number("old-buyer")), "role": "buyer", "reports_to": str(number("old-boss"))}})  # fmt: skip
    put(api.database, api.content, "contact", {"old-boss": {"name": "王总经理"}})
    move = "update hub.entity set redirect_to = %s where id = %s"
    with api.database.transaction() as cursor:
        cursor.execute(move, (number("buyer"), number("old-buyer")))
        cursor.execute(move, (number("boss"), number("old-boss")))
    try:
        assert ["孙副总", []] in names(told(api)["roots"])[0][1]
    finally:
        with api.database.transaction() as cursor:
            cursor.execute(move, (None, number("old-buyer")))
            cursor.execute(move, (None, number("old-boss")))


def test_a_ring_is_cut_and_everybody_is_there(api: Api) -> None:
    ring = {"r1": "r2", "r2": "r3", "r3": "r1", "tail": "r1"}
    put(api.database, api.content, "customer", {"round": {"legal_name": "圆环公司"}})
    put(api.database, api.content, "contact", {
        key: {"name": key, "role": "user", "customer": str(number("round")), "reports_to": str(number(above))}
        for key, above in ring.items()
    })  # fmt: skip
    found = told(api, key="round")
    (root,) = found["roots"]
    assert root["ring"] and root["contact"]["id"] == str(min(number(key) for key in ("r1", "r2", "r3")))
    assert found["people"] == 4 and "tail" in str(names(found["roots"]))


@given(st.lists(st.one_of(st.none(), st.integers(0, 7)), min_size=8, max_size=8))
@settings(deadline=None)
def test_whatever_people_say_there_is_a_tree(above: list[int | None]) -> None:
    ids = [number(f"p{at}") for at in range(8)]
    people = {one: _Person(None if to is None or to == at else ids[to]) for at, (one, to) in enumerate(zip(ids, above, strict=True))}  # fmt: skip
    _rings(people)
    for one in ids:
        steps, at = 0, one
        while not people[at].ring and people[at].above is not None:
            at, steps = people[at].above, steps + 1  # type: ignore[assignment]
            assert steps < 9, "a way up that does not end"


def test_products_know_the_orders_whose_lines_name_them(api: Api) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    put(api.database, api.content, "product", {"pump": {"name": "泵", "number": "P-1"}})
    line = {"product": str(number("pump")), "quantity": "2", "price": "10"}
    put(api.database, api.content, "sales_order", {"with-pump": {"number": "SO-9", "lines": [line]}, "without": {"number": "SO-8", "lines": []}})  # fmt: skip
    with api.database.transaction() as cursor:
        cursor.execute(
            """insert into hub.contribution (record_id, entity_id, fields, changed)
               select 900000, %s, v.fields, '{}' from hub.entity_version v where v.entity_id = %s and v.at > %s""",
            (number("with-pump"), number("with-pump"), now),
        )
    found = api.get(f"/entities/product/{number('pump')}/360")
    assert [(one["entity"], one["by"], one["count"]) for one in found["related"]] == [
        ("sales_order", "lines.product", 1)
    ]
    assert found["related"][0]["records"][0]["fields"]["number"] == "SO-9"
    assert api.get(f"/entities/product/{number('pump')}/360", api.token("no-lines", "*", "sales_order.number"))["related"] == []  # fmt: skip
