"""What a batch of records goes through, and one record on its way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from connectors.sdk import Connector
from mappings.language.criteria import Watched
from mappings.language.types import CompiledMapping, Issue, Reference
from masterdata.golden.rollup import Rollup
from masterdata.model import Entity
from masterdata.store import Database
from tongmai.sync.drift import Drift
from tongmai.sync.matcher import Matcher
from tongmai.sync.referrers import moves
from tongmai.sync.triggers import Trigger

HUB = "hub"


@dataclass
class Subject:
    """One record on its way through a batch."""

    record_id: int
    inbox_id: int
    key: str
    entity_id: UUID | None
    op: str
    version: str
    raw: bytes
    problem: str
    received_at: datetime
    again: bool  # this very version was applied before: its source said nothing new
    overlay: dict[str, Any] | None
    stored: bool = False  # it is mapped from what is stored: not because it was just read
    left_out: bool = False  # the mapping left it out until now, after it had let it in
    anchor: UUID | None = None  # we wrote it: it follows the record of this birth, and is not compared
    own: str = ""  # our own key, if the record holds one
    fields: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, Reference] = field(default_factory=dict)
    errors: list[Issue] = field(default_factory=list)
    findings: list[Issue] = field(default_factory=list)
    outcome: str = ""
    left: bool = False  # the mapping leaves it out now, and had let it in

    def stamp(self) -> str:
        """When the source changed this record, as far as it says; else when we read it. ISO text, UTC."""
        if self.version.isdigit() and len(self.version) == 13:
            return datetime.fromtimestamp(int(self.version) / 1000, UTC).isoformat(timespec="milliseconds")
        try:
            when = datetime.fromisoformat(self.version)
            when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):  # no time, or one at the very edge, as 0001-01-01 where it means "never"
            when = self.received_at.astimezone(UTC)
        return when.isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Lane:
    """What one stream's records go through: its mapping, its entity, the connection's role.

    ``digests``: in a stream of the hub's own, of which version of the flow the instances are whose records it takes.
    """

    database: Database
    connector: Connector
    connection: str
    role: str
    stream: str
    stream_id: int
    entity: Entity
    mapping: CompiledMapping
    deletes: str
    run: str
    release: bytes
    our_key: str = ""
    triggers: tuple[Trigger, ...] = ()
    sums: tuple[Rollup, ...] = ()
    digests: tuple[bytes, ...] = ()
    drift: Drift | None = None
    left_out: str = "deactivate"
    watched: tuple[Watched, ...] = ()
    matcher: Matcher | None = None

    @property
    def digest(self) -> bytes:
        """Changes when the stored raw records could give other golden records: the mapping, or what the entity declares."""
        entity = self.entity
        rules = {
            "fields": {name: [spec.owner, spec.survive, spec.sum, spec.by] for name, spec in entity.fields.items()},
            "survivorship": entity.survivorship.model_dump(),
            "matching": entity.matching.model_dump(),
            "left_out": self.left_out,
            **({"matcher": self.matcher.version} if self.matcher else {}),
            **({"registration": entity.registration.model_dump()} if entity.registration else {}),
        }
        return blake2b(self.mapping.digest + json.dumps(rules, sort_keys=True).encode(), digest_size=16).digest()

    def locks(self) -> tuple[list[str], list[str]]:
        """What a batch holds: its entity; and so that no reference misses its record, the arrivals of its own kind from
        this connection, beside those that wait for them. References by a field wait for arrivals from any connection."""
        arrivals = "arrivals:{}:{}".format
        mine = [arrivals(self.connection, self.entity.entity)]
        if self.entity.matching.exact:
            mine.append(arrivals("", self.entity.entity))
        refers = [arrivals(self.connection, one) for one in self.entity.refers()]
        refers += [moves(one) for one in self.entity.refers() if one != self.entity.entity]
        refers += [arrivals("", entity) for entity, _ in self.mapping.by_fields]
        mine += [f"entity:{one.parent.entity}" for one in self.sums if one.child is self.entity]
        if self.matcher and self.matcher.looped:
            mine.append(moves(self.entity.entity))
        if self.internal:
            mine.append(f"flow:{self.stream.partition('/')[0]}")
        return [f"entity:{self.entity.entity}", *mine], refers

    @property
    def internal(self) -> bool:
        """Whether the records come from our own flows."""
        return self.connection == HUB
