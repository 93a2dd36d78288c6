"""One question laid out for a steward: the records in question side by side, and why any two of them may be one, or not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product
from typing import Any
from uuid import UUID

from masterdata.matching.scorer import Scorer
from masterdata.model import Entity
from tongmai.api import duplicates, record
from tongmai.api.labels import add_labels
from tongmai.api.session import Session
from tongmai.batch import stored_why
from tongmai.batch.records import fields_of

_Compared = list[tuple[stored_why.Stored, tuple[Any, ...]]]


def laid_out(call: Session, model: Entity, score: Scorer, ids: Sequence[UUID]) -> dict[str, Any]:
    """``pairs``: of each two the strongest pair of their records, by what the token may see; ``unseen``: the compared fields
    that it may not, so that the hub's own weight may be another one."""
    seen = call.scope.visible(model)
    known = record.load(call.cursor, model, call.scope, ids, (record.REASONS, record.SOURCES))
    records = [known[one] for one in ids if one in known]
    add_labels(call, records)
    members: dict[UUID, _Compared] = {
        one: [
            (each, score.features({name: value for name, value in each.fields.items() if name in seen}))
            for each in stored_why.members(call.cursor, one)
            if each.seat is not None
        ]
        for one in ids
    }
    pairs = [_pair(score, members[a], members[b], (a, b)) for a, b in combinations(ids, 2) if members[a] and members[b]]
    return {"records": records, "pairs": pairs, "unseen": sorted(set(fields_of(score.rules)) - seen)}


def _pair(score: Scorer, ones: _Compared, others: _Compared, ids: tuple[UUID, UUID]) -> dict[str, Any]:
    scored = [(score.score(left, right), a, b) for (a, left), (b, right) in product(ones, others)]
    best, a, b = max(scored, key=lambda each: (not each[0].vetoes, each[0].weight, -each[1].id, -each[2].id))
    sources = [{"connection": each.connection, "stream": each.stream, "key": each.key} for each in (a, b)]
    return {"a": ids[0], "b": ids[1], "sources": sources, **duplicates.told(score, best)}
