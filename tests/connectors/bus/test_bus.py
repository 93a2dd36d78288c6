"""Messages as records: acknowledged after storing, given again after a crash, poisonous ones shown and passed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Acknowledging, Connector, Page, ReadRequest
from tests.connectors.bus.world import RedisWorld, World, bus
from tongmai.core.errors import AuthenticationError, ConfigurationError, RemoteRefusedError, RetryableError

__all__ = ["bus"]

Open = Callable[..., Connector]


def declared(world: World) -> dict[str, Any]:
    names = getattr(world, "names", {"in": "in", "out": "out"})
    body = {"body": "data"} if world.kind == "redis" else {}
    once = {"key_enforced": True, "search": ["order_no"]} if world.kind == "redis" else {}
    read = {"key": "order_no", "deletes": "visible", "deleted": {"field": "state", "values": ["cancelled"]}, **body}
    return {
        "streams": {"in": {"from": names["in"], **read}, "out": {"from": names["out"], **read}},
        "writes": {"out": {"to": names["out"], "stream": "out", "key": "order_no", "our_key": "order_no", **once}},
        "timeout": 5,
    }


@pytest.fixture
def opened(bus: World) -> Iterator[Open]:
    made: list[Connector] = []

    def start(**more: Any) -> Connector:
        merged = registry.settings_for("events", "bus", {}, {**bus.settings(), **declared(bus), **more})
        made.append(registry.open_connection("events", "bus", merged))
        return made[-1]

    yield start
    for connection in made:
        connection.close()


def order(number: int, **more: Any) -> bytes:
    return json.dumps({"order_no": f"SO{number}", "amount": number, **more}, ensure_ascii=False).encode()


def read(connection: Connector, **asked: Any) -> list[Page]:
    return list(connection.read(ReadRequest("in", **asked)))


def keys(pages: list[Page]) -> list[str]:
    return [record.key for page in pages for record in page.records]


def test_what_was_not_stored_comes_again_the_same_and_what_was_does_not(bus: World, opened: Open) -> None:
    for number in range(7):
        bus.put(order(number, 备注="加急"))
    first = opened(page_size=3)
    assert first.check().ok
    before = read(first)
    assert keys(before) == [f"SO{number}" for number in range(7)]
    assert [len(page.records) for page in before] == [3, 3, 1]
    assert not any(page.complete for page in before)
    assert isinstance(first, Acknowledging)
    first.stored(before[1].checkpoint or "")
    first.close()  # a crash before the rest was stored

    second = opened(page_size=3)
    again = read(second)
    assert keys(again) == ["SO6"]
    assert again[0].records[0].fingerprint == before[2].records[0].fingerprint
    assert isinstance(second, Acknowledging)
    second.stored(again[0].checkpoint or "")
    assert keys(read(second)) == []
    bus.put(order(7))
    assert keys(read(opened())) == ["SO7"]


def test_a_second_read_on_one_connection_gives_again_what_was_not_stored(bus: World, opened: Open) -> None:
    bus.put(order(1))
    connection = opened()
    assert keys(read(connection)) == keys(read(connection)) == ["SO1"]


def test_a_checkpoint_of_another_read_acknowledges_nothing(bus: World, opened: Open) -> None:
    bus.put(order(1))
    connection = opened()
    read(connection)
    assert isinstance(connection, Acknowledging)
    connection.stored('{"stream": "in", "up_to": "elsewhere"}')
    assert keys(read(connection)) == ["SO1"]


def test_poison_is_shown_and_does_not_stop_its_neighbours(bus: World, opened: Open) -> None:
    poison = [b"\xff\xfe", b"not json", b"[1]", b'{"amount": 1}', b'{"order_no": {"a": 1}}', order(9, note="x" * 2000)]
    for body in [order(1), *poison, order(2)]:
        bus.put(body)
    connection = opened(max_message_bytes=1000)
    pages = read(connection)
    records = [record for page in pages for record in page.records]
    assert [record.op for record in records] == ["upsert", *["broken"] * len(poison), "upsert"]
    assert all(record.problem for record in records if record.op == "broken")
    assert len({record.key for record in records}) == len(records)
    assert isinstance(connection, Acknowledging)
    connection.stored(pages[-1].checkpoint or "")
    assert read(connection) == []


def test_a_message_tells_a_delete_and_numbers_keep_their_digits(bus: World, opened: Open) -> None:
    bus.put(b'{"order_no": "SO1", "amount": 123456789012345678.10, "state": "open"}')
    bus.put(b'{"order_no": "SO1", "state": "cancelled"}')
    connection = opened()
    (page,) = read(connection)
    assert [record.op for record in page.records] == ["upsert", "delete"]
    assert connection.decode("in", page.records[0].raw)["amount"] == "123456789012345678.10"


def test_a_run_takes_a_bounded_number(bus: World, opened: Open) -> None:
    for number in range(6):
        bus.put(order(number))
    assert len(keys(read(opened(page_size=2, read_at_most=4)))) == 4


def test_a_record_is_published_with_our_key_as_its_id(bus: World, opened: Open) -> None:
    writer = opened().writer("out")
    assert writer.create({"order_no": "SO1", "客户": "北京甲公司"}, "SO1").key == "SO1"
    writer.update("SO1", {"客户": "北京乙公司"})
    first, second = bus.out()
    assert first == {
        "id": "SO1",
        "operation": "create",
        "key": "SO1",
        "data": {"order_no": "SO1", "客户": "北京甲公司"},
    }
    assert second["operation"] == "update"
    assert second["key"] == "SO1" != second["id"]
    assert second["data"] == {"order_no": "SO1", "客户": "北京乙公司"}
    with pytest.raises(RemoteRefusedError, match="order_no"):
        writer.create({"order_no": ""}, "")


def test_a_value_that_comes_back_is_published_again(bus: World, opened: Open) -> None:
    writer = opened().writer("out")
    for value in ("a", "b", "a"):
        writer.update("SO1", {"state": value})
    assert [each["data"]["state"] for each in bus.out()] == ["a", "b", "a"]


def test_a_source_that_is_not_there_is_said(bus: World, opened: Open) -> None:
    if bus.kind == "redis":
        bus.system.client.set("text", "x")  # type: ignore[attr-defined]
    stream = {"from": "text" if bus.kind == "redis" else "no-such", "key": "id", "deletes": "never"}
    with pytest.raises(ConfigurationError) as error:
        opened(streams={"in": stream}, writes={}).check()
    assert error.value.next_step


def test_a_queue_has_no_history_others_give_it_without_taking(bus: World, opened: Open) -> None:
    bus.put(order(1))
    bus.put(order(1, state="new"))
    bus.put(order(2))
    connection = opened()
    if bus.kind == "amqp":
        with pytest.raises(ConfigurationError, match="by key"):
            read(connection, keys=("SO1",))
        return
    (record,) = read(connection, keys=("SO1",))[0].records
    assert connection.decode("in", record.raw)["state"] == "new"
    assert len(keys(read(connection))) == 3


class TestRedis:
    """What only Redis promises."""

    @pytest.fixture(params=["redis"])
    def bus(self, request: pytest.FixtureRequest) -> Iterator[RedisWorld]:
        from connectors.testing.contract.fixture import Fixture
        from connectors.vendors.bus.stand import create

        system = create(Fixture(connector="bus"))
        system.start()
        yield RedisWorld(system)
        system.stop()

    def test_a_repeated_create_is_one_message_and_another_body_is_refused(self, bus: RedisWorld, opened: Open) -> None:
        writer = opened().writer("out")
        for _ in range(3):
            writer.create({"order_no": "SO1", "n": 1}, "SO1")
        assert len(bus.out()) == 1
        with pytest.raises(RemoteRefusedError, match="another body"):
            writer.create({"order_no": "SO1", "n": 2}, "SO1")
        found = opened().writer("out").find("order_no", ["SO1", "SO2"])
        assert {value: [each.key for each in some] for value, some in found.items()} == {"SO1": ["SO1"]}

    def test_entries_that_were_trimmed_unread_are_told(self, bus: RedisWorld, opened: Open) -> None:
        for number in range(3):
            bus.put(order(number))
        read(opened())  # taken, and the run is killed
        bus.system.client.xtrim("in", maxlen=1, approximate=False)
        records = [record for page in read(opened()) for record in page.records]
        assert [record.op for record in records] == ["broken", "broken", "upsert"]
        assert "trimmed" in records[0].problem

    def test_a_group_of_its_own_reads_everything_and_a_new_one_may_begin_now(
        self, bus: RedisWorld, opened: Open
    ) -> None:
        bus.put(order(1))
        assert keys(read(opened(group="a"))) == keys(read(opened(group="b"))) == ["SO1"]
        streams = {"in": {**declared(bus)["streams"]["in"], "begin": "new"}}
        late = opened(group="c", streams=streams, writes={})
        assert keys(read(late)) == []
        bus.put(order(2))
        assert keys(read(late)) == ["SO2"]

    def test_fields_are_a_record_where_no_body_is_named(self, bus: RedisWorld, opened: Open) -> None:
        bus.system.client.xadd("in", {"order_no": "SO1", "客户": "甲"})
        connection = opened(streams={"in": {"from": "in", "key": "order_no", "deletes": "never"}}, writes={})
        (page,) = read(connection)
        assert connection.decode("in", page.records[0].raw) == {"order_no": "SO1", "客户": "甲"}

    def test_a_wrong_password_and_a_dead_server_are_told_apart(self, bus: RedisWorld, opened: Open) -> None:
        with pytest.raises(AuthenticationError):
            opened(password="wrong").check()
        connection = opened()
        writer = connection.writer("out")
        bus.system.stop()
        with pytest.raises(RetryableError):
            writer.create({"order_no": "SO1"}, "SO1")
        with pytest.raises(RetryableError):
            read(connection)
        bus.system.start()
        assert connection.check().ok

    def test_an_open_connection_to_another_machine_is_refused(self, bus: RedisWorld, opened: Open) -> None:
        with pytest.raises(ConfigurationError, match="in the open"):
            opened(host="10.0.0.9")

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"kind": "kafka"}, "for redis"),
            ({"streams": {"out": {"from": "x", "key": "id", "deletes": "visible"}}}, "deleted"),
            ({"streams": {"in": {"from": "x", "key": "@key", "deletes": "never"}}}, "no key of its own"),
            ({"streams": {}}, "there is no stream"),
        ],
    )
    def test_what_a_bus_cannot_promise_is_a_mistake(self, opened: Open, more: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            opened(**more)
