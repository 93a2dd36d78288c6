"""Mistakes in matching rules that their model cannot see: names of entities, fields, kinds, levels and keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from masterdata.matching.kinds import KINDS, Kind
from masterdata.model.entity import Entity
from masterdata.model.matching import MatchingRules
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document


def check_rules(rules: MatchingRules, entities: Mapping[str, Entity], document: Document) -> None:
    """Note every mistake in the document's findings."""
    entity = entities.get(rules.matching)
    if entity is None:
        _unknown(document, ("matching",), "entity", "实体", rules.matching, entities)
    for name in rules.compare:
        _comparison(rules, name, entity, document)
    for name, levels in rules.never.items():
        kind = _kind(rules, name)
        if name not in rules.compare:
            _unknown(document, ("never", name), "comparison", "比较项", name, rules.compare)
        for level in levels if kind is not None else ():
            if level not in (known := [each.name for each in kind.levels] if kind else []):
                _unknown(document, ("never", name), "level", "级别", level, known)
    for index, block in enumerate(rules.blocks()):
        for name, key in block:
            kind = _kind(rules, name)
            if name not in rules.compare:
                _unknown(document, ("block", index), "comparison", "比较项", name, rules.compare)
            elif kind is not None and key not in kind.keys:
                _unknown(document, ("block", index), "key", "查找键", key, kind.keys)


def _kind(rules: MatchingRules, name: str) -> Kind | None:
    spec = rules.compare.get(name)
    return KINDS.get(spec.kind) if spec else None


def _comparison(rules: MatchingRules, name: str, entity: Entity | None, document: Document) -> None:
    kind = _kind(rules, name)
    if kind is None:
        _unknown(document, ("compare", name, "as"), "kind of comparison", "比较方式", rules.compare[name].kind, KINDS)
        return
    for part, fields in rules.compare[name].parts(kind.parts[0]).items():
        if part not in kind.parts:
            _unknown(document, ("compare", name, "of"), "part", "组成部分", part, kind.parts)
        for field in fields:
            if entity is not None and field not in entity.fields:
                _unknown(document, ("compare", name, "of"), "field", "字段", field, entity.fields)


def _unknown(
    document: Document, path: tuple[str | int, ...], en: str, zh: str, said: str, known: Iterable[str]
) -> None:
    """A name that nothing has."""
    names = sorted(known)
    document.add(
        document.mark(*path),
        "matching.unknown",
        f"unknown {en} `{said}` (there are {', '.join(names)})",
        f"未知的{zh} `{said}`（可用：{'、'.join(names)}）",
        nearest(said, names),
    )
