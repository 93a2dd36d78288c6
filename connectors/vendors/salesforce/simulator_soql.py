"""The part of SOQL that the simulator understands: fields and one-level parents, children, conditions, order, limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from connectors.vendors.salesforce.simulator_fields import CHILDREN, Field, Kind, kind, whole_id
from connectors.vendors.salesforce.simulator_refused import RefusedError

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)"
    r"|(?P<sign><=|>=|!=|<>|[=<>(),]))"
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\", "%": "\\%", "_": "\\_"}
_TEXT = ("string", "textarea", "picklist", "phone", "email", "url", "id", "reference")
_NUMBER = ("double", "currency", "percent", "int")
Row = dict[str, Any]
Value = Callable[[Row], Any]


@dataclass
class Query:
    """A parsed query. ``holds`` tells whether a row is asked for; ``order``: value and whether it descends."""

    kind: Kind
    paths: list[tuple[str, ...]] = field(default_factory=list)
    children: dict[str, Query] = field(default_factory=dict)
    count: bool = False
    holds: Callable[[Row], bool] = lambda row: True
    order: list[tuple[Value, bool, bool]] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


def malformed(what: str) -> RefusedError:
    """The answer to a query that is none."""
    return RefusedError("MALFORMED_QUERY", what)


def parse(text: str, parent: Callable[[str, str], Row]) -> Query:
    """The query of a text; ``parent(object, id)`` gives the record that a reference leads to, empty when there is none."""
    tokens: list[tuple[str, str]] = []
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise malformed(f"unexpected token: '{text[at : at + 10].strip()}'")
        tokens.append((str(found.lastgroup), found.group(str(found.lastgroup))))
        at = found.end()
        while at < len(text) and text[at].isspace():
            at += 1
    query = _Parser(tokens, parent).query()
    return query


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], parent: Callable[[str, str], Row]) -> None:
        self._tokens = tokens
        self._at = 0
        self._parent = parent
        self._kind: Kind | None = None
        self._name = ""

    # -- tokens ------------------------------------------------------------------------------------------------------

    def _is(self, *words: str) -> bool:
        there = self._tokens[self._at : self._at + len(words)]
        return [text.upper() for _, text in there] == list(words)

    def _took(self, *words: str) -> bool:
        if not self._is(*words):
            return False
        self._at += len(words)
        return True

    def _need(self, word: str) -> None:
        if not self._took(word):
            raise malformed(f"unexpected token: '{self._shown()}', expecting '{word}'")

    def _shown(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else "<EOF>"

    def _next(self, *groups: str) -> tuple[str, str]:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] not in groups:
            raise malformed(f"unexpected token: '{self._shown()}'")
        self._at += 1
        return self._tokens[self._at - 1]

    # -- clauses -----------------------------------------------------------------------------------------------------

    def query(self, inner: Kind | None = None) -> Query:
        self._need("SELECT")
        names, children, count, every = self._selected()
        self._need("FROM")
        name = self._next("word")[1]
        made = Query(self._of(name, inner))
        before, self._kind = self._kind, made.kind
        made.count = count
        made.paths = [self._path(each) for each in names]
        for at in children:
            back, self._at = self._at, at
            child = self.query(made.kind)
            made.children[self._name] = child
            self._at = back
            self._kind = made.kind
        if self._took("WHERE"):
            made.holds = self._any()
        if self._took("ORDER", "BY"):
            made.order.append(self._ordered())
            while self._took(","):
                made.order.append(self._ordered())
        if self._took("LIMIT"):
            made.limit = int(self._next("number")[1])
        if self._took("OFFSET"):
            made.offset = int(self._next("number")[1])
            if made.offset > 2000:
                raise RefusedError("NUMBER_OUTSIDE_VALID_RANGE", "SOQL offset is larger than 2000")
        if every:
            if made.limit is None or made.limit > 200:
                raise malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
            made.paths += [
                (each.name,)
                for each in made.kind.fields.values()
                if every == "ALL" or each.custom == (every == "CUSTOM")
            ]
        if inner is None and self._at < len(self._tokens):
            raise malformed(f"unexpected token: '{self._shown()}'")
        self._name = name
        self._kind = before
        return made

    def _of(self, name: str, inner: Kind | None) -> Kind:
        if inner is not None:
            found = next((each for each in CHILDREN.get(inner.name, {}) if each.lower() == name.lower()), "")
            if not found:
                raise RefusedError("INVALID_TYPE", f"Didn't understand relationship '{name}' in field path")
            return kind(CHILDREN[inner.name][found][0])  # type: ignore[return-value]
        known = kind(name)
        if known is None:
            raise RefusedError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        return known

    def _selected(self) -> tuple[list[str], list[int], bool, str]:
        names: list[str] = []
        children: list[int] = []
        count, every = False, ""
        while True:
            if self._is("(", "SELECT"):
                children.append(self._at + 1)
                self._skip()
            elif self._took("COUNT", "(", ")"):
                count = True
            elif self._took("FIELDS", "("):
                every = self._next("word")[1].upper()
                self._need(")")
            else:
                names.append(self._next("word")[1])
            if not self._took(","):
                return names, children, count, every

    def _skip(self) -> None:
        depth = 0
        while self._at < len(self._tokens):
            depth += {"(": 1, ")": -1}.get(self._tokens[self._at][1], 0)
            self._at += 1
            if depth == 0:
                return
        raise malformed("unexpected token: '<EOF>'")

    def _ordered(self) -> tuple[Value, bool, bool]:
        value, _ = self._value(self._next("word")[1])
        down = self._took("DESC")
        if not down:
            self._took("ASC")
        last = self._took("NULLS", "LAST")
        if not last:
            self._took("NULLS", "FIRST")
        return value, down, last

    # -- conditions --------------------------------------------------------------------------------------------------

    def _any(self) -> Callable[[Row], bool]:
        parts = [self._one()]
        word = "AND" if self._is("AND") else "OR" if self._is("OR") else ""
        while word and self._took(word):
            parts.append(self._one())
        if self._is("AND") or self._is("OR"):
            raise malformed(f"unexpected token: '{self._shown()}'")  # mixed without brackets
        if word == "OR":
            return lambda row: any(part(row) for part in parts)
        return lambda row: all(part(row) for part in parts)

    def _one(self) -> Callable[[Row], bool]:
        if self._took("NOT"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._took("("):
            inside = self._any()
            self._need(")")
            return inside
        value, known = self._value(self._next("word")[1])
        if self._took("NOT", "IN"):
            wanted = self._list(known)
            return lambda row: _folded(value(row)) not in wanted
        if self._took("IN"):
            wanted = self._list(known)
            return lambda row: _folded(value(row)) in wanted
        if self._took("LIKE"):
            fits = re.compile(_pattern(str(self._literal(known))), re.IGNORECASE | re.DOTALL)
            return lambda row: isinstance(value(row), str) and bool(fits.fullmatch(value(row)))
        sign = self._next("sign")[1]
        return _compared(value, sign, self._literal(known), known)

    def _list(self, known: Field) -> list[Any]:
        self._need("(")
        found = [_folded(self._literal(known))]
        while self._took(","):
            found.append(_folded(self._literal(known)))
        self._need(")")
        return found

    def _literal(self, known: Field) -> Any:
        group, text = self._next("string", "time", "date", "number", "word")
        if group == "word" and text.upper() == "NULL":
            return None
        fits = {
            "string": known.type in _TEXT,
            "time": known.type == "datetime",
            "date": known.type == "date",
            "number": known.type in _NUMBER,
            "word": known.type == "boolean" and text.upper() in ("TRUE", "FALSE"),
        }[group]
        if not fits:
            raise RefusedError(
                "INVALID_FIELD", f"value of filter criterion for field '{known.name}' must be of type {known.type}"
            )
        if group == "string":
            said = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found.group(1), found.group(1)), text[1:-1])
            if known.type in ("id", "reference"):
                whole = whole_id(said)
                if not whole:
                    raise RefusedError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {said}")
                return whole
            return said
        if group == "time":
            return datetime.fromisoformat(text)
        if group == "date":
            return date.fromisoformat(text)
        return float(text) if group == "number" else text.upper() == "TRUE"

    # -- fields ------------------------------------------------------------------------------------------------------

    def _path(self, text: str) -> tuple[str, ...]:
        self._value(text)
        parts = text.split(".")
        if len(parts) > 1 and parts[0].lower() == self._kind.name.lower():  # type: ignore[union-attr]
            parts = parts[1:]
        return tuple(parts)

    def _value(self, text: str) -> tuple[Value, Field]:
        """How to get a field's value out of a row, as a comparison needs it."""
        assert self._kind is not None
        parts = text.split(".")
        if len(parts) == 2 and parts[0].lower() == self._kind.name.lower():
            parts = parts[1:]
        if len(parts) == 1:
            known = self._kind.field(parts[0])
            if known is None:
                raise _no_column(parts[0], self._kind)
            name = known.name
            return (lambda row: _typed(row.get(name), known)), known
        link = self._kind.related(parts[0]) if len(parts) == 2 else None
        if link is None:
            raise _no_column(text, self._kind)
        above = kind(link.target)
        far = above.field(parts[1]) if above else None
        if far is None:
            raise _no_column(parts[1], above or self._kind)
        return (lambda row: _typed(self._parent(link.target, row.get(link.name) or "").get(far.name), far)), far


