"""Proposals for the dictionary; every reason of a quarantined record; the schema of the views for BI."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

TABLES = """
create table hub.proposal (
  id          bigint generated always as identity primary key,
  list        text not null,
  term        text not null,
  content     text not null,
  why         text not null default '',
  proposed_by text not null,
  proposed_at timestamptz not null default now(),
  state       text not null default 'open' check (state in ('open', 'approved', 'rejected')),
  decided_by  text not null default '',
  decided_at  timestamptz,
  reason      text not null default '',
  file        text not null default '',
  release     bytea references hub.release
);
create unique index proposal_open on hub.proposal (list, term) where state = 'open';
comment on table hub.proposal is 'A change of the dictionary that somebody asks for; content is the file that approval puts into the site folder';

alter table hub.quarantined_record add column issues jsonb not null default '[]';
comment on column hub.quarantined_record.issues is 'every reason: [{field, code, value}]; code, field and reason tell the first and all of them in words';

create schema if not exists bi;
comment on schema bi is 'Views for BI over the golden tables; made anew when what they are made of changes';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute("drop schema bi cascade; alter table hub.quarantined_record drop column issues; drop table hub.proposal")
