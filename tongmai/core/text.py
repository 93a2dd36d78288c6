"""Words for people: a text in Chinese and English, which language to show, how wide it is on a terminal."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path


def language() -> str:
    """``zh`` or ``en``: ``TONGMAI_LANG`` first, then ``LC_ALL``, ``LC_MESSAGES``, ``LANG``; English when none says."""
    for name in ("TONGMAI_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One message in both languages; ``str()`` gives the language of the reader."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if language() == "zh" else self.en

    def other(self) -> str:
        """The same message in the other language."""
        return self.en if language() == "zh" else self.zh

    def in_language(self, lang: str) -> str:
        """The message in ``lang`` (``zh`` or ``en``)."""
        return self.zh if lang == "zh" else self.en


def width(text: str) -> int:
    """Columns ``text`` takes on a terminal: Chinese and full-width characters take two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def display_path(path: str) -> str:
    """``path`` relative to the working directory when it lies below it."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return path
