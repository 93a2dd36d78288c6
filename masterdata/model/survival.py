"""Rules of survivorship checked against the entity they speak of."""

from __future__ import annotations

from collections.abc import Iterator

from masterdata.model.entity import JSON, LINES, Entity
from masterdata.model.survivorship import DERIVED, TESTS, FieldRules
from tongmai.core.finding import Finding, nearest
from tongmai.core.text import Text
from tongmai.core.yamlfile import Document, Path_

Mistake_ = tuple[Path_, str, Text, str]


def mistakes(entity: Entity, document: Document, whole: bool) -> list[Finding]:
    """What is wrong. ``whole``: the document is a ``survivorship.yaml``, not an entity with a section of that name."""
    inner: Path_ = () if whole else ("survivorship",)
    return [
        Finding(
            document.key_mark(*inner, *path) if len(path) == 2 else document.mark(*inner, *path),
            code,
            message,
            suggestion,
        )
        for path, code, message, suggestion in _mistakes(entity)
    ]


def _mistakes(entity: Entity) -> Iterator[Mistake_]:
    rules = entity.survivorship
    for name, spec in rules.fields.items():
        if name not in entity.fields:
            yield _unknown(("fields", name), name, entity)
            continue
        yield from _field(entity, name, spec)
    taken: dict[str, int] = {}
    for number, group in enumerate(rules.together):
        for at, name in enumerate(group):
            path = ("together", number, at)
            if name not in entity.fields:
                yield _unknown(path, name, entity)
            elif name in taken:
                yield (
                    path,
                    "survivorship.group",
                    Text(f"`{name}` is in another group already", f"`{name}` 已在另一组中"),
                    "",
                )
            elif entity.fields[name].survive == "union" or entity.fields[name].type.name in (LINES, JSON):
                yield (
                    path,
                    "survivorship.group",
                    Text(
                        f"`{name}` is a list of several sources: it cannot be taken from one",
                        f"`{name}` 由多个来源合并，不能整组取自一个来源",
                    ),
                    "",
                )
            elif rules.fields.get(name, FieldRules()).assemble:
                yield (
                    path,
                    "survivorship.group",
                    Text(
                        f"`{name}` is put together from several records: it cannot be in a group",
                        f"`{name}` 由多条记录拼合，不能归入一组",
                    ),
                    "",
                )
            taken.setdefault(name, number)


def _field(entity: Entity, name: str, spec: FieldRules) -> Iterator[Mistake_]:
    kinds = entity.survivorship.fields
    own = entity.fields[name]
    if spec.most and own.survive != "union":
        yield (
            ("fields", name, "most"),
            "survivorship.most",
            Text(
                f"`{name}` keeps one value; `most` is for a field with `survive: union`",
                f"`{name}` 只保留一个值；`most` 只用于 `survive: union` 的字段",
            ),
            "",
        )
    if spec.only and own.owner and own.owner not in spec.only:
        yield (
            ("fields", name, "only"),
            "survivorship.only",
            Text(
                f"`{name}` is owned by `{own.owner}`, which `only` does not name: its value would never count",
                f"`{name}` 归属 `{own.owner}`，但 `only` 没有写它：其取值将永不采用",
            ),
            "",
        )
    if spec.kind != "text" and own.type.name not in ("text", "uscc", "phone", "email", "url"):
        yield (
            ("fields", name, "as"),
            "survivorship.kind",
            Text(
                f"`{name}` is a `{own.type}`: it cannot be read as `{spec.kind}`",
                f"`{name}` 的类型是 `{own.type}`，不能按 `{spec.kind}` 处理",
            ),
            "",
        )
    for key, words in (("never", spec.never), ("last", spec.last)):
        for at, word in enumerate(words):
            if word not in TESTS[spec.kind]:
                allowed = ", ".join(TESTS[spec.kind])
                yield (
                    ("fields", name, key, at),
                    "survivorship.unknown-test",
                    Text(
                        f"`{word}` is nothing that a `{spec.kind}` can be (there are: {allowed})",
                        f"`{spec.kind}` 没有 `{word}` 这种情况（可用：{allowed}）",
                    ),
                    nearest(word, TESTS[spec.kind]),
                )
    for word, others in (("from", spec.derived), ("assemble", spec.assemble)):
        for at, other in enumerate(others):
            path = ("fields", name, word, at)
            kind = kinds[other].kind if other in kinds else "text"
            fits = DERIVED.get(spec.kind, ()) if word == "from" else ("province", "city")
            if other not in entity.fields:
                yield _unknown(path, other, entity)
            elif kind not in fits:
                named = [each for each, rule in kinds.items() if rule.kind in fits and each != name]
                yield (
                    path,
                    "survivorship.derived",
                    Text(
                        f"`{name}` (a `{spec.kind}`) cannot be made from `{other}` (a `{kind}`); fields that fit: "
                        + (", ".join(named) or "none"),
                        f"`{name}`（`{spec.kind}`）不能由 `{other}`（`{kind}`）得出；可用字段：{'、'.join(named) or '无'}",
                    ),
                    nearest(other, named),
                )


def _unknown(path: Path_, name: str, entity: Entity) -> Mistake_:
    return (
        path,
        "entity.unknown-field",
        Text(f"unknown field `{name}`", f"未知的字段 `{name}`"),
        nearest(name, entity.fields),
    )
