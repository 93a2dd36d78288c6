"""Python source of a field that is a list of lines: one loop, inside it one guarded block a field."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from connectors.sdk.manifest import Lines
from mappings.language.definition import Each, Target
from mappings.language.known import known_fields
from mappings.language.place import Place
from mappings.language.scope import Piece, Scope, canonical_line_scope, line_scope, source_kinds
from mappings.language.write import INDENT, FieldWriter, comment, describe
from masterdata.model.entity import LINES, Entity, LineField
from tongmai.core.finding import nearest
from tongmai.core.text import Text

_INNER = " " * 8


@dataclass
class LinesWriter(FieldWriter):
    """Writes the block of a list of lines. ``of_line``: the entity's fields of a line, nothing for a payload. ``declared``: the lists that the manifest names on the system's side; ``read``: those of the stream that is read.

    ``line_reads``: what each field of a line is made of, once ``lines()`` has run.
    """

    entity: Entity | None = None
    of_line: dict[str, LineField] = field(default_factory=dict)
    declared: dict[str, Lines] = field(default_factory=dict)
    read: dict[str, Lines] = field(default_factory=dict)
    line_reads: dict[str, frozenset[str]] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The whole block, indented for the record loop."""
        node = self.target.node
        assert isinstance(node, Each)
        policy = self.policy()
        failed = "errors" if policy == "quarantine" else "findings"
        source, names = self._source(node.source)
        scope = self._line_scope(node, source, names)
        deep = str(self.target.depth + 1) if self.target.depth else ""
        out = [
            f"# {self.target.name}: {comment(describe(node))}",
            "try:",
            f"    lines{deep} = each_line({source.code})",
            "except Exception as error:",
            f"    {failed}.append(issue(error, {self.where()}))",
            *(["    " + self.store("None")] if policy == "empty" else []),
            "else:",
            f"    rows{deep} = []",
            f"    for line{deep} in lines{deep}:",
            f"        own{deep} = line{deep}.get",
            *self._only_if(node, scope, source, deep),
            f"        row{deep} = {self._empty_row()}",
            *self._seen(),
        ]
        inner = [_INNER + line for target in node.targets for line in self._field(target, scope, source, deep)]
        after = [
            f"        rows{deep}.append(row{deep})",
            "    " + self.store(f"rows{deep}" + (" or None" if self.spec else "")),
        ]
        if self.spec is not None and (self.spec.required or self.spec.expected):
            into = "errors" if self.spec.required else "findings"
            after += [
                f"    if not rows{deep}:",
                f"        {into}.append(missing({self.where()}, required={self.spec.required}))",
            ]
        return [*(INDENT + line for line in out), *inner, *(INDENT + line for line in after)]

    def _seen(self) -> list[str]:
        name = self.target.full_name
        hit = self.scope.module.point("field", Text(f"`{name}` with a line", f"`{name}` 有明细"), self.target.mark)
        return [f"        {hit}"] if hit else []

    def _source(self, place: Place) -> tuple[Piece, set[str]]:
        """The expression that gives the list, and the names it reads."""
        before, notes = self.scope.reads, self.scope.notes
        self.scope.reads, self.scope.notes = set(), False
        piece, names = self.expression(place), self.scope.reads
        before |= names
        self.scope.reads, self.scope.notes = before, notes
        return piece, names

    def _line_scope(self, node: Each, source: Piece, names: set[str]) -> Scope:
        own = f"own{self.target.depth + 1}" if self.target.depth else "own"

        def read(name: str) -> str:
            return f"{own}({name!r})"

        if not self.definition.reads_source:
            spec = self.entity.fields.get(source.arg) if self.entity is not None and source.base == LINES else None
            if spec is not None:
                return canonical_line_scope(source.arg, spec, self.scope, read)
            whole = self.scope.trusted and node.source.text.strip() in (self.scope.kinds or ())
            if source.base not in ("", "list", "row") or whole or source.kind == "none":
                known = [name for name, each in (self.entity.fields if self.entity else {}).items() if each.fields]
                self.find(
                    node.source.mark,
                    "not-lines",
                    f"`each` names a field of type lines (there are: {', '.join(known) or '-'})",
                    f"`each` 应为类型为 lines 的字段（现有：{', '.join(known) or '-'}）",
                    nearest(node.source.text, known),
                )
            return line_scope(None, Text("field of a line", "明细字段"), self.scope, read)
        if source.base not in ("", "list"):
            self.find(
                node.source.mark,
                "not-lines",
                f"`each` needs a list of objects, the expression gives {source.base}",
                f"`each` 需要对象列表，表达式给出的是 {source.base}",
            )
        listed = sorted(names & set(self.read))
        lines = self.read[listed[0]] if len(listed) == 1 else None
        kinds = source_kinds(lines.fields) if lines is not None and lines.fields else None
        name = listed[0] if lines is not None else node.source.text
        what = Text(f"field of {name}", f"明细字段（{name}）")
        return line_scope(
            kinds, what, self.scope, read, lines.custom if lines is not None else "", known=known_fields(lines)
        )

    def _only_if(self, node: Each, scope: Scope, source: Piece, deep: str) -> list[str]:
        if node.only_if is None:
            return []
        scope.notes = False
        test = FieldWriter(self.definition, self.target, scope, None).condition(node.only_if)
        scope.notes = True
        self.line_reads[self.target.full_name] = _names(source, scope.reads)
        place = self.definition.place(node.only_if.mark)
        what = Text(f"a line of `{self.target.full_name}` left out", f"`{self.target.full_name}` 有被排除的行")
        left = scope.module.point("branch", what, node.only_if.mark)
        return [
            "        try:",
            f"            if not {test.code}:",
            *([f"                {left}"] if left else []),
            "                continue",
            "        except Exception as error:",
            f"            errors.append(issue(error, line_name({self.label()}, rows{deep}), {place!r}))",
            "            continue",
        ]

    def _empty_row(self) -> str:
        """Every declared field of a line, so that equal lines are equal whatever a mapping leaves out."""
        return repr(dict.fromkeys(self.of_line))

    def _field(self, target: Target, scope: Scope, source: Piece, deep: str) -> list[str]:
        spec = self._spec(target)
        if (spec is None) != self.definition.outbound or (isinstance(target.node, Each) and spec is not None):
            return []
        outer, scope.reads = self.scope.reads, set()
        self.scope.reads = set()
        block = self._block(target, scope, spec, deep)
        head = {f"head.{name}" for name in self.scope.reads}
        self.line_reads[target.full_name] = _names(source, scope.reads) | head
        outer |= self.scope.reads
        self.scope.reads = outer
        return block

    def _block(self, target: Target, scope: Scope, spec: LineField | None, deep: str) -> list[str]:
        above = self.label() if deep else ""
        if not isinstance(target.node, Each):
            return FieldWriter(self.definition, target, scope, spec, above).lines()
        inner = LinesWriter(self.definition, target, scope, None, above, self.entity)
        block = inner.lines()
        self.line_reads |= inner.line_reads
        return block

    def _spec(self, target: Target) -> LineField | None:
        if self.definition.outbound:
            self._check_member(target)
            return None
        fields = self.of_line
        spec = fields.get(target.name)
        if spec is None:
            names = ", ".join(fields)
            self.find(
                target.mark,
                "unknown-target-field",
                f"the lines `{target.line_of}` have no field `{target.name}` (fields: {names})",
                f"明细 `{target.line_of}` 没有字段 `{target.name}`（字段：{names}）",
                nearest(target.name, fields),
            )
        elif spec.type.many and spec.type.name == "ref":
            self.find(target.mark, "list-of-references", "a list of references cannot be mapped", "暂不支持引用列表")
            return None
        return spec

    def _check_member(self, target: Target) -> None:
        lines = self.declared.get(self.target.name)
        if lines is None or not lines.fields:
            return
        written = {".".join(target.path[:length]) for length in range(1, len(target.path) + 1)}
        if written & set(lines.fields) or (lines.custom and fnmatchcase(target.name, lines.custom)):
            return
        names = ", ".join(sorted(lines.fields))
        self.find(
            target.mark,
            "unknown-target-field",
            f"`{self.definition.system}` writes no `{target.name}` in `{self.target.name}` (there are: {names})",
            f"`{self.definition.system}` 的 `{self.target.name}` 中没有可写字段 `{target.name}`（现有：{names}）",
            nearest(target.name, lines.fields),
        )


def _names(source: Piece, names: set[str]) -> frozenset[str]:
    """Names of a line as ``line_reads`` gives them: behind their list's where that is an entity's."""
    return frozenset(f"{source.arg}.{name}" if source.base == LINES else name for name in names)
