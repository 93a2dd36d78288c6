"""Fragments, variables, tables and value maps that no mapping uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mappings.language.definition import Definition
from mappings.language.fragments import SHARED, Fragments
from mappings.language.tables import FOLDER, Table
from mappings.language.valuemaps import SystemMaps
from tongmai.core.finding import Finding, Mark
from tongmai.core.text import Text

_WORDS = ("in", "out", "alias", "table", "rates")


def unused(
    used: Mapping[str, set[str]],
    definitions: Iterable[Definition],
    fragments: Mapping[str, Fragments],
    tables: Mapping[str, Mapping[str, Table]],
    files: Mapping[tuple[str, str], str],
    maps: Mapping[str, SystemMaps],
    whole: set[str],
) -> list[Finding]:
    """Warnings. ``used``: by mapping, what it used, as ``fragment phone``. ``files``: of each table. ``whole``: the systems
    whose mappings could all be read, so that what is not used there is used by none."""
    mappings = list(definitions)
    by_system: dict[str, set[str]] = {}
    for definition in mappings:
        words = used.get(definition.name, set()) | _groups(definition)
        by_system.setdefault(definition.system, set()).update(words)
        by_system.setdefault(SHARED, set()).update(words)
        if definition.direct:  # it goes by the value maps of both systems
            by_system.setdefault(definition.source_system, set()).update(words)
    findings = [finding for one in mappings for finding in _variables(one, used.get(one.name))]
    for system in sorted(whole):
        words = by_system.get(system, set())
        for name, fragment in fragments.get(system, Fragments()).by_name.items():
            if f"fragment {name}" not in words:
                findings.append(_finding(fragment.mark, "fragment", name, "fragment", "片段"))
        for name in tables.get(system, {}):
            if not _named(words, "table", name):
                place = Mark(files[system, name], 1, 1)
                findings.append(_finding(place, "table", f"{FOLDER}/{name}.csv", "table", "对照表"))
        found = maps.get(system, SystemMaps())
        for name, document in found.places.items():
            if not any(_named(words, word, name) for word in _WORDS):
                findings.append(_finding(document.key_mark(name), "valuemap", name, "value map", "取值对照"))
    return findings


def _variables(definition: Definition, used: set[str] | None) -> list[Finding]:
    if used is None:
        return []
    return [
        _finding(definition.document.key_mark("variables", name), "mapping", name, "variable", "变量")
        for name in definition.data.variables
        if f"variable {name}" not in used and ("variables", name) in definition.document.keys
    ]


def _groups(definition: Definition) -> set[str]:
    """The groups of fields that a mapping takes over."""
    return {f"fragment {name}" for name in definition.data.use}


def _named(words: set[str], kind: str, name: str) -> bool:
    """``table regions`` is used as ``table regions manager`` too: one column of it."""
    return any(word == f"{kind} {name}" or word.startswith(f"{kind} {name} ") for word in words)


def _finding(mark: Mark, area: str, name: str, en: str, zh: str) -> Finding:
    code = "mapping.variable-unused" if area == "mapping" else f"{area}.unused"
    return Finding(
        mark, code, Text(f"no mapping uses the {en} `{name}`", f"没有映射使用{zh} `{name}`"), severity="warning"
    )
