"""The rules of an entity: what ``quality.yaml`` says, and what follows from the entity itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from masterdata.model.entity import LINES, Entity
from masterdata.model.quality import Check as Said
from masterdata.model.quality import QualityRules, Validity
from masterdata.model.schema import Schema
from masterdata.model.survivorship import Kind
from masterdata.quality import checks
from masterdata.quality.rule import BOTH, SOURCE, Check, Condition, Rule, only
from masterdata.survivorship.rank import rules_of as survival_of
from tongmai.core.text import Text

Path = tuple[str | int, ...]
_WORD = re.compile(r"[a-z][a-z0-9_]*(?![a-z0-9_]|\s*\()")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
KINDS: dict[str, tuple[Kind, tuple[str, ...]]] = {
    "uscc": ("legal_code", ("invalid",)),
    "phone": ("phone", ("invalid",)),
    "email": ("mail", ("invalid",)),
    "url": ("site", ("invalid",)),
}
"""Type → its kind and what a value of it must never be, whether a file says so or not."""


@dataclass(frozen=True, slots=True)
class _Build:
    rules: QualityRules
    entity: Entity
    conditions: Mapping[Path, Condition]
    matched: bool

    def made(
        self, name: str, label: Text, check: Check, reads: tuple[str, ...], said: Said | None = None, path: Path = (),
        on: frozenset[str] = BOTH,
    ) -> Rule:  # fmt: skip
        if said is not None and said.label is not None:
            label = Text(said.label.en, said.label.zh)
        weight = said.weight if said is not None else 1
        return Rule(name, label, weight, only(self.conditions.get((*path, "when")), check), reads, on)

    def label(self, *names: str) -> Text:
        found = [self.entity.fields[name].label for name in names]
        return Text(", ".join(each.en for each in found), "、".join(each.zh for each in found))


def rules_of(
    rules: QualityRules, entity: Entity, conditions: Mapping[Path, Condition], *, matched: bool
) -> tuple[Rule, ...]:
    """Every rule that counts. ``conditions``: the compiled expressions by their place; ``matched``: records are compared."""
    build = _Build(rules, entity, conditions, matched)
    every = [*_complete(build), *_valid(build), *_consistent(build), *_timely(build), *_unique(build)]
    return tuple(rule for rule in every if rule.name not in rules.without)


def names_of(rules: QualityRules, entity: Entity, *, matched: bool) -> list[str]:
    """The names of all rules, also of those that are left out."""
    return [rule.name for rule in _named(rules, entity, matched)]


def _named(rules: QualityRules, entity: Entity, matched: bool) -> tuple[Rule, ...]:
    """Every rule, to be read only: their conditions are not compiled."""
    nothing: dict[Path, Condition] = {("consistency", name, "holds"): _never for name in rules.consistency}
    nothing |= {("rules", index, "holds"): _never for index in range(len(entity.rules))}
    whole = rules.model_copy(update={"without": ()})
    return rules_of(whole, entity, nothing, matched=matched)


def _never(records: object, today: str) -> list[bool | None]:
    raise AssertionError("a rule that was only named is run")


def _complete(build: _Build) -> Iterator[Rule]:
    for name, said in build.rules.completeness.items():
        reads = said.any_of or (name,)
        label = build.label(*reads)
        words = (
            Text(f"one of {label.en} is filled", f"{label.zh}至少填写一项")
            if said.any_of
            else Text(f"{label.en} is filled", f"{label.zh}已填写")
        )
        yield build.made(f"completeness.{name}", words, checks.filled(reads), reads, said, ("completeness", name))


def _valid(build: _Build) -> Iterator[Rule]:
    said = dict(build.rules.validity)
    own = {one.of or name for name, one in said.items()}
    for name, spec in build.entity.fields.items():
        if spec.type.name in KINDS and name not in own:
            said[name] = Validity()
    for name, one in said.items():
        field = one.of or name
        label = build.label(field)
        found = _tests(build.entity, field, one)
        yield build.made(
            f"validity.{name}",
            Text(f"{label.en} is valid", f"{label.zh}有效"),
            checks.every(found),
            (field,),
            one if name in build.rules.validity else None,
            ("validity", name),
        )


def _tests(entity: Entity, field: str, said: Validity) -> list[Check]:
    kind, words = KINDS.get(entity.fields[field].type.name, ("text", ()))
    found = [checks.fine(field, kind, words)]
    if said.never:
        found.append(checks.fine(field, said.kind, said.never))
    if said.matches:
        found.append(checks.matches(field, said.matches))
    if said.least is not None or said.most is not None:
        found.append(checks.between(field, said.least, said.most))
    return found


def _consistent(build: _Build) -> Iterator[Rule]:
    entity = build.entity
    for name, said in build.rules.consistency.items():
        path = ("consistency", name)
        reads = tuple(each for each in entity.fields if each in _words(said.holds))
        check = checks.holds(build.conditions[*path, "holds"])
        yield build.made(f"consistency.{name}", Text(said.label.en, said.label.zh), check, reads, said, path)
    for index, rule in enumerate(entity.rules):
        reads = tuple(each for each in entity.fields if each in _words(rule.holds))
        check = checks.holds(build.conditions["rules", index, "holds"])
        yield build.made(f"consistency.{rule.code}", Text(rule.label.en, rule.label.zh), check, reads)
    for name, agreed in build.rules.agreement.items():
        label = build.label(name)
        words = Text(f"{label.en} agrees with the golden record", f"{label.zh}与黄金记录一致")
        check = checks.agrees(name, survival_of(entity.survivorship, name).kind)
        path = ("agreement", name)
        yield build.made(f"consistency.{name}_agrees", words, check, (name,), agreed, path, frozenset({SOURCE}))
    for name in references(entity):
        label = build.label(name)
        words = Text(f"{label.en} refers to a record that is there", f"{label.zh}引用的记录存在")
        yield build.made(f"consistency.{name}_resolves", words, checks.resolves(name), (name,))


def references(entity: Entity) -> list[str]:
    """Fields that refer to other records, themselves or in their lines; sums are counted, never said."""
    return [
        name
        for name, spec in entity.fields.items()
        if spec.type.name == "ref"
        or (spec.type.name == LINES and any(line.type.name == "ref" for line in spec.fields.values()))
    ]


def _timely(build: _Build) -> Iterator[Rule]:
    for name, said in build.rules.timeliness.items():
        label = build.label(*said.of)
        words = (
            Text(f"{label.en} changed within {said.within} days", f"{label.zh}在 {said.within} 天内有变化")
            if said.of
            else Text(f"confirmed by a source within {said.within} days", f"{said.within} 天内经来源确认")
        )
        check = checks.fresh(said.within, said.roles, said.of)
        yield build.made(f"timeliness.{name}", words, check, said.of, said, ("timeliness", name))


def _unique(build: _Build) -> Iterator[Rule]:
    said = build.rules.uniqueness
    if build.matched:
        words = Text("under no suspicion of being a double", "没有疑似重复")
        yield build.made(
            "uniqueness.twins", words, checks.unflagged("twin"), (), said.get("twins"), ("uniqueness", "twins")
        )
    words = Text("one record in each source", "在每个来源中只有一条记录")
    yield build.made("uniqueness.once", words, checks.unflagged("again"), (), said.get("once"), ("uniqueness", "once"))
    for name, one in said.items():
        if name in ("twins", "once"):
            continue
        reads = one.of or (name,)
        label = build.label(*reads)
        words = Text(f"no other record has this {label.en}", f"{label.zh}不与其他记录重复")
        check = checks.unflagged(f"same:{name}", reads)
        yield build.made(f"uniqueness.{name}", words, check, reads, one, ("uniqueness", name))


def _words(expression: str) -> set[str]:
    """The names in an expression that are no functions."""
    return set(_WORD.findall(_QUOTED.sub("", expression)))


def labels_of(schema: Schema, name: str) -> dict[str, Text]:
    """What each rule of an entity says, also of rules that are left out."""
    source, entity = schema.quality.get(name), schema.entities.get(name)
    if source is None or entity is None or source.broken:
        return {}
    return {rule.name: rule.label for rule in _named(source.rules, entity, name in schema.matching)}


def reads_of(schema: Schema, name: str) -> dict[str, tuple[str, ...]]:
    """The fields that each rule of an entity is about."""
    source, entity = schema.quality.get(name), schema.entities.get(name)
    if source is None or entity is None or source.broken:
        return {}
    return {rule.name: rule.reads for rule in _named(source.rules, entity, name in schema.matching)}
