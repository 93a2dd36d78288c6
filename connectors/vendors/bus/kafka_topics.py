"""The Kafka protocol: every partition from the group's committed offset, committed after storing; an idempotent producer."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.structs import OffsetAndMetadata

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

_DENIED = tuple(
    getattr(errors, name)
    for name in (
        "AuthenticationFailedError",
        "SaslAuthenticationFailedError",
        "TopicAuthorizationFailedError",
        "GroupAuthorizationFailedError",
        "ClusterAuthorizationFailedError",
    )
    if hasattr(errors, name)
)
_POLL_MS = 1000


class KafkaTopics:
    """One cluster. Partitions are assigned, not subscribed: the hub itself lets one run read a stream at a time."""

    def __init__(self, where: str, settings: Mapping[str, Any], tls: ssl.SSLContext | None) -> None:
        self._where = where
        self._group = str(settings["group"])
        self._timeout = float(settings["timeout"])
        port = int(settings["port"]) or 9092
        hosts = [host.strip() for host in str(settings["host"]).split(",") if host.strip()]
        security = ("SASL_" if settings.get("user") else "") + ("SSL" if tls else "PLAINTEXT")
        self._options: dict[str, Any] = {
            "bootstrap_servers": [host if host.count(":") == 1 else f"{host}:{port}" for host in hosts],
            "client_id": "tongmai",
            "security_protocol": security,
            "ssl_context": tls,
            "bootstrap_timeout_ms": int(self._timeout * 1000),
            "request_timeout_ms": max(int(self._timeout * 1000), 1000),
        }
        if settings.get("user"):
            self._options |= {
                "sasl_mechanism": settings["sasl"],
                "sasl_plain_username": settings["user"],
                "sasl_plain_password": settings.get("password"),
            }
        self._limit = int(settings["max_message_bytes"])
        self._readers: dict[str, KafkaConsumer] = {}
        self._producer: KafkaProducer | None = None

    def check(self, sources: Mapping[str, BusStream]) -> str:
        told = []
        for source in sources.values():
            reader = self._consumer(source)
            told.append(f"{source.source}: {len(self._partitions(reader, source))} partition(s)")
        if not sources:
            with self._told("check"):
                KafkaConsumer(**self._options).close()
        return f"Kafka: {', '.join(told) or 'no topic declared'}"

    def messages(self, source: BusStream, size: int) -> Iterator[list[Message]]:
        reader = self._consumer(source)
        partitions = self._partitions(reader, source)
        with self._told(f"topic `{source.source}`"):
            reader.assign(partitions)
            ends: dict[Any, int] = reader.end_offsets(partitions)
            begins: dict[Any, int] = reader.beginning_offsets(partitions)
            start = {each: reader.committed(each) for each in partitions}
            if source.begin == "new" and all(offset is None for offset in start.values()):
                start = dict(ends)
                reader.commit({each: _upto(offset) for each, offset in ends.items()})
        for each, offset in start.items():
            if offset is not None and offset < begins[each]:
                yield [
                    Message(
                        f"{each.partition}:{begins[each] - 1}",
                        None,
                        problem=f"offsets {offset} to {begins[each] - 1} of partition {each.partition} were deleted by the "
                        "topic's retention before they were stored here",
                    )
                ]
        wanted = {each: max(start[each] or 0, begins[each]) for each in partitions}
        yield from self._between(reader, source, wanted, ends, size)

    def history(self, source: BusStream, since: float | None, size: int) -> Iterator[list[Message]]:
        with self._told(f"topic `{source.source}`"):
            reader = KafkaConsumer(**self._options, enable_auto_commit=False)
        try:
            partitions = self._partitions(reader, source)
            with self._told(f"topic `{source.source}`"):
                reader.assign(partitions)
                ends: dict[Any, int] = reader.end_offsets(partitions)
                start: dict[Any, int] = reader.beginning_offsets(partitions)
                if since is not None:
                    found = reader.offsets_for_times(dict.fromkeys(partitions, int(since * 1000)))
                    start = {each: found[each].offset if found.get(each) else ends[each] for each in partitions}
            yield from self._between(reader, source, start, ends, size)
        finally:
            reader.close()

    def done(self, source: BusStream, places: list[Any]) -> None:
        reader = self._consumer(source)
        reached: dict[Any, int] = {}
        for place in places:
            partition, _, offset = str(place).partition(":")
            each = TopicPartition(source.source, int(partition))
            reached[each] = max(reached.get(each, 0), int(offset) + 1)
        with self._told(f"commit `{source.source}`"):
            if not reader.assignment():
                reader.assign(list(reached))
            reader.commit({each: _upto(offset) for each, offset in reached.items()})

    def publish(self, write: BusWrite, message: Outgoing) -> None:
        what = f"{self._where}: publish to `{write.to}`"
        with self._told(f"publish to `{write.to}`"):
            if self._producer is None:
                self._producer = KafkaProducer(
                    **self._options, acks="all", enable_idempotence=True, max_request_size=self._limit
                )
            headers = [(name, value.encode()) for name, value in message.headers.items()]
            try:
                sent = self._producer.send(write.to, message.body, key=message.key.encode(), headers=headers)
            except errors.MessageSizeTooLargeError as error:
                raise RemoteRefusedError(
                    what, str(error)[:300], "shorten the record, or allow larger messages", code="bus-too-large"
                ) from None
        try:
            sent.get(timeout=self._timeout)
        except errors.MessageSizeTooLargeError as error:
            raise RemoteRefusedError(
                what, str(error)[:300], "shorten the record, or allow larger messages", code="bus-too-large"
            ) from None
        except _DENIED as error:
            raise self._error(f"publish to `{write.to}`", error) from None
        except errors.KafkaError as error:
            self._producer.close(timeout=0)  # or it would go on trying behind our back
            self._producer = None
            raise OutcomeUnknownError(
                what,
                f"no confirm came: {type(error).__name__}",
                "it may be there twice afterwards",
                code="bus-doubtful",
            ) from None

    def published(self, write: BusWrite, ids: list[str]) -> dict[str, bytes]:
        raise ConfigurationError(
            f"{self._where}: `{write.to}`", "a topic cannot be searched", "leave `search` out", code="bus-settings"
        )

    def close(self) -> None:
        for reader in self._readers.values():
            reader.close(autocommit=False)
        self._readers.clear()
        if self._producer is not None:
            self._producer.close(timeout=self._timeout)
            self._producer = None

    def _consumer(self, source: BusStream) -> KafkaConsumer:
        if source.source not in self._readers:
            with self._told(f"topic `{source.source}`"):
                self._readers[source.source] = KafkaConsumer(
                    **self._options,
                    group_id=f"{self._group}.{source.source}",
                    enable_auto_commit=False,
                    auto_offset_reset="none",
                    isolation_level="read_committed",
                )
        return self._readers[source.source]

    def _partitions(self, reader: KafkaConsumer, source: BusStream) -> list[Any]:
        with self._told(f"topic `{source.source}`"):
            found = reader.partitions_for_topic(source.source)
        if not found:
            raise ConfigurationError(
                f"{self._where}: topic `{source.source}`",
                "there is no such topic, or the user may not see it",
                "make it, or correct `from`",
                code="bus-missing",
            )
        return [TopicPartition(source.source, number) for number in sorted(found)]

    def _between(
        self, reader: KafkaConsumer, source: BusStream, start: Mapping[Any, int], ends: Mapping[Any, int], size: int
    ) -> Iterator[list[Message]]:
        """What lies between the offsets; a partition's order is kept."""
        open_ = {each for each in start if start[each] < ends[each]}
        for each, offset in start.items():
            reader.seek(each, min(offset, ends[each]))
        silent = 0
        while open_:
            with self._told(f"topic `{source.source}`"):
                polled = reader.poll(timeout_ms=_POLL_MS, max_records=size)
            some = [
                Message(f"{one.partition}:{one.offset}", one.value, (one.key or b"").decode("utf-8", "replace"))
                for each, found in polled.items()
                for one in found
                if one.offset < ends[each]
            ]
            if some:
                yield some
            silent = 0 if polled else silent + 1
            # Transaction marks have offsets and are no messages: the position passes them.
            open_ = {each for each in open_ if reader.position(each) < ends[each]}
            if silent * _POLL_MS / 1000 > self._timeout * 3:
                raise RetryableError(
                    f"{self._where}: topic `{source.source}`",
                    "the broker gives no messages although there are some",
                    "look at its partitions' leaders; it is tried again",
                    code="bus-away",
                )

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Kafka's errors in our words."""
        try:
            yield
        except (errors.KafkaError, OSError) as error:
            raise self._error(what, error) from None

    def _error(self, what: str, error: Exception) -> TongmaiError:
        where, text = f"{self._where}: {what}", f"{type(error).__name__} {error}"[:300]
        if isinstance(error, _DENIED):
            return AuthenticationError(
                where, text, "check user, password, `sasl` and the user's ACLs", code="bus-refused"
            )
        if isinstance(error, errors.NoBrokersAvailable) or getattr(error, "retriable", False):
            return RetryableError(where, text, "check host, port and `tls`; it is tried again", code="bus-away")
        if isinstance(error, OSError | errors.KafkaTimeoutError | errors.KafkaConnectionError):
            return RetryableError(where, text, "check host, port and `tls`; it is tried again", code="bus-away")
        return FatalError(where, text, "look at the broker's log", code="bus-error")


def _upto(offset: int) -> Any:
    return OffsetAndMetadata(offset, "", -1)
