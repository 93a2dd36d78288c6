"""Which webhook an address means: connections, manifests and secrets, looked up again now and then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectors import registry
from connectors.sdk.webhook.declared import ready, webhooks_of
from tongmai.core.errors import TongmaiError
from tongmai.core.secrets import EnvironmentSecrets, Secrets
from tongmai.sync.specs import load_connections

if TYPE_CHECKING:
    from connectors.sdk.webhook.model import Webhook

FRESH_SECONDS = 30.0
log = logging.getLogger("tongmai.intake")


@dataclass(frozen=True, slots=True)
class Address:
    """A webhook that can be called."""

    connection: str
    name: str
    webhook: Webhook
    settings: Mapping[str, Any] = field(repr=False)

    @property
    def path(self) -> str:
        return f"/in/{self.connection}/{self.name}"


@dataclass(frozen=True, slots=True)
class Found:
    """All addresses, and why some connections have none: connection → error."""

    addresses: dict[tuple[str, str], Address]
    problems: dict[str, TongmaiError]

    def get(self, connection: str, name: str) -> Address | TongmaiError | None:
        """The address; the error when its connection is not as it must be; None when there is none. ``name`` may be empty
        where a connection has only one."""
        if connection in self.problems:
            return self.problems[connection]
        if name:
            return self.addresses.get((connection, name))
        own = [address for address in self.addresses.values() if address.connection == connection]
        return own[0] if len(own) == 1 else None


class Addresses:
    """The addresses of every connection, not older than half a minute, so that a new secret is soon used."""

    def __init__(self, secrets: Secrets | None = None) -> None:
        self._secrets = secrets or EnvironmentSecrets()
        self._guard = threading.Lock()
        self._found: Found | None = None
        self._until = 0.0

    def fresh(self) -> Found | None:
        """What is known, when it is new enough; costs nothing."""
        return self._found if time.monotonic() < self._until else None

    def found(self) -> Found:
        """What there is now; reads files when what is known has aged."""
        with self._guard:
            if self._found is None or time.monotonic() >= self._until:
                before = self._found
                self._found = _look(self._secrets)
                self._until = time.monotonic() + FRESH_SECONDS
                for name, error in self._found.problems.items():
                    if before is None or str(before.problems.get(name)) != str(error):
                        log.error("no webhooks connection=%s code=%s: %s", name, error.code, error)
            return self._found


def _look(secrets: Secrets) -> Found:
    addresses: dict[tuple[str, str], Address] = {}
    problems: dict[str, TongmaiError] = {}
    for connection, spec in load_connections().connections.items():
        try:
            manifest = registry.manifest(spec.connector)
            if not manifest.webhooks and not manifest.webhooks_from_settings:
                continue
            settings = registry.settings_for(connection, spec.connector, spec.settings, secrets.get(connection))
            for name, webhook in webhooks_of(connection, manifest, settings).items():
                if ready(webhook, settings):
                    addresses[connection, name] = Address(connection, name, webhook, settings)
        except TongmaiError as error:
            problems[connection] = error
    return Found(addresses, problems)
