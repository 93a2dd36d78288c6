"""The fields of a mapping file, read by hand for the sake of their places."""

from __future__ import annotations

from typing import Any

from mappings.language.definition import Choice, Const, Each, Expr, Many, Node, Target
from mappings.language.place import Place
from tongmai.core.finding import nearest
from tongmai.core.yamlfile import Document

DEEPEST = 3
"""How many lists can stand inside one another in a payload; an entity's lines have one level."""
_NODE_KEYS = {"if", "then", "else", "const", "from"}
_LINE_KEYS = {"each", "only_if", "fields"}


def read_targets(
    document: Document,
    outbound: bool,
    path: tuple[str | int, ...],
    below: tuple[str, ...],
    fields: dict[str, Any],
    line_of: str = "",
    depth: int = 0,
) -> list[Target]:
    """The fields under ``path``; ``depth`` counts the lists that they stand in, the innermost being ``line_of``."""
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
            targets += read_targets(document, outbound, where, steps, value, line_of, depth)
            continue
        if isinstance(value, dict) and ("each" in value or (value and not outbound and set(value) <= _LINE_KEYS)):
            node: Node | None = _read_lines(
                document, outbound, where, ".".join((*([line_of] if line_of else []), *steps)), value, depth
            )
        else:
            node = _read_node(document, where, value)
        if node is not None:
            targets.append(Target(steps, node, document.key_mark(*where), line_of, depth))
    return targets


def _read_lines(
    document: Document,
    outbound: bool,
    where: tuple[str | int, ...],
    name: str,
    value: dict[str, Any],
    depth: int,
) -> Each | None:
    if depth >= (DEEPEST if outbound else 1):
        deepest = DEEPEST if outbound else 1
        document.add(
            document.key_mark(*where),
            "mapping.nested-each",
            f"`{name}` would be lines inside lines; there can be {deepest} level(s) of lines here",
            f"`{name}` 是明细中的明细；此处明细最多 {deepest} 层",
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
    targets = read_targets(document, outbound, (*where, "fields"), (), fields, name, depth + 1)
    check_unique(document, targets)
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
    if value is None:
        document.add(
            mark,
            "mapping.bad-field",
            "nothing is written here; inside {…} YAML cuts at a comma, so an expression with one stands in quotes; nothing as a "
            "value is {const: null}",
            "此处为空；在 {…} 中 YAML 以逗号分隔，含逗号的表达式请加引号；要写空值请用 {const: null}",
        )
        return None
    shown = str(value).lower() if isinstance(value, bool) else str(value)
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


def check_unique(document: Document, targets: list[Target]) -> None:
    """A field is written once."""
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
