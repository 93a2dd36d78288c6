"""Static rules on the edge: what each says, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_world import World

from connectors.schemas import KnownField, KnownStream, SchemaFile, laid_over
from connectors.sdk.manifest import Label, Lines, Manifest, Stream, Write

DOUBTS = {
    "constant-condition", "repeated-condition", "needless-default", "never-equal", "not-total-in", "value-not-taken",
    "lossy-cast",
}  # fmt: skip


def known(**fields: KnownField) -> SchemaFile:
    return SchemaFile(system="acme", streams={"Things": KnownStream(fields=fields)})


def manifest(schema: SchemaFile | None = None, **write: object) -> Manifest:
    made = Manifest(
        connector="acme", label=Label(zh="某", en="Acme"), kind="crm",
        streams={"Things": Stream(key="id", custom="*__c", fields={"id": "text"}, lines={"items": Lines(custom="*__c")})},
        writes={"Things": Write(stream="Things", our_key="KEY", search=("KEY",), **write)},
    )  # fmt: skip
    return laid_over(made, schema)


def doubts(world: World) -> list[tuple[str, str]]:
    """(Code, what the mark stands under) of the warnings; an error fails the test."""
    findings = world.load().findings
    assert not [f.line() for f in findings if f.severity == "error"]
    found = []
    for each in findings:
        code = each.code.removeprefix("mapping.")
        if code in DOUBTS:
            line = Path(each.mark.file).read_text(encoding="utf-8").splitlines()[each.mark.line - 1]
            found.append((code, line[each.mark.column - 1 : each.mark.column - 1 + each.mark.length]))
    return found


@pytest.mark.parametrize(
    ("condition", "marked"),
    [
        ("a == 'x' and a == 'y'", "a == 'x' and a == 'y'"),
        ("a != 'x' or a != 'y'", "a != 'x' or a != 'y'"),
        ("a == 'x' or a != 'x'", "a == 'x' or a != 'x'"),
        ("a == 'x' and a != 'x'", "a == 'x' and a != 'x'"),
        ("a == a", "a == a"),
        ("not true", "not true"),
        ("b and 1 > 2", "b and 1 > 2"),
        ("b or 'x'", "b or 'x'"),
        ("b == 'x' or 1 > 2", "1 > 2"),
        ("1 in [1, 2]", "1 in [1, 2]"),
        ("'x' not in ['x']", "'x' not in ['x']"),
        ("b and (a == 'x' and a == 'y')", "b and (a == 'x' and a == 'y')"),
    ],
)
def test_a_condition_that_decides_nothing(world: World, condition: str, marked: str) -> None:
    world.mapping(f'  name: c\n  note: {{if: "{condition}", then: p, else: q}}')
    assert doubts(world) == [("constant-condition", marked)]
    world.mapping("  name: c", head=f'only_if: "{condition}"\n')
    assert doubts(world) == [("constant-condition", marked)]
    world.mapping(f"  name: c\n  note: \"c if {condition} else 'q'\"")
    assert doubts(world) == [("constant-condition", marked)]


@pytest.mark.parametrize(
    "condition",
    [
        "a == 'x' or a == 'y'",
        "a != 'x' and a != 'y'",
        "a == 'x' and b == 'y'",
        "a == '1' and a == 1",  # a number that came as text equals both
        "a != None and b",
        "var.mode == 'full'",  # a deployment may say otherwise
        "a or b",
        "field('true') == 'x'",
        "[x for x in a if x == 'p'] != None",
    ],
)
def test_a_condition_that_decides_something(world: World, condition: str) -> None:
    world.mapping(f'  name: c\n  note: {{if: "{condition}", then: p, else: q}}', head="variables: {mode: full}\n")
    assert doubts(world) == []


def test_a_condition_asked_again(world: World) -> None:
    chain = "{if: a == 'x' or a == 'y', then: p, else: {if: b == 'x', then: q, else: {if: a == 'y', then: r, else: s}}}"
    world.mapping(f"  name: c\n  note: {chain}")
    assert doubts(world) == [("repeated-condition", "a == 'y'")]
    apart = "{if: a == 'x', then: {if: b == 'x', then: p, else: q}, else: {if: b == 'x', then: r, else: s}}"
    world.mapping(f"  name: c\n  note: {apart}")
    assert doubts(world) == []


@pytest.mark.parametrize(
    ("expression", "marked"),
    [
        ("a | default('x') | default('y')", "default"),
        ("'x' | default(a)", "default"),
        ("a | coalesce('x', b)", "b"),
        ("('p' if a else 'q') | default('r')", "default"),
    ],
)
def test_a_default_that_is_never_used(world: World, expression: str, marked: str) -> None:
    world.mapping(f'  name: "{expression}"')
    assert doubts(world) == [("needless-default", marked)]


@pytest.mark.parametrize(
    "expression", ["a | default(b) | default('y')", "a | coalesce(b, 'x')", "'' | default(a)", "a or 'x'"]
)
def test_a_default_that_is_used(world: World, expression: str) -> None:
    world.mapping(f'  name: "{expression}"')
    assert doubts(world) == []


def test_values_that_a_system_told(world: World) -> None:
    world.manifest = manifest(
        known(
            status=KnownField(type="picklist", values={"O": "Open", "S": "", "X": "Gone"}),
            free=KnownField(type="string"),
        )
    )
    world.mapping(
        '  name: free\n  state: status | trim | term(state)\n  good: status in ["O", "Q"]\n  note: status != "o"'
    )
    found = {(f.code, f.mark.line, f.suggestion) for f in world.load().findings if f.code.startswith("mapping.n")}
    assert found >= {
        ("mapping.not-total-in", 6, "X: gone"), ("mapping.never-equal", 7, ""), ("mapping.never-equal", 8, '"O"'),
    }  # fmt: skip
    # Changed before it is compared, it may be anything; no value is as good as any.
    world.mapping(
        '  name: free\n  note: (status | lower) == "o"\n  good: status != "" and free == "any" and status == "O"'
    )
    assert doubts(world) == []


def test_names_inside_what_a_system_told(world: World) -> None:
    inside = {"name": KnownField(type="string"), "boss": KnownField(type="object", fields={"mail": KnownField()})}
    items = {"sku": KnownField(type="string"), "made": KnownField(type="object", fields={"by": KnownField()})}
    world.manifest = manifest(
        known(
            owner=KnownField(type="object", fields=inside),
            items=KnownField(type="list", fields=items),
            own__c=KnownField(type="string"),
        )
    )
    world.mapping(
        "  name: owner.name\n  note: owner.boss.mial\n  mail: ownr.name\n  site: owner\n  count: other__c\n  good: own__c\n"
        "  phones: '[one.sk for one in items]'"
    )
    found = world.errors()
    assert {(line, code, suggestion) for _, line, _, code, suggestion in found} == {
        (6, "unknown-field", "owner.boss.mail"), (7, "unknown-field", "owner"), (9, "unknown-field", "own__c"),
    }  # fmt: skip
    # Without a schema of the system, a company's own names and what is inside objects stay open.
    world.manifest = manifest()
    world.mapping("  name: id\n  note: any__c\n  mail: other__c.inside")
    assert world.errors() == []


def test_a_schema_changes_the_digest_only_where_it_decides(world: World) -> None:
    world.manifest = manifest()
    world.mapping("  name: id\n  note: own__c")
    before = world.load().by_name["acme/things"].digest
    world.manifest = manifest(known(own__c=KnownField(type="weird")))
    assert world.load().by_name["acme/things"].digest == before
    world.manifest = manifest(known(own__c=KnownField(type="string")))
    assert world.load().by_name["acme/things"].digest != before


@pytest.mark.parametrize(
    ("field", "expression", "suggestion"),
    [
        ("count", "price", "price | round"),
        ("count", "pieces / 2", "(pieces / 2) | round"),
        ("count", "price | round(2)", "price | round(2) | round"),
        ("day", 'at | before("T")', "at | datetime | day_in"),
        ("day", "at", "at | datetime | day_in"),
        ("good", "price | boolean", "price != 0"),
        ("good", "word", 'word == "maybe"'),
    ],
)
def test_what_would_be_lost(world: World, field: str, expression: str, suggestion: str) -> None:
    world.manifest = manifest(
        known(
            price=KnownField(type="currency"), pieces=KnownField(type="int"), at=KnownField(type="datetime"),
            word=KnownField(values={"maybe": "", "yes": ""}),
        )
    )  # fmt: skip
    world.mapping(f"  name: id\n  {field}: '{expression}'")
    assert [f.suggestion for f in world.load().findings if f.code == "mapping.lossy-cast"] == [suggestion]


@pytest.mark.parametrize(
    ("field", "expression"),
    [
        ("count", "price | round"),
        ("count", "price | floor"),
        ("count", "price | integer"),
        ("count", "pieces"),
        ("count", "pieces * 2"),
        ("day", "at | datetime | day_in"),
        ("day", "text | left(10) | date"),
        ("good", "price > 0"),
        ("good", "yes"),
    ],
)
def test_what_is_said_is_not_lost(world: World, field: str, expression: str) -> None:
    world.manifest = manifest(
        known(
            price=KnownField(type="currency"), pieces=KnownField(type="int"), at=KnownField(type="datetime"),
            text=KnownField(type="string"), yes=KnownField(values={"true": "", "false": ""}),
        )
    )  # fmt: skip
    world.mapping(f"  name: id\n  {field}: '{expression}'")
    assert doubts(world) == []


def test_what_a_target_takes(world: World) -> None:
    fields = {
        "KEY": KnownField(type="string", writable=True),
        "SHORT": KnownField(type="string", length=3, writable=True),
        "STATE": KnownField(type="picklist", values={"O": "", "C": ""}, writable=True),
        "MADE": KnownField(type="datetime", writable=False),
    }
    world.manifest = manifest(known(**fields), required=("SHORT", "BOX"))
    world.out("  KEY: id\n  STATE: state | term_out(state)\n  MADE: day\n  SHORT: {from: '\"long\"'}")
    assert {(line, code) for _, line, _, code, _ in world.errors()} == {
        (4, "missing-required"), (7, "unknown-target-field"),
    }  # fmt: skip
    found = {(f.code, f.mark.line, f.suggestion) for f in world.load().findings if f.severity == "warning"}
    assert found >= {("mapping.value-not-taken", 6, ""), ("mapping.lossy-cast", 8, '"long" | left(3)')}


def test_a_mapping_with_doubts_still_runs(world: World) -> None:
    """What the system has now is no reason to stop what ran yesterday; `tongmai check` does not let it pass."""
    world.manifest = manifest(known(status=KnownField(values={"O": "", "N": ""})))
    world.mapping('  name: id\n  state: status | term(state)\n  note: {if: status == "Q", then: a, else: b}')
    loaded = world.load()
    mapped = loaded.by_name["acme/things"].run([{"id": "1", "status": "O"}], None)[0]
    assert mapped.fields["state"] == "open" and not mapped.errors
    assert {f.severity for f in loaded.findings if f.code.startswith("mapping.n")} == {"warning"}


def test_what_one_mapping_uses_is_used(world: World) -> None:
    world.write(world.folder / "acme" / "fragments.yaml", "one(a): a | two\ntwo(a): a | trim\nthree(a): a | trim\n")
    world.mapping("  name: id | one\n  note: id | lookup(regions, name)\n  state: s | term(state)")
    unused = {(f.code, f.message.en.split("`")[1]) for f in world.load().findings if f.code.endswith("unused")}
    assert unused == {("fragment.unused", "three"), ("valuemap.unused", "spelling")}


def test_nothing_is_called_unused_while_a_mapping_cannot_be_read(world: World) -> None:
    world.mapping("  name: id")
    world.write(world.folder / "acme" / "broken.yaml", "mapping: [")
    assert not [f for f in world.load().findings if f.code.endswith("unused")]
