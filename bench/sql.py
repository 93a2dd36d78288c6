"""Reading a table through the ``sql`` connector beside a bare cursor loop, in one run: ``python -m bench.sql --rows 100000``.

Embedded PostgreSQL, 12 columns, pages of 1,000, one core, best of three of each, CPU seconds of this process and wall-clock.
The bare loop does what a careful script does: a server-side cursor, each row a dictionary, written as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

PAGE = 1000
TABLE = """
create table item as
select n as id, 'C' || n as code, '名称 ' || n as name, (n * 1.37)::numeric(18,4) as price, n % 2 = 0 as active,
       date '2020-01-01' + n % 2000 as born, timestamp '2026-01-01' + n * interval '1 s' as seen,
       timestamptz '2026-01-01 00:00Z' + n * interval '1 s' as touched, md5(n::text) as a, md5((n + 1)::text) as b,
       repeat(md5((n + 2)::text), 10) as c, n % 97 as d
  from generate_series(1, {rows}) n
"""


def main() -> None:
    """Print both and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args().rows
    from tongmai.core.settings import database_url
    from tongmai.stack import postgres

    home = Path(tempfile.mkdtemp(prefix="tm-bench-"))
    home.chmod(0o711)
    os.environ["TONGMAI_HOME"] = str(home)
    os.environ.pop("TONGMAI_DATABASE_URL", None)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        postgres.start()
        stack.callback(postgres.stop)
        url = database_url()
        with psycopg.connect(url) as own:
            own.execute(TABLE.format(rows=rows))
            own.execute("alter table item add primary key (id)")
        bare = best(lambda: by_hand(url), rows)
        ours = best(lambda: by_connector(url), rows)
    print(f"{'':<26} {'CPU s':>7} {'wall s':>7} {'rows/s':>9}")
    for name, (cpu, wall) in (("bare cursor loop", bare), ("sql connector, whole", ours)):
        print(f"{name:<26} {cpu:7.2f} {wall:7.2f} {rows / wall:9.0f}")
    print(f"ratio: CPU {ours[0] / bare[0]:.2f}, wall {ours[1] / bare[1]:.2f} ({rows} rows)")


def best(run: Callable[[], int], rows: int) -> tuple[float, float]:
    """CPU and wall seconds of the quickest of three."""
    times = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        count = run()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
        if count != rows:
            raise SystemExit(f"{count} rows came, {rows} are there")
    return min(times)


def by_hand(url: str) -> int:
    """A bare loop."""
    count = 0
    with psycopg.connect(url) as connection, connection.cursor("bare", row_factory=dict_row) as cursor:
        cursor.itersize = PAGE
        cursor.execute("select * from item order by id")
        for row in cursor:
            json.dumps(row, default=str, ensure_ascii=False).encode()
            count += 1
    return count


def by_connector(url: str) -> int:
    """The connector: keys, fingerprints, canonical JSON, one snapshot, keyset pages."""
    from connectors import registry
    from connectors.sdk import ReadRequest

    login, _, address = url.partition("://")[2].rpartition("@")
    user, _, password = login.partition(":")
    given = {"url": f"postgresql://{user}@{address}", "streams": {"item": {"table": "item", "key": "id"}}}
    settings = registry.settings_for("bench", "sql", given, {"password": password})
    connection = registry.open_connection("bench", "sql", settings)
    try:
        return sum(len(page.records) for page in connection.read(ReadRequest("item", full=True)))
    finally:
        connection.close()


if __name__ == "__main__":
    main()
