"""Direct mappings: from one system's stream to another's payload, names and terms of both checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.manifest import Manifest
from mappings.language import Mappings, load_mappings
from mappings.language.cases import run_tests
from mappings.language.coverage import cover, mutate
from mappings.language.explain import explain_fields
from mappings.language.types import CompiledMapping
from tests.mappings.mapping_world import World, world  # noqa: F401

LABEL = {"zh": "系统", "en": "System"}
SHOP = {
    "connector": "shop",
    "label": LABEL,
    "kind": "shop",
    "streams": {
        "orders": {
            "key": "no",
            "label": LABEL,
            "fields": {"no": "text", "state": "text", "total": "number", "id": "text", "items": "list", "day": "text"},
            "lines": {"items": {"fields": {"sku": "text", "qty": "number"}}},
        }
    },
}
ERP = {
    "connector": "acme",
    "label": LABEL,
    "kind": "erp",
    "streams": {"Bill": {"key": "FId", "label": LABEL}},
    "writes": {
        "Bill": {
            "stream": "Bill",
            "our_key": "FKey",
            "search": ["FKey", "FNo"],
            "lines": {"FEntry": {"fields": {"FSku": "text", "FQty": "number"}}},
        }
    },
}
FIELDS = """
  FNo: no
  FState: state | term(state) | term_out(state)
  FTotal: total | decimal
  FOther: id
  FHead.FDay: day | date("YYYY/MM/DD")
  FEntry:
    each: items
    only_if: qty > 0
    fields:
      FSku: sku
      FQty: qty
      FNo: {from: head.no}
"""


class Direct:
    """The two systems' folders, with a direct mapping that a test fills."""

    def __init__(self, world: World) -> None:  # noqa: F811
        self.world = world
        world.write(world.folder / "shop" / "terms.yaml", "state:\n  in: {paid: open, void: shut, lost: gone}\n")

    def write(self, fields: str, head: str = "", source: str = "shop.orders", target: str = "acme.Bill") -> Path:
        text = f"mapping: acme/orders\nfrom: {source}\nto: {target}\n{head}fields:\n{fields.strip(chr(10))}\n"
        return self.world.write(self.world.folder / "acme" / "orders.yaml", text)

    def load(self) -> Mappings:
        manifests: dict[str, Any] = {"shop": SHOP, "acme": ERP}
        return load_mappings(
            [self.world.folder],
            self.world.schema(),
            lambda name: Manifest.model_validate(manifests[name]) if name in manifests else None,
        )

    def compiled(
        self, fields: str = FIELDS.replace("      FNo: {from: head.no}\n", ""), head: str = ""
    ) -> CompiledMapping:
        self.write(fields, head)
        found = self.load()
        assert not [f.line() for f in found.findings if f.severity == "error"]
        return found.by_name["acme/orders"]

    def errors(self) -> list[tuple[int, str, str]]:
        """(line, code, suggestion) of every error."""
        found = [f for f in self.load().findings if f.severity == "error"]
        return [(f.mark.line, f.code.removeprefix("mapping."), f.suggestion) for f in found]


@pytest.fixture
def direct(world: World) -> Direct:  # noqa: F811
    return Direct(world)


ORDER = {
    "no": "A1",
    "state": "void",
    "total": 12.50,
    "id": "their own",
    "day": "2026/11/22",
    "items": [{"sku": "x", "qty": 2}, {"sku": "y", "qty": 0}],
}


def test_it_gives_the_payload_with_the_terms_of_both_systems(direct: Direct) -> None:
    compiled = direct.compiled()
    (mapped,) = compiled.run([ORDER], None)
    assert not mapped.errors and not mapped.references
    assert mapped.fields == {
        "FNo": "A1",
        "FState": "S",
        "FTotal": "12.5",
        "FOther": "their own",
        "FHead": {"FDay": "2026-11-22"},
        "FEntry": [{"FSku": "x", "FQty": 2}],
    }
    assert compiled.direct and (compiled.source_system, compiled.source_stream) == ("shop", "orders")
    assert (compiled.system, compiled.stream, compiled.entity) == ("acme", "Bill", "")
    assert compiled.reads_of["FOther"] == {"id"}, "`id` is the source's here"


@pytest.mark.parametrize(("state", "code"), [("lost", "refused-term"), ("else", "unknown-term")])
def test_a_value_without_a_counterpart_is_an_error(direct: Direct, state: str, code: str) -> None:
    (mapped,) = direct.compiled().run([{**ORDER, "state": state}], None)
    assert [(one.field, one.code) for one in mapped.errors] == [("FState", code)]


def test_all_mistakes_at_once_at_their_places(direct: Direct) -> None:
    direct.write(
        """
  FNo: nr
  FCustomer: no | ref(thing)
  FParent: no | remote_key(Bill)
  FState: state | term(stat)
  FEntry:
    each: items
    fields:
      FSku: skuu
      FQuantity: qty
  FOthers:
    each: items
    fields: {FSku: sku}
""",
        head="search: [FTotal]\n",
    )
    assert sorted(direct.errors()) == [
        (4, "unknown-target-field", "FState"),
        (6, "unknown-field", "no"),
        (7, "wrong-direction", ""),
        (8, "wrong-direction", ""),
        (9, "unknown-term-list", "state"),
        (13, "unknown-field", "sku"),
        (14, "unknown-target-field", "FQty"),
        (15, "unknown-target-field", ""),
    ]
    direct.write("  FNo: no", head="key: no\n")
    assert direct.errors() == [(2, "part-without-path", "")]


def test_what_a_reference_would_need_is_said(direct: Direct) -> None:
    direct.write("  FNo: no | ref(thing)")
    (found,) = [f for f in direct.load().findings if f.code == "mapping.wrong-direction"]
    assert "crosswalk" in found.message.en and "直连映射不经过实体" in found.message.zh


