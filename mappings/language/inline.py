"""Fragments inside expressions: each becomes a small function of the generated module."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mappings.language.fragments import Fragment, Fragments
from mappings.language.scope import Module, Piece, Scope
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding
from tongmai.core.text import Text

if TYPE_CHECKING:
    from mappings.language.expression import Expression

_DEEPEST = 8
_DEPENDS_ON_KINDS = {"mapping.ambiguous-plus", "mapping.ambiguous-order"}


def compile_fragment(
    host: Expression,
    fragment: Fragment,
    name: ast.Name,
    value: Piece | None,
    arguments: Sequence[ast.expr],
    keywords: Sequence[ast.keyword],
) -> Piece:
    """``value | fragment(arguments)``: the expression with its parameters in place of names."""
    given = dict(zip(fragment.parameters, [value] if value is not None else [], strict=False))
    given |= dict(zip(fragment.parameters[len(given) :], map(host.visit, arguments), strict=False))
    given |= {word.arg: host.visit(word.value) for word in keywords if word.arg in fragment.parameters}
    count = (value is not None) + len(arguments) + len(keywords)
    if len(given) != len(fragment.parameters) or count != len(given):
        return host.wrong(
            name,
            "argument-count",
            f"the fragment is written `{fragment.signature}`",
            f"该片段的写法是 `{fragment.signature}`",
        )
    if fragment.name in host.within or len(host.within) >= _DEEPEST:
        way = " → ".join((*host.within, fragment.name))
        return host.wrong(
            name, "fragment-ring", f"fragments go round or too deep: {way}", f"片段循环引用或嵌套过深：{way}"
        )
    body = _body(fragment, given, host.scope, (*host.within, fragment.name))
    if body.failed:
        host.failed = True
    names = [f"p_{parameter}" for parameter in fragment.parameters]
    extra = ["notes"] if "notes" in body.names else []
    extra += ["resolve"] if "resolve" in body.names else []
    code = f"lambda {', '.join([*names, *extra])}: {body.piece.code}"
    bound = host.scope.module.constant("FRAGMENT_", code, fragment.name)
    host.scope.module.used[f"fragment {fragment.name}"] = fragment.data
    called = ", ".join([*(piece.code for piece in given.values()), *extra])
    return replace(body.piece, code=f"{bound}({called})", literal=None, is_literal=False)


def _body(fragment: Fragment, given: Mapping[str, Piece], scope: Scope, within: tuple[str, ...]) -> Expression:
    from mappings.language.expression import Expression

    assert fragment.place is not None
    inner = replace(
        scope,
        kinds={},
        custom="",
        what=Text(f"parameter of {fragment.name}", f"片段 {fragment.name} 的参数"),
        head=None,
        reads=set(),
    )
    own = {name: Piece(f"p_{name}", piece.kind, piece.sure) for name, piece in given.items()}
    return Expression(fragment.place, inner, own, within)


def check_fragments(fragments: Fragments, system: str, schema: Schema) -> list[Finding]:
    """Mistakes in the expressions of fragments, used or not. What depends on the kinds of arguments shows where they are used."""
    module = Module(fragments=fragments.expressions())
    scope = Scope(schema, module, {}, Text("parameter", "参数"), repr, "any")
    for fragment in fragments.expressions().values():
        _body(fragment, {name: Piece(f"p_{name}") for name in fragment.parameters}, scope, (fragment.name,))
    known = {fragment.document.file for fragment in fragments.by_name.values()}
    return [
        finding
        for finding in dict.fromkeys(module.findings)
        if finding.code not in _DEPENDS_ON_KINDS and finding.mark.file in {str(file) for file in known}
    ]
