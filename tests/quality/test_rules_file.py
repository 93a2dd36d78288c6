"""``quality.yaml``: what it may say, how folders add up, and what is wrong with it by file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from masterdata.model import Schema, load_schema
from masterdata.quality.rules import names_of
from tests.quality.test_rules import ENTITY
from tongmai.core.finding import Finding
from tongmai.quality.compiled import check_quality
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content


def written(folder: Path, rules: str, *, entity: str = ENTITY) -> Path:
    (folder / "firm").mkdir(parents=True)
    if entity:
        (folder / "firm" / "entity.yaml").write_text(entity, encoding="utf-8")
    (folder / "firm" / "quality.yaml").write_text(rules, encoding="utf-8")
    return folder


def mistakes(schema: Schema) -> list[Finding]:
    return [*schema.findings, *check_quality(schema)]


BASE = "quality: firm\ncompleteness: {name: 3, code: 2}\nuniqueness: {code: 1}\nweights: {validity: 3}\n"


def test_a_site_adds_or_replaces(tmp_path: Path) -> None:
    product = written(tmp_path / "a", BASE)
    more = "quality: firm\nextends: true\ncompleteness: {name: 9, size: 1}\nweights: {timeliness: 2}\nwithout: [uniqueness.code]\n"
    adds = written(tmp_path / "b", more, entity="")
    whole = written(tmp_path / "c", "quality: firm\ncompleteness: {size: 1}\n", entity="")
    schema = load_schema([product, adds])
    assert mistakes(schema) == []
    rules = schema.quality["firm"].rules
    assert {name: one.weight for name, one in rules.completeness.items()} == {"name": 9, "code": 2, "size": 1}
    assert rules.weights == {"validity": 3, "timeliness": 2}
    assert rules.without == ("uniqueness.code",)
    assert schema.quality["firm"].mark("completeness", "name").file.startswith(str(tmp_path / "b"))
    assert schema.quality["firm"].mark("completeness", "code").file.startswith(str(tmp_path / "a"))
    schema = load_schema([product, whole])
    assert list(schema.quality["firm"].rules.completeness) == ["size"] and mistakes(schema) == []


def test_rules_have_no_part_in_what_records_are(tmp_path: Path) -> None:
    before = load_schema([written(tmp_path / "a", BASE)]).digest()
    assert load_schema([written(tmp_path / "b", BASE + "timeliness: {seen: {within: 1 year}}\n")]).digest() == before


@pytest.mark.parametrize(
    ("rules", "code", "line", "column", "suggestion"),
    [
        ("completeness: {nam: 1}", "dataquality.unknown-field", 2, 16, "name"),
        ("completeness: {a: {any: [name, siz]}}", "dataquality.unknown-field", 2, 32, "size"),
        ("completeness: {name: 0}", "dataquality.bad-value", 2, 22, ""),
        ("completness: {name: 1}", "dataquality.unknown-key", 2, 1, "completeness"),
        ("weights: {validty: 1}", "dataquality.bad-value", 2, 20, "validity"),
        ("validity: {name: {as: person, never: [maskd]}}", "dataquality.unknown-test", 2, 39, "masked"),
        ("validity: {name: {least: 1}}", "dataquality.kind", 2, 18, ""),
        ("validity: {name: {matches: '['}}", "dataquality.bad-value", 2, 18, ""),
        ("uniqueness: {phones: 1}", "dataquality.kind", 2, 22, ""),
        ("uniqueness: {twins: 1}", "dataquality.not-matched", 2, 21, ""),
        ("without: [completeness.nam]", "dataquality.unknown-rule", 2, 11, "completeness.name"),
        ("extends: true", "dataquality.extends-nothing", 2, 10, ""),
        ("timeliness: {seen: {within: soon}}", "dataquality.bad-value", 2, 29, ""),
        ("consistency: {a: {holds: sizze > 1, label: {zh: 甲, en: A}}}", "mapping.unknown-field", 2, 26, "size"),
        ("completeness: {name: {when: size > 'a'}}", "mapping.type-mismatch", 2, 29, ""),
        ("when: statu != 'x'", "mapping.unknown-field", 2, 7, "status"),
    ],
)
def test_a_mistake_is_told_where_it_stands(
    tmp_path: Path, rules: str, code: str, line: int, column: int, suggestion: str
) -> None:
    if code == "dataquality.unknown-rule":
        rules += "\ncompleteness: {name: 1}"
    (found,) = mistakes(load_schema([written(tmp_path, f"quality: firm\n{rules}\n")]))
    assert (found.code, found.mark.line, found.mark.column, found.suggestion) == (code, line, column, suggestion)
    assert found.mark.file.endswith("quality.yaml")


def test_an_entity_that_is_not_there_is_told(tmp_path: Path) -> None:
    (found,) = mistakes(load_schema([written(tmp_path, "quality: frim\n")]))
    assert (found.code, found.suggestion) == ("dataquality.unknown", "firm")


def test_a_check_tells_it_and_nothing_else_falls_over(site: Path) -> None:
    (site / "masterdata" / "customer").mkdir(parents=True)
    file = site / "masterdata" / "customer" / "quality.yaml"
    file.write_text("quality: customer\nextends: true\ncompleteness: {nmae: 1}\n", encoding="utf-8")
    assert [(f.code, f.mark.file) for f in check_content(load_content())] == [("dataquality.unknown-field", str(file))]


def test_the_shipped_entities_have_rules_of_every_dimension() -> None:
    schema = load_content().schema
    wanted = {"customer", "contact", "product", "sales_order", "opportunity", "employee", "supplier", "member"}
    assert wanted <= set(schema.quality)
    for name in wanted:
        names = names_of(schema.quality[name].rules, schema.entities[name], matched=True)
        assert len({each.partition(".")[0] for each in names}) == 5, name
        assert len(set(names)) == len(names), name
