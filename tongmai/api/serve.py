"""Serve the API until told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn

from masterdata.search import query
from tongmai.api.app import application
from tongmai.api.hub import Hub
from tongmai.core.errors import ConfigurationError


def serve(hub: Hub, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Blocks until SIGTERM or Ctrl-C. ``ready`` is told the URL once the port is open."""
    try:
        listener = socket.create_server((host, port), backlog=1_024)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {host}",
            error.strerror or type(error).__name__,
            "choose another with --port, or stop what uses it",
            code="port-taken",
        ) from None
    config = uvicorn.Config(
        application(hub), log_config=None, access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
    )  # fmt: skip
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn takes signals over while it runs and raises them again at its end
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        hub.content()  # what is wrong with it is said now
        query("上海某某科技 mou")  # reads its tables of script and places: the first caller should not wait for them
        ready(f"http://{host}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])
    finally:
        listener.close()
        hub.close()
