"""The Fxiaoke connector against its simulator."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk import Connector, Page, ReadRequest, Record
from connectors.testing.server import SimulatorServer
from connectors.vendors.fxiaoke.simulator_data import open_user_id
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    ProtocolError,
    RemoteRefusedError,
    RetryableError,
)

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
OBJ = "AccountObj"
QUERY = "/cgi/crm/v2/data/query"


def _read(connection: Connector, stream: str = OBJ, **request: Any) -> tuple[list[Record], Page]:
    pages = list(connection.read(ReadRequest(stream, **request)))
    return [record for page in pages for record in page.records], pages[-1]


def _rows(server: SimulatorServer, obj: str = OBJ) -> dict[str, Any]:
    return dict(server.vendor.state.tables[obj].rows)


def _edit(server: SimulatorServer, key: str, op: str = "update", **fields: Any) -> str:
    return str(server.control(f"records/{OBJ}", {"op": op, "key": key, "fields": fields})["keys"][0])


def _error_body(code: int) -> dict[str, Any]:
    return {"errorCode": code, "errorMessage": "某种原因", "traceId": "E"}


@pytest.mark.parametrize("style", ["header", "body"])
def test_a_full_read_lists_everything_in_both_styles(serve: Serve, connect: Connect, style: str) -> None:
    server = serve("fxiaoke")
    user = "1000" if style == "header" else open_user_id("1000")
    connection = connect(server, auth_style=style, user=user, page_size=7)
    assert connection.check().ok
    for stream in ("AccountObj", "ContactObj", "LeadsObj", "NewOpportunityObj", "ProductObj", "PersonnelObj"):
        records, last = _read(connection, stream, full=True)
        rows = _rows(server, stream)
        assert sorted(record.key for record in records) == sorted(rows) and last.complete
        assert (last.checkpoint or "").split(";")[0] == str(max(row["last_modified_time"] for row in rows.values()))
    owner = connection.decode(OBJ, _read(connection)[0][0].raw)["owner"][0]
    assert owner.startswith("FSUID_") == (style == "body")


def test_a_first_incremental_read_lists_all_but_is_not_complete(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    records, last = _read(connect(server))
    assert len(records) == len(_rows(server)) and not last.complete and last.checkpoint


def test_changes_are_read_from_the_checkpoint(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    checkpoint = _read(connection, full=True)[1].checkpoint
    key = sorted(_rows(server))[3]
    _edit(server, key, tel="010-1")
    records, last = _read(connection, checkpoint=checkpoint)
    assert key in [record.key for record in records]
    assert last.checkpoint == str(_rows(server)[key]["last_modified_time"])
    quiet, after = _read(connection, checkpoint=str(int(last.checkpoint or 0) + 1))
    assert quiet == [] and after.checkpoint == str(int(last.checkpoint or 0) + 1)


def test_since_and_lookback(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    times = sorted(row["last_modified_time"] for row in _rows(server).values())
    middle = times[len(times) // 2]
    wanted = sum(at >= middle for at in times)
    assert len(_read(connection, since=datetime.fromtimestamp(middle / 1000, UTC))[0]) == wanted
    back = timedelta(milliseconds=times[-1] - middle)
    assert len(_read(connection, checkpoint=str(times[-1]), lookback=back)[0]) == wanted


def test_many_records_of_one_millisecond_are_paged_without_loss(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, page_size=10)
    checkpoint = _read(connection, full=True)[1].checkpoint
    server.control("clock", {"freeze": True})
    keys = {_edit(server, "", "insert", name=f"同刻{i}") for i in range(35)}
    records, last = _read(connection, checkpoint=checkpoint)
    assert keys <= {record.key for record in records}
    # One more of the very same millisecond, after the checkpoint was taken, is not lost either.
    late = _edit(server, "0" * 24, "insert", name="更晚提交")
    assert late in {record.key for record in _read(connection, checkpoint=last.checkpoint)[0]}


@pytest.mark.parametrize("full", [True, False])
def test_records_that_change_while_pages_are_read_are_not_lost(serve: Serve, connect: Connect, full: bool) -> None:
    server = serve("fxiaoke")
    connection = connect(server, page_size=10)
    everything = set(_rows(server))
    seen: dict[str, bytes] = {}
    checkpoint = "0"
    for round_ in range(3):
        request = ReadRequest(OBJ, full=full) if round_ == 0 and full else ReadRequest(OBJ, checkpoint=checkpoint)
        for number, page in enumerate(connection.read(request)):
            seen.update({record.key: record.raw for record in page.records})
            checkpoint = page.checkpoint or checkpoint
            if round_ == 0 and number < 4:
                # Change one already read and one still to come, as users do.
                _edit(server, sorted(everything)[number], remark=f"改{number}")
                _edit(server, sorted(everything)[-1 - number], remark=f"改后{number}")
                everything.add(_edit(server, f"{number:024x}", "insert", name=f"新{number}"))
    assert set(seen) == everything
    for key, row in _rows(server).items():
        assert connection.decode(OBJ, seen[key]).get("remark") == row.get("remark")


def test_only_the_asked_keys(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    keys = tuple(sorted(_rows(server))[:60:3])
    records, last = _read(connect(server), keys=(*keys, "0" * 24))
    assert tuple(record.key for record in records) == keys and not last.complete and last.checkpoint is None


def test_fingerprint_ignores_what_belongs_to_other_records(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    before = {r.key: r for r in _read(connection, "ContactObj", full=True)[0]}
    account = next(row["account_id"] for row in _rows(server, "ContactObj").values())
    _edit(server, account, name="改名了有限公司")
    after = {r.key: r for r in _read(connection, "ContactObj", full=True)[0]}
    assert {k: r.fingerprint for k, r in before.items()} == {k: r.fingerprint for k, r in after.items()}
    changed = [key for key in before if before[key].raw != after[key].raw]
    assert changed, "the account's name is shown in its contacts"


@pytest.mark.parametrize("visible", [True, False])
def test_invalidated_rows(serve: Serve, connect: Connect, visible: bool) -> None:
    server = serve("fxiaoke")
    connection = connect(server, invalid_rows_visible=visible)
    server.control("switches", {"invalid_visible": visible})
    key = sorted(_rows(server))[0]
    connection.writer(OBJ).deactivate(key)
    records, last = _read(connection, full=True)
    ops = {record.key: record.op for record in records}
    assert ops.get(key) == ("delete" if visible else None) and last.complete


def test_a_token_that_expires_in_the_middle_of_a_read(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    keys: list[str] = []
    for page in connect(server, page_size=10).read(ReadRequest(OBJ, full=True)):
        keys += [record.key for record in page.records]
        server.control("expire", {})
        server.control("clock", {"advance": 30})
    assert sorted(keys) == sorted(_rows(server))


def test_tokens_are_shared_and_fetched_by_one_caller_at_a_time(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke", seed=77)
    connections = [connect(server, name=f"c{i}") for i in range(4)]
    server.control("faults", [{"kind": "latency", "path": "token", "seconds": 0.2, "times": 0}])
    threads = [threading.Thread(target=connection.check) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.control("requests")["by_path"]["/oauth2.0/token"] == 1


def test_two_tenants_at_once_in_one_process(serve: Serve, connect: Connect) -> None:
    servers = [serve("fxiaoke", seed=seed, customers=40) for seed in (3, 4)]
    connections = [connect(server, name=f"crm_{i}") for i, server in enumerate(servers)]
    reads = [connection.read(ReadRequest(OBJ, full=True)) for connection in connections]
    keys: list[set[str]] = [set(), set()]
    for pages in zip(*reads, strict=False):
        for own, page in zip(keys, pages, strict=True):
            own.update(record.key for record in page.records)
    assert keys == [set(_rows(server)) for server in servers] and not keys[0] & keys[1]


@pytest.mark.parametrize("style", ["header", "body"])
def test_wrong_credentials_say_what_to_check_and_hide_the_secret(serve: Serve, connect: Connect, style: str) -> None:
    server = serve("fxiaoke")
    connection = connect(server, auth_style=style, app_secret="wrong-but-still-secret")
    with pytest.raises(AuthenticationError, match="app_id, app_secret and permanent_code") as caught:
        connection.check()
    assert "wrong-but-still-secret" not in str(caught.value)
    assert caught.value.code == "fxiaoke-10006"


def test_a_token_that_is_refused_again_ends_the_run(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    connection.check()
    server.control("reset-counts", {})
    server.control("faults", [{"kind": "error_body", "path": QUERY, "body": _error_body(20016), "times": 0}])
    with pytest.raises(AuthenticationError, match="also with a new token"):
        connection.check()
    assert server.control("requests")["by_path"] == {QUERY: 3, "/oauth2.0/token": 2}


@pytest.mark.parametrize(
    ("code", "on_read", "on_write", "tries"),
    [
        (14001, RetryableError, RetryableError, 3),
        (30004, RetryableError, RetryableError, 3),
        (30002, FatalError, FatalError, 1),
        (30003, FatalError, FatalError, 1),
        (50009, RetryableError, OutcomeUnknownError, 0),
        (-1, RetryableError, OutcomeUnknownError, 0),
        (15003, AuthenticationError, AuthenticationError, 1),
        (32000, FatalError, RemoteRefusedError, 0),
        (10013, FatalError, RemoteRefusedError, 0),
    ],
)
def test_each_error_code_has_its_meaning(
    serve: Serve, connect: Connect, code: int, on_read: type[Exception], on_write: type[Exception], tries: int
) -> None:
    server = serve("fxiaoke")
    connection = connect(server, retries=2)
    connection.check()
    server.control("reset-counts", {})
    server.control("faults", [{"kind": "error_body", "path": "/data/", "body": _error_body(code), "times": 0}])
    with pytest.raises(on_read) as read:
        connection.check()
    assert type(read.value) is on_read and "某种原因" in str(read.value) and str(code) in str(read.value)
    with pytest.raises(on_write) as write:
        connection.writer(OBJ).create({"name": "某某"}, "K1")
    assert type(write.value) is on_write and read.value.code == f"fxiaoke-{code}"  # type: ignore[attr-defined]
    if tries:
        assert server.control("requests")["by_path"]["/cgi/crm/v2/data/create"] == tries
    assert server.control("ledger")["total"] == 0


def test_an_answer_of_another_shape_is_a_protocol_error(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    connection.check()
    for body in ([], {"data": {}}, {"errorCode": 0, "data": {"dataList": [{"name": "no id"}]}}, {"errorCode": 0}):
        server.control("faults", [{"kind": "error_body", "path": QUERY, "body": body, "times": 0}])
        with pytest.raises(ProtocolError):
            connection.check()


def test_the_call_limit_is_kept_by_waiting(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, page_size=1, retries=0)
    server.control("clock", {"freeze": True})  # the tenant's 20 seconds never pass: the 101st call would be refused
    read = connection.read(ReadRequest(OBJ, full=True))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        raise TimeoutError

    connection._api._limits._sleep = sleep  # type: ignore[attr-defined]
    server.control(f"records/{OBJ}", [{"op": "insert", "fields": {"name": f"n{i}"}} for i in range(120)])
    with pytest.raises(TimeoutError):
        for _ in read:
            pass
    assert slept and 0 < slept[0] <= 22
    assert server.control("requests")["by_path"][QUERY] == 100


def test_write_and_read_back(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    writer = connection.writer(OBJ)
    written = writer.create({"name": "通脉测试有限公司", "annual_revenue__c": "1.50"}, "K-1")
    found = writer.find("tongmai_key__c", ["K-1", "K-2"])
    assert list(found) == ["K-1"] and [record.key for record in found["K-1"]] == [written.key]
    assert found["K-1"][0].fields["annual_revenue__c"] == "1.50"
    writer.update(written.key, {"tel": "010-88886666"})
    row = _rows(server)[written.key]
    assert (row["tel"], row["name"]) == ("010-88886666", "通脉测试有限公司")
    for _ in range(2):
        writer.deactivate(written.key)
    assert _rows(server)[written.key]["life_status"] == "invalid"
    for _ in range(2):
        writer.activate(written.key)
    assert _rows(server)[written.key]["life_status"] == "normal"
    assert written.key in {
        record.key for record in _read(connection, since=datetime.now(UTC) - timedelta(minutes=1))[0]
    }
    totals = server.control("ledger")["totals"]
    assert totals == {"AccountObj.create": 1, "AccountObj.update": 1, "AccountObj.invalid": 1, "AccountObj.recover": 1}
    flags = server.control("ledger")["entries"][0]["payload"]
    assert flags["_triggerWorkFlow"] is False and flags["_triggerApprovalFlow"] is False


def test_contacts_are_written_too(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer("ContactObj")
    account = sorted(_rows(server))[0]
    written = writer.create({"name": "王小明", "account_id": account}, "P-1")
    assert _rows(server, "ContactObj")[written.key]["account_id"] == account
    with pytest.raises(RemoteRefusedError, match="引用的数据"):
        writer.create({"name": "李小红", "account_id": "f" * 24}, "P-2")


def test_find_returns_every_record_of_a_value(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    for _ in range(130):
        _edit(server, "", "insert", name="同名公司")
    found = connect(server).writer(OBJ).find("name", ["同名公司", "没有", ""])
    assert {value: len(records) for value, records in found.items()} == {"同名公司": 130}
    many = sorted({row["name"] for row in _rows(server).values()})
    assert sorted(connect(server).writer(OBJ).find("name", many)) == many


def test_our_key_may_have_another_name_in_a_tenant(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server, our_key="remark").writer(OBJ)
    written = writer.create({"name": "某某", "tongmai_key__c": "K-9"}, "K-9")
    row = _rows(server)[written.key]
    assert row["remark"] == "K-9" and "tongmai_key__c" not in row
    assert writer.find("tongmai_key__c", ["K-9"])["K-9"][0].fields["tongmai_key__c"] == "K-9"


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        ({"tel": "1"}, "必填字段 name"),
        ({"name": "x", "account_level": "Z9"}, "选项 Z9 不存在"),
        ({"name": "x", "nonsense": 1}, "nonsense 不存在"),
    ],
)
def test_a_refused_write_gives_the_vendors_words(
    serve: Serve, connect: Connect, payload: dict[str, Any], text: str
) -> None:
    server = serve("fxiaoke")
    with pytest.raises(RemoteRefusedError, match=text) as caught:
        connect(server).writer(OBJ).create(payload, "K-1")
    assert caught.value.code == "fxiaoke-32000"


def test_a_locked_record_is_refused_not_unknown(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    key = sorted(_rows(server))[0]
    _edit(server, key, lock_status="1")
    with pytest.raises(RemoteRefusedError, match="locked"):
        connect(server).writer(OBJ).update(key, {"tel": "changed"})


def test_50009_on_an_update_that_was_taken_is_settled_by_reading_back(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer(OBJ)
    key = sorted(_rows(server))[0]
    fault = {"kind": "error_body", "path": "/update", "body": _error_body(50009)}
    server.control("faults", [fault])
    with pytest.raises(OutcomeUnknownError):
        writer.update(key, {"tel": "not-there"})
    writer.update(key, {"tel": "there"})
    server.control("faults", [fault])
    assert writer.update(key, {"tel": "there"}).key == key


@pytest.mark.parametrize(
    ("kind", "taken"), [("timeout_before", 0), ("timeout_after", 1), ("reset_body", 1), ("truncate", 1)]
)
def test_a_lost_answer_to_a_create_is_unknown_and_can_be_looked_up(
    serve: Serve, connect: Connect, kind: str, taken: int
) -> None:
    server = serve("fxiaoke")
    writer = connect(server).writer(OBJ)
    server.control("faults", [{"kind": kind, "path": "/create", "seconds": 0.01}])
    with pytest.raises(OutcomeUnknownError):
        writer.create({"name": "某某"}, "K-7")
    assert len(writer.find("tongmai_key__c", ["K-7"]).get("K-7", [])) == taken
    assert server.control("requests")["by_path"]["/cgi/crm/v2/data/create"] == 1


def test_unknown_names_and_checkpoints(serve: Serve, connect: Connect) -> None:
    connection = connect(serve("fxiaoke"))
    with pytest.raises(ConfigurationError, match="there are: AccountObj"):
        list(connection.read(ReadRequest("AcountObj")))
    with pytest.raises(ConfigurationError, match="can be written: AccountObj"):
        connection.writer("LeadsObj")
    with pytest.raises(ConfigurationError, match="read the stream in full once"):
        list(connection.read(ReadRequest(OBJ, checkpoint="yesterday")))


def test_secrets_and_tokens_are_not_in_errors(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server)
    connection.check()
    token = server.vendor._tokens[-1][0]  # type: ignore[attr-defined]
    body = {"errorCode": 32000, "errorMessage": f"bad {token} {server.vendor.app_secret}"}  # type: ignore[attr-defined]
    server.control("faults", [{"kind": "error_body", "path": "/data/", "body": body, "times": 0}])
    with pytest.raises(FatalError) as caught:
        connection.check()
    assert "bad *** ***" in str(caught.value)


def test_a_simulator_that_dies_is_away_and_may_come_back(serve: Serve, connect: Connect) -> None:
    server = serve("fxiaoke")
    connection = connect(server, page_size=10, retries=0)
    server.control("faults", [{"kind": "die", "path": QUERY, "after": 3}])
    keys: list[str] = []
    with pytest.raises(RetryableError):
        for page in connection.read(ReadRequest(OBJ, full=True)):
            keys += [record.key for record in page.records]
            assert page.checkpoint is None
    assert len(keys) == 20
    deadline = time.monotonic() + 5
    while server.running and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    server.stop()
    server.start()
    assert len(_read(connection, full=True)[0]) == len(_rows(server))
