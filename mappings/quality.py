"""The expressions of ``quality.yaml`` compiled: conditions over batches of canonical records, and ``today``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mappings.language import runtime
from mappings.language.expression import Expression
from mappings.language.place import Place
from mappings.language.reach import Asked
from mappings.language.rules import rule_sources
from mappings.language.scope import Module, Piece, canonical_scope
from mappings.language.write import comment
from masterdata.model.entity import Entity, Rule
from masterdata.model.quality import SECTIONS, QualitySource
from masterdata.model.schema import Schema
from tongmai.core.finding import Finding, Mark

TODAY = "today"
Path = tuple[str | int, ...]
Asking = Callable[[Sequence[Mapping[str, Any]], str], list[bool | None]]


def conditions(source: QualitySource, entity: Entity, schema: Schema) -> tuple[dict[Path, Asking], list[Finding]]:
    """Every condition without mistakes by its place, the rules of the entity itself included; and every mistake.

    Mistakes in the entity's own rules are told where those are checked.
    """
    found: dict[Path, Asking] = {}
    findings: list[Finding] = []
    for path, text in _expressions(source):
        condition, wrong = _compile(text, entity, schema, source.mark(*path))
        findings += wrong
        if condition is not None:
            found[path] = condition
    found |= {("rules", index, "holds"): condition for index, condition in _rules(entity, schema)}
    return found, findings


def strict_rules(entity: Entity, schema: Schema) -> list[tuple[Rule, Asking]]:
    """The entity's own rules that no record may break, with their conditions."""
    rules = [(entity.rules[index], condition) for index, condition in _rules(entity, schema)]
    return [(rule, condition) for rule, condition in rules if rule.otherwise == "quarantine"]


def _rules(entity: Entity, schema: Schema) -> Iterator[tuple[int, Asking]]:
    """The rules without mistakes, by their place; mistakes in them are told elsewhere."""
    for index, each in enumerate(rule_sources(schema, entity)):
        condition, _ = _compile(each.rule.holds, entity, schema, each.mark)
        if condition is not None:
            yield index, condition


def _expressions(source: QualitySource) -> Iterator[tuple[Path, str]]:
    rules = source.rules
    if rules.when:
        yield ("when",), rules.when
    for section in SECTIONS:
        for name, each in getattr(rules, section).items():
            if each.when:
                yield (section, name, "when"), each.when
            if section == "consistency":
                yield (section, name, "holds"), each.holds


def _compile(text: str, entity: Entity, schema: Schema, mark: Mark) -> tuple[Asking | None, list[Finding]]:
    module = Module()
    scope = canonical_scope(entity, schema, module, lambda name: f"record.get({name!r})", three_valued=True)
    own = {TODAY: Piece(TODAY, "date", sure=True, filled=True)}
    piece = Expression(Place(text, mark), scope, own, asked=Asked()).piece
    if any(finding.severity == "error" for finding in module.findings):
        return None, module.findings
    # What a value makes impossible to work out is a flaw of that record, and stops no other one.
    lines = [f"{name} = {code}" for name, code in module.constants.items()]
    lines += [
        "def ask(record, today):",
        "    try:",
        f"        found = {piece.code}",
        "    except Exception as error:",
        "        issue(error, '', '')",
        "        return False",
        "    return None if found is None else bool(found)",
    ]
    namespace: dict[str, Any] = {name: getattr(runtime, name) for name in runtime.__all__}
    exec(compile("\n".join(lines), f"<quality {comment(text)}>", "exec"), namespace)  # noqa: S102 - checked parts only
    ask = namespace["ask"]

    def run(records: Sequence[Mapping[str, Any]], today: str) -> list[bool | None]:
        return [ask(record, today) for record in records]

    return run, module.findings
