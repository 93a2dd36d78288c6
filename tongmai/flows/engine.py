"""Run a flow's due instances. A step, what it makes and the note that it is done are one transaction; nothing is called."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from connectors.sdk import Record
from masterdata.golden import write as golden
from masterdata.store import Cursor, Database
from masterdata.store.database import hold
from tongmai.core.failpoint import reach
from tongmai.flows.compiled import CompiledFlow
from tongmai.flows.instance import Delivered, Instance, World, advance
from tongmai.flows.numbers import mint
from tongmai.sync import ingest, triggers

BATCH = 500
LIVE = ("running", "cancelling")

_CLAIM = """
select id, subject, occurrence, state, step, minted, made, started_at, digest, release
  from hub.flow_instance where flow = %s and due and ended_at is null and digest = any(%s)
 order by started_at, id limit %s for update skip locked
"""
_DELIVERED = """
select t.target, t.entity_id, s.remote_key is not null and not s.gone,
       o.state, coalesce(o.note, ''), q.id, coalesce(q.code || ': ' || q.reason, ''), coalesce(s.gone, false)
  from unnest(%(targets)s::text[], %(ids)s::uuid[]) t (target, entity_id)
  left join hub.target_state s on s.target = t.target and s.entity_id = t.entity_id
  left join lateral (select x.state, x.note from hub.outbox x where x.target = t.target and x.entity_id = t.entity_id
                      order by x.id desc limit 1) o on true
  left join lateral (select x.id, x.code, x.reason from hub.quarantined_record x
                      where x.target = t.target and x.entity_id = t.entity_id and x.state = 'open' and x.stage = 'deliver'
                      order by x.id desc limit 1) q on true
