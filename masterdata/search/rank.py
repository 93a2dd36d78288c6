"""How well a record fits a query: codes and telephones first, then the name's start, its brand, its parts, its sound, slips."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from masterdata.search.entry import Entry
from masterdata.search.query import Query

CODE, NAME, BRAND, START, CODE_PART, BRAND_START, PART, WORDS, INITIALS, SOUND, SLIP = (
    100, 95, 90, 85, 83, 82, 75, 70, 66, 62, 50)  # fmt: skip


class Hit(NamedTuple):
    """``how``: code, phone, name, start, brand, part, initials, sound or slip."""

    score: float
    field: str
    how: str


def rank(asked: Query, found: Iterable[Entry], allowed: Collection[str]) -> Hit | None:
    """The best fit among the fields that may be looked at; None where nothing fits."""
    best: Hit | None = None
    for place, one in enumerate(found):
        if one.field not in allowed:
            continue
        score, how = _JUDGES[one.kind](asked, one)
        if score and (best is None or score - place / 10 > best.score):
            best = Hit(score - place / 10, one.field, how)
    return best


def _code(asked: Query, one: Entry) -> tuple[float, str]:
    code = asked.code
    if not code:
        return 0, ""
    if code == one.text:
        return CODE, "code"
    if len(code) >= 4 and (one.text.startswith(code) or one.text.endswith(code)):
        return CODE_PART + len(code) / max(len(one.text), 1), "code"
    most = 2 if len(one.text) >= 15 else 1
    if len(code) >= 9 and OSA.distance(code, one.text, score_cutoff=most) <= most:
        return SLIP + 8, "slip"
    return 0, ""


def _phone(asked: Query, one: Entry) -> tuple[float, str]:
    digits = asked.digits
    if len(digits) < 4:
        return 0, ""
    if digits == one.text:
        return CODE, "phone"
    if one.text.endswith(digits) or (len(digits) >= 7 and digits.endswith(one.text[-7:]) and len(one.text) <= 8):
        return CODE_PART + len(digits) / 100, "phone"
    return 0, ""


def _name(asked: Query, one: Entry) -> tuple[float, str]:
    text, share = asked.text, min(1.0, len(asked.text) / max(len(one.text), 1))
    if not text:
        return 0, ""
    if text == one.text:
        return NAME, "name"
    if text == one.brand:
        return BRAND + share, "brand"
    if one.text.startswith(text):
        return START + share, "start"
    if one.brand and one.text.startswith(text, one.text.find(one.brand)):
        return BRAND_START + share, "brand"
    if text in one.text and len(text) > 1:
        return PART + share, "part"
    if len(asked.words) > 1 and all(word in one.text for word in asked.words):
        return WORDS + share, "part"
    same = (SLIP + 4 + share, "brand") if one.brand and one.brand == asked.brand else (0, "")
    return max(_initials(asked, one), _sound(asked, one), _slip(asked, one), same)


def _initials(asked: Query, one: Entry) -> tuple[float, str]:
    if len(asked.letters) < 2 or not one.sounds:
        return 0, ""
    letters = "".join(each[0] for each in one.sounds.split())
    if letters[one.ahead :].startswith(asked.letters):
        exact = one.brand and len(asked.letters) == len(one.brand)
        return INITIALS + (2 if exact else 1) + len(asked.letters) / 100, "initials"
    if letters.startswith(asked.letters):
        return INITIALS + len(asked.letters) / 100, "initials"
    return 0, ""


def _sound(asked: Query, one: Entry) -> tuple[float, str]:
    if not one.sounds:
        return 0, ""
    sought = asked.letters or "".join(asked.heard[0]) if asked.heard else ""
    joined = one.sounds.replace(" ", "")
    if len(sought) < 2 or sought not in joined:
        return 0, ""
    heard, begins = one.sounds.split(), 0
    for at, syllable in enumerate(heard):
        if joined.startswith(sought, begins):
            if one.brand and at == one.ahead:
                whole = "".join(heard[at : at + len(one.brand)]) == sought
                return SOUND + (3 if whole else 2), "sound"
            return SOUND + (1 if at == 0 else 0), "sound"
        begins += len(syllable)
    return 0, ""


def _slip(asked: Query, one: Entry) -> tuple[float, str]:
    """One character apart from the brand, the whole, or a stretch of it."""
    text = asked.text
    if len(text) < 3:
        return 0, ""
    if one.brand and OSA.distance(text, one.brand, score_cutoff=1) <= 1:
        return SLIP + 5, "slip"
    if OSA.distance(text, one.text, score_cutoff=1) <= 1:
        return SLIP + 6, "slip"
    if partial_ratio(text, one.text, score_cutoff=100 - 210 / len(text)) == 0:  # a cheap look before the close one
        return 0, ""
    for size in (len(text), len(text) - 1, len(text) + 1):
        for at in range(len(one.text) - size + 1):
            if OSA.distance(text, one.text[at : at + size], score_cutoff=1) <= 1:
                return SLIP + (3 if at == 0 else 0), "slip"
    return 0, ""


_JUDGES = {"code": _code, "phone": _phone, "company": _name, "text": _name}
