"""A receiver over loopback, the desk that sends to it, and the hub behind it."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests

from connectors import registry
from connectors.sdk.webhook import Request, send
from tests.connectors.webhook_examples import KEY43

SITE = Path(__file__).with_name("site")
SECRETS = {"secret": "desk-secret-0001", "token": "hubToken2026", "aes_key": KEY43}
SETTINGS = {**SECRETS, "app_key": "dingabcdef1234567890"}


def environment(desk: Path) -> dict[str, str]:
    """The variables that make the site and its connection known."""
    connection = json.dumps({"conn_type": "generic", "extra": SECRETS})
    return {"TONGMAI_PATH": str(SITE), "DESK_FILE": str(desk), "AIRFLOW_CONN_DESK": connection}


@dataclass
class World:
    """One test's receiver, desk and database. ``base`` is the receiver's URL."""

    url: str
    desk: Path
    base: str = ""
    session: requests.Session = field(default_factory=requests.Session)

    def unread_site(self) -> Path:
        """A copy of the site in which no sync reads the desk."""
        site = self.desk.parent / "unread"
        shutil.copytree(SITE, site)
        shutil.rmtree(site / "syncs")
        return site

    def rows(self) -> dict[str, dict[str, Any]]:
        """The desk's own records."""
        found: dict[str, dict[str, Any]] = json.loads(self.desk.read_text(encoding="utf-8"))
        return found

    def put(self, key: str, **fields: Any) -> dict[str, Any]:
        """As a clerk changes a record in the desk."""
        row = {"id": key, "name": f"Desk {key} Ltd", "phone": "", **fields}
        self.desk.write_text(json.dumps({**self.rows(), key: row}), encoding="utf-8")
        return row

    def asked(self) -> list[list[str]]:
        """The keys of every read the desk has seen."""
        file = self.desk.with_suffix(".asked")
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def signed(self, event: Any, webhook: str = "signed", now: float | None = None) -> Request:
        """What the desk would send."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        declared = registry.manifest("desk").webhooks[webhook]
        return send(declared, SETTINGS, body, time.time() if now is None else now, path=f"/in/desk/{webhook}")

    def post(self, request: Request) -> requests.Response:
        """Send it."""
        return self.session.request(
            request.method,
            self.base + request.path,
            params=dict(request.query),
            headers=dict(request.headers),
            data=request.body,
            timeout=30,
        )

    def tell(self, event: Any, webhook: str = "signed") -> requests.Response:
        """Sign and send an event."""
        return self.post(self.signed(event, webhook))

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the hub database."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql, values).fetchall()

    def names(self) -> dict[str, str]:
        """Golden names by source key."""
        return dict(
            self.query(
                """select c.source_key, g.legal_name from hub.crosswalk c join golden.customer g on g.id = c.entity_id
                    where c.connection = 'desk'"""
            )
        )


@contextmanager
def receiver(*options: str, log: Path | None = None, **variables: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``tongmai intake`` as a process of its own: its URL and the process. ``log`` takes what it says."""
    with (log or Path(os.devnull)).open("w", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tongmai", "intake", "--port", "0", "--json", *options],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            assert process.stdout
            line = process.stdout.readline() if select.select([process.stdout], [], [], 60)[0] else ""
            assert line, f"not ready in 60 s, status {process.poll()}"
            yield json.loads(line)["url"], process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=60)
