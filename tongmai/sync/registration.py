"""A registration that arrives while another one holds the same: a finding, and a reference to who holds it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from mappings.language.types import Issue
from masterdata.golden.registered import Held, colliding, held, said, standing
from masterdata.store import Cursor
from tongmai.core import clock
from tongmai.sync.lane import Lane, Subject


def check_registrations(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> None:
    """Of two that hold the same, the one registered later collides; of one day, the one that arrived later. What a source
    says itself about a collision stays.

    Who had arrived before is mapped again where it is no longer as it was: one that was registered earlier came later, or who
    held it holds it no more.
    """
    if lane.entity.registration is None:
        return
    day = clock.now().date()
    fresh: dict[UUID, tuple[Subject, Held]] = {}
    for one in good:
        own = said(lane.entity, one.entity_id, one.fields) if one.entity_id and one.op == "upsert" else None
        if own is not None and own.until >= day and not one.left_out:
            fresh[own.id] = one, own
    told = {one.entity_id for one in good if one.entity_id}  # what their golden records say is from before
    holding, passed = _compare(lane, cursor, fresh, told, day)
    changed = _changed(lane, cursor, good)
    later = {one for holder in changed for one in passed.get(holder, ())}
    freed = {
        one.id
        for one in colliding(cursor, lane.entity, changed)
        if one.id not in told and not _still(one, holding.get(one.collides) if one.collides else None)
    }
    if again := later | freed:
        cursor.execute(
            """insert into hub.work (record_id, stream_id, inbox_id, reason)
               select id, stream_id, inbox_id, 'reference' from hub.source_record
                where entity_id = any(%s) and inbox_id is not null order by id on conflict (record_id) do nothing""",
            (sorted(again),),
        )


def _compare(
    lane: Lane, cursor: Cursor, fresh: dict[UUID, tuple[Subject, Held]], told: Collection[UUID], day: date
) -> tuple[dict[UUID, Held], dict[UUID, set[UUID]]]:
    """(those of ``fresh`` that hold what they say, the records from before that each of these goes before)."""
    rules = lane.entity.registration
    holding: dict[UUID, Held] = {}
    passed: dict[UUID, set[UUID]] = {}
    if rules is None or not fresh:
        return holding, passed
    before = held(cursor, lane.entity, {own.of for _, own in fresh.values()}, day)
    known = before = [each for each in before if each.id not in told]
    for one, own in sorted(fresh.values(), key=lambda pair: (pair[1].since, pair[0].inbox_id)):
        alike = [each for each in known if each.of == own.of and each.meets(own.same)]
        first = next((each for each in alike if each.since <= own.since), None)
        if first is None:
            known = standing([*known, own], day)
            if own.collides is None:
                holding[own.id] = own
                passed[own.id] = {each.id for each in before if each in alike}
            continue
        if one.fields.get(rules.collides) is None:
            one.fields[rules.collides] = str(first.id)
        fields = ", ".join(first.meets(own.same))
        message = (
            f"the same {fields} of this {rules.of} is held since {first.since} until {first.until}"
            f" by {lane.entity.entity} {first.id}"
        )
        one.findings.append(Issue(rules.collides, "registration-collision", message, "", str(first.id)))
    return holding, passed


def _still(one: Held, holder: Held | None) -> bool:
    """Whether a record collides with its holder as before."""
    return holder is not None and holder.of == one.of and holder.since <= one.since and bool(one.meets(holder.same))


def _changed(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> set[UUID]:
    """Those whose own record announces something else than it did. Only these make others be looked at again: two that name each
    other would never come to rest."""
    cursor.execute(
        "select record_id, fields from hub.contribution where record_id = any(%s) and not deleted",
        ([one.record_id for one in good],),
    )
    before = {row[0]: row[1] for row in cursor}
    found = set()
    for one in good:
        if one.entity_id is not None:
            had = said(lane.entity, one.entity_id, before.get(one.record_id, {}))
            now = said(lane.entity, one.entity_id, one.fields) if one.op == "upsert" else None
            if had != now:
                found.add(one.entity_id)
    return found
