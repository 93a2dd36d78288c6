"""Python source of a mapping's fields: one guarded block a field."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.language.convert import constant_value, conversion, fits, one
from mappings.language.definition import Choice, Const, Definition, Each, Expr, Many, Node, Target
from mappings.language.expression import UNKNOWN, Expression
from mappings.language.known import check_loss, check_sent
from mappings.language.place import Place
from mappings.language.reach import Asked
from mappings.language.scope import Piece, Scope
from mappings.language.values import BadValueError, number, plain
from masterdata.model.entity import LINES, Field, FieldType, LineField
from tongmai.core.finding import Finding, Mark, nearest
from tongmai.core.text import Text

INDENT = " " * 8


def comment(text: str) -> str:
    """An expression as a one-line comment."""
    return "".join(char if char.isprintable() else " " for char in " ".join(text.split()))


@dataclass
class FieldWriter:
    """Writes the block of one target field, of the record or of a line. Without ``spec``: values go out as they are."""

    definition: Definition
    target: Target
    scope: Scope
    spec: Field | LineField | None
    above: str = ""  # code of the name of the list's own list, for lists in lists

    @property
    def _level(self) -> str:
        """The suffix of the generated variables: lists inside lists have their own."""
        return str(self.target.depth) if self.target.depth > 1 else ""

    def find(self, mark: Mark, code: str, en: str, zh: str, suggestion: str = "") -> None:
        """Note a mistake in the file."""
        self.scope.module.findings.append(Finding(mark, f"mapping.{code}", Text(en, zh), suggestion))

    def lines(self) -> list[str]:
        """The field's block, indented for the record loop."""
        where = self.where()
        policy = self.policy()
        body = self._body(policy, where)
        failed = "errors" if policy == "quarantine" else "findings"
        out = [
            f"# {self.target.name}: {comment(describe(self.target.node))}",
            "try:",
            *("    " + line for line in body),
        ]
        out += ["except Exception as error:", f"    {failed}.append(issue(error, {where}))"]
        if policy == "empty":
            out.append("    " + self.store("None"))
        if any("notes)" in line for line in body):
            strict = self._said() == "quarantine"
            out += ["if notes:", f"    keep(notes, {'errors' if strict else 'findings'}, {where})"]
        return [INDENT + line for line in out]

    def label(self) -> str:
        """Code of the field's name in issues and references."""
        target = self.target
        if not target.depth:
            return repr(target.name)
        return f"line_name({self.above or repr(target.line_of)}, rows{self._level}, {target.name!r})"

    def where(self) -> str:
        """Code of the name and the place of an issue."""
        return f"{self.label()}, {self.definition.place(self.target.mark)!r}"

    def policy(self) -> str:
        """What is done with a bad value; a required field can only send the record to quarantine."""
        if self.spec is not None and self.spec.required:
            return "quarantine"
        return self._said() or self.definition.data.bad_value.get("default") or "quarantine"

    def _said(self) -> str:
        """What ``bad_value`` says of the field itself, or of the list that it is in."""
        table = self.definition.data.bad_value
        return table.get(self.target.full_name) or table.get(self.target.line_of) or ""

    def store(self, code: str) -> str:
        """Code that puts a value where it belongs."""
        *parents, last = self.target.path
        holder = f"row{self._level}" if self.target.depth else "fields"
        for step in parents:
            holder += f".setdefault({step!r}, {{}})"
        return f"{holder}[{last!r}] = {code}"

    def _body(self, policy: str, where: str) -> list[str]:
        node, spec = self.target.node, self.spec
        if isinstance(node, Many):
            lines = self._many(node, policy, where)
        elif spec is not None and spec.type.many:
            lines = [f"value = {self._whole_list(node, spec.type)}"]
        else:
            lines = [f"value = {self._value(node, spec.type if spec else None)}"]
        if spec is None:
            return [*lines, self.store("value"), *self._watched()]
        if spec.type.name == "ref":
            lines += [
                "if value is None:",
                "    " + self.store("None"),
                "else:",
                f"    references[{self.label()}] = value",
            ]
        else:
            lines.append(self.store("value"))
        lines += self._watched()
        if spec.required or spec.expected:
            into = "errors" if spec.required else "findings"
            lines += ["if value is None:", f"    {into}.append(missing({where}, required={spec.required}))"]
        return lines

    def _watched(self) -> list[str]:
        name = self.target.full_name
        hit = self.scope.module.point("field", Text(f"`{name}` with a value", f"`{name}` 有值"), self.target.mark)
        return ["if value is not None:", f"    {hit}"] if hit else []

    def _many(self, node: Many, policy: str, where: str) -> list[str]:
        if self.spec is not None and not self.spec.type.many:
            self.find(
                node.mark,
                "type-mismatch",
                f"`{self.target.name}` takes one value, not a list",
                f"`{self.target.name}` 只能有一个值，不能是列表",
            )
        type_ = one(self.spec.type) if self.spec else None
        failed = "errors" if policy == "quarantine" else "findings"
        lines = ["values = []"]
        for each in node.items:
            lines += ["try:", f"    values.append({self._value(each, type_)})"]
            lines += ["except Exception as error:", f"    {failed}.append(issue(error, {where}))"]
        unique = "value = list(dict.fromkeys(each for each in values if each is not None))"
        return [*lines, unique + (" or None" if self.spec else "")]

    def _whole_list(self, node: Node, type_: FieldType, asked: Asked | None = None) -> str:
        if isinstance(node, Const):
            return self._constant(node, type_)
        if isinstance(node, Choice):
            return self._choice(node, type_, asked)
        if not isinstance(node, Expr):
            raise TypeError(f"unexpected node {type(node).__name__}")
        piece = self.expression(node.place)
        if piece.kind and piece.base not in ("list", "none"):
            self.find(
                node.place.mark,
                "type-mismatch",
                f"`{self.target.name}` is a list; write [{node.place.text}]",
                f"`{self.target.name}` 是列表，请写作 [{node.place.text}]",
                f"[{node.place.text}]",
            )
        each = conversion(Piece("each"), one(type_), self.scope.schema, self.scope.module)
        return f"to_list({piece.code}, lambda each: {each})"

    def _value(self, node: Node, type_: FieldType | None, asked: Asked | None = None) -> str:
        if isinstance(node, Expr):
            found = self._compiled(node.place)
            self._losses(found, type_)
            return self._converted(found.piece, type_, node.place.mark)
        if isinstance(node, Const):
            return self._constant(node, type_)
        if isinstance(node, Choice):
            return self._choice(node, type_, asked)
        self.find(node.mark, "type-mismatch", "a list cannot stand inside a list", "列表不能嵌套")
        return "None"

    def _choice(self, node: Choice, type_: FieldType | None, asked: Asked | None = None) -> str:
        """``asked``: the conditions of the chain that this is the `else` of."""
        so_far = Asked(asked)
        test = self._compiled(node.test, so_far).piece
        branches = []
        for word, branch in (("then", node.then), ("else", node.otherwise)):
            before = so_far if word == "else" else None
            many = type_ is not None and type_.many
            code = self._whole_list(branch, type_, before) if many and type_ else self._value(branch, type_, before)
            if not isinstance(branch, Choice):
                said = f"{word}: {describe(branch)}"
                mark = branch.place.mark if isinstance(branch, Expr) else branch.mark
                code = self.scope.module.branch(code, Text(said, said), mark)
            branches.append(code)
        return f"({branches[0]} if {test.code} else {branches[1]})"

    def _converted(self, piece: Piece, type_: FieldType | None, mark: Mark) -> str:
        if type_ is None:
            if piece.base == LINES:
                self.find(
                    mark,
                    "lines-whole",
                    f"`{piece.arg}` are lines; write {{each: {piece.arg}, fields: …}}",
                    f"`{piece.arg}` 是明细，请写作 {{each: {piece.arg}, fields: …}}",
                )
            return f"to_payload({piece.code})"
        if piece == UNKNOWN:
            return "None"
        if type_.name == "ref" and piece.base not in ("ref", "none"):
            self.find(
                mark,
                "type-mismatch",
                f"`{self.target.name}` is a reference; end with `| ref({type_.arg})`",
                f"`{self.target.name}` 是引用，请以 `| ref({type_.arg})` 结尾",
                f"ref({type_.arg})",
            )
            return "None"
        if not fits(piece, type_):
            got = str(piece.kind).replace(":", " of ")
            hint = f"use ref({type_.arg})" if type_.name == "ref" else ""
            self.find(
                mark,
                "type-mismatch",
                f"`{self.target.name}` is {type_}, the expression gives {got}{'; ' + hint if hint else ''}",
                f"`{self.target.name}` 的类型是 {type_}，表达式给出的是 {got}",
            )
            return "None"
        return conversion(piece, type_, self.scope.schema, self.scope.module)

    def _constant(self, node: Const, type_: FieldType | None) -> str:
        if type_ is None:
            value = node.value
            if isinstance(value, float):
                exact = number(value)
                value = None if exact is None else plain(exact)
            return repr(value)
        try:
            return repr(constant_value(node.value, type_, self.scope.schema))
        except BadValueError as error:
            allowed = self.scope.schema.terms[type_.arg].terms if type_.name == "term" else ()
            word = str(node.value)
            self.find(
                node.mark,
                error.code if error.code in ("unknown-term", "type-mismatch") else "bad-constant",
                error.message,
                f"常量 `{word}` 不符合 `{self.target.name}` 的类型 {type_}",
                nearest(word, allowed),
            )
            return "None"

    def _losses(self, found: Expression, type_: FieldType | None) -> None:
        """What the value would lose on its last step."""
        if type_ is not None:
            check_loss(found, found.piece, type_, self.target.name)
        elif not self.target.depth and (written := self.scope.written.get(self.target.name)) is not None:
            check_sent(found, found.piece, written)

    def expression(self, place: Place) -> Piece:
        """A checked expression in this field's scope."""
        return self._compiled(place).piece

    def condition(self, place: Place) -> Piece:
        """A checked expression that decides something."""
        return self._compiled(place, Asked()).piece

    def _compiled(self, place: Place, asked: Asked | None = None) -> Expression:
        return Expression(place, self.scope, self.target.bindings, asked=asked)


def describe(node: Node) -> str:
    """A field's definition on one line, for comments and explanations."""
    if isinstance(node, Expr):
        return node.place.text
    if isinstance(node, Const):
        return repr(node.value)
    if isinstance(node, Many):
        return "[" + ", ".join(describe(each) for each in node.items) + "]"
    if isinstance(node, Each):
        return f"each {node.source.text}" + (f" if {node.only_if.text}" if node.only_if else "")
    return f"{describe(node.then)} if {node.test.text} else {describe(node.otherwise)}"
