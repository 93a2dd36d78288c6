"""Branches that nothing reaches: conditions that are always the same, asked again, or behind a value that is always there."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mappings.language.expression import Expression
    from mappings.language.scope import Piece

_NAMES = {"true": True, "false": False, "none": None, "null": None}
_OPEN = object()


class Asked:
    """The conditions of an if/else chain so far."""

    def __init__(self, before: Asked | None = None) -> None:
        self._keys: set[str] = set(before._keys) if before is not None else set()

    def check(self, host: Expression, node: ast.expr) -> None:
        """Note a condition that was asked already, and remember it."""
        keys = {_key(each) for each in _sides(node, ast.Or)}
        if keys <= self._keys:
            host.doubt(
                node,
                "repeated-condition",
                "this was asked further up already; its branch is never reached",
                "前面已判断过该条件，此分支永远不会执行",
            )
        self._keys |= keys


def check_condition(host: Expression, node: ast.expr) -> None:
    """A condition that is always true or always false decides nothing."""
    for each in _parts(node):
        answer = truth(host, each)
        if answer is not None:
            en, zh = ("true", "成立") if answer else ("false", "不成立")
            host.doubt(
                each,
                "constant-condition",
                f"`{host.syntax.source(each)}` is always {en}: one branch is never reached",
                f"`{host.syntax.source(each)}` 永远{zh}：有一个分支永远不会执行",
            )
            return


def check_answer(host: Expression, node: ast.BoolOp) -> None:
    """The same for a value that is an answer itself; `a or "none"` is a value, and none."""
    if all(isinstance(each, (ast.Compare, ast.UnaryOp)) or _is_truth(host, each) for each in node.values):
        check_condition(host, node)


def _is_truth(host: Expression, node: ast.expr) -> bool:
    return isinstance(node, ast.BoolOp) or _constant(host, node) in (True, False)


def check_default(host: Expression, name: ast.Name, value: Piece, given: Iterable[ast.expr]) -> bool:
    """Whether the result of ``default`` or ``coalesce`` is never empty; notes what stands behind such a value."""
    if name.id not in ("default", "coalesce"):
        return False
    filled = value.filled
    for node in given:
        if filled:
            where: ast.expr = node if name.id == "coalesce" else name
            host.doubt(
                where,
                "needless-default",
                f"what stands before `{name.id}` is never empty; this is never reached",
                f"`{name.id}` 之前的值不会为空，此处永远不会用到",
            )
            return True
        filled = filled or (node in host.pieces and host.pieces[node].filled)
    return filled


def truth(host: Expression, node: ast.expr) -> bool | None:
    """The answer of a condition that is the same whatever comes, or None."""
    constant = _constant(host, node)
    if constant is not _OPEN:
        return bool(constant)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inside = truth(host, node.operand)
        return None if inside is None else not inside
    if isinstance(node, ast.BoolOp):
        return _joined(host, node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return _compared(host, node)
    return None


def _joined(host: Expression, node: ast.BoolOp) -> bool | None:
    deciding = isinstance(node.op, ast.Or)
    answers = [truth(host, each) for each in node.values]
    if deciding in answers:
        return deciding
    if all(answer is (not deciding) for answer in answers):
        return not deciding
    return deciding if _contradicts(host, node, deciding) else None


def _contradicts(host: Expression, node: ast.BoolOp, deciding: bool) -> bool:
    """`a == 1 and a == 2`, `a == 1 and a != 1` are never so; `a != 1 or a != 2`, `a == 1 or a != 1` always are."""
    wanted, other = (ast.NotEq, ast.Eq) if deciding else (ast.Eq, ast.NotEq)
    said: dict[type[ast.cmpop], list[tuple[str, Any]]] = {ast.Eq: [], ast.NotEq: []}
    for each in node.values:
        if isinstance(each, ast.Compare) and len(each.ops) == 1 and type(each.ops[0]) in said:
            constant = _constant(host, each.comparators[0])
            if constant is not _OPEN and constant is not None:
                said[type(each.ops[0])].append((_key(each.left), constant))
    return any(
        one[0] == two[0] and type(one[1]) is type(two[1]) and one[1] != two[1]
        for one, two in combinations(said[wanted], 2)
    ) or any(one == two and type(one[1]) is type(two[1]) for one in said[wanted] for two in said[other])


def _compared(host: Expression, node: ast.Compare) -> bool | None:
    op, right = node.ops[0], node.comparators[0]
    if isinstance(op, (ast.Eq, ast.NotEq)) and _key(node.left) == _key(right) and not isinstance(right, ast.Constant):
        return isinstance(op, ast.Eq)
    one = _constant(host, node.left)
    if one is _OPEN:
        return None
    if isinstance(op, (ast.In, ast.NotIn)) and isinstance(right, ast.List):
        items = [_constant(host, each) for each in right.elts]
        return None if _OPEN in items else (one in items) is isinstance(op, ast.In)
    two = _constant(host, right)
    if two is _OPEN:
        return None
    if isinstance(op, (ast.Eq, ast.NotEq)):
        return (type(one) is type(two) and one == two) is isinstance(op, ast.Eq)
    if type(one) is not type(two) or not isinstance(one, (str, Decimal)):
        return None
    answers = {ast.Lt: one < two, ast.LtE: one <= two, ast.Gt: one > two, ast.GtE: one >= two}
    return answers.get(type(op))


def _constant(host: Expression, node: ast.expr) -> Any:
    """A constant as it is written; what a deployment sets is not one, nor is a field."""
    if isinstance(node, ast.Constant):
        value = node.value
        return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if isinstance(node, ast.Name) and node.id.lower() in _NAMES and node.id not in host.own:
        kinds = host.scope.kinds
        if kinds is None or node.id not in kinds:
            return _NAMES[node.id.lower()]
    return _OPEN


def _parts(node: ast.expr) -> list[ast.expr]:
    """The whole condition, then its parts: what is always the same is said of as much as it holds of."""
    if isinstance(node, ast.BoolOp):
        return [node, *(part for each in node.values for part in _parts(each))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return [node, *_parts(node.operand)]
    return [node]


def _sides(node: ast.expr, kind: type[ast.boolop]) -> list[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, kind):
        return [side for each in node.values for side in _sides(each, kind)]
    return [node]


def _key(node: ast.expr) -> str:
    return ast.dump(node, annotate_fields=False)
