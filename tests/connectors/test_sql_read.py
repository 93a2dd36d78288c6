"""The SQL connector reads: values without loss, whole listings, changes without a lost tie, late commits, deletes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk import Discovering, ReadRequest
from tests.connectors.sql_world import World, bare, checkpoint, read
from tongmai.core.errors import AuthenticationError, ConfigurationError, RetryableError

ITEM = {"table": "item", "key": "id"}
CHANGES = {"table": "item", "key": "id", "cursor": "seen"}


def test_values_come_without_loss(world: World) -> None:
    # SQLite itself keeps no more than a double of such a column
    digits = "1.25" if world.dialect == "sqlite" else "12345678901234567890.0123456789"
    literal = {"postgresql": "'\\x00ff'::bytea", "sqlite": "x'00ff'", "mysql": "x'00ff'"}[world.dialect]
    blob = "blob" if world.dialect != "mysql" else "`blob`"
    world.run(
        f"""insert into item (id, code, name, price, ratio, active, born, seen, attributes, {blob}) values
            (9007199254740993, '𠮷|"', '', :price, 0.1, :yes, '2024-02-29', '2026-01-31 08:00:00.123456',
             '{{"a": 1.10, "b": [12345678901234567890123]}}', {literal})""",
        price=digits,
        yes=True,
    )
    connection = world.connect({"item": ITEM})
    ((record,), _) = read(connection, "item", full=True)
    data = connection.decode("item", record.raw)
    assert record.key == "9007199254740993"
    assert data["price"] == digits
    assert (data["id"], data["code"], data["name"], data["ratio"]) == (9007199254740993, '𠮷|"', "", "0.1")
    assert data["active"] is True or (world.dialect == "mysql" and data["active"] == 1)
    assert data["born"] == "2024-02-29" and data["seen"].replace(" ", "T") == "2026-01-31T08:00:00.123456"
    attributes = data["attributes"] if world.knows("json") else json.loads(data["attributes"], parse_float=str)
    assert attributes["a"] == "1.10" or world.dialect == "mysql"  # MySQL's JSON type keeps no trailing zero
    assert attributes["b"] == [12345678901234567890123] or world.dialect == "mysql"
    assert data["blob"] == "AP8=" and data["touched"] is None


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_what_only_postgresql_has(world: World) -> None:
    world.run(
        """create table odd (id uuid primary key, at timestamptz, far timestamp, span interval, tags text[],
             host inet, price numeric, hours int4range, kind bit(3))"""
    )
    world.run(
        """insert into odd values
             ('6f1d3c1e-0000-4000-8000-000000000001', '2026-01-31 08:00:00.5+08', 'infinity', '1 mon 2 days 03:00',
              '{a,"b,c",NULL}', '10.0.0.1/8', 1.10, '[1,5)', b'101'),
             ('6f1d3c1e-0000-4000-8000-000000000002', null, null, null, null, null, 'NaN', null, null)"""
    )
    connection = world.connect({"odd": {"table": "odd", "key": "id"}})
    records, pages = read(connection, "odd", full=True)
    assert pages[-1].complete
    assert connection.decode("odd", records[0].raw) == {
        "id": "6f1d3c1e-0000-4000-8000-000000000001",
        "at": "2026-01-31T00:00:00.500000+00:00",
        "far": "infinity",
        "span": "1 mon 2 days 03:00:00",
        "tags": ["a", "b,c", None],
        "host": "10.0.0.1/8",
        "price": "1.10",
        "hours": "[1, 5)",
        "kind": "101",
    }
    assert (records[1].op, records[1].key) == ("broken", "6f1d3c1e-0000-4000-8000-000000000002")
    assert "`price`: NaN" in records[1].problem


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 25])
@pytest.mark.parametrize("world", ["postgresql", "sqlite"], indirect=True)
def test_a_whole_listing_is_complete_at_its_end_only(world: World, count: int) -> None:
    if count:
        world.items(count)
    records, pages = read(world.connect({"item": ITEM}, page_size=10), "item", full=True)
    assert [record.key for record in records] == [str(n) for n in range(1, count + 1)]
    assert [page.complete for page in pages] == [*([False] * (len(pages) - 1)), True]


def test_a_key_of_several_columns(world: World) -> None:
    world.run("create table line (order_no varchar(20), line_no integer, v integer, primary key (order_no, line_no))")
    rows = [(order, line) for order in ("A", "A|1", "B\\") for line in range(1, 8)]
    for order, line in rows:
        world.run("insert into line values (:a, :b, 0)", a=order, b=line)
    connection = world.connect({"line": {"table": "line", "key": ["order_no", "line_no"], "page_size": 4}})
    records, _ = read(connection, "line", full=True)
    keys = [record.key for record in records]
    assert len(keys) == len(set(keys)) == len(rows)
    assert {"A|1", "A\\|1|1", "B\\\\|7"} <= set(keys)
    some, pages = read(connection, "line", keys=("A\\|1|3", "B\\\\|7", "nothing", "A|99"))
    assert sorted(record.key for record in some) == ["A\\|1|3", "B\\\\|7"] and not pages[-1].complete


def test_changes_by_cursor_lose_no_tie(world: World) -> None:
    world.items(30)
    world.run("update item set seen = '2026-01-01 00:00:00.000000'")
    connection = world.connect({"item": CHANGES}, page_size=7)
    records, pages = read(connection, "item", full=True)
    assert len(records) == 30
    mark = checkpoint(pages)
    assert mark is not None and "2026-01-01" in mark
    # one more with the same stamp and a smaller key than the last one read, and 20 with one new stamp
    world.run("update item set name = 'late tie' where id = 3")
    world.run("update item set seen = '2026-01-02 00:00:00.000000' where id > 10")
    changed, pages = read(connection, "item", checkpoint=mark)
    assert {record.key for record in changed} == {str(n) for n in range(1, 31)}
    assert len(changed) == 30 and not any(page.complete for page in pages)
    mark = checkpoint(pages)
    again, pages = read(connection, "item", checkpoint=mark)
    assert {record.key for record in again} == {str(n) for n in range(11, 31)}, "ties of the checkpoint are read again"
    assert checkpoint(pages) == mark


def test_a_look_back_and_a_lag_for_late_commits(world: World) -> None:
    world.items(3)
    for n in (1, 2, 3):
        world.run("update item set seen = :seen where id = :n", seen=f"2026-01-01 00:0{n}:00.000000", n=n)
    connection = world.connect({"item": {**CHANGES, "cursor_lag": 90}})
    _, pages = read(connection, "item", full=True)
    mark = checkpoint(pages)
    assert mark is not None and "00:01:00" in mark, "the newest value within 90 s of 00:03 is not trusted"
    # committed late, stamped before what was read last
    world.run("insert into item (id, code, seen) values (4, 'C4', '2026-01-01 00:02:30.000000')")
    changed, pages = read(connection, "item", checkpoint=mark)
    assert "4" in {record.key for record in changed}
    assert checkpoint(pages) == mark, "never back, and not above what is trusted"
    plain = world.connect({"item": CHANGES})
    _, pages = read(plain, "item", full=True)
    mark = checkpoint(pages)
    assert mark is not None and "00:03:00" in mark
    far, _ = read(plain, "item", checkpoint=mark, lookback=timedelta(seconds=30))
    assert {record.key for record in far} == {"3", "4"}


def test_since_and_the_zone_of_times_without_one(world: World) -> None:
    world.items(2)
    world.run("update item set seen = '2026-01-01 07:59:59.000000' where id = 1")
    world.run("update item set seen = '2026-01-01 08:00:00.000000' where id = 2")
    connection = world.connect({"item": CHANGES}, time_zone="Asia/Shanghai")
    records, _ = read(connection, "item", since=datetime(2026, 1, 1, tzinfo=UTC))
    assert [record.key for record in records] == ["2"]


def test_a_number_as_cursor(world: World) -> None:
    world.items(25)
    connection = world.connect({"item": {**ITEM, "cursor": "id"}}, page_size=10)
    _, pages = read(connection, "item", full=True)
    mark = checkpoint(pages)
    world.items(25, 26)
    records, pages = read(connection, "item", checkpoint=mark)
    assert [int(record.key) for record in records] == list(range(25, 51))
    assert [page.checkpoint is not None for page in pages] == [True, True, True]
    lagging = world.connect({"item": {**ITEM, "cursor": "id", "cursor_lag": 5}})
    with pytest.raises(ConfigurationError, match="need a time"):
        read(lagging, "item", full=True)


def test_soft_deletes_are_seen_as_deletes(world: World) -> None:
    world.items(3)
    world.run("update item set gone = 1 where id = 2")
    connection = world.connect({"item": {**ITEM, "deleted": {"column": "gone", "value": 1}}})
    records, _ = read(connection, "item", full=True)
    assert [(record.key, record.op) for record in records] == [("1", "upsert"), ("2", "delete"), ("3", "upsert")]


def test_a_query_is_a_stream_too(world: World) -> None:
    world.items(12)
    query = "select id as no, name || ':x%' as said from item where id > 2;"
    if world.dialect == "mysql":
        query = "select id as no, concat(name, ':x%') as said from item where id > 2;"
    connection = world.connect({"q": {"query": query, "key": "no", "page_size": 4}})
    records, pages = read(connection, "q", full=True)
    assert [record.key for record in records] == [str(n) for n in range(3, 13)] and pages[-1].complete
    assert connection.decode("q", records[0].raw) == {"no": 3, "said": "名称 3:x%"}
    assert [record.key for record in read(connection, "q", keys=("5", "99"))[0]] == ["5"]


def test_a_key_that_is_not_unique_or_null_is_found(world: World) -> None:
    world.items(5)
    world.run("update item set name = 'same' where id in (2, 3)")
    world.run("update item set name = null where id = 5")
    connection = world.connect({"item": {"table": "item", "key": "name"}})
    with pytest.raises(ConfigurationError, match="2 rows have the key `same`"):
        read(connection, "item", full=True)
    world.run("update item set name = 'other' where id = 2")
    records, pages = read(connection, "item", full=True)
    assert [record.op for record in records].count("broken") == 1 and len(records) == 5 and pages[-1].complete


def test_a_whole_listing_sees_one_state(world: World) -> None:
    world.items(30)
    connection = world.connect({"item": ITEM}, page_size=10)
    pages = connection.read(ReadRequest("item", full=True))
    keys = [record.key for record in next(pages).records]
    if world.dialect != "sqlite":  # its writer waits for the reader's end
        world.run("delete from item where id = 25")
        world.run("insert into item (id, code) values (99, 'C99')")
    keys += [record.key for page in pages for record in page.records]
    assert keys == [str(n) for n in range(1, 31)]


def test_mistakes_say_what_there_is(world: World) -> None:
    for stream, why in (
        ({"table": "itme", "key": "id"}, "did you mean `item`"),
        ({"table": "item", "key": "idd"}, "did you mean `id`"),
        ({**ITEM, "cursor": "sen"}, "did you mean `seen`"),
        ({**ITEM, "columns": ["nam"]}, "did you mean `name`"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            world.connect({"item": stream}).check()
    with pytest.raises(ConfigurationError, match="either `table` or `query`"):
        world.connect({"item": {"key": "id"}})
    with pytest.raises(ConfigurationError, match="no such stream"):
        read(world.connect({"item": ITEM}), "other")
    broken = world.connect({"item": {"query": "select nothing from nowhere", "key": "x"}})
    with pytest.raises(ConfigurationError):
        read(broken, "item")


def test_a_password_in_the_url_is_refused_and_not_shown(world: World) -> None:
    with pytest.raises(ConfigurationError) as caught:
        world.connect(url="postgresql://u:geheim123@h/db")
    assert "geheim123" not in str(caught.value) and "it holds a password" in str(caught.value)


@pytest.mark.parametrize("world", ["postgresql", "mysql"], indirect=True)
def test_credentials_and_an_absent_server(world: World) -> None:
    good, world.password = world.password, "certainly-wrong"
    with pytest.raises(AuthenticationError) as caught:
        world.connect().check()
    assert "certainly-wrong" not in str(caught.value)
    world.password = good
    away = bare(world.engine.url.set(port=1)).render_as_string(False)
    with pytest.raises(RetryableError):
        world.connect(url=away, connect_timeout=2).check()
    none = bare(world.engine.url.set(database="no_such_database")).render_as_string(False)
    with pytest.raises(ConfigurationError):
        world.connect(url=none).check()


def test_discovery_describes_the_tables(world: World) -> None:
    world.run("create view seen_item as select id, name from item")
    connection = world.connect()
    assert isinstance(connection, Discovering)
    found: dict[str, Any] = {one.stream: one for one in connection.discover()}
    item = found["item"]
    assert (item.key, item.writable, found["seen_item"].writable) == (("id",), True, False)
    assert {item.fields[name] for name in ("id", "price", "born", "seen", "attributes", "blob")} == {
        "integer", "number", "date", "datetime", "json" if world.knows("json") else "text", "base64",
    }  # fmt: skip
    if world.dialect == "postgresql":
        world.run("comment on table item is '物料'")
        assert {one.stream: one.label for one in connection.discover()}["item"] == "物料"


def test_statement_timeout_is_a_matter_of_trying_again(world: World) -> None:
    if world.dialect == "sqlite":
        pytest.skip("SQLite runs inside our own process and has no statement timeout")
    slow = "pg_sleep(5)" if world.dialect == "postgresql" else "sleep(5)"
    query = {"query": f"select 1 as id, {slow} as s", "key": "id"}
    with pytest.raises(RetryableError):
        read(world.connect({"slow": query}, statement_timeout=1, lock_timeout=1), "slow", full=True)
