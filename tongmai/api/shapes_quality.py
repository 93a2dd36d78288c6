"""The shapes of data quality."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from tongmai.api.shapes import Label


class Trend(BaseModel):
    """How a score changed against the run before, a week and a month ago; null: there was none."""

    previous: float | None
    week: float | None
    month: float | None


class Score(BaseModel):
    checked: int
    failed: int
    score: float | None = Field(description="0 to 100; null: nothing could be checked.")
    change: Trend


class Dimension(Score):
    dimension: str
    label: Label


class Rule(Score):
    rule: str
    label: Label
    cost: float | None = Field(description="Points of the whole score that it costs.")


class Place(BaseModel):
    """Golden records, or what one source says."""

    source: str
    connection: str
    stream: str
    records: int
    flawed: int
    score: float | None
    change: Trend
    dimensions: list[Dimension]
    rules: list[Rule]


class QualityOf(BaseModel):
    entity: str
    label: Label
    at: datetime
    seconds: float
    places: list[Place]


class Quality(BaseModel):
    entities: list[QualityOf]


class Broken(BaseModel):
    rule: str
    label: Label


class Failure(BaseModel):
    """``values``: what the broken rules are about (personal ones are never shown); ``golden``: where both should agree."""

    source: str
    key: str | None
    entity_id: UUID
    score: float
    failed: list[Broken]
    values: dict[str, Any]
    golden: dict[str, Any]


class Failures(BaseModel):
    entity: str
    rule: str
    source: str
    total: int
    records: list[Failure]
