"""CRM and ERP over real HTTP: linked, never doubled; only what changed travels; no echo, no lost edit."""

from __future__ import annotations

import random

import pytest

from tests.sync.conftest import Systems
from tongmai.core.errors import ConfigurationError
from tongmai.sync.run import SyncOptions, run_sync

ROUND = ("crm_customers", "erp_customers", "erp_customers_in", "crm_customers_back")


def settle(order: tuple[str, ...] = ROUND, times: int = 2) -> None:
    for _ in range(times):
        for name in order:
            report = run_sync(name)
            assert report.ok, report.as_json()


def linked(systems: Systems) -> dict[str, tuple[str, str]]:
    """Entity → (CRM key, ERP key), as both targets are linked."""
    rows = systems.query(
        """select c.entity_id::text, c.remote_key, e.remote_key from hub.target_state c join hub.target_state e using (entity_id)
            where c.target = 'crm_customers_back' and e.target = 'erp_customers'"""
    )
    return {row[0]: (row[1], row[2]) for row in rows}


@pytest.mark.parametrize("first", ["crm", "erp"])
def test_both_sides_are_linked_whichever_is_loaded_first(systems: Systems, first: str) -> None:
    before = systems.customers()
    order = ROUND if first == "crm" else ("erp_customers_in", "crm_customers", "erp_customers", "crm_customers_back")
    settle(order)
    golden = systems.query("select count(*) from golden.customer")[0][0]
    creates = [w for w in systems.writes(systems.erp) if w["op"] == "create"]
    assert len(systems.customers()) == len(before) + len(creates)
    numbers = [row["FNumber"] for row in systems.customers().values()]
    assert len(numbers) == len(set(numbers))
    # every golden customer is in the ERP once; ERP records that were doubles before stay what they were
    states = systems.query(
        "select count(distinct entity_id), count(distinct remote_key) from hub.target_state where target = 'erp_customers'"
    )
    assert states == [(golden, golden)]
    codes = [row["FSOCIALCRECODE"] for row in systems.customers().values() if row.get("FSOCIALCRECODE")]
    doubled_before = len([c for c in before.values() if c.get("FSOCIALCRECODE")]) - len(
        {c["FSOCIALCRECODE"] for c in before.values() if c.get("FSOCIALCRECODE")}
    )
    assert len(codes) - len(set(codes)) == doubled_before


def test_only_the_changed_customer_travels(systems: Systems) -> None:
    settle(times=3)
    entity, (crm_key, erp_key) = next(iter(linked(systems).items()))
    systems.crm.control("reset-counts", {})
    systems.erp.control("reset-counts", {})
    writes_before = len(systems.writes(systems.erp))
    systems.edit_account(crm_key, tel="021-55550100")
    settle(times=1)
    new = systems.writes(systems.erp)[writes_before:]
    assert {write["key"] for write in new} == {erp_key}
    assert systems.customers()[erp_key]["FTEL"] == "+862155550100"
    counts = systems.erp.control("requests")["by_path"]
    saves = sum(count for path, count in counts.items() if ".Save." in path)
    assert saves == 1, counts
    crm_writes = sum(
        n for path, n in systems.crm.control("requests")["by_path"].items() if path.endswith(("/create", "/update"))
    )
    assert crm_writes == 0
    assert entity


def test_edits_on_both_sides_for_ten_rounds(systems: Systems) -> None:
    settle(times=3)
    rng = random.Random(5)
    pairs = rng.sample(sorted(linked(systems).values()), 5)
    for number in range(10):
        erp_before, crm_before = len(systems.writes(systems.erp)), len(systems.writes(systems.crm))
        for index, (crm_key, erp_key) in enumerate(pairs):
            systems.edit_account(crm_key, tel=f"021-555{number}0{index:03}")  # phones belong to the CRM
            systems.edit_customer(erp_key, FName=f"第{number}轮改名有限公司{index}号")  # the name belongs to the ERP
        order = list(ROUND)
        rng.shuffle(order)
        settle(tuple(order), times=2)
        crm, erp = systems.accounts(), systems.customers()
        for index, (crm_key, erp_key) in enumerate(pairs):
            assert erp[erp_key]["FTEL"] == f"+8621555{number}0{index:03}"
            assert erp[erp_key]["FName"] == crm[crm_key]["name"] == f"第{number}轮改名有限公司{index}号"
            assert crm[crm_key]["tel"] == f"021-555{number}0{index:03}"
        updates = [w for w in systems.writes(systems.erp)[erp_before:] if w["op"] == "update"]
        assert len(updates) == len(pairs), "an echo was written to the ERP"
        assert len(systems.writes(systems.crm)) - crm_before == len(pairs), "an echo was written to the CRM"


