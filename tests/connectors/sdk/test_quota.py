"""Limits of one process: windows, priorities, concurrency, holds, forecasts; and the manifest's section about them."""

from __future__ import annotations

import random
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from connectors.sdk import quota
from connectors.sdk.http_calls import Calls
from connectors.sdk.limit import Limit
from connectors.sdk.limits import Limits, account
from connectors.sdk.manifest import Manifest, Setting
from connectors.sdk.quota import Ask, Bucket, ProcessQuota, priority
from tongmai.core import yamlfile
from tongmai.core.errors import ConfigurationError, RetryableError


class Clock:
    """A time that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _worst(times: list[float], seconds: float, jitter: float = 0.0) -> int:
    """The most calls in any window, where each may arrive up to ``jitter`` later."""
    shaken = sorted(at + random.Random(number).random() * jitter for number, at in enumerate(times))
    return max(sum(1 for each in shaken if start <= each < start + seconds) for start in shaken)


@pytest.mark.parametrize(("calls", "seconds"), [(1, 1), (5, 1), (100, 20), (60, 60)])
def test_no_window_ever_holds_more_than_the_limit(calls: int, seconds: float) -> None:
    clock = Clock()
    counts, bucket = ProcessQuota(clock), Bucket("b", calls, seconds)
    chance, times = random.Random(calls), list[float]()
    while len(times) < 6 * calls:
        wait = counts.take([Ask(bucket)], "normal").wait
        if wait:
            clock.sleep(wait)
        else:
            times.append(clock.now)
            clock.sleep(chance.random() * seconds / calls / 2)
    assert _worst(times, seconds) <= calls
    assert _worst(times, seconds, jitter=seconds / 20) <= calls, "also when calls overtake each other on the way"
    assert times[-1] - times[0] <= 6 * seconds * 1.25, "and the limit is used"


def test_a_fixed_window_is_used_whole_and_starts_anew_at_midnight() -> None:
    clock = Clock()
    clock.now = 1_700_060_400.0  # 23:00 in Shanghai
    counts, day = ProcessQuota(clock), Bucket("d", 3, 86400, fixed=True, shift=-8 * 3600)
    assert [counts.take([Ask(day)], "normal").wait for _ in range(3)] == [0, 0, 0]
    wait = counts.take([Ask(day)], "normal").wait
    assert wait == 3601, "an hour, and a second for the vendor's clock"
    clock.sleep(wait)
    assert counts.take([Ask(day)], "normal").wait == 0


def test_all_limits_of_a_call_or_none() -> None:
    clock = Clock()
    counts, second, day = ProcessQuota(clock), Bucket("s", 1, 1), Bucket("d", 2, 86400)
    assert counts.take([Ask(second), Ask(day)], "normal").wait == 0
    for _ in range(5):
        assert counts.take([Ask(second), Ask(day)], "normal").wait > 0
    clock.sleep(1.2)
    assert counts.take([Ask(second), Ask(day)], "normal").wait == 0, "what was refused counted nowhere"
    clock.sleep(1.2)
    assert counts.take([Ask(second), Ask(day)], "normal").wait > 80000


def test_a_backfill_takes_its_share_and_yields() -> None:
    clock = Clock()
    counts, bucket = ProcessQuota(clock), Bucket("b", 10, 10)
    took = [counts.take([Ask(bucket)], "backfill").wait for _ in range(6)]
    assert took[:5] == [0] * 5 and took[5] > 0
    assert [counts.take([Ask(bucket)], "live").wait for _ in range(5)] == [0] * 5
    wait = counts.take([Ask(bucket)], "live").wait
    clock.sleep(wait)
    assert counts.take([Ask(bucket)], "normal").wait > 0, "live was told to come back now"
    assert counts.take([Ask(bucket)], "backfill").wait > 0
    assert counts.take([Ask(bucket)], "live").wait == 0
    clock.sleep(quota.GRACE + 0.01)
    assert counts.take([Ask(bucket)], "normal").wait == 0, "nobody waits any more"


def test_calls_under_way_are_capped() -> None:
    counts, bucket = ProcessQuota(Clock()), Bucket("b", 0, 1, concurrent=3)
    first = counts.take([Ask(bucket)], "backfill")
    assert first.wait == 0 and counts.take([Ask(bucket)], "backfill").wait > 0, "one slot of three, at most"
    others = [counts.take([Ask(bucket)], "live") for _ in range(2)]
    assert [each.wait for each in others] == [0, 0] and counts.take([Ask(bucket)], "live").wait > 0
    counts.give_back(first.slots)
    counts.give_back(first.slots)
    assert counts.take([Ask(bucket)], "live").wait == 0 and counts.take([Ask(bucket)], "live").wait > 0


def test_everyone_honours_what_the_vendor_asked_for() -> None:
    clock = Clock()
    counts, bucket = ProcessQuota(clock), Bucket("b", 10, 1)
    counts.hold([bucket], 30)
    counts.hold([bucket], 5)
    assert counts.take([Ask(bucket)], "live").wait == 30
    clock.sleep(30.3)
    assert counts.take([Ask(bucket)], "live").wait == 0


def test_a_forecast_says_how_long_it_will_take() -> None:
    clock = Clock()
    for rank, calls in (("normal", 250), ("backfill", 130)):
        counts, bucket = ProcessQuota(clock), Bucket("b", 100, 10)
        said = counts.forecast(bucket, calls, rank)  # type: ignore[arg-type]
        began = clock.now
        for _ in range(calls):
            while wait := counts.take([Ask(bucket)], rank).wait:  # type: ignore[arg-type]
                clock.sleep(wait)
        assert said * 0.9 - 1 <= clock.now - began <= said + 1
    assert counts.forecast(Bucket("free", 0, 1), 1000, "normal") == 0


LIMITS = (
    Limit(name="each", calls="{most}", per="20 seconds", each="path"),
    Limit(name="tokens", calls=2, per="1 minute", paths=("/token*",)),
    Limit(name="tables", calls=1, per="1 second", each="{stream}", paths=("/t",)),
)


def _limits(**settings: Any) -> tuple[Limits, list[float]]:
    manifest = SimpleNamespace(
        connector="x",
        account=(),
        limits=LIMITS,
        connection={"base_url": Setting(type="url", from_connection="host"), "key": Setting(type="secret")},
    )
    clock = Clock()
    quota.use(ProcessQuota(clock))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.sleep(seconds)

    given = {"base_url": "http://x", "key": "k", "most": 3, **settings}
    return Limits(manifest, given, Calls(), sleep=sleep), slept


def test_a_connection_waits_by_its_manifest() -> None:
    limits, slept = _limits()
    for path in ("/a", "/a", "/a", "/b", "/token/x", "/token/x"):
        limits.wait(path)
    assert slept == []
    limits.wait("/a")
    assert 19 < sum(slept) <= 23
    slept.clear()
    limits.wait("/token/x")
    assert sum(slept) > 35
    for stream in ("one", "two"):
        slept.clear()
        limits.wait("/t", stream=stream)
        assert slept == []
    limits.wait("/t", stream="one")
    assert slept
    free, slept = _limits(most=0)
    for _ in range(100):
        free.wait("/a")
    assert slept == []
    with pytest.raises(ConfigurationError):
        _limits(most="many")[0].wait("/a")


def test_a_hold_and_a_limit_that_lasts_longer_than_a_run() -> None:
    limits, slept = _limits()
    limits.hold("/a", 3600)
    with pytest.raises(RetryableError) as caught:
        limits.wait("/a")
    assert caught.value.code == "quota-used-up" and 3599 < (caught.value.after or 0) <= 3600 and slept == []
    limits.wait("/b")
    with priority("backfill"):
        assert limits.forecast("/b", 31) > 200
    assert limits.forecast("/b", 31, "live") < 250


def test_a_pause_that_the_vendor_asks_for_is_waited_for_up_to_a_bound() -> None:
    limits, slept = _limits(longest_wait=60)
    limits.hold("/a", 50)
    limits.wait("/a")
    assert 49 < sum(slept) <= 53
    slept.clear()
    limits.hold("/a", 200)
    with pytest.raises(RetryableError) as caught:
        limits.wait("/a")
    assert slept == [] and 199 < (caught.value.after or 0) <= 200
    patient, slept = _limits(longest_wait=250)
    patient.hold("/a", 200)
    patient.wait("/a")
    assert sum(slept) > 199


def test_accounts_are_told_apart_without_telling_them() -> None:
    def name(**settings: Any) -> str:
        manifest: Any = SimpleNamespace(
            connector="x", account=(), limits=(),
            connection={"base_url": Setting(type="url", from_connection="host"), "key": Setting(type="secret"), "page": Setting()},
        )  # fmt: skip
        return account(manifest, {"base_url": "u", "key": "s3cret", "page": "1", **settings})

    assert name() == name(page="2") and name() != name(key="other") and name() != name(base_url="v")
    assert "s3cret" not in name()


def test_the_priority_is_the_threads_own() -> None:
    seen: list[str] = []
    with priority("backfill"):
        assert quota.current_priority() == "backfill"
        thread = threading.Thread(target=lambda: seen.append(quota.current_priority()))
        thread.start()
        thread.join()
    assert (quota.current_priority(), seen) == ("normal", ["normal"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("limits: [{calls: 1, per: 1 fortnight}]", "is no time as"),
        ("limits: [{calls: '{mst}'}]", "did you mean `most`"),
        ("limits: [{calls: 1, zone: Asia/Shanghay}]", "no time zone"),
        ("account: [kez]", "there is no setting `kez`"),
    ],
)
def test_mistakes_in_limits_are_found_with_the_manifest(text: str, said: str) -> None:
    head = "connector: x\nlabel: {zh: 甲, en: A}\nkind: crm\nhttp: true\nconnection: {most: {type: integer}}\n"
    document = yamlfile.loads(head + text + "\n", "connector.yaml")[0]
    assert yamlfile.check(document, Manifest, "connector") is None
    assert said in document.findings[0].line()
