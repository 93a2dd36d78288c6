"""Tokens and call limits of vendor accounts, shared by all processes."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table hub.token (
  name        text primary key,
  sealed      bytea not null,
  expires     double precision not null,
  updated     timestamptz not null default clock_timestamp()
);
comment on table hub.token is 'Access tokens by a hash of the credentials they were got with; sealed by a key made of those credentials';
comment on column hub.token.expires is 'Second of Unix time; expired tokens stay, since a refresh token may be in them';

create table hub.quota (
  bucket      text primary key,
  slots       bigint[] not null default '{}',
  taken       integer[] not null default '{}',
  low         integer[] not null default '{}',
  held        double precision not null default 0,
  live        double precision not null default 0,
  normal      double precision not null default 0
) with (fillfactor = 50);
comment on table hub.quota is 'Calls of one limit of one vendor account, by slots of time; low: those of backfills';
comment on column hub.quota.held is 'Second of Unix time before which nobody calls: the vendor said so';
comment on column hub.quota.live is 'Second of Unix time before which only live calls go: one of them waits; normal: no backfills';

create table hub.quota_slot (
  id          bigint generated always as identity primary key,
  bucket      text not null,
  low         boolean not null,
  holder      text not null,
  until       timestamptz not null
);
create index quota_slot_bucket on hub.quota_slot (bucket);
comment on table hub.quota_slot is 'Calls under way, where a vendor caps them; one whose process died ends at until';

create function hub.quota_room(slots bigint[], counts integer[], number bigint, span integer, more integer, most integer)
returns bigint language plpgsql immutable as $$
-- 0: there is room; else the slot whose leaving the window makes room.
declare
  over bigint := more - most;
begin
  for i in 1 .. coalesce(array_length(slots, 1), 0) loop
    if slots[i] > number - span then over := over + counts[i]; end if;
  end loop;
  if over <= 0 then return 0; end if;
  for i in 1 .. coalesce(array_length(slots, 1), 0) loop
    if slots[i] > number - span then
      over := over - counts[i];
      if over <= 0 then return slots[i] + span; end if;
    end if;
  end loop;
  return number + span;
end $$;

create function hub.quota_take(
  buckets text[], calls integer[], lengths double precision[], spans integer[], shifts double precision[],
  guards double precision[], low_calls integer[], together integer[], low_together integer[], costs integer[],
  rank integer, by_whom text, lease double precision, grace double precision, poll double precision,
  out wait double precision, out given bigint[]
) language plpgsql as $$
declare
  now double precision;
  own double precision;
  phase double precision;
  number bigint;
  room bigint;
  q hub.quota;
  n integer := array_length(buckets, 1);
  waits double precision[] := array_fill(0::double precision, array[n]);
  total integer;
  lower integer;
  one bigint;
begin
  given := '{}';
  wait := 0;
  perform 1 from hub.quota where bucket = any(buckets) order by bucket for update;
  if (select count(*) from hub.quota where bucket = any(buckets)) < n then
    insert into hub.quota (bucket) select b from unnest(buckets) b order by b on conflict do nothing;
    perform 1 from hub.quota where bucket = any(buckets) order by bucket for update;
  end if;
  now := extract(epoch from clock_timestamp());
  for i in 1 .. n loop
    select * into q from hub.quota where bucket = buckets[i];
    own := greatest(0, q.held - now);
    if rank < 2 then own := greatest(own, q.live - now); end if;
    if rank < 1 then own := greatest(own, q.normal - now); end if;
    if calls[i] > 0 then
      number := floor((now - shifts[i]) / lengths[i]);
      phase := now - shifts[i] - number * lengths[i];
      if phase < guards[i] then own := greatest(own, guards[i] - phase); end if;
      if guards[i] > 0 and phase > lengths[i] - guards[i] then own := greatest(own, lengths[i] - phase + guards[i]); end if;
      room := hub.quota_room(q.slots, q.taken, number, spans[i], costs[i], calls[i]);
      if room > 0 then own := greatest(own, shifts[i] + room * lengths[i] + guards[i] - now); end if;
      if rank = 0 then
        room := hub.quota_room(q.slots, q.low, number, spans[i], costs[i], low_calls[i]);
        if room > 0 then own := greatest(own, shifts[i] + room * lengths[i] + guards[i] - now); end if;
      end if;
    end if;
    if together[i] > 0 then
      delete from hub.quota_slot s where s.bucket = buckets[i] and s.until < clock_timestamp();
      select count(*), count(*) filter (where s.low) into total, lower from hub.quota_slot s where s.bucket = buckets[i];
      if total >= together[i] or (rank = 0 and lower >= low_together[i]) then own := greatest(own, poll); end if;
    end if;
    waits[i] := own;
    wait := greatest(wait, own);
  end loop;
  if wait > 0 then
    if rank > 0 then
      for i in 1 .. n loop
        if waits[i] > 0 then
          update hub.quota set live = case when rank = 2 then greatest(live, now + waits[i] + grace) else live end,
                               normal = case when rank = 1 then greatest(normal, now + waits[i] + grace) else normal end
           where bucket = buckets[i];
        end if;
      end loop;
    end if;
    return;
  end if;
  for i in 1 .. n loop
    if calls[i] > 0 then
      number := floor((now - shifts[i]) / lengths[i]);
      update hub.quota set (slots, taken, low) = (
        select array_agg(s order by s), array_agg(t order by s), array_agg(l order by s) from (
          select s, sum(t)::integer t, sum(l)::integer l from (
            select s, t, l from unnest(slots, taken, low) u (s, t, l) where s > number - spans[i]
            union all select number, costs[i], case when rank = 0 then costs[i] else 0 end) counted group by s) summed)
       where bucket = buckets[i];
    end if;
    if together[i] > 0 then
      insert into hub.quota_slot (bucket, low, holder, until)
      values (buckets[i], rank = 0, by_whom, clock_timestamp() + lease * interval '1 second') returning id into one;
      given := given || one;
    end if;
  end loop;
end $$;
"""


def upgrade() -> None:
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        """drop function hub.quota_take;
           drop function hub.quota_room;
           drop table hub.quota_slot, hub.quota, hub.token"""
    )
