"""As of a moment: what an id or a system's key stood for then, whatever was merged or taken apart since."""

from __future__ import annotations

from datetime import UTC, datetime

from masterdata.store import connect
from tests.stewardship.world import CODE, FULL, SLIP, World
from tongmai.api.record import by_key
from tongmai.sync.acts import Verdict, act, undo
from tongmai.sync.content import load_content
from tongmai.sync.overriding import as_of


def test_the_past_is_not_rewritten_by_a_merge_or_its_undoing(world: World) -> None:
    world.put("Account", "a1", name=FULL, code=CODE, city="上海市")
    world.put("Account", "a3", name=SLIP, city="上海市")
    world.run("accounts")
    one, other = (str(world.entity(key)) for key in ("a1", "a3"))
    apart = datetime.now(UTC)
    done = act("customer", Verdict("merge", ("a1", "a3")), who="li", why="same phone").act
    together = datetime.now(UTC)
    model = load_content().schema.entities["customer"]

    def then(key: str, moment: datetime) -> tuple[str, str]:
        with connect(world.url) as database, database.transaction() as cursor:
            found = as_of(cursor, "customer", key, moment)
        return found["id"], found["fields"]["legal_name"]

    def keyed(key: str, moment: datetime | None) -> list[str]:
        with connect(world.url) as database, database.transaction() as cursor:
            return [str(each) for each in by_key(cursor, model, "tray_crm", key, "", moment)]

    for key in (other, "a3", "tray_crm/Account/a3"):
        assert then(key, apart) == (other, SLIP), key
        assert then(key, together) == (one, FULL), key
    assert then("a1", apart) == then(one, together) == (one, FULL)
    assert (keyed("a3", apart), keyed("a3", together), keyed("a3", None)) == ([other], [one], [one])
    undo("customer", done, who="li")
    now = datetime.now(UTC)
    for key in (other, "a3"):
        assert [then(key, moment)[0] for moment in (apart, together, now)] == [other, one, other]
    assert (keyed("a3", apart), keyed("a3", together), keyed("a3", now)) == ([other], [one], [other])
