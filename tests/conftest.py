"""Shared by all tests: an own state folder, one embedded PostgreSQL per test process, a fresh hub database per test.

Nothing of the developer's own environment reaches a test: its Airflow and Tongmai variables are taken away first.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest

_KEPT = ("TONGMAI_SCREENSHOTS", "TONGMAI_TEST_MYSQL_URL", "TONGMAI_TEST_AMQP_URL", "TONGMAI_TEST_KAFKA")
for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "TONGMAI_", "PG")) and name not in _KEPT]:
    del os.environ[_name]
# short, because of limits on socket paths; passable, because the account that runs PostgreSQL for root has to reach it
_HOME = Path(tempfile.mkdtemp(prefix="tm-"))
if os.geteuid() == 0:
    _HOME.chmod(0o711)
os.environ["TONGMAI_HOME"] = str(_HOME)
os.environ["TONGMAI_LANG"] = "en"
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)

_numbers = itertools.count(1)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Under xdist a file stays in one process, and all tests with an Airflow inside the process share one: migrating its
    database and building its application take longer than the tests. (xdist's own groups do not work with pytest 9.)"""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::", 1)[0]
            return "airflow" if file.startswith(("tests/on_airflow/", "tests/web/")) else file

    return ByFile(config, log)


@pytest.fixture(scope="session", autouse=True)
def state_folder() -> Iterator[Path]:
    """This process's state folder. Removed as a part of the last test: xdist does not wait for what comes later."""
    yield _HOME
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(state_folder: Path) -> Iterator[Server]:
    """The embedded server of this test process."""
    from tongmai.stack import postgres

    try:
        # fsync guards what is committed against a machine that fails; no test can make one fail, and each commit waits for it
        with patch.dict(postgres.SETTINGS, fsync="off"):
            server = postgres.start()
        yield server
    finally:
        postgres.stop()


@pytest.fixture(scope="session")
def hub_template(postgres: Server) -> str:
    """The name of a migrated, empty hub database that nobody is connected to."""
    from masterdata.store import upgrade

    upgrade(postgres.url("tongmai"))
    return "tongmai"


@pytest.fixture(scope="session")
def golden_template(postgres: Server, hub_template: str) -> str:
    """As ``hub_template``, with the golden tables of the product's content, which the first run would make; without a release."""
    from masterdata.store import connect
    from tongmai.sync.content import activate, load_content

    name = "tongmai_golden"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template {hub_template} owner tongmai")
    with patch.dict(os.environ), connect(postgres.url("tongmai").rsplit("/", 1)[0] + f"/{name}") as database:
        os.environ.pop("TONGMAI_PATH", None)
        activate(database, load_content())
        with database.transaction() as cursor:
            cursor.execute("truncate hub.release restart identity cascade")
    return name


@pytest.fixture
def hub_url(
    postgres: Server,
    hub_template: str,
    golden_template: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The URL of a fresh, migrated hub database, which is also what ``database_url()`` gives during the test. A test marked
    ``empty_hub`` gets one in which no run has made the golden tables yet."""
    template = hub_template if request.node.get_closest_marker("empty_hub") else golden_template
    name = f"hub_{next(_numbers)}"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template {template} owner tongmai")
    url = postgres.url("tongmai").rsplit("/", 1)[0] + f"/{name}"
    monkeypatch.setenv("TONGMAI_DATABASE_URL", url)
    yield url
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def needs_program() -> Callable[[str], str]:
    """``needs_program("chromium")`` gives its path; without it the test is skipped, and in CI it fails."""

    def need(name: str) -> str:
        path = shutil.which(name)
        if path:
            return path
        if os.environ.get("CI") == "true":
            pytest.fail(f"the program {name} is missing; .ci/packages must bring it")
        pytest.skip(f"needs the program {name} (Debian: apt-get install {name})")

    return need


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty site folder named in ``TONGMAI_PATH``."""
    folder = tmp_path / "site"
    (folder / "syncs").mkdir(parents=True)
    monkeypatch.setenv("TONGMAI_PATH", str(folder))
    return folder


@pytest.fixture(scope="session")
def airflow(postgres: Server) -> Iterator[dict[str, str]]:
    """Airflow's environment in this process, its database migrated. Airflow must be imported inside tests, after this."""
    from tongmai.stack.keys import environment

    variables = environment()
    os.environ.update(variables)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    yield variables
    if "airflow.settings" in sys.modules:  # its connections must not outlive the server
        sys.modules["airflow.settings"].dispose_orm()


from tongmai.stack.postgres import Server  # noqa: E402  after the environment is set
