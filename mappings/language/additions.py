"""A system's values that sites added to the dictionary, laid over the system's value maps."""

from __future__ import annotations

from collections.abc import Iterable

from mappings.language.valuemaps import Reason, SystemMaps, ValueMap
from masterdata.model.dictionary import values_of
from masterdata.model.schema import Schema
from masterdata.model.terms import SystemValue
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document


def lay_over(systems: dict[str, SystemMaps], known: Iterable[str], schema: Schema) -> None:
    """Add the values to the maps; mistakes go to the files that hold them.

    A system without a map for the list speaks in the terms themselves: it goes on doing so, beside what is added.
    ``known``: every system that has mappings.
    """
    places = sorted({*systems, *known})
    for document, found in schema.additions:
        for system in found.values:
            if system not in places:
                names = ", ".join(places) or "-"
                document.add(
                    document.key_mark("values", system),
                    "dictionary.unknown-system",
                    f"no mapping is of a system `{system}` (there are: {names})",
                    f"没有系统 `{system}` 的映射（现有：{names}）",
                    nearest(system, places),
                )
    for name in dict.fromkeys(found.list for _, found in schema.additions):
        for system in places:
            parts = values_of(schema, system, name)
            if not parts:
                continue
            maps = systems.setdefault(system, SystemMaps())
            if name in maps.maps:
                continue
            identity = {term: term for term in schema.terms[name].terms}
            bare = ValueMap.model_validate({"in": identity, "out": identity})
            maps.maps[name] = extended(name, bare, system, schema)
            maps.places[name], maps.site[name] = parts[0][0], True


def extended(name: str, found: ValueMap, system: str, schema: Schema) -> ValueMap:
    """A value map with what was added for the system; a value that means another term already is a mistake."""
    inward = dict(found.inward)
    outward = None if found.outward is None else dict(found.outward)
    refused = dict(found.refused)
    for document, term, said in values_of(schema, system, name):
        for index, value in enumerate(said.inward):
            if inward.setdefault(value, term.term) != term.term:
                document.add(
                    document.mark("values", system, "in", index),
                    "dictionary.value-taken",
                    f"`{value}` of `{system}` means `{inward[value]}` already",
                    f"系统 `{system}` 的取值 `{value}` 已对应词条 `{inward[value]}`",
                )
        if said.outward is not None or said.refused is not None:
            _out(document, term.term, said, system, inward, outward, refused)
            alone = [value for value, word in inward.items() if word == term.term] == [said.outward]
            if outward is None and said.outward is not None and not alone:
                outward = {**found.out()[0], term.term: said.outward}
    update = {"inward": inward, "outward": outward, "refused": refused}
    return found.model_copy(update=update)


def _out(
    document: Document,
    term: str,
    said: SystemValue,
    system: str,
    inward: dict[str, str],
    outward: dict[str, str] | None,
    refused: dict[str, Reason | None],
) -> None:
    before = (outward or {}).get(term)
    if before is not None and said.outward != before and before != term:
        document.add(
            document.mark("values", system),
            "dictionary.value-taken",
            f"`{term}` goes out to `{system}` as `{before}` already",
            f"词条 `{term}` 写出到系统 `{system}` 时已取值 `{before}`",
        )
    elif said.refused is not None:
        refused[term] = Reason(zh=said.refused.zh, en=said.refused.en)
        if outward is not None:
            outward.pop(term, None)
    elif said.outward is not None:
        refused.pop(term, None)
        if outward is not None:
            outward[term] = said.outward
