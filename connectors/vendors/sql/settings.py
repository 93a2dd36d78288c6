"""The ``streams`` and ``writes`` settings of a database connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from connectors.sdk.manifest import Label
from tongmai.core.errors import ConfigurationError

Scalar = str | int | bool | None


def _one_or_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _names(value: Any) -> Any:
    return dict.fromkeys(value, "") if isinstance(value, list) else value


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Deleted(Strict):
    """Rows that stand for a deleted record: ``column`` has ``value``, or anything at all with ``any_value``."""

    column: str
    value: Scalar = None
    any_value: bool = False


class SqlStream(Strict):
    """A table or a query read as a stream.

    ``cursor_lag``: transactions of the source may take so many seconds from stamping a row to committing it.
    """

    table: str = ""
    query: str = ""
    key: Annotated[tuple[str, ...], BeforeValidator(_one_or_list)] = Field(min_length=1)
    cursor: str = ""
    cursor_lag: int = Field(default=0, ge=0)
    deleted: Deleted | None = None
    columns: Annotated[dict[str, str], BeforeValidator(_names)] = Field(default_factory=dict)
    page_size: int = Field(default=0, ge=0)
    label: Label | None = None

    @property
    def lag(self) -> timedelta:
        """``cursor_lag`` as a span."""
        return timedelta(seconds=self.cursor_lag)

    @model_validator(mode="after")
    def _one_source(self) -> SqlStream:
        if bool(self.table) == bool(self.query):
            raise ValueError("either `table` or `query` is needed")
        return self


class Switch(Strict):
    """How a record is switched off and on: ``column`` becomes ``off`` or ``on``."""

    column: str
    off: Scalar
    on: Scalar


class SqlWrite(Strict):
    """A table that is written. ``stream`` reads the written rows back and gives their key."""

    table: str
    stream: str
    our_key: str = ""
    key_enforced: bool = False
    search: tuple[str, ...] = ()
    defaults: dict[str, Scalar] = Field(default_factory=dict)
    deactivate: Switch | Literal["delete"] | None = None
    label: Label | None = None


M = TypeVar("M", bound=Strict)


def parse(connection: str, settings: Mapping[str, Any]) -> tuple[dict[str, SqlStream], dict[str, SqlWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = _each("streams", settings["streams"], SqlStream, problems)
    writes = _each("writes", settings["writes"], SqlWrite, problems)
    for name, write in writes.items():
        if write.stream not in streams:
            problems.append(f"`writes.{name}.stream`: there is no stream `{write.stream}`")
        if write.key_enforced and not write.our_key:
            problems.append(f"`writes.{name}.key_enforced`: it needs `our_key`")
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            f"a stream has: {', '.join(SqlStream.model_fields)}; a write has: {', '.join(SqlWrite.model_fields)}",
            code="sql-settings",
        )
    return streams, writes


def _each(key: str, setting: Any, model: type[M], problems: list[str]) -> dict[str, M]:
    if not isinstance(setting, Mapping):
        problems.append(f"`{key}`: a mapping of names is expected")
        return {}
    found: dict[str, M] = {}
    for name, data in setting.items():
        try:
            found[str(name)] = model.model_validate(data)
        except ValidationError as error:
            for item in error.errors(include_url=False, include_input=False):
                place = ".".join(str(step) for step in (key, name, *item["loc"]))
                problems.append(f"`{place}`: {item['msg']}")
    return found
