"""The product's own entities, mappings and samples."""

from __future__ import annotations

import csv
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from mappings.language import CompiledMapping, Mapped, Mappings, load_mappings
from mappings.language.cases import run_tests
from masterdata.model import Schema, load_schema

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return load_schema([ROOT / "masterdata" / "entities"])


@pytest.fixture(scope="module")
def product(schema: Schema) -> Mappings:
    names = registry.names()
    return load_mappings(
        [ROOT / "mappings" / "definitions"], schema, lambda name: registry.manifest(name) if name in names else None
    )


def test_no_mistake_and_no_warning(schema: Schema, product: Mappings) -> None:
    assert not schema.findings
    assert not [finding.line() for finding in product.findings]


def test_golden_columns(schema: Schema) -> None:
    columns = {name: ["id", *(e.column(f) for f in e.fields)] for name, e in schema.entities.items()}
    assert columns["customer"][:6] == ["id", "legal_name", "uscc", "industry", "parent_id", "status"]
    assert {"revenue", "employees", "founded_year", "country", "level", "phones", "owner_id"} <= set(
        columns["customer"]
    )
    assert columns["opportunity"][:13] == [
        "id", "name", "customer_id", "owner_id", "product_id", "stage", "amount", "currency", "opened_on", "closed_on",
        "expected_on", "lines", "number",
    ]  # fmt: skip


def test_stages_are_the_dictionary(schema: Schema) -> None:
    stages = schema.terms["opportunity_stage"].terms
    assert {name: term.zh for name, term in stages.items()} == {
        "following": "跟进中", "approved": "已立项", "reviewing": "评审中", "signed": "已签约", "lost": "流失",
    }  # fmt: skip
    assert {name: term.next for name, term in stages.items()} == {
        "following": ("approved", "lost"),
        "approved": ("reviewing", "lost"),
        "reviewing": ("signed", "lost"),
        "signed": (),
        "lost": (),
    }
    assert all(term.enter for term in stages.values())


def test_every_mapping_has_tests_and_they_pass(product: Mappings) -> None:
    assert set(product.tests) == set(product.by_name) == set(product.definitions)
    for name, mapping in product.by_name.items():
        results = run_tests(mapping, product.tests[name])
        assert results
        assert not [(r.place, [d.en for d in r.differences]) for r in results if not r.passed]


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _mapped(mapping: CompiledMapping, folder: Path, name: str) -> list[Mapped]:
    return mapping.run(_rows(folder, name), None)


def test_our_sample(product: Mappings) -> None:
    folder = ROOT / "docs" / "examples" / "crm_sales"
    results = {
        n: _mapped(product.by_name[f"crm_sales/{n}"], folder, n)
        for n in ("accounts", "products", "sales_teams", "sales_pipeline")
    }
    assert {name: len(rows) for name, rows in results.items()} == {
        "accounts": 8, "products": 4, "sales_teams": 4, "sales_pipeline": 40,
    }  # fmt: skip
    assert not [issue for rows in results.values() for row in rows for issue in row.errors]
    deals = results["sales_pipeline"]
    assert Counter(deal.fields["stage"] for deal in deals) == {"signed": 18, "lost": 10, "following": 12}
    assert sum(issue.code == "expected-empty" for deal in deals for issue in deal.findings) > 0
    keys = {row["account"] for row in _rows(folder, "accounts")}
    assert {deal.references["customer"].key for deal in deals if "customer" in deal.references} <= keys
    products = {row["product"] for row in _rows(folder, "products")}
    assert {deal.references["product"].key for deal in deals} == products


def _data() -> Path:
    named = os.environ.get("CRM_SALES_DIR", "")
    folder = Path(named) if named else ROOT.parent / "shared" / "data" / "crm_sales_opportunities"
    if not (folder / "sales_pipeline.csv").is_file():
        pytest.skip("the CRM Sales Opportunities files are not here; name their folder in CRM_SALES_DIR")
    return folder


def test_the_real_set(product: Mappings) -> None:
    folder = _data()
    names = ("accounts", "products", "sales_teams", "sales_pipeline")
    results = {name: _mapped(product.by_name[f"crm_sales/{name}"], folder, name) for name in names}
    assert {name: len(rows) for name, rows in results.items()} == {
        "accounts": 85, "products": 7, "sales_teams": 35, "sales_pipeline": 8800,
    }  # fmt: skip
    assert not [issue for rows in results.values() for row in rows for issue in row.errors]
    findings = Counter(
        (name, issue.field, issue.code) for name, rows in results.items() for row in rows for issue in row.findings
    )
    assert findings == {("sales_pipeline", "customer", "expected-empty"): 1425}
    deals = results["sales_pipeline"]
    assert Counter(deal.fields["stage"] for deal in deals) == {"signed": 4238, "lost": 2473, "following": 2089}
    closed = [deal.fields for deal in deals if deal.fields["closed_on"]]
    assert len(closed) == 4238 + 2473
    assert all(deal["closed_on"] >= deal["opened_on"] for deal in closed)
    by_number = {deal.fields["number"]: deal.fields for deal in deals}
    assert (by_number["5E14LG51"]["opened_on"], by_number["5E14LG51"]["closed_on"]) == ("2017-01-04", "2017-03-25")
    for stream, field in (("accounts", "customer"), ("products", "product"), ("sales_teams", "owner")):
        key = {"accounts": "account", "products": "product", "sales_teams": "sales_agent"}[stream]
        keys = {row[key] for row in _rows(folder, stream)}
        assert {deal.references[field].key for deal in deals if field in deal.references} <= keys
    acme = next(row.fields for row in results["accounts"] if row.fields["legal_name"] == "Acme Corporation")
    assert (acme["revenue"], acme["industry"], acme["employees"]) == ("1100040000", "technology", 2822)
