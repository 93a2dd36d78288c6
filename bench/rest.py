"""100,000 records of 1.5 KB through the `rest` connector, beside a loop of bare requests and orjson, in one run.

The server runs in a process of its own: only the reader's CPU is counted. Both read the same pages over loopback HTTP.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import requests

from connectors import registry
from connectors.sdk import ReadRequest

RECORDS, SIZE, BYTES = 100_000, 500, 1500
ROUNDS = 3
API: dict[str, Any] = {
    "check": {"get": "/orders", "query": {"page": "1"}},
    "errors": [{"when": "body.code != 0", "means": "refused", "code": "body.code", "text": "body.message"}],
    "streams": {
        "order": {
            "key": "id",
            "cursor": "updated_at",
            "fields": {"id": "text", "updated_at": "iso"},
            "read": {
                "get": "/orders",
                "query": {"page": "{page.number}", "per_page": "{page.size}"},
                "rows": "body.data.rows",
                "page": {"by": "number", "size": SIZE, "total": "body.data.total"},
                "since": {"field": "updated_at", "format": "iso"},
            },
        }
    },
}


def record(number: int) -> dict[str, Any]:
    """An order with lines, about 1.5 KB."""
    return {
        "id": f"SO{number:08d}",
        "updated_at": f"2026-01-{number % 28 + 1:02d}T08:{number % 60:02d}:00Z",
        "customer": {
            "id": f"C{number % 5000:06d}",
            "name": "上海拓金生物科技有限公司",
            "level": "A",
            "phone": "021-55556666",
        },
        "status": "audited",
        "currency": "CNY",
        "amount": 12345.67,
        "remark": "请在工作日送货，送货前致电联系人。" * 2,
        "address": {"province": "上海市", "city": "上海市", "street": "浦东新区张江路 100 号", "zip": "201203"},
        "lines": [
            {
                "no": line,
                "product": f"P{line:04d}",
                "name": "离心机配件",
                "quantity": line + 1,
                "price": 99.5,
                "amount": 199.0,
                "unit": "件",
            }
            for line in range(10)
        ],
    }


def serve(pipe: Connection) -> None:
    """Pages made beforehand; the port goes through the pipe."""
    pages = {}
    for page in range(RECORDS // SIZE):
        rows = [record(page * SIZE + at) for at in range(SIZE)]
        body = {"code": 0, "data": {"rows": rows, "total": RECORDS}}
        pages[page + 1] = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            body = pages[int(parse_qs(urlsplit(self.path).query)["page"][0])]
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    pipe.send((server.server_address[1], sum(map(len, pages.values())) // RECORDS))
    server.serve_forever()


def bare(url: str) -> int:
    """What anybody would write."""
    count = 0
    with requests.Session() as session:
        for page in range(1, RECORDS // SIZE + 1):
            answer = session.get(f"{url}/orders", params={"page": page, "per_page": SIZE}, timeout=30)
            for row in orjson.loads(answer.content)["data"]["rows"]:
                count += bool(row["id"])
    return count


def ours(url: str) -> int:
    """The same through the connector: records with key, time of change and fingerprint."""
    given = {"base_url": url, "page_size": SIZE, "api": API}
    connection = registry.open_connection("bench", "rest", registry.settings_for("bench", "rest", given, None))
    count = sum(len(page.records) for page in connection.read(ReadRequest("order", full=True)))
    connection.close()
    return count


def cpu(read: Callable[[str], int], url: str) -> tuple[float, float]:
    """CPU and wall seconds of one read."""
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    assert read(url) == RECORDS
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - started


def main() -> None:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(there,), daemon=True)
    process.start()
    port, size = here.recv()
    url = f"http://127.0.0.1:{port}"
    ratios = []
    for _ in range(ROUNDS):
        (base, base_wall), (own, own_wall) = cpu(bare, url), cpu(ours, url)
        ratios.append(own / base)
        print(
            f"{RECORDS:,} records of {size} bytes: bare {base:.2f} s CPU ({base_wall:.2f} s), rest {own:.2f} s CPU"
            f" ({own_wall:.2f} s): {own / base:.2f} x"
        )
    print(f"CPU ratio, median of {ROUNDS}: {sorted(ratios)[ROUNDS // 2]:.2f} (goal: at most 1.5)")
    process.kill()


if __name__ == "__main__":
    main()
