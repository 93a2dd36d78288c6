"""Conditions on a list of records: ``where=stage:following``, ``where=amount:1000..``, ``where=customer:<id>``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from masterdata.model import Entity
from masterdata.model.entity import JSON, LINES, FieldType
from tongmai.api.session import Session, bad, known, not_allowed
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import nearest
from tongmai.core.text import Text
from tongmai.sync.overriding import canonical_value
from tongmai.sync.trace import NotFoundError, find

RANGES = frozenset({"integer", "decimal", "date", "datetime"})
MOST = 50
_FORM = Text(
    "write field:value, a range as field:1..9, and `field:` for an empty one",
    "写作 字段:值，范围写作 字段:1..9，空值写作 `字段:`",
)


def conditions(call: Session, model: Entity, where: Iterable[str], changed_since: datetime | None) -> sql.Composable:
    """What a row ``g`` of the golden table, and ``e`` of its entity, must fulfil: each field one of the values given for it.

    A field that the token may not see is refused: whoever may ask for it could guess it."""
    asked: dict[str, list[str]] = {}
    given = list(where)
    if len(given) > MOST:
        raise bad(
            "where", Text(f"more than {MOST} conditions", f"条件超过 {MOST} 个"), Text("ask twice", "请分多次查询")
        )
    for one in given:
        name, colon, value = one.partition(":")
        name, value = name.strip(), value.strip()
        if not colon:
            raise bad("where", Text(f"`{one[:60]}` is no condition", f"`{one[:60]}` 不是条件"), _FORM)
        known(model, {name: value}, "where")
        if name not in call.scope.visible(model):
            raise not_allowed(call, f"{model.entity}.{name}", f"--fields / --personal {model.entity}.{name}")
        asked.setdefault(name, []).append(value)
    found = [
        sql.SQL("({})").format(sql.SQL(" or ").join(_one(call, model, name, value) for value in values))
        for name, values in asked.items()
    ]
    if changed_since is not None:
        found.append(sql.SQL("e.updated_at >= {}").format(sql.Literal(changed_since)))
    return sql.SQL(" and ").join(found) if found else sql.SQL("true")


def _one(call: Session, model: Entity, name: str, value: str) -> sql.Composable:
    kind = model.fields[name].type
    column = sql.SQL("g.{}").format(sql.Identifier(model.column(name)))
    if not value:
        return sql.SQL("({0} is null or {0}::text in ('', '{{}}', '[]'))").format(column)
    if kind.name in (LINES, JSON):
        raise bad(
            f"where={name}",
            Text("lines are not compared", "明细不能作为条件"),
            Text("`where=field:` finds records without them", "`where=字段:` 可查找没有明细的记录"),
        )
    if kind.name in RANGES and ".." in value and not kind.many:
        return _between(call, name, kind, column, value)
    wanted = _wanted(call, name, kind, value)
    typed = sql.SQL("{}::{}").format(sql.Literal(wanted), sql.SQL(f"{FieldType(kind.name, kind.arg).sql}[]"))
    return sql.SQL("{} && {}" if kind.many else "{} = any({})").format(column, typed)


def _between(call: Session, name: str, kind: FieldType, column: sql.Composable, value: str) -> sql.Composable:
    """From the first to the last, both included; an open end where one is left out."""
    least, _, most = value.partition("..")
    ends = [(">=", least.strip()), ("<=", most.strip())]
    found = [
        sql.SQL("{} {} {}::{}").format(
            column, sql.SQL(sign), sql.Literal(_read(call, name, kind, text)), sql.SQL(kind.sql)
        )
        for sign, text in ends
        if text
    ]
    if not found:
        raise bad(f"where={name}", Text("the range has no end", "范围没有任何一端"), _FORM)
    return sql.SQL("({})").format(sql.SQL(" and ").join(found))


def _wanted(call: Session, name: str, kind: FieldType, value: str) -> list[Any]:
    """The stored values that are meant. A reference may be stored under an id that was merged since."""
    if kind.name != "ref":
        read = _read(call, name, kind, value)
        return list(dict.fromkeys([value, read])) if kind.sql.startswith("text") and read != value else [read]
    try:
        one = find(call.cursor, kind.arg, value)
    except NotFoundError:
        raise bad(
            f"where={name}",
            Text(f"`{value[:60]}` is no {kind.arg}, or several", f"`{value[:60]}` 不是唯一的 {kind.arg}"),
            Text("give its id, or connection/stream/key", "请给出其 id，或 连接/流/键"),
        ) from None
    call.cursor.execute("select id from hub.entity where redirect_to = %s", (one,))
    return [str(each) for each in (one, *(UUID(str(row[0])) for row in call.cursor.fetchall()))]


def _read(call: Session, name: str, kind: FieldType, value: str) -> Any:
    if kind.name == "term":
        terms = call.content.schema.terms[kind.arg].terms
        if value not in terms:
            near = nearest(value, terms)
            raise bad(
                f"where={name}",
                Text(f"`{value[:60]}` is no term of `{kind.arg}`", f"`{value[:60]}` 不是词表 `{kind.arg}` 的词条"),
                Text(f"did you mean `{near}`?", f"是不是 `{near}`？")
                if near
                else Text(f"GET /api/v1/dictionary/{kind.arg} lists them", f"GET /api/v1/dictionary/{kind.arg} 可列出"),
            )
        return value
    try:
        return canonical_value(call.content, name, FieldType(kind.name, kind.arg), value)
    except ConfigurationError:
        if kind.sql.startswith("text"):
            return value  # what is stored need not be valid either, as a code with a wrong check digit
        raise bad(
            f"where={name}",
            Text(f"`{value[:60]}` is no {kind.name}", f"`{value[:60]}` 不是 {kind.name} 类型的值"),
            _FORM,
        ) from None
