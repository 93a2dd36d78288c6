"""AMQP 0-9-1 (RabbitMQ): messages are taken one by one and acknowledged after storing; publishing waits for the confirm."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pika
from pika import exceptions
from pika.adapters.blocking_connection import BlockingChannel

from connectors.vendors.bus.message import Message, Outgoing
from connectors.vendors.bus.settings import BusStream, BusWrite
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
    TongmaiError,
)

_HEARTBEAT = 0
"""Off: while a run stores what it took, nobody answers heartbeats; a dead connection shows at the next call."""
_REFUSED = (
    exceptions.ProbableAuthenticationError,
    exceptions.AuthenticationError,
    exceptions.ProbableAccessDeniedError,
)
_NOT_FOUND, _NOT_ALLOWED = 404, 403


class Amqp:
    """One virtual host. Each queue has its own channel: closing it gives back what was not acknowledged."""

    def __init__(self, where: str, settings: Mapping[str, Any], tls: ssl.SSLContext | None) -> None:
        self._where = where
        host = str(settings["host"])
        timeout = float(settings["timeout"])
        self._parameters = pika.ConnectionParameters(
            host=host,
            port=int(settings["port"]) or (5671 if tls else 5672),
            virtual_host=str(settings.get("space") or "/"),
            credentials=pika.PlainCredentials(
                str(settings.get("user") or "guest"), str(settings.get("password") or "guest"), erase_on_connect=False
            ),
            ssl_options=pika.SSLOptions(tls, host) if tls else None,
            heartbeat=_HEARTBEAT,
            socket_timeout=timeout,
            stack_timeout=timeout * 2,
            blocked_connection_timeout=timeout * 3,
            connection_attempts=1,
        )
        self._connection: pika.BlockingConnection | None = None
        self._reading: dict[str, BlockingChannel] = {}
        self._writing: BlockingChannel | None = None

    def check(self, sources: Mapping[str, BusStream]) -> str:
        waiting = []
        for source in sources.values():
            channel = self._channel()
            with self._told(f"queue `{source.source}`"):
                counted = channel.queue_declare(source.source, passive=True)
                waiting.append(f"{source.source}: {counted.method.message_count}")
                channel.close()
        if not sources:
            self._channel().close()
        return f"AMQP {self._parameters.host}: {', '.join(waiting) or 'no queue declared'}"

    def messages(self, source: BusStream, size: int) -> Iterator[list[Message]]:
        before = self._reading.pop(source.source, None)
        if before is not None and before.is_open:
            with self._told(f"queue `{source.source}`"):
                before.close()  # what was given and not stored goes back to its place
        channel = self._reading[source.source] = self._channel()
        while True:
            some: list[Message] = []
            while len(some) < size:
                with self._told(f"queue `{source.source}`"):
                    method, properties, body = channel.basic_get(source.source)
                if method is None:
                    break
                some.append(Message(method.delivery_tag, body or None, str(properties.message_id or "")))
            if not some:
                return
            yield some

    def done(self, source: BusStream, places: list[Any]) -> None:
        channel = self._reading.get(source.source)
        if channel is None:
            raise RetryableError(
                f"{self._where}: queue `{source.source}`",
                "the channel is closed: what was stored comes again, and is unchanged then",
                "run it again",
                code="bus-away",
            )
        with self._told(f"acknowledge `{source.source}`"):
            for tag in places:
                channel.basic_ack(tag)
            channel.queue_declare(source.source, passive=True)  # an acknowledgment has no answer: this one tells

    def history(self, source: BusStream, since: float | None, size: int) -> Iterator[list[Message]]:
        raise ConfigurationError(
            f"{self._where}: queue `{source.source}`",
            "a queue keeps nothing that was read: it cannot be read by key, nor from a time on",
            "ask the sender to publish again",
            code="bus-no-history",
        )
        yield []

    def publish(self, write: BusWrite, message: Outgoing) -> None:
        properties = pika.BasicProperties(
            message_id=message.id,
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=pika.DeliveryMode.Persistent.value,
            type=message.headers["tongmai-operation"],
            headers={"tongmai-key": message.key},
        )
        channel = self._confirmed()
        what = f"{self._where}: publish to `{write.exchange}` `{write.to}`"
        try:
            channel.basic_publish(write.exchange, write.to, message.body, properties, mandatory=True)
        except exceptions.UnroutableError:
            raise RemoteRefusedError(
                what,
                "no queue is bound there: the message would be thrown away",
                "declare and bind a queue, or correct `exchange` and `to`; then replay it",
                code="bus-unroutable",
            ) from None
        except exceptions.NackError:
            raise RetryableError(what, "the broker did not take it", "it is tried again", code="bus-away") from None
        except exceptions.ChannelClosedByBroker as error:
            raise self._error(f"publish to `{write.exchange}` `{write.to}`", error) from None
        except exceptions.AMQPError as error:
            self._forget()
            raise OutcomeUnknownError(
                what,
                f"no confirm came: {type(error).__name__}",
                "it may be there twice afterwards",
                code="bus-doubtful",
            ) from None

    def published(self, write: BusWrite, ids: list[str]) -> dict[str, bytes]:
        raise ConfigurationError(
            f"{self._where}: `{write.to}`", "a queue cannot be searched", "leave `search` out", code="bus-settings"
        )

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection.is_open:
            with self._told("close"):
                connection.close()

    def _channel(self) -> BlockingChannel:
        with self._told("connect"):
            if self._connection is None or not self._connection.is_open:
                self._forget()
                self._connection = pika.BlockingConnection(self._parameters)
            return self._connection.channel()

    def _confirmed(self) -> BlockingChannel:
        if self._writing is None or not self._writing.is_open or not self._alive():
            self._writing = self._channel()
            with self._told("connect"):
                self._writing.confirm_delivery()
        return self._writing

    def _alive(self) -> bool:
        """Whether the connection still answers: what is sent on a dead one would be doubtful."""
        try:
            assert self._connection is not None
            self._connection.process_data_events(0)
        except exceptions.AMQPError:
            self._forget()
            return False
        return bool(self._connection.is_open)

    def _forget(self) -> None:
        self._connection, self._writing = None, None
        self._reading.clear()

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """AMQP's errors in our words."""
        try:
            yield
        except (exceptions.AMQPError, OSError) as error:
            raise self._error(what, error) from None

    def _error(self, what: str, error: Exception) -> TongmaiError:
        where = f"{self._where}: {what}"
        code = getattr(error, "reply_code", 0)
        text = str(getattr(error, "reply_text", "") or error or type(error).__name__)[:300]
        if isinstance(error, _REFUSED) or code == _NOT_ALLOWED:
            return AuthenticationError(
                where, text, "check user, password, virtual host and the user's permissions", code="bus-refused"
            )
        if code == _NOT_FOUND:
            return ConfigurationError(
                where, text, "declare it in the broker, or correct `from`, `to`, `exchange`", code="bus-missing"
            )
        if isinstance(error, exceptions.ChannelClosedByBroker):
            return FatalError(where, text, "look at the broker's log", code="bus-error")
        self._forget()
        return RetryableError(where, text, "check host, port and `tls`; it is tried again", code="bus-away")
