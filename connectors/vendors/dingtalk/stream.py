"""Stream mode: events over a WebSocket that the hub opens, so that no public address is needed."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from connectors.sdk import wire
from connectors.sdk.addresses import resolve
from connectors.sdk.declared.caller import Caller
from connectors.sdk.declared.model import ReadRequestSpec
from connectors.sdk.lazy import plain
from connectors.sdk.listening import Told
from connectors.sdk.manifest import Manifest
from tongmai.core.errors import ProtocolError, RetryableError

log = logging.getLogger("tongmai.dingtalk")
_OPEN = ReadRequestSpec(
    post="/v1.0/gateway/connections/open",
    body={
        "clientId": "{app_key}",
        "clientSecret": "{app_secret}",
        "subscriptions": [{"type": "EVENT", "topic": "*"}],
        "ua": "tongmai",
    },
)
_VENDOR = "*.dingtalk.com"


def listen(settings: Mapping[str, Any], manifest: Manifest) -> DingtalkStream:
    """The socket of one connection, not yet open."""
    return DingtalkStream(settings, manifest)


class DingtalkStream:
    """One socket. Pings are answered here; when the gateway sends us away the socket ends and is opened again."""

    webhook = "events"

    def __init__(self, settings: Mapping[str, Any], manifest: Manifest) -> None:
        self._caller = Caller(settings, manifest)
        self._settings = settings
        self._what = f"{self._caller.name}: stream"
        self._socket: ClientConnection | None = None
        self._opened = ExitStack()

    def open(self) -> None:
        """Ask the gateway for an endpoint and a ticket, then connect."""
        said = plain(self._caller.call(self._caller.request(_OPEN), {**self._settings, "page": {}}).scope["body"])
        endpoint, ticket = (str(said.get(name) or "") for name in ("endpoint", "ticket"))
        self._caller.redact.add(ticket)
        secure = self._checked(endpoint)
        tls = ssl.create_default_context(cafile=self._settings.get("ca_file")) if secure else None
        try:
            opening = connect(
                f"{endpoint}?ticket={quote(ticket, safe='')}",
                ssl=tls,
                proxy=self._settings.get("proxy") or None,
                open_timeout=float(self._settings["connect_timeout"]),
                max_size=int(self._settings["max_body_bytes"]),
                logger=_quiet(),
            )
            self._socket = self._opened.enter_context(opening)
        except (OSError, WebSocketException, TimeoutError) as error:
            raise self._ended(error) from None

    def receive(self, seconds: float) -> Told | None:
        """The next event."""
        try:
            frame = json.loads(self._open_socket().recv(timeout=seconds))
            headers, topic = frame["headers"], frame["headers"].get("topic")
            if frame["type"] == "SYSTEM":
                self._system(str(topic), headers, frame.get("data"))
                return None
            if frame["type"] != "EVENT":
                log.warning("dingtalk.frame connection=%s type=%s: not asked for", self._caller.name, frame["type"])
                return None
            data = wire.parse(str(frame["data"]).encode())
        except TimeoutError:
            return None
        except (OSError, WebSocketException) as error:
            raise self._ended(error) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("dingtalk.frame connection=%s: not as documented", self._caller.name)
            return None
        named = {
            "EventType": headers.get("eventType"),
            "CorpId": headers.get("eventCorpId"),
            "eventId": headers.get("eventId"),
        }
        return Told({**(data if isinstance(data, dict) else {"data": data}), **named}, headers["messageId"])

    def answer(self, told: Told, *, stored: bool) -> None:
        """SUCCESS, or LATER: the gateway sends it again."""
        self._send(told.mark, {"status": "SUCCESS" if stored else "LATER"})

    def close(self) -> None:
        """Close the socket."""
        self._socket = None
        with suppress(OSError, WebSocketException):  # one that is broken is closed
            self._opened.close()

    def _system(self, topic: str, headers: Mapping[str, Any], data: Any) -> None:
        self._send(headers["messageId"], json.loads(data) if isinstance(data, str) and data else {})
        if topic == "disconnect":
            raise RetryableError(
                self._what, "the gateway moves its connections", "it is opened again", code="socket-ended", after=0
            )

    def _send(self, message: Any, data: Any) -> None:
        headers = {"contentType": "application/json", "messageId": message}
        ack = {"code": 200, "headers": headers, "message": "OK", "data": json.dumps(data)}
        try:
            self._open_socket().send(json.dumps(ack))
        except (OSError, WebSocketException) as error:
            raise self._ended(error) from None

    def _open_socket(self) -> ClientConnection:
        if self._socket is None:
            raise RetryableError(self._what, "the socket is not open", "it is opened again", code="socket-ended")
        return self._socket

    def _checked(self, endpoint: str) -> bool:
        """Whether the endpoint that the answer names is encrypted. Raises for one that we may not go to."""
        parts, own = urlsplit(endpoint), urlsplit(self._caller.client.base)
        host = parts.hostname or ""
        allowed = [own.hostname or "", _VENDOR, *self._settings["allowed_hosts"]]
        plain_too = own.scheme == "http"
        if parts.scheme not in ("wss", *(["ws"] if plain_too else [])) or not any(
            fnmatchcase(host, one) for one in allowed
        ):
            raise ProtocolError(
                self._what,
                f"it leads to {parts.scheme}://{host}; allowed: {', '.join(allowed)}",
                f"if that is right, add {host} to allowed_hosts of connection {self._caller.name}",
                code="other-host",
            )
        try:
            self._caller.client.addresses.reachable(host, resolve(host, parts.port or 443))
        except OSError as error:
            raise self._ended(error) from None
        return parts.scheme == "wss"

    def _ended(self, error: Exception) -> RetryableError:
        why = self._caller.redact(f"{type(error).__name__}: {error}")
        return RetryableError(self._what, why, "it is opened again", code="socket-ended")


def _quiet() -> logging.Logger:
    """The client's log would show the ticket."""
    logger = logging.getLogger("tongmai.dingtalk.socket")
    logger.setLevel(logging.CRITICAL)
    return logger
