"""Mistakes in files: all of them, each at its place, with a suggestion where one is near."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_world import World

from connectors.sdk.manifest import Label, Manifest, Stream, Write
from tongmai.core.finding import Finding


def _manifest(**fields: str) -> Manifest:
    label = Label(zh="某", en="Acme")
    return Manifest(
        connector="acme", label=label, kind="crm",
        streams={"Things": Stream(key="id", fields=fields), "Parts": Stream(key="id")},
        writes={"Things": Write(stream="Things", our_key="KEY", search=("KEY", "CODE"))},
    )  # fmt: skip


def test_many_mistakes_in_several_files_are_all_found(world: World) -> None:
    world.manifest = _manifest(
        id="text", title="text", amount="number", state="text", made="text", boss="text", tel="text"
    )
    world.write(
        world.folder / "acme" / "things.yaml",
        """
mapping: acme/thing
from: acme.Thngs
to: thing
only_iff: state == "O"
fields:
  name: title | tirm
  note: titel
  cout: amount
  price: amount * "x"
  day: made | date("yyyy-MM-DD")
  until: made | date("MM/YYYY")
  state: state | term(stat)
  parent: boss | ref(thingy)
""",
    )
    world.write(
        world.folder / "acme" / "things.yaml",
        (world.folder / "acme" / "things.yaml").read_text().replace('only_iff: state == "O"\n', ""),
    )
    world.write(
        world.folder / "acme" / "second.yaml",
        """
mapping: acme/second
from: acme.Things
to: thing
only_if: state = "O"
fields:
  note: title | trim(1, 2)
  price: made | date_ms
  state: {if: state == "O", then: opne, else: {const: gone}}
  day: title | phone
  at: made | datetime(zone="Asia/Shanghia")
  phones: tel | phone
  parent: boss
  code: {cons: "1"}
  count: 5
bad_value: {pric: finding, default: quarantin}
""",
    )
    world.write(
        world.folder / "acme" / "third.yaml",
        """
mapping: acme/third
from: thing
to: acme.Things
fields:
  KEY: id | number("T")
  STATE: state | term_out(other_state)
  NOTE: nam
  NOTE: note
  A.B: note
  A: name
  WHO: parent | remote_key(Part)
search: [KEY, STATE, NOPE]
create_only: [KEYS]
""",
    )
    world.write(
        world.folder / "acme" / "terms.yaml",
        """
state:
  in: {O: open, S: shutt}
  out: {open: O}
stte:
  in: {a: b}
