"""What identifies a part of a record: a guess by names and values, for a person to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mappings.drafting.profile import spelled

_NAMES = ("id", "_id", "uuid", "key", "code", "no", "number", "sku", "编号", "编码", "代码", "号")


def part_key(records: Sequence[Mapping[str, Any]]) -> str:
    """The expression of a member that every part has and that is named as a key is; empty where there is none."""
    first = records[0] if records else {}
    usable = [name for name in first if name != "head" and all(_scalar(record.get(name)) for record in records)]
    ranked = sorted((rank, place) for place, name in enumerate(usable) if (rank := _rank(name)) is not None)
    if not ranked:
        return ""
    return spelled("", usable[ranked[0][1]])


def _rank(name: str) -> int | None:
    low = name.lower()
    for number, one in enumerate(_NAMES):
        if low == one:
            return number
    ends = (number for number, one in enumerate(_NAMES) if _ends(name, one))
    return next((len(_NAMES) + number for number in ends), None)


def _ends(name: str, word: str) -> bool:
    """Whether a name's last word is ``word``: `buyer_id`, `buyerId`, `客户编号`; not `paid`."""
    if not word.isascii():
        return name.endswith(word)
    return name.lower().endswith(f"_{word}") or name.endswith(word.capitalize())


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""
