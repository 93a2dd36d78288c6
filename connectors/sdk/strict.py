"""The base of every model of a manifest."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """Unknown keys are mistakes; values are frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
