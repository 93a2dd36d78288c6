"""Serve the receiver until told to stop; what was accepted is stored before the process ends."""

from __future__ import annotations

from collections.abc import Callable

from tongmai.core import server
from tongmai.intake.app import Intake, application


def serve(intake: Intake, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Blocks. ``ready`` is told the URL once the port is open."""

    def begin(url: str) -> None:
        intake.writer.start()
        ready(url)

    try:
        server.serve(application(intake), host, port, begin)
    finally:
        intake.writer.close()
