"""The Kingdee connector: the vendor's vectors, the vendor's own SDK, and our connector against the simulator."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from k3cloud_webapi_sdk.main import K3CloudApiSdk

from connectors.sdk import Connector, Page, ReadRequest, Record
from connectors.testing.server import SimulatorServer
from connectors.vendors.kingdee.sign import Identity, client_secret, login_sign, signed_headers
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
FORM = "BD_Customer"
CUSTOMERS = 300
WHO = Identity("65f0c0ffee0001", "integ", "200001_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY", "0123456789abcdef0123456789abcdef")
PATH = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc"


def _read(connection: Connector, **request: Any) -> tuple[list[Record], Page]:
    pages = list(connection.read(ReadRequest(FORM, **request)))
    return [record for page in pages for record in page.records], pages[-1]


def _rows(server: SimulatorServer) -> dict[int, Any]:
    return dict(server.vendor.state.tables[FORM].rows)


def _edit(server: SimulatorServer, key: str, op: str = "update", **fields: Any) -> str:
    return str(server.control(f"records/{FORM}", {"op": op, "key": key, "fields": fields})["keys"][0])


def _failure(code: int, text: str = "某种原因") -> dict[str, Any]:
    status = {
        "ErrorCode": 500,
        "IsSuccess": False,
        "MsgCode": code,
        "Errors": [{"Message": text}],
        "SuccessEntitys": [],
    }
    return {"Result": {"ResponseStatus": status}}


def _calls(server: SimulatorServer, name: str) -> int:
    return sum(n for path, n in server.control("requests")["by_path"].items() if f".{name}.common" in path)


def test_login_signature() -> None:
    assert login_sign(WHO, 1700000000) == "912a150a8dd5ba8454f32a24a302d818f07e452438327872f4dbeb1ade17aaba"


def test_signed_headers() -> None:
    headers = signed_headers(WHO, PATH, 1700000000, "1700000000")
    assert client_secret(WHO.app_id) == "cXJ2cCN1fn8qfHl/eX14aDNiajc0YTNr"
    assert headers["X-Api-Signature"] == (
        "ZmUyMTgwYWVlZjYxYTdiMzBlNGI4NTQzZmQ3MzY2OTRjOTliMDllNTBhYmMyNmNkMDg5NDJmN2ZmNDY2ODc0OA=="
    )
    assert headers["X-Kd-Appdata"] == "NjVmMGMwZmZlZTAwMDEsaW50ZWcsMjA1Miww"
    assert headers["X-Kd-Signature"] == (
        "Mjc5ODc5OWE4ZWEzZGQ4ZTQwOWVhNDExNzE5NTBkZjNkMTgxOGVhOTlkNjgxNTc1ZjUwYWU5MTg1ZTQ3ZmUxNg=="
    )
    other = signed_headers(
        Identity(WHO.acct_id, "张三", WHO.app_id, WHO.app_secret, 2052, "100"), PATH, 1700000000, "1"
    )
    assert other["X-Kd-Appdata"] == "NjVmMGMwZmZlZTAwMDEs5byg5LiJLDIwNTIsMTAw"
    assert other["X-Kd-Signature"] == (
        "NDNkYTc0MTRmOWU0ZGE4YThlMGI2ZjFiNWI4N2VmOWY4OTBhMzQxMWYwMGRhOGU4YzA4MGQ0MzI3NTNlMzc5OQ=="
    )


def test_the_vendors_sdk_works_with_the_simulator(serve: Serve) -> None:
    server = serve("kingdee", customers=CUSTOMERS)
    who = server.vendor.credentials(server.url)
    sdk = K3CloudApiSdk(who["base_url"])
    sdk.InitConfig(who["acct_id"], who["user"], who["app_id"], who["app_secret"], who["base_url"])
    query = {"FormId": FORM, "FieldKeys": "FCUSTID,FNumber,FCreateOrgId.FName", "OrderString": "FCUSTID", "Limit": 3}
    assert json.loads(sdk.ExecuteBillQuery(query))[0] == [100001, "CUST000001", "总公司"]
    assert json.loads(sdk.BillQuery(query))[1] == {
        "FCUSTID": 100002,
        "FNumber": "CUST000002",
        "FCreateOrgId.FName": "总公司",
    }
    model = {"FName": "官方客户", "FCreateOrgId": {"FNumber": "100"}, "FUseOrgId": {"FNumber": "100"}}
    saved = json.loads(sdk.Save(FORM, {"Model": model}))["Result"]
    assert saved["ResponseStatus"]["IsSuccess"] and _rows(server)[saved["Id"]]["FName"] == "官方客户"
    for step in (sdk.Submit, sdk.Audit, sdk.UnAudit, sdk.Delete):
        assert json.loads(step(FORM, {"Ids": str(saved["Id"])}))["Result"]["ResponseStatus"]["IsSuccess"]
    assert saved["Id"] not in _rows(server)
    seen = json.loads(sdk.View(FORM, {"Number": "CUST000001"}))["Result"]["Result"]
    assert seen["Id"] == 100001 and seen["Name"][0]["Key"] == 2052
    info = json.loads(sdk.QueryBusinessInfo({"FormId": FORM}))["Result"]["NeedReturnData"]
    assert "FNumber" in [field["Key"] for field in info["Entrys"][0]["Fields"]]
    assert json.loads(sdk.GetDataCenters())[0]["Id"] == who["acct_id"]
    refused = json.loads(sdk.ExecuteBillQuery({**query, "FieldKeys": "FX"}))
    assert refused[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 9
    server.control("expire", {})
    assert json.loads(sdk.ExecuteBillQuery(query)), "signed headers replace a lost session silently"


def test_the_vendors_sdk_with_wrong_credentials(serve: Serve) -> None:
    server = serve("kingdee")
    who = server.vendor.credentials(server.url)
    sdk = K3CloudApiSdk(who["base_url"])
    sdk.InitConfig(who["acct_id"], who["user"], who["app_id"], "0" * 32, who["base_url"])
    answer = json.loads(sdk.ExecuteBillQuery({"FormId": FORM, "FieldKeys": "FCUSTID"}))
    assert answer[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 1


def test_the_vendors_sdk_polls_an_asynchronous_batch(serve: Serve) -> None:
    server = serve("kingdee")
    who = server.vendor.credentials(server.url)
    sdk = K3CloudApiSdk(who["base_url"])
    sdk.InitConfig(who["acct_id"], who["user"], who["app_id"], who["app_secret"], who["base_url"])
    good = {"FName": "甲", "FCreateOrgId": {"FNumber": "100"}, "FUseOrgId": {"FNumber": "100"}}
    status = json.loads(sdk.BatchSaveQuery(FORM, {"Model": [good, {"FName": "乙"}]}))["Result"]["ResponseStatus"]
    assert not status["IsSuccess"]
    assert [entity["DIndex"] for entity in status["SuccessEntitys"]] == [0]
    assert [error["DIndex"] for error in status["Errors"]] == [1]


@pytest.mark.parametrize("auth", ["signed", "login"])
@pytest.mark.parametrize("query", ["ExecuteBillQuery", "BillQuery"])
def test_a_full_read_lists_everything(serve: Serve, connect: Connect, auth: str, query: str) -> None:
    server = serve("kingdee", customers=CUSTOMERS)
    connection = connect(server, auth=auth, query=query, page_size=20)
    assert connection.check().ok
    records, last = _read(connection, full=True)
    rows = _rows(server)
    assert [int(record.key) for record in records] == sorted(rows) and last.complete
    first = connection.decode(FORM, records[0].raw)
    assert first["FCreateOrgId"] == {"FNumber": "100"} and first["FName"] == rows[100001]["FName"]
    assert _calls(server, "LoginBySign") == (1 if auth == "login" else 0)


def test_numbers_come_as_text_with_every_digit(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    _edit(server, "100001", FCREDITLIMIT="12345678901234567.10")
    connection = connect(server, extra_fields=["FCREDITLIMIT", "F_TM_REMARK"])
    record = _read(connection, keys=("100001",))[0][0]
    assert b'"FCREDITLIMIT":12345678901234567.10,' in record.raw
    assert connection.decode(FORM, record.raw)["FCREDITLIMIT"] == "12345678901234567.10"


def test_a_field_the_account_set_lacks_can_be_left_out(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    with pytest.raises(FatalError, match="without_fields"):
        connect(server, extra_fields=["F_NOT_HERE"]).check()
    assert connect(server, extra_fields=["F_NOT_HERE"], without_fields=["F_NOT_HERE", "FTEL"]).check().ok


def test_changes_ties_and_lookback(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee", customers=CUSTOMERS)
    connection = connect(server, page_size=5)
    checkpoint = _read(connection, full=True)[1].checkpoint
    server.control("clock", {"freeze": True})
    keys = {_edit(server, str(key), FTEL="1") for key in sorted(_rows(server))[:23]}
    records, last = _read(connection, checkpoint=checkpoint)
    assert keys <= {record.key for record in records} and last.checkpoint and not last.complete
    late = _edit(server, "100030", FTEL="2")
    assert late in {record.key for record in _read(connection, checkpoint=last.checkpoint)[0]}
    far = _read(connection, checkpoint=last.checkpoint, lookback=timedelta(days=9999))[0]
    assert len(far) == len(_rows(server))
    since = datetime.now(UTC) - timedelta(minutes=5)
    assert {record.key for record in _read(connection, since=since)[0]} == keys | {late}


@pytest.mark.parametrize("full", [True, False])
def test_records_that_change_while_pages_are_read_are_not_lost(serve: Serve, connect: Connect, full: bool) -> None:
    server = serve("kingdee", customers=CUSTOMERS)
    connection = connect(server, page_size=10)
    everything = sorted(_rows(server))
    seen: dict[str, bytes] = {}
    checkpoint = "2000-01-01T00:00:00"
    for round_ in range(3):
        request = ReadRequest(FORM, full=True) if full and round_ == 0 else ReadRequest(FORM, checkpoint=checkpoint)
        for number, page in enumerate(connection.read(request)):
            seen.update({record.key: record.raw for record in page.records})
            checkpoint = page.checkpoint or checkpoint
            if round_ == 0 and number < 4:
                _edit(server, str(everything[number]), FTEL=f"改{number}")
                _edit(server, str(everything[-1 - number]), FTEL=f"改后{number}")
                _edit(server, "", "insert", FName=f"新{number}")
    assert set(seen) == {str(key) for key in _rows(server)}
    for key, row in _rows(server).items():
        assert connection.decode(FORM, seen[str(key)])["FTEL"] == row["FTEL"]


def test_an_audit_that_does_not_touch_the_modified_date_is_seen_when_watched(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee", customers=CUSTOMERS)
    connection = connect(server, watch_approve_date=True)
    checkpoint = _read(connection, full=True)[1].checkpoint
    table = server.vendor.state.tables[FORM]
    row = table.rows[100005]
    table.put(100005, {**row, "FApproveDate": int(datetime.now(UTC).timestamp() * 1000)})
    assert "100005" in {record.key for record in _read(connection, checkpoint=checkpoint)[0]}


def test_a_session_that_is_lost_in_the_middle_of_a_read(serve: Serve, connect: Connect) -> None:
    for auth in ("signed", "login"):
        server = serve("kingdee", customers=CUSTOMERS)
        keys: list[int] = []
        for page in connect(server, auth=auth, page_size=20).read(ReadRequest(FORM, full=True)):
            keys += [int(record.key) for record in page.records]
            server.control("clock", {"advance": 1300})
        assert keys == sorted(_rows(server))
        pages = len(keys) // 20 + 1
        assert _calls(server, "LoginBySign") == (pages if auth == "login" else 0)


@pytest.mark.parametrize(
    "fault",
    [{"kind": "html", "status": 302}, {"kind": "status", "status": 401}, {"kind": "error_body", "body": "ctx == null"}],
)
def test_other_marks_of_a_lost_session_sign_in_again_twice_at_most(
    serve: Serve, connect: Connect, fault: dict[str, Any]
) -> None:
    server = serve("kingdee")
    connection = connect(server, auth="login")
    connection.check()
    server.control("faults", [{**fault, "path": "ExecuteBillQuery"}])
    assert connection.check().ok and _calls(server, "LoginBySign") == 2
    server.control("faults", [{**fault, "path": "ExecuteBillQuery", "times": 0}])
    with pytest.raises(AuthenticationError):
        connection.check()
    assert _calls(server, "LoginBySign") == 4


@pytest.mark.parametrize("auth", ["signed", "login"])
def test_wrong_credentials(serve: Serve, connect: Connect, auth: str) -> None:
    server = serve("kingdee")
    with pytest.raises(AuthenticationError) as caught:
        connect(server, auth=auth, app_secret="wrong-but-still-secret").check()
    assert "wrong-but-still-secret" not in str(caught.value) and "app_secret" in caught.value.next_step


def test_a_wrong_account_set_is_not_http_200(serve: Serve, connect: Connect) -> None:
    with pytest.raises(RetryableError, match="500"):
        connect(serve("kingdee"), acct_id="nope", retries=0).check()


@pytest.mark.parametrize(
    ("code", "on_read", "on_write", "tries"),
    [
        (13, RetryableError, RetryableError, 3),
        (14, RetryableError, RetryableError, 3),
        (11, FatalError, RemoteRefusedError, 1),
        (9, FatalError, RemoteRefusedError, 1),
        (12, FatalError, RemoteRefusedError, 1),
        (2, AuthenticationError, AuthenticationError, 1),
        (6, RetryableError, OutcomeUnknownError, 1),
    ],
)
@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: [body], lambda body: [[body]]])
def test_each_message_code_has_its_meaning(
    serve: Serve,
    connect: Connect,
    code: int,
    on_read: type[Exception],
    on_write: type[Exception],
    tries: int,
    wrap: Callable[[Any], Any],
) -> None:
    server = serve("kingdee")
    connection = connect(server, retries=2)
    server.control("faults", [{"kind": "error_body", "body": wrap(_failure(code)), "times": 0}])
    with pytest.raises(on_read, match="某种原因") as read:
        connection.check()
    assert type(read.value) is on_read
    with pytest.raises(on_write) as write:
        connection.writer(FORM).create({"FName": "某某"}, "K1")
    assert type(write.value) is on_write and _calls(server, "Save") == tries
    assert server.control("ledger")["total"] == 0


def test_text_errors(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    connection = connect(server)
    server.control("faults", [{"kind": "error_body", "body": "response_error:服务异常", "times": 0}])
    with pytest.raises(ProtocolError, match="服务异常"):
        connection.check()
    with pytest.raises(OutcomeUnknownError, match="服务异常"):
        connection.writer(FORM).create({"FName": "某某"}, "K1")


def test_answers_of_another_shape(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    connection = connect(server)
    for body in ({"x": 1}, [[1]], [{"FNumber": "no id"}], [1]):
        server.control("faults", [{"kind": "error_body", "body": body, "times": 0}])
        with pytest.raises(ProtocolError):
            connection.check()


@pytest.mark.parametrize(("after_save", "status"), [("save", "A"), ("submit", "B"), ("audit", "C")])
def test_create_goes_as_far_as_set(serve: Serve, connect: Connect, after_save: str, status: str) -> None:
    server = serve("kingdee")
    writer = connect(server, after_save=after_save).writer(FORM)
    written = writer.create({"FName": "新客户", "FGroup.FNumber": "G01"}, "TM0001")
    row = _rows(server)[int(written.key)]
    assert (row["FNumber"], row["FDocumentStatus"], row["FGroup"]) == ("TM0001", status, "G01")
    with pytest.raises(RemoteRefusedError, match="已存在"):
        writer.create({"FName": "另一个"}, "TM0001")
    assert server.control("ledger")["totals"]["BD_Customer.create"] == 1


@pytest.mark.parametrize(
    ("before", "settings", "after", "steps"),
    [
        ("A", {}, "B", ["update", "Submit"]),
        ("Z", {"after_save": "save"}, "A", ["update"]),
        ("D", {"after_save": "audit"}, "C", ["update", "Submit", "Audit"]),
        ("B", {}, "B", ["CancelAssign", "update", "Submit"]),
        ("B", {"withdraw": "audit_unaudit"}, "B", ["Audit", "UnAudit", "update", "Submit"]),
        ("B", {"after_save": "audit"}, "C", ["CancelAssign", "update", "Submit", "Audit"]),
        ("C", {}, "C", ["UnAudit", "update", "Submit", "Audit"]),
        ("C", {"after_save": "save"}, "C", ["UnAudit", "update", "Submit", "Audit"]),
    ],
)
def test_an_update_ends_in_the_status_it_found(
    serve: Serve, connect: Connect, before: str, settings: dict[str, Any], after: str, steps: list[str]
) -> None:
    server = serve("kingdee")
    key = _edit(server, "100001", FDocumentStatus=before, FApproveDate=None)
    was = _rows(server)[100001]
    connect(server, **settings).writer(FORM).update(key, {"FTEL": "010-1"})
    row = _rows(server)[100001]
    assert (row["FDocumentStatus"], row["FTEL"]) == (after, "010-1")
    assert [entry["op"] for entry in server.control("ledger")["entries"]] == steps
    touched = {"FTEL", "FDocumentStatus", "FModifyDate", "FApproveDate"}
    assert {k: v for k, v in row.items() if k not in touched} == {k: v for k, v in was.items() if k not in touched}, (
        "lines and other fields stay"
    )


def test_a_refused_update_leaves_the_record_as_it_was(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    with pytest.raises(RemoteRefusedError, match="G99"):
        connect(server).writer(FORM).update("100001", {"FTEL": "1", "FGroup.FNumber": "G99"})
    row = _rows(server)[100001]
    assert row["FDocumentStatus"] == "C" and row["FTEL"] != "1"


@pytest.mark.parametrize(("before", "setting"), [("C", "resave"), ("B", "withdraw")])
def test_updates_of_closed_records_can_be_refused(serve: Serve, connect: Connect, before: str, setting: str) -> None:
    server = serve("kingdee")
    _edit(server, "100001", FDocumentStatus=before)
    with pytest.raises(RemoteRefusedError, match=setting):
        connect(server, **{setting: "refuse"}).writer(FORM).update("100001", {"FTEL": "1"})
    assert server.control("ledger")["total"] == 0


def test_a_create_that_was_saved_but_not_submitted_is_resumed(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server, retries=0).writer(FORM)
    for body, error in ((_failure(14), OutcomeUnknownError), (_failure(11), RemoteRefusedError)):
        number = f"TM{body['Result']['ResponseStatus']['MsgCode']}"
        server.control("faults", [{"kind": "error_body", "path": ".Submit.", "body": body}])
        with pytest.raises(error, match="was saved"):
            writer.create({"FName": "半途"}, number)
        found = writer.find("FNumber", [number])[number]
        assert len(found) == 1 and found[0].fields["FDocumentStatus"] == "A"
        writer.update(found[0].key, {"FName": "半途"})
        assert _rows(server)[int(found[0].key)]["FDocumentStatus"] == "B"


def test_a_success_that_leaves_our_record_out_is_unknown(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    status = {"IsSuccess": True, "Errors": [], "SuccessEntitys": [{"Id": "1", "Number": "x"}], "MsgCode": 0}
    server.control(
        "faults", [{"kind": "error_body", "path": ".Submit.", "body": {"Result": {"ResponseStatus": status}}}]
    )
    with pytest.raises(OutcomeUnknownError, match="not among"):
        connect(server).writer(FORM).create({"FName": "某某"}, "TM1")


@pytest.mark.parametrize(("kind", "taken"), [("timeout_before", 0), ("timeout_after", 1), ("truncate", 1), ("html", 0)])
def test_a_lost_answer_to_a_save_is_unknown(serve: Serve, connect: Connect, kind: str, taken: int) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(FORM)
    server.control("faults", [{"kind": kind, "path": ".Save.", "seconds": 0.01, "status": 200}])
    with pytest.raises(OutcomeUnknownError):
        writer.create({"FName": "某某"}, "TM1")
    assert len(writer.find("FNumber", ["TM1"]).get("TM1", [])) == taken and _calls(server, "Save") == 1


def test_locked_records_are_tried_again(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    server.control("switches", {"locked": ["CUST000001"]})
    with pytest.raises(RetryableError, match="网控冲突"):
        connect(server, retries=1).writer(FORM).update("100001", {"FTEL": "1"})
    assert _calls(server, "UnAudit") == 2 and server.control("ledger")["total"] == 0


def test_forbid_and_enable_twice(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    writer = connect(server).writer(FORM)
    for _ in range(2):
        writer.deactivate("100001")
    assert _rows(server)[100001]["FForbidStatus"] == "B"
    for _ in range(2):
        writer.activate("100001")
    assert server.control("ledger")["totals"] == {"BD_Customer.Forbid": 1, "BD_Customer.Enable": 1}
    with pytest.raises(RemoteRefusedError, match="no record 999"):
        writer.deactivate("999")


def test_find_in_batches_with_quotes_and_case(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee", customers=CUSTOMERS)
    _edit(server, "100001", FName="O'Neil ''客户")
    _edit(server, "100002", FName="同名")
    _edit(server, "100003", FName="同名")
    writer = connect(server).writer(FORM)
    assert writer.find("FName", ["O'Neil ''客户"])["O'Neil ''客户"][0].key == "100001"
    assert [r.key for r in writer.find("FName", ["同名"])["同名"]] == ["100002", "100003"]
    assert writer.find("FNumber", ["cust000004"])["cust000004"][0].key == "100004"
    numbers = [row["FNumber"] for row in _rows(server).values()]
    assert sorted(writer.find("FNumber", [*numbers, "none"])) == sorted(numbers)
    codes = sorted({row["FSOCIALCRECODE"] for row in _rows(server).values()} - {""})
    assert sorted(writer.find("FSOCIALCRECODE", codes)) == codes


def test_unknown_names_checkpoints_and_settings(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    connection = connect(server)
    with pytest.raises(ConfigurationError, match="there are: BD_Customer"):
        list(connection.read(ReadRequest("BD_Custmer")))
    with pytest.raises(ConfigurationError, match="read the stream in full once"):
        list(connection.read(ReadRequest(FORM, checkpoint="yesterday")))
    with pytest.raises(ConfigurationError, match="Asia/Shanghai"):
        connect(server, time_zone="Mars/Olympus")
    with pytest.raises(ConfigurationError, match="list of field names"):
        connect(server, extra_fields={"a": 1}).check()


def test_the_k3cloud_path_is_added_when_it_is_missing(serve: Serve, connect: Connect) -> None:
    server = serve("kingdee")
    assert connect(server, base_url=server.url).check().ok
