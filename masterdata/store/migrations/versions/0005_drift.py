"""Members of source records, so that new ones are noticed."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
create table hub.stream_member (
  stream_id   integer not null references hub.stream (id) on delete cascade,
  name        text not null,
  kind        text not null,
  first_run   text not null,
  first_key   text not null,
  first_seen  timestamptz not null default clock_timestamp(),
  accepted_at timestamptz,
  accepted_by text,
  primary key (stream_id, name, kind)
);
comment on table hub.stream_member is 'Every member that records of a stream were seen to have, by JSON kind; not accepted: drift that waits for a person';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table hub.stream_member")
