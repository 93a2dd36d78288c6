"""Before a record is created: candidates with their weight and reasons that add up, only by what the caller may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from bench.matching.codes import credit_code
from masterdata.matching import stored
from tests.api.conftest import CODE, CONTACTS, Api, records
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


@pytest.fixture
def contacts(api: Api) -> Iterator[None]:
    """The contacts prepared for matching, and no longer."""
    records(api.database, api.content, "contact", "ContactObj", CONTACTS)
    yield
    with api.database.transaction() as cursor:
        cursor.execute(
            """with s as (delete from hub.stream where stream = 'ContactObj' returning id),
                    r as (delete from hub.source_record r using s where r.stream_id = s.id returning r.id),
                    c as (delete from hub.contribution c using r where c.record_id = r.id),
                    m as (delete from hub.match_record m using r where m.record_id = r.id)
               delete from hub.match_token t using r where t.record_id = r.id"""
        )


@pytest.mark.usefixtures("contacts")
def test_a_contact_is_known_by_name_and_employer(api: Api) -> None:
    def asked(token: str = "all", **body: Any) -> dict[str, Any]:
        found: dict[str, Any] = api.get("/entities/contact/duplicates", token, json=body)
        return found

    alone = asked(fields={"name": "王丽"})
    assert alone["candidates"] == [] and alone["of"] == {}, "a name alone says too little"
    ways: list[dict[str, Any]] = [
        {"fields": {"name": "王丽", "customer": str(number("tuojin"))}},
        {"fields": {"name": "王丽", "customer": "crm_main/AccountObj/tuojin"}},
        {"fields": {"name": "王丽"}, "of": {"customer": {"uscc": CODE}}},
        {"fields": {"name": "王丽"}, "of": {"customer": {"legal_name": "上海拓金生物科技有限公司", "city": "上海市"}}},
    ]
    for way in ways:
        found = asked(**way)
        assert str(number("tuojin")) in found["of"]["customer"], way
        assert [one["record"]["id"] for one in found["candidates"]] == [str(number("wang"))], way
        company = next(each for each in found["candidates"][0]["reasons"] if each["comparison"] == "company")
        assert company["level"] == "same" and company["bits"] > 0
    other = asked(fields={"name": "王丽"}, of={"customer": {"legal_name": "没有这家公司有限公司"}})
    assert other["of"] == {"customer": []} and other["candidates"] == []


@pytest.mark.usefixtures("contacts")
def test_the_id_of_a_merged_employer_is_the_survivors(api: Api) -> None:
    with api.database.transaction() as cursor:
        cursor.execute("update hub.entity set redirect_to = %s where id = %s", (number("tuojin"), number("twin")))
    try:
        found = api.get(
            "/entities/contact/duplicates", json={"fields": {"name": "王丽", "customer": str(number("twin"))}}
        )
        assert found["of"] == {"customer": [str(number("tuojin"))]} and len(found["candidates"]) == 1
    finally:
        with api.database.transaction() as cursor:
            cursor.execute("update hub.entity set redirect_to = null where id = %s", (number("twin"),))


@pytest.mark.usefixtures("contacts")
def test_an_employer_is_named_by_who_may_and_as_one_can(api: Api) -> None:
    def refused(token: str = "all", **body: Any) -> tuple[int, str]:
        return api.refused("/entities/contact/duplicates", token, json=body)[:2]

    name = {"name": "王丽"}
    company = {"customer": {"legal_name": "上海拓金生物科技有限公司"}}
    assert refused(fields={**name, "customer": "nobody"}) == (404, "not-found")
    assert refused(fields={**name, "customer": str(number("tuojin"))}, of=company) == (422, "api-bad-request")
    assert refused(fields=name, of={"title": {}}) == (422, "api-bad-request")
    assert refused(fields=name, of={"reports_to": {"name": "x"}}) == (422, "api-bad-request"), "it is not compared"
    assert refused(fields=name, of={"customer": {"nmae": "x"}}) == (422, "api-bad-request")
    only = api.token("only-contacts", "contact", personal="*")
    assert refused(only, fields=name, of=company) == (403, "api-not-allowed")
    blind = api.token("blind-contacts", "contact customer", "contact.name", "contact")
    found = api.get("/entities/contact/duplicates", blind, json={"fields": name, "of": company})
    assert found["ignored"] == ["of.customer"] and found["candidates"] == []
    plain = api.token("by-phone", "contact customer", personal="contact")
    found = api.get("/entities/contact/duplicates", plain, json={"fields": name, "of": {"customer": {"phones": ["021-64321234"]}}})  # fmt: skip
    assert found["ignored"] == ["of.customer.phones"] and found["of"] == {"customer": []}


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
