"""The kinds of text a manifest holds, and the check that each compiles with the names it may read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import BaseModel

from connectors.sdk import moment, places
from connectors.sdk.expression import Expression, compile_expression, members
from tongmai.core.finding import Mistake


@dataclass(frozen=True)
class Kind:
    """``form``: expression, places (text or tree of members) or time; ``names``: what it may read beside the settings."""

    form: str
    names: frozenset[str] = frozenset()


ANSWER: Final = frozenset({"body", "status", "headers"})
READING: Final = frozenset({"page", "window", "parent", "keys", "row", "now", "object", "fields"})
ROW: Final = frozenset({"row", "parent", "body"})
WRITING: Final = frozenset(
    {
        "key",
        "payload",
        "our_key",
        "current",
        "now",
        "field",
        "values",
        "page",
        "rows",
        "object",
        "job",
        "operation",
        "table",
    }
)
MADE: Final = ANSWER | {"payload", "our_key"}
CURRENT: Final = frozenset({"current", "key"})
NAMES: Final = ANSWER | READING | ROW | WRITING
"""Words with a meaning of their own: no setting of a connection may be called so."""
MEMBERS: Final = {"window": ("start", "end"), "page": ("number", "offset", "cursor", "last", "size")}
"""What the hub itself gives, member by member."""

AnswerExpression = Annotated[str, Kind("expression", ANSWER)]
MadeExpression = Annotated[str, Kind("expression", MADE)]
CurrentExpression = Annotated[str, Kind("expression", CURRENT)]
RowExpression = Annotated[str, Kind("expression", ROW)]
ReadPlaces = Annotated[str, Kind("places", READING)]
ReadTree = Annotated[Any, Kind("places", READING)]
WritePlaces = Annotated[str, Kind("places", WRITING)]
WriteTree = Annotated[Any, Kind("places", WRITING)]
SettingPlaces = Annotated[str, Kind("places")]
SettingExpression = Annotated[str, Kind("expression")]
TimeForm = Annotated[str, Kind("time")]

Place = tuple[str | int, ...]


def mistakes(model: BaseModel, settings: frozenset[str]) -> Iterator[tuple[Place, Mistake]]:
    """Every text below ``model`` that does not compile, and where it stands."""
    for path, kind, text in _texts(model, ()):
        try:
            _check(kind, text, settings)
        except Mistake as mistake:
            yield path, mistake


def _texts(model: BaseModel, path: Place) -> Iterator[tuple[Place, Kind, Any]]:
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None or value == "":
            continue
        kind = next((each for each in info.metadata if isinstance(each, Kind)), None) or _inside(info.annotation)
        yield from _below(value, kind, (*path, info.alias or name))


def _inside(annotation: Any) -> Kind | None:
    """The kind of text that stands inside a container's annotation, as in ``dict[str, ReadPlaces]``."""
    if get_origin(annotation) is Annotated:
        return next((each for each in get_args(annotation)[1:] if isinstance(each, Kind)), None)
    return next((found for each in get_args(annotation) if (found := _inside(each))), None)


def _below(value: Any, kind: Kind | None, path: Place) -> Iterator[tuple[Place, Kind, Any]]:
    if isinstance(value, BaseModel):
        yield from _texts(value, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _below(inner, kind, (*path, name))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _below(inner, kind, (*path, at))
    elif kind is not None and isinstance(value, str):
        yield path, kind, value


def _members(expression: Expression, names: frozenset[str]) -> None:
    """A misspelt member of what the hub itself gives would be nothing, and be left out of the request unnoticed."""
    for name, member in members(expression):
        known = MEMBERS.get(name, ()) if name in names else ()
        if known and member not in known:
            wrong, there = f"{name}.{member}", ", ".join(f"`{name}.{each}`" for each in known)
            raise Mistake(f"there is no `{wrong}` (there are: {there})", f"没有 `{wrong}`（可用：{there}）")


def _check(kind: Kind, text: str, settings: frozenset[str]) -> None:
    if kind.form == "expression":
        _members(compile_expression(text, kind.names | settings), kind.names)
    elif kind.form == "places":
        for piece in places.pieces(text, kind.names | settings):
            if isinstance(piece, Expression):
                _members(piece, kind.names)
    elif kind.form == "time" and not moment.known(text):
        known = ", ".join(moment.NAMED)
        raise Mistake(
            f"`{text}` is no form of time: {known}, or a pattern as `%Y-%m-%d %H:%M:%S`",
            f"`{text}` 不是时间格式：{known}，或 `%Y-%m-%d %H:%M:%S` 这样的格式",
        )
