"""The SQL connector writes: by our key once, only what was given, and a lost answer is never taken for a refusal."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, oracle

from connectors.sdk import Writer
from connectors.sdk.gate import gated
from connectors.vendors.sql.settings import SqlStream, SqlWrite
from connectors.vendors.sql.source import Source
from connectors.vendors.sql.tables import Table
from connectors.vendors.sql.target import Target
from tests.connectors.sql_world import World, bare
from tongmai.core.errors import ConfigurationError, OutcomeUnknownError, RemoteRefusedError, RetryableError

STREAMS = {"item": {"table": "item", "key": "id"}}
DDL = {
    "postgresql": """create table customer (id bigserial primary key, our_no varchar(40) unique, name varchar(20) not null,
                     credit numeric(12,2) check (credit >= 0), since_on date, at timestamp, more json, state varchar(8))""",
    "sqlite": """create table customer (id integer primary key, our_no varchar(40) unique, name varchar(20) not null,
                 credit numeric(12,2) check (credit >= 0), since_on date, at timestamp, more json, state varchar(8))""",
    "mysql": """create table customer (id bigint auto_increment primary key, our_no varchar(40) unique, name varchar(20) not null,
                credit decimal(12,2) check (credit >= 0), since_on date, at datetime, more json, state varchar(8))""",
}
CUSTOMERS = {"customer": {"table": "customer", "key": "id"}}
WRITE: dict[str, Any] = {
    "table": "customer",
    "stream": "customer",
    "our_key": "our_no",
    "key_enforced": True,
    "search": ["our_no", "name"],
    "defaults": {"state": "open"},
    "deactivate": {"column": "state", "off": "closed", "on": "open"},
}


def writer(world: World, **changes: Any) -> Writer:
    if not sa.inspect(world.engine).has_table("customer"):
        world.create(DDL)
    return world.connect(CUSTOMERS, {"customer": {**WRITE, **changes}}, time_zone="Asia/Shanghai").writer("customer")


def rows(world: World) -> list[tuple[Any, ...]]:
    return world.rows("select id, our_no, name, state from customer order by id")


def test_a_repeated_create_makes_one_row(world: World) -> None:
    target = writer(world)
    first = target.create({"our_no": "K1", "name": "甲公司"}, "K1")
    again = target.create({"our_no": "K1", "name": "甲公司"}, "K1")
    other = target.create({"name": "乙公司"}, "K2")
    assert first.key == again.key != other.key
    assert [row[1:] for row in rows(world)] == [("K1", "甲公司", "open"), ("K2", "乙公司", "open")]
    assert {str(row[0]) for row in rows(world)} == {first.key, other.key}


def test_without_a_unique_key_of_ours_it_is_looked_up_in_the_transaction(world: World) -> None:
    target = writer(world, our_key="name", key_enforced=False)
    assert target.create({"our_no": "1"}, "N").key == target.create({"our_no": "2"}, "N").key
    assert [row[1] for row in rows(world)] == ["2"]
    with pytest.raises(ConfigurationError, match="not unique in `customer`"):
        writer(world, our_key="name", key_enforced=True)


def test_an_update_changes_what_was_given_only_in_the_column_s_type(world: World) -> None:
    target = writer(world)
    key = target.create({"our_no": "K1", "name": "甲"}, "K1").key
    values = {
        "credit": "12.30",
        "since_on": "2026-01-31",
        "at": "2026-01-31T16:00:00.000000Z",
        **({"more": {"a": [1, "二"]}} if world.knows("json") else {}),
    }
    assert target.update(key, values).key == key
    ((found,),) = (target.find("our_no", ["K1"]).values(),)
    fields = found[0].fields
    assert (fields["name"], fields["credit"], fields["since_on"], fields["more"]) == (
        "甲", "12.3" if world.dialect == "sqlite" else "12.30", "2026-01-31", values.get("more"),
    )  # fmt: skip
    assert fields["at"].replace(" ", "T")[:19] == "2026-02-01T00:00:00", "into a column without a zone: Shanghai's"
    target.update(key, {"credit": None})
    assert target.find("our_no", ["K1"])["K1"][0].fields["credit"] is None


def test_switching_off_and_on_twice_is_no_error(world: World) -> None:
    target = writer(world)
    key = target.create({"name": "甲"}, "K1").key
    for act, state in ((target.deactivate, "closed"), (target.activate, "open")):
        assert act(key).key == act(key).key == key
        assert rows(world)[0][3] == state


def test_deactivate_may_delete(world: World) -> None:
    target = writer(world, deactivate="delete")
    key = target.create({"name": "甲"}, "K1").key
    target.activate(key)
    target.deactivate(key)
    target.deactivate(key)
    assert rows(world) == []
    with pytest.raises(RemoteRefusedError, match="there is no row"):
        target.activate(key)


def test_find_looks_up_many_at_once(world: World) -> None:
    target = writer(world)
    keys = {f"K{n}": target.create({"name": f"N{n % 2}"}, f"K{n}").key for n in range(6)}
    found = target.find("our_no", [*keys, "nothing", *[f"no {n}" for n in range(500)]])
    assert {value: [one.key for one in records] for value, records in found.items()} == {
        k: [v] for k, v in keys.items()
    }
    assert {len(records) for records in target.find("name", ["N0", "N1"]).values()} == {3}
    assert target.find("id", ["no number"]) == {}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({"our_no": "K2", "name": None}, "name|null|NULL"),
        ({"our_no": "K2", "name": "n", "credit": "-1"}, "check|CHECK|constraint"),
        ({"our_no": "K2", "name": "n", "credit": "many"}, "`credit`: `many` does not fit"),
        ({"our_no": "K2", "name": "n", "since_on": "31.01.2026"}, "`since_on`: `31.01.2026` does not fit"),
        ({"our_no": "K2", "name": ["n"]}, "`name`: a list or an object"),
    ],
)
def test_what_the_database_refuses_is_said_in_its_words(world: World, payload: dict[str, Any], why: str) -> None:
    target = writer(world)
    if "check" in why and not world.knows("check"):
        pytest.skip("this server takes `check` and does not heed it")
    target.create({"name": "geheim"}, "K1")
    with pytest.raises(RemoteRefusedError, match=why) as caught:
        target.create(payload, str(payload["our_no"]))
    assert "geheim" not in str(caught.value) and "Failing row" not in str(caught.value)
    assert len(rows(world)) == 1
    target.create({"name": "next"}, "K3")


@pytest.mark.parametrize("world", ["postgresql", "mysql"], indirect=True)
def test_what_would_be_cut_off_is_refused(world: World) -> None:
    target = writer(world)
    with pytest.raises(RemoteRefusedError, match=r"too long|Data too long"):
        target.create({"name": "名" * 21}, "K1")
    assert rows(world) == []
    rare = "𠮷野家 👩‍👧"
    key = target.create({"name": rare}, "K𠮷").key
    assert rows(world) == [(int(key), "K𠮷", rare, "open")]
    found = target.find("our_no", ["K𠮷", "K👩"])
    assert [one.key for one in found["K𠮷"]] == [key] and "K👩" not in found
    if world.dialect == "mysql":  # characters of four bytes do not fit in here: no half of a name is stored
        world.run("alter table customer modify name varchar(20) character set utf8 not null")
        with pytest.raises(RemoteRefusedError, match="Incorrect string value"):
            writer(world).update(key, {"name": "甲𠮷乙"})
        with pytest.raises(RemoteRefusedError, match="Out of range"):
            writer(world).update(key, {"credit": "12345678901234.5"})


@pytest.mark.parametrize("world", ["postgresql", "sqlite"], indirect=True)
def test_a_text_with_u0000_is_kept_or_refused(world: World) -> None:
    target = writer(world)
    if world.dialect == "postgresql":
        with pytest.raises(RemoteRefusedError, match="NUL"):
            target.create({"name": "a\x00b"}, "K1")
        assert rows(world) == []
    else:
        target.create({"name": "a\x00b"}, "K1")
        assert target.find("our_no", ["K1"])["K1"][0].fields["name"] == "a\x00b"


def test_another_unique_column_is_never_overwritten(world: World) -> None:
    target = writer(world)
    first = target.create({"our_no": "K1", "name": "甲"}, "K1")
    world.run("create unique index one_name on customer (name)")
    with pytest.raises(RemoteRefusedError):
        writer(world).create({"our_no": "K2", "name": "甲"}, "K2")
    assert [row[:3] for row in rows(world)] == [(int(first.key), "K1", "甲")]


def test_mistakes_of_the_settings_and_the_mapping(world: World) -> None:
    target = writer(world)
    with pytest.raises(ConfigurationError, match="did you mean `name`"):
        target.create({"nam": "x"}, "K1")
    with pytest.raises(RemoteRefusedError, match="there is no row `77`"):
        target.update("77", {"name": "x"})
    with pytest.raises(ConfigurationError, match="there is no stream `custmer`"):
        world.connect(CUSTOMERS, {"customer": {**WRITE, "stream": "custmer"}})
    with pytest.raises(ConfigurationError, match="did you mean `customer`"):
        world.connect(CUSTOMERS, {"customer": WRITE}).writer("custmer")


def test_two_lanes_create_the_same_record_once(world: World) -> None:
    targets = [writer(world) for _ in range(4)]
    keys: list[str] = []
    errors: list[Exception] = []

    def work(target: Writer) -> None:
        for n in range(10):
            try:
                keys.append(target.create({"name": f"N{n}"}, f"K{n}").key)
            except RetryableError as error:
                errors.append(error)

    threads = [threading.Thread(target=work, args=(target,)) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(rows(world)) == len(set(keys)) == 10
    if world.dialect != "mysql":  # there two inserts may meet in a deadlock, which is tried again
        assert len(keys) == 40 and errors == []


def test_a_lock_that_is_held_is_waited_for_and_then_tried_again(world: World) -> None:
    target = writer(world)
    key = target.create({"name": "甲"}, "K1").key
    impatient = world.connect(CUSTOMERS, {"customer": WRITE}, lock_timeout=1).writer("customer")
    with world.engine.connect() as other:
        if world.dialect == "sqlite":
            other.exec_driver_sql("begin immediate")
        other.execute(sa.text("update customer set name = 'x' where id = :id"), {"id": int(key)})
        with pytest.raises(RetryableError) as caught:
            impatient.update(key, {"name": "y"})
        assert caught.value.code == "sql-busy"
        other.rollback()
    impatient.update(key, {"name": "y"})
    assert rows(world)[0][2] == "y"


def test_a_closed_gate_keeps_everything_back(world: World) -> None:
    target = writer(world)
    calls = 0

    def closed_at_the_commit() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("not any more")

    with gated(closed_at_the_commit), pytest.raises(RuntimeError):
        target.create({"name": "甲"}, "K1")
    assert rows(world) == []
    target.create({"name": "甲"}, "K1")


class Relay:
    """A line to ``port`` that is cut at the first message of the client with ``word``.

    With ``forward`` the message still reaches the server, which answers it; that answer never arrives.
    """

    def __init__(self, port: int, word: bytes, *, forward: bool) -> None:
        self._port, self._word, self._forward = port, word, forward
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for pair in self._pairs:
            for one in pair:
                one.close()

    def _serve(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._port))
                self._pairs.append((near, far))
                cut = threading.Event()
                threading.Thread(target=self._requests, args=(near, far, cut), daemon=True).start()
                threading.Thread(target=self._answers, args=(near, far, cut), daemon=True).start()

    def _requests(self, near: socket.socket, far: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):  # the line was closed
            while data := near.recv(65536):
                if self._word in data.upper():
                    cut.set()
                    if self._forward:
                        far.sendall(data)
                        return
                    near.shutdown(socket.SHUT_RDWR)
                    far.shutdown(socket.SHUT_RDWR)
                    return
                far.sendall(data)

    @staticmethod
    def _answers(near: socket.socket, far: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):  # the line was closed
            while data := far.recv(65536):
                if cut.is_set():
                    near.shutdown(socket.SHUT_RDWR)
                    return
                near.sendall(data)


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
@pytest.mark.parametrize("forward", [False, True])
def test_a_line_that_breaks_in_the_commit_leaves_it_open(world: World, forward: bool) -> None:
    writer(world)
    with Relay(world.engine.url.port or 0, b"COMMIT", forward=forward) as relay:
        url = bare(world.engine.url.set(port=relay.port)).render_as_string(False)
        target = world.connect(CUSTOMERS, {"customer": WRITE}, url=url).writer("customer")
        with pytest.raises(OutcomeUnknownError):
            target.create({"name": "甲"}, "K1")
    assert len(rows(world)) == (1 if forward else 0)
    writer(world).create({"name": "甲"}, "K1")
    assert len(rows(world)) == 1


@pytest.mark.parametrize("world", ["postgresql", "mysql"], indirect=True)
def test_a_line_that_breaks_before_the_commit_wrote_nothing(world: World) -> None:
    writer(world)
    with Relay(world.engine.url.port or 0, b"INSERT INTO", forward=False) as relay:
        url = bare(world.engine.url.set(port=relay.port)).render_as_string(False)
        target = world.connect(CUSTOMERS, {"customer": WRITE}, url=url).writer("customer")
        with pytest.raises(RetryableError):
            target.create({"name": "甲"}, "K1")
    assert rows(world) == []


@pytest.mark.parametrize("world", ["postgresql"], indirect=True)
def test_a_deadlock_and_a_server_that_stops_are_tried_again(world: World) -> None:
    target = writer(world)
    key = target.create({"name": "甲"}, "K1").key
    world.run(
        """create function stop_it() returns trigger language plpgsql as
           $$ begin perform pg_terminate_backend(pg_backend_pid()); return new; end $$"""
    )
    world.run(
        "create trigger stop_it before update on customer for each row when (new.name = 'stop') execute function stop_it()"
    )
    with pytest.raises(RetryableError):
        target.update(key, {"name": "stop"})
    world.run("create function lose() returns trigger language plpgsql as $$ begin raise sqlstate '40P01'; end $$")
    world.run(
        "create trigger lose before update on customer for each row when (new.name = 'lose') execute function lose()"
    )
    with pytest.raises(RetryableError) as caught:
        target.update(key, {"name": "lose"})
    assert caught.value.code == "sql-busy"
    target.update(key, {"name": "well"})


KINDS = {"id": sa.BigInteger(), "our_no": sa.String(40), "name": sa.String(20)}


def _target(dialect: str) -> Target:
    clause = sa.table("customer", *[sa.column(name) for name in KINDS])
    table = Table(clause, KINDS, frozenset({"name"}), (frozenset({"id"}), frozenset({"our_no"})))
    stream = SqlStream(table="customer", key=("id",), cursor="our_no")
    source = Source("db", stream, clause, tuple(KINDS), KINDS, True, (), dialect)
    return Target("db", SqlWrite(table="customer", stream="customer", our_key="our_no"), table, source, dialect)


@pytest.mark.parametrize(
    ("name", "dialect", "limit"),
    [
        ("mysql", mysql.dialect(), "LIMIT"),
        ("mssql", mssql.dialect(), "TOP"),
        ("oracle", oracle.dialect(), "FETCH FIRST"),
    ],
)
def test_statements_for_databases_without_a_server_here(name: str, dialect: Any, limit: str) -> None:
    target = _target(name)
    source = target.source

    def sql(statement: sa.ClauseElement) -> str:
        return " ".join(str(statement.compile(dialect=dialect)).split())

    page = source.select().where(source.after([source.cursor, *source.key], ["K1", 7])).order_by(*source.key).limit(10)
    assert limit in sql(page) and "OFFSET" not in sql(page) and "(customer.our_no, customer.id) >" not in sql(page)
    assert sql(target.insert({"our_no": "K", "name": "n"})).startswith("INSERT INTO customer (our_no, name) VALUES")
    match = target.equals("our_no", "K")
    assert sql(target.update(match, {"name": "n"})).startswith("UPDATE customer SET name=")
    assert ("FOR UPDATE" in sql(target.key_where(match, lock=True))) == (name != "mssql")
    assert target.upsert({"our_no": "K", "name": "n"}) is None, "ON DUPLICATE KEY would overwrite a stranger's row"
