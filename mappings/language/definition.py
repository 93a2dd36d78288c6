"""A mapping file as data: what is read from where into what, before any expression is compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Option

from mappings.language.place import Place
from tongmai.core import yamlfile
from tongmai.core.finding import Mark, nearest
from tongmai.core.yamlfile import Document

TEST_SUFFIX = "_test"
Policy = Literal["finding", "quarantine", "empty"]
_NODE_KEYS = {"if", "then", "else", "const", "from"}


class MappingFile(BaseModel):
    """The keys of a mapping file; ``fields`` are read by hand for the sake of their places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mapping: str
    source: str = Option(alias="from")
    target: str = Option(alias="to")
    only_if: str = ""
    fields: dict[str, Any] = Option(min_length=1)
    bad_value: dict[str, Policy] = Option(default_factory=dict)
    search: tuple[str, ...] = ()
    create_only: tuple[str, ...] = ()
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression."""

    place: Place


@dataclass(frozen=True, slots=True)
class Const:
    """A constant as YAML gave it."""

    value: Any
    mark: Mark


@dataclass(frozen=True, slots=True)
class Choice:
    """``{if, then, else}``."""

    test: Place
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values."""

    items: tuple[Node, ...]
    mark: Mark


Node = Expr | Const | Choice | Many


@dataclass(frozen=True, slots=True)
class Target:
    """One field that is written. ``path`` has several steps in a nested payload."""

    path: tuple[str, ...]
    node: Node
    mark: Mark

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)


@dataclass
class Definition:
    """One mapping file. ``system`` is its folder; ``relative`` the file's path as messages name it."""

    name: str
    file: Path
    relative: str
    system: str
    document: Document
    data: MappingFile
    outbound: bool
    stream: str
    entity: str
    targets: list[Target] = field(default_factory=list)

    def place(self, mark: Mark) -> str:
        """``file:line`` for an issue."""
        return f"{self.relative}:{mark.line}"


def relative_path(folder: Path, file: Path) -> str:
    """The path below the checkout or the site folder, the same on every machine."""
    base = folder.parent.parent if folder.name == "definitions" else folder.parent
    return file.relative_to(base).as_posix()


def read_definition(folder: Path, file: Path) -> tuple[Definition | None, Document]:
    """One mapping file; mistakes are in the document's findings."""
    document = yamlfile.load(file)[0]
    if document.data is None and document.findings:
        return None, document
    if not isinstance(document.data, dict):
        document.add(
            document.mark(),
            "mapping.shape",
            "a mapping with `mapping`, `from`, `to`, `fields` is expected",
            "应有 `mapping`、`from`、`to`、`fields`",
        )
        return None, document
    data = yamlfile.check(document, MappingFile, "mapping")
    if data is None:
        return None, document
    system = file.parent.relative_to(folder).as_posix()
    name = f"{system}/{file.stem}"
    if data.mapping != name:
        document.add(
            document.mark("mapping"), "mapping.name", f"the file is called `{name}`", f"按文件路径应为 `{name}`", name
        )
    outbound = "." not in data.source
    remote, entity = (data.target, data.source) if outbound else (data.source, data.target)
    key = "to" if outbound else "from"
    folder_name, _, stream = remote.partition(".")
    if not stream:
        document.add(
            document.mark(key),
            "mapping.direction",
            f"one side is `system.stream`, the other an entity; `{data.source}` and `{data.target}` are not",
            "一侧应为 `系统.数据流`，另一侧为实体",
        )
        return None, document
    if "." in entity:
        document.add(
            document.mark("to"),
            "mapping.direction",
            f"`{entity}` is no entity: an inbound mapping writes to one",
            f"`{entity}` 不是实体：读入映射的目标应为实体",
        )
        return None, document
    if folder_name != system:
        document.add(
            document.mark(key),
            "mapping.system",
            f"the file is in the folder `{system}`, not `{folder_name}`",
            f"文件在 `{system}` 目录下，与 `{folder_name}` 不一致",
            f"{system}.{stream}",
        )
    definition = Definition(name, file, relative_path(folder, file), system, document, data, outbound, stream, entity)
    _read_targets(definition, ("fields",), (), document.data["fields"])
    _check_unique(definition)
    return definition, document