""",
    )
    fields_of_second = {
        ("second.yaml", 4, 10, "syntax", "=="),
        ("second.yaml", 5, 1, "missing-required", ""),
        ("second.yaml", 6, 22, "argument-count", ""),
        ("second.yaml", 7, 10, "type-mismatch", ""),
        ("second.yaml", 8, 35, "unknown-term", "open"),
        ("second.yaml", 9, 8, "type-mismatch", ""),
        ("second.yaml", 10, 28, "unknown-zone", "Asia/Shanghai"),
        ("second.yaml", 11, 11, "type-mismatch", "[tel | phone]"),
        ("second.yaml", 12, 11, "type-mismatch", "ref(thing)"),
        ("second.yaml", 13, 10, "unknown-key", "const"),
        ("second.yaml", 14, 10, "bad-field", "{const: 5}"),
    }
    found = set(world.errors())
    expected = {
        ("things.yaml", 1, 10, "name", "acme/things"),
        ("things.yaml", 2, 7, "unknown-stream", "acme.Things"),
        ("things.yaml", 5, 17, "unknown-function", "trim"),
        ("things.yaml", 7, 3, "unknown-target-field", "count"),
        ("things.yaml", 8, 19, "type-mismatch", ""),
        ("things.yaml", 9, 20, "date-format", "YYYY-MM-DD"),
        ("things.yaml", 10, 22, "date-format", ""),
        ("things.yaml", 11, 23, "unknown-term-list", "state"),
        ("things.yaml", 12, 22, "unknown-entity", "thing"),
        ("second.yaml", 15, 37, "bad-value", "quarantine"),
        *fields_of_second,
        ("third.yaml", 8, 3, "yaml.duplicate-key", ""),
        ("third.yaml", 10, 3, "two-writers", ""),
        ("third.yaml", 6, 27, "type-mismatch", "state"),
        ("third.yaml", 7, 9, "unknown-field", "name"),
        ("third.yaml", 11, 28, "unknown-stream", "Parts"),
        ("third.yaml", 12, 15, "not-searchable", ""),
        ("third.yaml", 12, 22, "unknown-target-field", "NOTE"),
        ("third.yaml", 13, 15, "unknown-target-field", "KEY"),
        ("terms.yaml", 2, 20, "valuemap.unknown-term", "shut"),
        ("terms.yaml", 3, 3, "valuemap.not-total", ""),
        ("terms.yaml", 4, 1, "valuemap.unknown-term-list", "state"),
    }
    assert found == expected

    second = world.folder / "acme" / "second.yaml"
    world.write(second, second.read_text().replace("default: quarantin}", "default: quarantine}"))
    found = {each for each in world.errors() if each[0] == "second.yaml"}
    assert found == fields_of_second | {("second.yaml", 15, 13, "unknown-target-field", "price")}


@pytest.mark.parametrize(
    ("line", "column", "length", "code"),
    [
        ("name: title | tirm", 17, 4, "unknown-function"),
        ("name: 'title | tirm'", 18, 4, "unknown-function"),
        ("name: 'a == ''x'' | tirm'", 23, 4, "unknown-function"),
        ('name: "客户 + \\"客\\" | tirm"', 23, 4, "unknown-function"),
        ("name: 客户名称 | tirm", 16, 4, "unknown-function"),
        ("note: [a | tirm, b]", 0, 0, "unknown-function"),
        ("name: a | trim | ( b", 0, 0, "syntax"),
        ("name: a |", 0, 0, "syntax"),
        ("name: class", 9, 5, "syntax"),
        ("name: a （b）", 11, 1, "syntax"),
        ("name: '{x for x in a}'", 10, 14, "not-allowed"),
        ("name: 'f\"{a}\"'", 10, 6, "not-allowed"),
        ("name: lambda", 0, 0, "syntax"),
        ("name: a ** 2", 9, 6, "not-allowed"),
        ("name: a + b", 9, 5, "ambiguous-plus"),
        ("name: 'a if b < c else d'", 15, 5, "ambiguous-order"),
        ("name: a.__class__.x()", 9, 15, "not-allowed"),
        ("name: __import__(a)", 9, 10, "unknown-function"),
        ("name: open(a)", 9, 4, "unknown-function"),
        ("name: a[b]", 11, 1, "bad-index"),
        ("name: 1e5 | text", 9, 3, "not-allowed"),
        ("name: a is None", 9, 9, "not-allowed"),
        ("name: a < b < c", 9, 9, "not-allowed"),
        ("name: a | split", 13, 5, "argument-count"),
        ("name: a | split(b)", 19, 1, "bad-argument"),
        ("name: a | term_out(state)", 13, 8, "wrong-direction"),
        ("name: a | alias(spellin)", 19, 7, "unknown-alias-list"),
        ('name: a | datetime(zon="UTC")', 0, 0, "unknown-argument"),
        ("day: a | phone", 8, 9, "type-mismatch"),
        ("phones: {const: [12]}", 0, 0, "bad-constant"),
        ("price: {const: cheap}", 18, 5, "bad-constant"),
    ],
)
def test_the_caret_is_under_the_word(world: World, line: str, column: int, length: int, code: str) -> None:
    rest = "" if line.startswith("name") else "\n  name: n"
    world.mapping(f"  {line}{rest}")
    findings = [f for f in world.load().findings if f.severity == "error" and f.mark.line == 5]
    assert [f.code for f in findings if f.code == f"mapping.{code}"], [f.line() for f in findings]
    finding = next(f for f in findings if f.code == f"mapping.{code}")
    if column:
        assert (finding.mark.column, finding.mark.length) == (column, length), finding.render()
    assert finding.message.zh != finding.message.en
    assert "^" in finding.render()


@pytest.mark.parametrize("style", ["|", ">", ""])
def test_places_in_text_of_several_lines(world: World, style: str) -> None:
    world.mapping(f"  name: {style}\n    title\n      | trim\n      | tirm\n")
    (finding,) = [f for f in world.load().findings if f.severity == "error"]
    assert (finding.mark.line, finding.mark.column, finding.mark.length) == (8, 9, 4), finding.render()


@pytest.mark.parametrize(
    "text",
    [
        "(" * 600,
        "-" * 900 + "a",
        "a" * 1001,
        "a + " * 200 + "a",
        "not " * 200 + "a",
        "a.b" * 300,
        '"' * 999,
        "\x00",
        "a\x00b",
    ],
)
def test_hostile_expressions_are_mistakes_not_crashes(world: World, text: str) -> None:
    if "\x00" in text:
        from mappings.language.syntax import Syntax

        said: list[str] = []
        assert Syntax(text, lambda *args: said.append(args[2])).root is None
        assert said == ["syntax"]
        return
    world.mapping("  name: '" + text + "'")
    assert world.errors()


def test_nothing_of_python_leaks_into_the_source(world: World) -> None:
    hostile = "x'] + __import__('os').system('true') + ['"
    quoted = hostile.replace("'", "''")
    compiled = world.compiled(f"  name: 'field(\"{quoted}\") | text'\n  note: '\"a\\nimport os\" + b'")
    mapped = compiled.run([{hostile: "plain", "b": "c"}], None)[0]
    assert mapped.fields["name"] == "plain"
    assert "\nimport" not in compiled.python.replace("\nfrom mappings.language.runtime import", "")


def test_file_level_mistakes(world: World) -> None:
    world.write(world.folder / "acme" / "a.yaml", "mapping: acme/a\nfrom: acme.Things\nto: thingg\nfields: {name: a}\n")
    world.write(world.folder / "acme" / "b.yaml", "mapping: acme/b\nfrom: acme\nto: thing\nfields: {name: a}\n")
    world.write(world.folder / "acme" / "c.yaml", "mapping: acme/c\nform: acme.Things\nto: thing\nfields: {name: a}\n")
    world.write(world.folder / "acme" / "d.yaml", "mapping: acme/d\nfrom: other.Things\nto: thing\nfields: {name: a}\n")
    world.write(world.folder / "acme" / "e.yaml", "- just\n- a list\n")
    world.write(
        world.folder / "acme" / "f.yaml",
        "mapping: acme/f\nfrom: acme.Things\nto: thing\nreplaces: true\nfields: {name: a}\n",
    )
    world.write(world.folder / "acme" / "g_test.yaml", "- {case: x, given: {}, expect: {name: a}}\n")
    world.write(
        world.folder / "acme" / "h.yaml",
        "mapping: acme/h\nfrom: acme.Things\nto: thing\nsearch: [name]\nfields: {name: a}\n",
    )
    found = {(file, line, code, hint) for file, line, _, code, hint in world.errors()}
    assert found == {
        ("a.yaml", 3, "unknown-entity", "thing"),
        ("b.yaml", 3, "direction", ""),
        ("c.yaml", 2, "unknown-key", "from"),
        ("c.yaml", 1, "missing-key", ""),
        ("d.yaml", 2, "system", "acme.Things"),
        ("e.yaml", 1, "shape", ""),
        ("f.yaml", 4, "replaces-nothing", ""),
        ("g_test.yaml", 1, "test-of-nothing", ""),
        ("h.yaml", 4, "outbound-only", ""),
    }


def test_a_site_replaces_only_when_it_says_so(world: World, tmp_path: Path) -> None:
    from mappings.language import load_mappings

    world.mapping("  name: a | upper")
    site = tmp_path / "site" / "mappings"
    text = "mapping: acme/things\nfrom: acme.Things\nto: thing\n{}fields:\n  name: a | lower\n"
    file = world.write(site / "acme" / "things.yaml", text.format(""))

    def load() -> tuple[list[Finding], object]:
        loaded = load_mappings([world.folder, site], world.schema(), lambda _: None)
        return [f for f in loaded.findings if f.severity == "error"], loaded.by_name["acme/things"].run(
            [{"a": "x"}], None
        )

    findings, mapped = load()
    assert [f.code for f in findings] == ["mapping.exists"]
    assert mapped[0].fields == {"name": "X"}  # type: ignore[index]
    world.write(file, text.format("replaces: true\n"))
    findings, mapped = load()
    assert not findings
    assert mapped[0].fields == {"name": "x"}  # type: ignore[index]
    assert "site/mappings" not in load()[1].__repr__()


def test_rules_of_entities_are_checked(world: World) -> None:
    file = world.entities / "thing" / "entity.yaml"
    world.write(file, file.read_text().replace("until >= day", "until >= dya").replace('"open" or', '"opne" or'))
    world.mapping("  name: a")
    found = {(name, line, code, hint) for name, line, _, code, hint in world.errors()}
    assert found == {("entity.yaml", 19, "unknown-field", "day"), ("entity.yaml", 23, "unknown-term", "open")}


def test_a_mapping_without_tests_is_a_warning(world: World) -> None:
    world.mapping("  name: a")
    found = [(f.code, f.severity) for f in world.load().findings if not f.code.endswith(".unused")]
    assert found == [("mapping.no-tests", "warning")]


def test_declared_dotted_names_are_flat_columns(world: World) -> None:
    world.manifest = _manifest(**{"Org.Number": "text", "deep": "text"})
    compiled = world.compiled("  name: Org.Number\n  note: deep.er")
    mapped = compiled.run([{"Org.Number": "100", "deep": {"er": "x"}}], None)[0]
    assert mapped.fields == {"name": "100", "note": "x"}
    assert compiled.reads == {"Org.Number", "deep"}
