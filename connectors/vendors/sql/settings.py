"""The ``streams`` and ``writes`` settings of a database connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectors.sdk import entries
from connectors.sdk.manifest import Label
from connectors.sdk.strict import Strict

Scalar = str | int | bool | None


def _names(value: Any) -> Any:
    return dict.fromkeys(value, "") if isinstance(value, list) else value


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
    key: Annotated[tuple[str, ...], BeforeValidator(entries.one_or_list)] = Field(min_length=1)
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


def parse(connection: str, settings: Mapping[str, Any]) -> tuple[dict[str, SqlStream], dict[str, SqlWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = entries.typed("streams", settings["streams"], SqlStream, problems)
    writes = entries.typed("writes", settings["writes"], SqlWrite, problems)
    entries.read_back(writes, streams, problems)
    entries.refuse(connection, problems, SqlStream, SqlWrite, code="sql-settings")
    return streams, writes
