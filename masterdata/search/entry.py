"""The values of a record that it is searched by, each in the form it is compared in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from zlib import crc32

from masterdata.model import Entity
from masterdata.normal.company import company
from masterdata.normal.phones import numbers
from masterdata.normal.script import folded, han, pinyin, sound

CUT = 1
"""The version of how texts are cut here and in ``token``: raise it when that changes, then rows in the database are stale."""
LONGEST = 60
MOST_VALUES = 10
MOST_SYLLABLES = 20
_SIGNS = re.compile(r"[\W_]+")
_NOT_CODE = re.compile(r"[^0-9A-Z]+")


class Entry(NamedTuple):
    """One value. ``text``: as it is compared; ``brand``: its distinguishing word, of a company; ``sounds``: syllables apart by
    blanks; ``ahead``: how many syllables stand before the brand."""

    field: str
    kind: str
    text: str
    brand: str = ""
    sounds: str = ""
    ahead: int = 0


def entries(entity: Entity, fields: Mapping[str, Any]) -> list[Entry]:
    """What a golden record is searched by, in the order the entity declares."""
    found: dict[Entry, None] = {}
    for kind, names in entity.search.kinds():
        for name in names:
            for value in _values(fields.get(name)):
                found.update(dict.fromkeys(_READ[kind](name, kind, value)))
    return list(found)


def mark(entity: Entity) -> int:
    """A number over what the entity says of search and how texts are cut (signed, 32 bits)."""
    return signed(crc32(f"{CUT} {entity.search.model_dump_json()}".encode()))


def signed(number: int) -> int:
    """An unsigned number of 32 bits as PostgreSQL's integer."""
    return number - 0x1_0000_0000 if number >= 0x8000_0000 else number


def plain(text: str) -> str:
    """Simplified, small letters, without blanks and signs."""
    return _bare(folded(text))


def _bare(text: str) -> str:
    return (text if text.isalnum() else _SIGNS.sub("", text))[:LONGEST]


def plain_code(text: str) -> str:
    """A code's letters and digits."""
    text = folded(text).upper()
    return (text if text.isascii() and text.isalnum() else _NOT_CODE.sub("", text))[:LONGEST]


@lru_cache(maxsize=8192)
def plain_company(text: str) -> tuple[str, str]:
    """(a company's name without its form of organisation, its brand word)."""
    whole, parts = plain(text), company(text)
    form, brand = _bare(parts.form), _bare(parts.brand)  # `company` has folded them
    if form and whole.endswith(form) and len(whole) > len(form):
        whole = whole.removesuffix(form)
    return whole, brand if brand in whole else ""


def syllables(text: str, brand: str = "") -> list[str]:
    """How a text sounds; what is not Chinese stands as it is. A brand word, that no phrase book has, is read character by
    character; what stands around it is of few kinds, so its reading is remembered."""
    if not han(text):
        return []
    at = text.find(brand) if brand and han(brand) else -1
    if at < 0:
        return pinyin(text, "words").split()[:MOST_SYLLABLES]
    around = [pinyin(each, "words").split() if each else [] for each in (text[:at], text[at + len(brand) :])]
    return [*around[0], *map(sound, brand), *around[1]][:MOST_SYLLABLES]


def _values(value: Any) -> Iterator[str]:
    for one in value[:MOST_VALUES] if isinstance(value, list | tuple) else (value,):
        if one not in (None, ""):
            yield str(one)


def _company(name: str, kind: str, value: str) -> Iterator[Entry]:
    text, brand = plain_company(value)
    if text:
        at = text.find(brand) if brand else 0
        yield Entry(name, kind, text, brand, " ".join(syllables(text, brand)), at if han(text[:at] or text) else 0)


def _text(name: str, kind: str, value: str) -> Iterator[Entry]:
    if text := plain(value):
        yield Entry(name, kind, text, "", " ".join(syllables(text)))


def _code(name: str, kind: str, value: str) -> Iterator[Entry]:
    if text := plain_code(value):
        yield Entry(name, kind, text)


def _phone(name: str, kind: str, value: str) -> Iterator[Entry]:
    for number in numbers(value):
        if digits := "".join(filter(str.isdigit, number)):
            yield Entry(name, kind, digits)


_READ = {"company": _company, "text": _text, "code": _code, "phone": _phone}
