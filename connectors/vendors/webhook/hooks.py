"""Send events to a URL, and take in what webhooks brought: nothing can be read from either side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.sdk import CheckResult, Connector, Page, ReadRequest, RemoteRecord, Writer, Written, wire
from connectors.sdk.declared.caller import Caller
from connectors.sdk.entries import chosen, completed, payload_key
from connectors.sdk.manifest import Manifest
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.settings import CONNECTION_NAME
from connectors.sdk.webhook.signature import standard_keys
from connectors.vendors.webhook.event import Event, request, sign
from connectors.vendors.webhook.settings import EventStream, EventWrite, parse
from tongmai.core.clock import now
from tongmai.core.errors import ConfigurationError, FatalError, RemoteRefusedError

_MEANS = [
    {"when": "status >= 200 and status < 300", "means": "ok"},
    {"when": "status == 410", "means": "refused", "code": '"gone"'},
    {
        "when": "status in [400, 404, 405, 406, 409, 413, 415, 422]",
        "means": "refused",
        "code": "status",
        "text": "body.message | default(body.error)",
    },
]
_LONGEST_ID = 200


def connect(settings: Mapping[str, Any], manifest: Manifest) -> Connector:
    """Open a connection; nothing is sent before the first use."""
    name = str(settings[CONNECTION_NAME])
    streams, writes = parse(name, manifest, settings)
    if settings.get("secret"):
        standard_keys(str(settings["secret"]), "secret")
    auth = {"kind": "bearer", "token": "{access_token}"} if settings.get("access_token") else None
    return WebhookConnector(name, settings, completed(manifest, errors=_MEANS, auth=auth), streams, writes)


class WebhookConnector:
    """One receiver, or one sender, or both."""

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        manifest: Manifest,
        streams: Mapping[str, EventStream],
        writes: Mapping[str, EventWrite],
    ) -> None:
        self._name = name
        self._settings = settings
        self._streams = streams
        self._writes = writes
        self._caller = Caller(settings, manifest, self._sign) if settings.get("base_url") else None

    def check(self) -> CheckResult:
        """Reach the receiver; with `ping` an event of its own tells that the signature is taken."""
        if self._caller is None:
            return CheckResult(True, "events are only received")
        if self._settings["ping"]:
            moment = now()
            event = Event(f"ping-{moment.timestamp():.6f}", self._settings["source"], "tongmai.ping", "", moment, {})
            self._post(request(event, "", self._settings["mode"]))
            return CheckResult(True, "the receiver took a ping")
        outgoing = Outgoing("GET", "")
        answer = self._caller.client.retry(lambda: self._reached(outgoing))
        return CheckResult(True, f"the receiver can be reached (HTTP {answer}); set `ping` to prove the signature")

    def read(self, request: ReadRequest) -> Iterator[Page]:
        """Nothing: events are stored by `tongmai intake`, and a sync takes them from there."""
        chosen(f"connection `{self._name}`", "stream", request.stream, self._streams)
        yield Page(())

    def decode(self, stream: str, raw: bytes) -> dict[str, Any]:
        return wire.decode(stream, raw)

    def writer(self, target: str) -> Writer:
        return EventWriter(
            self, f"{self._name}: {target}", chosen(f"connection `{self._name}`", "write", target, self._writes)
        )

    def close(self) -> None:
        if self._caller is not None:
            self._caller.close()

    def send(self, write: EventWrite, operation: str, key: str, id: str, data: Mapping[str, Any]) -> None:
        """Send one event of a write."""
        event = Event(id, self._settings["source"], f"{write.type}.{operation}", key, now(), data)
        self._post(request(event, write.path, self._settings["mode"]))

    def _post(self, outgoing: Outgoing) -> None:
        assert self._caller is not None  # settings say so where there are writes
        try:
            self._caller.send(outgoing, write=True)
        except RemoteRefusedError as error:
            if error.code != "webhook-gone":
                raise
            raise FatalError(
                error.what,
                "HTTP 410: the receiver wants no more events",
                "ask whoever runs it; then correct base_url, or stop the syncs to it",
                code=error.code,
            ) from None

    def _reached(self, outgoing: Outgoing) -> int:
        """The status of an unsigned GET: most receivers answer 404 or 405, which proves the address."""
        assert self._caller is not None
        answer = self._caller.client.exchange(outgoing.copy(), write=False, judge=False)
        if answer.status >= 500:
            self._caller.client.exchange(outgoing.copy(), write=False)
        return answer.status

    def _sign(self, outgoing: Outgoing, settings: Mapping[str, Any]) -> None:
        sign(outgoing, str(settings["secret"]), now())


class EventWriter:
    """Sends the events of one kind."""

    def __init__(self, connector: WebhookConnector, where: str, write: EventWrite) -> None:
        self._connector = connector
        self._where = where
        self._write = write

    def find(self, field: str, values: Sequence[str]) -> dict[str, list[RemoteRecord]]:
        raise ConfigurationError(
            f"{self._where}: find",
            "a receiver cannot be asked what it has",
            "leave `search` out for this target",
            code="webhook-settings",
        )

    def create(self, payload: Mapping[str, Any], key: str) -> Written:
        """An event `….created`, whose id is our key."""
        remote = payload_key(self._where, payload, self._write.key, key, code="webhook-no-key")
        self._connector.send(self._write, "created", remote, _id(key), payload)
        return Written(remote)

    def update(self, remote_key: str, payload: Mapping[str, Any]) -> Written:
        """An event `….changed` with the fields that changed."""
        return self._told("changed", remote_key, payload)

    def deactivate(self, remote_key: str) -> Written:
        return self._told("deactivated", remote_key, {})

    def activate(self, remote_key: str) -> Written:
        return self._told("activated", remote_key, {})

    def _told(self, operation: str, key: str, payload: Mapping[str, Any]) -> Written:
        """No two changes share an id, for a value may come back; tries of one call do."""
        mark = f"{operation}\n{key}\n{now().timestamp()}\n".encode() + wire.canonical(dict(payload))
        self._connector.send(self._write, operation, key, f"evt_{hashlib.sha256(mark).hexdigest()[:32]}", payload)
        return Written(key)


def _id(key: str) -> str:
    """Our key as an id that fits a header and has no dot, by which signatures part their pieces."""
    if key.isascii() and key.isprintable() and not set(key) & {".", " "} and len(key) <= _LONGEST_ID:
        return key
    return f"key_{hashlib.sha256(key.encode()).hexdigest()[:32]}"
