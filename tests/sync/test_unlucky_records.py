"""Records that arrive late, hold nonsense, change their name or vanish; reads that ask for a part."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from masterdata.store import connect
from tests.sync.conftest import Systems
from tests.sync.test_delivery_races import created_here, remapped
from tests.sync.test_two_way import settle
from tongmai.sync import apply, ledger, run
from tongmai.sync.run import SyncOptions, run_sync

CRM, ERP = "records/AccountObj", "records/BD_Customer"


def test_a_read_since_a_later_time_skips_nothing_for_the_next(systems: Systems) -> None:
    settle(("crm_customers",), times=2)
    key = sorted(systems.accounts())[0]
    systems.crm.control("clock", {"advance": 3600})
    systems.edit_account(key, tel="021-55550111")
    systems.crm.control("clock", {"advance": 7200})
    systems.edit_account(sorted(systems.accounts())[1], tel="021-55550112")
    assert (
        run_sync("crm_customers", SyncOptions(since=datetime.now(UTC) + timedelta(seconds=9000))).inbound["applied"]
        == 1
    )
    assert run_sync("crm_customers").inbound["applied"] == 1
    phones = "select 1 from golden.customer where '+862155550111' = any(phones)"
    assert systems.query(phones)


def test_nonsense_in_one_record_goes_to_quarantine_and_blocks_no_other(systems: Systems) -> None:
    first, second, third = sorted(systems.accounts())[:3]
    systems.edit_account(first, industry_level1="a\x00b", account_level="x\x00")
    systems.edit_account(second, tel="\x00 021")
    systems.edit_account(third, name="甲\x00乙有限公司")
    report = run_sync("crm_customers")
    assert report.ok, report.as_json()
    assert 1 <= report.inbound["quarantined"] <= 3
    assert report.inbound["applied"] == len(systems.accounts()) - report.inbound["quarantined"]


def test_a_change_stamp_at_the_edge_of_time_is_no_stamp(systems: Systems) -> None:
    one = apply.Subject(1, 1, "k", None, "upsert", "0001-01-01T00:00:00+08:05", b"", "", datetime.now(UTC), False, None)
    assert one.stamp()[:4] == str(datetime.now(UTC).year)


def test_a_reference_and_its_record_applied_at_the_same_time_find_each_other(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contact is mapped before the customer is committed, and commits after it."""
    settle(("crm_customers", "crm_contacts"), times=1)
    account = systems.crm.control(CRM, {"op": "insert", "fields": {"name": "同时到达有限公司"}})["keys"][0]
    systems.crm.control("records/ContactObj", {"op": "insert", "fields": {"name": "张三", "account_id": account}})
    mapped, go = threading.Event(), threading.Event()

    def reach(name: str) -> None:
        if name == "apply.before-commit" and threading.current_thread().name == "contacts":
            mapped.set()
            go.wait(20)

    monkeypatch.setattr(apply, "reach", reach)
    contacts = threading.Thread(target=run_sync, args=("crm_contacts",), name="contacts")
    contacts.start()
    assert mapped.wait(30)
    done = threading.Event()

    def release() -> None:
        waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted"
        while not done.is_set() and not systems.query(waiting):
            time.sleep(0.02)
        go.set()

    waiter = threading.Thread(target=release)
    waiter.start()
    assert run_sync("crm_customers").ok
    done.set()
    waiter.join(30)
    contacts.join(30)
    settle(("crm_contacts", "crm_customers"), times=1)
    found = "select c.customer_id is not null from golden.contact c where c.name = '张三'"
    assert systems.query(found) == [(True,)]


def test_a_name_given_up_joins_no_newcomer(systems: Systems) -> None:
    insert = {"op": "insert", "fields": {"name": "打错的名字有限公司"}}
    old = systems.crm.control(CRM, insert)["keys"][0]
    settle(("crm_customers",), times=1)
    systems.edit_account(old, name="正确的名字有限公司")
    settle(("crm_customers",), times=1)
    systems.crm.control(CRM, insert)
    settle(("crm_customers",), times=1)
    names = "select legal_name from golden.customer where legal_name like '%%的名字有限公司' order by 1"
    assert systems.query(names) == [("打错的名字有限公司",), ("正确的名字有限公司",)]


def test_when_the_target_merges_twins_the_one_that_stays_is_written_to(systems: Systems) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    twin = {**systems.customers()[erp_key]}
    fields = {name: twin[name] for name in ("FName", "FShortName", "FSOCIALCRECODE", "FTEL")}
    kept = systems.erp.control(ERP, {"op": "insert", "fields": fields})["keys"][0]
    settle(("erp_customers_in",), times=1)
    systems.erp.control(ERP, {"op": "delete", "key": erp_key})
    assert run_sync("erp_customers_in", SyncOptions(full=True)).ok
    systems.edit_account(crm_key, tel="021-55550113")
    settle(times=1)
    assert systems.customers()[kept]["FTEL"] == "+862155550113"


