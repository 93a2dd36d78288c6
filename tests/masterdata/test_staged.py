"""Few rows and many are told to statements in two ways: what arrives is the same."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masterdata.store import connect, staged

COLUMNS = (
    "n bigint, small integer, name text, mark bytea, id uuid, ok boolean, tags text[], tokens integer[], fields jsonb"
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
ODD = st.sampled_from(["\\N", "\\x41", "\\", "a\tb\r\nc", "{a,b}", '{"a"}', "null", "NULL", '"', "\u2028", "\ufeff", "😀", "％s %s %(x)s", "{staged}"])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
ROW = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | TEXT | ODD,
    st.none() | st.binary(),
    st.none() | st.uuids(),
    st.none() | st.booleans(),
    st.none() | st.lists(st.none() | TEXT | ODD, max_size=3),
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3).map(lambda each: "{" + ",".join(map(str, each)) + "}"),
    st.none() | JSON.map(lambda value: orjson.dumps(value).decode()),
)


def test_both_ways_tell_the_same(hub_url: str) -> None:
    with connect(hub_url) as database:

        @given(st.lists(ROW, max_size=4))
        def same(rows: list[tuple[Any, ...]]) -> None:
            found = []
            for few in (staged.FEW, -1):
                with pytest.MonkeyPatch.context() as patch, database.transaction() as cursor:
                    patch.setattr(staged, "FEW", few)
                    told = database.stage(cursor, "odd", COLUMNS, iter(rows))
                    assert told.source.startswith("stage_") is (few < 0 or any(row[-1] == "null" for row in rows))
                    query = "select staged.*, fields::text, fields is null from {staged} where %(yes)s"
                    found.append(told.execute(query, yes=True).fetchall())
            assert found[0] == found[1]
            assert len(found[0]) == len(rows)

        same()


def test_a_table_that_went_with_a_savepoint_is_made_again(hub_url: str) -> None:
    rows = [(n, UUID(int=n)) for n in range(staged.FEW + 1)]
    with connect(hub_url) as database, database.transaction() as cursor:
        with pytest.raises(ZeroDivisionError), cursor.connection.transaction():
            database.stage(cursor, "gone", "n bigint, id uuid", rows)
            raise ZeroDivisionError
        database.forget_stages()
        told = database.stage(cursor, "gone", "n bigint, id uuid", rows)
        assert told.execute("select count(*) from {staged}").fetchall() == [(len(rows),)]
