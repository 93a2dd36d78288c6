"""Numbers by which a record's values are found in an index: a collision only brings a candidate that ranking drops."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterable
from functools import cache
from zlib import crc32

from masterdata.search.entry import Entry

STARTS = 4
"""A name is found by as many first characters; what is longer by its pairs of characters too."""
INITIALS = range(2, 7)
WINDOW = 10
"""A slip is found in as many characters around a name's brand word."""
CODE_STARTS, CODE_ENDS = (4, 6, 10), (4, 8)


def tokens(entity: str, found: Iterable[Entry]) -> list[int]:
    """The sorted numbers of a record of this entity."""
    words: list[str] = []
    for one in found:
        words += _WORDS[one.kind](one)
    return numbers(entity, words)


def numbers(entity: str, words: Iterable[str]) -> list[int]:
    """The numbers of words that a query asks for, or of a record's; signed, as PostgreSQL's integers."""
    salt, joined = _salt(entity), "\0".join({*words})
    if not joined:
        return []
    # one call for all words, and one for all signs: this is done for every record that is written
    found = array("I", [crc32(word, salt) for word in joined.encode().split(b"\0")])
    return sorted({*memoryview(found).cast("B").cast("i")})


@cache
def _salt(entity: str) -> int:
    return crc32(entity.encode())


def _code(one: Entry) -> list[str]:
    text = one.text
    starts_ = [f"c^{text[:size]}" for size in CODE_STARTS if len(text) >= size]
    return [f"c={text}", *starts_, *[f"c${text[-size:]}" for size in CODE_ENDS if len(text) >= size]]


def _phone(one: Entry) -> list[str]:
    return [f"n={one.text}", *[f"n${one.text[-size:]}" for size in (4, 7) if len(one.text) >= size]]


def _name(one: Entry) -> list[str]:
    text, brand = one.text, one.brand
    words = [f"={text}", *starts(text), *pairs(text)]
    if brand:
        words += [f"={brand}", *starts(brand)]
    if text.isascii():
        return words
    at = text.find(brand) if brand else 0
    near = text[max(0, at - 2) : at + max(len(brand) + 4, WINDOW)]
    words += [f"s{a}{b}" for a, b in zip(near, near[2:], strict=False)]
    heard = one.sounds.split()
    words += sounds(heard)
    words += [f"y{each}" for each in {*heard[:1], *heard[one.ahead : one.ahead + max(len(brand), 2)]}]
    letters = "".join([each[0] for each in heard])
    for begin in {0, one.ahead}:
        words += [f"i{letters[begin : begin + size]}" for size in INITIALS if len(letters) - begin >= size]
    return words


def starts(text: str) -> list[str]:
    """Its first characters, one more each."""
    return [f"^{text[:size]}" for size in range(1, min(STARTS, len(text)) + 1)]


def pairs(text: str) -> list[str]:
    """Each two neighbours."""
    return [f"g{a}{b}" for a, b in itertools.pairwise(text)]


def sounds(heard: list[str]) -> list[str]:
    """Each two neighbours."""
    return [f"y{a} {b}" for a, b in itertools.pairwise(heard)]


_WORDS = {"code": _code, "phone": _phone, "company": _name, "text": _name}
