"""Lines of a record in the mapping language: both directions, mistakes with their places, policies, tests beside a mapping."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.sdk.manifest import Manifest
from mappings.language import Reference
from mappings.language.cases import run_tests
from mappings.language.explain import explain_fields
from masterdata.model import load_schema
from tests.mappings.mapping_world import ENTITY, World

ORDER = """
entity: order
label: {zh: 订单, en: Order}
fields:
  number:   {type: text, required: true, label: {zh: 单号, en: Number}}
  currency: {type: text, label: {zh: 币种, en: Currency}}
  lines:
    type: lines
    label: {zh: 明细, en: Lines}
    fields:
      thing:    {type: ref(thing), required: true, label: {zh: 东西, en: Thing}}
      quantity: {type: decimal, required: true, label: {zh: 数量, en: Quantity}}
      price:    {type: decimal, expected: true, label: {zh: 单价, en: Price}}
      state:    {type: term(state), label: {zh: 状态, en: State}}
      tags:     {type: [text], label: {zh: 标签, en: Tags}}
      phone:    {type: phone, label: {zh: 电话, en: Phone}}
matching: {exact: [number]}
"""
HEAD = "mapping: acme/orders\nfrom: acme.Orders\nto: order\n"
INBOUND = """
  number: no
  lines:
    each: rows
    fields:
      thing: item.no | ref(thing, by=name)
      quantity: qty | decimal
      price: price
"""
OUT_HEAD = "mapping: acme/orders.out\nfrom: order\nto: acme.Orders\n"


@pytest.fixture
def orders(world: World) -> World:
    world.write(world.entities / "thing" / "entity.yaml", ENTITY.rstrip() + "\nmatching: {exact: [name, note]}\n")
    world.write(world.entities / "order" / "entity.yaml", ORDER)
    return world


def inbound(world: World, fields: str = INBOUND, extra: str = "") -> Any:
    world.write(world.folder / "acme" / "orders.yaml", f"{HEAD}{extra}fields:\n{fields.strip(chr(10))}\n")
    loaded = world.load()
    assert not [f.line() for f in loaded.findings if f.severity == "error"]
    return loaded.by_name["acme/orders"]


def outbound(world: World, fields: str) -> Any:
    world.write(world.folder / "acme" / "orders.out.yaml", f"{OUT_HEAD}fields:\n{fields.strip(chr(10))}\n")
    loaded = world.load()
    assert not [f.line() for f in loaded.findings if f.severity == "error"]
    return loaded.by_name["acme/orders.out"]


def mistakes(world: World, fields: str, *, out: bool = False, extra: str = "") -> list[tuple[int, int, str, str]]:
    head, name = (OUT_HEAD, "orders.out") if out else (HEAD, "orders")
    world.write(world.folder / "acme" / f"{name}.yaml", f"{head}{extra}fields:\n{fields.strip(chr(10))}\n")
    return [(line, column, code, suggestion) for _, line, column, code, suggestion in world.errors()]


def line(**fields: Any) -> dict[str, Any]:
    return {"thing": None, "quantity": None, "price": None, "state": None, "tags": None, "phone": None, **fields}


def test_lines_are_canonical_and_hold_every_declared_field(orders: World) -> None:
    mapping = inbound(orders)
    rows = [{"item": {"no": "A"}, "qty": "2.50", "price": 3}, {"item": {"no": " B "}, "qty": 1.5, "price": "0.30"}]
    mapped = mapping.run([{"no": "1", "rows": rows}], None)[0]
    assert not mapped.errors and not mapped.findings
    assert mapped.fields == {
        "number": "1",
        "lines": [line(quantity="2.5", price="3"), line(quantity="1.5", price="0.3")],
    }
    assert mapped.references == {
        "lines[0].thing": Reference("thing", "A", by="name"),
        "lines[1].thing": Reference("thing", "B", by="name"),
    }
    assert json.loads(json.dumps(mapped.fields)) == mapped.fields
    assert mapping.reads == {"no", "rows"}
    assert mapping.line_reads["lines.thing"] == {"item"}
    assert mapping.by_fields == {("thing", "name")}


@pytest.mark.parametrize("rows", [None, "", [], ()])
def test_no_lines_are_none(orders: World, rows: Any) -> None:
    mapped = inbound(orders).run([{"no": "1", "rows": rows}], None)[0]
    assert mapped.fields["lines"] is None and not mapped.errors


def test_the_record_of_a_line_is_its_head(orders: World) -> None:
    fields = """
  number: no
  lines:
    each: data.rows
    only_if: (qty | decimal) > 0 and head.no != "2"
    fields:
      thing: head["item id"] | ref(thing)
      quantity: (qty | decimal) * (head.rate.day | decimal)
      state: head.mode | term(state)
      tags: [head.no, no, 'field("head")']
