"""JSON as it stands on the wire: numbers keep every digit, and equal records give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from tongmai.core.errors import RecordError
from tongmai.core.record import Operation, Record, fingerprint

_exact = msgspec.json.Decoder(float_hook=Decimal)
_as_text = msgspec.json.Decoder(float_hook=str)
_canonical = msgspec.json.Encoder(order="sorted", decimal_format="number")


def parse(body: bytes) -> Any:
    """JSON with numbers that have a point or an exponent as ``Decimal``. Raises ``ValueError``."""
    return _exact.decode(body)


def canonical(value: Any) -> bytes:
    """Compact JSON with sorted keys; decimals stay numbers with the digits they came with."""
    return _canonical.encode(value)


def record(
    key: str, data: Mapping[str, Any], volatile: Sequence[str] = (), *, op: Operation = "upsert", version: str = ""
) -> Record:
    """A record of one JSON object: raw is its canonical form, the fingerprint leaves out ``volatile`` members."""
    raw = canonical(data)
    steady = raw
    if volatile:
        kept = dict(data)
        for name in volatile:
            kept.pop(name, None)
        steady = canonical(kept)
    return Record(key, raw, fingerprint(steady), op=op, version=version)


def decode(stream: str, raw: bytes) -> dict[str, Any]:
    """A record's dictionary from its raw bytes. Numbers with a point are given as text, so that no digit is lost."""
    try:
        data = _as_text.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"record of {stream}", f"raw bytes are not JSON: {error}", code="undecodable") from None
    if not isinstance(data, dict):
        raise RecordError(
            f"record of {stream}", f"a JSON object is expected, got {type(data).__name__}", code="undecodable"
        )
    return data
