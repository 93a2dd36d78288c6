"""The typed model of ``entity.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic import Field as Option

from masterdata.model.survivorship import Survivorship
from tongmai.core.finding import Mistake

SCALARS = {
    "text": "text",
    "integer": "bigint",
    "decimal": "numeric",
    "date": "date",
    "datetime": "timestamptz",
    "boolean": "boolean",
    "uscc": "text",
    "phone": "text",
    "email": "text",
    "url": "text",
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TYPE = re.compile(r"(?P<name>[a-z_]+)(\((?P<arg>[a-z][a-z0-9_]*)\))?$")
LINES = "lines"
JSON = "json"
"""The type of a payload's field in a direct sync's inner entity: any JSON value, kept as it is. No file can name it."""
ABOVE = ("parent", "superior")
RESERVED = frozenset({"id"})
RESERVED_IN_LINES = frozenset({"id", "head"})


@dataclass(frozen=True, slots=True)
class FieldType:
    """A canonical type: ``name`` is a scalar, ``term`` (``arg``: term list), ``ref`` (``arg``: entity) or ``lines``."""

    name: str
    arg: str = ""
    many: bool = False

    @property
    def sql(self) -> str:
        """The PostgreSQL column type."""
        one = {"term": "text", "ref": "uuid", LINES: "jsonb", JSON: "jsonb"}.get(self.name) or SCALARS[self.name]
        return f"{one}[]" if self.many else one

    def __str__(self) -> str:
        text = f"{self.name}({self.arg})" if self.arg else self.name
        return f"[{text}]" if self.many else text


def parse_type(value: Any) -> FieldType:
    """``text``, ``term(customer_level)``, ``ref(employee)``, ``[phone]`` as a ``FieldType``; raises ValueError."""
    if isinstance(value, FieldType):
        return value
    many = isinstance(value, list)
    if many:
        if len(value) != 1:
            raise Mistake("a list type is written [type]", "列表类型写作 [类型]")
        value = value[0]
    match = _TYPE.match(value) if isinstance(value, str) else None
    allowed = ", ".join([*SCALARS, "term(list)", "ref(entity)", LINES])
    if not match:
        raise Mistake(f"`{value}` is not a type (allowed: {allowed})", f"`{value}` 不是类型（可用：{allowed}）")
    name, arg = match["name"], match["arg"] or ""
    if name == LINES and not arg:
        if many:
            raise Mistake("`lines` is a list already; write it without brackets", "`lines` 本身就是列表，不要加方括号")
        return FieldType(LINES)
    if name in ("term", "ref"):
        if not arg:
            raise Mistake(
                f"`{name}` needs an argument, as `{name}(customer)`", f"`{name}` 需要参数，如 `{name}(customer)`"
            )
    elif name not in SCALARS or arg:
        raise Mistake(f"`{value}` is not a type (allowed: {allowed})", f"`{value}` 不是类型（可用：{allowed}）")
    return FieldType(name, arg, many)


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Label(Strict):
    """A name for people in both languages."""

    zh: str
    en: str


class LineField(Strict):
    """One field of a line. Who owns or wins the lines is said of the list, which is one value."""

    type: Annotated[FieldType, BeforeValidator(parse_type)]
    label: Label
    required: bool = False
    expected: bool = False
    personal: bool = False

    @model_validator(mode="after")
    def _plain(self) -> LineField:
        if self.type.name == LINES:
            raise Mistake(
                "a line cannot hold lines of its own; give them an entity that refers to this one",
                "明细不能再含明细；请另建一个引用本实体的实体",
            )
        return self


class Field(Strict):
    """One canonical field. A field of type ``lines`` holds a list of lines with the ``fields`` of each.

    ``owner``: the role of connection whose value wins and which alone may change it elsewhere. ``required``: a record
    without it goes to quarantine. ``expected``: an empty value is a data-quality finding. ``personal``: never in a log.
    """

    type: Annotated[FieldType, BeforeValidator(parse_type)]
    label: Label
    required: bool = False
    expected: bool = False
    owner: str = ""
    personal: bool = False
    survive: Literal["pick", "union"] = "pick"
    sum: str = Option(default="", description="`<entity>.<field>`: the sum over the records that refer to this one.")
    by: str = Option(default="", description="The reference field by which those records refer to this one.")
    fields: dict[str, LineField] = Option(default_factory=dict)

    @model_validator(mode="after")
    def _lines(self) -> Field:
        if self.type.name != LINES:
            if self.fields:
                raise Mistake(
                    f"`fields` belong to the type `lines`, this one is `{self.type}`",
                    f"`fields` 只用于 `lines` 类型，此处为 `{self.type}`",
                )
            return self
        if not self.fields:
            raise Mistake(
                "the type `lines` needs `fields`: what each line holds", "`lines` 类型需要 `fields`：每行包含的字段"
            )
        if self.survive == "union":
            raise Mistake(
                "lines of several sources cannot be put together; leave `survive` out",
                "多个来源的明细不能合并；请去掉 `survive`",
            )
        for name in self.fields:
            if not _NAME.fullmatch(name) or name in RESERVED_IN_LINES:
                raise Mistake(
                    f"`{name}` cannot be a field of a line (small letters, digits, _; not `id`, `head`)",
                    f"`{name}` 不能作明细字段名（小写字母、数字、_；不能是 `id`、`head`）",
                )
        return self


class Rule(Strict):
    """A check over canonical fields, in the mapping language's expressions; what is done when it does not hold."""

    holds: str
    code: str
    label: Label
    otherwise: Literal["quarantine", "finding"] = "finding"


