"""What a mapping does, field by field, in words."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mappings.language import trees
from mappings.language.definition import Choice, Const, Definition, Each, Expr, Node, Policy, Target
from mappings.language.fragments import Fragment
from mappings.language.functions import FUNCTIONS
from mappings.language.types import CompiledMapping
from mappings.language.write import describe
from masterdata.model.entity import Entity, Field, LineField
from masterdata.model.schema import Schema
from tongmai.core.text import Text


@dataclass(frozen=True, slots=True)
class Explained:
    """One field: its type, the expression, the sources it reads, the functions on the way."""

    name: str
    kind: str
    place: str
    expression: str
    reads: tuple[str, ...]
    steps: tuple[Text, ...] = field(default_factory=tuple)

    def as_json(self) -> dict[str, Any]:
        """A plain dictionary for ``--json``."""
        return {
            "field": self.name,
            "type": self.kind,
            "place": self.place,
            "expression": self.expression,
            "reads": list(self.reads),
            "steps": [{"en": step.en, "zh": step.zh} for step in self.steps],
        }


def explain_fields(definition: Definition, compiled: CompiledMapping, schema: Schema) -> list[Explained]:
    """Every field of a mapping in file order."""
    policies = definition.data.bad_value
    out = []
    for target in definition.every_target():
        steps = [
            Text(f"{each.signature}: {each.doc.en}", f"{each.signature}：{each.doc.zh}")
            for each in _functions(target.node)
        ]
        kind = "payload"
        if definition.direct:
            steps.append(_POLICY[_policy(policies, target) or "quarantine"])
        if not definition.outbound:
            spec = _spec(schema.entities[compiled.entity], target)
            kind = str(spec.type)
            policy = _policy(policies, target)
            policy = "quarantine" if spec.required or policy is None else policy
            if target.line_of and policy == "finding":
                policy = "empty"
            steps.append(_POLICY[policy])
            if spec.required:
                steps.append(Text("required: an empty one goes to quarantine", "必填：为空则进入隔离区"))
            if spec.expected:
                steps.append(Text("expected: an empty one is a finding", "应填：为空记为数据质量问题"))
        reads = tuple(sorted(_reads(compiled, target)))
        out.append(
            Explained(target.full_name, kind, definition.place(target.mark), describe(target.node), reads, tuple(steps))
        )
    return out


@dataclass(frozen=True, slots=True)
class Whole:
    """What a mapping says beside its fields: which records, how a part is known, the fragments it uses with their bodies."""

    only_if: str = ""
    key: str = ""
    owned: bool = False
    fragments: tuple[tuple[str, str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """A plain dictionary for ``--json``."""
        bodies = [{"fragment": name, "is": text, "place": place} for name, text, place in self.fragments]
        return {"only_if": self.only_if, "key": self.key, "owned": self.owned, "fragments": bodies}


def explain_whole(definition: Definition, fragments: Mapping[str, Fragment]) -> Whole:
    """What holds for the mapping as a whole. ``fragments``: the expressions that it may use, by name."""
    texts = [text for target in definition.every_target() for text in _texts(target.node)]
    only_if = definition.only_if.text if definition.only_if is not None else ""
    open_ = [name for text in (*texts, only_if, definition.data.key) if text for name in _called(text)]
    used: dict[str, tuple[str, str, str]] = {}
    while open_:
        one = fragments.get(open_.pop(0))
        if one is not None and one.place is not None and one.name not in used:
            used[one.name] = (one.signature, one.place.text, f"{one.relative}:{one.mark.line}")
            open_ += _called(one.place.text)
    return Whole(only_if, definition.data.key, definition.data.owned, tuple(used.values()))


_POLICY = {
    "quarantine": Text("a bad value sends the record to quarantine", "坏值：整条记录进入隔离区"),
    "finding": Text(
        "a bad value is a finding; the source then says nothing about this field",
        "坏值：记为数据质量问题，该来源对此字段不发表意见",
    ),
    "empty": Text("a bad value is a finding and the field is empty", "坏值：记为数据质量问题，字段置空"),
}


def _policy(policies: Mapping[str, Policy], target: Target) -> Policy | None:
    return policies.get(target.full_name) or policies.get(target.line_of) or policies.get("default")


def _reads(compiled: CompiledMapping, target: Target) -> frozenset[str]:
    if target.line_of:
        return compiled.line_reads.get(target.full_name, frozenset())
    return compiled.reads_of.get(target.path[0], frozenset())


def _spec(entity: Entity, target: Target) -> Field | LineField:
    return entity.fields[target.line_of].fields[target.name] if target.line_of else entity.fields[target.name]


def _functions(node: Node) -> list[Any]:
    names = dict.fromkeys(name for text in _texts(node) for name in _called(text))
    return [FUNCTIONS[name] for name in names if name in FUNCTIONS]


def _texts(node: Node) -> list[str]:
    """Every expression in a field."""
    texts: list[str] = []
    stack = [node]
    while stack:
        each = stack.pop(0)
        if isinstance(each, Expr):
            texts.append(each.place.text)
        elif isinstance(each, Choice):
            texts.append(each.test.text)
            stack += [each.then, each.otherwise]
        elif isinstance(each, Each):
            texts += [each.source.text, *([each.only_if.text] if each.only_if else [])]
        elif not isinstance(each, Const):
            stack += each.items
    return texts


def _called(text: str) -> list[str]:
    """The functions and fragments that an expression calls."""
    names = []
    for part in ast.walk(trees.parse_expression(f"({text}\n)")):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            names.append(part.func.id)
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr) and isinstance(part.right, ast.Name):
            names.append(part.right.id)
    return names
