"""Checks of what a mapping says beside its fields: required fields, policies, what only one direction has."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from connectors.sdk.manifest import Manifest, Write
from mappings.language.definition import Definition
from masterdata.model.entity import Entity
from tongmai.core.finding import nearest

_OUTBOUND = ("search", "create_only", "if_empty")


def check_options(definition: Definition, entity: Entity, manifest: Manifest | None, find: Any) -> None:
    """The mapping-wide keys; mistakes go to ``find``."""
    document, data = definition.document, definition.data
    names = {target.full_name for target in definition.every_target()}
    for key in data.bad_value:
        if key != "default" and key not in names:
            find(
                document.key_mark("bad_value", key),
                "unknown-target-field",
                f"`{key}` is not among the mapping's fields",
                f"`{key}` 不在本映射的字段中",
                nearest(key, {*names, "default"}),
            )
    if definition.outbound:
        _outbound_options(definition, manifest, find)
    else:
        _inbound_options(definition, entity, names, find)


def _inbound_options(definition: Definition, entity: Entity, names: set[str], find: Any) -> None:
    document, data = definition.document, definition.data
    for option in _OUTBOUND:
        if option in document.data:
            find(
                document.key_mark(option),
                "outbound-only",
                f"`{option}` belongs in an outbound mapping",
                f"`{option}` 只用于写出映射",
            )
    for name, spec in entity.fields.items():
        if spec.required and name not in names:
            find(
                document.key_mark("fields"),
                "missing-required",
                f"`{name}` is required by `{entity.entity}` and not mapped",
                f"实体 `{entity.entity}` 的必填字段 `{name}` 没有映射",
            )
        if spec.required and data.bad_value.get(name, "quarantine") != "quarantine":
            find(
                document.mark("bad_value", name),
                "required-quarantines",
                f"`{name}` is required: a bad value can only be quarantined",
                f"`{name}` 是必填字段，坏值只能进入隔离区",
                "quarantine",
            )


def _outbound_options(definition: Definition, manifest: Manifest | None, find: Any) -> None:
    document, data = definition.document, definition.data
    tops = {target.path[0] for target in definition.targets}
    for option, listed in (("search", data.search), ("create_only", data.create_only), ("if_empty", data.if_empty)):
        for index, name in enumerate(listed):
            if name not in tops:
                find(
                    document.mark(option, index),
                    "unknown-target-field",
                    f"`{name}` is not among the mapping's fields",
                    f"`{name}` 不在本映射的字段中",
                    nearest(name, tops),
                )
    for option in ("key", "owned"):
        if option in document.data and not definition.direct:
            find(
                document.key_mark(option),
                "inbound-only",
                f"`{option}` belongs in a mapping that reads parts of a stream",
                f"`{option}` 只用于读入数据流部分的映射",
            )
    write = manifest.writes.get(definition.stream) if manifest is not None else None
    if write is not None:
        _required(definition, write, tops, find)
        _writable(definition, write, find)
    for index, name in enumerate(data.search if write is not None else ()):
        if write is not None and name in tops and name not in write.search:
            allowed = ", ".join(write.search) or "-"
            find(
                document.mark("search", index),
                "not-searchable",
                f"`{definition.system}` cannot look up `{name}` (searchable: {allowed})",
                f"`{definition.system}` 不能按 `{name}` 查找（可查：{allowed}）",
                nearest(name, write.search),
            )


def _required(definition: Definition, write: Write, tops: set[str], find: Any) -> None:
    """What the system refuses a new record without."""
    names = {target.name for target in definition.targets}
    for name in write.required:
        if name not in tops and not any(one == name or one.startswith(f"{name}.") for one in names):
            find(
                definition.document.key_mark("fields"),
                "missing-required",
                f"`{definition.system}` takes no `{definition.stream}` without `{name}`, and it is not mapped",
                f"`{definition.system}` 的 `{definition.stream}` 缺少必填字段 `{name}`，映射中没有写",
            )


def _writable(definition: Definition, write: Write, find: Any) -> None:
    """Where the system's fields are declared, no other can be written."""
    if not write.fields:
        return
    known = {*write.fields, *write.lines, *([write.our_key] if write.our_key else [])}
    for target in definition.targets:
        steps = {".".join(target.path[:length]) for length in range(1, len(target.path) + 1)}
        if steps & known or (write.custom and fnmatchcase(target.path[0], write.custom)):
            continue
        names = ", ".join(sorted(known))
        find(
            target.mark,
            "unknown-target-field",
            f"`{definition.system}` writes no `{target.name}` in `{definition.stream}` (there are: {names})",
            f"`{definition.system}` 的 `{definition.stream}` 没有可写字段 `{target.name}`（现有：{names}）",
            nearest(target.name, known),
        )
