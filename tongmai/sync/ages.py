"""A reference that became another id because records went over to another entity: its source said nothing new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from masterdata.model import Entity
from masterdata.store import Cursor

Fields = Mapping[str, Any]


def unmoved(cursor: Cursor, entity: Entity, rows: Iterable[tuple[int, Fields, Fields]]) -> dict[int, frozenset[str]]:
    """Fields that say the same as before by another id, by record. ``rows``: (record, what it said, what it says)."""
    found = {(record, name): pairs for record, old, new in rows for name, pairs in _differences(entity, old, new)}
    asked = sorted({pair for pairs in found.values() for pair in pairs})
    if not asked:
        return {}
    cursor.execute(
        """select p.old, p.new from unnest(%s::text[], %s::text[]) p (old, new)
            where exists (select 1 from hub.source_record r join hub.match_event e on e.record_id = r.id
                           where r.entity_id = p.new::uuid and e.came_from = p.old::uuid)""",
        ([old for old, _ in asked], [new for _, new in asked]),
    )
    moved = {(row[0], row[1]) for row in cursor}
    same: dict[int, set[str]] = {}
    for (record, name), pairs in found.items():
        if pairs <= moved:
            same.setdefault(record, set()).add(name)
    return {record: frozenset(names) for record, names in same.items()}


def _differences(entity: Entity, old: Fields, new: Fields) -> Iterator[tuple[str, set[tuple[str, str]]]]:
    """Fields that differ in nothing but ids of entities, and which ids stand for which now."""
    for name, spec in entity.fields.items():
        before, after = old.get(name), new.get(name)
        if before == after or not before or not after:
            continue
        if spec.type.name == "ref":
            pairs = _paired(before if spec.type.many else [before], after if spec.type.many else [after])
        else:
            pairs = _in_lines(frozenset(n for n, s in spec.fields.items() if s.type.name == "ref"), before, after)
        if pairs:
            yield name, pairs


def _paired(before: list[str], after: list[str]) -> set[tuple[str, str]]:
    if len(before) != len(after):
        return set()
    return {pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]}


def _in_lines(refs: frozenset[str], before: Any, after: Any) -> set[tuple[str, str]]:
    pairs: set[tuple[str, str]] = set()
    if not refs or len(before) != len(after):
        return pairs
    for one, other in zip(before, after, strict=True):
        for name in one.keys() | other.keys():
            mine, theirs = one.get(name), other.get(name)
            if mine == theirs:
                continue
            if name not in refs or not mine or not theirs:
                return set()
            pairs.add((mine, theirs))
    return pairs
