"""Fragments: expressions and groups of fields that mappings share, with parameters (``fragments.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mappings.language.definition import Definition, Each, Target, relative_path
from mappings.language.functions import FUNCTIONS
from mappings.language.place import Place
from mappings.language.targets import check_unique, read_targets
from tongmai.core import yamlfile
from tongmai.core.finding import Mark, nearest
from tongmai.core.yamlfile import Document

FILE = "fragments.yaml"
SHARED = "shared"
"""The folder whose fragments and tables every system's mappings may use."""
_HEAD = re.compile(r"([a-z][a-z0-9_]*)\s*(?:\(\s*([a-z][a-z0-9_]*(?:\s*,\s*[a-z][a-z0-9_]*)*)?\s*\))?")
_KEYS = {"is", "fields", "replaces"}


@dataclass(frozen=True)
class Fragment:
    """One fragment. ``place``: its expression; without one it is a group of fields."""

    name: str
    parameters: tuple[str, ...]
    document: Document
    key: str
    mark: Mark
    relative: str
    place: Place | None

    @property
    def signature(self) -> str:
        """How it is used."""
        return f"{self.name}({', '.join(self.parameters)})" if self.parameters else self.name

    @property
    def data(self) -> Any:
        """What the file says, for the digest of mappings that use it."""
        return self.document.data[self.key]


@dataclass
class Fragments:
    """The fragments that one system's mappings may use, by name."""

    by_name: dict[str, Fragment] = field(default_factory=dict)

    def groups(self) -> dict[str, Fragment]:
        """The groups of fields."""
        return {name: one for name, one in self.by_name.items() if one.place is None}

    def expressions(self) -> dict[str, Fragment]:
        """The expressions."""
        return {name: one for name, one in self.by_name.items() if one.place is not None}

    def over(self, shared: Fragments) -> Fragments:
        """These and the shared ones."""
        return Fragments({**shared.by_name, **self.by_name})


def load_fragments(folder: Path, file: Path, into: Fragments) -> Document:
    """Read one file into ``into``; mistakes are in the document."""
    document = yamlfile.load(file)[0]
    if not isinstance(document.data, dict):
        if not document.findings:
            document.add(document.mark(), "fragment.shape", "fragments by name are expected", "应为按名称列出的片段")
        return document
    for key, value in document.data.items():
        found = _HEAD.fullmatch(key)
        if found is None:
            document.add(
                document.key_mark(key),
                "fragment.name",
                f"`{key}` is no name; write `name(parameter, …)` in small letters",
                f"`{key}` 不是片段名；请写作 `名称(参数, …)`，使用小写字母",
            )
            continue
        name, said = found[1], found[2]
        parameters = tuple(part.strip() for part in said.split(",")) if said else ()
        fragment = _read(document, key, name, parameters, value, relative_path(folder, file))
        if fragment is not None and _is_new(document, fragment, value, into):
            into.by_name[name] = fragment
    return document


def _read(
    document: Document, key: str, name: str, parameters: tuple[str, ...], value: Any, relative: str
) -> Fragment | None:
    mark = document.key_mark(key)
    if len(set(parameters)) != len(parameters):
        document.add(mark, "fragment.name", "a parameter is named twice", "参数名重复")
        return None
    if isinstance(value, str):
        return Fragment(name, parameters, document, key, mark, relative, Place(value, document.mark(key)))
    if isinstance(value, dict) and set(value) <= _KEYS and ("is" in value) != ("fields" in value):
        if isinstance(value.get("is"), str):
            place = Place(value["is"], document.mark(key, "is"))
            return Fragment(name, parameters, document, key, mark, relative, place)
        if isinstance(value.get("fields"), dict) and value["fields"]:
            return Fragment(name, parameters, document, key, mark, relative, None)
    document.add(
        document.mark(key),
        "fragment.shape",
        "a fragment is an expression, `{is: expression}`, or `{fields: {…}}`",
        "片段应为表达式、`{is: 表达式}` 或 `{fields: {…}}`",
    )
    return None


def _is_new(document: Document, fragment: Fragment, value: Any, into: Fragments) -> bool:
    name = fragment.name
    if name in FUNCTIONS or name in ("field", "var"):
        document.add(fragment.mark, "fragment.exists", f"`{name}` is a function already", f"`{name}` 已是函数名")
        return False
    if name in into.by_name and not (isinstance(value, dict) and value.get("replaces") is True):
        document.add(
            fragment.mark,
            "fragment.exists",
            f"fragment `{name}` exists already ({into.by_name[name].relative}); write `replaces: true` to replace it",
            f"片段 `{name}` 已存在；要替换请写 `replaces: true`",
        )
        return False
    return True


def use_group(whole: Definition, name: str, said: Any, fragments: Fragments) -> list[Target]:
    """The fields of ``use: {name: argument}``; mistakes go to the mapping's document."""
    document, groups = whole.document, fragments.groups()
    group = groups.get(name)
    if group is None:
        names = ", ".join(sorted(groups)) or "-"
        document.add(
            document.key_mark("use", name),
            "mapping.unknown-fragment",
            f"there is no group of fields `{name}` (there are: {names})",
            f"没有字段组片段 `{name}`（现有：{names}）",
            nearest(name, groups),
        )
        return []
    arguments = _arguments(document, group, said)
    if arguments is None:
        shown = ", ".join(f"{each}: …" for each in group.parameters)
        document.add(
            document.mark("use", name),
            "mapping.argument-count",
            f"the fragment is used as `{name}: {{{shown}}}`, each an expression",
            f"该片段应写作 `{name}: {{{shown}}}`，各参数为表达式",
        )
        return []
    whole.files[str(group.document.file)] = group.relative
    whole.layers.append({group.key: group.data})
    before = len(group.document.findings)
    targets = read_targets(group.document, whole.outbound, (group.key, "fields"), (), group.data["fields"])
    check_unique(group.document, targets)
    document.findings += group.document.findings[before:]
    del group.document.findings[before:]
    return [_bound(one, arguments) for one in targets]


def _arguments(document: Document, group: Fragment, said: Any) -> dict[str, Place] | None:
    """Parameter → its expression. A fragment of one parameter takes it without its name, one of none takes ``true``."""
    if said is True and not group.parameters:
        return {}
    if isinstance(said, str) and len(group.parameters) == 1:
        return {group.parameters[0]: Place(said, document.mark("use", group.name))}
    if not isinstance(said, dict) or set(said) != set(group.parameters):
        return None
    if not all(isinstance(each, str) for each in said.values()):
        return None
    return {name: Place(each, document.mark("use", group.name, name)) for name, each in said.items()}


def _bound(target: Target, bindings: Mapping[str, Place]) -> Target:
    node = target.node
    if isinstance(node, Each):
        node = replace(node, targets=tuple(_bound(one, bindings) for one in node.targets))
    return replace(target, node=node, bindings=bindings)