"""
    mapping = inbound(orders, fields)
    record = {"no": "1", "item id": "X", "mode": "O", "rate": {"day": "2"}}
    rows = [{"qty": 2, "no": "l", "head": "h"}, {"qty": 0}, {"qty": "3"}]
    mapped = mapping.run([{**record, "data": {"rows": rows}}, {**record, "no": "2", "data": {"rows": rows}}], None)
    first = mapped[0].fields["lines"]
    assert [(one["quantity"], one["state"], one["tags"]) for one in first] == [
        ("4", "open", ["1", "l", "h"]),
        ("6", "open", ["1"]),
    ]
    assert set(mapped[0].references) == {"lines[0].thing", "lines[1].thing"}
    assert mapped[1].fields["lines"] is None
    assert mapping.reads == {"no", "data", "item id", "rate", "mode"}
    assert mapping.line_reads["lines.quantity"] == {"qty", "head.rate"}


def test_every_bad_value_of_every_line_is_told_with_its_place(orders: World) -> None:
    rows = [{"item": {"no": "A"}, "qty": "x"}, {"qty": 1, "price": "1,5"}, "torn"]
    mapping = inbound(orders)
    mapped = mapping.run([{"no": "1", "rows": rows[:2]}], None)[0]
    found = [(one.field, one.code, one.place.rpartition("definitions/")[2]) for one in mapped.errors]
    assert found == [
        ("lines[0].quantity", "not-a-number", "acme/orders.yaml:10"),
        ("lines[1].thing", "required-empty", "acme/orders.yaml:9"),
        ("lines[1].price", "not-a-number", "acme/orders.yaml:11"),
    ]
    assert [(one.field, one.code) for one in mapped.findings] == [("lines[0].price", "expected-empty")]
    assert [(one.field, one.code) for one in mapping.run([{"no": "1", "rows": rows}], None)[0].errors] == [
        ("lines", "not-lines")
    ]


@pytest.mark.parametrize(
    "policy", ["{lines.price: finding}", "{lines.price: empty}", "{lines: finding}", "{default: empty}"]
)
def test_a_bad_value_that_does_not_stop_the_record_is_empty_in_its_line(orders: World, policy: str) -> None:
    mapping = inbound(orders, extra=f"bad_value: {policy}\n")
    rows = [{"item": {"no": "A"}, "qty": 1, "price": "x"}, {"item": {"no": "A"}, "qty": 2, "price": 2}]
    mapped = mapping.run([{"no": "1", "rows": rows}], None)[0]
    assert not mapped.errors
    assert [(one.field, one.code) for one in mapped.findings] == [("lines[0].price", "not-a-number")]
    assert [one["price"] for one in mapped.fields["lines"]] == [None, "2"]
    rows[0]["qty"] = "bad"  # required: whatever the policy of the list says
    assert [one.field for one in mapping.run([{"no": "1", "rows": rows}], None)[0].errors] == ["lines[0].quantity"]


@pytest.mark.parametrize(
    ("policy", "fields"), [("finding", {"number": "1"}), ("empty", {"number": "1", "lines": None})]
)
def test_the_policy_of_a_list_that_is_none(orders: World, policy: str, fields: dict[str, Any]) -> None:
    mapped = inbound(orders, extra=f"bad_value: {{lines: {policy}}}\n").run([{"no": "1", "rows": "torn"}], None)[0]
    assert mapped.fields == fields and not mapped.errors
    assert [(one.field, one.code) for one in mapped.findings] == [("lines", "not-lines")]


def test_a_default_policy_never_lets_a_required_field_pass(world: World) -> None:
    world.mapping("  name: name\n  note: note\n", head="bad_value: {default: finding}\n")
    mapping = world.load().by_name["acme/things"]
    mapped = mapping.run([{"name": ["x"], "note": ["y"]}], None)[0]
    assert [(one.field, one.code) for one in mapped.errors] == [("name", "not-text")]
    assert [one.field for one in mapped.findings] == ["note"]


def test_what_a_function_notes_in_a_line_is_named_by_the_line(orders: World) -> None:
    fields = INBOUND + "      phone: tel\n"
    rows = [{"item": {"no": "A"}, "qty": 1, "price": 1, "tel": "12"}]
    mapped = inbound(orders, fields).run([{"no": "1", "rows": rows}], None)[0]
    assert [(one.field, one.code) for one in mapped.findings] == [("lines[0].phone", "bad-phone")]
    strict = inbound(orders, fields, "bad_value: {lines.phone: quarantine}\n").run([{"no": "1", "rows": rows}], None)[0]
    assert [(one.field, one.code) for one in strict.errors] == [("lines[0].phone", "bad-phone")]


def test_a_payload_of_lines_is_nested_and_names_what_it_reads(orders: World) -> None:
    mapping = outbound(
        orders,
        """
  FBillNo: number
  Model.Entry:
    each: lines
    only_if: quantity > 0
    fields:
      FItem.FNumber: thing | remote_key(Items, name)
      FUnit: {FNumber: {const: PCS}}
      FQty: quantity
      FMoney: quantity * price
      FCurrency: head.currency
      FState: state | term_out(state)
