"""Data quality: the figures of every run, and the records that fell short in the newest one."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = """
create table hub.quality_run (
  id          bigint generated always as identity primary key,
  entity      text not null,
  release     bytea references hub.release,
  at          timestamptz not null default now(),
  seconds     double precision not null
);
create index quality_run_entity on hub.quality_run (entity, at desc);
comment on column hub.quality_run.at is 'the moment by which the age of records was counted';
comment on table hub.quality_run is 'One judgement of all records of one entity';

create table hub.quality_score (
  run         bigint not null references hub.quality_run on delete cascade,
  connection  text not null,
  stream      text not null,
  dimension   text not null,
  rule        text not null,
  checked     bigint not null,
  failed      bigint not null,
  score       double precision,
  cost        double precision,
  primary key (run, connection, stream, dimension, rule)
);
comment on table hub.quality_score is
  'Figures of a run: of golden records (connection and stream empty) and of each source. Without dimension: records looked at, records
with a flaw, the whole score; without rule: of a dimension; score is empty where nothing could be checked';
comment on column hub.quality_score.cost is 'points of the whole score that the rule costs: the costs of all rules and the score add up to 100';

create table hub.quality_record (
  entity      text not null,
  stream_id   integer not null,
  record_id   bigint,
  entity_id   uuid not null,
  score       real not null,
  failed      text[] not null
);
create index quality_record_worst on hub.quality_record (entity, stream_id, score);
create index quality_record_entity on hub.quality_record (entity_id);
comment on table hub.quality_record is
  'Records that broke rules in the newest run of their entity; stream_id 0 and no record_id: the golden record';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop table hub.quality_record, hub.quality_score, hub.quality_run")
