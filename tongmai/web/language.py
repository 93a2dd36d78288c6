"""Which language a reader gets: ``?lang=`` first, then what the browser prefers."""

from __future__ import annotations


def choose(asked: str | None, accept: str) -> str:
    """``zh`` or ``en``. ``accept`` is the Accept-Language header; English when it names neither."""
    if asked:
        return "zh" if asked.lower().startswith("zh") else "en"
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept.split(",")):
        tag, _, rest = part.strip().partition(";")
        ranked.append((-_quality(rest), position, tag.strip().lower()))
    for negative, _, tag in sorted(ranked):
        if negative < 0 and tag.split("-")[0] in ("zh", "en"):
            return tag.split("-")[0]
    return "en"


def _quality(rest: str) -> float:
    name, _, value = rest.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
