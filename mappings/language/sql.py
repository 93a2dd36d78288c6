"""An expression over an entity's fields as SQL over its golden table: for measures that PostgreSQL counts itself.

An empty field makes a comparison unknown, as in an entity's rules. Only forms that mean the same there are taken; the rest
is a mistake, not something close.
"""

from __future__ import annotations

import ast

from mappings.language.expression import Expression
from mappings.language.place import Place
from mappings.language.scope import Module, Piece, canonical_scope
from masterdata.model.entity import Entity
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark

TODAY = "today"
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "=", ast.NotEq: "<>", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
_FUNCTIONS = "abs, default, until"


def to_sql(text: str, entity: Entity, schema: Schema, mark: Mark, *, wants: str) -> tuple[str, list[Finding]]:
    """The SQL (empty with mistakes) and every mistake. ``wants``: `boolean`, or `number` for what can be added up.

    ``today`` is the day of the reader's session.
    """
    module = Module()
    scope = canonical_scope(entity, schema, module, repr, three_valued=True)
    host = Expression(Place(text, mark), scope, {TODAY: Piece("None", "date", sure=True, filled=True)})
    root = host.syntax.root
    if root is None or host.failed:
        return "", module.findings
    found = _Writer(host, entity).write(root)
    kind = host.piece.base
    fits = kind in ("boolean",) if wants == "boolean" else kind in ("number", "integer", "")
    if not host.failed and not fits:
        host.wrong(
            root,
            "not-in-sql",
            f"a {'condition' if wants == 'boolean' else 'number'} is expected here, not a {kind}",
            f"此处应为{'条件' if wants == 'boolean' else '数值'}，而不是 {kind}",
        )
    return ("" if host.failed else found), module.findings


class _Writer:
    """Writes the nodes of an expression that was checked."""

    def __init__(self, host: Expression, entity: Entity) -> None:
        self.host = host
        self.entity = entity

    def write(self, node: ast.expr) -> str:
        """SQL of one node, in brackets where it has parts."""
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return f"(not {self.write(node.operand)})"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return f"(- {self.write(node.operand)})"
        if isinstance(node, ast.BoolOp):
            word = " and " if isinstance(node.op, ast.And) else " or "
            return f"({word.join(self.write(each) for each in node.values)})"
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self._compare(node)
        if isinstance(node, ast.IfExp):
            return (
                f"(case when {self.write(node.test)} then {self.write(node.body)} else {self.write(node.orelse)} end)"
            )
        if isinstance(node, ast.BinOp):
            return self._pipe(node) if isinstance(node.op, ast.BitOr) else self._arithmetic(node)
        return self._refuse(node)

    def _constant(self, node: ast.Constant) -> str:
        if node.value is None:
            return "null"
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        if isinstance(node.value, str):
            return "'" + node.value.replace("'", "''") + "'"
        return f"{self.host.syntax.source(node)}::numeric"

    def _name(self, node: ast.Name) -> str:
        name = self.host.syntax.name(node)
        if name in self.entity.fields:
            return f'"{self.entity.column(name)}"'
        words = {"id": '"id"', TODAY: "current_date", "true": "true", "false": "false", "none": "null", "null": "null"}
        return words.get(name.lower()) or self._refuse(node)

    def _compare(self, node: ast.Compare) -> str:
        left, right, op = node.left, node.comparators[0], node.ops[0]
        if isinstance(op, (ast.In, ast.NotIn)):
            if not isinstance(right, ast.List) or not right.elts:
                return self._refuse(node)
            sign = "in" if isinstance(op, ast.In) else "not in"
            return f"({self.write(left)} {sign} ({', '.join(self.write(each) for each in right.elts)}))"
        one, two = self.write(left), self.write(right)
        if "null" in (one, two) and isinstance(op, (ast.Eq, ast.NotEq)):
            held = two if one == "null" else one
            return f"({held} is {'not ' if isinstance(op, ast.NotEq) else ''}null)"
        return f"({one} {_COMPARE[type(op)]} {two})" if type(op) in _COMPARE else self._refuse(node)

    def _arithmetic(self, node: ast.BinOp) -> str:
        kinds = {self.host.pieces[each].base for each in (node.left, node.right) if each in self.host.pieces}
        if not kinds <= {"number", "integer"}:
            return self._refuse(node)
        one, two = self.write(node.left), self.write(node.right)
        if isinstance(node.op, ast.Div):
            return f"({one}::numeric / nullif({two}, 0))"
        return f"({one} {_SIGNS[type(node.op)]} {two})" if type(node.op) in _SIGNS else self._refuse(node)

    def _pipe(self, node: ast.BinOp) -> str:
        called = node.right
        name, arguments = "", list[ast.expr]()
        if isinstance(called, ast.Name):
            name = called.id
        elif isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and not called.keywords:
            name, arguments = called.func.id, called.args
        value = self.write(node.left)
        if name == "abs" and not arguments:
            return f"abs({value})"
        if name == "default" and len(arguments) == 1:
            return f"coalesce({value}, {self.write(arguments[0])})"
        if name == "until" and len(arguments) == 2 and isinstance(arguments[1], ast.Name):
            return self._until(node, value, arguments[0], arguments[1].id)
        return self._refuse(node)

    def _until(self, node: ast.BinOp, value: str, other: ast.expr, unit: str) -> str:
        kind = self.host.pieces[node.left].base if node.left in self.host.pieces else ""
        if kind == "date" and unit == "days":
            return f"({self.write(other)} - {value})"
        if kind == "datetime" and unit in _SECONDS:
            return f"(extract(epoch from ({self.write(other)} - {value})) / {_SECONDS[unit]})"
        return self._refuse(node)

    def _refuse(self, node: ast.expr) -> str:
        self.host.wrong(
            node,
            "not-in-sql",
            f"`{self.host.syntax.source(node)}` cannot be counted in the database: fields, constants, comparisons, "
            f"and/or/not, + - * /, if/else and the functions {_FUNCTIONS} can",
            f"`{self.host.syntax.source(node)}` 不能在数据库中计算；可用：字段、常量、比较、and/or/not、+ - * /、if/else 以及函数 {_FUNCTIONS}",
        )
        return "null"
