"""Open a connection by its name: settings from YAML, secret from where secrets come from."""

from __future__ import annotations

from connectors import registry
from connectors.sdk import Connector
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.flows.own import HubConnector
from tongmai.flows.spec import HUB
from tongmai.sync.content import Content


def open_named(content: Content, name: str, secrets: Secrets | None = None) -> Connector:
    """The open connection ``name``; the caller closes it."""
    if name == HUB:
        return HubConnector()
    connection = content.connection(name)
    secret = (secrets or EnvironmentSecrets()).get(name)
    settings = registry.settings_for(name, connection.connector, connection.settings, secret)
    return registry.open_connection(name, connection.connector, settings)