""",
    )
    canonical = [line(thing="t1", quantity="2", price="1.50", state="open"), line(thing="t2", quantity="0")]
    asked = []

    def resolve(entity_id: str, stream: str, field: str = "") -> str | None:
        asked.append((entity_id, stream, field))
        return f"{entity_id}-{field}"

    record = {"number": "1", "currency": "CNY", "lines": canonical}
    payload = mapping.run([record], resolve)[0]
    assert not payload.errors
    assert payload.fields == {
        "FBillNo": "1",
        "Model": {
            "Entry": [
                {
                    "FItem": {"FNumber": "t1-name"},
                    "FUnit": {"FNumber": "PCS"},
                    "FQty": "2",
                    "FMoney": "3",
                    "FCurrency": "CNY",
                    "FState": "O",
                }
            ]
        },
    }
    assert asked == [("t1", "Items", "name")]
    assert mapping.remote_fields == {("Items", "name")}
    assert mapping.reads_of["Model"] == {"lines", "currency"}
    assert mapping.line_reads["Model.Entry.FMoney"] == {"lines.quantity", "lines.price"}
    assert mapping.line_reads["Model.Entry.FCurrency"] == {"head.currency"}
    assert mapping.line_reads["Model.Entry"] == {"lines.quantity"}
    assert mapping.reads == {"number", "currency", "lines"}
    assert mapping.run([{"number": "1", "lines": None}], resolve)[0].fields["Model"] == {"Entry": []}
    unmet = mapping.run([record], lambda *_: None)[0]
    assert [(one.field, one.code) for one in unmet.errors] == [("Model.Entry[0].FItem.FNumber", "waiting-reference")]


MANIFEST: dict[str, Any] = {
    "connector": "acme",
    "label": {"zh": "某", "en": "Acme"},
    "kind": "erp",
    "streams": {
        "Orders": {
            "key": "no",
            "fields": {"no": "text"},
            "lines": {"rows": {"fields": {"item": "object", "qty": "number", "price": "number"}, "custom": "F_*"}},
        },
        "Items": {"key": "no"},
    },
    "writes": {
        "Orders": {"stream": "Orders", "lines": {"Entry": {"fields": {"FItem.FNumber": "text", "FQty": "number"}}}},
    },
}


def test_the_manifest_knows_the_lists_and_their_fields(orders: World) -> None:
    orders.manifest = Manifest.model_validate(MANIFEST)
    assert mistakes(orders, INBOUND) == []
    assert mistakes(orders, INBOUND + "      tags: [F_Colour]\n") == []
    assert mistakes(orders, INBOUND.replace("qty |", "qyt |")) == [(10, 17, "unknown-field", "qty")]
    assert mistakes(orders, INBOUND.replace("each: rows", "each: row")) == [(7, 11, "unknown-field", "rows")]
    assert mistakes(orders, INBOUND.replace("each: rows", "each: no | split(',')")) == []
    assert mistakes(orders, INBOUND.replace("price: price", "price: head.pirce")) == [(11, 14, "unknown-field", "")]
    out = "  FBillNo: number\n  Entry:\n    each: lines\n    fields: {FItem.FNumber: thing | remote_key(Items), FQty: quantity}\n"
    (orders.folder / "acme" / "orders.yaml").unlink()
    assert mistakes(orders, out, out=True) == []
    assert mistakes(orders, out.replace("FQty", "FQtty"), out=True) == [(8, 56, "unknown-target-field", "FQty")]
    assert mistakes(orders, out.replace("Entry", "Entries"), out=True) == [(6, 3, "unknown-target-field", "Entry")]


LINE = "  number: no\n  lines:\n"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (LINE + "    each: rows\n", (7, "bad-field")),
        (LINE + "    fields: {thing: a | ref(thing), quantity: q}\n", (7, "bad-field")),
        (LINE + "    each: [rows]\n    fields: {thing: a | ref(thing), quantity: q}\n", (7, "bad-field")),
        (LINE + "    eech: rows\n    fields: {thing: a | ref(thing), quantity: q}\n", (7, "unknown-key")),
        (LINE + "    each: rows\n    when: q\n    fields: {thing: a | ref(thing), quantity: q}\n", (8, "unknown-key")),
        (LINE + "    each: rows\n    fields: {thing: a | ref(thing)}\n", (6, "missing-required")),
        (
            LINE + "    each: rows\n    fields: {thing: a | ref(thing), quantity: q, prise: p}\n",
            (8, "unknown-target-field"),
        ),
        (LINE + "    each: rows\n    fields: {thing: a, quantity: q}\n", (8, "type-mismatch")),
        (LINE + "    each: rows\n    fields: {thing: a | ref(thing), quantity: head}\n", (8, "head-alone")),
        (LINE + "    each: 3\n    fields: {thing: a | ref(thing), quantity: q}\n", (7, "bad-field")),
        (LINE + "    each: \"'x'\"\n    fields: {thing: a | ref(thing), quantity: q}\n", (7, "not-lines")),
        (LINE.replace("lines:", "lines: rows"), (6, "type-mismatch")),
        (LINE.replace("lines", "currency") + "    each: rows\n    fields: {a: b}\n", (6, "type-mismatch")),
        (LINE + "    {if: a, then: {each: rows, fields: {quantity: q}}}\n", (7, "misplaced-each")),
        (
            LINE + "    each: rows\n    fields: {thing: a | ref(thing), quantity: {each: x, fields: {b: c}}}\n",
            (8, "nested-each"),
        ),
    ],
)
def test_mistakes_are_found_where_they_are(orders: World, fields: str, expected: tuple[int, str]) -> None:
    found = [(line, code) for line, _, code, _ in mistakes(orders, fields)]
    assert expected in found and len(set(found)) <= 2


def test_mistakes_of_the_other_direction(orders: World) -> None:
    assert mistakes(orders, "  Lines: lines\n", out=True) == [(5, 10, "lines-whole", "")]
    wrong = "  Entry: {each: number, fields: {a: head.number}}\n"
    assert mistakes(orders, wrong, out=True) == [(5, 17, "not-lines", "")]
    wrong = "  Entry: {each: lines, fields: {a: qantity}}\n"
    assert mistakes(orders, wrong, out=True) == [(5, 36, "unknown-field", "quantity")]
    nested = "  Entry: {each: lines, fields: {a: {each: tags, fields: {b: c}}}}\n"
    assert [code for _, _, code, _ in mistakes(orders, nested, out=True)] == ["not-lines"]


def test_a_policy_names_a_field_that_there_is(orders: World) -> None:
    assert mistakes(orders, INBOUND, extra="bad_value: {lines.prise: empty}\n")[0][2:] == (
        "unknown-target-field",
        "lines.price",
    )
    assert mistakes(orders, INBOUND, extra="bad_value: {lines.quantity: empty}\n")[0][2:] == (
        "required-quarantines",
        "quarantine",
    )


@pytest.mark.parametrize(
    ("expression", "code", "suggestion"),
    [
        ("a | ref(thing, by=nmae)", "not-identifying", "name"),
        ("a | ref(thing, by=state)", "not-identifying", ""),
        ("a | ref(thing, Items, by=name)", "bad-argument", ""),
        ("a | ref(thing, bye=name)", "unknown-argument", "by"),
        ("a | ref(thing, by=name, optional)", "syntax", ""),
    ],
)
def test_a_reference_by_a_field_needs_one_that_identifies(
    orders: World, expression: str, code: str, suggestion: str
) -> None:
    orders.mapping(f"  name: n\n  parent: {expression}\n")
    assert [(each[3], each[4]) for each in orders.errors()] == [(code, suggestion)]


def test_a_reference_by_a_field(orders: World) -> None:
    mapped = orders.compiled("  name: n\n  parent: a | ref(thing, optional, by=note)\n")
    assert mapped.run([{"n": "x", "a": 7}], None)[0].references == {
        "parent": Reference("thing", "7", optional=True, by="note")
    }
    assert mapped.run([{"n": "x", "a": 7.5}], None)[0].errors[0].code == "bad-key"
    assert mapped.run([{"n": "x", "a": " "}], None)[0].fields["parent"] is None


def test_a_remote_field_is_one_value_of_the_entity(orders: World) -> None:
    orders.out("  P: parent | remote_key(Items, nmae)\n")
    assert [(each[3], each[4]) for each in orders.errors()] == [("unknown-field", "name")]
    orders.out("  P: parent | remote_key(Items, phones)\n")
    assert [each[3] for each in orders.errors()] == ["unknown-field"]
    mapping = orders.compiled_out("  P: parent | remote_key(Items, name, optional)\n  K: parent | remote_key(Items)\n")
    mapped = mapping.run([{"parent": "p"}], lambda one, stream, field="": None if field else "7")[0]
    assert mapped.fields == {"P": None, "K": "7"}
    assert [(one.field, one.code) for one in mapped.findings] == [("P", "waiting-reference")]


def test_tests_beside_a_mapping_know_lines(orders: World) -> None:
    orders.write(orders.folder / "acme" / "orders.yaml", HEAD + "fields:\n" + INBOUND.strip("\n") + "\n")
    tests = """
