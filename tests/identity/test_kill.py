"""Killed while records go over to other entities, by a batch or by a steward: the next run ends where it would have ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.identity.arrival import run
from tests.identity.twin import Pair, alike
from tests.identity.world import Streams, World, draw
from tongmai.stack.postgres import Server
from tongmai.sync.acts import Verdict, act, undo

READS = ("crm_firms", "erp_firms", "crm_people", "erp_people")
ACT = "from tongmai.sync.acts import Verdict, act, undo; "


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    drawn = draw(60, 7, tmp_path_factory.mktemp("drawn"))
    return {name: rows for name, rows in drawn.items() if name.replace(".", "_") in READS}


def killed(failpoint: str, *arguments: str) -> None:
    """Run a process that must die there."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "TONGMAI_FAILPOINT": failpoint},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]


@pytest.fixture
def pair(streams: Streams, world_of: Callable[..., World], postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """A hub whose ERP arrives last: its records join what the CRM's are, and one of them is the first of all."""
    world = world_of("crm", "erp")
    for name, rows in streams.items():
        world.put(name, rows if name != "erp.firms" else rows[:1])
    for name in ("erp_firms", "crm_firms", "crm_people", "erp_people"):
        run(name)
    world.put("erp.firms", streams["erp.firms"])
    return Pair(world, postgres, monkeypatch)


@pytest.mark.parametrize("failpoint", ["apply.before-commit", "apply.before-commit:2"])
def test_inside_a_batch(pair: Pair, failpoint: str) -> None:
    before = pair.world.partition("customer")
    killed(failpoint, "-m", "tongmai", "sync", "erp_firms")
    pair.on_twin(*READS)
    for name in READS:
        run(name)
    pair.world.check()
    assert pair.world.partition("customer") != before
    alike(pair.world, pair.twin)
    pair.close()


@pytest.mark.parametrize("failpoint", ["act.before-commit", "act.before-woken", "apply.before-commit"])
def test_inside_an_act(pair: Pair, failpoint: str) -> None:
    for name in READS:
        run(name)
    pair.on_twin(*READS)
    # Two customers with people each: the merge lets records of another stream be mapped again.
    (one,), (other,) = pair.world.query(
        "select customer_id from golden.contact where customer_id is not null group by 1 order by count(*) desc, 1 limit 2"
    )
    keys = (str(one), str(other))
    killed(failpoint, "-c", f"{ACT}act('customer', Verdict('merge', {keys!r}), who='w', why='y')")
    taken = bool(pair.world.query("select * from hub.match_act where kind = 'merge'"))
    assert taken == (failpoint != "act.before-commit")
    if not taken:
        act("customer", Verdict("merge", keys), who="w", why="y")
    for name in READS:
        run(name)
    pair.world.check()
    pair.patch.setenv("TONGMAI_DATABASE_URL", pair.twin.url)
    number = act("customer", Verdict("merge", keys), who="w", why="y").act
    pair.on_twin(*READS)
    alike(pair.world, pair.twin)
    ((mine,),) = pair.world.query("select id from hub.match_act where kind = 'merge'")
    killed(failpoint, "-c", f"{ACT}undo('customer', {mine}, who='w')")
    if failpoint == "act.before-commit":
        undo("customer", mine, who="w")
    for name in READS:
        run(name)
    pair.world.check()
    pair.patch.setenv("TONGMAI_DATABASE_URL", pair.twin.url)
    undo("customer", number, who="w")
    pair.on_twin(*READS)
    alike(pair.world, pair.twin)
    pair.close()
