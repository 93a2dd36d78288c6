"""Mistakes in the use of functions are found before anything runs; calendars, tables and rates are declared."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from mapping_world import Evaluate, World

VALUES = """
plants:
  table:
    "1100": {name: 苏州一厂, city: 苏州}
    1200: {name: 上海厂, city: 上海}
tax: {table: {J1: 0.13, J2: "0.06"}}
fx: {rates: {USD: 7.125, HKD: "0.91"}, base: CNY}
"""
CALENDAR = """
calendar: plant
label: {zh: 工厂, en: Plant}
weekend: [7]
years: [2026]
off: [2026-01-01 .. 2026-01-03]
work: [2026-01-04]
"""


@pytest.mark.parametrize(
    ("expression", "column", "code", "suggestion"),
    [
        ("a | round(2, half_upp)", 14, "bad-argument", "half_up"),
        ("a | unit(g, kgg)", 13, "bad-argument", "kg"),
        ("a | unit(万元, kg)", 10, "bad-argument", ""),
        ('a | extract("(a")', 13, "bad-pattern", ""),
        ('a | matches("(?=a)")', 13, "bad-pattern", ""),
        ("a | matches(b)", 13, "bad-argument", '"b"'),
        ('a | date_text("yyyy")', 15, "bad-argument", ""),
        ('a | date_text("YYYY", zone="Mars")', 15, "bad-argument", ""),
        ("a | add(1, zzz)", 12, "bad-argument", ""),
        ("a | add([1], days)", 9, "type-mismatch", ""),
        ("a | is_working_day(plent)", 20, "unknown-calendar", "plant"),
        ("a | lookup(plant)", 12, "unknown-table", "plants"),
        ('a | exchange(b, "CNY", fxx)', 24, "unknown-rates", "fx"),
        ("a | left", 5, "argument-count", ""),
        ("a | decimal | sort", 1, "type-mismatch", ""),
        ("(a | start_of(month)) | upper", 2, "type-mismatch", ""),
        ("a | mask(fone)", 10, "bad-argument", "phone"),
    ],
)
def test_mistakes(world: World, expression: str, column: int, code: str, suggestion: str) -> None:
    world.write(world.folder / "acme" / "terms.yaml", VALUES)
    world.write(world.folder.parent / "calendars" / "plant.yaml", CALENDAR)
    world.mapping(f"  name: a\n  note: {expression}")
    assert world.errors() == [("things.yaml", 6, 8 + column, code, suggestion)]


@pytest.mark.parametrize(
    ("expression", "field", "record", "expected"),
    [
        ("(a | lookup(plants)).city", "note", {"a": 1200}, "上海"),
        ("(a | lookup(plants, optional)).city", "note", {"a": "9"}, None),
        ("(a | lookup(tax)) * 100", "price", {"a": "J1"}, "13"),
        ('amount | exchange(cur, "HKD", fx) | round(2)', "price", {"amount": "100", "cur": "美元"}, "782.97"),
        ("a | is_working_day(plant)", "good", {"a": "2026-01-04"}, True),
        ("a | is_working_day(weekends)", "good", {"a": "2026-01-04"}, False),
        ("a | add_working_days(2, plant)", "day", {"a": "2026-01-02"}, "2026-01-05"),
        ('tels | split("/") | sort(descending) | join("-")', "note", {"tels": "1/3/2"}, "3-2-1"),
    ],
)
def test_declared_things_are_used(
    world: World, give: Evaluate, expression: str, field: str, record: dict[str, Any], expected: Any
) -> None:
    world.write(world.folder / "acme" / "terms.yaml", VALUES)
    world.write(world.folder.parent / "calendars" / "plant.yaml", CALENDAR)
    assert give(expression, record, field) == expected


def test_an_unknown_key_of_a_table_is_a_bad_value(world: World) -> None:
    world.write(world.folder / "acme" / "terms.yaml", VALUES)
    mapped = world.map("  note: (a | lookup(plants)).city", {"a": "9"})
    assert [(each.field, each.code) for each in mapped.errors] == [("note", "unknown-key")]
    assert "1100, 1200" in mapped.errors[0].message


def test_a_changed_table_or_calendar_changes_the_digest_of_its_mappings_only(world: World) -> None:
    def digests() -> tuple[bytes, bytes, bytes]:
        loaded = world.load()
        assert not [each.line() for each in loaded.findings if each.severity == "error"]
        return tuple(loaded.by_name[f"acme/{name}"].digest for name in ("a", "b", "c"))  # type: ignore[return-value]

    terms = world.write(world.folder / "acme" / "terms.yaml", VALUES)
    calendar = world.write(world.folder.parent / "calendars" / "plant.yaml", CALENDAR)
    world.mapping("  name: (a | lookup(plants)).city", name="a")
    world.mapping('  name: "x"\n  good: a | is_working_day(plant)', name="b")
    world.mapping("  name: a | squeeze", name="c")
    before = digests()
    terms.write_text(VALUES.replace("上海厂", "上海一厂"), encoding="utf-8")
    then = digests()
    assert [one != two for one, two in zip(before, then, strict=True)] == [True, False, False]
    calendar.write_text(CALENDAR.replace("01-03", "01-02"), encoding="utf-8")
    assert [one != two for one, two in zip(then, digests(), strict=True)] == [False, True, False]


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("2026-01-04", "2026-02-30", 6, "calendar.day"),
        ("2026-01-04", "2027-01-04", 6, "calendar.day"),
        ("2026-01-04", "2026-01-02", 6, "calendar.day"),
        (".. 2026-01-03", ".. 2025-01-03", 5, "calendar.day"),
        ("[7]", "[8]", 3, "calendar."),
        ("calendar: plant", "calendar: weekends", 1, "calendar.exists"),
        ("off:", "of:", 5, "calendar.unknown-key"),
    ],
)
def test_mistakes_in_a_calendar(world: World, old: str, new: str, line: int, code: str) -> None:
    world.write(world.folder.parent / "calendars" / "plant.yaml", CALENDAR.replace(old, new, 1))
    world.mapping("  name: a")
    found = [(each.mark.line, each.code) for each in world.load().findings if each.severity == "error"]
    assert len(found) == 1
    assert found[0][0] == line
    assert found[0][1].startswith(code)


@pytest.mark.parametrize("rate", ["0", "-1", "x", "[1]"])
def test_a_rate_is_a_number_above_nought(world: World, rate: str) -> None:
    world.write(world.folder / "acme" / "terms.yaml", f"fx: {{rates: {{USD: {rate}}}}}\n")
    world.mapping("  name: a")
    assert [(name, line) for name, line, *_ in world.errors()] == [("terms.yaml", 1)]


def test_patterns_are_compiled_once(world: World) -> None:
    compiled = world.compiled('  name: a | extract("[0-9]+")\n  note: b | extract("[0-9]+")')
    assert compiled.python.count("compiled_pattern('[0-9]+')") == 1
    mapped = compiled.run([{"a": "x12", "b": "no"}], None)[0]
    assert mapped.fields["name"] == "12"


def test_a_slow_library_is_not_loaded_before_it_is_used() -> None:
    script = "import sys, mappings.language.runtime; print(*{'pypinyin', 'opencc'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
