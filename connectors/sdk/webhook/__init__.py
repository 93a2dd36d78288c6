"""Webhooks as declared pieces: verify, decrypt, shake hands, find the events; and the same pieces turned round, to send.

Pure: no input or output, no clock. The manifest's ``webhooks:`` section (``model.py``) says which pieces; ``receive`` takes a
request apart by it, ``send`` makes one.
"""

from __future__ import annotations

from connectors.sdk.webhook.events import told_events
from connectors.sdk.webhook.outcome import Accepted, Event, Handshaken, Outcome, Refused, Reply
from connectors.sdk.webhook.receive import receive
from connectors.sdk.webhook.request import Request
from connectors.sdk.webhook.send import send

__all__ = [
    "Accepted",
    "Event",
    "Handshaken",
    "Outcome",
    "Refused",
    "Reply",
    "Request",
    "receive",
    "send",
    "told_events",
]
