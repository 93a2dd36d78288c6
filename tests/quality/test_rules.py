"""What each kind of rule says of a record, and the scores made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.quality import conditions
from masterdata.model import load_schema
from masterdata.quality import BOTH, Rule, Subject, Tally, rules_of, scored
from masterdata.quality.score import of_record
from tongmai.core.text import Text
from tongmai.quality.compiled import judge
from tongmai.sync.content import load_content

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
SCHEMA = load_content().schema
ENTITY = """entity: firm
label: {zh: 公司, en: Firm}
fields:
  name:   {type: text, label: {zh: 名称, en: Name}}
  code:   {type: uscc, label: {zh: 代码, en: Code}}
  phones: {type: [phone], survive: union, label: {zh: 电话, en: Phones}}
  begun:  {type: date, label: {zh: 自, en: From}}
  ended:  {type: date, label: {zh: 至, en: To}}
  size:   {type: integer, label: {zh: 人数, en: Size}}
  status: {type: text, label: {zh: 状态, en: Status}}
  owner:  {type: ref(firm), label: {zh: 上级, en: Owner}}
survivorship: {fields: {name: {as: company_name}}}
rules:
  - holds: size >= 0
    code: negative-size
    label: {zh: 人数不为负, en: No negative size}
"""


@pytest.fixture
def verdict(tmp_path: Path) -> Any:
    """``verdict(rules, name, record, …)``: what the rule ``name`` says of one record."""

    def say(text: str, name: str, fields: dict[str, Any], **more: Any) -> bool | None:
        folder = tmp_path / "firm"
        folder.mkdir(exist_ok=True)
        (folder / "entity.yaml").write_text(ENTITY, encoding="utf-8")
        (folder / "quality.yaml").write_text(f"quality: firm\n{text}", encoding="utf-8")
        schema = load_schema([tmp_path])
        assert schema.findings == []
        source = schema.quality["firm"]
        asked, wrong = conditions(source, schema.entities["firm"], schema)
        assert wrong == []
        found = {rule.name: rule for rule in rules_of(source.rules, schema.entities["firm"], asked, matched=True)}
        (said,) = found[name].check([Subject(fields, **more)], NOW)
        return said

    return say


def test_completeness(verdict: Any) -> None:
    rules = "completeness:\n  name: 3\n  code: {when: status == 'signed'}\n  reach: {any: [phones, name]}\n"
    assert verdict(rules, "completeness.name", {"name": "x"}) is True
    for empty in ({}, {"name": None}, {"name": ""}):
        assert verdict(rules, "completeness.name", empty) is False
    assert verdict(rules, "completeness.name", {}, golden={}) is None, "the source has no such field"
    assert verdict(rules, "completeness.name", {"name": None}, golden={}) is False
    assert verdict(rules, "completeness.code", {"status": "signed"}) is False
    assert verdict(rules, "completeness.code", {"status": "open"}) is None
    assert verdict(rules, "completeness.code", {}) is None, "nobody knows whether it is signed"
    assert verdict(rules, "completeness.reach", {"phones": [], "name": "x"}) is True
    assert verdict(rules, "completeness.reach", {"phones": []}) is False


def test_validity(verdict: Any) -> None:
    rules = (
        "validity:\n  name: {as: company_name, never: [note, short], matches: '.{4,}'}\n  size: {least: 1, most: 99}\n"
    )
    name, size = "validity.name", "validity.size"
    assert verdict(rules, name, {"name": "苏州天和科技有限公司"}) is True
    assert verdict(rules, name, {"name": "天和"}) is False
    assert verdict(rules, name, {}) is None
    assert [verdict(rules, size, {"size": each}) for each in (0, 1, 99, 100, None)] == [False, True, True, False, None]
    assert verdict(rules, size, {"size": "many"}) is False
    # types are checked without being named
    assert verdict(rules, "validity.code", {"code": "91310000132200821H"}) is True
    assert verdict(rules, "validity.code", {"code": "91310000132200821J"}) is False
    assert verdict(rules, "validity.code", {"code": None}, flags=frozenset({"refused:code"})) is False
    assert verdict(rules, "validity.phones", {"phones": ["+8613800138000", "+12025550123"]}) is True
    assert verdict(rules, "validity.phones", {"phones": ["+8613800138000", "1"]}) is False


def test_consistency(verdict: Any) -> None:
    rules = "consistency:\n  order: {holds: ended >= begun, label: {zh: 先后, en: Order}}\n"
    rules += "  past: {holds: begun <= today, label: {zh: 过去, en: Past}}\n"
    order, past = "consistency.order", "consistency.past"
    assert verdict(rules, order, {"begun": "2026-01-01", "ended": "2026-01-01"}) is True
    assert verdict(rules, order, {"begun": "2026-01-02", "ended": "2026-01-01"}) is False
    assert verdict(rules, order, {"begun": "2026-01-02"}) is None
    assert [verdict(rules, past, {"begun": day}) for day in ("2026-11-22", "2026-11-23")] == [True, False]
    assert verdict(rules, "consistency.negative-size", {"size": -1}) is False
    assert verdict(rules, "consistency.negative-size", {"size": "many"}) is False, "and it stops no other record"


def test_agreement_and_references(verdict: Any) -> None:
    rules, name = "agreement: {name: 2, phones: 1}\n", "consistency.name_agrees"
    firm = {"name": "苏州天和科技有限公司"}
    assert verdict(rules, name, {"name": "苏州天和科技 有限公司"}, golden=firm) is True, "as names are compared"
    assert verdict(rules, name, {"name": "苏州人和科技有限公司"}, golden=firm) is False
    assert verdict(rules, name, {"name": None}, golden=firm) is None
    some = {"phones": ["+8613800138000", "+8613800138001"]}
    assert verdict(rules, "consistency.phones_agrees", {"phones": some["phones"][1:]}, golden=some) is True
    assert verdict(rules, "consistency.phones_agrees", {"phones": ["+8613800138009"]}, golden=some) is False
    owner = "consistency.owner_resolves"
    assert verdict(rules, owner, {"owner": "id"}) is True
    assert verdict(rules, owner, {"owner": None}) is None
    assert verdict(rules, owner, {"owner": None}, flags=frozenset({"waiting:owner"})) is False
    assert verdict(rules, owner, {"owner": "id"}, flags=frozenset({"lost:owner"})) is False


def test_timeliness(verdict: Any) -> None:
    rules = "timeliness:\n  confirmed: {within: 90 days, roles: {crm: 30 days}}\n  moves: {of: [size, name], within: 10 days}\n"

    def confirmed(days: float, role: str = "") -> Any:
        return verdict(rules, "timeliness.confirmed", {}, confirmed=NOW - timedelta(days=days), role=role)

    assert [confirmed(89), confirmed(91), confirmed(89, "crm"), confirmed(29, "crm")] == [True, False, False, True]
    assert verdict(rules, "timeliness.confirmed", {}) is False, "no source ever said so"
    changed = {"size": "2026-01-01T00:00:00Z", "name": "2026-11-20T00:00:00"}
    assert verdict(rules, "timeliness.moves", {}, changed=changed) is True
    assert verdict(rules, "timeliness.moves", {}, changed={"size": changed["size"]}) is False
    assert verdict(rules, "timeliness.moves", {}, golden={}) is None, "the source has none of these fields"


def test_uniqueness(verdict: Any) -> None:
    rules = "uniqueness:\n  code: 2\n  both: {of: [name, begun]}\n"
    assert verdict(rules, "uniqueness.code", {"code": "x"}) is True
    assert verdict(rules, "uniqueness.code", {"code": "x"}, flags=frozenset({"same:code"})) is False
    assert verdict(rules, "uniqueness.both", {"name": "x"}, flags=frozenset({"same:both"})) is None
    assert verdict(rules, "uniqueness.once", {}, flags=frozenset({"again"})) is False
    assert verdict(rules, "uniqueness.twins", {}, flags=frozenset({"twin"})) is False


@pytest.mark.parametrize(
    ("entity", "rule", "good", "bad"),
    [
        ("customer", "consistency.city_in_province", {"city": "苏州市", "province": "江苏省"}, {"city": "苏州市", "province": "浙江省"}),
        ("customer", "consistency.city_in_province", {"city": "上海市", "province": "上海市"}, {"city": "上海市", "province": "江苏省"}),
        ("customer", "consistency.city_in_province", {"city": "南京", "province": "江苏"}, {"city": "南京", "province": "湖南"}),
        ("customer", "consistency.branch_has_parent", {"type": "branch", "parent": "x"}, {"type": "branch"}),
        ("customer", "completeness.uscc", {"country": "中国", "uscc": "x"}, {"country": "中国"}),
        ("customer", "validity.postcode", {"postcode": "210000"}, {"postcode": "21000"}),
        ("contact", "completeness.reach", {"email": "a@b.cn"}, {"email": None}),
        ("contact", "validity.name", {"name": "王小明"}, {"name": "王**"}),
        ("product", "validity.barcode", {"barcode": "6901234567892"}, {"barcode": "690123"}),
        (
            "sales_order",
            "consistency.amount_of_lines",
            {"amount": "30.00", "lines": [{"quantity": "3", "price": "9.99"}, {"quantity": "1", "price": "0.03"}]},
            {"amount": "31.00", "lines": [{"quantity": "3", "price": "10"}]},
        ),
        ("sales_order", "consistency.due_after_order", {"ordered_on": "2026-01-01", "due_on": "2026-02-01"}, {"ordered_on": "2026-03-01", "due_on": "2026-02-01"}),
        ("opportunity", "consistency.expected_in_the_future", {"stage": "approved", "expected_on": "2026-12-01"}, {"stage": "approved", "expected_on": "2026-10-01"}),
        ("opportunity", "completeness.lost_reason", {"stage": "lost", "lost_reason": "price"}, {"stage": "lost"}),
        ("employee", "consistency.who_left_is_inactive", {"left_on": "2027-01-01"}, {"left_on": "2026-01-01"}),
        ("supplier", "validity.legal_name", {"legal_name": "苏州天和科技有限公司"}, {"legal_name": "停用"}),
        ("member", "consistency.joined_after_birth", {"date_of_birth": "1990-01-01", "joined_on": "2020-01-01"}, {"date_of_birth": "2021-01-01", "joined_on": "2020-01-01"}),
    ],
)  # fmt: skip
def test_the_rules_that_we_ship(entity: str, rule: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    found = next(one for one in judge(SCHEMA, entity).rules if one.name == rule)
    assert found.check([Subject(good), Subject(bad)], NOW) == [True, False]


@pytest.mark.parametrize("entity", ["customer", "supplier"])
def test_a_legal_name_without_a_form_is_wrong_only_where_a_form_belongs(entity: str) -> None:
    found = next(one for one in judge(SCHEMA, entity).rules if one.name == "validity.legal_name")
    names = {
        "苏州天和科技有限公司": True, "苏州天和科技": False, "天和": False, "老客户": False,
        "苏州市第一人民医院": True, "清华大学": True, "苏州市公安局": True, "老王五金店": True,
        "Northwind Optics": True, "Siemens AG": True, "test": False, "n/a": False, "ООО Газпром": True,
    }  # fmt: skip
    assert dict(zip(names, found.check([Subject({"legal_name": name}) for name in names], NOW), strict=True)) == names


def test_an_order_without_lines_or_amount_is_not_held_against_it() -> None:
    found = next(one for one in judge(SCHEMA, "sales_order").rules if one.name == "consistency.amount_of_lines")
    line = {"quantity": "3", "price": "10"}
    assert found.check([Subject({"amount": "1"}), Subject({"lines": [line]})], NOW) == [None, None]


DIMENSIONS = ("completeness", "validity", "timeliness")
VERDICTS = st.sampled_from([True, False, None])
RULES = st.lists(st.tuples(st.sampled_from(DIMENSIONS), st.integers(1, 5)), min_size=1, max_size=6).map(
    lambda found: [
        Rule(f"{dimension}.r{at}", Text("", ""), weight, lambda subjects, now: [], ())
        for at, (dimension, weight) in enumerate(found)
    ]
)
WEIGHTS = st.dictionaries(st.sampled_from(DIMENSIONS), st.integers(0, 4))


@given(st.data(), RULES, WEIGHTS)
def test_a_score_says_what_it_loses_by(data: st.DataObject, rules: list[Rule], weights: dict[str, float]) -> None:
    records = data.draw(st.lists(st.lists(VERDICTS, min_size=len(rules), max_size=len(rules)), max_size=8))
    whole, halves = Tally(len(rules)), [Tally(len(rules)), Tally(len(rules))]
    for at, record in enumerate(records):
        whole.count(record)
        halves[at % 2].count(record)
    found = scored(rules, weights, whole)
    if found.total is not None:
        assert -1e-9 <= found.total <= 100 + 1e-9
        assert found.total + sum(found.costs.values()) == pytest.approx(100)
        assert all(cost >= 0 for cost in found.costs.values())
    halves[1].add(halves[0])
    assert scored(rules, weights, halves[1]) == found, "it does not matter in which parts or order records are counted"
    if records:
        one = Tally(len(rules))
        one.count(records[0], 3)
        total = scored(rules, weights, one).total
        assert of_record(rules, weights, records[0]) == pytest.approx(100 if total is None else total)


@given(st.data(), RULES, WEIGHTS)
def test_mending_a_record_never_lowers_the_score(
    data: st.DataObject, rules: list[Rule], weights: dict[str, float]
) -> None:
    record = data.draw(st.lists(VERDICTS, min_size=len(rules), max_size=len(rules)))
    mended = [True if verdict is False and data.draw(st.booleans()) else verdict for verdict in record]
    assert of_record(rules, weights, mended) >= of_record(rules, weights, record) - 1e-9


def test_both_is_what_a_rule_is_asked_of() -> None:
    assert {rule.name for rule in judge(SCHEMA, "customer").rules if rule.on != BOTH} == {
        "consistency.legal_name_agrees",
        "consistency.uscc_agrees",
        "consistency.city_agrees",
    }
