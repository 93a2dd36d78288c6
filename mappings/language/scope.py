"""What an expression may see, and what compiling it leaves behind."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mappings.language import trees
from mappings.language.known import Known
from mappings.language.tables import Table
from mappings.language.valuemaps import ValueMap
from mappings.language.workdays import Workdays
from masterdata.model.entity import LINES, Entity, Field, FieldType
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark
from tongmai.core.text import Text

if TYPE_CHECKING:
    from mappings.language.fragments import Fragment

_KINDS = {"decimal": "number"}
_SOURCE_KINDS = {
    "text": "text",
    "string": "text",
    "number": "number",
    "decimal": "number",
    "integer": "integer",
    "boolean": "boolean",
    # what systems call them when they are discovered
    "int": "integer",
    "double": "number",
    "currency": "number",
    "picklist": "text",
    "edm.string": "text",
    "edm.boolean": "boolean",
    "edm.decimal": "number",
    "edm.double": "number",
    "edm.int32": "integer",
    "edm.int64": "integer",
}


def source_kinds(declared: Mapping[str, str]) -> dict[str, str]:
    """The static kinds of what a manifest declares."""
    return {name: _SOURCE_KINDS.get(kind.lower(), "") for name, kind in declared.items()}


def kind_of(type_: FieldType) -> str:
    """The static kind of a canonical field."""
    if type_.many:
        return "list"
    if type_.name in ("term", "ref"):
        return f"{type_.name}:{type_.arg}"
    return _KINDS.get(type_.name, type_.name)


@dataclass(frozen=True, slots=True)
class Piece:
    """A compiled part: Python ``code``, its static ``kind`` (empty: unknown).

    ``sure``: the runtime really gives that kind, so that the last conversion can be left out. ``literal`` with
    ``is_literal``: a constant. ``clean``: text that is canonical as it is. ``origin``: the source field that it is, as
    far as anything is known of it. ``filled``: never empty.
    """

    code: str
    kind: str = ""
    sure: bool = False
    literal: Any = None
    is_literal: bool = False
    clean: bool = False
    origin: Known | None = None
    filled: bool = False

    @property
    def base(self) -> str:
        """The kind without its argument."""
        return self.kind.partition(":")[0]

    @property
    def arg(self) -> str:
        """The term list or entity of the kind."""
        return self.kind.partition(":")[2]


def is_clean(text: str) -> bool:
    """Whether a constant is canonical text already."""
    return bool(text) and text == text.strip() and text.isprintable()


def inner(code: str, function: str) -> str:
    """``x`` of ``function(x)``, for code that does the same itself; other code as it is."""
    rest = code.removeprefix(f"{function}(")
    if rest == code or not rest.endswith(")"):
        return code
    tree = trees.parse_expression(code)
    if not isinstance(tree, ast.Call) or len(tree.args) != 1 or tree.keywords:
        return code
    return rest[:-1]


@dataclass(frozen=True, slots=True)
class Point:
    """A place of a mapping that its tests should reach. ``kind``: a field that gets a value, or a branch that is taken."""

    kind: str
    what: Text
    mark: Mark


@dataclass
class Watch:
    """The points of a mapping that is compiled to be watched, and those that were reached (by number)."""

    points: list[Point] = field(default_factory=list)
    reached: set[int] = field(default_factory=set)

    def hit(self, number: int) -> bool:
        """Called by the generated code."""
        self.reached.add(number)
        return True


@dataclass
class Module:
    """The generated module's constants and what it used: names, value maps and term lists for the digest."""

    constants: dict[str, str] = field(default_factory=dict)
    used: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    remote_fields: set[tuple[str, str]] = field(default_factory=set)
    sends: set[tuple[str, str]] = field(default_factory=set)
    by_fields: set[tuple[str, str]] = field(default_factory=set)
    refs: dict[tuple[str, str], Mark] = field(default_factory=dict)
    calendars: Mapping[str, Workdays] = field(default_factory=dict)
    fragments: Mapping[str, Fragment] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    watch: Watch | None = None

    def point(self, kind: str, what: Text, mark: Mark) -> str:
        """Code that says a point was reached; empty when nobody watches."""
        if self.watch is None:
            return ""
        self.watch.points.append(Point(kind, what, mark))
        return f"hit({len(self.watch.points) - 1})"

    def branch(self, code: str, what: Text, mark: Mark) -> str:
        """``code`` of a branch, watched where that is asked for."""
        hit = self.point("branch", what, mark)
        return f"({hit} and {code})" if hit else code

    def constant(self, prefix: str, code: str, name: str = "") -> str:
        """Bind ``code`` once at module level and give its name: ``prefix`` and ``name``, or a number."""
        for known, bound in self.constants.items():
            if bound == code and known.startswith(prefix):
                return known
        wanted = prefix + name
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or wanted in self.constants:
            wanted = f"{prefix}{sum(known.startswith(prefix) for known in self.constants) + 1}"
        self.constants[wanted] = code
        return wanted


