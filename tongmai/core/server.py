"""A web application served on one port until the process is told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

from tongmai.core.errors import ConfigurationError


def serve(application: Any, host: str, port: int, begin: Callable[[str], None]) -> None:
    """Blocks until SIGTERM or Ctrl-C. ``begin`` is told the URL: the port is open, and nothing is answered before it is done."""
    import uvicorn

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
        application, log_config=None, access_log=False, server_header=False, proxy_headers=False, timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
    )  # fmt: skip
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn takes signals over while it runs and raises them again at its end, when the caller has still something to close
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with listener:
        begin(f"http://{host}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])
