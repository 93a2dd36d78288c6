"""Tokens and limits over real PostgreSQL, with several processes that know nothing of each other."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from connectors.sdk import quota, token
from connectors.sdk.quota import Ask, Bucket
from connectors.sdk.token import Token, TokenCache, TokenKey
from connectors.testing.server import SimulatorServer
from connectors.testing.simulator import Reply, Request, json_reply
from masterdata.store.lease import FencedError
from tests.connectors.sdk.words import Scripted
from tongmai.core.errors import RetryableError, StateError
from tongmai.sync.content import load_content
from tongmai.sync.run import SyncOptions, _priority_of, run_sync
from tongmai.sync.shared import shared
from tongmai.sync.shared.line import Line
from tongmai.sync.shared.quotas import SharedQuota
from tongmai.sync.shared.tokens import SharedTokens
from tongmai.sync.specs import Group


class Worker:
    """A process that waits for the start."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.sync.shared.worker", json.dumps(task)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ),
        )  # fmt: skip

    def line(self) -> str:
        """What it says next."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said, f"the process ended with {self.process.wait()}"
        return said

    def go(self) -> None:
        """Let it begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()


@pytest.fixture
def workers(hub_url: str) -> Iterator[Callable[..., list[Worker]]]:
    """Start processes and let all begin at once."""
    started: list[Worker] = []

    def start(*tasks: dict[str, Any]) -> list[Worker]:
        made = [Worker(task) for task in tasks]
        started.extend(made)
        for each in made:
            assert each.line() == "ready\n"
        for each in made:
            each.go()
        return made

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()
        for pipe in (each.process.stdin, each.process.stdout):
            if pipe:
                pipe.close()


@pytest.fixture
def system() -> Iterator[Callable[[Callable[[Request], Reply]], str]]:
    """Serve a function."""
    servers: list[SimulatorServer] = []

    def start(answer: Callable[[Request], Reply]) -> str:
        servers.append(SimulatorServer(Scripted(answer)).start())
        return servers[-1].url

    yield start
    for server in servers:
        server.stop()


def _worst(times: list[float], seconds: float) -> int:
    return max(sum(1 for each in times if start <= each < start + seconds) for start in times)


def test_four_processes_never_exceed_the_vendors_limit(
    workers: Callable[..., list[Worker]], system: Callable[..., str]
) -> None:
    times: list[float] = []

    def answer(_: Request) -> Reply:
        times.append(time.time())
        return json_reply({})

    task = {"do": "calls", "url": system(answer), "calls": 25, "limits": [{"calls": 30, "per": "1 second"}]}
    for worker in workers(task, task, task, task):
        assert len(json.loads(worker.line())["waits"]) == 25
    assert len(times) == 100 and _worst(times, 1.0) <= 30
    assert max(times) - min(times) < 6, "and the limit is used"


def test_live_traffic_gets_its_share_while_backfills_saturate(
    workers: Callable[..., list[Worker]], system: Callable[..., str]
) -> None:
    times: dict[str, list[float]] = {"backfill": [], "live": []}

    def answer(request: Request) -> Reply:
        times[request.query.removeprefix("by=")].append(time.time())
        return json_reply({})

    limits = [{"calls": 20, "per": "1 second"}]
    heavy = {
        "do": "calls",
        "url": system(answer),
        "calls": 10_000,
        "seconds": 5,
        "limits": limits,
        "priority": "backfill",
    }
    light = {**heavy, "priority": "live", "calls": 30, "pause": 0.12}
    made = workers(heavy, heavy, light)
    waits = json.loads(made[2].line())["waits"]
    assert len(waits) == 30 and max(waits) < 0.5 and sorted(waits)[15] < 0.1, sorted(waits)[-5:]
    for each in made[:2]:
        each.line()
    assert len(times["backfill"]) > 20, "and backfills go on"
    assert _worst(sorted(times["backfill"] + times["live"]), 1.0) <= 20
    assert _worst(times["backfill"], 1.0) <= 10


def test_one_token_for_all_and_a_refused_one_is_renewed_once(
    workers: Callable[..., list[Worker]], system: Callable[..., str]
) -> None:
    fetched: list[float] = []
    revoke_at = [20]
    seen = [0]

    def answer(request: Request) -> Reply:
        if request.path == "/token":
            fetched.append(time.time())
            return json_reply({"access_token": "same-value", "expires_in": 7200})
        seen[0] += 1
        return json_reply({}, 401 if seen[0] > revoke_at[0] and len(fetched) < 2 else 200)

    task = {"do": "tokens", "url": system(answer), "calls": 15, "secret": "s3cret-one"}
    refused = [json.loads(worker.line())["refused"] for worker in workers(task, task, task, task)]
    assert len(fetched) == 2 and sum(refused) >= 1, (fetched, refused)


