"""Writes one entity set: creates, changes under the entity's own ETag, looks up by a field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from connectors.sdk import RemoteRecord, Written, wire
from connectors.sdk.declared.answers import ExistsError, GoneError
from connectors.sdk.functions import as_text
from connectors.vendors.odata.service import CHANGED, Service
from connectors.vendors.odata.settings import ODataStream, ODataWrite
from connectors.vendors.odata.values import address, joined_key, literal, plain, sent
from tongmai.core.errors import ConfigurationError, OutcomeUnknownError, RemoteRefusedError, RetryableError

_VALUES = 20
"""How many values one filter asks for: addresses are bounded."""
_TRIES = 3
_KEY_VALUE = re.compile(r"(?:([^\W\d]\w*)\s*=\s*)?((?:[a-zA-Z]+)?'(?:[^']|'')*'|[^,']+)")


class SetWriter:
    """Writes one object."""

    def __init__(self, service: Service, name: str, write: ODataWrite, stream: ODataStream, method: str) -> None:
        self._service = service
        self._what = f"{service.caller.name}: {name}"
        self._write = write
        self._stream = stream
        self._method = method

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """Entities by one field."""
        found: dict[str, list[RemoteRecord]] = {}
        wanted = list(dict.fromkeys(values))
        edm = self._stream.type_of(field)
        for start in range(0, len(wanted), _VALUES):
            some = wanted[start : start + _VALUES]
            terms = [f"{field} eq {literal(self._service.version, edm, value)}" for value in some]
            for rows, _ in self._service.pages(self._write.set, {"$filter": " or ".join(terms)}):
                for row in rows:
                    data = self._plain(row)
                    shown, key = as_text(data.get(field)), self._key(data)
                    if shown in some and key:
                        decoded = wire.decode(self._what, wire.canonical(data))
                        found.setdefault(shown, []).append(RemoteRecord(key, decoded))
        return found

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """POST to the set; lists in the payload go along as a deep insert."""
        try:
            heard = self._service.write("POST", self._write.set, self._sent(payload))
        except ExistsError as error:
            return self._existing(key, error)
        if heard.answer.body:
            entity = self._service.entity(heard)
            made = self._key(self._plain(entity))
            version = self._service.etag(heard, entity)
        else:
            headers = heard.scope["headers"]
            made = key_of_address(str(headers.get("odata-entityid") or headers.get("location") or ""), self._stream)
            version = str(headers.get("etag") or "")
        if not made:
            raise OutcomeUnknownError(
                f"{self._what}: create",
                "the answer holds no key",
                "look the record up before trying again",
                code="no-key",
            )
        return Written(made, version)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Change the given fields, under the entity's ETag.

        When somebody else changed the entity meanwhile, it is read again: where the fields that we write stayed as they
        were, the change is sent under the new ETag; where one of them changed too, nothing is overwritten.
        """
        path, shown = self._path(remote_key), f"{self._write.set}(key)"
        seen: dict[str, Any] | None = None
        for _ in range(_TRIES):
            heard = self._service.get(path, shown=shown)
            entity = self._service.entity(heard)
            now = {name: self._plain(entity).get(name) for name in payload}
            if seen is not None and now != seen:
                changed = ", ".join(sorted(name for name in now if now[name] != seen[name]))
                raise RetryableError(
                    f"{self._what}: update", f"somebody changed {changed} at the same moment; nothing was written",
                    "read the stream, so that the hub knows that change; then it is tried again", code="odata-conflict",
                )  # fmt: skip
            seen = now
            etag = self._service.etag(heard, entity)
            try:
                done = self._send(path, shown, entity, payload, etag)
            except RemoteRefusedError as error:
                if error.code != CHANGED:
                    raise
                continue
            return Written(remote_key, str(done.scope["headers"].get("etag") or ""))
        raise RetryableError(
            f"{self._what}: update", f"the entity changed in each of {_TRIES} tries", "it is tried again later",
            code="odata-conflict",
        )  # fmt: skip

    def deactivate(self, remote_key: str) -> Written:
        switch = self._switch("deactivate")
        try:
            return self.update(remote_key, {switch.field: switch.off})
        except GoneError:
            return Written(remote_key)

    def activate(self, remote_key: str) -> Written:
        switch = self._switch("activate")
        return self.update(remote_key, {switch.field: switch.on})

    def _send(self, path: str, shown: str, entity: dict[str, Any], payload: Mapping[str, Any], etag: str) -> Any:
        headers = {"If-Match": etag} if etag else {}
        method, body = "PATCH", self._sent(payload)
        if self._method == "merge":
            method, headers = "POST", {**headers, "X-HTTP-Method": "MERGE"}  # proxies know no MERGE
        elif self._method == "put":
            method, body = "PUT", {**self._sent(_own(entity)), **body}
        return self._service.write(method, path, body, headers, shown)

    def _existing(self, key: str, error: ExistsError) -> Written:
        field = self._write.our_key
        found = self.find(field, [key]).get(key, []) if field in self._write.search else []
        if len(found) != 1:
            raise error
        return Written(found[0].key)

    def _switch(self, what: str) -> Any:
        if self._write.deactivate is None:
            raise ConfigurationError(
                f"{self._what}: {what}",
                "the write declares no `deactivate`",
                "declare {field, off, on}, or choose another delete policy",
                code="undeclared-call",
            )
        return self._write.deactivate

    def _path(self, key: str) -> str:
        parts = [(name, self._stream.type_of(name)) for name in self._stream.key]
        return f"{self._write.set}{address(self._service.version, parts, key)}"

    def _sent(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = sent(dict(payload), self._service.version, self._stream.columns)
        return made

    def _plain(self, row: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = plain(row, self._service.version, self._service.follow)
        return made

    def _key(self, data: Mapping[str, Any]) -> str:
        return joined_key([data.get(name) for name in self._stream.key])


def key_of_address(id: str, stream: ODataStream) -> str:
    """The key in an entity's address, as ``https://host/svc/Set(A='x',B=1)``; empty when there is none."""
    path = unquote(id.partition("?")[0]).rstrip("/")
    if not path.endswith(")") or "(" not in path:
        return ""
    inside = path[path.rindex(f"{stream.set}(") + len(stream.set) + 1 : -1] if f"{stream.set}(" in path else ""
    values: dict[str, str] = {}
    for name, text in _KEY_VALUE.findall(inside):
        shown = text[text.index("'") + 1 : -1].replace("''", "'") if text.endswith("'") else text.rstrip("LMdf")
        values[name or stream.key[0]] = shown
    return joined_key([values.get(name) for name in stream.key])


def _own(entity: Mapping[str, Any]) -> dict[str, Any]:
    """The entity's own properties, without links and the protocol's members."""
    return {
        name: value
        for name, value in entity.items()
        if name != "__metadata" and "@" not in name and not isinstance(value, (dict, list))
    }
