"""Messages as records: JSON objects with a key; whatever is none of that is kept, and shown as broken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from connectors.sdk import Record, fingerprint, wire
from connectors.sdk.key import joined
from connectors.vendors.bus.settings import MESSAGE_KEY, BusStream, BusWrite


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``place``: what the bus calls it, to acknowledge it by; ``body`` None: an empty message.

    ``problem`` is set where the bus itself could not give the whole of it.
    """

    place: Any
    body: bytes | None
    key: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish. ``id`` stays the same when a create is repeated; ``once``: the bus is to take it only once."""

    id: str
    key: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    once: bool = False


class Broker(Protocol):
    """One kind of bus. Errors are ``TongmaiError``."""

    def check(self, sources: Mapping[str, BusStream]) -> str:
        """Log in; every source is there. Tells what the server is."""
        ...

    def messages(self, source: BusStream, size: int) -> Iterator[list[Message]]:
        """What waits now, oldest first: first what was given before and never acknowledged."""
        ...

    def done(self, source: BusStream, places: list[Any]) -> None:
        """Acknowledge."""
        ...

    def history(self, source: BusStream, since: float | None, size: int) -> Iterator[list[Message]]:
        """What the bus still keeps, oldest first, whoever has read it; nothing is taken by that."""
        ...

    def publish(self, write: BusWrite, message: Outgoing) -> None:
        """Publish; returns once the bus has confirmed it."""
        ...

    def published(self, write: BusWrite, ids: list[str]) -> dict[str, bytes]:
        """The bodies of messages that were published with these ids, as far as the bus still knows."""
        ...

    def close(self) -> None: ...


def record(stream: BusStream, message: Message, limit: int) -> Record:
    """The message's record; a poisonous one is broken, named by its place, and does not stop its neighbours."""
    body = message.body or b""
    if message.problem:
        return _broken(message, message.problem)
    if len(body) > limit:
        return _broken(message, f"{len(body)} bytes, allowed are {limit}", body[:limit])
    if not body and stream.tombstones and message.key:
        return Record(message.key, b"", b"\x00" * 16, op="delete")
    try:
        data = wire.parse(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        return _broken(message, f"the body is not JSON: {error}")
    if not isinstance(data, dict):
        return _broken(message, f"a JSON object is expected, got {type(data).__name__}")
    if MESSAGE_KEY in stream.key:
        data[MESSAGE_KEY] = message.key
    values = [_at(data, path) for path in stream.key]
    if any(value in (None, "") or isinstance(value, (bool, dict, list)) for value in values):
        return _broken(message, f"no usable key in {', '.join(stream.key)}")
    key = joined([str(value) for value in values])
    if stream.deleted is not None and str(_at(data, stream.deleted.field)) in stream.deleted.values:
        return wire.record(key, data, op="delete")
    raw = wire.canonical(data) if MESSAGE_KEY in stream.key else body
    return Record(key, raw, fingerprint(wire.canonical(data)))


def outgoing(write: BusWrite, operation: str, key: str, payload: Mapping[str, Any], id: str) -> Outgoing:
    """A record as a message: the payload is the body, what was done stands in the headers."""
    data = {**payload}
    data.setdefault(write.key, key)
    body = wire.canonical(data)
    headers = {"content-type": "application/json", "tongmai-id": id, "tongmai-operation": operation}
    return Outgoing(id, key, body, headers, once=bool(write.key_enforced or write.search) and operation == "create")


def update_id(key: str, body: bytes, now: float) -> str:
    """The id of an update: no two updates share one, for a value may come back to what it was."""
    return hashlib.sha256(f"{key}\n{now}\n".encode() + body).hexdigest()[:32]


def _broken(message: Message, problem: str, body: bytes | None = None) -> Record:
    raw = message.body or b"" if body is None else body
    return Record(f"message {message.place}", raw, fingerprint(raw + problem.encode()), op="broken", problem=problem)


def _at(data: Any, path: str) -> Any:
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for step in path.split("."):
        data = data.get(step) if isinstance(data, Mapping) else None
    return data
