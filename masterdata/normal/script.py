"""Chinese script: widths, traditional to simplified, sounds."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib import resources

_BLANKS = re.compile(r"\s+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


@cache
def _tables() -> tuple[dict[int, str], re.Pattern[str], dict[str, str]]:
    """Characters, and phrases that are no sum of their characters, from OpenCC's tables; read once."""
    folder = resources.files("opencc") / "dictionary"

    def table(name: str) -> dict[str, str]:
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        return {old: new.split()[0] for old, new in (line.split("\t") for line in lines if "\t" in line)}

    phrases = table("TSPhrases.txt")
    firsts = "".join(sorted({re.escape(each[0]) for each in phrases}))
    every = "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
    return str.maketrans(table("TSCharacters.txt")), re.compile(f"(?=[{firsts}])(?:{every})"), phrases


def simplified(text: str) -> str:
    """Simplified characters; phrases first, as OpenCC has them."""
    if text.isascii():
        return text
    characters, phrase, phrases = _tables()
    found = phrase.search(text)
    if found is None:
        return text.translate(characters)
    kept: list[str] = []
    at = 0
    while found is not None:
        kept += (text[at : found.start()].translate(characters), phrases[found[0]])
        at = found.end()
        found = phrase.search(text, at)
    return "".join((*kept, text[at:].translate(characters)))


def folded(text: str) -> str:
    """Compatibility form, simplified character by character, small letters, one blank where there were any."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_tables()[0])
    return _BLANKS.sub(" ", text).strip().casefold()


_MARKS = re.compile(r"[\u0300-\u036f]+")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i"})


def plain(text: str) -> str:
    """Folded text without accents: Müller and Muller, Société and Societe; kana and hangul stay what they are."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text))).translate(_LETTERS)


def han(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return not text.isascii() and _HAN.search(text) is not None


@lru_cache(maxsize=32768)
def pinyin(text: str, style: str = "joined") -> str:
    """Pinyin without tones, a character with several readings by its phrase; style ``words``, ``joined`` or ``initials``."""
    import pypinyin  # slow to load; few need it

    if style == "initials":
        return "".join(pypinyin.lazy_pinyin(text, style=pypinyin.Style.FIRST_LETTER))
    syllables = pypinyin.lazy_pinyin(text, style=pypinyin.Style.NORMAL)
    return (" " if style == "words" else "").join(syllables)


@cache
def _readings() -> dict[int, str]:
    """Each character's commonest reading, without tone."""
    from pypinyin.constants import PINYIN_DICT

    plain = str.maketrans("āáǎàēéěèōóǒòīíǐìūúǔùüǖǘǚǜńňǹḿ", "aaaaeeeeooooiiiiuuuuvvvvvnnnm")
    return {code: readings.split(",")[0].translate(plain) for code, readings in PINYIN_DICT.items()}


def sound(text: str) -> str:
    """Characters by their commonest reading, each on its own: the same for homophones, whatever phrase they stand in."""
    return text.translate(_readings())