def _no_column(name: str, of: Kind) -> RefusedError:
    return RefusedError("INVALID_FIELD", f"No such column '{name}' on entity '{of.name}'.")


def _typed(value: Any, known: Field) -> Any:
    if value is None:
        return None
    if known.type == "datetime":
        return datetime.fromisoformat(value)
    if known.type == "date":
        return date.fromisoformat(value)
    return value


def _folded(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _pattern(text: str) -> str:
    return "".join(
        {"%": ".*", "_": "."}.get(part, re.escape(part.removeprefix("\\")))
        for part in re.findall(r"\\?.", text, re.DOTALL)
    )


def _compared(value: Value, sign: str, wanted: Any, known: Field) -> Callable[[Row], bool]:
    wanted = _folded(wanted)
    if sign == "=":
        return lambda row: bool(_folded(value(row)) == wanted)
    if sign in ("!=", "<>"):
        return lambda row: bool(_folded(value(row)) != wanted)
    if sign not in ("<", "<=", ">", ">=") or known.type == "boolean":
        raise malformed(f"unexpected token: '{sign}'")

    def holds(row: Row) -> bool:
        found = _folded(value(row))
        if found is None or wanted is None:
            return False
        return bool(
            found < wanted
            if sign == "<"
            else found <= wanted
            if sign == "<="
            else found > wanted
            if sign == ">"
            else found >= wanted
        )

    return holds
