"""A hub from before there were seats: its entities keep their ids when everything is mapped again, nothing is created twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.identity.arrival import run
from tests.identity.test_targets import CIRCLE, writes
from tests.identity.world import Streams, World, draw

# What the migration says of anchors, once more: the rows of before it are made here by taking away what it made.
ANCHORS = """
update hub.source_record r set anchor = r.entity_id
 where r.entity_id is not null and exists (
   select 1 from hub.delivery d join hub.target t on t.name = d.target
    where t.stream_id = r.stream_id and d.remote_key = r.source_key and d.operation = 'create' and d.outcome = 'delivered'
      and d.entity_id = r.entity_id)
"""
BEFORE = """
truncate hub.match_record, hub.match_token, hub.match_edge, hub.match_decision, hub.match_act, hub.match_event, hub.match_snapshot;
update hub.source_record set anchor = null, map_digest = '';
update hub.contribution set own = '{}'
"""


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    drawn = draw(60, 9, tmp_path_factory.mktemp("drawn"), noise="medium")
    return {name: rows for name, rows in drawn.items() if name in ("crm.firms", "erp.firms", "crm.people")}


def test_ids_stay(streams: Streams, world_of: Callable[..., World]) -> None:
    world = world_of("crm", "erp")
    world.target("erp")
    world.target("crm")
    for name, rows in streams.items():
        world.put(name, rows)
    for name in (*CIRCLE, "crm_people") * 2:
        run(name)

    def state() -> list[Any]:
        return [
            world.query("select * from hub.crosswalk order by 1, 2, 3"),
            world.query("select * from golden.customer order by id"),
            world.query("select * from golden.contact order by id"),
            world.query("select target, entity_id, remote_key, active from hub.target_state order by 1, 3"),
            [writes(world, one) for one in ("crm", "erp")],
        ]

    before = state()
    with psycopg.connect(world.url) as connection:
        connection.execute(BEFORE)
        connection.execute(ANCHORS)
    for name in (*CIRCLE, "crm_people") * 2:
        run(name)
    world.check()
    for mine, theirs in zip(state(), before, strict=True):
        assert [row for row in mine if row not in theirs] == [] == [row for row in theirs if row not in mine]
