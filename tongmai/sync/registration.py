"""A registration that arrives while another one holds the same: a finding, and a reference to who holds it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from mappings.language.types import Issue
from masterdata.golden.registered import Held, held, said, standing
from masterdata.store import Cursor
from tongmai.core import clock
from tongmai.sync.lane import Lane, Subject


def check_registrations(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> None:
    """Of two that hold the same, the one registered later collides; of one day, the one that arrived later. What a source
    says itself about a collision stays."""
    rules = lane.entity.registration
    if rules is None:
        return
    day = clock.now().date()
    fresh: dict[UUID, tuple[Subject, Held]] = {}
    for one in good:
        own = said(lane.entity, one.entity_id, one.fields) if one.entity_id and one.op == "upsert" else None
        if own is not None and own.until >= day and not one.left_out:
            fresh[own.id] = one, own
    if not fresh:
        return
    gone = {one.entity_id for one in good}  # what their golden records say is from before
    known = [
        each for each in held(cursor, lane.entity, {own.of for _, own in fresh.values()}, day) if each.id not in gone
    ]
    order = sorted(fresh.values(), key=lambda pair: (pair[1].since, pair[0].inbox_id))
    for one, own in order:
        first = next(
            (
                each
                for each in known
                if each.id != own.id and each.of == own.of and each.since <= own.since and each.meets(own.same)
            ),
            None,
        )
        if first is None:
            known = standing([*known, own], day)
            continue
        if one.fields.get(rules.collides) is None:
            one.fields[rules.collides] = str(first.id)
        fields = ", ".join(first.meets(own.same))
        message = (
            f"the same {fields} of this {rules.of} is held since {first.since} until {first.until}"
            f" by {lane.entity.entity} {first.id}"
        )
        one.findings.append(Issue(rules.collides, "registration-collision", message, "", str(first.id)))
