"""Every code that a mapping can give has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from mappings.language.messages import WORDS

LANGUAGE = Path(__file__).resolve().parents[2] / "mappings" / "language"
_RAISED = re.compile(r"(?:BadValueError\(\s*|notes\.append\(\s*\(\s*|Issue\(\s*field,\s*)\"([a-z-]+)\"")


def test_codes_and_words_agree() -> None:
    raised = {code for file in LANGUAGE.glob("*.py") for code in _RAISED.findall(file.read_text(encoding="utf-8"))}
    raised.add("bad-date")
    assert raised <= set(WORDS), raised - set(WORDS)
    assert set(WORDS) <= raised | {"waiting-reference"}, set(WORDS) - raised
    assert all(text.en != text.zh for text in WORDS.values())
