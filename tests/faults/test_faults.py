"""A seeded selection of the fault table with few deals, and proofs that the harness can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import check, crash, page
from tests.faults.cell import Count, Outcome
from tests.faults.cells import CELLS, cell, network
from tests.faults.drive import play, settle
from tests.faults.network import Strike
from tests.faults.scene import opened
from tests.faults.store import Store
from tongmai.core.text import Text

DEALS, SEED = 40, 7
SELECTED = ("timeout-after-accept-crm", "die", "late-commit", "sessions-broken", "stopped-short")


@pytest.mark.parametrize("name", SELECTED)
def test_a_cell(hub_url: str, name: str) -> None:
    outcome = play(cell(name), hub_url, DEALS, SEED)
    assert outcome.verdict == "passed", page.console([cell(name)], {name: outcome})


def test_a_cell_whose_fault_never_fires_is_void(hub_url: str) -> None:
    never = network("never", Text("Nothing", "无"), [Strike("crm", "timeout_before", "/no-such-path", 1.0)])
    outcome = play(never, hub_url, 3, SEED)
    assert (outcome.lost, outcome.doubled, outcome.verdict) == (0, 0, "void")


def test_the_judge_sees_what_is_wrong(hub_url: str) -> None:
    """A chain that went well, then one wrong thing after the other in the systems' own tables and ledgers."""
    with opened(hub_url, 4, SEED, {}, {}) as scene:
        scene.sign()
        scene.change(1)
        settle(scene)
        good = Outcome("x", counts=[Count("x", 0, 0)])
        check.judge(scene, good)
        assert (good.notes, check.delivered(scene)) == ([], 1.0)
        crm = scene.systems.crm.vendor.state
        order = next(e for e in crm.ledger.entries if e["object"] == "SalesOrderObj" and e["op"] == "create")

        def wrong() -> Outcome:
            found = Outcome("x", counts=[Count("x", 0, 0)])
            check.judge(scene, found)
            assert found.verdict == "failed"
            return found

        crm.ledger.entries.append({**order, "key": "second"})
        assert wrong().doubled
        del crm.ledger.entries[-1]
        crm.ledger.entries.append(
            {**order, "op": "update", "payload": {"paid_amount__c": "0.01", "erp_status__c": "sent"}}
        )
        assert wrong().order == 2, "money and approval went back"
        del crm.ledger.entries[-1]
        ((key, said),) = [(key, said) for key, said in scene.said.items() if len(said) == 2]
        changed = next(row["_id"] for row in check.by_deal(scene, "SalesOrderObj")[key])
        crm.ledger.entries.append({**order, "op": "update", "key": changed, "payload": {"order_amount": str(said[0])}})
        assert wrong().order >= 1, "an older value follows a newer one"
        del crm.ledger.entries[-1]
        table = crm.tables["SalesOrderObj"]
        row = table.rows[order["key"]]
        table.put(order["key"], {**row, "paid_amount__c": "1"})
        assert wrong().lost and check.delivered(scene) == 0.75
        table.remove(order["key"])
        assert wrong().lost and check.delivered(scene) == 0.75
        table.put(order["key"], row)
        scene.systems.erp.vendor.state.tables["SAL_SaleOrder"].remove(
            scene.systems.erp.vendor.state.tables["SAL_SaleOrder"].highest()
        )
        assert wrong().lost


def test_every_failpoint_of_the_code_is_in_its_cell() -> None:
    assert {"deliver.after-remote", "flow.before-commit", "ingest.inside-copy"} <= set(crash.failpoints())


def test_results_are_kept_and_shown(tmp_path: Path) -> None:
    store = Store(tmp_path, 5, 1, "code")
    passed = Outcome(CELLS[0].name, 5, 1, [Count("a", 2, 3)], delivered=1.0)
    void = Outcome(CELLS[1].name, 5, 1, [Count("b <&>", 2, 1)], delivered=1.0)
    few = Outcome(CELLS[2].name, 5, 1, [Count("c", 2, 2)], delivered=0.9)
    for one in (passed, void, few):
        store.save(one)
    found = {one.cell: kept for one in (passed, void, few) if (kept := store.load(one.cell))}
    assert found[passed.cell] == passed and Store(tmp_path, 6, 1, "code").load(passed.cell) is None
    assert [one.verdict for one in found.values()] == ["passed", "void", "failed"]
    text = page.page(CELLS, found, 5, 1, "code")
    assert all(words in text for one in CELLS for words in (one.what.zh, one.what.en)) and "b &lt;&amp;&gt;" in text
    assert text.count('<td class="not">') == len(CELLS) - 3
    assert page.console(CELLS, found).count("not run") == len(CELLS) - 3
