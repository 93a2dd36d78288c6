"""The Salesforce simulator: several records in one call, bulk jobs, what is refused, limits and locks."""

from __future__ import annotations

import csv
import io
import json
import threading
from typing import Any

import pytest

from connectors.testing.server import SimulatorServer
from connectors.vendors.salesforce.simulator_fields import whole_id
from tests.connectors.salesforce_world import (
    BASE,
    Caller,
    call,
    codes_of,
    server,
)

__all__ = ["call", "server"]


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
    assert codes_of(call("PATCH", path, json={"records": many})) == (400, "EXCEEDED_ID_LIMIT")
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
    assert codes_of(call("PATCH", path, json={"state": "UploadComplete"})) == (400, "InvalidJobState")  # nothing in it
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
    assert codes_of(call("POST", f"/sobjects/{obj}", json=fields)) == (400, code)


def test_a_unique_value_names_who_has_it(call: Caller) -> None:
    first = call("POST", "/sobjects/Account", json={"Name": "a", "Tongmai_Key__c": "U"}).json()["id"]
    answer = call("POST", "/sobjects/Account", json={"Name": "b", "Tongmai_Key__c": "u"})
    assert codes_of(answer) == (400, "DUPLICATE_VALUE") and answer.json()[0]["message"].endswith(first)


def test_a_duplicate_rule_can_be_overridden(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"duplicate_rule": True})
    assert call("POST", "/sobjects/Account", json={"Name": "重名"}).status_code == 201
    assert codes_of(call("POST", "/sobjects/Account", json={"Name": "重名"})) == (400, "DUPLICATES_DETECTED")
    headers = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    assert call("POST", "/sobjects/Account", json={"Name": "重名"}, headers=headers).status_code == 201


# -- 13, 15: limits and locks ------------------------------------------------------------------------------------------


def test_calls_are_counted_and_end_at_the_limit(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"api_calls": 2})
    assert call("GET", "/limits").headers["Sforce-Limit-Info"] == "api-usage=1/2"
    assert call("GET", "/limits").json()["DailyApiRequests"] == {"Max": 2, "Remaining": 0}
    full = call("GET", "/limits")
    assert codes_of(full) == (403, "REQUEST_LIMIT_EXCEEDED") and "Retry-After" not in full.headers


def test_parallel_writes_to_one_parent_meet_its_lock(server: SimulatorServer, call: Caller) -> None:
    server.control("switches", {"lock_chance": 1.0})
    parent = sorted(server.vendor.live_keys("Account"))[0]
    codes: list[int] = []

    def write(name: str) -> None:
        for at in range(15):
            answer = call("POST", "/sobjects/Contact", json={"LastName": f"{name}{at}", "AccountId": parent})
            codes.append(answer.status_code)
            if answer.status_code != 201:
                assert codes_of(answer) == (400, "UNABLE_TO_LOCK_ROW")

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
