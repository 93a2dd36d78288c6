"""The simulated Salesforce, called as anybody could: every line of the fact sheet's list of what it must reproduce."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.testing.server import SimulatorServer
from connectors.vendors.salesforce import simulator_login as login
from connectors.vendors.salesforce.simulator_fields import whole_id
from tests.connectors.salesforce_world import (
    BASE,
    TOKEN,
    Caller,
    Serve,
    call,
    codes_of,
    logged_in,
    server,
    signed_assertion,
)

__all__ = ["call", "server"]


# -- 1, 2: letting in --------------------------------------------------------------------------------------------------


def test_a_token_comes_without_expires_in_and_with_milliseconds_as_text(server: SimulatorServer) -> None:
    body = logged_in(server).json()
    assert "expires_in" not in body and body["token_type"] == "Bearer" and body["api_instance_url"] == server.url
    assert isinstance(body["issued_at"], str) and abs(int(body["issued_at"]) / 1000 - time.time()) < 60
    basic = base64.b64encode(f"{login.CLIENT_ID}:{login.CLIENT_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    answer = requests.post(server.url + TOKEN, data={"grant_type": "client_credentials"}, headers=headers, timeout=30)
    assert answer.status_code == 200 and answer.json()["access_token"] != body["access_token"]


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_client_credentials_are_refused_on_login_hosts(server: SimulatorServer, host: str) -> None:
    answer = logged_in(server, host)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_wrong_clients_and_grants(server: SimulatorServer) -> None:
    assert logged_in(server, client_secret="x").json()["error"] == "invalid_client"
    assert logged_in(server, client_id="x").json()["error"] == "invalid_client_id"
    assert logged_in(server, grant_type="password").json()["error"] == "unsupported_grant_type"
    good = logged_in(server, grant_type="refresh_token", refresh_token=login.REFRESH_TOKEN)
    assert good.status_code == 200 and "api_instance_url" not in good.json()
    assert logged_in(server, grant_type="refresh_token", refresh_token="x").json()["error"] == "invalid_grant"


def test_an_assertion_is_checked_by_signature_audience_and_time(server: SimulatorServer) -> None:
    assert signed_assertion(server).status_code == 200
    assert signed_assertion(server, aud="https://test.salesforce.com").status_code == 200
    assert signed_assertion(server, aud=server.url).status_code == 200
    from cryptography.hazmat.primitives import serialization as form

    other = rsa.generate_private_key(65537, 2048).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    for answer, text in (
        (signed_assertion(server, key=other.decode()), "invalid assertion"),
        (signed_assertion(server, aud="https://example.com"), "audience is invalid"),
        (signed_assertion(server, at=int(time.time()) - 400), "expired authorization code"),
        (signed_assertion(server, lifetime=900), "expired authorization code"),
        (signed_assertion(server, sub=login.STRANGER), "user hasn't approved this consumer"),
    ):
        assert (answer.status_code, answer.json()["error_description"]) == (400, text)
    assert signed_assertion(server, iss="x").json()["error"] == "invalid_client_id"


def test_a_session_ends_and_a_revoked_token_is_dead(server: SimulatorServer) -> None:
    first = logged_in(server).json()["access_token"]
    second = logged_in(server).json()["access_token"]
    old, new = Caller(server, first), Caller(server, second)
    assert old("GET", "/limits").status_code == new("GET", "/limits").status_code == 200
    requests.post(server.url + "/services/oauth2/revoke", data={"token": first}, timeout=30)
    assert codes_of(old("GET", "/limits")) == (401, "INVALID_SESSION_ID") and new("GET", "/limits").status_code == 200
    server.control("clock", {"advance": 3 * 3600})
    ended = new("GET", "/limits")
    assert ended.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_versions_are_listed_without_a_token_and_others_are_refused(server: SimulatorServer, call: Caller) -> None:
    listed = requests.get(server.url + "/services/data", timeout=30).json()
    assert {"label": "Spring '26", "url": "/services/data/v66.0", "version": "66.0"} in listed
    headers = {"Authorization": f"Bearer {call.token}"}
    answer = requests.get(server.url + "/services/data/v12.0/limits", headers=headers, timeout=30)
    assert answer.json()[0]["errorCode"] == "UNSUPPORTED_API_VERSION"


# -- 3, 4: records -----------------------------------------------------------------------------------------------------


def test_codes_of_creating_changing_and_deleting(call: Caller) -> None:
    made = call("POST", "/sobjects/Account", json={"Name": "新"})
    assert made.status_code == 201 and made.json() == {"id": made.json()["id"], "success": True, "errors": []}
    path = f"/sobjects/Account/{made.json()['id']}"
    changed = call("PATCH", path, json={"Phone": "1"})
    assert (changed.status_code, changed.content) == (204, b"")
    row = call("GET", path + "?fields=Name,Phone").json()
    assert row["attributes"] == {"type": "Account", "url": BASE + path} and row["Phone"] == "1"
    assert call("GET", f"/sobjects/Account/{made.json()['id'][:15]}").status_code == 200  # the short form of an id
    assert call("DELETE", path).status_code == 204
    assert codes_of(call("DELETE", path)) == (404, "ENTITY_IS_DELETED")
    assert codes_of(call("GET", "/sobjects/Account/nothing")) == (400, "MALFORMED_ID")
    assert codes_of(call("GET", f"/sobjects/Account/{whole_id('0015g0000999999')}")) == (404, "NOT_FOUND")
    assert codes_of(call("PATCH", path.replace("Account", "Nothing"), json={})) == (404, "NOT_FOUND")


def test_upsert_by_external_id(call: Caller) -> None:
    path = "/sobjects/Account/Tongmai_Key__c/K-%2F1"
    first, second = call("PATCH", path, json={"Name": "新"}), call("PATCH", path, json={"Phone": "2"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"], second.json()["id"]) == (200, False, first.json()["id"])
    assert call("GET", path).json()["Tongmai_Key__c"] == "K-/1"
    assert codes_of(call("PATCH", path, json={"Tongmai_Key__c": "K-/1"})) == (400, "INVALID_FIELD")
    assert codes_of(call("PATCH", "/sobjects/Account/Name/x", json={})) == (404, "NOT_FOUND")
    for _ in range(2):
        call("POST", "/sobjects/Account", json={"Name": "双", "Legacy_Id__c": "L1"})
    several = call("PATCH", "/sobjects/Account/Legacy_Id__c/L1", json={"Phone": "3"})
    assert several.status_code == 300 and len(several.json()) == 2 and several.json()[0].startswith(BASE)


def test_moments_are_written_in_utc_without_a_colon(call: Caller) -> None:
    row = call.rows("SELECT SystemModstamp FROM Account LIMIT 1")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000", row["SystemModstamp"])


# -- 5, 6: queries -----------------------------------------------------------------------------------------------------


def test_the_part_of_soql_that_is_known(server: SimulatorServer, call: Caller) -> None:
    names = sorted(row["Name"] for row in server.vendor.state.tables["Account"].rows.values())
    first = names[0]
    assert call.query("SELECT COUNT() FROM Account")["totalSize"] == len(names)
    quoted = first.replace("'", "\\'")
    assert [r["Name"] for r in call.rows(f"SELECT Name FROM Account WHERE Name = '{quoted}'")] == [
        name for name in names if name == first
    ]
    like = call.rows(f"SELECT Id FROM Account WHERE Name LIKE '{first[:2]}%'")
    assert len(like) == sum(name.startswith(first[:2]) for name in names)
    ordered = [r["Name"] for r in call.rows("SELECT Name FROM Account ORDER BY Name DESC LIMIT 3 OFFSET 1")]
    assert ordered == sorted(names, reverse=True)[1:4]
    parent = call.rows(
        "SELECT LastName, Account.Name FROM Contact WHERE Account.Name != null ORDER BY Account.Name LIMIT 1"
    )
    assert parent[0]["Account"]["Name"] == min(names) and parent[0]["Account"]["attributes"]["type"] == "Account"
    assert call.rows("SELECT Id FROM Account WHERE (Name = 'x' OR Phone = 'y') AND IsDeleted = false") == []
    lines = call.rows("SELECT Id, (SELECT Quantity FROM OrderItems ORDER BY Quantity) FROM Order LIMIT 1")[0][
        "OrderItems"
    ]
    assert [line["Quantity"] for line in lines["records"]] == [1, 2] and lines["done"] is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Phone = 'b' OR Phone = 'c'", "MALFORMED_QUERY"),
        ("SELECT * FROM Account", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account; DROP", "MALFORMED_QUERY"),
        ("SELECT Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id, Owner.Nothing FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing__c", "INVALID_TYPE"),
        ("SELECT Id FROM Account WHERE Id = 'short'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)  # fmt: skip
def test_queries_that_are_refused(call: Caller, text: str, code: str) -> None:
    assert call.query(text) == code


def test_a_plus_in_an_offset_has_to_be_escaped(server: SimulatorServer, call: Caller) -> None:
    text = "SELECT+Id+FROM+Account+WHERE+SystemModstamp+>+2026-01-01T08:00:00{}08:00+LIMIT+1"
    good, bad = (call("GET", f"/query/?q={text.format(sign)}") for sign in ("%2B", "+"))
    assert good.status_code == 200 and codes_of(bad) == (400, "MALFORMED_QUERY")
    assert (
        call("GET", "/query", params={"q": f"SELECT Id FROM Account WHERE Name = '{'x' * 17000}'"}).status_code == 414
    )


def _walk(call: Caller, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield page
    while not page["done"]:
        headers = {"Authorization": f"Bearer {call.token}"}
        page = requests.get(call.server.url + page["nextRecordsUrl"], headers=headers, timeout=30).json()
        yield page


def test_pages_follow_an_opaque_locator_that_dies(serve: Serve) -> None:
    server = serve("salesforce", customers=200)
    call = Caller(server, logged_in(server).json()["access_token"])
    keys = server.vendor.live_keys("Contact")
    text = "SELECT Id FROM Contact"
    for asked, size in (("200", 200), ("5", 200), ("250", 250), ("9999", 2000)):
        pages = list(_walk(call, call.query(text, **{"Sforce-Query-Options": f"batchSize={asked}"})))
        assert {row["Id"] for page in pages for row in page["records"]} == keys
        assert len(pages[0]["records"]) == min(size, len(keys))
        assert ("nextRecordsUrl" in pages[-1]) is False
    assert call.query(text)["done"] is True  # 2,000 when nothing is asked
    onward = call.query(text, **{"Sforce-Query-Options": "batchSize=200"})["nextRecordsUrl"]
    server.control("clock", {"advance": 3600})
    late = requests.get(server.url + onward, headers={"Authorization": f"Bearer {call.token}"}, timeout=30)
    assert codes_of(late) == (400, "INVALID_QUERY_LOCATOR")


# -- 7, 14: what was deleted and changed -------------------------------------------------------------------------------


def _span(call: Caller, which: str, back: timedelta, obj: str = "Account") -> requests.Response:
    now = datetime.now(UTC)
    end = now + timedelta(minutes=1)
    asked = {"start": (now - back).strftime("%Y-%m-%dT%H:%M:%SZ"), "end": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return call("GET", f"/sobjects/{obj}/{which}/", params=asked)


def test_deleted_records_stay_for_queries_of_everything(server: SimulatorServer, call: Caller) -> None:
    key = sorted(server.vendor.live_keys("Account"))[0]
    before = call.rows(f"SELECT SystemModstamp FROM Account WHERE Id = '{key}'")[0]["SystemModstamp"]
    call("DELETE", f"/sobjects/Account/{key}")
    text = f"SELECT Id, IsDeleted, SystemModstamp FROM Account WHERE Id = '{key}'"
    assert call.rows(text) == []
    row = call.query(text, "queryAll")["records"][0]
    assert row["IsDeleted"] is True and row["SystemModstamp"] > before
    told = _span(call, "deleted", timedelta(minutes=5)).json()
    assert [each["id"] for each in told["deletedRecords"]] == [key]
    assert told["latestDateCovered"].endswith("+0000") and told["earliestDateAvailable"] < told["latestDateCovered"]
    server.control("act/purge", {"object": "Account"})
    assert call.query(text, "queryAll")["records"] == []
    assert [each["id"] for each in _span(call, "deleted", timedelta(minutes=5)).json()["deletedRecords"]] == [key]


def test_lists_of_changes_reach_back_so_far_only(server: SimulatorServer, call: Caller) -> None:
    key = sorted(server.vendor.live_keys("Account"))[0]
    call("PATCH", f"/sobjects/Account/{key}", json={"Phone": "1"})
    assert _span(call, "updated", timedelta(minutes=5)).json()["ids"] == [key]
    assert _span(call, "updated", timedelta(days=29)).status_code == 200
    assert codes_of(_span(call, "updated", timedelta(days=31))) == (400, "INVALID_REPLICATION_DATE")
    assert _span(call, "deleted", timedelta(days=14)).status_code == 200
    assert codes_of(_span(call, "deleted", timedelta(days=16))) == (400, "INVALID_REPLICATION_DATE")


def test_every_write_stamps_the_record(server: SimulatorServer, call: Caller) -> None:
    key = sorted(server.vendor.live_keys("Account"))[0]
    stamps = []
    for phone in ("1", "1"):
        server.control("clock", {"advance": 2})
        call("PATCH", f"/sobjects/Account/{key}", json={"Phone": phone})
        stamps.append(call.rows(f"SELECT SystemModstamp FROM Account WHERE Id = '{key}'")[0]["SystemModstamp"])
    assert stamps[0] < stamps[1]
