"""Golden changes that flows wait for: they start instances and wake those that are under way, in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from masterdata.golden.write import Golden
from masterdata.store import Cursor
from tongmai.core import ids

Condition = Callable[[Sequence[Mapping[str, Any]]], list[bool]]


@dataclass(frozen=True)
class Trigger:
    """What starts a flow: a record of ``entity`` that becomes so (``becomes`` None: that is created)."""

    flow: str
    entity: str
    becomes: Condition | None
    digest: bytes

    def fires(self, before: Golden, after: Golden) -> bool:
        """Whether this change starts the flow."""
        if self.becomes is None:
            return before.version == 0
        now = self.becomes([{**after.fields, "id": str(after.entity_id)}])[0]
        return now and not (before.version and self.becomes([{**before.fields, "id": str(before.entity_id)}])[0])


class Doer(Protocol):
    """On whose behalf flows are started."""

    @property
    def triggers(self) -> tuple[Trigger, ...]: ...
    @property
    def run(self) -> str: ...
    @property
    def release(self) -> bytes: ...


@dataclass
class Waking:
    """What a transaction means for flows, gathered until its end.

    Instances are the last that any transaction waits for, all of them at once and in one order: two that change what the
    same flows wait for never wait for each other.
    """

    entities: set[UUID] = field(default_factory=set)
    records: dict[str, tuple[str, UUID]] = field(default_factory=dict)
    rounds: list[tuple[str, Sequence[tuple[Golden, Golden]], Collection[UUID]]] = field(default_factory=list)

    def changed(self, entity: str, changes: Sequence[tuple[Golden, Golden]], heard: Collection[UUID]) -> None:
        """Golden records changed. ``heard``: those of which a source said something after its first whole listing."""
        self.entities.update(new.entity_id for _, new in changes)
        self.rounds.append((entity, changes, heard))

    def made(self, entity: str, records: Mapping[str, UUID]) -> None:
        """Records that flows stored have become ``entity``: their instances (by id) know it and look again."""
        self.records.update({instance: (entity, one) for instance, one in records.items()})

    def join(self, other: Waking, entities: Iterable[UUID]) -> None:
        """Also what another gathered, and these entities."""
        self.entities |= other.entities | set(entities)
        self.records |= other.records
        self.rounds += other.rounds

    def settle(self, cursor: Cursor, doer: Doer) -> None:
        """Start and wake flows.

        Waking comes first: it waits for a flow that is just looking, so that what starts one sees whether that one ended.
        """
        woken = _locked(cursor, self.entities, list(self.records))
        _made(cursor, self.records)
        cursor.execute(
            "update hub.flow_instance set due = true where id = any(%s) and not due and ended_at is null", (woken,)
        )
        for entity, changes, heard in self.rounds:
            for trigger in doer.triggers:
                if trigger.entity == entity:
                    hit = [new.entity_id for old, new in changes if new.entity_id in heard and trigger.fires(old, new)]
                    begin(cursor, trigger, hit, doer.release, doer.run)


def begin(cursor: Cursor, trigger: Trigger, subjects: Sequence[UUID], release: bytes, run: str) -> int:
    """Start an instance for each subject that has none under way; returns how many were started.

    One under way for what is part of the subject now is one for it.
    """
    if not subjects:
        return 0
    cursor.execute(
        """select e.redirect_to from hub.entity e
             join hub.flow_instance i on i.subject = e.id and i.flow = %s and i.ended_at is null
            where e.redirect_to = any(%s)""",
        (trigger.flow, list(subjects)),
    )
    under_way = {row[0] for row in cursor}
    subjects = [one for one in subjects if one not in under_way]
    cursor.execute(
        "select subject, max(occurrence) from hub.flow_instance where flow = %s and subject = any(%s) group by 1",
        (trigger.flow, list(subjects)),
    )
    past = {row[0]: int(row[1]) for row in cursor}
    numbers = [past.get(subject, 0) + 1 for subject in subjects]
    keys = [ids.instance_id(trigger.flow, subject, number) for subject, number in zip(subjects, numbers, strict=True)]
    cursor.execute(
        """with started as (
             insert into hub.flow_instance (id, flow, entity, subject, occurrence, release, digest, run_id)
             select k.id, %s, %s, k.subject, k.occurrence, %s, %s, %s
               from unnest(%s::uuid[], %s::uuid[], %s::integer[]) k (id, subject, occurrence)
             on conflict do nothing returning id, subject),
           linked as (insert into hub.flow_link (entity_id, instance) select subject, id from started)
           select count(*) from started""",
        (trigger.flow, trigger.entity, release, trigger.digest, run, keys, list(subjects), numbers),
    )
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def wake(cursor: Cursor, entities: Collection[UUID]) -> None:
    """Let the instances that are about these entities look again; the last that a transaction does."""
    waking = _locked(cursor, entities, ())
    cursor.execute("update hub.flow_instance set due = true where id = any(%s) and not due", (waking,))


def _locked(cursor: Cursor, entities: Collection[UUID], instances: Collection[str]) -> list[UUID]:
    """Lock these instances and those under way that are about the entities, or about what is part of them now; all of them.

    One that is due already is locked too: its flow may have looked before this change and be about to note "not due".
    """
    if not entities and not instances:
        return []
    cursor.execute(
        """select i.id from hub.flow_instance i
            where i.id = any(%(instances)s::uuid[]) or i.ended_at is null and i.id in (
              select l.instance from hub.flow_link l where l.entity_id = any(%(ids)s)
              union all select l.instance from hub.entity e join hub.flow_link l on l.entity_id = e.id
                         where e.redirect_to = any(%(ids)s))
            order by i.id for update""",
        {"ids": list(entities), "instances": list(instances)},
    )
    return [row[0] for row in cursor]


def _made(cursor: Cursor, records: Mapping[str, tuple[str, UUID]]) -> None:
    if not records:
        return
    cursor.execute(
        """with k as (select * from unnest(%s::uuid[], %s::text[], %s::uuid[]) k (instance, entity, entity_id)),
                linked as (
             insert into hub.flow_link (entity_id, instance) select entity_id, instance from k order by 2, 1 on conflict do nothing)
           update hub.flow_instance i set due = i.ended_at is null, made = i.made || jsonb_build_object(k.entity, k.entity_id)
             from k where k.instance = i.id""",
        (list(records), [entity for entity, _ in records.values()], [one for _, one in records.values()]),
    )
