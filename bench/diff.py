"""Two versions of a mapping over recorded records, beside a bare read of the same rows: ``python -m bench.diff --records 50000``.

Embedded PostgreSQL, records of about 1.5 KB, 28 fields. The bare read fetches the same rows through the same kind of cursor and
decodes them with orjson; compare the lines of one run, never two machines.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import psycopg

from bench.engines.task import ENTITY, MAPPING, records, terms, value_maps

CONNECTION = """
crm:
  connector: file
  role: crm
  settings: {path: ., streams: {accounts: {file: accounts.csv, key: id}}}
"""
SYNC = "sync: crm_accounts\nread: {connection: crm, stream: accounts}\nmap: crm/accounts\n"


def main() -> None:
    """Print the bare read and a diff where nothing, some and all of the records change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=50_000)
    count = parser.parse_args().records
    home = Path(tempfile.mkdtemp(prefix="tm-bench-"))
    home.chmod(0o711)
    os.environ.update(TONGMAI_HOME=str(home / "h"), TONGMAI_PATH=str(home / "site"))
    os.environ.pop("TONGMAI_DATABASE_URL", None)
    site(home / "site")
    from masterdata.store import upgrade
    from tongmai.stack import postgres

    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        stack.callback(os.environ.pop, "TONGMAI_PATH", None)
        url = postgres.start().url("tongmai")
        stack.callback(postgres.stop)
        upgrade(url)
        # In a process of its own: what it holds is not to be counted as ours.
        filling = multiprocessing.get_context("spawn").Process(target=fill, args=(url, count))
        filling.start()
        filling.join()
        with psycopg.connect(url) as hub:
            size = int(hub.execute("select coalesce(avg(length(raw)), 0) from hub.inbox").fetchone()[0])  # type: ignore[index]
        bare = best(lambda: by_hand(url))
        print(
            f"{count} records of {size} bytes, best of three   {'CPU s':>7} {'wall s':>7} {'records/s':>10} {'x bare':>7}"
        )
        line("bare read and orjson.loads", bare, bare, count)
        for name, change in (
            ("nothing changes, other text", ("shortName | trim", "trim(shortName)")),
            ("one field in half of the records", ("verified:   verified", "verified:   verified == null or true")),
            ("two fields in all records", ("revenueWan * 10000", "revenueWan * 1000 + score")),
        ):
            folder = home / name.replace(" ", "-").replace(",", "")
            site(folder, change)
            line(name, best(lambda folder=folder: by_us(url, folder)), bare, count)
    print(f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def site(folder: Path, change: tuple[str, str] = ("", "")) -> None:
    """A site folder with the task's entity and its mapping, perhaps changed."""
    if change[0] not in MAPPING:
        sys.exit(f"`{change[0]}` is not in the mapping any more")
    files = {
        "connections.yaml": CONNECTION,
        "syncs/crm_accounts.yaml": SYNC,
        "masterdata/account/entity.yaml": ENTITY,
        "masterdata/account/terms.yaml": terms(),
        "mappings/crm/accounts.yaml": MAPPING.replace(*change) if change[0] else MAPPING,
        "mappings/crm/terms.yaml": value_maps(),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip(), encoding="utf-8")


def fill(url: str, count: int) -> None:
    """Records as a sync stores them."""
    with psycopg.connect(url) as hub:
        stream = hub.execute(
            "insert into hub.stream (connection, stream, role, entity) values ('crm', 'accounts', 'crm', 'account') returning id"
        ).fetchone()
        assert stream is not None
        with hub.cursor().copy("copy hub.inbox (run_id, stream_id, source_key, op, version, raw) from stdin") as copy:
            for one in records(count):
                raw = json.dumps(one, ensure_ascii=False).encode()
                copy.write_row(("bench", stream[0], one["id"], "upsert", "", raw))
        hub.execute(
            "insert into hub.source_record (stream_id, source_key, fingerprint, inbox_id) "
            "select stream_id, source_key, '', id from hub.inbox"
        )
        hub.commit()
        hub.autocommit = True
        hub.execute("vacuum analyze")


def by_hand(url: str) -> int:
    """What a careful script does: a server-side cursor, each row decoded."""
    count = 0
    with psycopg.connect(url) as hub, hub.cursor(name="bare") as cursor:
        cursor.itersize = 500
        cursor.execute("select r.source_key, i.raw from hub.source_record r join hub.inbox i on i.id = r.inbox_id")
        for _, raw in cursor:
            orjson.loads(raw)
            count += 1
    return count


def by_us(url: str, folder: Path) -> int:
    """The whole comparison, as the command line makes it, without loading the YAML."""
    from mappings.language.wording import Wording
    from tongmai.sync.recorded import read_only, recorded
    from tongmai.sync.rerun import rerun

    content, old = loaded(folder)
    new = content.mappings.by_name["crm/accounts"]
    with read_only(url) as database:
        batches = recorded(database, content, (old, new), None)
        found, _ = rerun(batches, old, new, Wording((new, old), (content.schema,)))
    return found.totals.read


_LOADED: dict[Path, Any] = {}


def loaded(folder: Path) -> Any:
    """The content as it is now, and the mapping of another folder."""
    from tongmai.core.settings import product_root
    from tongmai.sync.content import load_content, load_roots

    if folder not in _LOADED:
        content = load_content()
        other = load_roots([product_root(), folder], content).mappings.by_name["crm/accounts"]
        _LOADED[folder] = (content, other)
    return _LOADED[folder]


def best(run: Callable[[], int]) -> tuple[float, float, int]:
    """CPU seconds of this process, seconds and records of the fastest of three."""
    rounds = []
    for _ in range(3):
        cpu, wall = time.process_time(), time.perf_counter()
        count = run()
        rounds.append((time.process_time() - cpu, time.perf_counter() - wall, count))
    return min(rounds, key=lambda one: one[1])


def line(name: str, took: tuple[float, float, int], bare: tuple[float, float, int], count: int) -> None:
    """One line of the table; stops when not all records were seen."""
    if took[2] != count:
        sys.exit(f"{name}: {took[2]} of {count} records")
    print(f"{name:<42} {took[0]:7.2f} {took[1]:7.2f} {count / took[1]:10,.0f} {took[1] / bare[1]:7.2f}", flush=True)


if __name__ == "__main__":
    main()
