"""The whole chain beside a bare fetch, in one run: read → golden, golden → target, and a re-sync in which nothing changed.

``python -m bench.chain --sizes 10000,100000``. Real PostgreSQL (embedded, fsync on), the two simulators as processes of
their own, everything on this machine. Seconds are wall-clock; compare the columns of one run, never two machines.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import requests

PAGE = 100
# The seeded data has about 1.16 CRM accounts for each company.
ACCOUNTS_PER_COMPANY = 1.164


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="numbers of CRM records, comma-separated")
    parser.add_argument("--no-delivery", action="store_true", help="leave the slow remote writes out")
    options = parser.parse_args()
    print(f"{'records':>9}  {'phase':<34} {'seconds':>8} {'records/s':>10} {'x bare fetch':>13}")
    for size in (int(text) for text in options.sizes.split(",")):
        with scene(round(size / ACCOUNTS_PER_COMPANY)) as (crm, _):
            measure(size, crm, deliver=not options.no_delivery)


@contextmanager
def scene(companies: int) -> Iterator[tuple[Any, Any]]:
    """A fresh state folder with PostgreSQL and both simulators; everything is stopped and removed at the end."""
    from masterdata.store import upgrade
    from tongmai.core.settings import database_url
    from tongmai.demo import simulators
    from tongmai.stack import postgres

    home = Path(tempfile.mkdtemp(prefix="tm-bench-"))
    home.chmod(0o711)
    os.environ["TONGMAI_HOME"] = str(home)
    os.environ.pop("TONGMAI_DATABASE_URL", None)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        postgres.start()
        stack.callback(postgres.stop)
        upgrade(database_url())
        started = []
        for connection, name in (("CRM_MAIN", "fxiaoke"), ("ERP_MAIN", "kingdee")):
            simulator = simulators.start(name, ["--customers", str(companies), "--no-limits"])
            stack.callback(simulator.stop)
            os.environ[f"AIRFLOW_CONN_{connection}"] = simulator.airflow_conn
            started.append(simulator)
        yield started[0], started[1]


def measure(size: int, crm: Any, *, deliver: bool) -> None:
    """One size: every phase beside the bare fetch of the same records."""
    from tongmai.sync.run import SyncOptions, run_sync

    bare, records = timed(lambda: bare_fetch(crm))
    show(size, "bare fetch (requests, pages of 100)", bare, records, bare / records)
    unit = bare / records
    phases: list[tuple[str, Callable[[], int]]] = [
        ("read → golden, first load", lambda: applied(run_sync("crm_customers"))),
        ("re-sync, nothing changed", lambda: run_sync("crm_customers", SyncOptions(full=True)).inbound["unchanged"]),
    ]
    if deliver:
        run_sync("erp_customers_in")
        phases.insert(1, ("golden → ERP (search, save, submit)", lambda: delivered(run_sync("erp_customers"))))
    for name, work in phases:
        seconds, done = timed(work)
        show(size, name, seconds, done, unit)


def applied(report: Any) -> int:
    assert report.ok, report.as_json()
    return int(report.inbound["applied"])


def delivered(report: Any) -> int:
    assert report.ok, report.as_json()
    return int(report.outbound["delivered"])


def bare_fetch(crm: Any) -> int:
    """Every account, page by page, decoded and thrown away: the floor for any reader over this API."""
    import json

    session = requests.Session()
    extra = json.loads(crm.airflow_conn)["extra"]
    token = session.post(
        f"{crm.url}/oauth2.0/token",
        json={
            "appId": extra["app_id"], "appSecret": extra["app_secret"], "permanentCode": extra["permanent_code"],
            "grantType": "app_secret",
        },
        timeout=30,
    ).json()  # fmt: skip
    headers = {"authorization": f"Bearer {token['accessToken']}", "x-fs-ea": token["ea"], "x-fs-userid": extra["user"]}
    count, last = 0, None
    while True:
        filters = [{"field_name": "_id", "operator": "GT", "field_values": [last]}] if last else []
        query = {"limit": PAGE, "offset": 0, "filters": filters, "orders": [{"fieldName": "_id", "isAsc": True}]}
        body = {
            "data": {"dataObjectApiName": "AccountObj", "find_explicit_total_num": False, "search_query_info": query}
        }
        rows = session.post(f"{crm.url}/cgi/crm/v2/data/query", json=body, headers=headers, timeout=30).json()["data"][
            "dataList"
        ]
        count += len(rows)
        if len(rows) < PAGE:
            return count
        last = rows[-1]["_id"]


def timed(work: Callable[[], int]) -> tuple[float, int]:
    begin = time.perf_counter()
    done = work()
    return time.perf_counter() - begin, done


def show(size: int, name: str, seconds: float, records: int, unit: float) -> None:
    rate = records / seconds if seconds else 0.0
    ratio = seconds / records / unit if records and unit else 0.0
    print(f"{size:>9,}  {name:<34} {seconds:>8.2f} {rate:>10,.0f} {ratio:>12.1f}x", flush=True)


if __name__ == "__main__":
    main()
