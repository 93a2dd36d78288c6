"""Unlucky moments of a delivery: unknown outcomes, kills, edits on both sides at once, runs side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.sync.conftest import Systems
from tests.sync.test_two_way import ROUND, settle
from tongmai.sync import deliver
from tongmai.sync.run import run_sync


def created_here(systems: Systems) -> tuple[str, str, str]:
    """An entity, its only CRM account, and the ERP customer that we created for it."""
    row = systems.query(
        """select t.entity_id::text, min(r.source_key), t.remote_key from hub.target_state t
             join hub.source_record r on r.entity_id = t.entity_id
             join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj'
             join hub.delivery d on d.remote_key = t.remote_key and d.operation = 'create' and d.target = t.target
            where t.target = 'erp_customers' group by t.entity_id, t.remote_key having count(*) = 1 order by 1 limit 1"""
    )[0]
    return row[0], row[1], row[2]


def die_at(monkeypatch: pytest.MonkeyPatch, place: str, once: Callable[[], None] | None = None) -> None:
    """Let the run break off at a failpoint as if it were killed; ``once`` is done there instead, the first time."""
    done: list[str] = []

    def reach(name: str) -> None:
        if name == place and not done:
            done.append(name)
            if once is None:
                raise KeyboardInterrupt
            once()

    monkeypatch.setattr(deliver, "reach", reach)


def test_an_unknown_create_is_found_by_our_key_whatever_was_edited_since(systems: Systems) -> None:
    settle(times=2)
    for number in range(3):
        fields = {"FName": f"新客户{number}有限公司", "FShortName": f"新{number}"}
        systems.erp.control("records/BD_Customer", {"op": "insert", "fields": fields})
    assert run_sync("erp_customers_in").ok
    before = set(systems.accounts())
    systems.crm.control("faults", [{"kind": "timeout_after", "path": "/create", "times": 1}])
    assert run_sync("crm_customers_back").error
    fresh = sorted(set(systems.accounts()) - before)
    assert fresh
    for number, key in enumerate(fresh):
        systems.edit_account(key, name=f"改名{number}有限公司", uscc_code__c=None)
    assert run_sync("crm_customers_back").ok
    keys = [w["payload"]["tongmai_key__c"] for w in systems.writes(systems.crm) if w["op"] == "create"]
    assert len(keys) == len(set(keys)), "the same customer was created twice"


def test_a_golden_change_between_claim_and_freeze_is_not_lost(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    systems.edit_account(crm_key, tel="021-55550101")
    assert run_sync("crm_customers").ok
    real, met = deliver.Delivery._look_up, []

    def look_up(self: Any, creating: Any) -> None:
        if not met:
            met.append(1)
            systems.edit_account(crm_key, tel="021-55550102")
            assert run_sync("crm_customers").ok
        real(self, creating)

    monkeypatch.setattr(deliver.Delivery, "_look_up", look_up)
    assert run_sync("erp_customers").ok
    assert met
    assert run_sync("erp_customers").ok
    assert systems.customers()[erp_key]["FTEL"] == "+862155550102"


def test_a_frozen_update_is_not_sent_over_a_later_owned_edit(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    systems.edit_account(crm_key, name="卖方改名有限公司")
    assert run_sync("crm_customers").ok
    with monkeypatch.context() as patch:
        die_at(patch, "deliver.after-remote")
        with pytest.raises(KeyboardInterrupt):
            run_sync("erp_customers")
    assert systems.customers()[erp_key]["FName"] == "卖方改名有限公司"
    systems.edit_customer(erp_key, FName="财务定名有限公司")
    for name in ("erp_customers_in", "erp_customers", "erp_customers_in", "crm_customers_back"):
        assert run_sync(name).ok
    assert systems.customers()[erp_key]["FName"] == "财务定名有限公司"
    assert systems.accounts()[crm_key]["name"] == "财务定名有限公司"


def test_both_sides_edit_an_owned_field_before_the_hub_looks(systems: Systems) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    systems.edit_account(crm_key, name="卖方改名有限公司")
    systems.edit_customer(erp_key, FName="财务定名有限公司")
    settle(("crm_customers", "erp_customers", "erp_customers_in", "crm_customers_back"), times=2)
    assert systems.customers()[erp_key]["FName"] == "财务定名有限公司"
    assert systems.accounts()[crm_key]["name"] == "财务定名有限公司"


def test_a_create_read_back_under_another_name_stays_one_customer(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(times=2)
    (key,) = systems.crm.control(
        "records/AccountObj", {"op": "insert", "fields": {"name": "全新客户有限公司", "tel": "021-55550103"}}
    )["keys"]
    assert run_sync("crm_customers").ok
    with monkeypatch.context() as patch:
        die_at(patch, "deliver.after-remote")
        with pytest.raises(KeyboardInterrupt):
            run_sync("erp_customers")
    created = systems.writes(systems.erp)[-1]["key"]
    systems.edit_customer(created, FName="全新客户（上海）股份公司")
    settle(("erp_customers_in", "erp_customers", "erp_customers_in", "crm_customers_back"), times=2)
    assert len(systems.query("select 1 from golden.customer where legal_name like '全新客户%%'")) == 1
    assert systems.accounts()[key]["name"] == "全新客户（上海）股份公司"
    assert len([row for row in systems.accounts().values() if row["name"].startswith("全新客户")]) == 1


def test_old_raw_mapped_again_does_not_undo_what_we_wrote_since(
    systems: Systems, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    systems.edit_account(crm_key, name="卖方改名有限公司")
    settle(("crm_customers", "erp_customers"), times=1)
    remapped(site, "kingdee", "customer", "FShortName | trim", "FName | trim")
    systems.erp.control("faults", [{"kind": "error_body", "body": "response_error: away", "path": "Query", "times": 0}])
    assert run_sync("erp_customers_in").error
    assert run_sync("crm_customers_back").ok
    assert systems.accounts()[crm_key]["name"] == "卖方改名有限公司"
    systems.erp.control("faults", [])
    settle(ROUND, times=2)
    assert systems.customers()[erp_key]["FName"] == "卖方改名有限公司"
    assert systems.accounts()[crm_key]["name"] == "卖方改名有限公司"


def remapped(site: Any, system: str, name: str, old: str, new: str) -> None:
    """A site's own version of a product mapping."""
    from tongmai.core.settings import product_root

    source = product_root() / "mappings" / "definitions" / system / f"{name}.yaml"
    text = source.read_text()
    assert old in text
    folder = site / "mappings" / system
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(text.replace(old, new) + "\nreplaces: true\n")


