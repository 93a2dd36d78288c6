"""The ``streams``, ``writes`` and ``webhooks`` settings of a webhook connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from connectors.sdk import entries
from connectors.sdk.manifest import Label, Manifest
from connectors.sdk.strict import Strict
from connectors.sdk.webhook.declared import webhooks_of


class EventStream(Strict):
    """A stream that events feed. There is nothing to read it from."""

    key: Annotated[tuple[str, ...], BeforeValidator(entries.parts)] = Field(min_length=1)
    columns: dict[str, str] = Field(default_factory=dict)
    deletes: Literal["visible", "never"]
    label: Label | None = None


class EventWrite(Strict):
    """A kind of event that is sent. ``type`` begins the events' type; ``key``: the payload's member that is the record's key.

    ``key_enforced``: the receiver drops an event whose id it had already, as Standard Webhooks asks of it.
    """

    type: str = Field(min_length=1, pattern=r"^[A-Za-z0-9._-]+$")
    stream: str
    key: str
    path: str = ""
    our_key: str = ""
    key_enforced: bool = False
    deactivate: bool = False
    label: Label | None = None


def parse(
    connection: str, manifest: Manifest, settings: Mapping[str, Any]
) -> tuple[dict[str, EventStream], dict[str, EventWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = entries.typed("streams", settings["streams"], EventStream, problems)
    writes = entries.typed("writes", settings["writes"], EventWrite, problems)
    entries.read_back(writes, streams, problems)
    if writes and not (settings.get("base_url") and settings.get("secret")):
        problems.append("`writes` need `base_url` and `secret`")
    for name, webhook in webhooks_of(connection, manifest, settings).items():
        for kind, route in webhook.events.types.items():
            if route.ignore:
                continue
            if route.stream not in streams:
                problems.append(
                    f"`webhooks.{name}`: type `{kind}` names the stream `{route.stream}`, which is not there"
                )
            if not route.record and route.operation != "delete":
                problems.append(
                    f"`webhooks.{name}`: type `{kind}` has no `record`: nothing could be read again by its key"
                )
    entries.refuse(connection, problems, EventStream, EventWrite, code="webhook-settings")
    return streams, writes
