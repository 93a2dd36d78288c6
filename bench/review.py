"""The review queue with very many pairs and decisions: how long a page of it takes, its count, and whether twins of some entities
are under review.

``python -m bench.review --edges 100000 --apart 20000``. Real PostgreSQL (embedded); the rows are put into the tables as they would
stand there. ``--plans`` shows how the database finds them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILL = """
insert into hub.stream (connection, stream, role, entity) values ('crm_main', 'AccountObj', 'crm', 'customer');
insert into hub.source_record (stream_id, source_key, fingerprint, entity_id)
  select 1, 'k' || n, '', md5('e' || case when n > 2 * {merged} then n else (n + 1) / 2 end)::uuid from generate_series(1, 2 * {edges}) n order by n;
insert into hub.match_record (record_id, entity, birth, mark)
  select id, 'customer', md5('b' || id)::uuid, '' from hub.source_record order by id;
insert into hub.match_edge (one, other, entity, weight, veto)
  select 2 * n - 1, 2 * n, 'customer', -6000 + (n * 7919) % 14000, n % 50 = 0 from generate_series(1, {edges}) n;
insert into hub.entity (id, entity, version, digest, provenance)
  select distinct entity_id, 'customer', 1, ''::bytea, '{{}}'::jsonb from hub.source_record;
insert into hub.entity_version (entity_id, version, run_id, fields, changed)
  select id, 1, 'bench', jsonb_build_object('legal_name', '上海某某科技有限公司', 'city', '上海市', 'address', repeat('某路', 20)), '{{legal_name}}'
    from hub.entity;
insert into hub.match_act (entity, kind, who, why, run_id) select 'customer', 'apart', 'bench', 'two', 'bench' from generate_series(1, {apart});
insert into hub.match_decision (act, one, other, same)
  select n, 2 * ({merged} + n) - 1, 2 * ({merged} + n), false from generate_series(1, {apart}) n;
insert into golden.opportunity (id, name, customer_id)
  select md5('o' || n)::uuid, 'o', md5('e' || (2 * {merged} + (n * 31) % (2 * {edges} - 2 * {merged}) + 1))::uuid from generate_series(1, {edges} / 5) n;
analyze
"""
_TWINS = "select twin_id from hub.match_twin where entity_id = any(%s) and weight >= 2000"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=100_000)
    parser.add_argument("--merged", type=int, default=50_000, help="edges between records of one entity")
    parser.add_argument("--apart", type=int, default=20_000, help="pairs a steward said are two")
    parser.add_argument("--plans", action="store_true")
    options = parser.parse_args()
    from masterdata.store import connect, upgrade
    from tongmai.core import clock
    from tongmai.stack import postgres
    from tongmai.sync.content import activate, load_content
    from tongmai.sync.desk import page_in, page_now
    from tongmai.sync.matcher import matcher_in
    from tongmai.sync.queue import stale
    from tongmai.sync.reviewing import questions

    with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
        Path(folder).chmod(0o711)
        os.environ["TONGMAI_HOME"] = folder
        url = postgres.start().url("tongmai")
        try:
            upgrade(url)
            os.environ["TONGMAI_DATABASE_URL"] = url
            content = load_content()
            with connect(url) as database:
                activate(database, content)
                with database.transaction() as cursor:
                    cursor.execute(FILL.format(edges=options.edges, merged=options.merged, apart=options.apart))
                with database.transaction() as cursor:
                    matcher = matcher_in(cursor, content.schema, "customer")
                    assert matcher is not None
                    timed("whole queue in SQL", lambda: rows(cursor, "select count(*) from hub.match_review"))
                    timed("questions", lambda: len(questions(cursor, content.schema, matcher, clock.now())))
                matchers = {"customer": matcher}
                timed("first page", lambda: [page_now(database, content.schema, matchers, None, 50).open], runs=1)

                def page() -> list[Any]:
                    with database.transaction() as cursor:
                        assert not stale(cursor, content.schema, [matcher])
                        return [page_in(cursor, content.schema, matchers, None, 50, None).open]

                timed("the same page again", page)
                for changed in (1, 100, 3000):
                    with database.transaction() as cursor:
                        cursor.execute(
                            "update hub.match_edge set weight = weight + 1 where one in (select one from hub.match_edge where weight > 0 order by one desc limit %s)",
                            (changed,),
                        )
                    timed(
                        f"after {changed} pairs changed",
                        lambda: [page_now(database, content.schema, matchers, None, 50).open],
                        runs=1,
                    )
                with database.transaction() as cursor:
                    for count in (1, 100, 1000):
                        ids = [
                            row[0]
                            for row in cursor.execute(
                                "select entity_id from hub.source_record where id > %s order by id limit %s",
                                (2 * (options.merged + options.apart) - count // 2, count),
                            )
                        ]
                        timed(f"twins of {count}", lambda ids=ids: rows(cursor, _TWINS, (ids,)))  # type: ignore[misc]
                        if options.plans:
                            print(
                                "\n".join(
                                    row[0] for row in rows(cursor, f"explain (analyze, buffers) {_TWINS}", (ids,))
                                )
                            )
                    if options.plans:
                        for what in ("select * from hub.match_review",):
                            print("\n".join(row[0] for row in rows(cursor, f"explain (analyze, buffers) {what}")))
        finally:
            postgres.stop()


def rows(cursor: Any, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
    cursor.execute(query, values)
    found: list[Any] = cursor.fetchall()
    return found


def timed(name: str, run: Callable[[], Any], runs: int = 3) -> None:
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        found = run()
        times.append((time.perf_counter() - began) * 1000)
    told = found if isinstance(found, int) else found[0] if len(found) == 1 else f"{len(found)} rows"
    print(f"{name:<24} {min(times):>9.1f} ms  ({told})", flush=True)


if __name__ == "__main__":
    main()
