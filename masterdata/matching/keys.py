"""The keys by which a record is looked up among the entities."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, NamedTuple

from masterdata.model import Entity

_DROP = re.compile(r"[\s\-_.,;:·•'\"“”‘’()（）\[\]【】<>《》/\\&]+")


class MatchKey(NamedTuple):
    """``kind`` is ``code``, ``name`` or ``exact:<field>``; ``value`` is normalised, never empty."""

    kind: str
    value: str


def match_keys(entity: Entity, fields: Mapping[str, Any]) -> list[MatchKey]:
    """A record's keys, strongest first, by the entity's ``matching:`` section."""
    matching = entity.matching
    keys = []
    if matching.legal_code and (code := fields.get(matching.legal_code)):
        keys.append(MatchKey("code", str(code)))
    for name in matching.exact:
        if (value := fields.get(name)) not in (None, ""):
            keys.append(MatchKey(f"exact:{name}", normal_name(str(value))))
    if matching.name and (value := fields.get(matching.name)):
        keys.append(MatchKey("name", normal_name(str(value))))
    return [key for key in keys if key.value]


def normal_name(text: str) -> str:
    """A name without what people write differently: width, case, spaces, brackets and punctuation."""
    return _DROP.sub("", unicodedata.normalize("NFKC", text).casefold())
