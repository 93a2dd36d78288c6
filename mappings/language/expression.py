"""One expression → checked → Python code."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from mappings.language import calls, trees
from mappings.language.comparison import compile_comparison
from mappings.language.functions import FUNCTIONS
from mappings.language.inline import compile_fragment
from mappings.language.loop import compile_loop
from mappings.language.place import Place
from mappings.language.reach import Asked, check_answer, check_condition
from mappings.language.scope import Piece, Scope, inner, is_clean
from mappings.language.syntax import Syntax
from mappings.language.values import MAX_DIGITS
from tongmai.core.finding import Finding, nearest
from tongmai.core.text import Text

_WORDS = {"true": True, "false": False, "none": None, "null": None}
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
NUMERIC = ("number", "integer")
NOT_NUMERIC = ("boolean", "date", "datetime", "email", "lines", "list", "ref", "term", "url")
TEXTUAL = ("text", "term", "uscc", "phone", "email", "url", "date", "datetime")
UNKNOWN = Piece("None")


class Expression:
    """Compiles one expression in a scope; mistakes go to the scope's module with their place in the file."""

    def __init__(
        self,
        place: Place,
        scope: Scope,
        names: Mapping[str, Piece | Place] | None = None,
        within: tuple[str, ...] = (),
        *,
        asked: Asked | None = None,
    ) -> None:
        """``names``: what stands for a name of its own: a piece, or an expression of the scope. ``within``: the fragments
        that this is in. ``asked``: it is a condition; what was asked before it in the same chain."""
        self.place = place
        self.scope = scope
        self.own = dict(names or {})
        self.within = within
        self.loops = 0
        self.failed = False
        self.pieces: dict[ast.expr, Piece] = {}
        self.asked: Asked | None = None
        self.joined = False
        self.syntax = Syntax(place.text, self.problem)
        root = self.syntax.root
        self.piece = self.visit(root) if root is not None else UNKNOWN
        if asked is not None and root is not None and not self.failed:
            check_condition(self, root)
            asked.check(self, root)

    def doubt(self, node: ast.AST, code: str, en: str, zh: str, suggestion: str = "") -> None:
        """Note under a node what runs, and is surely not meant: a warning, which `tongmai check` does not let pass."""
        mark = self.place.at(*self.syntax.span(node))
        self.scope.module.findings.append(Finding(mark, f"mapping.{code}", Text(en, zh), suggestion, "warning"))

    def problem(self, start: int, end: int, code: str, en: str, zh: str, suggestion: str = "") -> None:
        """Note a mistake at ``text[start:end]``."""
        self.failed = True
        mark = self.place.at(start, end)
        self.scope.module.findings.append(Finding(mark, f"mapping.{code}", Text(en, zh), suggestion))

    def wrong(self, node: ast.AST, code: str, en: str, zh: str, suggestion: str = "") -> Piece:
        """Note a mistake under a node."""
        self.problem(*self.syntax.span(node), code, en, zh, suggestion)
        return UNKNOWN

    def visit(self, node: ast.expr) -> Piece:
        """Code and kind of one node."""
        piece = self.pieces[node] = self._visit(node)
        return piece

    def _visit(self, node: ast.expr) -> Piece:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, (ast.Attribute, ast.Subscript)):
            return self._step(node)
        if isinstance(node, ast.BinOp):
            return self._pipe(node) if isinstance(node.op, ast.BitOr) else self._arithmetic(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BoolOp):
            return self._logic(node)
        if isinstance(node, ast.Compare):
            return compile_comparison(self, node)
        if isinstance(node, ast.IfExp):
            return self._choice(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
            return compile_loop(self, node)
        if isinstance(node, ast.List):
            items = [self.visit(each) for each in node.elts]
            return Piece(f"[{', '.join(each.code for each in items)}]", "list", sure=True)
        self.syntax.refuse(node)
        return UNKNOWN

    def _constant(self, node: ast.Constant) -> Piece:
        value = node.value
        if value is None:
            return Piece("None", "none", True, None, True)
        if isinstance(value, bool):
            return Piece(repr(value), "boolean", True, value, True, filled=True)
        if isinstance(value, str):
            clean = is_clean(value)
            return Piece(repr(value), "text", True, value, True, clean=clean, filled=bool(value.strip()))
        written = self.syntax.source(node)
        if (
            isinstance(value, (int, float))
            and re.fullmatch(r"[0-9]+(\.[0-9]+)?", written)
            and len(written) <= MAX_DIGITS
        ):
            if isinstance(value, int):
                return Piece(str(value), "integer", True, Decimal(value), True, filled=True)
            exact = Decimal(written)
            name = self.scope.module.constant("NUMBER_", f"Decimal({written!r})")
            return Piece(name, "number", True, exact, True, filled=True)
        return self.wrong(
            node, "not-allowed", f"`{written}` is not a plain number or text", f"`{written}` 不是普通数字或文本"
        )

    def _name(self, node: ast.Name) -> Piece:
        name = self.syntax.name(node)
        if name in self.own:
            return self.named(name)
        if name.lower() in _WORDS and (self.scope.kinds is None or name not in self.scope.kinds):
            value = _WORDS[name.lower()]
            return Piece(repr(value), "none" if value is None else "boolean", True, value, True)
        if self._is_head(node):
            return self.wrong(
                node,
                "head-alone",
                "`head` is the record that the line is of; write `head.name` for one of its fields",
                "`head` 指明细所属的记录；请写 `head.字段` 取其字段",
            )
        return self.read(name, node)

    @property
    def names(self) -> set[str]:
        """The names in the code that was made."""
        return set(trees.names(self.piece.code))

    def named(self, name: str) -> Piece:
        """What stands for a name of the expression's own."""
        found = self.own[name]
        if isinstance(found, Piece):
            return found
        inner = Expression(found, self.scope, None, self.within)
        self.failed = self.failed or inner.failed
        return inner.piece

    def _variable(self, name: str, node: ast.AST) -> Piece:
        """``var.name``: a constant of the deployment."""
        variables = self.scope.module.variables
        if name not in variables:
            names = ", ".join(sorted(variables)) or "-"
            return self.wrong(
                node,
                "unknown-variable",
                f"the mapping declares no variable `{name}` under `variables` (there are: {names})",
                f"映射的 `variables` 中没有变量 `{name}`（现有：{names}）",
                f"var.{nearest(name, variables)}" if nearest(name, variables) else "",
            )
        value = variables[name]
        self.scope.module.used[f"variable {name}"] = value
        if isinstance(value, float):
            exact = Decimal(repr(value))
            return Piece(
                self.scope.module.constant("NUMBER_", f"Decimal({repr(value)!r})"), "number", True, exact, True
            )
        if isinstance(value, int) and not isinstance(value, bool):
            return Piece(f"({value})", "integer", True, Decimal(value), True)
        kind = "boolean" if isinstance(value, bool) else "text"
        return Piece(repr(value), kind, True, value, True, clean=isinstance(value, str) and is_clean(value))

    def _is_head(self, node: ast.expr) -> bool:
        """Whether this is the word for the record a line is of. A line's own field of that name is ``field("head")``."""
        return self.scope.head is not None and isinstance(node, ast.Name) and node.id == "head"

    def read(self, name: str, node: ast.AST, scope: Scope | None = None) -> Piece:
        """A field of the source or of the entity; in ``scope`` when it is not the expression's own."""
        scope = scope or self.scope
        kind = ""
        if scope.kinds is not None:
            if not scope.knows(name):
                names = ", ".join(sorted(scope.kinds)) or "-"
                return self.wrong(
                    node,
                    "unknown-field",
                    f"unknown {scope.what.en} `{name}` (there are: {names})",
                    f"未知的{scope.what.zh} `{name}`（现有：{names}）",
                    nearest(name, scope.kinds),
                )
            kind = scope.kinds.get(name, "")
        scope.reads.add(name)
        origin = scope.known.get(name)
        if origin is not None and origin.told and kind:
            scope.module.used[f"kind {name}"] = kind  # it decides how the value is read
        return Piece(scope.read(name), kind, sure=scope.trusted, origin=origin, filled=scope.trusted and name == "id")

    def _dotted(self, node: ast.expr) -> str:
        """``a.b.c`` as it is written, empty for anything else."""
        if isinstance(node, ast.Name):
            return self.syntax.name(node)
        if isinstance(node, ast.Attribute):
            before = self._dotted(node.value)
            return f"{before}.{self.syntax.name(node)}" if before else ""
        return ""

    def _step(self, node: ast.Attribute | ast.Subscript) -> Piece:
        whole, scope = self._dotted(node), self.scope
        first = whole.partition(".")[0]
        if first == "var" and "var" not in self.own and not (scope.kinds is not None and scope.knows("var")):
            return self._variable(whole.removeprefix("var."), node)
        if first in self.own:
            return self._own_step(node)
        if scope.head is not None and whole.startswith("head."):
            whole, scope = whole.removeprefix("head."), scope.head
        if whole and scope.kinds is not None and scope.knows(whole):
            found = self.read(whole, node, scope)
            first, *rest = whole.split(".")
            # A source of flat rows has a member of that name; one of nested records has the value further inside.
            code = f"inside({found.code}, {scope.read(first)}, {', '.join(map(repr, rest))})"
            return replace(found, code=code)
        if whole and scope.kinds is not None and (unknown := self._unknown_inside(whole, scope, node)) is not None:
            return unknown
        if self._is_head(node.value):
            if isinstance(node, ast.Attribute):
                return self.read(self.syntax.name(node), node, self.scope.head)
            if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
                return self.read(node.slice.value, node, self.scope.head)
        return self._own_step(node)

    def _unknown_inside(self, whole: str, scope: Scope, node: ast.AST) -> Piece | None:
        """A name inside an object whose members are known, and that is none of them."""
        steps = whole.split(".")
        outer = next(
            (".".join(steps[:n]) for n in range(len(steps) - 1, 0, -1) if scope.members(".".join(steps[:n]))), ""
        )
        inner = ".".join(steps[: outer.count(".") + 2])
        if not outer or scope.knows(inner) or scope.members(inner):
            return None
        members = scope.members(outer)
        names = ", ".join(sorted(members))
        near = nearest(whole, members)
        return self.wrong(
            node,
            "unknown-field",
            f"unknown {scope.what.en} `{whole}` (there are: {names})",
            f"未知的{scope.what.zh} `{whole}`（现有：{names}）",
            f"head.{near}" if near and scope is self.scope.head else near,
        )

    def _own_step(self, node: ast.Attribute | ast.Subscript) -> Piece:
        """A step inside a value, whatever it is called at the source."""
        value = self.visit(node.value)
        if isinstance(node, ast.Attribute):
            return self._member(value, self.syntax.name(node), node)
        index: Any = None
        if isinstance(node.slice, ast.Constant):
            index = node.slice.value
        elif isinstance(node.slice, ast.UnaryOp) and isinstance(node.slice.op, ast.USub):
            operand = node.slice.operand
            index = -operand.value if isinstance(operand, ast.Constant) and isinstance(operand.value, int) else None
        if isinstance(index, str):
            return self._member(value, index, node)
        if isinstance(index, int) and not isinstance(index, bool) and abs(index) < 10_000:
            return Piece(f"item({value.code}, {index})")
        whole = f'field("{self.syntax.source(node)}")' if isinstance(node.slice, ast.Name) else ""
        en = "an index is a number or a quoted key" + (
            f"; a name with brackets in it is written {whole}" if whole else ""
        )
        zh = "下标应为数字或带引号的键" + (f"；名称本身带方括号时写作 {whole}" if whole else "")
        return self.wrong(node.slice, "bad-index", en, zh)

    def _inside(self, value: Piece, name: str) -> str:
        """Code of ``value[name]``; in line, since a call would cost more than the look-up."""
        if self.loops or self.scope.three_valued:
            return f"attr({value.code}, {name!r})"
        return f"(it.get({name!r}) if (it := {value.code}).__class__ is dict else attr(it, {name!r}))"

    def _member(self, value: Piece, name: str, node: ast.AST) -> Piece:
        """A field of an object; of a line, one that lines have."""
        kinds = self.scope.rows.get(value.arg) if value.base == "row" else None
        if kinds is None:
            return Piece(self._inside(value, name))
        if name not in kinds:
            names = ", ".join(kinds)
            return self.wrong(
                node,
                "unknown-field",
                f"the lines `{value.arg}` have no field `{name}` (fields: {names})",
                f"明细 `{value.arg}` 没有字段 `{name}`（字段：{names}）",
                nearest(name, kinds),
            )
        return Piece(f"attr({value.code}, {name!r})", kinds[name], sure=True)

    def _pipe(self, node: ast.BinOp) -> Piece:
        value = self.visit(node.left)
        right = node.right
        function, arguments, keywords = right, [], []
        if isinstance(right, ast.Call):
            function, arguments, keywords = right.func, right.args, right.keywords
        if not isinstance(function, ast.Name):
            return self.wrong(right, "not-a-function", "a function is expected after `|`", "`|` 后面应为函数")
        fragment = self.scope.module.fragments.get(function.id)
        if fragment is not None:
            return compile_fragment(self, fragment, function, value, arguments, keywords)
        return calls.compile_call(self, function, value, node.left, arguments, keywords)

    def _call(self, node: ast.Call) -> Piece:
        if not isinstance(node.func, ast.Name):
            self.syntax.refuse(node)
            return UNKNOWN
        if node.func.id == "field":
            only = node.args[0] if len(node.args) == 1 and not node.keywords else None
            if isinstance(only, ast.Constant) and isinstance(only.value, str):
                return self.read(only.value, only)
            return self.wrong(
                node, "bad-argument", 'field("name") takes one quoted name', 'field("名称") 需要一个带引号的名称'
            )
        fragment = self.scope.module.fragments.get(node.func.id)
        if fragment is not None:
            return compile_fragment(self, fragment, node.func, None, node.args, node.keywords)
        if not node.args:
            if node.func.id in FUNCTIONS:
                return self.wrong(
                    node, "bad-argument", f"`{node.func.id}` is given nothing", f"`{node.func.id}` 没有输入值"
                )
            return calls.compile_call(self, node.func, UNKNOWN, node, [], node.keywords)
        if node.func.id not in FUNCTIONS:
            return calls.compile_call(self, node.func, UNKNOWN, node, node.args[1:], node.keywords)
        return calls.compile_call(self, node.func, self.visit(node.args[0]), node.args[0], node.args[1:], node.keywords)

    def _arithmetic(self, node: ast.BinOp) -> Piece:
        name = _ARITHMETIC.get(type(node.op))
        if name is None:
            return self.wrong(
                node, "not-allowed", "this operator is not part of the mapping language", "映射语言不支持该运算符"
            )
        left, right = self.visit(node.left), self.visit(node.right)
        if name == "add" and self._joins(left, right):
            for part, side in ((left, node.left), (right, node.right)):
                if part.base in ("lines", "list", "ref"):
                    self.wrong(
                        side, "type-mismatch", f"a {part.base} cannot be joined to a text", "列表或引用不能与文本相连"
                    )
            return Piece(f"concat({inner(left.code, 'raw_text')}, {inner(right.code, 'raw_text')})", "text", sure=True)
        for part, side in ((left, node.left), (right, node.right)):
            if part.base in NOT_NUMERIC or (part.base == "text" and part.is_literal):
                self.wrong(side, "type-mismatch", f"a {part.base} is no number", f"{part.base} 不是数值")
        if name == "add" and not self.failed and left.base not in NUMERIC and right.base not in NUMERIC:
            return self.wrong(
                node,
                "ambiguous-plus",
                "is `+` a sum or texts put together? Write `(a | decimal) + b` or `(a | text) + b`",
                "无法判断 `+` 是求和还是拼接：请写 `(a | decimal) + b` 或 `(a | text) + b`",
            )
        return Piece(f"{name}({self._exact(left)}, {self._exact(right)})", "number", sure=True)

    def _exact(self, piece: Piece) -> str:
        """Code of a side of a sum: a constant is made a decimal once."""
        if piece.is_literal and piece.base == "integer" and not piece.code.startswith("NUMBER_"):
            return self.scope.module.constant("NUMBER_", f"Decimal({str(piece.literal)!r})")
        return piece.code

    @staticmethod
    def _joins(left: Piece, right: Piece) -> bool:
        """Whether ``+`` puts texts together: one side is text for sure, or both are declared as text and none is a number."""
        if any(side.base in TEXTUAL and side.sure for side in (left, right)):
            return True
        return all(side.base in TEXTUAL for side in (left, right))

    def _unary(self, node: ast.UnaryOp) -> Piece:
        value = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            return Piece(
                f"negate({value.code})" if self.scope.three_valued else f"(not {value.code})", "boolean", sure=True
            )
        if isinstance(node.op, ast.USub):
            if value.base in NOT_NUMERIC:
                return self.wrong(node, "type-mismatch", f"a {value.base} is no number", f"{value.base} 不是数值")
            if value.is_literal and value.base == "integer":
                return Piece(f"(-{value.code})", "integer", True, -value.literal, True)
            return Piece(f"neg({value.code})", "number", sure=True)
        self.syntax.refuse(node)
        return UNKNOWN

    def _logic(self, node: ast.BoolOp) -> Piece:
        outer, self.joined = self.joined, True
        parts = [self.visit(each) for each in node.values]
        self.joined = outer
        if not outer and not self.failed:
            check_answer(self, node)
        kinds = {part.kind for part in parts}
        kind = kinds.pop() if len(kinds) == 1 else ""
        sure = all(part.sure for part in parts)
        word = "and" if isinstance(node.op, ast.And) else "or"
        if self.scope.three_valued:
            code = parts[0].code
            for part in parts[1:]:
                code = f"{'both' if word == 'and' else 'either'}({code}, {part.code})"
            return Piece(code, "boolean", sure=True)
        return Piece("(" + f" {word} ".join(part.code for part in parts) + ")", kind, sure)

    def _choice(self, node: ast.IfExp) -> Piece:
        test = self.visit(node.test)
        before = self.asked
        if not self.failed:
            check_condition(self, node.test)
            self.asked = Asked(before)
            self.asked.check(self, node.test)
        otherwise = self.visit(node.orelse)
        self.asked = before
        then = self.visit(node.body)
        kinds = {part.kind for part in (then, otherwise) if part.kind != "none"}
        kind = kinds.pop() if len(kinds) == 1 else ""
        first, second = (self._branch(part, side) for part, side in ((then, node.body), (otherwise, node.orelse)))
        clean = then.clean and otherwise.clean
        filled = then.filled and otherwise.filled
        code = f"({first} if {test.code} else {second})"
        return Piece(code, kind, then.sure and otherwise.sure, clean=clean, filled=filled)

    def _branch(self, piece: Piece, node: ast.expr) -> str:
        if self.scope.module.watch is None:
            return piece.code
        written = self.syntax.source(node)
        return self.scope.module.branch(
            piece.code, Text(f"`{written}`", f"`{written}`"), self.place.at(*self.syntax.span(node))
        )
