"""What a manifest can say about reading, each against a server that behaves so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk.declared.reader import WALKS
from connectors.testing.simulator import Reply
from tests.connectors.declared.world import Asked, keys, read, world
from tongmai.core.errors import ConfigurationError, FatalError, ProtocolError, RetryableError

ROWS = [{"id": f"k{n:03d}", "at": 1_700_000_000_000 + n * 1000} for n in range(23)]
ALL = [row["id"] for row in ROWS]


def stream(read: str, more: str = "") -> str:
    return f"streams:\n  thing:\n    key: id\n    cursor: at\n    fields: {{id: text, at: epoch_ms}}\n{more}    read:\n{read}"


def by_number(asked: Asked) -> Any:
    size, number = int(asked.query["size"]), int(asked.query["page"])
    return {"rows": ROWS[(number - 1) * size : number * size], "total": len(ROWS)}


def by_offset(asked: Asked) -> Any:
    start = int(asked.query["offset"])
    return {"rows": ROWS[start : start + int(asked.query["size"])]}


def by_cursor(asked: Asked) -> Any:
    start = int(asked.query.get("cursor", 0))
    end = start + int(asked.query["size"])
    return {"rows": ROWS[start:end], "next": str(end) if end < len(ROWS) else None}


def by_last(asked: Asked) -> Any:
    left = [row for row in ROWS if row["id"] > asked.query.get("after", "")]
    return {"rows": left[: int(asked.query["size"])]}


def by_link(asked: Asked) -> Any:
    start = int(asked.query.get("from", 0))
    body = json.dumps(ROWS[start : start + 10]).encode()
    more = start + 10 < len(ROWS)
    header = (("Link", f'</things?from={start + 10}>; rel="next", </things>; rel="first"'),) if more else ()
    return Reply(body, headers=header)


def by_url(asked: Asked) -> Any:
    start = int(asked.query.get("from", 0))
    found: dict[str, Any] = {"value": ROWS[start : start + 10]}
    if start + 10 < len(ROWS):
        found["@odata.nextLink"] = f"/things?from={start + 10}"
    return found


PAGED: dict[str, tuple[str, Callable[[Asked], Any]]] = {
    "number": (
        "      get: /things\n      query: {page: '{page.number}', size: '{page.size}'}\n      rows: body.rows\n"
        "      page: {by: number, size: 10}\n",
        by_number,
    ),
    "number with total": (
        "      get: /things\n      query: {page: '{page.number}', size: '{page.size}'}\n      rows: body.rows\n"
        "      page: {by: number, size: 10, total: body.total}\n",
        by_number,
    ),
    "parallel": (
        "      get: /things\n      query: {page: '{page.number}', size: '{page.size}'}\n      rows: body.rows\n"
        "      page: {by: number, size: 4, total: body.total, parallel: 3}\n",
        by_number,
    ),
    "offset": (
        "      get: /things\n      query: {offset: '{page.offset}', size: '{page.size}'}\n      rows: body.rows\n"
        "      page: {by: offset, size: 10}\n",
        by_offset,
    ),
    "cursor": (
        "      get: /things\n      query: {cursor: '{page.cursor}', size: '{page.size}'}\n      rows: body.rows\n"
        "      page: {by: cursor, next: body.next, size: 10}\n",
        by_cursor,
    ),
    "last": (
        "      get: /things\n      query: {after: '{page.last}', size: '{page.size}'}\n      rows: body.rows\n"
        "      page: {by: last, size: 10}\n",
        by_last,
    ),
    "link": ("      get: /things\n      page: {by: link, size: 10}\n", by_link),
    "url": (
        "      get: /things\n      rows: body.value\n      page: {by: url, next: \"body['@odata.nextLink']\", size: 10}\n",
        by_url,
    ),
}


@pytest.mark.parametrize("kind", PAGED)
def test_every_way_of_paging_gives_every_row_once_and_ends_complete(kind: str) -> None:
    text, answer = PAGED[kind]
    with world(stream(text), answer) as (_, connection):
        pages = read(connection, full=True)
    assert keys(pages) == ALL
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]


@pytest.mark.parametrize("kind", ["number", "offset", "last"])
def test_a_system_that_gives_fewer_rows_than_asked_is_read_to_its_end(kind: str) -> None:
    text, answer = PAGED[kind]

    def capped(asked: Asked) -> Any:
        asked.query["size"] = "4"
        return answer(asked)

    with world(stream(text), capped) as (_, connection):
        assert keys(read(connection, full=True)) == ALL


@pytest.mark.parametrize("kind", ["cursor", "url"])
def test_a_list_that_does_not_end_is_noticed(kind: str) -> None:
    text, _ = PAGED[kind]
    endless = {"rows": ROWS[:10], "value": ROWS[:10], "next": "5", "@odata.nextLink": "/things?from=5"}
    with world(stream(text), lambda _: endless) as (_, connection), pytest.raises(ProtocolError) as caught:
        read(connection, full=True)
    assert caught.value.code == "endless-list"


def test_a_next_page_on_another_host_is_not_asked_for() -> None:
    text, _ = PAGED["url"]
    answer = {"value": ROWS[:10], "@odata.nextLink": "http://198.51.100.7/things"}
    with world(stream(text), lambda _: answer) as (_, connection), pytest.raises((FatalError, ConfigurationError)):
        read(connection, full=True)


def test_rows_that_move_between_pages_are_found_by_walking_again() -> None:
    text, _ = PAGED["number"]
    rows = list(ROWS)

    def answer(asked: Asked) -> Any:
        size, number = int(asked.query["size"]), int(asked.query["page"])
        found = rows[(number - 1) * size : number * size]
        if number == 1 and rows[0]["id"] == "k000":
            rows.append(rows.pop(0))  # the first moves to the end: the eleventh is now on page 1
        return {"rows": found}

    with world(stream(text), answer) as (_, connection):
        assert sorted(keys(read(connection, full=True))) == ALL


def test_a_list_that_never_stands_still_is_an_error_and_not_a_listing() -> None:
    text, _ = PAGED["number with total"]
    rows = list(ROWS)

    def answer(asked: Asked) -> Any:
        size, number = int(asked.query["size"]), int(asked.query["page"])
        rows.append(rows.pop(0))
        return {"rows": rows[(number - 1) * size : number * size], "total": len(rows)}

    with world(stream(text), answer) as (_, connection), pytest.raises(RetryableError) as caught:
        read(connection, full=True)
    assert caught.value.code == "moving-rows"


def test_a_cursor_that_died_begins_the_list_again() -> None:
    text, answer = PAGED["cursor"]
    died: list[str] = []

    def dying(asked: Asked) -> Any:
        if asked.query.get("cursor") == "10" and not died:
            died.append("10")
            return 410, {"error": "cursor expired"}
        return answer(asked)

    rules = "errors: [{when: 'status == 410', means: cursor-dead}]\n"
    with world(rules + stream(text), dying) as (_, connection):
        assert sorted(set(keys(read(connection, full=True)))) == ALL


def test_a_dead_cursor_is_never_asked_again() -> None:
    text, answer = PAGED["cursor"]

    def dead(asked: Asked) -> Any:
        return (410, {"error": "cursor expired"}) if asked.query.get("cursor") == "10" else answer(asked)

    rules = "errors: [{when: 'status == 410', means: cursor-dead}]\n"
    with world(rules + stream(text), dead) as (server, connection):
        with pytest.raises(RetryableError, match="moved between pages"):
            read(connection, full=True)
        asked = [each.query.get("cursor") for each in server.asked]
    assert asked.count("10") == WALKS and len(asked) == 2 * WALKS


def test_a_long_pause_ends_the_run_and_is_everybody_s() -> None:
    """The system asks for 300 s: nothing sleeps, and the next reader of the account does not even ask."""
    text, _ = PAGED["cursor"]
    rules = "limits: [{calls: 1000, per: 1 second}]\n"
    busy = Reply(b"", 429, headers=(("Retry-After", "300"),))
    with world(rules + stream(text), lambda _: busy) as (server, connection):
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(RetryableError) as caught:
                read(connection, full=True)
            assert time.monotonic() - started < 5 and 290 < (caught.value.after or 0) <= 300
        assert len(server.asked) == 1 and caught.value.code == "quota-used-up"


SINCE = (
    "      get: /things\n      query: {since: '{window.start | epoch_ms}', until: '{window.end | epoch_ms}'}\n      rows: body\n"
    "      since: {field: at, format: epoch_ms, overlap: 2 seconds, window: 5 seconds}\n"
)


def since(asked: Asked) -> Any:
    low, high = int(asked.query.get("since", 0)), int(asked.query.get("until", 9e15))
    return [row for row in ROWS if low <= row["at"] < high]


def test_changes_are_read_in_windows_from_the_checkpoint_less_the_overlap() -> None:
    with world(stream(SINCE), since) as (server, connection):
        mark = read(connection, full=True)[-1].checkpoint
        server.asked.clear()
        begun = datetime.now(UTC)
        recent = {"id": "new", "at": int((begun - timedelta(seconds=3)).timestamp() * 1000)}
        ROWS.append(recent)
        try:
            start = (begun - timedelta(seconds=12)).isoformat()
            pages = read(connection, checkpoint=json.dumps({"at": start}))
        finally:
            ROWS.remove(recent)
    assert mark is not None and json.loads(mark)["at"] == "2023-11-14T22:13:42+00:00"
    assert keys(pages) == ["new"]
    lows = [int(each.query["since"]) for each in server.asked]
    highs = [int(each.query["until"]) for each in server.asked]
    assert len(lows) >= 3 and highs[:-1] == lows[1:]
    assert all(high - low <= 5000 for low, high in zip(lows, highs, strict=True))
    assert lows[0] == int((begun - timedelta(seconds=14)).timestamp() * 1000)
    assert json.loads(pages[-1].checkpoint or "")["at"].startswith(
        datetime.fromtimestamp(recent["at"] / 1000, UTC).isoformat()[:19]
    )


def test_a_filter_that_was_silently_dropped_is_an_error() -> None:
    with world(stream(SINCE), lambda _: ROWS) as (_, connection), pytest.raises(ProtocolError) as caught:
        read(connection, checkpoint=json.dumps({"at": "2023-11-14T22:13:40+00:00"}))
    assert caught.value.code == "filter-dropped"


def test_a_time_in_another_form_is_an_error_and_not_a_checkpoint_that_stands_still() -> None:
    rows = [{"id": "a", "at": "2026-01-01 08:00"}]
    with world(stream(SINCE), lambda _: rows) as (_, connection), pytest.raises(ProtocolError) as caught:
        read(connection, full=True)
    assert caught.value.code == "cursor-unreadable"


def test_how_far_back_the_vendor_answers_bounds_a_whole_read_which_is_then_not_complete() -> None:
    text = SINCE.replace("window: 5 seconds", "window: 40 days, oldest: 100 days")
    with world(stream(text), lambda _: []) as (server, connection):
        pages = read(connection, full=True)
    assert len(server.asked) == 3
    oldest = datetime.now(UTC) - timedelta(days=100)
    assert abs(int(server.asked[0].query["since"]) / 1000 - oldest.timestamp()) < 120
    assert not any(page.complete for page in pages)


def test_a_tree_is_walked_and_a_record_in_two_places_is_given_once() -> None:
    children: dict[str, list[dict[str, Any]]] = {
        "1": [{"id": 2}, {"id": 3}],
        "2": [{"id": 4}],
        "3": [{"id": 4}, {"id": 5}],
    }
    text = "      post: /sub\n      body: {dept: '{parent}'}\n      rows: body.result\n      over: {tree: 1}\n"
    with world(stream(text), lambda asked: {"result": children.get(str(asked.body["dept"]), [])}) as (
        server,
        connection,
    ):
        pages = read(connection, full=True)
    assert sorted(keys(pages)) == ["2", "3", "4", "5"]
    assert [each.body["dept"] for each in server.asked][:1] == [1]


def test_a_list_for_each_row_of_another_stream_and_for_each_of_some_values() -> None:
    text = (
        "streams:\n  dept:\n    key: id\n    fields: {id: integer}\n    read: {get: /depts}\n"
        "  user:\n    key: id\n    fields: {id: text}\n"
        "    read: {get: '/users/{parent.id}', over: {stream: dept}}\n"
        "  form:\n    key: code, id\n    fields: {code: text, id: text}\n"
        "    read: {get: '/forms/{parent}', over: {values: '{codes | split}'}}\n"
        "connection:\n  codes: {type: text}\n"
    )

    def answer(asked: Asked) -> Any:
        if asked.path == "/depts":
            return [{"id": 1}, {"id": 2}]
        where = asked.path.rsplit("/", 1)[1]
        return [{"id": f"u{where}", "code": where}, {"id": "both", "code": where}]

    with world(text, answer, codes="A,B") as (_, connection):
        assert keys(read(connection, "user", full=True)) == ["u1", "both", "u2"]
        assert keys(read(connection, "form", full=True)) == ["A|uA", "A|both", "B|uB", "B|both"]


DETAILS = (
    "      get: /ids\n      query: {since: '{window.start | epoch_ms}'}\n      rows: body.list\n      details: true\n"
    "      one: {get: '/things/{keys[0]}', row: body.result}\n"
    "      since: {field: at, format: epoch_ms, unfinished: row.state == 'RUNNING', checked: false}\n"
)


def test_a_list_of_keys_is_read_record_by_record_and_unfinished_ones_again_each_time() -> None:
    things = {"a": {"id": "a", "at": 1000, "state": "RUNNING"}, "b": {"id": "b", "at": 2000, "state": "DONE"}}
    listed = ["a", "b"]

    def answer(asked: Asked) -> Any:
        if asked.path == "/ids":
            return {"list": listed if "since" not in asked.query else []}
        found = things.get(asked.path.rsplit("/", 1)[1])
        return {"result": found} if found else (404, {})

    with world(stream(DETAILS), answer) as (server, connection):
        first = read(connection, full=True)
        assert keys(first) == ["a", "b"]
        mark = first[-1].checkpoint
        assert mark is not None and json.loads(mark)["open"] == ["a"]
        server.asked.clear()
        second = read(connection, checkpoint=mark)
        assert keys(second) == ["a"] and json.loads(second[-1].checkpoint or "")["open"] == ["a"]
        things["a"]["state"] = "DONE"
        third = read(connection, checkpoint=second[-1].checkpoint)
        assert keys(third) == ["a"] and "open" not in json.loads(third[-1].checkpoint or "")
        server.asked.clear()
        assert keys(read(connection, checkpoint=third[-1].checkpoint)) == []
        assert [each.path for each in server.asked] == ["/ids"]


def test_an_unfinished_record_that_is_gone_is_given_as_gone() -> None:
    def answer(asked: Asked) -> Any:
        return {"list": []} if asked.path == "/ids" else (404, {})

    with world(stream(DETAILS), answer) as (_, connection):
        pages = read(connection, checkpoint=json.dumps({"at": "2026-01-01T00:00:00+00:00", "open": ["x"]}))
    assert keys(pages, "delete") == ["x"]
    assert "open" not in json.loads(pages[-1].checkpoint or "{}")


def test_deleted_records_by_a_flag_by_a_list_and_rows_that_are_not_of_this_stream() -> None:
    text = (
        "      get: /things\n      query: {since: '{window.start | iso}'}\n      removed: row.deleted == true\n"
        "      only: row.kind == 'customer'\n      since: {field: at, format: epoch_ms, checked: false}\n"
        "      gone: {get: /gone, query: {start: '{window.start | iso}'}, rows: body.records, key: row.id}\n"
    )

    def answer(asked: Asked) -> Any:
        if asked.path == "/gone":
            return {"records": [{"id": "z"}]}
        return [
            {"id": "a", "at": 1, "kind": "customer"},
            {"id": "b", "at": 2, "kind": "customer", "deleted": True},
            {"id": "c", "at": 3, "kind": "supplier"},
        ]

    with world(stream(text), answer) as (_, connection):
        pages = read(connection, checkpoint=json.dumps({"at": "2026-01-01T00:00:00+00:00"}))
    assert keys(pages) == ["a"] and keys(pages, "delete") == ["b", "z"]


def test_a_row_without_a_key_is_broken_and_the_listing_is_not_complete() -> None:
    rows: list[Any] = [{"id": "a"}, {"name": "no key"}, "text", {"id": {"a": 1}}]
    text = "streams:\n  thing:\n    key: id\n    fields: {id: text}\n    read: {get: /things}\n"
    with world(text, lambda _: rows) as (_, connection):
        pages = read(connection, full=True)
        again = read(connection, full=True)
    broken = [record for page in pages for record in page.records if record.op == "broken"]
    assert keys(pages) == ["a"] and len(broken) == 3 and all(record.problem for record in broken)
    assert not pages[-1].complete
    assert [record.key for record in broken] == keys(again, "broken")


def test_rows_keep_every_digit_and_a_changed_order_of_members_can_be_made_to_count_for_nothing() -> None:
    bodies = [
        b'[{"id":"a","amount":0.10000000000000000001,"n":1}]',
        b'[{"n":1,"id":"a","amount":0.10000000000000000001}]',
    ]
    for canonical in (False, True):
        given = list(bodies)
        text = f"streams:\n  thing:\n    key: id\n    fields: {{id: text}}\n    canonical: {str(canonical).lower()}\n    read: {{get: /x}}\n"
        with world(text, lambda _: Reply(given.pop(0))) as (_, connection):  # noqa: B023
            first, second = read(connection, full=True), read(connection, full=True)
            one, two = first[0].records[0], second[0].records[0]
            assert (one.fingerprint == two.fingerprint) is canonical
            assert connection.decode("thing", one.raw)["amount"] == "0.10000000000000000001"


def test_reading_by_key_in_groups_tells_what_is_gone() -> None:
    text = "      get: /things\n      one: {get: /some, query: {ids: '{keys | join}'}, rows: body.rows, size: 2}\n"

    def answer(asked: Asked) -> Any:
        return {"rows": [row for row in ROWS if row["id"] in asked.query["ids"].split(",")]}

    with world(stream(text), answer) as (server, connection):
        pages = read(connection, keys=("k001", "nope", "k003", "k001"))
    assert keys(pages) == ["k001", "k003"] and keys(pages, "delete") == ["nope"]
    assert [each.query["ids"] for each in server.asked] == ["k001,nope", "k003"]


def test_a_post_body_a_form_and_places_that_are_nothing() -> None:
    text = (
        "streams:\n  thing:\n    key: id\n    fields: {id: text}\n"
        "    read: {post: /q, body: {size: 5, none: '{window.start}', deep: {a: '{code}', b: ['{window.start}', 1]}}, rows: body}\n"
        "  other:\n    key: id\n    fields: {id: text}\n    read: {post: /f, form: {a: '{code}', many: [1, 2]}, rows: body}\n"
        "connection:\n  code: {type: text}\n"
    )
    with world(text, lambda _: [], code="x y") as (server, connection):
        read(connection, full=True)
        read(connection, "other", full=True)
    assert server.asked[0].body == {"size": 5, "deep": {"a": "x y", "b": [1]}}
    assert server.asked[1].body == "a=x+y&many=1&many=2"


def test_a_place_without_rows_is_no_empty_listing_unless_the_manifest_says_so() -> None:
    for rows, complete in (("body.wrong", False), ("body.wrong | default([])", True), ("body.rows", True)):
        with world(stream(f"      get: /things\n      rows: {rows}\n"), lambda _: {"rows": []}) as (_, connection):
            pages = read(connection, full=True)
        assert keys(pages) == [] and pages[-1].complete is complete, rows


def _one(place: str, more: str = "") -> str:
    return stream(f"      get: /things\n      one: {{get: '/things/{{keys[0]}}', {place}{more}}}\n")


def test_a_place_without_a_row_is_no_deleted_record_unless_the_manifest_says_so() -> None:
    def answer(asked: Asked) -> Any:
        if asked.path == "/things/away":
            return 404, {}
        return {"result": {"id": "k001"} if asked.path == "/things/k001" else None, "rows": []}

    with world(_one("row: body.result", ", gone: not body.result"), answer) as (_, connection):
        pages = read(connection, keys=("k001", "k002", "away"))
        assert keys(pages) == ["k001"] and keys(pages, "delete") == ["k002", "away"]
    for place in ("row: body.result", "row: body.wrong", "rows: body.wrong"):
        with world(_one(place), answer) as (_, connection), pytest.raises(ProtocolError) as error:
            read(connection, keys=("k002",))
        assert error.value.code == "no-row" and "k002" in error.value.why
        assert ("default([])" if place.startswith("rows") else "`gone`") in error.value.next_step
    for place in ("rows: body.rows", "rows: 'body.wrong | default([])'"):
        with world(_one(place), answer) as (_, connection):
            assert keys(read(connection, keys=("k002",)), "delete") == ["k002"]


def test_a_row_that_cannot_be_read_is_broken_and_deletes_nothing() -> None:
    def answer(asked: Asked) -> Any:
        return [{"name": "no key"}] if asked.path == "/things" else {"result": {"name": "no key"}}

    with world(_one("row: body.result"), answer) as (_, connection):
        pages = read(connection, keys=("k001",))
    assert len(keys(pages, "broken")) == 1 and keys(pages, "delete") == []
    for there in ([{"name": "no key"}], None, {"rows": []}):
        text = stream("      get: /things\n      rows: body\n")
        with world(text, lambda _: there) as (_, connection), pytest.raises(ProtocolError):  # noqa: B023
            read(connection, keys=("k001",))


def test_an_unfinished_record_is_not_deleted_by_an_answer_without_a_row() -> None:
    now: dict[str, Any] = {"result": {"id": "a", "at": 1000, "state": "RUNNING"}}

    def answer(asked: Asked) -> Any:
        return {"list": ["a"] if "since" not in asked.query else []} if asked.path == "/ids" else now

    with world(stream(DETAILS), answer) as (_, connection):
        mark = read(connection, full=True)[-1].checkpoint
        now["result"] = None
        with pytest.raises(ProtocolError):
            read(connection, checkpoint=mark)
        with pytest.raises(ProtocolError):
            read(connection, full=True)