def test_the_slot_of_a_killed_process_comes_back(hub_url: str, workers: Callable[..., list[Worker]]) -> None:
    (worker,) = workers({"do": "hang", "bucket": "b"})
    assert json.loads(worker.line()) == {"taken": True}
    line = Line(hub_url)
    counts, ask = SharedQuota(line), Ask(Bucket("b", 0, 1, concurrent=1))
    assert counts.take([ask], "live").wait > 0
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    began = time.monotonic()
    while (taken := counts.take([ask], "live")).wait > 0:
        assert time.monotonic() < began + 10
        time.sleep(taken.wait)
    counts.give_back(taken.slots)
    # One of another machine, of which nothing can be known, comes back when it runs out.
    line.run(
        "insert into hub.quota_slot (bucket, low, holder, until) values ('b', false, 'a b 1 2', clock_timestamp() + interval '1 s')"
    )
    assert counts.take([ask], "live").wait > 0
    time.sleep(1.05)
    assert counts.take([ask], "live").wait == 0
    counts.close()
    line.close()
    with psycopg.connect(hub_url) as connection:
        assert connection.execute("select count(*) from hub.quota_slot").fetchone() == (0,), "closing gives back"


@pytest.fixture
def counts(hub_url: str) -> Iterator[SharedQuota]:
    line = Line(hub_url)
    made = SharedQuota(line)
    yield made
    made.close()
    line.close()


def test_all_limits_of_a_call_or_none_and_shares(counts: SharedQuota) -> None:
    second, day = Bucket("s", 2, 1), Bucket("d", 3, 86400)
    both = [Ask(second), Ask(day)]
    assert [counts.take(both, "normal").wait > 0 for _ in range(4)] == [False, False, True, True]
    assert counts.forecast(day, 1, "normal") == 0, "what was refused counted nowhere"
    time.sleep(1.2 + quota.GRACE)
    assert counts.take(both, "normal").wait == 0 and counts.take(both, "normal").wait > 80_000
    share = Bucket("share", 10, 60)
    took = [counts.take([Ask(share)], "backfill").wait > 0 for _ in range(6)]
    assert took == [False] * 5 + [True]
    assert [counts.take([Ask(share, 5)], "live").wait > 0 for _ in range(2)] == [False, True]
    assert 50 < counts.take([Ask(share)], "normal").wait < 70
    assert 600 < counts.forecast(share, 100, "normal") < 720


def test_fixed_windows_and_holds(counts: SharedQuota) -> None:
    edge = time.time() - 10
    fixed = Bucket("f", 3, 60, fixed=True, shift=edge % 60)
    assert [counts.take([Ask(fixed)], "normal").wait for _ in range(3)] == [0, 0, 0]
    assert 45 < counts.take([Ask(fixed)], "normal").wait < 52
    early = Bucket("early", 3, 60, fixed=True, shift=time.time() % 60)
    assert 0.5 < counts.take([Ask(early)], "normal").wait <= 1, "its first second is left alone"
    held = Bucket("h", 10, 1)
    counts.hold([held, fixed], 30)
    counts.hold([held], 5)
    assert 29 < counts.take([Ask(held)], "live").wait <= 30


def test_one_process_and_the_database_count_alike(counts: SharedQuota) -> None:
    """The same calls at the same moments: both let the same ones through."""
    local, chance = quota.ProcessQuota(), random.Random(7)
    ranks: list[Any] = ["live", "normal", "backfill"]
    differ = 0
    for _ in range(400):
        asks = [Ask(Bucket(f"m{chance.randrange(2)}", 12, 0.6), 1 + chance.randrange(2))]
        rank = chance.choice(ranks)
        ours, theirs = local.take(asks, rank).wait, counts.take(asks, rank).wait
        differ += (ours == 0) != (theirs == 0)
        if (ours == 0) != (theirs == 0):
            local = quota.ProcessQuota()
            counts._line.run("delete from hub.quota")
        time.sleep(chance.random() * 0.01)
    assert differ <= 8, "only what fell on the border of two slots between the two questions"


