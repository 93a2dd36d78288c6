"""Function calls: arguments checked against the registry, code for each."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mappings.language.dates import FormatError, pattern
from mappings.language.functions import FUNCTIONS, Function, Parameter
from mappings.language.scope import Piece
from mappings.language.valuemaps import inward_of, outward_of
from masterdata.model.entity import LINES, Entity, FieldType
from tongmai.core.finding import nearest

if TYPE_CHECKING:
    from mappings.language.expression import Expression

UNKNOWN = Piece("None")
Arguments = dict[str, list[tuple[str, ast.expr]]]
"""Parameter name → (word, text or code, its node)."""


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
        names = ", ".join(sorted(FUNCTIONS))
        return host.wrong(
            name,
            "unknown-function",
            f"unknown function `{name.id}` (there are: {names})",
            f"未知的函数 `{name.id}`（现有：{names}）",
            nearest(name.id, FUNCTIONS),
        )
    scope = host.scope
    if function.direction != "both" and scope.direction != function.direction:
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
    given = _arguments(host, function, name, arguments, keywords)
    if given is None:
        return UNKNOWN
    special = _SPECIAL.get(function.name)
    if special is not None:
        return special(host, value, given)
    codes = [value.code]
    for parameter in function.parameters:
        codes += [word if parameter.kind == "value" else repr(word) for word, _ in given[parameter.name]]
    if function.notes:
        codes.append("notes")
    kind = value.kind if function.gives == "same" else function.gives
    return Piece(f"{function.runtime or function.name}({', '.join(codes)})", kind, sure=bool(kind))


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
        given[parameter.name].append((host.visit(node).code, node))
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        given[parameter.name].append((node.value, node))
        return
    if parameter.kind == "word" and isinstance(node, ast.Name):
        given[parameter.name].append((host.syntax.name(node), node))
        return
    kind = ("a quoted text", "带引号的文本") if parameter.kind == "text" else ("a name", "名称")
    host.wrong(
        node,
        "bad-argument",
        f"`{function.name}`: the {parameter.name} is {kind[0]}",
        f"`{function.name}` 的参数 {parameter.name} 应为{kind[1]}",
        f'"{host.syntax.source(node)}"' if parameter.kind == "text" else "",
    )
    given[parameter.name].append(("", node))


def _word(given: Arguments, name: str) -> str:
    return given[name][0][0] if given[name] else ""


def _date(host: Expression, value: Piece, given: Arguments) -> Piece:
    forms = [word for word, node in given["format"] if _good_format(host, word, node, times=False)]
    name = host.scope.module.constant("DATE_", f"date_reader({', '.join(map(repr, forms))})")
    return Piece(f"{name}({value.code})", "date", sure=True)


def _datetime(host: Expression, value: Piece, given: Arguments) -> Piece:
    forms = [repr(word) for word, node in given["format"] if _good_format(host, word, node, times=True)]
    for zone, node in given["zone"]:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            host.wrong(node, "unknown-zone", f"unknown time zone `{zone}`", f"未知的时区 `{zone}`", "Asia/Shanghai")
        else:
            forms.append(f"zone={zone!r}")
    name = host.scope.module.constant("TIME_", f"datetime_reader({', '.join(forms)})")
    return Piece(f"{name}({value.code})", "datetime", sure=True)


def _good_format(host: Expression, form: str, node: ast.expr, *, times: bool) -> bool:
    try:
        pattern(form, times=times)
    except FormatError as error:
        host.wrong(node, "date-format", error.en, error.zh, error.suggestion)
        return False
    return True


def _known_list(host: Expression, given: Arguments) -> str:
    name, node = given["list"][0]
    terms = host.scope.schema.terms
    if name in terms:
        return name
    names = ", ".join(sorted(terms)) or "-"
    host.wrong(
        node,
        "unknown-term-list",
        f"unknown term list `{name}` (there are: {names})",
        f"未知的词表 `{name}`（现有：{names}）",
        nearest(name, terms),
    )
    return ""


def _term(host: Expression, value: Piece, given: Arguments) -> Piece:
    name = _known_list(host, given)
    if not name:
        return UNKNOWN
    inward = inward_of(name, host.scope.maps, host.scope.schema)
    _use_terms(host, name)
    host.scope.module.used[f"in {name}"] = inward
    bound = host.scope.module.constant("TERMS_", repr(inward), name)
    return Piece(f"term({value.code}, {bound}, {name!r})", f"term:{name}", sure=True)


def _term_out(host: Expression, value: Piece, given: Arguments) -> Piece:
    name = _known_list(host, given)
    if not name:
        return UNKNOWN
    node = given["list"][0][1]
    if value.base == "term" and value.arg != name:
        host.wrong(
            node,
            "type-mismatch",
            f"the value is a term of `{value.arg}`",
            f"该值是词表 `{value.arg}` 的词条",
            value.arg,
        )
    outward, missing, several = outward_of(name, host.scope.maps, host.scope.schema)
    if several:
        words = "; ".join(f"{term}: {', '.join(values)}" for term, values in several.items())
        host.wrong(
            node,
            "not-total",
            f"terms.yaml has several values for a term ({words}); say which under `out`",
            f"terms.yaml 中一个词条对应多个取值（{words}），请在 `out` 中指定",
        )
    if missing:
        words = ", ".join(missing)
        host.wrong(
            node,
            "not-total",
            f"no target value for: {words}; add them under `out` or `refused`",
            f"以下词条没有目标取值：{words}；请写入 `out` 或 `refused`",
        )
    _use_terms(host, name)
    host.scope.module.used[f"out {name}"] = outward
    bound = host.scope.module.constant("VALUES_", repr(outward), name)
    return Piece(f"term_out({value.code}, {bound}, {name!r})", "text", sure=True)


def _use_terms(host: Expression, name: str) -> None:
    host.scope.module.used[f"terms {name}"] = sorted(host.scope.schema.terms[name].terms)


def _alias(host: Expression, value: Piece, given: Arguments) -> Piece:
    name, node = given["list"][0]
    known = {key: found for key, found in host.scope.maps.items() if found.alias}
    if name not in known:
        names = ", ".join(sorted(known)) or "-"
        return host.wrong(
            node,
            "unknown-alias-list",
            f"terms.yaml of this system has no alias list `{name}` (there are: {names})",
            f"本系统的 terms.yaml 没有别名表 `{name}`（现有：{names}）",
            nearest(name, known),
        )
    host.scope.module.used[f"alias {name}"] = known[name].alias
    bound = host.scope.module.constant("ALIAS_", repr(known[name].alias), name)
    return Piece(f"alias({value.code}, {bound})", "text", sure=True)


def _known_stream(host: Expression, given: Arguments) -> str:
    if not given["stream"]:
        return ""
    stream, node = given["stream"][0]
    known = host.scope.streams
    if known is not None and stream not in known:
        names = ", ".join(sorted(known)) or "-"
        host.wrong(
            node,
            "unknown-stream",
            f"unknown stream `{stream}` (there are: {names})",
            f"未知的数据流 `{stream}`（现有：{names}）",
            nearest(stream, known),
        )
    return stream


def _ref(host: Expression, value: Piece, given: Arguments) -> Piece:
    entity, node = given["entity"][0]
    entities = host.scope.schema.entities
    if entity not in entities:
        names = ", ".join(sorted(entities)) or "-"
        return host.wrong(
            node,
            "unknown-entity",
            f"unknown entity `{entity}` (there are: {names})",
            f"未知的实体 `{entity}`（现有：{names}）",
            nearest(entity, entities),
        )
    if given["by"]:
        return _ref_by(host, value, given, entities[entity])
    stream = _known_stream(host, given)
    return Piece(f"ref({value.code}, {entity!r}, {stream!r}, {bool(given['optional'])})", f"ref:{entity}", sure=True)


def _ref_by(host: Expression, value: Piece, given: Arguments, entity: Entity) -> Piece:
    field, node = given["by"][0]
    exact = entity.matching.exact
    if given["stream"]:
        return host.wrong(
            given["stream"][0][1],
            "bad-argument",
            "`by=` finds the entity wherever it came from; leave the stream out",
            "`by=` 不限来源，请去掉数据流",
        )
    if field not in exact:
        names = ", ".join(exact) or "-"
        return host.wrong(
            node,
            "not-identifying",
            f"`{field}` does not identify a {entity.entity}; `matching.exact` of the entity lists: {names}",
            f"`{field}` 不能唯一确定 {entity.entity}；该实体的 `matching.exact` 为：{names}",
            nearest(field, exact),
        )
    host.scope.module.by_fields.add((entity.entity, field))
    code = f"ref_by({value.code}, {entity.entity!r}, {field!r}, {bool(given['optional'])})"
    return Piece(code, f"ref:{entity.entity}", sure=True)


def _remote_key(host: Expression, value: Piece, given: Arguments) -> Piece:
    stream = _known_stream(host, given)
    if given["field"]:
        field, node = given["field"][0]
        entity = host.scope.schema.entities.get(value.arg) if value.base == "ref" else None
        known = {name for name, each in entity.fields.items() if _one_value(each.type)} if entity else set()
        if entity is not None and field not in known:
            names = ", ".join(sorted(known)) or "-"
            return host.wrong(
                node,
                "unknown-field",
                f"`{entity.entity}` has no single value `{field}` (there are: {names})",
                f"实体 `{entity.entity}` 没有单值字段 `{field}`（现有：{names}）",
                nearest(field, known),
            )
        host.scope.module.remote_fields.add((stream, field))
        code = f"remote_field({value.code}, {stream!r}, {field!r}, resolve, {bool(given['optional'])}, notes)"
        return Piece(code, "text", sure=True)
    return Piece(f"remote_key({value.code}, {stream!r}, resolve, {bool(given['optional'])}, notes)", "text", sure=True)


def _one_value(type_: FieldType) -> bool:
    return not type_.many and type_.name not in (LINES, "ref", "boolean")


def _number(host: Expression, value: Piece, given: Arguments) -> Piece:
    return Piece(f"number_code({value.code}, {_word(given, 'prefix')!r})", "text", sure=True)


_SPECIAL: dict[str, Callable[[Expression, Piece, Arguments], Piece]] = {
    "date": _date,
    "datetime": _datetime,
    "term": _term,
    "term_out": _term_out,
    "alias": _alias,
    "ref": _ref,
    "remote_key": _remote_key,
    "number": _number,
}
