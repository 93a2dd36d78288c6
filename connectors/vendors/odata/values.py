"""Values on the wire of both versions: literals of a query, dates of v2, keys of an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from urllib.parse import quote

from connectors.sdk.functions import as_text
from connectors.sdk.key import joined
from connectors.sdk.key import parts as parts_of
from tongmai.core.errors import RecordError

_DATE: Final = re.compile(r"/Date\((-?\d{1,15})(?:([+-])(\d{1,4}))?\)/")
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUOTED_V2: Final = {
    "Edm.DateTime": "datetime",
    "Edm.DateTimeOffset": "datetimeoffset",
    "Edm.Guid": "guid",
    "Edm.Time": "time",
    "Edm.Binary": "X",
}
_SUFFIX_V2: Final = {"Edm.Int64": "L", "Edm.Decimal": "M", "Edm.Double": "d", "Edm.Single": "f"}
_PLAIN: Final = re.compile(r"[A-Za-z0-9.:+_-]*")
Follow = Callable[[str], tuple[list[Any], str]]


def literal(version: str, edm: str, value: Any) -> str:
    """A value as a query of this version writes it. Raises ``RecordError`` for one that is none of its type."""
    text = as_text(value)
    if edm == "Edm.String":
        return "'" + text.replace("'", "''") + "'"
    if not _PLAIN.fullmatch(text) or not text:
        raise RecordError(f"value of {edm}", f"`{text[:80]}` is none", "mend the value", code="odata-value")
    if edm == "Edm.DateTimeOffset":
        text = text.replace("+00:00", "Z")
    if version == "v4":
        return text
    if edm in _QUOTED_V2:
        return f"{_QUOTED_V2[edm]}'{text}'"
    return text + _SUFFIX_V2.get(edm, "")


def address(version: str, parts: Sequence[tuple[str, str]], key: str) -> str:
    """The key in a path, ``('4711')`` or ``(SalesOrder='1',SalesOrderItem='10')``; ``parts``: names and types."""
    values = split_key(key, len(parts))
    shown = [quote(literal(version, edm, value), safe="'") for (_, edm), value in zip(parts, values, strict=True)]
    if len(shown) == 1:
        return f"({shown[0]})"
    return "(" + ",".join(f"{name}={value}" for (name, _), value in zip(parts, shown, strict=True)) + ")"


def joined_key(values: Sequence[Any]) -> str:
    """Our key of a record; parts of a key of several are told apart whatever is in them. Empty when one is missing."""
    if any(value in (None, "") or isinstance(value, (bool, dict, list)) for value in values):
        return ""
    return joined([as_text(value) for value in values])


def split_key(key: str, count: int) -> list[str]:
    """The parts of a key. Raises ``RecordError``."""
    try:
        return parts_of(key, count)
    except ValueError as error:
        raise RecordError(f"key `{key}`", f"{error}, as the set's key has", "correct it", code="odata-value") from None


def plain(value: Any, version: str, follow: Follow) -> Any:
    """A row without the protocol's own members, dates as ISO 8601, expanded lists whole (``follow`` gives what is left)."""
    if isinstance(value, str):
        return _iso(value) if version == "v2" and value.startswith("/Date(") else value
    if isinstance(value, list):
        return [plain(each, version, follow) for each in value]
    if not isinstance(value, Mapping):
        return value
    if version == "v2" and isinstance(value.get("results"), list) and set(value) <= {"results", "__count", "__next"}:
        return _whole(list(value["results"]), value.get("__next"), version, follow)
    found: dict[str, Any] = {}
    for name, each in value.items():
        if name == "__metadata" or "@" in name or (isinstance(each, Mapping) and "__deferred" in each):
            continue
        onward = value.get(f"{name}@odata.nextLink", value.get(f"{name}@nextLink"))
        found[name] = _whole(list(each), onward, version, follow) if onward else plain(each, version, follow)
    return found


def _whole(rows: list[Any], onward: Any, version: str, follow: Follow) -> list[Any]:
    while onward:
        more, onward = follow(str(onward))
        rows += more
    return [plain(each, version, follow) for each in rows]


def _iso(text: str) -> str:
    """``/Date(ms)/`` has no zone, ``/Date(ms+minutes)/`` has one; milliseconds count from 1970 in UTC. Others stay."""
    found = _DATE.fullmatch(text)
    if not found:
        return text
    try:
        moment = _START + timedelta(milliseconds=int(found[1]))
        if found[2]:
            minutes = int(found[3]) * (1 if found[2] == "+" else -1)
            moment = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except (OverflowError, ValueError):
        return text
    shown = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return shown if found[2] else shown[:-6]


def sent(data: Any, version: str, types: Mapping[str, str]) -> Any:
    """A payload as this version takes it: v2 wants its own dates, and 64-bit numbers and decimals as text."""
    if isinstance(data, list):
        return [sent(each, version, types) for each in data]
    if isinstance(data, Mapping):
        return {
            name: sent(each, version, types) if isinstance(each, (list, Mapping)) else _value(each, version, types.get(name, ""))
            for name, each in data.items()
        }  # fmt: skip
    return data


def _value(value: Any, version: str, edm: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if edm in ("Edm.Decimal", "Edm.Int64"):
        return as_text(value)
    if version == "v4" or edm not in ("Edm.DateTime", "Edm.DateTimeOffset") or str(value).startswith("/Date("):
        return value
    try:
        moment = datetime.fromisoformat(as_text(value))
    except ValueError:
        raise RecordError(
            f"value of {edm}",
            f"`{as_text(value)[:80]}` is no time as 2026-11-01T08:00:00Z",
            "mend it",
            code="odata-value",
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    zone = "+0000" if edm == "Edm.DateTimeOffset" else ""
    return f"/Date({(aware - _START) // timedelta(milliseconds=1)}{zone})/"
