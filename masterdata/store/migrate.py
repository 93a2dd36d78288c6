"""Bring the hub database to the schema this version needs (Alembic)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tongmai.core.errors import StateError

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = 7_204_611_001


def upgrade(url: str) -> str:
    """Run every migration that is still to do; returns the revision. Several callers at once are serialised."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    engine = create_engine(_driver(url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
        connection.commit()
        try:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
    engine.dispose()
    return head()


@cache
def head() -> str:
    """The newest revision this version of the code knows."""
    names = sorted(file.name.split("_")[0] for file in (_SCRIPTS / "versions").glob("[0-9]*.py"))
    if not names:
        raise StateError("migrations", f"none found in {_SCRIPTS}", "reinstall Tongmai", code="no-migrations")
    return names[-1]


def _driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme.startswith("postgres") else url
