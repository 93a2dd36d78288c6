"""Telephone numbers as they are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_APART = re.compile(r"[/;；,，、|]|\s{2,}|或")
_EXTENSION = re.compile(r"(?:转|ext\.?|x|#|分机).*$", re.IGNORECASE)
_DASHED = re.compile(r"^(.*[0-9])-([0-9]{1,4})$")
_AREA = re.compile(r"0(?:10|2[0-9]|[3-9][0-9]{2})(?=[0-9]{7,8}$)")
_WHOLE = re.compile(r"(?:86)?(?:0(?:10|2[0-9])[0-9]{8}|0[3-9][0-9]{2}[0-9]{7,8}|1[3-9][0-9]{9})")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_AMERICAN = re.compile(r"\(?([2-9][0-9]{2})\)?[\s.\-/]{1,2}([2-9][0-9]{2})[\s.\-]([0-9]{4})")
"""Grouped by three, three and four: nobody writes a number of China so, but for service numbers."""
_MASKED = re.compile(r"(1[3-9][0-9])[*xX×]{4}([0-9]{4})")


@lru_cache(maxsize=65536)
def numbers(written: str) -> tuple[str, ...]:
    """The numbers of a field that may hold several, by ``number``; no empty ones, in the order written."""
    text = unicodedata.normalize("NFKC", written[:200])
    found = dict.fromkeys(number(part) for part in _APART.split(text))
    return tuple(each for each in found if each)


def number(text: str) -> str:
    """One number: ``13812345678``, ``021-64321234``, ``64321234`` (no area code), ``+14155550100``; masked as ``138****5678``.

    Empty where the text holds no seven digits.
    """
    masked = _MASKED.search(text)
    if masked:
        return f"{masked[1]}****{masked[2]}"
    bare = _EXTENSION.sub("", text.strip()) or text
    dashed = _DASHED.match(bare)
    if dashed and _WHOLE.fullmatch(re.sub(r"[^0-9]", "", dashed[1])):
        bare = dashed[1]
    abroad = bare.lstrip().startswith(("+", "00"))
    american = _AMERICAN.fullmatch(bare.strip())
    if american and not _SERVICE.fullmatch("".join(american.groups())):
        return "+1" + "".join(american.groups())
    digits = re.sub(r"[^0-9]", "", bare)
    if abroad:
        digits = digits.removeprefix("00")
        if not digits.startswith("86"):
            return "+" + digits if len(digits) >= 7 else ""
    if digits.startswith("86") and len(digits) in (12, 13):
        digits = digits[2:]
    digits = digits[1:] if len(digits) == 12 and _MOBILE.fullmatch(digits[1:]) else digits
    if _MOBILE.fullmatch(digits):
        return digits
    if _SERVICE.fullmatch(digits):
        return digits
    if not digits.startswith("0") and _AREA.match("0" + digits) and 9 <= len(digits) <= 11:
        digits = "0" + digits
    area = _AREA.match(digits)
    if area:
        return f"{area[0]}-{digits[area.end() :]}"
    return digits if 7 <= len(digits) <= 15 and len(set(digits)) > 1 else ""


def tail(one: str) -> str:
    """What remains of a landline when people leave the area code out: its last seven digits; empty for mobiles and others."""
    local = one.rpartition("-")[2]
    return local[-7:] if ("-" in one or len(local) in (7, 8)) and not one.startswith("+") else ""


def area(one: str) -> str:
    """The area code of a landline (``021``), or nothing."""
    return one.partition("-")[0] if "-" in one else ""
