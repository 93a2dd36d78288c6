"""Stable identifiers: the same founding record always gives the same entity id."""

from __future__ import annotations

import secrets
import time
from uuid import UUID, uuid5

_NAMESPACE = UUID("6f7b1d6e-2c0a-5d0e-9a50-746f6e676d61")


def entity_id(entity: str, connection: str, stream: str, key: str, generation: int = 0) -> UUID:
    """The id of an entity founded by a source record; ``generation`` rises when that record founds another one."""
    name = "\x1f".join((entity, connection, stream, key, str(generation)))
    return uuid5(_NAMESPACE, name)


def instance_id(flow: str, subject: UUID, occurrence: int) -> UUID:
    """The id of a flow's instance: the ``occurrence``-th one for its subject."""
    return uuid5(_NAMESPACE, "\x1f".join(("flow", flow, str(subject), str(occurrence))))


def run_id() -> str:
    """A new run id: sorts by time to the second, 28 characters; 48 random bits keep those of one second apart."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return f"{stamp}-{secrets.token_hex(6)}"
