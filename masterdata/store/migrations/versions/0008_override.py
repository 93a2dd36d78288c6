"""Values that stewards set, with who, why and until when."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
create table hub.override (
  id          bigint generated always as identity primary key,
  entity_id   uuid not null,
  field       text not null,
  value       jsonb not null,
  trust       integer not null check (trust between 0 and 1000),
  set_by      text not null,
  why         text not null check (why <> ''),
  set_at      timestamptz not null default now(),
  until       timestamptz not null,
  ended_at    timestamptz,
  ended_by    text
);
create unique index override_open on hub.override (entity_id, field) where ended_at is null;
create index override_entity on hub.override (entity_id);
create index override_until on hub.override (until) where ended_at is null;
comment on table hub.override is 'Values of golden records that stewards set; they compete with what sources say and are no source themselves';
comment on column hub.override.ended_by is 'who released it or set another; empty when its time was over';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table hub.override")
