"""A second hub that hears the same as the first, to which something was done: both must say the same in the end."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.identity.arrival import run
from tests.identity.world import World
from tongmai.stack.postgres import Server


def said(world: World) -> dict[str, Any]:
    """All that identity decides, by source keys: contributions, crosswalk, golden records, notes of targets, open questions."""
    query = world.query
    return {
        "contribution": query(
            """select s.connection, s.stream, r.source_key, c.entity_id, c.fields, c.changed, c.echo, c.deleted
                 from hub.contribution c join hub.source_record r on r.id = c.record_id join hub.stream s on s.id = r.stream_id
                order by 1, 2, 3"""
        ),
        "crosswalk": query("select * from hub.crosswalk order by 1, 2, 3"),
        "customer": query("select * from golden.customer order by id"),
        "contact": query("select * from golden.contact order by id"),
        "redirect": query("select id, redirect_to from hub.entity where redirect_to is not null order by 1"),
        "entity": query("select id, entity, digest, provenance from hub.entity where redirect_to is null order by 1"),
        "state": query("select target, entity_id, remote_key, active, gone, known, written from hub.target_state order by 1, 2"),
        "key": query("select * from hub.match_key order by 1, 2, 3, 4"),
        "review": query("select entity, entity_id, twin_id, max(weight) from hub.match_review group by 1, 2, 3 order by 1, 2, 3"),
    }  # fmt: skip


def alike(world: World, twin: World) -> None:
    """The two hubs say the same, byte for byte."""
    mine, theirs = said(world), said(twin)
    once = {one for (one,) in twin.query("select id from hub.entity")}
    mine["redirect"] = [
        row for row in mine["redirect"] if row[0] in once
    ]  # an id that lived here alone points on for good
    for name, rows in mine.items():
        ours = [row for row in rows if row not in theirs[name]]
        others = [row for row in theirs[name] if row not in rows]
        assert not ours and not others, f"{name}: only here {ours[:2]}, only in the twin {others[:2]}"


class Pair:
    """A hub and its twin, fed with the same records by the same systems."""

    def __init__(self, world: World, server: Server, patch: pytest.MonkeyPatch) -> None:
        self.world, self.server, self.patch = world, server, patch
        name = world.url.rsplit("/", 1)[1]
        with psycopg.connect(server.admin_url(), autocommit=True) as admin:
            admin.execute(f"create database {name}_twin template {name} owner tongmai")
        self.twin = world.beside(f"{world.url}_twin")

    def on_twin(self, *names: str) -> None:
        """Run syncs of the twin."""
        self.patch.setenv("TONGMAI_DATABASE_URL", self.twin.url)
        for name in names:
            run(name)
        self.patch.setenv("TONGMAI_DATABASE_URL", self.world.url)

    def close(self) -> None:
        with psycopg.connect(self.server.admin_url(), autocommit=True) as admin:
            admin.execute(f"drop database {self.twin.url.rsplit('/', 1)[1]} with (force)")
