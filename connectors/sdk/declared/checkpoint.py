"""Where a read of changes may go on: the newest time really seen, and the records that may change unnoticed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.sdk.declared.rows import Row
from tongmai.core.errors import ConfigurationError

MOST_OPEN = 20_000


@dataclass(frozen=True)
class Mark:
    """A checkpoint. ``at``: the newest time seen; ``open``: keys to read again each time; ``gone``: deletes are known to here."""

    at: datetime | None = None
    open: frozenset[str] = frozenset()
    gone: datetime | None = None

    @classmethod
    def parse(cls, text: str | None, what: str) -> Mark:
        """From its text. Raises ``ConfigurationError``."""
        if text is None:
            return cls()
        try:
            data = json.loads(text)
            known = data.get("gone")
            return cls(
                datetime.fromisoformat(data["at"]),
                frozenset(data.get("open", ())),
                datetime.fromisoformat(known) if known else None,
            )
        except (ValueError, TypeError, KeyError):
            raise ConfigurationError(
                f"{what}: checkpoint",
                f"`{text[:80]}` is none of this stream",
                "read it in full once",
                code="bad-checkpoint",
            ) from None

    def text(self) -> str:
        """As it is stored."""
        data: dict[str, object] = {"at": self.at.isoformat() if self.at else None}
        if self.open:
            data["open"] = sorted(self.open)
        if self.gone:
            data["gone"] = self.gone.isoformat(timespec="seconds")
        return json.dumps(data, ensure_ascii=False)

    def seen(self, rows: Iterable[Row]) -> Mark:
        """After these rows were seen too."""
        at, still = self.at, set(self.open)
        for row in rows:
            if row.at is not None and (at is None or row.at > at):
                at = row.at
            if row.open:
                still.add(row.record.key)
            else:
                still.discard(row.record.key)
        if len(still) > MOST_OPEN:
            raise ConfigurationError(
                "checkpoint",
                f"more than {MOST_OPEN:,} records are unfinished at once",
                "narrow `unfinished` in the manifest",
                code="too-many-open",
            )
        return replace(self, at=at, open=frozenset(still))
