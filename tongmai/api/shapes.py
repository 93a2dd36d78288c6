"""The shapes of what is sent and answered, for the OpenAPI document: records, search, changes, the model."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Given(BaseModel):
    """What a caller sends: a word that there is not is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Label(BaseModel):
    zh: str
    en: str


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
    labels: dict[str, Label | list[Label | None]] | None = Field(
        None, description="What terms and references are called, by field, where the token may see it."
    )
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
    next: int | None = Field(description="Give it as `before` for older ones; null: there are none.")


class Related(BaseModel):
    """Records that refer to the one by a field (of lines: ``lines.product``): how many there are, and the latest."""

    entity: str
    by: str
    count: int
    records: list[Record]


class Part(BaseModel):
    """What somebody has to say in a decision: by a decision role, or (``id`` is null) as the contact itself says."""

    id: UUID | None
    role: str | None = None
    stance: str | None = None
    influence: int | None = Field(None, description="1 to 5.")
    opportunity: UUID | None = Field(None, description="Only in this one; null: in general.")
    valid_from: date | None = None
    valid_to: date | None = None
    current: bool


class Person(BaseModel):
    """``reports``: who reports to this contact. Without parts: only stands between others."""

    contact: Record
    parts: list[Part]
    ring: bool = Field(description="Reports to somebody below: the ring is cut here.")
    reports: list[Person]


class Chain(BaseModel):
    """Who decides, each below whom they report to; the most influential first, then by role."""

    people: int
    roots: list[Person]


class Around(BaseModel):
    record: Record
    related: list[Related]
    above: list[Record]
    decision_chain: Chain | None = Field(description="Of a customer or an opportunity.")


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
    next: str = Field(description="Keep it with what you stored, and give it as `after`.")
    more: bool = Field(description="Whether to ask again at once.")


class Asked(Given):
    """Fields of a record that somebody is about to create, in canonical form. A reference, as a contact's customer, is an id
    or a system's key (connection/stream/key) in ``fields``; where neither is known, ``of`` has the fields of whom it refers
    to, as a name and a code: they are matched."""

    fields: dict[str, Any]
    of: dict[str, dict[str, Any]] = Field(default={}, description="By reference field: what is known of that record.")
    limit: int = Field(10, ge=1, le=50)


class Reason(BaseModel):
    comparison: str
    level: str
    bits: float
    zh: str
    en: str
    asked: str | None = Field(None, description="Of the record that was asked about, or of ``a``.")
    known: str | None = Field(None, description="Of the stored record, or of ``b``.")


class Candidate(BaseModel):
    record: Record
    source: dict[str, str]
    bits: float = Field(description="`prior` and the bits of all reasons.")
    prior: float
    decision: str = Field(description="merge, likely, review, or separate where something forbids it.")
    reasons: list[Reason]
    vetoes: list[str]


class Duplicates(BaseModel):
    candidates: list[Candidate]
    of: dict[str, list[UUID]] = Field(description="By reference field: the records it was taken to refer to.")
    ignored: list[str] = Field(description="Fields given that the token may not see: they were not compared.")
    weights: str
    thresholds: dict[str, float]


class AskedRegistration(Given):
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


class LineModel(BaseModel):
    name: str
    type: str
    label: Label
    personal: bool


class FieldModel(LineModel):
    """``visible``: whether the token may see it; ``fields``: of each line, where it is a list of lines."""

    required: bool
    owner: str | None
    visible: bool
    fields: list[LineModel] | None = None


class EntityModel(BaseModel):
    entity: str
    label: Label
    search: dict[str, list[str]] = Field(description="The fields that GET /search looks in, by how they are read.")
    fields: list[FieldModel]


class Model(BaseModel):
    entities: list[EntityModel]


class Criterion(Label):
    """``holds``: the condition over a record's fields, where it can be checked."""

    holds: str
    otherwise: str = Field(description="What becomes of a record that does not fulfil it: finding or quarantine.")


class Term(BaseModel):
    term: str
    zh: str
    en: str
    next: list[str] | None = Field(description="The terms that may follow; null: any.")
    enter: Criterion | None = Field(description="What must be true to enter it.")
    leave: Criterion | None = Field(description="What must be true to leave it.")
    retired: bool = Field(description="Records that have it keep it; none is to take it any more.")
    instead: str | None = Field(description="Of a retired term: what systems' values mean from now on.")


class TermList(BaseModel):
    name: str
    label: Label
    owner: Label | None = Field(description="Who decides on the list.")
    version: int
    terms: list[Term]


class Dictionary(BaseModel):
    lists: list[TermList]


class KpiModel(BaseModel):
    """``measure``, divided by ``over`` where that is given (``complement``: one less that), of the records of ``entity`` that
    fulfil ``where``, for each period of ``by`` and each value of the fields ``each``."""

    kpi: str
    label: Label
    doc: Label | None
    entity: str
    measure: dict[str, str] = Field(description="count, sum, average, least or most, and its condition `where`.")
    over: dict[str, str] | None
    complement: bool
    where: str
    by: dict[str, str] | None = Field(description="`of`: the date; `per`: the period.")
    each: list[str]
    unit: str
    better: str
    owner: Label
    version: int
    view: str | None = Field(description="The view for BI; null: the KPI has mistakes.")


class Kpis(BaseModel):
    kpis: list[KpiModel]


class ErrorBody(BaseModel):
    code: str
    what: str
    why: str
    next: str
    meaning: str


class Problem(BaseModel):
    """What failed, why, what to do next, in the language of Accept-Language."""

    error: ErrorBody
