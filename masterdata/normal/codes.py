"""Unified social credit codes as they are typed, and what a wrong one may have been meant to be."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {char: value for value, char in enumerate(ALPHABET)}
_WEIGHTS = tuple(pow(3, power, 31) for power in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_NOT_IN = str.maketrans("IOZSV", "10252")
"""Letters that the standard leaves out because they look like digits; V stands for nothing alike."""
_ALIKE = {"0": "DQ", "D": "0", "Q": "0", "1": "7L", "7": "1", "L": "1", "8": "B3", "B": "8", "3": "8", "5": "6", "6": "5G",
          "G": "6", "2": "7", "U": "W", "W": "U", "M": "N", "N": "M", "P": "R", "R": "P", "E": "F", "F": "E"}  # fmt: skip
_OTHER = re.compile(r"[^0-9A-Z]")


class Code(NamedTuple):
    """A typed code: ``text`` as it is compared, and whether its check characters are right."""

    text: str
    valid: bool = False

    @property
    def organisation(self) -> str:
        """The nine characters of the organisation (GB 11714); empty where the text is too short for one."""
        if len(self.text) == 18:
            return self.text[8:17]
        return self.text if len(self.text) == 9 else ""


def check(code: str) -> str:
    """The check character from the first 17 (GB 32100-2015)."""
    total = sum(_VALUE[char] * weight for char, weight in zip(code[:17], _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def organisation_check(body: str) -> str:
    """The check character of an organisation code from its first eight (GB 11714)."""
    total = sum(int(char, 36) * weight for char, weight in zip(body[:8], _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def _right(text: str) -> bool:
    return check(text) == text[17] and organisation_check(text[8:16]) == text[16]


@lru_cache(maxsize=65536)
def code(written: str) -> Code:
    """A code as typed; letters that no code has (I, O, Z, S) are read as the digits they look like."""
    text = _OTHER.sub("", unicodedata.normalize("NFKC", written[:64]).upper())
    if len(text) == 18:
        plain = text.translate(_NOT_IN)
        return Code(plain, all(char in _VALUE for char in plain) and _right(plain))
    if len(text) == 9:
        return Code(text, organisation_check(text[:8]) == text[8])
    return Code(text if 5 <= len(text) <= 24 else "")


def repairs(text: str) -> frozenset[str]:
    """Right codes that a wrong one of 18 characters may be a slip of: two neighbours swapped, one character read as
    one that looks like it. More than one is common: only another source can say which was meant."""
    if len(text) != 18 or not all(char in _VALUE for char in text):
        return frozenset()
    found = set()
    for at in range(18):
        if at < 17 and text[at] != text[at + 1]:
            found.add(text[:at] + text[at + 1] + text[at] + text[at + 2 :])
        found.update(text[:at] + alike + text[at + 1 :] for alike in _ALIKE.get(text[at], ""))
    return frozenset(each for each in found if _right(each))
