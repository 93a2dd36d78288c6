"""Values between the database and JSON, both ways, without a digit lost; keys and cursors as text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from connectors.sdk import key, wire
from connectors.sdk.plain import UnreadableError, plain

_YES, _NO = ("true", "1", "t", "yes"), ("false", "0", "f", "no")


def of_column(value: Any, kind: sa.types.TypeEngine[Any] | None = None) -> Any:
    """A value as it came from the driver, as JSON holds it. ``kind`` is the column's type where that changes its meaning."""
    return plain(value) if kind is None or value is None else _by_kind(value, kind)


def _by_kind(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    """Databases without booleans and JSON of their own give numbers and text."""
    if type(value) is int:
        return bool(value) if isinstance(kind, sa.Boolean) and value in (0, 1) else value
    if type(value) is str and isinstance(kind, sa.JSON):
        try:
            return wire.parse(value.encode())
        except ValueError:
            raise UnreadableError("it is not JSON") from None
    return plain(value)


def for_column(value: Any, kind: sa.types.TypeEngine[Any], zone: ZoneInfo) -> Any:
    """A payload's value as the column's type takes it. Raises ``UnreadableError`` when it does not fit."""
    if value is None:
        return None
    if isinstance(kind, sa.JSON):
        return value
    if isinstance(value, (list, dict)):
        if isinstance(kind, sa.ARRAY) and isinstance(value, list):
            return [for_column(one, kind.item_type, zone) for one in value]
        raise UnreadableError("a list or an object fits no column but a JSON one")
    try:
        return _typed(value, kind, zone)
    except (ValueError, InvalidOperation, binascii.Error):
        raise UnreadableError(f"`{value}` does not fit the type {kind}") from None


def _typed(value: Any, kind: sa.types.TypeEngine[Any], zone: ZoneInfo) -> Any:
    text = str(value)
    if isinstance(kind, sa.Boolean):
        if text.lower() not in (*_YES, *_NO):
            raise UnreadableError(f"`{value}` is neither true nor false")
        return text.lower() in _YES
    if isinstance(kind, sa.Integer):
        return int(value) if isinstance(value, bool) else int(text)
    if isinstance(kind, sa.Float):
        return plain(float(text))
    if isinstance(kind, sa.Numeric):
        return plain(Decimal(int(value)) if isinstance(value, bool) else Decimal(text))
    if isinstance(kind, sa.DateTime):
        return _moment(text, kind, zone)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(text)
    if isinstance(kind, sa.Time):
        return time.fromisoformat(text)
    if isinstance(kind, sa.Uuid):
        return UUID(text)
    if isinstance(kind, sa.LargeBinary):
        return base64.b64decode(text, validate=True)
    return value if isinstance(value, str) else _word(value)


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _moment(text: str, kind: sa.DateTime, zone: ZoneInfo) -> datetime:
    """A time for a column with or without a zone; one that says no zone is taken to be in ours."""
    moment = datetime.fromisoformat(text)
    if kind.timezone:
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment


def key_text(values: Sequence[Any]) -> str:
    """The record's key."""
    return key.joined([value if isinstance(value, str) else _word(value) for value in values])


def native(value: Any, dialect: str) -> sa.BindParameter[Any]:
    """A value to compare or store, sent in the driver's own way: a type of SQLAlchemy would cast it, and cut zones off."""
    if isinstance(value, (dict, list)) and not (isinstance(value, list) and dialect == "postgresql"):
        value = wire.canonical(value).decode()
    elif dialect == "sqlite":
        if isinstance(value, datetime):
            value = value.isoformat(" ")
        elif isinstance(value, (Decimal, date, time, UUID)):
            value = str(value)
    elif dialect != "postgresql" and isinstance(value, UUID):
        value = str(value)
    return sa.bindparam(None, value, type_=sa.types.NullType())
