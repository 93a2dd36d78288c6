"""Leases, flows and their numbers, suspects in the outbox."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create table hub.lease (
  name        text primary key,
  token       bigint not null,
  holder      text not null,
  until       timestamptz not null
);
comment on table hub.lease is 'Who acts under a name until when; the token rises with every takeover and fences off the one before';

alter table hub.stream add column baseline_inbox bigint;
comment on column hub.stream.baseline_inbox is 'The newest inbox row of the first whole listing: what was so from the beginning triggers no flow';
update hub.stream s set baseline_inbox = (select coalesce(max(i.id), 0) from hub.inbox i where i.stream_id = s.id)
 where baseline_at is not null;

alter table hub.outbox drop constraint outbox_state_check;
alter table hub.outbox add constraint outbox_state_check check (state in ('open', 'frozen', 'waiting', 'suspect'));
alter table hub.outbox add column decided text not null default '';
alter table hub.outbox add column frozen_at timestamptz;
comment on column hub.outbox.frozen_at is 'Since when the write may have been sent, or is in doubt: a doubtful one is left to settle before it is looked at again';
comment on column hub.outbox.decided is 'resend: a person, or the run itself, says that it was not taken; delivered: a person found it (remote_key says which record)';
drop index hub.outbox_open;
create unique index outbox_open on hub.outbox (target, entity_id) where state in ('open', 'waiting');

create table hub.flow_instance (
  id          uuid primary key,
  flow        text not null,
  entity      text not null,
  subject     uuid not null,
  occurrence  integer not null,
  release     bytea not null,
  digest      bytea not null,
  state       text not null default 'running' check (state in ('running', 'cancelling', 'done', 'cancelled')),
  step        integer not null default 0,
  due         boolean not null default true,
  minted      jsonb not null default '{}',
  made        jsonb not null default '{}',
  note        text not null default '',
  deadline    timestamptz,
  run_id      text not null,
  started_at  timestamptz not null default now(),
  ended_at    timestamptz,
  unique (flow, subject, occurrence)
);
create unique index flow_instance_live on hub.flow_instance (flow, subject) where ended_at is null;
create index flow_instance_due on hub.flow_instance (flow, started_at, id) where due and ended_at is null;
create index flow_instance_subject on hub.flow_instance (subject);
comment on table hub.flow_instance is 'One flow for one subject; it finishes on the release it began with. due: something happened that it has to look at';
comment on column hub.flow_instance.made is 'entity -> id of what its create steps made';

create table hub.flow_step (
  instance    uuid not null,
  position    integer not null,
  name        text not null,
  state       text not null check (state in ('waiting', 'done', 'undone')),
  detail      text not null default '',
  began_at    timestamptz not null default clock_timestamp(),
  ended_at    timestamptz,
  primary key (instance, position)
);

create table hub.flow_link (
  entity_id   uuid not null,
  instance    uuid not null,
  primary key (entity_id, instance)
);
comment on table hub.flow_link is 'Which instances want to hear of a change of which entity';

create table hub.sequence (
  name        text not null,
  scope       text not null,
  last        bigint not null,
  primary key (name, scope)
);
create table hub.minted_number (
  sequence    text not null,
  scope       text not null,
  number      bigint not null,
  text        text not null,
  instance    uuid not null,
  at          timestamptz not null default clock_timestamp(),
  primary key (sequence, scope, number),
  unique (sequence, text),
  unique (sequence, instance)
);
create index minted_number_text on hub.minted_number (text);
comment on table hub.minted_number is 'Numbers given out, without gaps or doubles: the sequence moves in the transaction that uses the number';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        """drop table hub.minted_number, hub.sequence, hub.flow_link, hub.flow_step, hub.flow_instance, hub.lease;
           alter table hub.stream drop column baseline_inbox;
           alter table hub.outbox drop column decided;
           alter table hub.outbox drop column frozen_at;
           delete from hub.outbox where state = 'suspect';
           alter table hub.outbox drop constraint outbox_state_check;
           alter table hub.outbox add constraint outbox_state_check check (state in ('open', 'frozen', 'waiting'));
           drop index hub.outbox_open;
           create unique index outbox_open on hub.outbox (target, entity_id) where state <> 'frozen'"""
    )
