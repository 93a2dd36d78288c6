"""Approvals: what can be asked for, how forms are written and read, what is promised."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Connector
from connectors.sdk.contract import ReadRequest
from connectors.testing.server import SimulatorServer
from connectors.vendors.dingtalk import hooks
from connectors.vendors.dingtalk import simulator_data as data
from tests.connectors.dingtalk_company import Company
from tongmai.core.errors import OutcomeUnknownError, RemoteRefusedError, RetryableError
from tongmai.core.record import Page
from tongmai.sync.guarantee import BLIND, ONCE, of_target

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
IDS = "/v1.0/workflow/processes/instanceIds/query"
ONE = "/v1.0/workflow/processInstances"
DAY = 86_400_000
PURCHASE = {"processCode": "PROC-PURCHASE", "originatorUserId": "u0001", "deptId": -1}
VALUES = [{"name": "物品", "value": "电脑"}]


@pytest.fixture
def company(serve: Serve) -> Company:
    return Company(serve("dingtalk", customers=30, limits=False))


def pages(connection: Connector, **asked: Any) -> list[Page]:
    return list(connection.read(ReadRequest("approval", **asked)))


def rows(connection: Connector, found: list[Page]) -> dict[str, dict[str, Any]]:
    return {r.key: connection.decode("approval", r.raw) for page in found for r in page.records if r.op == "upsert"}


def mark(found: list[Page]) -> str:
    return [page.checkpoint for page in found if page.checkpoint][-1]


# -- 6: lists of ids ---------------------------------------------------------------------------------------------------


def ask(company: Company, **more: Any) -> tuple[int, dict[str, Any]]:
    now = int(time.time() * 1000)
    body = {
        "processCode": "PROC-EXPENSE",
        "startTime": now - 119 * DAY,
        "endTime": now,
        "nextToken": 0,
        "maxResults": 20,
    }
    return company.new("POST", IDS, {**body, **more})


def test_what_a_list_of_ids_takes(company: Company) -> None:
    now = int(time.time() * 1000)
    assert ask(company)[0] == 200
    assert ask(company, maxResults=21)[0] == 400
    assert ask(company, startTime=now - 121 * DAY)[0] == 400
    assert ask(company, startTime=now - 366 * DAY, endTime=now - 300 * DAY)[0] == 400
    assert ask(company, processCode="PROC-NONE")[1]["code"] == "processCodeError"
    assert ask(company, nextToken="0")[0] == 400  # asked for as a number …
    first = ask(company, maxResults=10)[1]["result"]
    assert first["nextToken"] == "10"  # … told as a text
    last = ask(company, nextToken=10)[1]["result"]
    assert last["list"] and len(last["list"]) < 20 and "nextToken" not in last


def test_a_year_is_read_in_windows_of_each_form(company: Company, connect: Connect) -> None:
    connection = connect(company.server)
    found = rows(connection, pages(connection, full=True))
    assert set(found) == company.server.vendor.live_keys("approval")
    assert {key.partition("|")[0] for key in found} == set(data.FORMS)
    assert company.state.requests[IDS] >= 8  # four windows for each of two forms
    one = connect(company.server, process_codes=["PROC-PURCHASE"])
    assert {key.partition("|")[0] for key in rows(one, pages(one, full=True))} == {"PROC-PURCHASE"}


def test_those_that_still_run_are_read_again_until_they_end(company: Company, connect: Connect) -> None:
    connection = connect(company.server)
    first = pages(connection, full=True)
    running = {key for key, row in rows(connection, first).items() if row["status"] == "RUNNING"}
    assert running == set(json.loads(mark(first))["open"]) and "PROC-EXPENSE|inst-00001" in running
    company.server.control("act/end", {"id": "inst-00001", "result": "refuse"})
    second = pages(connection, checkpoint=mark(first))
    row = rows(connection, second)["PROC-EXPENSE|inst-00001"]
    assert (row["status"], row["result"]) == ("COMPLETED", "refuse")
    assert "PROC-EXPENSE|inst-00001" not in json.loads(mark(second))["open"]


# -- 7, 9: starting one ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"processCode": "PROC-NONE"}, "processCodeError"),
        ({"deptId": None}, "processInstanceInvalidParameter"),
        ({"originatorUserId": "nobody"}, "processInstanceInvalidParameter"),
        ({"formComponentValues": [{"name": "没有", "value": "1"}]}, "illegalComponent"),
        ({"formComponentValues": [{"name": "物品", "value": 3}]}, "formConverterError"),
        ({"formComponentValues": []}, "processInstanceInvalidParameter"),
        ({"formComponentValues": VALUES * 151}, "processInstanceInvalidParameter"),
    ],
)
def test_what_is_refused(company: Company, connect: Connect, change: dict[str, Any], code: str) -> None:
    body = {**PURCHASE, "formComponentValues": VALUES, **change}
    status, said = company.new("POST", ONE, {name: value for name, value in body.items() if value is not None})
    assert (status, said["code"]) == (400, code)
    with pytest.raises(RemoteRefusedError, match=code):
        connect(company.server).writer("approval").create(body, "k")
    assert not company.state.ledger.entries


def test_events_tell_of_the_start_and_of_the_end(company: Company) -> None:
    status, said = company.new("POST", ONE, {**PURCHASE, "formComponentValues": VALUES})
    assert status == 200 and set(said) == {"instanceId"}
    company.server.control("act/end", {"id": said["instanceId"], "result": "agree"})
    events = company.server.control("act/events", {})["events"]
    assert [(each["type"], each.get("result")) for each in events] == [("start", None), ("finish", "agree")]


def test_the_vendor_does_not_recognise_a_second_create(company: Company, connect: Connect) -> None:
    writer = connect(company.server).writer("approval")
    payload = {**PURCHASE, "our_key": "TM-1", "form": {"物品": "电脑"}}
    assert writer.create(payload, "TM-1").key != writer.create(payload, "TM-1").key
    doubled = company.server.control("ledger")["doubled"]
    assert list(doubled) == ["approval.TM-1"]
    writes = registry.manifest("dingtalk").writes
    assert {name: of_target(each) for name, each in writes.items()} == {
        "approval": BLIND, "department": BLIND, "work_notice": BLIND, "todo": ONCE, "user": ONCE, "robot_message": ONCE,
    }  # fmt: skip


def test_a_lost_answer_is_called_doubtful_and_a_busy_system_by_its_name(company: Company, connect: Connect) -> None:
    writer = connect(company.server, retries=0).writer("approval")
    payload = {**PURCHASE, "form": {"物品": "电脑"}}
    for body in ({"code": "sysErrror", "message": "系统错误"}, {"errcode": -1, "errmsg": "系统繁忙"}):
        company.server.control("faults", [{"kind": "error_body", "path": ONE, "body": body}])
        with pytest.raises(OutcomeUnknownError):
            writer.create(payload, "k")
    company.server.control(
        "faults", [{"kind": "error_body", "path": ONE, "body": {"code": "autoflowLikeTriggerRateLimited"}}]
    )
    with pytest.raises(RetryableError):
        writer.create(payload, "k")


def test_a_form_is_written_as_texts_and_read_as_values(company: Company, connect: Connect) -> None:
    connection = connect(company.server)
    form = {
        "事由": "拜访",
        "金额": "120.50",
        "费用类型": ["差旅", "招待"],
        "同行人": ["u0002"],
        "明细": [{"项目": "车费", "小计": "20.50"}, {"项目": "餐费", "小计": "100.00"}],
    }
    payload = {
        "processCode": "PROC-EXPENSE",
        "originatorUserId": "u0002",
        "deptId": 11,
        "our_key": "TM-9",
        "form": form,
    }
    made = connection.writer("approval").create(payload, "TM-9")
    row = rows(connection, pages(connection, keys=(made.key,)))[made.key]
    assert row["form"] == {**form, data.KEY_FIELD: "TM-9"}
    assert all(isinstance(each["value"], str) for each in row["formComponentValues"])


# -- 8: reading one ----------------------------------------------------------------------------------------------------


def test_times_have_minutes_only_and_success_is_a_text_or_a_truth_value(company: Company) -> None:
    _, said = company.new("GET", f"{ONE}?processInstanceId=inst-00003")
    assert said["success"] == "true"
    assert datetime.strptime(said["result"]["createTime"], "%Y-%m-%dT%H:%MZ")
    assert "processInstanceId" not in said["result"] and said["result"]["finishTime"].endswith("Z")
    company.switch(success_as_text=False)
    assert company.new("GET", f"{ONE}?processInstanceId=inst-00003")[1]["success"] is True


@pytest.mark.parametrize(("utc", "zone"), [(False, "Asia/Shanghai"), (True, "UTC")])
def test_the_zone_of_times_is_a_setting(company: Company, connect: Connect, utc: bool, zone: str) -> None:
    company.switch(utc_times=utc)
    connection = connect(company.server, approval_zone=zone)
    newest = max(row["created"] for row in company.state.tables["approval"].rows.values())
    at = datetime.fromisoformat(json.loads(mark(pages(connection, full=True)))["at"])
    assert timedelta(0) <= datetime.fromtimestamp(newest, UTC) - at < timedelta(minutes=1)


def test_every_way_in_which_a_form_holds_values(company: Company, connect: Connect) -> None:
    connection = connect(company.server)
    row = rows(connection, pages(connection, keys=("PROC-EXPENSE|inst-00003",)))["PROC-EXPENSE|inst-00003"]
    form = row["form"]
    assert (form["开始时间"], form["结束时间"]) == ("2026-01-05", "2026-01-07")
    assert form["费用类型"] == ["差旅", "招待"] and form["同行人"] == ["u0002", "u0003"]
    assert [line["项目"] for line in form["明细"]] == ["项目1", "项目2"]


def test_a_table_in_either_form_and_texts_that_only_look_like_json() -> None:
    pairs = '[[{"name":"数量","value":"2"}],[{"name":"数量","value":"3"}]]'
    assert hooks.form([{"name": "明细", "componentType": "TableField", "value": pairs}]) == {
        "明细": [{"数量": "2"}, {"数量": "3"}]
    }
    odd = [
        {"name": "备注", "componentType": "TextField", "value": "[重要] 请看"},
        {"name": "空", "componentType": "TextField", "value": None},
        {"name": "明细", "componentType": "TableField", "value": ""},
        {"name": "", "componentType": "TextNote", "value": "x"},
    ]
    assert hooks.form(odd) == {"备注": "[重要] 请看", "空": None, "明细": ""}


# -- 10: terminating ---------------------------------------------------------------------------------------------------


def test_an_instance_is_terminated_after_15_seconds_and_twice_is_no_error(company: Company, connect: Connect) -> None:
    connection = connect(company.server)
    writer = connection.writer("approval")
    made = writer.create({**PURCHASE, "form": {"物品": "电脑"}}, "k")
    with pytest.raises(RemoteRefusedError, match="15秒"):
        writer.deactivate(made.key)
    company.advance(16)
    for _ in range(2):
        writer.deactivate(made.key)
    assert rows(connection, pages(connection, keys=(made.key,)))[made.key]["status"] == "TERMINATED"
    assert company.state.requests[f"{ONE}/terminate"] == 2  # the refused one and the one that counted