def _read_targets(
    definition: Definition, path: tuple[str | int, ...], below: tuple[str, ...], fields: dict[str, Any]
) -> None:
    document = definition.document
    for key, value in fields.items():
        where = (*path, key)
        steps = (*below, *key.split(".")) if definition.outbound else (*below, key)
        if not all(steps):
            document.add(
                document.key_mark(*where), "mapping.field-name", f"`{key}` is no field name", f"`{key}` 不是字段名"
            )
            continue
        if definition.outbound and isinstance(value, dict) and value and not _NODE_KEYS & set(value):
            _read_targets(definition, where, steps, value)
            continue
        node = _read_node(document, where, value)
        if node is not None:
            definition.targets.append(Target(steps, node, document.key_mark(*where)))


def _read_node(document: Document, where: tuple[str | int, ...], value: Any) -> Node | None:
    mark = document.mark(*where)
    if isinstance(value, str):
        return Expr(Place(value, mark))
    if isinstance(value, list):
        items = [_read_node(document, (*where, index), each) for index, each in enumerate(value)]
        return Many(tuple(each for each in items if each is not None), mark)
    if isinstance(value, dict):
        return _read_keys(document, where, value)
    shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    document.add(
        mark,
        "mapping.bad-field",
        f"an expression is expected; a constant is written {{const: {shown}}}",
        f"应为表达式；常量写作 {{const: {shown}}}",
        f"{{const: {shown}}}",
    )
    return None


def _read_keys(document: Document, where: tuple[str | int, ...], value: dict[str, Any]) -> Node | None:
    unknown = [key for key in value if key not in _NODE_KEYS]
    for key in unknown:
        names = ", ".join(sorted(_NODE_KEYS))
        document.add(
            document.key_mark(*where, key),
            "mapping.unknown-key",
            f"unknown key `{key}` (allowed: {names})",
            f"未知的键 `{key}`（可用：{names}）",
            nearest(key, _NODE_KEYS),
        )
    mark = document.mark(*where)
    if unknown:
        return None
    if set(value) == {"const"}:
        if isinstance(value["const"], dict):
            document.add(
                document.mark(*where, "const"),
                "mapping.bad-field",
                "a constant is one value or a list",
                "常量应为单个值或列表",
            )
            return None
        return Const(value["const"], document.mark(*where, "const"))
    if set(value) == {"from"} and isinstance(value["from"], str):
        return Expr(Place(value["from"], document.mark(*where, "from")))
    if "if" in value and "then" in value and set(value) <= {"if", "then", "else"} and isinstance(value["if"], str):
        then = _read_branch(document, (*where, "then"), value["then"])
        otherwise = _read_branch(document, (*where, "else"), value["else"]) if "else" in value else Const(None, mark)
        if then is None or otherwise is None:
            return None
        return Choice(Place(value["if"], document.mark(*where, "if")), then, otherwise)
    document.add(
        mark,
        "mapping.bad-field",
        "this is `{if: …, then: …, else: …}`, `{const: …}` or `{from: …}`",
        "应为 `{if: …, then: …, else: …}`、`{const: …}` 或 `{from: …}`",
    )
    return None


def _read_branch(document: Document, where: tuple[str | int, ...], value: Any) -> Node | None:
    if isinstance(value, dict):
        return _read_keys(document, where, value)
    return Const(value, document.mark(*where))


def _check_unique(definition: Definition) -> None:
    seen: dict[tuple[str, ...], Target] = {}
    for target in definition.targets:
        for path, other in seen.items():
            short = min(len(path), len(target.path))
            if path[:short] == target.path[:short]:
                definition.document.add(
                    target.mark,
                    "mapping.two-writers",
                    f"`{target.name}` is written already on line {other.mark.line}",
                    f"`{target.name}` 已在第 {other.mark.line} 行写过",
                )
                break
        else:
            seen[target.path] = target
