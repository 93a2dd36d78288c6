"""Clients that are not ours, against the simulated Salesforce: what they can do there, they can do with the real one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest

from connectors.testing.server import SimulatorServer
from connectors.vendors.salesforce import simulator_login as login

Serve = Callable[..., SimulatorServer]
CLIENTS = Path(__file__).resolve().parents[1] / "clients"


class _Loopback(HTTPAdapter):
    """The client insists on https and its vendor's hosts: what it sends there goes to the simulator."""

    def __init__(self, server: SimulatorServer) -> None:
        self._to = urlsplit(server.url)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *given: Any, **more: Any) -> requests.Response:
        parts = urlsplit(str(request.url))
        request.headers["Host"] = parts.netloc
        request.url = parts._replace(scheme="http", netloc=self._to.netloc).geturl()
        return super().send(request, *given, **more)


def _client(server: SimulatorServer, **more: Any) -> Salesforce:
    session = requests.Session()
    session.mount("https://", _Loopback(server))
    given = {"consumer_key": login.CLIENT_ID, "consumer_secret": login.CLIENT_SECRET, "domain": "tongmai.my", **more}
    return Salesforce(session=session, version="66.0", **given)


def test_simple_salesforce_logs_in_and_reads_every_page(serve: Serve) -> None:
    server = serve("salesforce", customers=190)
    client = _client(server)
    rows = client.query_all("SELECT Id, Name, Owner.Name FROM Account ORDER BY Id")["records"]
    assert {row["Id"] for row in rows} == server.vendor.live_keys("Account")
    assert rows[0]["Owner"]["attributes"]["type"] == "User"
    assert client.api_usage["api-usage"].used >= 1
    server.vendor.expire_sessions()
    assert client.query("SELECT COUNT() FROM Account")["totalSize"] == len(rows)  # logs in again by itself


def test_simple_salesforce_is_refused_with_a_wrong_secret(serve: Serve) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        _client(serve("salesforce", customers=3), consumer_secret="wrong")


def test_simple_salesforce_logs_in_with_an_assertion(serve: Serve) -> None:
    server = serve("salesforce", customers=3)
    given = {"consumer_secret": None, "username": login.USER, "privatekey": login.private_pem()}
    client = _client(server, **given)
    assert client.query("SELECT COUNT() FROM Account")["totalSize"] == len(server.vendor.live_keys("Account"))
    refused = pytest.raises(SalesforceAuthenticationFailed, match="hasn't approved")
    with refused, pytest.warns(UserWarning, match="authorize this"):
        _client(server, **{**given, "username": login.STRANGER})


def test_simple_salesforce_writes(serve: Serve) -> None:
    server = serve("salesforce", customers=3)
    client = _client(server)
    assert client.Account.upsert("Tongmai_Key__c/SS-1", {"Name": "客户"}) == 201
    assert client.Account.upsert("Tongmai_Key__c/SS-1", {"Phone": "021-1"}) == 200
    found = client.Account.get_by_custom_id("Tongmai_Key__c", "SS-1")
    assert (found["Name"], found["Phone"]) == ("客户", "021-1")
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        client.Contact.create({"FirstName": "无姓"})
    assert client.Account.delete(found["Id"]) == 204


def test_simple_salesforce_loads_in_bulk(serve: Serve) -> None:
    server = serve("salesforce", customers=3)
    server.control("switches", {"bulk_looks": 1})
    client = _client(server)
    rows = [{"Tongmai_Key__c": f"SS-{n}", "Name": f"客户 {n}" if n != 2 else ""} for n in range(4)]
    told = client.bulk2.Account.upsert(records=rows, external_id_field="Tongmai_Key__c", wait=1)
    assert (told[0]["numberRecordsProcessed"], told[0]["numberRecordsFailed"]) == (4, 1)
    failed = client.bulk2.Account.get_failed_records(told[0]["job_id"])
    assert "REQUIRED_FIELD_MISSING" in failed and "SS-2" in failed
    assert "SS-3" in client.bulk2.Account.get_successful_records(told[0]["job_id"])
    pages = list(client.bulk2.Account.query("SELECT Name FROM Account WHERE Name LIKE '客户 %'", max_records=2, wait=1))
    assert len(pages) == 2 and "客户 3" in "".join(pages)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(not (CLIENTS / "node_modules" / "jsforce").is_dir(), reason="jsforce is not there: `make clients`")
def test_jsforce_does_its_daily_work(serve: Serve) -> None:
    server = serve("salesforce", customers=190)
    accounts = len(server.vendor.live_keys("Account"))
    command = ["node", "salesforce.mjs", server.url, login.CLIENT_ID, login.CLIENT_SECRET]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    seen = json.loads(done.stdout)
    assert seen["queried"] == {"total": accounts, "records": accounts} and accounts > 200
    assert seen["upsert"]["created"] is True and seen["upsert"]["createdAgain"] is False
    assert seen["upsert"]["id"] == seen["upsert"]["again"]
    assert seen["retrieved"] == {"name": "jsforce 客户", "phone": "021-1", "type": "Account"}
    assert seen["several"] == ["ok", "INVALID_EMAIL_ADDRESS", "ok"]
    assert seen["deleted"] is True
    assert seen["bulk"] == {"good": 2, "bad": ["REQUIRED_FIELD_MISSING"], "left": 0}
    assert seen["bulkQuery"] == ["一", "三"]
    assert seen["key"] is True and seen["limit"] == 15000 and seen["after"] == "INVALID_SESSION_ID"
