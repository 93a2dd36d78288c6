"""Comparisons with the kinds of both sides known as far as they can be."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mappings.language.dates import to_date, to_datetime
from mappings.language.known import check_value
from mappings.language.scope import Piece
from mappings.language.values import BadValueError
from tongmai.core.finding import nearest

if TYPE_CHECKING:
    from mappings.language.expression import Expression

_NUMERIC = ("number", "integer")
_TEXTUAL = ("text", "uscc", "phone", "email", "url", "term")
_ORDER: dict[type[ast.cmpop], tuple[str, str, bool]] = {
    ast.Lt: ("below", "before", False),
    ast.LtE: ("at_most", "not_after", False),
    ast.Gt: ("below", "before", True),
    ast.GtE: ("at_most", "not_after", True),
}


def compile_comparison(host: Expression, node: ast.Compare) -> Piece:
    """Code of ``a == b`` and its kin; mistakes about kinds and terms go to ``host``."""
    if len(node.ops) != 1:
        return host.wrong(
            node, "not-allowed", "compare two values at a time and join with `and`", "一次只比较两个值，用 `and` 连接"
        )
    op, right_node = node.ops[0], node.comparators[0]
    left = host.visit(node.left)
    right = host.visit(right_node)
    if isinstance(op, (ast.In, ast.NotIn)):
        return _within(host, node, left, right, negated=isinstance(op, ast.NotIn))
    if isinstance(op, (ast.Is, ast.IsNot)):
        word = "==" if isinstance(op, ast.Is) else "!="
        return host.wrong(node, "not-allowed", "`is` is not part of the language", "映射语言不支持 `is`", word)
    if isinstance(op, (ast.Eq, ast.NotEq)):
        return _equality(host, node, left, right, negated=isinstance(op, ast.NotEq))
    numeric, textual, swapped = _ORDER[type(op)]
    _check_sides(host, node, left, right, ordered=True)
    first, second = (right.code, left.code) if swapped else (left.code, right.code)
    if left.base in _NUMERIC or right.base in _NUMERIC:
        return Piece(f"{numeric}({first}, {second})", "boolean", sure=True)
    if not left.base and not right.base:
        host.wrong(
            node,
            "ambiguous-order",
            "are these numbers, dates or texts? Write `(a | decimal) > b`, or name a date format",
            "无法判断按数值、日期还是文本比较：请写 `(a | decimal) > b` 或给出日期格式",
        )
    return Piece(f"{textual}({first}, {second})", "boolean", sure=True)


def _equality(host: Expression, node: ast.Compare, left: Piece, right: Piece, *, negated: bool) -> Piece:
    for side, other in ((left, right), (right, left)):
        if side.kind == "none":
            return Piece(f"(not empty({other.code}))" if negated else f"empty({other.code})", "boolean", sure=True)
    _check_sides(host, node, left, right, ordered=False)
    numbers = left.base in _NUMERIC or right.base in _NUMERIC
    if host.scope.three_valued:
        code = f"{'equal_number' if numbers else 'equal'}({left.code}, {right.code})"
        return Piece(f"negate({code})" if negated else code, "boolean", sure=True)
    if numbers:
        code = f"same_number({left.code}, {right.code})"
        return Piece(f"(not {code})" if negated else code, "boolean", sure=True)
    return Piece(f"({left.code} {'!=' if negated else '=='} {right.code})", "boolean", sure=True)


def _within(host: Expression, node: ast.Compare, left: Piece, right: Piece, *, negated: bool) -> Piece:
    holder = node.comparators[0]
    if isinstance(holder, ast.List):
        for each in holder.elts:
            _check_literal(host, left, each)
            check_value(host, left, each)
    elif right.base and right.base not in ("list", *_TEXTUAL):
        host.wrong(
            holder, "type-mismatch", f"`in` needs a list or a text, not a {right.base}", "`in` 右边应为列表或文本"
        )
    code = f"within({left.code}, {right.code})"
    if negated:
        code = f"negate({code})" if host.scope.three_valued else f"(not {code})"
    return Piece(code, "boolean", sure=True)


def _check_sides(host: Expression, node: ast.Compare, left: Piece, right: Piece, *, ordered: bool) -> None:
    for side, other, place in ((left, right, node.comparators[0]), (right, left, node.left)):
        _check_literal(host, side, place)
        if not ordered:
            check_value(host, side, place)
        if side.base == "ref" and other.base and other.base != "ref":
            host.wrong(node, "type-mismatch", "a reference can only be compared with None", "引用只能与 None 比较")
            return
    if ordered and {"boolean", "lines", "list"} & {left.base, right.base}:
        host.wrong(node, "type-mismatch", "these have no order", "这类值没有大小之分")
        return
    groups = {_group(side) for side in (left, right) if _group(side)}
    literal_text = any(side.is_literal and side.base == "text" for side in (left, right))
    if len(groups) > 1 and not (literal_text and groups & {"date", "datetime"}):
        one, two = left.base, right.base
        host.wrong(node, "type-mismatch", f"a {one} is compared with a {two}", f"{one} 不能与 {two} 比较")


def _group(piece: Piece) -> str:
    if piece.base in _NUMERIC:
        return "number"
    if piece.base in _TEXTUAL:
        return "text"
    return piece.base if piece.base in ("date", "datetime", "boolean", "lines", "list") else ""


def _check_literal(host: Expression, side: Piece, node: ast.expr) -> None:
    """A literal beside a term must be a term of the list, beside a date a canonical date."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return
    word = node.value
    if side.base == "term":
        terms = host.scope.schema.terms.get(side.arg)
        if terms is not None and word not in terms.terms:
            names = ", ".join(terms.terms)
            host.wrong(
                node,
                "unknown-term",
                f"unknown term `{word}` of `{side.arg}` (terms: {names})",
                f"词表 `{side.arg}` 中没有词条 `{word}`（可用：{names}）",
                nearest(word, terms.terms),
            )
    elif side.base in ("date", "datetime"):
        try:
            canonical = to_date(word) if side.base == "date" else to_datetime(word)
        except BadValueError:
            canonical = None
        if canonical != word:
            form = "YYYY-MM-DD" if side.base == "date" else "YYYY-MM-DDTHH:MM:SS.ffffffZ"
            host.wrong(
                node, "type-mismatch", f"`{word}` is no {side.base} as {form}", f"`{word}` 不是 {form} 形式的日期时间"
            )
