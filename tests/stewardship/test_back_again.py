"""Whatever stewards do, when all of it is undone, in whatever order, everything is as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.core.errors import ConfigurationError, RetryableError, TongmaiError
from tongmai.sync.acts import Verdict, act, undo

ACCOUNTS = {
    "a1": {"name": FULL, "code": CODE, "city": "上海市"},
    "a2": {"name": FULL, "city": "上海市", "phone": "021-64321234"},
    "a3": {"name": SLIP, "city": "上海市"},
    "b1": {"name": "深圳腾景电子有限公司", "city": "深圳市"},
    "b2": {"name": "深圳腾晶电子有限公司", "city": "深圳市"},
}
KEYS = st.sampled_from(sorted(ACCOUNTS))


def _fill(world: World) -> None:
    for key, fields in ACCOUNTS.items():
        world.put("Account", key, **fields)
    world.put("Deal", "d1", name="扩产", who="a3", stage="following")
    world.put("Deal", "d2", name="改造", who="b2", stage="following")
    world.run("accounts", "deals")


def _everything(world: World, ids: list[Any]) -> tuple[Any, ...]:
    """``ids``: the entities that there were at first; an id that lived for a while points on for good."""
    return (
        world.query("select source_key, entity_id from hub.source_record order by 1"),
        world.query("select to_jsonb(g) from golden.customer g order by id"),
        world.query("select id, customer_id from golden.opportunity order by 1"),
        world.query("select id, redirect_to from hub.entity where id = any(%s) order by 1", ids),
    )


def test_undone_in_any_order_all_is_as_it_was(world: World) -> None:
    _fill(world)
    ids = [one for (one,) in world.query("select id from hub.entity")]
    before = _everything(world, ids)
    assert len({row[1] for row in before[0]}) >= 4

    @given(
        st.lists(st.tuples(st.sampled_from(["merge", "apart", "unmerge"]), KEYS, KEYS), min_size=2, max_size=3),
        st.randoms(use_true_random=False),
    )
    # One world for all: an example that failed has left something behind, so it is not made smaller.
    @settings(max_examples=5, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    def there_and_back(said: list[tuple[str, str, str]], chance: Any) -> None:
        done = []
        for kind, a, b in said:
            verdict = Verdict(kind, records=(world.record(a),)) if kind == "unmerge" else Verdict(kind, (a, b))
            try:
                done.append(act("customer", verdict, who="li", why="a try").act)
            except ConfigurationError as error:  # they are one already, or there is nothing to take apart
                assert error.code == "bad-option"
                continue
            now = {row[0]: row[1] for row in world.query("select source_key, entity_id from hub.source_record")}
            if kind == "merge":
                assert now[a] == now[b], "what was said last counts"
            elif kind == "apart":
                assert now[a] != now[b]
            golden = {row[0] for row in world.query("select id from golden.customer")}
            assert golden == {now[key] for key in ACCOUNTS}, "one golden record for each entity"
            deals = dict(world.query("select name, customer_id from golden.opportunity"))
            assert (deals["扩产"], deals["改造"]) == (now["a3"], now["b2"]), "what refers to them follows"
        chance.shuffle(done)
        for one in done:
            undo("customer", one, who="li")
        assert _everything(world, ids) == before

    there_and_back()


def test_an_act_stands_where_a_source_cannot_be_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(world)
    one = world.entity("a1")

    def away(*_: object) -> None:
        raise RetryableError("tray_crm", "no answer", "try again", code="http-503")

    with monkeypatch.context() as patched:
        patched.setattr("tongmai.sync.session.open_named", away)
        done = act("customer", Verdict("merge", ("a1", "a3")), who="li", why="one")
    assert done.effects["later"]["records"] == 1 and done.effects["later"]["code"] == "http-503"
    deal = "select customer_id::text from golden.opportunity where name = '扩产'"
    assert world.entity("a3") == one and world.query(deal) != [(one,)]
    world.run("deals")
    assert world.query(deal) == [(one,)]
    with pytest.raises(TongmaiError):
        undo("customer", 4711, who="li")
