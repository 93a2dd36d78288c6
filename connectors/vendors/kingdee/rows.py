"""Queries of one form: which fields are asked for, how rows become nested records, how times are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.vendors.kingdee.api import Json, KingdeeApi
from tongmai.core.errors import ConfigurationError, ProtocolError

MODIFIED, APPROVED = "FModifyDate", "FApproveDate"


class Form:
    """One form (``BD_Customer``) as it can be queried. ``key`` is its id field."""

    def __init__(
        self, api: KingdeeApi, form: str, key: str, fields: Sequence[str], settings: Mapping[str, Any]
    ) -> None:
        self.api = api
        self.form = form
        self.key = key
        left_out = set(_names("without_fields", settings)) - {key, MODIFIED}
        self.fields = [
            name for name in dict.fromkeys([*fields, *_names("extra_fields", settings)]) if name not in left_out
        ]
        self._service = str(settings["query"])

    def query(self, where: str, order: str, limit: int, fields: Sequence[str] = ()) -> list[Json]:
        """Rows as nested dictionaries: ``FCreateOrgId.FNumber`` becomes ``{"FCreateOrgId": {"FNumber": …}}``."""
        names = list(fields) or self.fields
        data = {
            "FormId": self.form,
            "FieldKeys": ",".join(names),
            "FilterString": where,
            "OrderString": order,
            "TopRowCount": 0,
            "StartRow": 0,
            "Limit": limit,
            "SubSystemId": "",
        }
        answer = self.api.call(self._service, {"data": data})
        if not isinstance(answer, list):
            raise self._shape(f"a list of rows is expected, got {type(answer).__name__}")
        return [self._record(names, row) for row in answer]

    def _record(self, names: Sequence[str], row: Any) -> Json:
        if isinstance(row, dict):
            pairs: Iterable[tuple[str, Any]] = row.items()
        elif isinstance(row, list) and len(row) == len(names):
            pairs = zip(names, row, strict=True)
        else:
            raise self._shape(f"a row does not have the {len(names)} fields asked for")
        record = nested(pairs)
        if record.get(self.key) in (None, ""):
            raise self._shape(f"a row has no {self.key}")
        return record

    def _shape(self, why: str) -> ProtocolError:
        return ProtocolError(
            f"{self.api.client.name}: query {self.form}", why, "check the setting `query`", code="kingdee-shape"
        )


def nested(pairs: Iterable[tuple[str, Any]]) -> Json:
    """Dotted names as nested dictionaries."""
    out: Json = {}
    for name, value in pairs:
        head, _, tail = name.partition(".")
        if not tail:
            out[head] = value
            continue
        inner = out.setdefault(head, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(
                f"field `{name}`",
                f"`{head}` is also given by itself",
                f"use only `{name}` or only `{head}`",
                code="field-clash",
            )
        inner[tail] = value
    return out


def quoted(value: str) -> str:
    """A text in a FilterString."""
    return "'" + value.replace("'", "''") + "'"


def zone(settings: Mapping[str, Any]) -> ZoneInfo:
    """The server's time zone: its times carry none."""
    try:
        return ZoneInfo(str(settings["time_zone"]))
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            "setting time_zone",
            f"`{settings['time_zone']}` is not a time zone",
            "write it as Asia/Shanghai",
            code="bad-time-zone",
        ) from None


def parse_time(text: Any) -> datetime | None:
    """A server time without zone; None when empty. Raises ``ProtocolError`` for anything else."""
    if text in (None, ""):
        return None
    try:
        return datetime.fromisoformat(str(text).strip().replace(" ", "T", 1)).replace(tzinfo=None)
    except ValueError:
        raise ProtocolError(
            "server time", f"`{text}` is not a date and time", "check the field's type", code="kingdee-time"
        ) from None


def filter_time(moment: datetime) -> str:
    """A time in a FilterString, to the second."""
    return quoted(moment.strftime("%Y-%m-%d %H:%M:%S"))


def _names(setting: str, settings: Mapping[str, Any]) -> list[str]:
    value = settings.get(setting) or []
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ConfigurationError(
            f"setting {setting}", "a list of field names is expected", "write [FName, F_XXX]", code="bad-fields"
        )
    return value
