"""``survivorship.yaml``: what it may say, and what is wrong with it by file, line and column."""

from __future__ import annotations

from pathlib import Path

import pytest

from masterdata.model import load_schema

ENTITY = """entity: firm
label: {zh: 公司, en: Firm}
fields:
  name:   {type: text, label: {zh: 名称, en: Name}}
  city:   {type: text, label: {zh: 城市, en: City}}
  where:  {type: text, label: {zh: 地址, en: Where}}
  phones: {type: [phone], survive: union, label: {zh: 电话, en: Phones}}
  code:   {type: text, owner: erp, label: {zh: 代码, en: Code}}
  size:   {type: integer, label: {zh: 人数, en: Size}}
"""


def written(folder: Path, rules: str, entity: str = ENTITY) -> Path:
    (folder / "firm").mkdir()
    (folder / "firm" / "entity.yaml").write_text(entity, encoding="utf-8")
    (folder / "firm" / "survivorship.yaml").write_text("survivorship: firm\n" + rules, encoding="utf-8")
    return folder


def test_a_file_takes_the_place_of_what_the_product_says(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b" / "firm").mkdir(parents=True)
    product = written(tmp_path / "a", "trust: {erp: 90}\n")
    (tmp_path / "b" / "firm" / "survivorship.yaml").write_text(
        "survivorship: firm\ntrust: {crm: 95}\nhalf_life: 18 months\nfields: {city: {as: city, from: where}, where: {as: address}}\n",
        encoding="utf-8",
    )
    schema = load_schema([product, tmp_path / "b"])
    assert schema.findings == []
    rules = schema.entities["firm"].survivorship
    assert (rules.trust, rules.half_life, rules.fields["city"].derived) == ({"crm": 95}, 540, ("where",))


def test_the_short_form_in_the_entity_still_works(tmp_path: Path) -> None:
    (tmp_path / "firm").mkdir()
    (tmp_path / "firm" / "entity.yaml").write_text(ENTITY + "survivorship: {trust: {erp: 90}}\n", encoding="utf-8")
    schema = load_schema([tmp_path])
    assert schema.findings == []
    assert schema.entities["firm"].survivorship.rank == ("trust", "recent")


@pytest.mark.parametrize(
    ("rules", "code", "line", "column", "suggestion"),
    [
        ("fields: {nam: {as: text}}", "entity.unknown-field", 2, 10, "name"),
        ("fields:\n  name: {as: company_name, last: [ltin]}", "survivorship.unknown-test", 3, 35, "latin"),
        ("fields:\n  size: {as: phone}", "survivorship.kind", 3, 14, ""),
        ("fields:\n  name: {most: 3}", "survivorship.most", 3, 16, ""),
        ("fields:\n  city: {as: city, from: [name]}", "survivorship.derived", 3, 27, ""),
        ("fields:\n  where: {as: address, assemble: [town]}", "entity.unknown-field", 3, 35, ""),
        ("fields:\n  code: {only: [crm]}", "survivorship.only", 3, 16, ""),
        ("fields:\n  name: {only: crm, trsut: {crm: 3}}", "survivorship.unknown-key", 3, 21, "trust"),
        ("together: [[name, citty]]", "entity.unknown-field", 2, 19, "city"),
        ("together: [[name, city], [city, size]]", "survivorship.group", 2, 27, ""),
        ("together: [[name, phones]]", "survivorship.group", 2, 19, ""),
        ("half_life: soon", "survivorship.bad-value", 2, 12, ""),
        ("rank: [newest]", "survivorship.bad-value", 2, 8, "recent"),
        ("trsut: {erp: 9}", "survivorship.unknown-key", 2, 1, "trust"),
        ("fields:\n  name: {assemble: [city]}", "survivorship.bad-value", 3, 9, ""),
    ],
)
def test_a_mistake_is_told_where_it_stands(
    tmp_path: Path, rules: str, code: str, line: int, column: int, suggestion: str
) -> None:
    findings = load_schema([written(tmp_path, rules + "\n")]).findings
    assert [(f.code, f.mark.line, f.mark.column, f.suggestion) for f in findings] == [(code, line, column, suggestion)]
    assert findings[0].mark.file.endswith("survivorship.yaml")


def test_rules_in_both_files_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, "trust: {erp: 90}\n", ENTITY + "survivorship: {trust: {erp: 80}}\n")
    assert [f.code for f in load_schema([folder]).findings] == ["survivorship.twice"]


def test_an_entity_that_is_not_there_is_told(tmp_path: Path) -> None:
    folder = written(tmp_path, "trust: {erp: 90}\n")
    (folder / "firm" / "survivorship.yaml").write_text("survivorship: frim\n", encoding="utf-8")
    findings = load_schema([folder]).findings
    assert [(f.code, f.suggestion) for f in findings] == [("entity.unknown", "firm")]
