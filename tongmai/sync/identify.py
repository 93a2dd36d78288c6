"""Which entity a record is of: by the crosswalk, by what we created, by matching, else a new one."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from mappings.language.types import Issue
from masterdata.golden import write as golden
from masterdata.identity.members import Moves
from masterdata.matching import Decision, MatchKey, decide, match_keys
from masterdata.store import Cursor
from tongmai.core import ids
from tongmai.sync.following import follow
from tongmai.sync.lane import Lane, Subject
from tongmai.sync.matched import match
from tongmai.sync.outcome import own_key
from tongmai.sync.referrers import look_again

BIT = 1000


def identify(lane: Lane, cursor: Cursor, subjects: Sequence[Subject]) -> Moves:
    """Fill ``entity_id`` of every good record. Returns which records went over to another entity.

    An entity with matching rules: its records are compared with all others, and earlier ones may go over to another entity.
    Else crosswalk first, then the entity's declared keys. A record that could be of several gets a finding.
    """
    good = [one for one in subjects if not one.outcome and one.op != "delete"]
    redirects = _redirects(cursor, [one.entity_id for one in subjects if one.entity_id])
    for one in subjects:
        if one.entity_id is not None:
            one.entity_id = redirects.get(one.entity_id, one.entity_id)
    created = _created(lane, cursor, good)
    if lane.matcher is None:
        _by_keys(lane, cursor, good, {own: entity_id for own, (entity_id, _) in created.items()})
        return Moves()
    _follow(cursor, good, created)
    found = match(lane, lane.matcher, cursor, good)
    for one in good:
        twins = found.twins.get(one.record_id)
        if twins:
            others = ", ".join(f"{twin} ({weight / BIT:.1f} bits)" for twin, weight in twins)
            message = f"this may be one with {others}; see `tongmai review`"
            one.findings.append(Issue("", "possible-duplicate", message, "", str(twins[0][0])))
    if found.moves.over:
        # Also what is not compared here and hangs on what moved: a copy that we wrote, a record that is deleted or left out.
        for one in subjects:
            one.entity_id = found.moves.over.get(one.record_id, ("", one.entity_id))[1]
        named = follow(lane.database, cursor, lane.run, found.moves)
        look_again(cursor, lane.entity.entity, lane.matcher.referrers, named)
    return found.moves


def _follow(cursor: Cursor, good: Sequence[Subject], created: dict[str, tuple[UUID, UUID]]) -> None:
    """Records that we wrote and see for the first time: they follow the record that their entity began with."""
    fresh = []
    for one in good:
        if one.entity_id is None and one.own in created:
            one.entity_id, one.anchor = created.pop(one.own)
            fresh.append(one)
    if not fresh:
        return
    cursor.executemany(
        "update hub.source_record set anchor = %s, entity_id = %s where id = %s",
        [(one.anchor, one.entity_id, one.record_id) for one in fresh],
    )


def _by_keys(lane: Lane, cursor: Cursor, good: Sequence[Subject], created: dict[str, UUID]) -> None:
    keys = {one.record_id: match_keys(lane.entity, one.fields) for one in good}
    index = golden.load_index(cursor, lane.entity.entity, [key for found in keys.values() for key in found])
    for one in good:
        own = keys[one.record_id]
        if one.entity_id is None and one.own in created:
            one.entity_id = created.pop(one.own)
        elif one.entity_id is None:
            decision = decide(own, index)
            one.entity_id = decision.entity or ids.entity_id(lane.entity.entity, lane.connection, lane.stream, one.key)
            if decision.rivals:
                one.findings.append(_rivals(decision))
        index.add(one.entity_id, own)


def _rivals(decision: Decision) -> Issue:
    others = ", ".join(str(rival) for rival in decision.rivals)
    by = decision.by or MatchKey("", "")
    message = f"joined by {by.kind} to {decision.entity}; these fit too: {others}"
    return Issue("", "possible-duplicate", message, "", by.value)


def _created(lane: Lane, cursor: Cursor, good: Sequence[Subject]) -> dict[str, tuple[UUID, UUID]]:
    """Records that we created and have not booked yet, by our own key: (entity, what it was when we created it).

    A copy somebody made of one is not it.
    """
    wanted = [one.own for one in good if one.own and one.entity_id is None]
    if not wanted:
        return {}
    cursor.execute(
        """select m.value, coalesce(e.redirect_to, m.entity_id), m.entity_id
             from hub.match_key m left join hub.entity e on e.id = m.entity_id
            where m.entity = %s and m.kind = %s and m.value = any(%s)
              and not exists (select 1 from hub.source_record r where r.stream_id = %s
                                 and (r.anchor = m.entity_id or (r.anchor is null and r.entity_id = m.entity_id)))""",
        (lane.entity.entity, own_key(lane.stream_id, "").kind, wanted, lane.stream_id),
    )
    return {row[0]: (row[1], row[2]) for row in cursor}


def _redirects(cursor: Cursor, known: Sequence[UUID]) -> dict[UUID, UUID]:
    if not known:
        return {}
    cursor.execute(
        "select id, redirect_to from hub.entity where id = any(%s) and redirect_to is not null", (list(known),)
    )
    return {row[0]: row[1] for row in cursor}
