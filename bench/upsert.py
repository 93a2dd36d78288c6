"""One record into a hub that holds many: stored, matched, golden record chosen, delivery queued, all durable.

``python -m bench.upsert --records 100000``. Real PostgreSQL (embedded, fsync on). The customers of ``bench.matching`` (seed 120)
come from a file by an ordinary sync, then a snapshot is taken; the last ``--probes`` of them come one by one, two commits each.
One process, one connection. Percentiles in milliseconds; compare the lines of one run, never two machines.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from bench.matching.generate import generate

WARM = 50
"""So many probes come before the measured ones."""

COLUMNS = {
    "name": "legal_name: name",
    "alias": "short_name: alias",
    "name_en": "english_name: name_en",
    "uscc": "uscc: uscc | uscc",
    "contact": "contact_person: contact",
    "phone": "phones: [phone | phone, mobile | phone]",
    "email": "email: email | email",
    "province": "province: province",
    "city": "city: city",
    "address": "address: address",
    "legal_person": "legal_person: legal_person",
    "website": "website: website",
}
FILES = {
    "connections.yaml": "legacy:\n  connector: file\n  role: crm\n  settings:\n    path: PATH\n    streams:\n"
    "      firms: {file: firms.jsonl, format: jsonl, key: id}\n",
    "mappings/legacy/firm.yaml": "mapping: legacy/firm\nfrom: legacy.firms\nto: customer\nfields:\n"
    + "".join(f"  {line}\n" for line in COLUMNS.values()),
    "syncs/legacy_firms.yaml": "sync: legacy_firms\nread: {connection: legacy, stream: firms}\nmap: legacy/firm\n",
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--probes", type=int, default=1_000)
    parser.add_argument("--profile", default="", help="write a profile of the single records here")
    options = parser.parse_args(arguments)
    with hub() as (url, folder):
        rows = companies(options.records)
        load(rows[: -options.probes], folder / "firms.jsonl")
        singly(url, rows[-options.probes :], options.profile)


@contextmanager
def hub() -> Iterator[tuple[str, Path]]:
    """The URL of an empty hub whose one source is a file of customers, ``firms.jsonl`` in this folder."""
    from masterdata.store import upgrade
    from tongmai.stack import postgres

    with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
        Path(folder).chmod(0o711)
        site = Path(folder, "site")
        for name, text in FILES.items():
            file = site / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("PATH", folder), encoding="utf-8")
        os.environ["TONGMAI_HOME"], os.environ["TONGMAI_PATH"] = folder, str(site)
        url = postgres.start().url("tongmai")
        try:
            upgrade(url)
            os.environ["TONGMAI_DATABASE_URL"] = url
            yield url, Path(folder)
        finally:
            postgres.stop()


def companies(wanted: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
        generate(wanted, "medium", 120, Path(folder))
        with Path(folder, "records.csv").open(encoding="utf-8", newline="") as stream:
            return [{name: value for name, value in row.items() if value} for row in csv.DictReader(stream)]


def load(rows: list[dict[str, Any]], file: Path) -> None:
    """All but the probes, by an ordinary sync."""
    from masterdata.store import connect
    from tongmai.batch.snapshot import take
    from tongmai.core.settings import database_url
    from tongmai.sync.content import load_content
    from tongmai.sync.run import run_sync

    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    cpu, begun = time.process_time(), time.perf_counter()
    report = run_sync("legacy_firms")
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    assert report.ok and report.balanced, report.as_json()
    print(
        f"first load by a sync: {len(rows):,} records, {len(rows) / seconds:,.0f} records/s ({used:.1f} s of {seconds:.1f} s in this process)"
    )
    with connect(database_url()) as database:
        found = take(database, load_content().schema, "customer", lambda *_: None)
    begun = time.perf_counter()
    again = run_sync("legacy_firms")
    seconds = time.perf_counter() - begun
    assert again.ok and again.balanced, again.as_json()
    print(f"snapshot {found.version}, then everything is matched again: {len(rows) / seconds:,.0f} records/s")


def singly(url: str, rows: list[dict[str, Any]], profile: str) -> None:
    """The probes, each stored and applied by itself."""
    from cProfile import Profile

    from masterdata.store import connect
    from tongmai.core.record import Page, Record, fingerprint
    from tongmai.core.secrets import EnvironmentSecrets
    from tongmai.sync import arm, runs
    from tongmai.sync.apply import apply_batch
    from tongmai.sync.content import activate, load_content
    from tongmai.sync.ingest import Intake
    from tongmai.sync.reading import lane_builder
    from tongmai.sync.session import Session, SyncOptions, opened

    content = load_content()
    spec = content.inbound_of("legacy", "firms")
    assert spec is not None
    stored, applied = [], []
    with connect(url) as database:
        release = activate(database, content)
        session = Session(database, content, release, EnvironmentSecrets(), SyncOptions(), lambda *_: None)
        with database.transaction() as cursor:
            stream = arm.ensure_stream(cursor, "legacy", "firms", "crm", "customer")
            other = arm.ensure_stream(cursor, "elsewhere", "firms", "erp", "customer")
            cursor.execute(
                """insert into hub.target (name, stream_id, entity, reads, map_digest, armed_at)
                   values ('elsewhere', %s, 'customer', '{legal_name,phones,city,status}', '', now())""",
                (other,),
            )
        run = runs.begin(database, "legacy_firms", release, "cli", "", stream)
        measured = Profile()
        server = psutil.Process(database.connection.info.backend_pid)
        with opened(session, "legacy") as connector:
            lane = lane_builder(session, spec)(connector, stream, run)
            for number, row in enumerate(rows):
                if number == WARM:
                    used = time.process_time(), sum(server.cpu_times()[:2])
                    if profile:
                        measured.enable()
                raw = json.dumps(row, ensure_ascii=False).encode()
                page = Page([Record(row["id"], raw, fingerprint(raw))])
                begun = time.perf_counter()
                for _ in Intake(database, run, stream, force=False, whole=False, narrowed=True, listed=False).take(
                    [page]
                ):
                    pass
                middle = time.perf_counter()
                assert apply_batch(lane, 0)[0] == 1
                stored.append(middle - begun)
                applied.append(time.perf_counter() - middle)
            measured.disable()
            here, there = time.process_time() - used[0], sum(server.cpu_times()[:2]) - used[1]
        if profile:
            measured.dump_stats(profile)
        with database.transaction() as cursor:
            cursor.execute(
                "select (select count(*) from hub.outbox), (select count(*) from golden.customer), (select count(*) from hub.match_edge)"
            )
            queued, golden, edges = cursor.fetchone() or (0, 0, 0)
    print(f"{golden:,} golden records, {edges:,} edges, {queued:,} deliveries queued by {len(rows):,} single records")
    stored, applied = stored[WARM:], applied[WARM:]
    show("stored (first commit)", stored)
    show("matched, chosen, queued (second commit)", applied)
    show("both", [a + b for a, b in zip(stored, applied, strict=True)])
    print(
        f"{len(stored) / (sum(stored) + sum(applied)):,.0f} records/s one by one; a record takes {1000 * here / len(stored):.1f} ms "
        f"of CPU here, {1000 * there / len(stored):.1f} ms in the server; {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
    )


def show(name: str, seconds: list[float]) -> None:
    times = sorted(1000 * one for one in seconds)
    p50, p95, p99 = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95, 0.99))
    print(f"  {name:<42} p50 {p50:6.1f}  p95 {p95:6.1f}  p99 {p99:6.1f}  max {times[-1]:6.1f} ms")


if __name__ == "__main__":
    main()
