"""Write Fxiaoke objects: the vendor has no upsert and no idempotency key, so callers look up before they create."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sdk import RemoteRecord, Written
from connectors.sdk.manifest import Write
from connectors.vendors.fxiaoke.api import FxiaokeApi, Json
from connectors.vendors.fxiaoke.names import Names
from connectors.vendors.fxiaoke.rows import Rows, data_path
from tongmai.core.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

_LOCKED = "fxiaoke-50009"


class FxiaokeWriter:
    """Writes one object."""

    def __init__(
        self, api: FxiaokeApi, rows: Rows, names: Names, target: str, write: Write, settings: Mapping[str, Any]
    ) -> None:
        self._api = api
        self._rows = rows
        self._names = names
        self._target = target
        self._stream = write.stream
        self._obj = names.object(write.stream)
        self._lists = tuple(write.lines)
        self._our_key = write.our_key
        self._switches = {
            "triggerWorkFlow": bool(settings["trigger_workflow"]),
            "triggerApprovalFlow": bool(settings["trigger_approval"]),
        }
        if not self._obj:
            raise ConfigurationError(
                f"{api.client.name}: write `{target}`",
                "object_names says that this tenant has no such object",
                "name the tenant's object there, or do not write it",
                code="unknown-write",
            )

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Records by value, paged by ``_id`` so that a value many records share is found whole. Lines are not read."""
        column = self._names.field(self._stream, field)
        found: dict[str, list[RemoteRecord]] = {}
        wanted = [value for value in dict.fromkeys(values) if value]
        for row in self._rows.by_values(self._stream, field, wanted):
            value = str(row.get(column, ""))
            if value in wanted:
                found.setdefault(value, []).append(RemoteRecord(str(row["_id"]), self._names.shown(self._stream, row)))
        return found

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """One call makes the record with its lines. The vendor's answer holds the new id at top level."""
        # The payload's own value stands: it is what a later look-up by our key asks for.
        own = {name: value for name, value in payload.items() if name not in self._lists}
        fields = self._names.sent(self._stream, {self._our_key: key, **own} if self._our_key else own)
        data: Json = {"object_data": {**fields, **self._identity()}}
        details = self._details(payload)
        if details:
            data["details"] = details
        answer = self._write("create", data)
        new = answer.get("dataId")
        if not new and isinstance(answer.get("data"), dict):
            new = answer["data"].get("_id")
        if not new:
            raise OutcomeUnknownError(
                self._what("create"),
                "accepted, but the answer names no dataId",
                "look the record up by our key",
                code="no-id",
            )
        return Written(str(new))

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Only the given fields. A code 50009 is settled by reading back, since it also means "locked"."""
        lists = [name for name in self._lists if name in payload]
        if lists:
            raise RemoteRefusedError(
                self._what("update"),
                f"the payload has lines ({', '.join(lists)}); the vendor takes lines only with a new record",
                "leave lines out of updates in the mapping; change lines in the CRM",
                code="fxiaoke-lines",
            )
        data = self._names.sent(self._stream, payload)
        try:
            self._write("update", {"object_data": {**data, **self._identity(), "_id": remote_key}})
        except OutcomeUnknownError as error:
            if error.code != _LOCKED:
                raise
            self._settle(remote_key, data, error)
        return Written(remote_key)

    def deactivate(self, remote_key: str) -> Written:
        """Invalidate (作废)."""
        self._switch(
            "invalid", {"dataObjectApiName": self._obj, "object_data_id": remote_key}, remote_key, invalid=True
        )
        return Written(remote_key)

    def activate(self, remote_key: str) -> Written:
        """Recover (恢复)."""
        self._switch("recover", {"dataObjectApiName": self._obj, "idList": [remote_key]}, remote_key, invalid=False)
        return Written(remote_key)

    def _settle(self, key: str, data: Json, error: TongmaiError) -> None:
        """Return when the record has all given values; say "refused" when it is locked; else the outcome stays unknown."""
        try:
            row = self._get(key)
        except RetryableError:
            raise error from None
        if all(_same(row.get(name), value) for name, value in data.items()):
            return
        if str(row.get("lock_status")) == "1":
            raise RemoteRefusedError(
                self._what("update"),
                f"record {key} is locked; {error.why}",
                "unlock it in the CRM",
                code="fxiaoke-locked",
            ) from None
        raise error

    def _switch(self, action: str, data: Json, key: str, *, invalid: bool) -> None:
        """A refusal is no error when the record is already as wanted."""
        try:
            self._write(action, data)
        except RemoteRefusedError:
            if (self._get(key).get("life_status") == "invalid") != invalid:
                raise

    def _get(self, key: str) -> Json:
        data = {"dataObjectApiName": self._obj, "objectDataId": key}
        row = self._api.call(data_path(self._obj, "get"), {"data": data}).get("data")
        return row if isinstance(row, dict) else {}

    def _write(self, action: str, data: Json) -> Json:
        return self._api.call(data_path(self._obj, action), {**self._switches, "data": data}, write=True)

    def _identity(self) -> Json:
        return {"dataObjectApiName": self._obj, "object_describe_api_name": self._obj}

    def _details(self, payload: Mapping[str, Any]) -> Json:
        """The payload's lines as the vendor takes them: the tenant's name of the detail object → rows."""
        details: Json = {}
        for name in self._lists:
            lines = payload.get(name)
            if not lines:
                continue
            if not isinstance(lines, Sequence) or not all(isinstance(line, Mapping) for line in lines):
                raise self._refused(f"{name} is no list of lines")
            if not self._names.object(name):
                raise self._refused(f"object_names says that this tenant has no {name}")
            details[self._names.object(name)] = [self._names.sent(name, line) for line in lines]
        return details

    def _refused(self, why: str) -> RemoteRefusedError:
        return RemoteRefusedError(self._what("create"), why, "mend the mapping's lines", code="fxiaoke-lines")

    def _what(self, action: str) -> str:
        return f"{self._api.client.name}: {action} {self._target}"


def _same(stored: Any, sent: Any) -> bool:
    return (stored in (None, "", []) and sent in (None, "", [])) or stored == sent or str(stored) == str(sent)
