"""The functions whose code the compiler writes itself: they need a format, a list, a table, a stream or a calendar."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mappings.language.dates import FormatError, pattern
from mappings.language.known import Known, check_inward
from mappings.language.scope import Piece
from mappings.language.valuemaps import inward_of, outward_of
from masterdata.model.entity import LINES, Entity, FieldType
from tongmai.core.finding import nearest
from tongmai.core.text import Text

if TYPE_CHECKING:
    from mappings.language.expression import Expression

UNKNOWN = Piece("None")
Arguments = dict[str, list[tuple[str, ast.expr]]]
"""Parameter name → (word, text or code, its node)."""


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
    check_inward(host, value, name, given["list"][0][1], inward)
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
    maps = host.scope.maps if host.scope.maps_out is None else host.scope.maps_out
    outward, missing, several = outward_of(name, maps, host.scope.schema)
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
    origin = Known(name, values=dict.fromkeys(outward.values(), ""))
    known = maps.get(name)
    refused = known.refused if known is not None else {}
    why = {term: f"{one.en} / {one.zh}" for term, one in refused.items() if one is not None}
    told = f", {host.scope.module.constant('WHY_', repr(why), name)}" if why else ""
    return Piece(f"term_out({value.code}, {bound}, {name!r}{told})", "text", sure=True, origin=origin)


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


def _declared(host: Expression, given: Arguments, parameter: str, kind: Text, there: Mapping[str, Any]) -> str:
    """The name of a table, rates or calendar that is declared; empty where it is not."""
    name, node = given[parameter][0]
    if name in there:
        return name
    names = ", ".join(sorted(there)) or "-"
    host.wrong(
        node,
        f"unknown-{parameter}",
        f"unknown {kind.en} `{name}` (there are: {names})",
        f"未知的{kind.zh} `{name}`（现有：{names}）",
        nearest(name, there),
    )
    return ""


def _lookup(host: Expression, value: Piece, given: Arguments) -> Piece:
    if host.scope.direction == "any":  # a fragment by itself: which tables there are shows where it is used
        return Piece("None")
    files = host.scope.module.tables
    declared = {name: each.table for name, each in host.scope.maps.items() if each.table}
    known = {**{name: each.as_rows() for name, each in files.items()}, **declared}
    what = Text(
        "table (tables/NAME.csv, or `table` of terms.yaml)", "对照表（tables/名称.csv，或 terms.yaml 的 `table`）"
    )
    name = _declared(host, given, "table", what, known)
    if not name:
        return UNKNOWN
    rows, kind = known[name], ""
    if given["column"]:
        column, node = given["column"][0]
        columns = dict.fromkeys(each for row in rows.values() if isinstance(row, dict) for each in row)
        if name in files and name not in declared:
            columns = dict.fromkeys(files[name].columns)
            rows = dict(files[name].column(column)) if column in columns else {}
        else:
            rows = {key: row[column] for key, row in rows.items() if isinstance(row, dict) and row.get(column)}
        if column not in columns:
            names = ", ".join(columns) or "-"
            return host.wrong(
                node,
                "unknown-column",
                f"the table `{name}` has no column `{column}` (there are: {names})",
                f"对照表 `{name}` 没有列 `{column}`（现有：{names}）",
                nearest(column, columns),
            )
        kind = "text"
    label = f"{name} {given['column'][0][0]}" if given["column"] else name
    host.scope.module.used[f"table {label}"] = rows
    bound = host.scope.module.constant("TABLE_", repr(rows), label.replace(" ", "_"))
    flag = ", optional=True" if given["optional"] else ""
    return Piece(f"looked_up({value.code}, {bound}, {name!r}{flag})", kind, sure=bool(kind))


def _exchange(host: Expression, value: Piece, given: Arguments) -> Piece:
    known = {name: each.every_rate() for name, each in host.scope.maps.items() if each.rates}
    name = _declared(
        host, given, "rates", Text("rates of this system's terms.yaml", "汇率表（本系统 terms.yaml）"), known
    )
    if not name:
        return UNKNOWN
    host.scope.module.used[f"rates {name}"] = known[name]
    bound = host.scope.module.constant("RATES_", repr(known[name]), name)
    one, two = given["from"][0][0], given["to"][0][0]
    return Piece(f"exchanged({value.code}, {one}, {two}, {bound}, {name!r})", "number", sure=True)


def _working(function: str, kind: str, argument: str = "") -> Callable[[Expression, Piece, Arguments], Piece]:
    """The compiler of a function that goes by a calendar."""

    def compile_working(host: Expression, value: Piece, given: Arguments) -> Piece:
        calendars = host.scope.module.calendars
        name = _declared(host, given, "calendar", Text("calendar", "日历"), calendars)
        if not name:
            return UNKNOWN
        code = calendars[name].code(name)
        host.scope.module.used[f"calendar {name}"] = code
        bound = host.scope.module.constant("CALENDAR_", code, name)
        codes = [value.code, *(word for word, _ in given[argument])] if argument else [value.code]
        return Piece(f"{function}({', '.join(codes)}, {bound})", kind, sure=True)

    return compile_working


def _known_stream(host: Expression, given: Arguments) -> str:
    if not given["stream"]:
        return ""
    stream, node = given["stream"][0]
    known = host.scope.streams
    if known is not None and stream not in known and stream.partition("/")[0] not in known:
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
    host.scope.module.refs.setdefault((entity, stream), host.place.at(*host.syntax.span(node)))
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
        if entity is not None:
            host.scope.module.sends.add((entity.entity, field))
        code = f"remote_field({value.code}, {stream!r}, {field!r}, resolve, {bool(given['optional'])}, notes)"
        return Piece(code, "text", sure=True)
    return Piece(f"remote_key({value.code}, {stream!r}, resolve, {bool(given['optional'])}, notes)", "text", sure=True)


def _one_value(type_: FieldType) -> bool:
    return not type_.many and type_.name not in (LINES, "ref", "boolean")


SPECIAL: dict[str, Callable[[Expression, Piece, Arguments], Piece]] = {
    "date": _date,
    "datetime": _datetime,
    "term": _term,
    "term_out": _term_out,
    "alias": _alias,
    "ref": _ref,
    "remote_key": _remote_key,
    "lookup": _lookup,
    "exchange": _exchange,
    "is_working_day": _working("is_working_day", "boolean"),
    "add_working_days": _working("add_working_days", "date", "count"),
    "working_days_until": _working("working_days_until", "number", "other"),
}
