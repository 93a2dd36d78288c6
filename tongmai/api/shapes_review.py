"""The shapes of review: questions, verdicts, second records."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from tongmai.api.shapes import Given, Reason, Record


class Why(Given):
    """``why`` is kept with the act; with ``dry_run`` nothing is."""

    why: str = Field("", max_length=2000)
    dry_run: bool = False


class Said(Why):
    """Entities, by their ids or by source keys, as connection/stream/key."""

    keys: list[str] = Field(min_length=1, max_length=100)


class TakenOut(Why):
    """Records (connection/stream/key) that are taken out of the entity of ``key``."""

    key: str
    records: list[str] = Field(min_length=1, max_length=400)


class Move(BaseModel):
    """A record that went over to another entity."""

    record: int
    source: UUID = Field(alias="from")
    to: UUID


class Before(BaseModel):
    """A golden record, and of each changed field its value before and after."""

    id: UUID
    entity: str
    fields: dict[str, list[Any]]


class Queued(BaseModel):
    target: str
    entity: str
    entity_id: UUID
    key: str | None


class Second(BaseModel):
    target: str
    key: str
    entity_id: UUID
    written_to: str


class Done(BaseModel):
    """What an act did, or would do. Of several in one request only the last tells of golden records and targets."""

    act: int
    moved: list[Move]
    ended: list[UUID]
    revived: list[UUID]
    entities: list[UUID]
    deliveries: int
    golden: list[Before] = Field(description="Of what the token may see.")
    outbox: list[Queued]
    second_records: list[Second] | None = None
    later: dict[str, Any] | None = Field(None, description="Records that refer to it and follow with their next sync.")
    dry_run: bool


class Doubt(BaseModel):
    """Two entities by the strongest pair of their records: ``bits`` is ``prior`` and the bits of all reasons."""

    a: UUID
    b: UUID
    sources: list[dict[str, str]] = Field(description="The record of ``a``, then of ``b``.")
    bits: float
    prior: float
    decision: str
    reasons: list[Reason]
    vetoes: list[str]


class LaidOut(BaseModel):
    records: list[Record]
    pairs: list[Doubt]
    unseen: list[str] = Field(description="Compared fields that the token may not see: they are not in the bits here.")


class OneVerdict(Given):
    verdict: Literal["merge", "apart"]
    keys: list[str] = Field(min_length=2, max_length=100)
    why: str = Field("", max_length=2000, description="Stands above that of all.")


class Verdicts(Why):
    verdicts: list[OneVerdict] = Field(min_length=1, max_length=500)


class DoneAll(BaseModel):
    """The last of ``acts`` tells what all together did to golden records and targets."""

    acts: list[Done]
    dry_run: bool


class Act(BaseModel):
    id: int
    entity: str
    kind: str = Field(description="merge, unmerge, apart or kept.")
    who: str
    why: str
    at: datetime
    undone_at: datetime | None
    undone_by: str
    undone_why: str
    run: str
    in_force: int = Field(description="How many pairs of records it still speaks of.")


class Acts(BaseModel):
    acts: list[Act]
    next: int | None = Field(description="Give it as `before` for older ones; null: there are none.")


CorrectionState = Literal["open", "off already", "queued", "approved", "by hand", "done", "rejected", "void"]


class Correction(BaseModel):
    """A record ``key`` that a target holds of an entity beside ``written_to``."""

    target: str
    connection: str
    stream: str
    key: str
    entity_id: UUID
    written_to: str
    verdict: Literal["approved", "rejected"] | None
    who: str | None
    why: str | None
    at: datetime | None
    state: CorrectionState


class Corrections(BaseModel):
    corrections: list[Correction]


class Decision(Why):
    """``target``: the sync that writes there, where several hold the key."""

    key: str
    target: str = ""
    verdict: Literal["approved", "rejected"]


class Member(BaseModel):
    """An entity in question. ``open``: unfinished records that refer to it, by entity; ``waiting``: deliveries that wait."""

    id: UUID
    name: str | None = None
    records: int | None = None
    created_at: datetime | None = None
    waiting: int = 0
    open: dict[str, int]


class Pair(BaseModel):
    """Two entities in doubt: the weight of their strongest pair of records in bits, and how many pairs there are."""

    a: UUID
    b: UUID
    weight: float
    records: int


class Kept(BaseModel):
    """Two records that were only kept in one entity after an edit."""

    one: int
    other: int
    entity_id: UUID
    since: datetime
    act: int


class Question(BaseModel):
    """Entities that hang together by doubts; ``points`` add up to ``priority``."""

    group: UUID
    entity: str
    kind: str = Field(description="twins: may be one; kept: may be two.")
    priority: float
    points: dict[str, float]
    weight: float
    members: list[Member]
    pairs: list[Pair]
    kept: list[Kept]


class Questions(BaseModel):
    groups: list[Question]
    open: int = Field(description="How many there are in all.")
    next: str | None = Field(description="Give it as `after` for the next page; null: there are no more.")


class Override(Given):
    """A steward's value. A list is a JSON list; a decimal is a text, or a number."""

    field: str
    value: str | int | float | bool | list[str]
    until: str = Field(description="Day or time, ISO 8601: from then on the sources decide again.")
    why: str
    trust: int = Field(100, ge=0, le=1000, description="It wins over what is trusted no more than it.")


class Release(Given):
    field: str


class Overridden(BaseModel):
    """The field as it is now. ``won``: whether the steward's value is the one that counts."""

    entity: str
    id: UUID
    version: int
    field: str
    value: Any
    rule: str | None
    override: int | None = None
    won: bool | None = None


class KeptOverride(BaseModel):
    id: int
    field: str
    value: Any
    trust: int
    by: str
    why: str
    at: datetime
    until: datetime
    ended_at: datetime | None
    ended_by: str | None = Field(description="Empty: its time was over.")
    of: UUID = Field(description="The id it was set for: this one, or one that was merged into it.")


class Overrides(BaseModel):
    overrides: list[KeptOverride]
