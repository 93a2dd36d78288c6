"""Events that came by webhook, until a run of their stream takes them."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
create table hub.webhook_event (
  id          bigint generated always as identity primary key,
  connection  text not null,
  webhook     text not null,
  event_id    text not null,
  type        text not null,
  stream      text not null,
  source_key  text not null,
  op          text not null check (op in ('upsert', 'delete', 'broken')),
  version     text not null,
  raw         bytea,
  problem     text not null,
  digest      bytea not null,
  state       text not null check (state in ('waiting', 'taking', 'taken', 'unrouted')),
  run_id      text not null default '',
  received_at timestamptz not null default clock_timestamp(),
  taken_at    timestamptz
);
create unique index webhook_event_once on hub.webhook_event (connection, webhook, event_id) where event_id <> '';
create unique index webhook_event_alike on hub.webhook_event (connection, webhook, digest)
  where event_id = '' and state in ('waiting', 'unrouted');
create index webhook_event_open on hub.webhook_event (connection, stream, id) where state in ('waiting', 'taking');
create index webhook_event_gone on hub.webhook_event (connection, stream, source_key) where op = 'delete' and version <> '';
create index webhook_event_old on hub.webhook_event (received_at) where state in ('taken', 'unrouted');
comment on table hub.webhook_event is 'What systems told us, stored before they were answered. A run of the stream takes it into the inbox; taken rows stay for a while, so that a repeated event is recognised';
comment on column hub.webhook_event.raw is 'The record the event carried; null when the event only names a key to read again, and once it was taken (the inbox has it)';
comment on column hub.webhook_event.state is 'taking: a run is about to read the key again, so an event alike that comes now says something new';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table hub.webhook_event")
