"""Two versions of a mapping over the same records: what counts as a change, what is counted, what is shown of it."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from mapping_world import World

from mappings.language.changes import ABSENT, Change, changes
from mappings.language.compare_runs import EXAMPLES, Comparison
from mappings.language.types import Issue, Mapped, Reference
from mappings.language.wording import MASK, Wording, issue_label
from masterdata.model import load_schema

MAPPING = "mapping: acme/things\nfrom: acme.things\nto: thing\nfields:\n"


def mapped(errors: int = 0, filtered: bool = False, **fields: Any) -> Mapped:
    return Mapped(fields, {}, [Issue("name", "required-empty", "m", "p")] * errors, [], filtered)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
        ({"a": True}, {"a": 1}, [Change("a", True, 1)]),
        ({"a": [True]}, {"a": [1]}, [Change("a", [True], [1])]),
        ({"a": None}, {}, [Change("a", None, ABSENT)]),
        ({}, {"a": None}, [Change("a", ABSENT, None)]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 1, "d": 3}}}, [Change("a.b.d", 2, 3)]),
        ({"l": [{"p": "1"}, {"p": "2"}]}, {"l": [{"p": "1"}, {"p": "3"}]}, [Change("l.p", "2", "3", 1)]),
        ({"l": [{"p": "1"}]}, {"l": []}, [Change("l", [{"p": "1"}], [])]),
        ({"l": [{"p": 1}]}, {"l": [{"p": True}]}, [Change("l.p", 1, True, 0)]),
    ],
)
def test_what_is_a_change(old: dict[str, Any], new: dict[str, Any], found: list[Change]) -> None:
    assert changes(Mapped(old), Mapped(new)) == found


def test_references_are_values_also_in_lines() -> None:
    old = Mapped({"l": [{"q": "1", "p": None}]}, {"l[0].p": Reference("good", "A"), "c": Reference("thing", "X")})
    new = Mapped({"l": [{"q": "1", "p": None}]}, {"l[0].p": Reference("good", "B"), "c": Reference("thing", "X", "s")})
    assert changes(old, new) == [
        Change("l.p", Reference("good", "A"), Reference("good", "B"), 0),
        Change("c", Reference("thing", "X"), Reference("thing", "X", "s")),
    ]
    assert old.fields == {"l": [{"q": "1", "p": None}]}, "what is compared is left as it is"


def test_every_record_is_counted_once_whatever_becomes_of_it() -> None:
    chance = random.Random(5)
    found = Comparison()
    fates = [{}, {"errors": 1}, {"filtered": True}]
    wanted = dict.fromkeys(found.totals.__slots__, 0)
    for number in range(900):
        old, new = chance.choice(fates), chance.choice(fates)
        value = chance.randint(0, 1)
        found.add(str(number), mapped(**old, a=0), mapped(**new, a=value))
        index = (fates.index(old), fates.index(new))
        name = {(1, 1): "still_failing", (2, 2): "still_filtered", (0, 1): "failing", (2, 1): "failing",
                (0, 2): "filtered", (1, 2): "filtered", (1, 0): "accepted", (2, 0): "let_in"}.get(index)  # fmt: skip
        wanted[name or ("changed" if value else "same")] += 1
    found.unreadable()
    assert {name: getattr(found.totals, name) for name in wanted} == wanted | {"unreadable": 1}
    assert all(count > 20 for name, count in wanted.items() if name != "unreadable")
    assert found.totals.read == 901
    assert found.fields["a"].records == wanted["changed"]
    shifted: Counter[str] = Counter()
    for (kind, _, _), shift in found.shifts.items():
        shifted[kind] += shift.records
    assert shifted == {name.replace("_", "-"): wanted[name] for name in ("failing", "accepted", "filtered", "let_in")}


def test_examples_are_few_and_the_most_frequent_kinds() -> None:
    found = Comparison()
    for number in range(5_000):
        found.add(str(number), mapped(a="x", b=number), mapped(a="y" if number % 5 else "z", b=-number))
    assert [(one.change.new, alike) for one, alike in found.fields["a"].examples()] == [("y", 4_000), ("z", 1_000)]
    assert len(found.fields["b"].examples()) == EXAMPLES
    assert len(found.fields["b"].kinds) <= 100
    assert found.fields["b"].records == 4_999


def test_findings_that_come_and_go_are_remarks() -> None:
    found = Comparison()
    old, new = mapped(a=1), mapped(a=1)
    new.findings.append(Issue("lines[3].price", "not-a-number", "m", "p"))
    found.add("1", old, new)
    found.add("2", new, old)
    assert found.totals.same == 2
    assert {(kind, field, one.records) for (kind, field, _), one in found.shifts.items()} == {
        ("noted", "lines.price", 1),
        ("cleared", "lines.price", 1),
    }
    assert found.changes


@pytest.fixture
def wording(world: World) -> Wording:
    entity = world.entities / "thing" / "entity.yaml"
    text = entity.read_text(encoding="utf-8")
    entity.write_text(text.replace("phones: {type", "phones: {personal: true, type"), encoding="utf-8")
    world.write(world.folder / "acme" / "things.yaml", MAPPING + "  name: n\n  phones: [tel | phone]\n  state: s\n")
    schema = load_schema([world.entities])
    return Wording((world.load().by_name["acme/things"],), (schema,))


def test_values_are_shown_in_words_of_the_dictionary(wording: Wording) -> None:
    assert wording.label("state").zh == "状态"
    assert wording.value("state", "open").zh == "开"
    assert wording.value("state", "no-term").zh == "no-term"
    assert wording.value("name", " a\u3000").en == "␣a␣"
    assert wording.value("good", True).zh == "是"
    assert (wording.value("name", ABSENT).en, wording.value("name", None).en) == ("not given", "empty")
    assert wording.value("parent", Reference("thing", "K1", "things", True)).en == "K1 (things, optional)"
    assert issue_label(wording, "day", "ends-before-it-begins").zh == "截止早于开始"
    assert issue_label(wording, "state", "unknown-term").zh.startswith("状态：")


def test_personal_data_is_masked_wherever_it_is_quoted(wording: Wording) -> None:
    assert wording.value("phones", ["+8613800138000"]).en == MASK
    assert wording.value("phones", []).en == "empty"
    assert wording.raw("phones", ["+8613800138000"]) == MASK
    private = wording.private({"tel": "138 0013 8000", "n": "A"}, [Mapped({"phones": ["+8613800138000"]})])
    assert private == {"138 0013 8000", "+8613800138000"}
    issue = wording.issue(Issue("name", "x", "`138 0013 8000` in a name", "p", "n=138 0013 8000"), private)
    assert "138" not in issue.message + issue.value
    own = wording.issue(Issue("phones", "bad-phone", "`1380` is no phone", "p", "1380"), frozenset())
    assert "1380" not in own.message + own.value
    shown = Wording(wording.mappings, wording.schemas, show_personal=True)
    assert "8613800138000" in shown.value("phones", ["+8613800138000"]).en
