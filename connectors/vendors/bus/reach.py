"""From settings to an open bus."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from connectors.vendors.bus.message import Broker
from tongmai.core.errors import ConfigurationError

_HERE = ("127.0.0.1", "localhost", "::1")


def open_broker(connection: str, settings: Mapping[str, Any]) -> Broker:
    """The bus of that kind; its client is imported here, nothing is sent yet."""
    where = f"connection `{connection}`"
    if not settings["tls"]:
        _only_here(where, str(settings["host"]))
    match settings["kind"]:
        case "redis":
            from connectors.vendors.bus.redis_streams import RedisStreams

            return RedisStreams(where, settings, context(settings))
        case "amqp":
            from connectors.vendors.bus.amqp import Amqp

            return Amqp(where, settings, context(settings))
        case _:
            from connectors.vendors.bus.kafka_topics import KafkaTopics

            return KafkaTopics(where, settings, context(settings))


def context(settings: Mapping[str, Any]) -> ssl.SSLContext | None:
    """TLS that verifies certificate and name; None where it is off."""
    return ssl.create_default_context(cafile=settings.get("ca_file") or None) if settings["tls"] else None


def _only_here(where: str, hosts: str) -> None:
    for host in hosts.split(","):
        name = host.strip().rsplit(":", 1)[0] if host.count(":") == 1 else host.strip()
        if name not in _HERE:
            raise ConfigurationError(
                where,
                f"`tls: false` with the host `{name}`: password and data would cross the network in the open",
                f"switch TLS on in the bus and here; without it only {', '.join(_HERE)} are allowed",
                code="bus-open",
            )
