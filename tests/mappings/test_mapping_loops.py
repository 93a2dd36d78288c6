"""Loops over lists, lists inside lists, both directions from one definition."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from mapping_world import World

RECORD = {
    "orders": [
        {"no": "A", "rows": [{"sku": "x", "n": 2}, {"sku": "y", "n": 0}]},
        {"no": "B", "rows": [{"sku": "z", "n": 5}]},
        {"no": "C"},
    ]
}


def test_loops(world: World) -> None:
    def note(expression: str) -> Any:
        return world.map(f"  note: {expression!r}", RECORD).fields["note"]

    assert note('[o.no for o in orders] | join(",")') == "A,B,C"
    assert note('[r.sku for o in orders for r in o.rows if r.n > 0 | decimal] | join(",")') == "x,z"
    assert note('[o["no"] | lower for o in orders if o.rows != None] | join(",")') == "a,b"
    assert note('[o for o in nothing] | join(",")') is None


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("[a for b in c for d in e for f in g]", "loop-too-deep"),
        ("[a for a, b in c]", "not-allowed"),
        ("[a for a in 'text']", "type-mismatch"),
        ("{a for a in b}", "not-allowed"),
        ("[a.__class__ for a in b][0](1)", "not-allowed"),
    ],
)
def test_loops_that_are_refused(world: World, expression: str, code: str) -> None:
    world.mapping(f"  name: {expression!r}")
    assert code in [one[3] for one in world.errors()]


def test_a_loop_is_bounded(world: World) -> None:
    mapped = world.map("  note: \"[a for a in many] | join('')\"", {"many": ["x"] * 10_001})
    assert [one.code for one in mapped.errors] == ["too-many-items"]


ORDER = """
entity: trade
label: {zh: 交易, en: Trade}
fields:
  name:   {type: text, required: true, label: {zh: 名称, en: Name}}
  price:  {type: decimal, label: {zh: 价格, en: Price}}
  good:   {type: boolean, label: {zh: 良好, en: Good}}
  day:    {type: date, label: {zh: 日期, en: Day}}
  until:  {type: date, label: {zh: 截止, en: Until}}
  at:     {type: datetime, label: {zh: 时间, en: At}}
  cost:   {type: decimal, label: {zh: 成本, en: Cost}}
  state:  {type: term(state), label: {zh: 状态, en: State}}
  parts:
    type: lines
    label: {zh: 部件, en: Parts}
    fields:
      kind:  {type: text, label: {zh: 类, en: Kind}}
      count: {type: integer, label: {zh: 数, en: Count}}
"""


@pytest.fixture
def trades(world: World) -> World:
    world.write(world.entities / "trade" / "entity.yaml", ORDER)
    return world


def _write(world: World, name: str, text: str) -> None:
    world.write(world.folder / "acme" / f"{name}.yaml", f"mapping: acme/{name}\n{text}")


def _clean(world: World, name: str) -> Any:
    loaded = world.load()
    assert not [one.line() for one in loaded.findings if one.severity == "error"]
    return loaded.by_name[f"acme/{name}"]


def test_a_loop_over_lines_knows_their_fields(trades: World) -> None:
    text = "from: trade\nto: acme.Trades\nfields:\n  total: \"[p.kind for p in parts if p.count > 1] | join('+')\"\n"
    _write(trades, "trades.out", text)
    run = _clean(trades, "trades.out").run
    assert run([{"parts": [{"kind": "a", "count": 2}, {"kind": "b", "count": 1}]}], None)[0].fields == {"total": "a"}
    _write(trades, "trades.out", text.replace("p.kind", "p.kin"))
    assert ("trades.out.yaml", 5, 12, "unknown-field", "kind") in trades.errors()


def test_lists_inside_lists_of_a_payload(trades: World) -> None:
    _write(
        trades,
        "trades.out",
        """from: trade
to: acme.Trades
fields:
  boxes:
    each: parts
    only_if: count > 0
    fields:
      label: kind
      owner: head.name
      pieces:
        each: "[head for n in [1]]"
        fields: {bad: x}
""",
    )
    assert "head-alone" in [one[3] for one in trades.errors()]
    _write(
        trades,
        "trades.out",
        """from: trade
