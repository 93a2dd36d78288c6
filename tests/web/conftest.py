"""The real API server application, with our plugin in it, and readers of different rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi.testclient import TestClient


@pytest.fixture(scope="session")
def api(airflow: dict[str, str]) -> Iterator[TestClient]:
    """A client of ``create_app()``."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    with TestClient(create_app(), follow_redirects=False) as client:
        yield client


@pytest.fixture
def read(api: TestClient, hub_url: str) -> Callable[..., Any]:
    """``read(path, language="zh-CN,zh;q=0.9", role="viewer")`` gives the answer; role None is nobody."""

    def get(path: str, language: str = "en", role: str | None = "viewer") -> Any:
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        headers = {"Accept-Language": language}
        if role:
            token = get_auth_manager().generate_jwt(SimpleAuthManagerUser(username="reader", role=role))
            headers["Authorization"] = f"Bearer {token}"
        api.cookies.clear()
        return api.get(path, headers=headers)

    return get
