"""Read Fxiaoke objects.

A changed record keeps its ``_id`` but moves in time, so rows are paged by ``_id`` inside a window of change times that is
closed at the newest change seen when the read began: what changes meanwhile leaves the window and comes with the next
read, and nothing is skipped by shifting pages. The vendor's own clock is the only one that counts. Lines are records of
their own to the vendor: a read of changes also looks for lines that changed and reads the records they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Record, Writer, fingerprint, wire
from connectors.sdk.manifest import Manifest
from connectors.vendors.fxiaoke import checkpoint
from connectors.vendors.fxiaoke.api import FxiaokeApi, Json
from connectors.vendors.fxiaoke.checkpoint import Mark
from connectors.vendors.fxiaoke.details import Details
from connectors.vendors.fxiaoke.names import Names
from connectors.vendors.fxiaoke.rows import KEYS_AT_ONCE, TIME, Rows, condition
from connectors.vendors.fxiaoke.writer import FxiaokeWriter
from tongmai.core.errors import ConfigurationError


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a tenant; nothing is called yet."""
    names = Names(settings, manifest)
    return FxiaokeConnector(FxiaokeApi(settings, manifest), names, settings, manifest)


class FxiaokeConnector:
    """One tenant."""

    def __init__(self, api: FxiaokeApi, names: Names, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self._api = api
        self._names = names
        self._settings = settings
        self._manifest = manifest
        self._rows = Rows(api, names, settings)

    def check(self) -> CheckResult:
        """A token, and one row of the first stream."""
        stream = next(iter(self._manifest.streams))
        rows = self._rows.query(stream, [], limit=1, fields=["_id"])
        sees = "sees" if rows else "sees no"
        return CheckResult(True, f"employee {self._settings['user']} {sees} records of {stream}")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        if request.stream not in self._manifest.streams and not request.stream.endswith("__c"):
            raise ConfigurationError(
                f"{self._api.client.name}: stream `{request.stream}`",
                f"there are: {', '.join(self._manifest.streams)}, and this tenant's own objects (`…__c`)",
                "correct the stream's name",
                code="unknown-stream",
            )
        if not self._names.object(request.stream):
            raise ConfigurationError(
                f"{self._api.client.name}: stream `{request.stream}`",
                "object_names says that this tenant has no such object",
                "name the tenant's object there, or do not read the stream",
                code="unknown-stream",
            )
        details = Details(self._rows, self._names, self._manifest.streams.get(request.stream))
        if request.keys:
            yield from self._by_keys(request.stream, list(request.keys), details)
        elif request.full or (request.checkpoint is None and request.since is None):
            yield from self._everything(request, details)
        else:
            yield from self._changes(request, details)

    def decode(self, stream: str, raw: bytes) -> Json:
        """Fields stand under their declared names, whatever this tenant calls them."""
        data = self._names.shown(stream, wire.decode(stream, raw))
        known = self._manifest.streams.get(stream)
        for name in known.lines if known else ():
            if isinstance(data.get(name), list):
                data[name] = [self._names.shown(name, line) for line in data[name]]
        return data

    def writer(self, target: str) -> Writer:
        if target not in self._manifest.writes:
            raise ConfigurationError(
                f"{self._api.client.name}: write `{target}`",
                f"these can be written: {', '.join(self._manifest.writes)}",
                "correct the object's name",
                code="unknown-write",
            )
        write = self._manifest.writes[target]
        return FxiaokeWriter(self._api, self._rows, self._names, target, write, self._settings)

    def close(self) -> None:
        self._api.client.close()

    def _everything(self, request: ReadRequest, details: Details) -> Iterator[Page]:
        """Every visible row by ``_id``. The checkpoint is not above the newest change known when it began."""
        before = self._mark(request)
        newest, lines = self._rows.newest(request.stream), self._newest_lines(details)
        yield from self._pages(request.stream, [], newest, before.reached(lines), details, complete=request.full)

    def _changes(self, request: ReadRequest, details: Details) -> Iterator[Page]:
        mark = self._mark(request)
        back = int(request.lookback.total_seconds() * 1000)
        since = int(request.since.timestamp() * 1000) if request.since is not None else None
        low = since if since is not None else mark.of("") - back
        newest, lines = self._rows.newest(request.stream), self._newest_lines(details)
        # Every detail object has its own time from here on: the records' may be stored before the lines are read.
        mark = Mark(mark.at, {**mark.details, **{name: mark.of(name) for name in lines}})
        begun = mark
        seen: set[str] = set()
        if newest is None or newest < low:
            yield Page((), checkpoint=request.checkpoint)
        else:
            window = [condition(TIME, "GTE", str(low)), condition(TIME, "LTE", str(newest))]
            for page in self._pages(request.stream, window, newest, mark, details, complete=False):
                seen.update(record.key for record in page.records)
                if page.checkpoint is not None:
                    mark = checkpoint.parse(page.checkpoint)
                yield page
        for name, high in lines.items():
            start = since if since is not None else begun.of(name) - back
            if high < start:
                continue
            for owners in details.changed(name, start, high):
                fresh = [key for key in owners if key not in seen]
                seen.update(fresh)
                yield from self._by_keys(request.stream, fresh, details)
        if lines:
            yield Page((), checkpoint=mark.reached(lines).text())

    def _newest_lines(self, details: Details) -> dict[str, int]:
        """Asked before any record is read: lines that change later are above these times."""
        return details.newest() if self._settings["watch_details"] else {}

    def _pages(
        self, stream: str, window: list[Json], newest: int | None, mark: Mark, details: Details, *, complete: bool
    ) -> Iterator[Page]:
        """Pages of a window; the last one has the mark with the newest time really seen."""
        high = mark.at
        for rows, last in self._rows.pages(stream, window):
            for row in rows:
                at = self._rows.time(stream, row)
                if newest is not None and at <= newest and (high is None or at > high):
                    high = at
            yield Page(
                self._records(stream, rows, details),
                checkpoint=Mark(high, mark.details).text() if last else None,
                complete=complete and last,
            )

    def _by_keys(self, stream: str, keys: list[str], details: Details) -> Iterator[Page]:
        for start in range(0, len(keys), KEYS_AT_ONCE):
            some = condition("_id", "IN", *keys[start : start + KEYS_AT_ONCE])
            rows = self._rows.query(stream, [some], limit=KEYS_AT_ONCE)
            yield Page(self._records(stream, rows, details))

    def _mark(self, request: ReadRequest) -> Mark:
        try:
            return checkpoint.parse(request.checkpoint)
        except ValueError:
            raise ConfigurationError(
                f"{self._api.client.name}: checkpoint of {request.stream}",
                f"`{request.checkpoint}` is not a time in milliseconds",
                "read the stream in full once",
                code="bad-checkpoint",
            ) from None

    def _records(self, stream: str, rows: list[Json], details: Details) -> list[Record]:
        known = self._manifest.streams.get(stream)
        volatile = {self._names.field(stream, name) for name in (known.volatile if known else ())}
        sees_invalid = self._settings["invalid_rows_visible"]
        records = []
        for row in details.attach(rows):
            steady = {name: value for name, value in details.steady(row).items() if name not in volatile}
            gone = sees_invalid and row.get("life_status") == "invalid"
            records.append(
                Record(
                    str(row["_id"]),
                    wire.canonical(row),
                    fingerprint(wire.canonical(steady)),
                    op="delete" if gone else "upsert",
                    version=str(row.get(TIME, "")),
                )
            )
        return records
