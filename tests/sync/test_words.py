"""Every code the engine itself gives has words in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from tongmai.core.settings import product_root
from tongmai.sync.words import ENGINE_WORDS, explained, meaning


def test_every_code_of_the_engine_has_words() -> None:
    found: set[str] = set()
    for name in ("apply", "plan", "deliver"):
        text = Path(product_root() / "tongmai" / "sync" / f"{name}.py").read_text(encoding="utf-8")
        found |= set(re.findall(r'Issue\(\s*"?\w*"?,\s*"([a-z-]+)"', text))
        found |= set(re.findall(r'code="([a-z-]+)"', text))
    assert found >= {"unresolved-reference", "ambiguous-target", "broken-record"}
    assert not [code for code in found if meaning(code) is None]


def test_words_come_in_the_readers_language(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("TONGMAI_LANG", "zh")
    assert explained("unknown-term", "`X`") == "数据字典中没有的取值: `X`"
    assert explained("my-own-rule", "both languages") == "both languages"
    assert all(words.zh and words.en for words in ENGINE_WORDS.values())