def test_a_mapping_changed_while_a_row_was_frozen_still_reaches_the_target(
    systems: Systems, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(times=2)
    _, crm_key, erp_key = created_here(systems)
    systems.edit_account(crm_key, tel="021-55550104")
    assert run_sync("crm_customers").ok
    with monkeypatch.context() as patch:
        die_at(patch, "deliver.before-remote")
        with pytest.raises(KeyboardInterrupt):
            run_sync("erp_customers")
    remapped(
        site,
        "kingdee",
        "customer.out",
        "FTEL:           phones | first",
        "FTEL: {if: phones == null, then: '', else: '0800'}",
    )
    settle(times=2)
    assert systems.customers()[erp_key]["FTEL"] == "0800"


def test_arming_while_customers_arrive_leaves_none_out(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    """A customer whose transaction is open while the target is armed."""
    from tongmai.sync import apply, arm

    assert run_sync("erp_customers_in").ok
    assert run_sync("crm_customers").ok
    (key,) = systems.crm.control(
        "records/AccountObj", {"op": "insert", "fields": {"name": "迟到客户有限公司", "tel": "021-55550105"}}
    )["keys"]
    held, go = threading.Event(), threading.Event()

    def reach(name: str) -> None:
        if name == "apply.before-commit" and threading.current_thread().name == "late":
            held.set()
            go.wait(20)

    monkeypatch.setattr(apply, "reach", reach)
    late = threading.Thread(target=run_sync, args=("crm_customers",), name="late")

    def release() -> None:
        """Once the target is armed, or stands still waiting for the open transaction."""
        waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted"
        while not systems.query(f"select 1 from hub.target where armed_at is not null union all {waiting}"):
            time.sleep(0.02)
        go.set()

    def arming(*arguments: Any) -> int:
        late.start()
        assert held.wait(30)
        threading.Thread(target=release, daemon=True).start()
        return real(*arguments)

    real = arm.arm
    monkeypatch.setattr(arm, "arm", lambda *given: arming(*given) if late.ident is None else real(*given))
    assert run_sync("erp_customers").ok
    late.join(30)
    settle(times=1)
    assert [row for row in systems.customers().values() if row["FName"] == "迟到客户有限公司"], key


def test_what_may_be_in_the_target_s_quarantine_is_not_created(systems: Systems) -> None:
    fields = {"FName": "坏状态（上海）有限公司", "FForbidStatus": "Q"}
    (kept,) = systems.erp.control("records/BD_Customer", {"op": "insert", "fields": fields})["keys"]
    systems.crm.control("records/AccountObj", {"op": "insert", "fields": {"name": "坏状态(上海)有限公司"}})
    settle(("crm_customers",), times=1)
    report = run_sync("erp_customers")
    assert report.ok and report.outbound["waiting"] == 1
    systems.edit_customer(kept, FForbidStatus="A")
    settle(times=2)
    assert [row["FName"] for row in systems.customers().values() if row["FName"].startswith("坏状态")] == [
        fields["FName"]
    ]
    assert systems.query("select count(*) from hub.outbox") == [(0,)]
