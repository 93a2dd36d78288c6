"""References of a batch: found in the batch itself or through the crosswalk, or left to wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from mappings.language.types import Issue, Reference
from masterdata.matching import match_keys
from masterdata.store import Cursor
from tongmai.sync import references
from tongmai.sync.lane import Lane, Subject


def resolve(
    lane: Lane, cursor: Cursor, good: Sequence[Subject], of: Callable[[Reference], bool] = lambda reference: True
) -> None:
    """Fill reference fields: from this batch first (same stream), then through the crosswalk; the rest waits.

    ``of``: which references are looked at now.
    """
    wanted = [ref for one in good for ref in one.waits.values() if of(ref)]
    if not wanted:
        return
    here = _here(lane, good, wanted)
    found = references.resolve(cursor, lane.connection, wanted, internal=lane.internal)
    for one in good:
        for name, ref in list(one.waits.items()):
            if not of(ref):
                continue
            hits = found.get(ref, set())
            if ref.entity == lane.entity.entity and (ref.by or not hits):
                hits = hits | here.get((ref.stream, references.match_key(ref) if ref.by else ref.key), set())
            if len(hits) == 1:
                references.put(one.fields, name, str(next(iter(hits))))
                del one.waits[name]
                continue
            issue = _unmet(lane, name, ref, hits)
            references.put(one.fields, name, None)
            if ref.optional:
                one.findings.append(issue)
            else:
                one.errors.append(issue)
                one.outcome = "quarantined"


def _here(lane: Lane, good: Sequence[Subject], wanted: Sequence[Reference]) -> dict[tuple[str, Any], set[UUID]]:
    """What of this batch can be referred to: (stream, source key), or ("", match key) where a reference goes by a field."""
    here: dict[tuple[str, Any], set[UUID]] = {}
    by_field = any(ref.by and ref.entity == lane.entity.entity for ref in wanted)
    for one in good:
        if one.entity_id is None:
            continue
        keys: list[Any] = match_keys(lane.entity, one.fields) if by_field and one.op != "delete" else []
        for key in [("", one.key), (lane.stream, one.key), *(("", key) for key in keys)]:
            here.setdefault(key, set()).add(one.entity_id)
    return here


def _unmet(lane: Lane, name: str, ref: Reference, hits: set[UUID]) -> Issue:
    """Why a reference points nowhere: what it names has not arrived, or is not one."""
    if hits:
        several = ", ".join(map(str, sorted(hits)[:5]))
        message = f"{len(hits)} entities are a {ref.entity} with {ref.by} `{ref.key}`: {several}"
        return Issue(name, "ambiguous-reference", message, "", ref.key)
    where = (
        f"with {ref.by} `{ref.key}` has arrived"
        if ref.by
        else f"with key `{ref.key}` has arrived from {lane.connection}"
    )
    return Issue(name, "unresolved-reference", f"no {ref.entity} {where}", "", ref.key)
