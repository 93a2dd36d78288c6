"""The shapes of answers, for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field


class Record(BaseModel):
    """A golden record. ``masked``: fields that hold something which the token may not see."""

    entity: str
    id: UUID
    version: int
    at: datetime
    fields: dict[str, Any]
    masked: list[str]
    redirected_from: UUID | None = Field(None, description="The id that was asked for, merged into this one since.")
    as_of: datetime | None = None
    reasons: dict[str, Any] | None = Field(None, description="Why each field has its value: source, rule, runners-up.")
    sources: list[dict[str, Any]] | None = Field(None, description="The systems' records that it is made of.")


class Page(BaseModel):
    records: list[Record]
    next: UUID | None


class Version(BaseModel):
    version: int
    at: datetime
    run: str
    changed: dict[str, Any]


class History(BaseModel):
    entity: str
    id: UUID
    redirected_from: UUID | None = None
    versions: list[Version]


class Related(BaseModel):
    """Records that refer to the one by a field: how many there are, and the latest."""

    entity: str
    by: str
    count: int
    records: list[Record]


class Around(BaseModel):
    record: Record
    related: list[Related]
    above: list[Record]


class SearchHit(Record):
    score: float
    field: str = Field(description="The field that fits.")
    how: str = Field(description="code, phone, name, start, brand, part, initials, sound or slip.")


class SearchAnswer(BaseModel):
    hits: list[SearchHit]


class Change(BaseModel):
    """A new version, or (``redirect_to`` is there) an id that was merged, or stands for itself again (null)."""

    entity: str
    id: UUID
    at: datetime
    kind: str = Field(description="version or redirect.")
    version: int | None = None
    changed: list[str] | None = None
    fields: dict[str, Any] | None = None
    masked: list[str] | None = None
    redirect_to: UUID | None = None


class Changes(BaseModel):
    changes: list[Change]
    next: str = Field(description="Give it as `after`; the same again while nothing is new.")
    more: bool


class Asked(BaseModel):
    """Fields of a record that somebody is about to create, in canonical form."""

    fields: dict[str, Any]
    limit: int = Field(10, ge=1, le=50)


class Reason(BaseModel):
    comparison: str
    level: str
    bits: float
    zh: str
    en: str
    asked: str | None = None
    known: str | None = None


class Candidate(BaseModel):
    record: Record
    source: dict[str, str]
    bits: float
    decision: str = Field(description="merge, likely, review, or separate where something forbids it.")
    reasons: list[Reason]
    vetoes: list[str]


class Duplicates(BaseModel):
    candidates: list[Candidate]
    ignored: list[str] = Field(description="Fields given that the token may not see: they were not compared.")
    weights: str
    thresholds: dict[str, float]


class Why(BaseModel):
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


class Done(BaseModel):
    """What an act did, or would do."""

    act: int
    moved: list[dict[str, Any]]
    ended: list[UUID]
    revived: list[UUID]
    entities: list[UUID]
    deliveries: int
    golden: list[dict[str, Any]] = Field(description="Fields before and after, of those that the token may see.")
    outbox: list[dict[str, Any]]
    second_records: list[dict[str, Any]]
    later: dict[str, Any] | None = Field(None, description="Records that refer to it and follow with their next sync.")
    dry_run: bool


class Questions(BaseModel):
    groups: list[dict[str, Any]]
    open: int


class AskedRegistration(BaseModel):
    """What somebody is about to register. ``fields``: of the record, with the id of whom it is for; where that id is not
    known, ``of`` has the fields of whom it is for, as a customer's name and code: they are matched."""

    fields: dict[str, Any]
    of: dict[str, Any] | None = None


class HeldRegistration(BaseModel):
    record: Record
    since: date
    until: date
    by: str | None = Field(None, description="Who holds it, where the token may see that.")
    same: list[str] = Field(description="The fields in which both are the same.")
    zh: str
    en: str


class Registrations(BaseModel):
    free: bool
    held: list[HeldRegistration]
    of: list[UUID] = Field(description="Whom it is for: the id given, or those that the fields match.")
    ignored: list[str] = Field(description="Fields given that the token may not see: they were not compared.")


class Model(BaseModel):
    entities: list[dict[str, Any]]


class Dictionary(BaseModel):
    lists: list[dict[str, Any]]


class ErrorBody(BaseModel):
    code: str
    what: str
    why: str
    next: str
    meaning: str


class Problem(BaseModel):
    """What failed, why, what to do next, in the language of Accept-Language."""

    error: ErrorBody
