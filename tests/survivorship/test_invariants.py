"""What holds for any records: order, expiry, taking away, groups, echoes."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from masterdata.survivorship import Contribution, Override, in_force, survive
from tests.survivorship.model import CUSTOMER, said, steward

FIELDS = {
    "name": ["甲乙科技有限公司", "甲乙科技", "甲乙貿易有限公司", "Jiayi Ltd", "停用", None],
    "code": ["91310000132200821H", "91310000132200821J", "13220082-1", None],
    "phones": [["64321234"], ["021-64321234", "13800138000"], ["138****8000"], ["025-84321234"], [], None],
    "city": ["南京", "上海市", "玄武区", "苏州", None],
    "province": ["江苏", "上海市", None],
    "address": ["中山路18号", "玄武区中山路18号3号楼1201室", "南京市中山路18号", "上海", "北京西路2号", None],
    "bank": ["工商银行", "建设银行", None],
    "account": ["6222", "6333", None],
    "person": ["张三", "张总", "李四 经理", None],
}
ORDERS = 24


@st.composite
def records(draw: st.DrawFn) -> list[Contribution]:
    keys = draw(
        st.lists(
            st.tuples(st.sampled_from(["erp", "crm", "oa", "shop"]), st.integers(1, 3)),
            unique=True,
            min_size=1,
            max_size=6,
        )
    )
    found = []
    for number, (role, key) in enumerate(keys):
        fields = {
            name: value for name, values in FIELDS.items() if (value := draw(st.sampled_from(values))) is not None
        }
        stamps = {name: draw(st.sampled_from(["2023-05-01", "2025-05-01", "2026-01-01", ""])) for name in fields}
        echo = frozenset(draw(st.sets(st.sampled_from(sorted(FIELDS)), max_size=2)))
        gone = draw(st.booleans()) and draw(st.booleans())
        found.append(Contribution(number, role, role, "customers", str(key), fields, stamps, echo, gone))
    return found


values = st.sampled_from(
    [steward("name", "丙丁有限公司"), steward("city", "广州市", 50), steward("bank", "农业银行", 10)]
)


@settings(max_examples=60, deadline=None)
@given(records(), st.lists(values, unique_by=lambda one: one.field), st.integers(0, 2**32))
def test_24_orders_of_arrival_give_one_record(found: list[Contribution], own: list[Override], seed: int) -> None:
    wanted = survive(CUSTOMER, found, own)
    rng = random.Random(seed)
    orders = (
        list(itertools.permutations(found))
        if len(found) < 5
        else [rng.sample(found, len(found)) for _ in range(ORDERS)]
    )
    for order in orders[:ORDERS]:
        assert survive(CUSTOMER, list(order), rng.sample(own, len(own))) == wanted


@settings(max_examples=60, deadline=None)
@given(records(), st.integers(0, 5))
def test_taking_a_record_away_restores_what_was_before_it(found: list[Contribution], at: int) -> None:
    one = found[at % len(found)]
    without = [each for each in found if each is not one]
    before = survive(CUSTOMER, without)
    survive(CUSTOMER, found)
    assert survive(CUSTOMER, [each for each in [*without, one] if each is not one]) == before


@settings(max_examples=60, deadline=None)
@given(records())
def test_a_group_is_never_mixed(found: list[Contribution]) -> None:
    fields, why = survive(CUSTOMER, found)
    filled = [why[name] for name in ("bank", "account") if fields[name] is not None]
    assert len({(one["connection"], one["key"]) for one in filled}) <= 1
    if filled:
        winner = next(c for c in found if c.connection == filled[0]["connection"] and c.key == filled[0]["key"])
        for name in ("bank", "account"):
            said_there = winner.fields.get(name) if name not in winner.echo else None
            assert fields[name] == said_there


@settings(max_examples=60, deadline=None)
@given(records())
def test_every_value_has_a_reason_and_no_echo_is_one(found: list[Contribution]) -> None:
    fields, why = survive(CUSTOMER, found)
    for name, value in fields.items():
        told = why.get(name)
        assert (value is None) == (told is None or told["rule"] == "refused")
        if told and told["connection"] != "hub":
            source = next(c for c in found if (c.connection, c.key) == (told["connection"], told["key"]))
            assert name not in source.echo
            assert source.fields[name]


@settings(max_examples=60, deadline=None)
@given(records(), st.integers(-3, 3), st.sampled_from([("name", "丙丁有限公司"), ("phones", ["+8613500135000"])]))
def test_an_override_holds_until_its_time_is_over(
    found: list[Contribution], days: int, given: tuple[str, object]
) -> None:
    field, value = given
    one = steward(field, value)
    now = one.until + timedelta(days=days)
    fields, why = survive(CUSTOMER, found, in_force([one], now))
    plain = survive(CUSTOMER, found)
    if now < one.until:
        assert fields[field] == value
        assert (why[field]["rule"], why[field]["by"], why[field]["why"]) == ("override", "li", "asked the customer")
        assert why[field]["others"] or plain[0][field] is None
    else:
        assert (fields, why) == plain


def test_an_override_competes_by_its_trust() -> None:
    erp = said("erp", code="91310000132200821H")
    assert survive(CUSTOMER, [erp], [steward("code", "91330100799655058B", 90)])[0]["code"] == "91330100799655058B"
    fields, why = survive(CUSTOMER, [erp], [steward("code", "91330100799655058B", 89)])
    assert fields["code"] == "91310000132200821H"
    assert why["code"]["others"][0] == {
        "connection": "hub",
        "stream": "override",
        "key": "1",
        "value": "91330100799655058B",
    }


def test_what_follows_from_an_overridden_field_follows_from_the_stewards_value() -> None:
    fields, _ = survive(CUSTOMER, [said("crm", city="南京", phones=["64321234"])], [steward("city", "上海市")])
    assert (fields["province"], fields["phones"]) == ("上海市", ["+862164321234"])


def test_an_ended_override_stays_while_only_our_own_writes_hold_it() -> None:
    ended = in_force([steward("person", "张三")], datetime(2028, 1, 1, tzinfo=UTC))
    echo = said("crm", echo=("person",), person="张三")
    fields, why = survive(CUSTOMER, [echo], ended)
    assert (fields["person"], why["person"]["rule"]) == ("张三", "kept")
    assert survive(CUSTOMER, [said("crm", echo=("person",), person="李四")], ended)[0]["person"] is None
    assert survive(CUSTOMER, [echo, said("erp", person="李四")], ended)[0]["person"] == "李四"
