"""Customers are found by part of the name, sound, initials, code, telephone and with a slip; the best fit first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masterdata.golden import search
from masterdata.model import Entity
from masterdata.search import entries, query, rank, tokens
from masterdata.search.token import numbers
from masterdata.store import Database
from tests.search.rows import hub, number, put
from tongmai.stack.postgres import Server
from tongmai.sync.content import Content, load_content

CUSTOMERS: dict[str, dict[str, Any]] = {
    "tuojin": {"legal_name": "上海拓金生物科技有限公司", "uscc": "91310115MA1K3ABC0X", "phones": ["021-64321234"]},
    "tengjing": {"legal_name": "深圳市腾景电子股份有限公司", "number": "C-1001", "phones": ["13812345678"]},
    "tengjing2": {"legal_name": "江苏腾景置业有限公司", "number": "C-1002"},
    "minghui": {"legal_name": "重庆明辉重工有限公司", "former_names": ["重庆红星机械厂"]},
    "northwind": {"legal_name": "Northwind Optics Ltd", "english_name": "Northwind Optics"},
    "longname": {"legal_name": "中国石油化工股份有限公司上海腾景拓金分公司"},
}
EVERY = frozenset({"legal_name", "short_name", "former_names", "english_name", "uscc", "number", "phones"})


@pytest.fixture(scope="module")
def whole(postgres: Server, hub_template: str) -> Iterator[tuple[Database, Content]]:
    """One hub for the tests of this file; each is undone at its end."""
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database search_test template {hub_template} owner tongmai")
    url = postgres.url("tongmai").rsplit("/", 1)[0] + "/search_test"
    with hub(url) as (database, content):
        put(database, content, "customer", CUSTOMERS)
        yield database, content
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("drop database search_test with (force)")


@pytest.fixture
def filled(whole: tuple[Database, Content]) -> Iterator[tuple[Database, Content]]:
    with whole[0].connection.transaction(force_rollback=True):
        yield whole
    whole[0].forget_stages()  # its staging tables went with it


def find(database: Database, text: str, allowed: frozenset[str] = EVERY, limit: int = 10) -> list[tuple[str, str]]:
    names = {number(key): key for key in CUSTOMERS}
    with database.transaction() as cursor:
        found = search.search(cursor, "customer", query(text), allowed, limit)
    return [(names[one.id], one.hit.how) for one in found]


@pytest.mark.parametrize(
    ("typed", "best", "how"),
    [
        ("上海拓金生物科技有限公司", "tuojin", "name"),
        ("上海拓金生物科技", "tuojin", "name"),
        ("拓金", "tuojin", "brand"),
        ("拓金生物", "tuojin", "brand"),
        ("上海拓", "tuojin", "start"),
        ("生物科", "tuojin", "part"),
        ("上海 生物", "tuojin", "part"),
        ("上海拓金生物料技", "tuojin", "slip"),
        ("上海拓晶生物科技", "tuojin", "slip"),
        ("上海拓今生物科技", "tuojin", "sound"),
        ("拓金信息技术", "tuojin", "brand"),
        ("上海拓惊生特科技", "", ""),
        ("腾惊电子", "tengjing", "sound"),
        ("腾x电子", "tengjing", "slip"),
        ("深圳腾景电子", "tengjing", "slip"),
        ("騰景電子", "tengjing", "brand"),
        ("tuojin", "tuojin", "sound"),
        ("shanghaituojin", "tuojin", "sound"),
        ("tuojinsheng", "tuojin", "sound"),
        ("tuojinshe", "tuojin", "sound"),
        ("shtj", "tuojin", "initials"),
        ("tjsw", "tuojin", "initials"),
        ("cqmh", "minghui", "initials"),
        ("红星", "minghui", "brand"),
        ("91310115MA1K3ABC0X", "tuojin", "code"),
        ("91310115ma1k3abc0x", "tuojin", "code"),
        ("9131 0115 MA1K 3ABC 0X", "tuojin", "code"),
        ("91310115MA", "tuojin", "code"),
        ("3ABC0X", "tuojin", "code"),
        ("91310115MA1K8ABC0X", "tuojin", "slip"),
        ("C-1002", "tengjing2", "code"),
        ("c1002", "tengjing2", "code"),
        ("021 6432 1234", "tuojin", "phone"),
        ("64321234", "tuojin", "phone"),
        ("+86 138 1234 5678", "tengjing", "phone"),
        ("5678", "tengjing", "phone"),
        ("northwind", "northwind", "start"),
        ("Nortwind Optics", "northwind", "slip"),
        ("northwnid", "northwind", "slip"),
        ("nothwi", "northwind", "slip"),
        ("noxthw", "northwind", "slip"),
        ("完全没有的公司", "", ""),
        ("？！", "", ""),
        ("", "", ""),
    ],
)
def test_what_is_typed_finds_the_right_one_first(
    filled: tuple[Database, Content], typed: str, best: str, how: str
) -> None:
    found = find(filled[0], typed)
    assert (found[0] if found else ("", "")) == (best, how), found


def test_the_best_fit_comes_first(filled: tuple[Database, Content]) -> None:
    assert [key for key, _ in find(filled[0], "腾景")] == ["tengjing2", "tengjing", "longname"]
    assert [key for key, _ in find(filled[0], "腾景", limit=1)] == ["tengjing2"]


def test_a_field_that_may_not_be_seen_finds_nothing(filled: tuple[Database, Content]) -> None:
    assert find(filled[0], "13812345678", EVERY - {"phones"}) == []
    assert find(filled[0], "5678", EVERY - {"phones"}) == []
    assert find(filled[0], "拓金", frozenset({"uscc"})) == []


def test_a_changed_name_is_found_and_the_old_one_is_not(filled: tuple[Database, Content]) -> None:
    database, content = filled
    put(database, content, "customer", {"tuojin": {"legal_name": "北京银杏教育有限公司"}})
    assert find(database, "银杏") == [("tuojin", "brand")]
    assert "tuojin" not in [key for key, _ in find(database, "拓金")]
    before = content.schema.entities["customer"]
    with database.transaction() as cursor:  # an older version that comes late changes nothing
        search.keep(database, cursor, before, [(number("tuojin"), 1, CUSTOMERS["tuojin"], True)])
    assert "tuojin" not in [key for key, _ in find(database, "拓金生物")]


def test_an_entity_that_redirects_leaves_and_comes_back(filled: tuple[Database, Content]) -> None:
    database, _ = filled

    def redirect(to: str | None) -> None:
        with database.transaction() as cursor:
            cursor.execute(
                "update hub.entity set redirect_to = %s where id = %s", (to and number(to), number("tengjing"))
            )

    redirect("tengjing2")
    assert "tengjing" not in [key for key, _ in find(database, "腾景")]
    redirect(None)
    assert "tengjing" in [key for key, _ in find(database, "腾景")]


def test_rebuild_makes_what_is_stale_and_only_that(filled: tuple[Database, Content]) -> None:
    database, content = filled
    model = content.schema.entities["customer"]
    with database.transaction() as cursor:
        assert search.stale(cursor, model) == 0
        cursor.execute("delete from hub.search where id = %s", (number("tuojin"),))
        cursor.execute("update hub.search set mark = 0, tokens = '{}' where id = %s", (number("minghui"),))
        cursor.execute(
            "update hub.entity set redirect_to = %s where id = %s", (number("tengjing2"), number("tengjing"))
        )
        cursor.execute("delete from hub.search where id = %s", (number("tengjing"),))
        assert search.stale(cursor, model) == 3
    assert find(database, "拓金生物") == []
    assert list(search.rebuild(database, model)) == [3]
    assert list(search.rebuild(database, model)) == []
    assert find(database, "拓金生物")[0][0] == "tuojin"
    assert find(database, "明辉") == [("minghui", "brand")]
    assert "tengjing" not in [key for key, _ in find(database, "腾景")], "it redirects"
    assert list(search.rebuild(database, model, every=True)) == [len(CUSTOMERS)]
    with database.transaction() as cursor:
        assert search.forget(cursor, ["customer"]) == 0
        assert search.forget(cursor, ["contact"]) == len(CUSTOMERS)


@pytest.fixture(scope="module")
def customer() -> Entity:
    return load_content().schema.entities["customer"]


HAN = st.sampled_from("上海北京深圳腾景拓金明辉华信瑞丰电子科技生物重庆长沙银行")


@settings(max_examples=150, deadline=None)
@given(st.text(HAN, min_size=4, max_size=12), st.data())
def test_every_stretch_and_every_slip_of_a_name_finds_it(customer: Entity, name: str, data: st.DataObject) -> None:
    """Some set of tokens of the query lies within those of the record, and the ranking agrees."""
    found = entries(customer, {"legal_name": name})
    have = set(tokens("customer", found))
    begin = data.draw(st.integers(0, len(name) - 3))
    part = name[begin : data.draw(st.integers(begin + 3, len(name)))]
    kind = data.draw(st.sampled_from(["as it is", "other", "missing", "more", "swapped"]))
    at = data.draw(st.integers(0, len(part) - 1))
    wrong = {
        "as it is": part,
        "other": part[:at] + "鑫" + part[at + 1 :],
        "missing": part[:at] + part[at + 1 :],
        "more": part[:at] + "鑫" + part[at:],
        "swapped": part[: max(at - 1, 0)] + part[at : at + 1] + part[max(at - 1, 0) : at] + part[at + 1 :],
    }[kind]
    asked = query(wrong)
    if kind != "as it is" and (len(asked.text) < 4 or asked.text not in wrong):
        return  # a slip in three characters may leave no pair
    sets = [*asked.first, *asked.then, *asked.slips]
    assert any(have.issuperset(numbers("customer", one)) for one in sets), (wrong, name)
    assert rank(asked, found, {"legal_name"}) is not None, (wrong, name)


def test_every_entity_searches_fields_it_has() -> None:
    content = load_content()
    assert [f.line() for f in content.schema.findings] == []
    assert sum(bool(entity.search.kinds()) for entity in content.schema.entities.values()) >= 8


@pytest.mark.parametrize(
    "typed",
    ["xian" * 25, "xian" * 14 + "v", "an" * 30 + "v", "a" * 100, "z" * 100, "的" * 100, "1" * 100, "(" * 100, "\0x"],
)
def test_no_query_takes_long(typed: str) -> None:
    query("上海")  # tables are read once
    began = time.perf_counter()
    asked = query(typed)
    assert time.perf_counter() - began < 1
    assert len(asked.first) + len(asked.then) + len(asked.slips) < 80


def test_letters_are_read_as_syllables() -> None:
    assert ("shang", "hai") in query("shanghai").heard
    assert {("xi", "an"), ("xian",)} <= set(query("xian").heard)
    assert ("tuo", "jin") in query("tuojinsh").heard
    assert query("qqqq").heard == ()
