"""What tests of mappings reach, which mistakes they notice, what they inherit, the way there and back."""

from __future__ import annotations

from mapping_world import World

from mappings.language import Mappings
from mappings.language.coverage import mutate
from mappings.language.proof import Proof, prove
from tongmai.sync.content import load_content

FIELDS = """
  name: title | trim
  note: a if kind == "x" else b
  count: {if: n > 3 | integer, then: {from: n}, else: 0}
  day: on | date
  until: off | date
"""
CASES = """
- case: one
  given: {title: t, kind: x, a: A, n: 5, on: 2026-01-01, off: 2026-01-02}
  expect: {name: t, note: A, count: 5, day: 2026-01-01, until: 2026-01-02}
"""


def proved(world: World, name: str = "acme/things", *, mutants: bool = False) -> Proof:
    loaded = loaded_of(world)
    return prove(loaded, name, mutants=mutants)


def loaded_of(world: World) -> Mappings:
    loaded = world.load()
    assert not [one.line() for one in loaded.findings if one.severity == "error"]
    return loaded


def cases_of(world: World, text: str, name: str = "things") -> None:
    world.write(world.folder / "acme" / f"{name}_test.yaml", text)


def test_what_no_case_reaches_is_told_with_its_place(world: World) -> None:
    world.mapping(FIELDS.replace("n > 3 | integer", "(n | integer) > 3"), head="only_if: title != None\n")
    cases_of(world, CASES)
    found = proved(world)
    assert not found.failed
    missed = {(one.kind, one.mark.line, one.mark.column, one.what.en) for one in found.coverage.missed}
    assert missed == {
        ("branch", 4, 10, "a record left out by `only_if`"),
        ("branch", 7, 31, "`b`"),
        ("branch", 8, 57, "else: 0"),
    }
    assert found.coverage.share("field") == 1
    cases_of(
        world,
        CASES
        + "- {case: two, given: {title: t, b: B}, expect: {note: B, count: 0}}\n- {case: three, given: {}, expect_filtered: true}\n",
    )
    assert proved(world).coverage.share() == 1


def test_a_field_that_never_has_a_value_is_not_reached(world: World) -> None:
    world.mapping("  name: title\n  note: remark")
    cases_of(world, "- {case: one, given: {title: t}, expect: {name: t, note: null}}\n")
    assert [one.what.en for one in proved(world).coverage.missed] == ["`note` with a value"]


def test_mistakes_that_no_case_notices(world: World) -> None:
    world.mapping("  name: title\n  note: remark\n  day: on | date\n  until: off | date")
    cases_of(
        world,
        "- {case: one, given: {title: t, remark: r, on: 2026-01-01, off: 2026-01-01}, expect: {name: t, day: 2026-01-01}}\n",
    )
    survived = [one.what.en for one in proved(world, mutants=True).mutants if not one.caught]
    assert survived == ["`note` is dropped", "`until` is dropped", "`day` and `until` are swapped"]
    cases_of(
        world,
        "- {case: one, given: {title: t, remark: r, on: 2026-01-01, off: 2026-01-02}, expect: {name: t, note: r, day: 2026-01-01, until: 2026-01-02}}\n",
    )
    assert all(one.caught for one in proved(world, mutants=True).mutants)


def test_a_mapping_that_extends_another_inherits_its_cases(world: World) -> None:
    world.mapping("  name: title | trim\n  note: remark\n  count: n", head="only_if: title != None\n")
    cases_of(
        world,
        "- {case: whole, given: {title: ' t ', remark: r, n: 2}, expect: {name: t, note: r, count: 2}}\n"
        "- {case: bad, given: {title: t, n: x}, expect_error: {field: count, code: not-a-number}}\n"
        "- {case: left out, given: {}, expect_filtered: true}\n",
    )
    world.site("acme/things.yaml", "mapping: acme/things\nextends: acme/things\nfields: {note: mine | upper}\n")
    found = proved(world)
    assert [one.case for one in found.results] == ["whole", "bad", "left out"]
    assert not found.failed
    world.site("acme/things_test.yaml", "- {case: own, given: {title: t, mine: m}, expect: {note: M}}\n")
    assert [one.case for one in proved(world).results] == ["own", "whole", "bad", "left out"]
    world.site(
        "acme/things.yaml", "mapping: acme/things\nextends: acme/things\nonly_if: mine != None\nfields: {name: title}\n"
    )
    world.site("acme/things_test.yaml", "- {case: own, given: {title: t, mine: m}, expect: {name: t}}\n")
    failed = proved(world).failed
    assert [one.case for one in failed] == ["whole", "bad"], "a base's case that no longer holds is seen"


