"""Secrets of connections from Airflow: its secrets backends, ``AIRFLOW_CONN_<NAME>``, or connections kept in the UI."""

from __future__ import annotations

import json
from typing import Any

from tongmai.core.secrets import PARTS, parse


class AirflowSecrets:
    """The Airflow connection of the same name, as the environment's secrets are read where Airflow does not run."""

    def get(self, connection: str) -> dict[str, Any] | None:
        """Its parts and every key of its ``extra`` beside them; None when Airflow knows no such connection."""
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            found = BaseHook.get_connection(connection)
        except AirflowNotFoundException:
            return None
        parts = {part: getattr(found, part) for part in PARTS}
        return parse(json.dumps({**parts, "extra": found.extra_dejson}), f"Airflow connection {connection}")
