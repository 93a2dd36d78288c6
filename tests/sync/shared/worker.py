"""One process of several that call a system with one account: ``python -m tests.sync.shared.worker`` and its task as JSON.

It says ``ready``, waits for a line, does its task and prints what came of it as one JSON line.
"""

from __future__ import annotations

import json
import sys
import time
from types import SimpleNamespace
from typing import Any

from connectors.sdk import quota
from connectors.sdk.auth.open import authority
from connectors.sdk.auth.spec import OAuth2
from connectors.sdk.http import HttpClient
from connectors.sdk.limit import Limit
from connectors.sdk.limits import Limits
from connectors.sdk.manifest import Setting
from connectors.sdk.outgoing import Outgoing
from connectors.sdk.quota import Ask, Bucket
from tests.connectors.sdk.words import http_settings
from tongmai.core.secrets import Redactor
from tongmai.core.settings import database_url
from tongmai.sync.shared import shared


def manifest(limits: list[dict[str, Any]]) -> Any:
    """The part of a manifest that limits need."""
    connection = {"base_url": Setting(type="url", from_connection="host"), "key": Setting(type="secret")}
    return SimpleNamespace(
        connector="x", account=(), limits=tuple(Limit(**each) for each in limits), connection=connection
    )


def calls(task: dict[str, Any]) -> dict[str, Any]:
    """Calls within the limits; tells how long each waited."""
    settings = http_settings(task["url"], key="k")
    client = HttpClient(settings, Redactor())
    limits = Limits(manifest(task["limits"]), settings, client.calls)
    waits = []
    end = time.monotonic() + task.get("seconds", 3600)
    with quota.priority(task.get("priority", "normal")):
        for _ in range(task["calls"]):
            began = time.monotonic()
            with limits.call("/x"):
                waits.append(time.monotonic() - began)
                client.exchange(Outgoing("GET", f"/x?by={task.get('priority', 'normal')}"), write=False)
            if time.monotonic() > end:
                break
            time.sleep(task.get("pause", 0))
    return {"waits": waits}


def tokens(task: dict[str, Any]) -> dict[str, Any]:
    """Calls with a shared token, renewed when it is refused."""
    settings = http_settings(task["url"], secret=task["secret"])
    redact = Redactor()
    client = HttpClient(settings, redact)
    spec = OAuth2(
        kind="oauth2", grant="client_credentials", token_url="{base_url}/token", client_id="c", client_secret="{secret}"
    )
    opened = authority(spec, settings, client, redact)
    refused = 0
    for _ in range(task["calls"]):
        request = Outgoing("GET", "/x")
        used = opened.sign(request)
        if client.exchange(request, write=False, judge=False).status == 401:
            refused += 1
            opened.refused(used)
    return {"refused": refused}


def hang(task: dict[str, Any]) -> dict[str, Any]:
    """Takes a slot and keeps it until it is killed."""
    bucket = Bucket(task["bucket"], 0, 1, concurrent=1)
    taken = quota.in_use().take([Ask(bucket)], "normal")
    print(json.dumps({"taken": taken.wait == 0}), flush=True)
    time.sleep(600)
    return {}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    with shared(database_url()):
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps({"calls": calls, "tokens": tokens, "hang": hang}[given["do"]](given)), flush=True)
