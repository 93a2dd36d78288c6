"""JSON answers of which only what is looked at gets decoded: rows stay the bytes the vendor sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_exact = msgspec.json.Decoder(float_hook=Decimal)


class LazyObject(Mapping[str, Any]):
    """A JSON object; a member is decoded when it is asked for."""

    __slots__ = ("_known", "_raw")

    def __init__(self, raw: bytes | msgspec.Raw) -> None:
        self._raw = _members.decode(raw)
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = opened(self._raw[name])
        return self._known[name]

    def get(self, name: str, default: Any = None) -> Any:
        return self[name] if name in self._raw else default

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)


class LazyList(list[Any]):
    """A JSON array. ``raws``: its items as bytes; as a list it holds the items decoded at first use."""

    __slots__ = ("_filled", "raws")

    def __init__(self, raw: bytes | msgspec.Raw) -> None:
        super().__init__()
        self.raws = _items.decode(raw)
        self._filled = False

    def __len__(self) -> int:
        return len(self.raws)

    def __bool__(self) -> bool:
        return bool(self.raws)

    def __getitem__(self, at: Any) -> Any:
        self._fill()
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[Any]:
        self._fill()
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        self._fill()
        return super().__eq__(other)

    __hash__ = None

    def _fill(self) -> None:
        if not self._filled:
            self._filled = True
            super().extend(_exact.decode(each) for each in self.raws)


def opened(raw: bytes | msgspec.Raw) -> Any:
    """A JSON text: lazy where it is an object or an array. Raises ``ValueError`` (also when it is not whole)."""
    view = bytes(memoryview(raw)[:64]).lstrip() if isinstance(raw, msgspec.Raw) else raw[:64].lstrip()
    if view[:1] == b"{":
        return LazyObject(raw)
    if view[:1] == b"[":
        return LazyList(raw)
    return _exact.decode(raw)


def plain(value: Any) -> Any:
    """The value without laziness, all the way down."""
    if isinstance(value, LazyObject):
        return {name: plain(value[name]) for name in value}
    return list(value) if isinstance(value, LazyList) else value