def test_changing_a_value_back_to_what_we_wrote_is_an_edit(systems: Systems) -> None:
    settle(times=3)
    crm_key, erp_key = sorted(linked(systems).values())[0]
    first = systems.customers()[erp_key]["FName"]
    for name in ("甲乙丙有限公司", first):
        systems.edit_customer(erp_key, FName=name)
        settle()
        assert systems.accounts()[crm_key]["name"] == name


def test_a_delete_in_the_source_deactivates_in_the_target(systems: Systems) -> None:
    settle(times=2)
    only_crm = systems.query(
        """select min(r.source_key), t.remote_key from hub.source_record r join hub.stream s on s.id = r.stream_id
             join hub.target_state t on t.entity_id = r.entity_id and t.target = 'erp_customers'
            where s.stream = 'AccountObj' group by r.entity_id, t.remote_key having count(*) = 1 order by 1 limit 1"""
    )[0]
    systems.crm.control("records/AccountObj", {"op": "delete", "key": only_crm[0]})
    assert run_sync("crm_customers", SyncOptions(full=True)).ok
    settle(times=2)
    assert systems.customers()[only_crm[1]]["FForbidStatus"] == "B"
    assert len([w for w in systems.writes(systems.erp) if w["key"] == only_crm[1] and w["op"] == "forbid"]) <= 1


def test_the_second_run_is_all_unchanged(systems: Systems) -> None:
    settle(times=3)
    before = systems.query("select count(*), max(version) from hub.entity_version")
    for name in ROUND:
        report = run_sync(name, SyncOptions(full=name in ("crm_customers", "erp_customers_in")))
        assert report.inbound["read"] == report.inbound["unchanged"]
        assert not any(report.outbound.values())
    assert systems.query("select count(*), max(version) from hub.entity_version") == before


def test_times_of_the_erp_are_in_its_own_zone(systems: Systems) -> None:
    settle(("crm_customers", "erp_customers", "erp_customers_in"), times=1)
    crm_key, erp_key = systems.query(
        """select min(r.source_key), t.remote_key from hub.target_state t join hub.source_record r on r.entity_id = t.entity_id
             join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj' group by t.entity_id, t.remote_key limit 1"""
    )[0]
    systems.edit_customer(erp_key, FName="新名称有限公司")
    settle(("erp_customers_in",), times=1)
    ((skew,),) = systems.query(
        """select extract(epoch from now() - (e.provenance->'legal_name'->>'at')::timestamptz) from hub.entity e
             join hub.target_state t on t.entity_id = e.id and t.remote_key = %s""",
        erp_key,
    )
    assert abs(skew) < 600, (crm_key, skew)


def test_clearing_an_owned_field_travels(systems: Systems) -> None:
    settle(times=3)
    crm_key, erp_key = systems.query(
        """select min(r.source_key), t.remote_key from hub.target_state t join hub.source_record r on r.entity_id = t.entity_id
             join hub.stream s on s.id = r.stream_id and s.stream = 'AccountObj'
             join hub.delivery d on d.remote_key = t.remote_key and d.operation = 'create' and d.target = t.target
             join golden.customer g on g.id = t.entity_id and g.phones is not null
            where t.target = 'erp_customers' group by t.entity_id, t.remote_key having count(*) = 1 order by 1 limit 1"""
    )[0]
    assert systems.customers()[erp_key]["FTEL"]
    systems.edit_account(crm_key, tel="")
    settle()
    assert not systems.customers()[erp_key]["FTEL"]


def test_a_dry_run_of_the_whole_group_sends_nothing_and_says_what_it_would(systems: Systems) -> None:
    report = run_sync("crm_to_erp", SyncOptions(dry_run=True))
    assert report.ok, report.as_json()
    assert report.outbound["delivered"] > 50
    assert systems.writes(systems.erp) == systems.writes(systems.crm) == []
    assert systems.query("select count(*) from hub.run") == [(0,)]


def test_narrowing_a_write_is_refused(systems: Systems) -> None:
    with pytest.raises(ConfigurationError, match="this sync writes"):
        run_sync("erp_customers", SyncOptions(keys=("1",)))


def test_a_member_of_a_group_lets_the_narrowing_of_reads_pass_by(systems: Systems) -> None:
    settle(times=1)
    assert run_sync("erp_customers", SyncOptions(keys=("1",), in_group=True)).ok
