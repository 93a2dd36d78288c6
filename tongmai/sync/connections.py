"""Open a connection by its name: settings from YAML, secret from where secrets come from."""

from __future__ import annotations

from typing import Any

from connectors import registry
from connectors.sdk import Connector
from connectors.sdk.manifest import Stream
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.flows.own import HubConnector
from tongmai.flows.spec import HUB
from tongmai.sync.content import Content
from tongmai.sync.specs import Inbound


def open_named(content: Content, name: str, secrets: Secrets | None = None) -> Connector:
    """The open connection ``name``; the caller closes it."""
    if name == HUB:
        return HubConnector()
    settings = settings_of(content, name, secrets or EnvironmentSecrets())
    return registry.open_connection(name, content.connection(name).connector, settings)


def settings_of(content: Content, name: str, secrets: Secrets) -> dict[str, Any]:
    """The settings of a connection, secrets included, defaults filled in."""
    connection = content.connection(name)
    return registry.settings_for(name, connection.connector, connection.settings, secrets.get(name))


def declared(content: Content, spec: Inbound) -> Stream | None:
    """The stream that a sync reads, as its connection declares it; None for what the hub itself gives."""
    connection = content.connection(spec.read.connection)
    if connection.connector == HUB:
        return None
    manifest = registry.manifest_of(spec.read.connection, connection.connector, connection.settings)
    return manifest.streams.get(spec.read.stream)
