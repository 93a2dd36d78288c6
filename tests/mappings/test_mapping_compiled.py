"""Outbound mappings, conditions, digests, tests beside mappings."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_world import TERMS, VALUES, World

from mappings.language import compile_condition
from mappings.language.cases import run_tests
from tongmai.core.errors import ConfigurationError
from tongmai.core.finding import Mark

ID = "6f7b1d6e-2c0a-5d0e-9a50-746f6e676d61"


def test_outbound_payload(world: World) -> None:
    compiled = world.compiled_out(
        """
  KEY: id | number("T")
  NAME: name
  STATE: state | term_out(state)
  OWNER.FNumber: parent | remote_key(Things)
  ORG:
    FNumber: {const: "100"}
    FDeep: {A: price * 2, B: price}
  TELS: phones
  FLAG: {if: state == "open", then: "1", else: "0"}
""",
        head="search: [KEY, NAME]\ncreate_only: [KEY]\n",
    )
    assert (compiled.outbound, compiled.entity, compiled.system, compiled.stream) == (True, "thing", "acme", "Things")
    assert compiled.search == ("KEY", "NAME")
    assert compiled.create_only == {"KEY"}
    assert compiled.reads == {"name", "state", "parent", "price", "phones"}
    assert compiled.reads_of["ORG"] == {"price"}
    assert compiled.reads_of["KEY"] == set()
    record = {"id": ID, "name": "n", "state": "open", "parent": "p1", "price": "10.25", "phones": ["+8613800138000"]}
    found = compiled.run([record], lambda entity, stream: f"{stream}:{entity}")[0]
    assert found.fields == {
        "KEY": "TPGO4QVHADYUU",
        "NAME": "n",
        "STATE": "O",
        "OWNER": {"FNumber": "Things:p1"},
        "ORG": {"FNumber": "100", "FDeep": {"A": "20.5", "B": "10.25"}},
        "TELS": ["+8613800138000"],
        "FLAG": "1",
    }
    waiting = compiled.run([record], lambda *_: None)[0]
    assert [(i.field, i.code, i.value) for i in waiting.errors] == [("OWNER.FNumber", "waiting-reference", "p1")]
    refused = compiled.run([{**record, "state": "gone"}], lambda *_: "x")[0]
    assert [(i.field, i.code) for i in refused.errors] == [("STATE", "refused-term")]
    empty = compiled.run([{"id": ID}], lambda *_: None)[0]
    assert not empty.errors
    assert empty.fields["OWNER"] == {"FNumber": None}


def test_a_lost_database_is_not_a_bad_record(world: World) -> None:
    compiled = world.compiled_out("  OWNER: parent | remote_key(Things)")

    def lost(entity: str, stream: str) -> str:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        compiled.run([{"id": ID, "parent": "p"}], lost)


@pytest.mark.parametrize(
    ("expression", "record", "expected"),
    [
        ('state == "open"', {"state": "open"}, True),
        ('state == "open"', {"state": None}, False),
        ('state == "open" and price >= 10', {"state": "open", "price": "9.99"}, False),
        ('state == "open" and price >= 10', {"state": "open", "price": "10.00"}, True),
        ("price >= 10", {}, False),
        ("price >= 9", {"price": "10"}, True),
        ('day >= "2026-01-01"', {"day": "2026-01-01"}, True),
        ("until > day", {"day": "2026-01-01", "until": "2026-01-02"}, True),
        ("parent != None", {"parent": "x"}, True),
        ('state in ["open", "shut"]', {"state": "shut"}, True),
        ("count == 3 or good", {"count": 3}, True),
        ("phones | length > 1", {"phones": ["a", "b"]}, True),
        ('id == "x"', {"id": "x"}, True),
    ],
)
def test_conditions(world: World, expression: str, record: dict[str, object], expected: bool) -> None:
    schema = world.schema()
    condition, reads = compile_condition(expression, schema.entities["thing"], schema, Mark("x", 1, 1))
    assert condition([record, record]) == [expected, expected]
    assert "id" not in reads
    assert set(record) - {"id"} <= reads or not record


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ('stat == "open"', "mapping.unknown-field"),
        ('state == "opne"', "mapping.unknown-term"),
        ('state in ["open", "x"]', "mapping.unknown-term"),
        ('day >= "1/1/2026"', "mapping.type-mismatch"),
        ("day >= price", "mapping.type-mismatch"),
        ("at > day", "mapping.type-mismatch"),
        ('parent == "x"', "mapping.type-mismatch"),
        ("good > 1", "mapping.type-mismatch"),
        ("name | phone", "mapping.not-in-condition"),
        ("price >", "mapping.syntax"),
    ],
)
def test_conditions_are_checked(world: World, expression: str, code: str, tmp_path: Path) -> None:
    schema = world.schema()
    file = tmp_path / "sync.yaml"
    file.write_text(f"when: {expression}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        compile_condition(expression, schema.entities["thing"], schema, Mark(str(file), 1, 7, len(expression)))
    assert caught.value.findings[0].code == code


def test_digest_changes_when_what_it_uses_changes_and_only_then(world: World) -> None:
    fields = "  name: a\n  state: s | term(state)"
    first = world.compiled(fields).digest
    assert world.compiled(fields + "          # a remark").digest == first

    world.write(
        world.entities / "thing" / "terms.yaml",
        TERMS.replace("one: {zh: 一", "two: {zh: 二, en: Two}\n    one: {zh: 一"),
    )
    world.write(world.folder / "acme" / "terms.yaml", VALUES.replace("colour: color", "colour: colr"))
    assert world.compiled(fields).digest == first, "neither that list nor that alias is used"
    world.write(world.entities / "thing" / "terms.yaml", TERMS.replace("zh: 关", "zh: 闭"))
    assert world.compiled(fields).digest == first, "a label changes no value"

    seen = {first}
    for change in (
        lambda: world.write(world.entities / "thing" / "terms.yaml", TERMS.replace("    gone:", "    lost: {zh: 丢, en: Lost}\n    gone:")),
        lambda: world.write(world.folder / "acme" / "terms.yaml", VALUES.replace("in: {O: open", "in: {X: open, O: open").replace("[gone]", "[gone, lost]")),
    ):  # fmt: skip
        change()
        if "lost" not in (world.folder / "acme" / "terms.yaml").read_text():
            world.write(world.folder / "acme" / "terms.yaml", VALUES.replace("[gone]", "[gone, lost]"))
        seen.add(world.compiled(fields).digest)
    seen.add(world.compiled(fields + "\n  note: b").digest)
    seen.add(world.compiled(fields, head="bad_value: {state: empty}\n").digest)
    entity = world.entities / "thing" / "entity.yaml"
    world.write(entity, entity.read_text().replace("note:   {type: text, expected: true", "note:   {type: text"))
    seen.add(world.compiled(fields).digest)
    assert len(seen) == 6
    assert all(len(digest) == 16 for digest in seen)


def test_the_source_is_deterministic_and_names_no_machine_path(world: World, tmp_path: Path) -> None:
    fields = '  name: a\n  day: d | date("M/D/YYYY")\n  state: s | term(state)'
    one, two = world.compiled(fields), world.compiled(fields)
    assert one.python == two.python
    assert str(tmp_path) not in one.python


def test_cases_pass_and_fail_with_a_difference(world: World) -> None:
    world.mapping("  name: a\n  price: p\n  parent: b | ref(thing, optional)\n  state: s | term(state)")
    file = world.write(
        world.folder / "acme" / "things_test.yaml",
        """
