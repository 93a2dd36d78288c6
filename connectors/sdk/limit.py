"""The typed model of a manifest's ``limits:`` section: what a vendor allows, and per what it counts."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final, Literal

from pydantic import Field, field_validator

from connectors.sdk.moment import zone
from connectors.sdk.places import roots
from connectors.sdk.strict import Strict
from tongmai.core.finding import Mistake

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_PER = re.compile(r"(?:([1-9][0-9]*) )?(second|minute|hour|day)s?")
EACH = frozenset({"path", "method", "stream", "target"})
"""Names that a limit's texts may use beside the settings."""


class Limit(Strict):
    """One limit of the vendor, counted for the whole account.

    Numbers may be texts with places (``"{calls_per_minute}"``); 0 means no limit.
    """

    name: str = ""
    calls: int | str = 0
    per: str = Field(default="1 second", description="As `20 seconds`, `1 minute`, `1 day`.")
    each: str = Field(
        default="connection", description="What is counted on its own: connection, path, or a text with places."
    )
    paths: tuple[str, ...] = Field(default=(), description="Patterns of paths that it is about (`/v1/*`); none: all.")
    concurrent: int | str = Field(default=0, description="Calls under way at once.")
    cost: int | str = Field(default=1, description="What one call counts.")
    window: Literal["sliding", "fixed"] = Field(
        default="sliding", description="`fixed`: the vendor starts anew at full minutes, hours or days of `zone`."
    )
    zone: str = "UTC"
    backfill: float = Field(default=0.5, gt=0, le=1, description="The share that backfills may take.")

    @field_validator("per")
    @classmethod
    def _per_is_a_time(cls, value: str) -> str:
        if not _PER.fullmatch(value):
            raise Mistake(f"`{value}` is no time as `20 seconds`", f"`{value}` 不是 `20 seconds` 这样的时间")
        return value

    @field_validator("zone")
    @classmethod
    def _zone_is_known(cls, value: str) -> str:
        try:
            zone(value)
        except ValueError:
            raise Mistake(f"there is no time zone `{value}`", f"没有时区 `{value}`") from None
        return value

    @property
    def seconds(self) -> int:
        """The time that ``calls`` is about."""
        found = _PER.fullmatch(self.per)
        assert found is not None  # validated
        return int(found[1] or 1) * _UNITS[found[2]]

    def check(self, settings: Collection[str]) -> None:
        """Raise ``Mistake`` when a text names what is not there."""
        allowed = frozenset(settings) | EACH
        for text in (self.calls, self.concurrent, self.cost, self.each):
            roots(text, allowed)
