"""What a site adds to an entity of the product: fields, what is searched, rules; each mistake where it stands."""

from __future__ import annotations

from pathlib import Path

from jsonschema import Draft202012Validator

from tongmai.cli.content_schemas import KINDS
from tongmai.core import yamlfile
from tongmai.core.settings import product_root
from tongmai.sync.checking import check_content
from tongmai.sync.content import load_content

GOOD = """extend: customer
fields:
  grid:  {type: text, label: {zh: 网格, en: Grid}}
  limit: {type: decimal, label: {zh: 额度, en: Limit}}
search: {code: [grid]}
rules:
  - {holds: limit >= 0, code: negative-limit, label: {zh: 额度不能为负, en: The limit is not negative}, otherwise: quarantine}
"""


def _written(site: Path, text: str) -> Path:
    file = site / "masterdata" / "customer" / "entity.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_fields_are_searched_and_bound_by_rules_like_the_products(site: Path) -> None:
    _written(site, GOOD)
    (site / "mappings" / "fxiaoke").mkdir(parents=True)
    (site / "mappings" / "fxiaoke" / "limited.yaml").write_text(
        "mapping: fxiaoke/limited\nextends: fxiaoke/account\nfields:\n  grid: account_no\n  limit: {const: '-1'}\n"
    )
    content = load_content()
    customer = content.schema.entities["customer"]
    assert customer.search.code[-1] == "grid" and customer.search.code[0] == "uscc"
    assert [rule.code for rule in customer.rules][-1] == "negative-limit" and len(customer.rules) == 3
    compiled = content.mappings.by_name["fxiaoke/limited"]
    record = {"_id": "1", "name": "甲有限公司", "life_status": "normal"}
    (mapped,) = compiled.run([record], lambda *_: None)
    assert [(one.code, one.place) for one in mapped.errors] == [("negative-limit", "masterdata/customer/entity.yaml:7")]


def test_a_mistake_is_told_in_the_sites_file(site: Path) -> None:
    file = _written(site, GOOD.replace("code: [grid]", "code: [gird]").replace("limit >= 0", "limt >= 0"))
    found = {f.code: (f.mark.file, f.mark.line, f.suggestion) for f in check_content(load_content())}
    assert found["entity.unknown-field"] == (str(file), 5, "grid")
    assert found["mapping.unknown-field"] == (str(file), 7, "limit")


def test_a_reference_is_not_searched_and_the_products_rules_keep_their_places(site: Path) -> None:
    _written(site, "extend: customer\nsearch: {text: [owner]}\n")
    found = [f for f in check_content(load_content()) if f.code == "entity.not-searchable"]
    assert [f.mark.line for f in found] == [2]
    assert not any(str(product_root() / "masterdata") in f.mark.file for f in found)


def test_editors_know_an_extension_from_an_entity(site: Path) -> None:
    content = load_content()
    entity, terms = (Draft202012Validator(KINDS[kind](content)) for kind in ("entity", "terms"))
    given = yamlfile.loads(GOOD, "entity.yaml")[0].data
    assert list(entity.iter_errors(given)) == []
    assert "'serach' was unexpected" in next(entity.iter_errors({**given, "serach": {}})).message
    strict = {"opportunity_stage": {"extends": True, "otherwise": "quarantine"}}
    assert list(terms.iter_errors(strict)) == []
    for kind, made in (("entity", entity), ("terms", terms)):
        for file in sorted((product_root() / "masterdata" / "entities").glob(f"*/{kind}.yaml")):
            assert list(made.iter_errors(yamlfile.load(file)[0].data)) == [], file