@pytest.mark.parametrize(
    ("source", "target", "line", "code", "suggestion"),
    [
        ("shop.order", "acme.Bill", 2, "unknown-stream", "shop.orders"),
        ("shop.orders", "acme.Bil", 3, "unknown-stream", "acme.Bill"),
        ("nobody.orders", "acme.Bill", 2, "unknown-system", ""),
        ("shop.", "acme.Bill", 2, "direction", ""),
        ("shop.orders", "shop.orders", 3, "system", "acme.orders"),
    ],
)
def test_both_ends_are_checked(direct: Direct, source: str, target: str, line: int, code: str, suggestion: str) -> None:
    direct.write("  FNo: no", source=source, target=target)
    assert (line, code, suggestion) in direct.errors()


def test_options_of_both_directions(direct: Direct) -> None:
    compiled = direct.compiled(
        "  FNo: no\n  FTotal: total | decimal\n",
        "only_if: state != 'void'\nsearch: [FNo]\ncreate_only: [FNo]\nif_empty: [FTotal]\nbad_value: {FTotal: finding}\n",
    )
    good, bad, left = compiled.run([{**ORDER, "state": "paid"}, {"no": "A2", "total": "?"}, ORDER], None)
    assert good.fields == {"FNo": "A1", "FTotal": "12.5"} and left.filtered
    assert bad.fields == {"FNo": "A2"} and [one.field for one in bad.findings] == ["FTotal"] and not bad.errors
    assert (compiled.search, compiled.create_only, compiled.if_empty) == (("FNo",), {"FNo"}, {"FTotal"})


def test_a_part_of_a_record(direct: Direct) -> None:
    direct.write("  FNo: head.no + '-' + sku\n", "key: sku\nowned: true\n", source="shop.orders/items")
    found = direct.load()
    assert not [f.line() for f in found.findings if f.severity == "error"]
    compiled = found.by_name["acme/orders"]
    assert compiled.part is not None and (compiled.part.parent, compiled.part.path) == ("orders", ("items",))
    assert compiled.run([{"sku": "x", "head": {"no": "A1"}}], None)[0].fields == {"FNo": "A1-x"}
    direct.write("  FNo: head.nr + '-' + skuu\n", "key: sku\n", source="shop.orders/items")
    assert len(direct.errors()) == 2, "names of the part and of its record are checked"


def test_it_extends_another_direct_one(direct: Direct) -> None:
    direct.compiled()
    direct.world.write(
        direct.world.folder / "acme" / "more.yaml",
        "mapping: acme/more\nextends: acme/orders\ndrop: [FEntry]\nfields:\n  FTotal: {const: 0}\n",
    )
    found = direct.load()
    assert not [f.line() for f in found.findings if f.severity == "error"]
    fields = found.by_name["acme/more"].run([ORDER], None)[0].fields
    assert fields["FTotal"] == 0 and "FEntry" not in fields and fields["FNo"] == "A1"


def test_its_tests_coverage_mutants_and_explanation(direct: Direct) -> None:
    compiled = direct.compiled()
    cases = (
        "- case: a paid order\n  given: {no: A1, state: paid, total: 1, id: i, day: 2026/11/22, items: [{sku: x, qty: 1}, {sku: y, qty: 0}]}\n"
        "  expect: {FNo: A1, FState: O, FTotal: '1', FOther: i, FHead: {FDay: '2026-11-22'}, FEntry: [{FSku: x, FQty: 1}]}\n"
        "- case: an unknown state\n  given: {no: A1, state: other}\n  expect_error: {field: FState, code: unknown-term}\n"
    )
    direct.world.write(direct.world.folder / "acme" / "orders_test.yaml", cases)
    found = direct.load()
    assert not [f.line() for f in found.findings if not f.code.endswith(".unused")]
    tests, definition = found.tests["acme/orders"], found.definitions["acme/orders"]
    assert all(result.passed for result in run_tests(compiled, tests))
    _, coverage = cover(definition, found.surroundings["acme/orders"], tests)
    assert coverage.share() == 1
    mutants = mutate(definition, found.surroundings["acme/orders"], tests)
    assert mutants and all(one.caught for one in mutants)
    explained = {one.name: one for one in explain_fields(definition, compiled, direct.world.schema())}
    assert explained["FState"].reads == ("state",) and explained["FEntry.FSku"].kind == "payload"
    assert any("quarantine" in step.en for step in explained["FNo"].steps)


def test_its_digest_follows_the_value_maps_of_both_systems(direct: Direct) -> None:
    first = direct.compiled().digest
    assert direct.compiled().digest == first
    direct.world.write(
        direct.world.folder / "shop" / "terms.yaml", "state:\n  in: {paid: shut, void: open, lost: gone}\n"
    )
    second = direct.compiled().digest
    assert second != first
    direct.world.write(
        direct.world.folder / "acme" / "terms.yaml",
        "state:\n  in: {O: open}\n  out: {open: O, shut: X}\n  refused: [gone]\n",
    )
    assert direct.compiled().digest not in (first, second)


def test_what_json_does_not_know_becomes_text(direct: Direct) -> None:
    from datetime import UTC, date, datetime
    from decimal import Decimal

    given = {
        "no": Decimal("1.50"),
        "state": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "id": {"a": [date(2026, 1, 2), b"\x01"]},
    }
    (mapped,) = direct.compiled("  A: no\n  B: state\n  C: id\n").run([given], None)
    assert mapped.fields == {"A": "1.5", "B": "2026-01-02T03:00:00+00:00", "C": {"a": ["2026-01-02", "01"]}}
