"""Read Fxiaoke objects.

A changed record keeps its ``_id`` but moves in time, so rows are paged by ``_id`` inside a window of change times that is
closed at the newest change seen when the read began: what changes meanwhile leaves the window and comes with the next
read, and nothing is skipped by shifting pages. The vendor's own clock is the only one that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Record, Writer, wire
from connectors.sdk.manifest import Manifest
from connectors.vendors.fxiaoke.api import FxiaokeApi, Json
from connectors.vendors.fxiaoke.writer import FxiaokeWriter, data_path
from tongmai.core.errors import ConfigurationError, ProtocolError

_TIME = "last_modified_time"
_KEYS_AT_ONCE = 50


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a tenant; nothing is called yet."""
    return FxiaokeConnector(FxiaokeApi(settings), settings, manifest)


class FxiaokeConnector:
    """One tenant."""

    def __init__(self, api: FxiaokeApi, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self._api = api
        self._settings = settings
        self._manifest = manifest
        self._size = max(1, min(int(settings["page_size"]), 1000))

    def check(self) -> CheckResult:
        """A token, and one row of the first stream."""
        stream = next(iter(self._manifest.streams))
        rows = self._query(stream, [], limit=1, fields=["_id"])
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
        if request.keys:
            for start in range(0, len(request.keys), _KEYS_AT_ONCE):
                yield Page(self._records(request.stream, self._by_key(request, start)))
        elif request.full or (request.checkpoint is None and request.since is None):
            yield from self._everything(request)
        else:
            yield from self._changes(request)

    def decode(self, stream: str, raw: bytes) -> Json:
        """Our key stands under its declared name, whatever field this tenant keeps it in."""
        data = wire.decode(stream, raw)
        write = next((one for one in self._manifest.writes.values() if one.stream == stream), None)
        own = str(self._settings["our_key"])
        if write is not None and write.our_key and own != write.our_key and own in data:
            data[write.our_key] = data[own]
        return data

    def writer(self, target: str) -> Writer:
        if target not in self._manifest.writes:
            raise ConfigurationError(
                f"{self._api.client.name}: write `{target}`",
                f"these can be written: {', '.join(self._manifest.writes)}",
                "correct the object's name",
                code="unknown-write",
            )
        return FxiaokeWriter(self._api, target, self._manifest.writes[target], self._settings)

    def close(self) -> None:
        self._api.client.close()

    def _everything(self, request: ReadRequest) -> Iterator[Page]:
        """Every visible row by ``_id``. The checkpoint is not above the newest change known when it began."""
        newest = self._newest(request.stream)
        yield from self._pages(request, [], newest, complete=request.full)

    def _changes(self, request: ReadRequest) -> Iterator[Page]:
        if request.since is not None:
            low = int(request.since.timestamp() * 1000)
        else:
            low = self._checkpoint(request) - int(request.lookback.total_seconds() * 1000)
        newest = self._newest(request.stream)
        if newest is None or newest < low:
            yield Page((), checkpoint=request.checkpoint)
            return
        window = [_filter(_TIME, "GTE", str(low)), _filter(_TIME, "LTE", str(newest))]
        yield from self._pages(request, window, newest, complete=False)

    def _pages(self, request: ReadRequest, window: list[Json], newest: int | None, *, complete: bool) -> Iterator[Page]:
        after = ""
        high = self._checkpoint(request) if request.checkpoint is not None else None
        while True:
            rows = self._query(request.stream, window + ([_filter("_id", "GT", after)] if after else []))
            for row in rows:
                at = self._time(request.stream, row)
                if newest is not None and at <= newest and (high is None or at > high):
                    high = at
            last = len(rows) < self._size
            page = Page(
                self._records(request.stream, rows),
                checkpoint=(str(high) if high is not None else None) if last else None,
                complete=complete and last,
            )
            if not last:
                key = str(rows[-1]["_id"])
                if key <= after:
                    raise self._shape(request.stream, f"`_id` does not rise between pages ({key} after {after})")
                after = key
            yield page
            if last:
                return

    def _checkpoint(self, request: ReadRequest) -> int:
        try:
            return int(request.checkpoint or "")
        except ValueError:
            raise ConfigurationError(
                f"{self._api.client.name}: checkpoint of {request.stream}",
                f"`{request.checkpoint}` is not a time in milliseconds",
                "read the stream in full once",
                code="bad-checkpoint",
            ) from None

    def _newest(self, stream: str) -> int | None:
        """The newest change of any visible row, by the vendor's clock."""
        rows = self._query(stream, [], order=_TIME, ascending=False, limit=1, fields=["_id", _TIME])
        return self._time(stream, rows[0]) if rows else None

    def _by_key(self, request: ReadRequest, start: int) -> list[Json]:
        return self._query(
            request.stream, [_filter("_id", "IN", *request.keys[start : start + _KEYS_AT_ONCE])], limit=_KEYS_AT_ONCE
        )

    def _query(
        self,
        stream: str,
        filters: list[Json],
        *,
        order: str = "_id",
        ascending: bool = True,
        limit: int = 0,
        fields: list[str] | None = None,
    ) -> list[Json]:
        info: Json = {
            "limit": limit or self._size,
            "offset": 0,
            "filters": filters,
            "orders": [{"fieldName": order, "isAsc": ascending}],
        }
        if fields:
            info["fieldProjection"] = fields
        data = {"dataObjectApiName": stream, "find_explicit_total_num": False, "search_query_info": info}
        answer = self._api.call(data_path(stream, "query"), {"data": data})
        body = answer.get("data")
        rows = body.get("dataList") if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) and row.get("_id") for row in rows):
            raise self._shape(stream, "the answer has no data.dataList of records with `_id`")
        return rows

    def _records(self, stream: str, rows: list[Json]) -> list[Record]:
        known = self._manifest.streams.get(stream)
        volatile = known.volatile if known else ()
        sees_invalid = self._settings["invalid_rows_visible"]
        return [
            wire.record(
                str(row["_id"]),
                row,
                volatile,
                op="delete" if sees_invalid and row.get("life_status") == "invalid" else "upsert",
                version=str(row.get(_TIME, "")),
            )
            for row in rows
        ]

    def _time(self, stream: str, row: Json) -> int:
        value = row.get(_TIME)
        if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).isdigit():
            raise self._shape(stream, f"record {row['_id']} has no {_TIME} in milliseconds")
        return int(value)

    def _shape(self, stream: str, why: str) -> ProtocolError:
        hint = "check the acting employee's rights to the object's system fields"
        return ProtocolError(f"{self._api.client.name}: query {stream}", why, hint, code="fxiaoke-shape")


def _filter(field: str, operator: str, *values: str) -> Json:
    return {"field_name": field, "operator": operator, "field_values": list(values)}
