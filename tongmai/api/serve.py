"""Serve the API until told to stop."""

from __future__ import annotations

from collections.abc import Callable

from masterdata.search import query
from tongmai.api.app import application
from tongmai.api.hub import Hub
from tongmai.core import server


def serve(hub: Hub, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Blocks. ``ready`` is told the URL once the port is open."""

    def begin(url: str) -> None:
        hub.content()  # what is wrong with it is said now
        query("上海某某科技 mou")  # reads its tables of script and places: the first caller should not wait for them
        ready(url)

    try:
        server.serve(application(hub), host, port, begin)
    finally:
        hub.close()
