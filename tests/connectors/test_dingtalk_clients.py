"""Clients that others wrote work against the simulator: the vendor's SDK for the new face, a third-party one for the legacy."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from alibabacloud_dingtalk.oauth2_1_0 import models as oauth_models
from alibabacloud_dingtalk.oauth2_1_0.client import Client as OauthClient
from alibabacloud_dingtalk.todo_1_0 import models as todo_models
from alibabacloud_dingtalk.todo_1_0.client import Client as TodoClient
from alibabacloud_dingtalk.workflow_1_0 import models as flow_models
from alibabacloud_dingtalk.workflow_1_0.client import Client as FlowClient
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions
from dingtalk import AppKeyClient
from dingtalk.core.exceptions import DingTalkClientException
from dingtalk.crypto import DingTalkCrypto

from connectors import registry
from connectors.sdk.webhook import cipher
from connectors.sdk.webhook.answer import sealed
from connectors.testing.server import SimulatorServer
from connectors.vendors.dingtalk import simulator_data as data

Serve = Callable[..., SimulatorServer]


@pytest.fixture
def server(serve: Serve) -> SimulatorServer:
    return serve("dingtalk", customers=30)


def config(server: SimulatorServer) -> Config:
    return Config(protocol="http", endpoint=server.url.removeprefix("http://"), region_id="central")


def token(server: SimulatorServer) -> str:
    request = oauth_models.GetAccessTokenRequest(app_key=data.APP["app_key"], app_secret=data.APP["app_secret"])
    body = OauthClient(config(server)).get_access_token(request).body
    assert body.expire_in == 7200
    return str(body.access_token)


def test_the_vendors_client_starts_reads_and_terminates_an_approval(server: SimulatorServer) -> None:
    client, runtime = FlowClient(config(server)), RuntimeOptions()
    mine = token(server)
    value = flow_models.StartProcessInstanceRequestFormComponentValues(name="物品", value="电脑")
    started = client.start_process_instance_with_options(
        flow_models.StartProcessInstanceRequest(
            originator_user_id="u0001", process_code="PROC-PURCHASE", dept_id=-1, form_component_values=[value]
        ),
        flow_models.StartProcessInstanceHeaders(x_acs_dingtalk_access_token=mine),
        runtime,
    )
    key = started.body.instance_id
    read = client.get_process_instance_with_options(
        flow_models.GetProcessInstanceRequest(process_instance_id=key),
        flow_models.GetProcessInstanceHeaders(x_acs_dingtalk_access_token=mine),
        runtime,
    ).body.result
    assert (read.status, read.form_component_values[0].value) == ("RUNNING", "电脑")
    server.control("clock", {"advance": 20})
    ended = client.terminate_process_instance_with_options(
        flow_models.TerminateProcessInstanceRequest(process_instance_id=key, is_system=True),
        flow_models.TerminateProcessInstanceHeaders(x_acs_dingtalk_access_token=mine),
        runtime,
    )
    assert ended.body.result is True


def test_the_vendors_client_lists_ids_and_forms(server: SimulatorServer) -> None:
    client, runtime, mine = FlowClient(config(server)), RuntimeOptions(), token(server)
    now = int(server.control("clock", {})["now"] * 1000)
    ids = client.list_process_instance_ids_with_options(
        flow_models.ListProcessInstanceIdsRequest(
            process_code="PROC-EXPENSE", start_time=now - 100 * 86_400_000, end_time=now, next_token=0, max_results=5
        ),
        flow_models.ListProcessInstanceIdsHeaders(x_acs_dingtalk_access_token=mine),
        runtime,
    ).body.result
    assert len(ids.list) == 5 and ids.next_token == "5"
    schema = client.query_schema_by_process_code_with_options(
        flow_models.QuerySchemaByProcessCodeRequest(process_code="PROC-EXPENSE"),
        flow_models.QuerySchemaByProcessCodeHeaders(x_acs_dingtalk_access_token=mine),
        runtime,
    ).body.result
    assert [item.props.label for item in schema.schema_content.items][:2] == ["事由", "金额"]


def test_the_vendors_client_understands_refusals(server: SimulatorServer) -> None:
    client, runtime = TodoClient(config(server)), RuntimeOptions()
    request = todo_models.CreateTodoTaskRequest(subject="跟进", source_id="S1", creator_id=data.OPERATOR_UNION)
    good = todo_models.CreateTodoTaskHeaders(x_acs_dingtalk_access_token=token(server))
    made = client.create_todo_task_with_options(data.OPERATOR_UNION, request, good, runtime).body
    assert made.source_id == "S1"
    with pytest.raises(Exception) as twice:
        client.create_todo_task_with_options(data.OPERATOR_UNION, request, good, runtime)
    assert twice.value.code == "todo.taskCreate.paramError"  # type: ignore[attr-defined]
    bad = todo_models.CreateTodoTaskHeaders(x_acs_dingtalk_access_token="wrong")
    with pytest.raises(Exception) as refused:
        client.create_todo_task_with_options(data.OPERATOR_UNION, request, bad, runtime)
    assert refused.value.code == "InvalidAuthentication"  # type: ignore[attr-defined]


def test_a_third_party_client_of_the_legacy_face(server: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppKeyClient, "API_BASE_URL", f"{server.url}/")
    client = AppKeyClient(data.CORP, data.APP["app_key"], data.APP["app_secret"])
    assert client.user.get("u0001")["userid"] == "u0001"
    found = client.post("/topapi/v2/user/list", {"dept_id": 11, "cursor": 0, "size": 100})
    assert found["errcode"] == 0 and found["result"]["list"]
    with pytest.raises(DingTalkClientException) as refused:
        client.post("/topapi/v2/user/get", {"userid": "nobody"})
    assert refused.value.errcode == 60121


KEY = data.CALLBACK["callback_aes_key"]


def test_a_third_party_crypto_reads_what_we_encrypt_and_we_what_it_does() -> None:
    webhook = registry.manifest("dingtalk").webhooks["events"]
    settings = {**data.CALLBACK}
    theirs = DingTalkCrypto(settings["callback_token"], KEY, settings["callback_owner"])
    assert webhook.decrypt
    event = json.dumps({"EventType": "user_add_org", "userId": ["张三"]}, ensure_ascii=False)
    text = cipher.encrypt(webhook.decrypt, settings, event.encode(), lambda size: b"0123456789abcdef"[:size])
    signature = sealed(webhook, settings, "1700000000000", "nonce", text)
    assert theirs.decrypt_encrypt_str(signature, "1700000000000", "nonce", text) == event
    made = theirs.encrypt_message(event, "nonce", 1_700_000_000_000)
    assert cipher.decrypt(webhook.decrypt, settings, made["encrypt"]) == event.encode()
    assert made["msg_signature"] == sealed(webhook, settings, str(made["timeStamp"]), made["nonce"], made["encrypt"])
