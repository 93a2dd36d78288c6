"""The ``streams`` and ``writes`` settings of an OData connection, typed and checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectors.sdk import entries
from connectors.sdk.manifest import Label
from connectors.sdk.strict import Strict

_NAME = re.compile(r"[^\W\d]\w*")
TIMES = ("Edm.DateTime", "Edm.DateTimeOffset", "Edm.Date")
GROWING = (*TIMES, "Edm.Int64", "Edm.Int32")


class ODataStream(Strict):
    """An entity set that is read. ``columns`` give each field its Edm type; what is not named counts as text.

    ``paging: key`` asks on from the last key, which stays right while rows move; ``next`` only follows the service's own
    links. ``delta`` follows the service's change links, which tell deletes too.
    """

    set: str = Field(min_length=1)
    key: Annotated[tuple[str, ...], BeforeValidator(entries.parts)] = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    cursor: str = ""
    filter: str = ""
    expand: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    paging: Literal["key", "next"] = "key"
    delta: bool = False
    deletes: Literal["visible", "full-listing", "never"] = "full-listing"
    label: Label | None = None

    @model_validator(mode="after")
    def _fits(self) -> ODataStream:
        if self.delta and self.cursor:
            raise ValueError("changes are read by `cursor` or by `delta`, not by both")
        if self.delta != (self.deletes == "visible"):
            raise ValueError("`deletes: visible` goes with `delta: true`: nothing else tells deletes")
        if self.cursor and self.columns.get(self.cursor) not in GROWING:
            raise ValueError(f"`columns` must give the cursor `{self.cursor}` one of {', '.join(GROWING)}")
        if any(not _NAME.fullmatch(part) for part in self.key):
            raise ValueError("a key is a list of property names")
        return self

    def type_of(self, name: str) -> str:
        """The Edm type of a field."""
        return self.columns.get(name, "Edm.String")


class Switch(Strict):
    """How a record is switched off and on: ``field`` becomes ``off`` or ``on``."""

    field: str
    off: str | int | bool
    on: str | int | bool


class ODataWrite(Strict):
    """An entity set that is written. ``stream`` reads the written records back, and gives keys and types."""

    set: str = Field(min_length=1)
    stream: str
    our_key: str = ""
    key_enforced: bool = False
    search: tuple[str, ...] = ()
    deactivate: Switch | None = None
    label: Label | None = None


def parse(connection: str, settings: Mapping[str, Any]) -> tuple[dict[str, ODataStream], dict[str, ODataWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = entries.typed("streams", settings["streams"], ODataStream, problems)
    writes = entries.typed("writes", settings["writes"], ODataWrite, problems)
    v2 = settings["version"] == "v2"
    for name, stream in streams.items():
        if stream.delta and v2:
            problems.append(f"`streams.{name}.delta` is for v4: v2 services have no standard change links")
    entries.read_back(writes, streams, problems)
    if settings["login"] == "oauth2" and not settings.get("token_url"):
        problems.append("`token_url` is needed for `login: oauth2`")
    entries.refuse(connection, problems, ODataStream, ODataWrite, code="odata-settings")
    return streams, writes
