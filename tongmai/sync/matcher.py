"""How records of one entity are recognised in the hub: its rules with learnt weights, and what was read of its records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import orjson

from masterdata.identity.book import Remembered, Stored
from masterdata.matching.scorer import Scorer
from masterdata.model import Schema
from masterdata.normal import VERSION
from masterdata.store import Cursor, Database
from tongmai.batch.run import scorer_of
from tongmai.batch.snapshot import current, with_snapshot
from tongmai.sync.referrers import Referrer, looped, referrers

_MEMORY: dict[tuple[str, str], Remembered] = {}


@dataclass(frozen=True)
class Matcher:
    """``version`` changes when the same records could be other entities: every record is then compared again."""

    entity: str
    scorer: Scorer
    version: str
    referrers: tuple[Referrer, ...] = ()
    code: str = ""
    looped: bool = False

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """What is compared: these fields of a record, in order."""
        rules = self.scorer.rules
        return tuple(
            sorted(
                {
                    name
                    for each in self.scorer.comparisons
                    for names in rules.compare[each.name].parts(each.kind.parts[0]).values()
                    for name in names
                }
            )
        )

    @cached_property
    def codes(self) -> frozenset[str]:
        """The comparisons that read the entity's declared legal code."""
        rules, every = self.scorer.rules, self.scorer.comparisons
        fields = {one.name: rules.compare[one.name].parts(one.kind.parts[0]).values() for one in every}
        return frozenset(
            name for name, parts in fields.items() if self.code and any(self.code in each for each in parts)
        )

    def mark(self, fields: Mapping[str, Any]) -> bytes:
        """8 bytes over the version and the compared values."""
        text = orjson.dumps([fields.get(name) for name in self.fields], default=str)
        return blake2b(text, digest_size=8, salt=self.version[:16].encode()).digest()

    def book(self, database: Database, cursor: Cursor, marks: Mapping[int, bytes]) -> Stored:
        """What is remembered of the entity's records, for one transaction."""
        memory = _MEMORY.setdefault((self.entity, self.version), Remembered())
        return Stored(database, cursor, self.entity, self.scorer, memory, marks)


def matcher_of(database: Database, schema: Schema, entity: str) -> Matcher | None:
    """The matcher of an entity, with the hub's current snapshot; None where nothing says how its records are compared."""
    if entity not in schema.matching:
        return None
    with database.transaction() as cursor:
        return matcher_in(cursor, schema, entity)


def matcher_in(cursor: Cursor, schema: Schema, entity: str) -> Matcher | None:
    """``matcher_of`` within a transaction."""
    if entity not in schema.matching:
        return None
    taken = current(cursor, entity)
    scorer = scorer_of(schema, entity)
    if taken is not None:
        scorer = with_snapshot(scorer, taken)
    file = schema.weights.get(entity)
    said = (
        scorer.rules.model_dump_json(),
        file.read_text(encoding="utf-8") if file else "",
        taken.version if taken else "",
        str(VERSION),
    )
    version = blake2b("\x1f".join(said).encode(), digest_size=8).hexdigest()
    return Matcher(
        entity,
        scorer,
        version,
        referrers(schema, entity),
        schema.entities[entity].matching.legal_code or "",
        looped(schema, entity),
    )
