"""A system whose answers a test writes, and the settings to call it with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.sdk.http_settings import HTTP_SETTINGS
from connectors.testing.simulator import Reply, Request, State

Answering = Callable[[Request], Reply]


def http_settings(url: str, **settings: Any) -> dict[str, Any]:
    """The standard HTTP settings, impatient."""
    defaults = {name: setting.get("default") for name, setting in HTTP_SETTINGS.items()}
    quick = {"retry_wait": 0.01, "read_timeout": 5, "connect_timeout": 2}
    return {**defaults, **quick, "base_url": url, "connection_name": "conn", **settings}


class Scripted:
    """A system that answers as a function says and keeps what it was asked."""

    name = "scripted"

    def __init__(self, answer: Answering) -> None:
        self.state = State({}, {})
        self.seen: list[Request] = []
        self._answer = answer

    def answer(self, request: Request) -> Reply:
        self.seen.append(request)
        return self._answer(request)

    def user_write(self, obj: str, op: str, key: str, fields: dict[str, Any]) -> str:
        raise NotImplementedError

    def credentials(self, url: str) -> dict[str, Any]:
        return {"base_url": url}

    def expire_sessions(self) -> None:
        """There are none."""
