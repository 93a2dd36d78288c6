"""Keys of several fields: how a stream names them, and how a record's key holds their values.

One rule for every connector. Field names are joined by ``,`` (``order_no, line_no``). Values are joined by ``|``, with ``|`` and
the backslash in them escaped by a backslash, so that no two records ever share a key. A single value is itself.
"""

from __future__ import annotations

from collections.abc import Sequence

JOIN = "|"
_ESCAPE = "\\"


def fields_of(key: str) -> tuple[str, ...]:
    """The fields that a stream's ``key`` names."""
    return tuple(part.strip() for part in key.split(","))


def named(fields: Sequence[str]) -> str:
    """A stream's ``key`` for these fields."""
    return ",".join(fields)


def joined(values: Sequence[str]) -> str:
    """A record's key of these values."""
    if len(values) == 1:
        return values[0]
    return JOIN.join(value.replace(_ESCAPE, _ESCAPE * 2).replace(JOIN, _ESCAPE + JOIN) for value in values)


def parts(key: str, count: int) -> list[str]:
    """The values of a record's key of ``count`` fields. Raises ``ValueError`` when it has another number of them."""
    found = [key] if count == 1 else split(key)
    if len(found) != count:
        raise ValueError(f"`{key}` has {len(found)} part(s), not {count}")
    return found


def split(key: str) -> list[str]:
    """The values of a key of several fields."""
    found, part, escaped = [], "", False
    for char in key:
        if escaped or char not in (_ESCAPE, JOIN):
            part, escaped = part + char, False
        elif char == _ESCAPE:
            escaped = True
        else:
            found.append(part)
            part = ""
    return [*found, part]
