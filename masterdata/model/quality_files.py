"""Read ``quality.yaml`` of every folder, and check that what it names is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from masterdata.model.entity import LINES, Entity
from masterdata.model.quality import QualityRules, QualitySource
from masterdata.model.survivorship import TESTS
from tongmai.core import yamlfile
from tongmai.core.finding import Finding, nearest

_NUMBERS = ("integer", "decimal")


def load_quality(
    files: Iterable[Path], entities: Mapping[str, Entity]
) -> tuple[dict[str, QualitySource], list[Finding]]:
    """Every entity's rules, product first: a later file takes the place of an earlier one, or with ``extends`` adds to it."""
    found: dict[str, QualitySource] = {}
    findings: list[Finding] = []
    for file in files:
        document = yamlfile.load(file)[0]
        rules = yamlfile.check(document, QualityRules, "dataquality") if not document.findings else None
        if rules is not None and rules.quality not in entities:
            document.add(
                document.mark("quality"),
                "dataquality.unknown",
                f"unknown entity `{rules.quality}`",
                f"未知的实体 `{rules.quality}`",
                nearest(rules.quality, entities),
            )
        elif rules is not None:
            before = found.get(rules.quality)
            if rules.extends and before is None:
                document.add(
                    document.mark("extends"),
                    "dataquality.extends-nothing",
                    f"nothing is said yet of the quality of `{rules.quality}`",
                    f"尚无 `{rules.quality}` 的质量规则可供扩充",
                )
            elif rules.extends and before is not None:
                before.rules = rules.over(before.rules)
                before.documents.append(document)
            else:
                found[rules.quality] = QualitySource(rules, [document])
            _fields(rules, entities[rules.quality], document)
        findings += document.findings
    return found, findings


def _fields(rules: QualityRules, entity: Entity, document: yamlfile.Document) -> None:
    """Unknown fields, and what a field of its type cannot be asked."""
    for name, one in rules.completeness.items():
        if one.any_of:
            _named(entity, document, [(("completeness", name, "any", i), f) for i, f in enumerate(one.any_of)])
        else:
            _key(entity, document, "completeness", name)
    _validity(rules, entity, document)
    for name in rules.agreement:
        _key(entity, document, "agreement", name)
    for name, fresh in rules.timeliness.items():
        _named(entity, document, [(("timeliness", name, "of", i), each) for i, each in enumerate(fresh.of)])
    for name, unique in rules.uniqueness.items():
        if unique.of:
            _named(entity, document, [(("uniqueness", name, "of", i), each) for i, each in enumerate(unique.of)])
        elif name not in ("twins", "once"):
            _key(entity, document, "uniqueness", name)
        for each in unique.of or (name,):
            field = entity.fields.get(each)
            if field is not None and (field.type.many or field.type.name == LINES):
                document.add(
                    document.mark("uniqueness", name),
                    "dataquality.kind",
                    f"`{each}` is a list: only single values are compared here",
                    f"`{each}` 是列表：此处只比较单个值",
                )


def _validity(rules: QualityRules, entity: Entity, document: yamlfile.Document) -> None:
    for name, valid in rules.validity.items():
        if valid.of:
            _named(entity, document, [(("validity", name, "of"), valid.of)])
        else:
            _key(entity, document, "validity", name)
        field = entity.fields.get(valid.of or name)
        if (valid.least is not None or valid.most is not None) and field and field.type.name not in _NUMBERS:
            document.add(
                document.mark("validity", name),
                "dataquality.kind",
                f"`{valid.of or name}` is a {field.type}: `least` and `most` are for numbers",
                f"`{valid.of or name}` 的类型是 {field.type}：`least`、`most` 只用于数值",
            )
        for index, word in enumerate(valid.never):
            if word not in TESTS[valid.kind]:
                allowed = ", ".join(TESTS[valid.kind])
                document.add(
                    document.mark("validity", name, "never", index),
                    "dataquality.unknown-test",
                    f"nothing of the kind `{valid.kind}` can be `{word}` (can be: {allowed})",
                    f"种类 `{valid.kind}` 没有 `{word}` 这种情况（可用：{allowed}）",
                    nearest(word, TESTS[valid.kind]),
                )


def _key(entity: Entity, document: yamlfile.Document, section: str, name: str) -> None:
    if name not in entity.fields:
        document.add(
            document.key_mark(section, name),
            "dataquality.unknown-field",
            f"`{entity.entity}` has no field `{name}`",
            f"`{entity.entity}` 没有字段 `{name}`",
            nearest(name, entity.fields),
        )


def _named(entity: Entity, document: yamlfile.Document, names: Iterable[tuple[tuple[str | int, ...], str]]) -> None:
    for path, name in names:
        if name not in entity.fields:
            document.add(
                document.mark(*path),
                "dataquality.unknown-field",
                f"`{entity.entity}` has no field `{name}`",
                f"`{entity.entity}` 没有字段 `{name}`",
                nearest(name, entity.fields),
            )
