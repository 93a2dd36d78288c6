"""The ``streams`` and ``writes`` settings of a bus connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from connectors.sdk import entries
from connectors.sdk.manifest import Label
from connectors.sdk.strict import Strict

MESSAGE_KEY = "@key"
"""As a stream's key: the message's own key, which becomes a member of that name."""


class Deleted(Strict):
    """Messages that say that a record is gone: the member at ``field`` has one of ``values``."""

    field: str
    values: tuple[str, ...] = Field(min_length=1)


class BusStream(Strict):
    """A stream, queue or topic that is read.

    ``body``: Redis only, the field that holds the JSON text; without it the fields themselves are the record.
    ``begin``: where a group that is new starts.
    """

    source: str = Field(alias="from", min_length=1)
    key: Annotated[tuple[str, ...], BeforeValidator(entries.one_or_list)] = Field(min_length=1)
    body: str = ""
    deletes: Literal["visible", "never"]
    deleted: Deleted | None = None
    begin: Literal["oldest", "new"] = "oldest"
    columns: dict[str, str] = Field(default_factory=dict)
    label: Label | None = None

    @model_validator(mode="after")
    def _deletes_are_told(self) -> BusStream:
        if (self.deletes == "visible") != (self.deleted is not None or self.tombstones):
            raise ValueError(
                "`deletes: visible` needs `deleted` (or Kafka's empty messages with `key: '@key'`), and the reverse"
            )
        return self

    @property
    def tombstones(self) -> bool:
        """Whether a message without a body says that its key is gone."""
        return self.key == (MESSAGE_KEY,) and self.deletes == "visible"


class BusWrite(Strict):
    """Where records are published. ``key``: the payload's member that is the record's key; ``at_most``: entries kept (Redis)."""

    to: str = Field(min_length=1)
    exchange: str = ""
    stream: str
    key: str
    our_key: str = ""
    key_enforced: bool = False
    search: tuple[str, ...] = ()
    keep_days: int = Field(default=30, ge=1, le=3650)
    at_most: int = Field(default=0, ge=0)
    label: Label | None = None

    def problems(self, kind: str) -> list[str]:
        """What this kind of bus cannot promise."""
        found = []
        if (self.key_enforced or self.search) and kind != "redis":
            found.append("key_enforced and search are for redis: a queue and a topic take a message twice")
        if (self.key_enforced or self.search) and not self.our_key:
            found.append("key_enforced and search need `our_key`")
        if set(self.search) - {self.our_key}:
            found.append("only `our_key` can be looked up")
        if self.exchange and kind != "amqp":
            found.append("`exchange` is for amqp")
        if self.at_most and kind != "redis":
            found.append("`at_most` is for redis")
        return found


def parse(connection: str, settings: Mapping[str, Any]) -> tuple[dict[str, BusStream], dict[str, BusWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = entries.typed("streams", settings["streams"], BusStream, problems)
    writes = entries.typed("writes", settings["writes"], BusWrite, problems)
    kind = str(settings["kind"])
    for name, stream in streams.items():
        if stream.body and kind != "redis":
            problems.append(f"`streams.{name}.body` is for redis: other messages are one body")
        if MESSAGE_KEY in stream.key and kind == "redis":
            problems.append(f"`streams.{name}.key`: an entry of a Redis stream has no key of its own")
    entries.read_back(writes, streams, problems)
    for name, write in writes.items():
        problems += [f"`writes.{name}`: {problem}" for problem in write.problems(kind)]
    entries.refuse(connection, problems, BusStream, BusWrite, code="bus-settings")
    return streams, writes