- case: fits
  given: {a: n, p: 10.5, b: k, s: O}
  expect: {name: n, price: 10.5, state: open}
  expect_reference: {parent: {entity: thing, key: k, optional: true}}
- case: an error that is expected
  given: {a: n, s: Q}
  expect_error: {field: state, code: unknown-term}
- case: wrong value
  given: {a: n, p: 1}
  expect: {name: m, price: 2}
- case: an error nobody expected
  given: {a: n, s: Q}
  expect: {name: n}
- case: another error than expected
  given: {a: n, s: Q}
  expect_error: {field: state, code: bad-date}
- case: no reference
  given: {a: n}
  expect_reference: {parent: {entity: thing, key: k}}
- case: not filtered
  given: {a: n}
  expect_filtered: true
""",
    )
    loaded = world.load()
    results = run_tests(loaded.by_name["acme/things"], loaded.tests["acme/things"])
    assert [each.passed for each in results] == [True, True, False, False, False, False, False]
    assert [each.place for each in results] == [f"{file}:{line}" for line in (1, 5, 8, 11, 14, 17, 20)]
    assert [str(d.en) for d in results[2].differences] == ["name: expected 'm', got 'n'", "price: expected 2, got '1'"]
    assert "unexpected error state: unknown-term" in results[3].differences[0].en


def test_mistakes_in_case_files(world: World) -> None:
    world.mapping("  name: a")
    world.write(
        world.folder / "acme" / "things_test.yaml",
        """
- case: x
  given: {a: n}
  expects: {name: n}
- case: y
  given: {a: n}
- case: z
  given: {a: n}
  expect: {nam: n}
""",
    )
    found = {(line, code, hint) for _, line, _, code, hint in world.errors()}
    assert found == {
        (3, "test.unknown-key", "expect"),
        (4, "test-expects-nothing", ""),
        (8, "unknown-target-field", "name"),
    }
