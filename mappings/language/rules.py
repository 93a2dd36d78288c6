"""An entity's rules inside a mapping, and conditions over canonical records (``when:``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mappings.language.definition import Definition
from mappings.language.expression import Expression
from mappings.language.place import Place
from mappings.language.reach import Asked
from mappings.language.scope import Module, canonical_scope
from mappings.language.write import INDENT, comment
from masterdata.model.entity import Entity, Rule
from masterdata.model.schema import Schema
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, Mark

Condition = Callable[[Sequence[Mapping[str, Any]]], list[bool]]


@dataclass(frozen=True, slots=True)
class RuleSource:
    """A rule and where its expression stands. ``relative``: the file's path in messages."""

    rule: Rule
    mark: Mark
    relative: str


def rule_sources(schema: Schema, entity: Entity) -> tuple[RuleSource, ...]:
    """An entity's rules with the places of their expressions: its own first, then what sites added to it, as they were read."""
    if not entity.rules:
        return ()
    places: list[tuple[Mark, str]] = []
    files = [file for file in schema.files if file.name == "entity.yaml"]
    files.sort(key=lambda each: each.parent.name != entity.entity)  # its own folder first: most need not be read
    for word in ("entity", "extend"):
        for file in files:
            if len(places) == len(entity.rules):
                break
            document = yamlfile.load(file)[0]
            data = document.data
            if not isinstance(data, dict) or data.get(word) != entity.entity or not isinstance(data.get("rules"), list):
                continue
            relative = "/".join(Path(file).parts[-4:] if "entities" in Path(file).parts else Path(file).parts[-3:])
            places += [(document.mark("rules", index, "holds"), relative) for index in range(len(data["rules"]))]
    if len(places) != len(entity.rules):  # made by hand, as in a test
        places = [(Mark(entity.entity, 1, 1), entity.entity)] * len(entity.rules)
    return tuple(RuleSource(rule, *place) for rule, place in zip(entity.rules, places, strict=True))


def check_rules(schema: Schema) -> list[Finding]:
    """Mistakes in the rules of every entity."""
    module = Module()
    for entity in schema.entities.values():
        for each in rule_sources(schema, entity):
            scope = canonical_scope(entity, schema, module, repr, three_valued=True)
            Expression(Place(each.rule.holds, each.mark), scope, asked=Asked())
    return module.findings


def rule_lines(
    definition: Definition, entity: Entity, schema: Schema, rules: tuple[RuleSource, ...], module: Module
) -> list[str]:
    """Checks after the fields: a rule whose fields are empty holds. Mistakes in rules are reported by ``check_rules``."""
    written = {target.name for target in definition.targets}
    lines: list[str] = []
    for each in rules:
        own = Module()
        scope = canonical_scope(entity, schema, own, lambda name: f"fields.get({name!r})", three_valued=True)
        piece = Expression(Place(each.rule.holds, each.mark), scope).piece
        if any(found.severity == "error" for found in own.findings) or not scope.reads & written:
            continue
        for name, code in own.constants.items():
            piece = type(piece)(piece.code.replace(name, module.constant("RULE_", code)), piece.kind)
        reads = [name for name in entity.fields if name in scope.reads]
        into = "errors" if each.rule.otherwise == "quarantine" else "findings"
        label = f"{each.rule.label.en} / {each.rule.label.zh}"
        place = f"{each.relative}:{each.mark.line}"
        lines += [
            f"# rule {comment(each.rule.code)}: {comment(each.rule.holds)}",
            "try:",
            f"    holds = {piece.code}",
            "    if holds is not None and not holds:",
            f"        {into}.append(broken_rule({reads[0]!r}, {each.rule.code!r}, {label!r}, {place!r}, fields, {reads!r}))",
            "except Exception as error:",
            f"    {into}.append(issue(error, {reads[0]!r}, {place!r}))",
        ]
    return [INDENT + line for line in lines]


def check_condition(expression: str, entity: Entity, schema: Schema, mark: Mark) -> list[Finding]:
    """Everything wrong with a condition over canonical records, what is surely not meant included."""
    module = Module()
    scope = canonical_scope(entity, schema, module, repr)
    Expression(Place(expression, mark), scope, asked=Asked())
    return module.findings


def compile_condition(expression: str, entity: Entity, schema: Schema, mark: Mark) -> tuple[Condition, frozenset[str]]:
    """``expression`` over canonical records as a function of a batch, and the fields it reads.

    Empty fields compare as unknown, and unknown is no. Raises ``ConfigurationError`` with every mistake found.
    """
    from mappings.language import runtime

    module = Module()
    scope = canonical_scope(entity, schema, module, lambda name: f"record.get({name!r})")
    piece = Expression(Place(expression, mark), scope).piece
    mistakes = [finding for finding in module.findings if finding.severity == "error"]
    if mistakes:
        raise ConfigurationError(
            f"condition `{expression}`",
            f"{len(mistakes)} mistakes",
            "mend them and run `tongmai check`",
            code="bad-condition",
            findings=mistakes,
        )
    lines = [f"{name} = {code}" for name, code in module.constants.items()]
    lines += ["def run(records):", f"    return [bool({piece.code}) for record in records]"]
    namespace: dict[str, Any] = {name: getattr(runtime, name) for name in runtime.__all__}
    exec(compile("\n".join(lines), f"<condition {comment(expression)}>", "exec"), namespace)  # noqa: S102 - checked parts only
    condition: Condition = namespace["run"]
    return condition, frozenset(scope.reads - {"id"})
