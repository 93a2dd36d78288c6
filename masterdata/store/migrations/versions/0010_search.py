"""Search, tokens of the API, and an order of changes that loses no late commit."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
create table hub.search (
  id          uuid primary key,
  entity      text not null,
  version     integer not null,
  mark        integer not null,
  alive       boolean not null default true,
  tokens      integer[] not null,
  texts       jsonb not null
);
-- Without a list of pending entries: every search would read it whole.
create index search_tokens on hub.search using gin (tokens) with (fastupdate = off) where alive;
comment on table hub.search is 'By what golden records are searched; written with them, never the truth: `tongmai search rebuild` makes it anew';
comment on column hub.search.mark is 'digest of what the entity says of search and of how texts are cut: rows of another one are stale';
comment on column hub.search.alive is 'false while the entity redirects to another one';

alter table hub.entity_version add column xid xid8 not null default '0';
alter table hub.entity_version alter column xid set default pg_current_xact_id();
create index entity_version_order on hub.entity_version (xid, entity_id, version);
comment on column hub.entity_version.xid is
  'The transaction that wrote it: a reader that stops below the oldest one still running misses no late commit';

create table hub.redirect (
  id          bigint generated always as identity primary key,
  xid         xid8 not null default pg_current_xact_id(),
  entity      text not null,
  entity_id   uuid not null,
  went_to     uuid,
  at          timestamptz not null default now()
);
create index redirect_order on hub.redirect (xid, entity_id, id);
comment on table hub.redirect is 'When an id began to redirect (went_to), or stands for itself again (null): for the feed of changes';

create function hub.note_redirect() returns trigger language plpgsql as $$
begin
  update hub.search set alive = new.redirect_to is null where id = new.id;
  insert into hub.redirect (entity, entity_id, went_to) values (new.entity, new.id, new.redirect_to);
  return null;
end $$;
create trigger entity_redirect after update on hub.entity
  for each row when (old.redirect_to is distinct from new.redirect_to) execute function hub.note_redirect();

create table hub.api_token (
  id          text primary key,
  name        text not null,
  hash        bytea not null,
  scope       jsonb not null,
  rate        integer not null default 0,
  created_by  text not null,
  created_at  timestamptz not null default now(),
  until       timestamptz not null,
  used_at     timestamptz,
  revoked_at  timestamptz,
  revoked_by  text not null default ''
);
create unique index api_token_name on hub.api_token (name) where revoked_at is null;
comment on table hub.api_token is 'Who may read what over the API; of the token itself only a hash is kept';
comment on column hub.api_token.rate is 'requests a minute, 0: as many as come';
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        """drop table hub.api_token;
           drop trigger entity_redirect on hub.entity;
           drop function hub.note_redirect;
           drop table hub.redirect, hub.search;
           alter table hub.entity_version drop column xid"""
    )
