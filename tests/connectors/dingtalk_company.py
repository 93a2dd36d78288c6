"""A simulated company on DingTalk, called without the hub's own client."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from connectors.testing.server import SimulatorServer
from connectors.vendors.dingtalk import simulator_data as data

HEADER = "x-acs-dingtalk-access-token"
Answer = tuple[int, dict[str, Any]]


class Company:
    """Calls of both faces with tokens of their own."""

    def __init__(self, server: SimulatorServer) -> None:
        self.server = server
        self.url = server.url
        self.state = server.vendor.state

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """One call: status and JSON."""
        coded = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, coded, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def token(self) -> str:
        """A token of the new face."""
        body = {"appKey": data.APP["app_key"], "appSecret": data.APP["app_secret"]}
        return str(self.send("POST", "/v1.0/oauth2/accessToken", body)[1]["accessToken"])

    def old_token(self) -> str:
        """A token of the legacy face."""
        query = urlencode({"appkey": data.APP["app_key"], "appsecret": data.APP["app_secret"]})
        return str(self.send("GET", f"/gettoken?{query}")[1]["access_token"])

    def new(self, method: str, path: str, body: Any = None) -> Answer:
        """A call of the new face."""
        return self.send(method, path, body, {HEADER: self.token()})

    def old(self, path: str, body: Any = None) -> dict[str, Any]:
        """A call of the legacy face: always HTTP 200."""
        status, answer = self.send("POST", f"{path}?access_token={self.old_token()}", body or {})
        assert status == 200
        return answer

    def switch(self, **switches: Any) -> None:
        """Change how the company behaves."""
        self.server.control("switches", switches)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.server.control("clock", {"advance": seconds})
