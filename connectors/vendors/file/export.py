"""Write records as files, one for each record: whole or not at all, and found again by the key in its name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from connectors.sdk import RemoteRecord, Written, wire
from connectors.vendors.file.place import Place
from connectors.vendors.file.streams import FileStream, FileWrite
from tongmai.core import clock
from tongmai.core.errors import ConfigurationError, RecordError, RemoteRefusedError

_UNSAFE = re.compile(r'[/\\:*?"<>|%\x00-\x1f\x7f]|^[. ]|[. ]$')
_LONGEST = 200


class FileWriter:
    """Writes one kind of record."""

    def __init__(self, where: str, place: Place, write: FileWrite, stream: FileStream) -> None:
        if stream.key != (write.our_key,) or stream.format != write.format:
            raise ConfigurationError(
                where,
                f"stream `{write.stream}` has the key {', '.join(stream.key)} and the format {stream.format}",
                f"give it the key `{write.our_key}` and the format `{write.format}`",
                code="file-settings",
            )
        self._where = where
        self._place = place
        self._write = write
        self._stream = stream

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """The files whose names have these keys."""
        if field != self._write.our_key:
            raise ConfigurationError(
                self._where,
                f"files are not found by `{field}`",
                f"search by `{self._write.our_key}`",
                code="file-settings",
            )
        names = self._names()
        return {
            value: [RemoteRecord(value, self._content(names[safe]))]
            for value in dict.fromkeys(values)
            if (safe := _safe(value)) in names
        }

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """The record's file. A repeated create replaces it, also where its name has another day in it."""
        data = {self._write.our_key: key, **payload}
        return self._put(str(data[self._write.our_key]), data)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """The file with these fields changed; where the receiver took it away, a new one with the key and these fields."""
        name = self._names().get(_safe(remote_key))
        before = self._content(name) if name is not None else {self._write.our_key: remote_key}
        return self._put(remote_key, {**before, **payload}, name)

    def deactivate(self, remote_key: str) -> Written:
        raise self._no_switch()

    def activate(self, remote_key: str) -> Written:
        raise self._no_switch()

    def _put(self, key: str, data: Mapping[str, Any], name: str | None = None) -> Written:
        safe = _safe(key)
        if len(safe.encode()) > _LONGEST:
            raise RemoteRefusedError(
                self._where, f"the key is too long for a file's name: `{key[:80]}…`", code="bad-column"
            )
        today = f"{clock.now():%Y%m%d}"
        name = name or self._names().get(safe) or self._write.file.format(key=safe, date=today)
        self._place.put(name, self._bytes(data), gated=True)
        return Written(key)

    def _names(self) -> dict[str, str]:
        """The files that are there, by the key in their names."""
        folder, _, last = self._write.file.rpartition("/")
        if "{" in folder:
            raise ConfigurationError(
                self._where, "the folder has {key} or {date} in it", "put them into the name", code="file-settings"
            )
        shape = re.escape(last).replace(r"\{key\}", "(?P<key>.+)").replace(r"\{date\}", r"\d{8}")
        listed = self._place.list(f"{folder}/*" if folder else "*") or []
        found = {}
        for entry in listed:
            match = re.fullmatch(shape, PurePosixPath(entry.name).name, re.DOTALL)
            if match is not None:
                found[match["key"]] = entry.name
        return found

    def _content(self, name: str) -> dict[str, Any]:
        entry = self._place.entry(name)
        if entry is None:
            raise RemoteRefusedError(self._where, f"file {name} went away", "it is written anew", code="file-gone")
        with self._place.fetched(entry) as file:
            raw = file.read()
        if self._write.format == "jsonl":
            return wire.decode(name, raw)
        rows = list(csv.DictReader(io.StringIO(raw.decode(self._stream.encoding)), delimiter=self._stream.delimiter))
        if len(rows) != 1:
            raise RecordError(f"file {name}", f"{len(rows)} rows, one is expected", code="undecodable")
        return dict(rows[0])

    def _bytes(self, data: Mapping[str, Any]) -> bytes:
        columns = self._write.columns
        unknown = [name for name in data if columns and name not in columns]
        if unknown:
            raise ConfigurationError(
                self._where,
                f"column `{unknown[0]}` is not among its columns ({', '.join(columns)})",
                "add it to `columns`, or correct the mapping",
                code="file-settings",
            )
        if self._write.format == "jsonl":
            text = wire.canonical(data).decode() + "\n"
            return text.encode(self._stream.encoding)
        out = io.StringIO()
        rows = csv.writer(out, delimiter=self._stream.delimiter, lineterminator="\r\n")
        rows.writerow(columns)
        rows.writerow([_cell(data.get(name)) for name in columns])
        try:
            return out.getvalue().encode(self._stream.encoding)
        except UnicodeEncodeError as error:
            raise RemoteRefusedError(
                self._where,
                f"`{error.object[error.start : error.end]}` is not in {self._stream.encoding}",
                code="bad-column",
            ) from None

    def _no_switch(self) -> ConfigurationError:
        return ConfigurationError(
            self._where,
            "a file has no switch for on and off",
            "write `deletes: ignore` in the sync",
            code="file-settings",
        )


def _safe(key: str) -> str:
    """The key as a part of a file's name, another key always another name."""
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), key)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else wire.canonical(value).decode()
