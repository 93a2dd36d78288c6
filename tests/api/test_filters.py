"""Lists of records by what their fields hold, and by when they changed: every value is read as its field's type, or refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.conftest import Api
from tests.search.rows import number, put

DEALS: dict[str, dict[str, Any]] = {
    "f1": {"name": "甲项目:一期", "stage": "following", "customer": str(number("tuojin")), "expected_amount": "1000.50",
           "expected_on": "2026-03-01"},
    "f2": {"name": "乙项目", "stage": "signed", "customer": str(number("twin")), "expected_amount": "99", "expected_on": "2026-04-01"},
    "f3": {"name": "丙项目", "stage": "lost", "lines": [{"product": None, "quantity": "1", "price": "2"}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def deals(api: Api) -> Api:
    put(api.database, api.content, "opportunity", DEALS)
    return api


def names(api: Api, *where: str, token: str = "all", **more: Any) -> set[str]:
    """The names of the deals of this module that fulfil all."""
    found = api.get("/entities/opportunity", token, where=list(where), limit=1000, **more)["records"]
    return {each["fields"]["name"] for each in found} & {str(each["name"]) for each in DEALS.values()}


@pytest.mark.parametrize(
    ("where", "wanted"),
    [
        (["stage:signed"], "乙"),
        (["stage:signed", "stage:lost"], "乙丙"),
        (["stage:signed", "expected_amount:100.."], ""),
        (["expected_amount:..99"], "乙"),
        (["expected_amount:99..1000.50"], "甲乙"),
        (["expected_amount:1000.5"], "甲"),
        (["expected_on:2026-03-02..2026-12-31"], "乙"),
        (["expected_on:"], "丙"),
        (["lines:"], "甲乙"),
        (["name:甲项目:一期"], "甲"),
        ([f"customer:{number('tuojin')}"], "甲"),
        (["customer:crm_main/AccountObj/tuojin"], "甲"),
        (["customer:", "stage:following"], ""),
        (["name:' or true --"], ""),
    ],
)
def test_each_field_is_one_of_its_values(deals: Api, where: list[str], wanted: str) -> None:
    assert {each[0] for each in names(deals, *where)} == set(wanted)


def test_of_a_list_one_value_is_enough(deals: Api) -> None:
    put(deals.database, deals.content, "customer", {"f4": {"legal_name": "列表公司", "former_names": ["旧甲", "旧乙"]}})
    for where, count in (("former_names:旧乙", 1), ("former_names:旧", 0)):
        assert len(deals.get("/entities/customer", where=where)["records"]) == count
    assert str(number("f4")) not in str(deals.get("/entities/customer", where="former_names:", limit=1000))


def test_a_reference_is_found_under_ids_that_were_merged(deals: Api) -> None:
    with deals.database.transaction() as cursor:
        cursor.execute("update hub.entity set redirect_to = %s where id = %s", (number("tuojin"), number("twin")))
    try:
        for one in ("tuojin", "twin"):
            assert names(deals, f"customer:{number(one)}") == {"甲项目:一期", "乙项目"}
    finally:
        with deals.database.transaction() as cursor:
            cursor.execute("update hub.entity set redirect_to = null where id = %s", (number("twin"),))


def test_pages_go_through_what_fits(deals: Api) -> None:
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = deals.get("/entities/opportunity", where=["stage:signed", "stage:following"], limit=1, after=after)
        seen += [each["fields"]["name"] for each in page["records"]]
        after = page["next"]
    assert len(seen) == len(set(seen)) and {"甲项目:一期", "乙项目"} <= set(seen) and "丙项目" not in seen


def test_only_what_changed_since(deals: Api) -> None:
    moment = datetime.now(UTC)
    assert names(deals, changed_since=moment.isoformat()) == set()
    put(deals.database, deals.content, "opportunity", {"f2": {**DEALS["f2"], "budget": "5"}})
    assert names(deals, changed_since=moment.isoformat()) == {"乙项目"}
    assert names(deals, "stage:lost", changed_since=moment.isoformat()) == set()


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("stage:sigend", "signed"),
        ("stgae:signed", "stage"),
        ("stage", "field:value"),
        ("expected_amount:much", "field:value"),
        ("expected_amount:..", "field:value"),
        ("expected_on:2026-13-01..", "field:value"),
        ("customer:nobody", "connection/stream/key"),
        ("lines:1", "without them"),
        ("expected_amount:1e999999999", "field:value"),
    ],
)
def test_what_cannot_be_asked_says_so_in_both_languages(deals: Api, where: str, words: str) -> None:
    answer = deals.call("/entities/opportunity", where=where)
    assert answer.status_code == 422 and words in answer.json()["error"]["next"], answer.text
    error = deals.call("/entities/opportunity", language="zh", where=where).json()["error"]
    assert any("\u4e00" <= char <= "\u9fff" for char in error["why"]), error


def test_nobody_finds_out_by_asking_what_it_may_not_see(deals: Api) -> None:
    assert deals.get("/entities/customer", where="phones:13812345678")["records"] != []
    assert deals.refused("/entities/customer", "plain", where="phones:13812345678")[:2] == (403, "api-not-allowed")
    assert deals.refused("/entities/customer", "plain", where="phones:")[:2] == (403, "api-not-allowed")
    assert deals.refused("/entities/customer", "narrow", where="uscc:x")[:2] == (403, "api-not-allowed")


def test_a_parameter_that_is_given_twice_is_refused(deals: Api) -> None:
    status, code, why = deals.refused("/entities/customer?limit=1&limit=2")
    assert (status, code) == (422, "api-bad-request") and "more than once" in why
