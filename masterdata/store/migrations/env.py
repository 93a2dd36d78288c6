"""Alembic's entry: runs the migrations over the connection that ``masterdata.store.migrate`` hands in."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="tongmai_migration", version_table_schema="public")
with context.begin_transaction():
    context.run_migrations()
