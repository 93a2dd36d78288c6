"""Loops over lists: ``[line.price for line in lines if line.price > 0]``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from mappings.language.scope import Piece
from masterdata.model.entity import LINES

if TYPE_CHECKING:
    from mappings.language.expression import Expression

_DEEPEST = 2
_INNER = 1_000
"""How many items an inner loop goes over, so that both together are bounded."""


def compile_loop(host: Expression, node: ast.ListComp | ast.GeneratorExp) -> Piece:
    """A list made from lists; loops stand in one another at most twice, so that the time is bounded."""
    before, depth = dict(host.own), host.loops
    parts: list[str] = []
    try:
        for clause in node.generators:
            host.loops += 1
            part = _clause(host, node, clause)
            if part is None:
                return Piece("None")
            parts.append(part)
        item = host.visit(node.elt)
    finally:
        host.own, host.loops = before, depth
    return Piece(f"[{item.code} {' '.join(parts)}]", "list", sure=True)


def _clause(host: Expression, node: ast.expr, clause: ast.comprehension) -> str | None:
    target = clause.target
    if host.loops > _DEEPEST:
        host.wrong(node, "loop-too-deep", f"more than {_DEEPEST} loops in one another", f"循环嵌套超过 {_DEEPEST} 层")
        return None
    if clause.is_async or not isinstance(target, ast.Name):
        host.wrong(target, "not-allowed", "a loop is `for one in list`, with one name", "循环应写作 `for 名称 in 列表`")
        return None
    source = host.visit(clause.iter)
    if source.base not in ("", "list", LINES):
        host.wrong(
            clause.iter,
            "type-mismatch",
            f"a loop needs a list, not {source.base}",
            f"循环需要列表，不能是 {source.base}",
        )
        return None
    name = host.syntax.name(target)
    kind = f"row:{source.arg}" if source.base == LINES else ""
    variable = f"v{host.loops}_{len(host.own)}"
    host.own[name] = Piece(variable, kind, bool(kind))
    tests = "".join(f" if {host.visit(test).code}" for test in clause.ifs)
    most = "" if host.loops == 1 else f", {_INNER}"
    return f"for {variable} in items({source.code}{most}){tests}"
