"""Characters: how they sound, which sound or look alike, how they are written in traditional script."""

from __future__ import annotations

from functools import cache
from typing import Any

from bench.matching.words import BRAND, LOOK_ALIKES, SURNAMES


@cache
def inventory() -> str:
    """The 3,755 first-level characters of GB 2312, which is its rows 16 to 55."""
    cells = ((row, cell) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF))
    return "".join(bytes(pair).decode("gb2312", "ignore") for pair in cells)


@cache
def syllable(letter: str) -> str:
    """Pinyin without tone, the first reading."""
    from pypinyin import Style, pinyin

    return pinyin(letter, style=Style.NORMAL, errors="ignore")[0][0] if "一" <= letter <= "鿿" else letter


def spelled(text: str) -> list[str]:
    return [syllable(letter) for letter in text if "一" <= letter <= "鿿"]


@cache
def _by_sound() -> dict[str, str]:
    found: dict[str, str] = {}
    liked = set(BRAND) | set(SURNAMES)
    for letter in inventory():
        # a typist takes a character that occurs in names before an odd one
        found[syllable(letter)] = found.get(syllable(letter), "") + letter * (3 if letter in liked else 1)
    return found


@cache
def homophones(letter: str) -> str:
    """Others of the same sound, the likelier ones more than once."""
    return _by_sound().get(syllable(letter), "").replace(letter, "")


@cache
def look_alikes(letter: str) -> str:
    return "".join(group.replace(letter, "") for group in LOOK_ALIKES if letter in group)


@cache
def _opencc() -> Any:
    from opencc import OpenCC  # type: ignore[import-untyped]

    return OpenCC("s2t")


@cache
def _traditional(letter: str) -> str:
    return str(_opencc().convert(letter))[:1]


def traditional(text: str) -> str:
    """Character for character, as an input method in the wrong mode writes it."""
    return "".join(_traditional(letter) if letter > "一" else letter for letter in text)


_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}


def wide(text: str) -> str:
    """Full-width letters, digits and signs."""
    return text.translate(_WIDE)