class Matching(Strict):
    """Keys that make two records one entity, strongest first. ``legal_code`` decides; ``name`` needs no conflicting code.

    ``legal_code`` and ``name`` name fields; ``code`` fields are plain exact keys (an employee number, a product name).
    """

    legal_code: str = ""
    name: str = ""
    exact: tuple[str, ...] = ()


class Search(Strict):
    """The fields by which a record is searched, by how they are read; the first of a kind counts most."""

    company: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    phone: tuple[str, ...] = ()

    def kinds(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """(how, fields) where there are fields."""
        found = (("company", self.company), ("text", self.text), ("code", self.code), ("phone", self.phone))
        return tuple(each for each in found if each[1])

    def fields(self) -> frozenset[str]:
        """Every field that is searched."""
        return frozenset(name for _, names in self.kinds() for name in names)


class Registration(Strict):
    """Who announced a record first holds it for a while: a second one for the same is a collision. All but the number of days
    and the terms are names of fields."""

    of: str = Option(description="The reference that both have in common, as the customer.")
    same: tuple[str, ...] = Option(min_length=1, description="One of these being equal makes two of them collide.")
    on: str
    until: str
    by: str
    collides: str
    days: int = Option(gt=0, le=3660, description="How long it is held where `until` is empty.")
    over: dict[str, tuple[str, ...]] = Option(
        default_factory=dict, description="Terms, by field, with which a record holds nothing any more."
    )

    def fields(self) -> tuple[tuple[tuple[str | int, ...], str], ...]:
        """Every field it names, with its place in the section."""
        plain = [((part,), getattr(self, part)) for part in ("of", "on", "until", "by", "collides")]
        return (
            *plain,
            *((("same", at), name) for at, name in enumerate(self.same)),
            *(((("over", n)), n) for n in self.over),
        )


class Entity(Strict):
    """A whole ``entity.yaml``."""

    entity: str
    label: Label
    fields: dict[str, Field]
    matching: Matching = Matching()
    search: Search = Search()
    survivorship: Survivorship = Survivorship()
    registration: Registration | None = None
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> Entity:
        for name in self.fields:
            if not _NAME.fullmatch(name) or name in RESERVED:
                raise Mistake(
                    f"`{name}` cannot be a field name (small letters, digits, _; not `id`)",
                    f"`{name}` 不能作字段名（小写字母、数字、_；不能是 `id`）",
                )
        return self

    @property
    def inner(self) -> bool:
        """Whether it is a direct sync's own: in no dictionary, without a golden table, matched with nothing."""
        return "/" in self.entity

    @property
    def above(self) -> str:
        """The field that names the record above this one of its own kind, which makes them a tree; empty where there is none."""
        own = f"ref({self.entity})"
        return next((name for name in ABOVE if name in self.fields and str(self.fields[name].type) == own), "")

    def column(self, field: str) -> str:
        """The golden column of a field: references end in ``_id``."""
        kind = self.fields[field].type
        return f"{field}_id" if kind.name == "ref" and not kind.many else field

    def refers(self) -> frozenset[str]:
        """The entities that its fields and the fields of its lines refer to."""
        types = [each.type for each in self.fields.values()]
        types += [each.type for spec in self.fields.values() for each in spec.fields.values()]
        return frozenset(each.arg for each in types if each.name == "ref")
