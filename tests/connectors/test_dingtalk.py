"""The simulated DingTalk behaves as the vendor's pages describe; the connector copes with it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from connectors.sdk import Connector
from connectors.sdk.contract import Discovering, ReadRequest
from connectors.testing.server import SimulatorServer
from connectors.vendors.dingtalk import simulator_data as data
from tests.connectors.dingtalk_company import HEADER, Company
from tongmai.core.errors import AuthenticationError, FatalError, RemoteRefusedError, RetryableError
from tongmai.core.record import Record

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]


@pytest.fixture
def company(serve: Serve) -> Company:
    return Company(serve("dingtalk", customers=30))


def records(connection: Connector, stream: str, **asked: Any) -> list[Record]:
    return [record for page in connection.read(ReadRequest(stream, **asked)) for record in page.records]


def read(connection: Connector, stream: str, **asked: Any) -> dict[str, dict[str, Any]]:
    return {r.key: connection.decode(stream, r.raw) for r in records(connection, stream, **asked) if r.op == "upsert"}


# -- 1, 2, 3: tokens and refusals --------------------------------------------------------------------------------------


def test_each_face_has_its_own_token_call_and_the_same_token_while_it_is_good(company: Company) -> None:
    body = {"appKey": data.APP["app_key"], "appSecret": data.APP["app_secret"]}
    status, first = company.send("POST", "/v1.0/oauth2/accessToken", body)
    assert (status, set(first), first["expireIn"]) == (200, {"accessToken", "expireIn"}, 7200)
    newer = {
        "client_id": data.APP["app_key"],
        "client_secret": data.APP["app_secret"],
        "grant_type": "client_credentials",
    }
    _, variant = company.send("POST", f"/v1.0/oauth2/{data.CORP}/token", newer)
    assert variant == {"access_token": first["accessToken"], "expires_in": 7200}
    query = urlencode({"appkey": data.APP["app_key"], "appsecret": data.APP["app_secret"]})
    _, old = company.send("GET", f"/gettoken?{query}")
    assert (old["errcode"], old["errmsg"], old["expires_in"]) == (0, "ok", 7200)
    assert company.token() == first["accessToken"]
    company.advance(7000)
    assert company.token() == first["accessToken"]  # asked again, it is renewed
    company.advance(7000)
    assert company.new("GET", "/v1.0/workflow/processInstances?processInstanceId=inst-00001")[0] == 200
    company.advance(7201)
    assert company.token() != first["accessToken"]
    kept = company.token()
    company.server.control("expire", {})
    assert company.token() != kept


def test_wrong_credentials(company: Company) -> None:
    status, body = company.send("POST", "/v1.0/oauth2/accessToken", {"appKey": "x", "appSecret": "y"})
    assert (status, body["code"]) == (400, "invalidClientIdOrSecret")
    assert company.send("GET", "/gettoken?appkey=x&appsecret=y")[1]["errcode"] == 40001


def test_a_bad_token_is_400_on_the_new_face_and_a_code_on_the_legacy_one(company: Company) -> None:
    for headers in ({}, {HEADER: "wrong"}):
        status, body = company.send("GET", "/v1.0/workflow/processInstances?processInstanceId=x", None, headers)
        assert (status, body["code"]) == (400, "InvalidAuthentication")
        assert "requestid" in body and "request_id" not in body
    path = "/topapi/v2/department/get"
    assert company.send("POST", path, {"dept_id": 1})[1]["errcode"] == 41001
    assert company.send("POST", f"{path}?access_token=wrong", {"dept_id": 1})[1]["errcode"] == 40014
    token = company.old_token()
    company.server.control("expire", {})
    body = company.send("POST", f"{path}?access_token={token}", {"dept_id": 1})[1]
    assert body["errcode"] == 42001 and "request_id" in body


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_token_that_ends_is_renewed_once_on_each_face(company: Company, connect: Connect, wrapped: bool) -> None:
    company.switch(legacy_88=wrapped)
    connection = connect(company.server)
    assert len(read(connection, "hr_roster")) == 30
    company.server.control("expire", {})
    company.state.requests.clear()
    assert len(read(connection, "hr_roster")) == 30
    assert company.state.requests["/gettoken"] == 1
    assert company.state.requests["/v1.0/oauth2/accessToken"] == 1


def test_one_token_for_both_faces_is_taken_too_where_the_vendor_does_so(company: Company) -> None:
    company.switch(one_token=True)
    token = company.old_token()
    assert (
        company.send("GET", "/v1.0/workflow/processInstances?processInstanceId=inst-00001", None, {HEADER: token})[0]
        == 200
    )


@pytest.mark.parametrize("path", ["/topapi/v2/department/get", "/v1.0/workflow/processes/instanceIds/query"])
@pytest.mark.parametrize("wrapped", [False, True])
def test_missing_rights_are_said_as_such(company: Company, connect: Connect, path: str, wrapped: bool) -> None:
    company.switch(no_rights=[path], legacy_88=wrapped)
    with pytest.raises(AuthenticationError) as caught:
        read(connect(company.server), "department" if "dep" in path else "approval")
    assert "rights" in caught.value.next_step and ("60011" in caught.value.why or "Permission" in caught.value.why)


# -- 4, 5: contacts ----------------------------------------------------------------------------------------------------


def test_children_of_a_department_are_one_level(company: Company, connect: Connect) -> None:
    found = company.old("/topapi/v2/department/listsub", {"dept_id": 1})["result"]
    assert [row["dept_id"] for row in found] == [11, 12, 13]
    assert set(read(connect(company.server), "department")) == {"1", "11", "12", "13", "111", "112", "131", "1111"}


def test_an_app_that_sees_a_part_only(company: Company, connect: Connect) -> None:
    company.switch(scope=[11])
    assert company.old("/topapi/v2/department/listsub", {"dept_id": 1})["errcode"] == 50004
    outside = next(key for key, row in company.state.tables["user"].rows.items() if row["dept_id_list"] == [12])
    assert company.old("/topapi/v2/user/get", {"userid": outside})["errcode"] == 50002
    assert company.old("/topapi/user/listid", {"dept_id": 12})["result"]["userid_list"]  # this one ignores it
    with pytest.raises(AuthenticationError, match="50004"):
        read(connect(company.server), "department")
    assert set(read(connect(company.server, root_department="11"), "department")) == {"11", "111", "112", "1111"}


def test_pages_of_people(company: Company, connect: Connect) -> None:
    assert company.old("/topapi/v2/user/list", {"dept_id": 11, "cursor": 0, "size": 101})["errcode"] == 400002
    first = company.old("/topapi/v2/user/list", {"dept_id": 11, "cursor": 0, "size": 2})["result"]
    assert first["has_more"] is True and first["next_cursor"] == 2
    rest = company.old("/topapi/v2/user/list", {"dept_id": 11, "cursor": 2, "size": 100})["result"]
    assert rest["has_more"] is False and "next_cursor" not in rest
    twice = [key for key, row in company.state.tables["user"].rows.items() if len(row["dept_id_list"]) == 2]
    assert twice
    found = [record.key for record in records(connect(company.server), "user")]
    assert len(found) == len(set(found)) == 30 and set(twice) <= set(found)


def test_a_person_is_the_same_record_however_read(company: Company, connect: Connect) -> None:
    connection = connect(company.server, page_size=3)
    listed = {record.key: record.fingerprint for record in records(connection, "user")}
    for record in records(connection, "user", keys=("u0001", "u0005")):
        assert record.fingerprint == listed[record.key]
    row = read(connection, "user", keys=("u0005",))["u0005"]
    assert row["extension"] == {"工号": "E0005"} and "leader_in_dept" not in row


def test_a_person_who_left_is_gone(company: Company, connect: Connect) -> None:
    assert company.old("/topapi/v2/user/get", {"userid": "nobody"})["errcode"] == 60121
    assert [record.op for record in records(connect(company.server), "user", keys=("nobody",))] == ["delete"]


def test_roster(company: Company, connect: Connect) -> None:
    page = company.old("/topapi/smartwork/hrm/employee/queryonjob", {"status_list": "2,3", "offset": 0, "size": 50})
    assert "next_cursor" not in page["result"] and len(page["result"]["data_list"]) == 30
    too_many = company.old("/topapi/smartwork/hrm/employee/queryonjob", {"status_list": "2,3", "offset": 0, "size": 51})
    assert too_many["errcode"] == 33012
    status, _ = company.new("POST", "/v1.0/hrm/rosters/lists/query", {"userIdList": ["u"] * 101})
    assert status == 400
    row = read(connect(company.server), "hr_roster", keys=("u0003",))["u0003"]["roster"]
    assert row["sys00-jobNumber"] == "E0003" and row["sys01-employeeStatus"] == "正式"
    some = connect(company.server, roster_fields=["sys00-name"])
    assert set(read(some, "hr_roster", keys=("u0003",))["u0003"]["roster"]) == {"sys00-name"}


# -- 11: limits --------------------------------------------------------------------------------------------------------


def test_twenty_calls_a_second_for_each_api(company: Company) -> None:
    company.server.control("clock", {"freeze": True})
    header, token = {HEADER: company.token()}, company.old_token()
    path = "/v1.0/workflow/processInstances?processInstanceId=inst-00001"
    assert [company.send("GET", path, None, header)[0] for _ in range(21)] == [200] * 20 + [403]
    _, body = company.send("GET", path, None, header)
    assert body["code"] == "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"
    old = [
        company.send("POST", f"/topapi/v2/department/get?access_token={token}", {"dept_id": 1})[1] for _ in range(21)
    ]
    assert [each["errcode"] for each in old] == [0] * 20 + [90018]
    company.advance(1)
    assert company.send("GET", path, None, header)[0] == 200


def test_a_read_faster_than_the_limit_is_slowed_down(company: Company, connect: Connect) -> None:
    company.switch(qps=5)
    assert len(read(connect(company.server, retries=8), "department")) == 8


@pytest.mark.parametrize("stream", ["department", "approval"])
def test_a_used_up_month_stops_the_run(company: Company, connect: Connect, stream: str) -> None:
    company.switch(month_used_up=True)
    with pytest.raises(FatalError, match="quota is used up"):
        read(connect(company.server), stream)


def test_an_address_that_was_banned_waits(company: Company, connect: Connect) -> None:
    connection = connect(company.server, calls_per_second=0)  # else all of us would wait until the ban is over
    connection.check()
    company.switch(ip_calls=2)
    with pytest.raises(RetryableError, match="ip-banned") as caught:
        read(connection, "department")
    assert caught.value.after == 300
    company.switch(ban_html=True)
    with pytest.raises(FatalError, match="web page"):
        read(connection, "department")
    company.switch(ip_calls=10_000)
    company.advance(301)
    assert len(read(connection, "department")) == 8


# -- 13, 14: messages --------------------------------------------------------------------------------------------------


def test_a_work_notice_is_taken_and_only_its_result_tells(company: Company, connect: Connect) -> None:
    connection = connect(company.server)
    writer = connection.writer("work_notice")
    msg = {"msgtype": "text", "text": {"content": "您好"}}
    first = writer.create({"userid_list": "u0001,nobody", "msg": msg}, "k1")
    again = writer.create({"userid_list": "u0001", "msg": msg}, "k2")
    row = read(connection, "work_notice", keys=(first.key,))[first.key]
    assert (row["unread_user_id_list"], row["invalid_user_id_list"]) == (["u0001"], ["nobody"])
    assert read(connection, "work_notice", keys=(again.key,))[again.key]["forbidden_user_id_list"] == ["u0001"]
    with pytest.raises(RemoteRefusedError, match="33012"):
        writer.create({"userid_list": ",".join(f"u{n}" for n in range(101)), "msg": msg}, "k3")
    with pytest.raises(RemoteRefusedError, match="2048"):
        writer.create({"userid_list": "u0001", "msg": {"msgtype": "text", "text": {"content": "长" * 700}}}, "k4")


def robot(company: Company, stamp: int, sign: str, content: str = "日报") -> dict[str, Any]:
    query = urlencode({"access_token": data.ROBOT["robot_token"], "timestamp": stamp, "sign": sign})
    return company.send("POST", f"/robot/send?{query}", {"msgtype": "text", "text": {"content": content}})[1]


def signed(stamp: int, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()).decode()


def test_robot_checks_time_sign_and_keyword(company: Company) -> None:
    now, secret = int(time.time() * 1000), data.ROBOT["robot_secret"]
    assert robot(company, now, signed(now, secret))["errcode"] == 0
    assert robot(company, now, "wrong")["errcode"] == 310000
    old = now - 3_700_000
    assert robot(company, old, signed(old, secret))["errmsg"] == "invalid timestamp"
    company.switch(robot_keyword="告警")
    assert robot(company, now, signed(now, secret))["errmsg"] == "keywords not in content"
    assert robot(company, now, signed(now, secret), "告警：温度")["errcode"] == 0


def test_the_21st_message_of_a_minute_mutes_the_robot_for_ten(company: Company, connect: Connect) -> None:
    writer = connect(company.server, retries=0, robot_per_minute=0).writer("robot_message")
    for number in range(20):
        writer.create({"msgtype": "text", "text": {"content": f"第{number}条"}, "msgUuid": f"m{number}"}, f"m{number}")
    with pytest.raises(RetryableError, match="410100") as caught:
        writer.create({"msgtype": "text", "text": {"content": "太多"}, "msgUuid": "m20"}, "m20")
    assert caught.value.after == 600
    assert len(company.state.ledger.entries) == 20


def test_the_robot_sign_of_the_documents() -> None:
    secret, stamp = "SEC000000000000000000000hub", 1700000000000
    assert signed(stamp, secret) == "ckjqLQ2dv6qYl/8BeYUd5cPghqWWXlK7NVKEaFbvTe8="
    assert quote(signed(stamp, secret), safe="") == "ckjqLQ2dv6qYl%2F8BeYUd5cPghqWWXlK7NVKEaFbvTe8%3D"


def test_the_manifest_signs_as_the_documents_say(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    from connectors import registry
    from connectors.sdk.auth import filled
    from connectors.sdk.declared.caller import Caller
    from connectors.sdk.outgoing import Outgoing
    from connectors.sdk.settings import CONNECTION_NAME

    monkeypatch.setattr(filled, "now", lambda: datetime.fromtimestamp(1_700_000_000, UTC))
    given = {"app_key": "k", "app_secret": "s", "robot_token": "t", "robot_secret": "SEC000000000000000000000hub"}
    settings = {**registry.settings_for("c", "dingtalk", {}, given), CONNECTION_NAME: "c"}
    caller = Caller(settings, registry.manifest("dingtalk"))
    request = Outgoing("POST", "https://oapi.dingtalk.com/robot/send")
    caller._signed(request)
    assert "sign=ckjqLQ2dv6qYl%2F8BeYUd5cPghqWWXlK7NVKEaFbvTe8%3D" in request.url("https://x")
    assert HEADER not in request.headers


# -- to-dos, people and departments written ----------------------------------------------------------------------------


def test_a_todo_is_there_once_for_each_source(company: Company, connect: Connect) -> None:
    path = f"/v1.0/todo/users/{data.OPERATOR_UNION}/tasks"
    body = {"subject": "跟进", "sourceId": "S1", "creatorId": data.OPERATOR_UNION}
    assert company.new("POST", path, body)[0] == 200
    status, refused = company.new("POST", path, body)
    assert (status, refused["code"]) == (400, "todo.taskCreate.paramError")
    connection = connect(company.server)
    writer = connection.writer("todo")
    found = writer.find("sourceId", ["S1", "S2"])
    assert [each.fields["subject"] for each in found["S1"]] == ["跟进"] and "S2" not in found
    assert writer.create(body, "S1").key == found["S1"][0].key  # exists: that is the record
    for _ in range(2):
        writer.deactivate(found["S1"][0].key)
    assert [record.op for record in records(connection, "todo", keys=(found["S1"][0].key,))] == ["delete"]


def test_a_person_is_found_by_the_id_we_chose_and_by_mobile(company: Company, connect: Connect) -> None:
    writer = connect(company.server).writer("user")
    made = writer.create({"userid": "tm-1", "name": "李雷", "mobile": "13912345678", "dept_id_list": "11,12"}, "tm-1")
    assert made.key == "tm-1" and company.state.tables["user"].rows["tm-1"]["dept_id_list"] == [11, 12]
    assert [each.key for each in writer.find("userid", ["tm-1"])["tm-1"]] == ["tm-1"]
    with pytest.raises(RemoteRefusedError, match="60102"):
        writer.create({"userid": "tm-1", "name": "李雷", "mobile": "13912345678", "dept_id_list": "11"}, "tm-1")
    for _ in range(2):
        writer.deactivate("tm-1")


def test_crm_customers_have_the_same_members_however_read(company: Company, connect: Connect) -> None:
    connection = connect(company.server, crm_calls_per_second=0)
    company.switch(crm_qps=100)
    listed = {record.key: record.fingerprint for record in records(connection, "crm_customer")}
    (one,) = records(connection, "crm_customer", keys=("crm00003",))
    assert one.fingerprint == listed["crm00003"]
    company.switch(crm_qps=1)
    company.server.control("clock", {"freeze": True})
    header = {HEADER: company.token()}
    calls = [company.send("GET", "/v1.0/crm/personalCustomers/objectMeta", None, header)[0] for _ in range(2)]
    assert 403 in calls


def test_discovery_lists_forms_with_their_fields(company: Company, connect: Connect) -> None:
    connection = connect(company.server, crm_calls_per_second=0)
    company.switch(crm_qps=100)
    assert isinstance(connection, Discovering)
    found = {each.stream: each for each in connection.discover()}
    assert set(found) == {"approval/PROC-EXPENSE", "approval/PROC-PURCHASE", "crm_customer"}
    expense = found["approval/PROC-EXPENSE"]
    assert expense.label == "费用报销" and expense.fields["form.金额"] == "MoneyField"
    assert {"form.开始时间", "form.结束时间"} <= set(expense.fields)
    assert found["crm_customer"].fields["data.customer_name"] == "TextField"


def test_no_secret_reaches_the_address_shown_in_errors(company: Company, connect: Connect) -> None:
    connection = connect(company.server, robot_secret="SEC-another-secret", retries=0)
    with pytest.raises(RemoteRefusedError) as caught:
        connection.writer("robot_message").create({"msgtype": "text", "text": {"content": "x"}}, "k")
    assert "310000" in str(caught.value) and data.ROBOT["robot_token"] not in json.dumps(str(caught.value))
