"""Secrets of connections from Airflow: its secrets backends, ``AIRFLOW_CONN_<NAME>``, or connections kept in the UI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARTS = ("host", "login", "password", "schema", "port")


class AirflowSecrets:
    """The Airflow connection of the same name: its parts, and every key of its ``extra`` beside them."""

    def get(self, name: str) -> Mapping[str, Any] | None:
        """What the connection ``name`` holds; None when Airflow knows no such connection."""
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            connection = BaseHook.get_connection(name)
        except AirflowNotFoundException:
            return None
        parts = {part: getattr(connection, part) for part in PARTS}
        given = {part: value for part, value in parts.items() if value not in (None, "")}
        return {**connection.extra_dejson, **given}
