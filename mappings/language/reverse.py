"""One field turned round: from ``phone: tel | phone`` to ``tel: phone``, where writing and reading back gives the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from mappings.language.definition import Choice, Each, Expr, Many, Node, Target
from mappings.language.place import Place
from mappings.language.syntax import Syntax
from tongmai.core.text import Text

_SAME = frozenset(
    {"trim", "text", "lower", "upper", "company_name", "uscc", "phone", "email", "decimal", "integer", "boolean"}
)
"""Functions that leave their own results as they are: a canonical value is written as it is and read back the same."""
_PLAIN = re.compile(r"[^\W\d]\w*")
Invert = Callable[[str, list[str], dict[str, str]], str | None]


def turned(target: Target) -> Target | None:
    """The payload's field for an inbound field, or None when reading it back could give something else."""
    node = target.node
    if isinstance(node, Each):
        return _lines(target, node)
    if not isinstance(node, Expr) or target.bindings:
        return None
    return _expression(target, node)


def hindrance(target: Target) -> Text:
    """Why ``turned`` gives nothing, for whoever has to write the way back."""
    node = target.node
    if isinstance(node, Choice):
        return Text("which case a value came from cannot be told", "无法判断取值来自哪种情况")
    if isinstance(node, Many):
        return Text("which member a value of the list came from cannot be told", "无法判断列表中的值来自哪个成员")
    if isinstance(node, Each):
        if node.only_if is not None:
            return Text("lines that `only_if` leaves out would be lost", "`only_if` 排除的行会丢失")
        inner = [(one, hindrance(one)) for one in node.targets if turned(one) is None]
        if inner:
            line, why = inner[0]
            return Text(f"in its lines `{line.name}`: {why.en}", f"明细中的 `{line.name}`：{why.zh}")
        return Text("its lines do not come from one plain member", "明细不是来自单一成员")
    if not isinstance(node, Expr):
        return Text("it is not made of the source", "其值不来自来源")
    if target.bindings:
        return Text("it uses values that were given a name", "其中使用了具名的值")
    return _stuck(node)


def _stuck(node: Expr) -> Text:
    """The step of an expression that has no way back."""
    syntax = Syntax(node.place.text, _silent)
    root = syntax.root
    while root is not None and _path(syntax, root) is None:
        step, inner = _peel(syntax, root)
        if step is None or step("x") is None:
            text = syntax.source(root.right if isinstance(root, ast.BinOp) and isinstance(root.op, ast.BitOr) else root)
            return Text(f"`{text}` has no way back that gives the same", f"`{text}` 没有能还原的逆向写法")
        root = inner
    return Text("it is not made of one member of the source", "其值不是来自来源的单一成员")


def source_paths(target: Target) -> list[tuple[str, ...]]:
    """The source fields that an inbound field names plainly."""
    found: list[tuple[str, ...]] = []
    for place in _places(target.node):
        syntax = Syntax(place.text, _silent)
        if syntax.root is not None:
            _collect(syntax, syntax.root, found)
    return found


def _lines(target: Target, node: Each) -> Target | None:
    syntax = Syntax(node.source.text, _silent)
    path = _path(syntax, syntax.root)
    if path is None or node.only_if is not None or target.bindings:
        return None
    name = ".".join(path)
    rows = [turned(one) for one in node.targets]
    if any(one is None for one in rows):
        return None
    inner = tuple(replace(one, line_of=name, depth=1) for one in rows if one is not None)
    return Target(path, Each(Place(target.name, target.mark), None, inner, node.mark), target.mark)


def _expression(target: Target, node: Expr) -> Target | None:
    syntax = Syntax(node.place.text, _silent)
    steps: list[Callable[[str], str | None]] = []
    root = syntax.root
    path = None
    while root is not None:
        path = _path(syntax, root)
        if path is not None:
            break
        step, root = _peel(syntax, root)
        if step is None:
            return None
        steps.append(step)
    if path is None:
        return None
    text: str | None = target.name
    for step in steps:
        text = step(text) if text is not None else None
    return Target(path, Expr(Place(text, node.place.mark)), target.mark) if text is not None else None


