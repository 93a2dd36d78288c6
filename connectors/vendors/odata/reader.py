"""Reads one entity set: whole by key, changes by a cursor field or by the service's change links, single entities by key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sdk import Page, ReadRequest, Record, fingerprint, wire
from connectors.sdk.declared.answers import CursorDeadError, GoneError
from connectors.sdk.declared.rows import gone, inside
from connectors.sdk.functions import as_text
from connectors.vendors.odata.service import Service
from connectors.vendors.odata.settings import TIMES, ODataStream
from connectors.vendors.odata.values import address, joined_key, literal, plain
from tongmai.core.errors import ConfigurationError, FatalError, RetryableError

_TRACK = "odata.track-changes"
_TRIES = 20
_START = {"Edm.DateTime": "1970-01-01T00:00:00", "Edm.DateTimeOffset": "1970-01-01T00:00:00Z", "Edm.Date": "1970-01-01"}


class SetReader:
    """Reads one stream."""

    def __init__(self, service: Service, name: str, stream: ODataStream, size: int) -> None:
        self._service = service
        self._what = f"{service.caller.name}: {name}"
        self._stream = stream
        self._size = max(2, size)  # a page begins with the last row of the one before
        self._version = service.version

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Pages as ``Connector.read`` gives them."""
        mark = self._mark(request.checkpoint)
        if request.keys:
            yield Page([self._one(key) for key in dict.fromkeys(request.keys)])
        elif self._stream.delta and (request.full or "delta" not in mark):
            yield from self._tracked(self._stream.set, complete=True)
        elif self._stream.delta:
            yield from self._tracked(str(mark["delta"]), complete=False)
        elif self._stream.cursor and not request.full and (request.since is not None or "at" in mark):
            start = self._stamp(request.since) if request.since else self._earlier(str(mark["at"]), request.lookback)
            yield from self._changes(start, None if request.since else str(mark["at"]))
        else:
            yield from self._whole()

    # -- whole -------------------------------------------------------------------------------------------------------

    def _whole(self) -> Iterator[Page]:
        """Everything; the checkpoint is the newest stamp from before the first page was asked for."""
        mark = self._newest() if self._stream.cursor else ""
        held: list[Record] = []
        whole = True
        for records in self._by_last_key() if self._stream.paging == "key" else self._linked():
            whole = whole and all(record.op != "broken" for record in records)
            if held:
                yield Page(held)
            held = records
        complete = whole and self._stream.deletes == "full-listing"
        yield Page(held, json.dumps({"at": mark}) if mark else None, complete=complete)

    def _linked(self) -> Iterator[list[Record]]:
        for rows, _ in self._service.pages(self._stream.set, self._query(order=self._stream.key), self._prefer()):
            yield self._records(rows)

    def _by_last_key(self) -> Iterator[list[Record]]:
        last: list[Any] | None = None
        while True:
            after = self._after(last) if last is not None else ""
            query = self._query(after, order=self._stream.key, top=self._size)
            count = 0
            before = last
            for rows, _ in self._service.pages(self._stream.set, query, self._prefer()):
                count += len(rows)
                yield self._records(rows)
                last = self._key_values(rows[-1]) if rows else last
            if not count or last is None:  # only an empty page is the end
                return
            if last == before:
                raise FatalError(
                    self._what,
                    "the service gives the same keys again: it does not heed the filter by key",
                    "write `paging: next` for this stream",
                    code="odata-filter",
                )

    def _after(self, last: Sequence[Any]) -> str:
        """Keys that come after these, in the key's order."""
        terms = []
        for at, name in enumerate(self._stream.key):
            equal = [f"{one} eq {self._literal(one, last[i])}" for i, one in enumerate(self._stream.key[:at])]
            terms.append(" and ".join([*equal, f"{name} gt {self._literal(name, last[at])}"]))
        return " or ".join(f"({term})" for term in terms) if len(terms) > 1 else terms[0]

    # -- changes -----------------------------------------------------------------------------------------------------

    def _changes(self, start: str, before: str | None) -> Iterator[Page]:
        """By stamp, oldest first. A page begins with the last row of the one before: if it does not, rows moved, and
        everything from that stamp on is asked for again."""
        cursor = self._stream.cursor
        at, skip, last, tries, reached = start, 0, "", 0, before
        while True:
            rows = self._from(at, skip)
            if last and (not rows or self._key(rows[0]) != last):
                tries += 1
                if tries > _TRIES:
                    raise RetryableError(
                        self._what,
                        f"rows kept moving in {_TRIES} tries",
                        "read it at a quieter time",
                        code="moving-rows",
                    )
                skip, last = 0, ""
                continue
            fresh = rows[1:] if last else rows
            if not fresh:  # only an empty page is the end: a service may give fewer rows than it was asked for
                yield Page((), json.dumps({"at": reached}) if reached else None)
                return
            stamps = [as_text(inside(row, cursor)) for row in rows]
            if reached is None or self._later(stamps[-1], reached):
                reached = stamps[-1]
            yield Page([self._record(row) for row in fresh], json.dumps({"at": reached}))
            skip = skip + len(rows) - 1 if stamps[-1] == at else stamps.count(stamps[-1]) - 1
            at, last = stamps[-1], self._key(rows[-1])

    def _from(self, at: str, skip: int) -> list[dict[str, Any]]:
        """Rows with that stamp or a later one."""
        cursor = self._stream.cursor
        query = self._query(
            f"{cursor} ge {self._literal(cursor, at)}", order=(cursor, *self._stream.key), top=self._size
        )
        if skip:
            query["$skip"] = str(skip)
        found: list[dict[str, Any]] = []
        for rows, _ in self._service.pages(self._stream.set, query, self._prefer()):
            found += [self._plain(row) for row in rows]
        return found

    def _newest(self) -> str:
        """The greatest stamp there is."""
        cursor = self._stream.cursor
        low = _START.get(self._stream.type_of(cursor), "0")
        query = self._query(f"{cursor} ge {self._literal(cursor, low)}", top=1)
        query["$orderby"] = f"{cursor} desc"
        query.pop("$expand", None)
        rows, _ = self._service.rows(self._service.get(self._stream.set, query, shown=self._stream.set))
        return as_text(inside(self._plain(rows[0]), cursor)) if rows else ""

    def _tracked(self, path: str, *, complete: bool) -> Iterator[Page]:
        """Everything or what changed, and where to ask for what changes from now on."""
        query = self._query(order=()) if complete else {}
        held: list[Record] = []
        link = ""
        try:
            for rows, heard in self._service.pages(path, query, {"Prefer": f"{_TRACK},odata.maxpagesize={self._size}"}):
                if held:
                    yield Page(held)
                held = [record for row in rows for record in self._changed(row)]
                body = heard.scope["body"]
                link = self._service.link(body.get("@odata.deltaLink", body.get("@deltaLink")))
        except CursorDeadError as error:
            raise FatalError(
                self._what, f"{error.why}: the service has forgotten the change link", "read it once with --full",
                code="odata-delta-gone",
            ) from None  # fmt: skip
        if not link:
            raise ConfigurationError(
                self._what,
                "the service gives no change link for this set",
                "write `delta: false` and a `cursor`, or read it whole",
                code="odata-settings",
            )
        yield Page(held, json.dumps({"delta": link}), complete=complete)

    def _changed(self, row: dict[str, Any]) -> list[Record]:
        removed = row.get("@removed", row.get("@odata.removed"))
        if removed is None and not str(row.get("@odata.context", "")).endswith("/$deletedEntity"):
            return self._records([row])
        key = joined_key([inside(row, part) for part in self._stream.key])
        return [gone(key or self._key_of_id(str(row.get("@odata.id", row.get("@id", row.get("id", ""))))))]

    def _key_of_id(self, id: str) -> str:
        from connectors.vendors.odata.writer import key_of_address

        key = key_of_address(id, self._stream)
        if not key:
            raise FatalError(
                self._what, f"a deleted entity is told without a key: `{id[:120]}`", "tell the service's operator",
                code="odata-shape",
            )  # fmt: skip
        return key

    # -- by key ------------------------------------------------------------------------------------------------------

    def _one(self, key: str) -> Record:
        parts = [(name, self._stream.type_of(name)) for name in self._stream.key]
        query = {name: text for name, text in self._query(order=()).items() if name in ("$expand", "$select")}
        try:
            heard = self._service.get(
                f"{self._stream.set}{address(self._version, parts, key)}", query, shown=f"{self._stream.set}(key)"
            )
        except GoneError:
            return gone(key)
        return self._records([self._service.entity(heard)])[0]

    # -- parts -------------------------------------------------------------------------------------------------------

    def _query(self, also: str = "", *, order: Sequence[str] = (), top: int = 0) -> dict[str, str]:
        stream = self._stream
        conditions = [part for part in (stream.filter, also) if part]
        query = {
            "$filter": " and ".join(f"({part})" for part in conditions) if len(conditions) > 1 else "".join(conditions),
            "$orderby": ",".join(order),
            "$top": str(top) if top else "",
            "$expand": ",".join(stream.expand),
            "$select": ",".join(
                dict.fromkeys((*stream.key, *([stream.cursor] if stream.cursor else []), *stream.select))
            )
            if stream.select
            else "",
        }
        return {name: text for name, text in query.items() if text}

    def _prefer(self) -> dict[str, str]:
        return {"Prefer": f"odata.maxpagesize={self._size}"} if self._version == "v4" else {}

    def _records(self, rows: Sequence[dict[str, Any]]) -> list[Record]:
        return [self._record(self._plain(row)) for row in rows]

    def _record(self, data: Any) -> Record:
        key = self._key(data) if isinstance(data, dict) else ""
        if not key:
            raw = wire.canonical(data)
            mark = fingerprint(raw)
            problem = f"no usable key in {', '.join(self._stream.key)}"
            return Record(f"row {mark.hex()}", raw, mark, op="broken", problem=problem)
        stamp = inside(data, self._stream.cursor) if self._stream.cursor else None
        return wire.record(key, data, version="" if stamp is None else as_text(stamp))

    def _plain(self, row: dict[str, Any]) -> Any:
        return plain(row, self._version, self._service.follow)

    def _key(self, data: dict[str, Any]) -> str:
        return joined_key([data.get(name) for name in self._stream.key])

    def _key_values(self, row: dict[str, Any]) -> list[Any]:
        return [self._plain(row).get(name) for name in self._stream.key]

    def _literal(self, name: str, value: Any) -> str:
        return literal(self._version, self._stream.type_of(name), value)

    def _mark(self, text: str | None) -> dict[str, Any]:
        if text is None:
            return {}
        try:
            data = json.loads(text)
            if isinstance(data, dict):
                return data
        except ValueError:
            pass
        raise ConfigurationError(
            f"{self._what}: checkpoint",
            f"`{text[:80]}` is none of this stream",
            "read it in full once",
            code="bad-checkpoint",
        )

    def _later(self, one: str, other: str) -> bool:
        if self._stream.type_of(self._stream.cursor) in TIMES:
            return _moment(one) > _moment(other)
        return int(one) > int(other)

    def _earlier(self, stamp: str, back: timedelta) -> str:
        """The stamp less the look-back; a growing number has none."""
        if not back or self._stream.type_of(self._stream.cursor) not in TIMES:
            return stamp
        return self._stamp(_moment(stamp) - back)

    def _stamp(self, moment: datetime) -> str:
        edm = self._stream.type_of(self._stream.cursor)
        if edm not in TIMES:
            raise ConfigurationError(
                self._what, f"its cursor is a number ({edm}), not a time", "leave --since out", code="odata-settings"
            )
        aware = moment.astimezone(UTC)
        if edm == "Edm.Date":
            return aware.date().isoformat()
        shown = aware.isoformat(timespec="milliseconds" if aware.microsecond else "seconds")
        return shown if edm == "Edm.DateTimeOffset" else shown[:-6]


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
