"""What is known of a source field before anything runs, and what is lost when it becomes something else."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.schemas import DiscoveredLines, DiscoveredStream
from connectors.sdk.manifest import Lines, Stream
from mappings.language.values import BadValueError, to_boolean
from tongmai.core.finding import nearest

if TYPE_CHECKING:
    from mappings.language.expression import Expression
    from mappings.language.scope import Piece
    from masterdata.model.entity import FieldType

INSTANTS = frozenset({"datetime", "timestamp", "timestamptz", "iso", "edm.datetimeoffset"})
"""Source types that are moments: which day one falls on depends on the time zone."""
_CUTS = frozenset({"left", "substring", "before", "split", "date"})
_FRACTIONS = frozenset({"decimal", "unit", "exchange", "percent", "avg", "money", "written_number"})
_KEEPS = frozenset({"trim", "text"})
"""Functions after which a value is still one that its field has."""


@dataclass(frozen=True, slots=True)
class Known:
    """A field as its system declares it. ``values``: the only ones it has, with their labels (empty: any). ``told``: by the
    system itself, on a deployment."""

    name: str
    type: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    length: int = 0
    told: bool = False


def known_fields(declared: Stream | Lines | None) -> dict[str, Known]:
    """What a stream's manifest and its discovered schema tell of each field."""
    if declared is None:
        return {}
    told = declared.told if isinstance(declared, DiscoveredStream | DiscoveredLines) else frozenset()
    return {
        name: Known(
            name,
            declared.fields.get(name, ""),
            declared.values.get(name, {}),
            declared.lengths.get(name, 0),
            name in told,
        )
        for name in {*declared.fields, *declared.values, *declared.lengths}
    }


def still(function: str, origin: Known | None) -> Known | None:
    """What is known of a value after a function."""
    return origin if function in _KEEPS else None


def check_value(host: Expression, side: Piece, node: ast.expr) -> None:
    """A constant that is compared with a field must be a value that the field has."""
    origin = side.origin
    if origin is None or not origin.values or not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool) or not isinstance(node.value, (str, int)):
        return
    word = str(node.value)
    if word in origin.values or (not word and isinstance(node.value, str)):
        return
    names = ", ".join(origin.values)
    near = nearest(word, origin.values) or next((one for one, label in origin.values.items() if label == word), "")
    quoted = f'"{near}"' if near and isinstance(node.value, str) else near
    host.doubt(
        node,
        "never-equal",
        f"`{origin.name}` is never `{word}` (its values: {names})",
        f"`{origin.name}` 不会取值 `{word}`（可能的取值：{names}）",
        quoted,
    )


def check_inward(host: Expression, value: Piece, name: str, node: ast.expr, inward: Mapping[str, str]) -> None:
    """Every value that the source field has must be in the value map."""
    origin = value.origin
    missing = [one for one in (origin.values if origin is not None else ()) if one not in inward]
    if origin is None or not missing:
        return
    shown = ", ".join(f"{one} ({origin.values[one]})" if origin.values[one] else one for one in missing)
    terms = host.scope.schema.terms[name].terms
    labels = {word: term for term, each in terms.items() for word in (term, each.en, each.zh)}
    near = nearest(origin.values[missing[0]] or missing[0], labels)
    host.doubt(
        node,
        "not-total-in",
        f"`{origin.name}` can be {shown}, of which `in` of `{name}` in terms.yaml says nothing",
        f"`{origin.name}` 可能取值 {shown}，而 terms.yaml 中 `{name}` 的 `in` 没有对应",
        f"{missing[0]}: {labels[near]}" if near else "",
    )


def check_loss(host: Expression, piece: Piece, type_: FieldType, name: str) -> None:
    """A conversion that would drop a part of the value without the mapping saying so."""
    root = host.syntax.root
    if root is None or host.failed:
        return
    written = host.syntax.text.strip()
    if type_.name == "integer" and piece.base == "number" and _has_fraction(host, root):
        host.doubt(
            root,
            "lossy-cast",
            f"`{name}` is a whole number, the expression gives one with decimals; say `round`, `floor`, `ceil` or `integer`",
            f"`{name}` 是整数，而表达式给出小数；请写明 `round`、`floor`、`ceil` 或 `integer`",
            f"{written if _plain(root) else f'({written})'} | round",
        )
    if type_.name == "date" and (origin := _cut_moment(host, root)) is not None:
        host.doubt(
            root,
            "lossy-cast",
            f"`{origin.name}` is a moment; cutting its text gives the day of another time zone",
            f"`{origin.name}` 是时刻；截取文本得到的可能是另一时区的日期",
            f"{_first(host, root)} | datetime | day_in",
        )
    if type_.name == "boolean" and piece.origin is not None and piece.origin.values:
        wrong = [one for one in piece.origin.values if not _is_boolean(one)]
        if wrong:
            host.doubt(
                root,
                "lossy-cast",
                f"`{piece.origin.name}` can be {', '.join(wrong)}, which is neither yes nor no; compare it",
                f"`{piece.origin.name}` 可能取值 {', '.join(wrong)}，不是“是/否”；请写成比较",
                f'{written} == "{wrong[0]}"',
            )


