"""The hub as a system of its own: the records that flows make travel the same road as everybody's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from connectors.sdk import CheckResult, Page, ReadRequest, Writer
from connectors.sdk.manifest import Label, Lines, Manifest, Stream
from masterdata.model import Entity, Schema
from masterdata.model.entity import Field
from tongmai.core.errors import ConfigurationError, RecordError
from tongmai.flows.spec import HUB, Flows
from tongmai.sync.specs import Connection

CONNECTION = Connection(connector=HUB, role=HUB)
_EXTRA = {"id": "text", "flow": "text", "flow_state": "text", "instance": "text"}
_KINDS = {"decimal": "number", "integer": "integer", "boolean": "boolean"}


def manifest(schema: Schema, flows: Flows) -> Manifest:
    """What a mapping ``from: hub.<entity>`` may use: the entity's fields, ``id``, minted numbers, ``flow_state``."""
    streams = {}
    for flow in flows.flows.values():
        entity = schema.entities.get(flow.entity)
        if entity is not None:
            numbers = dict.fromkeys(sorted(flows.minted_for(flow.entity)), "text")
            streams[flow.entity] = Stream(
                key="instance",
                deletes="never",
                fields={**_kinds(entity.fields), **numbers, **_EXTRA},
                lines=_lines(entity),
            )
    return Manifest(connector=HUB, label=Label(zh="通脉", en="Tongmai"), kind="generic", streams=streams)


def _kinds(fields: dict[str, Field]) -> dict[str, str]:
    return {
        name: "list" if spec.type.many else _KINDS.get(spec.type.name, "text")
        for name, spec in fields.items()
        if spec.type.name != "lines"
    }


def _lines(entity: Entity) -> dict[str, Lines]:
    return {
        name: Lines(fields=_kinds(getattr(spec, "fields", {}) or {}))
        for name, spec in entity.fields.items()
        if spec.type.name == "lines"
    }


class HubConnector:
    """Reads back what flows stored; there is nothing to read from or write to outside."""

    def check(self) -> CheckResult:
        """Always well: it is us."""
        return CheckResult(True, "the hub itself")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Flows store their records themselves."""
        raise _not_outside()

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        """The record as the flow stored it."""
        try:
            data = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise RecordError(f"hub.{stream}", f"not JSON: {error}", code="broken-record") from None
        assert isinstance(data, dict)
        return data

    def writer(self, target: str) -> Writer:
        """Nothing is written to the hub from outside its flows."""
        raise _not_outside()

    def close(self) -> None:
        """Nothing is open."""


def _not_outside() -> ConfigurationError:
    return ConfigurationError(
        "connection `hub`",
        "it stands for the hub's own flows and is neither read nor written by a sync",
        "name a connection of connections.yaml",
        code="unknown-connection",
    )
