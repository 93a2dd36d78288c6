"""Before a record is created: candidates with their weight and reasons that add up, only by what the caller may see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from bench.matching.codes import credit_code
from masterdata.matching import stored
from tests.api.conftest import CODE, Api
from tests.search.rows import number
from tongmai.api import duplicates


def check(api: Api, token: str = "all", **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/entities/customer/duplicates", token, json={"fields": fields})
    return found


def test_candidates_come_with_reasons_that_add_up(api: Api) -> None:
    found = check(api, legal_name="上海拓金生物科技有限公司", city="上海市", phones=["64321234"])
    first = found["candidates"][0]
    assert first["record"]["id"] == str(number("tuojin"))
    assert first["source"] == {"connection": "crm_main", "stream": "AccountObj", "key": "tuojin"}
    assert first["decision"] == "merge" and first["bits"] >= found["thresholds"]["merge"]
    for one in found["candidates"]:
        assert one["bits"] == pytest.approx(one["prior"] + sum(reason["bits"] for reason in one["reasons"]), abs=1e-6)
        assert one["bits"] >= found["thresholds"]["review"]
    words = {reason["comparison"]: (reason["zh"], reason["en"]) for reason in first["reasons"]}
    assert "名" in words["name"][0] and "same" in words["name"][1]
    assert check(api, legal_name="完全不同的贸易公司")["candidates"] == []
    assert len(api.get("/entities/customer/duplicates", json={"fields": {"legal_name": "上海拓金生物科技"}, "limit": 1})["candidates"]) == 1  # fmt: skip


def test_another_valid_code_forbids_and_says_so(api: Api) -> None:
    other = credit_code("91", "310115", "MA1K9XY1")
    (one,) = [
        each
        for each in check(
            api, legal_name="上海拓金生物科技有限公司", city="上海市", uscc=other, phones=["021-64321234"]
        )["candidates"]
        if each["record"]["id"] == str(number("tuojin"))
    ] or [None]
    assert one is None or (one["decision"] == "separate" and one["vetoes"] == ["code: different"])
    same = check(api, uscc=CODE)["candidates"][0]
    assert same["record"]["id"] == str(number("tuojin")) and same["reasons"][0]["level"] == "same"


def test_what_the_caller_may_not_see_is_not_compared(api: Api) -> None:
    phone = {"phones": ["13812345678"]}
    whole, plain = check(api, "all", **phone), check(api, "plain", **phone)
    assert whole["ignored"] == [] and plain["ignored"] == ["phones"]
    assert plain["candidates"] == [], "or anybody could find out whose telephone it is"


def test_what_cannot_be_checked_is_refused(api: Api) -> None:
    def refused(entity: str, **body: Any) -> tuple[int, str, str]:
        return api.refused(f"/entities/{entity}/duplicates", json=body)

    assert refused("sales_order", fields={"number": "1"})[:2] == (422, "no-matching-rules")
    assert refused("customer", fields={"nmae": "x"})[:2] == (422, "api-bad-request")
    assert refused("customer", feilds={})[:2] == (422, "api-bad-request")
    assert refused("contact", fields={"name": "王丽"})[:2] == (503, "api-not-matched")
    assert api.refused("/entities/contact/duplicates", "narrow", json={"fields": {}})[0] == 403


def test_records_of_a_merged_entity_stand_for_the_survivor(api: Api) -> None:
    move = "update hub.source_record set entity_id = %s where source_key = 'twin'"
    with psycopg.connect(api.url) as connection:
        connection.execute(move, (number("tuojin"),))
    try:
        found = check(api, legal_name="上海拓金生物科技公司", city="上海市")["candidates"]
        assert [one["record"]["id"] for one in found].count(str(number("tuojin"))) == 1
        assert str(number("twin")) not in [one["record"]["id"] for one in found]
    finally:
        with psycopg.connect(api.url) as connection:
            connection.execute(move, (number("twin"),))


def test_a_snapshot_adds_how_common_values_are_and_takes_no_weight_away(api: Api) -> None:
    schema = api.content.schema
    model = schema.entities["customer"]
    with api.database.transaction() as cursor:
        before = duplicates.scorer(cursor, schema, model).weights
        taken = replace(before, version="7-abc", levels={}, relatives={}, records=7, caps={"code.code": 3})
        cursor.execute(
            "insert into hub.match_snapshot (entity, version, records, content) values ('customer', '7-abc', 7, %s)",
            (stored.written(taken, "customer", "a test"),),
        )
        after = duplicates.scorer(cursor, schema, model).weights
        cursor.execute("delete from hub.match_snapshot")
    assert after.levels == before.levels != {} and (after.records, after.caps) == (7, {"code.code": 3})
