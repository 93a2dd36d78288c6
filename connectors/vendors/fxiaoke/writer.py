"""Write Fxiaoke objects: the vendor has no upsert and no idempotency key, so callers look up before they create."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.sdk import RemoteRecord, Written
from connectors.sdk.manifest import Write
from connectors.vendors.fxiaoke.api import FxiaokeApi, Json
from tongmai.core.errors import OutcomeUnknownError, RemoteRefusedError, RetryableError, TongmaiError

_AT_ONCE = 50
_PAGE = 100
_LOCKED = "fxiaoke-50009"


def data_path(obj: str, action: str) -> str:
    """The tenant's own objects (``__c``) have paths of their own."""
    return f"/cgi/crm/custom/v2/data/{action}" if obj.endswith("__c") else f"/cgi/crm/v2/data/{action}"


class FxiaokeWriter:
    """Writes one object."""

    def __init__(self, api: FxiaokeApi, obj: str, write: Write, settings: Mapping[str, Any]) -> None:
        self._api = api
        self._obj = obj
        self._declared_key = write.our_key
        self._our_key = str(settings["our_key"])
        self._switches = {
            "triggerWorkFlow": bool(settings["trigger_workflow"]),
            "triggerApprovalFlow": bool(settings["trigger_approval"]),
        }

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Records by value, paged by ``_id`` so that a value many records share is found whole."""
        column = self._our_key if field == self._declared_key else field
        found: dict[str, list[RemoteRecord]] = {}
        wanted = [value for value in dict.fromkeys(values) if value]
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            for row in self._rows(column, some):
                value = str(row.get(column, ""))
                if value in some:
                    found.setdefault(value, []).append(RemoteRecord(str(row["_id"]), self._declared(row)))
        return found

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """The vendor's answer holds the new id at top level."""
        # The payload's own value stands: it is what a later look-up by our key asks for.
        data = {self._our_key: key, **self._own(payload)}
        answer = self._write("create", {"object_data": {**data, **self._names()}})
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
        data = self._own(payload)
        try:
            self._write("update", {"object_data": {**data, **self._names(), "_id": remote_key}})
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

    def _rows(self, column: str, values: list[str]) -> list[Json]:
        rows: list[Json] = []
        after: list[Json] = []
        while True:
            info = {
                "limit": _PAGE,
                "offset": 0,
                "filters": [{"field_name": column, "operator": "IN", "field_values": values}, *after],
                "orders": [{"fieldName": "_id", "isAsc": True}],
            }
            data = {"dataObjectApiName": self._obj, "find_explicit_total_num": False, "search_query_info": info}
            answer = self._api.call(data_path(self._obj, "query"), {"data": data})
            page = (answer.get("data") or {}).get("dataList") or []
            rows += page
            if len(page) < _PAGE:
                return rows
            after = [{"field_name": "_id", "operator": "GT", "field_values": [page[-1]["_id"]]}]

    def _get(self, key: str) -> Json:
        data = {"dataObjectApiName": self._obj, "objectDataId": key}
        row = self._api.call(data_path(self._obj, "get"), {"data": data}).get("data")
        return row if isinstance(row, dict) else {}

    def _write(self, action: str, data: Json) -> Json:
        return self._api.call(data_path(self._obj, action), {**self._switches, "data": data}, write=True)

    def _names(self) -> Json:
        return {"dataObjectApiName": self._obj, "object_describe_api_name": self._obj}

    def _own(self, payload: Mapping[str, Any]) -> Json:
        """The payload with our key under this tenant's field name."""
        return {self._our_key if name == self._declared_key else name: value for name, value in payload.items()}

    def _declared(self, row: Json) -> Json:
        return {**row, self._declared_key: row.get(self._our_key)} if self._declared_key else row

    def _what(self, action: str) -> str:
        return f"{self._api.client.name}: {action} {self._obj}"


def _same(stored: Any, sent: Any) -> bool:
    return (stored in (None, "", []) and sent in (None, "", [])) or stored == sent or str(stored) == str(sent)
