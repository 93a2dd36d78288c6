"""Read K3Cloud forms.

``StartRow`` pages shift when a record changes, so pages follow the id: everything by id, or, for changes, by id inside a
window of modified times. The window is closed one second above the newest change known when the read began (the server
may show times without the milliseconds it compares), and the checkpoint is not above what was really seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Record, Writer, wire
from connectors.sdk.manifest import Manifest
from connectors.vendors.kingdee.api import Json, KingdeeApi
from connectors.vendors.kingdee.document import DocumentWriter
from connectors.vendors.kingdee.fields import APPROVED, MODIFIED, Fields, named_fields
from connectors.vendors.kingdee.rows import Form, filter_time, parse_time, quoted, zone
from connectors.vendors.kingdee.writer import KingdeeWriter
from tongmai.core.errors import ConfigurationError

_LARGEST_PAGE = 2000
_KEYS_AT_ONCE = 500
_SECOND = timedelta(seconds=1)


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open an account set; nothing is called yet."""
    return KingdeeConnector(KingdeeApi(settings), settings, manifest)


class KingdeeConnector:
    """One account set."""

    def __init__(self, api: KingdeeApi, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self._api = api
        self._settings = settings
        self._manifest = manifest
        self._size = max(1, min(int(settings["page_size"]), _LARGEST_PAGE))
        self._zone = zone(settings)
        named_fields(manifest, settings)
        self._watched = (MODIFIED, APPROVED) if settings["watch_approve_date"] else (MODIFIED,)

    def check(self) -> CheckResult:
        """One row with every field of the first form, so that a field this account set lacks is found now."""
        name = next(iter(self._manifest.streams))
        form = self._form(name)
        rows = form.query("", f"{form.fields.name(form.key)} ASC", 1)
        return CheckResult(True, f"user {self._settings['user']} sees {'records' if rows else 'no record'} of {name}")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        form = self._form(request.stream)
        if request.keys:
            yield from self._by_key(form, request.keys)
        elif request.full or (request.checkpoint is None and request.since is None):
            yield from self._pages(form, request, "", self._newest(form), complete=request.full)
        else:
            yield from self._changes(form, request)

    def decode(self, stream: str, raw: bytes) -> Json:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        if target not in self._manifest.writes:
            raise self._unknown("write", target, self._manifest.writes)
        form = self._form(self._manifest.writes[target].stream)
        if form.fields.number == "FBillNo":
            return DocumentWriter(form, self._settings, self._form, tuple(self._manifest.streams))
        return KingdeeWriter(form, self._settings, tuple(self._manifest.streams))

    def close(self) -> None:
        self._api.client.close()

    def _form(self, stream: str) -> Form:
        if stream not in self._manifest.streams:
            raise self._unknown("stream", stream, self._manifest.streams)
        return Form(self._api, Fields(self._manifest, stream, self._settings, self._watched), self._settings)

    def _changes(self, form: Form, request: ReadRequest) -> Iterator[Page]:
        if request.since is not None:
            low = request.since.astimezone(self._zone).replace(tzinfo=None)
        else:
            low = self._checkpoint(request) - request.lookback
        low = low.replace(microsecond=0)
        newest = self._newest(form)
        if newest is None or newest < low:
            yield Page((), checkpoint=request.checkpoint)
            return
        high = newest.replace(microsecond=0) + _SECOND
        names = [form.fields.name(name) for name in self._watched]
        spans = [f"({name} >= {filter_time(low)} and {name} < {filter_time(high)})" for name in names]
        where = spans[0].strip("()") if len(spans) == 1 else f"({' or '.join(spans)})"
        yield from self._pages(form, request, where, newest, complete=False)

    def _pages(
        self, form: Form, request: ReadRequest, where: str, newest: datetime | None, *, complete: bool
    ) -> Iterator[Page]:
        seen = self._checkpoint(request) if request.checkpoint is not None else None
        for rows, last in form.pages(where, self._size):
            for row in rows:
                at = self._time(row)
                if at is not None and newest is not None and at <= newest and (seen is None or at > seen):
                    seen = at
            yield Page(
                self._records(form, rows),
                checkpoint=seen.isoformat() if last and seen is not None else None,
                complete=complete and last,
            )

    def _by_key(self, form: Form, keys: tuple[str, ...]) -> Iterator[Page]:
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = ",".join(quoted(key) for key in keys[start : start + _KEYS_AT_ONCE])
            for rows, _ in form.pages(f"{form.fields.name(form.key)} in ({some})", _LARGEST_PAGE):
                yield Page(self._records(form, rows))

    def _newest(self, form: Form) -> datetime | None:
        """The newest change of any record, by the server's clock."""
        times = []
        for name in self._watched:
            rows = form.query("", f"{form.fields.name(name)} DESC", 1, [form.key, name])
            times += [at for row in rows if (at := parse_time(row.get(name))) is not None]
        return max(times, default=None)

    def _records(self, form: Form, rows: list[Json]) -> list[Record]:
        volatile = self._manifest.streams[form.form].volatile
        return [wire.record(str(row[form.key]), row, volatile, version=self._version(row)) for row in rows]

    def _version(self, row: Json) -> str:
        """The change stamp with the server's zone, so that it can be compared with other systems' times."""
        changed = parse_time(row.get(MODIFIED))
        return changed.replace(tzinfo=self._zone).isoformat() if changed else ""

    def _time(self, row: Json) -> datetime | None:
        return max((at for name in self._watched if (at := parse_time(row.get(name))) is not None), default=None)

    def _checkpoint(self, request: ReadRequest) -> datetime:
        try:
            return datetime.fromisoformat(request.checkpoint or "")
        except ValueError:
            raise ConfigurationError(
                f"{self._api.client.name}: checkpoint of {request.stream}",
                f"`{request.checkpoint}` is not a date and time",
                "read the stream in full once",
                code="bad-checkpoint",
            ) from None

    def _unknown(self, kind: str, name: str, known: Mapping[str, Any]) -> ConfigurationError:
        why = f"there are: {', '.join(known)}"
        return ConfigurationError(
            f"{self._api.client.name}: {kind} `{name}`", why, "correct the name", code=f"unknown-{kind}"
        )
