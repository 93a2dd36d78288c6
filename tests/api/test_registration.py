"""Before a deal is registered: who holds the same for the same customer, until when; said in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.api.conftest import Api
from tests.search.rows import number, put
from tongmai.core import clock

TODAY = clock.now().date()
CUSTOMER = str(number("tengjing"))


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


DEALS: dict[str, dict[str, Any]] = {
    "line": {"name": "腾景 MES 产线改造", "customer": CUSTOMER, "registered_on": day(-10), "stage": "following"},
    "lost": {"name": "仓储二期", "customer": CUSTOMER, "registered_on": day(-10), "stage": "lost"},
    "over": {"name": "看板项目", "customer": CUSTOMER, "registered_on": day(-100), "stage": "following"},
    "long": {
        "name": "长保护", "customer": CUSTOMER, "registered_on": day(-100), "protected_to": day(0), "stage": "following",
        "product": str(number("a product")),
    },
    "loose": {"name": "未报备", "customer": CUSTOMER, "stage": "following"},
    "second": {
        "name": "腾景MES产线改造", "customer": CUSTOMER, "registered_on": day(-3), "stage": "following",
        "collides_with": str(number("line")),
    },
    "other": {"name": "腾景 MES 产线改造", "customer": str(number("group")), "registered_on": day(-1), "stage": "following"},
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def deals(api: Api) -> Iterator[None]:
    put(api.database, api.content, "opportunity", DEALS)
    yield
    ids = [number(key) for key in DEALS]
    with psycopg.connect(api.url) as connection:
        for table, column in (("golden.opportunity", "id"), ("hub.entity_version", "entity_id"), ("hub.entity", "id")):
            connection.execute(f"delete from {table} where {column} = any(%s)", (ids,))  # type: ignore[arg-type]


def check(api: Api, fields: dict[str, Any], of: dict[str, Any] | None = None, token: str = "all") -> dict[str, Any]:
    body = {"fields": fields} | ({"of": of} if of is not None else {})
    found: dict[str, Any] = api.get("/entities/opportunity/registration", token, json=body)
    return found


def test_the_same_name_is_held_until_the_days_are_over(api: Api) -> None:
    found = check(api, {"customer": CUSTOMER, "name": " 腾景mes产线改造 "})
    assert not found["free"] and found["of"] == [CUSTOMER]
    (one,) = found["held"]
    assert one["record"]["id"] == str(number("line")), "the second one collides: it holds nothing"
    assert (one["since"], one["until"], one["same"]) == (day(-10), day(80), ["name"])
    assert "商机名称相同" in one["zh"] and day(80) in one["zh"]
    assert one["en"].startswith("collision: the same Name") and day(80) in one["en"]


@pytest.mark.parametrize("name", ["仓储二期", "看板项目", "未报备", "全新项目"])
def test_what_is_lost_over_or_not_registered_holds_nothing(api: Api, name: str) -> None:
    assert check(api, {"customer": CUSTOMER, "name": name}) == {
        "free": True,
        "held": [],
        "of": [CUSTOMER],
        "ignored": [],
    }


def test_a_product_is_held_to_its_last_day_whatever_the_name(api: Api) -> None:
    (one,) = check(api, {"customer": CUSTOMER, "name": "别的", "product": str(number("a product"))})["held"]
    assert (one["until"], one["same"]) == (day(0), ["product"])


def test_the_customer_is_matched_by_what_is_known_of_it(api: Api) -> None:
    known = {"legal_name": "深圳市腾景电子股份有限公司", "city": "深圳市", "phones": ["13812345678"]}
    found = check(api, {"name": "腾景MES产线改造"}, known)
    assert found["of"] == [CUSTOMER] and [one["same"] for one in found["held"]] == [["name"]]
    assert check(api, {"name": "腾景MES产线改造"}, {"legal_name": "毫无关系的贸易公司"})["free"]
    plain = check(api, {"name": "腾景MES产线改造"}, known, "plain")
    assert plain["ignored"] == ["of.phones"] and plain["of"] == [CUSTOMER]


def test_what_cannot_be_asked_is_refused(api: Api) -> None:
    def refused(entity: str, token: str = "all", **body: Any) -> tuple[int, str]:
        return api.refused(f"/entities/{entity}/registration", token, json=body)[:2]

    assert refused("sales_order", fields={"number": "1"}) == (422, "no-registration-rules")
    assert refused("opportunity", fields={"customer": CUSTOMER}) == (422, "api-bad-request")
    assert refused("opportunity", fields={"name": "x"}) == (422, "api-bad-request")
    assert refused("opportunity", fields={"name": "x", "customer": CUSTOMER}, of={}) == (422, "api-bad-request")
    assert refused("opportunity", fields={"name": "x"}, of={"nmae": "y"}) == (422, "api-bad-request")
    assert refused("opportunity", fields={"name": "x", "customer": str(number("nobody"))})[0] == 404
    assert refused("opportunity", "narrow", fields={})[0] == 403
    zh = api.call("/entities/sales_order/registration", language="zh", json={"fields": {}}).json()["error"]
    assert "报备" in zh["what"] + zh["why"]
