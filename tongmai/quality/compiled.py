"""An entity's rules of data quality, ready to be run, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mappings.quality import Asking, conditions
from masterdata.model import Entity, Schema
from masterdata.quality import Rule, rules_of
from masterdata.quality.rules import names_of
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Finding, nearest
from tongmai.core.text import Text


@dataclass(frozen=True)
class Judge:
    """The rules of one entity. ``alive``: which records are looked at; ``unique``: by rule, fields that must be unique."""

    entity: Entity
    rules: tuple[Rule, ...]
    weights: Mapping[str, float]
    alive: Asking | None
    unique: Mapping[str, tuple[str, ...]]


def judge(schema: Schema, name: str) -> Judge:
    """The rules of an entity; raises with every mistake."""
    source = schema.quality.get(name)
    if source is None:
        near = "" if name in schema.entities else nearest(name, schema.quality)
        raise ConfigurationError(
            f"quality of `{name}`",
            f"no rules are declared (there are some for: {', '.join(sorted(schema.quality)) or '-'})",
            f"did you mean `{near}`?" if near else f"write masterdata/{name}/quality.yaml in a site folder",
            code="no-quality-rules",
        )
    found, findings = conditions(source, schema.entities[name], schema)
    own = [finding for document in source.documents for finding in document.findings]
    mistakes = [each for each in (*own, *findings) if each.severity == "error"]
    if mistakes:
        raise ConfigurationError(
            f"quality of `{name}`",
            f"{len(mistakes)} mistake(s) in its files",
            "mend them; `tongmai check` shows all",
            code="bad-yaml",
            findings=mistakes,
        )
    entity, rules = schema.entities[name], source.rules
    unique = {each: one.of or (each,) for each, one in rules.uniqueness.items() if each not in ("twins", "once")}
    made = rules_of(rules, entity, found, matched=name in schema.matching)
    return Judge(
        entity, made, {str(each): weight for each, weight in rules.weights.items()}, found.get(("when",)), unique
    )


def check_quality(schema: Schema) -> list[Finding]:
    """Mistakes in the expressions of every entity, and names of rules that there are not."""
    found: list[Finding] = []
    for name, source in schema.quality.items():
        entity, rules = schema.entities[name], source.rules
        found += conditions(source, entity, schema)[1]
        if source.broken:
            continue  # what is named is not known then
        names = names_of(rules, entity, matched=name in schema.matching)
        for document in source.documents:
            left_out = document.data.get("without") or ()
            for index, word in enumerate(left_out):
                if word not in names:
                    en, zh = f"`{name}` has no rule `{word}`", f"`{name}` 没有规则 `{word}`"
                    mark = document.mark("without", index)
                    found.append(Finding(mark, "dataquality.unknown-rule", Text(en, zh), nearest(word, names)))
        if "twins" in rules.uniqueness and name not in schema.matching:
            en = f"records of `{name}` are not compared, so none is suspected: it has no matching.yaml"
            zh = f"`{name}` 没有 matching.yaml，记录不作比较，也就没有疑似重复"
            found.append(Finding(source.mark("uniqueness", "twins"), "dataquality.not-matched", Text(en, zh)))
    return found
