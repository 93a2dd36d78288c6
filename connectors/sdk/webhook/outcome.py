"""What becomes of a request: accepted, a handshake, or refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from tongmai.core.record import Operation
from tongmai.core.text import Text


@dataclass(frozen=True, slots=True)
class Reply:
    """What the sender is answered."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Event:
    """One change that the sender tells of.

    ``id`` is the sender's own id of the event, empty when it gives none. ``raw`` is the record, None when the event only says
    which ``key`` to read again. ``stream`` is empty when the manifest has no route for this ``type``; ``op`` is ``broken``
    when the event could not be read as its route says: ``problem`` says why.
    """

    id: str
    type: str
    stream: str
    key: str
    op: Operation = "upsert"
    version: str = ""
    raw: bytes | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Proven to be the sender's. Store the events, then answer with ``reply``."""

    events: tuple[Event, ...]
    reply: Reply = field(default_factory=Reply)


@dataclass(frozen=True, slots=True)
class Handshaken:
    """Only a test of the address: answer, store nothing."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Refused:
    """Not taken. ``reason`` holds no secret and nothing of the body."""

    status: int
    code: str
    reason: Text


Outcome = Accepted | Handshaken | Refused


class RefusedError(Exception):
    """Inside ``receive``: ends the work on a request."""

    def __init__(self, status: int, code: str, en: str, zh: str) -> None:
        super().__init__(code)
        self.refused = Refused(status, code, Text(en, zh))
