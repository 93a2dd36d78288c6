"""A field that is written only where the target has nothing: at a create, or while the target's is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.conftest import Systems
from tongmai.sync.run import run_sync

MINE = "057111112222"


def both_ways() -> None:
    for name in ("crm_customers", "erp_customers"):
        report = run_sync(name)
        assert report.ok and report.balanced, report.as_json()


@pytest.mark.parametrize("careful", [True, False])
def test_what_the_target_has_stays(systems: Systems, site: Path, careful: bool) -> None:
    if careful:
        folder = site / "mappings" / "kingdee"
        folder.mkdir(parents=True)
        text = "mapping: kingdee/customer.out\nextends: kingdee/customer.out\nif_empty: [FTEL]\n"
        (folder / "customer.out.yaml").write_text(text, encoding="utf-8")
    before = systems.customers()
    emptied = sorted(before)[::2]
    for key in emptied:
        systems.edit_customer(key, FTEL="")
    both_ways()
    linked = systems.query(
        """select a.source_key, e.source_key from hub.source_record a
             join hub.stream s on s.id = a.stream_id and s.stream = 'AccountObj'
             join hub.source_record e on e.entity_id = a.entity_id
             join hub.stream t on t.id = e.stream_id and t.stream = 'BD_Customer'
            where not a.deleted and not e.deleted"""
    )
    filled = next((a, e) for a, e in linked if e in before and e not in emptied and before[e].get("FTEL"))
    kept = systems.customers()[filled[1]]["FTEL"]
    systems.edit_account(filled[0], tel=MINE)
    both_ways()
    after = systems.customers()
    said = systems.accounts()
    assert after[filled[1]]["FTEL"] == (kept if careful else f"+86{MINE[1:]}")
    bare = [(a, e) for a, e in linked if e in emptied and said[a].get("tel")]
    assert bare and all(after[e]["FTEL"] for _, e in bare), "an empty one is filled"
