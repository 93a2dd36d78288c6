"""Kinds of comparison for people who buy: what channels call them, nicknames, and terms."""

from __future__ import annotations

from collections.abc import Mapping

from masterdata.matching.kinds.kind import MISSING, Judged, Kind, Level, first
from masterdata.normal.script import folded
from tongmai.core.text import Text

MOST = 12
Texts = Mapping[str, tuple[str, ...]]
_CHANNEL = ":"


def _read_open_id(texts: Texts) -> tuple[str, ...] | None:
    """``channel:id`` each; the channel without case, the id as it is: it tells capitals from small letters."""
    found = set()
    for text in texts["id"]:
        channel, _, own = text.strip().rpartition(_CHANNEL)
        if own.strip():
            found.add(f"{folded(channel)}{_CHANNEL}{own.strip()}")
    return tuple(sorted(found)[:MOST]) or None


def _judge_open_id(a: tuple[str, ...], b: tuple[str, ...]) -> Judged:
    both = [each for each in a if each in b]
    if both:
        return Judged("same", both[0])
    channels = {each.rpartition(_CHANNEL)[0] for each in a}
    if any(each.rpartition(_CHANNEL)[0] in channels for each in b):
        return Judged("other")
    return Judged(MISSING)


OPEN_ID = Kind(
    "open_id",
    Text("What a channel calls somebody", "渠道标识"),
    ("id",),
    (
        Level("same", 20.0, Text("the same id of one channel", "同一渠道的标识相同")),
        Level("other", -4.0, Text("different ids of one channel", "同一渠道的标识不同")),
    ),
    _read_open_id,
    _judge_open_id,
    {"id": lambda value: value},
)


def _read_nickname(texts: Texts) -> str | None:
    """Without blanks; one whose middle a market place hides is ``t*8``, however many stars it has."""
    text = folded(first(texts["nickname"])).replace(" ", "")
    begin, star, rest = text.partition("*")
    end = rest.lstrip("*")
    if not star:
        return text or None
    return f"{begin}*{end}" if (begin or end) and "*" not in end else None


def _judge_nickname(a: str, b: str) -> Judged:
    if a == b:
        return Judged("hidden" if "*" in a else "same", a)
    if ("*" in a or "*" in b) and _ends(a) == _ends(b):
        return Judged("hidden", "*".join(_ends(a)))
    return Judged("different")


def _ends(nickname: str) -> tuple[str, str]:
    return nickname[:1], nickname[-1:]


NICKNAME = Kind(
    "nickname",
    Text("Nickname", "昵称"),
    ("nickname",),
    (
        Level("same", 8.0, Text("the same nickname", "昵称相同")),
        Level("hidden", 4.0, Text("what is not hidden is the same", "未隐去的部分相同")),
        Level("different", -0.5, Text("different nicknames", "昵称不同")),
    ),
    _read_nickname,
    _judge_nickname,
    {
        "nickname": lambda value: () if "*" in value else (value,),
        "hidden": lambda value: ("*".join(_ends(value)),),
    },
    lambda value: (value,) if "*" not in value else ("*".join(_ends(value)),),
)


def _read_term(texts: Texts) -> str | None:
    return folded(first(texts["term"])) or None


TERM = Kind(
    "term",
    Text("Term of a list", "词条"),
    ("term",),
    (
        Level("same", 1.0, Text("the same", "相同")),
        Level("different", -3.0, Text("different", "不同")),
    ),
    _read_term,
    lambda a, b: Judged("same", a) if a == b else Judged("different"),
    {"term": lambda value: (value,)},
    lambda value: (value,),
)

KINDS = (OPEN_ID, NICKNAME, TERM)
