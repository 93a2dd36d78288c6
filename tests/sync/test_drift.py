"""What is new in a source's records is taken in and reported, kept apart, or stops the stream; it is never silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connectors.sdk.drift import members
from tests.sync.conftest import Systems
from tongmai.sync import reading as engine
from tongmai.sync.replaying import replay_entries
from tongmai.sync.run import SyncOptions, run_sync

Run = Callable[..., tuple[int, dict[str, Any], str]]


def with_policy(monkeypatch: pytest.MonkeyPatch, policy: str) -> None:
    build = engine._drift

    def made(*given: Any) -> Any:
        drift = build(*given)
        drift.policy = policy
        return drift

    monkeypatch.setattr(engine, "_drift", made)


def first(systems: Systems) -> str:
    """After the first run, nothing is new; gives a record to change."""
    report = run_sync("crm_customers", SyncOptions())
    assert report.ok and report.drift == []
    ((count,),) = systems.query("select count(*) from hub.stream_member where accepted_at is null")
    assert count == 0
    return sorted(systems.accounts())[0]


def test_the_members_of_a_raw_record_by_kind() -> None:
    raw = b'{"a":"x","b":1.5,"c":true,"d":null,"e":{},"f":[1],"g":-1}'
    assert members(raw) == {
        ("a", "text"), ("b", "number"), ("c", "boolean"), ("e", "object"), ("f", "list"), ("g", "number"),
    }  # fmt: skip
    assert members(b"[1]") == members(b"not json") == set()


@pytest.mark.parametrize("systems", [5], indirect=True)
def test_evolve_takes_it_in_and_says_so_once(systems: Systems) -> None:
    key = first(systems)
    systems.edit_account(key, vat_no__c="91310000")
    report = run_sync("crm_customers", SyncOptions())
    assert report.ok and report.drift == ["vat_no__c (text)"] and report.inbound["applied"] == 1
    assert "vat_no__c (text)" in report.in_words("en") and report.as_json()["drift"] == ["vat_no__c (text)"]
    systems.edit_account(key, vat_no__c="91310001")
    assert run_sync("crm_customers", SyncOptions()).drift == []
    systems.edit_account(key, vat_no__c=7)
    assert run_sync("crm_customers", SyncOptions()).drift == ["vat_no__c (number)"]


@pytest.mark.parametrize("systems", [5], indirect=True)
def test_quarantine_keeps_the_record_apart_until_a_person_accepts(
    systems: Systems, monkeypatch: pytest.MonkeyPatch, tongmai: Run
) -> None:
    key = first(systems)
    with_policy(monkeypatch, "quarantine")
    systems.edit_account(key, vat_no__c="91310000")
    other = sorted(systems.accounts())[1]
    systems.edit_account(other, remark="as ever")
    report = run_sync("crm_customers", SyncOptions())
    assert report.ok and report.inbound["quarantined"] == 1 and report.inbound["applied"] == 1
    ((entry, text),) = systems.query(
        "select id, code || field || reason from hub.quarantined_record where state = 'open'"
    )
    assert "schema-drift" in text and "vat_no__c" in text
    code, found, _ = tongmai("drift", "accept", "crm_main", "AccountObj", "vat_no__c")
    assert code == 0, found
    assert tongmai("drift", "accept", "crm_main", "AccountObj")[0] != 0, "nothing is left to accept"
    replay_entries((entry,))
    assert systems.query("select count(*) from hub.quarantined_record where state = 'open'") == [(0,)]


@pytest.mark.parametrize("systems", [5], indirect=True)
def test_freeze_stops_the_stream_and_nothing_is_applied_or_lost(
    systems: Systems, monkeypatch: pytest.MonkeyPatch, tongmai: Run
) -> None:
    key = first(systems)
    with_policy(monkeypatch, "freeze")
    systems.edit_account(key, vat_no__c="91310000")
    report = run_sync("crm_customers", SyncOptions())
    assert report.error_code == "schema-drift" and not report.retryable
    assert report.balanced and report.inbound["pending"] == 1
    assert run_sync("crm_customers", SyncOptions()).error_code == "schema-drift"
    assert tongmai("drift", "accept", "crm_main", "AccountObj")[0] == 0
    report = run_sync("crm_customers", SyncOptions())
    assert report.ok
    assert systems.query("select count(*) from hub.work") == [(0,)]
