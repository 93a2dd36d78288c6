"""The little of Airflow's REST API that the demo needs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import requests

from tongmai.core.errors import StateError

ENDED = ("success", "failed")


@dataclass
class AirflowApi:
    """A logged-in session with an Airflow API server."""

    url: str
    session: requests.Session

    @classmethod
    def login(cls, url: str, user: str, password: str) -> AirflowApi:
        """Get a token by user and password."""
        session = requests.Session()
        answer = session.post(f"{url}/auth/token", json={"username": user, "password": password}, timeout=30)
        answer.raise_for_status()
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return cls(url, session)

    def wait_for_dags(self, names: set[str], patience: float) -> None:
        """Until all these DAGs are known to the scheduler."""
        deadline = time.monotonic() + patience
        missing = names
        while time.monotonic() < deadline:
            known = {dag["dag_id"] for dag in self._get("dags", limit=500)["dags"]}
            missing = names - known
            if not missing:
                return
            time.sleep(0.5)
        raise StateError(
            "Airflow",
            f"these DAGs did not appear in {patience:.0f} s: {', '.join(sorted(missing))}",
            "see the dag-processor's log",
        )

    def run(self, dag: str, patience: float) -> tuple[str, str]:
        """Trigger a DAG and wait for its end: run id and state."""
        answer = self.session.post(
            f"{self.url}/api/v2/dags/{dag}/dagRuns", json={"logical_date": None, "conf": {}}, timeout=30
        )
        answer.raise_for_status()
        run = answer.json()["dag_run_id"]
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            state = self._get(f"dags/{dag}/dagRuns/{run}")["state"]
            if state in ENDED:
                return run, state
            time.sleep(0.3)
        raise StateError(f"DAG {dag}", f"run {run} did not end in {patience:.0f} s", f"look at {self.url}/dags/{dag}")

    def _get(self, path: str, **query: Any) -> Any:
        answer = self.session.get(f"{self.url}/api/v2/{path}", params=query, timeout=30)
        answer.raise_for_status()
        return answer.json()
