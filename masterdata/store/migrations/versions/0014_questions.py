"""Open questions in the order of their priority, kept up to date by what changes them."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = """
create table hub.question (
  id          uuid primary key,
  entity      text not null,
  members     uuid[] not null,
  since       timestamptz not null,
  points      numeric not null
);
create index question_members on hub.question using gin (members) with (fastupdate = off);
comment on table hub.question is
  'Entities that hang together by open questions, by their lowest id. It chooses which of very many are looked at, and is never the
truth: it follows from pairs, records and decisions once what stands in question_due was looked at';
comment on column hub.question.points is 'priority without what age adds to it';

create table hub.question_mark (
  entity      text primary key,
  mark        bytea not null
);
comment on table hub.question_mark is 'By which rules the questions of an entity stand there: by others they are all made anew';

create table hub.question_due (
  entity_id   uuid,
  record_id   bigint,
  facts       boolean not null default false
);
comment on table hub.question_due is
  'Entities (or records of entities) whose questions may have changed. Only ever added to, so that nobody waits for another; facts: only
what their priority is made of';

create function hub.note_pair() returns trigger language plpgsql as $$
begin
  insert into hub.question_due (record_id) select distinct one from changed;
  return null;
end $$;
create trigger question_edge_put after insert on hub.match_edge referencing new table as changed
  for each statement execute function hub.note_pair();
create trigger question_edge_set after update on hub.match_edge referencing new table as changed
  for each statement execute function hub.note_pair();
create trigger question_edge_gone after delete on hub.match_edge referencing old table as changed
  for each statement execute function hub.note_pair();
create trigger question_said after insert on hub.match_decision referencing new table as changed
  for each statement execute function hub.note_pair();
create trigger question_unsaid after update on hub.match_decision referencing new table as changed
  for each statement execute function hub.note_pair();

create function hub.note_move() returns trigger language plpgsql as $$
begin
  insert into hub.question_due (entity_id) values (old.entity_id), (new.entity_id);
  return null;
end $$;
create trigger question_move after update of entity_id on hub.source_record
  for each row when (old.entity_id is not null and old.entity_id is distinct from new.entity_id)
  execute function hub.note_move();

create function hub.note_wait() returns trigger language plpgsql as $$
begin
  insert into hub.question_due (entity_id, facts) values (case when tg_op = 'DELETE' then old.entity_id else new.entity_id end, true);
  return null;
end $$;
create trigger question_wait_put after insert on hub.outbox
  for each row when (new.state = 'waiting') execute function hub.note_wait();
create trigger question_wait_set after update of state on hub.outbox
  for each row when ((old.state = 'waiting') <> (new.state = 'waiting')) execute function hub.note_wait();
create trigger question_wait_gone after delete on hub.outbox
  for each row when (old.state = 'waiting') execute function hub.note_wait();

create function hub.note_state() returns trigger language plpgsql as $$
begin
  insert into hub.question_due (entity_id, facts)
    select distinct c.entity_id, true from changed c
     where exists (select 1 from hub.outbox o where o.target = c.target and o.entity_id = c.entity_id and o.state = 'waiting');
  return null;
end $$;
create trigger question_state_put after insert on hub.target_state referencing new table as changed
  for each statement execute function hub.note_state();
create trigger question_state_gone after delete on hub.target_state referencing old table as changed
  for each statement execute function hub.note_state();
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        """drop trigger question_state_put on hub.target_state;
           drop trigger question_state_gone on hub.target_state;
           drop trigger question_wait_put on hub.outbox;
           drop trigger question_wait_set on hub.outbox;
           drop trigger question_wait_gone on hub.outbox;
           drop trigger question_move on hub.source_record;
           drop trigger question_said on hub.match_decision;
           drop trigger question_unsaid on hub.match_decision;
           drop trigger question_edge_put on hub.match_edge;
           drop trigger question_edge_set on hub.match_edge;
           drop trigger question_edge_gone on hub.match_edge;
           drop function hub.note_state, hub.note_wait, hub.note_move, hub.note_pair;
           drop table hub.question_due, hub.question_mark, hub.question"""
    )
