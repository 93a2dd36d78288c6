"""Events out, verified by the `standardwebhooks` package; events in, fed by a declared webhook only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from standardwebhooks import Webhook as Verifier

from connectors import registry
from connectors.sdk import Connector, ReadRequest
from connectors.sdk.webhook import Accepted, Request, receive
from connectors.sdk.webhook.declared import ready, webhooks_of
from connectors.testing.server import SimulatorServer
from connectors.vendors.webhook.simulator import SECRET
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    FatalError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
)

OTHER = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
OUT = {
    "streams": {"sent": {"key": "code", "deletes": "never"}},
    "writes": {"customer": {"type": "com.example.customer", "stream": "sent", "key": "code", "our_key": "code"}},
}
IN = {
    "streams": {"customers": {"key": "id", "deletes": "visible"}},
    "webhooks": {
        "main": {
            "verify": {"kind": "standard-webhooks", "secret": "webhook_secret"},
            "replay": {"seconds": 300},
            "events": {
                "type": "event.type",
                "types": {
                    "customer.changed": {
                        "stream": "customers", "keys": "event.subject", "record": "event.data", "version": "event.time",
                    },
                    "customer.deleted": {"stream": "customers", "keys": "event.subject", "operation": "delete"},
                },
            },
        }
    },
}  # fmt: skip
Serve = Callable[..., SimulatorServer]
Connect = Callable[..., Connector]


@pytest.fixture
def receiver(serve: Serve) -> SimulatorServer:
    return serve("webhook")


def verified(receiver: SimulatorServer, secret: str = SECRET) -> tuple[dict[str, str], Any]:
    """The last request, as an independent verifier takes it."""
    headers, body = receiver.vendor.bodies[-1]
    Verifier(secret).verify(body, headers)
    return headers, json.loads(body)


def test_a_structured_event_is_signed_and_whole(receiver: SimulatorServer, connect: Connect) -> None:
    connect(receiver, **OUT).writer("customer").create({"code": "C1", "title": "北京甲公司"}, "C1")
    headers, event = verified(receiver)
    assert headers["content-type"].startswith("application/cloudevents+json")
    assert {name: event[name] for name in ("specversion", "id", "source", "type", "subject", "datacontenttype")} == {
        "specversion": "1.0", "id": "C1", "source": "/tongmai", "type": "com.example.customer.created",
        "subject": "C1", "datacontenttype": "application/json",
    }  # fmt: skip
    assert event["time"].endswith("Z")
    assert event["data"] == {"code": "C1", "title": "北京甲公司"}
    assert headers["webhook-id"] == event["id"]


def test_a_binary_event_has_its_attributes_in_headers(receiver: SimulatorServer, connect: Connect) -> None:
    connection = connect(receiver, **OUT, mode="binary")
    connection.writer("customer").create({"code": '甲 "1"%', "title": "x"}, "K1")
    headers, data = verified(receiver)
    assert data == {"code": '甲 "1"%', "title": "x"}
    assert (headers["ce-id"], headers["ce-specversion"]) == ("K1", "1.0")
    assert headers["ce-subject"].isascii()
    assert unquote(headers["ce-subject"]) == '甲 "1"%'


def test_two_keys_sign_twice_so_that_one_can_be_exchanged(receiver: SimulatorServer, connect: Connect) -> None:
    connect(receiver, **OUT, secret=f"{OTHER} {SECRET}").writer("customer").create({"code": "C1", "title": "x"}, "C1")
    verified(receiver, SECRET)
    verified(receiver, OTHER)


def test_a_create_keeps_its_id_and_a_value_that_comes_back_does_not(
    receiver: SimulatorServer, connect: Connect
) -> None:
    writer = connect(receiver, **OUT).writer("customer")
    awkward = "客户 1.2"
    for _ in range(2):
        writer.create({"code": "C1", "title": "x"}, awkward)
    for value in ("a", "b", "a"):
        writer.update("C1", {"title": value})
    ids = [headers["webhook-id"] for headers, _ in receiver.vendor.bodies]
    assert ids[0] == ids[1]
    assert ids[0].isascii()
    assert "." not in ids[0]
    assert len(set(ids)) == 4
    assert len(receiver.vendor.state.ledger.entries) == 4


@pytest.mark.parametrize(
    ("fault", "error", "taken"),
    [
        ({"kind": "status", "status": 500}, OutcomeUnknownError, 0),
        ({"kind": "timeout_after", "seconds": 3}, OutcomeUnknownError, 1),
        ({"kind": "reset_body"}, OutcomeUnknownError, 1),
        ({"kind": "status", "status": 302}, OutcomeUnknownError, 0),
        ({"kind": "status", "status": 403}, AuthenticationError, 0),
        ({"kind": "status", "status": 429, "retry_after": 3600}, RetryableError, 0),
    ],
)
def test_what_each_answer_means(
    receiver: SimulatorServer, connect: Connect, fault: dict[str, Any], error: type[Exception], taken: int
) -> None:
    receiver.control("faults", [fault])
    with pytest.raises(error):
        connect(receiver, **OUT, read_timeout=0.5).writer("customer").create({"code": "C1", "title": "x"}, "C1")
    assert len(receiver.vendor.state.ledger.entries) == taken


def test_a_try_after_a_wait_is_signed_anew_under_the_same_id(receiver: SimulatorServer, connect: Connect) -> None:
    receiver.control("faults", [{"kind": "status", "status": 429, "retry_after": 1, "times": 1}])
    connect(receiver, **OUT).writer("customer").create({"code": "C1", "title": "x"}, "C1")
    headers, _ = verified(receiver)
    assert headers["webhook-id"] == "C1"
    assert len(receiver.vendor.state.ledger.entries) == 1


def test_a_receiver_that_is_gone_stops_the_run_and_one_refusal_does_not(
    receiver: SimulatorServer, connect: Connect
) -> None:
    writer = connect(receiver, **OUT).writer("customer")
    with pytest.raises(RemoteRefusedError, match="title must not be empty"):
        writer.create({"code": "C1", "title": ""}, "C1")
    receiver.vendor.state.switches["gone"] = True
    with pytest.raises(FatalError, match="410") as error:
        writer.create({"code": "C1", "title": "x"}, "C1")
    assert error.value.code == "webhook-gone"


def test_a_check_without_ping_sends_no_event(receiver: SimulatorServer, connect: Connect) -> None:
    assert "can be reached" in connect(receiver, **OUT).check().detail
    assert receiver.vendor.bodies == []
    connect(receiver, **OUT, ping=True).check()
    verified(receiver)
    with pytest.raises(AuthenticationError):
        connect(receiver, **OUT, ping=True, secret=OTHER).check()


def test_events_of_an_independent_sender_feed_a_stream() -> None:
    settings = registry.settings_for("in", "webhook", {}, {**IN, "webhook_secret": OTHER})
    connection = registry.open_connection("in", "webhook", settings)
    assert connection.check().ok
    assert [list(page.records) for page in connection.read(ReadRequest("customers", full=True))] == [[]]
    webhook = webhooks_of("in", registry.manifest("webhook"), settings)["main"]
    assert ready(webhook, settings)
    assert not ready(webhook, {**settings, "webhook_secret": None})

    now = time.time()
    event = {
        "type": "customer.changed",
        "subject": "C1",
        "time": "2026-11-22T08:00:00Z",
        "data": {"id": "C1", "name": "甲"},
    }
    body = json.dumps(event, ensure_ascii=False)
    signature = Verifier(OTHER).sign("msg_1", datetime.fromtimestamp(int(now), UTC), body)
    headers = {
        "content-type": "application/cloudevents+json", "webhook-id": "msg_1", "webhook-timestamp": str(int(now)),
        "webhook-signature": signature,
    }  # fmt: skip
    outcome = receive(webhook, settings, Request("POST", "/in", "/in", {}, headers, body.encode()), now)
    assert isinstance(outcome, Accepted)
    (taken,) = outcome.events
    assert (taken.id, taken.stream, taken.key, taken.version) == ("msg_1", "customers", "C1", "2026-11-22T08:00:00Z")
    assert taken.raw is not None
    assert connection.decode("customers", taken.raw) == {"id": "C1", "name": "甲"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({**IN, "streams": {}}, "is not there"),
        ({"writes": OUT["writes"], "streams": OUT["streams"]}, "base_url"),
        (
            {"writes": {"x": {"type": "a b", "stream": "s", "key": "k"}}, "base_url": "https://example.com"},
            "writes.x.type",
        ),
        ({"secret": "whsec_not base64"}, "whsec"),
    ],
)
def test_mistakes_are_said(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        registry.open_connection("x", "webhook", registry.settings_for("x", "webhook", {}, more))


def test_a_route_without_a_record_is_a_mistake() -> None:
    types = {"*": {"stream": "customers", "keys": "event.subject"}}
    main = {**IN["webhooks"]["main"], "events": {"types": types}}
    given = {**IN, "webhooks": {"main": main}}
    with pytest.raises(ConfigurationError, match="nothing could be read again"):
        registry.open_connection("x", "webhook", registry.settings_for("x", "webhook", {}, given))
