"""Webhooks a second, each committed before it is answered: many requests a transaction beside one request a transaction.

``python -m bench.intake --seconds 10 --senders 1,32``. Real PostgreSQL (embedded, fsync on), the receiver as a process of its own,
the senders in this one, over loopback with kept connections. Compare the lines of one run, never two machines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--senders", default="1,8,64", help="senders at once, comma-separated")
    parser.add_argument("--serve", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    from masterdata.store import upgrade
    from tests.intake.world import World, environment
    from tongmai.stack import postgres

    with tempfile.TemporaryDirectory(prefix="tm-bench-") as folder:
        Path(folder).chmod(0o711)
        os.environ["TONGMAI_HOME"] = folder
        os.environ.update(environment(Path(folder, "desk.json")))
        url = postgres.start().url("tongmai")
        try:
            upgrade(url)
            os.environ["TONGMAI_DATABASE_URL"] = url
            world = World(url, Path(folder, "desk.json"))
            print(f"{'senders':>8}  {'commit':<28} {'requests/s':>11} {'median ms':>10} {'99 % ms':>9}")
            for senders in (int(text) for text in options.senders.split(",")):
                for name, most in (("one request a transaction", 1), ("group commit", 500)):
                    measure(world, name, most, senders, options.seconds)
        finally:
            postgres.stop()


def serve(most_jobs: int) -> None:
    """The receiver, with so many requests a transaction at most."""
    from tongmai.core.settings import database_url
    from tongmai.intake.addresses import Addresses
    from tongmai.intake.app import Intake
    from tongmai.intake.serve import serve as run
    from tongmai.intake.writer import Writer

    writer = Writer(database_url(), most_jobs=most_jobs)
    run(Intake(Addresses(), writer), "127.0.0.1", 0, lambda url: print(url, flush=True))


def measure(world, name: str, most_jobs: int, senders: int, seconds: float) -> None:  # type: ignore[no-untyped-def]
    with psycopg.connect(world.url, autocommit=True) as database:
        database.execute("truncate hub.webhook_event")
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.intake", "--serve", str(most_jobs)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        base = process.stdout.readline().strip()
        times = asyncio.run(storm(world, base, senders, seconds))
    finally:
        process.terminate()
        process.wait(30)
    ((stored,),) = world.query("select count(*) from hub.webhook_event")
    assert stored == len(times), (stored, len(times))
    times.sort()
    middle, late = (times[int(len(times) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{senders:>8}  {name:<28} {len(times) / seconds:>11,.0f} {middle:>10.1f} {late:>9.1f}", flush=True)


async def storm(world, base: str, senders: int, seconds: float) -> list[float]:  # type: ignore[no-untyped-def]
    """Seconds that each answered request took."""
    place = urlsplit(base)
    end = time.monotonic() + seconds
    times: list[float] = []

    async def sender(number: int) -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        count = 0
        while time.monotonic() < end:
            count += 1
            customer = {"id": f"{number}-{count}", "name": "某某科技有限公司", "version": 1, "note": "x" * 400}
            request = world.signed({"id": f"{number}-{count}", "type": "changed", "customer": customer})
            headers = "".join(f"{key}: {value}\r\n" for key, value in request.headers.items())
            head = f"POST {request.path} HTTP/1.1\r\nhost: hub\r\ncontent-length: {len(request.body)}\r\n{headers}\r\n"
            began = time.perf_counter()
            writer.write(head.encode() + request.body)
            answer = await reader.readuntil(b"\r\n\r\n")
            size = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            body = await reader.readexactly(size)
            times.append(time.perf_counter() - began)
            assert answer.startswith(b"HTTP/1.1 200") and json.loads(body), answer
        writer.close()

    await asyncio.gather(*(sender(number) for number in range(senders)))
    return times


if __name__ == "__main__":
    main()
