"""What a raw record is made of: by it a change of the source's schema is noticed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KINDS: Final[Mapping[int, str]] = {
    ord('"'): "text",
    ord("{"): "object",
    ord("["): "list",
    ord("t"): "boolean",
    ord("f"): "boolean",
    **dict.fromkeys(b"-0123456789", "number"),
}
Member = tuple[str, str]


def members(raw: bytes) -> set[Member]:
    """Name and kind of each member of a raw JSON record; what is null says nothing. Empty for what is no JSON object."""
    try:
        found = _members.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return set()
    return {(name, kind) for name, value in found.items() if (kind := _KINDS.get(memoryview(value)[0]))}
