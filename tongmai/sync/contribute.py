"""What a record says from now on, and how much of it is our own write coming back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from masterdata.survivorship import Contribution
from masterdata.survivorship.before import BEFORE
from tongmai.sync import targets
from tongmai.sync.echo import mapped_anew, observe
from tongmai.sync.lane import Lane, Subject


def contribute(
    lane: Lane,
    one: Subject,
    before: Contribution | None,
    states: targets.States,
    unmoved: frozenset[str] = frozenset(),
    provenance: Mapping[str, Any] | None = None,
) -> tuple[Contribution, bool]:
    """The record's contribution as it now is, and whether all that changed in it is our own write coming back.

    ``unmoved``: fields that say what they said, by another id. They keep their age. ``provenance``: of
    the golden record as it stands, from which we write.
    """
    stamp = one.stamp()
    if one.op == "delete":
        fields: dict[str, Any] = dict(before.fields) if before else {}
        changed = {**(before.changed if before else {}), "": stamp}
        # A record that we made and never read is no evidence of its own.
        echo: frozenset[str] = before.echo if before else frozenset(lane.entity.fields)
        return (
            Contribution(
                one.record_id,
                lane.connection,
                lane.role,
                lane.stream,
                one.key,
                fields,
                changed,
                echo,
                deleted=True,
                own=before.own if before else {},
            ),
            False,
        )
    old = before.fields if before and (one.left_out or not before.deleted) else {}
    changed = {
        name: (
            before.changed.get(name, stamp)
            if before and name in old and (old[name] == value or name in unmoved)
            else stamp
        )
        for name, value in one.fields.items()
    }
    echoes: set[str] = set(before.echo) if before and one.again else set()
    for target, at, state, in_flight in targets.paired(states, one.entity_id, one.key):
        if before and one.again and (state.known or state.written):
            mapped_anew(state, old, one.fields, before.echo)
        else:
            echoes |= observe(state, one.fields, target.reads, in_flight)
            if "status" in one.fields:
                state.active = one.fields["status"] != "inactive"
        targets.touch(states, target.name, at)
    # A value that stays what it was keeps its standing: an echo stays an echo, a vote stays a vote.
    for name, value in one.fields.items():
        if before and name in old and old[name] == value and name not in before.echo:
            echoes.discard(name)
    edited = [n for n, v in one.fields.items() if n not in echoes and (n not in old or old[n] != v)]
    gone = [n for n in old if n not in one.fields]
    echo_only = bool(echoes) and not edited and not gone
    own = _own(before, echoes, provenance or {})
    contribution = Contribution(
        one.record_id, lane.connection, lane.role, lane.stream, one.key, one.fields, changed, frozenset(echoes), own=own
    )
    return contribution, echo_only


def _own(before: Contribution | None, echoes: Collection[str], provenance: Mapping[str, Any]) -> dict[str, Any]:
    """What the record said itself of the fields that are an echo now, and whose value was written over it."""
    if before is None:
        return {}
    found: dict[str, Any] = {}
    for name in echoes:
        told = provenance.get(name, {})
        of = {word: told[word] for word in ("connection", "stream", "key") if word in told}
        # Chosen from what it said itself: it has parted already from whom we wrote it for.
        ours = of.get("key") == before.key and of.get("stream", "").removeprefix(BEFORE) == before.stream
        if name in before.own:
            found[name] = before.own[name] if ours or not of else {**before.own[name], "of": of}
        elif before.votes(name):
            at = before.changed.get(name, "")
            found[name] = {"value": before.fields[name], "at": at, "of": {} if ours else of}
    return found
