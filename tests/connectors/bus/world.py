"""A bus that other programs use too: put a message in, look at what came out."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from connectors.testing.contract.fixture import Fixture
from connectors.vendors.bus.stand import RedisSystem, create


class World(Protocol):
    """What a test needs of a bus, through its own client and not through the connector."""

    kind: str

    def settings(self) -> dict[str, Any]: ...

    def put(self, body: bytes, key: str = "") -> None: ...

    def out(self) -> list[dict[str, Any]]:
        """What was published, in order: id, operation, key, data."""
        ...


class RedisWorld:
    kind = "redis"

    def __init__(self, system: RedisSystem) -> None:
        self.system = system

    def settings(self) -> dict[str, Any]:
        return self.system.settings()

    def put(self, body: bytes, key: str = "") -> None:
        self.system.client.xadd("in", {"data": body})

    def out(self) -> list[dict[str, Any]]:
        return [
            {name.decode(): json.loads(value) if name == b"data" else value.decode() for name, value in fields.items()}
            for _, fields in self.system.client.xrange("out")
        ]


class AmqpWorld:
    kind = "amqp"

    def __init__(self, url: str) -> None:
        import pika

        self._url = urlsplit(url)
        self._connection = pika.BlockingConnection(pika.URLParameters(url))
        self._channel = self._connection.channel()
        for name in ("in", "out"):
            self._channel.queue_declare(name, durable=True)
            self._channel.queue_purge(name)

    def settings(self) -> dict[str, Any]:
        url = self._url
        return {
            "kind": "amqp", "host": url.hostname, "port": url.port, "user": url.username, "password": url.password,
            "space": url.path[1:] or "/", "tls": False,
        }  # fmt: skip

    def put(self, body: bytes, key: str = "") -> None:
        import pika

        self._channel.basic_publish("", "in", body, pika.BasicProperties(message_id=key))

    def out(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            method, properties, body = self._channel.basic_get("out", auto_ack=True)
            if method is None:
                return found
            headers = properties.headers or {}
            found.append(
                {"id": properties.message_id, "operation": properties.type, "key": headers.get("tongmai-key"), "data": json.loads(body)}
            )  # fmt: skip


class KafkaWorld:
    kind = "kafka"

    def __init__(self, server: str) -> None:
        from kafka import KafkaAdminClient, KafkaProducer
        from kafka.admin import NewTopic

        self._server = server
        mark = uuid.uuid4().hex[:8]
        self.names = {"in": f"in-{mark}", "out": f"out-{mark}"}
        admin = KafkaAdminClient(bootstrap_servers=server)
        admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1) for name in self.names.values()])
        admin.close()
        self._producer = KafkaProducer(bootstrap_servers=server)

    def settings(self) -> dict[str, Any]:
        return {"kind": "kafka", "host": self._server, "tls": False}

    def put(self, body: bytes, key: str = "") -> None:
        self._producer.send(self.names["in"], body, key=key.encode() or b"same").get(timeout=10)

    def out(self) -> list[dict[str, Any]]:
        from kafka import KafkaConsumer

        consumer = KafkaConsumer(
            self.names["out"], bootstrap_servers=self._server, auto_offset_reset="earliest", consumer_timeout_ms=2000
        )
        found = []
        for one in consumer:
            headers = {name: value.decode() for name, value in one.headers}
            found.append(
                {"id": headers["tongmai-id"], "operation": headers["tongmai-operation"], "key": one.key.decode(), "data": json.loads(one.value)}
            )  # fmt: skip
        consumer.close()
        return found


@pytest.fixture(params=["redis", "amqp", "kafka"])
def bus(request: pytest.FixtureRequest) -> Iterator[World]:
    """Redis always; RabbitMQ and Kafka where the environment names a server."""
    if request.param == "redis":
        system = create(Fixture(connector="bus"))
        system.start()
        yield RedisWorld(system)
        system.stop()
        return
    variable = "TONGMAI_TEST_AMQP_URL" if request.param == "amqp" else "TONGMAI_TEST_KAFKA"
    server = os.environ.get(variable)
    if not server:
        pytest.skip(f"{variable} names no server")
    yield AmqpWorld(server) if request.param == "amqp" else KafkaWorld(server)