def test_threads_of_a_process_share_a_line(counts: SharedQuota) -> None:
    bucket, taken = Bucket("t", 50, 600), list[float]()

    def take() -> None:
        for _ in range(20):
            taken.append(counts.take([Ask(bucket)], "normal").wait)

    threads = [threading.Thread(target=take) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(taken) == 100 and sum(1 for wait in taken if wait == 0) == 50


def test_a_database_that_broke_off_is_found_again_and_one_that_is_away_is_said(
    hub_url: str, counts: SharedQuota
) -> None:
    ask = Ask(Bucket("b", 5, 600))
    assert counts.take([ask], "normal").wait == 0
    with psycopg.connect(hub_url, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tongmai shared'"
        )
    assert counts.take([ask], "normal").wait == 0
    away = Line("postgresql://nobody@127.0.0.1:9/none")
    for call in (
        lambda: SharedQuota(away).take([ask], "normal"),
        lambda: SharedTokens(away).load(TokenKey(("x",))),
        lambda: TokenCache(("x",), lambda _: Token("t", 9e12), store=SharedTokens(away)).get(),
    ):
        with pytest.raises(RetryableError) as caught:
            call()
        assert caught.value.code == "database-away"


def test_a_database_without_the_tables_is_said(postgres: Any) -> None:
    line = Line(postgres.admin_url())
    with pytest.raises(StateError) as caught:
        SharedQuota(line).take([Ask(Bucket("b", 5, 600))], "normal")
    assert caught.value.code == "not-migrated"
    with pytest.raises(StateError):
        SharedTokens(line).load(TokenKey(("x",)))
    line.close()


def test_tokens_at_rest_tell_nothing_without_the_credentials(hub_url: str) -> None:
    line = Line(hub_url)
    store, key = SharedTokens(line), TokenKey(("kind", "https://h", "s3cret"))
    store.save(key, Token("tok-value-123", time.time() + 900, (("refresh token", "ref-456"),), "n1"))
    with psycopg.connect(hub_url) as connection:
        row = connection.execute("select name, sealed, expires::text from hub.token").fetchone()
    assert row is not None
    seen = repr(row).encode() + bytes(row[1])
    assert not any(word in seen for word in (b"tok-value", b"ref-456", b"s3cret"))
    again = SharedTokens(line).load(TokenKey(("kind", "https://h", "s3cret")))
    assert again is not None and (again.value, again.part("refresh token"), again.serial) == (
        "tok-value-123",
        "ref-456",
        "n1",
    )
    assert SharedTokens(line).load(TokenKey(("kind", "https://h", "another"))) is None
    line.run("update hub.token set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)")
    with pytest.raises(StateError) as caught:
        SharedTokens(line).load(key)
    assert caught.value.code == "token-sealed" and "tok-value" not in str(caught.value)
    line.close()


def test_a_fetcher_that_was_overtaken_saves_nothing(hub_url: str) -> None:
    """A process stopped while it fetched must not put its old token over the newer one."""
    line = Line(hub_url)
    store, key = SharedTokens(line), TokenKey(("kind", "a"))

    def fetch(_: Token | None) -> Token:
        line.run("update hub.lease set token = token + 1, holder = 'another'")
        line.run("insert into hub.token (name, sealed, expires) values (%s, 'x', 1)", (key.name,))
        return Token("late", time.time() + 900)

    with pytest.raises(FencedError):
        TokenCache(("kind", "a"), fetch, store=store).get()
    assert line.run("select sealed from hub.token") == [(b"x",)]
    store.close()
    line.close()


def test_within_connections_use_what_is_shared_and_afterwards_their_own(hub_url: str) -> None:
    before = token.use(token.ProcessTokens()), quota.in_use()
    token.use(before[0])
    with shared(hub_url):
        assert isinstance(quota.in_use(), SharedQuota)
        cache = TokenCache(("a",), lambda _: Token("t", time.time() + 900))
        assert cache.store.durable and cache.get().value == "t"
    assert quota.in_use() is before[1] and cache.store is before[0]


def test_runs_share_one_token_and_count_in_the_database(systems: Any) -> None:
    for full in (False, True, False):
        report = run_sync("crm_customers", SyncOptions(full=full))
        assert not report.error, report.error
    assert systems.crm.control("requests")["by_path"]["/oauth2.0/token"] == 1
    assert systems.query("select count(*) from hub.token") == [(1,)]
    assert systems.query("select taken, low from hub.quota where bucket like '%%/tokens/%%'") == [([1], [1])]


@pytest.mark.parametrize(
    ("sync", "options", "wanted"),
    [
        ("crm_customers", SyncOptions(), "normal"),
        ("crm_customers", SyncOptions(full=True), "backfill"),
        ("crm_customers", SyncOptions(keys=("k",)), "live"),
        ("crm_to_erp", SyncOptions(), "live"),
    ],
)
def test_who_goes_first(sync: str, options: SyncOptions, wanted: str) -> None:
    content = load_content()
    spec = content.sync(sync)
    member = content.sync(spec.syncs[-1]) if isinstance(spec, Group) else spec
    assert not isinstance(member, Group)
    assert _priority_of(member, options) == wanted
