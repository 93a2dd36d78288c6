"""What the database calls an open question is what the words say, and it is found without reading everything."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.search.rows import number

RECORDS = range(1, 9)
PAIRS = [(a, b) for a, b in product(RECORDS, RECORDS) if a < b]
edges = st.dictionaries(
    st.sampled_from(PAIRS), st.tuples(st.integers(-3000, 9000), st.booleans(), st.booleans()), max_size=12
)
verdicts = st.lists(st.tuples(st.sampled_from(PAIRS), st.booleans(), st.booleans()), max_size=6)
homes = st.lists(st.sampled_from("abcde"), min_size=len(RECORDS), max_size=len(RECORDS))


@pytest.fixture
def connection(hub_url: str) -> Any:
    with psycopg.connect(hub_url) as connection:
        yield connection


def fill(cursor: Any, home: dict[int, UUID], pairs: Any, said: Any) -> None:
    for record, one in home.items():
        cursor.execute(
            """insert into hub.source_record (id, stream_id, source_key, fingerprint, entity_id) overriding system value
               values (%s, 1, %s, '', %s)""",
            (record, str(record), one),
        )
    for (one, other), (weight, veto, moot) in pairs.items():
        cursor.execute(
            "insert into hub.match_edge (one, other, entity, weight, veto, moot) values (%s, %s, 'customer', %s, %s, %s)",
            (one, other, weight, veto, moot),
        )
    for (one, other), same, ended in said:
        cursor.execute("insert into hub.match_act (entity, kind, who, why, run_id) values ('customer', 'apart', '', '', '') returning id")  # fmt: skip
        ((act,),) = cursor.fetchall()
        cursor.execute(
            "insert into hub.match_decision values (%s, %s, %s, %s, case when %s then now() end)", (act, one, other, same, ended)
        )  # fmt: skip


@given(homes, edges, verdicts)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_open_question_is_of_two_entities_that_nobody_said_are_two(
    connection: Any, home: list[str], pairs: dict[tuple[int, int], tuple[int, bool, bool]], said: list[Any]
) -> None:
    of = {record: number(name) for record, name in zip(RECORDS, home, strict=True)}
    two = {frozenset((of[a], of[b])) for (a, b), same, ended in said if not same and not ended}
    wanted = {
        (a, b, weight, min(of[a], of[b]), max(of[a], of[b]))
        for (a, b), (weight, veto, moot) in pairs.items()
        if of[a] != of[b] and not veto and not moot and frozenset((of[a], of[b])) not in two
    }
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        fill(cursor, of, pairs, said)
        cursor.execute("select one, other, weight, entity_id, twin_id from hub.match_review")
        assert set(cursor.fetchall()) == wanted
        cursor.execute("select record_id, other_id, weight, entity_id, twin_id from hub.match_twin")
        both = {(a, b, w, of[a], of[b]) for a, b, w, *_ in wanted}
        assert set(cursor.fetchall()) == both | {(b, a, w, y, x) for a, b, w, x, y in both}


def test_twins_of_an_entity_are_found_by_index_among_many_decisions(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into hub.source_record (stream_id, source_key, fingerprint, entity_id)
               select 1, n::text, '', md5(n::text)::uuid from generate_series(1, 8000) n"""
        )
        cursor.execute(
            "insert into hub.match_edge select 2 * n - 1, 2 * n, 'customer', 3000, false from generate_series(1, 4000) n"
        )
        cursor.execute("insert into hub.match_act (entity, kind, who, why, run_id) values ('customer', 'apart', '', '', '')")  # fmt: skip
        cursor.execute("insert into hub.match_decision select max(id), 2 * n - 1, 2 * n, false from hub.match_act, generate_series(1, 2000) n group by n")  # fmt: skip
        cursor.execute("analyze hub.source_record, hub.match_edge, hub.match_decision")
        for where, value in (("entity_id", "md5('5000')::uuid"), ("record_id", "5000")):
            cursor.execute(
                f"explain (analyze, format json) select twin_id from hub.match_twin where {where} = any(array[{value}])"
            )
            ((plan,),) = cursor.fetchall()
            assert "Seq Scan" not in str(plan), plan
            assert plan[0]["Plan"]["Actual Rows"] == 1
    connection.rollback()
