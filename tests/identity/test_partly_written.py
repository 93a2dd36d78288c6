"""Of two telephones of a record we write the first: read back, both together are our own write, not the record's own word."""

from __future__ import annotations

from collections.abc import Callable

from tests.identity.arrival import run
from tests.identity.world import World

CODE = "91330106MA2AAAA132"
FIRM = {"name": "杭州云帆软件有限公司", "uscc": CODE}


def test_what_we_wrote_beside_what_was_there_is_an_echo(world_of: Callable[..., World]) -> None:
    world = world_of("crm", "erp")
    world.target("erp")
    old, new = "2025-01-01T00:00:00+08:00", "2026-05-01T00:00:00+08:00"
    world.put("erp.firms", [{"key": "e", **FIRM, "phone": "0571-86341385", "mobile": "13504260499", "updated_at": old}])
    world.put("crm.firms", [{"key": "c", **FIRM, "phone": "0571-83801941", "updated_at": new}])
    for name in ("erp_firms", "crm_firms", "erp_back", "erp_firms"):
        run(name)
    assert world.rows("erp.firms")["e"]["phone"] == "+8657183801941"
    ((phones, echo),) = world.query(
        """select c.fields->'phones', c.echo from hub.contribution c join hub.source_record r on r.id = c.record_id
            where r.source_key = 'e'"""
    )
    assert phones == ["+8657183801941", "+8613504260499"]
    assert echo == ["phones"]
