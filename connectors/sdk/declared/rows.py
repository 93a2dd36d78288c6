"""From a row of an answer to a record: its key, its time of change, its fingerprint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from connectors.sdk import moment, wire
from connectors.sdk.declared.texts import ROW
from connectors.sdk.expression import Expression, Scope, compile_expression
from connectors.sdk.functions import as_text
from connectors.sdk.key import fields_of, joined
from connectors.sdk.lazy import LazyList, LazyObject, plain
from connectors.sdk.manifest import Stream
from tongmai.core.errors import ProtocolError
from tongmai.core.record import Record, fingerprint

_exact = msgspec.json.Decoder(float_hook=Decimal)
GONE = b"\x00" * 16
"""The fingerprint of a record that is known to be gone by its key only."""
Hook = Callable[[dict[str, Any]], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A row made into a record. ``at``: its time of change, where the stream has one; ``open``: it may change unnoticed."""

    record: Record
    at: datetime | None = None
    open: bool = False


def listed(value: Any, what: str) -> list[Any]:
    """The rows an answer holds: raw bytes where they are JSON objects. Nothing is no rows."""
    if value is None:
        return []
    if isinstance(value, LazyList):
        return list(value.raws)
    if isinstance(value, (list, tuple)):
        return list(value)
    raise ProtocolError(
        what, f"rows are expected, got {type(value).__name__}", "correct `rows` in the manifest", code="no-rows"
    )


class RowMaker:
    """Makes the rows of one stream into records."""

    def __init__(
        self,
        what: str,
        stream: Stream,
        settings: Mapping[str, Any],
        hook: Hook | None = None,
        own_names: Mapping[str, str] | None = None,
    ) -> None:
        read = stream.read
        since = read.since if read else None
        self._what = what
        self._settings = settings
        self._hook = hook
        self._renamed = {own: name for name, own in (own_names or {}).items()}
        self._volatile = stream.volatile
        self._keys = fields_of(stream.key)
        self._time = since.field if since else ""
        self._form = since.format if since else ""
        self._zone = ""
        names = ROW | frozenset(settings)
        self._removed = _compiled(read.removed if read else "", names)
        self._only = _compiled(read.only if read else "", names)
        self._open = _compiled(since.unfinished if since else "", names)
        simple = all(part and "." not in part for part in (*self._keys, self._time or "x"))
        whole = bool(
            hook or self._renamed or self._removed or self._only or self._open or self._volatile or stream.canonical
        )
        self._head = None if whole or not simple else self._head_decoder()

    def _head_decoder(self) -> msgspec.json.Decoder[Any]:
        """Decodes only the key and the time of a row, and skips the rest."""
        names = [*self._keys, *([self._time] if self._time else [])]
        fields = [(f"m{at}", Any, None) for at in range(len(names))]
        kind = msgspec.defstruct("Head", fields, rename={f"m{at}": name for at, name in enumerate(names)})
        return msgspec.json.Decoder(kind, float_hook=Decimal)

    def zone(self, name: str) -> None:
        """The zone of times that say none."""
        self._zone = name

    def make(self, raw: Any, scope: Scope) -> Row | None:
        """The row's record; None when it is not of this stream. ``scope`` holds ``parent`` and ``body``."""
        if self._head is not None and isinstance(raw, msgspec.Raw):
            return self._quick(bytes(raw))
        data = self.data(raw)
        if not isinstance(data, dict):
            return Row(self._broken(raw, f"an object is expected, got {type(data).__name__}"))
        row_scope = {**self._settings, **scope, "row": data}
        if self._only is not None and not self._only(row_scope):
            return None
        removed = bool(self._removed is not None and self._removed(row_scope))
        if self._renamed:
            data = {self._renamed.get(name, name): value for name, value in data.items()}
        if self._hook is not None:
            made = self._hook(data)
            if made is None:
                return None
            data = made
        key = self._key([inside(data, path) for path in self._keys])
        if not key:
            return Row(self._broken(data, f"no usable key in {', '.join(self._keys)}"))
        stamp = inside(data, self._time) if self._time else None
        still = bool(self._open is not None and self._open(row_scope))
        op = "delete" if removed else "upsert"
        record = wire.record(key, data, self._volatile, op=op, version="" if stamp is None else as_text(stamp))  # type: ignore[arg-type]
        return Row(record, self._at(stamp), still and not removed)

    def data(self, raw: Any) -> Any:
        """A row decoded, numbers with all their digits."""
        if isinstance(raw, (msgspec.Raw, bytes)):
            try:
                return _exact.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return None
        return plain(raw) if isinstance(raw, (LazyObject, LazyList)) else raw

    def key_of(self, raw: Any) -> str:
        """The key of a row of a list that has only keys: the row itself, or its key's members."""
        data = self.data(raw)
        return self._key([inside(data, path) for path in self._keys] if isinstance(data, dict) else [data])

    def _quick(self, raw: bytes) -> Row:
        try:
            head = self._head.decode(raw)  # type: ignore[union-attr]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Row(self._broken(raw, f"the row does not decode: {error}"))
        values = [getattr(head, f"m{at}") for at in range(len(self._keys))]
        key = self._key(values)
        if not key:
            return Row(self._broken(raw, f"no usable key in {', '.join(self._keys)}"))
        stamp = getattr(head, f"m{len(values)}") if self._time else None
        return Row(Record(key, raw, fingerprint(raw), version="" if stamp is None else as_text(stamp)), self._at(stamp))

    def _key(self, values: list[Any]) -> str:
        if any(value is None or value == "" or isinstance(value, (bool, dict, list)) for value in values):
            return ""
        return joined([as_text(value) for value in values])

    def _at(self, stamp: Any) -> datetime | None:
        if not self._time or stamp is None or stamp == "":
            return None
        try:
            return moment.read(stamp, self._form, self._zone)
        except ValueError:
            raise ProtocolError(
                self._what,
                f"`{self._time}` is `{stamp}`, which is not {self._form}",
                "correct `since.format` in the manifest",
                code="cursor-unreadable",
            ) from None

    def _broken(self, raw: Any, problem: str) -> Record:
        data = bytes(raw) if isinstance(raw, (msgspec.Raw, bytes)) else wire.canonical(plain(raw))
        print_ = fingerprint(data)
        return Record(f"row {print_.hex()}", data, print_, op="broken", problem=problem)


def inside(data: Any, path: str) -> Any:
    """The member at a dotted path; None when it is not there."""
    for step in path.split("."):
        if not isinstance(data, Mapping):
            return None
        data = data.get(step)
    return data


def gone(key: str, version: str = "") -> Record:
    """The record of a key that is known to be gone."""
    return Record(key, b"", GONE, op="delete", version=version)


def _compiled(text: str, names: frozenset[str]) -> Expression | None:
    return compile_expression(text, names) if text else None