to: acme.Trades
fields:
  all:
    each: "[p for p in parts]"
    fields:
      label: kind
      again:
        each: "[p for p in head.parts if p.count > 1]"
        only_if: kind != None
        fields: {what: kind, of: head.kind, n: count | decimal}
""",
    )
    given = {"name": "t", "parts": [{"kind": "a", "count": 2}, {"kind": "b", "count": "?"}]}
    mapped = _clean(trades, "trades.out").run(
        [given | {"parts": [{"kind": "a", "count": 2}, {"kind": "b", "count": 1}]}], None
    )[0]
    assert mapped.fields == {
        "all": [
            {"label": "a", "again": [{"what": "a", "of": "a", "n": "2"}]},
            {"label": "b", "again": [{"what": "a", "of": "b", "n": "2"}]},
        ]
    }


INBOUND = """from: acme.Trades
to: trade
fields:
  name:  Title | trim
  price: Sum * 10000
  good:  active | boolean
  until: off | date("YYYY/MM/DD")
  at:    changed | epoch_ms
  cost:  spent | unit(万元, 元)
  day:   on | date_ms
  state: st | term(state)
  parts:
    each: Entries
    fields: {kind: Item.Kind | text, count: Qty | integer}
"""


def test_one_definition_serves_both_directions(trades: World) -> None:
    _write(trades, "trades", INBOUND)
    _write(trades, "trades.out", "reverses: acme/trades\nfields: {Key: id}\nsearch: [Key]\n")
    out, back = _clean(trades, "trades.out"), _clean(trades, "trades")
    canonical = {
        "id": "k",
        "name": "n",
        "price": "12345.6",
        "good": False,
        "day": "2026-01-02",
        "until": "2026-03-04",
        "at": "2026-01-01T16:00:00.123000Z",
        "cost": "12500.5",
        "state": "shut",
        "parts": [{"kind": "a", "count": 3}],
    }
    sent = out.run([canonical], None)[0]
    assert not sent.errors
    assert sent.fields["Sum"] == "1.23456"
    assert sent.fields["Entries"] == [{"Item": {"Kind": "a"}, "Qty": 3}]
    assert {"id": "k", **back.run([sent.fields], None)[0].fields} == canonical


@pytest.mark.parametrize(
    ("was", "now", "field", "why"),
    [
        ("name:  Title | trim", "name: Title | default(Other)", "name", "`default(Other)` has no way back"),
        (
            "name:  Title | trim",
            "name: {if: Title == 'a', then: Title, else: Other}",
            "name",
            "which case a value came from",
        ),
        ("price: Sum * 10000", "price: Sum * 3", "price", "`Sum * 3` has no way back"),
        ("price: Sum * 10000", "price: Sum * Rate", "price", "write `Sum: price …` under `fields`"),
        ("day:   on | date_ms", 'day: on | split("T") | first | date', "day", "`first` has no way back"),
        ("Entries", "Entries | default(Rows)", "parts", "its lines do not come from one plain member"),
    ],
)
def test_what_cannot_be_turned_round_must_be_said(trades: World, was: str, now: str, field: str, why: str) -> None:
    _write(trades, "trades", INBOUND.replace(was, now))
    _write(trades, "trades.out", "reverses: acme/trades\n")
    messages = [one.message.en for one in trades.load().findings if one.code == "mapping.not-reversible"]
    assert len(messages) == 1
    assert messages[0].startswith(f"`{field}` (")
    assert why in messages[0] and f"drop: [{field}]" in messages[0]
    _write(trades, "trades.out", f"reverses: acme/trades\ndrop: [{field}]\n")
    _clean(trades, "trades.out")


def test_the_payload_s_own_field_goes_before_the_turned_one(trades: World) -> None:
    _write(trades, "trades", INBOUND.replace("Title | trim", "Title | default(Other)"))
    _write(trades, "trades.out", "reverses: acme/trades\nfields: {Title: name | upper}\n")
    assert _clean(trades, "trades.out").run([{"name": "n"}], None)[0].fields["Title"] == "N"


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_is_no_number_is_not_computed_with(world: World, value: str) -> None:
    """A database gives such decimals as they are."""
    world.manifest = None
    mapped = world.compiled_out("  total: (price | decimal) * 2\n  sum: price + 1").run(
        [{"price": Decimal(value)}], None
    )[0]
    assert {one.code for one in mapped.errors} == {"not-a-number"}
    assert not mapped.fields