def _peel(syntax: Syntax, node: ast.expr) -> tuple[Callable[[str], str | None] | None, ast.expr | None]:
    """The outermost step of an expression turned round, and what is inside it."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        right = node.right
        function = right.func if isinstance(right, ast.Call) else right
        if not isinstance(function, ast.Name):
            return None, None
        words = [syntax.source(one) for one in right.args] if isinstance(right, ast.Call) else []
        named = (
            {one.arg or "": syntax.source(one.value) for one in right.keywords} if isinstance(right, ast.Call) else {}
        )
        inverse = _FUNCTIONS.get(function.id) if function.id not in _SAME else _same
        return (lambda text: inverse(text, words, named) if inverse else None), node.left
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.Add, ast.Sub)):
        return _arithmetic(syntax, node)
    return None, None


def _arithmetic(syntax: Syntax, node: ast.BinOp) -> tuple[Callable[[str], str | None] | None, ast.expr | None]:
    constant, inner = syntax.source(node.right), node.left
    if not isinstance(node.right, ast.Constant):
        if not isinstance(node.left, ast.Constant) or not isinstance(node.op, (ast.Mult, ast.Add)):
            return None, None
        constant, inner = syntax.source(node.left), node.right
    try:
        number = Decimal(constant)
    except InvalidOperation:
        return None, None
    if isinstance(node.op, (ast.Mult, ast.Div)) and not _divides(number):
        return None, None
    sign = {ast.Mult: "/", ast.Div: "*", ast.Add: "-", ast.Sub: "+"}[type(node.op)]
    return (lambda text: f"({text} {sign} {constant})"), inner


def _divides(number: Decimal) -> bool:
    """Whether a division by the number always comes out even: it is made of twos and fives."""
    digits, exponent = int(number.scaleb(-int(number.as_tuple().exponent))), number
    for prime in (2, 5):
        while digits and digits % prime == 0:
            digits //= prime
    return digits == 1 and exponent > 0


def _path(syntax: Syntax, node: ast.expr | None) -> tuple[str, ...] | None:
    """``a.b`` as steps; None for anything else, and for a name that a payload's path cannot say."""
    if isinstance(node, ast.Name):
        return None if node.id in ("head", "var") else (syntax.name(node),)
    if isinstance(node, ast.Attribute):
        before = _path(syntax, node.value)
        return (*before, syntax.name(node)) if before else None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field" and node.args:
        only = node.args[0]
        if isinstance(only, ast.Constant) and isinstance(only.value, str) and "." not in only.value:
            return (only.value,)
    return None


def _collect(syntax: Syntax, node: ast.AST, found: list[tuple[str, ...]]) -> None:
    path = _path(syntax, node) if isinstance(node, ast.expr) else None
    if path is not None:
        found.append(path)
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        _collect(syntax, node.left, found)
        return
    if isinstance(node, ast.Call):
        for argument in node.args:
            _collect(syntax, argument, found)
        return
    for child in ast.iter_child_nodes(node):
        _collect(syntax, child, found)


def _places(node: Node) -> list[Place]:
    if isinstance(node, Expr):
        return [node.place]
    if isinstance(node, Choice):
        return [node.test, *_places(node.then), *_places(node.otherwise)]
    if isinstance(node, Many):
        return [place for one in node.items for place in _places(one)]
    return [node.source] if isinstance(node, Each) else []


def _same(text: str, words: list[str], named: dict[str, str]) -> str | None:
    return text


def _term(text: str, words: list[str], named: dict[str, str]) -> str | None:
    return f"{text} | term_out({words[0]})" if words else None


def _ref(text: str, words: list[str], named: dict[str, str]) -> str | None:
    if named or len(words) < 2 or not _PLAIN.fullmatch(words[1]) or words[1] == "optional":
        return None
    optional = ", optional" if "optional" in words[2:] else ""
    return f"{text} | remote_key({words[1]}{optional})"


def _only(name: str) -> Invert:
    return lambda text, words, named: None if words or named else f"{text} | {name}"


def _iso(text: str, words: list[str], named: dict[str, str]) -> str | None:
    return None if words or named else text


def _date(text: str, words: list[str], named: dict[str, str]) -> str | None:
    """One format with a whole year can be written as it is read."""
    if not words and not named:
        return text
    return f"{text} | date_text({words[0]})" if len(words) == 1 and "YYYY" in words[0] and not named else None


def _unit(text: str, words: list[str], named: dict[str, str]) -> str | None:
    return f"{text} | unit({words[1]}, {words[0]})" if len(words) == 2 and set(words) <= _TENS else None


_TENS = {"元", "角", "分", "万元", "亿元", "kg", "g", "t", "m", "cm", "mm", "km", "l", "ml"}
"""Units between which everything comes out even."""
_FUNCTIONS: dict[str, Invert] = {
    "term": _term,
    "ref": _ref,
    "date": _date,
    "datetime": _iso,
    "date_ms": _only("to_date_ms"),
    "epoch_ms": _only("to_epoch(ms)"),
    "unit": _unit,
}


def _silent(start: int, end: int, code: str, en: str, zh: str, suggestion: str = "") -> None:
    """Mistakes of syntax are said where the base itself is compiled."""
