"""Expressions of a manifest: the hub's expression language (Python's grammar, a closed set of nodes, ``|`` for "through
this function") over an answer or a row. Compiled once into a Python function; a path through what is not there is nothing.

``body.data.items``, ``row.id``, ``status == 403 and body.code in ("A", "B")``, ``window.start | epoch_ms``
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from connectors.sdk.functions import FUNCTIONS, as_text
from tongmai.core.finding import Mistake, nearest

Scope = Mapping[str, Any]
_WORDS: Final = {"true": "True", "false": "False", "null": "None", "none": "None"}
_COMPARE: Final[dict[type[ast.cmpop], str]] = {
    ast.Eq: "equal({},{})",
    ast.NotEq: "(not equal({},{}))",
    ast.Lt: "before({},{})",
    ast.Gt: "before({1},{0})",
    ast.LtE: "(not_after({},{}))",
    ast.GtE: "(not_after({1},{0}))",
    ast.In: "within({},{})",
    ast.NotIn: "(not within({},{}))",
}
_LONGEST: Final = 2000
_parsing = Lock()  # Python 3.11 miscounts its recursion when two threads build trees at once


@dataclass(frozen=True)
class Expression:
    """A compiled expression. ``roots``: the names it reads. Calling it may raise ``ValueError`` (a function's complaint)."""

    source: str
    roots: frozenset[str]
    run: Callable[[Scope], Any] = field(repr=False, compare=False)

    def __call__(self, scope: Scope) -> Any:
        return self.run(scope)


@lru_cache(maxsize=4096)
def compile_expression(source: str, allowed: frozenset[str]) -> Expression:
    """Compile ``source``, which may read the names in ``allowed``. Raises ``Mistake``."""
    if len(source) > _LONGEST:
        raise Mistake(
            f"the expression is longer than {_LONGEST} characters",
            f"表达式超过 {_LONGEST} 个字符",
        )
    try:
        with _parsing:
            tree = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Mistake(f"`{source}` is not an expression", f"`{source}` 不是表达式") from None
    writer = _Writer(source, allowed)
    try:
        code = writer.visit(tree)
        run = eval(f"lambda s: {code}", dict(_RUNTIME))  # noqa: S307 (code made here of a closed set of nodes)
    except (RecursionError, MemoryError, SyntaxError):
        raise Mistake(f"`{source}` is nested too deeply", f"`{source}` 嵌套过深") from None
    return Expression(source, frozenset(writer.roots), run)


def members(expression: Expression) -> list[tuple[str, str]]:
    """The first members that an expression reads of its names, as ``("window", "start")``."""
    with _parsing:
        tree = ast.parse(expression.source.strip(), mode="eval")
    return [
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]


class _Writer:
    """Writes the Python code of one tree."""

    def __init__(self, source: str, allowed: Collection[str]) -> None:
        self.source = source
        self.allowed = allowed
        self.roots: set[str] = set()

    def visit(self, node: ast.expr) -> str:  # noqa: C901 (one branch a kind of node)
        match node:
            case ast.Constant(value=value) if value is None or isinstance(value, (bool, int, str)):
                return repr(value)
            case ast.Constant(value=float()):
                return f"Decimal({ast.get_source_segment(self.source.strip(), node)!r})"
            case ast.Name(id=name):
                return self._name(name)
            case ast.Attribute(value=inner, attr=name):
                return f"get({self.visit(inner)},{name!r})"
            case ast.Subscript(value=inner, slice=part) if not isinstance(part, ast.Slice):
                return f"get({self.visit(inner)},{self.visit(part)})"
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._through(left, right)
            case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
                sign = {ast.Add: "plus", ast.Sub: "minus", ast.Mult: "times"}[type(op)]
                return f"{sign}({self.visit(left)},{self.visit(right)})"
            case ast.BoolOp(op=op, values=values):
                word = " and " if isinstance(op, ast.And) else " or "
                return "(" + word.join(self.visit(each) for each in values) + ")"
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return f"(not {self.visit(inner)})"
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
                return f"(-{self.visit(node.operand)})"
            case ast.IfExp(test=test, body=body, orelse=other):
                return f"({self.visit(body)} if {self.visit(test)} else {self.visit(other)})"
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return _COMPARE[type(op)].format(self.visit(left), self.visit(right))
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
                return f"({self.visit(left)} {'is' if isinstance(op, ast.Is) else 'is not'} None)"
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return "[" + ",".join(self.visit(each) for each in items) + "]"
            case ast.Call(func=ast.Name(id=name), args=[first, *rest], keywords=[]):
                return self._call(name, first, rest)
        written = ast.get_source_segment(self.source.strip(), node) or self.source
        raise Mistake(f"`{written}` is not allowed in an expression", f"表达式中不允许 `{written}`")

    def _name(self, name: str) -> str:
        if name in self.allowed:
            self.roots.add(name)
            return f"s.get({name!r})"
        if name in _WORDS:
            return _WORDS[name]
        near = nearest(name, self.allowed)
        known = ", ".join(sorted(self.allowed))
        raise Mistake(
            f"there is no `{name}` here" + (f", did you mean `{near}`?" if near else f" (there are: {known})"),
            f"此处没有 `{name}`" + (f"，是否指 `{near}`？" if near else f"（可用：{known}）"),
        )

    def _through(self, left: ast.expr, right: ast.expr) -> str:
        if isinstance(right, ast.Name):
            return self._call(right.id, left, [])
        if isinstance(right, ast.Call) and isinstance(right.func, ast.Name) and not right.keywords:
            return self._call(right.func.id, left, right.args)
        raise Mistake("after `|` stands the name of a function", "`|` 之后应为函数名")

    def _call(self, name: str, first: ast.expr, rest: list[ast.expr]) -> str:
        if name not in FUNCTIONS:
            near = nearest(name, FUNCTIONS)
            raise Mistake(
                f"there is no function `{name}`" + (f", did you mean `{near}`?" if near else ""),
                f"没有函数 `{name}`" + (f"，是否指 `{near}`？" if near else ""),
            )
        inner = ",".join(self.visit(each) for each in [first, *rest])
        return f"call({name!r},{inner})"


def _get(value: Any, name: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, (list, tuple)) and isinstance(name, int) and not isinstance(name, bool):
        return value[name] if -len(value) <= name < len(value) else None
    return None


def _call(name: str, *given: Any) -> Any:
    try:
        return FUNCTIONS[name](*given)
    except (TypeError, AttributeError, OverflowError, LookupError):
        raise ValueError(f"`{name}` cannot take {type(given[0]).__name__}") from None


def _equal(left: Any, right: Any) -> bool:
    return bool(left == right and isinstance(left, bool) == isinstance(right, bool))


def _ordered(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return True
    if isinstance(left, datetime) and isinstance(right, datetime):
        return True
    return isinstance(left, (int, float, Decimal)) and isinstance(right, (int, float, Decimal))


def _before(left: Any, right: Any) -> bool:
    return _ordered(left, right) and bool(left < right)


def _not_after(left: Any, right: Any) -> bool:
    return _ordered(left, right) and bool(left <= right)


def _within(one: Any, many: Any) -> bool:
    if isinstance(many, str):
        return isinstance(one, str) and one in many
    if isinstance(many, Mapping):
        return one in many if isinstance(one, str) else False
    return any(_equal(one, each) for each in many) if isinstance(many, (list, tuple)) else False


def _plus(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        return as_text(left) + as_text(right)
    return _calculated(left, right, lambda: left + right)


def _calculated(left: Any, right: Any, result: Callable[[], Any]) -> Any:
    if left is None or right is None:
        return None
    if any(isinstance(each, bool) or not isinstance(each, (int, float, Decimal, list)) for each in (left, right)):
        raise ValueError(f"cannot calculate with {type(left).__name__} and {type(right).__name__}")
    try:
        return result()
    except TypeError:
        raise ValueError(f"cannot calculate with {type(left).__name__} and {type(right).__name__}") from None


_RUNTIME: Final = {
    "__builtins__": {},
    "Decimal": Decimal,
    "get": _get,
    "call": _call,
    "equal": _equal,
    "before": _before,
    "not_after": _not_after,
    "within": _within,
    "plus": _plus,
    "minus": lambda left, right: _calculated(left, right, lambda: left - right),
    "times": lambda left, right: _calculated(left, right, lambda: left * right),
}
