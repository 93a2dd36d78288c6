"""Names of people as they are compared."""

from __future__ import annotations

import re
from functools import lru_cache

from masterdata.normal.script import folded, han, plain

_TITLE = re.compile(
    r"(?:先生|女士|小姐|太太|老师|董事长|总经理|副总经理|副总|经理|总监|主任|厂长|店长|会计|老板|总|工)$|^(?:小|老|阿)(?=[\u4e00-\u9fff]$)"
)
_WORDS = re.compile(r"(?:[^\W\d_]|\*)+")


@lru_cache(maxsize=65536)
def person(written: str) -> str:
    """A name without titles, blanks and case: 张经理 → 张, ``Smith, John`` → ``john smith``; 张** stays masked."""
    text = folded(written[:100])
    if han(text):
        bare = text.replace(" ", "").replace("·", "")
        bare = re.sub(r"[（(/|].*$|[0-9].*$", "", bare)
        while len(bare) > 1 and (cut := _TITLE.sub("", bare)) != bare and cut:
            bare = cut
        return bare
    text = plain(text)
    if "," in text:
        last, _, first = text.partition(",")
        text = f"{first} {last}"
    return " ".join(_WORDS.findall(text))


def masked(name: str) -> bool:
    """Whether some of the name is hidden: 张*, 张**."""
    return "*" in name