- case: two lines
  given: {no: "1", rows: [{item: {no: A}, qty: 2.50, price: 1}, {item: {no: B}, qty: 1, price: 2}]}
  expect: {lines: [{quantity: 2.5, price: 1}, {quantity: 1}]}
  expect_reference:
    lines[0].thing: {entity: thing, key: A, by: name}
- case: wrong in many ways
  given: {no: "1", rows: [{item: {no: A}, qty: 2.50, price: 1}, {item: {no: B}, qty: 1, price: 2}]}
  expect: {lines: [{quantity: 3}, {quantity: 1}]}
  expect_reference:
    lines[1].thing: {entity: thing, key: A, by: note}
- case: a line too few
  given: {no: "1", rows: [{item: {no: A}, qty: 2, price: 1}]}
  expect: {lines: [{quantity: 2}, {quantity: 1}]}
- case: a bad line
  given: {no: "1", rows: [{item: {no: A}, qty: x, price: 1}]}
  expect_error: {field: "lines[0].quantity", code: not-a-number}
"""
    file = orders.write(orders.folder / "acme" / "orders_test.yaml", tests)
    loaded = orders.load()
    assert not [f.line() for f in loaded.findings if f.severity == "error"]
    results = run_tests(loaded.by_name["acme/orders"], loaded.tests["acme/orders"])
    assert [len(result.differences) for result in results] == [0, 2, 1, 0]
    file.write_text(tests.replace("lines[0].thing", "lines[0].thong"), encoding="utf-8")
    assert [each[3] for each in orders.errors()] == ["unknown-target-field"]
    file.write_text("- case: x\n  given: {}\n  expect: {'lines[0].price': 1}\n", encoding="utf-8")
    assert "test-shape" in [each[3] for each in orders.errors()]


def test_lines_are_explained_field_by_field(orders: World) -> None:
    mapping = inbound(orders, INBOUND.replace("fields:", "only_if: qty != 0\n    fields:"))
    loaded = orders.load()
    told = {one.name: one for one in explain_fields(loaded.definitions["acme/orders"], mapping, orders.schema())}
    assert list(told) == ["number", "lines", "lines.thing", "lines.quantity", "lines.price"]
    assert (told["lines"].kind, told["lines"].expression, told["lines"].reads) == (
        "lines",
        "each rows if qty != 0",
        ("rows",),
    )
    assert (told["lines.price"].kind, told["lines.price"].reads) == ("decimal", ("price",))
    assert any("required" in step.en for step in told["lines.thing"].steps)


def test_a_digest_follows_the_fields_of_lines_and_no_other_mapping_changes(orders: World) -> None:
    before, other = inbound(orders).digest, orders.compiled("  name: n\n").digest
    orders.write(
        orders.entities / "order" / "entity.yaml", ORDER.replace("price:    {type: decimal", "price:    {type: text")
    )
    assert inbound(orders).digest != before
    assert orders.load().by_name["acme/things"].digest == other


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("{type: lines, label: {zh: 明, en: L}}", "needs `fields`"),
        ("{type: [lines], label: {zh: 明, en: L}, fields: {a: {type: text, label: {zh: 明, en: L}}}}", "list already"),
        (
            "{type: text, label: {zh: 明, en: L}, fields: {a: {type: text, label: {zh: 明, en: L}}}}",
            "belong to the type",
        ),
        (
            "{type: lines, label: {zh: 明, en: L}, fields: {a: {type: lines, label: {zh: 明, en: L}}}}",
            "lines of its own",
        ),
        (
            "{type: lines, label: {zh: 明, en: L}, fields: {head: {type: text, label: {zh: 明, en: L}}}}",
            "`head` cannot",
        ),
        (
            "{type: lines, label: {zh: 明, en: L}, survive: union, fields: {a: {type: text, label: {zh: 明, en: L}}}}",
            "survive",
        ),
        ("{type: lines, label: {zh: 明, en: L}, fields: {a: {type: ref(thng), label: {zh: 明, en: L}}}}", "thng"),
        (
            "{type: lines, label: {zh: 明, en: L}, fields: {a: {type: text, owner: erp, label: {zh: 明, en: L}}}}",
            "owner",
        ),
    ],
)
def test_an_entity_with_wrong_lines_is_refused(world: World, spec: str, why: str) -> None:
    text = f"entity: order\nlabel: {{zh: 订单, en: Order}}\nfields:\n  rows: {spec}\n"
    file = world.write(world.entities / "order" / "entity.yaml", text)
    findings = load_schema([world.entities]).findings
    assert findings and why in findings[0].message.en, findings
    assert Path(findings[0].mark.file) == file and findings[0].mark.line == 4


def test_lines_are_no_key(world: World) -> None:
    world.write(world.entities / "order" / "entity.yaml", ORDER.replace("exact: [number]", "exact: [lines]"))
    assert [finding.code for finding in load_schema([world.entities]).findings] == ["entity.lines-no-key"]