def test_the_way_there_and_back_is_proved_on_every_case(world: World) -> None:
    world.mapping(
        "  name: Title | trim\n  state: St | term(state)\n  parent: Up | ref(thing, Things)\n  price: P / 100"
    )
    cases_of(
        world, "- {case: one, given: {Title: t, St: S, Up: 7, P: 1250}, expect: {name: t, state: shut, price: 12.5}}\n"
    )
    world.write(world.folder / "acme" / "things.out.yaml", "mapping: acme/things.out\nreverses: acme/things\n")
    cases_of(world, "- {case: out, given: {name: t, state: shut}, expect: {Title: t, St: S}}\n", "things.out")
    found = proved(world, "acme/things.out")
    assert [(one.case, one.differences) for one in found.results] == [("out", []), ("one ↔", [])]
    world.write(
        world.folder / "acme" / "things.out.yaml",
        "mapping: acme/things.out\nreverses: acme/things\nfields: {Title: name | upper}\n",
    )
    cases_of(world, "- {case: out, given: {name: t, state: shut}, expect: {Title: T, St: S}}\n", "things.out")
    assert [one.differences[0].en for one in proved(world, "acme/things.out").failed] == [
        "name: was 't', comes back as 'T'"
    ]


def test_the_shipped_mappings_are_proved() -> None:
    mappings = load_content().mappings
    caught, made = 0, 0
    for name in mappings.by_name:
        found = prove(mappings, name)
        assert found.tested and not found.failed, name
        assert found.coverage.share("branch") >= 0.95, (name, found.coverage.missed)
        assert found.coverage.share() >= 0.95, (name, found.coverage.missed)
        mutants = mutate(mappings.definitions[name], mappings.surroundings[name], mappings.tests[name])
        caught, made = caught + sum(one.caught for one in mutants), made + len(mutants)
    assert made > 250
    assert caught / made >= 0.9


def test_references_in_lines_come_back_too(world: World) -> None:
    world.write(
        world.entities / "trade" / "entity.yaml",
        "entity: trade\nlabel: {zh: 交易, en: Trade}\nfields:\n  parts:\n    type: lines\n    label: {zh: 部件, en: Parts}\n"
        "    fields:\n      thing: {type: ref(thing), required: true, label: {zh: 物, en: Thing}}\n",
    )
    text = "mapping: acme/trades\nfrom: acme.Trades\nto: trade\nfields:\n  parts: {each: rows, fields: {thing: 'sku | ref(thing, Things)'}}\n"
    world.write(world.folder / "acme" / "trades.yaml", text)
    cases_of(world, "- {case: one, given: {rows: [{sku: 7}, {sku: 8}]}, expect: {parts: [{}, {}]}}\n", "trades")
    world.write(world.folder / "acme" / "trades.out.yaml", "mapping: acme/trades.out\nreverses: acme/trades\n")
    cases_of(
        world, "- {case: out, given: {parts: [{thing: t}]}, keys: {t: K}, expect: {rows: [{sku: K}]}}\n", "trades.out"
    )
    assert [(one.case, one.differences) for one in proved(world, "acme/trades.out").results] == [
        ("out", []),
        ("one ↔", []),
    ]


def test_what_a_name_with_brackets_should_be(world: World) -> None:
    for written, wanted in (("金额（万元） | decimal", 'field("金额（万元）")'),):
        world.mapping(f"  name: n\n  price: {written}")
        assert world.errors()[0][3:] == ("syntax", wanted)
    world.mapping("  name: n\n  note: 方式[平台]")
    assert 'field("方式[平台]")' in next(one.message.en for one in world.load().findings if one.severity == "error")
