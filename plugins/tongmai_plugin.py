"""Airflow plugin: hangs the pages of ``tongmai.web`` into Airflow. Every task process imports this file, so it stays light."""

import importlib
from typing import Any
from urllib.parse import urlparse

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.configuration import conf

BASE = urlparse(conf.get("api", "base_url", fallback="")).path.rstrip("/") + "/tongmai"
LEDGER = BASE + "/dags/{DAG_ID}/ledger?run={RUN_ID}"


async def pages(scope: Any, receive: Any, send: Any) -> None:
    """The web application, imported at the first request."""
    await importlib.import_module("tongmai.web.app").app(scope, receive, send)


def view(name: str, href: str, destination: str, route: str) -> dict[str, object]:
    top = {"nav_top_level": True} if destination == "nav" else {}
    return {"name": name, "href": href, "destination": destination, "url_route": route, **top}


class TongmaiPlugin(AirflowPlugin):
    name = "tongmai"
    fastapi_apps = [{"app": pages, "url_prefix": "/tongmai", "name": "tongmai"}]
    external_views = [
        view("Tongmai 通脉", f"{BASE}/", "nav", "tongmai"),
        view("通脉账目 Ledger", LEDGER, "dag_run", "tongmai_ledger"),
    ]
