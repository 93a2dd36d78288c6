"""Redis Streams: a consumer group reads, XACK after storing; a create is published once by its remembered id."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from connectors.sdk import wire
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

_BUSY_GROUP = "BUSYGROUP"
_AWAY = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.BusyLoadingError,
    redis.exceptions.ReadOnlyError,
    redis.exceptions.OutOfMemoryError,
)
_ONCE = """
local known = redis.call('GET', KEYS[2])
if known then return known end
local id
if ARGV[3] == '0' then id = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 4))
else id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, 4)) end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
return ARGV[1]
"""
"""Entry and remembered id in one step: another connection sees both or none."""


class RedisStreams:
    """One Redis server. The group has one consumer, called like it: a later run takes up what an earlier one left."""

    def __init__(self, where: str, settings: Mapping[str, Any], tls: ssl.SSLContext | None) -> None:
        self._where = where
        self._group = str(settings["group"])
        space = str(settings.get("space") or "0")
        if not space.isdigit():
            raise ConfigurationError(where, f"`space`: got `{space}`, Redis has numbers", code="bus-settings")
        timeout = float(settings["timeout"])
        options: dict[str, Any] = {"ssl": True, "ssl_ca_certs": settings.get("ca_file") or None} if tls else {}
        self._client = redis.Redis(
            host=str(settings["host"]),
            port=int(settings["port"]) or 6379,
            db=int(space),
            username=settings.get("user") or None,
            password=settings.get("password") or None,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),  # the client may not repeat a write: we tell what is doubtful
            **options,
        )

    def check(self, sources: Mapping[str, BusStream]) -> str:
        with self._told("check"):
            self._client.ping()
            for source in sources.values():
                kind: Any = self._client.type(source.source)
                if kind not in (b"stream", b"none"):
                    raise self._no_stream(source.source, kind.decode())
            try:
                version = self._client.info("server").get("redis_version", "")
            except redis.exceptions.NoPermissionError:
                version = "(version not told)"
        return f"Redis {version}: {len(sources)} stream(s)"

    def messages(self, source: BusStream, size: int) -> Iterator[list[Message]]:
        self._make_group(source)
        after = "0"
        while True:
            with self._told(f"stream `{source.source}`"):
                found: Any = self._client.xreadgroup(self._group, self._group, {source.source: after}, count=size)
            entries = _entries(found)
            if entries:
                yield [self._message(source, place, fields) for place, fields in entries]
                after = after if after == ">" else entries[-1][0].decode()
            elif after == ">":
                return
            else:
                after = ">"

    def done(self, source: BusStream, places: list[Any]) -> None:
        with self._told(f"acknowledge `{source.source}`"):
            self._client.xack(source.source, self._group, *places)

    def history(self, source: BusStream, since: float | None, size: int) -> Iterator[list[Message]]:
        start = "-" if since is None else f"{int(since * 1000)}-0"
        while True:
            with self._told(f"stream `{source.source}`"):
                entries: Any = self._client.xrange(source.source, start, "+", count=size)
            if not entries:
                return
            yield [self._message(source, place, fields) for place, fields in entries]
            start = f"({entries[-1][0].decode()}"

    def publish(self, write: BusWrite, message: Outgoing) -> None:
        fields: list[str | bytes] = ["id", message.id, "operation", message.headers["tongmai-operation"]]
        fields += ["key", message.key, "data", message.body]
        with self._writing(f"publish to `{write.to}`"):
            if message.once:
                given = [message.body, write.keep_days * 86400, write.at_most, *fields]
                self._same(message, self._client.eval(_ONCE, 2, write.to, _memory(write, message.id), *given))
            else:
                entry: Any = dict(zip(fields[::2], fields[1::2], strict=True))
                self._client.xadd(write.to, entry, maxlen=write.at_most or None)

    def published(self, write: BusWrite, ids: list[str]) -> dict[str, bytes]:
        with self._told(f"look up in `{write.to}`"):
            bodies: Any = self._client.mget([_memory(write, id) for id in ids]) if ids else []
        return {id: body for id, body in zip(ids, bodies, strict=True) if body is not None}

    def close(self) -> None:
        self._client.close()

    def _make_group(self, source: BusStream) -> None:
        begin = "0" if source.begin == "oldest" else "$"
        try:
            with self._told(f"group `{self._group}` of `{source.source}`"):
                self._client.xgroup_create(source.source, self._group, id=begin, mkstream=True)
        except FatalError as error:
            if _BUSY_GROUP not in error.why:
                raise

    def _message(self, source: BusStream, place: bytes, fields: Mapping[bytes, bytes] | None) -> Message:
        name = place.decode()
        if not fields:
            return Message(name, None, problem="the entry was trimmed from the stream before it was stored here")
        if source.body:
            body = fields.get(source.body.encode())
            return Message(name, body, problem="" if body is not None else f"the entry has no field `{source.body}`")
        try:
            plain = {field.decode(): value.decode() for field, value in fields.items()}
        except UnicodeDecodeError:
            return Message(name, b" ".join(fields.values()), problem="a field is not UTF-8")
        return Message(name, wire.canonical(plain))

    def _same(self, message: Outgoing, known: Any) -> None:
        """A second record under our key is refused only when it says something else."""
        if known != message.body:
            raise RemoteRefusedError(
                f"{self._where}: publish",
                f"a message with the id `{message.id}` was published before, with another body",
                "an existing record is changed by an update",
                code="bus-exists",
            )

    def _no_stream(self, name: str, kind: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self._where}: `{name}`",
            f"it is a Redis {kind}, not a stream",
            "correct `from`",
            code="bus-settings",
        )

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Redis' errors in our words."""
        try:
            yield
        except redis.exceptions.RedisError as error:
            raise self._error(what, error) from None

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        try:
            # The connection is opened first: what fails then was never sent.
            with self._told(what):
                self._client.ping()
            yield
        except redis.exceptions.ResponseError as error:
            raise self._error(what, error) from None
        except redis.exceptions.RedisError as error:
            raise OutcomeUnknownError(
                f"{self._where}: {what}",
                f"no answer came: {type(error).__name__}",
                "it is looked up before it is tried again",
                code="bus-doubtful",
            ) from None

    def _error(self, what: str, error: redis.exceptions.RedisError) -> TongmaiError:
        where, text = f"{self._where}: {what}", str(error)[:300]
        refused = isinstance(error, redis.exceptions.AuthenticationError | redis.exceptions.NoPermissionError)
        if refused or text.startswith(("NOAUTH", "WRONGPASS", "NOPERM")):
            return AuthenticationError(where, text, "check user, password and the user's ACL", code="bus-refused")
        if isinstance(error, _AWAY):
            return RetryableError(where, text, "check host, port and `tls`; it is tried again", code="bus-away")
        return FatalError(where, text, "check `from` and `to`, and the rights of the user", code="bus-error")


def _entries(found: Any) -> list[tuple[bytes, Mapping[bytes, bytes] | None]]:
    """The entries of the one stream that was asked for; RESP2 gives a list, RESP3 a dictionary."""
    if not found:
        return []
    listed = next(iter(found.values())) if isinstance(found, dict) else found[0][1]
    return list(listed[0]) if listed and isinstance(listed[0], list) else list(listed)


def _memory(write: BusWrite, id: str) -> str:
    """Where an id that was published is remembered, in the stream's own hash slot."""
    digest = hashlib.sha256(id.encode()).hexdigest()[:32]
    return f"tongmai:published:{{{write.to}}}:{digest}"
