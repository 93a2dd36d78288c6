"""Tests of the stack look at the environment, so none of another test's Airflow may be in it."""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True)
def no_airflow_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AIRFLOW") or name.lower() == "no_proxy"]:
        monkeypatch.delenv(name)
