"""The feed of changes: nothing is lost, whatever order transactions commit in."""

from __future__ import annotations

import threading
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.conftest import Api
from tests.search.rows import number, put
from tongmai.api.changes import Place, place


def read(
    api: Api, after: str = "", token: str = "all", limit: int = 2, **params: Any
) -> tuple[list[dict[str, Any]], str]:
    found: list[dict[str, Any]] = []
    while True:
        page = api.get("/changes", token, after=after, limit=limit, **params)
        found += page["changes"]
        after = page["next"]
        if not page["more"]:
            return found, after


def test_every_version_comes_once_in_pages_of_any_size(api: Api) -> None:
    whole, end = read(api, limit=1000)
    with api.database.transaction() as cursor:
        cursor.execute("select entity_id::text, version from hub.entity_version")
        versions = set(cursor.fetchall())
    told = [(one["id"], one["version"]) for one in whole if one["kind"] == "version"]
    assert len(told) == len(set(told)) and set(told) == versions
    assert read(api, limit=1)[0] == read(api, limit=3)[0] == whole
    assert read(api, end)[0] == []
    assert {one["entity"] for one in read(api, entity="contact,sales_order")[0]} == {"contact", "sales_order"}


def test_a_late_commit_of_an_early_transaction_is_not_lost(api: Api) -> None:
    """The transaction that began first commits last: a reader in between neither skips it nor is told of it too soon."""
    _, start = read(api)
    with psycopg.connect(api.url) as early, psycopg.connect(api.url) as late:
        for connection, key in ((early, "early"), (late, "late")):
            connection.execute(
                "insert into hub.entity (id, entity, version, digest, provenance) values (%s, 'customer', 1, '', '{}')",
                (number(key),),
            )
            connection.execute(
                """insert into hub.entity_version (entity_id, version, run_id, fields, changed)
                   values (%s, 1, 'test', '{"legal_name": "x"}', '{legal_name}')""",
                (number(key),),
            )
        late.commit()
        assert read(api, start)[0] == [], "nothing may be told while what stands before it may still come"
        early.commit()
    found, _ = read(api, start)
    assert [one["id"] for one in found] == [str(number("early")), str(number("late"))]


def test_many_writers_and_one_reader_agree(api: Api) -> None:
    _, after = read(api)
    wanted = {(str(number(f"w{writer}-{row}")), 1) for writer in range(4) for row in range(15)}

    def write(writer: int) -> None:
        with psycopg.connect(api.url, autocommit=True) as connection:
            for row in range(15):
                with connection.transaction():
                    connection.execute(
                        "insert into hub.entity (id, entity, version, digest, provenance) values (%s, 'customer', 1, '', '{}')",
                        (number(f"w{writer}-{row}"),),
                    )
                    connection.execute(
                        """insert into hub.entity_version (entity_id, version, run_id, fields, changed)
                           values (%s, 1, 'test', '{"legal_name": "x"}', '{legal_name}')""",
                        (number(f"w{writer}-{row}"),),
                    )
                    connection.execute("select pg_sleep(0.001 * %s)", ((writer * 7 + row * 3) % 5,))

    writers = [threading.Thread(target=write, args=(each,)) for each in range(4)]
    for one in writers:
        one.start()
    told: list[tuple[str, int]] = []
    while any(one.is_alive() for one in writers):
        found, after = read(api, after, limit=5)
        told += [(one["id"], one["version"]) for one in found]
    for one in writers:
        one.join()
    found, after = read(api, after, limit=5)
    told += [(one["id"], one["version"]) for one in found]
    assert len(told) == len(wanted) and set(told) == wanted


def test_a_redirect_and_its_end_stand_in_the_feed(api: Api) -> None:
    put(api.database, api.content, "customer", {"dead": {"legal_name": "甲公司"}, "alive": {"legal_name": "甲公司"}})
    _, after = read(api)
    for to in (number("alive"), None):
        with api.database.transaction() as cursor:
            cursor.execute("update hub.entity set redirect_to = %s where id = %s", (to, number("dead")))
    found, end = read(api, after, limit=1)
    assert [(one["kind"], one["id"], one["redirect_to"]) for one in found] == [
        ("redirect", str(number("dead")), str(number("alive"))),
        ("redirect", str(number("dead")), None),
    ]
    assert read(api, end)[0] == []


def test_a_change_of_what_may_not_be_seen_is_not_told(api: Api) -> None:
    put(api.database, api.content, "customer", {"quiet": {"legal_name": "静公司", "phones": ["13700000000"]}})
    _, after = read(api)
    put(api.database, api.content, "customer", {"quiet": {"phones": ["13700000001"]}})
    put(api.database, api.content, "contact", {"hidden": {"name": "钱某", "title": "总监"}})
    assert [one["changed"] for one in read(api, after, "all", entity="customer")[0]] == [["phones"]]
    plain, _ = read(api, after, "plain")
    assert [(one["entity"], one["changed"], one["masked"]) for one in plain] == [("contact", ["title"], ["name"])]
    assert "1370000" not in str(plain) and "钱某" not in str(plain)
    assert read(api, after, "narrow")[0] == []
    assert api.refused("/changes?entity=contact", "narrow")[0] == 403


def test_a_cursor_of_another_server_is_refused(api: Api) -> None:
    beyond = Place(2**62, number("x"), 1).text()
    assert api.refused("/changes", after=beyond)[:2] == (410, "api-old-cursor")


@given(st.integers(0, 2**63 - 1), st.uuids(), st.integers(0, 2**63 - 1))
def test_a_place_survives_its_text(xid: int, one: Any, number_: int) -> None:
    assert place(Place(xid, one, number_).text()) == Place(xid, one, number_)


@pytest.mark.parametrize("text", ["!", "YQ", "MS4yLjM", "é", Place(-1).text(), Place(2**64).text()])
def test_no_cursor_of_ours(api: Api, text: str) -> None:
    assert api.refused("/changes", after=text)[:2] == (422, "api-bad-cursor")
