"""Matching in the hub: what records are compared by, which pairs were weighed, what stewards decided."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
create table hub.match_record (
  record_id   bigint primary key,
  entity      text not null,
  seat        bigint generated always as identity,
  birth       uuid not null,
  mark        bytea not null
);
create unique index match_record_birth on hub.match_record (birth);
comment on table hub.match_record is
  'Records that are compared. An entity''s id is the birth of its record with the lowest seat, so ids follow from the partition alone';
comment on column hub.match_record.mark is 'digest of the compared fields: with another one the pairs are weighed anew';

create table hub.match_token (
  entity      text not null,
  key         bigint not null,
  record_id   bigint not null,
  primary key (entity, key, record_id)
);
create index match_token_record on hub.match_token (record_id);
comment on table hub.match_token is 'Digests of the keys by which records are found, generic ones too';

create table hub.match_edge (
  one         bigint not null,
  other       bigint not null,
  entity      text not null,
  weight      integer not null,
  veto        boolean not null,
  primary key (one, other),
  check (one < other)
);
create index match_edge_other on hub.match_edge (other);
comment on table hub.match_edge is 'Weighed pairs of records from the review threshold on; weight in milli-bits';

create table hub.match_act (
  id          bigint generated always as identity primary key,
  entity      text not null,
  kind        text not null check (kind in ('merge', 'unmerge', 'apart', 'kept')),
  who         text not null,
  why         text not null,
  run_id      text not null,
  at          timestamptz not null default now(),
  undone_at   timestamptz,
  undone_by   text not null default '',
  undone_why  text not null default ''
);
create table hub.match_decision (
  act         bigint not null references hub.match_act,
  one         bigint not null,
  other       bigint not null,
  same        boolean not null,
  ended_at    timestamptz,
  primary key (act, one, other),
  check (one < other)
);
create index match_decision_one on hub.match_decision (one) where ended_at is null;
create index match_decision_other on hub.match_decision (other) where ended_at is null;
comment on table hub.match_act is 'What a steward did: records are one (merge), no longer (unmerge), or shall never be (apart); kept: what was edited stays where it was';
comment on table hub.match_decision is 'Pairs of records an act says are the same, or are not; of several open ones the latest act counts';

create table hub.match_event (
  id          bigint generated always as identity primary key,
  entity      text not null,
  record_id   bigint not null,
  came_from   uuid not null,
  went_to     uuid not null,
  run_id      text not null,
  act         bigint references hub.match_act,
  at          timestamptz not null default now()
);
create index match_event_from on hub.match_event (came_from);
create index match_event_to on hub.match_event (went_to);
comment on table hub.match_event is 'Each record that went over to another entity';

create table hub.match_snapshot (
  entity      text not null,
  version     text not null,
  records     bigint not null,
  taken_at    timestamptz not null default now(),
  content     text not null,
  current     boolean not null default true,
  primary key (entity, version)
);
create unique index match_snapshot_current on hub.match_snapshot (entity) where current;
comment on table hub.match_snapshot is 'How common values and keys are: weights with frequencies as one text; the current one is used until another is taken';

create table hub.correction (
  id          bigint generated always as identity primary key,
  target      text not null,
  record_id   bigint not null,
  verdict     text not null check (verdict in ('approved', 'rejected')),
  who         text not null,
  why         text not null,
  at          timestamptz not null default now(),
  unique (target, record_id)
);
comment on table hub.correction is 'What was decided of a second record of one entity in a target: to be switched off there, or left as it is';

create view hub.match_review as
  select e.entity, e.one, e.other, e.weight, least(r.entity_id, s.entity_id) as entity_id, greatest(r.entity_id, s.entity_id) as twin_id
    from hub.match_edge e
    join hub.source_record r on r.id = e.one
    join hub.source_record s on s.id = e.other
   where r.entity_id <> s.entity_id and not e.veto and not exists (
     select 1 from hub.match_decision d
       join hub.source_record x on x.id = d.one
       join hub.source_record y on y.id = d.other
      where d.ended_at is null and not d.same
        and ((d.one = e.one and d.other = e.other)
          or (x.entity_id = r.entity_id and y.entity_id = s.entity_id)
          or (x.entity_id = s.entity_id and y.entity_id = r.entity_id)));
comment on view hub.match_review is 'Pairs of records of different entities that may be one: nothing forbids it and nobody has said they are not';

alter table hub.contribution add column own jsonb not null default '{}';
comment on column hub.contribution.own is
  'echo field -> what the record said itself before, since when, and of which record the value is that we wrote over it';

create index entity_redirect on hub.entity (redirect_to) where redirect_to is not null;

create index outbox_frozen on hub.outbox (target, remote_key) where state = 'frozen';

alter table hub.source_record add column anchor uuid;
create index source_record_anchor on hub.source_record (anchor) where anchor is not null;
comment on column hub.source_record.anchor is
  'Of a record that we wrote: the birth of the record it follows. It is what it was made of, and is not compared';
update hub.source_record r set anchor = r.entity_id
 where r.entity_id is not null and exists (
   select 1 from hub.delivery d join hub.target t on t.name = d.target
    where t.stream_id = r.stream_id and d.remote_key = r.source_key and d.operation = 'create' and d.outcome = 'delivered'
      and d.entity_id = r.entity_id);
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        """drop view hub.match_review;
           drop index hub.entity_redirect, hub.outbox_frozen;
           alter table hub.source_record drop column anchor;
           alter table hub.contribution drop column own;
           drop table hub.correction, hub.match_snapshot, hub.match_event, hub.match_decision, hub.match_act,
             hub.match_edge, hub.match_token, hub.match_record"""
    )
