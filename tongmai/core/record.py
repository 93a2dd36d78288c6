"""What a connector yields and the engine stores: records and pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

Operation = Literal["upsert", "delete", "broken"]

FINGERPRINT_BYTES = 16


def fingerprint(data: bytes) -> bytes:
    """16 bytes that change when ``data`` changes (BLAKE2b-128)."""
    return blake2b(data, digest_size=FINGERPRINT_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Record:
    """One source record as it was read.

    ``key`` identifies it in its stream. ``raw`` holds the bytes the connector's ``decode`` understands.
    ``fingerprint`` is 16 bytes over everything that matters (nothing volatile). ``op`` is ``broken`` for a piece of
    input that could not be read as a record at all: ``problem`` then says why, and ``key`` names its place.
    ``version`` is the source's own change stamp as text, empty when it has none.
    """

    key: str
    raw: bytes
    fingerprint: bytes
    op: Operation = "upsert"
    version: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records in source order.

    ``checkpoint``: where a later read may start once this page is stored (opaque text of the connector), or None
    when it may not move yet. ``complete`` marks the last page of a read that listed *every* live record of the
    stream, so that what was not listed is gone. ``ended`` marks it where a system does not tell of everything (of the last
    year only, say): then nothing is taken for gone, but a target whose stream it is may be served from now on.
    """

    records: Sequence[Record] = field(default_factory=tuple)
    checkpoint: str | None = None
    complete: bool = False
    ended: bool = False
