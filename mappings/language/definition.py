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
_LINE_KEYS = {"each", "only_if", "fields"}


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


@dataclass(frozen=True, slots=True)
class Each:
    """``{each, only_if, fields}``: a list of lines, every one with fields of its own."""

    source: Place
    only_if: Place | None
    targets: tuple[Target, ...]
    mark: Mark


Node = Expr | Const | Choice | Many | Each


@dataclass(frozen=True, slots=True)
class Target:
    """One field that is written. ``path`` has several steps in a nested payload. ``line_of``: the list it is a field of."""

    path: tuple[str, ...]
    node: Node
    mark: Mark
    line_of: str = ""

    @property
    def name(self) -> str:
        """The path with dots."""
        return ".".join(self.path)

    @property
    def full_name(self) -> str:
        """The name, behind the list's for a field of a line: ``lines.price``."""
        return f"{self.line_of}.{self.name}" if self.line_of else self.name


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

    def every_target(self) -> list[Target]:
        """The fields, each list followed by the fields of its lines."""
        return [
            one for each in self.targets for one in (each, *(each.node.targets if isinstance(each.node, Each) else ()))
        ]


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
    definition.targets = _read_targets(document, outbound, ("fields",), (), document.data["fields"])
    _check_unique(document, definition.targets)
    return definition, document


def _read_targets(
    document: Document,
    outbound: bool,
    path: tuple[str | int, ...],
    below: tuple[str, ...],
    fields: dict[str, Any],
    line_of: str = "",
) -> list[Target]:
    targets: list[Target] = []
    for key, value in fields.items():
        where = (*path, key)
        steps = (*below, *key.split(".")) if outbound else (*below, key)
        if not all(steps):
            document.add(
                document.key_mark(*where), "mapping.field-name", f"`{key}` is no field name", f"`{key}` 不是字段名"
            )
            continue
        if outbound and isinstance(value, dict) and value and not (_NODE_KEYS | {"each"}) & set(value):
            targets += _read_targets(document, outbound, where, steps, value, line_of)
            continue
        if isinstance(value, dict) and ("each" in value or (value and not outbound and set(value) <= _LINE_KEYS)):
            node: Node | None = _read_lines(document, outbound, where, ".".join(steps), value, line_of)
        else:
            node = _read_node(document, where, value)
        if node is not None:
            targets.append(Target(steps, node, document.key_mark(*where), line_of))
    return targets


def _read_lines(
    document: Document,
    outbound: bool,
    where: tuple[str | int, ...],
    name: str,
    value: dict[str, Any],
    line_of: str,
) -> Each | None:
    if line_of:
        document.add(
            document.key_mark(*where),
            "mapping.nested-each",
            f"`{name}` would be lines inside the lines of `{line_of}`; lines have one level",
            f"`{name}` 是 `{line_of}` 明细中的明细；明细只有一层",
        )
        return None
    if not _known_keys(document, where, value, _LINE_KEYS):
        return None
    if not isinstance(value.get("each"), str) or not isinstance(value.get("only_if", ""), str):
        document.add(
            document.mark(*where, "only_if" if isinstance(value.get("each"), str) else "each"),
            "mapping.bad-field",
            "lines are `{each: …, only_if: …, fields: {…}}`: `each` is an expression that gives their list, `only_if` a condition",
            "明细写作 `{each: …, only_if: …, fields: {…}}`：`each` 为给出列表的表达式，`only_if` 为条件",
        )
        return None
    fields = value.get("fields")
    if not isinstance(fields, dict) or not fields:
        document.add(
            document.mark(*where, "fields"),
            "mapping.bad-field",
            "`fields` of lines say what each line holds",
            "明细的 `fields` 应列出每行的字段",
        )
        return None
    targets = _read_targets(document, outbound, (*where, "fields"), (), fields, name)
    _check_unique(document, targets)
    only_if = Place(value["only_if"], document.mark(*where, "only_if")) if value.get("only_if") else None
    return Each(Place(value["each"], document.mark(*where, "each")), only_if, tuple(targets), document.mark(*where))


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
    mark = document.mark(*where)
    if "each" in value:
        document.add(
            document.key_mark(*where, "each"),
            "mapping.misplaced-each",
            "`each` stands directly under a field, not in a list or a choice; leave lines out with `only_if`",
            "`each` 应直接写在字段下，不能放在列表或条件中；要排除部分行请用 `only_if`",
        )
        return None
    if not _known_keys(document, where, value, _NODE_KEYS):
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


def _known_keys(document: Document, where: tuple[str | int, ...], value: dict[str, Any], known: set[str]) -> bool:
    unknown = [key for key in value if key not in known]
    for key in unknown:
        names = ", ".join(sorted(known))
        document.add(
            document.key_mark(*where, key),
            "mapping.unknown-key",
            f"unknown key `{key}` (allowed: {names})",
            f"未知的键 `{key}`（可用：{names}）",
            nearest(key, known),
        )
    return not unknown


def _read_branch(document: Document, where: tuple[str | int, ...], value: Any) -> Node | None:
    if isinstance(value, dict):
        return _read_keys(document, where, value)
    return Const(value, document.mark(*where))


def _check_unique(document: Document, targets: list[Target]) -> None:
    seen: dict[tuple[str, ...], Target] = {}
    for target in targets:
        for path, other in seen.items():
            short = min(len(path), len(target.path))
            if path[:short] == target.path[:short]:
                document.add(
                    target.mark,
                    "mapping.two-writers",
                    f"`{target.name}` is written already on line {other.mark.line}",
                    f"`{target.name}` 已在第 {other.mark.line} 行写过",
                )
                break
        else:
            seen[target.path] = target
