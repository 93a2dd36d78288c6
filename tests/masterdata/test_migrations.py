"""Migrations that hubs have run are never edited: what they left out a hub would never get."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import psycopg

from masterdata.store import migrate
from tongmai.core.settings import product_root

FOLDER = product_root() / "masterdata" / "store" / "migrations" / "versions"
LANDED = {
    "0001_first.py": "c33085423b186279",
    "0002_flows.py": "484ecb4a519a19f4",
    "0003_intake.py": "cee35ba0877c838f",
    "0004_shared.py": "0fc78b28eb055ead",
    "0005_drift.py": "02cc99f8691a8b7c",
    "0006_left_out.py": "ed08763a49f655c7",
    "0007_dictionary.py": "814e9d3416080027",
    "0008_override.py": "d953564c90b21ea7",
    "0009_matching.py": "baa872029c5679c6",
    "0010_search.py": "316e94a12e5c2f9c",
    "0011_quality.py": "6995da18727a6de4",
    "0012_twins.py": "705fb669dd14710d",
    "0013_moot.py": "e0887dd8dda0ab43",
    "0014_questions.py": "7e1a5080cf52d2ba",
}
"""The beginning of each file's digest; add a migration once it has landed."""


def test_what_has_landed_stays_as_it_is() -> None:
    edited = [name for name, digest in LANDED.items() if sha256(_text(FOLDER / name)).hexdigest()[:16] != digest]
    assert not edited, "write a new migration instead"
    later = sorted(file.name for file in FOLDER.glob("0*.py") if file.name not in LANDED)
    assert all(name > max(LANDED) for name in later)


def test_the_last_migration_can_be_taken_back_and_done_again(hub_url: str) -> None:
    def state() -> list[tuple[str, ...]]:
        with psycopg.connect(hub_url) as connection:
            return connection.execute(
                """select 'index', schemaname || '.' || indexname, indexdef from pg_indexes where schemaname = 'hub'
                   union all select 'view', viewname, definition from pg_views where schemaname = 'hub' order by 1, 2, 3"""
            ).fetchall()

    before = state()
    _downgrade(hub_url)
    assert state() != before
    migrate.upgrade(hub_url)
    assert state() == before


def _text(file: Path) -> bytes:
    return file.read_bytes().replace(b"\r\n", b"\n")


def _downgrade(url: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    config = Config()
    config.set_main_option("script_location", str(FOLDER.parent))
    with create_engine(migrate._driver(url)).connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
        connection.commit()
