"""CloudEvents 1.0 over HTTP, in both content modes, signed by Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.sdk import wire
from connectors.sdk.moment import write
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.webhook.send import standard_headers

STRUCTURED = "application/cloudevents+json"


@dataclass(frozen=True)
class Event:
    """One event. ``id`` stays the same whenever it is sent again."""

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]

    @property
    def attributes(self) -> dict[str, str]:
        """The context attributes."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "subject": self.subject,
            "time": str(write(self.time, "iso_ms")),
        }


def request(event: Event, path: str, mode: str) -> Outgoing:
    """The event as a request, not yet signed."""
    if mode == "structured":
        body = {**event.attributes, "datacontenttype": "application/json", "data": dict(event.data)}
        headers = {"Content-Type": f"{STRUCTURED}; charset=utf-8"}
        return Outgoing("POST", path, [], {**headers, "webhook-id": event.id}, wire.canonical(body))
    # The HTTP binding writes what is no printable ASCII, and the double quote and per cent, in percent encoding.
    headers = {f"ce-{name}": quote(value, safe=_PRINTABLE) for name, value in event.attributes.items() if value}
    headers |= {"Content-Type": "application/json", "webhook-id": event.id}
    return Outgoing("POST", path, [], headers, wire.canonical(dict(event.data)))


def sign(outgoing: Outgoing, secret: str, now: datetime) -> None:
    """Put the signature on, for this moment: each try has its own."""
    event_id = outgoing.header("webhook-id")
    if not event_id:
        return
    for name, value in standard_headers(secret, event_id, int(now.timestamp()), outgoing.body).items():
        outgoing.set_header(name, value)


_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
