"""Fragments, variables, tables, mappings that extend others."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_world import World

FRAGMENTS = """
in_wan(amount):       amount * 10000
best(first, second):  first | default(second)
big(amount):          in_wan(amount) + 1
paid(at):
  fields:
    price: at.sum | in_wan
    note:  at.note | trim
"""


@pytest.fixture
def shared(world: World) -> World:
    world.write(world.folder / "shared" / "fragments.yaml", FRAGMENTS)
    return world


def test_a_fragment_is_used_like_a_function(shared: World) -> None:
    mapped = shared.map("  price: sum | in_wan\n  note: best(a, second=b)\n  count: big(sum)", {"sum": "1.5", "b": "x"})
    assert not mapped.errors
    assert mapped.fields | {"name": ""} == {"name": "", "price": "15000", "note": "x", "count": 15001}


def test_a_group_of_fields_takes_arguments(shared: World) -> None:
    mapped = shared.map("  count: n", {"payment": {"sum": 2, "note": " y "}, "n": 3}, head="use: {paid: payment}\n")
    assert (mapped.fields["price"], mapped.fields["note"], mapped.fields["count"]) == ("20000", "y", 3)
    named = shared.map("  count: n", {"deep": {"er": {"sum": 2}}}, head="use: {paid: {at: deep.er}}\n")
    assert named.fields["price"] == "20000"


def test_what_an_error_in_a_fragment_says_is_the_fragment_s_place(shared: World) -> None:
    mapped = shared.map("  count: n", {"payment": {"sum": "many"}}, head="use: {paid: payment}\n")
    assert [(one.field, one.code) for one in mapped.errors] == [("price", "not-a-number")]
    assert mapped.errors[0].place.endswith("shared/fragments.yaml:6")


@pytest.mark.parametrize(
    ("text", "fields", "head", "found"),
    [
        ("a(x: 1", "", "", ("fragments.yaml", 1, "fragment.name")),
        ("a(x): y + 1", "", "", ("fragments.yaml", 1, "mapping.unknown-field")),
        ("trim(x): x", "", "", ("fragments.yaml", 1, "fragment.exists")),
        ("a(x, x): x", "", "", ("fragments.yaml", 1, "fragment.name")),
        ("a(x): [1, 2]", "", "", ("fragments.yaml", 1, "fragment.shape")),
        ("a(x): b(x)\nb(x): a(x)", "", "", ("fragments.yaml", 2, "mapping.fragment-ring")),
        ("a(x): x | trim", "  note: a(b, c)", "", ("things.yaml", 6, "mapping.argument-count")),
        ("a(x): {fields: {note: x}}", "", "use: {b: c}\n", ("things.yaml", 4, "mapping.unknown-fragment")),
        ("a(x): {fields: {note: x}}", "", "use: {a: {x: b, y: c}}\n", ("things.yaml", 4, "mapping.argument-count")),
        ("a(x): {fields: {nothing: x}}", "", "use: {a: b}\n", ("fragments.yaml", 1, "mapping.unknown-target-field")),
        ("a(x): {fields: {note: x}}", "  note: n", "use: {a: b}\n", ("fragments.yaml", 1, "mapping.two-writers")),
    ],
)
def test_mistakes_around_fragments(
    world: World, text: str, fields: str, head: str, found: tuple[str, int, str]
) -> None:
    world.write(world.folder / "acme" / "fragments.yaml", text)
    world.mapping("  name: \"'n' | text\"\n" + fields, head=head)
    errors = [
        (Path(one.mark.file).name, one.mark.line, one.code) for one in world.load().findings if one.severity == "error"
    ]
    assert found in errors


def test_a_site_replaces_a_fragment_only_when_it_says_so(shared: World) -> None:
    shared.site("shared/fragments.yaml", "in_wan(amount): amount * 1000")
    assert ("fragments.yaml", 1, 1, "fragment.exists", "") in shared.errors()
    shared.site("shared/fragments.yaml", "in_wan(amount): {is: amount * 1000, replaces: true}")
    assert shared.map("  price: sum | in_wan", {"sum": 2}).fields["price"] == "2000"


def test_the_digest_moves_with_a_fragment_a_variable_and_a_table(shared: World) -> None:
    fields = "  name: \"'n' | text\"\n  price: sum | in_wan\n  note: region | lookup(regions, name)\n  count: var.n"
    head = "variables: {n: 1}\n"
    digests = [shared.compiled(fields, head=head).digest]
    shared.write(shared.folder / "shared" / "fragments.yaml", FRAGMENTS.replace("10000", "1000"))
    digests.append(shared.compiled(fields, head=head).digest)
    shared.write(shared.folder / "acme" / "tables" / "regions.csv", "code,name\n310000,Shanghai\n")
    digests.append(shared.compiled(fields, head=head).digest)
    shared.site("variables.yaml", "acme: {n: 2}")
    digests.append(shared.compiled(fields, head=head).digest)
    assert len(set(digests)) == 4


def test_variables_come_from_the_deployment(world: World) -> None:
    head = "variables: {rate: 1.5, org: null, strict: true}\n"
    assert ("things.yaml", 4, "variable-unset") in [(one[0], one[1], one[3]) for one in _errors(world, head)]
    world.site("variables.yaml", "acme: {org: '100', rate: 2}\nacme/things: {rate: 2.5}")
    mapped = world.map("  price: sum * var.rate\n  note: var.org\n  good: var.strict", {"sum": 2}, head=head)
    assert (mapped.fields["price"], mapped.fields["note"], mapped.fields["good"]) == ("5", "100", True)


def _errors(world: World, head: str) -> list[tuple[str, int, int, str, str]]:
    world.mapping("  name: var.org", head=head)
    return world.errors()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("acme: {rat: 2}", "variable.unknown-variable"),
        ("acm: {rate: 2}", "variable.unknown-mapping"),
        ("acme/things: {rate: [1]}", "variable.value"),
        ("[1]", "variable.shape"),
    ],
)
def test_mistakes_in_variables(world: World, text: str, code: str) -> None:
    world.site("variables.yaml", text)
    world.mapping("  name: n\n  price: var.rate", head="variables: {rate: 1}\n")
    assert code in [one[3] for one in world.errors()]
    world.mapping("  name: n\n  price: var.rato", head="variables: {rate: 1}\n")
    assert ("things.yaml", 7, 10, "unknown-variable", "var.rate") in world.errors()


def test_tables(world: World) -> None:
    assert world.map("  note: region | lookup(regions, name)", {"region": 310000}).fields["note"] == "上海市"
    assert world.map("  note: region | lookup(regions, manager, optional)", {"region": "110000"}).fields["note"] is None
    unknown = world.map("  note: region | lookup(regions, name)", {"region": "9"})
    assert [(one.field, one.code) for one in unknown.errors] == [("note", "unknown-key")]
    for expression, code in (("lookup(region)", "unknown-table"), ("lookup(regions, nam)", "unknown-column")):
        world.mapping(f"  name: n\n  note: region | {expression}")
        assert code in [one[3] for one in world.errors()]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("code\n1\n", 1, "table.shape"),
        ("code,name\n1,a\n1,b\n", 3, "table.duplicate-key"),
        ("code,name\n1,a,b\n", 2, "table.row"),
        ('code,name\n1,"a\n', 1, "table.shape"),
    ],
)
def test_mistakes_in_tables(world: World, text: str, line: int, code: str) -> None:
    world.write(world.folder / "acme" / "tables" / "regions.csv", text)
    world.mapping("  name: n")
    assert (line, code) in [(one.mark.line, one.code) for one in world.load().findings]


BASE = "  name: title | trim\n  note: remark\n  price: amount | decimal\n  state: s | term(state)"


def test_a_site_extends_a_product_mapping(world: World) -> None:
    world.mapping(BASE, head="only_if: title != None\nbad_value: {price: finding}\n")
    world.site(
        "acme/things.yaml",
        "mapping: acme/things\nextends: acme/things\ndrop: [state]\nfields:\n  note: custom__c | upper\n  count: n\n",
    )
    loaded = world.load()
    assert not [one.line() for one in loaded.findings if one.severity == "error"]
    compiled = loaded.by_name["acme/things"]
    mapped, filtered = compiled.run(
        [{"title": " a ", "custom__c": "x", "remark": "y", "amount": "?", "n": 2}, {}], None
    )
    assert mapped.fields == {"name": "a", "note": "X", "count": 2}
    assert [(one.field, one.code) for one in mapped.findings] == [("price", "not-a-number")]
    assert filtered.filtered
    assert compiled.reads == {"title", "custom__c", "amount", "n"}


def test_another_mapping_of_the_system_extends_one(world: World) -> None:
    world.mapping(BASE)
    world.write(
        world.folder / "acme" / "others.yaml",
        "mapping: acme/others\nextends: acme/things\nfrom: acme.Others\nfields: {name: label}\n",
    )
    loaded = world.load()
    assert not [one.line() for one in loaded.findings if one.severity == "error"]
    other = loaded.by_name["acme/others"]
    assert (other.stream, other.entity) == ("Others", "thing")
    assert other.run([{"label": "l", "title": "t", "remark": "r"}], None)[0].fields["name"] == "l"
    assert other.digest != loaded.by_name["acme/things"].digest


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("mapping: acme/others\nextends: acme/thing\n", 2, "unknown-base"),
        ("mapping: acme/others\nextends: acme/others\n", 2, "base-ring"),
        ("mapping: acme/others\nextends: acme/things\ndrop: [nam]\n", 3, "unknown-target-field"),
        ("mapping: acme/others\nextends: acme/things\nreverses: acme/things\n", 3, "two-bases"),
        ("mapping: acme/others\nextends: acme/things\ndrop: [name]\n", 1, "missing-required"),
        ("mapping: acme/others\nfrom: acme.X\nto: thing\ndrop: [name]\nfields: {name: n}\n", 4, "drops-nothing"),
        ("mapping: acme/others\nfields: {name: n}\n", 1, "missing-key"),
    ],
)
def test_mistakes_of_mappings_that_extend(world: World, text: str, line: int, code: str) -> None:
    world.mapping(BASE)
    world.write(world.folder / "acme" / "others.yaml", text)
    assert ("others.yaml", line, code) in [(one[0], one[1], one[3]) for one in world.errors()]


def test_a_ring_of_mappings(world: World) -> None:
    world.write(world.folder / "acme" / "a.yaml", "mapping: acme/a\nextends: acme/b\n")
    world.write(world.folder / "acme" / "b.yaml", "mapping: acme/b\nextends: acme/a\n")
    assert "base-ring" in [one[3] for one in world.errors()]
