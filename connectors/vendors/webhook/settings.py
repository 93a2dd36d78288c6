"""The ``streams``, ``writes`` and ``webhooks`` settings of a webhook connection, typed and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, ValidationError

from connectors.sdk.manifest import Label, Manifest
from connectors.sdk.strict import Strict
from connectors.sdk.webhook.declared import webhooks_of
from tongmai.core.errors import ConfigurationError


def _parts(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class EventStream(Strict):
    """A stream that events feed. There is nothing to read it from."""

    key: Annotated[tuple[str, ...], BeforeValidator(_parts)] = Field(min_length=1)
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


M = TypeVar("M", bound=Strict)


def parse(
    connection: str, manifest: Manifest, settings: Mapping[str, Any]
) -> tuple[dict[str, EventStream], dict[str, EventWrite]]:
    """Streams and writes by name. Raises ``ConfigurationError`` with all mistakes."""
    problems: list[str] = []
    streams = _each("streams", settings["streams"], EventStream, problems)
    writes = _each("writes", settings["writes"], EventWrite, problems)
    for name, write in writes.items():
        if write.stream not in streams:
            problems.append(f"`writes.{name}.stream`: there is no stream `{write.stream}`")
        if write.key_enforced and not write.our_key:
            problems.append(f"`writes.{name}.key_enforced`: it needs `our_key`")
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
    if problems:
        raise ConfigurationError(
            f"connection `{connection}`",
            "; ".join(problems),
            f"a stream has: {', '.join(EventStream.model_fields)}; a write has: {', '.join(EventWrite.model_fields)}",
            code="webhook-settings",
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