def check_fraction_to_boolean(host: Expression, function: str, value: Piece, node: ast.expr) -> None:
    """``amount | boolean``: only 0 and 1 have an answer."""
    if function == "boolean" and value.base == "number" and not value.is_literal:
        host.doubt(
            node,
            "lossy-cast",
            "a number with decimals becomes yes or no only when it is 0 or 1; compare it",
            "小数只有为 0 或 1 时才能转换为是/否；请写成比较",
            f"{host.syntax.source(node)} != 0",
        )


def check_sent(host: Expression, piece: Piece, target: Known) -> None:
    """What goes out fits the field that the system has for it: its values, its length."""
    root = host.syntax.root
    if root is None or host.failed:
        return
    sent = _sent(piece)
    wrong = [one for one in sent if target.values and one not in target.values]
    if wrong:
        near = nearest(wrong[0], target.values)
        host.doubt(
            root,
            "value-not-taken",
            f"`{target.name}` takes no {', '.join(wrong)} (its values: {', '.join(target.values)})",
            f"`{target.name}` 不接受 {'、'.join(wrong)}（可能的取值：{', '.join(target.values)}）",
            f'"{near}"' if near and piece.is_literal else near,
        )
    longest = max([len(one) for one in sent], default=0)
    longest = longest or (piece.origin.length if piece.origin is not None else 0)
    if target.length and longest > target.length:
        host.doubt(
            root,
            "lossy-cast",
            f"`{target.name}` takes {target.length} characters, this has up to {longest}; cut it with `left({target.length})`",
            f"`{target.name}` 最多 {target.length} 个字符，此处可达 {longest} 个；请用 `left({target.length})` 截取",
            f"{host.syntax.text.strip()} | left({target.length})",
        )


def _sent(piece: Piece) -> list[str]:
    if piece.is_literal:
        return [piece.literal] if isinstance(piece.literal, str) and piece.literal else []
    return list(piece.origin.values) if piece.origin is not None else []


def _plain(node: ast.expr) -> bool:
    """Whether ``| round`` can follow without brackets."""
    piped = isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    return piped or not isinstance(node, (ast.BinOp, ast.IfExp, ast.BoolOp, ast.Compare))


def _called(node: ast.expr) -> tuple[str, ast.expr | None, list[ast.expr]]:
    """The function that an expression ends with, what it is given, its other arguments."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        right = node.right
        if isinstance(right, ast.Name):
            return right.id, node.left, []
        if isinstance(right, ast.Call) and isinstance(right.func, ast.Name):
            return right.func.id, node.left, list(right.args)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id != "field" and node.args:
        return node.func.id, node.args[0], list(node.args[1:])
    return "", None, []


def _has_fraction(host: Expression, node: ast.expr) -> bool:
    """Whether decimals can be left over; of what nothing is known nothing is said."""
    name, value, arguments = _called(node)
    if name in ("round", "floor", "ceil"):
        return bool(arguments) and not (isinstance(arguments[0], ast.Constant) and arguments[0].value == 0)
    if name in ("abs", "min", "max", "default", "coalesce") and value is not None:
        return any(_has_fraction(host, each) for each in [value, *arguments])
    if name:
        return name in _FRACTIONS
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Div) or _has_fraction(host, node.left) or _has_fraction(host, node.right)
    if isinstance(node, ast.UnaryOp):
        return _has_fraction(host, node.operand)
    if isinstance(node, ast.IfExp):
        return _has_fraction(host, node.body) or _has_fraction(host, node.orelse)
    return node in host.pieces and host.pieces[node].base == "number"


def _cut_moment(host: Expression, root: ast.expr) -> Known | None:
    """The moment that an expression starts from, when it does nothing but cut its text or read it as a day."""
    node = root
    while True:
        name, value, _ = _called(node)
        if value is None:
            origin = host.pieces[node].origin if node in host.pieces else None
            return origin if origin is not None and origin.type.lower() in INSTANTS else None
        if name not in _CUTS and name not in ("first", "trim", "text"):
            return None
        node = value


def _first(host: Expression, root: ast.expr) -> str:
    node = root
    while (value := _called(node)[1]) is not None:
        node = value
    return host.syntax.source(node)


def _is_boolean(word: str) -> bool:
    try:
        to_boolean(word)
    except BadValueError:
        return False
    return True
