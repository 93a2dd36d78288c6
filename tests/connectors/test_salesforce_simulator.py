"""The simulated Salesforce, called as anybody could: every line of the fact sheet's list of what it must reproduce."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.sdk.auth.jwt import assertion
from connectors.testing.server import SimulatorServer
from connectors.vendors.salesforce import simulator_login as login
from connectors.vendors.salesforce.simulator_fields import whole_id

Serve = Callable[..., SimulatorServer]
BASE = "/services/data/v66.0"
TOKEN = "/services/oauth2/token"
SECRET = {"client_id": login.CLIENT_ID, "client_secret": login.CLIENT_SECRET}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Caller:
    """Calls with one token."""

    server: SimulatorServer
    token: str

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.server.url + BASE + path, headers=headers, timeout=30, **more)

    def query(self, text: str, verb: str = "query", **headers: str) -> Any:
        answer = self("GET", f"/{verb}", params={"q": text}, headers=headers)
        return answer.json() if answer.status_code == 200 else answer.json()[0]["errorCode"]

    def rows(self, text: str) -> list[dict[str, Any]]:
        found = self.query(text)
        assert isinstance(found, dict), found
        return list(found["records"])


@pytest.fixture
def server(serve: Serve) -> SimulatorServer:
    return serve("salesforce", customers=12)


@pytest.fixture
def call(server: SimulatorServer) -> Caller:
    return Caller(server, _login(server).json()["access_token"])


def _login(server: SimulatorServer, host: str = "", **form: str) -> requests.Response:
    given = {"grant_type": "client_credentials", **SECRET, **form}
    return requests.post(server.url + TOKEN, data=given, headers={"Host": host} if host else {}, timeout=30)


def _assertion(
    server: SimulatorServer, key: str = "", at: int | None = None, lifetime: int = 180, **claims: str
) -> requests.Response:
    said = {"iss": login.CLIENT_ID, "sub": login.USER, "aud": "https://login.salesforce.com", **claims}
    made = assertion("RS256", key or login.private_pem(), said, {}, at or int(time.time()), lifetime, "test")
    return requests.post(server.url + TOKEN, data={"grant_type": JWT, "assertion": made}, timeout=30)


def _codes(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]


# -- 1, 2: letting in --------------------------------------------------------------------------------------------------


def test_a_token_comes_without_expires_in_and_with_milliseconds_as_text(server: SimulatorServer) -> None:
    body = _login(server).json()
    assert "expires_in" not in body and body["token_type"] == "Bearer" and body["api_instance_url"] == server.url
    assert isinstance(body["issued_at"], str) and abs(int(body["issued_at"]) / 1000 - time.time()) < 60
    basic = base64.b64encode(f"{login.CLIENT_ID}:{login.CLIENT_SECRET}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"}
    answer = requests.post(server.url + TOKEN, data={"grant_type": "client_credentials"}, headers=headers, timeout=30)
    assert answer.status_code == 200 and answer.json()["access_token"] != body["access_token"]


@pytest.mark.parametrize("host", ["login.salesforce.com", "test.salesforce.com"])
def test_client_credentials_are_refused_on_login_hosts(server: SimulatorServer, host: str) -> None:
    answer = _login(server, host)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_wrong_clients_and_grants(server: SimulatorServer) -> None:
    assert _login(server, client_secret="x").json()["error"] == "invalid_client"
    assert _login(server, client_id="x").json()["error"] == "invalid_client_id"
    assert _login(server, grant_type="password").json()["error"] == "unsupported_grant_type"
    good = _login(server, grant_type="refresh_token", refresh_token=login.REFRESH_TOKEN)
    assert good.status_code == 200 and "api_instance_url" not in good.json()
    assert _login(server, grant_type="refresh_token", refresh_token="x").json()["error"] == "invalid_grant"


def test_an_assertion_is_checked_by_signature_audience_and_time(server: SimulatorServer) -> None:
    assert _assertion(server).status_code == 200
    assert _assertion(server, aud="https://test.salesforce.com").status_code == 200
    assert _assertion(server, aud=server.url).status_code == 200
    from cryptography.hazmat.primitives import serialization as form

    other = rsa.generate_private_key(65537, 2048).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    for answer, text in (
        (_assertion(server, key=other.decode()), "invalid assertion"),
        (_assertion(server, aud="https://example.com"), "audience is invalid"),
        (_assertion(server, at=int(time.time()) - 400), "expired authorization code"),
        (_assertion(server, lifetime=900), "expired authorization code"),
        (_assertion(server, sub=login.STRANGER), "user hasn't approved this consumer"),
    ):
        assert (answer.status_code, answer.json()["error_description"]) == (400, text)
    assert _assertion(server, iss="x").json()["error"] == "invalid_client_id"


def test_a_session_ends_and_a_revoked_token_is_dead(server: SimulatorServer) -> None:
    first = _login(server).json()["access_token"]
    second = _login(server).json()["access_token"]
    old, new = Caller(server, first), Caller(server, second)
    assert old("GET", "/limits").status_code == new("GET", "/limits").status_code == 200
    requests.post(server.url + "/services/oauth2/revoke", data={"token": first}, timeout=30)
    assert _codes(old("GET", "/limits")) == (401, "INVALID_SESSION_ID") and new("GET", "/limits").status_code == 200
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
    assert _codes(call("DELETE", path)) == (404, "ENTITY_IS_DELETED")
    assert _codes(call("GET", "/sobjects/Account/nothing")) == (400, "MALFORMED_ID")
    assert _codes(call("GET", f"/sobjects/Account/{whole_id('0015g0000999999')}")) == (404, "NOT_FOUND")
    assert _codes(call("PATCH", path.replace("Account", "Nothing"), json={})) == (404, "NOT_FOUND")


def test_upsert_by_external_id(call: Caller) -> None:
    path = "/sobjects/Account/Tongmai_Key__c/K-%2F1"
    first, second = call("PATCH", path, json={"Name": "新"}), call("PATCH", path, json={"Phone": "2"})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"], second.json()["id"]) == (200, False, first.json()["id"])
    assert call("GET", path).json()["Tongmai_Key__c"] == "K-/1"
    assert _codes(call("PATCH", path, json={"Tongmai_Key__c": "K-/1"})) == (400, "INVALID_FIELD")
    assert _codes(call("PATCH", "/sobjects/Account/Name/x", json={})) == (404, "NOT_FOUND")
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
    assert good.status_code == 200 and _codes(bad) == (400, "MALFORMED_QUERY")
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
    call = Caller(server, _login(server).json()["access_token"])
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
    assert _codes(late) == (400, "INVALID_QUERY_LOCATOR")


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
    assert _codes(_span(call, "updated", timedelta(days=31))) == (400, "INVALID_REPLICATION_DATE")
    assert _span(call, "deleted", timedelta(days=14)).status_code == 200
    assert _codes(_span(call, "deleted", timedelta(days=16))) == (400, "INVALID_REPLICATION_DATE")


def test_every_write_stamps_the_record(server: SimulatorServer, call: Caller) -> None:
    key = sorted(server.vendor.live_keys("Account"))[0]
    stamps = []
    for phone in ("1", "1"):
        server.control("clock", {"advance": 2})
        call("PATCH", f"/sobjects/Account/{key}", json={"Phone": phone})
        stamps.append(call.rows(f"SELECT SystemModstamp FROM Account WHERE Id = '{key}'")[0]["SystemModstamp"])
    assert stamps[0] < stamps[1]


# -- 8, 9: several in one call -----------------------------------------------------------------------------------------


def _contact(name: str, **more: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, "LastName": name, **more}


def test_collections_keep_the_order_and_tell_each_outcome(call: Caller) -> None:
    records = [_contact("一"), _contact("二", Email="x"), _contact("三")]
    answer = call("POST", "/composite/sobjects", json={"allOrNone": False, "records": records})
    assert answer.status_code == 200
    good, bad, last = answer.json()
    assert good["success"] and last["success"]
    assert bad["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS" and "errorCode" not in bad["errors"][0]
    together = call("POST", "/composite/sobjects", json={"allOrNone": True, "records": records}).json()
    assert [each["errors"][0]["statusCode"] for each in together] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_EMAIL_ADDRESS", "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ]  # fmt: skip
    assert len(call.rows("SELECT Id FROM Contact WHERE LastName IN ('一', '三')")) == 2
    read = call("POST", "/composite/sobjects/Contact", json={"ids": [last["id"], good["id"]], "fields": ["LastName"]})
    assert [row["LastName"] for row in read.json()] == ["三", "一"]
    gone = call("DELETE", "/composite/sobjects", params={"ids": f"{good['id']},{last['id']}", "allOrNone": "false"})
    assert [each["success"] for each in gone.json()] == [True, True]


def test_collections_take_200_of_one_type_by_external_id(call: Caller) -> None:
    many = [_contact(f"人{n}", Tongmai_Key__c=f"C{n}") for n in range(201)]
    path = "/composite/sobjects/Contact/Tongmai_Key__c"
    assert _codes(call("PATCH", path, json={"records": many})) == (400, "EXCEEDED_ID_LIMIT")
    told = call("PATCH", path, json={"records": many[:200]}).json()
    assert all(each["created"] for each in told) and len(told) == 200
    assert not any(each["created"] for each in call("PATCH", path, json={"records": many[:2]}).json())
    mixed = [_contact("a", Tongmai_Key__c="1"), {"attributes": {"type": "Lead"}, "Tongmai_Key__c": "2"}]
    assert call("PATCH", path, json={"records": mixed}).status_code == 400
    types = [{"attributes": {"type": ("Contact", "Lead")[n % 2]}, "LastName": "x", "Company": "x"} for n in range(12)]
    assert call("POST", "/composite/sobjects", json={"records": types}).status_code == 400


def _sub(name: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    return {"method": method, "url": BASE + path, "referenceId": name, **({"body": body} if body is not None else {})}


def test_composite_calls_use_what_earlier_ones_answered(server: SimulatorServer, call: Caller) -> None:
    steps = [
        _sub("acc", "POST", "/sobjects/Account", {"Name": "组合"}),
        _sub("con", "POST", "/sobjects/Contact", {"LastName": "人", "AccountId": "@{acc.id}"}),
        _sub("q", "GET", "/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{acc.id}'"),
        _sub("one", "GET", "/sobjects/Contact/@{q.records[0].Id}"),
    ]
    answer = call("POST", "/composite", json={"allOrNone": True, "compositeRequest": steps})
    told = answer.json()["compositeResponse"]
    assert answer.status_code == 200 and [each["httpStatusCode"] for each in told] == [201, 201, 200, 200]
    assert told[3]["body"]["LastName"] == "人"
    before = len(server.vendor.state.ledger.entries)
    steps[1]["body"] = {"FirstName": "无姓"}
    told = call("POST", "/composite", json={"allOrNone": True, "compositeRequest": steps[:2]}).json()[
        "compositeResponse"
    ]
    assert told[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert told[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert len(server.vendor.state.ledger.entries) == before
    loose = [
        _sub("bad", "POST", "/sobjects/Account", {}),
        _sub("c", "POST", "/sobjects/Contact", {"LastName": "@{bad.id}"}),
    ]
    told = call("POST", "/composite", json={"compositeRequest": loose}).json()["compositeResponse"]
    assert told[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert call("POST", "/composite", json={"compositeRequest": steps[:1] * 26}).status_code == 400


# -- 10: bulk ----------------------------------------------------------------------------------------------------------


def _table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _until(call: Caller, path: str) -> list[str]:
    states = [call("GET", path).json()["state"]]
    while states[-1] in ("UploadComplete", "InProgress") and len(states) < 20:
        states.append(call("GET", path).json()["state"])
    return states


def test_a_bulk_job_goes_through_its_states(call: Caller) -> None:
    spec = {
        "object": "Account",
        "operation": "upsert",
        "externalIdFieldName": "Tongmai_Key__c",
        "contentType": "CSV",
        "lineEnding": "LF",
    }
    job = call("POST", "/jobs/ingest", json=spec).json()
    path = f"/jobs/ingest/{job['id']}"
    assert job["state"] == "Open" and job["contentUrl"].endswith(f"{path}/batches")
    assert _codes(call("PATCH", path, json={"state": "UploadComplete"})) == (400, "InvalidJobState")  # nothing in it
    text = 'Tongmai_Key__c,Name,Phone\nB1,"好, 的",021\nB2,,022\nB3,也好,#N/A\n'.encode()
    put = call("PUT", f"{path}/batches", data=text, headers={"Content-Type": "text/csv"})
    assert (put.status_code, put.content) == (201, b"")
    assert call("PUT", f"{path}/batches", data=text, headers={"Content-Type": "text/csv"}).status_code == 400
    assert call("GET", f"{path}/successfulResults").status_code == 400  # not yet
    assert call("PATCH", path, json={"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    assert _until(call, path) == ["UploadComplete", "InProgress", "JobComplete"]
    done = call("GET", path).json()
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (3, 1)
    good = call("GET", f"{path}/successfulResults")
    good.encoding = "utf-8"
    assert good.text.startswith('"sf__Id","sf__Created","Tongmai_Key__c","Name","Phone"\n')
    assert [row["Tongmai_Key__c"] for row in _table(good.text)] == ["B3", "B1"]  # in no order
    bad = _table(call("GET", f"{path}/failedResults").text)
    assert bad[0]["sf__Error"].startswith("REQUIRED_FIELD_MISSING:") and bad[0]["Tongmai_Key__c"] == "B2"
    assert call("GET", f"{path}/unprocessedrecords").text == '"Tongmai_Key__c","Name","Phone"\n'


def test_a_bulk_job_that_fails_leaves_records_unprocessed(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"bulk_stops_after": 1, "bulk_looks": 1})
    job = call("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    data = "LastName,Company\n一,a\n二,b\n三,c\n".encode()
    call("PUT", f"/jobs/ingest/{job}/batches", data=data, headers={"Content-Type": "text/csv"})
    call("PATCH", f"/jobs/ingest/{job}", json={"state": "UploadComplete"})
    done = call("GET", f"/jobs/ingest/{job}").json()
    assert done["state"] == "Failed" and done["errorMessage"]
    assert len(_table(call("GET", f"/jobs/ingest/{job}/unprocessedrecords").text)) == 2
    other = call("POST", "/jobs/ingest", json={"object": "Lead", "operation": "insert"}).json()["id"]
    assert call("PATCH", f"/jobs/ingest/{other}", json={"state": "Aborted"}).json()["state"] == "Aborted"


def test_results_of_a_bulk_query_come_by_locator(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"bulk_looks": 1})
    spec = {"operation": "query", "query": "SELECT Id, Name, Owner.Name FROM Account ORDER BY Id"}
    job = call("POST", "/jobs/query", json=spec).json()["id"]
    assert call("GET", f"/jobs/query/{job}").json()["state"] == "JobComplete"
    keys, locator, pages = [], "", 0
    while locator != "null":
        asked = {"maxRecords": "5", **({"locator": locator} if locator else {})}
        page = call("GET", f"/jobs/query/{job}/results", params=asked)
        keys += [row["Id"] for row in _table(page.text)]
        assert int(page.headers["Sforce-NumberOfRecords"]) <= 5
        locator, pages = page.headers["Sforce-Locator"], pages + 1
    assert keys == sorted(server.vendor.live_keys("Account")) and pages > 1


# -- 11, 12: what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obj", "fields", "code"),
    [
        ("Contact", {"FirstName": "x"}, "REQUIRED_FIELD_MISSING"),
        ("Account", {"Name": "x" * 256}, "STRING_TOO_LONG"),
        ("Account", {"Name": "x", "Rating": "Boiling"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Contact", {"LastName": "x", "Email": "x"}, "INVALID_EMAIL_ADDRESS"),
        ("Account", {"Name": "x", "Nothing__c": 1}, "INVALID_FIELD"),
        ("Account", {"Name": "x", "CreatedDate": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("Contact", {"LastName": "x", "AccountId": "nothing"}, "MALFORMED_ID"),
        ("Contact", {"LastName": "x", "AccountId": whole_id("0015g0000999999")}, "INVALID_CROSS_REFERENCE_KEY"),
        ("Account", {"Name": "x", "AnnualRevenue": "much"}, "JSON_PARSER_ERROR"),
        ("Account", {"Name": "x", "ParentId": {"Tongmai_Key__c": "no"}}, "JSON_PARSER_ERROR"),
        ("Account", {"Name": "x", "Parent": {"Tongmai_Key__c": "no"}}, "INVALID_FIELD"),
    ],
)  # fmt: skip
def test_records_that_are_refused(call: Caller, obj: str, fields: dict[str, Any], code: str) -> None:
    assert _codes(call("POST", f"/sobjects/{obj}", json=fields)) == (400, code)


def test_a_unique_value_names_who_has_it(call: Caller) -> None:
    first = call("POST", "/sobjects/Account", json={"Name": "a", "Tongmai_Key__c": "U"}).json()["id"]
    answer = call("POST", "/sobjects/Account", json={"Name": "b", "Tongmai_Key__c": "u"})
    assert _codes(answer) == (400, "DUPLICATE_VALUE") and answer.json()[0]["message"].endswith(first)


def test_a_duplicate_rule_can_be_overridden(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"duplicate_rule": True})
    assert call("POST", "/sobjects/Account", json={"Name": "重名"}).status_code == 201
    assert _codes(call("POST", "/sobjects/Account", json={"Name": "重名"})) == (400, "DUPLICATES_DETECTED")
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert call("POST", "/sobjects/Account", json={"Name": "重名"}, headers=headers).status_code == 201


# -- 13, 15: limits and locks ------------------------------------------------------------------------------------------


def test_calls_are_counted_and_end_at_the_limit(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"api_calls": 2})
    assert call("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert call("GET", "/limits").json()["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    full = call("GET", "/limits")
    assert _codes(full) == (403, "REQUEST_LIMIT_EXCEEDED") and "Retry-After" not in full.headers


def test_parallel_writes_to_one_parent_meet_its_lock(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"lock_chance": 1.0})
    parent = sorted(server.vendor.live_keys("Account"))[0]
    codes: list[int] = []

    def write(name: str) -> None:
        for at in range(15):
            answer = call("POST", "/sobjects/Contact", json={"LastName": f"{name}{at}", "AccountId": parent})
            codes.append(answer.status_code)
            if answer.status_code != 201:
                assert _codes(answer) == (400, "UNABLE_TO_LOCK_ROW")

    write("一")
    assert set(codes) == {201}  # one after the other, nothing is locked
    # Each answer takes a while, so that calls overlap.
    server.control("faults", [{"kind": "latency", "path": "/sobjects/Contact", "seconds": 0.02, "times": 0}])
    threads = [threading.Thread(target=write, args=(name,)) for name in "二三四五"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert 400 in codes


def test_fields_are_described(call: Caller) -> None:
    told = call("GET", "/sobjects/Contact/describe").json()
    fields = {each["name"]: each for each in told["fields"]}
    needed = {
        name
        for name, each in fields.items()
        if each["createable"] and not each["nillable"] and not each["defaultedOnCreate"]
    }
    assert (
        needed == {"LastName"}
        and fields["Tongmai_Key__c"]["externalId"]
        and fields["AccountId"]["referenceTo"] == ["Account"]
    )
    assert json.dumps(told) and "Account" in {each["name"] for each in call("GET", "/sobjects").json()["sobjects"]}
