"""A receiver of events as Standard Webhooks describes it: it verifies, drops what it had already, and stores."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from connectors.sdk.webhook import signature
from connectors.testing.simulator import Reply, Request, State, json_reply
from connectors.testing.table import Table

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 (of the simulator)
_OPERATIONS = {"created": "create", "changed": "update", "deactivated": "deactivate", "activated": "activate"}


def create(*, seed: int = 1, customers: int = 2000, limits: bool = True) -> Receiver:
    """A receiver with nothing in it."""
    return Receiver()


class Receiver:
    """``gone``: it wants no more events."""

    name = "webhook"

    def __init__(self) -> None:
        self.state = State({"events": Table(lambda row: 0)}, {"events": []})
        self.state.switches = {"gone": False}
        self.bodies: list[tuple[dict[str, str], bytes]] = []

    def credentials(self, url: str) -> dict[str, Any]:
        return {"base_url": url, "secret": SECRET}

    def expire_sessions(self) -> None: ...

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        raise ValueError("nobody writes here but the sender")

    def record(self, obj: str, key: str) -> dict[str, Any] | None:
        """What was last told of a record: the events themselves are all that a receiver has."""
        told = [each for each in self.state.ledger.entries if (each["object"], each["key"]) == (obj, key)]
        return told[-1] if told else None

    def answer(self, request: Request) -> Reply:
        headers = request.headers
        if request.method != "POST":
            return json_reply({"message": "POST events here"}, 405)
        if self.state.switches["gone"]:
            return json_reply({"message": "no more"}, 410)
        id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        keys = signature.standard_keys(SECRET, "secret")
        given = headers.get("webhook-signature", "")
        young = stamp.isdigit() and abs(int(stamp) - self.state.clock.now()) < 300
        if not young or not signature.standard_fits(keys, id, stamp, request.body, given):
            return json_reply({"message": "the signature does not fit"}, 401)
        event = _event(request)
        if event["id"] != id:
            return json_reply({"message": "webhook-id is not the event's id"}, 400)
        self.bodies.append((dict(headers), request.body))
        return self._taken(event)

    def _taken(self, event: dict[str, Any]) -> Reply:
        table = self.state.tables["events"]
        kind, _, operation = event["type"].rpartition(".")
        if operation == "created" and not event["data"].get("title"):
            return json_reply({"message": "data.title must not be empty"}, 422)
        if event["id"] not in table.rows and operation != "ping":
            table.put(event["id"], event)
            op = _OPERATIONS[operation]
            self.state.ledger.add(
                self.state.clock.now(), kind, op, str(event.get("subject", "")), event["data"], our_key=event["id"]
            )
        return Reply(b"ok", 200, "text/plain")


def _event(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/cloudevents+json"):
        found: dict[str, Any] = json.loads(request.body)
        return found
    attributes = {name[3:]: unquote(value) for name, value in request.headers.items() if name.startswith("ce-")}
    return {**attributes, "data": json.loads(request.body)}
