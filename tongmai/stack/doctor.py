"""Checks of an installation: each says whether it is well, and what to do when it is not."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tongmai.core.errors import TongmaiError
from tongmai.core.settings import database_url, home, product_root, site_roots
from tongmai.core.text import Text
from tongmai.stack import postgres
from tongmai.stack.keys import needs_postgres

ROOMS = ("tongmai", "connectors", "masterdata", "mappings")


@dataclass(frozen=True, slots=True)
class Result:
    """One check. ``ok`` is None where it is only information. ``next_step`` is for when it failed."""

    name: Text
    ok: bool | None
    detail: str
    next_step: Text | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.name.en,
            "ok": self.ok,
            "detail": self.detail,
            "next": self.next_step.en if self.ok is False and self.next_step else "",
        }


def examine() -> list[Result]:
    """Every check, in the order in which one would mend them."""
    checks: list[Callable[[], Result]] = [python, rooms, sites, server, database, airflow, keys, chromium]
    return [check() for check in checks]


def python() -> Result:
    version = ".".join(map(str, sys.version_info[:3]))
    return Result(
        Text("Python version", "Python 版本"),
        (3, 11) <= sys.version_info[:2] <= (3, 13),
        version,
        Text(
            "use Python 3.11, 3.12 or 3.13: run `make setup` with one of them",
            "请用 Python 3.11、3.12 或 3.13 执行 `make setup`",
        ),
    )


def rooms() -> Result:
    """A foreign package named ``connectors`` in site-packages would win over ours."""
    root = product_root()
    places = {room: _place(room) for room in ROOMS}
    strays = {room: place for room, place in places.items() if place != root / room}
    detail = str(root) if not strays else ", ".join(f"{room}: {place or 'not found'}" for room, place in strays.items())
    return Result(
        Text("All rooms load from one place", "各模块从同一处加载"),
        not strays,
        detail,
        Text(
            "another package of this name comes first: remove it from this environment and run `make setup`",
            "同名的其他软件包排在前面：请从本环境中移除后执行 `make setup`",
        ),
    )


def sites() -> Result:
    name, next_step = (
        Text("Site folders (TONGMAI_PATH)", "站点目录（TONGMAI_PATH）"),
        Text("correct TONGMAI_PATH", "请修正 TONGMAI_PATH"),
    )
    try:
        roots = site_roots()
    except TongmaiError as error:
        return Result(name, False, str(error), next_step)
    return Result(name, True, ", ".join(map(str, roots)) or "none")


def server() -> Result:
    name = Text("PostgreSQL", "PostgreSQL")
    next_step = Text("run `tongmai up --only postgres`", "请执行 `tongmai up --only postgres`")
    if needs_postgres():
        found = postgres.running()
        if not found:
            return Result(name, False, "the embedded server is not running", next_step)
    try:
        with psycopg.connect(plain(database_url()), connect_timeout=5) as connection:
            version = connection.info.server_version
    except TongmaiError as error:
        return Result(name, False, str(error), next_step)
    except psycopg.OperationalError as error:
        return Result(
            name,
            False,
            _first(str(error)),
            Text("start the server or correct TONGMAI_DATABASE_URL", "请启动数据库或修正 TONGMAI_DATABASE_URL"),
        )
    where = "embedded" if needs_postgres() and not os.environ.get("TONGMAI_DATABASE_URL") else "TONGMAI_DATABASE_URL"
    return Result(
        name,
        version >= 150000,
        f"{version // 10000}.{version % 10000} ({where})",
        Text("use PostgreSQL 15 or newer", "请使用 PostgreSQL 15 或更新版本"),
    )


def database() -> Result:
    from masterdata.store.database import connect

    name = Text("Hub database is migrated", "中枢数据库已升级")
    try:
        with connect(database_url()):
            pass
    except TongmaiError as error:
        return Result(
            name,
            False,
            f"{error.what}: {error.why}",
            Text("run `tongmai up` or `tongmai db upgrade`", "请执行 `tongmai up` 或 `tongmai db upgrade`"),
        )
    return Result(name, True, "at the newest revision")


def airflow() -> Result:
    """Asked in a process of its own: importing Airflow takes seconds and reads a configuration."""
    from tongmai.stack.keys import environment

    name, next_step = Text("Airflow imports", "Airflow 可导入"), Text("run `make setup`", "请执行 `make setup`")
    try:
        variables = {**os.environ, **environment()}
    except TongmaiError as error:
        return Result(
            name, False, str(error), Text("run `tongmai up --only postgres`", "请执行 `tongmai up --only postgres`")
        )
    code = "import airflow.sdk, tongmai.on_airflow.build; from airflow.version import version; print(version)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=variables, timeout=120
    )
    said = (answer.stdout if answer.returncode == 0 else answer.stderr).strip().splitlines()
    return Result(name, answer.returncode == 0, said[-1] if said else "no answer", next_step)


def keys() -> Result:
    """Secrets are for their owner alone."""
    files = [path for name in ("keys", "postgres") for path in (home() / name).glob("*") if path.is_file()]
    loose = [str(path) for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077 and path.name != "belongs-to"]
    return Result(
        Text("Secrets are private", "密钥文件仅本人可读"),
        not loose,
        ", ".join(loose) or f"{len(files)} files",
        Text(
            "run `chmod 600` on them and make new secrets if others had access",
            "请对这些文件执行 `chmod 600`，若他人可能读过请更换密钥",
        ),
    )


def chromium() -> Result:
    found = shutil.which("chromium")
    return Result(Text("Chromium (only for browser tests)", "Chromium（仅浏览器测试需要）"), None, found or "not found")


def plain(url: str) -> str:
    """A PostgreSQL URL without the driver that SQLAlchemy wants named."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.split('+')[0]}://{rest}"


def _place(room: str) -> Path | None:
    spec = importlib.util.find_spec(room)
    return (
        Path(next(iter(spec.submodule_search_locations))).resolve()
        if spec and spec.submodule_search_locations
        else None
    )


def _first(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[0]
