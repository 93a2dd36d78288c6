"""The Salesforce simulator as its tests meet it: a server, and calls with a token."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from connectors.sdk.auth.jwt import assertion
from connectors.testing.server import SimulatorServer
from connectors.vendors.salesforce import simulator_login as login

Serve = Callable[..., SimulatorServer]
BASE = "/services/data/v66.0"
TOKEN = "/services/oauth2/token"
SECRET = {"client_id": login.CLIENT_ID, "client_secret": login.CLIENT_SECRET}
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Caller:
    """Calls with one token."""

    server: SimulatorServer
    token: str

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.server.url + BASE + path, headers=headers, timeout=30, **more)

    def query(self, text: str, verb: str = "query", **headers: str) -> Any:
        answer = self("GET", f"/{verb}", params={"q": text}, headers=headers)
        return answer.json() if answer.status_code == 200 else answer.json()[0]["errorCode"]

    def rows(self, text: str) -> list[dict[str, Any]]:
        found = self.query(text)
        assert isinstance(found, dict), found
        return list(found["records"])


@pytest.fixture
def server(serve: Serve) -> SimulatorServer:
    return serve("salesforce", customers=12)


@pytest.fixture
def call(server: SimulatorServer) -> Caller:
    return Caller(server, logged_in(server).json()["access_token"])


def logged_in(server: SimulatorServer, host: str = "", **form: str) -> requests.Response:
    given = {"grant_type": "client_credentials", **SECRET, **form}
    return requests.post(server.url + TOKEN, data=given, headers={"Host": host} if host else {}, timeout=30)


def signed_assertion(
    server: SimulatorServer, key: str = "", at: int | None = None, lifetime: int = 180, **claims: str
) -> requests.Response:
    said = {"iss": login.CLIENT_ID, "sub": login.USER, "aud": "https://login.salesforce.com", **claims}
    made = assertion("RS256", key or login.private_pem(), said, {}, at or int(time.time()), lifetime, "test")
    return requests.post(server.url + TOKEN, data={"grant_type": JWT, "assertion": made}, timeout=30)


def codes_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()[0]["errorCode"]
