"""Which language a reader gets."""

from __future__ import annotations

import pytest

from tongmai.web.language import choose
from tongmai.web.words import PHRASES


@pytest.mark.parametrize(
    ("asked", "accept", "given"),
    [
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "en-US,en;q=0.9,zh;q=0.8", "en"),
        (None, "en;q=0.1, zh-TW;q=0.9", "zh"),
        (None, "fr-FR,fr;q=0.9,zh;q=0.2", "zh"),
        (None, "fr", "en"),
        (None, "zh;q=0", "en"),
        (None, "zh;q=nonsense", "en"),
        (None, "", "en"),
        ("zh-CN", "en", "zh"),
        ("en", "zh", "en"),
        ("<script>", "zh", "en"),
    ],
)
def test_choose(asked: str | None, accept: str, given: str) -> None:
    assert choose(asked, accept) == given


def test_every_phrase_is_in_both_languages() -> None:
    for word, text in PHRASES.items():
        assert text.en and text.zh and text.en != text.zh, word
        assert any("\u4e00" <= char <= "\u9fff" for char in text.zh), word
