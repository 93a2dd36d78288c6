"""Serve the receiver until told to stop; what was accepted is stored before the process ends."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn

from tongmai.core.errors import ConfigurationError
from tongmai.intake.app import Intake, application


def serve(intake: Intake, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Blocks. ``ready`` is told the URL once the port is open."""
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
        application(intake),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=20,
    )
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn takes signals over while it runs and raises them again at its end, when there is still something to store
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    intake.writer.start()
    try:
        ready(f"http://{host}:{listener.getsockname()[1]}")
        server.run(sockets=[listener])
    finally:
        listener.close()
        intake.writer.close()
