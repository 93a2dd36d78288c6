"""Function calls: arguments checked against the registry, code for each."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING

from mappings.language.functions import FUNCTIONS, Function, Parameter
from mappings.language.functions.patterns import PatternError, compiled_pattern
from mappings.language.known import check_fraction_to_boolean, still
from mappings.language.reach import check_default
from mappings.language.scope import Piece
from mappings.language.special import SPECIAL, UNKNOWN, Arguments
from tongmai.core.finding import near, nearest

if TYPE_CHECKING:
    from mappings.language.expression import Expression

_BY_ENTITY = ("ref", "remote_key")
_PART = re.compile(r"\w+/\w+(\.\w+)*")


def compile_call(
    host: Expression,
    name: ast.Name,
    value: Piece,
    value_node: ast.expr,
    arguments: Sequence[ast.expr],
    keywords: Sequence[ast.keyword],
) -> Piece:
    """``value | name(arguments)``."""
    function = FUNCTIONS.get(name.id)
    if function is None:
        known = {**FUNCTIONS, **host.scope.module.fragments}
        close = near(name.id, known, 3)
        names = ", ".join(f"`{one}`" for one in close)
        return host.wrong(
            name,
            "unknown-function",
            f"unknown function `{name.id}` ({f'close to it: {names}; ' if close else ''}all {len(known)}: `tongmai mapping functions`)",
            f"未知的函数 `{name.id}`（{f'相近：{names}；' if close else ''}共 {len(known)} 个：`tongmai mapping functions`）",
            close[0] if close else "",
        )
    scope = host.scope
    if scope.direction == "direct" and function.name in _BY_ENTITY:
        return host.wrong(
            name,
            "wrong-direction",
            f"`{name.id}` goes through an entity's crosswalk, and a direct mapping passes every entity by: write the other "
            "system's own number, or map through an entity",
            f"`{name.id}` 依赖实体的编号对照，直连映射不经过实体：请直接写对方系统的编号，或改为经实体映射",
        )
    if function.direction != "both" and scope.direction not in (function.direction, "any", "direct"):
        side = ("inbound", "读入") if function.direction == "in" else ("outbound", "写出")
        host.wrong(
            name,
            "wrong-direction",
            f"`{name.id}` works in {side[0]} mappings only",
            f"`{name.id}` 只能用于{side[1]}映射",
        )
    if function.notes and not scope.notes:
        host.wrong(
            name, "not-in-condition", f"`{name.id}` cannot be used in a condition", f"条件中不能使用 `{name.id}`"
        )
    if value.base and value.kind != "none" and function.takes and value.base not in function.takes:
        taken = ", ".join(function.takes)
        host.wrong(
            value_node,
            "type-mismatch",
            f"`{name.id}` takes {taken}, not {value.base}",
            f"`{name.id}` 的输入应为 {taken}，不能是 {value.base}",
        )
    check_fraction_to_boolean(host, function.name, value, value_node)
    given = _arguments(host, function, name, arguments, keywords)
    if given is None:
        return UNKNOWN
    if _words_clash(host, function, name, given):
        return UNKNOWN
    if function.library:
        host.scope.module.used[f"library {function.library}"] = version(function.library)
    special = SPECIAL.get(function.name)
    if special is not None:
        return special(host, value, given)
    if function.call is None:
        raise LookupError(f"nothing says how `{function.name}` is compiled")
    codes = [value.code]
    named = ["notes=notes"] if function.notes else []
    for parameter in function.parameters:
        words = [word if parameter.kind in ("value", "pattern") else repr(word) for word, _ in given[parameter.name]]
        if parameter.kind == "flag":
            words = ["True"] if words else []
        if parameter.keyword or parameter.kind == "flag":
            named += [f"{parameter.name}={word}" for word in words]
        else:
            codes += words
    kind = value.kind if function.gives == "same" else function.gives
    sure = value.sure if function.gives == "same" else True
    filled = check_default(host, name, value, arguments)
    code = f"{function.call.__name__}({', '.join(codes + named)})"
    return Piece(code, kind, sure=sure and bool(kind), origin=still(function.name, value.origin), filled=filled)


def _words_clash(host: Expression, function: Function, name: ast.Name, given: Arguments) -> bool:
    """Whether words that are right one by one do not go together."""
    if function.check is None:
        return False
    wrong = function.check({each: [word for word, _ in words] for each, words in given.items()})
    if wrong is not None:
        node = next((node for words in given.values() for _, node in words), name)
        host.wrong(node, "bad-argument", f"`{function.name}`: {wrong.en}", f"`{function.name}`：{wrong.zh}")
    return wrong is not None


def _arguments(
    host: Expression, function: Function, name: ast.Name, arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]
) -> Arguments | None:
    given: Arguments = {parameter.name: [] for parameter in function.parameters}
    positional = [parameter for parameter in function.parameters if not parameter.keyword]
    rest = list(arguments)
    flags = [parameter for parameter in positional if parameter.kind == "flag"]
    for flag in flags:
        for node in rest:
            if isinstance(node, ast.Name) and node.id == flag.name:
                given[flag.name].append((flag.name, node))
                rest.remove(node)
                break
    plain = [parameter for parameter in positional if parameter.kind != "flag"]
    fewest = sum(parameter.required for parameter in plain)
    most = 99 if any(parameter.many for parameter in plain) else len(plain)
    if not fewest <= len(rest) <= most:
        host.wrong(
            rest[most] if len(rest) > most else name,
            "argument-count",
            f"`{function.name}` is written `{function.signature}`; {len(arguments)} arguments were given",
            f"`{function.name}` 的写法是 `{function.signature}`，给了 {len(arguments)} 个参数",
        )
        return None
    for index, node in enumerate(rest):
        _argument(host, function, plain[min(index, len(plain) - 1)], node, given)
    named = {parameter.name: parameter for parameter in function.parameters if parameter.keyword}
    for keyword in keywords:
        parameter = named.get(keyword.arg or "")
        if parameter is None:
            host.wrong(
                keyword.value,
                "unknown-argument",
                f"`{function.name}` has no argument `{keyword.arg}=`",
                f"`{function.name}` 没有参数 `{keyword.arg}=`",
                nearest(keyword.arg or "", named),
            )
            return None
        _argument(host, function, parameter, keyword.value, given)
    return None if any(word is None for words in given.values() for word, _ in words) else given


def _argument(host: Expression, function: Function, parameter: Parameter, node: ast.expr, given: Arguments) -> None:
    if parameter.kind == "value":
        piece = host.visit(node)
        if parameter.takes and piece.base not in ("", "none", *parameter.takes):
            taken = ", ".join(parameter.takes)
            host.wrong(
                node,
                "type-mismatch",
                f"`{function.name}`: the {parameter.name} is {taken}, not {piece.base}",
                f"`{function.name}` 的参数 {parameter.name} 应为 {taken}，不能是 {piece.base}",
            )
        given[parameter.name].append((piece.code, node))
        return
    word = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None
    if parameter.kind == "word" and isinstance(node, ast.Name):
        word = host.syntax.name(node)
    if word is not None and parameter.kind == "pattern":
        given[parameter.name].append((_pattern(host, word, node), node))
        return
    if word is not None:
        _choice(host, function, parameter, word, node)
        given[parameter.name].append((word, node))
        return
    if parameter.name == "stream" and _PART.fullmatch(host.syntax.source(node)):
        given[parameter.name].append((host.syntax.source(node), node))
        return
    kind = ("a quoted text", "带引号的文本") if parameter.kind == "text" else ("a name", "名称")
    host.wrong(
        node,
        "bad-argument",
        f"`{function.name}`: the {parameter.name} is {kind[0]}",
        f"`{function.name}` 的参数 {parameter.name} 应为{kind[1]}",
        f'"{host.syntax.source(node)}"' if parameter.kind in ("text", "pattern") else "",
    )
    given[parameter.name].append(("", node))


def _choice(host: Expression, function: Function, parameter: Parameter, word: str, node: ast.expr) -> None:
    if not parameter.choices or word in parameter.choices:
        return
    names = ", ".join(parameter.choices)
    host.wrong(
        node,
        "bad-argument",
        f"`{function.name}`: `{word}` is no {parameter.name} (there are: {names})",
        f"`{function.name}` 的参数 {parameter.name} 不能是 `{word}`（可用：{names}）",
        nearest(word, parameter.choices),
    )


def _pattern(host: Expression, pattern: str, node: ast.expr) -> str:
    try:
        compiled_pattern(pattern)
    except PatternError as error:
        host.wrong(node, "bad-pattern", error.en, error.zh)
    return host.scope.module.constant("PATTERN_", f"compiled_pattern({pattern!r})")