"""


@dataclass
class Service:
    """A flow being served in one run. ``runs`` and ``streams`` by entity: the run and the stream of each create step.

    ``drain`` applies what the flow stored; it returns 0 when there was nothing.
    """

    database: Database
    flow: CompiledFlow
    digests: Sequence[bytes]
    run: str
    release: bytes
    runs: dict[str, str]
    streams: dict[str, int]
    drain: Callable[[], int]

    def serve(self) -> Counter[str]:
        """Until no instance can go further now. Returns how many steps were passed, by kind, and instances ended."""
        counts: Counter[str] = Counter()
        self.drain()
        while True:
            taken = self._batch(counts)
            moved = self.drain() if taken else 0
            if not taken and not moved:
                return counts

    def _batch(self, counts: Counter[str]) -> int:
        with self.database.transaction() as cursor:
            hold(cursor, [f"flow:{self.flow.name}"])
            cursor.execute(_CLAIM, (self.flow.name, list(self.digests), BATCH))
            found = [Instance(*row[:8]) for row in cursor]
            if not found:
                return 0
            _lead_home(cursor, found)
            world = self._look(cursor, found)
            for one in found:
                advance(self.flow, one, world)
            self._mint(cursor, found, world)
            self._store(cursor, found, world)
            self._save(cursor, found)
            self._once_more(cursor, [one for one in found if one.ended and one.state == "cancelled"], world)
            for one in found:
                counts.update(self.flow.spec.steps[index].kind for index in one.done)
                if one.ended:
                    counts[one.state] += 1
            reach("flow.before-commit")
        return len(found)

    def _look(self, cursor: Cursor, found: Sequence[Instance]) -> World:
        entities = {one.subject for one in found} | {UUID(key) for one in found for key in one.made.values()}
        records = {key: record.fields for key, record in golden.load(cursor, sorted(entities)).items()}
        wanted = [
            (self.flow.spec.steps[index].write, UUID(one.made[about]) if about in one.made else one.subject)
            for one in found
            for index, about in self.flow.about.items()
            if self.flow.spec.steps[index].write and (about in one.made or about == self.flow.spec.entity)
        ]
        cursor.execute(_DELIVERED, {"targets": [t for t, _ in wanted], "ids": [e for _, e in wanted]})
        delivered = {(row[0], row[1]): _delivered(row) for row in cursor}
        return World(records, delivered, *self._stored(cursor, found))

    def _stored(
        self, cursor: Cursor, found: Sequence[Instance]
    ) -> tuple[set[tuple[str, UUID]], dict[tuple[str, UUID], str]]:
        stored: set[tuple[str, UUID]] = set()
        blocked: dict[tuple[str, UUID], str] = {}
        keys = [str(one.id) for one in found]
        for entity, stream_id in self.streams.items():
            cursor.execute(
                """select r.source_key, q.id, q.code, q.reason from unnest(%s::text[]) k (key)
                     join lateral (select x.id, x.source_key from hub.source_record x
                                    where x.stream_id = %s and x.source_key = k.key offset 0) r on true
                     left join lateral (select x.id, x.code, x.reason from hub.quarantined_record x
                                         where x.record_id = r.id and x.state = 'open' order by x.id desc limit 1) q on true""",
                (keys, stream_id),
            )
            for key, number, code, reason in cursor:
                stored.add((entity, UUID(key)))
                if number is not None:
                    blocked[entity, UUID(key)] = f"quarantine entry {number}: {code}: {reason}"
        return stored, blocked

    def _mint(self, cursor: Cursor, found: Sequence[Instance], world: World) -> None:
        """Give numbers to those that stand at a mint step, in the order they began, and let them go on."""
        steps = {step.mint: step.format for step in self.flow.spec.steps if step.mint}
        while True:
            waiting = [one for one in found if one.wants]
            if not waiting:
                return
            now = datetime.now(UTC).astimezone(self.flow.spec.clock())
            for name in sorted({one.wants for one in waiting}):
                takers = [one for one in waiting if one.wants == name]
                texts = mint(cursor, name, steps[name], now, [one.id for one in takers])
                for one in takers:
                    one.minted[name] = texts[one.id]
            for one in waiting:
                before = one.done
                advance(self.flow, one, world)
                one.done = before + one.done

    def _store(self, cursor: Cursor, found: Sequence[Instance], world: World) -> None:
        """What the create steps make of their subjects as these are now; what did not change is not stored again."""
        records: dict[str, list[Record]] = {}
        for one in found:
            subject = world.golden.get(one.subject, {})
            for index in one.wanted(self.flow, world):
                entity = self.flow.spec.steps[index].create
                records.setdefault(entity, []).append(one.record(self.flow, index, subject))
        for entity, rows in sorted(records.items()):
            stored = ingest.store(self.database, cursor, self.streams[entity], self.runs[entity], rows)
            ingest.book_read(cursor, self.runs[entity], len(rows), len(rows) - stored)

    def _save(self, cursor: Cursor, found: Sequence[Instance]) -> None:
        # A new step starts its own clock; a step that goes on waiting keeps the time it has.
        cursor.executemany(
            """update hub.flow_instance set state = %(state)s, step = %(step)s, due = %(again)s, minted = %(minted)s,
                 note = %(note)s, ended_at = case when %(ended)s then clock_timestamp() end,
                 deadline = case when %(ended)s then null
                                 when %(moved)s or deadline is null then clock_timestamp() + %(within)s
                                 else deadline end
                where id = %(id)s""",
            [
                {
                    "state": one.state,
                    "step": one.step,
                    "again": one.again,
                    "minted": json.dumps(one.minted),
                    "note": one.note,
                    "ended": one.ended,
                    "moved": bool(one.done),
                    "within": None if one.ended else self.flow.spec.steps[one.step].within,
                    "id": one.id,
                }
                for one in found
            ],
        )
        cursor.executemany(
            """insert into hub.flow_step (instance, position, name, state, detail, ended_at)
               values (%s, %s, %s, %s, %s, case when %s then clock_timestamp() end)
               on conflict (instance, position) do update
                  set state = excluded.state, detail = excluded.detail, ended_at = excluded.ended_at""",
            [row for one in found for row in self._steps(one)],
        )

    def _steps(self, one: Instance) -> list[tuple[Any, ...]]:
        steps = self.flow.spec.steps
        rows: list[tuple[Any, ...]] = []
        for index in one.done:
            step = steps[index]
            detail = one.minted.get(step.mint, "") or one.made.get(step.create, "")
            rows.append((one.id, index, step.name, "done", detail, True))
        if not one.ended and one.step < len(steps):
            rows.append((one.id, one.step, steps[one.step].name, "waiting", one.note, False))
        if one.state == "cancelled":
            rows += [
                (one.id, index, step.name, "undone", one.made[step.create], True)
                for index, step in enumerate(steps)
                if step.create in one.made
            ]
        return rows

    def _once_more(self, cursor: Cursor, called_off: Sequence[Instance], world: World) -> None:
        """Called off and meanwhile wanted again: a new instance begins."""
        wanted = []
        for one in called_off:
            fields = {**world.golden.get(one.subject, {}), "id": str(one.subject)}
            becomes = self.flow.trigger.becomes
            if becomes is not None and becomes([fields])[0]:
                wanted.append(one.subject)
        triggers.begin(cursor, self.flow.trigger, wanted, self.release, self.run)


def _lead_home(cursor: Cursor, found: Sequence[Instance]) -> None:
    """What became part of another entity is looked at there. It is stored as it was, for when they part again."""
    ids = {one.subject for one in found} | {UUID(made) for one in found for made in one.made.values()}
    cursor.execute(
        "select id, redirect_to from hub.entity where id = any(%s) and redirect_to is not null", (list(ids),)
    )
    home = {row[0]: row[1] for row in cursor}
    for one in found:
        one.subject = home.get(one.subject, one.subject)
        one.made = {entity: str(home.get(UUID(made), made)) for entity, made in one.made.items()}


def _delivered(row: Sequence[Any]) -> Delivered:
    """What became of an entity at a target, from a row of ``_DELIVERED``."""
    target, _, known, queued, waits, number, refused, gone = row
    if number is not None:
        note = f"quarantine entry {number}: {refused}"
    elif queued is not None:
        note = f"{target} {queued}: {waits}" if waits else f"{target} {queued}"
    else:
        note = f"{target}: the target deleted its record" if gone else ""
    return Delivered(bool(known), number is None and queued is None, note)
