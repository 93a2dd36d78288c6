"""Booking outcomes: a frozen row that comes to wait makes room for the newer one behind it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from masterdata.store import connect
from tongmai.sync import outcome
from tongmai.sync.plan import Parcel, Route

ENTITY = UUID(int=7)


def parcel(number: int, state: str) -> Parcel:
    one = Parcel(number, ENTITY, state, 1, "update", "k1", {"a": 1}, {"a": 1}, {}, "key")
    one.close("waiting", "its parent is not in the target yet")
    return one


def rows(hub_url: str) -> list[tuple[Any, ...]]:
    with connect(hub_url) as database, database.transaction() as cursor:
        cursor.execute("select id, state from hub.outbox order by id")
        open_rows = cursor.fetchall()
        cursor.execute("select outbox_id, outcome from hub.delivery order by id")
        return [*open_rows, *cursor.fetchall()]


def test_a_frozen_row_that_waits_gives_way_to_a_newer_one(hub_url: str) -> None:
    with connect(hub_url) as database:
        with database.transaction() as cursor:
            cursor.execute(
                "insert into hub.stream (connection, stream, role, entity) values ('c', 's', 'erp', 'customer')"
            )
            cursor.execute("insert into hub.target values ('t', 1, 'customer', '{}', '', now())")
            for state in ("frozen", "open"):
                cursor.execute(
                    "insert into hub.outbox (target, entity_id, run_id, state) values ('t', %s, 'r', %s)",
                    (ENTITY, state),
                )
        route = cast(
            Route,
            SimpleNamespace(
                name="t",
                run="r",
                stream_id=1,
                release=b"",
                database=database,
                entity=SimpleNamespace(entity="customer"),
            ),
        )
        with database.transaction() as cursor:
            outcome.settle(cursor, route, [parcel(1, "frozen")])
        assert rows(hub_url) == [(2, "open"), (1, "superseded")]
        with database.transaction() as cursor:
            outcome.settle(cursor, route, [parcel(2, "open")])
        assert rows(hub_url) == [(2, "waiting"), (1, "superseded")]
