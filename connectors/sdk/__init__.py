"""All a connector author imports. Heavy libraries load at first use, never here."""

from __future__ import annotations

from connectors.sdk.contract import (
    Acknowledging,
    Batching,
    CheckResult,
    Connector,
    Detail,
    Discovered,
    Discovering,
    Finishing,
    ReadRequest,
    RemoteRecord,
    Writer,
    Written,
)
from tongmai.core.record import Page, Record, fingerprint

__all__ = [
    "Acknowledging",
    "Batching",
    "CheckResult",
    "Connector",
    "Detail",
    "Discovered",
    "Discovering",
    "Finishing",
    "Page",
    "ReadRequest",
    "Record",
    "RemoteRecord",
    "Writer",
    "Written",
    "fingerprint",
]
