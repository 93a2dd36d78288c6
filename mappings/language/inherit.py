"""A mapping that builds on another: `extends` takes its fields over, `reverses` turns them round."""

from __future__ import annotations

from mappings.language.definition import Definition, MappingFile, Target
from mappings.language.reverse import hindrance, source_paths, turned
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document


def merged(data: MappingFile, base: Definition, document: Document) -> MappingFile:
    """What the file says over what its base says. Lists and conditions replace, tables are laid over one another."""
    below = base.data
    if data.reverses:
        return data.model_copy(update={"source": data.source or below.target, "target": data.target or below.source})
    update = {
        "source": data.source or below.source,
        "target": data.target or below.target,
        "only_if": data.only_if or below.only_if,
        "key": data.key or below.key,
        "owned": data.owned or below.owned,
        "bad_value": {**below.bad_value, **data.bad_value},
    }
    for key in ("search", "create_only", "if_empty"):
        if key not in document.data:
            update[key] = getattr(below, key)
    return data.model_copy(update=update)


def inherited(whole: Definition, base: Definition, own: list[Target]) -> list[Target]:
    """The base's fields in their order, each replaced where the file says something about it, then the file's new ones."""
    _check_drop(whole, {one.name for one in base.targets})
    dropped = set(whole.data.drop)
    targets: list[Target] = []
    placed: set[str] = set()
    for target in base.targets:
        over = [one for one in own if _overlaps(one.path, target.path)]
        if target.name in dropped:
            continue
        if not over:
            targets.append(target)
        for one in over:
            if one.name not in placed:
                placed.add(one.name)
                targets.append(one)
    return targets + [one for one in own if one.name not in placed]


def reversed_targets(whole: Definition, base: Definition, own: list[Target]) -> list[Target]:
    """For each field of the base that can be turned round, the payload's field; the file says the rest itself.

    A field of the base that cannot be turned round, and that neither ``fields`` nor ``drop`` speaks of, is a mistake.
    """
    _check_drop(whole, {one.name for one in base.targets})
    document = whole.document
    if base.only_if is not None and "only_if" not in document.data:
        document.add(
            document.mark("reverses"),
            "mapping.not-reversible",
            f"`{base.name}` takes some records only (`only_if`); say with `only_if` which records go out",
            f"`{base.name}` 只接收部分记录（`only_if`）；请用 `only_if` 说明哪些记录写出",
        )
    targets: list[Target] = []
    for target in base.targets:
        if target.name in whole.data.drop:
            continue
        reads = source_paths(target)
        if any(_overlaps(one.path, path) for one in own for path in reads):
            continue
        found = turned(target)
        if found is None:
            why, place = hindrance(target), base.place(target.mark)
            line = f"`{'.'.join(reads[0])}: {target.name} …`" if reads else ""
            document.add(
                document.mark("reverses"),
                "mapping.not-reversible",
                f"`{target.name}` ({place}) cannot be turned round: {why.en}; "
                + (f"write {line} under `fields`" if line else "write its field under `fields`")
                + f", or `drop: [{target.name}]`",
                f"`{target.name}`（{place}）无法反转：{why.zh}；请在 `fields` 中写出"
                + (f" {line}" if line else "")
                + f"，或写 `drop: [{target.name}]`",
            )
            continue
        targets.append(found)
    return targets + own


def _overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    short = min(len(one), len(other))
    return one[:short] == other[:short]


def _check_drop(whole: Definition, known: set[str]) -> None:
    for index, name in enumerate(whole.data.drop):
        if name not in known:
            names = ", ".join(sorted(known))
            whole.document.add(
                whole.document.mark("drop", index),
                "mapping.unknown-target-field",
                f"`{whole.data.extends or whole.data.reverses}` has no field `{name}` (fields: {names})",
                f"`{whole.data.extends or whole.data.reverses}` 没有字段 `{name}`（字段：{names}）",
                nearest(name, known),
            )
