"""What a shared call limit costs: ``python bench/quota.py`` needs a migrated hub database (TONGMAI_DATABASE_URL)."""

from __future__ import annotations

import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from connectors.sdk.quota import Ask, Bucket, ProcessQuota, Quota
from connectors.sdk.token import Token, TokenCache
from tongmai.core.settings import database_url
from tongmai.sync.shared.line import Line
from tongmai.sync.shared.quotas import SharedQuota
from tongmai.sync.shared.tokens import SharedTokens

COUNT = 2000


def _cost(counts: Quota, asks: list[Ask]) -> list[float]:
    spent = []
    for _ in range(COUNT):
        began = time.perf_counter()
        taken = counts.take(asks, "normal")
        spent.append((time.perf_counter() - began) * 1e3)
        if taken.slots:
            counts.give_back(taken.slots)
    return sorted(spent)


def _line(name: str, spent: list[float]) -> None:
    print(f"{name:<34} median {statistics.median(spent):.3f} ms, 95 % {spent[int(COUNT * 0.95)]:.3f} ms")


def main() -> None:
    """Print the cost of one take, here and in the database, and of a shared token."""
    stamp = f"bench-{time.time()}"
    one = [Ask(Bucket(f"{stamp}/s", 10**6, 1))]
    two = [*one, Ask(Bucket(f"{stamp}/d", 10**6, 86400))]
    capped = [Ask(Bucket(f"{stamp}/c", 10**6, 1, concurrent=5))]
    _line("in the process, one limit", _cost(ProcessQuota(), one))
    line = Line(database_url())
    counts = SharedQuota(line)
    for name, asks in (("one limit", one), ("two limits", two), ("one limit and calls under way", capped)):
        _line(f"in the database, {name}", _cost(counts, asks))
    lines = [Line(database_url()) for _ in range(4)]
    began = time.perf_counter()
    threads = [threading.Thread(target=_cost, args=(SharedQuota(each), one)) for each in lines]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(f"{'four at once, one bucket':<34} {4 * COUNT / (time.perf_counter() - began):,.0f} takes a second")
    cache = TokenCache((stamp,), lambda _: Token("t", time.time() + 3600), store=SharedTokens(line))
    cache.get()
    began = time.perf_counter()
    for _ in range(COUNT):
        cache.get()
    print(f"{'a shared token, known here':<34} {(time.perf_counter() - began) / COUNT * 1e3:.3f} ms")
    line.run("delete from hub.quota where bucket like %s", (f"{stamp}%",))
    counts.close()
    for each in (line, *lines):
        each.close()


if __name__ == "__main__":
    main()
