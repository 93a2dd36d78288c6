"""How many calls a reading of everything takes, and how long the vendor's limits make it last."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.sdk import places
from connectors.sdk.functions import as_text
from connectors.sdk.http_calls import Calls
from connectors.sdk.limits import Limits
from connectors.sdk.manifest import Manifest, Stream
from connectors.sdk.quota import Priority
from tongmai.core.errors import ConfigurationError

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Part:
    """Calls of one path, and the seconds in which the limits let them through."""

    path: str
    calls: int
    seconds: float


@dataclass(frozen=True)
class Forecast:
    """``seconds``: by the declared limits alone, when nobody else calls; ``limited``: whether any limit is about these calls.

    ``once_for_each``: the list exists for each of something whose number is not known, and is counted once.
    """

    records: int
    parts: tuple[Part, ...]
    limited: bool
    once_for_each: bool = False

    @property
    def calls(self) -> int:
        """All calls."""
        return sum(part.calls for part in self.parts)

    @property
    def seconds(self) -> float:
        """Until the last call is through. Parts may share a limit, so their times add up."""
        return sum(part.seconds for part in self.parts)


def forecast(
    manifest: Manifest,
    settings: Mapping[str, Any],
    name: str,
    records: int,
    page_size: int = 0,
    priority: Priority = "backfill",
) -> Forecast:
    """Reading ``records`` records of a stream. ``page_size``: instead of the manifest's, or where it says none.

    Raises ``ConfigurationError`` when nothing tells how many records a call gives.
    """
    limits = Limits(manifest, settings, Calls())
    stream = manifest.streams[name]
    wanted = _calls(manifest, settings, name, stream, records, page_size)
    parts = tuple(Part(path, calls, limits.forecast(path, calls, priority, stream=name)) for path, calls in wanted)
    limited = any(limits.counts(path, stream=name) for path, _ in wanted)
    return Forecast(records, parts, limited, bool(stream.read and stream.read.over))


def _calls(
    manifest: Manifest, settings: Mapping[str, Any], name: str, stream: Stream, records: int, page_size: int
) -> list[tuple[str, int]]:
    read = stream.read
    size = page_size
    if not size and read is not None and read.page is not None:
        size = _number(read.page.size, manifest, settings)
    if not size and read is None:
        size = int(settings.get("page_size") or 0)
    if not size and (read is None or read.page is not None):
        raise ConfigurationError(
            f"connector `{manifest.connector}`: stream `{name}`",
            "nothing tells how many records a call gives",
            "say it with --page-size",
            code="no-page-size",
        )
    pages = math.ceil(records / size) + (0 if records % size else 1) if size else 1  # the page that shows the end
    listing = [(_path(read) if read is not None else "", pages)] if read is None or read.listed else []
    if read is not None and read.details and read.one is not None:
        listing.append((_path(read.one), math.ceil(records / read.one.size)))
    return listing


def _path(request: Any) -> str:
    return str(next((getattr(request, method) for method in METHODS if getattr(request, method)), ""))


def _number(value: int | str, manifest: Manifest, settings: Mapping[str, Any]) -> int:
    if isinstance(value, int):
        return value
    text = as_text(places.filling(value, frozenset(manifest.connection))(settings))
    return int(text) if text.isdigit() else 0
