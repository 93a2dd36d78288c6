"""Views for BI over real rows: trees that end, chains, histories, counts."""

from __future__ import annotations

import psycopg
import pytest

from masterdata.golden.views import refresh, views
from masterdata.store import connect
from tests.dictionary.conftest import Golden, made
from tongmai.core.errors import ConfigurationError
from tongmai.sync.content import activate, load_content


def test_the_customer_tree_has_levels_paths_and_ends_in_rings(golden: Golden) -> None:
    golden.put("customer", "group", legal_name="甲集团", type="group")
    golden.put("customer", "child", legal_name="甲子公司", type="subsidiary", parent_id="group")
    golden.put("customer", "branch", legal_name="甲子公司上海分公司", type="branch", parent_id="child")
    golden.put("customer", "alone", legal_name="乙公司", parent_id="alone")
    for name, parent in (("r1", "r2"), ("r2", "r3"), ("r3", "r1"), ("tail", "r1")):
        golden.put("customer", name, legal_name=name, parent_id=parent)
    rows = {
        row[0]: row[1:]
        for row in golden.rows("select legal_name, level, root_id, path_names, in_ring, type from bi.customer_tree")
    }
    assert len(rows) == 8
    assert rows["甲子公司上海分公司"] == (
        2,
        made("group"),
        ["甲集团", "甲子公司", "甲子公司上海分公司"],
        False,
        "branch",
    )
    assert rows["乙公司"] == (0, made("alone"), ["乙公司"], False, None)
    ring = [rows[name] for name in ("r1", "r2", "r3")]
    root = min(made(name) for name in ("r1", "r2", "r3"))
    assert {row[1] for row in [*ring, rows["tail"]]} == {root}
    assert all(row[3] for row in [*ring, rows["tail"]]) and sorted(row[0] for row in ring) == [0, 1, 2]


def test_a_parent_that_was_merged_away_is_followed(golden: Golden) -> None:
    golden.put("customer", "kept", legal_name="kept")
    golden.put("customer", "gone", legal_name="gone")
    golden.put("customer", "child", legal_name="child", parent_id="gone")
    golden.connection.execute("update hub.entity set redirect_to = %s where id = %s", (made("kept"), made("gone")))
    assert golden.rows("select legal_name, level, root_id from bi.customer_tree order by level") == [
        ("kept", 0, made("kept")),
        ("child", 1, made("kept")),
    ]


def test_the_decision_chain_joins_roles_and_contacts(golden: Golden) -> None:
    golden.put("customer", "c", legal_name="甲公司")
    golden.put("contact", "boss", name="王总", customer_id="c", role="decider", title="总经理")
    golden.put("contact", "head", name="李工", customer_id="c", role="user", reports_to_id="boss")
    golden.put("contact", "ring", name="赵", customer_id="c", role="buyer", reports_to_id="ring")
    golden.put(
        "decision_role", "d1", customer_id="c", contact_id="head", role="influencer", stance="champion",
        valid_from="2024-01-01",
    )  # fmt: skip
    golden.put(
        "decision_role", "d0", customer_id="c", contact_id="head", role="gatekeeper", valid_from="2020-01-01",
        valid_to="2023-12-31",
    )  # fmt: skip
    rows = golden.rows("select contact_id, role, stance, level, current, in_ring from bi.decision_chain")
    assert sorted(rows, key=str) == sorted(
        [
            (made("boss"), "decider", None, 0, True, False),
            (made("ring"), "buyer", None, 0, True, False),
            (made("head"), "influencer", "champion", 1, True, False),
            (made("head"), "gatekeeper", None, 1, False, False),
        ],
        key=str,
    )


def test_the_stage_history_says_from_when_to_when(golden: Golden) -> None:
    golden.put("opportunity", "o", name="A", stage="signed")
    for number, (at, stage, amount) in enumerate(
        [
            ("2026-01-01 00:00Z", "following", 1),
            ("2026-01-02 00:00Z", "following", 2),
            ("2026-01-05 00:00Z", "approved", 2),
            ("2026-01-09 00:00Z", "following", 2),
            ("2026-02-01 00:00Z", "signed", 2),
        ],
        1,
    ):
        golden.version("o", number, at, stage=stage, amount=amount)
    rows = golden.rows(
        "select stage, (valid_from at time zone 'UTC')::date::text, (valid_to at time zone 'UTC')::date::text, days"
        " from bi.opportunity_stage_history order by valid_from"
    )
    assert [row[:3] for row in rows] == [
        ("following", "2026-01-01", "2026-01-05"),
        ("approved", "2026-01-05", "2026-01-09"),
        ("following", "2026-01-09", "2026-02-01"),
        ("signed", "2026-02-01", None),
    ]
    assert rows[0][3] == 4


def test_everything_of_a_customer_is_counted_once(golden: Golden) -> None:
    golden.put("customer", "c", legal_name="甲公司")
    golden.put("customer", "d", legal_name="乙公司")
    for number in range(3):
        golden.put("contact", f"p{number}", name="x", customer_id="c")
        golden.put("opportunity", f"o{number}", name="x", customer_id="c", status="inactive" if number else "active")
    golden.put("ticket", "t", number="T1", customer_id="c")
    assert golden.rows(
        "select legal_name, contact_count, opportunity_count, ticket_count, project_count from bi.customer_360 order by 1 desc"
    ) == [("甲公司", 3, 1, 1, 0), ("乙公司", 0, 0, 0, 0)]


def test_terms_are_in_their_order(golden: Golden) -> None:
    rows = golden.rows("select term, zh, owner from bi.term where list = 'opportunity_stage' order by position")
    assert [row[0] for row in rows] == ["following", "approved", "reviewing", "signed", "lost"]
    assert rows[0] == ("following", "跟进中", "销售部")


def test_views_are_made_anew_only_when_they_change_and_never_under_somebody(hub_url: str) -> None:
    content = load_content()
    made_ = views(content.schema, content.kpis, content.kpi_queries)
    with connect(hub_url) as database:
        activate(database, content)
        with database.transaction() as cursor:
            assert refresh(cursor, made_) == []
        one = next(view for view in made_ if view.name == "customer_360")
        other = type(one)(one.name, "select 1 as id", one.about)
        changed = [other if view is one else view for view in made_]
        with psycopg.connect(hub_url, autocommit=True) as bi:
            bi.execute("create view public.mine as select contact_count from bi.customer_360")
            with pytest.raises(ConfigurationError, match="built upon"), database.transaction() as cursor:
                refresh(cursor, changed)
            bi.execute("drop view public.mine")
            with database.transaction() as cursor:
                assert len(refresh(cursor, changed)) == len(made_)
            assert bi.execute("select * from bi.customer_360").fetchall() == [(1,)]
        activate(database, content)  # the release is the same, the views are not: they are made as they were
        with psycopg.connect(hub_url) as bi:
            assert bi.execute("select contact_count from bi.customer_360").fetchall() == []
