"""Text with places, as ``/accounts/{key}`` or ``{window.start | epoch_ms}``: what a manifest sends.

Outside the braces stands what is sent as it is; inside stands an expression. A text that is one single place gives the
expression's own value (a number stays a number). ``{{`` and ``}}`` are braces themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from connectors.sdk.expression import Expression, Scope, compile_expression
from connectors.sdk.functions import as_text
from tongmai.core.finding import Mistake

Filled = Callable[[Scope], Any]


class _Left:
    """Stands for a member that is not to be sent."""


LEFT_OUT = _Left()


@lru_cache(maxsize=4096)
def pieces(text: str, allowed: frozenset[str]) -> tuple[str | Expression, ...]:
    """The text's literal parts and its expressions, in order. Raises ``Mistake``."""
    found: list[str | Expression] = []
    literal, at = "", 0
    while at < len(text):
        char = text[at]
        if char in "{}" and text[at : at + 2] == char * 2:
            literal, at = literal + char, at + 2
        elif char == "{":
            end = _end(text, at + 1)
            if literal:
                found.append(literal)
            literal = ""
            found.append(compile_expression(text[at + 1 : end].strip(), allowed))
            at = end + 1
        elif char == "}":
            raise Mistake(f"a `}}` without its `{{` in `{text}`", f"`{text}` 中 `}}` 缺少对应的 `{{`")
        else:
            literal, at = literal + char, at + 1
    if literal or not found:
        found.append(literal)
    return tuple(found)


def roots(tree: Any, allowed: frozenset[str]) -> frozenset[str]:
    """The names that a text, or all texts in a tree of members, read. Raises ``Mistake``."""
    if isinstance(tree, str):
        return frozenset().union(*(each.roots for each in pieces(tree, allowed) if isinstance(each, Expression)))
    if isinstance(tree, Mapping):
        return frozenset().union(*(roots(each, allowed) for each in tree.values()), frozenset())
    if isinstance(tree, (list, tuple)):
        return frozenset().union(*(roots(each, allowed) for each in tree), frozenset())
    return frozenset()


def filling(text: str, allowed: frozenset[str], *, quoted: bool = False) -> Filled:
    """A function that gives the text with its places filled; ``quoted``: each place escaped for a URL's path."""
    parts = pieces(text, allowed)
    if len(parts) == 1 and isinstance(parts[0], Expression) and not quoted:
        return parts[0].run
    if len(parts) == 1 and isinstance(parts[0], str):
        whole = parts[0]
        return lambda _: whole

    def fill(scope: Scope) -> str:
        done = [part if isinstance(part, str) else as_text(part(scope)) for part in parts]
        if quoted:
            done = [
                text if isinstance(part, str) else quote(text, safe="") for text, part in zip(done, parts, strict=True)
            ]
        return "".join(done)

    return fill


def shape(tree: Any, allowed: frozenset[str]) -> Filled:
    """A function that gives a tree of members with every place filled. A member whose single place is nothing is left out."""
    if isinstance(tree, str):
        given = filling(tree, allowed)
        if not _is_place(tree, allowed):
            return given
        return lambda scope: LEFT_OUT if (value := given(scope)) is None else value
    if isinstance(tree, Mapping):
        members = {str(name): shape(value, allowed) for name, value in tree.items()}
        return lambda scope: {name: value for name, fill in members.items() if (value := fill(scope)) is not LEFT_OUT}
    if isinstance(tree, (list, tuple)):
        items = [shape(value, allowed) for value in tree]
        return lambda scope: [value for fill in items if (value := fill(scope)) is not LEFT_OUT]
    return lambda _: tree


def _is_place(text: str, allowed: frozenset[str]) -> bool:
    parts = pieces(text, allowed)
    return len(parts) == 1 and isinstance(parts[0], Expression)


def _end(text: str, start: int) -> int:
    quote_mark = ""
    for at in range(start, len(text)):
        char = text[at]
        if quote_mark:
            quote_mark = "" if char == quote_mark else quote_mark
        elif char in "'\"":
            quote_mark = char
        elif char == "}":
            return at
    raise Mistake(f"a `{{` without its `}}` in `{text}`", f"`{text}` 中 `{{` 缺少对应的 `}}`")