@dataclass
class Scope:
    """Names an expression may read and how they are read in the generated code.

    ``kinds``: the known names with their kinds (None: any name, nothing is declared). ``custom``: a pattern of
    further names, of unknown kind. ``three_valued``: a comparison
    with an empty side is neither true nor false (entity rules). ``notes``: functions may leave findings. ``head``: the
    record that a line is of, whose fields are read as ``head.name``. ``rows``: for each field of type lines, the kinds of
    a line's fields. ``maps_out``: the value maps that ``term_out`` goes by, where they are another system's. ``known``: what
    the system tells of its fields; ``written``: of a payload's fields.
    """

    schema: Schema
    module: Module
    kinds: Mapping[str, str] | None
    what: Text
    read: Callable[[str], str]
    direction: str = "both"
    custom: str = ""
    maps: Mapping[str, ValueMap] = field(default_factory=dict)
    maps_out: Mapping[str, ValueMap] | None = None
    streams: frozenset[str] | None = None
    trusted: bool = False
    three_valued: bool = False
    notes: bool = True
    head: Scope | None = None
    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)
    known: Mapping[str, Known] = field(default_factory=dict)
    written: Mapping[str, Known] = field(default_factory=dict)

    def members(self, prefix: str) -> list[str]:
        """The known names of what is inside ``prefix``."""
        return [name for name in self.kinds or () if name.startswith(f"{prefix}.")]

    def knows(self, name: str) -> bool:
        """Whether a name is declared, or one that a company may give its own fields."""
        return self.kinds is None or name in self.kinds or (bool(self.custom) and fnmatchcase(name, self.custom))


def canonical_scope(
    entity: Entity,
    schema: Schema,
    module: Module,
    read: Callable[[str], str],
    *,
    three_valued: bool = False,
    notes: bool = False,
    direction: str = "both",
) -> Scope:
    """A scope over an entity's fields and its ``id``."""
    kinds = {"id": "text", **{name: kind_of(each.type) for name, each in entity.fields.items()}}
    kinds |= {name: f"{LINES}:{name}" for name, each in entity.fields.items() if each.type.name == LINES}
    what = Text(f"field of {entity.entity}", f"{entity.label.zh}（{entity.entity}）字段")
    rows = {
        name: {one: kind_of(line.type) for one, line in each.fields.items()} for name, each in entity.fields.items()
    }
    return Scope(
        schema, module, kinds, what, read, direction, trusted=True, three_valued=three_valued, notes=notes, rows=rows
    )


def canonical_line_scope(name: str, spec: Field, head: Scope, read: Callable[[str], str]) -> Scope:
    """A scope over the fields of an entity's lines ``name``."""
    kinds = {one: kind_of(each.type) for one, each in spec.fields.items()}
    return line_scope(kinds, Text(f"field of {name}", f"{spec.label.zh}（{name}）字段"), head, read, trusted=True)


def line_scope(
    kinds: Mapping[str, str] | None,
    what: Text,
    head: Scope,
    read: Callable[[str], str],
    custom: str = "",
    *,
    trusted: bool = False,
    known: Mapping[str, Known] | None = None,
) -> Scope:
    """A scope over the fields of a line of ``head``'s record."""
    return Scope(
        head.schema,
        head.module,
        kinds,
        what,
        read,
        head.direction,
        custom,
        head.maps,
        head.maps_out,
        head.streams,
        trusted,
        head=head,
        known=known or {},
    )
