"""The first tables: streams, inbox, work, crosswalk, contributions, golden records, outbox, ledger."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create schema if not exists hub;
create schema if not exists golden;

create table hub.release (
  id          bytea primary key,
  number      integer generated always as identity,
  created_at  timestamptz not null default now(),
  schema      bytea not null,
  content     bytea not null
);
comment on table hub.release is 'All YAML of the product and the sites as it was, content-addressed; content is zlib over JSON {file: text}';

create table hub.run (
  id          text primary key,
  sync        text not null,
  release     bytea references hub.release,
  trigger     text not null,
  external_id text not null default '',
  stream_id   integer,
  started_at  timestamptz not null default now(),
  finished_at timestamptz,
  state       text not null default 'running' check (state in ('running', 'done', 'failed', 'died')),
  read_count      bigint not null default 0,
  unchanged_count bigint not null default 0,
  report      jsonb
);
create index run_sync on hub.run (sync, started_at desc);
create index run_external on hub.run (external_id) where external_id <> '';
comment on table hub.run is 'One run of one sync; read_count and unchanged_count rise in the transaction that stores the page';

create table hub.stream (
  id          integer generated always as identity primary key,
  connection  text not null,
  stream      text not null,
  role        text not null,
  entity      text not null,
  checkpoint  text,
  baseline_at timestamptz,
  unique (connection, stream)
);
comment on column hub.stream.baseline_at is 'When a whole listing of the stream was last stored';

create table hub.source_record (
  id          bigint generated always as identity primary key,
  stream_id   integer not null,
  source_key  text not null,
  fingerprint bytea not null,
  inbox_id    bigint,
  entity_id   uuid,
  map_digest  bytea,
  deleted     boolean not null default false,
  unique (stream_id, source_key)
);
create index source_record_entity on hub.source_record (entity_id) where entity_id is not null;

create table hub.inbox (
  id          bigint generated always as identity primary key,
  run_id      text not null,
  stream_id   integer not null,
  source_key  text not null,
  op          text not null check (op in ('upsert', 'delete', 'broken')),
  version     text not null,
  raw         bytea not null,
  problem     text not null default '',
  received_at timestamptz not null default now()
);
create index inbox_stream on hub.inbox (stream_id, run_id);
comment on table hub.inbox is 'Every changed version of every record as it was read; insert-only';

create table hub.work (
  record_id   bigint primary key,
  stream_id   integer not null,
  inbox_id    bigint not null,
  reason      text not null check (reason in ('read', 'remap', 'reference', 'replay'))
);
create index work_stream on hub.work (stream_id, inbox_id);
comment on table hub.work is 'Records still to be mapped and applied; a row goes when its record is done';

create table hub.ledger (
  inbox_id    bigint primary key,
  outcome     text not null check (outcome in ('echo', 'filtered', 'superseded', 'quarantined', 'applied')),
  at          timestamptz not null default now()
);
comment on table hub.ledger is 'What became of each inbox row';

create table hub.contribution (
  record_id   bigint primary key,
  entity_id   uuid not null,
  fields      jsonb not null,
  changed     jsonb not null,
  echo        text[] not null default '{}',
  deleted     boolean not null default false
);
create index contribution_entity on hub.contribution (entity_id);
comment on column hub.contribution.changed is 'field -> when its source changed that value';
comment on column hub.contribution.echo is 'fields whose value is our own write coming back: they do not vote';

create table hub.entity (
  id          uuid primary key,
  entity      text not null,
  version     integer not null,
  digest      bytea not null,
  provenance  jsonb not null,
  redirect_to uuid,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
create index entity_kind on hub.entity (entity);

create table hub.entity_version (
  entity_id   uuid not null,
  version     integer not null,
  run_id      text not null,
  at          timestamptz not null default now(),
  fields      jsonb not null,
  changed     text[] not null,
  primary key (entity_id, version)
);

create table hub.match_key (
  entity      text not null,
  kind        text not null,
  value       text not null,
  entity_id   uuid not null,
  primary key (entity, kind, value, entity_id)
);
create index match_key_entity on hub.match_key (entity_id);

create table hub.reference_wait (
  connection  text not null,
  stream      text not null,
  entity      text not null,
  source_key  text not null,
  record_id   bigint not null references hub.source_record,
  field       text not null,
  primary key (record_id, field)
);
create index reference_wait_key on hub.reference_wait (connection, entity, source_key);
comment on table hub.reference_wait is 'References to records that have not arrived; stream is empty when any stream of the connection will do';

create table hub.finding (
  record_id   bigint not null references hub.source_record,
  entity      text not null,
  entity_id   uuid,
  field       text not null,
  code        text not null,
  message     text not null,
  value       text not null,
  run_id      text not null,
  at          timestamptz not null default now(),
  primary key (record_id, field, code)
);

create table hub.quarantined_record (
  id          bigint generated always as identity primary key,
  stage       text not null check (stage in ('read', 'map', 'deliver')),
  stream_id   integer not null references hub.stream,
  source_key  text not null,
  record_id   bigint references hub.source_record,
  inbox_id    bigint,
  target      text not null default '',
  entity_id   uuid,
  code        text not null,
  field       text not null default '',
  reason      text not null,
  place       text not null default '',
  release     bytea,
  run_id      text not null,
  at          timestamptz not null default now(),
  overlay     jsonb,
  edited_by   text not null default '',
  state       text not null default 'open' check (state in ('open', 'solved', 'superseded'))
);
create index quarantined_open on hub.quarantined_record (stream_id, source_key) where state = 'open';
create index quarantined_record_key on hub.quarantined_record (record_id);

create table hub.target (
  name        text primary key,
  stream_id   integer not null references hub.stream,
  entity      text not null,
  reads       text[] not null,
  map_digest  bytea not null,
  armed_at    timestamptz
);
comment on table hub.target is 'Subscriptions: which outbound sync wants to hear of which fields; armed once its own baseline was read and matched';

create table hub.outbox (
  id          bigint generated always as identity primary key,
  target      text not null references hub.target,
  entity_id   uuid not null,
  run_id      text not null,
  state       text not null default 'open' check (state in ('open', 'frozen', 'waiting')),
  attempts    integer not null default 0,
  operation   text not null default '',
  remote_key  text,
  payload     jsonb,
  whole       jsonb,
  values      jsonb,
  idempotency_key text not null default '',
  note        text not null default '',
  created_at  timestamptz not null default now()
);
create index outbox_target on hub.outbox (target, entity_id, id);
create unique index outbox_open on hub.outbox (target, entity_id) where state <> 'frozen';
create index outbox_order on hub.outbox (target, id);

create table hub.outbox_book (
  target      text not null,
  run_id      text not null,
  queued      bigint not null,
  primary key (target, run_id)
);
comment on table hub.outbox_book is 'How many rows each run put into the outbox of each target';

create table hub.delivery (
  id          bigint generated always as identity primary key,
  outbox_id   bigint not null,
  target      text not null,
  entity_id   uuid not null,
  run_id      text not null,
  outcome     text not null check (outcome in
    ('delivered', 'suppressed', 'superseded', 'cancelled', 'quarantined', 'retry')),
  operation   text not null default '',
  idempotency_key text not null default '',
  payload     jsonb,
  before      jsonb,
  remote_key  text,
  attempt     integer not null default 0,
  reason      text not null default '',
  at          timestamptz not null default now()
);
create unique index delivery_final on hub.delivery (outbox_id) where outcome <> 'retry';
create index delivery_entity on hub.delivery (entity_id);
create index delivery_target on hub.delivery (target, run_id);

create table hub.target_state (
  target      text not null references hub.target,
  entity_id   uuid not null,
  remote_key  text not null,
  active      boolean not null default true,
  gone        boolean not null default false,
  known       jsonb not null default '{}',
  written     jsonb not null default '{}',
  digest      bytea,
  map_digest  bytea,
  updated_at  timestamptz not null default now(),
  primary key (target, entity_id)
);
create index target_state_remote on hub.target_state (target, remote_key);
comment on column hub.target_state.gone is 'the target deleted its record: we do not bring it back';
comment on column hub.target_state.known is 'canonical values the target is known to hold, by our write or by reading it';
comment on column hub.target_state.written is 'what reading back our last write gives, per canonical field, until somebody changes it there: an equal value is an echo';

comment on table hub.source_record is 'Narrow and hot: every key ever read or written, its fingerprint, its entity. No foreign keys on the hot path: they cost more than the row';

create view hub.crosswalk as
  select s.connection, s.stream, r.source_key, s.entity, coalesce(e.redirect_to, r.entity_id) as entity_id
    from hub.source_record r
    join hub.stream s on s.id = r.stream_id
    left join hub.entity e on e.id = r.entity_id
   where r.entity_id is not null;

create view hub.quarantine as
  select s.stream, q.source_key as key, q.code, q.reason, q.id, s.connection, q.stage, q.field, q.place, q.at
    from hub.quarantined_record q
    join hub.stream s on s.id = q.stream_id
   where q.state = 'open';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop schema golden cascade; drop schema hub cascade")
