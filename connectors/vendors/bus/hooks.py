"""Read and publish messages. What is read is acknowledged only after the hub has stored it.

A crash between storing and acknowledging gives the same messages again: they are `unchanged` then. A bus keeps no list of
what is alive, so a read never ends ``complete``, and takes what waits, whether all or only changes are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, Record, RemoteRecord, Writer, Written, wire
from connectors.sdk.entries import chosen, payload_key
from connectors.sdk.gate import pass_gate
from connectors.sdk.given import Given
from connectors.sdk.manifest import Manifest
from connectors.sdk.settings import CONNECTION_NAME
from connectors.vendors.bus.message import Broker, outgoing, record, update_id
from connectors.vendors.bus.reach import open_broker
from connectors.vendors.bus.settings import BusStream, BusWrite, parse
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError
from tongmai.core.failpoint import reach


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a bus; nothing is sent before the first use."""
    name = str(settings[CONNECTION_NAME])
    streams, writes = parse(name, settings)
    return BusConnector(name, open_broker(name, settings), streams, writes, settings)


class BusConnector:
    """One bus."""

    def __init__(
        self,
        name: str,
        broker: Broker,
        streams: Mapping[str, BusStream],
        writes: Mapping[str, BusWrite],
        settings: Mapping[str, Any],
    ) -> None:
        self._name = name
        self._broker = broker
        self._streams = streams
        self._writes = writes
        self._size = max(1, int(settings["page_size"]))
        self._most = max(1, int(settings["read_at_most"]))
        self._limit = int(settings["max_message_bytes"])
        self._given: Given[Any] = Given()

    def check(self) -> CheckResult:
        """Log in; every declared source is there."""
        return CheckResult(True, self._broker.check(self._streams))

    def read(self, request: ReadRequest) -> Iterator[Page]:
        stream = chosen(f"connection `{self._name}`", "stream", request.stream, self._streams)
        if request.keys:
            yield Page(self._by_key(stream, request.keys))
        elif request.since is not None:
            yield from self._again(stream, request.since)
        else:
            yield from self._waiting(request.stream, stream)

    def stored(self, checkpoint: str) -> None:
        """Acknowledge all messages up to and with that page."""
        for name, places in self._given.stored(checkpoint):
            reach("bus.before-acknowledge")
            self._broker.done(self._streams[name], list(places))

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        return BusWriter(
            f"connection `{self._name}`: write `{target}`",
            self._broker,
            chosen(f"connection `{self._name}`", "write", target, self._writes),
        )

    def close(self) -> None:
        self._broker.close()

    def _waiting(self, name: str, stream: BusStream) -> Iterator[Page]:
        taken = 0
        self._given.forget(name)
        for messages in self._broker.messages(stream, self._size):
            places = [message.place for message in messages]
            checkpoint = json.dumps({"stream": name, "up_to": str(places[-1])}, ensure_ascii=False)
            self._given.note(checkpoint, name, places)
            yield Page([record(stream, message, self._limit) for message in messages], checkpoint)
            taken += len(messages)
            if taken >= self._most:
                return

    def _again(self, stream: BusStream, since: datetime) -> Iterator[Page]:
        for messages in self._broker.history(stream, since.timestamp(), self._size):
            yield Page([record(stream, message, self._limit) for message in messages])

    def _by_key(self, stream: BusStream, keys: Sequence[str]) -> list[Record]:
        """The newest message of each key that the bus still keeps; of a key without one it cannot say that it is gone."""
        wanted = set(keys)
        found: dict[str, Record] = {}
        for messages in self._broker.history(stream, None, self._size):
            for message in messages:
                made = record(stream, message, self._limit)
                if made.op != "broken" and made.key in wanted:
                    found[made.key] = made
        return list(found.values())


class BusWriter:
    """Publishes one kind of record."""

    def __init__(self, where: str, broker: Broker, write: BusWrite) -> None:
        self._where = where
        self._broker = broker
        self._write = write

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        """What was published with our key, as far as the bus remembers."""
        if field not in self._write.search:
            raise self._cannot("find", f"messages are not found by `{field}`")
        bodies = self._broker.published(self._write, list(dict.fromkeys(values)))
        found = {}
        for value, body in bodies.items():
            data = wire.decode(self._where, body)
            found[value] = [RemoteRecord(str(data.get(self._write.key)), data)]
        return found

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """Publish with our key as the message's id."""
        remote = payload_key(self._where, payload, self._write.key, key, code="bus-no-key")
        pass_gate()
        self._broker.publish(self._write, outgoing(self._write, "create", remote, payload, key))
        return Written(remote)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """Publish the changed fields with the record's key."""
        id = update_id(remote_key, wire.canonical(dict(payload)), now().timestamp())
        pass_gate()
        self._broker.publish(self._write, outgoing(self._write, "update", remote_key, payload, id))
        return Written(remote_key)

    def deactivate(self, remote_key: str) -> Written:
        raise self._cannot("deactivate", "a message cannot be switched off")

    def activate(self, remote_key: str) -> Written:
        raise self._cannot("activate", "a message cannot be switched on")

    def _cannot(self, what: str, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._where}: {what}", why, "choose another delete policy or search for this target", code="bus-settings"
        )
