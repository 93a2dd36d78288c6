"""Lineage of fields, its OpenLineage form, and the data dictionary's pages."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from tongmai.cli.lineage import lineage
from tongmai.cli.reference.dictionary import pages
from tongmai.core.settings import product_root
from tongmai.sync.content import Content, load_content
from tongmai.sync.lineage import edges, open_lineage

DATASET = {"type": "object", "required": ["namespace", "name"]}
INPUT = {
    "type": "object",
    "required": ["namespace", "name", "field"],
    "properties": {"transformations": {"items": {"required": ["type"]}}},
}
FACET = {"required": ["_producer", "_schemaURL"]}
EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "job"],
    "not": {"required": ["run"]},
    "properties": {
        "eventTime": {"format": "date-time"},
        "job": DATASET,
        "inputs": {"items": DATASET},
        "outputs": {
            "items": {
                **DATASET,
                "properties": {
                    "facets": {
                        "properties": {
                            "columnLineage": {
                                **FACET,
                                "properties": {
                                    "fields": {
                                        "additionalProperties": {
                                            "properties": {"inputFields": {"items": INPUT, "minItems": 1}}
                                        }
                                    }
                                },
                            },
                            "schema": FACET,
                        }
                    }
                },
            }
        },
    },
}
"""What the OpenLineage specification asks of a design-time job event with column lineage, written down by hand."""


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content()


def test_where_a_field_comes_from_and_where_it_goes(content: Content) -> None:
    level = [one for one in edges(content) if one.entity == "customer" and one.about("level")]
    ways = {(one.inbound, one.connection, one.stream, one.sync, one.field, one.others) for one in level}
    assert (True, "crm_main", "AccountObj", "crm_customers", "level", ("account_level",)) in ways
    assert (False, "crm_main", "AccountObj", "crm_customers_back", "account_level", ("level",)) in ways
    (rule,) = {one.rule for one in level if one.inbound}
    assert rule == "account_level | term(customer_level)"


def test_lines_and_what_is_behind_a_list(content: Content) -> None:
    price = {
        one.field: one.others
        for one in edges(content)
        if one.mapping == "kingdee/sale_order.out" and one.about("lines")
    }
    assert price["FSaleOrderEntry.FTaxPrice"] == ("lines.price",)


def test_open_lineage(content: Content) -> None:
    events = open_lineage(content, "2026-01-02T03:04:05+00:00")
    assert {one["job"]["name"] for one in events} >= {"crm_customers", "erp_customers"}
    for event in events:
        jsonschema.Draft202012Validator(EVENT, format_checker=jsonschema.FormatChecker()).validate(event)
    (crm,) = [one for one in events if one["job"]["name"] == "crm_customers"]
    fields: dict[str, Any] = crm["outputs"][0]["facets"]["columnLineage"]["fields"]
    assert fields["level"]["inputFields"] == [
        {
            "namespace": "tongmai://crm_main",
            "name": "AccountObj",
            "field": "account_level",
            "transformations": [
                {"type": "DIRECT", "subtype": "TRANSFORMATION", "description": "account_level | term(customer_level)"}
            ],
        }
    ]


def test_the_dictionary_s_pages_are_up_to_date_in_both_languages(content: Content) -> None:
    folder = product_root() / "docs" / "reference" / "dictionary"
    made = pages(content)
    assert sorted(made) == sorted(file.name for file in folder.iterdir())
    for name, text in made.items():
        assert (folder / name).read_text(encoding="utf-8") == text, "run: make docs"
    assert "客户等级" in made["customer.zh-CN.md"] and "`key_account`" in made["customer.md"]


def test_the_command() -> None:
    done = CliRunner().invoke(lineage, ["customer.level", "--json"])
    assert done.exit_code == 0
    assert {one["direction"] for one in json.loads(done.output)["edges"]} == {"in", "out"}
    wrong = CliRunner().invoke(lineage, ["customer.levl"])
    assert "did you mean `level`" in str(wrong.exception)
