"""The Salesforce connector against the simulated organisation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Connector, ReadRequest
from connectors.sdk.contract import Discovering, Written
from connectors.sdk.declared.answers import ExistsError
from connectors.testing.server import SimulatorServer
from connectors.vendors.salesforce import hooks
from connectors.vendors.salesforce import simulator_login as login
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    ProtocolError,
    RemoteRefusedError,
    RetryableError,
)
from tongmai.core.record import Page, Record

Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]
QUICK = {"deletes_ahead": 60, "bulk_pause": 0.01, "limit_wait": 0}


def _read(connection: Connector, stream: str = "Account", **request: Any) -> tuple[list[Record], list[Page]]:
    pages = list(connection.read(ReadRequest(stream, **request)))
    return [record for page in pages for record in page.records], pages


def _mark(pages: list[Page]) -> str:
    return next(page.checkpoint for page in reversed(pages) if page.checkpoint is not None)


def _payload(n: int, **more: Any) -> tuple[dict[str, Any], str]:
    return {"Name": f"客户 {n}", "Tongmai_Key__c": f"T-{n}", **more}, f"T-{n}"


# -- logging in --------------------------------------------------------------------------------------------------------


def test_both_ways_to_log_in(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    assert connect(server, client_secret=login.CLIENT_SECRET).check().detail == "通脉演示公司, Enterprise Edition"
    by_key = connect(server, grant="jwt_bearer", client_secret=None)
    assert by_key.check().ok
    with pytest.raises(AuthenticationError, match="hasn't approved"):
        connect(server, grant="jwt_bearer", username=login.STRANGER).check()
    with pytest.raises(AuthenticationError, match="audience is invalid"):
        connect(server, grant="jwt_bearer", audience="https://example.com").check()
    with pytest.raises(ConfigurationError, match="private"):
        connect(server, grant="jwt_bearer", private_key="not a key").check()


def test_a_version_that_is_not_supported_is_said(serve: Serve, connect: Connect) -> None:
    with pytest.raises(FatalError, match="UNSUPPORTED_API_VERSION"):
        connect(serve("salesforce", customers=3), api_version="v12.0").check()


# -- reading -----------------------------------------------------------------------------------------------------------


def test_an_order_has_its_lines(serve: Serve, connect: Connect) -> None:
    connection = connect(serve("salesforce", customers=10), **QUICK)
    records, _ = _read(connection, "Order", full=True)
    order = connection.decode("Order", records[0].raw)
    assert [(line["Quantity"], line["UnitPrice"]) for line in order["OrderItems"]] == [(1, 500), (2, 500)]
    assert order["TotalAmount"] == 1500 and "attributes" not in order["OrderItems"][0]


def test_lines_that_are_not_whole_are_no_order() -> None:
    cut = {"Id": "801", "OrderItems": {"totalSize": 3000, "done": False, "records": []}}
    with pytest.raises(ProtocolError, match="more `OrderItems`"):
        hooks.row("Order", cut)
    assert hooks.row("Order", {"Id": "801", "OrderItems": None})["OrderItems"] is None


def test_further_fields_are_read_and_hidden_ones_are_not(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    more = {"extra_fields": {"Account": ["USCC__c", "Owner.Name"]}, "hidden_fields": {"Account": ["Rating"]}}
    connection = connect(server, **QUICK, **more)
    row = connection.decode("Account", _read(connection, full=True)[0][0].raw)
    assert "USCC__c" in row and list(row["Owner"]) == ["Name"] and "Rating" not in row and "Tongmai_Key__c" in row
    bare = connect(server, "bare", key_objects=[], **QUICK)
    assert "Tongmai_Key__c" not in bare.decode("Account", _read(bare, full=True)[0][0].raw)
    with pytest.raises(FatalError, match=r"INVALID_FIELD No such column 'Nothing__c'"):
        _read(connect(server, "wrong", extra_fields={"Account": ["Nothing__c"]}), full=True)


def test_a_company_calls_our_key_what_it_likes(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server, external_id="Legacy_Id__c", key_objects=["Account"], **QUICK)
    writer = connection.writer("Account")
    payload, key = _payload(1)
    made = writer.create(payload, key)
    assert server.vendor.state.tables["Account"].rows[made.key]["Legacy_Id__c"] == "T-1"
    found = writer.find("Tongmai_Key__c", ["T-1"])["T-1"][0]
    assert found.key == made.key and found.fields["Tongmai_Key__c"] == "T-1"
    [record], _ = _read(connection, keys=(made.key,))
    assert connection.decode("Account", record.raw)["Tongmai_Key__c"] == "T-1"
    assert isinstance(writer.create_many([_payload(2)])[0], Written)  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", ["deleted_list", "query_all"])
def test_deletes_are_found_in_both_places(serve: Serve, connect: Connect, where: str) -> None:
    server = serve("salesforce", customers=5)
    connection = connect(server, deletes_from=where, **QUICK)
    mark = _mark(_read(connection, full=True)[1])
    first, second = sorted(server.vendor.live_keys("Account"))[:2]
    server.control("records/Account", {"op": "delete", "key": first})
    records, _ = _read(connection, checkpoint=mark)
    assert [record.key for record in records if record.op == "delete"] == [first]
    server.control("records/Account", {"op": "delete", "key": second})
    server.control("act/purge", {"object": "Account"})
    told = {record.key for record in _read(connection, checkpoint=mark)[0] if record.op == "delete"}
    assert told == ({first, second} if where == "deleted_list" else set())  # a purged record is in the log only


def test_a_checkpoint_older_than_the_log_of_deletes_asks_for_a_whole_read(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server, **QUICK)
    mark = json.loads(_mark(_read(connection, full=True)[1]))
    old = {**mark, "gone": (datetime.now(UTC) - timedelta(days=16)).isoformat()}
    with pytest.raises(ConfigurationError, match="read the stream in full once") as raised:
        _read(connection, checkpoint=json.dumps(old))
    assert raised.value.code == "deletes-forgotten"
    # Nothing changed for months, but deletes are known: that is no gap.
    quiet = {"at": "2026-01-01T00:00:00+00:00", "gone": (datetime.now(UTC) - timedelta(days=14)).isoformat()}
    _, pages = _read(connection, checkpoint=json.dumps(quiet))
    assert json.loads(_mark(pages))["gone"] > quiet["gone"]
    _read(connect(server, "all", deletes_from="query_all"), checkpoint=json.dumps(old))  # the log is not asked


def test_the_log_of_deletes_is_asked_to_the_last_full_minute_by_default(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    server.control("switches", {"end_ahead": False})
    assert _read(connect(server), checkpoint=_mark(_read(connect(server), full=True)[1]))
    ahead = connect(server, "ahead", deletes_ahead=120)
    with pytest.raises(FatalError, match="INVALID_REPLICATION_DATE"):
        _read(ahead, checkpoint=_mark(_read(ahead, full=True)[1]))


def test_a_locator_that_died_begins_the_walk_again(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=190)
    connection = connect(server, page_size=200, retries=0, **QUICK)
    body = [{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]
    server.control("faults", [{"kind": "status", "status": 400, "body": body, "path": "/query/01g"}])
    records, pages = _read(connection, full=True)
    assert {record.key for record in records} == server.vendor.live_keys("Account") and pages[-1].complete
    server.control("switches", {"locator_minutes": 0})
    with pytest.raises(RetryableError):  # dead in every walk
        _read(connection, full=True)


def test_fields_are_discovered(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server)
    assert isinstance(connection, Discovering)
    found = {each.stream: each for each in connection.discover()}
    assert set(found) == set(registry.manifest("salesforce").streams)
    assert (
        found["Account"].fields["USCC__c"] == "string" and found["Account"].key == ("Id",) and found["Account"].writable
    )
    wrong = connect(server, "wrong", discover_objects=["Nothing__c"])
    assert isinstance(wrong, Discovering)
    with pytest.raises(ConfigurationError, match="Nothing__c"):
        wrong.discover()


# -- writing -----------------------------------------------------------------------------------------------------------


def test_an_external_id_that_several_records_have_is_refused(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    for _ in range(2):
        server.control("records/Account", {"op": "insert", "fields": {"Name": "双", "Legacy_Id__c": "T-1"}})
    writer = connect(server, external_id="Legacy_Id__c", **QUICK).writer("Account")
    with pytest.raises(RemoteRefusedError, match=r"several-records .*/sobjects/Account/001"):
        writer.create(*_payload(1))
    [outcome] = writer.create_many([_payload(1)])  # type: ignore[attr-defined]
    assert isinstance(outcome, RemoteRefusedError) and "DUPLICATE_EXTERNAL_ID" in outcome.why


def test_what_is_refused_is_refused_in_its_own_words(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer = connect(server, **QUICK).writer("Contact")
    with pytest.raises(RemoteRefusedError, match=r"REQUIRED_FIELD_MISSING .*\(LastName\)"):
        writer.create({"FirstName": "无姓"}, "C-1")
    with pytest.raises(RemoteRefusedError, match="MALFORMED_ID"):
        writer.update("nothing", {"Title": "x"})
    with pytest.raises(RemoteRefusedError, match="NOT_FOUND"):
        writer.update("0035g0000999999AAA"[:15], {"Title": "x"})


def test_a_key_with_signs_is_found_and_kept(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer = connect(server, **QUICK).writer("Account")
    for value in ("a/b", "it's", "back\\slash", "100%", "中文 键", 'qu"ote'):
        made = writer.create({"Name": value, "Tongmai_Key__c": value}, value)
        assert [each.key for each in writer.find("Tongmai_Key__c", [value])[value]] == [made.key]
        assert [each.key for each in writer.find("Name", [value])[value]] == [made.key]
    # One value that looks like a condition asks for nothing more.
    assert writer.find("Name", ["x' OR Name != 'y"]) == {}


def test_numbers_of_a_mapping_are_sent_as_numbers(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, bulk_from=2, **QUICK).writer("Account")
    exact = {"AnnualRevenue": "1200000.50", "NumberOfEmployees": "35"}
    made = writer.create(*_payload(1, **exact))
    [outcome] = writer.create_many([_payload(2, **exact)])
    several = writer.create_many([_payload(3, **exact), _payload(4, **exact)])
    for key in (made.key, outcome.key, several[1].key):
        row = server.vendor.state.tables["Account"].rows[key]
        assert (row["AnnualRevenue"], row["NumberOfEmployees"]) == (1200000.5, 35)
    with pytest.raises(RemoteRefusedError, match=r"JSON_PARSER_ERROR .*much"):
        writer.create(*_payload(5, AnnualRevenue="much"))


def test_accounts_are_deleted_only_when_the_connection_says_so(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    key = sorted(server.vendor.live_keys("Account"))[0]
    with pytest.raises(RemoteRefusedError, match="off_by_delete"):
        connect(server).writer("Account").deactivate(key)
    allowed = connect(server, "allowed", off_by_delete=True).writer("Account")
    assert allowed.deactivate(key) == allowed.deactivate(key) == Written(key)  # twice is no error
    assert key not in server.vendor.live_keys("Account")
    product = sorted(server.vendor.live_keys("Product2"))[0]
    connect(server).writer("Product2").deactivate(product)
    assert server.vendor.state.tables["Product2"].rows[product]["IsActive"] is False


def test_duplicate_rules_hold_unless_the_connection_says_otherwise(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    server.control("switches", {"duplicate_rule": True})
    connect(server).writer("Account").create({"Name": "重名", "Tongmai_Key__c": "1"}, "1")
    with pytest.raises(RemoteRefusedError, match="DUPLICATES_DETECTED"):
        connect(server).writer("Account").create({"Name": "重名", "Tongmai_Key__c": "2"}, "2")
    insisting = connect(server, "insisting", save_duplicates=True)
    assert insisting.writer("Account").create({"Name": "重名", "Tongmai_Key__c": "2"}, "2").key


def test_the_call_limit_is_waited_for_long(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server, retries=0)
    connection.check()
    server.control("switches", {"api_calls": 1})
    with pytest.raises(RetryableError, match="REQUEST_LIMIT_EXCEEDED") as raised:
        connection.writer("Account").create(*_payload(1))
    assert raised.value.after == 300 and server.vendor.state.ledger.entries == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "UNABLE_TO_LOCK_ROW", RetryableError),
        (503, "SERVER_UNAVAILABLE", OutcomeUnknownError),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", RemoteRefusedError),
        (403, "API_DISABLED_FOR_ORG", AuthenticationError),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", RemoteRefusedError),
        (400, "DUPLICATE_VALUE", ExistsError),
        (500, "UNKNOWN_EXCEPTION", OutcomeUnknownError),
    ],
)  # fmt: skip
def test_what_answers_mean_for_a_write(
    serve: Serve, connect: Connect, status: int, code: str, error: type[Exception]
) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server, retries=0)
    connection.check()
    body = [{"errorCode": code, "message": "某种原因"}]
    server.control("faults", [{"kind": "status", "status": status, "body": body, "path": "/sobjects", "times": 0}])
    with pytest.raises(error, match=code) as raised:
        connection.writer("Account").create(*_payload(1))
    assert type(raised.value) is error


def test_a_query_that_takes_too_long_is_tried_again(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    body = [{"errorCode": "QUERY_TIMEOUT", "message": "too slow"}]
    server.control("faults", [{"kind": "status", "status": 400, "body": body, "path": "/query", "times": 2}])
    assert len(_read(connect(server), full=True)[0]) == len(server.vendor.live_keys("Account"))


def test_our_key_that_is_there_already_is_that_record(serve: Serve, connect: Connect) -> None:
    """Two upserts of one key at once: the slower one may be told that the value is taken."""
    server = serve("salesforce", customers=3)
    writer = connect(server).writer("Account")
    made = writer.create(*_payload(1))
    body = [{"errorCode": "DUPLICATE_VALUE", "message": "duplicate value found"}]
    server.control("faults", [{"kind": "status", "status": 400, "body": body, "path": "/sobjects/"}])
    payload, _ = _payload(1)
    assert writer.create(payload, "another idempotency key") == made


# -- several at once ---------------------------------------------------------------------------------------------------


def test_many_records_go_in_collections_of_200(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, **QUICK).writer("Account")
    items = [_payload(n, **({"Rating": "滚烫"} if n == 250 else {})) for n in range(450)]
    server.control("reset-counts", {})
    outcomes = writer.create_many(items)
    assert sum(count for path, count in server.vendor.state.requests.items() if "/composite" in path) == 3
    assert [at for at, each in enumerate(outcomes) if not isinstance(each, Written)] == [250]
    assert "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" in outcomes[250].why
    keys = [each.key for at, each in enumerate(outcomes) if at != 250]
    again = writer.create_many([item for at, item in enumerate(items) if at != 250])
    assert [each.key for each in again] == keys  # the same records
    changed = writer.update_many([(key, {"Phone": f"021-{at}"}) for at, key in enumerate(keys)])
    assert changed == [Written(key) for key in keys]
    assert server.vendor.state.tables["Account"].rows[keys[7]]["Phone"] == "021-7"


def test_a_locked_row_of_a_collection_is_worth_another_try(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, **QUICK).writer("Account")
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked", "fields": []}]}
    fine = {"id": "0015g0000000001AAA", "success": True, "errors": []}
    fault = {"kind": "status", "status": 200, "body": [locked, fine], "path": "/composite"}
    server.control("faults", [fault])
    first, second = writer.create_many([_payload(1), _payload(2)])
    assert isinstance(first, RetryableError) and second == Written("0015g0000000001AAA")


# -- in bulk -----------------------------------------------------------------------------------------------------------


def _jobs(server: SimulatorServer) -> dict[str, Any]:
    return dict(server.vendor._bulk._jobs)


def test_large_numbers_go_through_a_bulk_job(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, bulk_from=10, **QUICK).writer("Account")
    odd = {"Description": '换行\n和"引号",逗号', "AnnualRevenue": 12.5, "Phone": None, "NumberOfEmployees": 3}
    items = [_payload(n, **(odd if n == 3 else {"Rating": "滚烫"} if n == 5 else {})) for n in range(12)]
    outcomes = writer.create_many(items)
    [job] = _jobs(server).values()
    assert job.state == "JobComplete" and job.spec["operation"] == "upsert"
    assert [at for at, each in enumerate(outcomes) if not isinstance(each, Written)] == [5]
    assert (
        isinstance(outcomes[5], RemoteRefusedError)
        and outcomes[5].code == "salesforce-INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    )
    rows = server.vendor.state.tables["Account"].rows
    assert [rows[each.key]["Tongmai_Key__c"] for at, each in enumerate(outcomes) if at != 5] == [
        f"T-{n}" for n in range(12) if n != 5
    ]
    assert {name: rows[outcomes[3].key][name] for name in odd} == odd
    # An update clears what it names as nothing, and leaves what it does not name.
    keys = [each.key for each in outcomes if isinstance(each, Written)]
    assert writer.update_many([(key, {"Description": None}) for key in keys]) == [Written(key) for key in keys]
    assert rows[outcomes[3].key]["Description"] is None and rows[outcomes[3].key]["AnnualRevenue"] == 12.5


def test_a_bulk_job_that_fails_tells_each_record(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    server.control("switches", {"bulk_stops_after": 4})
    writer: Any = connect(server, bulk_from=1, **QUICK).writer("Account")
    outcomes = writer.create_many([_payload(n) for n in range(10)])
    assert [isinstance(each, Written) for each in outcomes] == [True] * 4 + [False] * 6
    assert all(isinstance(each, FatalError) and "InternalServerError" in each.why for each in outcomes[4:])
    refused = writer.create_many([_payload(n, Nothing__c="x") for n in range(3)])
    assert all("Field name not found : Nothing__c" in each.why for each in refused)


def test_records_that_no_table_takes_are_refused_alone(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, bulk_from=1, **QUICK).writer("Account")
    items = [_payload(1), _payload(2, Type=["a", "b"]), _payload(3, Name="#N/A"), _payload(1)]
    good, listed, clearing, twice = writer.create_many(items)
    assert isinstance(good, Written)
    for each, word in ((listed, "`Type` holds a list"), (clearing, "`Name` is `#N/A`"), (twice, "T-1 comes twice")):
        assert isinstance(each, RemoteRefusedError) and word in each.why


def test_a_bulk_job_is_resumed_by_its_id_after_a_crash(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, bulk_patience=0, **QUICK).writer("Account")
    rows = [{"payload": payload, "our_key": key} for payload, key in (_payload(n) for n in range(5))]
    noted: list[str] = []
    # It takes longer than we wait: what became of it is not known, and nothing is sent a second time.
    outcomes = writer.jobs.run("create", rows, note=noted.append)
    assert all(isinstance(each, OutcomeUnknownError) and each.code == "bulk-unfinished" for each in outcomes)
    assert len(noted) == 1 and noted[0] in outcomes[0].why
    patient: Any = connect(server, "patient", **QUICK).writer("Account")
    resumed = patient.jobs.resume("create", noted[0], rows)
    assert all(isinstance(each, Written) for each in resumed) and len(_jobs(server)) == 1
    creates = [entry for entry in server.vendor.state.ledger.entries if entry["op"] == "create"]
    assert len(creates) == 5 and {entry["our_key"] for entry in creates} == {f"T-{n}" for n in range(5)}
    found = patient.find("Tongmai_Key__c", [f"T-{n}" for n in range(5)])  # or by our key
    assert {key: [each.key for each in some] for key, some in found.items()} == {
        f"T-{n}": [resumed[n].key] for n in range(5)
    }


def test_a_job_that_was_never_started_is_given_up(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server, retries=0, **QUICK)
    writer: Any = connection.writer("Account")
    rows = [{"payload": payload, "our_key": key} for payload, key in (_payload(n) for n in range(3))]

    class KilledError(BaseException):
        pass

    def killed(job: str) -> None:
        noted.append(job)
        raise KilledError

    noted: list[str] = []
    with pytest.raises(KilledError):
        writer.jobs.run("create", rows, note=killed)
    resumed = writer.jobs.resume("create", noted[0], rows)
    assert all(isinstance(each, RetryableError) for each in resumed)
    assert _jobs(server)[noted[0]].state == "Aborted" and server.vendor.state.ledger.entries == []


@pytest.mark.parametrize("path", ["/batches", "/jobs/ingest/750"])
def test_a_lost_answer_while_a_job_is_filled_sends_nothing_twice(serve: Serve, connect: Connect, path: str) -> None:
    server = serve("salesforce", customers=3)
    connection = connect(server, bulk_from=1, retries=0, read_timeout=1, **QUICK)
    connection.check()
    body = "Tongmai_Key__c" if path == "/batches" else "UploadComplete"
    server.control("faults", [{"kind": "timeout_after", "path": path, "in_body": body, "seconds": 3}])
    writer: Any = connection.writer("Account")
    outcomes = writer.create_many([_payload(n) for n in range(3)])
    [job] = _jobs(server).values()
    if path == "/batches":  # before its start nothing is taken: the job is given up
        assert all(isinstance(each, RetryableError) for each in outcomes) and job.state == "Aborted"
    else:  # the job itself tells that it was started
        assert all(isinstance(each, Written) for each in outcomes) and job.state == "JobComplete"
    assert len(server.vendor.state.ledger.entries) in (0, 3)


def test_large_tables_become_several_jobs(serve: Serve, connect: Connect) -> None:
    server = serve("salesforce", customers=3)
    writer: Any = connect(server, bulk_from=1, **QUICK).writer("Account")
    spec = registry.manifest("salesforce").writes["Account"].calls
    assert spec is not None and spec.bulk is not None
    writer.jobs._spec = spec.bulk.model_copy(update={"most_rows": 4})
    outcomes = writer.create_many([_payload(n) for n in range(10)])
    assert all(isinstance(each, Written) for each in outcomes) and len(_jobs(server)) == 3