def test_one_record_the_target_chokes_on_holds_up_no_other(systems: Systems) -> None:
    settle(times=2)
    keys = [row[0] for row in systems.query(
        """select distinct on (t.entity_id) r.source_key from hub.target_state t join hub.source_record r using (entity_id)
             join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj' where t.target = 'erp_customers' limit 8"""
    )]  # fmt: skip
    for number, key in enumerate(keys):
        systems.edit_account(key, tel=f"021-5555012{number}")
    assert run_sync("crm_customers").ok
    systems.erp.control("faults", [{"kind": "status", "status": 500, "path": ".Save", "after": 1, "times": 1}])
    report = run_sync("erp_customers")
    assert report.error_code == "outcome-unknown" and report.balanced
    assert report.outbound["pending"] == 1
    again = run_sync("erp_customers")
    assert again.ok and not again.outbound["pending"]


def test_a_refusal_mended_by_a_later_delivery_is_no_longer_open(systems: Systems) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    refused = {"Result": {"ResponseStatus": {"IsSuccess": False, "MsgCode": 11, "Errors": [{"Message": "不行"}]}}}
    systems.erp.control("faults", [{"kind": "error_body", "body": refused, "path": ".Save"}])
    systems.edit_account(crm_key, tel="021-55550114")
    settle(("crm_customers", "erp_customers"), times=1)
    assert systems.query("select count(*) from hub.quarantine where stage = 'deliver'") == [(1,)]
    systems.edit_account(crm_key, tel="021-55550115")
    settle(("crm_customers", "erp_customers"), times=1)
    assert systems.customers()[erp_key]["FTEL"] == "+862155550115"
    assert systems.query("select count(*) from hub.quarantine where stage = 'deliver'") == [(0,)]


def test_a_changed_owner_decides_anew_from_what_is_stored(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(times=2)
    _, _, erp_key = created_here(systems)
    systems.edit_customer(erp_key, FTEL="+861055550116")
    settle(("erp_customers_in",), times=1)
    phones = "select g.phones[1] from golden.customer g join hub.target_state t on t.entity_id = g.id where t.remote_key = %s"
    assert systems.query(phones, erp_key) != [("+861055550116",)]

    def load() -> run.Content:
        content = real()
        entity = content.schema.entities["customer"]
        fields = {**entity.fields, "phones": entity.fields["phones"].model_copy(update={"owner": "erp"})}
        content.schema.entities["customer"] = entity.model_copy(update={"fields": fields})
        return content

    real = run.load_content
    monkeypatch.setattr(run, "load_content", load)
    settle(("erp_customers_in",), times=1)
    assert systems.query(phones, erp_key) == [("+861055550116",)]


def test_what_a_clerk_owns_is_not_overwritten_by_a_new_mapping(systems: Systems, site: Path) -> None:
    settle(times=2)
    _, _, erp_key = created_here(systems)
    systems.edit_customer(erp_key, FName="财务 定名有限公司")  # in canonical form it has no space
    settle(times=2)
    systems.edit_account(created_here(systems)[1], tel="021-55550117")
    settle(times=2)
    remapped(
        site,
        "kingdee",
        "customer.out",
        "FTEL:           phones | first",
        "FTEL: {if: phones == null, then: '', else: '0800'}",
    )
    settle(times=2)
    assert systems.customers()[erp_key]["FTEL"] == "0800"
    assert systems.customers()[erp_key]["FName"] == "财务 定名有限公司"


class Interrupted:
    """A cursor after whose first statement somebody else does something."""

    def __init__(self, cursor: Any, then: Callable[[], None]) -> None:
        self.cursor = cursor
        self.then: list[Callable[[], None]] = [then]

    def execute(self, *given: Any) -> None:
        self.cursor.execute(*given)
        while self.then:
            self.then.pop()()

    def fetchall(self) -> Any:
        return self.cursor.fetchall()

    def fetchone(self) -> Any:
        return self.cursor.fetchone()

    def __iter__(self) -> Any:
        return iter(self.cursor)


def test_the_books_are_counted_at_one_instant(systems: Systems) -> None:
    """Somebody queues while the outbox is counted."""
    settle(times=2)
    _, crm_key, _ = created_here(systems)
    done: list[bool] = []

    def queue() -> None:
        systems.edit_account(crm_key, tel="021-55550118")
        done.append(run_sync("crm_customers").ok)

    with connect(systems.url) as database, database.transaction() as cursor:
        assert ledger.recount_out(cast(Any, Interrupted(cursor, queue)), "erp_customers", None)[1] == []
    assert done == [True]
