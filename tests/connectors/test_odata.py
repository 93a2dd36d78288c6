"""OData v2 and v4: values without loss, keys, links, ETags, CSRF, change links, metadata, errors in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk import Connector, Discovering, ReadRequest
from connectors.sdk.declared.answers import GoneError
from connectors.testing.server import SimulatorServer
from connectors.vendors.odata import metadata, values
from connectors.vendors.odata.settings import ODataStream
from connectors.vendors.odata.simulator_query import BadQueryError, matches
from connectors.vendors.odata.writer import key_of_address
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    ProtocolError,
    RecordError,
    RemoteRefusedError,
    RetryableError,
)

COLUMNS = {"Amount": "Edm.Decimal", "Big": "Edm.Int64", "Changed": "Edm.DateTimeOffset"}
ORDER = {"set": "Orders", "key": "OrderID", "cursor": "Changed", "columns": COLUMNS, "expand": ["Items"]}
WRITE = {"set": "Orders", "stream": "order", "our_key": "Reference", "search": ["Reference"]}
Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]


@pytest.fixture(params=["v2", "v4"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def opened(serve: Serve, connect: Connect, version: str) -> Callable[..., tuple[Connector, SimulatorServer]]:
    server = serve("odata", customers=10)

    def start(**more: Any) -> tuple[Connector, SimulatorServer]:
        given = {"streams": {"order": ORDER}, "writes": {"order": WRITE}, "page_size": 5, **more}
        return connect(server, base_url=f"{server.url}/{version}", version=version, **given), server

    return start


Opened = Callable[..., tuple[Connector, SimulatorServer]]


def whole(connection: Connector, **asked: Any) -> dict[str, dict[str, Any]]:
    asked = asked or {"full": True}
    found = {}
    for page in connection.read(ReadRequest("order", **asked)):
        for record in page.records:
            assert record.op != "broken", record.problem
            found[record.key] = connection.decode("order", record.raw) if record.op == "upsert" else {}
    return found


def test_values_lose_nothing_and_the_protocols_own_members_are_gone(opened: Opened) -> None:
    connection, _ = opened()
    order = whole(connection)["SO000001"]
    assert order["Amount"] == "1.10"
    assert order["Big"] == "9007199254740994"
    assert order["Changed"].startswith("2026-01-01T00:01:00")
    assert order["Items"] == [{"Line": 1, "Text": "line 1"}, {"Line": 2, "Text": "line 2"}]
    assert not [name for name in order if "@" in name or name.startswith("__")]


def test_a_service_that_silently_gives_less_than_asked_is_read_to_its_end(opened: Opened) -> None:
    connection, server = opened(page_size=50)
    server.vendor.state.switches.update(silent_cap=3, server_page=0)
    assert len(whole(connection)) == 10
    mark = '{"at": "2025-12-31T00:00:00+00:00"}'
    assert len(whole(connection, checkpoint=mark)) == 10


def test_an_update_goes_under_the_etag_and_never_over_somebody_elses_change(opened: Opened, version: str) -> None:
    connection, server = opened()
    vendor = server.vendor
    writer = connection.writer("order")
    served, calls = vendor._entity, []

    def meddling(face: str, name: str, key: Any, request: Any) -> Any:
        calls.append(request.method)
        reply = served(face, name, key, request)
        if request.method == "GET" and len(calls) == 1:
            vendor.user_write(name, "update", str(key), fields)
        return reply

    vendor._entity = meddling
    fields: dict[str, Any] = {"Title": "theirs"}
    writer.update("SO000001", {"Closed": True})  # another field was changed: sent again under the new ETag
    assert calls == ["GET", "PATCH", "GET", "PATCH"]
    row = vendor.state.tables["Orders"].rows["SO000001"]
    assert (row["Title"], row["Closed"]) == ("theirs", True)

    calls.clear()
    with pytest.raises(RetryableError, match="Title") as error:
        fields = {"Title": "theirs again"}
        writer.update("SO000001", {"Title": "ours"})
    assert error.value.code == "odata-conflict"
    assert vendor.state.tables["Orders"].rows["SO000001"]["Title"] == "theirs again"


@pytest.mark.parametrize("how", ["patch", "merge", "put"])
def test_each_way_of_updating_keeps_the_other_fields(opened: Opened, how: str) -> None:
    connection, _ = opened(update=how)
    before = whole(connection, keys=("SO000002",))["SO000002"]
    connection.writer("order").update("SO000002", {"Title": "新标题"})
    after = whole(connection, keys=("SO000002",))["SO000002"]
    assert after == {**before, "Title": "新标题", "Changed": after["Changed"]}


def test_a_csrf_token_is_fetched_when_asked_for_and_again_when_it_ended(opened: Opened) -> None:
    connection, server = opened()
    writer = connection.writer("order")
    writer.create({"Title": "a", "Reference": "R1"}, "R1")
    server.vendor.expire_sessions()
    writer.create({"Title": "b", "Reference": "R2"}, "R2")
    assert [entry["our_key"] for entry in server.vendor.state.ledger.entries] == ["R1", "R2"]

    server.vendor._tokens = type("Nothing", (set,), {"add": lambda self, token: None})()
    with pytest.raises(AuthenticationError, match="CSRF"):
        writer.create({"Title": "c", "Reference": "R3"}, "R3")


def test_a_deep_insert_and_numbers_arrive_whole(opened: Opened, version: str) -> None:
    connection, server = opened()
    items = [{"Line": 1, "Text": "甲"}]
    payload = {"Title": "大单", "Reference": "R1", "Amount": "12345678901234567.891", "Items": items}
    made = connection.writer("order").create(payload, "R1")
    row = server.vendor.state.tables["Orders"].rows[made.key]
    assert str(row["Amount"]) == "12345678901234567.891"
    assert row["Items"] == items
    assert made.version


def test_refusals_come_in_the_systems_words_and_a_lock_is_waited_for(opened: Opened) -> None:
    connection, _ = opened(retries=0)
    writer = connection.writer("order")
    with pytest.raises(RemoteRefusedError, match="Title must not be empty"):
        writer.create({"Title": "", "Reference": "R1"}, "R1")
    with pytest.raises(RetryableError, match="processed by MILLER"):
        writer.create({"Title": "locked", "Reference": "R1"}, "R1")
    with pytest.raises(GoneError):
        writer.update("SO999999", {"Title": "x"})


def test_a_second_create_under_our_key_is_the_first_one(opened: Opened) -> None:
    connection, server = opened()
    writer = connection.writer("order")
    first = writer.create({"Title": "a", "Reference": "O'Neil & 甲"}, "O'Neil & 甲")
    again = writer.create({"Title": "a", "Reference": "O'Neil & 甲"}, "O'Neil & 甲")
    assert again.key == first.key
    assert len(server.vendor.state.ledger.entries) == 1


def test_discovery_lists_sets_with_keys_and_types(opened: Opened, version: str) -> None:
    connection, _ = opened()
    assert isinstance(connection, Discovering)
    found = {each.stream: each for each in connection.discover()}
    assert set(found) == {"Orders", "Tags"}
    assert found["Orders"].key == ("OrderID",)
    assert found["Orders"].fields["Amount"] == "Edm.Decimal"
    assert found["Orders"].label == ("Sales order" if version == "v2" else "")


def test_a_set_that_is_not_there_is_said(opened: Opened) -> None:
    connection, _ = opened(streams={"order": {**ORDER, "set": "Order"}}, writes={})
    with pytest.raises(ConfigurationError, match="did you mean `Orders`"):
        connection.check()


def test_a_change_link_that_was_forgotten_is_said(serve: Serve, connect: Connect) -> None:
    server = serve("odata", customers=10)
    tag = {"set": "Tags", "key": "ID", "columns": {"ID": "Edm.Int32"}, "delta": True, "deletes": "visible"}
    connection = connect(server, streams={"tag": tag})
    mark = f'{{"delta": "{server.url}/v4/Tags?$deltatoken=99"}}'
    with pytest.raises(FatalError, match="forgotten") as error:
        list(connection.read(ReadRequest("tag", checkpoint=mark)))
    assert "--full" in error.value.next_step


@pytest.mark.parametrize("wrong", [("v2", "v4"), ("v4", "v2")])
def test_the_wrong_version_is_said(serve: Serve, connect: Connect, wrong: tuple[str, str]) -> None:
    server = serve("odata", customers=10)
    connection = connect(server, base_url=f"{server.url}/{wrong[0]}", version=wrong[1], streams={"order": ORDER})
    with pytest.raises(ProtocolError, match="version"):
        connection.check()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("/Date(1763683200000)/", "2025-11-21T00:00:00"),
        ("/Date(1763683200123+0000)/", "2025-11-21T00:00:00.123+00:00"),
        ("/Date(1763683200000+0480)/", "2025-11-21T08:00:00+08:00"),
        ("/Date(-1000-0060)/", "1969-12-31T22:59:59-01:00"),
        ("/Date(999999999999999)/", "/Date(999999999999999)/"),
        ("/Date(x)/", "/Date(x)/"),
    ],
)
def test_dates_of_v2(text: str, iso: str) -> None:
    assert values.plain(text, "v2", lambda _: ([], "")) == iso


def test_an_expanded_list_is_read_to_its_end() -> None:
    follow = {"n1": ([{"a": 2}], "n2"), "n2": ([{"a": 3}], "")}
    v2 = {"Items": {"results": [{"a": 1}], "__next": "n1"}}
    v4 = {"Items": [{"a": 1}], "Items@odata.nextLink": "n1"}
    wanted = {"Items": [{"a": 1}, {"a": 2}, {"a": 3}]}
    assert values.plain(v2, "v2", follow.__getitem__) == values.plain(v4, "v4", follow.__getitem__) == wanted


@pytest.mark.parametrize(
    ("version", "edm", "value", "text"),
    [
        ("v2", "Edm.String", "O'Brien", "'O''Brien'"),
        ("v2", "Edm.DateTimeOffset", "2026-11-01T08:00:00+00:00", "datetimeoffset'2026-11-01T08:00:00Z'"),
        ("v2", "Edm.Int64", "10", "10L"),
        ("v2", "Edm.Guid", "0a-1", "guid'0a-1'"),
        ("v4", "Edm.DateTimeOffset", "2026-11-01T08:00:00+00:00", "2026-11-01T08:00:00Z"),
        ("v4", "Edm.Decimal", "1.10", "1.10"),
    ],
)
def test_literals(version: str, edm: str, value: str, text: str) -> None:
    assert values.literal(version, edm, value) == text


def test_a_value_that_is_none_of_its_type_writes_no_filter_of_its_own() -> None:
    with pytest.raises(RecordError):
        values.literal("v4", "Edm.Int64", "1 or 1 eq 1")


def test_keys_of_several_parts_go_and_come_back() -> None:
    parts = [("A", "Edm.String"), ("B", "Edm.Int32")]
    key = values.joined_key(["x|y%'/", 10])
    assert values.split_key(key, 2) == ["x|y%'/", "10"]
    path = "Sets" + values.address("v4", parts, key)
    assert path == "Sets(A='x%7Cy%25''%2F',B=10)"
    stream = ODataStream.model_validate({"set": "Sets", "key": "A,B"})
    assert key_of_address(f"https://host/{path}", stream) == key


@pytest.mark.parametrize(
    "body",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><Edmx><Schema/></Edmx>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x SYSTEM "http://127.0.0.1/x"><Edmx/>'.encode("utf-16"),
        b"<Edmx><Schema>",
        b"<Edmx/>",
    ],
)
def test_metadata_with_a_document_type_or_without_an_end_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        metadata.entity_sets(body, "test")


@pytest.mark.parametrize(
    ("version", "filter"),
    [("v2", "Changed ge 2026-01-01T00:00:00Z"), ("v4", "Changed ge datetimeoffset'2026-01-01T00:00:00Z'")],
)
def test_the_simulator_takes_no_literals_of_the_other_version(version: str, filter: str) -> None:
    with pytest.raises(BadQueryError):
        matches(version, filter, {"Changed": 1})
