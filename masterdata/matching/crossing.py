"""Which keys of changed records are generic now, and which became so, or ceased to be so, by the change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from masterdata.matching.book import Book
from masterdata.matching.scorer import Scorer


@dataclass
class Keys:
    """Of keys that were asked for (``seen``): the records of each that is not generic (``open``), of those that were
    generic until now (``opened``), and of those that are generic only now (``closed``)."""

    seen: set[int] = field(default_factory=set)
    open: dict[int, Collection[int]] = field(default_factory=dict)
    opened: dict[int, Collection[int]] = field(default_factory=dict)
    closed: dict[int, Collection[int]] = field(default_factory=dict)


def look(
    scorer: Scorer, book: Book, now: Mapping[int, Mapping[int, int]], before: Mapping[int, Collection[int]]
) -> Keys:
    """``now``: key → cap of the changed records that are there, which the book holds already; ``before``: the keys that
    each had until now.

    A key that only came or went with a record tells how many had it before: as many as have it now, less those that took
    it, and those that gave it up. So that this is sure, so many more are asked for as took it.
    """
    caps = {key: cap for own in now.values() for key, cap in own.items()}
    took, gave = Counter[int](), Counter[int]()
    for record, had in before.items():
        has = now.get(record, {})
        took.update(has.keys() - set(had))
        gave.update(set(had) - has.keys())
    most = scorer.rules.generic
    found = book.holders({**dict.fromkeys(gave, most), **{key: cap + took[key] for key, cap in caps.items()}})
    caps |= _caps_of(scorer, book, {key: found[key] for key in gave.keys() - caps.keys()}, gave)
    keys = Keys(set(caps))
    for key, cap in caps.items():
        size = len(found[key])
        was = size - took[key] + gave[key]
        if size <= cap:
            keys.open[key] = found[key]
            if was > cap:
                keys.opened[key] = found[key]
        elif was <= cap:
            keys.closed[key] = found[key]
    return keys


def _caps_of(
    scorer: Scorer, book: Book, left: Mapping[int, Collection[int]], gave: Mapping[int, int]
) -> dict[int, int]:
    """Caps of keys that no changed record has any more, as a record that still has them says; keys that were not
    generic in any case are left out."""
    lowest = min(scorer.caps, default=scorer.rules.generic)
    wanted = {
        key: min(records)
        for key, records in left.items()
        if 1 < len(records) <= scorer.rules.generic and len(records) + gave[key] > lowest
    }
    own = {one: scorer.keys(features) for one, features in book.features(set(wanted.values())).items()}
    return {key: own[one][key] for key, one in wanted.items()}
