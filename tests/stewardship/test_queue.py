"""The review queue shows the same questions in the same order as working all of them out anew, whatever happened in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import psycopg
import pytest

from masterdata.store import connect
from masterdata.store.database import hold
from tests.search.rows import number
from tests.stewardship.world import World
from tongmai.core import clock
from tongmai.core.errors import ConfigurationError
from tongmai.sync import acts, queue, reviewing
from tongmai.sync.content import load_content
from tongmai.sync.matcher import Matcher, matcher_in
from tongmai.sync.queue import Place, page, place, refresh, stale
from tongmai.sync.reviewing import questions

Said = Callable[..., Any]
NAMES = [f"e{number}" for number in range(30)]
TARGET = "insert into hub.target (name, stream_id, entity, reads, map_digest) values ('back', 1, 'customer', '{}', '')"


class Hub:
    """An open hub and what both ways of looking at its questions say."""

    def __init__(self, url: str) -> None:
        self.content, self.url = load_content(), url
        self.connection = psycopg.connect(url, autocommit=True)
        self.draw = Random(7)
        self.count = 0

    def change(self, text: str, *values: Any) -> None:
        self.connection.execute(text, values)

    def matcher(self, cursor: Any) -> Matcher:
        found = matcher_in(cursor, self.content.schema, "customer")
        assert found is not None
        return found

    def both(self, now: datetime, size: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """(pages of ``size`` put together, the whole list worked out)."""
        with connect(self.url) as database:
            with database.transaction() as cursor:
                matcher = self.matcher(cursor)
            refresh(database, self.content.schema, [matcher])
            with database.transaction() as cursor:
                assert not stale(cursor, self.content.schema, [matcher])
                paged: list[dict[str, Any]] = []
                after: Place | None = Place(now)
                while after is not None:
                    found = page(cursor, self.content.schema, {"customer": matcher}, after, size)
                    paged += [one.plain() for one in found.groups]
                    after = place(found.next.text()) if found.next else None
                every = questions(cursor, self.content.schema, matcher, now)
                whole = [one.plain() for one in every]
                kept = cursor.execute("select id, members, since, points::float8 from hub.question").fetchall()
                assert {(row[0], tuple(row[1]), row[2], row[3]) for row in kept} == {
                    (one.members[0], tuple(one.members), one.since, round(one.priority - one.points["age"], 1)) for one in every
                }  # fmt: skip
                assert found.open == len(whole)
        return paged, whole


@pytest.fixture
def hub(hub_url: str) -> Hub:
    found = Hub(hub_url)
    for at, name in enumerate(NAMES * 2, 1):
        found.change(
            "insert into hub.source_record (id, stream_id, source_key, fingerprint, entity_id) overriding system value values (%s, 1, %s, '', %s)",
            at, str(at), number(name),
        )  # fmt: skip
    for at, name in enumerate(NAMES):
        found.change(
            "insert into hub.entity (id, entity, version, digest, provenance, created_at) values (%s, 'customer', 1, '', '{}', now() - %s * interval '2 days')",
            number(name), at,
        )  # fmt: skip
    return found


def step(hub: Hub) -> None:
    """One thing that moves a question, or two."""
    draw, name = hub.draw, hub.draw.choice(NAMES[:8])
    one = draw.randint(1, 2 * len(NAMES) - 2)
    other = one + draw.randint(1, 2)  # near ones, so that there are many small groups
    hub.count += 1
    kind = draw.choice(("edge", "edge", "edge", "gone", "gone", "veto", "move", "apart", "undone", "kept", "deal", "deal", "closed", "wait", "wait", "open", "off", "sent", "unsent"))  # fmt: skip
    match kind:
        case "edge":
            hub.change(
                "insert into hub.match_edge (one, other, entity, weight, veto) values (%s, %s, 'customer', %s, false) on conflict do nothing",
                one, other, draw.randint(0, 9000),
            )  # fmt: skip
        case "gone":
            hub.change("delete from hub.match_edge where one = %s or other = %s", one, one)
        case "veto":
            hub.change("update hub.match_edge set veto = not veto where other = %s", other)
        case "move":
            hub.change(
                "update hub.source_record set entity_id = %s where id = %s",
                number(NAMES[(one + draw.randint(0, 2)) % 30]),
                one,
            )
        case "apart" | "kept":
            hub.change(
                """with a as (insert into hub.match_act (entity, kind, who, why, run_id) values ('customer', %s, '', '', '') returning id)
                   insert into hub.match_decision (act, one, other, same) select id, %s, %s, %s from a""",
                kind, one, other, kind == "kept",
            )  # fmt: skip
        case "undone":
            hub.change("update hub.match_decision set ended_at = now() where one = %s or other = %s", one, one)
        case "wait":
            hub.change(
                "insert into hub.outbox (target, entity_id, run_id, state) values ('back', %s, 'r', 'waiting') on conflict do nothing",
                number(name),
            )
        case "open":
            hub.change("update hub.outbox set state = 'open' where entity_id = %s", number(name))
        case "sent":
            hub.change(
                "insert into hub.target_state (target, entity_id, remote_key) values ('back', %s, %s) on conflict do nothing",
                number(name), name,
            )  # fmt: skip
        case "off":
            hub.change("delete from hub.outbox where entity_id = %s", number(name))
        case "unsent":
            hub.change("delete from hub.target_state where entity_id = %s", number(name))
        case "deal" | "closed":
            from masterdata.golden import write as golden
            from masterdata.golden.write import Golden
            from tongmai.sync import due

            fields = {"name": "x", "customer": str(number(name)), "stage": "lost" if kind == "closed" else "following"}
            model = hub.content.schema.entities["opportunity"]
            deal = number(f"deal {draw.randint(1, 9)}")
            with connect(hub.url) as database, database.transaction() as cursor:
                before = golden.load(cursor, [deal]).get(deal, Golden(deal))
                whole = {**dict.fromkeys(model.fields), **fields}
                after = Golden(deal, before.version + 1, golden.digest(whole), whole, {})
                golden.save(database, cursor, model, "r", [(after, list(fields))])
                due.referred(cursor, model, [(before, after)])


def test_pages_put_together_are_the_whole_list(hub: Hub) -> None:
    hub.change("insert into hub.stream (connection, stream, role, entity) values ('c', 's', 'crm', 'customer')")
    hub.change(TARGET)
    now = clock.now()
    shown = 0
    for at in range(80):
        for _ in range(hub.draw.randint(1, 2)):
            step(hub)
        paged, whole = hub.both(now + timedelta(days=at % 5), hub.draw.randint(1, 9))
        assert paged == whole, f"after {hub.count} steps"
        shown = max(shown, len(whole))
    assert shown > 5
    hub.connection.close()


def test_a_question_that_others_answer_goes_and_comes_back(hub: Hub) -> None:
    now = clock.now()
    hub.change("insert into hub.match_edge (one, other, entity, weight, veto) values (1, 2, 'customer', 4000, false)")
    for answered, column in ((True, "moot"), (False, "moot"), (True, "veto"), (False, "veto")):
        paged, whole = hub.both(now, 5)
        assert paged == whole and len(paged) == (1 if answered else 0)
        hub.change(f"update hub.match_edge set {column} = %s", answered)
    assert len(hub.both(now, 5)[0]) == 1
    hub.change(
        """with a as (insert into hub.match_act (entity, kind, who, why, run_id) values ('customer', 'apart', '', '', '') returning id)
           insert into hub.match_decision (act, one, other, same) select id, 1, 2, false from a"""
    )
    assert hub.both(now, 5)[0] == []
    hub.change("update hub.match_decision set ended_at = now()")
    assert len(hub.both(now, 5)[0]) == 1


def test_a_delivery_that_waits_no_more_presses_no_more(hub: Hub) -> None:
    now = clock.now()
    hub.change("insert into hub.stream (connection, stream, role, entity) values ('c', 's', 'crm', 'customer')")
    hub.change(TARGET)
    hub.change("insert into hub.match_edge (one, other, entity, weight, veto) values (1, 2, 'customer', 4000, false)")
    pressing = []
    hub.change(
        """insert into hub.outbox (target, entity_id, run_id, state)
           select 'back', entity_id, 'r', 'waiting' from hub.source_record where id = 1"""
    )
    for state in ("waiting", "open"):
        hub.change("update hub.outbox set state = %s", state)
        paged, whole = hub.both(now, 5)
        assert paged == whole
        pressing.append(paged[0]["priority"])
    assert pressing[0] > pressing[1]


def test_a_delivery_that_waits_counts_while_its_target_has_none_of_it(hub: Hub) -> None:
    hub.change("insert into hub.stream (connection, stream, role, entity) values ('c', 's', 'crm', 'customer')")
    hub.change(TARGET)
    hub.change("insert into hub.match_edge (one, other, entity, weight, veto) values (1, 2, 'customer', 3000, false)")
    one, now = number(NAMES[0]), clock.now()
    for change, waiting in (
        ("insert into hub.outbox (target, entity_id, run_id, state) values ('back', %s, 'r', 'waiting')", 20),
        ("insert into hub.target_state (target, entity_id, remote_key) values ('back', %s, 'k')", 0),
        ("delete from hub.target_state where entity_id = %s", 20),
        ("delete from hub.outbox where entity_id = %s", 0),
    ):
        hub.change(change, one)
        paged, whole = hub.both(now, 1)
        assert paged == whole and paged[0]["points"]["waiting"] == waiting, change
    hub.connection.close()


def test_other_rules_make_all_questions_anew(hub: Hub) -> None:
    hub.change("insert into hub.match_edge (one, other, entity, weight, veto) values (1, 2, 'customer', 3000, false)")
    with connect(hub.url) as database:
        with database.transaction() as cursor:
            matcher = hub.matcher(cursor)
        refresh(database, hub.content.schema, [matcher])
        lenient = replace(matcher, referrers=matcher.referrers[1:])
        with database.transaction() as cursor:
            assert not stale(cursor, hub.content.schema, [matcher]) and stale(cursor, hub.content.schema, [lenient])
            cursor.execute("update hub.question set points = 99")
        refresh(database, hub.content.schema, [lenient])
        with database.transaction() as cursor:
            assert cursor.execute("select count(*) from hub.question where points < 99").fetchone() == (1,)
    hub.connection.close()


def test_what_is_committed_while_the_queue_is_worked_out_is_in_it_the_next_time(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    edge = "insert into hub.match_edge (one, other, entity, weight, veto) values (%s, %s, 'customer', 3000, false)"
    hub.change(edge, 1, 2)
    late = psycopg.connect(hub.url)
    late.execute(edge, (2, 3))
    weigh = reviewing.weigh

    def meet(*given: Any) -> None:
        weigh(*given)
        if not late.closed:
            late.commit()
            late.close()

    monkeypatch.setattr(queue, "weigh", meet)
    with connect(hub.url) as database:
        with database.transaction() as cursor:
            matcher = hub.matcher(cursor)
        refresh(database, hub.content.schema, [matcher])
        with database.transaction() as cursor:
            assert cursor.execute("select array_length(members, 1) from hub.question").fetchall() == [(2,)]
            assert stale(cursor, hub.content.schema, [matcher])
    paged, whole = hub.both(clock.now(), 5)
    assert paged == whole and len(paged[0]["members"]) == 3
    hub.connection.close()


def test_a_run_does_not_wait_for_who_works_the_queue_out(hub: Hub) -> None:
    hub.change("insert into hub.match_edge (one, other, entity, weight, veto) values (1, 2, 'customer', 3000, false)")
    with connect(hub.url) as busy, connect(hub.url) as database, busy.transaction() as cursor:
        hold(cursor, [queue.LOCK])
        done = threading.Thread(target=refresh, args=(database, hub.content.schema), kwargs={"patient": False})
        done.start()
        done.join(20)
        assert not done.is_alive()
    assert hub.connection.execute("select count(*) from hub.question").fetchone() == (0,)
    with connect(hub.url) as database:
        refresh(database, hub.content.schema, patient=False)
    assert hub.connection.execute("select count(*) from hub.question").fetchone() == (1,)
    hub.connection.close()


@pytest.mark.parametrize(
    "text", ["x", "", "eA", Place(datetime(2026, 11, 23, tzinfo=UTC), Decimal(3), "customer").text()[:-9]]
)
def test_a_cursor_that_was_not_given_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        place(text)
    assert caught.value.code == "bad-cursor"


def test_after_a_run_nothing_is_left_to_be_worked_out(world: World, said: Said) -> None:
    for key in ("b1", "b2", "c1", "c2"):
        names = {"b1": "深圳腾景电子有限公司", "b2": "深圳腾晶电子有限公司", "c1": "成都锦华机械有限公司", "c2": "成都锦桦机械有限公司"}  # fmt: skip
        world.put("Account", key, name=names[key], city="深圳市" if key < "c" else "成都市")
    world.put("Deal", "d1", name="扩产", who="c1", stage="following")
    world.run("accounts", "deals")
    assert world.query("select count(*) from hub.question_due") == [(0,)]
    assert world.query("select count(*) from hub.question") == [(2,)]
    first = said("review", "list", "--entity", "customer", "--limit", "1")
    assert first["open"] == 2 and world.entity("c1") in {one["id"] for one in first["groups"][0]["members"]}
    second = said("review", "list", "--limit", "1", "--after", first["next"])
    assert second["next"] is None and second["groups"][0]["group"] != first["groups"][0]["group"]
    # the open deal goes over to the other group's customer
    world.put("Deal", "d1", name="扩产", who="b1", stage="following")
    world.run("deals")
    assert said("review", "list", "--limit", "1")["groups"][0]["group"] == second["groups"][0]["group"]
    # an answer takes its question away at once
    acts.act("customer", acts.Verdict("apart", (world.entity("b1"), world.entity("b2"))), who="s", why="two")
    left = said("review", "list")
    assert left["open"] == 1 and [one["group"] for one in left["groups"]] == [first["groups"][0]["group"]]
